"""What vision transformers are put together from, in the operators that torch.onnx writes. Pure."""

import math
from typing import Literal

from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, number

Activation = Literal["gelu", "gelu-tanh", "quick-gelu", "relu", "silu"]
_QUICK_GELU_FACTOR = 1.702
"""[1] Source: Hendrycks and Gimpel, arXiv 1606.08415, section 2; CLIP's `QuickGELU`."""


def activate(pen: Pen, x: Tensor, kind: Activation) -> Tensor:
    """Apply an activation."""
    if kind == "relu":
        return pen.unary("Relu", x)
    if kind in ("gelu", "gelu-tanh"):
        return pen.unary("Gelu", x, approximate="none" if kind == "gelu" else "tanh")
    gate = pen.unary("Sigmoid", pen.scale(x, _QUICK_GELU_FACTOR) if kind == "quick-gelu" else x)
    return pen.binary("Mul", x, gate)


def heads(pen: Pen, x: Tensor, num_heads: int) -> Tensor:
    """Return (batch, heads, tokens, head size) of (batch, tokens, width)."""
    batch, tokens, width = x.shape
    return pen.transpose(pen.reshape(x, (batch, tokens, num_heads, width // num_heads)), 0, 2, 1, 3)


def attend(
    pen: Pen, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, *, guarded: bool = False
) -> Tensor:
    """Return softmax(query x key / root of the head size + mask) x value, as torch's exporter takes it apart.

    Args:
        pen: draws.
        query: (batch, heads, tokens, head size).
        key: (batch, heads, others, head size).
        value: the same.
        mask: added to the scores.
        guarded: rows that a mask hides altogether give zeros: the exporter's way where a mask is an input.

    Returns:
        (batch, tokens, width).

    Source:
        torch.onnx, `_ops` of `scaled_dot_product_attention` below opset 23: both sides are scaled by the fourth root.
    """
    batch, num_heads, tokens, size = query.shape
    others, root = key.shape[2], 1 / math.sqrt(math.sqrt(size))
    flat = pen.reshape(key, (batch * num_heads, others, size), allow_zero=False)
    turned = pen.reshape(pen.transpose(flat, 0, 2, 1), (batch, num_heads, size, others), allow_zero=False)
    scores = pen.matmul(pen.scale(query, root), pen.scale(turned, root))
    if mask is not None:
        scores = pen.add(scores, mask)
    shares = pen.unary("Softmax", scores, axis=-1)
    if guarded:
        shares = pen.node("Where", [pen.unary("IsNaN", shares), number(0.0), shares], shares.shape)
    mixed = pen.matmul(shares, value)
    return pen.reshape(pen.transpose(mixed, 0, 2, 1, 3), (batch, tokens, num_heads * size))


def attention(
    pen: Pen, name: str, queries: Tensor, keys: Tensor, values: Tensor, *, num_heads: int, mask: Tensor | None = None,
    width: int | None = None, guarded: bool = False,
) -> Tensor:  # fmt: skip
    """Return attention with its four products.

    Args:
        pen: draws.
        name: of its weights.
        queries: (batch, tokens, width).
        keys: (batch, others, width).
        values: the same.
        num_heads: heads.
        mask: added to the scores.
        width: [elements] Inner width where it is not the outer one.
        guarded: rows that the mask hides altogether give zeros, see `attend`.
    """
    outer = queries.shape[-1]
    inner = width or outer
    sides = zip(("query", "key", "value"), (queries, keys, values), strict=True)
    query, key, value = (heads(pen, pen.linear(f"{name}/{part}", x, inner), num_heads) for part, x in sides)
    return pen.linear(f"{name}/output", attend(pen, query, key, value, mask, guarded=guarded), outer)


def mlp(pen: Pen, name: str, x: Tensor, inner: int, activation: Activation) -> Tensor:
    """Return two products with an activation between them."""
    up = activate(pen, pen.linear(f"{name}/up", x, inner), activation)
    return pen.linear(f"{name}/down", up, x.shape[-1])


def stacked(pen: Pen, name: str, x: Tensor, widths: tuple[int, ...], activation: Activation) -> Tensor:
    """Return a head of several products with activations between them, as detectors have for boxes."""
    for index, width in enumerate(widths):
        x = pen.linear(f"{name}/{index}", x, width)
        x = activate(pen, x, activation) if index < len(widths) - 1 else x
    return x


def layer(
    pen: Pen, name: str, x: Tensor, *, num_heads: int, inner: int, activation: Activation = "gelu",
    layer_scale: bool = False, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return a transformer layer that normalizes before each half."""
    y = pen.norm(f"{name}/first_norm", x)
    y = attention(pen, f"{name}/attention", y, y, y, num_heads=num_heads, mask=mask)
    x = pen.add(_scaled(pen, f"{name}/first_scale", y) if layer_scale else y, x)
    y = mlp(pen, f"{name}/mlp", pen.norm(f"{name}/second_norm", x), inner, activation)
    return pen.add(_scaled(pen, f"{name}/second_scale", y) if layer_scale else y, x)


def patches(pen: Pen, name: str, pixels: Tensor, hidden: int, patch: int, *, bias: bool = True) -> Tensor:
    """Return (batch, tokens, width): each patch of the image as one token."""
    return tokens(pen, pen.conv(name, pixels, hidden, patch, stride=patch, pad=0, bias=bias))


def tokens(pen: Pen, x: Tensor) -> Tensor:
    """Return (batch, tokens, channels) of (batch, channels, height, width)."""
    batch, channels, height, width = x.shape
    return pen.transpose(pen.reshape(x, (batch, channels, height * width)), 0, 2, 1)


def image(pen: Pen, x: Tensor, height: int, width: int) -> Tensor:
    """Return (batch, channels, height, width) of (batch, tokens, channels)."""
    batch, _, channels = x.shape
    return pen.reshape(pen.transpose(x, 0, 2, 1), (batch, channels, height, width))


def repeated(pen: Pen, name: str, num_batch: int, num_rows: int, width: int) -> Tensor:
    """Return learned tokens, once for each image of the batch."""
    rows = pen.weight(name, (1, num_rows, width))
    if num_batch == 1:
        return rows
    return pen.node("Expand", [rows, f"integers:{num_batch},{num_rows},{width}"], (num_batch, num_rows, width))


def _scaled(pen: Pen, name: str, x: Tensor) -> Tensor:
    return pen.binary("Mul", x, pen.weight(name, (x.shape[-1],), fill="ones"))


def packed(pen: Pen, name: str, x: Tensor, num_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values of one product, each (batch, heads, tokens, head size)."""
    batch, count, width = x.shape
    size = width // num_heads
    both = pen.reshape(pen.linear(f"{name}/packed", x, 3 * width), (batch, count, 3, num_heads, size))
    turned = pen.transpose(both, 2, 0, 3, 1, 4)
    query, key, value = (pen.pick(turned, 0, index) for index in range(3))
    return query, key, value


def packed_attention(pen: Pen, name: str, x: Tensor, num_heads: int, *, mask: Tensor | None = None) -> Tensor:
    """Return attention whose queries, keys and values come from one product."""
    query, key, value = packed(pen, name, x, num_heads)
    return pen.linear(f"{name}/output", attend(pen, query, key, value, mask), x.shape[-1])
