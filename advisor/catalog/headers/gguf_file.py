"""From a GGUF file to its header, every length and offset in it checked.

The format: `GGUF`, a version, the numbers of tensors and of notes; the notes; a name, shape, type and place for each
tensor; padding; the numbers. Versions 2 and 3, little-endian. Source: ggml-org/ggml, docs/gguf.md; what is refused
follows gguf.cpp, as of 2026: at most four dimensions, rows of whole blocks, tensors one after the other with padding.

Vocabularies are walked, not kept.
"""

import struct
from typing import Final

from advisor.catalog.gguf import BLOCKS
from advisor.catalog.headers.gguf_metadata import Cursor, metadata, wrong
from advisor.catalog.headers.model import MetadataValue, TensorInfo, WeightFile
from advisor.catalog.headers.source import ByteSource, cut_off, shown
from advisor.errors import InvalidModelError

MAGIC: Final = b"GGUF"
MOST_TENSORS = 400_000
"""[1] In one file."""
MOST_NOTES = 100_000
"""[1] Largest known files have about a hundred."""
TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K",
    12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
    29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
}  # fmt: skip
"""Number in the file -> type. Source: ggml.h, `enum ggml_type`; numbers left out were withdrawn."""
_ALIGNMENT = "general.alignment"
_PLAIN_ALIGNMENT = 32
_MOST_ALIGNMENT = 2**20
_MOST_DIMENSIONS = 4
_MOST_ELEMENTS = 2**45
_MOST_NAME_BYTES = 1024
_MOST_SHOWN = 5
_FIRST_TYPE_BYTES = 24
_LEAST_NOTE_BYTES, _LEAST_TENSOR_BYTES = 13, 24
_TENSOR_TAIL = struct.Struct("<IQ")


class _Stated:
    """One tensor as its line states it; its size may depend on the next one."""

    __slots__ = ("dtype", "name", "offset", "shape", "size")

    def __init__(self, name: str, dtype: str, shape: tuple[int, ...], offset: int, size: int | None) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.offset = offset
        self.size = size


def read(source: ByteSource) -> WeightFile:
    """Return what a GGUF file says of itself and its tensors.

    Raises:
        InvalidModelError: `weights-empty`, `weights-cut-off`, `gguf-version`, `gguf-big-endian`, `header-too-large`,
            `header-damaged`, `tensor-twice`, `tensor-invalid` or `tensor-place-invalid`; the sentence names the file
            and the tensor.
    """
    num_tensors, num_notes = _start(source)
    cursor = Cursor(source, _FIRST_TYPE_BYTES)
    notes = metadata(cursor, num_notes)
    alignment = _alignment(notes, source.name)
    stated = _stated(cursor, num_tensors, source.name)
    data_from = _padded(cursor.at, alignment)
    if stated and data_from > source.size_bytes:
        raise cut_off(source.name, data_from, source.size_bytes)
    tensors, end = _placed(stated, data_from, alignment, source)
    unknown = dict.fromkeys(item.dtype for item in tensors if item.dtype not in BLOCKS)
    return WeightFile(
        name=source.name, container="gguf", file_bytes=source.size_bytes,
        header_bytes=min(data_from, source.size_bytes), tensors=tensors, metadata=notes,
        unknown_types=tuple(unknown)[:_MOST_SHOWN],
        trailing_bytes=max(0, source.size_bytes - _padded(end, alignment)),
    )  # fmt: skip


def _start(source: ByteSource) -> tuple[int, int]:
    """Return the numbers of tensors and notes."""
    name, size = source.name, source.size_bytes
    if size == 0:
        raise InvalidModelError("weights-empty", f"{name} is empty (0 bytes).", remedy="Download it again.", file=name)
    if size < _FIRST_TYPE_BYTES:
        raise cut_off(name, _FIRST_TYPE_BYTES, size)
    raw = source.read(0, _FIRST_TYPE_BYTES)
    if raw[:4] != MAGIC:
        raise wrong("header-damaged", name, "it does not begin as a GGUF file does.")
    version = int.from_bytes(raw[4:8], "little")
    if version & 0xFFFF == 0 and version:
        raise InvalidModelError(
            "gguf-big-endian",
            f"{name} is written for big-endian computers (IBM Z); its numbers cannot be used here.",
            remedy="Take the little-endian file, or turn it with gguf-convert-endian.",
            file=name,
        )
    if version not in (2, 3):
        raise InvalidModelError(
            "gguf-version",
            f"{name} is written in version {version} of GGUF; versions 2 and 3 are read.",
            remedy="Convert the model again with a current llama.cpp.",
            file=name,
        )
    num_tensors, num_notes = struct.unpack_from("<QQ", raw, 8)
    _check_count("tensors", num_tensors, MOST_TENSORS, _LEAST_TENSOR_BYTES, source)
    _check_count("notes", num_notes, MOST_NOTES, _LEAST_NOTE_BYTES, source)
    return num_tensors, num_notes


def _check_count(what: str, count: int, most: int, least_bytes: int, source: ByteSource) -> None:
    if count > most:
        raise wrong("header-too-large", source.name, f"it should have {count:,} {what}, at most {most:,} are read.")
    if count * least_bytes > source.size_bytes:
        raise cut_off(source.name, count * least_bytes, source.size_bytes)


def _alignment(notes: dict[str, MetadataValue], file: str) -> int:
    value = notes.get(_ALIGNMENT, _PLAIN_ALIGNMENT)
    if type(value) is not int or not 0 < value <= _MOST_ALIGNMENT or value & (value - 1):
        raise wrong("header-damaged", file, f"{_ALIGNMENT} must be a power of two.", field=_ALIGNMENT)
    return value


def _stated(cursor: Cursor, count: int, file: str) -> list[_Stated]:
    found: list[_Stated] = []
    seen: set[str] = set()
    for _ in range(count):
        name = cursor.text(_MOST_NAME_BYTES, "a tensor's name")
        if name in seen:
            raise wrong("tensor-twice", file, f"the tensor {shown(name)} is listed twice.", field=name)
        seen.add(name)
        num_dimensions = cursor.number("<I")
        if num_dimensions > _MOST_DIMENSIONS:
            raise wrong(
                "tensor-invalid", file, f"the tensor {shown(name)} has {num_dimensions:,} dimensions.", field=name
            )
        sizes = struct.unpack(f"<{num_dimensions}Q", cursor.take(8 * num_dimensions))
        kind, offset = _TENSOR_TAIL.unpack(cursor.take(_TENSOR_TAIL.size))
        dtype = TYPES.get(kind, f"type {kind}")
        found.append(_Stated(name, dtype, sizes[::-1], offset, _size(name, dtype, sizes, file)))
    return found


def _size(name: str, dtype: str, sizes: tuple[int, ...], file: str) -> int | None:
    """Return the bytes of a tensor, null where the type is not known."""
    count = 1
    for size in sizes:
        count *= size
    if count > _MOST_ELEMENTS:
        raise wrong("tensor-invalid", file, f"the tensor {shown(name)} has an impossible shape.", field=name)
    block = BLOCKS.get(dtype)
    if block is None:
        return None
    weights, size_bytes = block
    if (sizes[0] if sizes else 1) % weights:
        raise wrong(
            "tensor-invalid", file,
            f"the rows of the tensor {shown(name)} have {sizes[0] if sizes else 1:,} numbers, which are no whole "
            f"blocks of {weights} ({dtype}).", field=name,
        )  # fmt: skip
    return count // weights * size_bytes


def _placed(
    stated: list[_Stated], data_from: int, alignment: int, source: ByteSource
) -> tuple[tuple[TensorInfo, ...], int]:
    """Check that tensors follow each other with nothing but padding between, and return them and their end."""
    ordered = sorted(stated, key=lambda item: (item.offset, item.size or 0))
    following = [*(item.offset for item in ordered), max(0, source.size_bytes - data_from)][1:]
    expected, end, made = 0, data_from, {}
    for item, after in zip(ordered, following, strict=True):
        size = item.size if item.size is not None else max(0, after - item.offset)
        if data_from + item.offset + size > source.size_bytes:
            raise _misplaced(
                item, f"should end at byte {data_from + item.offset + size:,}, the file has {source.size_bytes:,}",
                source.name,
            )  # fmt: skip
        if item.offset != expected:
            what = "overlaps the one before it" if item.offset < expected else "leaves a gap before it"
            raise _misplaced(item, what, source.name)
        end = data_from + item.offset + size
        expected = _padded(item.offset + size, alignment)
        made[item.name] = TensorInfo(
            name=item.name, dtype=item.dtype, shape=item.shape, offset_bytes=data_from + item.offset, size_bytes=size
        )
    return tuple(made[item.name] for item in stated), end


def _misplaced(item: _Stated, what: str, file: str) -> InvalidModelError:
    return wrong("tensor-place-invalid", file, f"the tensor {shown(item.name)} {what}.", field=item.name)


def _padded(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment
