"""All networks of this package: which function draws which shape. Pure."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from advisor.graphs.diffusion import flux, joint, pixart, unet
from advisor.graphs.diffusion.flux import FluxShape
from advisor.graphs.diffusion.joint import JointShape
from advisor.graphs.diffusion.pen import DiffusionPen
from advisor.graphs.diffusion.pixart import PixArtShape
from advisor.graphs.diffusion.unet import UNetShape
from advisor.graphs.vision.drawing import Drawing

Shape = UNetShape | PixArtShape | JointShape | FluxShape
_NUM_KEPT = 48
_DRAW: dict[type, Callable[[DiffusionPen, Any, int, int], None]] = {
    UNetShape: unet.draw,
    PixArtShape: pixart.draw,
    JointShape: joint.draw,
    FluxShape: flux.draw,
}


@lru_cache(maxsize=_NUM_KEPT)
def drawing(shape: Shape, num_layers: int, num_rows: int) -> Drawing:
    """Return one denoising step.

    Args:
        shape: the whole denoiser.
        num_layers: layers kept; all of them where it cannot be divided.
        num_rows: latents worked on together; two for each picture with classifier-free guidance.
    """
    pen = DiffusionPen()
    _DRAW[type(shape)](pen, shape, num_layers, num_rows)
    return pen.drawing()


def divisible(shape: Shape) -> bool:
    """Tell whether a network of fewer layers can be drawn, and the whole follows from two of them."""
    return not isinstance(shape, UNetShape)
