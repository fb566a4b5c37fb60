"""MobileViT: inverted residuals, and transformers over patches of their features. Pure.

Source: Mehta and Rastegari, arXiv 2110.02178, table 4; timm, `mobilevit_s`.
"""

import msgspec

from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers

_FOLDED_NORM = 2.0
_EXPAND = 4
_INNER = 2
_NUM_HEADS = 4
_PATCH = 2


class MobileVitShape(msgspec.Struct, frozen=True, kw_only=True):
    """MobileViT."""

    stem_size: int
    sizes: tuple[int, ...]
    """[channels] Of the five stages."""
    hidden_sizes: tuple[int, ...]
    """[elements] Of the transformers in the last three."""
    depths: tuple[int, ...]
    """Layers of those transformers."""
    last_size: int
    side_px: int
    num_labels: int

    @property
    def num_layers(self) -> int:
        """Layers of all transformers."""
        return sum(self.depths)


def draw(pen: Pen, shape: MobileVitShape, _num_layers: int, num_batch: int) -> None:
    """Draw MobileViT with its classifier."""
    x = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    x = _conv(pen, "stem", x, shape.stem_size, 3, stride=2)
    x = _inverted(pen, "stage.0", x, shape.sizes[0], 1)
    x = _inverted(pen, "stage.1.0", x, shape.sizes[1], 2)
    for index in (1, 2):
        x = _inverted(pen, f"stage.1.{index}", x, shape.sizes[1], 1)
    for index, (hidden, depth) in enumerate(zip(shape.hidden_sizes, shape.depths, strict=True)):
        name = f"stage.{2 + index}"
        x = _inverted(pen, f"{name}/down", x, shape.sizes[2 + index], 2)
        x = _transformer(pen, name, x, hidden, depth)
    x = _conv(pen, "last", x, shape.last_size, 1)
    pooled = pen.node("ReduceMean", [x, integers(2, 3)], x.shape[:2], keepdims=0)
    pen.output(pen.linear("classifier", pooled, shape.num_labels))


def _conv(
    pen: Pen, name: str, x: Tensor, num_out: int, kernel: int, *, stride: int = 1, groups: int = 1,
    activated: bool = True,
) -> Tensor:  # fmt: skip
    """Convolve with a batch norm folded in."""
    y = pen.conv(name, x, num_out, kernel, stride=stride, groups=groups, counted_bias=_FOLDED_NORM)
    return parts.activate(pen, y, "silu") if activated else y


def _inverted(pen: Pen, name: str, x: Tensor, num_out: int, stride: int) -> Tensor:
    wide = _EXPAND * x.shape[1]
    y = _conv(pen, f"{name}/expand", x, wide, 1)
    y = _conv(pen, f"{name}/depthwise", y, wide, 3, stride=stride, groups=wide)
    y = _conv(pen, f"{name}/reduce", y, num_out, 1, activated=False)
    return pen.add(x, y) if stride == 1 and x.shape[1] == num_out else y


def _transformer(pen: Pen, name: str, x: Tensor, hidden: int, depth: int) -> Tensor:
    batch, channels, height, width = x.shape
    y = _conv(pen, f"{name}/local", x, channels, 3)
    y = pen.conv(f"{name}/widen", y, hidden, 1, bias=False)
    rows, columns, inside = height // _PATCH, width // _PATCH, _PATCH * _PATCH
    y = pen.transpose(pen.reshape(y, (batch * hidden * rows, _PATCH, columns, _PATCH)), 0, 2, 1, 3)
    y = pen.transpose(pen.reshape(y, (batch, hidden, rows * columns, inside)), 0, 3, 2, 1)
    y = pen.reshape(y, (batch * inside, rows * columns, hidden))
    for index in range(depth):
        y = _layer(pen, f"{name}.{index}", y)
    y = pen.reshape(pen.norm(f"{name}/norm", y), (batch, inside, rows * columns, hidden))
    y = pen.reshape(pen.transpose(y, 0, 3, 2, 1), (batch * hidden * rows, columns, _PATCH, _PATCH))
    y = pen.reshape(pen.transpose(y, 0, 2, 1, 3), (batch, hidden, height, width))
    y = _conv(pen, f"{name}/narrow", y, channels, 1)
    return _conv(pen, f"{name}/fuse", pen.concat([x, y], 1), channels, 3)


def _layer(pen: Pen, name: str, x: Tensor) -> Tensor:
    y = parts.packed_attention(pen, f"{name}/attention", pen.norm(f"{name}/first_norm", x), _NUM_HEADS)
    x = pen.add(x, y)
    y = parts.mlp(pen, f"{name}/mlp", pen.norm(f"{name}/second_norm", x), _INNER * x.shape[-1], "silu")
    return pen.add(x, y)
