"""Attention that reads a few sampled points of several scales. Pure.

Source: Zhu et al., Deformable DETR, arXiv 2010.04159, equation 3, in the operators that torch.onnx writes for it.
"""

from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.pen import Pen, integers, number

NUM_POINTS = 4
"""Points for each head and scale."""


def attention(
    pen: Pen, name: str, x: Tensor, memory: Tensor, boxes: Tensor, sides: tuple[tuple[int, int], ...], *, num_heads: int
) -> Tensor:
    """Return what each query reads around its box.

    Args:
        pen: draws.
        name: of its weights.
        x: (batch, queries, width).
        memory: (batch, positions of all scales, width).
        boxes: (batch, queries, 4): centre and size, in shares of the image.
        sides: height and width of each scale.
        num_heads: heads.
    """
    batch, queries, width = x.shape
    scales, size = len(sides), width // num_heads
    values = pen.reshape(pen.linear(f"{name}/value", memory, width), (batch, memory.shape[1], num_heads, size))
    offsets = pen.linear(f"{name}/offsets", x, num_heads * scales * NUM_POINTS * 2)
    offsets = pen.reshape(offsets, (batch, queries, num_heads, scales, NUM_POINTS, 2))
    shares = pen.linear(f"{name}/shares", x, num_heads * scales * NUM_POINTS)
    shares = pen.reshape(shares, (batch, queries, num_heads, scales * NUM_POINTS))
    shares = pen.reshape(pen.unary("Softmax", shares, axis=-1), (batch, queries, num_heads, scales, NUM_POINTS))
    grids = _grids(pen, offsets, boxes)
    pieces = pen.split(
        "Split", [values, integers(*(height * wide for height, wide in sides))],
        [(batch, height * wide, num_heads, size) for height, wide in sides], axis=1,
    )  # fmt: skip
    read = [
        _read(pen, piece, pen.pick(grids, 3, index), side)
        for index, (piece, side) in enumerate(zip(pieces, sides, strict=True))
    ]
    both = pen.reshape(pen.concat(read, 3), (batch * num_heads, size, queries, scales * NUM_POINTS))
    weights = pen.reshape(pen.transpose(shares, 0, 2, 1, 3, 4), (batch * num_heads, 1, queries, scales * NUM_POINTS))
    total = pen.node(
        "ReduceSum", [pen.binary("Mul", both, weights), integers(-1)], (batch * num_heads, size, queries), keepdims=0
    )
    mixed = pen.transpose(pen.reshape(total, (batch, width, queries)), 0, 2, 1)
    return pen.linear(f"{name}/output", mixed, width)


def _grids(pen: Pen, offsets: Tensor, boxes: Tensor) -> Tensor:
    """Return the places to read, from -1 to 1."""
    batch, queries, _ = boxes.shape
    wide = pen.reshape(boxes, (batch, queries, 1, 1, 1, 4))
    centre, extent = pen.slice(wide, 5, 0, 2), pen.slice(wide, 5, 2)
    moved = pen.binary("Mul", pen.binary("Div", offsets, number(float(NUM_POINTS))), extent)
    places = pen.add(centre, pen.scale(moved, 0.5))
    return pen.binary("Sub", pen.scale(places, 2.0), number(1.0))


def _read(pen: Pen, values: Tensor, grid: Tensor, side: tuple[int, int]) -> Tensor:
    """Sample one scale: (batch x heads, size, queries, 1, points)."""
    batch, count, num_heads, size = values.shape
    queries, points = grid.shape[1], grid.shape[3]
    flat = pen.transpose(pen.reshape(values, (batch, count, num_heads * size)), 0, 2, 1)
    image = pen.reshape(flat, (batch * num_heads, size, *side))
    turned = pen.reshape(pen.transpose(grid, 0, 2, 1, 3, 4), (batch * num_heads, queries, points, 2))
    shape = (batch * num_heads, size, queries, points)
    found = pen.node("GridSample", [image, turned], shape, mode="linear", padding_mode="zeros", align_corners=0)
    return pen.node("Unsqueeze", [found, integers(-2)], (*shape[:3], 1, points))
