"""The U-Net of Stable Diffusion: one denoising step. Pure.

Source: Rombach et al., arXiv 2112.10752; SDXL: Podell et al., arXiv 2307.01952; diffusers 0.42,
`UNet2DConditionModel`.
"""

import msgspec

from advisor.graphs.diffusion.pen import DiffusionPen
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import integers

_TIME_FACTOR = 4
_INNER = 4
_RESNETS = 2
"""Residual blocks of each level on the way down; one more on the way up. Source: `layers_per_block`."""
_TRANSFORMER_EPSILON = 1e-6


class UNetShape(msgspec.Struct, frozen=True, kw_only=True):
    """A U-Net that looks at a text."""

    widths: tuple[int, ...]
    """[channels] Of each level, from the finest."""
    depths: tuple[int, ...]
    """Transformer layers in each block of a level; 0: none."""
    num_heads: tuple[int, ...]
    """Of each level."""
    linear_projections: bool
    """Products before and after the transformers instead of convolutions of one pixel."""
    text_width: int
    num_text_tokens: int
    latent_px: int
    """[latent pixels] Side."""
    num_channels: int = 4
    num_groups: int = 32
    pooled_width: int = 0
    """[elements] Of a vector for the whole text, beside the sizes of the picture; 0: neither is read."""
    num_sizes: int = 6
    size_width: int = 256
    """[elements] Sinusoids of each of the sizes."""

    @property
    def num_layers(self) -> int:
        """Residual blocks, the unit of depth."""
        return len(self.widths) * (2 * _RESNETS + 1) + 2


def draw(pen: DiffusionPen, shape: UNetShape, _num_layers: int, num_rows: int) -> None:
    """Draw one step for so many latents."""
    sample = pen.input("sample", (num_rows, shape.num_channels, shape.latent_px, shape.latent_px))
    time = pen.input("timestep", (num_rows,))
    text = pen.input("encoder_hidden_states", (num_rows, shape.num_text_tokens, shape.text_width))
    pen.output(_Network(pen, shape, text, _step(pen, shape, time, num_rows)).step(sample))


def _step(pen: DiffusionPen, shape: UNetShape, time: Tensor, num_rows: int) -> Tensor:
    """Return the vector of this step, and of the picture's sizes where the network reads them, activated."""
    width = _TIME_FACTOR * shape.widths[0]
    step = pen.embed("time", pen.sinusoids(time, shape.widths[0]), width)
    if shape.pooled_width:
        pooled = pen.input("text_embeds", (num_rows, shape.pooled_width))
        sizes = pen.input("time_ids", (num_rows, shape.num_sizes))
        flat = pen.reshape(sizes, (num_rows * shape.num_sizes,))
        waves = pen.reshape(pen.sinusoids(flat, shape.size_width), (num_rows, shape.num_sizes * shape.size_width))
        step = pen.add(step, pen.embed("sizes", pen.concat([pooled, waves], 1), width))
    return pen.silu(step)


class _Network:
    """The levels on the way down, the middle, and the levels on the way up, which read what went down."""

    def __init__(self, pen: DiffusionPen, shape: UNetShape, text: Tensor, step: Tensor) -> None:
        self._pen, self._shape, self._text, self._time = pen, shape, text, step

    def step(self, sample: Tensor) -> Tensor:
        """Return the noise that is left in a latent."""
        pen, shape, last = self._pen, self._shape, len(self._shape.widths) - 1
        x = pen.conv("first", sample, shape.widths[0], 3)
        kept = [x]
        for level, width in enumerate(shape.widths):
            for index in range(_RESNETS):
                x = self._block(f"down.{level}.{index}", x, level, width)
                kept.append(x)
            if level != last:
                x = pen.conv(f"down.{level}/shrink", x, width, 3, stride=2)
                kept.append(x)
        x = self._resnet("middle.0", x, shape.widths[last])
        x = self._transformer("middle/attention", x, max(1, shape.depths[last]), last)
        x = self._resnet("middle.1", x, shape.widths[last])
        for level in reversed(range(len(shape.widths))):
            for index in range(_RESNETS + 1):
                x = self._block(f"up.{level}.{index}", pen.concat([x, kept.pop()], 1), level, shape.widths[level])
            if level:
                x = pen.conv(f"up.{level}/grow", self._doubled(x), shape.widths[level], 3)
        x = pen.silu(pen.group_norm("last/norm", x, shape.num_groups))
        return pen.conv("last", x, shape.num_channels, 3)

    def _block(self, name: str, x: Tensor, level: int, width: int) -> Tensor:
        x = self._resnet(name, x, width)
        depth = self._shape.depths[level]
        return self._transformer(f"{name}/attention", x, depth, level) if depth else x

    def _resnet(self, name: str, x: Tensor, width: int) -> Tensor:
        pen, groups = self._pen, self._shape.num_groups
        y = pen.conv(f"{name}/first", pen.silu(pen.group_norm(f"{name}/first_norm", x, groups)), width, 3)
        vector = pen.linear(f"{name}/time", self._time, width)
        y = pen.add(y, pen.node("Unsqueeze", [vector, integers(2, 3)], (*vector.shape, 1, 1)))
        y = pen.conv(f"{name}/second", pen.silu(pen.group_norm(f"{name}/second_norm", y, groups)), width, 3)
        return pen.add(pen.conv(f"{name}/shortcut", x, width, 1) if x.shape[1] != width else x, y)

    def _transformer(self, name: str, x: Tensor, depth: int, level: int) -> Tensor:
        pen, linear = self._pen, self._shape.linear_projections
        batch, width, height, columns = x.shape
        y = pen.group_norm(f"{name}/norm", x, self._shape.num_groups, epsilon=_TRANSFORMER_EPSILON)
        y = y if linear else pen.conv(f"{name}/in", y, width, 1)
        y = pen.reshape(pen.transpose(y, 0, 2, 3, 1), (batch, height * columns, width))
        y = pen.linear(f"{name}/in", y, width) if linear else y
        for index in range(depth):
            y = self._layer(f"{name}.{index}", y, self._shape.num_heads[level])
        y = pen.linear(f"{name}/out", y, width) if linear else y
        y = pen.transpose(pen.reshape(y, (batch, height, columns, width)), 0, 3, 1, 2)
        return pen.add(y if linear else pen.conv(f"{name}/out", y, width, 1), x)

    def _layer(self, name: str, x: Tensor, num_heads: int) -> Tensor:
        """Look at oneself, at the text, and mix the channels through a gate (GEGLU, arXiv 2002.05202)."""
        pen, width = self._pen, x.shape[-1]
        y = pen.norm(f"{name}/first_norm", x)
        x = pen.add(self._attend(f"{name}/self", y, y, num_heads), x)
        y = pen.norm(f"{name}/second_norm", x)
        x = pen.add(self._attend(f"{name}/text", y, self._text, num_heads), x)
        wide = pen.linear(f"{name}/up", pen.norm(f"{name}/third_norm", x), 2 * _INNER * width)
        value, gate = pen.chunks(wide, 2, 2)
        mixed = pen.binary("Mul", value, pen.unary("Gelu", gate, approximate="none"))
        return pen.add(pen.linear(f"{name}/down", mixed, width), x)

    def _attend(self, name: str, x: Tensor, other: Tensor, num_heads: int) -> Tensor:
        pen, width = self._pen, x.shape[-1]
        sides = (("query", x), ("key", other), ("value", other))
        query, key, value = (pen.linear(f"{name}/{part}", side, width, bias=False) for part, side in sides)
        query, key, value = (parts.heads(pen, side, num_heads) for side in (query, key, value))
        return pen.linear(f"{name}/output", parts.attend(pen, query, key, value), width)

    def _doubled(self, x: Tensor) -> Tensor:
        batch, width, height, columns = x.shape
        sides = (batch, width, 2 * height, 2 * columns)
        return self._pen.node(
            "Resize", [x, "", "", integers(*sides)], sides, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip
