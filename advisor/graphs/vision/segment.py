"""Segment Anything: the image encoder, then one point's mask. Pure.

Source: Kirillov et al., arXiv 2304.02643, section 3 and appendix A; transformers, `SamModel`.
"""

import math

import msgspec

from advisor.graphs.vision import parts, windows
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen

_SIZE = 256
"""[elements] Width of prompts and mask decoder."""
_WINDOW = 14
_NUM_HEADS = 8
_INNER = 2048
_NARROW = 128
"""[elements] Inner width of the attention between prompt and image."""
_NUM_MASKS = 4
_NUM_DECODER_LAYERS = 2
_NUM_POINTS = 2
"""One point and the padding that follows it."""


class SamShape(msgspec.Struct, frozen=True, kw_only=True):
    """Segment Anything."""

    num_layers: int
    hidden_size: int
    num_heads: int
    side_px: int
    patch_px: int
    global_layers: tuple[int, ...]
    """Layers that see the whole image; the others look through windows."""


def draw(pen: Pen, shape: SamShape, _num_layers: int, num_batch: int) -> None:
    """Draw the model for one image and one point."""
    features = _encode(pen, shape, pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px)))
    gaussian = pen.weight("positions/gaussian", (2, _SIZE // 2), scale=1.0)
    side = features.shape[2]
    corners = pen.weight("positions/corners", (side * side, 2), scale=1.0, counted=0)
    places = pen.reshape(_waves(pen, corners, gaussian), (1, side * side, _SIZE))
    points = _waves(pen, pen.input("input_points", (num_batch, _NUM_POINTS, 2)), gaussian)
    points = pen.add(points, pen.weight("prompt/points", (1, _NUM_POINTS, _SIZE)))
    image = pen.add(parts.tokens(pen, features), pen.weight("prompt/no_mask", (1, 1, _SIZE)))
    own = parts.repeated(pen, "decoder/tokens", num_batch, 1 + _NUM_MASKS, _SIZE)
    tokens, image = _two_way(pen, pen.concat([own, points], 1), image, places)
    _masks(pen, tokens, parts.image(pen, image, side, side))


def _encode(pen: Pen, shape: SamShape, pixels: Tensor) -> Tensor:
    grid = pen.conv("patch", pixels, shape.hidden_size, shape.patch_px, stride=shape.patch_px, pad=0)
    x = pen.transpose(grid, 0, 2, 3, 1)
    x = pen.add(x, pen.weight("positions/image", (1, *x.shape[1:])))
    for index in range(shape.num_layers):
        name, window = f"layer.{index}", 0 if index in shape.global_layers else _WINDOW
        y = pen.norm(f"{name}/first_norm", x)
        x = pen.add(x, windows.windowed_attention(pen, f"{name}/attention", y, shape.num_heads, window))
        y = parts.mlp(pen, f"{name}/mlp", pen.norm(f"{name}/second_norm", x), 4 * shape.hidden_size, "gelu")
        x = pen.add(x, y)
    x = pen.conv("neck/first", pen.transpose(x, 0, 3, 1, 2), _SIZE, 1, bias=False)
    x = pen.conv("neck/second", _channel_norm(pen, "neck/first_norm", x), _SIZE, 3, bias=False)
    return _channel_norm(pen, "neck/second_norm", x)


def _channel_norm(pen: Pen, name: str, x: Tensor) -> Tensor:
    """Normalize the channels of an image."""
    return pen.transpose(pen.norm(name, pen.transpose(x, 0, 2, 3, 1)), 0, 3, 1, 2)


def _waves(pen: Pen, x: Tensor, gaussian: Tensor) -> Tensor:
    """Return sines and cosines of random projections of places."""
    y = pen.scale(pen.matmul(x, gaussian), 2 * math.pi)
    return pen.concat([pen.unary("Sin", y), pen.unary("Cos", y)], len(x.shape) - 1)


def _two_way(pen: Pen, prompt: Tensor, image: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Let prompt and image attend to each other in turns."""
    tokens = prompt
    for index in range(_NUM_DECODER_LAYERS):
        name = f"decoder.{index}"
        placed = pen.add(tokens, prompt) if index else tokens
        y = _attention(pen, f"{name}/self", placed, placed, tokens, _SIZE)
        tokens = pen.norm(f"{name}/self_norm", pen.add(tokens, y) if index else y)
        y = _attention(pen, f"{name}/to_image", pen.add(tokens, prompt), pen.add(image, places), image, _NARROW)
        tokens = pen.norm(f"{name}/to_image_norm", pen.add(tokens, y))
        y = parts.mlp(pen, f"{name}/mlp", tokens, _INNER, "relu")
        tokens = pen.norm(f"{name}/mlp_norm", pen.add(tokens, y))
        y = _attention(pen, f"{name}/to_prompt", pen.add(image, places), pen.add(tokens, prompt), tokens, _NARROW)
        image = pen.norm(f"{name}/to_prompt_norm", pen.add(image, y))
    y = _attention(pen, "decoder/last", pen.add(tokens, prompt), pen.add(image, places), image, _NARROW)
    return pen.norm("decoder/last_norm", pen.add(tokens, y)), image


def _attention(pen: Pen, name: str, queries: Tensor, keys: Tensor, values: Tensor, width: int) -> Tensor:
    return parts.attention(pen, name, queries, keys, values, num_heads=_NUM_HEADS, width=width)


def _masks(pen: Pen, tokens: Tensor, image: Tensor) -> None:
    """Enlarge the image and multiply it with what each mask token became."""
    batch = image.shape[0]
    x = _channel_norm(pen, "masks/norm", pen.conv_transpose("masks/first", image, _SIZE // 4, 2))
    x = parts.activate(pen, pen.conv_transpose("masks/second", pen.unary("Gelu", x), _SIZE // 8, 2), "gelu")
    side = x.shape[2]
    flat = pen.reshape(x, (batch, _SIZE // 8, side * side))
    sizes = (_SIZE, _SIZE, _SIZE // 8)
    found = [
        parts.stacked(pen, f"masks/{index}", pen.pick(tokens, 1, 1 + index), sizes, "relu")
        for index in range(_NUM_MASKS)
    ]
    each = pen.concat([pen.reshape(vector, (batch, 1, _SIZE // 8)) for vector in found], 1)
    pen.output(pen.reshape(pen.matmul(each, flat), (batch, _NUM_MASKS, side, side)))
    quality = parts.stacked(pen, "quality", pen.pick(tokens, 1, 0), (_SIZE, _SIZE, _NUM_MASKS), "relu")
    pen.output(quality)
