"""What convolutional networks are put together from: norms folded into convolutions, activations, gates. Pure."""

from typing import Literal

from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers, number

Activation = Literal["none", "relu", "relu6", "hard-swish", "silu", "gelu", "sigmoid", "hard-sigmoid"]
FOLDED_NORM = 2.0
"""[1] Parameters of the published model for each element of a bias that a batch norm was folded into: its scale and its
shift. torch.onnx folds norms while it exports, and ONNX Runtime would while it loads."""
_SIX = 6.0
_SIXTH = 1 / 6
"""[1] Slope of the hard sigmoid. Source: MobileNetV3, arXiv 1905.02244, section 5.2."""
_STEP = 8
_MOST_LOST = 0.9


def activate(pen: Pen, x: Tensor, kind: Activation) -> Tensor:
    """Apply an activation, as torch.onnx writes it."""
    if kind == "none":
        return x
    if kind == "relu6":
        return pen.node("Clip", [x, number(0.0), number(_SIX)], x.shape)
    if kind == "silu":
        return pen.binary("Mul", x, pen.unary("Sigmoid", x))
    if kind == "hard-sigmoid":
        return pen.unary("HardSigmoid", x, alpha=_SIXTH, beta=0.5)
    if kind == "gelu":
        return pen.unary("Gelu", x, approximate="none")
    return pen.unary({"relu": "Relu", "hard-swish": "HardSwish", "sigmoid": "Sigmoid"}[kind], x)


def conv(
    pen: Pen, name: str, x: Tensor, num_out: int, kernel: int, *, stride: int = 1, groups: int = 1,
    activation: Activation = "none", counted_bias: float = FOLDED_NORM,
) -> Tensor:  # fmt: skip
    """Convolve with a batch norm folded in, then activate.

    Args:
        pen: draws.
        name: of the weights.
        x: (batch, channels, height, width).
        num_out: channels of the result.
        kernel: [pixels] Side.
        stride: [pixels]
        groups: of channels.
        activation: after the norm.
        counted_bias: [1] Published parameters for each element of the bias.
    """
    y = pen.conv(name, x, num_out, kernel, stride=stride, groups=groups, counted_bias=counted_bias)
    return activate(pen, y, activation)


def depthwise(
    pen: Pen, name: str, x: Tensor, kernel: int, *, stride: int = 1, activation: Activation = "none"
) -> Tensor:
    """Convolve each channel on its own, with a batch norm folded in."""
    channels = x.shape[1]
    return conv(pen, name, x, channels, kernel, stride=stride, groups=channels, activation=activation)


def gate(
    pen: Pen, name: str, x: Tensor, inner: int, *, activation: Activation = "relu", last: Activation = "sigmoid"
) -> Tensor:
    """Scale each channel by what all places say of it (squeeze and excitation, arXiv 1709.01507)."""
    y = pool(pen, x)
    y = activate(pen, pen.conv(f"{name}/reduce", y, inner, 1), activation)
    y = activate(pen, pen.conv(f"{name}/expand", y, x.shape[1], 1), last)
    return pen.binary("Mul", x, y)


def pool(pen: Pen, x: Tensor) -> Tensor:
    """Average over all places; (batch, channels, 1, 1)."""
    return pen.node("ReduceMean", [x, integers(2, 3)], (*x.shape[:2], 1, 1), keepdims=1)


def classify(pen: Pen, x: Tensor, num_labels: int) -> Tensor:
    """Return one score a label of (batch, channels, 1, 1)."""
    return pen.linear("classifier", pen.reshape(x, x.shape[:2]), num_labels)


def divisible(width: float) -> int:
    """Round channels to a multiple of 8, losing at most a tenth.

    Source:
        MobileNet's `_make_divisible`, tensorflow/models, research/slim/nets/mobilenet/mobilenet.py.
    """
    rounded = max(_STEP, int(width + _STEP / 2) // _STEP * _STEP)
    return rounded + _STEP if rounded < _MOST_LOST * width else rounded
