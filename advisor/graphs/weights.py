"""Made-up weights, streamed into one external data file. Values are finite and far from denormal.

The same few megabytes of random numbers are written again and again, shifted, so that writing runs at the disk's speed
and needs little memory. What the values are changes neither speed nor memory; that they are not all alike keeps the
arithmetic units as busy as real ones.
"""

import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import numpy as np
import onnx

from advisor import units
from advisor.errors import OutputError
from advisor.graphs.weights_limit import INSIDE_LIMIT_BYTES as INSIDE_LIMIT_BYTES

Fill = Literal["normal", "bytes", "ones", "constant", "cosine", "sine"]
_POOL_BYTES = 4 * units.MIB + 4 * 1021
"""[B] Odd against the sizes of rows, so that repeats do not line up."""
_ALIGNMENT_BYTES = 4096
"""[B] A page: the runtime maps tensors instead of reading them."""
_SMALL_BYTES = 4096
_SMALL_ALIGNMENT_BYTES = 64
_SPARE_BYTES = 256 * units.MIB
"""[B] Left free on the disk."""
_ROTARY_BASE = 10000.0
_GRAPH, _INITIALIZER, _RAW_DATA, _LENGTH_DELIMITED = 7, 5, 9, 2
"""Field numbers of ModelProto, GraphProto and TensorProto in onnx.proto3, and the type of all three."""
_NUMPY_TYPES: dict[int, type[np.generic]] = {
    onnx.TensorProto.FLOAT: np.float32,
    onnx.TensorProto.UINT8: np.uint8,
    onnx.TensorProto.INT8: np.int8,
}


class TensorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One initializer to be written."""

    name: str
    shape: tuple[int, ...]
    data_type: int
    """`onnx.TensorProto.FLOAT`, `UINT8` or `INT8`."""
    fill: Fill
    scale: float = 1.0
    """[1] Standard deviation of `normal`, value of `constant`; unused otherwise."""

    def size_bytes(self) -> int:
        """Return the bytes of the tensor, in bytes."""
        return math.prod(self.shape) * np.dtype(_NUMPY_TYPES[self.data_type]).itemsize


def total_bytes(specs: Iterable[TensorSpec]) -> int:
    """Return the bytes of all tensors, without what aligns them, in bytes."""
    return sum(spec.size_bytes() for spec in specs)


def require_space(folder: Path, size_bytes: int) -> None:
    """Check that a file of this size can be written.

    Args:
        folder: where it would go.
        size_bytes: [B] Its size.

    Raises:
        OutputError: `disk-full`; nothing was written.
    """
    free_bytes = shutil.disk_usage(folder).free
    if size_bytes + _SPARE_BYTES > free_bytes:
        raise OutputError(
            "disk-full",
            f"The test model needs {units.size(size_bytes)} in {folder}, where {units.size(free_bytes)} are free.",
            remedy="Free some space, or measure a smaller model or format.",
            folder=str(folder),
            size_bytes=size_bytes,
        )


def write(specs: Iterable[TensorSpec], path: Path, *, seed: int = 0) -> list[onnx.TensorProto]:
    """Write all tensors to one file and return the initializers that point into it.

    Args:
        specs: tensors in the order in which they are written.
        path: data file; its name is stored relative to the graph beside it.
        seed: of the random numbers.

    Raises:
        OutputError: `disk-full`.
    """
    wanted = tuple(specs)
    require_space(path.parent, total_bytes(wanted) + len(wanted) * _ALIGNMENT_BYTES)
    pool = _Pool(seed)
    tensors: list[onnx.TensorProto] = []
    try:
        with path.open("wb") as file:
            for spec in wanted:
                offset = _align(file, spec.size_bytes())
                _fill(file, spec, pool)
                tensors.append(_pointer(spec, path.name, offset))
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_written(path, error) from error
    return tensors


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(
        "disk-full",
        f"The test model could not be written to {path}: {error.strerror or error}.",
        remedy="Free some space, or measure a smaller model or format.",
        folder=str(path.parent),
    )


def write_inside(model: onnx.ModelProto, specs: Iterable[TensorSpec], path: Path, *, seed: int = 0) -> None:
    """Write a graph with its weights in one file, as exporters do below protobuf's limit of 2 GB.

    The message is put together in the file: made in memory it would need twice its size.

    Args:
        model: the graph without these tensors.
        specs: tensors in the order in which they are written.
        path: file to write.
        seed: of the random numbers.

    Raises:
        OutputError: `disk-full`.

    Source:
        Protocol Buffers encoding: a field may be split over several parts of a message; onnx.proto3 for the numbers.
    """
    wanted = tuple(specs)
    require_space(path.parent, total_bytes(wanted))
    heads = [_bare(spec).SerializeToString() for spec in wanted]
    sizes = [
        len(head) + len(_tag(_RAW_DATA, spec.size_bytes())) + spec.size_bytes()
        for head, spec in zip(heads, wanted, strict=True)
    ]
    graph = model.graph.SerializeToString()
    length = len(graph) + sum(len(_tag(_INITIALIZER, size)) + size for size in sizes)
    outside = onnx.ModelProto()
    outside.CopyFrom(model)
    outside.ClearField("graph")
    pool = _Pool(seed)
    try:
        with path.open("wb") as file:
            file.write(outside.SerializeToString() + _tag(_GRAPH, length) + graph)
            for spec, head, size in zip(wanted, heads, sizes, strict=True):
                file.write(_tag(_INITIALIZER, size) + head + _tag(_RAW_DATA, spec.size_bytes()))
                _fill(file, spec, pool)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _not_written(path, error) from error


def _tag(field: int, length: int) -> bytes:
    """Return the head of a field of `length` bytes."""
    number, found = length, bytearray([field << 3 | _LENGTH_DELIMITED])
    while True:
        found.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(found)


class _Pool:
    """Random numbers to copy from, one block for each kind and scale."""

    def __init__(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self._bytes = generator.bytes(_POOL_BYTES)
        signs = generator.integers(0, 2, _POOL_BYTES // 4, dtype=np.int8).astype(np.float32) * 2 - 1
        # Magnitudes of 0.5 to 1.5: mean square 13/12, and no product of a few of them comes near a denormal.
        self._floats = (
            signs * generator.uniform(0.5, 1.5, signs.size).astype(np.float32) / np.float32(math.sqrt(13 / 12))
        )
        self._scaled: dict[float, bytes] = {}
        self._start = 0

    def copy(self, file: BinaryIO, size_bytes: int, scale: float | None) -> None:
        """Write `size_bytes` of random bytes, or of random floats of standard deviation `scale`."""
        block = memoryview(self._bytes if scale is None else self._floats_of(scale))
        start = self._start % len(block)
        while size_bytes > 0:
            piece = block[start : start + size_bytes]
            size_bytes -= file.write(piece)
            start = 0
        self._start += 4 * 4099  # floats stay aligned

    def _floats_of(self, scale: float) -> bytes:
        if scale not in self._scaled:
            self._scaled[scale] = (self._floats * np.float32(scale)).tobytes()
        return self._scaled[scale]


def _fill(file: BinaryIO, spec: TensorSpec, pool: _Pool) -> None:
    if spec.fill == "bytes":
        pool.copy(file, spec.size_bytes(), None)
    elif spec.fill == "normal":
        pool.copy(file, spec.size_bytes(), spec.scale)
    elif spec.fill in ("cosine", "sine"):
        file.write(_rotary(spec).tobytes())
    else:
        value = 1.0 if spec.fill == "ones" else spec.scale
        file.write(np.full(math.prod(spec.shape), value, _NUMPY_TYPES[spec.data_type]).tobytes())


def _rotary(spec: TensorSpec) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Return the angles' cosines or sines. [1] Shape (positions, half a head).

    Source:
        Su et al., RoFormer, arXiv 2104.09864, equation 15.
    """
    positions, half = spec.shape
    angles = np.arange(positions)[:, None] / _ROTARY_BASE ** (np.arange(half) / half)[None]
    return (np.cos(angles) if spec.fill == "cosine" else np.sin(angles)).astype(np.float32)


def _align(file: BinaryIO, size_bytes: int) -> int:
    step = _ALIGNMENT_BYTES if size_bytes >= _SMALL_BYTES else _SMALL_ALIGNMENT_BYTES
    padding = -file.tell() % step
    file.write(bytes(padding))
    return file.tell()


def _bare(spec: TensorSpec) -> onnx.TensorProto:
    return onnx.TensorProto(name=spec.name, dims=spec.shape, data_type=spec.data_type)


def _pointer(spec: TensorSpec, file_name: str, offset: int) -> onnx.TensorProto:
    tensor = _bare(spec)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", file_name), ("offset", str(offset)), ("length", str(spec.size_bytes()))):
        tensor.external_data.add(key=key, value=value)
    return tensor
