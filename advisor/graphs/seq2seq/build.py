"""Writes the two graphs of an encoder-decoder. Imports onnx: for the building child only.

The encoder's graph ends with keys and values of the decoder's cross attention, which are multiplied once a text. The
decoder's graph reads them and its own past, to which it appends; it serves the first token (no past) and all others.
"""

import math
from collections.abc import Callable
from pathlib import Path

from onnx import TensorProto

from advisor.graphs.builder import EPSILON, GraphBuilder
from advisor.graphs.recipe import past_name, present_name
from advisor.graphs.seq2seq import parts, turned
from advisor.graphs.seq2seq.recipe import (
    ENCODER_MASK,
    FEATURES,
    IDS,
    LOGITS,
    MASK,
    WAVE,
    Seq2SeqRecipe,
    cross_input,
    cross_output,
)
from advisor.graphs.seq2seq.shape import CONV_KERNEL, WAVE_CONVOLUTIONS, Seq2SeqShape, Stack
from advisor.graphs.storage import Storage
from advisor.graphs.weights_limit import INSIDE_LIMIT_BYTES

_GRAPH_NAMES = ("encoder.onnx", "graph.onnx")
_PLAIN_NORM = (("one", 1.0), ("zero", 0.0))
"""The runtime's norm over a whole wave has a weight and a bias for all of it; the model's are added behind."""
_KEPT = (("key", parts.key), ("value", parts.value))


def build(recipe: Seq2SeqRecipe, folder: Path, num_layers: int) -> tuple[Path, ...]:
    """Write both graphs.

    Args:
        recipe: the whole model.
        folder: where graphs and weights go; exists.
        num_layers: parts to keep.

    Returns:
        The encoder's and the decoder's.

    Raises:
        OutputError: `disk-full`.
    """
    paths = tuple(folder / name for name in _GRAPH_NAMES)
    encoder, decoder = recipe.shape.part(num_layers)
    whole = recipe.file_bytes(recipe.num_layers)
    graphs = (
        Encoder(recipe.shape, recipe.storage, encoder, decoder, recipe.num_batch),
        Decoder(recipe.shape, recipe.storage, decoder),
    )
    for path, graph, size in zip(paths, graphs, whole, strict=True):
        graph.save(path, inside=size < INSIDE_LIMIT_BYTES)
    return paths


class _Half(GraphBuilder):
    """What both graphs have in common."""

    def __init__(self, shape: Seq2SeqShape, storage: Storage, stack: Stack) -> None:
        super().__init__(storage)
        self.shape, self.half = shape, stack

    def words(self) -> tuple[str, tuple[str, ...]]:
        """Look the words up."""
        shape = self.shape
        rows, table = self.embedding("embedding", IDS, shape.vocab_size, shape.hidden_size)
        if shape.traits.scaled_embedding:
            rows = self.node("Mul", [rows, self.number(math.sqrt(shape.hidden_size))], ["embedding/scaled"])
        return rows, table

    def placed(self, x: str, positions: str) -> str:
        """Add learned or computed positions, and normalize the sum where the model does."""
        traits = self.shape.traits
        if traits.positions in ("learned", "computed"):
            if traits.extra_positions:
                positions = self.node("Add", [positions, self.constant([traits.extra_positions])], ["positions/moved"])
            table = self.table("positions/weight", self.half.num_positions, self.shape.hidden_size)
            x = self.node("Add", [x, self.node("Gather", [table, positions], ["positions/rows"])], ["positions/sum"])
        return parts.norm(self, self.shape, "embedding_norm", x) if traits.embedding_norm else x

    def turn(self, positions: str) -> turned.Turn | None:
        """Return what turns heads at these positions; None where the model turns none."""
        return turned.turn(self, self.shape, positions) if self.shape.traits.positions == "rotary" else None

    def rotate(self, x: str, by: turned.Turn | None) -> str:
        """Turn heads by their positions."""
        return x if by is None else turned.turned(self, self.shape, x, by)

    def half_layer(self, name: str, x: str, work: Callable[[str], str]) -> str:
        """Return x + work(x), normalized before or after."""
        first = self.shape.traits.norm_first
        y = work(parts.norm(self, self.shape, f"{name}/norm", x) if first else x)
        x = self.node("Add", [x, y], [f"{name}/sum"])
        return x if first else parts.norm(self, self.shape, f"{name}/norm", x)

    def feed(self, name: str, x: str) -> str:
        """Return x after the second half of a layer."""
        return self.half_layer(f"{name}/mlp", x, lambda y: parts.mlp(self, self.shape, f"{name}/mlp", y, self.half))

    def ended(self, x: str) -> str:
        """Normalize the last layer's result where the model does."""
        return parts.norm(self, self.shape, "final_norm", x) if self.shape.traits.final_norm else x

    def length(self, x: str, axis: int, name: str) -> str:
        """Return the length of an axis, a list of one."""
        return self.node("Shape", [x], [name], start=axis, end=axis + 1)

    def scalar(self, x: str) -> str:
        """Return the one entry of a list."""
        return self.node("Squeeze", [x], [f"{x}/scalar"])

    def line(self, begin: str, end: str, name: str) -> str:
        """Return the whole numbers from begin to end."""
        return self.node("Range", [begin, end, self.constant([1], scalar=True)], [name])


class Encoder(_Half):
    """Text or sound, to keys and values of the cross attention."""

    def __init__(self, shape: Seq2SeqShape, storage: Storage, num_layers: int, num_decoder: int, batch: int) -> None:
        """Write the nodes of that many layers of its own and keys and values for that many of the decoder."""
        super().__init__(shape, storage, shape.encoder)
        self._turn: turned.Turn | None = None
        x, added = self._listen(batch) if shape.traits.wave else self._hear(batch) if shape.hears else self._read()
        tokens = self.length(x, 1, "sides/tokens")
        sides = parts.sides(self, shape, "sides", x, tokens, added)
        if shape.traits.positions == "rotary":
            line = self.line(self.constant([0], scalar=True), self.scalar(tokens), "positions/line")
            self._turn = self.turn(line)
        for index in range(num_layers):
            x = self._layer(f"layer.{index}", x, sides)
        x = self.ended(x)
        for index in range(num_decoder):
            for part, make in _KEPT:
                y = make(self, shape, f"cross.{index}", x, cross_output(index, part))
                self.output(y, TensorProto.FLOAT, ["batch", shape.num_heads, "source", shape.head_size])

    def _read(self) -> tuple[str, tuple[str, ...]]:
        self.input(IDS, TensorProto.INT64, ["batch", "source"])
        mask = parts.text_mask(self, self.shape, self.input(MASK, TensorProto.INT64, ["batch", "source"]))
        rows, _ = self.words()
        length = self.scalar(self.length(IDS, 1, "source/length"))
        positions = self.line(self.constant([0], scalar=True), length, "source/positions")
        if self.shape.traits.positions == "relative":
            bias = parts.distance_bias(self, self.shape, "distance", positions, positions, both_ways=True)
            return rows, (bias, mask)
        return self.placed(rows, positions), (mask,)

    def _hear(self, batch: int) -> tuple[str, tuple[str, ...]]:
        shape = self.shape
        frames = 2 * shape.encoder.num_positions
        x = self.input(FEATURES, TensorProto.FLOAT, [batch, shape.num_mel_bins, frames])
        for index, (width, step) in enumerate(((shape.num_mel_bins, 1), (shape.hidden_size, 2))):
            fan_in = CONV_KERNEL * width
            inputs = [
                x,
                self.weight(f"conv.{index}/weight", shape.hidden_size, width, CONV_KERNEL, scale=fan_in**-0.5),
                self.vector(f"conv.{index}/bias", shape.hidden_size),
            ]
            y = self.node(
                "Conv", inputs, [f"conv.{index}/out"], kernel_shape=[CONV_KERNEL], strides=[step], pads=[1, 1],
                dilations=[1], group=1,
            )  # fmt: skip
            x = parts.activate(self, f"conv.{index}", y, "gelu")
        rows = self.node("Transpose", [x], ["frames"], perm=[0, 2, 1])
        table = self.table("positions/weight", self.half.num_positions, shape.hidden_size)
        return self.node("Add", [rows, table], ["positions/sum"]), ()

    def _listen(self, batch: int) -> tuple[str, tuple[str, ...]]:
        """Convolve the raw wave; a norm over all of it stands between the first two convolutions."""
        hidden = self.shape.hidden_size
        x = self.node("Unsqueeze", [self.input(WAVE, TensorProto.FLOAT, [batch, "samples"]), self.constant([1])], ["w"])
        widths = ((1, hidden), (hidden, 2 * hidden), (2 * hidden, hidden))
        for index, ((kernel, step), (num_in, num_out)) in enumerate(zip(WAVE_CONVOLUTIONS, widths, strict=True)):
            weight = self.weight(f"conv.{index}/weight", num_out, num_in, kernel, scale=(num_in * kernel) ** -0.5)
            inputs = [x, weight, self.vector(f"conv.{index}/bias", num_out)] if index else [x, weight]
            x = self.node(
                "Conv", inputs, [f"conv.{index}/out"], kernel_shape=[kernel], strides=[step], pads=[0, 0],
                dilations=[1], group=1,
            )  # fmt: skip
            x = parts.activate(self, f"conv.{index}", x, "gelu") if index else self._normed_wave(x)
        return self.node("Transpose", [x], ["frames"], perm=[0, 2, 1]), ()

    def _normed_wave(self, x: str) -> str:
        bent, hidden = self.node("Tanh", [x], ["wave/tanh"]), self.shape.hidden_size
        flat = self.node("Reshape", [bent, self.constant([0, 1, -1])], ["wave/flat"])
        ones = [self.weight(f"wave/{name}", 1, fill="constant", scale=value) for name, value in _PLAIN_NORM]
        normed = self.node("InstanceNormalization", [flat, *ones], ["wave/normed"], epsilon=EPSILON)
        back = self.node("Reshape", [normed, self.node("Shape", [bent], ["wave/dims"])], ["wave/back"])
        scaled = self.node("Mul", [back, self.weight("wave/weight", hidden, 1, fill="ones")], ["wave/scaled"])
        return self.node("Add", [scaled, self.weight("wave/bias", hidden, 1)], ["wave/out"])

    def _layer(self, name: str, x: str, sides: parts.Sides) -> str:
        shape, one = self.shape, f"{name}/attention"

        def attention(y: str) -> str:
            query = self.rotate(parts.query(self, shape, one, y), self._turn)
            key = self.rotate(parts.key(self, shape, one, y, f"{one}/key/heads"), self._turn)
            value = parts.value(self, shape, one, y, f"{one}/value/heads")
            return parts.attend(self, shape, one, (query, key, value), sides)

        return self.feed(name, self.half_layer(one, x, attention))


class Decoder(_Half):
    """Tokens over a past of their own and the encoder's keys and values."""

    def __init__(self, shape: Seq2SeqShape, storage: Storage, num_layers: int) -> None:
        """Write the nodes of that many layers."""
        super().__init__(shape, storage, shape.decoder)
        self.input(IDS, TensorProto.INT64, ["batch", "tokens"])
        mask: tuple[str, ...] = ()
        if not shape.hears:
            source = self.input(ENCODER_MASK, TensorProto.INT64, ["batch", "source"])
            mask = (parts.text_mask(self, shape, source),)
        self._declare(num_layers)
        past, read = self.length(past_name(0, "key"), 2, "past/length"), self.length(IDS, 1, "tokens/length")
        total = self.node("Add", [past, read], ["total/length"])
        end = self.scalar(total)
        positions = self.line(self.scalar(past), end, "positions/line")
        self._self = parts.sides(self, shape, "self", IDS, total, self._looks_back(positions, end))
        source = self.length(cross_input(0, "key"), 2, "source/length")
        if shape.traits.scaling == "none":  # T5 adds a bias of zeros where no distances are
            dims = [self.constant([1]), self.constant([shape.num_heads]), read, source]
            zeros = self.node("ConstantOfShape", [self.node("Concat", dims, ["zeros/dims"], axis=0)], ["zeros"])
            mask = (zeros, *mask)
        self._cross = parts.sides(self, shape, "cross", IDS, source, mask)
        self._turn = self.turn(positions)
        rows, table = self.words()
        x = self.placed(rows, positions)
        for index in range(num_layers):
            x = self._layer(index, x)
        self._head(self.ended(x), table)

    def _declare(self, num_layers: int) -> None:
        heads, size = self.shape.num_heads, self.shape.head_size
        for index in range(num_layers):
            for part in ("key", "value"):
                self.input(past_name(index, part), TensorProto.FLOAT, ["batch", heads, "past", size])
                self.input(cross_input(index, part), TensorProto.FLOAT, ["batch", heads, "source", size])
                self.output(present_name(index, part), TensorProto.FLOAT, ["batch", heads, "total", size])

    def _looks_back(self, queries: str, total: str) -> tuple[str, ...]:
        """Return what is added to the scores of the past: none looks ahead, and T5 learned a bias by distance."""
        keys = self.line(self.constant([0], scalar=True), total, "positions/keys")
        mask = parts.causal_mask(self, self.shape, queries, keys)
        if self.shape.traits.positions != "relative":
            return (mask,)
        return parts.distance_bias(self, self.shape, "distance", queries, keys, both_ways=False), mask

    def _layer(self, index: int, x: str) -> str:
        shape, name = self.shape, f"layer.{index}"
        one, other = f"{name}/attention", f"{name}/cross"

        def attention(y: str) -> str:
            query = self.rotate(parts.query(self, shape, one, y), self._turn)
            new = {part: make(self, shape, one, y, f"{one}/{part}/heads") for part, make in _KEPT}
            new["key"] = self.rotate(new["key"], self._turn)
            kept = [
                self.node("Concat", [past_name(index, part), new[part]], [present_name(index, part)], axis=2)
                for part, _ in _KEPT
            ]
            return parts.attend(self, shape, one, (query, kept[0], kept[1]), self._self)

        def cross(y: str) -> str:
            query = parts.query(self, shape, other, y)
            return parts.attend(
                self, shape, other, (query, cross_input(index, "key"), cross_input(index, "value")), self._cross
            )

        return self.feed(name, self.half_layer(other, self.half_layer(one, x, attention), cross))

    def _head(self, x: str, table: tuple[str, ...]) -> None:
        shape = self.shape
        if shape.tied:
            if shape.traits.positions == "relative":
                x = self.node("Mul", [x, self.number(shape.hidden_size**-0.5)], ["head/scaled"])
            y = self.tied_head(x, "head/product", table, shape.hidden_size, shape.vocab_size)
        else:
            y = self.linear("head", x, shape.hidden_size, shape.vocab_size)
        if shape.traits.logits_bias:
            self.node("Add", [y, self.vector("head/bias", shape.vocab_size)], [LOGITS])
        else:
            self.node("Identity", [y], [LOGITS])
        self.output(LOGITS, TensorProto.FLOAT, ["batch", "tokens", shape.vocab_size])
