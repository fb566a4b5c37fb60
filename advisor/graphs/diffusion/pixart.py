"""PixArt: a transformer over patches of the latent that looks at a text. One denoising step. Pure.

Source: Chen et al., arXiv 2310.00426 (alpha) and 2403.04692 (sigma); diffusers 0.42, `PixArtTransformer2DModel`.
"""

import msgspec

from advisor.graphs.diffusion.pen import DiffusionPen
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import integers, number

_INNER = 4
_NUM_SHIFTS = 6
_SINUSOIDS = 256
_MASKED = -10000.0


class PixArtShape(msgspec.Struct, frozen=True, kw_only=True):
    """A PixArt transformer."""

    num_layers: int
    hidden_size: int
    num_heads: int
    text_width: int
    num_text_tokens: int
    latent_px: int
    """[latent pixels] Side."""
    patch_px: int = 2
    num_channels: int = 4
    reads_sizes: bool = False
    """Resolution and aspect ratio are inputs (alpha at 1024 pixels)."""


def draw(pen: DiffusionPen, shape: PixArtShape, num_layers: int, num_rows: int) -> None:
    """Draw one step for so many latents."""
    hidden = shape.hidden_size
    sample = pen.input("hidden_states", (num_rows, shape.num_channels, shape.latent_px, shape.latent_px))
    time = pen.input("timestep", (num_rows,))
    text = pen.input("encoder_hidden_states", (num_rows, shape.num_text_tokens, shape.text_width))
    mask = pen.input("encoder_attention_mask", (num_rows, shape.num_text_tokens))
    x = parts.tokens(pen, pen.conv("patch", sample, hidden, shape.patch_px, stride=shape.patch_px, pad=0))
    x = pen.add(x, pen.table("positions", (1, *x.shape[1:])))
    step = _step(pen, shape, time, num_rows)
    shifts = pen.reshape(pen.linear("shifts", pen.silu(step), _NUM_SHIFTS * hidden), (num_rows, _NUM_SHIFTS, hidden))
    read = pen.embed("text", text, hidden, "gelu-tanh")
    bias = _mask(pen, mask, shape.num_heads)
    for index in range(num_layers):
        x = _layer(pen, f"layer.{index}", x, read, bias, shifts, shape.num_heads)
    ends = pen.add(pen.weight("last/shifts", (1, 2, hidden)), pen.row(step))
    shift, scale = pen.chunks(ends, 2, 1)
    x = pen.linear("last", pen.modulate(pen.bare_norm(x), scale, shift), 2 * shape.num_channels * shape.patch_px**2)
    pen.output(unpatched(pen, x, shape.latent_px // shape.patch_px, shape.patch_px))


def unpatched(pen: DiffusionPen, x: Tensor, side: int, patch: int) -> Tensor:
    """Return (batch, channels, height, width) of tokens that stand for patches."""
    batch, _, width = x.shape
    channels = width // (patch * patch)
    grid = pen.reshape(x, (batch, side, side, patch, patch, channels))
    turned = pen.node("Einsum", [grid], (batch, channels, side, patch, side, patch), equation="nhwpqc->nchpwq")
    return pen.reshape(turned, (batch, channels, side * patch, side * patch))


def _step(pen: DiffusionPen, shape: PixArtShape, time: Tensor, num_rows: int) -> Tensor:
    step = pen.embed("time", pen.sinusoids(time, _SINUSOIDS), shape.hidden_size)
    if not shape.reads_sizes:
        return step
    third = shape.hidden_size // 3
    resolution = pen.reshape(pen.input("resolution", (num_rows, 2)), (num_rows * 2,))
    ratio = pen.reshape(pen.input("aspect_ratio", (num_rows, 1)), (num_rows,))
    wide = pen.embed("resolution", pen.sinusoids(resolution, _SINUSOIDS), third)
    long = pen.embed("ratio", pen.sinusoids(ratio, _SINUSOIDS), third)
    return pen.add(step, pen.concat([pen.reshape(wide, (num_rows, 2 * third)), long], 1))


def _mask(pen: DiffusionPen, mask: Tensor, num_heads: int) -> Tensor:
    """Return what is added to the scores: nothing for words, much less for filling."""
    batch, tokens = mask.shape
    absent = pen.node("Sub", [number(1.0), mask], mask.shape)
    row = pen.node("Unsqueeze", [pen.scale(absent, _MASKED), integers(1, 2)], (batch, 1, 1, tokens))
    return pen.node("Expand", [row, integers(1, num_heads, 1, 1)], (batch, num_heads, 1, tokens))


def _layer(
    pen: DiffusionPen, name: str, x: Tensor, text: Tensor, mask: Tensor, shifts: Tensor, num_heads: int
) -> Tensor:
    hidden = x.shape[-1]
    own = pen.add(pen.weight(f"{name}/shifts", (1, _NUM_SHIFTS, hidden)), shifts)
    shift, scale, gate, late_shift, late_scale, late_gate = pen.chunks(own, _NUM_SHIFTS, 1)
    y = pen.modulate(pen.bare_norm(x), scale, shift)
    x = pen.gated(x, gate, parts.attention(pen, f"{name}/self", y, y, y, num_heads=num_heads))
    x = pen.add(parts.attention(pen, f"{name}/text", x, text, text, num_heads=num_heads, mask=mask), x)
    y = pen.modulate(pen.bare_norm(x), late_scale, late_shift)
    return pen.gated(x, late_gate, parts.mlp(pen, f"{name}/mlp", y, _INNER * hidden, "gelu-tanh"))
