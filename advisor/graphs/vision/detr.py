"""DETR: a ResNet, an encoder of its last features and a decoder of queries. Pure.

Source: Carion et al., arXiv 2005.12872, section 3.2 and appendix A.3; transformers, `DetrForObjectDetection`.
"""

import msgspec

from advisor.graphs.vision import backbone, parts
from advisor.graphs.vision.backbone import ResNetShape
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers

_NUM_HEADS = 8
_INNER = 2048
_BOX_SIZE = 4


class DetrShape(msgspec.Struct, frozen=True, kw_only=True):
    """DETR."""

    backbone: ResNetShape
    num_encoder_layers: int
    num_decoder_layers: int
    size: int
    """[elements] Width of the transformer."""
    num_queries: int
    num_labels: int
    height_px: int
    width_px: int

    @property
    def num_layers(self) -> int:
        """Layers of encoder and decoder."""
        return self.num_encoder_layers + self.num_decoder_layers


def draw(pen: Pen, shape: DetrShape, _num_layers: int, num_batch: int) -> None:
    """Draw DETR.

    Places and masks are tables: an image that fills its frame has the same for every query, and ONNX Runtime works them
    out once while it loads an export. The mask hides nothing then and is added all the same.
    """
    pixels = pen.input("pixel_values", (num_batch, 3, shape.height_px, shape.width_px))
    grid = pen.conv("projection", backbone.draw(pen, shape.backbone, pixels)[-1], shape.size, 1)
    memory = parts.tokens(pen, grid)
    places = pen.weight("places", (1, memory.shape[1], shape.size), counted=0)
    mask = _mask(pen, "encoder/mask", memory.shape[1], memory.shape[1])
    for index in range(shape.num_encoder_layers):
        name = f"encoder.{index}"
        placed = pen.add(memory, places)
        y = _attention(pen, f"{name}/attention", placed, placed, memory, mask)
        memory = _added(pen, f"{name}/attention", memory, y)
        memory = _added(pen, f"{name}/mlp", memory, parts.mlp(pen, f"{name}/mlp", memory, _INNER, "relu"))
    queries = parts.repeated(pen, "queries", num_batch, shape.num_queries, shape.size)
    x = _decode(pen, shape, queries, memory, pen.add(memory, places))
    pen.output(pen.linear("labels", x, shape.num_labels))
    sizes = (shape.size, shape.size, _BOX_SIZE)
    pen.output(pen.unary("Sigmoid", parts.stacked(pen, "boxes", x, sizes, "relu")))


def _decode(pen: Pen, shape: DetrShape, queries: Tensor, memory: Tensor, placed: Tensor) -> Tensor:
    x = pen.weight("targets", (1, shape.num_queries, shape.size), counted=0)  # zeros in the published model
    mask = _mask(pen, "decoder/mask", shape.num_queries, memory.shape[1])
    for index in range(shape.num_decoder_layers):
        name = f"decoder.{index}"
        asked = pen.add(x, queries)
        x = _added(pen, f"{name}/attention", x, _attention(pen, f"{name}/attention", asked, asked, x))
        y = _attention(pen, f"{name}/cross", pen.add(x, queries), placed, memory, mask)
        x = _added(pen, f"{name}/cross", x, y)
        x = _added(pen, f"{name}/mlp", x, parts.mlp(pen, f"{name}/mlp", x, _INNER, "relu"))
    return pen.norm("last_norm", x)


def _mask(pen: Pen, name: str, num_queries: int, num_keys: int) -> Tensor:
    """Return what is added to the scores: one row in the file, a table once it is loaded."""
    shape = (1, 1, num_queries, num_keys)
    return pen.node("Expand", [pen.weight(name, (1, 1, 1, num_keys), counted=0), integers(*shape)], shape)


def _attention(
    pen: Pen, name: str, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None
) -> Tensor:
    guarded = mask is not None
    return parts.attention(pen, name, queries, keys, values, num_heads=_NUM_HEADS, mask=mask, guarded=guarded)


def _added(pen: Pen, name: str, x: Tensor, y: Tensor) -> Tensor:
    return pen.norm(f"{name}_norm", pen.add(x, y))
