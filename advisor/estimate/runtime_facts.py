"""What each runtime adds: copies, operators, stored scores. Every number names where it was seen."""

import math
from collections.abc import Iterable

from advisor.catalog.model import ADAPTER, Format, TensorGroup
from advisor.units import MIB

KEEPS_LATENT = frozenset({"llama.cpp"})
"""Runtimes that keep the small latent cache of MLA. transformers stores expanded keys and values
(`modeling_deepseek_v2.py`); onnxruntime-genai has no latent cache operator."""
STATE_ELEMENT_BYTES = 4.0
"""[B] Recurrent states are kept in fp32: llama.cpp `llama-memory-recurrent.cpp`, transformers `Mamba2Cache`."""
OPERATORS_AROUND_LAYERS = 10.0
"""[1] Embedding, mask arithmetic, last norm, head: counted in the graph that onnxruntime-genai's builder emits."""
OPERATORS_PER_ADAPTER_MATRIX = 2.0
"""[1] Of the two matrices of a LoRA pair: a product each, one scaling and one sum."""
ASSUMED_LAYERS = 24.0
"""[1] Layers taken when a model's shape is not sourced."""
ASSUMED_ACTIVATION_BYTES = 40.0 * MIB
"""[B] Working memory of a small network whose shapes are not sourced."""
ASSUMED_ACTIVATION_SHARE = 0.05
"""[1] The same as a share of the weights, whichever is larger."""
ASSUMED_ACTIVATION_RANGE = (0.25, 4.0)
ACTIVATION_RANGE = (0.6, 1.6)
"""[1] Measured working memory over the formula: 0.9 to 1.5 on two decoders at 128 and 512 tokens; the arena grows by
powers of two."""
_PACKED_SHARES = {"int4": 0.5, "int8": 0.6, "fp32": 0.5, "fp16": 2.0}
"""[1] Between what `loading` gives for models with much and with little in their tables."""
_LLAMA_REPACKED = frozenset({"gguf-q4_0"})
_TORCH_LOW_BYTES = 300.0 * MIB
_TORCH_HIGH_BYTES = 700.0 * MIB
_LLAMA_CHUNK = 512.0
SCORES_ARENA_FACTOR = 1.29
"""[1] Memory held for the output scores of a prompt over their size, in ONNX Runtime: the arena gets its largest piece
anew while a smaller one is still held. Measured on four decoders of 50,000 to 262,000 words at 256 to 1,024 tokens."""


def packed_share(how: Format) -> float:
    """Return the second copy of all weights that a runtime makes, as a share of them, where shapes are not known.

    llama.cpp repacks Q4_0 into a copy beside the mapped file. Of ONNX Runtime `loading` knows more where shapes are.
    """
    if how.runtime != "onnxruntime":
        return 1.0 if how.id in _LLAMA_REPACKED else 0.0
    return _PACKED_SHARES[how.kernel_family]


def extra_runtime_bytes(how: Format) -> tuple[float, float]:
    """Return what a runtime occupies beyond the measured child with ONNX Runtime: value and upper end, in bytes.

    transformers brings torch: assumed, not measured here. llama.cpp is counted like ONNX Runtime.
    """
    return (_TORCH_LOW_BYTES, _TORCH_HIGH_BYTES) if how.runtime == "transformers" else (0.0, 0.0)


def operators_per_layer(how: Format) -> float:
    """Return the operators one layer starts.

    ONNX Runtime: 11 nodes in the fused graph of onnxruntime-genai's builder (2 matrix products and 1 operator for
    attention, 3 products and 3 small operators for a gated MLP, 2 norms). llama.cpp: about 25 nodes of its graph.
    transformers runs operator by operator, about 45.
    """
    return {"onnxruntime": 12.0, "llama.cpp": 25.0, "transformers": 45.0}[how.runtime]


def operators(how: Format, num_layers: float, groups: Iterable[TensorGroup]) -> float:
    """Return the operators of one pass through a stack; an adapter's two products, scaling and sum come on top."""
    beside = sum(group.num_tensors for group in groups if group.name == ADAPTER and group.role == "router")
    return num_layers * operators_per_layer(how) + OPERATORS_AROUND_LAYERS + OPERATORS_PER_ADAPTER_MATRIX * beside


def score_bytes(how: Format) -> float:
    """Return the bytes stored for one attention score of one head; 0 where attention is computed in blocks.

    ONNX Runtime's processor kernel keeps the whole square of fp32 scores of one layer
    (`contrib_ops/cpu/bert/gqa_attention_base.h`), llama.cpp does the same for one piece of the prompt.
    """
    return 0.0 if how.runtime == "transformers" else 4.0


def all_logits(how: Format) -> bool:
    """Tell whether the output scores of every prompt position are computed: so in the graphs of onnxruntime-genai."""
    return how.runtime == "onnxruntime"


def prefill_chunk(how: Format) -> float:
    """Return the tokens of a prompt that are read at once. Source: llama.cpp, `n_ubatch` 512."""
    return _LLAMA_CHUNK if how.runtime == "llama.cpp" else math.inf
