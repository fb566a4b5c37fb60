"""All networks of this package: which function draws which shape. Pure."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from advisor.graphs.vision import dense, detr, mobile, plain, rt_detr, segment, windows
from advisor.graphs.vision.dense import DepthShape, SegformerShape
from advisor.graphs.vision.detr import DetrShape
from advisor.graphs.vision.drawing import Drawing
from advisor.graphs.vision.mobile import MobileVitShape
from advisor.graphs.vision.pen import Pen
from advisor.graphs.vision.plain import PlainShape
from advisor.graphs.vision.rt_detr import RtDetrShape
from advisor.graphs.vision.segment import SamShape
from advisor.graphs.vision.windows import SwinShape

Shape = PlainShape | DepthShape | SegformerShape | SwinShape | SamShape | MobileVitShape | DetrShape | RtDetrShape
_NUM_KEPT = 128
"""Drawings remembered: a catalog's worth at full depth and the slices of a few."""
_DRAW: dict[type, Callable[[Pen, Any, int, int], None]] = {
    PlainShape: plain.draw,
    DepthShape: dense.draw_depth,
    SegformerShape: dense.draw_segformer,
    SwinShape: windows.draw_swin,
    SamShape: segment.draw,
    MobileVitShape: mobile.draw,
    DetrShape: detr.draw,
    RtDetrShape: rt_detr.draw,
}
_DETECTION_HEADS = frozenset({"detection-tokens", "patches-and-labels"})


@lru_cache(maxsize=_NUM_KEPT)
def drawing(shape: Shape, num_layers: int, num_batch: int) -> Drawing:
    """Return a network.

    Args:
        shape: the whole model.
        num_layers: layers kept; all of them where it cannot be divided.
        num_batch: images read together.
    """
    pen = Pen()
    _DRAW[type(shape)](pen, shape, num_layers, num_batch)
    return pen.drawing()


def detects(shape: Shape) -> bool:
    """Tell whether a network returns boxes."""
    return isinstance(shape, DetrShape | RtDetrShape) or (
        isinstance(shape, PlainShape) and shape.head in _DETECTION_HEADS
    )


def divisible(shape: Shape) -> bool:
    """Tell whether a network of fewer layers can be drawn, and the whole follows from two of them."""
    return isinstance(shape, PlainShape)
