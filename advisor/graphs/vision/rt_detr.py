"""RT-DETR and its second version: a hybrid encoder over three scales, queries chosen from it, sampled attention. Pure.

Source: Zhao et al., arXiv 2304.08069, section 4; transformers, `RTDetrForObjectDetection`. The second version,
arXiv 2407.17140, differs in training only, at its default way of sampling.
"""

import msgspec

from advisor.graphs.vision import backbone, parts, sampled
from advisor.graphs.vision.backbone import ResNetShape
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers, number, numbers

_SIZE = 256
_NUM_HEADS = 8
_INNER = 1024
_NUM_BLOCKS = 3
_BOX_SIZE = 4
_LEAST = 1e-5
"""[1] Boxes are kept this far from 0 and 1 before their logarithm is taken."""
_BATCH_NORM = 2.0


class RtDetrShape(msgspec.Struct, frozen=True, kw_only=True):
    """RT-DETR."""

    backbone: ResNetShape
    num_decoder_layers: int
    num_queries: int
    num_labels: int
    side_px: int
    narrow_size: int
    """[channels] Of the blocks that fuse two scales."""

    @property
    def num_layers(self) -> int:
        """Layers of encoder and decoder."""
        return 1 + self.num_decoder_layers


def draw(pen: Pen, shape: RtDetrShape, _num_layers: int, num_batch: int) -> None:
    """Draw RT-DETR."""
    pixels = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    stages = backbone.draw(pen, shape.backbone, pixels)[1:]
    scales = [_conv(pen, f"input.{index}", stage, _SIZE, 1) for index, stage in enumerate(stages)]
    scales = _encode(pen, shape, scales)
    scales = [_conv(pen, f"memory.{index}", scale, _SIZE, 1) for index, scale in enumerate(scales)]
    memory = pen.concat([parts.tokens(pen, scale) for scale in scales], 1)
    targets, boxes = _choose(pen, shape, memory)
    _decode(pen, shape, targets, boxes, memory, tuple((scale.shape[2], scale.shape[3]) for scale in scales))


def _conv(
    pen: Pen, name: str, x: Tensor, num_out: int, kernel: int, *, stride: int = 1, activated: bool = False
) -> Tensor:
    y = pen.conv(name, x, num_out, kernel, stride=stride, counted_bias=_BATCH_NORM)
    return parts.activate(pen, y, "silu") if activated else y


def _encode(pen: Pen, shape: RtDetrShape, scales: list[Tensor]) -> list[Tensor]:
    """Attend within the coarsest scale, then pass down to the finest and up again."""
    height, width = scales[-1].shape[2:]
    x = parts.tokens(pen, scales[-1])
    placed = pen.add(x, pen.weight("encoder/places", (1, height * width, _SIZE), counted=0))
    y = parts.attention(pen, "encoder/attention", placed, placed, x, num_heads=_NUM_HEADS)
    x = pen.norm("encoder/attention_norm", pen.add(x, y))
    x = pen.norm("encoder/mlp_norm", pen.add(x, parts.mlp(pen, "encoder/mlp", x, _INNER, "gelu")))
    down = [parts.image(pen, x, height, width)]
    for index, finer in enumerate(reversed(scales[:-1])):
        down[-1] = _conv(pen, f"down.{index}/lateral", down[-1], _SIZE, 1, activated=True)
        down.append(_fused(pen, f"down.{index}", _doubled(pen, down[-1]), finer, shape.narrow_size))
    up = [down[-1]]
    for index, coarser in enumerate(reversed(down[:-1])):
        smaller = _conv(pen, f"up.{index}/shrink", up[-1], _SIZE, 3, stride=2, activated=True)
        up.append(_fused(pen, f"up.{index}", smaller, coarser, shape.narrow_size))
    return up


def _doubled(pen: Pen, x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    return pen.node(
        "Resize", [x, "", numbers(1, 1, 2, 2)], (batch, channels, 2 * height, 2 * width), mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor",
    )  # fmt: skip


def _fused(pen: Pen, name: str, x: Tensor, y: Tensor, narrow: int) -> Tensor:
    """Join two scales: one half of the channels through blocks, the other straight."""
    both = pen.concat([x, y], 1)
    long = _conv(pen, f"{name}/long", both, narrow, 1, activated=True)
    for index in range(_NUM_BLOCKS):
        wide = _conv(pen, f"{name}/{index}/three", long, narrow, 3)
        long = parts.activate(pen, pen.add(wide, _conv(pen, f"{name}/{index}/one", long, narrow, 1)), "silu")
    joined = pen.add(long, _conv(pen, f"{name}/short", both, narrow, 1, activated=True))
    return joined if narrow == _SIZE else _conv(pen, f"{name}/widen", joined, _SIZE, 1, activated=True)


def _choose(pen: Pen, shape: RtDetrShape, memory: Tensor) -> tuple[Tensor, Tensor]:
    """Return the positions that score best, and their boxes."""
    batch, count, size = memory.shape
    valid = pen.weight("chosen/valid", (1, count, 1), fill="ones", counted=0)
    x = pen.norm("chosen/norm", pen.linear("chosen/dense", pen.binary("Mul", valid, memory), size))
    scores = pen.linear("chosen/labels", x, shape.num_labels)
    anchors = pen.weight("chosen/anchors", (1, count, _BOX_SIZE), counted=0)
    boxes = pen.add(parts.stacked(pen, "chosen/boxes", x, (size, size, _BOX_SIZE), "relu"), anchors)
    best = pen.node("ReduceMax", [scores, integers(-1)], (batch, count), keepdims=0)
    kept = (batch, shape.num_queries)
    _, where = pen.split("TopK", [best, integers(shape.num_queries)], [kept, kept], axis=1)
    where = pen.node("Unsqueeze", [where, integers(-1)], (*kept, 1))
    pen.output(_taken(pen, scores, where))
    return _taken(pen, x, where), pen.unary("Sigmoid", _taken(pen, boxes, where))


def _taken(pen: Pen, x: Tensor, where: Tensor) -> Tensor:
    shape = (*where.shape[:2], x.shape[2])
    return pen.node("GatherElements", [x, pen.node("Tile", [where, integers(1, 1, shape[2])], shape)], shape, axis=1)


def _decode(
    pen: Pen, shape: RtDetrShape, x: Tensor, boxes: Tensor, memory: Tensor, sides: tuple[tuple[int, int], ...]
) -> None:
    labels, found = [], []
    places_up, bias = pen.matrix("places/up", _BOX_SIZE, 2 * _SIZE, bias=False), pen.weight("places/bias", (2 * _SIZE,))
    places_down = pen.matrix("places/down", 2 * _SIZE, _SIZE)
    for index in range(shape.num_decoder_layers):
        name = f"decoder.{index}"
        # One matrix of the published model; the exporter turns so small a one over for each use and keeps all copies.
        up = pen.copy(f"places/up.{index}", places_up) if index else places_up
        places = pen.product(pen.unary("Relu", pen.add(pen.product(boxes, up), bias)), places_down)
        placed = pen.add(x, places)
        y = parts.attention(pen, f"{name}/attention", placed, placed, x, num_heads=_NUM_HEADS)
        x = pen.norm(f"{name}/attention_norm", pen.add(x, y))
        y = sampled.attention(pen, f"{name}/cross", pen.add(x, places), memory, boxes, sides, num_heads=_NUM_HEADS)
        x = pen.norm(f"{name}/cross_norm", pen.add(x, y))
        x = pen.norm(f"{name}/mlp_norm", pen.add(x, parts.mlp(pen, f"{name}/mlp", x, _INNER, "relu")))
        moved = parts.stacked(pen, f"{name}/boxes", x, (_SIZE, _SIZE, _BOX_SIZE), "relu")
        boxes = pen.unary("Sigmoid", pen.add(moved, _inverse_sigmoid(pen, boxes)))
        labels.append(pen.linear(f"{name}/labels", x, shape.num_labels))
        found.append(boxes)
    pen.output(_last(pen, labels))
    pen.output(_last(pen, found))


def _last(pen: Pen, parts_: list[Tensor]) -> Tensor:
    """Stack what each layer found and take the last, as the published model does."""
    stacked = [pen.node("Unsqueeze", [part, integers(1)], (part.shape[0], 1, *part.shape[1:])) for part in parts_]
    return pen.pick(pen.concat(stacked, 1), 1, len(parts_) - 1)


def _inverse_sigmoid(pen: Pen, x: Tensor) -> Tensor:
    inside = pen.node("Clip", [x, number(0.0), number(1.0)], x.shape)
    above = pen.node("Clip", [inside, number(_LEAST)], x.shape)
    rest = pen.node("Sub", [number(1.0), inside], x.shape)
    below = pen.node("Clip", [rest, number(_LEAST)], x.shape)
    return pen.unary("Log", pen.binary("Div", above, below))
