"""Walks protobuf's wire format by ranges: long payloads are jumped over, on this computer or on a server.

Source: protobuf.dev, "Encoding". Nothing is decoded but what is asked for, and every length is held against the message
it lies in.
"""

from collections.abc import Iterator
from typing import Final

from advisor.catalog.headers.source import ByteSource, cut_off
from advisor.errors import InvalidModelError

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5
MOST_PARTS = 1_000_000
"""[1] Fields of one file: the largest exported models have some hundred thousand."""
_AHEAD_BYTES: Final = 65536
_MOST_FETCHES = 20_000
_MOST_TEXT_BYTES = 65_536
_MOST_TEXTS_BYTES = 64 * 2**20
"""[B] Of all names together."""
_MOST_VARINT_BYTES = 10
_SIZES = {FIXED64: 8, FIXED32: 4}
Field = tuple[int, int, int, int]
"""Number, wire type; then the value of a varint and 0, or where the content begins and its length."""


class Wire:
    """One file, read where it is looked at."""

    def __init__(self, source: ByteSource) -> None:
        """Read nothing yet."""
        self._source = source
        self._buffer = b""
        self._from = 0
        self._num_parts = 0
        self._num_fetches = 0
        self._text_bytes = 0
        self.size_bytes = source.size_bytes
        self.name = source.name

    def fields(self, begin: int, end: int) -> Iterator[Field]:
        """Yield the fields of a message that lies from `begin` to `end`.

        Raises:
            InvalidModelError: `header-damaged`, `header-too-large`, `weights-cut-off`.
        """
        at = begin
        while at < end:
            self._count()
            tag, at = self.varint(at, end)
            number, kind = tag >> 3, tag & 7
            if number == 0:
                raise self.damaged(f"byte {at:,} starts no field")
            if kind == VARINT:
                value, at = self.varint(at, end)
                yield number, kind, value, 0
                continue
            if kind == BYTES:
                length, at = self.varint(at, end)
            elif kind in _SIZES:
                length = _SIZES[kind]
            else:
                raise self.damaged(f"byte {at:,} starts no field")
            if length > end - at:
                raise self._beyond(number, at + length, end)
            yield number, kind, at, length
            at += length

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the number at a place, and where it ends.

        Raises:
            InvalidModelError: `header-damaged`, `weights-cut-off`.
        """
        buffer, index = self._at(at, min(_MOST_VARINT_BYTES, end - at))
        value = 0
        for count in range(_MOST_VARINT_BYTES):
            if at + count >= end:
                break
            byte = buffer[index + count]
            value |= (byte & 0x7F) << 7 * count
            if byte < 0x80:
                return value, at + count + 1
        raise self.damaged(f"the number at byte {at:,} does not end")

    def varints(self, begin: int, length: int, most: int) -> list[int]:
        """Return a packed list of numbers.

        Raises:
            InvalidModelError: `header-damaged`; also for more than `most`.
        """
        found: list[int] = []
        at, end = begin, begin + length
        while at < end:
            if len(found) >= most:
                raise self.damaged(f"the list at byte {begin:,} is too long")
            value, at = self.varint(at, end)
            found.append(value)
        return found

    def text(self, begin: int, length: int) -> str:
        """Return a text.

        Raises:
            InvalidModelError: `header-damaged`, `header-too-large`.
        """
        self._text_bytes += length
        if length > _MOST_TEXT_BYTES or self._text_bytes > _MOST_TEXTS_BYTES:
            raise self.too_large("its names are too long")
        if not length:
            return ""
        buffer, index = self._at(begin, length)
        try:
            return buffer[index : index + length].decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.damaged(f"the name at byte {begin:,} is no text") from error

    def damaged(self, what: str) -> InvalidModelError:
        """Return the failure of a file that cannot be read on."""
        return InvalidModelError(
            "header-damaged",
            f"{self.name} is damaged or no ONNX file: {what}.",
            remedy="Download or export it again.",
            file=self.name,
        )

    def too_large(self, what: str) -> InvalidModelError:
        """Return the failure of a file that no model is like."""
        return InvalidModelError(
            "header-too-large",
            f"{self.name}: {what}; no usable model is like that.",
            remedy="Export it again.",
            file=self.name,
        )

    def _at(self, at: int, length: int) -> tuple[bytes, int]:
        """Return bytes that hold a place, and where in them it is."""
        index = at - self._from
        if index >= 0 and index + length <= len(self._buffer):
            return self._buffer, index
        if at + length > self.size_bytes:
            raise cut_off(self.name, at + length, self.size_bytes)
        self._num_fetches += 1
        if self._num_fetches > _MOST_FETCHES:
            raise self.too_large("it has too many long parts")
        wanted = min(max(length, _AHEAD_BYTES), self.size_bytes - at)
        self._buffer, self._from = self._source.read(at, wanted), at
        return self._buffer, 0

    def _count(self) -> None:
        self._num_parts += 1
        if self._num_parts > MOST_PARTS:
            raise self.too_large(f"it has more than {MOST_PARTS:,} parts (nodes, weights, notes)")

    def _beyond(self, number: int, after: int, end: int) -> InvalidModelError:
        if after > self.size_bytes:
            return cut_off(self.name, after, self.size_bytes)
        return self.damaged(f"field {number} should go on to byte {after:,}, what it lies in ends at {end:,}")
