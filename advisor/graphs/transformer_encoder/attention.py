"""Attention of text encoders: turned by rotary positions, or disentangled into words and distances. Pure."""

import math

from advisor.graphs.transformer_encoder.pen import HIDDEN, TextPen, table
from advisor.graphs.transformer_encoder.shape import TextShape
from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import integers, number

_DISENTANGLED_PARTS = 3
"""Products that are added: words with words, words with distances, distances with words."""


def rotary(pen: TextPen, name: str, x: Tensor) -> Tensor:
    """Turn queries or keys by their places, as `rotate_half` of transformers is exported.

    Args:
        pen: draws.
        name: of the tables; layers that turn alike share them.
        x: (batch, heads, tokens, head size).
    """
    axis, half = 3, x.shape[3] // 2
    cosines, sines = pen.turns(name, half)
    first, second = pen.slice(x, axis, 0, half), pen.slice(x, axis, half)
    crossed = pen.concat([pen.unary("Neg", second), first], axis)
    return pen.add(pen.binary("Mul", x, cosines), pen.binary("Mul", crossed, sines))


def plain(pen: TextPen, query: Tensor, key: Tensor, value: Tensor, added: list[Tensor]) -> Tensor:
    """Return attention written out by a model's own code: scores are divided after the product (MPNet).

    Args:
        pen: draws.
        query: (batch, heads, tokens, head size).
        key: (batch, heads, head size, tokens).
        value: as the queries.
        added: to the scores, one after the other.
    """
    batch, num_heads, tokens, size = query.shape
    scores = pen.matmul(query, key)
    scores = pen.binary("Div", scores, number(math.sqrt(size)))
    for term in added:
        scores = pen.add(scores, term)
    mixed = pen.matmul(pen.unary("Softmax", scores, axis=-1), value)
    return pen.reshape(pen.transpose(mixed, 0, 2, 1, 3), (batch, tokens, num_heads * size))


def disentangled(pen: TextPen, name: str, x: Tensor, shape: TextShape, distances: Tensor, hidden: Tensor) -> Tensor:
    """Return DeBERTa's attention: each pair of tokens is scored by both words and by their distance, both ways.

    Args:
        pen: draws.
        name: of the weights.
        x: (batch, tokens, width).
        shape: of the model.
        distances: (1, rows, width), a vector for each distance.
        hidden: flags of the pairs that may not be seen.

    Source:
        transformers, `DisentangledSelfAttention` with `share_att_key`; He et al., arXiv 2006.03654, equation 4.
    """
    batch, tokens, width = x.shape
    query, key, value = (_stacked(pen, f"{name}/{part}", x, shape.num_heads) for part in ("query", "key", "value"))
    root = number(math.sqrt(shape.head_size * _DISENTANGLED_PARTS))
    scores = pen.matmul(query, pen.binary("Div", pen.transpose(key, 0, 2, 1), root))
    asked = _read(pen, query, _repeated(pen, f"{name}/key", distances, shape.num_heads), shape, 1)
    told = _read(pen, key, _repeated(pen, f"{name}/query", distances, shape.num_heads), shape, -1)
    told = pen.binary("Div", pen.transpose(told, 0, 2, 1), root)
    scores = pen.add(scores, pen.add(pen.binary("Div", asked, root), told))
    wide = pen.reshape(scores, (batch, shape.num_heads, tokens, tokens))
    masked = pen.node("Where", [hidden, number(HIDDEN), wide], wide.shape)
    shares = pen.reshape(pen.unary("Softmax", masked, axis=-1), scores.shape)
    mixed = pen.reshape(pen.matmul(shares, value), (batch, shape.num_heads, tokens, shape.head_size))
    mixed = pen.reshape(pen.transpose(mixed, 0, 2, 1, 3), (batch, tokens, width))
    return pen.linear(f"{name}/output", mixed, width)


def _stacked(pen: TextPen, name: str, x: Tensor, num_heads: int) -> Tensor:
    """Return (batch x heads, tokens, head size)."""
    found = parts.heads(pen, pen.linear(name, x, x.shape[-1]), num_heads)
    return pen.reshape(found, (found.shape[0] * num_heads, *found.shape[2:]))


def _repeated(pen: TextPen, name: str, distances: Tensor, num_heads: int) -> Tensor:
    """Return the distances in the words' space, once for each text of the batch; they do not depend on the text."""
    found = _stacked(pen, name, distances, num_heads)
    times = (pen.num_batch, 1, 1)
    return pen.node("Tile", [found, integers(*times)], (found.shape[0] * pen.num_batch, *found.shape[1:]))


def _read(pen: TextPen, x: Tensor, distances: Tensor, shape: TextShape, sign: int) -> Tensor:
    """Score every token against every distance and pick, for each pair, the one that lies between them."""
    tokens = x.shape[1]
    all_scores = pen.matmul(x, pen.transpose(distances, 0, 2, 1))
    rows = table("buckets", tokens, shape.num_buckets, shape.num_positions, sign)
    index = pen.node("Expand", [rows, integers(x.shape[0], tokens, tokens)], (x.shape[0], tokens, tokens))
    return pen.node("GatherElements", [all_scores, index], index.shape, axis=-1)
