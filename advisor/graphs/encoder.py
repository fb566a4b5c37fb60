"""Text encoders of the BERT family and static embedders, made-up weights, in the fused operators an export ends in."""

from pathlib import Path

from onnx import TensorProto

from advisor.graphs.builder import EPSILON, MICROSOFT, GraphBuilder
from advisor.graphs.shape import EncoderShape
from advisor.graphs.storage import Storage

OUTPUT = "output"


def build(
    shape: EncoderShape, storage: Storage, path: Path, *, num_layers: int | None = None, inside: bool = False
) -> int:
    """Write an encoder.

    Args:
        shape: the whole model.
        storage: 32-bit floats, or 8 bits with activations rounded on the fly.
        path: graph file; its folder exists.
        num_layers: layers kept from the first; all by default.
        inside: weights go into the graph's own file.

    Returns:
        [B] Size of all weights.

    Raises:
        OutputError: `disk-full`.
    """
    return _Encoder(shape, storage, shape.num_layers if num_layers is None else num_layers).save(path, inside=inside)


class _Encoder:
    """One encoder under construction."""

    def __init__(self, shape: EncoderShape, storage: Storage, layers: int) -> None:
        self._shape = shape
        self._graph = graph = GraphBuilder(storage)
        graph.input("input_ids", TensorProto.INT64, ["batch", "tokens"])
        graph.input("attention_mask", TensorProto.INT64, ["batch", "tokens"])
        self._mask = graph.node("Cast", ["attention_mask"], ["mask/padding"], to=TensorProto.INT32)
        hidden = self._embed()
        for layer in range(0 if shape.is_static else layers):
            hidden = self._layer(f"layer.{layer}", hidden)
        result, size = self._classify(hidden) if shape.num_labels else (self._pool(hidden), shape.hidden_size)
        graph.node("Identity", [result], [OUTPUT])
        graph.output(OUTPUT, TensorProto.FLOAT, ["batch", size])

    def save(self, path: Path, *, inside: bool) -> int:
        """Write the graph."""
        return self._graph.save(path, inside=inside)

    def _embed(self) -> str:
        shape, graph = self._shape, self._graph
        rows, _ = graph.embedding("words", "input_ids", shape.vocab_size, shape.hidden_size)
        if shape.is_static:
            return rows
        positions = self._look_up("positions", self._positions(), shape.num_learned_positions)
        rows = graph.node("Add", [rows, positions], ["embedding/with_positions"])
        if shape.num_token_types:
            graph.input("token_type_ids", TensorProto.INT64, ["batch", "tokens"])
            types = self._look_up("types", "token_type_ids", shape.num_token_types)
            rows = graph.node("Add", [rows, types], ["embedding/with_types"])
        return graph.norm("embedding/norm", "layer", rows, shape.hidden_size, bias=True)

    def _look_up(self, name: str, ids: str, num_rows: int) -> str:
        """Look up a small table, which the catalog's formats keep in 32 bits."""
        table = self._graph.table(f"{name}/weight", num_rows, self._shape.hidden_size)
        return self._graph.node("Gather", [table, ids], [f"{name}/rows"], axis=0)

    def _positions(self) -> str:
        """Return 0, 1, 2, ... for each token, from where the model starts to count."""
        graph, offset = self._graph, self._shape.position_offset
        dims = graph.node("Shape", ["input_ids"], ["positions/dims"])
        tokens = graph.node("Gather", [dims, graph.constant([1], scalar=True)], ["positions/tokens"], axis=0)
        end = graph.node("Add", [tokens, graph.constant([offset], scalar=True)], ["positions/end"])
        limits = [graph.constant([offset], scalar=True), end, graph.constant([1], scalar=True)]
        counted = graph.node("Range", limits, ["positions/counted"])
        return graph.node("Unsqueeze", [counted, graph.constant([0])], ["positions/ids"])

    def _layer(self, name: str, x: str) -> str:
        shape, graph = self._shape, self._graph
        size = shape.hidden_size
        parts = [graph.linear(f"{name}/{part}", x, size, size, bias=True) for part in ("query", "key", "value")]
        y = graph.node(
            "MultiHeadAttention", [*parts, "", self._mask], [f"{name}/attention"], domain=MICROSOFT,
            num_heads=shape.num_heads,
        )  # fmt: skip
        y = graph.linear(f"{name}/attention_output", y, size, size, bias=True)
        x = self._skip_norm(f"{name}/attention_norm", y, x)
        y = graph.linear(f"{name}/up", x, size, shape.intermediate_size)
        bias = graph.vector(f"{name}/up/bias", shape.intermediate_size)
        y = graph.node("BiasGelu", [y, bias], [f"{name}/gelu"], domain=MICROSOFT)
        y = graph.linear(f"{name}/down", y, shape.intermediate_size, size, bias=True)
        return self._skip_norm(f"{name}/mlp_norm", y, x)

    def _skip_norm(self, name: str, y: str, skip: str) -> str:
        size, graph = self._shape.hidden_size, self._graph
        inputs = [y, skip, graph.vector(f"{name}/weight", size, ones=True), graph.vector(f"{name}/bias", size)]
        return graph.node("SkipLayerNormalization", inputs, [f"{name}/out"], domain=MICROSOFT, epsilon=EPSILON)

    def _pool(self, hidden: str) -> str:
        """Return the mean over the tokens that are no padding."""
        graph = self._graph
        mask = graph.node("Cast", ["attention_mask"], ["pool/mask"], to=TensorProto.FLOAT)
        wide = graph.node("Unsqueeze", [mask, graph.constant([-1])], ["pool/wide"])
        kept = graph.node("Mul", [hidden, wide], ["pool/kept"])
        total = graph.node("ReduceSum", [kept, graph.constant([1])], ["pool/total"], keepdims=0)
        count = graph.node("ReduceSum", [wide, graph.constant([1])], ["pool/count"], keepdims=0)
        return graph.node("Div", [total, count], ["pool/mean"])

    def _classify(self, hidden: str) -> tuple[str, int]:
        shape, graph = self._shape, self._graph
        first = graph.node("Gather", [hidden, graph.constant([0], scalar=True)], ["head/first"], axis=1)
        y = graph.linear("head/dense", first, shape.hidden_size, shape.hidden_size, bias=True)
        y = graph.node("Tanh", [y], ["head/tanh"])
        return graph.linear("head/labels", y, shape.hidden_size, shape.num_labels, bias=True), shape.num_labels
