"""MobileNets and EfficientNets: stages of blocks that widen, filter each channel and narrow again. Pure."""

from typing import Literal

import msgspec

from advisor.graphs.conv import parts
from advisor.graphs.conv.parts import Activation
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen

BlockKind = Literal["plain", "separable", "inverted", "fused", "universal"]
"""One convolution; depthwise and pointwise; widen, depthwise, narrow; widen by a whole convolution, narrow; inverted
with another depthwise convolution before it and either of the two left out (MobileNetV4)."""
Head = Literal["before-pool", "after-pool", "after-pool-normed"]
"""Where the last widening stands: over all places, or over their mean, with a bias or with a norm."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks alike but for the first one's stride."""

    kind: BlockKind
    size: int
    """[channels] Of the result."""
    repeats: int = 1
    kernel: int = 3
    """[pixels] Of the depthwise convolution, or of the only one; 0: there is none."""
    first_kernel: int = 0
    """[pixels] Of the depthwise convolution before an universal block; 0: there is none."""
    stride: int = 1
    expand: float = 1.0
    """[1] Channels inside the block over channels before it."""
    gate_share: float = 0.0
    """[1] Width of the gate over what `MobileShape.gate_of` says; 0: no gate."""
    activation: Activation | None = None
    """Null: the network's own."""


class MobileShape(msgspec.Struct, frozen=True, kw_only=True):
    """A network of such stages."""

    stem_size: int
    stages: tuple[Stage, ...]
    head: Head
    head_size: int
    activation: Activation
    gate_of: Literal["inside", "before"] = "inside"
    """Whether gates are a share of the channels inside a block, rounded to 8, or of those before it."""
    gate_activation: Activation = "relu"
    gate_last: Activation = "hard-sigmoid"
    side_px: int
    num_labels: int

    @property
    def num_layers(self) -> int:
        """Blocks of all stages."""
        return sum(stage.repeats for stage in self.stages)


def draw(pen: Pen, shape: MobileShape, num_batch: int) -> None:
    """Draw a network with its classifier."""
    pixels = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    x = parts.conv(pen, "stem", pixels, shape.stem_size, 3, stride=2, activation=shape.activation)
    for number, stage in enumerate(shape.stages):
        for index in range(stage.repeats):
            x = _block(pen, f"{number}.{index}", x, shape, stage, 1 if index else stage.stride)
    if shape.head == "before-pool":
        x = parts.pool(pen, parts.conv(pen, "head", x, shape.head_size, 1, activation=shape.activation))
    elif shape.head == "after-pool-normed":
        x = parts.conv(pen, "head", parts.pool(pen, x), shape.head_size, 1, activation=shape.activation)
    else:
        x = parts.activate(pen, pen.conv("head", parts.pool(pen, x), shape.head_size, 1), shape.activation)
    pen.output(parts.classify(pen, x, shape.num_labels))


def _block(pen: Pen, name: str, x: Tensor, shape: MobileShape, stage: Stage, stride: int) -> Tensor:
    activation = stage.activation or shape.activation
    if stage.kind == "plain":
        return parts.conv(pen, name, x, stage.size, stage.kernel, stride=stride, activation=activation)
    y, kernel = x, stage.kernel
    inside = parts.divisible(x.shape[1] * stage.expand)
    if stage.first_kernel:
        y = parts.depthwise(pen, f"{name}/first", y, stage.first_kernel, stride=1 if kernel else stride)
    if stage.kind == "fused":
        y = parts.conv(pen, f"{name}/widen", y, inside, kernel, stride=stride, activation=activation)
    elif stage.kind != "separable":
        y = parts.conv(pen, f"{name}/widen", y, inside, 1, activation=activation)
    if kernel and stage.kind != "fused":
        y = parts.depthwise(pen, f"{name}/depthwise", y, kernel, stride=stride, activation=activation)
    if stage.gate_share:
        y = _gated(pen, f"{name}/gate", y, shape, stage, x.shape[1])
    y = parts.conv(pen, f"{name}/narrow", y, stage.size, 1)
    return pen.add(y, x) if stride == 1 and x.shape[1] == stage.size else y


def _gated(pen: Pen, name: str, x: Tensor, shape: MobileShape, stage: Stage, before: int) -> Tensor:
    inside = shape.gate_of == "inside"
    inner = parts.divisible(x.shape[1] * stage.gate_share) if inside else round(before * stage.gate_share)
    return parts.gate(pen, name, x, inner, activation=shape.gate_activation, last=shape.gate_last)
