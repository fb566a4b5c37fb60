"""What running a model will need, said before it is loaded. From its files' headers; nothing is loaded.

The factor on the weights was measured here on SmolLM2-135M and all-MiniLM-L6-v2: the runtime packs weights for its
kernels beside those it read, 1.0 to 1.8 times the files together.
"""

import math

from advisor.evidence import Quantity
from advisor.runnable import onnx_header, shape
from advisor.runnable.model import RunnableModel
from advisor.runnable.onnx_header import Header, Value

SCORES_BYTES = 64 * 1024**2
"""[B] Scores that one run of a decoder makes at most, in engine/decoder.py."""
_ELEMENT_BYTES = {"float16": 2, "bfloat16": 2, "int8": 1, "uint8": 1}
_FLOAT_BYTES = 4
_RUNTIME_BYTES = 32 * 1024**2
_WEIGHTS_FACTOR, _MOST_WEIGHTS_FACTOR = 1.3, 2.0
_COPIES = 2
"""[1] Of scores: the runtime's and ours."""
_USUAL_WIDTH, _USUAL_HEADS = 1024, 16


def needed(model: RunnableModel, *, num_tokens: int, batch: int = 1) -> Quantity:
    """Return the memory that a model takes while it runs, beyond that of a child that does nothing.

    Args:
        model: its files are there.
        num_tokens: prompt and answer, or the longest text.
        batch: texts run together.

    Raises:
        InvalidModelError: `onnx-file-unreadable`.
    """
    headers = [onnx_header.read(model.path(graph.part)) for graph in model.graphs]
    weights_bytes = model.size_bytes()
    cache_bytes = batch * max(_cache_bytes(model, header, num_tokens) for header in headers)
    work_bytes = max(_work_bytes(model, header, num_tokens, batch) for header in headers)
    return Quantity(
        value=_WEIGHTS_FACTOR * weights_bytes + _RUNTIME_BYTES + cache_bytes + work_bytes,
        low=weights_bytes + cache_bytes,
        high=_MOST_WEIGHTS_FACTOR * weights_bytes + 2 * (_RUNTIME_BYTES + cache_bytes + work_bytes),
        unit="B", evidence="estimated",
        basis=f"files of the weights, caches of {num_tokens:,} tokens by the shapes in the ONNX header, scores and "
        "intermediate values of one run",
    )  # fmt: skip


def _cache_bytes(model: RunnableModel, header: Header, num_tokens: int) -> int:
    return sum(
        _state_bytes(model, value, num_tokens) for value in header.inputs if value.name.startswith(("past", "cache"))
    )


def _state_bytes(model: RunnableModel, value: Value, num_tokens: int) -> int:
    sizes = list(value.shape[1:])
    known = {
        0: shape.num_heads(model) or _USUAL_HEADS,
        len(sizes) - 1: shape.head_size(model) or _USUAL_WIDTH // _USUAL_HEADS,
    }
    found = [size if isinstance(size, int) else known.get(axis, num_tokens) for axis, size in enumerate(sizes)]
    return math.prod(found) * _ELEMENT_BYTES.get(value.data_type, _FLOAT_BYTES)


def _work_bytes(model: RunnableModel, header: Header, num_tokens: int, batch: int) -> int:
    """Return the bytes of scores and of the largest values between two layers."""
    config = model.config
    scores = next((value for value in header.outputs if value.name == "logits" and len(value.shape) == 3), None)
    last = scores.shape[-1] if scores is not None else 0
    scores_bytes = num_tokens * batch * _FLOAT_BYTES * (last if isinstance(last, int) else 128_000)
    if model.structure == "decoder":
        return _COPIES * min(scores_bytes, SCORES_BYTES)
    width = shape.first(config.get("hidden_size"), config.get("d_model")) or _USUAL_WIDTH
    inner = shape.first(config.get("intermediate_size"), config.get("d_ff"), config.get("encoder_ffn_dim")) or 4 * width
    heads = shape.first(config.get("num_attention_heads"), config.get("num_heads")) or _USUAL_HEADS
    layers_bytes = batch * num_tokens * _FLOAT_BYTES * (4 * width + 2 * inner)
    attention_bytes = 3 * batch * heads * num_tokens**2 * _FLOAT_BYTES
    return scores_bytes + layers_bytes + attention_bytes
