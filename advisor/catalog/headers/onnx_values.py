"""What an ONNX file says of its weights. Pure values."""

from math import prod

import msgspec


class OnnxTensor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One weight."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    offset_bytes: int
    location: str = ""
    """File beside the model that holds it, empty for the model itself."""

    def num_elements(self) -> int:
        """Return the numbers stored."""
        return prod(self.shape)


class OnnxUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An operator that takes a weight."""

    operator: str
    node: str
    input_index: int
    """Which input the weight is."""
    attribute_counts: dict[str, int] = {}


class OnnxGraph(msgspec.Struct, frozen=True, kw_only=True):
    """A model without its weights."""

    name: str
    file_bytes: int
    producer: str
    num_nodes: int
    tensors: tuple[OnnxTensor, ...]
    uses: dict[str, OnnxUse]
    """Weight -> the first operator that takes it."""
