"""The notes of a GGUF file, walked with bounded memory: long lists are counted and passed over."""

import struct
from typing import Final

from advisor.catalog.headers.model import ArrayItem, ArrayNote, MetadataValue
from advisor.catalog.headers.source import ByteSource, cut_off, shown
from advisor.errors import InvalidModelError

MOST_HEADER_BYTES = 200_000_000
"""[B] Vocabularies of 262,144 tokens with their merges take about 15 million."""
_CHUNK_BYTES: Final = 1 << 18
_MOST_KEY_BYTES = 65_535
_MOST_TEXT_BYTES = 16_000_000
_KEPT_TEXT_BYTES = 65_536
_MOST_ITEMS = 4_000_000
"""[1] Texts and inner lists of one file: the largest vocabularies and their merges are some hundred thousand."""
_KEPT_TEXTS, _KEPT_NUMBERS = 256, 4096
_MOST_NESTED = 3
_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {
    0: ("uint8", "<B"), 1: ("int8", "<b"), 2: ("uint16", "<H"), 3: ("int16", "<h"), 4: ("uint32", "<I"),
    5: ("int32", "<i"), 6: ("float32", "<f"), 7: ("bool", "<B"), 10: ("uint64", "<Q"), 11: ("int64", "<q"),
    12: ("float64", "<d"),
}  # fmt: skip
"""Number in the file -> name and layout. Source: docs/gguf.md, `gguf_metadata_value_type`."""


class Cursor:
    """Goes through a header once, reading ahead a little."""

    def __init__(self, source: ByteSource, at: int) -> None:
        """Begin at a byte of the file."""
        self._source = source
        self._buffer = b""
        self._from = at
        self._num_items = 0
        self.at = at

    @property
    def file(self) -> str:
        """Return how messages call the file."""
        return self._source.name

    @property
    def num_left_bytes(self) -> int:
        """Return how much of the file follows."""
        return self._source.size_bytes - self.at

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            InvalidModelError: `weights-cut-off` or `header-too-large`.
        """
        begin = self.at - self._from
        if begin + count > len(self._buffer):
            self._fill(count)
            begin = 0
        self.at += count
        return self._buffer[begin : begin + count]

    def skip(self, count: int) -> None:
        """Pass over bytes without reading them.

        Raises:
            InvalidModelError: `weights-cut-off` or `header-too-large`.
        """
        self._check(count)
        self.at += count

    def number(self, layout: str) -> int:
        """Return the next integer."""
        value: int = struct.unpack(layout, self.take(struct.calcsize(layout)))[0]
        return value

    def text(self, most_bytes: int, what: str) -> str:
        """Return the next text.

        Raises:
            InvalidModelError: as `take`; or `header-damaged`, when it is too long or no UTF-8.
        """
        length = self.number("<Q")
        if length > most_bytes:
            raise wrong("header-damaged", self.file, f"{what} should have {length:,} bytes.")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise wrong("header-damaged", self.file, f"{what} is no UTF-8 text.") from error

    def count_items(self, key: str, count: int, least_bytes: int) -> None:
        """Refuse lists that are longer than the file or than any vocabulary.

        Raises:
            InvalidModelError: `weights-cut-off` or `header-too-large`.
        """
        self._num_items += count
        if self._num_items > _MOST_ITEMS:
            raise wrong("header-too-large", self.file, f"with the note {shown(key)} it lists too much.", field=key)
        if count * least_bytes > self.num_left_bytes:
            raise cut_off(self.file, self.at + count * least_bytes, self._source.size_bytes)

    def skip_texts(self, count: int) -> None:
        """Pass over a list of texts."""
        take, skip, length_of = self.take, self.skip, int.from_bytes
        for _ in range(count):
            length = length_of(take(8), "little")
            if length <= _CHUNK_BYTES:
                take(length)
            else:
                skip(length)

    def _fill(self, count: int) -> None:
        self._check(count)
        length = min(max(count, _CHUNK_BYTES), self.num_left_bytes)
        self._buffer = self._source.read(self.at, length)
        self._from = self.at

    def _check(self, count: int) -> None:
        if self.at + count > self._source.size_bytes:
            raise cut_off(self.file, self.at + count, self._source.size_bytes)
        if self.at + count > MOST_HEADER_BYTES:
            raise wrong("header-too-large", self.file, f"its header has more than {MOST_HEADER_BYTES:,} bytes.")


def metadata(cursor: Cursor, count: int) -> dict[str, MetadataValue]:
    """Return the notes; texts longer than 64 KiB are cut, long lists only counted.

    Raises:
        InvalidModelError: `header-damaged`, `header-too-large` or `weights-cut-off`.
    """
    found: dict[str, MetadataValue] = {}
    for _ in range(count):
        key = cursor.text(_MOST_KEY_BYTES, "a note's name")
        if key in found:
            raise wrong("header-damaged", cursor.file, f"the note {shown(key)} occurs twice.", field=key)
        found[key] = _value(cursor, key, cursor.number("<I"))
    return found


def _value(cursor: Cursor, key: str, kind: int) -> MetadataValue:
    if kind == _STRING:
        return _long_text(cursor, key)
    if kind == _ARRAY:
        return _array(cursor, key, 1)
    if kind not in _SCALARS:
        raise wrong("header-damaged", cursor.file, f"the note {shown(key)} has the unknown type {kind}.", field=key)
    return _scalars(cursor, kind, 1)[0]


def _scalars(cursor: Cursor, kind: int, count: int) -> tuple[ArrayItem, ...]:
    layout = _SCALARS[kind][1]
    size = struct.calcsize(layout)
    values = struct.unpack(f"<{count}{layout[1]}", cursor.take(count * size))
    return tuple(bool(value) for value in values) if kind == _BOOL else values


def _long_text(cursor: Cursor, key: str) -> str:
    length = cursor.number("<Q")
    if length > _MOST_TEXT_BYTES:
        raise wrong("header-damaged", cursor.file, f"the note {shown(key)} should have {length:,} bytes.", field=key)
    raw = cursor.take(min(length, _KEPT_TEXT_BYTES))
    cursor.skip(length - len(raw))
    return raw.decode("utf-8", "replace")


def _array(cursor: Cursor, key: str, depth: int) -> ArrayNote:
    kind, count = cursor.number("<I"), cursor.number("<Q")
    if kind == _ARRAY:
        return _nested(cursor, key, count, depth)
    if kind == _STRING:
        return _texts(cursor, key, count)
    if kind not in _SCALARS:
        raise wrong("header-damaged", cursor.file, f"the note {shown(key)} lists the unknown type {kind}.", field=key)
    name, layout = _SCALARS[kind]
    items: tuple[ArrayItem, ...] = ()
    if count <= _KEPT_NUMBERS:
        items = _scalars(cursor, kind, count)
    else:
        cursor.skip(count * struct.calcsize(layout))
    return ArrayNote(kind=name, num_items=count, items=items)


def _texts(cursor: Cursor, key: str, count: int) -> ArrayNote:
    cursor.count_items(key, count, 8)
    if count > _KEPT_TEXTS:
        cursor.skip_texts(count)
        return ArrayNote(kind="string", num_items=count)
    return ArrayNote(kind="string", num_items=count, items=tuple(_long_text(cursor, key) for _ in range(count)))


def _nested(cursor: Cursor, key: str, count: int, depth: int) -> ArrayNote:
    cursor.count_items(key, count, 12)
    if depth > _MOST_NESTED:
        raise wrong("header-damaged", cursor.file, f"the note {shown(key)} nests lists too deep.", field=key)
    for _ in range(count):
        _array(cursor, key, depth + 1)
    return ArrayNote(kind="array", num_items=count)


def wrong(code: str, file: str, what: str, *, field: str = "header") -> InvalidModelError:
    """Return the failure of a header that says what cannot be."""
    return InvalidModelError(code, f"{file}: {what}", remedy="Download it again.", file=file, field=field)
