"""What an ONNX file says of itself: inputs, outputs, operators and files of weights. Weights are never read.

The file is mapped and walked along protobuf's wire format, so that no protobuf library is needed where a window runs.
Source: protobuf.dev, "Encoding"; field numbers from onnx.proto.
"""

import math
import mmap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from advisor.errors import InvalidModelError

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_WIDTH = {_FIXED64: 8, _FIXED32: 4}
_MOST_VARINT_BYTES = 10
_MOST_NESTED = 16
_MOST_FIELDS = 5_000_000
"""[1] The largest exported models have some 100,000 nodes; more than this would take minutes to walk."""
_MOST_ELEMENTS = 2**42
_EXTERNAL = 1
_COMPILED = "EPContext"
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16", 21: "uint4", 22: "int4",
}  # fmt: skip


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One input or output."""

    name: str
    data_type: str
    """`float32`, `int64`, ...; `unknown` for a rare one."""
    shape: tuple[int | str, ...]
    """A text, which may be empty, for a size that is free."""


class NBits(msgspec.Struct, frozen=True, kw_only=True):
    """Matrix products whose weights are stored in blocks with fewer bits."""

    bits: int
    block_size: int
    num_nodes: int


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """An ONNX file without its weights."""

    inputs: tuple[Value, ...]
    """Those that must be fed; weights are left out."""
    outputs: tuple[Value, ...]
    num_by_operator: dict[str, int]
    """`MatMul`, `MatMulNBits`, ... -> nodes, those of inner graphs included."""
    blocks: tuple[NBits, ...]
    num_by_type: dict[str, int]
    """Type -> elements of weights stored so."""
    external_bytes: dict[str, int]
    """[B] Name of a file of weights as it is stated -> what it must hold."""

    def input_names(self) -> frozenset[str]:
        """Return the names of what must be fed."""
        return frozenset(value.name for value in self.inputs)

    def output_names(self) -> frozenset[str]:
        """Return the names of what comes out."""
        return frozenset(value.name for value in self.outputs)


def read(path: Path) -> Header:
    """Read the header of an ONNX file.

    Args:
        path: checked to be a regular file of the model.

    Raises:
        InvalidModelError: `onnx-file-unreadable`; empty, cut off, or no ONNX file.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                raise _refused(f"{path.name} is empty.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                return _Walk(view, path.name).header()
    except OSError as error:
        raise _refused(f"{path.name} cannot be read: {error.strerror or error}.") from error


class _Walk:
    """One pass over the bytes of a file."""

    def __init__(self, view: memoryview, name: str) -> None:
        self._view, self._name = view, name
        self._num_fields = 0
        self._inputs: list[Value] = []
        self._outputs: list[Value] = []
        self._operators: Counter[str] = Counter()
        self._blocks: Counter[tuple[int, int]] = Counter()
        self._elements: Counter[str] = Counter()
        self._external: dict[str, int] = {}
        self._weights: set[str] = set()

    def header(self) -> Header:
        """Walk the whole file."""
        num_graphs = 0
        for field, wire, begin, end in self._fields(0, len(self._view)):
            if field == 7 and wire == _LENGTH:
                self._graph(begin, end, 0)
                num_graphs += 1
            elif field == 25 and wire == _LENGTH:
                self._function(begin, end)
        if num_graphs != 1:
            raise _refused(f"{self._name} holds no network; it is damaged or no ONNX file.")
        return Header(
            inputs=tuple(value for value in self._inputs if value.name not in self._weights),
            outputs=tuple(self._outputs), num_by_operator=dict(self._operators), num_by_type=dict(self._elements),
            blocks=tuple(
                NBits(bits=bits, block_size=block_size, num_nodes=num)
                for (bits, block_size), num in self._blocks.most_common()
            ),
            external_bytes=self._external,
        )  # fmt: skip

    def _graph(self, begin: int, end: int, depth: int) -> None:
        if depth > _MOST_NESTED:
            raise _refused(f"{self._name} nests networks more than {_MOST_NESTED} deep.")
        for field, wire, start, stop in self._fields(begin, end):
            if wire != _LENGTH:
                continue
            if field == 1:
                self._node(start, stop, depth)
            elif field == 5:
                name = self._tensor(start, stop)
                if not depth:
                    self._weights.add(name)
            elif field in (11, 12) and not depth:
                (self._inputs if field == 11 else self._outputs).append(self._value(start, stop))
            elif field == 15:
                self._sparse(start, stop)

    def _function(self, begin: int, end: int) -> None:
        for field, wire, start, stop in self._fields(begin, end):
            if field == 7 and wire == _LENGTH:
                self._node(start, stop, 1)

    def _sparse(self, begin: int, end: int) -> None:
        for field, wire, start, stop in self._fields(begin, end):
            if field in (1, 2) and wire == _LENGTH:
                self._tensor(start, stop)

    def _node(self, begin: int, end: int, depth: int) -> None:
        operator = ""
        numbers: dict[str, int] = {}
        for field, wire, start, stop in self._fields(begin, end):
            if field == 4 and wire == _LENGTH:
                operator = self._text(start, stop)
            elif field == 5 and wire == _LENGTH:
                self._attribute(start, stop, depth, numbers)
        if operator == _COMPILED:
            raise _refused(f"{self._name} holds compiled parts for one kind of device, which cannot be checked.")
        self._operators[operator] += 1
        if operator == "MatMulNBits":
            self._blocks[numbers.get("bits", 4), numbers.get("block_size", 0)] += 1

    def _attribute(self, begin: int, end: int, depth: int, numbers: dict[str, int]) -> None:
        name, value = "", None
        for field, wire, start, stop in self._fields(begin, end):
            if field == 1 and wire == _LENGTH:
                name = self._text(start, stop)
            elif field == 3 and wire == _VARINT:
                value = start
            elif field in (5, 10) and wire == _LENGTH:
                self._tensor(start, stop)
            elif field in (6, 11) and wire == _LENGTH:
                self._graph(start, stop, depth + 1)
            elif field in (22, 23) and wire == _LENGTH:
                self._sparse(start, stop)
        if value is not None:
            numbers[name] = value

    def _tensor(self, begin: int, end: int) -> str:
        name, data_type, location = "", 0, 0
        sizes: list[int] = []
        entries: dict[str, str] = {}
        for field, wire, start, stop in self._fields(begin, end):
            if field == 1:
                sizes += [start] if wire == _VARINT else list(self._packed(start, stop))
            elif field == 2 and wire == _VARINT:
                data_type = start
            elif field == 8 and wire == _LENGTH:
                name = self._text(start, stop)
            elif field == 13 and wire == _LENGTH:
                key, value = self._entry(start, stop)
                entries[key] = value
            elif field == 14 and wire == _VARINT:
                location = start
        num_elements = math.prod(sizes)
        if num_elements > _MOST_ELEMENTS:
            raise _refused(f"{self._name}: the weight {name[:80]!r} has an impossible shape.")
        self._elements[_TYPES.get(data_type, "unknown")] += num_elements
        if location == _EXTERNAL:
            self._place(name, entries)
        return name

    def _place(self, name: str, entries: dict[str, str]) -> None:
        places = [entries.get(key, "0") for key in ("offset", "length")]
        if not all(text.isascii() and text.isdigit() and len(text) < 16 for text in places):
            raise _refused(f"{self._name}: the weight {name[:80]!r} has no usable place in its file.")
        location = entries.get("location", "")
        self._external[location] = max(self._external.get(location, 0), sum(map(int, places)))

    def _entry(self, begin: int, end: int) -> tuple[str, str]:
        found = {1: "", 2: ""}
        for field, wire, start, stop in self._fields(begin, end):
            if wire == _LENGTH:
                found[field] = self._text(start, stop)
        return found[1], found[2]

    def _value(self, begin: int, end: int) -> Value:
        name, data_type = "", "unknown"
        shape: list[int | str] = []
        for field, wire, start, stop in self._fields(begin, end):
            if field == 1 and wire == _LENGTH:
                name = self._text(start, stop)
            elif field == 2 and wire == _LENGTH:
                for kind, _, inner, after in self._fields(start, stop):
                    if kind == 1:
                        data_type, shape = self._tensor_type(inner, after)
        return Value(name=name, data_type=data_type, shape=tuple(shape))

    def _tensor_type(self, begin: int, end: int) -> tuple[str, list[int | str]]:
        data_type = "unknown"
        shape: list[int | str] = []
        for field, wire, start, stop in self._fields(begin, end):
            if field == 1 and wire == _VARINT:
                data_type = _TYPES.get(start, "unknown")
            elif field == 2 and wire == _LENGTH:
                shape = [self._dimension(*place) for number, _, *place in self._fields(start, stop) if number == 1]
        return data_type, shape

    def _dimension(self, begin: int, end: int) -> int | str:
        size: int | str = ""
        for field, wire, start, stop in self._fields(begin, end):
            if field == 1 and wire == _VARINT:
                size = start
            elif field == 2 and wire == _LENGTH:
                size = self._text(start, stop)
        return size

    def _packed(self, begin: int, end: int) -> Iterator[int]:
        at = begin
        while at < end:
            value, at = self._varint(at, end)
            yield value

    def _fields(self, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield each field's number, wire type, and its value and end, or its content's begin and end."""
        at = begin
        while at < end:
            self._num_fields += 1
            if self._num_fields > _MOST_FIELDS:
                raise _refused(f"{self._name} has more parts than any usable model.")
            tag, at = self._varint(at, end)
            field, wire = tag >> 3, tag & 7
            if wire == _VARINT:
                value, at = self._varint(at, end)
                yield field, wire, value, at
                continue
            length = _WIDTH.get(wire)
            if wire == _LENGTH:
                length, at = self._varint(at, end)
            if length is None or field == 0 or at + length > end:
                raise self._damaged(at)
            yield field, wire, at, at + length
            at += length

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for count in range(_MOST_VARINT_BYTES):
            if at + count >= end:
                break
            byte = self._view[at + count]
            value |= (byte & 0x7F) << 7 * count
            if byte < 0x80:
                return value, at + count + 1
        raise self._damaged(at)

    def _text(self, begin: int, end: int) -> str:
        return bytes(self._view[begin:end]).decode("utf-8", "replace")

    def _damaged(self, at: int) -> InvalidModelError:
        return _refused(f"{self._name} is cut off, damaged or no ONNX file: nothing that fits stands at byte {at:,}.")


def _refused(message: str) -> InvalidModelError:
    return InvalidModelError("onnx-file-unreadable", message, remedy="Download or export the model again.")
