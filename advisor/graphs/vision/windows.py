"""Transformers that look through windows: Swin, and the image encoder of Segment Anything. Pure."""

import msgspec

from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.parts import attend
from advisor.graphs.vision.pen import Pen, integers


class SwinShape(msgspec.Struct, frozen=True, kw_only=True):
    """Swin. Source: arXiv 2103.14030, section 3.3."""

    depths: tuple[int, ...]
    num_heads: tuple[int, ...]
    hidden_size: int
    """[elements] Of the first stage; each further one doubles it."""
    side_px: int
    patch_px: int
    window: int
    """[patches] Side."""
    num_labels: int

    @property
    def num_layers(self) -> int:
        """Layers of all stages."""
        return sum(self.depths)


def draw_swin(pen: Pen, shape: SwinShape, _num_layers: int, num_batch: int) -> None:
    """Draw Swin with its classifier."""
    pixels = pen.input("pixel_values", (num_batch, 3, shape.side_px, shape.side_px))
    grid = pen.conv("patch", pixels, shape.hidden_size, shape.patch_px, stride=shape.patch_px, pad=0)
    x = pen.norm("patch_norm", pen.transpose(grid, 0, 2, 3, 1))
    for stage, (depth, num_heads) in enumerate(zip(shape.depths, shape.num_heads, strict=True)):
        x = _merged(pen, f"stage.{stage}/merge", x) if stage else x
        for index in range(depth):
            shift = shape.window // 2 if index % 2 and x.shape[1] > shape.window else 0
            x = _swin_layer(pen, f"stage.{stage}.{index}", x, num_heads, shape.window, shift)
    x = pen.norm("last_norm", x)
    pooled = pen.node("ReduceMean", [x, integers(1, 2)], (num_batch, x.shape[-1]), keepdims=0)
    pen.output(pen.linear("classifier", pooled, shape.num_labels))


def _merged(pen: Pen, name: str, x: Tensor) -> Tensor:
    """Join each two by two patches into one."""
    batch, height, width, size = x.shape
    y = pen.reshape(_padded(pen, x), (batch, height // 2, 2, width // 2, 2, size))
    y = pen.reshape(pen.transpose(y, 0, 1, 3, 4, 2, 5), (batch, height // 2, width // 2, 4 * size))
    return pen.linear(f"{name}/reduce", pen.norm(f"{name}/norm", y), 2 * size, bias=False)


def _swin_layer(pen: Pen, name: str, x: Tensor, num_heads: int, window: int, shift: int) -> Tensor:
    y = pen.norm(f"{name}/first_norm", x)
    y = _padded(pen, _rolled(pen, y, shift))
    inside = _windows(pen, y, window)
    y = _window_attention(pen, f"{name}/attention", inside, num_heads, window, masked=shift > 0)
    x = pen.add(x, _rolled(pen, _whole(pen, y, x.shape, window), -shift))
    return pen.add(x, parts.mlp(pen, f"{name}/mlp", pen.norm(f"{name}/second_norm", x), 4 * x.shape[-1], "gelu"))


def _window_attention(pen: Pen, name: str, x: Tensor, num_heads: int, window: int, *, masked: bool) -> Tensor:
    """Draw attention in windows; what each pair of places adds is a table that exporters read out in advance."""
    size, (count, tokens, width) = window * window, x.shape
    share = (2 * window - 1) ** 2 / size**2  # the published table has a row for each distance, not for each pair
    bias = pen.weight(f"{name}/bias", (1, num_heads, size, size), counted=share)
    query, key, value = parts.packed(pen, name, x, num_heads)
    scores = pen.matmul(pen.scale(query, (width // num_heads) ** -0.5), pen.transpose(key, 0, 1, 3, 2))
    scores = pen.add(scores, bias)
    if masked:
        scores = pen.add(scores, pen.weight(f"{name}/mask", (count, 1, size, size), counted=0))
    mixed = pen.matmul(pen.unary("Softmax", scores, axis=-1), value)
    return pen.linear(f"{name}/output", pen.reshape(pen.transpose(mixed, 0, 2, 1, 3), (count, tokens, width)), width)


def _padded(pen: Pen, x: Tensor) -> Tensor:
    """Pad to whole windows: by nothing at a published size, yet exports hold the operator and it copies."""
    return pen.node("Pad", [x, integers(*2 * len(x.shape) * (0,))], x.shape, mode="constant")


def _rolled(pen: Pen, x: Tensor, shift: int) -> Tensor:
    """Shift the image by so many patches in both directions, what leaves coming in again on the other side."""
    for axis in (1, 2) if shift else ():
        cut = shift % x.shape[axis]
        x = pen.concat([pen.slice(x, axis, cut), pen.slice(x, axis, 0, cut)], axis)
    return x


def _windows(pen: Pen, x: Tensor, window: int) -> Tensor:
    """Return (windows, patches of one, size)."""
    batch, height, width, size = x.shape
    y = pen.reshape(x, (batch, height // window, window, width // window, window, size))
    count = batch * (height // window) * (width // window)
    return pen.reshape(pen.transpose(y, 0, 1, 3, 2, 4, 5), (count, window * window, size))


def _whole(pen: Pen, x: Tensor, shape: tuple[int, ...], window: int) -> Tensor:
    """Return the image that windows were cut from."""
    batch, height, width, size = shape
    y = pen.reshape(x, (batch, height // window, width // window, window, window, size))
    return pen.reshape(pen.transpose(y, 0, 1, 3, 2, 4, 5), (batch, height, width, size))


def windowed_attention(pen: Pen, name: str, x: Tensor, num_heads: int, window: int) -> Tensor:
    """Return Segment Anything's attention over (batch, height, width, size); padded windows, or everything for 0."""
    batch, height, width, size = x.shape
    if not window:
        return _decomposed_attention(pen, name, x, num_heads)
    pads = tuple(-side % window for side in (height, width))
    padded = (batch, height + pads[0], width + pads[1], size)
    y = pen.node("Pad", [x, integers(0, 0, 0, 0, 0, pads[0], pads[1], 0)], padded, mode="constant") if any(pads) else x
    y = _windows(pen, y, window)
    y = _decomposed_attention(pen, name, pen.reshape(y, (y.shape[0], window, window, size)), num_heads)
    y = _whole(pen, y, padded, window)
    return pen.slice(pen.slice(y, 1, 0, height), 2, 0, width) if any(pads) else y


def _decomposed_attention(pen: Pen, name: str, x: Tensor, num_heads: int) -> Tensor:
    """Draw attention with positions along each axis. Source: MViTv2, arXiv 2112.01526, equation 4."""
    batch, height, width, size = x.shape
    head_size, num_tokens = size // num_heads, height * width
    query, key, value = parts.packed(pen, name, pen.reshape(x, (batch, num_tokens, size)), num_heads)
    square = pen.reshape(query, (batch * num_heads, height, width, head_size))
    places = []
    for axis, side, equation in (("height", height, "bhwc,hkc->bhwk"), ("width", width, "bhwc,wkc->bhwk")):
        table = pen.weight(f"{name}/{axis}_table", (2 * side - 1, head_size))
        rows = pen.node("Gather", [table, f"line:{side}"], (side * side, head_size), axis=0)
        rows = pen.reshape(rows, (side, side, head_size))
        places.append(pen.node("Einsum", [square, rows], (batch * num_heads, height, width, side), equation=equation))
    tall = pen.reshape(places[0], (batch * num_heads, height, width, height, 1))
    wide = pen.reshape(places[1], (batch * num_heads, height, width, 1, width))
    mask = pen.reshape(pen.add(tall, wide), (batch, num_heads, num_tokens, num_tokens))
    y = pen.reshape(attend(pen, query, key, value, mask), (batch, height, width, size))
    return pen.linear(f"{name}/output", y, size)
