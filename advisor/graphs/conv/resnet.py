"""ResNets that classify: batch norms trained, so their parameters count. Pure.

Source: He et al., arXiv 1512.03385; strides in the 3 x 3 convolution, as torchvision, timm and transformers have them.
"""

import msgspec

from advisor.graphs.conv import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen

_BOTTLENECK = 4


class ResNetShape(msgspec.Struct, frozen=True, kw_only=True):
    """A ResNet."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    """[channels] Of each stage; equal to the stem's in the first: plain blocks, else bottlenecks."""
    stem_size: int
    num_labels: int
    side_px: int

    @property
    def num_layers(self) -> int:
        """Blocks of all stages."""
        return sum(self.depths)

    @property
    def is_plain(self) -> bool:
        """Two convolutions a block instead of a bottleneck of three."""
        return self.widths[0] == self.stem_size


def draw(pen: Pen, shape: ResNetShape, num_batch: int) -> None:
    """Draw a ResNet with its classifier."""
    pixels = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    pen.output(parts.classify(pen, parts.pool(pen, backbone(pen, shape, pixels)[-1]), shape.num_labels))


def backbone(pen: Pen, shape: ResNetShape, pixels: Tensor) -> list[Tensor]:
    """Draw all stages and return what comes out of each."""
    x = parts.conv(pen, "stem", pixels, shape.stem_size, 7, stride=2, activation="relu")
    batch, channels, height, width = x.shape
    x = pen.node(
        "MaxPool", [x], (batch, channels, (height + 1) // 2, (width + 1) // 2), kernel_shape=[3, 3], strides=[2, 2],
        pads=[1] * 4,
    )  # fmt: skip
    stages = []
    for stage, (depth, size) in enumerate(zip(shape.depths, shape.widths, strict=True)):
        for index in range(depth):
            x = _block(pen, f"{stage}.{index}", x, size, 2 if stage and not index else 1, plain=shape.is_plain)
        stages.append(x)
    return stages


def _block(pen: Pen, name: str, x: Tensor, size: int, stride: int, *, plain: bool) -> Tensor:
    if plain:
        y = parts.conv(pen, f"{name}/0", x, size, 3, stride=stride, activation="relu")
        y = parts.conv(pen, f"{name}/1", y, size, 3)
    else:
        y = parts.conv(pen, f"{name}/0", x, size // _BOTTLENECK, 1, activation="relu")
        y = parts.conv(pen, f"{name}/1", y, size // _BOTTLENECK, 3, stride=stride, activation="relu")
        y = parts.conv(pen, f"{name}/2", y, size, 1)
    if stride != 1 or x.shape[1] != size:
        x = parts.conv(pen, f"{name}/shortcut", x, size, 1, stride=stride)
    return pen.unary("Relu", pen.add(y, x))
