"""wav2vec 2.0 and HuBERT: convolutions over the raw wave, a wide one that tells places, layers, letters. Pure.

Source: torch.onnx (opset 20) of `Wav2Vec2ForCTC` and `HubertForCTC` of transformers 5.24, without the mask that hides
nothing.
"""

import math
from functools import lru_cache

from advisor.graphs.speech.shape import WaveShape
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Drawing, Tensor
from advisor.graphs.vision.pen import Pen, integers

INPUT = "input_values"
RATE_HZ = 16_000
"""[Hz] Of the sound it reads. Source: arXiv 2006.11477, section 4.1."""
_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_STRIDES = (5, 2, 2, 2, 2, 2, 2)
_CHANNELS = 512
_PLACE_KERNEL, _PLACE_GROUPS = 128, 16
"""Source of all four: arXiv 2006.11477, section 4.2."""
_NOT_COUNTED = 0.0
_NUM_KEPT = 64


@lru_cache(maxsize=_NUM_KEPT)
def drawing(shape: WaveShape, num_layers: int, num_batch: int, num_samples: int) -> Drawing:
    """Return a network.

    Args:
        shape: the whole model.
        num_layers: layers kept.
        num_batch: pieces of sound read together.
        num_samples: length of each.
    """
    pen = Pen()
    wave = pen.input(INPUT, (num_batch, num_samples))
    x = _listen(pen, shape, wave)
    x = pen.linear("projection", pen.norm("projection/norm", x), shape.hidden_size)
    x = pen.add(x, _places(pen, x))
    x = x if shape.normed_first else pen.norm("norm", x)
    for index in range(num_layers):
        x = _layer(pen, f"layer.{index}", x, shape)
    x = pen.norm("norm", x) if shape.normed_first else x
    pen.output(pen.linear("letters", x, shape.num_letters))
    return pen.drawing()


def num_frames(num_samples: int) -> int:
    """Return the positions that the layers see of so many samples."""
    for kernel, stride in zip(_KERNELS, _STRIDES, strict=True):
        num_samples = (num_samples - kernel) // stride + 1
    return num_samples


def least_samples() -> int:
    """Return the shortest sound that gives one position, in samples."""
    count = 1
    for kernel, stride in zip(reversed(_KERNELS), reversed(_STRIDES), strict=True):
        count = (count - 1) * stride + kernel
    return count


def _listen(pen: Pen, shape: WaveShape, wave: Tensor) -> Tensor:
    """Return (batch, frames, channels) of (batch, samples)."""
    x = pen.node("Unsqueeze", [wave, integers(1)], (wave.shape[0], 1, wave.shape[1]))
    for index, (kernel, stride) in enumerate(zip(_KERNELS, _STRIDES, strict=True)):
        name = f"listen.{index}"
        x = _conv(pen, name, x, _CHANNELS, kernel, stride=stride, bias=shape.normed_first)
        if shape.normed_first:
            x = pen.transpose(pen.norm(f"{name}/norm", pen.transpose(x, 0, 2, 1)), 0, 2, 1)
        elif index == 0:
            x = _channel_norm(pen, f"{name}/norm", x)
        x = pen.unary("Gelu", x, approximate="none")
    return pen.transpose(x, 0, 2, 1)


def _channel_norm(pen: Pen, name: str, x: Tensor) -> Tensor:
    """Normalize each channel over time (a group norm of one channel a group), then weigh and shift it."""
    channels = x.shape[1]
    wide = pen.reshape(x, x.shape, allow_zero=False)
    ones = pen.weight(f"{name}/ones", (channels,), fill="ones", counted=_NOT_COUNTED)
    zeros = pen.weight(f"{name}/zeros", (channels,), counted=_NOT_COUNTED)
    x = pen.node("InstanceNormalization", [wide, ones, zeros], x.shape, epsilon=1e-5)
    x = pen.binary("Mul", x, pen.weight(f"{name}/weight", (channels, 1), fill="ones"))
    return pen.add(x, pen.weight(f"{name}/bias", (channels, 1)))


def _places(pen: Pen, x: Tensor) -> Tensor:
    """Return what the neighbourhood of each frame says of its place: a wide convolution in groups.

    Its kernel is stored as directions and lengths; the runtime multiplies them once, while it loads.
    """
    hidden, taps = x.shape[2], (1, 1, _PLACE_KERNEL)
    kernel = (hidden, hidden // _PLACE_GROUPS, _PLACE_KERNEL)
    turned = pen.transpose(x, 0, 2, 1)
    lengths = pen.weight("places/lengths", taps, fill="ones")
    directions = pen.weight("places/directions", kernel, scale=1 / math.sqrt(_PLACE_KERNEL * kernel[1]))
    norms = pen.node("ReduceL2", [directions, integers(0, 1)], taps, keepdims=1, noop_with_empty_axes=0)
    weight = pen.node("Mul", [directions, pen.binary("Div", lengths, norms)], kernel)
    bias, pad = pen.weight("places/bias", (hidden,)), _PLACE_KERNEL // 2
    y = pen.node(
        "Conv", [turned, weight, bias], (x.shape[0], hidden, x.shape[1] + 1), group=_PLACE_GROUPS, pads=[pad, pad],
        strides=[1], dilations=[1], kernel_shape=[_PLACE_KERNEL],
    )  # fmt: skip
    y = pen.slice(y, 2, 0, x.shape[1])
    return pen.transpose(pen.unary("Gelu", y, approximate="none"), 0, 2, 1)


def _layer(pen: Pen, name: str, x: Tensor, shape: WaveShape) -> Tensor:
    if shape.normed_first:
        return parts.layer(pen, name, x, num_heads=shape.num_heads, inner=shape.intermediate_size)
    y = parts.attention(pen, f"{name}/attention", x, x, x, num_heads=shape.num_heads)
    x = pen.norm(f"{name}/attention_norm", pen.add(x, y))
    return pen.norm(f"{name}/mlp_norm", pen.add(x, parts.mlp(pen, f"{name}/mlp", x, shape.intermediate_size, "gelu")))


def _conv(pen: Pen, name: str, x: Tensor, num_out: int, kernel: int, *, stride: int, bias: bool) -> Tensor:
    """Convolve along time. Input: (batch, channels, time)."""
    batch, channels, time = x.shape
    weight = pen.weight(f"{name}/weight", (num_out, channels, kernel), scale=1 / math.sqrt(channels * kernel))
    inputs = [x, weight, pen.weight(f"{name}/bias", (num_out,))] if bias else [x, weight]
    shape = (batch, num_out, (time - kernel) // stride + 1)
    return pen.node("Conv", inputs, shape, group=1, pads=[0, 0], strides=[stride], dilations=[1], kernel_shape=[kernel])
