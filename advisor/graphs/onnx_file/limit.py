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
_TABLE_AND_IDS = {
    "Gather": ((0, 1),), "GatherBlockQuantized": ((0, 1), (2, 1)), "EmbedLayerNormalization": ((2, 0), (4, 1)),
}  # fmt: skip
"""Operator -> pairs of table and ids, by place among its inputs. A packed table may be reshaped on its way; its scales
have as many rows."""
_ROTARY_PLACES = (7, 8)


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


def head_size(nodes: Iterable[onnx.NodeProto], tensors: Mapping[str, onnx.TensorProto]) -> int:
    """Return the width of an attention head that appends to a cache, 0 where the graph does not tell.

    Source: ONNX Runtime, com.microsoft.GroupQueryAttention: its tables of cosines and sines are half a head wide.
    """
    for node in nodes:
        if node.op_type != "GroupQueryAttention":
            continue
        for place in _ROTARY_PLACES:
            name = node.input[place] if len(node.input) > place else ""
            if name in tensors and len(tensors[name].dims) == 2:
                return 2 * int(tensors[name].dims[1])
    return 0


def _looked_up(
    node: onnx.NodeProto, names: list[str], tensors: Mapping[str, onnx.TensorProto]
) -> Iterable[tuple[str, int]]:
    """Yield the name of the ids and the rows of the table, for each look-up of a node."""
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    for table, ids in _TABLE_AND_IDS.get(node.op_type, ()):
        if max(table, ids) < len(names) and axis == 0 and names[table] in tensors:
            dims = tensors[names[table]].dims
            if len(dims) > 1 or (dims and node.op_type == "Gather"):
                yield names[ids], dims[0]
    if node.op_type == "OneHot" and len(names) > 1 and names[1] in tensors:
        depth = tensors[names[1]]
        if depth.data_type == onnx.TensorProto.INT64 and depth.raw_data and num_elements(depth) == 1:
            yield names[0], int(numpy_helper.to_array(depth).reshape(-1)[0])
