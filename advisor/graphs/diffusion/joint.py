"""Stable Diffusion 3: patches of the latent and words of the text side by side in one attention. Pure.

Source: Esser et al., arXiv 2403.03206; diffusers 0.42, `SD3Transformer2DModel`.
"""

import msgspec

from advisor.graphs.diffusion.pen import DiffusionPen
from advisor.graphs.diffusion.pixart import unpatched
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor

_INNER = 4
_SINUSOIDS = 256
_NUM_SHIFTS = 6
_TIME_SCALE_SHIFT = 2


class JointShape(msgspec.Struct, frozen=True, kw_only=True):
    """A transformer of joint layers; the last one leaves the words as they are."""

    num_layers: int
    num_dual_layers: int = 0
    """First layers in which the patches look at themselves once more (SD 3.5 medium)."""
    hidden_size: int
    num_heads: int
    normed_heads: bool = False
    """Queries and keys are scaled to a mean square of one."""
    text_width: int
    pooled_width: int
    num_text_tokens: int
    latent_px: int
    """[latent pixels] Side."""
    patch_px: int = 2
    num_channels: int = 16

    def num_dual(self, num_layers: int) -> int:
        """Return the dual layers of a model of fewer layers: the same share, rounded."""
        return round(num_layers * self.num_dual_layers / self.num_layers)


def draw(pen: DiffusionPen, shape: JointShape, num_layers: int, num_rows: int) -> None:
    """Draw one step for so many latents."""
    hidden = shape.hidden_size
    sample = pen.input("hidden_states", (num_rows, shape.num_channels, shape.latent_px, shape.latent_px))
    time = pen.input("timestep", (num_rows,))
    text = pen.input("encoder_hidden_states", (num_rows, shape.num_text_tokens, shape.text_width))
    pooled = pen.input("pooled_projections", (num_rows, shape.pooled_width))
    x = parts.tokens(pen, pen.conv("patch", sample, hidden, shape.patch_px, stride=shape.patch_px, pad=0))
    # The table of all places is cut to the latent's when a session is made; the file holds it whole.
    x = pen.add(x, pen.table("positions", (1, *x.shape[1:])))
    step = pen.add(pen.embed("time", pen.sinusoids(time, _SINUSOIDS), hidden), pen.embed("pooled", pooled, hidden))
    words = pen.linear("text", text, hidden)
    network = _Network(pen, shape, pen.silu(step))
    for index in range(num_layers):
        x, words = network.layer(
            f"layer.{index}", x, words, dual=index < shape.num_dual(num_layers), last=index == num_layers - 1
        )
    ends = pen.chunks(pen.linear("last/shifts", network.step, _TIME_SCALE_SHIFT * hidden), _TIME_SCALE_SHIFT, 1)
    x = pen.modulate(pen.bare_norm(x), pen.row(ends[0]), pen.row(ends[1]))
    x = pen.linear("last", x, shape.num_channels * shape.patch_px**2)
    pen.output(unpatched(pen, x, shape.latent_px // shape.patch_px, shape.patch_px))


class _Network:
    """Layers that all read the vector of the step."""

    def __init__(self, pen: DiffusionPen, shape: JointShape, step: Tensor) -> None:
        self.step = step
        self._pen, self._shape = pen, shape

    def layer(self, name: str, x: Tensor, words: Tensor, *, dual: bool, last: bool) -> tuple[Tensor, Tensor]:
        """Return patches and words after one layer."""
        pen, tokens = self._pen, x.shape[1]
        shifts = self._shifts(f"{name}/patches", _NUM_SHIFTS + (3 if dual else 0))
        normed = pen.bare_norm(x)
        y = pen.modulate(normed, shifts[1], shifts[0])
        again = pen.modulate(normed, shifts[7], shifts[6]) if dual else None
        word_shifts = self._shifts(f"{name}/words", _TIME_SCALE_SHIFT if last else _NUM_SHIFTS)
        scale, shift = (word_shifts[0], word_shifts[1]) if last else (word_shifts[1], word_shifts[0])
        seen = pen.modulate(pen.bare_norm(words), scale, shift)
        sides = zip(self._heads(f"{name}/patches", y), self._heads(f"{name}/words", seen), strict=True)
        query, key, value = (pen.concat(pair, 2) for pair in sides)
        mixed = parts.attend(pen, query, key, value)
        own, told = pen.slice(mixed, 1, 0, tokens), pen.slice(mixed, 1, tokens)
        x = pen.gated(x, shifts[2], pen.linear(f"{name}/patches/output", own, self._shape.hidden_size))
        if again is not None:
            once = parts.attend(pen, *self._heads(f"{name}/dual", again))
            x = pen.gated(x, shifts[8], pen.linear(f"{name}/dual/output", once, self._shape.hidden_size))
        x = self._mixed(f"{name}/patches", x, shifts)
        if last:
            return x, words
        words = pen.gated(words, word_shifts[2], pen.linear(f"{name}/words/output", told, self._shape.hidden_size))
        return x, self._mixed(f"{name}/words", words, word_shifts)

    def _shifts(self, name: str, count: int) -> list[Tensor]:
        product = self._pen.linear(f"{name}/shifts", self.step, count * self._shape.hidden_size)
        return [self._pen.row(part) for part in self._pen.chunks(product, count, 1)]

    def _heads(self, name: str, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        pen, width = self._pen, self._shape.hidden_size
        sides = (pen.linear(f"{name}/{part}", x, width) for part in ("query", "key", "value"))
        query, key, value = (parts.heads(pen, side, self._shape.num_heads) for side in sides)
        if self._shape.normed_heads:
            query, key = pen.rms_norm(f"{name}/query_norm", query), pen.rms_norm(f"{name}/key_norm", key)
        return query, key, value

    def _mixed(self, name: str, x: Tensor, shifts: list[Tensor]) -> Tensor:
        pen = self._pen
        y = pen.modulate(pen.bare_norm(x), shifts[4], shifts[3])
        return pen.gated(x, shifts[5], parts.mlp(pen, f"{name}/mlp", y, _INNER * x.shape[-1], "gelu-tanh"))
