"""Writes drawings of vision networks as graphs. Imports onnx: for the building child only."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from advisor.graphs.builder import GraphBuilder
from advisor.graphs.storage import Storage
from advisor.graphs.vision import tables
from advisor.graphs.vision.drawing import EMBEDDING, LINEAR, Drawing, Matrix, Node, Tensor, Weight
from advisor.graphs.vision.networks import drawing
from advisor.graphs.vision.recipe import ASK_TEXT, VisionRecipe
from advisor.graphs.weights import TensorSpec
from advisor.graphs.weights_limit import INSIDE_LIMIT_BYTES

_GRAPH_NAME = "graph.onnx"
_GEMM_AXES = 2
_TYPES = {
    "float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "int32": TensorProto.INT32, "bool": TensorProto.BOOL,
}  # fmt: skip


def build(recipe: VisionRecipe, folder: Path, num_layers: int) -> tuple[Path, ...]:
    """Write the graph of a vision model.

    Args:
        recipe: the whole model.
        folder: where graph and weights go; exists.
        num_layers: layers to keep.

    Raises:
        OutputError: `disk-full`.
    """
    path = folder / _GRAPH_NAME
    inside = recipe.weight_bytes(recipe.num_layers) < INSIDE_LIMIT_BYTES
    write(drawing(recipe.shape, num_layers, recipe.num_batch), recipe.storage, path, inside=inside)
    return (path,)


def write(sheet: Drawing, storage: Storage, path: Path, *, inside: bool = False) -> int:
    """Write a drawing.

    Args:
        sheet: the network.
        storage: of its matrices.
        path: graph file.
        inside: weights go into the graph's own file; else beside it, with `.data` added to its name.

    Returns:
        [B] Size of all weights.
    """
    return _Writer(sheet, storage).save(path, inside=inside)


class _Writer(GraphBuilder):
    """A drawing on its way to a file."""

    def __init__(self, sheet: Drawing, storage: Storage) -> None:
        super().__init__(storage)
        self._sheet = sheet
        self._weights = {weight.name: weight for weight in sheet.weights}
        self._renamed: dict[str, str] = {}
        self._used: set[str] = set()
        for tensor in sheet.inputs:
            self.input(tensor.name, _TYPES[tensor.data_type], list(tensor.shape))
        for node in sheet.nodes:
            if not node.idle:
                self._place(node)
        for index, tensor in enumerate(sheet.outputs):
            self.node("Identity", [self._name(tensor.name)], [f"output_{index}"])
            self.output(f"output_{index}", TensorProto.FLOAT, list(tensor.shape))
        self._place_idle()

    def _place(self, node: Node) -> None:
        attributes = node.attributes
        if node.operator == LINEAR:
            y = self._multiply(attributes["matrix"], self._name(node.inputs[0]), node.outputs[0])
        elif node.operator == EMBEDDING:
            y, _ = self.embedding(attributes["name"], node.inputs[0], *attributes["sizes"])
        else:
            self._add_node(node.operator, [self._name(entry) for entry in node.inputs], node.outputs, attributes)
            return
        self._renamed[node.outputs[0].name] = y

    def _multiply(self, matrix: Matrix, x: str, result: Tensor) -> str:
        """Multiply by a matrix; the nodes of a second use are named after its result."""
        if matrix.name not in self._used:
            self._used.add(matrix.name)
            if self.storage.kind == "float" and len(result.shape) == _GEMM_AXES:
                return self._gemm(matrix, x)
            return self.linear(matrix.name, x, matrix.num_in, matrix.num_out, bias=matrix.bias)
        y, before, self.specs = result.name, self.specs, []
        again = self.linear(y, x, matrix.num_in, matrix.num_out, bias=matrix.bias)
        twins = {spec.name: spec.name.replace(y, matrix.name, 1) for spec in self.specs}
        for node in self._nodes:
            node.input[:] = [twins.get(entry, entry) for entry in node.input]
        self.specs = before
        return again

    def _gemm(self, matrix: Matrix, x: str) -> str:
        """Multiply rows by a matrix and add its bias in one operator, as torch.onnx writes it for two axes."""
        name, scale = matrix.name, 1 / math.sqrt(matrix.num_in)
        operands = [x, self.weight(f"{name}/weight", matrix.num_in, matrix.num_out, scale=scale)]
        if matrix.bias:
            operands.append(self.vector(f"{name}/bias", matrix.num_out))
        return self.node("Gemm", operands, [f"{name}/sum"])

    def _add_node(
        self, operator: str, inputs: list[str], outputs: tuple[Tensor, ...], attributes: dict[str, Any]
    ) -> None:
        names = [output.name for output in outputs]
        self._nodes.append(helper.make_node(operator, inputs, names, name=names[0], **attributes))

    def _name(self, entry: str) -> str:
        """Return the name of an input; weights and constants are made when they are first asked for."""
        kind, _, value = entry.partition(":")
        if kind == "number":
            return self.number(float(value))
        if kind == "integers":
            return self.constant([int(part) for part in value.split(",")])
        if kind == "numbers":
            return self._floats(entry, [float(part) for part in value.split(",")])
        if kind in ("square", "line"):
            return self._relative(entry, int(value), square=kind == "square")
        if kind == "scalar":
            return self.constant([int(value)], scalar=True)
        if value and kind in tables.KINDS:
            return self._table(entry, tables.KINDS[kind](*(int(part) for part in value.split(","))))
        weight = self._weights.pop(entry, None)
        if weight is not None:
            self.specs.append(_spec(weight))
        return self._renamed.get(entry, entry)

    def _floats(self, name: str, values: list[float]) -> str:
        self._constants.setdefault(name, helper.make_tensor(name, TensorProto.FLOAT, [len(values)], values))
        return name

    def _table(self, name: str, values: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> str:
        self._constants.setdefault(name, numpy_helper.from_array(values, name))
        return name

    def _relative(self, name: str, side: int, *, square: bool) -> str:
        """Return which row of a table of distances each pair of places reads, of a line or of a square window."""
        steps = np.arange(side)
        apart = steps[:, None] - steps[None, :] + side - 1
        if square:
            width = 2 * side - 1
            apart = (apart[:, None, :, None] * width + apart[None, :, None, :]).reshape(side * side, side * side)
        tensor = numpy_helper.from_array(apart.astype(np.int64).reshape(-1), name)
        self._constants.setdefault(name, tensor)
        return name

    def _place_idle(self) -> None:
        """Put what is loaded and not run into a branch that is never taken."""
        ids, result = self._sheet.idle_input, self._sheet.idle_output
        if ids is None or result is None:
            return
        self.input(ids.name, TensorProto.INT64, list(ids.shape))
        self.input(ASK_TEXT, TensorProto.BOOL, [])
        run, self._nodes = self._nodes, []
        for node in self._sheet.nodes:
            if node.idle:
                self._place(node)
        self.node("Identity", [self._name(result.name)], ["text/result"])
        branch, self._nodes = self._nodes, run
        value = helper.make_tensor_value_info("text/result", TensorProto.FLOAT, list(result.shape))
        then = helper.make_graph(branch, "text", [], [value])
        nothing = helper.make_tensor("nothing/value", TensorProto.FLOAT, result.shape, [0.0] * result.num_elements)
        info = helper.make_tensor_value_info("nothing", TensorProto.FLOAT, list(result.shape))
        other = helper.make_graph([helper.make_node("Constant", [], ["nothing"], value=nothing)], "none", [], [info])
        self._nodes.append(
            helper.make_node("If", [ASK_TEXT], ["text_output"], name="text", then_branch=then, else_branch=other)
        )
        self.output("text_output", TensorProto.FLOAT, list(result.shape))


def _spec(weight: Weight) -> TensorSpec:
    return TensorSpec(
        name=weight.name, shape=weight.shape, data_type=onnx.TensorProto.FLOAT, fill=weight.fill, scale=weight.scale
    )
