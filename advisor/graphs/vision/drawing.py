"""A network drawn as plain data: its operators and weights with all shapes known. Pure.

One drawing serves three ends: its weights are counted (parameters, bytes in each storage), the memory of its
intermediate results is followed from node to node, and `build` writes it as a graph. So they cannot contradict each
other; the catalog's own count of the same model is made apart, and a test holds the two together.
"""

import math
from collections import Counter
from typing import Any, Literal

import msgspec

from advisor.graphs.recipe import DataType
from advisor.graphs.storage import FLOAT_BYTES, Storage

LINEAR, EMBEDDING = "Linear", "Embedding"
"""Not ONNX operators: products and look-ups whose weights a format may quantize. `build` knows what they become."""
Fill = Literal["normal", "ones", "cosine", "sine"]
_VIEWS = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Identity"})
"""Operators whose output is their input's buffer under another shape."""


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """A value in the graph."""

    name: str
    shape: tuple[int, ...]
    data_type: DataType = "float32"
    """Of an input; results within are what their operators give."""

    @property
    def num_elements(self) -> int:
        """Elements of it."""
        return math.prod(self.shape)


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """A tensor of the file. A matrix has the shape (inputs, outputs)."""

    name: str
    shape: tuple[int, ...]
    kind: Literal["matrix", "embedding", "floats"] = "floats"
    fill: Fill = "normal"
    scale: float = 0.02
    """[1] Standard deviation of `normal`."""
    num_parameters: int
    """What it stands for in the published model: a bias that a batch norm was folded into stands for two vectors, a
    table that exporters compute for none."""

    def size_bytes(self, storage: Storage) -> int:
        """Return its bytes in that storage, in bytes; all but matrices and tables of words stay 32-bit floats."""
        if self.kind == "floats":
            return math.prod(self.shape) * FLOAT_BYTES
        num_in, num_out = self.shape if self.kind == "matrix" else self.shape[::-1]
        return storage.linear_bytes(num_in, num_out)


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """Weights of a product: a matrix and, where it has one, the bias that is added."""

    name: str
    num_in: int
    num_out: int
    bias: bool


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One operator."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[Tensor, ...]
    attributes: dict[str, Any] = {}
    idle: bool = False
    """In the file and in memory, but not run for a query."""


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A whole network."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    weights: tuple[Weight, ...]
    idle_input: Tensor | None = None
    """Token ids of the part that is loaded and not run."""
    idle_output: Tensor | None = None

    def num_parameters(self) -> int:
        """Return the parameters of the published model that this draws."""
        return sum(weight.num_parameters for weight in self.weights)

    def weight_bytes(self, storage: Storage) -> int:
        """Return the bytes of all weights, in bytes."""
        return sum(weight.size_bytes(storage) for weight in self.weights)

    def peak_elements(self) -> int:
        """Return the most elements of intermediate results that are alive at once while one query runs."""
        nodes = [node for node in self.nodes if not node.idle]
        root: dict[str, str] = {}
        for node in nodes:
            if node.operator in _VIEWS:
                root[node.outputs[0].name] = root.get(node.inputs[0], node.inputs[0])
        readers = Counter(root.get(name, name) for node in nodes for name in node.inputs)
        size = {tensor.name: tensor.num_elements for tensor in self.inputs}
        live = peak = sum(size.values())
        for node in nodes:
            for output in node.outputs:
                size[output.name] = 0 if output.name in root else output.num_elements
                live += size[output.name]
            peak = max(peak, live)
            for name in node.inputs:
                kept = root.get(name, name)
                readers[kept] -= 1
                live -= size[kept] if kept in size and readers[kept] == 0 else 0
        return peak
