"""FLUX.1: layers in which patches and words keep their own weights, then layers in which they share them. Pure.

Source: Black Forest Labs, `flux/model.py` (Apache-2.0); diffusers 0.42, `FluxTransformer2DModel`.
"""

import msgspec

from advisor.graphs.diffusion.pen import DiffusionPen
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import integers, numbers

_INNER = 4
_SINUSOIDS = 256
_NUM_SHIFTS = 6
_NUM_SINGLE_SHIFTS = 3
_TIME_SCALE = 1000.0
_BASE = 10000.0
"""[1] Of the rates at which pairs of elements turn."""
SINGLES = 2
"""Single layers for each double layer: 38 for 19."""


class FluxShape(msgspec.Struct, frozen=True, kw_only=True):
    """A FLUX transformer. Its layers are counted in groups of one double and two single layers."""

    num_layers: int
    hidden_size: int
    num_heads: int
    text_width: int
    pooled_width: int
    num_text_tokens: int
    latent_px: int
    """[latent pixels] Side; two by two make a token."""
    num_channels: int = 64
    """[elements] Of a token."""
    guided: bool
    """The strength of guidance is an input."""

    @property
    def axes(self) -> tuple[int, int, int]:
        """Elements of a head that turn with each coordinate of a place: 16, 56 and 56 of the published 128."""
        head = self.hidden_size // self.num_heads
        long = 2 * (7 * head // 32)
        return head - 2 * long, long, long


def draw(pen: DiffusionPen, shape: FluxShape, num_layers: int, num_rows: int) -> None:
    """Draw one step for so many latents."""
    hidden, tokens = shape.hidden_size, (shape.latent_px // 2) ** 2
    sample = pen.input("hidden_states", (num_rows, tokens, shape.num_channels))
    text = pen.input("encoder_hidden_states", (num_rows, shape.num_text_tokens, shape.text_width))
    x = pen.linear("patch", sample, hidden)
    step = pen.silu(_step(pen, shape, num_rows))
    words = pen.linear("text", text, hidden)
    network = _Network(pen, shape, step, _angles(pen, shape, tokens))
    for index in range(num_layers):
        x, words = network.double(f"double.{index}", x, words)
    both = pen.concat([words, x], 1)
    for index in range(SINGLES * num_layers):
        both = network.single(f"single.{index}", both)
    x = pen.slice(both, 1, shape.num_text_tokens)
    ends = pen.chunks(pen.linear("last/shifts", step, 2 * hidden), 2, 1)
    x = pen.modulate(pen.bare_norm(x), pen.row(ends[0]), pen.row(ends[1]))
    pen.output(pen.linear("last", x, shape.num_channels))


def _step(pen: DiffusionPen, shape: FluxShape, num_rows: int) -> Tensor:
    hidden = shape.hidden_size
    time = pen.scale(pen.input("timestep", (num_rows,)), _TIME_SCALE)
    step = pen.embed("time", pen.sinusoids(time, _SINUSOIDS), hidden)
    if shape.guided:
        guidance = pen.scale(pen.input("guidance", (num_rows,)), _TIME_SCALE)
        step = pen.add(step, pen.embed("guidance", pen.sinusoids(guidance, _SINUSOIDS), hidden))
    pooled = pen.input("pooled_projections", (num_rows, shape.pooled_width))
    return pen.add(step, pen.embed("pooled", pooled, hidden))


def _angles(pen: DiffusionPen, shape: FluxShape, num_tokens: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of all places, worked out in each step: places are inputs. Source: arXiv 2104.09864."""
    words = pen.input("txt_ids", (shape.num_text_tokens, len(shape.axes)))
    places = pen.concat([words, pen.input("img_ids", (num_tokens, len(shape.axes)))], 0)
    count, found = places.shape[0], tuple[list[Tensor], list[Tensor]](([], []))
    for axis, size in enumerate(shape.axes):
        column = pen.reshape(pen.pick(places, 1, axis), (count, 1))
        rates = numbers(*(_BASE ** (-2 * index / size) for index in range(size // 2)))
        turned = pen.node("Mul", [column, rates], (count, size // 2))
        for kept, operator in zip(found, ("Cos", "Sin"), strict=True):
            wave = pen.node("Unsqueeze", [pen.unary(operator, turned), integers(2)], (count, size // 2, 1))
            pairs = pen.node("Expand", [wave, integers(count, size // 2, 2)], (count, size // 2, 2))
            kept.append(pen.reshape(pairs, (count, size)))
    cosines, sines = (pen.reshape(pen.concat(kept, 1), (1, count, 1, sum(shape.axes))) for kept in found)
    return cosines, sines


class _Network:
    """Layers that all read the vector of the step and turn their heads by place."""

    def __init__(self, pen: DiffusionPen, shape: FluxShape, step: Tensor, angles: tuple[Tensor, Tensor]) -> None:
        self._pen, self._shape, self._step = pen, shape, step
        self._cosine, self._sine = angles

    def double(self, name: str, x: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """Return patches and words after a layer in which each has its own weights."""
        pen, hidden, count = self._pen, self._shape.hidden_size, words.shape[1]
        shifts, word_shifts = (self._shifts(f"{name}/{side}", _NUM_SHIFTS) for side in ("patches", "words"))
        y = pen.modulate(pen.bare_norm(x), shifts[1], shifts[0])
        seen = pen.modulate(pen.bare_norm(words), word_shifts[1], word_shifts[0])
        own, told = self._heads(f"{name}/patches", y), self._heads(f"{name}/words", seen)
        query, key, value = (pen.concat([word, patch], 1) for word, patch in zip(told, own, strict=True))
        mixed = self._attend(query, key, value)
        shapes = [(mixed.shape[0], count, hidden), (mixed.shape[0], x.shape[1], hidden)]
        told_out, own_out = pen.split("Split", [mixed, integers(count, x.shape[1])], shapes, axis=1)
        x = pen.gated(x, shifts[2], pen.linear(f"{name}/patches/output", own_out, hidden))
        x = self._mixed(f"{name}/patches", x, shifts)
        words = pen.gated(words, word_shifts[2], pen.linear(f"{name}/words/output", told_out, hidden))
        return x, self._mixed(f"{name}/words", words, word_shifts)

    def single(self, name: str, x: Tensor) -> Tensor:
        """Return patches and words after a layer that treats them alike, attention and products side by side."""
        pen, hidden = self._pen, self._shape.hidden_size
        shift, scale, gate = self._shifts(name, _NUM_SINGLE_SHIFTS)
        y = pen.modulate(pen.bare_norm(x), scale, shift)
        wide = parts.activate(pen, pen.linear(f"{name}/up", y, _INNER * hidden), "gelu-tanh")
        both = pen.concat([self._attend(*self._heads(name, y)), wide], 2)
        return pen.gated(x, gate, pen.linear(f"{name}/output", both, hidden))

    def _shifts(self, name: str, count: int) -> list[Tensor]:
        product = self._pen.linear(f"{name}/shifts", self._step, count * self._shape.hidden_size)
        return [self._pen.row(part) for part in self._pen.chunks(product, count, 1)]

    def _heads(self, name: str, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (batch, tokens, heads, head size) of queries, keys and values."""
        pen, (batch, tokens, hidden), heads = self._pen, x.shape, self._shape.num_heads
        sides = (pen.linear(f"{name}/{part}", x, hidden) for part in ("query", "key", "value"))
        query, key, value = (pen.reshape(side, (batch, tokens, heads, hidden // heads)) for side in sides)
        return pen.rms_norm(f"{name}/query_norm", query), pen.rms_norm(f"{name}/key_norm", key), value

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        pen = self._pen
        sides = (self._turned(query), self._turned(key), value)
        first, second, third = (pen.transpose(side, 0, 2, 1, 3) for side in sides)
        return parts.attend(pen, first, second, third)

    def _turned(self, x: Tensor) -> Tensor:
        """Turn each pair of elements by its place's angle (arXiv 2104.09864), pair by pair as diffusers does."""
        pen, shape = self._pen, x.shape
        pairs = pen.reshape(x, (*shape[:-1], shape[-1] // 2, 2))
        last = len(shape)
        real, imaginary = (self._half(pairs, last, index) for index in range(2))
        minus = pen.unary("Neg", imaginary)
        turned = pen.concat([self._column(minus), self._column(real)], last)
        turned = pen.reshape(turned, shape)
        return pen.add(pen.binary("Mul", x, self._cosine), pen.binary("Mul", turned, self._sine))

    def _half(self, pairs: Tensor, axis: int, index: int) -> Tensor:
        cut = self._pen.slice(pairs, axis, index, index + 1)
        return self._pen.node("Squeeze", [cut, integers(axis)], cut.shape[:-1])

    def _column(self, x: Tensor) -> Tensor:
        return self._pen.node("Unsqueeze", [x, integers(len(x.shape))], (*x.shape, 1))

    def _mixed(self, name: str, x: Tensor, shifts: list[Tensor]) -> Tensor:
        pen = self._pen
        y = pen.modulate(pen.bare_norm(x), shifts[4], shifts[3])
        return pen.gated(x, shifts[5], parts.mlp(pen, f"{name}/mlp", y, _INNER * x.shape[-1], "gelu-tanh"))
