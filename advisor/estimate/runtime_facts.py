"""What each runtime adds: copies, operators, stored scores. Every number names where it was seen."""

import math

from advisor.catalog.model import Format
from advisor.units import MIB

KEEPS_LATENT = frozenset({"llama.cpp"})
"""Runtimes that keep the small latent cache of MLA. transformers stores expanded keys and values
(`modeling_deepseek_v2.py`); onnxruntime-genai has no latent cache operator."""
STATE_ELEMENT_BYTES = 4.0
"""[B] Recurrent states are kept in fp32: llama.cpp `llama-memory-recurrent.cpp`, transformers `Mamba2Cache`."""
OPERATORS_AROUND_LAYERS = 10.0
"""[1] Embedding, mask arithmetic, last norm, head: counted in the graph that onnxruntime-genai's builder emits."""
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
_PACKED_SHARES = {"int4": 0.8, "int8": 0.71, "fp32": 0.08, "fp16": 2.0}
_DYNAMIC = "onnx-int8-dynamic"
_DYNAMIC_PACKED_SHARE = 0.2
_LLAMA_REPACKED = frozenset({"gguf-q4_0"})
_TORCH_LOW_BYTES = 300.0 * MIB
_TORCH_HIGH_BYTES = 700.0 * MIB
_LLAMA_CHUNK = 512.0


def packed_share(how: Format, *, tied_head: bool = False) -> float:
    """Return the second copy a runtime makes of its matrices on a processor, as a share of their bytes.

    Args:
        how: the format.
        tied_head: of an output matrix that is the embedding table again: full-precision kernels want it turned round.

    Source: measured with ONNX Runtime 1.32 on Linux, peak of the process less bare child, cache and scores, over the
    file: int4 decoders of 0.1 to 1.5B parameters 1.64 to 2.0, 8 bits in blocks 1.71, BERT base 1.05 (fp32) and 1.2
    (dynamic int8), plain products 1.08 (fp32) and 3.0 (fp16: widened to fp32 beside the original). The file is mapped
    and stays resident until every matrix is packed. llama.cpp repacks Q4_0 into a copy beside the mapped file.
    """
    if how.runtime != "onnxruntime":
        return 1.0 if how.id in _LLAMA_REPACKED else 0.0
    if how.id == _DYNAMIC:
        return _DYNAMIC_PACKED_SHARE
    return 1.0 if tied_head and how.kernel_family == "fp32" else _PACKED_SHARES[how.kernel_family]


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
