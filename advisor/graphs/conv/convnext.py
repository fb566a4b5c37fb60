"""ConvNeXt, first and second version: wide depthwise kernels, then two products over the channels of each place. Pure.

Source: Liu et al., arXiv 2201.03545; Woo et al., arXiv 2301.00808 (responses normalized instead of layers scaled).
"""

import msgspec

from advisor.graphs.conv import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers, number

_KERNEL = 7
_INNER = 4
_EPSILON = 1e-6


class ConvNextShape(msgspec.Struct, frozen=True, kw_only=True):
    """A ConvNeXt."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    """[channels] Of each stage."""
    normalizes_responses: bool
    """The second version."""
    side_px: int
    patch_px: int = 4
    num_labels: int

    @property
    def num_layers(self) -> int:
        """Blocks of all stages."""
        return sum(self.depths)


def draw(pen: Pen, shape: ConvNextShape, num_batch: int) -> None:
    """Draw a ConvNeXt with its classifier."""
    pixels = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    x = pen.conv("stem", pixels, shape.widths[0], shape.patch_px, stride=shape.patch_px, pad=0)
    x = _norm_channels(pen, "stem/norm", x)
    for stage, (depth, size) in enumerate(zip(shape.depths, shape.widths, strict=True)):
        if stage:
            x = _norm_channels(pen, f"{stage}/norm", x)
            x = pen.conv(f"{stage}/shrink", x, size, 2, stride=2, pad=0)
        for index in range(depth):
            x = _block(pen, f"{stage}.{index}", x, normalizes=shape.normalizes_responses)
    mean = pen.node("ReduceMean", [x, integers(2, 3)], x.shape[:2], keepdims=0)
    y = pen.norm("norm", mean)
    pen.output(pen.linear("classifier", y, shape.num_labels))


def _norm_channels(pen: Pen, name: str, x: Tensor) -> Tensor:
    return pen.transpose(pen.norm(name, pen.transpose(x, 0, 2, 3, 1)), 0, 3, 1, 2)


def _block(pen: Pen, name: str, x: Tensor, *, normalizes: bool) -> Tensor:
    size = x.shape[1]
    y = pen.conv(f"{name}/depthwise", x, size, _KERNEL, groups=size)
    y = pen.norm(f"{name}/norm", pen.transpose(y, 0, 2, 3, 1))
    y = parts.activate(pen, pen.linear(f"{name}/up", y, _INNER * size), "gelu")
    if normalizes:
        y = _normalized(pen, f"{name}/responses", y)
    y = pen.linear(f"{name}/down", y, size)
    if not normalizes:
        y = pen.binary("Mul", y, pen.weight(f"{name}/scale", (size,), fill="ones"))
    return pen.add(x, pen.transpose(y, 0, 3, 1, 2))


def _normalized(pen: Pen, name: str, x: Tensor) -> Tensor:
    """Scale each channel by its length over all places against the mean length."""
    batch, _, _, width = x.shape
    length = pen.node("ReduceL2", [x, integers(1, 2)], (batch, 1, 1, width), keepdims=1)
    mean = pen.node("ReduceMean", [length, integers(3)], (batch, 1, 1, 1), keepdims=1)
    share = pen.binary("Div", length, pen.binary("Add", mean, number(_EPSILON)))
    scaled = pen.binary("Mul", pen.weight(f"{name}/weight", (1, 1, 1, width)), pen.binary("Mul", x, share))
    scaled = pen.binary("Add", scaled, pen.weight(f"{name}/bias", (1, 1, 1, width)))
    return pen.add(scaled, x)
