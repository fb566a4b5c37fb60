"""All networks of this package: which function draws which shape. Pure."""

from collections.abc import Callable
from functools import lru_cache

from advisor.graphs.transformer_encoder import bodies
from advisor.graphs.transformer_encoder.pen import TextPen
from advisor.graphs.transformer_encoder.shape import TextShape
from advisor.graphs.vision.drawing import Drawing

_NUM_KEPT = 128
_DRAW: dict[str, Callable[[TextPen, TextShape, int], None]] = {
    "modern": bodies.draw_modern,
    "disentangled": bodies.draw_disentangled,
    "post-norm": bodies.draw_post_norm,
}


@lru_cache(maxsize=_NUM_KEPT)
def drawing(shape: TextShape, num_layers: int, num_batch: int, num_tokens: int) -> Drawing:
    """Return a network.

    Args:
        shape: the whole model.
        num_layers: layers kept.
        num_batch: texts read together.
        num_tokens: length of each.
    """
    pen = TextPen(num_batch, num_tokens)
    _DRAW[shape.body](pen, shape, num_layers)
    return pen.drawing()
