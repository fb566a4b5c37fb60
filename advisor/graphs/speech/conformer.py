"""FastConformer with one score for each token and frame (Parakeet CTC). Pure.

Source: torch.onnx (opset 20) of `ParakeetForCTC` of transformers 5.24, attention written out, batch norms folded;
Rekesh et al., arXiv 2305.05084.
"""

import math
from functools import lru_cache

from advisor.graphs.speech.shape import ConformerShape
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Drawing, Tensor
from advisor.graphs.vision.pen import Pen, integers

INPUT = "input_features"
FRAMES_PER_S = 100
"""[1/s] A mel spectrum every 10 ms. Source: arXiv 2305.05084, section 4; `hop_length` 160 at 16 kHz."""
_CHANNELS, _KERNEL, _STEM_KERNEL = 256, 9, 3
"""Source of these three: arXiv 2305.05084, section 3; the released configurations."""
_HALF = 0.5
_WITH_NORM = 3.0
"""[1] Parameters for each element of a bias that a batch norm was folded into: its own, a scale, a shift."""
_NOT_COUNTED = 0.0
_NUM_KEPT = 64


class _ConformerPen(Pen):
    """A drawing under construction."""

    def __init__(self, *, products: bool) -> None:
        super().__init__()
        self.products = products


@lru_cache(maxsize=_NUM_KEPT)
def drawing(
    shape: ConformerShape, num_layers: int, num_batch: int, num_frames: int, *, products: bool = False
) -> Drawing:
    """Return a network.

    Args:
        shape: the whole model.
        num_layers: layers kept.
        num_batch: pieces of sound read together.
        num_frames: spectra of each.
        products: convolutions over one position are products, which a format may quantize; exports leave them
            convolutions, of which quantized files hold integers as well.
    """
    pen = _ConformerPen(products=products)
    x = _narrow(pen, shape, pen.input(INPUT, (num_batch, num_frames, shape.num_mel_bins)))
    apart = pen.weight("places", (1, 2 * x.shape[1] - 1, shape.hidden_size), scale=0.7, counted=_NOT_COUNTED)
    for index in range(num_layers):
        x = _layer(pen, f"layer.{index}", x, apart, shape)
    scores = _point(pen, "tokens", pen.transpose(x, 0, 2, 1), shape.vocab_size)
    pen.output(pen.transpose(scores, 0, 2, 1))
    return pen.drawing()


def num_positions(shape: ConformerShape, num_frames: int) -> int:
    """Return the positions that the layers see of so many spectra."""
    for _ in range(shape.num_halvings):
        num_frames = _halved(num_frames)
    return num_frames


def _halved(count: int) -> int:
    return (count + 1) // 2


def _narrow(pen: Pen, shape: ConformerShape, spectra: Tensor) -> Tensor:
    """Return (batch, positions, width) of (batch, frames, mel bins): halved several times, then one product."""
    x = pen.node("Unsqueeze", [spectra, integers(1)], (spectra.shape[0], 1, *spectra.shape[1:]))
    x = pen.unary("Relu", pen.conv("stem.0", x, _CHANNELS, _STEM_KERNEL, stride=2))
    for index in range(1, shape.num_halvings):
        x = pen.conv(f"stem.{index}/each", x, _CHANNELS, _STEM_KERNEL, stride=2, groups=_CHANNELS)
        x = pen.unary("Relu", pen.conv(f"stem.{index}/mix", x, _CHANNELS, 1))
    batch, channels, positions, bins = x.shape
    x = pen.reshape(pen.transpose(x, 0, 2, 1, 3), (batch, positions, channels * bins))
    return pen.scale(pen.linear("stem/projection", x, shape.hidden_size), math.sqrt(shape.hidden_size))


def _layer(pen: _ConformerPen, name: str, x: Tensor, apart: Tensor, shape: ConformerShape) -> Tensor:
    x = pen.add(x, _half(pen, f"{name}/first", x, shape))
    x = pen.add(x, _attention(pen, f"{name}/attention", pen.norm(f"{name}/attention_norm", x), apart, shape.num_heads))
    x = pen.add(x, _convolve(pen, f"{name}/convolution", pen.norm(f"{name}/convolution_norm", x)))
    x = pen.add(x, _half(pen, f"{name}/second", x, shape))
    return pen.norm(f"{name}/norm", x)


def _half(pen: Pen, name: str, x: Tensor, shape: ConformerShape) -> Tensor:
    """Return half of a feed-forward network."""
    return pen.scale(parts.mlp(pen, name, pen.norm(f"{name}/norm", x), shape.intermediate_size, "silu"), _HALF)


def _attention(pen: Pen, name: str, x: Tensor, apart: Tensor, num_heads: int) -> Tensor:
    """Return attention whose scores add what queries say of words and what they say of distances.

    Distances are scored once for each position and shifted into place. Source: Transformer-XL, arXiv 1901.02860, B.
    """
    batch, tokens, width = x.shape
    size = width // num_heads
    query, key, value = (pen.linear(f"{name}/{part}", x, width) for part in ("query", "key", "value"))
    queries, values = (parts.heads(pen, side, num_heads) for side in (query, value))
    to_words, to_places = (
        pen.add(queries, pen.weight(f"{name}/{part}", (1, num_heads, 1, size))) for part in ("word_bias", "place_bias")
    )
    places = _across(pen, pen.linear(f"{name}/place", apart, width, bias=False), num_heads)
    far = shifted(pen, pen.matmul(to_places, places), tokens)
    root = 1 / math.sqrt(size)
    near = pen.matmul(to_words, _across(pen, key, num_heads))
    scores = pen.add(pen.scale(near, root), pen.scale(far, root))
    mixed = pen.matmul(pen.unary("Softmax", scores, axis=-1), values)
    flat = pen.reshape(pen.transpose(mixed, 0, 2, 1, 3), (batch, tokens, width))
    return pen.linear(f"{name}/output", flat, width)


def _across(pen: Pen, x: Tensor, num_heads: int) -> Tensor:
    """Return (batch, heads, head size, positions) of (batch, positions, width)."""
    batch, count, width = x.shape
    return pen.transpose(pen.reshape(x, (batch, count, num_heads, width // num_heads)), 0, 2, 3, 1)


def shifted(pen: Pen, x: Tensor, tokens: int) -> Tensor:
    """Move each row by one more, so that a column is no distance but a position."""
    batch, num_heads, rows, distances = x.shape
    wide = pen.node("Pad", [x, integers(0, 0, 0, 1, 0, 0, 0, 0)], (batch, num_heads, rows, distances + 1))
    turned = pen.slice(pen.reshape(wide, (batch, num_heads, distances + 1, rows)), 2, 1)
    return pen.slice(pen.reshape(turned, (batch, num_heads, rows, distances)), 3, 0, tokens)


def _convolve(pen: _ConformerPen, name: str, x: Tensor) -> Tensor:
    width = x.shape[2]
    y = _point(pen, f"{name}/in", pen.transpose(x, 0, 2, 1), 2 * width)
    halves = [(y.shape[0], width, y.shape[2])] * 2
    first, gate = pen.split("Split", [y], halves, axis=1, num_outputs=2)
    y = pen.binary("Mul", first, pen.unary("Sigmoid", gate))
    y = _conv(pen, f"{name}/each", y, width, _KERNEL, groups=width, counted_bias=_WITH_NORM)
    y = _point(pen, f"{name}/out", parts.activate(pen, y, "silu"), width)
    return pen.transpose(y, 0, 2, 1)


def _point(pen: _ConformerPen, name: str, x: Tensor, num_out: int) -> Tensor:
    """Mix the channels of each position. Input: (batch, channels, time)."""
    if not pen.products:
        return _conv(pen, name, x, num_out, 1)
    return pen.transpose(pen.linear(name, pen.transpose(x, 0, 2, 1), num_out), 0, 2, 1)


def _conv(
    pen: Pen, name: str, x: Tensor, num_out: int, kernel: int, *, groups: int = 1, counted_bias: float = 1.0
) -> Tensor:
    """Convolve along time. Input: (batch, channels, time)."""
    batch, channels, time = x.shape
    fan_in = channels // groups
    weight = pen.weight(f"{name}/weight", (num_out, fan_in, kernel), scale=1 / math.sqrt(fan_in * kernel))
    bias = pen.weight(f"{name}/bias", (num_out,), counted=counted_bias)
    return pen.node(
        "Conv", [x, weight, bias], (batch, num_out, time), group=groups, pads=[kernel // 2] * 2, strides=[1],
        dilations=[1], kernel_shape=[kernel],
    )  # fmt: skip
