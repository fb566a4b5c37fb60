"""What encoder-decoders are put together from, in the operators that torch.onnx (opset 20) writes. Imports onnx.

Norms and activations are taken apart as there; what of it is fused again is the runtime's affair.

Source: exports of transformers 5.24 by torch.onnx of torch 2.13, recorded in tests/data/exports.
"""

import math

import msgspec
from onnx import TensorProto

from advisor.graphs.builder import GraphBuilder
from advisor.graphs.seq2seq.shape import RELATIVE_BUCKETS, RELATIVE_DISTANCE, Activation, Seq2SeqShape, Stack

_RMS_EPSILON = 1e-6
_BLOCKED = float("-inf")
_LEAST = -3.4028234663852886e38


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """What attention of one kind shares over all layers: names of values in the graph."""

    flat: str = ""
    """Dims of the keys of all heads in one row, to turn them round; empty where nothing is scaled."""
    turned: str = ""
    """Dims of the turned keys, head by head."""
    added: tuple[str, ...] = ()
    """Added to the scores: masks, biases by distance."""


def sides(
    graph: GraphBuilder, shape: Seq2SeqShape, name: str, batched: str, tokens: str, added: tuple[str, ...]
) -> Sides:
    """Return what attention over some keys shares.

    Args:
        graph: under construction.
        shape: of the model.
        name: of the kind of attention.
        batched: any value whose first axis is the batch.
        tokens: how many keys there are, a list of one.
        added: masks and biases.
    """
    if shape.traits.scaling == "none":
        return Sides(added=added)
    size, batch = graph.constant([shape.head_size]), graph.node("Shape", [batched], [f"{name}/batch"], start=0, end=1)
    outer = [batch, graph.constant([shape.num_heads])]
    return Sides(
        flat=graph.node("Concat", [graph.constant([-1]), tokens, size], [f"{name}/flat"], axis=0),
        turned=graph.node("Concat", [*outer, size, tokens], [f"{name}/turned"], axis=0), added=added,
    )  # fmt: skip


def norm(graph: GraphBuilder, shape: Seq2SeqShape, name: str, x: str) -> str:
    """Normalize the last axis."""
    if shape.traits.norm == "layer":
        return graph.norm(name, "layer", x, shape.hidden_size, bias=shape.traits.norm_bias)
    squared = graph.node("Pow", [x, graph.number(2.0)], [f"{name}/squared"])
    mean = graph.node("ReduceMean", [squared, graph.constant([-1])], [f"{name}/mean"], keepdims=1)
    root = graph.node("Sqrt", [graph.node("Add", [mean, graph.number(_RMS_EPSILON)], [f"{name}/kept"])], [f"{name}/r"])
    scaled = graph.node("Mul", [x, graph.node("Reciprocal", [root], [f"{name}/inverse"])], [f"{name}/scaled"])
    return graph.node("Mul", [graph.vector(f"{name}/weight", shape.hidden_size, ones=True), scaled], [f"{name}/out"])


def activate(graph: GraphBuilder, name: str, x: str, kind: Activation) -> str:
    """Apply an activation."""
    if kind == "relu":
        return graph.node("Relu", [x], [f"{name}/relu"])
    if kind == "gelu":
        return graph.node("Gelu", [x], [f"{name}/gelu"])
    if kind == "silu":
        return graph.node("Mul", [x, graph.node("Sigmoid", [x], [f"{name}/sigmoid"])], [f"{name}/silu"])
    half = graph.node("Mul", [x, graph.number(0.5)], [f"{name}/half"])
    cubed = graph.node("Pow", [x, graph.number(3.0)], [f"{name}/cubed"])
    bent = graph.node(
        "Add", [x, graph.node("Mul", [cubed, graph.number(0.044715)], [f"{name}/part"])], [f"{name}/bent"]
    )
    inner = graph.node("Mul", [bent, graph.number(math.sqrt(2 / math.pi))], [f"{name}/inner"])
    gate = graph.node("Add", [graph.node("Tanh", [inner], [f"{name}/tanh"]), graph.number(1.0)], [f"{name}/gate"])
    return graph.node("Mul", [half, gate], [f"{name}/gelu"])


def heads(graph: GraphBuilder, shape: Seq2SeqShape, x: str, y: str) -> str:
    """Return (batch, heads, tokens, head size), named `y`, of (batch, tokens, width)."""
    split = graph.node("Reshape", [x, graph.constant([0, 0, shape.num_heads, shape.head_size])], [f"{x}/split"])
    return graph.node("Transpose", [split], [y], perm=[0, 2, 1, 3])


def query(graph: GraphBuilder, shape: Seq2SeqShape, name: str, x: str) -> str:
    """Return the queries, scaled where the model scales them alone."""
    y = graph.linear(f"{name}/query", x, shape.hidden_size, shape.attention_size, bias=shape.traits.bias)
    if shape.traits.scaling == "query":
        y = graph.node("Mul", [y, graph.number(shape.head_size**-0.5)], [f"{name}/query/scaled"])
    return heads(graph, shape, y, f"{name}/query/heads")


def key(graph: GraphBuilder, shape: Seq2SeqShape, name: str, x: str, y: str) -> str:
    """Return keys by heads, named `y`."""
    bias = shape.traits.bias and shape.traits.key_bias
    product = graph.linear(f"{name}/key", x, shape.hidden_size, shape.attention_size, bias=bias)
    return heads(graph, shape, product, y)


def value(graph: GraphBuilder, shape: Seq2SeqShape, name: str, x: str, y: str) -> str:
    """Return values by heads, named `y`."""
    product = graph.linear(f"{name}/value", x, shape.hidden_size, shape.attention_size, bias=shape.traits.bias)
    return heads(graph, shape, product, y)


def attend(graph: GraphBuilder, shape: Seq2SeqShape, name: str, operands: tuple[str, str, str], shared: Sides) -> str:
    """Return softmax(queries x keys + what is added) x values, and the product behind it.

    Args:
        graph: under construction.
        shape: of the model.
        name: of the attention.
        operands: queries, keys and values by heads.
        shared: over all layers.
    """
    queries, keys, values = operands
    if shape.traits.scaling == "none":
        turned = graph.node("Transpose", [keys], [f"{name}/turned"], perm=[0, 1, 3, 2])
    else:
        flat = graph.node("Reshape", [keys, shared.flat], [f"{name}/flat"])
        turned = graph.node("Transpose", [flat], [f"{name}/flat/turned"], perm=[0, 2, 1])
        turned = graph.node("Reshape", [turned, shared.turned], [f"{name}/turned"])
    if shape.traits.scaling == "both":
        root = graph.number(1 / math.sqrt(math.sqrt(shape.head_size)))
        queries, turned = (graph.node("Mul", [side, root], [f"{side}/scaled"]) for side in (queries, turned))
    scores = graph.node("MatMul", [queries, turned], [f"{name}/scores"])
    for index, added in enumerate(shared.added):
        scores = graph.node("Add", [scores, added], [f"{name}/scores/{index}"])
    shares = graph.node("Softmax", [scores], [f"{name}/shares"], axis=-1)
    if shared.added and shape.traits.scaling != "none":  # rows of which all is masked
        nothing = graph.node("IsNaN", [shares], [f"{name}/nothing"])
        shares = graph.node("Where", [nothing, graph.number(0.0), shares], [f"{name}/some"])
    mixed = graph.node("MatMul", [shares, values], [f"{name}/mixed"])
    joined = graph.node("Transpose", [mixed], [f"{name}/mixed/turned"], perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", [joined, graph.constant([0, 0, shape.attention_size])], [f"{name}/joined"])
    return graph.linear(f"{name}/output", flat, shape.attention_size, shape.hidden_size, bias=shape.traits.bias)


def mlp(graph: GraphBuilder, shape: Seq2SeqShape, name: str, x: str, stack: Stack) -> str:
    """Return two products with an activation between them; three where a second one opens the first."""
    hidden, inner, bias = shape.hidden_size, stack.intermediate_size, shape.traits.mlp_bias
    if stack.gate == "packed":
        both = graph.linear(f"{name}/up", x, hidden, 2 * inner, bias=bias)
        up, gate = f"{name}/first", f"{name}/second"
        graph.node("Split", [both], [up, gate], axis=-1, num_outputs=2)
        y = graph.node("Mul", [activate(graph, name, gate, stack.activation), up], [f"{name}/gated"])
        return graph.linear(f"{name}/down", y, inner, hidden, bias=bias)
    y = activate(graph, name, graph.linear(f"{name}/up", x, hidden, inner, bias=bias), stack.activation)
    if stack.gate == "apart":
        y = graph.node("Mul", [y, graph.linear(f"{name}/side", x, hidden, inner, bias=bias)], [f"{name}/gated"])
    return graph.linear(f"{name}/down", y, inner, hidden, bias=bias)


def text_mask(graph: GraphBuilder, shape: Seq2SeqShape, mask: str) -> str:
    """Return what is added to scores so that nobody looks at padding, of a mask of ones and zeros (batch, tokens)."""
    read = graph.node("Cast", [mask], [f"{mask}/read"], to=TensorProto.BOOL)
    wide = graph.node("Unsqueeze", [read, graph.constant([1, 2])], [f"{mask}/wide"])
    return _added(graph, shape, wide, f"{mask}/added")


def causal_mask(graph: GraphBuilder, shape: Seq2SeqShape, queries: str, keys: str) -> str:
    """Return what is added to scores so that no position looks ahead.

    Args:
        graph: under construction.
        shape: of the model.
        queries: their positions.
        keys: their positions.
    """
    columns = graph.node("Unsqueeze", [queries, graph.constant([1])], ["causal/queries"])
    return _added(graph, shape, graph.node("LessOrEqual", [keys, columns], ["causal/read"]), "causal/added")


def _added(graph: GraphBuilder, shape: Seq2SeqShape, read: str, y: str) -> str:
    blocked = _LEAST if shape.traits.scaling == "none" else _BLOCKED
    return graph.node("Where", [read, graph.number(0.0), graph.number(blocked)], [y])


def distance_bias(
    graph: GraphBuilder, shape: Seq2SeqShape, name: str, queries: str, keys: str, *, both_ways: bool
) -> str:
    """Return a learned bias for each head and distance, (1, heads, queries, keys).

    Args:
        graph: under construction.
        shape: of the model.
        name: of the table.
        queries: their positions.
        keys: their positions.
        both_ways: half of the buckets are for positions ahead.

    Source:
        transformers, modeling_t5.py, `_relative_position_bucket`.
    """
    zero, one = graph.constant([0], scalar=True), graph.constant([1])
    apart = graph.node("Sub", [keys, graph.node("Unsqueeze", [queries, one], [f"{name}/rows"])], [f"{name}/apart"])
    buckets = RELATIVE_BUCKETS // 2 if both_ways else RELATIVE_BUCKETS
    if both_ways:
        ahead = graph.node("Cast", [graph.node("Greater", [apart, zero], [f"{name}/ahead"])], [f"{name}/side"], to=7)
        start = graph.node("Mul", [ahead, graph.constant([buckets], scalar=True)], [f"{name}/start"])
        far = graph.node("Abs", [apart], [f"{name}/far"])
    else:
        start, far = "", graph.node("Neg", [graph.node("Min", [apart, zero], [f"{name}/behind"])], [f"{name}/far"])
    exact = buckets // 2
    near = graph.node("Less", [far, graph.constant([exact], scalar=True)], [f"{name}/near"])
    floats = graph.node("Cast", [far], [f"{name}/floats"], to=TensorProto.FLOAT)
    grown = graph.node("Log", [graph.node("Div", [floats, graph.number(exact)], [f"{name}/share"])], [f"{name}/log"])
    factor = graph.number((buckets - exact) / math.log(RELATIVE_DISTANCE / exact))
    steps = graph.node("Cast", [graph.node("Mul", [grown, factor], [f"{name}/grown"])], [f"{name}/steps"], to=7)
    large = graph.node("Add", [steps, graph.constant([exact], scalar=True)], [f"{name}/large"])
    capped = graph.node("Min", [large, graph.constant([buckets - 1], scalar=True)], [f"{name}/capped"])
    found = graph.node("Where", [near, far, capped], [f"{name}/found"])
    if both_ways:
        found = graph.node("Add", [found, start], [f"{name}/bucket"])
    table = graph.weight(f"{name}/weight", RELATIVE_BUCKETS, shape.num_heads, scale=0.5)
    rows = graph.node("Gather", [table, found], [f"{name}/biases"], axis=0)
    turned = graph.node("Transpose", [rows], [f"{name}/turned"], perm=[2, 0, 1])
    return graph.node("Unsqueeze", [turned, graph.constant([0])], [f"{name}/bias"])
