"""Writes the graphs of a calibration: single kernels in chains, with made-up weights. For the building child only."""

from pathlib import Path

from onnx import TensorProto

from advisor.graphs import decoder
from advisor.graphs.builder import EPSILON, MICROSOFT, GraphBuilder
from advisor.graphs.kernel_case import (
    STORAGES,
    Convolutions,
    DecoderAttention,
    Elements,
    KernelCase,
    Matrices,
    Operators,
    ReaderAttention,
    TokenLayers,
)
from advisor.graphs.storage import FLOAT32

OUTPUT = "output"


def build(case: KernelCase, path: Path) -> int:
    """Write the graph of one kernel.

    Args:
        case: kernel and sizes.
        path: graph file; its folder exists.

    Returns:
        [B] Size of all weights.

    Raises:
        OutputError: `disk-full`.
    """
    if isinstance(case, TokenLayers):
        return decoder.build(case.shape(), STORAGES["int4"], path, with_head=False)
    graph = GraphBuilder(STORAGES[case.family] if isinstance(case, Matrices) else FLOAT32)
    if isinstance(case, Matrices):
        last, shape = _matrices(graph, case)
    elif isinstance(case, DecoderAttention):
        last, shape = _decoder_attention(graph, case)
    elif isinstance(case, ReaderAttention):
        last, shape = _reader_attention(graph, case)
    elif isinstance(case, Convolutions):
        last, shape = _convolutions(graph, case)
    elif isinstance(case, Elements):
        last, shape = _elements(graph, case)
    else:
        last, shape = _operators(graph, case)
    graph.node("Identity", [last], [OUTPUT])
    graph.output(OUTPUT, TensorProto.FLOAT, shape)
    return graph.save(path)


_Built = tuple[str, list[str | int]]


def _matrices(graph: GraphBuilder, case: Matrices) -> _Built:
    x = graph.input("x", TensorProto.FLOAT, ["rows", case.narrow])
    for pair in range(case.num_pairs):
        x = graph.linear(f"up.{pair}", x, case.narrow, case.wide)
        x = graph.linear(f"down.{pair}", x, case.wide, case.narrow)
    return x, ["rows", case.narrow]


def _decoder_attention(graph: GraphBuilder, case: DecoderAttention) -> _Built:
    """Read the same packed queries, keys and values in all layers; their caches are their own."""
    packed = (case.num_heads + 2 * case.num_kv_heads) * case.head_size
    x = graph.input("x", TensorProto.FLOAT, ["batch", "tokens", packed])
    mask = graph.input("attention_mask", TensorProto.INT64, ["batch", "total"])
    total = graph.node("ReduceSum", [mask, graph.constant([1])], ["lengths/sum"], keepdims=0)
    before = graph.node("Sub", [total, graph.constant([1])], ["lengths/last"])
    lengths = graph.node("Cast", [before], ["lengths/each"], to=TensorProto.INT32)
    dims = graph.node("Shape", [mask], ["lengths/dims"])
    longest = graph.node("Gather", [dims, graph.constant([1], scalar=True)], ["lengths/longest"], axis=0)
    whole = graph.node("Cast", [longest], ["lengths/total"], to=TensorProto.INT32)
    rotary = graph.rotary(case.num_capacity_tokens, case.head_size)
    found = []
    for layer in range(case.num_layers):
        cache, names = [], []
        for part in ("key", "value"):
            shape: list[str | int] = ["batch", case.num_kv_heads, "capacity", case.head_size]
            cache.append(graph.input(f"past.{layer}.{part}", TensorProto.FLOAT, shape))
            names.append(graph.output(f"present.{layer}.{part}", TensorProto.FLOAT, shape))
        y = graph.node(
            "GroupQueryAttention", [x, "", "", *cache, lengths, whole, *rotary], [f"attention.{layer}", *names],
            domain=MICROSOFT, num_heads=case.num_heads, kv_num_heads=case.num_kv_heads, scale=case.head_size**-0.5,
            do_rotary=1, rotary_interleaved=0, local_window_size=-1,
        )  # fmt: skip
        found.append(y)
    width = case.num_heads * case.head_size
    return graph.node("Sum", found, ["attention/all"]), ["batch", "tokens", width]


def _reader_attention(graph: GraphBuilder, case: ReaderAttention) -> _Built:
    width = case.num_heads * case.head_size
    x = graph.input("x", TensorProto.FLOAT, ["batch", "tokens", width])
    mask = graph.input("attention_mask", TensorProto.INT64, ["batch", "tokens"])
    padding = graph.node("Cast", [mask], ["mask/padding"], to=TensorProto.INT32)
    y = x
    for layer in range(case.num_layers):
        y = graph.node(
            "MultiHeadAttention", [y, x, x, "", padding], [f"attention.{layer}"], domain=MICROSOFT,
            num_heads=case.num_heads,
        )  # fmt: skip
    return y, ["batch", "tokens", width]


def _convolutions(graph: GraphBuilder, case: Convolutions) -> _Built:
    shape: list[str | int] = ["batch", case.channels, case.side, case.side]
    x = graph.input("x", TensorProto.FLOAT, shape)
    inputs = 1 if case.depthwise else case.channels
    for layer in range(case.num_layers):
        size = (case.channels, inputs, case.kernel, case.kernel)
        weight = graph.weight(f"convolution.{layer}/weight", *size, scale=(inputs * case.kernel**2) ** -0.5)
        x = graph.node(
            "Conv", [x, weight], [f"convolution.{layer}"], group=case.channels if case.depthwise else 1,
            auto_pad="SAME_UPPER",
        )  # fmt: skip
    return x, shape


def _elements(graph: GraphBuilder, case: Elements) -> _Built:
    """Chain layers; what went in is added or gated again, so that values neither vanish nor run away."""
    shape: list[str | int] = ["batch", "rows", case.width]
    x = start = graph.input("x", TensorProto.FLOAT, shape)
    for layer in range(case.num_layers):
        name = f"layer.{layer}"
        if case.what == "norm":
            tail = [graph.vector(f"{name}/{part}", case.width, ones=part == "weight") for part in ("weight", "shift")]
            x = graph.node(
                "SkipLayerNormalization", [x, start, *tail], [f"{name}/out"], domain=MICROSOFT, epsilon=EPSILON
            )
        elif case.what == "rms":
            x, start = graph.skip_norm(name, "rms", x, start, case.width, bias=False)
        elif case.what == "gelu":
            bias = graph.vector(f"{name}/bias", case.width, ones=True)
            x = graph.node("BiasGelu", [x, bias], [f"{name}/gelu"], domain=MICROSOFT)
        else:
            sigmoid = graph.node("Sigmoid", [x], [f"{name}/sigmoid"])
            silu = graph.node("Mul", [x, sigmoid], [f"{name}/silu"])
            gated = graph.node("Mul", [silu, start], [f"{name}/gated"])
            x = graph.node("Add", [gated, start], [f"{name}/sum"])
    return x, shape


def _operators(graph: GraphBuilder, case: Operators) -> _Built:
    x = start = graph.input("x", TensorProto.FLOAT, ["rows", 16])
    for place in range(case.num_operators):  # of two values that change, or the optimizer would add them up
        x = graph.node("Sub" if place % 2 else "Add", [x, start], [f"sum.{place}"])
    return x, ["rows", 16]
