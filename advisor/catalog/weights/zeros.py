"""From stored bytes to which numbers are exactly zero, for each type of number.

safetensors types: a zero has all bits zero but its sign. GGUF blocks are unpacked as far as it takes to tell a zero;
value = scale x code, or scale x code - minimum, as ggml computes it in float32. Source: ggml-common.h (layout) and
ggml-quants.c (`dequantize_row_*`), as of 2026. Types that code groups of weights together (IQ1 to IQ3, TQ1_0, NVFP4)
are not unpacked: their zeros are not known.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[Any]
"""uint8; numpy's types lose the width of small integers in every shift."""
Mask = npt.NDArray[Any]
"""bool."""


class Unpacker(NamedTuple):
    """How a type of number is looked at."""

    num_elements: int
    """In one block."""
    size_bytes: int
    """[B] Of one block."""
    zeros: Callable[[Bytes], Mask]
    """Bytes of whole blocks -> for each number, in order, whether it is zero."""


def _flat(mask: Mask) -> Mask:
    return np.reshape(mask, -1)


def _of_bits(kind: str, magnitude: int) -> Callable[[Bytes], Mask]:
    """Return the look at a type whose zero has these bits zero."""
    bits = np.dtype(kind).type(magnitude)
    return lambda raw: (raw.view(kind) & bits) == 0


def _equal_zero(kind: str) -> Callable[[Bytes], Mask]:
    return lambda raw: raw.view(kind) == 0


def _nibbles_in_order(raw: Bytes) -> Mask:
    return _flat(np.stack((raw & 7, raw >> 4 & 7), axis=-1) == 0)


def _half(blocks: Bytes, at: int) -> npt.NDArray[np.float32]:
    """Return the float16 at a place of each block, one column."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(np.float16).astype(np.float32)


def _nibbles(packed: Bytes) -> Bytes:
    """Return low nibbles, then high ones, of each block."""
    return np.concatenate((packed & 15, packed >> 4), axis=1)


def _bits(packed: Bytes) -> Bytes:
    return np.unpackbits(packed, axis=1, bitorder="little")


def _q8_0(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 34)
    return _flat((blocks[:, 2:] == 0) | (_half(blocks, 0) == 0))


def _q4_0(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 18)
    return _flat((_nibbles(blocks[:, 2:]) == 8) | (_half(blocks, 0) == 0))


def _q4_1(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 20)
    return _flat(_nibbles(blocks[:, 4:]) * _half(blocks, 0) == -_half(blocks, 2))


def _q5_0(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 22)
    codes = _nibbles(blocks[:, 6:]) | _bits(blocks[:, 2:6]) << 4
    return _flat((codes == 16) | (_half(blocks, 0) == 0))


def _q5_1(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 24)
    codes = _nibbles(blocks[:, 8:]) | _bits(blocks[:, 4:8]) << 4
    return _flat(codes * _half(blocks, 0) == -_half(blocks, 2))


def _iq4_nl(raw: Bytes) -> Mask:
    """Its 16 values have no zero, so only a zero scale makes one."""
    return np.repeat(_half(raw.reshape(-1, 18), 0).reshape(-1) == 0, 32)


def _mxfp4(raw: Bytes) -> Mask:
    return _flat(_nibbles(raw.reshape(-1, 17)[:, 1:]) & 7 == 0)


def _tq2_0(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 66)
    return _flat((_pairs(blocks[:, :64]) == 1).reshape(-1, 256) | (_half(blocks, 64) == 0))


def _pairs(packed: Bytes) -> Bytes:
    """Return codes of 2 bits in the order of the numbers: (blocks, halves of 128, shifts, 32)."""
    halves = packed.reshape(-1, 2, 1, 32)
    codes: Bytes = halves >> np.arange(0, 8, 2, dtype=np.uint8).reshape(1, 1, 4, 1) & 3
    return codes


def _scaled(codes: Bytes, scales: Bytes, offsets: Bytes) -> Mask:
    """Tell where scale x code is the offset; codes of whole groups in the last axis."""
    return _flat(codes * scales[..., None] == offsets[..., None])


def _q2_k(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 84)
    scales = (blocks[:, :16] & 15) * _half(blocks, 80)
    offsets = (blocks[:, :16] >> 4) * _half(blocks, 82)
    return _scaled(_pairs(blocks[:, 16:80]).reshape(-1, 16, 16), scales, offsets)


def _q3_k(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 110)
    high = _bits_by_shift(blocks[:, :32]).reshape(-1, 2, 4, 32)
    codes = (_pairs(blocks[:, 32:96]) | high << 2).reshape(-1, 16, 16)
    low = _nibbles(blocks[:, 96:104])
    top = (blocks[:, None, 104:108] >> np.arange(0, 8, 2, dtype=np.uint8).reshape(1, 4, 1) & 3).reshape(-1, 16)
    is_zero_scale = (low | top << 4) == 32
    return _flat((codes == 4) | is_zero_scale[..., None] | (_half(blocks, 108) == 0)[..., None])


def _bits_by_shift(packed: Bytes) -> Bytes:
    """Return bit 0 of all bytes of a block, then bit 1 of all, ..."""
    bits: Bytes = packed[:, None, :] >> np.arange(8, dtype=np.uint8).reshape(1, 8, 1) & 1
    return bits


def _scales_k4(packed: Bytes) -> tuple[Bytes, Bytes]:
    """Return the eight scales and eight minimums of 6 bits in 12 bytes."""
    first, second, third = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate((first & 63, third & 15 | first >> 6 << 4), axis=1)
    return scales, np.concatenate((second & 63, third >> 4 | second >> 6 << 4), axis=1)


def _nibble_chunks(packed: Bytes) -> Bytes:
    """Return codes of 4 bits as Q4_K and Q5_K order them: (blocks, 8 groups, 32)."""
    chunks = packed.reshape(-1, 4, 1, 32)
    return np.concatenate((chunks & 15, chunks >> 4), axis=2).reshape(-1, 8, 32)


def _q4_k(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 144)
    scales, minimums = _scales_k4(blocks[:, 4:16])
    return _scaled(_nibble_chunks(blocks[:, 16:]), scales * _half(blocks, 0), minimums * _half(blocks, 2))


def _q5_k(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 176)
    scales, minimums = _scales_k4(blocks[:, 4:16])
    codes = _nibble_chunks(blocks[:, 48:]) | _bits_by_shift(blocks[:, 16:48]) << 4
    return _scaled(codes, scales * _half(blocks, 0), minimums * _half(blocks, 2))


def _q6_k(raw: Bytes) -> Mask:
    blocks = raw.reshape(-1, 210)
    low = blocks[:, :128].reshape(-1, 2, 1, 64)
    low = np.concatenate((low & 15, low >> 4), axis=2).reshape(-1, 2, 4, 32)
    codes = (low | _pairs(blocks[:, 128:192]) << 4).reshape(-1, 16, 16)
    is_zero_scale = blocks[:, 192:208] == 0
    return _flat((codes == 32) | is_zero_scale[..., None] | (_half(blocks, 208) == 0)[..., None])


SAFETENSORS: dict[str, Unpacker] = {
    "F64": Unpacker(1, 8, _of_bits("<u8", 2**63 - 1)),
    "F32": Unpacker(1, 4, _of_bits("<u4", 2**31 - 1)),
    "F16": Unpacker(1, 2, _of_bits("<u2", 2**15 - 1)),
    "BF16": Unpacker(1, 2, _of_bits("<u2", 2**15 - 1)),
    "F8_E4M3": Unpacker(1, 1, _of_bits("u1", 127)),
    "F8_E5M2": Unpacker(1, 1, _of_bits("u1", 127)),
    "F8_E4M3FNUZ": Unpacker(1, 1, _equal_zero("u1")),  # the other sign of zero is its only NaN
    "F8_E5M2FNUZ": Unpacker(1, 1, _equal_zero("u1")),
    "F4": Unpacker(2, 1, _nibbles_in_order),
    "I8": Unpacker(1, 1, _equal_zero("u1")),
    "U8": Unpacker(1, 1, _equal_zero("u1")),
    "BOOL": Unpacker(1, 1, _equal_zero("u1")),
    "I16": Unpacker(1, 2, _equal_zero("<u2")),
    "I32": Unpacker(1, 4, _equal_zero("<u4")),
    "I64": Unpacker(1, 8, _equal_zero("<u8")),
}
GGUF: dict[str, Unpacker] = {
    **{name: SAFETENSORS[name] for name in ("F64", "F32", "F16", "BF16", "I8", "I16", "I32", "I64")},
    "Q8_0": Unpacker(32, 34, _q8_0),
    "Q4_0": Unpacker(32, 18, _q4_0),
    "Q4_1": Unpacker(32, 20, _q4_1),
    "Q5_0": Unpacker(32, 22, _q5_0),
    "Q5_1": Unpacker(32, 24, _q5_1),
    "Q2_K": Unpacker(256, 84, _q2_k),
    "Q3_K": Unpacker(256, 110, _q3_k),
    "Q4_K": Unpacker(256, 144, _q4_k),
    "Q5_K": Unpacker(256, 176, _q5_k),
    "Q6_K": Unpacker(256, 210, _q6_k),
    "IQ4_NL": Unpacker(32, 18, _iq4_nl),
    "MXFP4": Unpacker(32, 17, _mxfp4),
    "TQ2_0": Unpacker(256, 66, _tq2_0),
}
