"""All networks of this package: which function draws which shape. Pure."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from advisor.graphs.conv import convnext, fastvit, mobile, resnet
from advisor.graphs.conv.convnext import ConvNextShape
from advisor.graphs.conv.fastvit import FastVitShape
from advisor.graphs.conv.mobile import MobileShape
from advisor.graphs.conv.resnet import ResNetShape
from advisor.graphs.vision.drawing import Drawing
from advisor.graphs.vision.pen import Pen

Shape = ResNetShape | MobileShape | ConvNextShape | FastVitShape
_NUM_KEPT = 64
_DRAW: dict[type, Callable[[Pen, Any, int], None]] = {
    ResNetShape: resnet.draw,
    MobileShape: mobile.draw,
    ConvNextShape: convnext.draw,
    FastVitShape: fastvit.draw,
}


@lru_cache(maxsize=_NUM_KEPT)
def drawing(shape: Shape, num_batch: int) -> Drawing:
    """Return a network that reads so many images together."""
    pen = Pen()
    _DRAW[type(shape)](pen, shape, num_batch)
    return pen.drawing()
