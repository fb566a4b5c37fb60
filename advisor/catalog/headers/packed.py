"""Which tensors of a checkpoint are parameters, and how many a packed one stands for.

Quantized checkpoints pack several weights into one stored number and keep scales beside them. Sources: transformers,
`integrations/{bitsandbytes,awq,mxfp4,finegrained_fp8}.py`; GPTQModel, AutoAWQ, compressed-tensors and mlx-lm, their
packing code, as of 2026.
"""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Final

import msgspec

from advisor.catalog.headers.model import TensorInfo

_PLAIN_BITS: Final = 4
_SCALE_ENDINGS = (
    ".qzeros", ".scales", ".g_idx", ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", ".SCB",
    ".weight_format", ".weight_scale", ".weight_scale_2", ".weight_scale_inv", ".input_scale", ".output_scale",
    ".weight_global_scale", ".input_global_scale", ".weight_shape", ".weight_zero_point", ".weight_g_idx",
    ".input_zero_point", ".k_scale", ".v_scale", ".activation_scale", "_scales", "_scale_inv", "_weight_scale",
    "_weight_scale_inv", "_input_scale", "_scale_2",
)  # fmt: skip
_BUFFER_ENDINGS = (
    "position_ids", "inv_freq", "num_batches_tracked", ".attn.masked_bias", "rope_freqs.weight",
    "rope_factors_long.weight", "rope_factors_short.weight", "final_logits_bias", ".gate.e_score_correction_bias",
    ".act_fn.beta", ".act_fn.eps",
)  # fmt: skip


class Parameter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tensor as the model uses it."""

    name: str
    """Of the stored tensor, without what packing adds to it."""
    shape: tuple[int, ...]
    """Rows first."""
    dtype: str
    """As stored."""
    size_bytes: int
    """[B] As stored, without its scales."""

    def num_elements(self) -> int:
        """Return its numbers."""
        return prod(self.shape)


def parameters(tensors: Iterable[TensorInfo], quantization: Mapping[str, object] | None = None) -> list[Parameter]:
    """Return the parameters of a model, packed ones unpacked; scales, indexes and other buffers are left out.

    Args:
        tensors: all tensors of the model.
        quantization: `quantization_config` of config.json, which says how many bits a packed weight has.
    """
    everything = list(tensors)
    names = {tensor.name for tensor in everything}
    bits = _bits(quantization)
    is_awq = (quantization or {}).get("quant_method") == "awq"
    found: list[Parameter] = []
    for tensor in everything:
        if _is_buffer(tensor, names):
            continue
        name, shape = _unpacked(tensor, names, bits, is_awq=is_awq)
        if shape is not None:
            found.append(Parameter(name=name, shape=shape, dtype=tensor.dtype, size_bytes=tensor.size_bytes))
    return found


def _bits(quantization: Mapping[str, object] | None) -> int:
    facts = quantization or {}
    for key in ("bits", "w_bit", "num_bits"):
        value = facts.get(key)
        if isinstance(value, int) and value in (1, 2, 3, 4, 5, 6, 8):
            return value
    groups = facts.get("config_groups")
    if isinstance(groups, Mapping):
        for group in groups.values():
            weights = group.get("weights") if isinstance(group, Mapping) else None
            if isinstance(weights, Mapping) and isinstance(weights.get("num_bits"), int):
                return int(weights["num_bits"])
    return _PLAIN_BITS


def _is_buffer(tensor: TensorInfo, names: set[str]) -> bool:
    """Tell whether a tensor holds scales, indexes or constants; scales only beside what they scale."""
    name = tensor.name
    if name.endswith(_BUFFER_ENDINGS) or ".quant_state." in name:
        return True
    if not name.endswith(_SCALE_ENDINGS):
        return name.endswith(".biases") and f"{name.removesuffix('.biases')}.scales" in names
    owner = next(name.removesuffix(ending) for ending in _SCALE_ENDINGS if name.endswith(ending))
    kept = ("", ".weight", ".qweight", ".weight_packed", "_blocks", ".kernel")
    return any(owner + ending in names for ending in kept) or name.startswith(owner + ".weight.")


def _unpacked(tensor: TensorInfo, names: set[str], bits: int, *, is_awq: bool) -> tuple[str, tuple[int, ...] | None]:
    """Return the name and shape that the model sees; null for what is no parameter."""
    name, shape, dtype = tensor.name, tensor.shape, tensor.dtype
    per_word = 32 // bits if bits in (1, 2, 4, 8) else 32 / bits
    stem = name.removesuffix(".weight")
    if name.endswith(".qweight") and len(shape) == 2:
        rows, columns = (shape[1] * per_word, shape[0]) if is_awq else (shape[1], shape[0] * per_word)
        return f"{name.removesuffix('.qweight')}.weight", (int(rows), int(columns))
    if name.endswith("_blocks") and f"{name.removesuffix('_blocks')}_scales" in names and len(shape) > 2:
        return name.removesuffix("_blocks"), (*shape[:-2], shape[-2] * shape[-1] * 2)
    if name.endswith(".weight_packed"):
        factor = 2 if dtype in ("U8", "I8") else per_word
        return f"{name.removesuffix('_packed')}", (*shape[:-1], int(shape[-1] * factor)) if shape else shape
    if dtype == "U32" and f"{stem}.scales" in names and shape:
        return name, (*shape[:-1], int(shape[-1] * per_word))
    if dtype in ("U8", "I8") and shape:
        return name, _bytes_unpacked(tensor, names, stem)
    if dtype in ("I64", "U64", "I32", "U32", "I16", "U16", "BOOL"):
        return name, None
    return name, shape


def _bytes_unpacked(tensor: TensorInfo, names: set[str], stem: str) -> tuple[int, ...] | None:
    """Return the shape of weights stored in bytes: two in each for 4-bit formats, one for 8-bit ones."""
    if f"{tensor.name}.absmax" in names:  # bitsandbytes: one column of bytes
        return (2 * tensor.num_elements(),)
    if f"{stem}.weight_scale_2" in names:  # ModelOpt NVFP4
        return (*tensor.shape[:-1], 2 * tensor.shape[-1])
    return tensor.shape if tensor.dtype == "I8" or f"{stem}.SCB" in names else None
