"""Dense decoders with made-up weights, in the operators that onnxruntime-genai's builder emits for CPUs.

As there, logits of all positions are returned (its option `prune_lm_head` is off unless asked for), and the cache of
32-bit floats is bound as past and as present at once.

Source: onnxruntime-genai, src/python/py/models/builders/base.py (operators and their order); option `prune_lm_head`
added by its pull request 1995.
"""

from pathlib import Path

from onnx import TensorProto

from advisor.graphs.builder import MICROSOFT, GraphBuilder
from advisor.graphs.shape import DecoderShape
from advisor.graphs.storage import Storage
from advisor.graphs.text import past_name, present_name

LOGITS = "logits"
HIDDEN_STATES = "hidden_states"
_Shared = tuple[str, ...]


def build(
    shape: DecoderShape,
    storage: Storage,
    path: Path,
    *,
    num_layers: int | None = None,
    num_positions: int | None = None,
    with_head: bool = True,
    last_logits_only: bool = False,
) -> int:
    """Write a decoder.

    Args:
        shape: the whole model.
        storage: of its matrices and its embedding table.
        path: graph file; its folder exists.
        num_layers: layers kept from the first; all by default.
        num_positions: [tokens] Longest context the tables of rotary positions must serve; the model's by default.
        with_head: False returns hidden states, as an embedding model does.
        last_logits_only: multiply by the head for the last token only.

    Returns:
        [B] Size of all weights.

    Raises:
        OutputError: `disk-full`.
    """
    layers = shape.num_layers if num_layers is None else num_layers
    return _Decoder(shape, storage, layers, num_positions or shape.num_positions, with_head, last_logits_only).save(
        path
    )


class _Decoder:
    """One decoder under construction. `_residual` is the running sum, `_normed` what the next half reads."""

    def __init__(
        self, shape: DecoderShape, storage: Storage, layers: int, positions: int, with_head: bool, last_only: bool
    ) -> None:
        self._shape = shape
        self._graph = GraphBuilder(storage)
        self._lengths = self._declare_lengths()
        self._rotary = () if shape.num_learned_positions else self._graph.rotary(positions, shape.head_size)
        self._residual, table = self._embed()
        self._pending = ""  # output of the last half that is still to be added to the residual
        for layer in range(layers):
            self._layer(layer)
        hidden = self._read("final_norm")
        if with_head:
            self._head(hidden, table, last_only)
        else:
            self._graph.node("Identity", [hidden], [HIDDEN_STATES])
            self._graph.output(HIDDEN_STATES, TensorProto.FLOAT, ["batch", "tokens", shape.hidden_size])

    def save(self, path: Path) -> int:
        """Write the graph."""
        return self._graph.save(path)

    def _declare_lengths(self) -> tuple[str, str]:
        graph = self._graph
        graph.input("input_ids", TensorProto.INT64, ["batch", "tokens"])
        mask = graph.input("attention_mask", TensorProto.INT64, ["batch", "total"])
        total = graph.node("ReduceSum", [mask, graph.constant([1])], ["lengths/sum"], keepdims=0)
        before = graph.node("Sub", [total, graph.constant([1])], ["lengths/last"])
        lengths = graph.node("Cast", [before], ["lengths/each"], to=TensorProto.INT32)
        dims = graph.node("Shape", [mask], ["lengths/dims"])
        longest = graph.node("Gather", [dims, graph.constant([1], scalar=True)], ["lengths/longest"], axis=0)
        return lengths, graph.node("Cast", [longest], ["lengths/total"], to=TensorProto.INT32)

    def _embed(self) -> tuple[str, _Shared]:
        shape, graph = self._shape, self._graph
        rows, table = graph.embedding("embedding", "input_ids", shape.vocab_size, shape.hidden_size)
        if shape.num_learned_positions:
            ids = graph.input("position_ids", TensorProto.INT64, ["batch", "tokens"])
            positions = graph.table("positions/weight", shape.num_learned_positions, shape.hidden_size)
            found = graph.node("Gather", [positions, ids], ["positions/rows"], axis=0)
            rows = graph.node("Add", [rows, found], ["embedding/sum"])
        if shape.scaled_embedding:
            rows = graph.node("Mul", [rows, graph.number(shape.hidden_size**0.5)], ["embedding/scaled"])
        return rows, table

    def _layer(self, layer: int) -> None:
        name = f"layer.{layer}"
        placement = self._shape.norm_placement
        if placement in ("parallel", "parallel-two"):
            self._parallel_layer(name, layer)
            return
        x = self._take() if placement == "post" else self._read(f"{name}/attention_norm")
        self._leave(f"{name}/attention", self._attention(name, layer, x))
        x = self._take() if placement == "post" else self._read(f"{name}/mlp_norm")
        self._leave(f"{name}/mlp", self._mlp(name, x))

    def _parallel_layer(self, name: str, layer: int) -> None:
        """Run attention and MLP side by side on the same residual."""
        first = self._read(f"{name}/attention_norm")
        second = first
        if self._shape.norm_placement == "parallel-two":
            second = self._norm(f"{name}/mlp_norm", self._residual)
        halves = [self._attention(name, layer, first), self._mlp(name, second)]
        self._pending = self._graph.node("Add", halves, [f"{name}/halves"])

    def _read(self, name: str) -> str:
        """Add what is pending to the residual and normalize it: one fused node, as the builder has it."""
        shape = self._shape
        if not self._pending:
            return self._norm(name, self._residual)
        normed, self._residual = self._graph.skip_norm(
            name, shape.norm, self._residual, self._pending, shape.hidden_size, bias=shape.norm_bias
        )
        self._pending = ""
        return normed

    def _take(self) -> str:
        """Add what is pending to the residual; layers that normalize afterwards read it as it is."""
        if self._pending:
            self._residual = self._graph.node("Add", [self._residual, self._pending], [f"{self._pending}/residual"])
            self._pending = ""
        return self._residual

    def _leave(self, name: str, y: str) -> None:
        """Keep the output of one half until the next reads it."""
        if self._shape.norm_placement in ("post", "both"):
            y = self._norm(f"{name}_post_norm", y)
        if self._shape.scaled_residual:
            y = self._graph.node("Mul", [y, self._graph.number(0.22)], [f"{name}_scaled"])
        self._pending = y

    def _norm(self, name: str, x: str) -> str:
        shape = self._shape
        return self._graph.norm(name, shape.norm, x, shape.hidden_size, bias=shape.norm_bias)

    def _attention(self, name: str, layer: int, x: str) -> str:
        shape, graph = self._shape, self._graph
        inputs = self._queries(name, x)
        for part in ("key", "value"):
            dims: list[str | int] = ["batch", shape.num_kv_heads, "capacity", shape.head_size]
            inputs.append(graph.input(past_name(layer, part), TensorProto.FLOAT, dims))
            graph.output(present_name(layer, part), TensorProto.FLOAT, dims)
        windowed = bool(shape.windowed) and shape.windowed[layer]
        attributes = {"softcap": shape.attention_softcap} if shape.attention_softcap else {}
        y = graph.node(
            "GroupQueryAttention", [*inputs, *self._lengths, *self._rotary],
            [f"{name}/attention/out", present_name(layer, "key"), present_name(layer, "value")], domain=MICROSOFT,
            num_heads=shape.num_heads, kv_num_heads=shape.num_kv_heads, scale=shape.head_size**-0.5,
            do_rotary=int(bool(self._rotary)), rotary_interleaved=0,
            local_window_size=(shape.window or -1) if windowed else -1, **attributes,
        )  # fmt: skip
        return graph.linear(f"{name}/attention/output", y, shape.query_size, shape.hidden_size, bias=shape.output_bias)

    def _queries(self, name: str, x: str) -> list[str]:
        """Return query, key and value: packed in the first where nothing sits between product and attention."""
        shape, graph = self._shape, self._graph
        hidden, bias = shape.hidden_size, shape.qkv_bias
        if shape.qk_norm == "none":
            packed = shape.query_size + 2 * shape.kv_size
            return [graph.linear(f"{name}/attention/qkv", x, hidden, packed, bias=bias), "", ""]
        parts = {"query": shape.query_size, "key": shape.kv_size, "value": shape.kv_size}
        found = [graph.linear(f"{name}/attention/{part}", x, hidden, size, bias=bias) for part, size in parts.items()]
        return [
            self._qk_norm(f"{name}/attention/query_norm", found[0], shape.query_size),
            self._qk_norm(f"{name}/attention/key_norm", found[1], shape.kv_size),
            found[2],
        ]

    def _qk_norm(self, name: str, x: str, size: int) -> str:
        shape, graph = self._shape, self._graph
        if shape.qk_norm == "full":
            return graph.norm(name, "rms", x, size, bias=False)
        heads = graph.node("Reshape", [x, graph.constant([0, -1, shape.head_size])], [f"{name}/heads"])
        normed = graph.norm(name, "rms", heads, shape.head_size, bias=False)
        return graph.node("Reshape", [normed, graph.constant([0, -1, size])], [f"{name}/flat"])

    def _mlp(self, name: str, x: str) -> str:
        shape, graph = self._shape, self._graph
        wide, bias = shape.intermediate_size, shape.mlp_bias
        if shape.gated:
            gate = graph.linear(f"{name}/mlp/gate", x, shape.hidden_size, wide, bias=bias)
            up = graph.linear(f"{name}/mlp/up", x, shape.hidden_size, wide, bias=bias)
            y = graph.node("Mul", [self._activate(f"{name}/mlp", gate), up], [f"{name}/mlp/gated"])
        else:
            up = graph.linear(f"{name}/mlp/up", x, shape.hidden_size, wide, bias=bias)
            y = self._activate(f"{name}/mlp", up)
        return graph.linear(f"{name}/mlp/down", y, wide, shape.hidden_size, bias=bias)

    def _activate(self, name: str, x: str) -> str:
        graph, kind = self._graph, self._shape.activation
        if kind == "silu":
            sigmoid = graph.node("Sigmoid", [x], [f"{name}/sigmoid"])
            return graph.node("Mul", [x, sigmoid], [f"{name}/silu"])
        if kind == "gelu":
            return graph.node("FastGelu", [x], [f"{name}/gelu"], domain=MICROSOFT)
        relu = graph.node("Relu", [x], [f"{name}/relu"])
        return relu if kind == "relu" else graph.node("Mul", [relu, relu], [f"{name}/squared"])

    def _head(self, hidden: str, table: _Shared, last_only: bool) -> None:
        shape, graph = self._shape, self._graph
        if last_only:
            last = graph.node("Gather", [hidden, graph.constant([-1])], ["head/last"], axis=1)
            hidden = last
        if shape.tied:
            y = graph.tied_head(hidden, "head/product", table, shape.hidden_size, shape.vocab_size)
            if shape.head_bias:
                y = graph.node("Add", [y, graph.vector("head/bias", shape.vocab_size)], ["head/sum"])
        else:
            y = graph.linear("head", hidden, shape.hidden_size, shape.vocab_size, bias=shape.head_bias)
        if shape.logits_softcap:
            cap = graph.number(shape.logits_softcap)
            small = graph.node("Tanh", [graph.node("Div", [y, cap], ["head/divided"])], ["head/tanh"])
            y = graph.node("Mul", [small, cap], ["head/capped"])
        graph.node("Identity", [y], [LOGITS])
        graph.output(LOGITS, TensorProto.FLOAT, ["batch", "positions", shape.vocab_size])
