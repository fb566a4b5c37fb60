"""Decoders with made-up weights, in the operators that onnxruntime-genai's builder emits for CPUs.

As there, logits of all positions are returned (its option `prune_lm_head` is off unless asked for), and the cache of
32-bit floats is bound as past and as present at once.

Source: onnxruntime-genai, src/python/py/models/builders/base.py (operators and their order); option `prune_lm_head`
added by its pull request 1995.
"""

from pathlib import Path

from onnx import TensorProto

from advisor.graphs.builder import MICROSOFT, GraphBuilder
from advisor.graphs.hybrid import mixers
from advisor.graphs.layers import Layer
from advisor.graphs.moe import experts, latent
from advisor.graphs.recipe import past_name, present_name
from advisor.graphs.shape import DecoderShape
from advisor.graphs.storage import Storage

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
        num_layers: layers kept, of each kind its share; all by default.
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
        turned = shape.latent.rotary_size if shape.latent is not None else shape.head_size
        self._rotary = self._graph.rotary(positions, turned) if shape.positions == "rotary" else ()
        stated = shape.num_learned_positions or shape.rotary_apart
        self._positions = self._graph.input("position_ids", TensorProto.INT64, ["batch", "tokens"]) if stated else ""
        self._bias = self._distance_bias() if shape.positions == "linear-bias" else ""
        self._residual, table = self._embed()
        self._pending = ""  # output of the last half that is still to be added to the residual
        for index, layer in enumerate(shape.kinds(layers)):
            self._layer(index, layer)
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
            positions = graph.table("positions/weight", shape.num_learned_positions, shape.hidden_size)
            found = graph.node("Gather", [positions, self._positions], ["positions/rows"], axis=0)
            rows = graph.node("Add", [rows, found], ["embedding/sum"])
        if shape.scaled_embedding:
            rows = graph.node("Mul", [rows, graph.number(shape.hidden_size**0.5)], ["embedding/scaled"])
        return (self._norm("embedding_norm", rows) if shape.embedding_norm else rows), table

    def _distance_bias(self) -> str:
        """Return scores that fall with distance, one slope a head (ALiBi): as in BLOOM they depend on the key alone."""
        graph, mask = self._graph, "attention_mask"
        places = graph.node("CumSum", [mask, graph.constant([1], scalar=True)], ["distance/places"])
        floats = graph.node("Cast", [places], ["distance/floats"], to=TensorProto.FLOAT)
        keys = graph.node("Unsqueeze", [floats, graph.constant([1, 2])], ["distance/keys"])
        slopes = graph.weight("distance/slopes", 1, self._shape.num_heads, 1, 1, fill="constant", scale=0.01)
        falls = graph.node("Mul", [slopes, keys], ["distance/rows"])
        counts = [graph.node("Shape", [name], [f"distance/{name}"], start=1) for name in ("input_ids", mask)]
        dims = [graph.node("Shape", [mask], ["distance/batch"], end=1), graph.constant([self._shape.num_heads])]
        wanted = graph.node("Concat", [*dims, *counts], ["distance/dims"], axis=0)
        return graph.node("Expand", [falls, wanted], ["distance/bias"])

    def _layer(self, index: int, layer: Layer) -> None:
        name = f"layer.{index}"
        placement = self._shape.norm_placement
        if placement in ("parallel", "parallel-two"):
            self._parallel_layer(name, index, layer)
            return
        x = self._take() if placement == "post" else self._read(f"{name}/attention_norm")
        self._leave(f"{name}/attention", self._mixer(name, index, layer, x))
        x = self._take() if placement == "post" else self._read(f"{name}/mlp_norm")
        self._leave(f"{name}/mlp", self._feed(name, layer, x))

    def _parallel_layer(self, name: str, index: int, layer: Layer) -> None:
        """Run attention and MLP side by side on the same residual."""
        first = self._read(f"{name}/attention_norm")
        second = first
        if self._shape.norm_placement == "parallel-two":
            second = self._norm(f"{name}/mlp_norm", self._residual)
        halves = [self._mixer(name, index, layer, first), self._feed(name, layer, second)]
        self._pending = self._graph.node("Add", halves, [f"{name}/halves"])

    def _mixer(self, name: str, index: int, layer: Layer, x: str) -> str:
        """Let a layer look at other tokens; attention and a state side by side are added."""
        found = [self._attention(name, index, layer, x)] if layer.attends else []
        if layer.recurs and self._shape.recurrent is not None:
            found.append(mixers.recurrent(self._graph, self._shape.recurrent, name, index, x))
        return found[0] if len(found) == 1 else self._graph.node("Add", found, [f"{name}/mixed"])

    def _feed(self, name: str, layer: Layer, x: str) -> str:
        shape, facts = self._shape, self._shape.experts
        if layer.feed != "experts" or facts is None:
            return self._mlp(f"{name}/mlp", x, shape.intermediate_size)
        y = experts.routed(self._graph, facts, name, x, shape.hidden_size)
        if not facts.shared_size:
            return y
        shared = self._mlp(f"{name}/shared", x, facts.shared_size)
        return experts.joined(self._graph, facts, name, x, (y, shared), shape.hidden_size)

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

    def _attention(self, name: str, index: int, layer: Layer, x: str) -> str:
        shape, graph = self._shape, self._graph
        if shape.latent is not None:
            inputs = latent.queries(graph, shape.latent, f"{name}/attention", x, (shape.hidden_size, shape.num_heads))
            gate = ""
        else:
            inputs, gate = self._queries(name, x)
        y = self._attend(name, index, layer, inputs)
        if shape.latent is not None:
            y = latent.values(graph, shape.latent, f"{name}/attention", y, shape.num_heads)
        if gate:
            opened = graph.node("Sigmoid", [gate], [f"{name}/attention/opened"])
            y = graph.node("Mul", [y, opened], [f"{name}/attention/gated"])
        if shape.inner_norms:
            y = graph.norm(f"{name}/attention/inner_norm", shape.norm, y, shape.query_size, bias=False)
        width = shape.num_heads * shape.latent.value_size if shape.latent is not None else shape.query_size
        return graph.linear(f"{name}/attention/output", y, width, shape.hidden_size, bias=shape.output_bias)

    def _attend(self, name: str, index: int, layer: Layer, inputs: list[str]) -> str:
        shape, graph = self._shape, self._graph
        for part in ("key", "value"):
            dims: list[str | int] = ["batch", shape.num_kv_heads, "capacity", shape.head_size]
            inputs.append(graph.input(past_name(index, part), TensorProto.FLOAT, dims))
            graph.output(present_name(index, part), TensorProto.FLOAT, dims)
        attributes = {"softcap": shape.attention_softcap} if shape.attention_softcap else {}
        rotary = ["", ""] if shape.rotary_apart or not self._rotary else list(self._rotary)
        sinks = graph.vector(f"{name}/attention/sinks", shape.num_heads) if shape.sinks else ""
        extra = ["", self._bias, sinks] if self._bias or sinks else []
        operands = [*inputs, *self._lengths, *(rotary if rotary[0] or extra else []), *extra]
        return graph.node(
            "GroupQueryAttention", operands,
            [f"{name}/attention/out", present_name(index, "key"), present_name(index, "value")], domain=MICROSOFT,
            num_heads=shape.num_heads, kv_num_heads=shape.num_kv_heads, scale=shape.head_size**-0.5,
            do_rotary=int(bool(rotary[0])), rotary_interleaved=0,
            local_window_size=(shape.window or -1) if layer.mixer == "window" else -1, **attributes,
        )  # fmt: skip

    def _queries(self, name: str, x: str) -> tuple[list[str], str]:
        """Return query, key and value, packed in the first where nothing sits between, and the gate if there is one."""
        shape, graph = self._shape, self._graph
        sizes = [shape.query_size * (2 if shape.gated_attention else 1), shape.kv_size, shape.kv_size]
        packed = graph.linear(f"{name}/attention/qkv", x, shape.hidden_size, sum(sizes), bias=shape.qkv_bias)
        if shape.qk_norm == "none":
            return [packed, "", ""], ""
        parts = [f"{name}/attention/{part}" for part in ("query", "key", "value")]
        graph.node("Split", [packed, graph.constant(sizes)], parts, axis=-1)
        query, gate = self._halved(f"{name}/attention", parts[0]) if shape.gated_attention else (parts[0], "")
        key = parts[1]
        if shape.rotary_apart:
            query, key = (self._turn(part) for part in (query, key))
        return [
            self._qk_norm(f"{name}/attention/query_norm", query, shape.query_size),
            self._qk_norm(f"{name}/attention/key_norm", key, shape.kv_size),
            parts[2],
        ], gate

    def _turn(self, x: str) -> str:
        return self._graph.node(
            "RotaryEmbedding", [x, self._positions, *self._rotary], [f"{x}/turned"], domain=MICROSOFT, interleaved=0
        )

    def _halved(self, name: str, x: str) -> tuple[str, str]:
        """Return queries and their gate, which lie head by head beside each other."""
        shape, graph = self._shape, self._graph
        wide = graph.node(
            "Reshape", [x, graph.constant([0, 0, shape.num_heads, 2 * shape.head_size])], [f"{name}/wide"]
        )
        outputs = [f"{name}/query_heads", f"{name}/gate_heads"]
        graph.node("Split", [wide, graph.constant(2 * [shape.head_size])], outputs, axis=-1)
        flat = graph.constant([0, 0, shape.query_size])
        query, gate = (graph.node("Reshape", [part, flat], [f"{part}/flat"]) for part in outputs)
        return query, gate

    def _qk_norm(self, name: str, x: str, size: int) -> str:
        shape, graph = self._shape, self._graph
        if shape.qk_norm == "full":
            return graph.norm(name, "rms", x, size, bias=False)
        heads = graph.node("Reshape", [x, graph.constant([0, -1, shape.head_size])], [f"{name}/heads"])
        normed = graph.norm(name, "rms", heads, shape.head_size, bias=False)
        return graph.node("Reshape", [normed, graph.constant([0, -1, size])], [f"{name}/flat"])

    def _mlp(self, name: str, x: str, wide: int) -> str:
        shape, graph = self._shape, self._graph
        hidden, bias = shape.hidden_size, shape.mlp_bias
        if shape.gated:
            gate = graph.linear(f"{name}/gate", x, hidden, wide, bias=bias)
            up = graph.linear(f"{name}/up", x, hidden, wide, bias=bias)
            y = graph.node("Mul", [self._activate(name, gate), up], [f"{name}/gated"])
        else:
            up = graph.linear(f"{name}/up", x, hidden, wide, bias=bias)
            y = self._activate(name, up)
        if shape.inner_norms:
            y = graph.norm(f"{name}/inner_norm", shape.norm, y, wide, bias=False)
        return graph.linear(f"{name}/down", y, wide, hidden, bias=bias)

    def _activate(self, name: str, x: str) -> str:
        graph, kind = self._graph, self._shape.activation
        if kind == "silu":
            sigmoid = graph.node("Sigmoid", [x], [f"{name}/sigmoid"])
            return graph.node("Mul", [x, sigmoid], [f"{name}/silu"])
        if kind == "gelu":
            return graph.node("Gelu", [x], [f"{name}/gelu"], approximate="tanh")
        if kind == "xielu":
            return self._xielu(name, x)
        relu = graph.node("Relu", [x], [f"{name}/relu"])
        return relu if kind == "relu" else graph.node("Mul", [relu, relu], [f"{name}/squared"])

    def _xielu(self, name: str, x: str) -> str:
        """Bend above zero by a square, below by an exponential. Source: Huang and Schlag, xIELU, arXiv 2411.13010."""
        graph, half = self._graph, self._graph.number(0.5)
        squared = graph.node("Mul", [graph.node("Mul", [x, x], [f"{name}/square"]), half], [f"{name}/above_bent"])
        below = graph.node("Min", [x, graph.number(0.0)], [f"{name}/below"])
        grown = graph.node("Sub", [graph.node("Exp", [below], [f"{name}/exp"]), graph.number(1.0)], [f"{name}/expm1"])
        bent = graph.node("Mul", [graph.node("Sub", [grown, x], [f"{name}/rest"]), half], [f"{name}/below_bent"])
        positive = graph.node("Greater", [x, graph.number(0.0)], [f"{name}/positive"])
        chosen = graph.node("Where", [positive, squared, bent], [f"{name}/chosen"])
        straight = graph.node("Mul", [x, half], [f"{name}/straight"])
        return graph.node("Add", [chosen, straight], [f"{name}/xielu"])

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
