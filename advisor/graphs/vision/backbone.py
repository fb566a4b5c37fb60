"""ResNets as detectors have them: norms frozen, features of several stages returned. Pure.

Source: He et al., arXiv 1512.03385; the variant of RT-DETR: arXiv 1812.01187, figure 2 (three small convolutions first,
averages before the shortcuts).
"""

import msgspec

from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen

_FROZEN_NORM = 0.0
"""A frozen norm has no parameters: what its folded bias stands for is not counted."""
_STEM = 64
_BOTTLENECK = 4


class ResNetShape(msgspec.Struct, frozen=True, kw_only=True):
    """A ResNet without classifier."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    """[channels] Of each stage; equal to the stem's in the first: plain blocks, else bottlenecks."""
    deep_stem: bool

    @property
    def is_plain(self) -> bool:
        """Two convolutions a block instead of a bottleneck of three."""
        return self.widths[0] == _STEM


def draw(pen: Pen, shape: ResNetShape, pixels: Tensor) -> list[Tensor]:
    """Draw a ResNet; return what comes out of each stage."""
    x = pixels
    steps = ((32, 3, 2), (32, 3, 1), (_STEM, 3, 1)) if shape.deep_stem else ((_STEM, 7, 2),)
    for index, (width, kernel, stride) in enumerate(steps):
        x = pen.unary("Relu", conv(pen, f"backbone/stem.{index}", x, width, kernel, stride=stride))
    x = _pooled(pen, "MaxPool", x, 3, 2, 1)
    stages = []
    for stage, (depth, width) in enumerate(zip(shape.depths, shape.widths, strict=True)):
        for index in range(depth):
            stride = 2 if stage and not index else 1
            x = _block(pen, f"backbone/{stage}.{index}", x, width, stride, shape, first=not index)
        stages.append(x)
    return stages


def conv(pen: Pen, name: str, x: Tensor, num_out: int, kernel: int, *, stride: int = 1) -> Tensor:
    """Convolve with a frozen norm folded in."""
    return pen.conv(name, x, num_out, kernel, stride=stride, counted_bias=_FROZEN_NORM)


def _block(pen: Pen, name: str, x: Tensor, width: int, stride: int, shape: ResNetShape, *, first: bool) -> Tensor:
    if shape.is_plain:
        y = pen.unary("Relu", conv(pen, f"{name}/0", x, width, 3, stride=stride))
        y = conv(pen, f"{name}/1", y, width, 3)
    else:
        y = pen.unary("Relu", conv(pen, f"{name}/0", x, width // _BOTTLENECK, 1))
        y = pen.unary("Relu", conv(pen, f"{name}/1", y, width // _BOTTLENECK, 3, stride=stride))
        y = conv(pen, f"{name}/2", y, width, 1)
    has_shortcut = first and (shape.deep_stem or x.shape[1] != width or stride != 1)
    return pen.unary("Relu", pen.add(y, _shortcut(pen, name, x, width, stride, shape) if has_shortcut else x))


def _shortcut(pen: Pen, name: str, x: Tensor, width: int, stride: int, shape: ResNetShape) -> Tensor:
    if shape.deep_stem and stride > 1:
        return conv(pen, f"{name}/shortcut", _pooled(pen, "AveragePool", x, 2, 2, 0), width, 1)
    return conv(pen, f"{name}/shortcut", x, width, 1, stride=stride)


def _pooled(pen: Pen, operator: str, x: Tensor, kernel: int, stride: int, pad: int) -> Tensor:
    batch, channels, *sides = x.shape
    out = [-(-(side + 2 * pad - kernel) // stride) + 1 if not pad else (side + 2 * pad - kernel) // stride + 1
           for side in sides]  # fmt: skip
    return pen.node(
        operator, [x], (batch, channels, *out), kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4,
        ceil_mode=int(not pad),
    )  # fmt: skip
