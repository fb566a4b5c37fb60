r"""From a safetensors file to its header, every length and offset in it checked.

The format: 8 bytes with the length of the header, little-endian; the header, one JSON object from a tensor's name to
its type, shape and place; the numbers, without a gap. Source: huggingface/safetensors, README, "Format"; limits and
types as of version 0.8.

The header is walked entry by entry instead of being decoded whole: names that occur twice are seen, and a hostile
header cannot make more objects than a model has tensors.
"""

import re
from collections.abc import Iterator

import msgspec

from advisor.catalog.headers.model import TensorInfo, WeightFile
from advisor.catalog.headers.source import ByteSource, cut_off, shown
from advisor.errors import InvalidModelError

MOST_HEADER_BYTES = 100_000_000
"""[B] The limit of the format's own library."""
MOST_TENSORS = 400_000
"""[1] In one file. The largest published checkpoints have about 100,000 over all their files."""
MOST_ELEMENTS = 2**45
"""[1] More than any model has."""
BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
"""Bits of one number of each type."""
_LENGTH_BYTES = 8
_METADATA = "__metadata__"
_MOST_ENTRY_BYTES = 8192
_MOST_METADATA_BYTES = 16_000_000
_MOST_DIMENSIONS = 64
_MOST_SHOWN = 5
# Possessive: a match takes no memory for turning back.
_STRING = rb'"(?>[^"\\\x00-\x1f]++|\\.)*+"'
_ENTRY = re.compile(
    rb"[ \t\r\n]*+(" + _STRING + rb")[ \t\r\n]*+:[ \t\r\n]*+(\{(?>[^{}\"]++|" + _STRING + rb")*+\})[ \t\r\n]*+([,}])",
    re.DOTALL,
)
_BLANK = re.compile(rb"[ \t\r\n]*+")


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


_decode_entry = msgspec.json.Decoder(_Entry).decode
_decode_metadata = msgspec.json.Decoder(dict[str, str]).decode
_decode_text = msgspec.json.Decoder(str).decode


def read(source: ByteSource) -> WeightFile:
    """Return what a safetensors file says of its tensors.

    Raises:
        InvalidModelError: `weights-empty`, `weights-cut-off`, `header-too-large`, `header-damaged`,
            `tensor-twice`, `tensor-invalid`, `tensor-place-invalid` or `weights-trailing`; the sentence names the file
            and the tensor.
    """
    raw = _header(source)
    data_from = _LENGTH_BYTES + len(raw)
    data_bytes = source.size_bytes - data_from
    tensors: list[TensorInfo] = []
    metadata: dict[str, str] = {}
    seen: set[str] = set()
    for key, value in _entries(raw, source.name):
        name = _text(key, source.name)
        if name in seen:
            raise _wrong("tensor-twice", source.name, f"the tensor {shown(name)} is listed twice.", field=name)
        seen.add(name)
        if name == _METADATA:
            metadata = _metadata(value, source.name)
            continue
        tensors.append(_tensor(name, value, data_from, data_bytes, source.name))
        if len(tensors) > MOST_TENSORS:
            raise _wrong("header-too-large", source.name, f"more than {MOST_TENSORS:,} tensors are listed.")
    _check_places(tensors, data_from, source)
    unknown = dict.fromkeys(tensor.dtype for tensor in tensors if tensor.dtype not in BITS)
    return WeightFile(
        name=source.name, container="safetensors", file_bytes=source.size_bytes, header_bytes=data_from,
        tensors=tuple(tensors), metadata=dict(metadata), unknown_types=tuple(unknown)[:_MOST_SHOWN],
    )  # fmt: skip


def _header(source: ByteSource) -> bytes:
    size = source.size_bytes
    if size == 0:
        raise InvalidModelError(
            "weights-empty", f"{source.name} is empty (0 bytes).", remedy="Download it again.", file=source.name
        )
    if size < _LENGTH_BYTES + 2:
        raise cut_off(source.name, _LENGTH_BYTES + 2, size)
    length = int.from_bytes(source.read(0, _LENGTH_BYTES), "little")
    if length > MOST_HEADER_BYTES:
        raise _wrong(
            "header-too-large",
            source.name,
            f"its header should have {length:,} bytes, at most {MOST_HEADER_BYTES:,} are allowed: it is damaged or no "
            "safetensors file.",
        )
    if _LENGTH_BYTES + length > size:
        raise cut_off(source.name, _LENGTH_BYTES + length, size)
    if length < 2 or source.read(_LENGTH_BYTES, 1) != b"{":
        raise _wrong("header-damaged", source.name, "its header is no JSON object: damaged or no safetensors file.")
    return source.read(_LENGTH_BYTES, length)


def _entries(raw: bytes, file: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the value of each entry, both as they stand in the JSON."""
    at = _skip_blank(raw, 1)
    if raw[at : at + 1] == b"}":
        at += 1
    else:
        at = 1
        while True:
            found = _ENTRY.match(raw, at)
            if found is None:
                raise _wrong("header-damaged", file, f"its header is not complete JSON (byte {at + _LENGTH_BYTES:,}).")
            yield found[1], found[2]
            at = found.end()
            if found[3] == b"}":
                break
    if _skip_blank(raw, at) != len(raw):
        raise _wrong("header-damaged", file, f"its header goes on after its end (byte {at + _LENGTH_BYTES:,}).")


def _skip_blank(raw: bytes, at: int) -> int:
    found = _BLANK.match(raw, at)
    return found.end() if found else at


def _text(raw: bytes, file: str) -> str:
    try:
        return _decode_text(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong("header-damaged", file, "a tensor's name is no text.") from error


def _metadata(raw: bytes, file: str) -> dict[str, str]:
    if len(raw) > _MOST_METADATA_BYTES:
        raise _wrong("header-too-large", file, f"{_METADATA} has {len(raw):,} bytes.", field=_METADATA)
    try:
        return _decode_metadata(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _wrong("header-damaged", file, f"{_METADATA} must map texts to texts.", field=_METADATA) from error


def _tensor(name: str, raw: bytes, data_from: int, data_bytes: int, file: str) -> TensorInfo:
    entry = _entry(name, raw, file)
    begin, end = entry.data_offsets
    if not 0 <= begin <= end:
        raise _wrong(
            "tensor-place-invalid", file,
            f"the tensor {shown(name)} should lie from byte {begin:,} to byte {end:,}, which is backwards.", field=name,
        )  # fmt: skip
    if end > data_bytes:
        raise _wrong(
            "tensor-place-invalid", file,
            f"the tensor {shown(name)} should end at byte {end:,} of the weights, there are {data_bytes:,}.",
            field=name,
        )  # fmt: skip
    info = TensorInfo(
        name=name, dtype=entry.dtype, shape=tuple(entry.shape), offset_bytes=data_from + begin, size_bytes=end - begin
    )
    _check_size(info, file)
    return info


def _entry(name: str, raw: bytes, file: str) -> _Entry:
    problem = f"the entry of the tensor {shown(name)} must have dtype, shape and data_offsets"
    if len(raw) > _MOST_ENTRY_BYTES:
        raise _wrong("tensor-invalid", file, f"{problem}; it has {len(raw):,} bytes.", field=name)
    try:
        entry = _decode_entry(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _wrong("tensor-invalid", file, f"{problem}: {error}.", field=name) from error
    if len(entry.shape) > _MOST_DIMENSIONS or any(size < 0 for size in entry.shape):
        raise _wrong("tensor-invalid", file, f"the tensor {shown(name)} has an impossible shape.", field=name)
    return entry


def _check_size(info: TensorInfo, file: str) -> None:
    count = info.num_elements()
    if count > MOST_ELEMENTS:
        raise _wrong("tensor-invalid", file, f"the tensor {shown(info.name)} has an impossible shape.", field=info.name)
    bits = BITS.get(info.dtype)
    if bits is not None and count * bits != 8 * info.size_bytes:
        raise _wrong(
            "tensor-invalid", file,
            f"the tensor {shown(info.name)} of type {info.dtype} and shape {list(info.shape)} needs "
            f"{count * bits / 8:,.10g} bytes, the header gives it {info.size_bytes:,}.", field=info.name,
        )  # fmt: skip


def _check_places(tensors: list[TensorInfo], data_from: int, source: ByteSource) -> None:
    """Check that tensors follow each other without gap or overlap, from the header to the end of the file."""
    expected, before = data_from, "the header"
    for info in sorted(tensors, key=lambda item: (item.offset_bytes, item.size_bytes)):
        if info.offset_bytes != expected:
            what = "overlap by" if info.offset_bytes < expected else "leave a gap of"
            raise _wrong(
                "tensor-place-invalid", source.name,
                f"{before} and the tensor {shown(info.name)} {what} {abs(info.offset_bytes - expected):,} bytes.",
                field=info.name,
            )  # fmt: skip
        expected, before = info.offset_bytes + info.size_bytes, f"the tensor {shown(info.name)}"
    if expected != source.size_bytes:
        raise _wrong("weights-trailing", source.name, f"{source.size_bytes - expected:,} bytes follow the last tensor.")


def _wrong(code: str, file: str, what: str, *, field: str = "header") -> InvalidModelError:
    return InvalidModelError(code, f"{file}: {what}", remedy="Download it again.", file=file, field=field)
