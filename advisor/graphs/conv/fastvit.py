"""FastViT of convolutions alone, in the form it is meant to run in: parallel branches merged into one kernel. Pure.

Each convolution stands for the branches it was trained as; their parameters are counted, their bytes are not there.

Source: Vasu et al., arXiv 2303.14189, section 3 and table 1; timm, `fastvit_t8`, for which branch has which kernel.
"""

import msgspec

from advisor.graphs.conv import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen

_NORM, _SMALL, _SCALE = 2.0, 1.0, 1.0
"""[1] Parameters for each channel of a norm, of a kernel of one pixel that filters it, of a layer's scale."""
_THREE = 9.0
_SQUEEZE = 16
_MIXER, _SPREAD = 3, 7
"""[pixels] Kernels that mix places: of the mixer, and before the products and between stages."""


class FastVitShape(msgspec.Struct, frozen=True, kw_only=True):
    """A FastViT whose stages all mix by convolution."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    """[channels] Of each stage."""
    expand: int
    side_px: int
    num_labels: int

    @property
    def num_layers(self) -> int:
        """Blocks of all stages."""
        return sum(self.depths)


def draw(pen: Pen, shape: FastVitShape, num_batch: int) -> None:
    """Draw a FastViT with its classifier."""
    first, last = shape.widths[0], shape.widths[-1]
    x = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    branch = 3 * _SMALL + _NORM  # one pixel of each colour
    x = parts.conv(pen, "stem.0", x, first, 3, stride=2, activation="gelu", counted_bias=_NORM + branch)
    branch = _SMALL + _NORM
    x = parts.conv(
        pen, "stem.1", x, first, 3, stride=2, groups=first, activation="gelu", counted_bias=_NORM + branch
    )  # fmt: skip
    x = _pointwise(pen, "stem.2", x)
    for stage, (depth, size) in enumerate(zip(shape.depths, shape.widths, strict=True)):
        if stage:
            branch = _THREE + _NORM
            x = parts.conv(
                pen, f"{stage}/shrink", x, size, _SPREAD, stride=2, groups=x.shape[1], counted_bias=_NORM + branch
            )  # fmt: skip
            x = _pointwise(pen, f"{stage}/mix", x)
        for index in range(depth):
            x = _block(pen, f"{stage}.{index}", x, shape.expand)
    branch = _SMALL + _NORM
    x = parts.conv(pen, "last", x, 2 * last, 3, groups=last, counted_bias=_NORM + branch)
    x = parts.activate(pen, parts.gate(pen, "last/gate", x, 2 * last // _SQUEEZE), "gelu")
    pen.output(parts.classify(pen, parts.pool(pen, x), shape.num_labels))


def _pointwise(pen: Pen, name: str, x: Tensor) -> Tensor:
    """Mix channels; trained beside a norm alone."""
    return parts.conv(pen, name, x, x.shape[1], 1, activation="gelu", counted_bias=2 * _NORM)


def _block(pen: Pen, name: str, x: Tensor, expand: int) -> Tensor:
    size = x.shape[1]
    branches = 4 * _NORM + _SMALL + _SCALE  # a norm on the way in, and one each of three branches
    x = parts.conv(pen, f"{name}/mixer", x, size, _MIXER, groups=size, counted_bias=branches)
    y = parts.depthwise(pen, f"{name}/spread", x, _SPREAD)
    y = parts.activate(pen, pen.conv(f"{name}/up", y, expand * size, 1), "gelu")
    y = pen.conv(f"{name}/down", y, size, 1)
    return pen.add(x, pen.binary("Mul", y, pen.weight(f"{name}/scale", (size, 1, 1), fill="ones")))
