"""Heads that are turned by their position, in pairs that lie beside each other (Moonshine). Imports onnx.

Source: transformers, modeling_moonshine.py, `apply_rotary_pos_emb`, as torch.onnx writes it.
"""

import math

import msgspec
from onnx import TensorProto

from advisor.graphs.builder import GraphBuilder
from advisor.graphs.seq2seq.shape import Seq2SeqShape

_TURNED_SHARE = 0.9
_BASE = 10000.0
_END = 2**62


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Cosines and sines of some positions: names of values in the graph, (1, 1, tokens, elements turned)."""

    cosine: str
    sine: str


def turn(graph: GraphBuilder, shape: Seq2SeqShape, positions: str) -> Turn:
    """Return cosines and sines, once for all layers.

    Args:
        graph: under construction.
        shape: of the model.
        positions: whole numbers, one an entry.
    """
    size = _num_turned(shape)
    zero, one = graph.constant([0], scalar=True), graph.constant([1], scalar=True)
    places = graph.node("Range", [zero, graph.constant([size // 2], scalar=True), one], ["turn/places"])
    slowed = graph.node(
        "Mul", [_floats(graph, places), graph.number(-2 * math.log(_BASE) / size)], ["turn/exponents"]
    )  # fmt: skip
    speeds = graph.node("Exp", [slowed], ["turn/speeds"])
    rows = graph.node("Unsqueeze", [_floats(graph, positions), graph.constant([1])], ["turn/rows"])
    angles = graph.node("Mul", [rows, speeds], ["turn/angles"])
    deep = graph.node("Unsqueeze", [angles, graph.constant([-1])], ["turn/deep"])
    twice = graph.node("Concat", [deep, deep], ["turn/twice"], axis=-1)
    flat = graph.node("Reshape", [twice, graph.constant([1, 1, -1, size])], ["turn/flat"])
    return Turn(cosine=graph.node("Cos", [flat], ["turn/cosine"]), sine=graph.node("Sin", [flat], ["turn/sine"]))


def turned(graph: GraphBuilder, shape: Seq2SeqShape, x: str, by: Turn) -> str:
    """Return x, (batch, heads, tokens, head size), its first elements turned."""
    size = _num_turned(shape)
    first, rest = _cut(graph, x, 0, size), _cut(graph, x, size, _END)
    even, odd = _cut(graph, first, 0, _END, step=2), _cut(graph, first, 1, _END, step=2)
    parts = [
        graph.node("Unsqueeze", [part, graph.constant([-1])], [f"{part}/deep"])
        for part in (graph.node("Neg", [odd], [f"{odd}/negative"]), even)
    ]
    pairs = graph.node("Concat", parts, [f"{x}/pairs"], axis=-1)
    across = graph.node("Reshape", [pairs, graph.constant([0, 0, -1, size])], [f"{x}/across"])
    straight = graph.node("Mul", [first, by.cosine], [f"{x}/straight"])
    added = graph.node("Add", [straight, graph.node("Mul", [across, by.sine], [f"{x}/sideways"])], [f"{x}/added"])
    return graph.node("Concat", [added, rest], [f"{x}/turned/whole"], axis=-1)


def _num_turned(shape: Seq2SeqShape) -> int:
    return int(_TURNED_SHARE * shape.head_size) // 2 * 2


def _floats(graph: GraphBuilder, x: str) -> str:
    return graph.node("Cast", [x], [f"{x}/floats"], to=TensorProto.FLOAT)


def _cut(graph: GraphBuilder, x: str, begin: int, end: int, *, step: int = 1) -> str:
    bounds = [graph.constant([begin]), graph.constant([end]), graph.constant([3]), graph.constant([step])]
    return graph.node("Slice", [x, *bounds], [f"{x}/{begin}_{step}"])
