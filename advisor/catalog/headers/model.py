"""What the headers of weight files say. Pure values."""

from math import prod
from typing import Literal

import msgspec

Container = Literal["safetensors", "gguf", "onnx"]
ArrayItem = int | float | bool | str


class ArrayNote(msgspec.Struct, frozen=True, kw_only=True):
    """An array in the metadata of a GGUF file: a vocabulary is counted, a short list is kept."""

    kind: str
    """`string`, `uint32`, `float32`, ..."""
    num_items: int
    items: tuple[ArrayItem, ...] = ()
    """All items of a short list, none of a long one."""


MetadataValue = int | float | bool | str | ArrayNote


class TensorInfo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One tensor of a file, as its header states it and as it was checked against the file's size."""

    name: str
    dtype: str
    """In the words of the format: `BF16`, `F32`, `I32`; `Q4_K`, `MXFP4`; `type 99` for what is not known."""
    shape: tuple[int, ...]
    """Rows first, as PyTorch writes it; a GGUF file states it the other way round."""
    offset_bytes: int
    """[B] Where it begins in the file."""
    size_bytes: int

    def num_elements(self) -> int:
        """Return the numbers stored: 1 for a scalar."""
        return prod(self.shape)


class WeightFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file without its weights."""

    name: str
    container: Container
    file_bytes: int
    header_bytes: int
    """[B] Before the first weight."""
    tensors: tuple[TensorInfo, ...]
    metadata: dict[str, MetadataValue] = {}
    unknown_types: tuple[str, ...] = ()
    """Types of numbers that this app does not know; their bytes are counted, what they mean is not."""
    unpacked_sizes: dict[str, tuple[str, tuple[int, ...]]] = {}
    """Only of ONNX, where operators tell it: stored name of a parameter -> name and shape as the model sees them."""
    trailing_bytes: int = 0
    """[B] After the last weight; only GGUF files may have some."""

    def weight_bytes(self) -> int:
        """Return the bytes of all tensors."""
        return sum(tensor.size_bytes for tensor in self.tensors)

    def num_elements(self) -> int:
        """Return the numbers stored in all tensors."""
        return sum(tensor.num_elements() for tensor in self.tensors)


class TypeTotal(msgspec.Struct, frozen=True, kw_only=True):
    """All tensors of one type of number."""

    dtype: str
    num_tensors: int
    num_elements: int
    size_bytes: int


def by_type(tensors: tuple[TensorInfo, ...]) -> tuple[TypeTotal, ...]:
    """Return tensors summed by their type, the most bytes first."""
    sums: dict[str, list[int]] = {}
    for tensor in tensors:
        row = sums.setdefault(tensor.dtype, [0, 0, 0])
        row[0] += 1
        row[1] += tensor.num_elements()
        row[2] += tensor.size_bytes
    rows = (
        TypeTotal(dtype=dtype, num_tensors=row[0], num_elements=row[1], size_bytes=row[2])
        for dtype, row in sums.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.size_bytes, row.dtype)))
