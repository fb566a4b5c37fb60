"""Networks that answer for each pixel: Depth Anything (DINOv2 with a convolutional neck) and SegFormer. Pure."""

import msgspec

from advisor.graphs.vision import parts, plain
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers
from advisor.graphs.vision.plain import PlainShape

_FOLDED_NORM = 2.0
"""A bias into which a batch norm was folded stands for two vectors of the published model."""
_SEGFORMER_HEADS = (1, 2, 5, 8)
_SEGFORMER_REDUCTIONS = (8, 4, 2, 1)
_SEGFORMER_INNER = 4
"""Source: SegFormer, arXiv 2105.15203, table 6: B0 to B5 alike (B0's inner factor is 4 in the released weights)."""


class DepthShape(msgspec.Struct, frozen=True, kw_only=True):
    """Depth Anything. Source: arXiv 2406.09414 and its released configurations."""

    backbone: PlainShape
    read_layers: tuple[int, ...]
    """Layers whose output the neck reads, counted from 1."""
    neck_sizes: tuple[int, ...]
    fusion_size: int
    head_size: int

    @property
    def num_layers(self) -> int:
        """Layers of the backbone."""
        return self.backbone.num_layers


class SegformerShape(msgspec.Struct, frozen=True, kw_only=True):
    """SegFormer: four stages and a decoder of linear layers."""

    depths: tuple[int, ...]
    hidden_sizes: tuple[int, ...]
    decoder_size: int
    num_labels: int
    side_px: int

    @property
    def num_layers(self) -> int:
        """Layers of all stages."""
        return sum(self.depths)


def draw_depth(pen: Pen, shape: DepthShape, _num_layers: int, num_batch: int) -> None:
    """Draw Depth Anything."""
    body = shape.backbone
    rows, columns = body.height_px // body.patch_px, body.width_px // body.patch_px
    pixels = pen.input("pixel_values", (num_batch, 3, body.height_px, body.width_px))
    states = plain.tower(pen, body, pixels, body.num_layers)
    weight = pen.weight("last_norm/weight", (body.hidden_size,), fill="ones")
    bias = pen.weight("last_norm/bias", (body.hidden_size,))
    levels = []
    for index, (layer, size) in enumerate(zip(shape.read_layers, shape.neck_sizes, strict=True)):
        x = pen.node("LayerNormalization", [states[layer - 1], weight, bias], states[layer - 1].shape, axis=-1)
        x = pen.reshape(pen.slice(x, 1, 1), (num_batch, rows, columns, body.hidden_size))
        x = pen.conv(f"neck.{index}/projection", pen.transpose(x, 0, 3, 1, 2), size, 1)
        levels.append(_resampled(pen, f"neck.{index}/resample", x, index))
    levels = [pen.conv(f"neck.{index}/conv", x, shape.fusion_size, 3, bias=False) for index, x in enumerate(levels)]
    x = pen.conv("head/first", _fused(pen, levels), shape.fusion_size // 2, 3)
    x = pen.conv("head/second", pen.resize(x, body.height_px, body.width_px, align_corners=True), shape.head_size, 3)
    x = pen.unary("Relu", pen.conv("head/third", pen.unary("Relu", x), 1, 1))
    pen.output(pen.node("Squeeze", [x, integers(1)], (num_batch, body.height_px, body.width_px)))


def _resampled(pen: Pen, name: str, x: Tensor, index: int) -> Tensor:
    """Bring a level to 4, 2, 1 or half times the patches' grid."""
    size = x.shape[1]
    if index < 2:
        return pen.conv_transpose(name, x, size, 4 >> index)
    return x if index == 2 else pen.conv(name, x, size, 3, stride=2)


def _fused(pen: Pen, levels: list[Tensor]) -> Tensor:
    """Add the levels from the coarsest to the finest, each through residual units, enlarged on the way."""
    x = levels[-1]
    for index in reversed(range(len(levels))):
        name = f"fusion.{index}"
        # The coarsest level has no level below it, so its first unit is never run and no exporter keeps it.
        x = pen.add(x, _residual(pen, f"{name}/first", levels[index])) if x is not levels[-1] else x
        x = _residual(pen, f"{name}/second", x)
        above = levels[index - 1] if index else None
        height, width = above.shape[2:] if above is not None else (2 * x.shape[2], 2 * x.shape[3])
        x = pen.conv(f"{name}/projection", pen.resize(x, height, width, align_corners=True), x.shape[1], 1)
    return x


def _residual(pen: Pen, name: str, x: Tensor) -> Tensor:
    y = pen.conv(f"{name}/0", pen.unary("Relu", x), x.shape[1], 3)
    return pen.add(pen.conv(f"{name}/1", pen.unary("Relu", y), x.shape[1], 3), x)


def draw_segformer(pen: Pen, shape: SegformerShape, _num_layers: int, num_batch: int) -> None:
    """Draw SegFormer."""
    x = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    levels = []
    for stage, (depth, hidden) in enumerate(zip(shape.depths, shape.hidden_sizes, strict=True)):
        kernel, stride = (3, 2) if stage else (7, 4)
        grid = pen.conv(f"stage.{stage}/patch", x, hidden, kernel, stride=stride)
        height, width = grid.shape[2:]
        y = pen.norm(f"stage.{stage}/patch_norm", parts.tokens(pen, grid))
        for index in range(depth):
            y = _segformer_layer(pen, f"stage.{stage}.{index}", y, (height, width), stage)
        y = pen.norm(f"stage.{stage}/norm", y)
        x = pen.transpose(pen.reshape(y, (num_batch, height, width, hidden)), 0, 3, 1, 2)
        levels.append(x)
    pen.output(_segformer_head(pen, shape, levels))


def _segformer_layer(pen: Pen, name: str, x: Tensor, grid: tuple[int, int], stage: int) -> Tensor:
    hidden, reduction, num_heads = x.shape[-1], _SEGFORMER_REDUCTIONS[stage], _SEGFORMER_HEADS[stage]
    y = pen.norm(f"{name}/first_norm", x)
    query = parts.heads(pen, pen.linear(f"{name}/query", y, hidden), num_heads)
    kept = y
    if reduction > 1:
        small = pen.conv(f"{name}/reduce", parts.image(pen, y, *grid), hidden, reduction, stride=reduction, pad=0)
        kept = pen.norm(f"{name}/reduce_norm", parts.tokens(pen, small))
    key, value = (parts.heads(pen, pen.linear(f"{name}/{part}", kept, hidden), num_heads) for part in ("key", "value"))
    x = pen.add(pen.linear(f"{name}/output", parts.attend(pen, query, key, value), hidden), x)
    y = pen.linear(f"{name}/up", pen.norm(f"{name}/second_norm", x), _SEGFORMER_INNER * hidden)
    wide = parts.image(pen, y, *grid)
    mixed = pen.conv(f"{name}/depthwise", wide, wide.shape[1], 3, groups=wide.shape[1])
    y = parts.activate(pen, parts.tokens(pen, mixed), "gelu")
    return pen.add(pen.linear(f"{name}/down", y, hidden), x)


def _segformer_head(pen: Pen, shape: SegformerShape, levels: list[Tensor]) -> Tensor:
    height, width = levels[0].shape[2:]
    wide = []
    for index, level in enumerate(levels):
        y = pen.linear(f"head/{index}", parts.tokens(pen, level), shape.decoder_size)
        wide.append(pen.resize(parts.image(pen, y, *level.shape[2:]), height, width))
    x = pen.conv("head/fuse", pen.concat(wide[::-1], 1), shape.decoder_size, 1, counted_bias=_FOLDED_NORM)
    return pen.conv("head/labels", pen.unary("Relu", x), shape.num_labels, 1)
