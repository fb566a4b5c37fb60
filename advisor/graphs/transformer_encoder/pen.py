"""Draws what text encoders share: words, padding, norms, heads. Pure."""

from typing import Any

from typing_extensions import override

from advisor.graphs.transformer_encoder.shape import TextShape
from advisor.graphs.vision.drawing import Matrix, Tensor
from advisor.graphs.vision.pen import Pen, integers, number

IDS, MASK, TYPES = "input_ids", "attention_mask", "token_type_ids"
HIDDEN = -3.4028234663852886e38
"""[1] Added to the score of what may not be seen: the lowest 32-bit float."""
NOT_COUNTED = 0.0
"""[1] Tables that are computed when a model is made: in the file, but no parameters of the published model."""
_FLOAT, _BOOL = 1, 9
"""Numbers of these types in onnx.proto3."""


def table(kind: str, *numbers: int) -> str:
    """Return the name of a constant that `vision.tables` makes from whole numbers; planning does without numpy."""
    return f"{kind}:" + ",".join(map(str, numbers))


class TextPen(Pen):
    """A drawing of a text encoder under construction. What has the same name is the same weight, drawn once."""

    def __init__(self, num_batch: int, num_tokens: int) -> None:
        """Start with ids and mask.

        Args:
            num_batch: texts read together.
            num_tokens: length of each.
        """
        super().__init__()
        self.num_batch, self.num_tokens = num_batch, num_tokens
        self._known: dict[str, Tensor] = {}
        self._matrices: dict[str, Matrix] = {}
        self.ids = self.input(IDS, (num_batch, num_tokens), "int64")
        self.mask = self.input(MASK, (num_batch, num_tokens), "int64")

    @override
    def weight(self, name: str, shape: tuple[int, ...], **how: Any) -> Tensor:
        if name not in self._known:
            self._known[name] = super().weight(name, shape, **how)
        return self._known[name]

    @override
    def matrix(self, name: str, num_in: int, num_out: int, *, bias: bool = True) -> Matrix:
        if name not in self._matrices:
            self._matrices[name] = super().matrix(name, num_in, num_out, bias=bias)
        return self._matrices[name]

    @override
    def norm(self, name: str, x: Tensor, *, bias: bool = True, epsilon: float = 1e-5) -> Tensor:
        size = x.shape[-1]
        inputs = [x, self.weight(f"{name}/weight", (size,), fill="ones")]
        if bias:
            inputs.append(self.weight(f"{name}/bias", (size,)))
        return self.node("LayerNormalization", inputs, x.shape, axis=-1, epsilon=epsilon, stash_type=1)

    def cast(self, x: Tensor, to: int) -> Tensor:
        """Change the type of the elements; `to` is a number of onnx.proto3."""
        return self.unary("Cast", x, to=to)

    def types(self, shape: TextShape, width: int) -> Tensor:
        """Look the segments of the text up."""
        ids = self.input(TYPES, self.ids.shape, "int64")
        rows = self.weight("types/weight", (shape.num_token_types, width))
        return self.node("Gather", [rows, ids], (*ids.shape, width), axis=0)

    def turns(self, name: str, half: int) -> tuple[Tensor, Tensor]:
        """Return cosines and sines by which queries and keys are turned, the same for the same name.

        Args:
            name: of the tables.
            half: [elements] Half the width of a head; both halves are turned alike.
        """
        found = []
        for kind in ("cosine", "sine"):
            key = f"{name}/{kind}/both"
            if key not in self._known:
                side = self.weight(f"{name}/{kind}", (self.num_tokens, half), fill=kind, counted=NOT_COUNTED)
                self._known[key] = self.concat([side, side], 1)
            found.append(self._known[key])
        return found[0], found[1]

    def seen(self, allowed: str) -> Tensor:
        """Return what is added to scores so that padding is not seen. Shape (batch, 1, tokens, tokens).

        Args:
            allowed: name of a constant: what each token may see of a text without padding.

        Source:
            torch.onnx of transformers 5, `masking_utils`: the mask is picked apart by place and widened.
        """
        batch, tokens = self.num_batch, self.num_tokens
        picked = self._known.get("seen/picked")
        if picked is None:
            places = table("places", batch, tokens)
            flags = self.cast(self.mask, _BOOL)
            picked = self.node("GatherND", [flags, places], (batch, 1, 1, tokens), batch_dims=0)
            self._known["seen/picked"] = picked
        shape = (batch, 1, tokens, tokens)
        both = self.node("And", [allowed, picked], shape)
        return self.node("Where", [both, number(0.0), number(HIDDEN)], shape)

    def floats_of_mask(self) -> Tensor:
        """Return the mask as a column of floats for each token."""
        column = self.node("Unsqueeze", [self.mask, integers(2)], (*self.mask.shape, 1))
        return self.cast(column, _FLOAT)


def finish(pen: TextPen, shape: TextShape, x: Tensor) -> None:
    """Draw what a task reads: a mean over the tokens, labels, or spans."""
    if shape.head == "spans":
        pen.output(pen.linear("head/spans", x, shape.num_labels))
        return
    if shape.head == "classifier":
        pen.output(_classify(pen, shape, x))
        return
    pen.output(_mean(pen, x))
    if shape.pooler:
        pen.output(pen.unary("Tanh", pen.linear("pooler", pen.pick(x, 1, 0), shape.hidden_size)))


def _mean(pen: TextPen, x: Tensor) -> Tensor:
    """Return the mean over the tokens that are no padding."""
    wide, shape = pen.floats_of_mask(), (pen.num_batch, x.shape[-1])
    total = pen.node("ReduceSum", [pen.binary("Mul", x, wide), integers(1)], shape, keepdims=0)
    count = pen.node("ReduceSum", [wide, integers(1)], (pen.num_batch, 1), keepdims=0)
    return pen.binary("Div", total, count)


def _classify(pen: TextPen, shape: TextShape, x: Tensor) -> Tensor:
    first, modern = pen.pick(x, 1, 0), shape.body == "modern"
    y = pen.linear("head/dense", first, shape.hidden_size, bias=not modern)
    y = pen.unary("Gelu", y, approximate="none")
    if modern:
        y = pen.norm("head/norm", y, bias=False)
    return pen.linear("head/labels", y, shape.num_labels)
