"""Which block type llama.cpp gives each tensor, and how many bytes that is.

A GGUF file called Q4_K_M is a mixture: the output matrix, some value projections and some down projections get more
bits, and rows that do not divide into blocks of 256 fall back to larger types. That is why small models are 21-29 %
larger than their nominal bits. Rules: llama.cpp, src/llama-quant.cpp (tensor_allows_quantization, tensor_type_fallback,
llama_tensor_get_type), as of 2026; block sizes: ggml-common.h.

Not followed: the Falcon-7B exception for down projections, importance matrices, and which exact layers hold experts
when the first layers are dense (the rule is applied to the layers of the group, counted from 0).
"""

from collections import Counter

from advisor.catalog.model import TensorGroup

BLOCKS: dict[str, tuple[int, int]] = {
    "F32": (1, 4),
    "F16": (1, 2),
    "Q8_0": (32, 34),
    "Q6_K": (256, 210),
    "Q5_K": (256, 176),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q4_K": (256, 144),
    "Q4_0": (32, 18),
    "Q4_1": (32, 20),
    "Q3_K": (256, 110),
    "Q2_K": (256, 84),
    "Q8_1": (32, 40),
    "Q8_K": (256, 292),
    "IQ4_NL": (32, 18),
    "IQ4_XS": (256, 136),
    "IQ3_S": (256, 110),
    "IQ3_XXS": (256, 98),
    "IQ2_S": (256, 82),
    "IQ2_XS": (256, 74),
    "IQ2_XXS": (256, 66),
    "IQ1_M": (256, 56),
    "IQ1_S": (256, 50),
    "TQ1_0": (256, 54),
    "TQ2_0": (256, 66),
    "MXFP4": (32, 17),
    "NVFP4": (64, 36),
    "Q1_0": (128, 18),
    "BF16": (1, 2),
    "F64": (1, 8),
    "I8": (1, 1),
    "I16": (1, 2),
    "I32": (1, 4),
    "I64": (1, 8),
}
"""Weights in a block and bytes of a block."""

_FALLBACK = {"Q2_K": "Q4_0", "Q3_K": "Q4_0", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
_BASE = {
    "gguf-q8_0": "Q8_0",
    "gguf-q6_k": "Q6_K",
    "gguf-q5_k_m": "Q5_K",
    "gguf-q4_k_m": "Q4_K",
    "gguf-q4_0": "Q4_0",
    "gguf-q4_1": "Q4_1",
    "gguf-q3_k_m": "Q3_K",
    "gguf-q2_k": "Q2_K",
}
_MIXED = frozenset({"gguf-q5_k_m", "gguf-q4_k_m", "gguf-q3_k_m"})
"""Formats whose mixture differs from layer to layer."""
_VALUE_LIKE = frozenset({"attn_v", "attn_qkv", "attn_kv_b"})
_OUTPUT_LIKE = frozenset({"output", "token_embd_shared", "per_layer_token_embd"})
_KEPT_ROLES = frozenset({"norm", "bias", "router", "position", "conv", "state"})
_SOURCE_TYPED = frozenset({"per_layer_model_proj", "altup_proj", "laurel_l", "laurel_r"})
"""Matrices of Gemma 3n that keep the 16 bits they have in the file that is quantized."""
_OUTSIDE_PARTS = frozenset({"vision", "audio", "projector"})
_MANY_LAYERS = 80
"""llama.cpp calls a model of 80 layers with grouped queries the 70B type."""


def bits(block_type: str) -> float:
    """Return bits per weight of a block type, its scales included."""
    weights, size_bytes = BLOCKS[block_type]
    return 8 * size_bytes / weights


def base_type(format_id: str) -> str:
    """Return the block type a GGUF format is named after.

    Raises:
        KeyError: not a GGUF format.
    """
    return _BASE[format_id]


def group_bytes(format_id: str, group: TensorGroup) -> float:
    """Return the bytes of all tensors of a group in a GGUF file of that format, a tied copy counted as if stored."""
    if not _depends_on_layer(format_id, group):
        return _matrix_bytes(layer_type(format_id, group, 0), group) * group.num_tensors
    kinds = Counter(layer_types(format_id, group))
    total = sum(count * _matrix_bytes(kind, group) for kind, count in kinds.items())
    return total * group.num_tensors / group.num_layers


def layer_types(format_id: str, group: TensorGroup) -> tuple[str, ...]:
    """Return the block type of the group's tensors in each of its layers, in order.

    Args:
        format_id: a GGUF format.
        group: tensors of one shape; its name decides which rule applies.
    """
    return tuple(layer_type(format_id, group, layer) for layer in range(group.num_layers))


def layer_type(format_id: str, group: TensorGroup, layer: int) -> str:
    """Return the block type of the group's tensors in one of its layers, counted from 0."""
    kept = _kept_type(group)
    if kept is not None:
        return kept
    return _fitting_type(_wanted_type(format_id, group, layer), group.num_columns)


def _depends_on_layer(format_id: str, group: TensorGroup) -> bool:
    return format_id in _MIXED and (group.name in _VALUE_LIKE or group.name.startswith("ffn_down"))


def _kept_type(group: TensorGroup) -> str | None:
    """Return the type of tensors that are never quantized; towers live in a second file at 16 bits."""
    if group.num_columns == 1 or group.role in ("norm", "bias"):
        return "F32"
    if group.part in _OUTSIDE_PARTS or group.role == "other" or group.name in _SOURCE_TYPED:
        return "F16"
    return "F32" if group.role in _KEPT_ROLES else None


def _wanted_type(format_id: str, group: TensorGroup, layer: int) -> str:
    base = _BASE[format_id]
    if group.name in _OUTPUT_LIKE or group.role == "lm_head":
        return _output_type(base, group)
    if group.name in _VALUE_LIKE:
        return _value_type(base, format_id, group, layer)
    if group.name.startswith("ffn_down"):
        return _down_type(base, format_id, layer, group.num_layers)
    if group.name == "attn_k" and group.num_experts == 8:
        return "Q8_0"
    if group.name == "attn_output":
        return _attention_output_type(base, format_id, group)
    return base


def _output_type(base: str, group: TensorGroup) -> str:
    return "Q8_0" if base == "Q8_0" or group.num_columns % BLOCKS[base][0] else "Q6_K"


def _value_type(base: str, format_id: str, group: TensorGroup, layer: int) -> str:
    kind = base
    if format_id == "gguf-q2_k":
        kind = "Q4_K" if group.num_queries_per_kv >= 4 else "Q3_K"
    elif format_id == "gguf-q3_k_m":
        kind = "Q5_K" if layer < 2 else "Q4_K"
    elif format_id in ("gguf-q4_k_m", "gguf-q5_k_m") and _gets_more_bits(layer, group.num_layers):
        kind = "Q6_K"
    if group.num_layers == _MANY_LAYERS and group.num_queries_per_kv > 1 and kind in ("Q3_K", "Q4_K"):
        kind = "Q5_K"
    return "Q8_0" if group.num_experts == 8 else kind


def _down_type(base: str, format_id: str, layer: int, num_layers: int) -> str:
    if format_id == "gguf-q2_k":
        return "Q3_K"
    if format_id == "gguf-q3_k_m":
        return "Q5_K" if layer < num_layers // 16 else "Q4_K"
    if format_id in ("gguf-q4_k_m", "gguf-q5_k_m") and _gets_more_bits(layer, num_layers):
        return "Q6_K"
    return base


def _attention_output_type(base: str, format_id: str, group: TensorGroup) -> str:
    if group.num_experts == 8:
        return "Q5_K" if format_id in ("gguf-q2_k", "gguf-q3_k_m", "gguf-q4_k_m") else base
    return {"gguf-q2_k": "Q3_K", "gguf-q3_k_m": "Q4_K"}.get(format_id, base)


def _gets_more_bits(layer: int, num_layers: int) -> bool:
    eighth = num_layers // 8
    # C++ keeps the sign of a negative remainder; those layers are in the first eighth anyway.
    return layer < eighth or layer >= 7 * num_layers // 8 or (layer - eighth) % 3 == 2


def _fitting_type(kind: str, num_columns: int) -> str:
    """Return the type after llama.cpp's fallbacks for rows that do not divide into whole blocks."""
    if num_columns % BLOCKS[kind][0] == 0:
        return kind
    fallback = _FALLBACK.get(kind, "F16")
    return fallback if num_columns % BLOCKS[fallback][0] == 0 else "F16"


def _matrix_bytes(kind: str, group: TensorGroup) -> float:
    weights, size_bytes = BLOCKS[kind]
    return group.num_rows * (group.num_columns / weights) * size_bytes
