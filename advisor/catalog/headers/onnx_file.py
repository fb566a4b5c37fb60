"""From an ONNX file to its weights by name, type, shape and place; no weight is read and onnx is not needed.

Field numbers: onnx.proto; which input of an operator is a weight: the operators' specifications in onnx and in ONNX
Runtime's ContribOperators.md, as of 2026. Weights may lie in a file beside it ("external data").
"""

from collections.abc import Mapping
from math import prod

import msgspec

from advisor.catalog.headers.model import TensorInfo, WeightFile
from advisor.catalog.headers.onnx_parameters import KNOWN, unpacked
from advisor.catalog.headers.onnx_values import OnnxGraph, OnnxTensor, OnnxUse
from advisor.catalog.headers.onnx_wire import BYTES, VARINT, Wire
from advisor.catalog.headers.source import ByteSource, check_name, shown
from advisor.errors import InvalidModelError

LIMIT_BYTES = 2**31 - 1
"""[B] Most that one protobuf message may hold."""
TYPES: dict[int, tuple[str, int]] = {
    1: ("F32", 32), 2: ("U8", 8), 3: ("I8", 8), 4: ("U16", 16), 5: ("I16", 16), 6: ("I32", 32), 7: ("I64", 64),
    9: ("BOOL", 8), 10: ("F16", 16), 11: ("F64", 64), 12: ("U32", 32), 13: ("U64", 64), 14: ("C64", 64),
    15: ("C128", 128), 16: ("BF16", 16), 17: ("F8_E4M3", 8), 18: ("F8_E4M3FNUZ", 8), 19: ("F8_E5M2", 8),
    20: ("F8_E5M2FNUZ", 8), 21: ("U4", 4), 22: ("I4", 4), 23: ("F4", 4), 24: ("F8_E8M0", 8), 25: ("U2", 2),
    26: ("I2", 2),
}  # fmt: skip
"""Number in the file -> type in the words of safetensors, and bits of one number."""
TEXTS = 8
MOST_TENSORS = 400_000
_MOST_ELEMENTS = 2**45
_MOST_DIMENSIONS = 64
_MOST_NESTED = 64
_MOST_INPUTS = 64
_MOST_SHOWN = 5
_ORT_MARK = b"ORTM"
_RAW = 9
_TYPED = {4: 4, 5: 1, 7: 1, 10: 8, 11: 1}
"""Field of a tensor with its numbers one by one -> the fewest bytes of one."""
_NUMBERS = frozenset({"K", "N", "bits", "block_size", "transB"})


def read(source: ByteSource) -> OnnxGraph:
    """Return what an ONNX file says of its weights.

    Raises:
        InvalidModelError: `weights-empty`, `weights-cut-off`, `onnx-too-large`, `onnx-ort-format`, `header-damaged`,
            `header-too-large`, `tensor-invalid`, `tensor-twice` or `path-refused`; the sentence names the file.
    """
    size, name = source.size_bytes, source.name
    if not size:
        raise InvalidModelError("weights-empty", f"{name} is empty (0 bytes).", remedy="Download it again.", file=name)
    if size > LIMIT_BYTES:
        raise InvalidModelError(
            "onnx-too-large", f"{name} has {size:,} bytes; one ONNX file cannot hold more than 2 GiB.",
            remedy="Export the model with its weights in a file beside it.", file=name,
        )  # fmt: skip
    if size >= 8 and source.read(4, 4) == _ORT_MARK:
        raise InvalidModelError(
            "onnx-ort-format", f"{name} is in ONNX Runtime's own format (ORT).",
            remedy="Give the .onnx file it was made from.", file=name,
        )  # fmt: skip
    return _Reader(source).model()


class _Reader:
    def __init__(self, source: ByteSource) -> None:
        self._wire = Wire(source)
        self._tensors: list[OnnxTensor] = []
        self._names: set[str] = set()
        self._uses: dict[str, OnnxUse] = {}
        self._num_nodes = 0

    def model(self) -> OnnxGraph:
        wire = self._wire
        producer, has_graph = "", False
        for number, kind, at, length in wire.fields(0, wire.size_bytes):
            if kind != BYTES:
                continue
            if number == 7:
                has_graph = True
                self._graph(at, length, 0)
            elif number == 2:
                producer = wire.text(at, length)
            elif number == 25:
                self._function(at, length)
        if not has_graph or not (self._num_nodes or self._tensors):
            raise wire.damaged("it holds no graph")
        return OnnxGraph(
            name=wire.name, file_bytes=wire.size_bytes, producer=producer[:80], num_nodes=self._num_nodes,
            tensors=tuple(self._tensors), uses=self._uses,
        )  # fmt: skip

    def _graph(self, begin: int, length: int, depth: int) -> None:
        if depth > _MOST_NESTED:
            raise self._wire.too_large(f"it nests graphs more than {_MOST_NESTED} deep")
        for number, kind, at, size in self._wire.fields(begin, begin + length):
            if kind != BYTES:
                continue
            if number == 1:
                self._node(at, size, depth)
            elif number == 5:
                self._keep(self._tensor(at, size), unique=not depth)
            elif number == 15:
                self._sparse(at, size)

    def _function(self, begin: int, length: int) -> None:
        for number, kind, at, size in self._wire.fields(begin, begin + length):
            if number == 7 and kind == BYTES:
                self._node(at, size, 0)

    def _node(self, begin: int, length: int, depth: int) -> None:
        wire = self._wire
        self._num_nodes += 1
        inputs: list[str] = []
        texts = {2: "", 3: "", 4: ""}
        numbers: dict[str, int] = {}
        for number, kind, at, size in wire.fields(begin, begin + length):
            if kind != BYTES:
                continue
            if number == 1 and len(inputs) < _MOST_INPUTS:
                inputs.append(wire.text(at, size))
            elif number in texts and not texts[number]:
                texts[number] = wire.text(at, size)
            elif number == 5:
                self._attribute(at, size, numbers, depth, texts[2])
        for place, name in enumerate(inputs):
            before = self._uses.get(name)
            if name and (before is None or (before.operator not in KNOWN and texts[4] in KNOWN)):
                self._uses[name] = OnnxUse(
                    operator=texts[4], node=texts[3], input_index=place, attribute_counts=numbers
                )

    def _attribute(self, begin: int, length: int, numbers: dict[str, int], depth: int, output: str) -> None:
        wire = self._wire
        name = ""
        for number, kind, at, size in wire.fields(begin, begin + length):
            if number == 1 and kind == BYTES:
                name = wire.text(at, size)
            elif number == 3 and kind == VARINT and name in _NUMBERS:
                numbers[name] = at
            elif kind == BYTES and number in (5, 10):
                self._keep(self._tensor(at, size), called=output)
            elif kind == BYTES and number in (6, 11):
                self._graph(at, size, depth + 1)
            elif kind == BYTES and number in (22, 23):
                self._sparse(at, size)

    def _sparse(self, begin: int, length: int) -> None:
        for number, kind, at, size in self._wire.fields(begin, begin + length):
            if kind == BYTES and number in (1, 2):
                self._keep(self._tensor(at, size))

    def _keep(self, tensor: OnnxTensor | None, called: str = "", *, unique: bool = False) -> None:
        """Keep a weight; branches may call theirs as others do."""
        if tensor is None:
            return
        name = tensor.name or called or "constant"
        if name in self._names:
            if unique and tensor.name:
                raise self._wrong("tensor-twice", tensor.name, "is listed twice")
            name = f"{name}#{len(self._tensors)}"
        self._names.add(name)
        self._tensors.append(msgspec.structs.replace(tensor, name=name))
        if len(self._tensors) > MOST_TENSORS:
            raise self._wire.too_large(f"it lists more than {MOST_TENSORS:,} weights")

    def _tensor(self, begin: int, length: int) -> OnnxTensor | None:
        """Return a weight; null for texts."""
        wire = self._wire
        dims: list[int] = []
        kind_number, external, name = 0, False, ""
        raw: tuple[int, int] | None = None
        typed = _Typed()
        places: dict[str, str] = {}
        for number, kind, at, size in wire.fields(begin, begin + length):
            if number == 1:
                dims += [at] if kind == VARINT else wire.varints(at, size, _MOST_DIMENSIONS)
            elif number == 2 and kind == VARINT:
                kind_number = at
            elif number == 8 and kind == BYTES:
                name = wire.text(at, size)
            elif number == _RAW and kind == BYTES:
                raw = (at, size)
            elif number in _TYPED:
                typed.add(number, kind, at, size)
            elif number == 13 and kind == BYTES:
                self._entry(at, size, places)
            elif number == 14 and kind == VARINT:
                external = at == 1
        if kind_number == TEXTS:
            return None
        return self._checked(name, tuple(dims), kind_number, raw, typed, places if external else None)

    def _entry(self, begin: int, length: int, places: dict[str, str]) -> None:
        texts = {1: "", 2: ""}
        for number, kind, at, size in self._wire.fields(begin, begin + length):
            if kind == BYTES and number in texts:
                texts[number] = self._wire.text(at, size)
        if texts[1] in places:
            raise self._wire.damaged(f"a weight states {shown(texts[1])} twice")
        places[texts[1]] = texts[2]

    def _checked(
        self, name: str, shape: tuple[int, ...], kind: int, raw: tuple[int, int] | None, typed: "_Typed",
        places: Mapping[str, str] | None,
    ) -> OnnxTensor:  # fmt: skip
        if len(shape) > _MOST_DIMENSIONS or any(size >= 2**63 for size in shape) or prod(shape) > _MOST_ELEMENTS:
            raise self._wrong("tensor-invalid", name, "has an impossible shape")
        dtype, bits = TYPES.get(kind, (f"type {kind}", 0))
        elements = prod(shape)
        size = -(-elements * bits // 8)
        if places is not None:
            return self._outside(name, dtype, shape, size, places)
        if raw is not None:
            if bits and raw[1] != size:
                raise self._wrong(
                    "tensor-invalid", name, f"of type {dtype} and shape {list(shape)} needs {size:,} bytes, it has "
                    f"{raw[1]:,}",
                )  # fmt: skip
            return OnnxTensor(name=name, dtype=dtype, shape=shape, size_bytes=raw[1], offset_bytes=raw[0])
        if elements and not typed.holds(elements, dtype):
            raise self._wrong("tensor-invalid", name, f"of shape {list(shape)} has no {elements:,} numbers")
        return OnnxTensor(name=name, dtype=dtype, shape=shape, size_bytes=size, offset_bytes=typed.begin)

    def _outside(
        self, name: str, dtype: str, shape: tuple[int, ...], size: int, places: Mapping[str, str]
    ) -> OnnxTensor:  # fmt: skip
        location = places.get("location", "")
        check_name(location, self._wire.name)
        offset, length = (self._number(name, places, key) for key in ("offset", "length"))
        if length is not None and size and length < size:
            raise self._wrong("tensor-invalid", name, f"needs {size:,} bytes, {shown(location)} gives it {length:,}")
        return OnnxTensor(
            name=name, dtype=dtype, shape=shape, size_bytes=size or length or 0, offset_bytes=offset or 0,
            location=location,
        )  # fmt: skip

    def _number(self, name: str, places: Mapping[str, str], key: str) -> int | None:
        text = places.get(key)
        if text is None or text == "":
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise self._wrong("tensor-invalid", name, f"states no number as {key}")
        return int(text)

    def _wrong(self, code: str, name: str, what: str) -> InvalidModelError:
        file = self._wire.name
        return InvalidModelError(
            code, f"{file}: the weight {shown(name)} {what}.", remedy="Download or export it again.", file=file,
            field=name,
        )  # fmt: skip


class _Typed:
    """Numbers that a tensor lists one by one."""

    __slots__ = ("_least", "_most", "begin")

    def __init__(self) -> None:
        self.begin = 0
        self._least = 0
        self._most = 0

    def add(self, number: int, kind: int, at: int, size: int) -> None:
        """Take one field."""
        width = _TYPED[number]
        if kind == BYTES:
            self.begin = self.begin or at
            self._most += size // width
        else:
            self.begin = self.begin or 1
            self._most += 1

    def holds(self, elements: int, dtype: str) -> bool:
        """Tell whether so many numbers can be there."""
        per_item = 8 if dtype in ("U2", "I2", "U4", "I4", "F4") else 1
        return elements <= self._most * per_item


def weight_files(graph: OnnxGraph, sizes: Mapping[str, int], folder: str = "") -> tuple[WeightFile, ...]:
    """Return the file itself and those beside it, each with the weights that lie in it.

    Args:
        graph: the model.
        sizes: [B] Files there are, by name.
        folder: of the model, with a `/` at its end, or empty.

    Raises:
        InvalidModelError: `shard-missing`, `tensor-place-invalid`.
    """
    by_file: dict[str, list[OnnxTensor]] = {"": []}
    for tensor in graph.tensors:
        by_file.setdefault(tensor.location, []).append(tensor)
    made = []
    for location, tensors in by_file.items():
        name = folder + location if location else graph.name
        size = sizes.get(name) if location else graph.file_bytes
        if size is None:
            raise InvalidModelError(
                "shard-missing", f"{graph.name}: the file {shown(location)} with its weights is not there.",
                remedy="Put it beside the model; it is part of the download.", file=graph.name, missing=(location,),
            )  # fmt: skip
        _check_ends(graph.name, location, tensors, size)
        held = sum(item.size_bytes for item in tensors)
        unknown = dict.fromkeys(item.dtype for item in tensors if item.dtype.startswith("type "))
        made.append(
            WeightFile(
                name=name, container="onnx", file_bytes=size, header_bytes=0 if location else max(0, size - held),
                tensors=tuple(map(_info, tensors)), unpacked_sizes=unpacked(tensors, graph.uses),
                unknown_types=tuple(unknown)[:_MOST_SHOWN],
            )
        )  # fmt: skip
    return tuple(made)


def _check_ends(file: str, location: str, tensors: list[OnnxTensor], size: int) -> None:
    for item in tensors:
        if location and item.offset_bytes + item.size_bytes > size:
            raise InvalidModelError(
                "tensor-place-invalid",
                f"{file}: the weight {shown(item.name)} should end at byte {item.offset_bytes + item.size_bytes:,} of "
                f"{shown(location)}, which has {size:,}.",
                remedy="Download both files again.", file=file, field=item.name,
            )  # fmt: skip


def _info(item: OnnxTensor) -> TensorInfo:
    return TensorInfo(
        name=item.name, dtype=item.dtype, shape=item.shape, offset_bytes=item.offset_bytes, size_bytes=item.size_bytes
    )
