"""Vision transformers of equal layers: ViT, DeiT, DINOv2, YOLOS, the image towers of CLIP, SigLIP and OWLv2. Pure.

Of models that read images and texts one file holds both towers. Labels are read once and kept, images come one after
the other: so the text tower is loaded and does not run for a query, as the estimate reckons too.
"""

from typing import Literal

import msgspec

from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.parts import Activation
from advisor.graphs.vision.pen import Pen, number

Head = Literal["classifier", "features", "projection", "pooling", "detection-tokens", "patches-and-labels"]
YOLOS_TOKENS = 100
"""Detection tokens. Source: YOLOS, arXiv 2106.00666, section 3.1."""
_BOX_SIZE = 4
_NUM_LABEL_TEXTS = 8
"""Labels that OWLv2 looks for; their product with the patches is less than a thousandth of its work."""


class TextTower(msgspec.Struct, frozen=True, kw_only=True):
    """The text side of a model of two towers."""

    num_layers: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    vocab_size: int
    num_positions: int
    activation: Activation
    with_bias_head: bool
    """The last product has a bias (SigLIP's head; CLIP's projection has none)."""
    causal: bool = True
    """Words look at those before them only (CLIP, OWLv2; in SigLIP at all)."""


class PlainShape(msgspec.Struct, frozen=True, kw_only=True):
    """A tower of equal layers, with what comes before and after it."""

    num_layers: int
    hidden_size: int
    intermediate_size: int
    num_heads: int
    height_px: int
    width_px: int
    patch_px: int
    head: Head
    activation: Activation = "gelu"
    patch_bias: bool = True
    class_token: bool = True
    first_norm: bool = False
    layer_scale: bool = False
    mask_token: bool = False
    """The published model has one more row for patches hidden in training. No exporter keeps it."""
    num_detection_tokens: int = 0
    mid_positions: bool = False
    """Learned positions are added again after every layer but the last (YOLOS, from small on)."""
    num_labels: int = 0
    """Outputs of the classifier; width of the projection."""
    text: TextTower | None = None

    @property
    def num_patches(self) -> int:
        """Patches of one image."""
        return (self.height_px // self.patch_px) * (self.width_px // self.patch_px)

    @property
    def num_tokens(self) -> int:
        """Positions that the layers see."""
        return self.num_patches + self.class_token + self.num_detection_tokens


def draw(pen: Pen, shape: PlainShape, num_layers: int, num_batch: int) -> None:
    """Draw the model with that many layers."""
    pixels = pen.input("pixel_values", (num_batch, 3, shape.height_px, shape.width_px))
    states = tower(pen, shape, pixels, num_layers)
    pen.output(_HEADS[shape.head](pen, shape, states[-1]))
    if shape.text is not None:
        _text(pen, shape.text, shape.num_labels or shape.hidden_size)


def tower(pen: Pen, shape: PlainShape, pixels: Tensor, num_layers: int) -> list[Tensor]:
    """Draw patches, positions and layers; return what comes out of each layer."""
    x = _embed(pen, shape, pixels)
    states = []
    for index in range(num_layers):
        x = parts.layer(
            pen, f"layer.{index}", x, num_heads=shape.num_heads, inner=shape.intermediate_size,
            activation=shape.activation, layer_scale=shape.layer_scale,
        )  # fmt: skip
        if shape.mid_positions and index < num_layers - 1:
            x = pen.add(x, pen.weight(f"layer.{index}/positions", (1, shape.num_tokens, shape.hidden_size)))
        states.append(x)
    return states


def _embed(pen: Pen, shape: PlainShape, pixels: Tensor) -> Tensor:
    hidden, batch = shape.hidden_size, pixels.shape[0]
    x = parts.patches(pen, "patch", pixels, hidden, shape.patch_px, bias=shape.patch_bias)
    pieces = [parts.repeated(pen, "class_token", batch, 1, hidden)] if shape.class_token else []
    pieces.append(x)
    if shape.num_detection_tokens:
        pieces.append(parts.repeated(pen, "detection_tokens", batch, shape.num_detection_tokens, hidden))
    x = pen.concat(pieces, 1) if len(pieces) > 1 else x
    x = pen.add(
        x, pen.weight("positions", (1, shape.num_tokens, hidden), counted=1 + shape.mask_token / shape.num_tokens)
    )
    return pen.norm("first_norm", x) if shape.first_norm else x


def _classifier(pen: Pen, shape: PlainShape, x: Tensor) -> Tensor:
    first = pen.pick(pen.norm("last_norm", x), 1, 0)
    return pen.linear("classifier", first, shape.num_labels)


def _features(pen: Pen, _shape: PlainShape, x: Tensor) -> Tensor:
    return pen.norm("last_norm", x)


def _projection(pen: Pen, shape: PlainShape, x: Tensor) -> Tensor:
    first = pen.norm("last_norm", pen.pick(x, 1, 0))
    return _unit(pen, pen.linear("projection", first, shape.num_labels, bias=False))


def _pooling(pen: Pen, shape: PlainShape, x: Tensor) -> Tensor:
    """Draw SigLIP's head: one learned query attends to all patches. Source: `SiglipMultiheadAttentionPoolingHead`."""
    x, batch = pen.norm("last_norm", x), x.shape[0]
    probe = parts.repeated(pen, "probe", batch, 1, shape.hidden_size)
    query = parts.heads(pen, pen.linear("pooling/query", probe, shape.hidden_size), shape.num_heads)
    both = pen.linear("pooling/key_value", x, 2 * shape.hidden_size)
    sizes = [(batch, shape.num_patches, shape.hidden_size)] * 2
    sides = pen.split("Split", [both], sizes, axis=2, num_outputs=2)
    key, value = (parts.heads(pen, side, shape.num_heads) for side in sides)
    y = pen.linear("pooling/output", parts.attend(pen, query, key, value), shape.hidden_size)
    z = parts.mlp(pen, "pooling_mlp", pen.norm("pooling_norm", y), shape.intermediate_size, shape.activation)
    return _unit(pen, pen.pick(pen.add(y, z), 1, 0))


def _detection_tokens(pen: Pen, shape: PlainShape, x: Tensor) -> Tensor:
    hidden = shape.hidden_size
    x = pen.slice(pen.norm("last_norm", x), 1, shape.num_tokens - shape.num_detection_tokens)
    pen.output(parts.stacked(pen, "class_head", x, (hidden, hidden, shape.num_labels), "relu"))
    return pen.unary("Sigmoid", parts.stacked(pen, "box_head", x, (hidden, hidden, _BOX_SIZE), "relu"))


def _patches_and_labels(pen: Pen, shape: PlainShape, x: Tensor) -> Tensor:
    """Draw OWLv2's heads: each patch is a box, compared with the labels. Source: `Owlv2ForObjectDetection`."""
    hidden, batch, labels = shape.hidden_size, x.shape[0], pen.input("labels", (1, _NUM_LABEL_TEXTS, shape.num_labels))
    x = pen.norm("last_norm", x)
    x = pen.norm("merged_norm", pen.binary("Mul", pen.slice(x, 1, 1), pen.slice(x, 1, 0, 1)))
    compared = _unit(pen, pen.linear("class/dense", x, shape.num_labels))
    scores = pen.node(
        "Einsum", [compared, labels], (batch, shape.num_patches, _NUM_LABEL_TEXTS), equation="...pd,...qd->...pq"
    )
    shifted = pen.add(scores, pen.linear("class/shift", x, 1))
    scale = pen.binary("Add", pen.unary("Elu", pen.linear("class/scale", x, 1)), number(1.0))
    pen.output(pen.binary("Mul", shifted, scale))
    pen.output(parts.stacked(pen, "objectness", x, (hidden, hidden, 1), "gelu"))
    boxes = parts.stacked(pen, "box", x, (hidden, hidden, _BOX_SIZE), "gelu")
    places = pen.weight("box_bias", (1, shape.num_patches, _BOX_SIZE), counted=0)
    return pen.unary("Sigmoid", pen.add(boxes, places))


_HEADS = {
    "classifier": _classifier,
    "features": _features,
    "projection": _projection,
    "pooling": _pooling,
    "detection-tokens": _detection_tokens,
    "patches-and-labels": _patches_and_labels,
}


def _unit(pen: Pen, x: Tensor) -> Tensor:
    """Return vectors of length one."""
    length = pen.node("ReduceL2", [x, "integers:-1"], (*x.shape[:-1], 1), keepdims=1)
    return pen.binary("Div", x, length)


def _text(pen: Pen, shape: TextTower, num_out: int) -> None:
    """Draw the text tower, which does not run for a query."""
    ids = Tensor(name="input_ids", shape=(1, shape.num_positions))
    with pen.idle(ids) as ends:
        x = pen.embedding("text/words", ids, shape.vocab_size, shape.hidden_size)
        x = pen.add(x, pen.weight("text/positions", (1, shape.num_positions, shape.hidden_size)))
        length = shape.num_positions
        mask = pen.weight("text/mask", (1, 1, length, length), counted=0) if shape.causal else None
        for index in range(shape.num_layers):
            x = parts.layer(
                pen, f"text/layer.{index}", x, num_heads=shape.num_heads, inner=shape.intermediate_size,
                activation=shape.activation, mask=mask,
            )  # fmt: skip
        last = pen.pick(pen.norm("text/last_norm", x), 1, shape.num_positions - 1)
        ends.append(pen.linear("text/projection", last, num_out, bias=shape.with_bias_head))
