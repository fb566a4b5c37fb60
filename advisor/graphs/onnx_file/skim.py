"""Reads an ONNX file field by field and leaves the weights where they are: gigabytes are never copied.

The file is mapped, walked along protobuf's wire format, and put together again without long payloads; what is left is a
few megabytes that the protobuf library parses. The length of a payload that was left out goes into the tensor's
`doc_string`. Source: protobuf.dev, "Encoding"; field numbers from onnx.proto.
"""

import mmap
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from advisor import units
from advisor.errors import InvalidModelError

LIMIT_BYTES: Final = 2**31 - 1
"""[B] Most that one protobuf message may hold."""
_KEPT_BYTES = 4096
"""[B] Shorter messages and payloads are copied as they are."""
_MOST_NESTED = 64
_MOST_PARTS = 1_000_000
"""[1] Nodes, weights and notes of one file: the largest exported models have some ten thousand. A million of two bytes
each would take a gigabyte once they are objects."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10
_DOC_STRING = 12
_PAYLOADS = frozenset({4, 5, 6, 7, 9, 10, 11})
"""Fields of a tensor that hold its numbers."""
_PARTS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Message -> field -> message of that field; all others are copied."""
_ORT_MARK = slice(4, 8), b"ORTM"
"""Where ONNX Runtime's own format says what it is. Source: onnxruntime, `core/flatbuffers/schema/ort.fbs`."""
_Chunk = bytes | memoryview


def skim(path: Path) -> bytes:
    """Return the model without the payloads of its tensors, as protobuf.

    Raises:
        InvalidModelError: the file is missing, no regular file, empty, larger than protobuf allows, cut off or no
            ONNX file at all; the sentence names it.
    """
    name = path.name
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise _refused(
            f"{name} cannot be opened: {error.strerror or error}.", "Check the path and its rights."
        ) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(f"{name} is no file that can be read from beginning to end.", "Give a file's path.")
        if found.st_size == 0:
            raise _refused(f"{name} is empty.", "Download or export it again.")
        if found.st_size > LIMIT_BYTES:
            raise _refused(
                f"{name} has {units.size(found.st_size)}; one ONNX file cannot hold more than 2 GiB, the limit of its "
                "format.",
                "Export the model with external data (weights in a file beside it).",
            )
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            if view[_ORT_MARK[0]] == _ORT_MARK[1]:
                raise _refused(
                    f"{name} is in ONNX Runtime's own format (ORT), which cannot be checked before it is run.",
                    "Give the .onnx file it was made from.",
                )
            chunks: list[_Chunk] = []
            _Walk(view, name).message("model", 0, len(view), chunks.append, 0)
            return b"".join(chunks)
    finally:
        os.close(descriptor)


class _Walk:
    """One pass over the bytes of a file."""

    def __init__(self, view: memoryview, name: str) -> None:
        self._view = view
        self._name = name
        self._num_parts = 0

    def message(self, kind: str, begin: int, end: int, write: Callable[[_Chunk], object], depth: int) -> int:
        """Write a message without its payloads and return how many bytes were written."""
        if depth > _MOST_NESTED:
            raise _refused(f"{self._name} nests graphs more than {_MOST_NESTED} deep.", "Export it again.")
        parts = _PARTS[kind]
        written, left_out, at = 0, 0, begin
        while at < end:
            start = at
            self._count()
            tag, at = self._varint(at, end)
            field, wire = tag >> 3, tag & 7
            if wire == _LENGTH:
                length, at = self._varint(at, end)
                self._within(kind, field, at + length, end)
                if kind == "tensor" and field in _PAYLOADS and length > _KEPT_BYTES:
                    left_out += length
                elif field in parts and length > _KEPT_BYTES:
                    written += self._part(parts[field], field, (at, at + length), write, depth)
                elif not (kind == "tensor" and field == _DOC_STRING):
                    written += self._copy(start, at + length, write)
                at += length
                continue
            at = self._plain(kind, field, wire, at, end)
            written += self._copy(start, at, write)
        if left_out:
            written += _write_field(_DOC_STRING, str(left_out).encode(), write)
        return written

    def _count(self) -> None:
        self._num_parts += 1
        if self._num_parts > _MOST_PARTS:
            raise _refused(
                f"{self._name} has more than {_MOST_PARTS:,} parts (nodes, weights, notes); no usable model has.",
                "Export it again.",
            )

    def _part(
        self, kind: str, field: int, place: tuple[int, int], write: Callable[[_Chunk], object], depth: int
    ) -> int:
        chunks: list[_Chunk] = []
        length = self.message(kind, *place, chunks.append, depth + 1)
        head = _encode(field << 3 | _LENGTH) + _encode(length)
        write(head)
        for chunk in chunks:
            write(chunk)
        return len(head) + length

    def _copy(self, begin: int, end: int, write: Callable[[_Chunk], object]) -> int:
        write(bytes(self._view[begin:end]))
        return end - begin

    def _plain(self, kind: str, field: int, wire: int, at: int, end: int) -> int:
        """Return where a field that is no message ends."""
        if field == 0 or wire not in (_VARINT, _FIXED64, _FIXED32):
            raise self._foreign(at)
        if wire == _VARINT:
            return self._varint(at, end)[1]
        after = at + (8 if wire == _FIXED64 else 4)
        self._within(kind, field, after, end)
        return after

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for count in range(_MOST_VARINT_BYTES):
            if at + count >= end:
                raise self._cut_off(f"after byte {end:,}")
            byte = self._view[at + count]
            value |= (byte & 0x7F) << 7 * count
            if byte < 0x80:
                return value, at + count + 1
        raise self._foreign(at)

    def _within(self, kind: str, field: int, after: int, end: int) -> None:
        if after > len(self._view):
            raise self._cut_off(
                f"field {field} of its {kind} should go on to byte {after:,}, the file has {len(self._view):,}"
            )
        if after > end:
            raise self._foreign(end)

    def _cut_off(self, where: str) -> InvalidModelError:
        return _refused(f"{self._name} is cut off or damaged: {where}.", "Download or export it again.")

    def _foreign(self, at: int) -> InvalidModelError:
        return _refused(
            f"{self._name} is damaged or no ONNX file: byte {at:,} starts no field.", "Download or export it again."
        )


def left_out_bytes(doc_string: str) -> int:
    """Return the payload bytes that were left out of a tensor, from its doc_string."""
    return int(doc_string) if doc_string.isascii() and doc_string.isdigit() else 0


def _write_field(field: int, content: bytes, write: Callable[[_Chunk], object]) -> int:
    head = _encode(field << 3 | _LENGTH) + _encode(len(content))
    write(head + content)
    return len(head) + len(content)


def _encode(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _refused(message: str, remedy: str) -> InvalidModelError:
    return InvalidModelError("onnx-file-unreadable", message, remedy=remedy)
