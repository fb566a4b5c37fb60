"""Below which number must ids lie that a graph looks up? Follows an input to the tables it indexes."""

from collections.abc import Iterable, Mapping

import onnx
from onnx import numpy_helper

from advisor.graphs.onnx_file.check import num_elements

_SAME_VALUES = frozenset({
    "Cast", "Identity", "Unsqueeze", "Squeeze", "Reshape", "Flatten", "Transpose", "Expand", "Slice", "Tile", "Split",
    "Concat",
})  # fmt: skip
"""Operators that hand their first input's values on."""
_TABLE_AND_IDS = {"Gather": ((0, 1),), "GatherBlockQuantized": ((0, 1),), "EmbedLayerNormalization": ((2, 0), (4, 1))}
"""Operator -> pairs of table and ids, by place among its inputs."""


def id_limits(
    inputs: Iterable[str], nodes: Iterable[onnx.NodeProto], tensors: Mapping[str, onnx.TensorProto]
) -> dict[str, int]:
    """Return the rows of the smallest table that each input is looked up in, for inputs that are.

    Args:
        inputs: names.
        nodes: of all graphs, in their order.
        tensors: weights and constants by name.
    """
    source = {name: name for name in inputs}
    limits: dict[str, int] = {}
    for node in nodes:
        names = list(node.input)
        if node.op_type in _SAME_VALUES and names and names[0] in source:
            source.update((output, source[names[0]]) for output in node.output)
        for ids, rows in _looked_up(node, names, tensors):
            if ids in source and rows > 0:
                limits[source[ids]] = min(rows, limits.get(source[ids], rows))
    return limits


def _looked_up(
    node: onnx.NodeProto, names: list[str], tensors: Mapping[str, onnx.TensorProto]
) -> Iterable[tuple[str, int]]:
    """Yield the name of the ids and the rows of the table, for each look-up of a node."""
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    for table, ids in _TABLE_AND_IDS.get(node.op_type, ()):
        if max(table, ids) < len(names) and axis == 0 and names[table] in tensors:
            dims = tensors[names[table]].dims
            if dims:
                yield names[ids], dims[0]
    if node.op_type == "OneHot" and len(names) > 1 and names[1] in tensors:
        depth = tensors[names[1]]
        if depth.data_type == onnx.TensorProto.INT64 and depth.raw_data and num_elements(depth) == 1:
            yield names[0], int(numpy_helper.to_array(depth).reshape(-1)[0])
