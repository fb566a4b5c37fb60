"""Draws networks: adds operators one by one and works out the shape of each result. Pure."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from advisor.graphs.recipe import DataType
from advisor.graphs.vision.drawing import EMBEDDING, LINEAR, Drawing, Fill, Matrix, Node, Tensor, Weight

LAYER_NORM_EPSILON = 1e-5
_END = 2**62
"""A slice that runs to the end."""


class Pen:
    """A drawing under construction. Methods add operators and return their result."""

    def __init__(self) -> None:
        """Start with an empty sheet."""
        self._inputs: list[Tensor] = []
        self._outputs: list[Tensor] = []
        self._nodes: list[Node] = []
        self._weights: list[Weight] = []
        self._idle = False
        self._idle_ends: tuple[Tensor | None, Tensor | None] = (None, None)
        self._names = 0

    def drawing(self) -> Drawing:
        """Return what was drawn."""
        return Drawing(
            inputs=tuple(self._inputs), outputs=tuple(self._outputs), nodes=tuple(self._nodes),
            weights=tuple(self._weights), idle_input=self._idle_ends[0], idle_output=self._idle_ends[1],
        )  # fmt: skip

    def input(self, name: str, shape: tuple[int, ...], data_type: DataType = "float32") -> Tensor:
        """Declare an input."""
        self._inputs.append(Tensor(name=name, shape=shape, data_type=data_type))
        return self._inputs[-1]

    def output(self, x: Tensor) -> None:
        """Declare a result."""
        self._outputs.append(x)

    @contextmanager
    def idle(self, ids: Tensor) -> Iterator[list[Tensor]]:
        """Draw what is loaded and not run, such as the text tower while images are read.

        Args:
            ids: token ids it would read.

        Yields:
            An empty list, to be given the result.
        """
        self._idle, ends = True, list[Tensor]()
        yield ends
        self._idle, self._idle_ends = False, (ids, ends[0])

    def weight(
        self, name: str, shape: tuple[int, ...], *, fill: Fill = "normal", scale: float = 0.02, counted: float = 1.0
    ) -> Tensor:
        """Add a weight that every format keeps in 32-bit floats.

        Args:
            name: of the tensor.
            shape: of the tensor.
            fill: its values.
            scale: [1] Standard deviation of `normal`.
            counted: [1] Parameters of the published model for each of its elements.
        """
        count = round(counted * math.prod(shape))
        self._weights.append(Weight(name=name, shape=shape, fill=fill, scale=scale, num_parameters=count))
        return Tensor(name=name, shape=shape)

    def node(
        self,
        operator: str,
        inputs: Sequence[Tensor | str],
        shape: tuple[int, ...],
        **attributes: Any,  # noqa: ANN401
    ) -> Tensor:
        """Add an operator of ONNX with one result of that shape."""
        return self.split(operator, inputs, (shape,), **attributes)[0]

    def split(
        self, operator: str, inputs: Sequence[Tensor | str], shapes: Sequence[tuple[int, ...]],
        **attributes: Any,  # noqa: ANN401
    ) -> list[Tensor]:  # fmt: skip
        """Add an operator of ONNX with several results."""
        self._names += 1
        name = f"{operator.lower()}_{self._names}"
        outputs = tuple(Tensor(name=f"{name}_{i}" if i else name, shape=shape) for i, shape in enumerate(shapes))
        names = tuple(entry if isinstance(entry, str) else entry.name for entry in inputs)
        self._nodes.append(
            Node(operator=operator, inputs=names, outputs=outputs, attributes=attributes, idle=self._idle)
        )
        return list(outputs)

    def linear(self, name: str, x: Tensor, num_out: int, *, bias: bool = True) -> Tensor:
        """Multiply by a matrix that a format may quantize, and add a bias."""
        return self.product(x, self.matrix(name, x.shape[-1], num_out, bias=bias))

    def matrix(self, name: str, num_in: int, num_out: int, *, bias: bool = True) -> Matrix:
        """Add a matrix and its bias; `product` multiplies by it, as often as asked."""
        self._weights.append(
            Weight(name=f"{name}/weight", shape=(num_in, num_out), kind="matrix", num_parameters=num_in * num_out)
        )
        if bias:
            self.weight(f"{name}/bias", (num_out,))
        return Matrix(name=name, num_in=num_in, num_out=num_out, bias=bias)

    def copy(self, name: str, matrix: Matrix) -> Matrix:
        """Add a matrix without its bias once more, as a file may hold it: no parameters of the published model."""
        shape = (matrix.num_in, matrix.num_out)
        self._weights.append(Weight(name=f"{name}/weight", shape=shape, kind="matrix", num_parameters=0))
        return Matrix(name=name, num_in=matrix.num_in, num_out=matrix.num_out, bias=False)

    def product(self, x: Tensor, matrix: Matrix) -> Tensor:
        """Multiply by a matrix made before and add its bias."""
        return self.node(LINEAR, [x], (*x.shape[:-1], matrix.num_out), matrix=matrix)

    def embedding(self, name: str, ids: Tensor, num_rows: int, width: int) -> Tensor:
        """Look words up in a table that a format may quantize."""
        self._weights.append(
            Weight(name=f"{name}/weight", shape=(num_rows, width), kind="embedding", num_parameters=num_rows * width)
        )
        return self.node(EMBEDDING, [ids], (*ids.shape, width), name=name, sizes=(num_rows, width))

    def conv(
        self, name: str, x: Tensor, num_out: int, kernel: int, *, stride: int = 1, pad: int | None = None,
        groups: int = 1, bias: bool = True, counted_bias: float = 1.0,
    ) -> Tensor:  # fmt: skip
        """Convolve.

        Args:
            name: of its weights.
            x: (batch, channels, height, width).
            num_out: channels of the result.
            kernel: [pixels] Side.
            stride: [pixels]
            pad: [pixels] On each side; half the kernel by default.
            groups: of channels.
            bias: whether it has one.
            counted_bias: [1] Parameters of the published model for each element of the bias: 2 where a batch norm was
                folded into it, 0 where that norm was frozen.
        """
        batch, channels, height, width = x.shape
        pad = kernel // 2 if pad is None else pad
        fan_in = channels // groups * kernel * kernel
        inputs = [
            x,
            self.weight(f"{name}/weight", (num_out, channels // groups, kernel, kernel), scale=1 / math.sqrt(fan_in)),
        ]
        if bias:
            inputs.append(self.weight(f"{name}/bias", (num_out,), counted=counted_bias))
        sides = tuple((side + 2 * pad - kernel) // stride + 1 for side in (height, width))
        return self.node(
            "Conv", inputs, (batch, num_out, *sides), group=groups, pads=[pad] * 4, strides=[stride] * 2,
            dilations=[1, 1], kernel_shape=[kernel] * 2,
        )  # fmt: skip

    def conv_transpose(self, name: str, x: Tensor, num_out: int, kernel: int) -> Tensor:
        """Enlarge by a learned kernel as wide as the step."""
        batch, channels, height, width = x.shape
        weight = self.weight(f"{name}/weight", (channels, num_out, kernel, kernel), scale=1 / math.sqrt(channels))
        inputs = [x, weight, self.weight(f"{name}/bias", (num_out,))]
        shape = (batch, num_out, height * kernel, width * kernel)
        return self.node("ConvTranspose", inputs, shape, strides=[kernel] * 2, kernel_shape=[kernel] * 2)

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Normalize the last axis (LayerNorm with weight and bias)."""
        size = x.shape[-1]
        inputs = [x, self.weight(f"{name}/weight", (size,), fill="ones"), self.weight(f"{name}/bias", (size,))]
        return self.node("LayerNormalization", inputs, x.shape, axis=-1, epsilon=LAYER_NORM_EPSILON, stash_type=1)

    def unary(self, operator: str, x: Tensor, **attributes: Any) -> Tensor:  # noqa: ANN401
        """Add an operator that keeps the shape."""
        return self.node(operator, [x], x.shape, **attributes)

    def binary(self, operator: str, x: Tensor, y: Tensor | str) -> Tensor:
        """Add an operator of two values; shapes are broadcast. A string is a number, see `number`."""
        return self.node(operator, [x, y], x.shape if isinstance(y, str) else _broadcast(x.shape, y.shape))

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Add two values."""
        return self.binary("Add", x, y)

    def scale(self, x: Tensor, factor: float) -> Tensor:
        """Multiply by a number."""
        return self.binary("Mul", x, number(factor))

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """Multiply two values as stacks of matrices."""
        return self.node("MatMul", [x, y], (*_broadcast(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1]))

    def reshape(self, x: Tensor, shape: tuple[int, ...], *, allow_zero: bool = True) -> Tensor:
        """Give the same elements another shape. `allow_zero`, as torch writes it, keeps two in a row from merging."""
        return self.node("Reshape", [x, integers(*shape)], shape, allowzero=int(allow_zero))

    def transpose(self, x: Tensor, *axes: int) -> Tensor:
        """Reorder axes."""
        return self.node("Transpose", [x], tuple(x.shape[axis] for axis in axes), perm=list(axes))

    def concat(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Join along an axis that is counted from the front."""
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        return self.node("Concat", parts, tuple(shape), axis=axis)

    def slice(self, x: Tensor, axis: int, begin: int, end: int | None = None) -> Tensor:
        """Cut along an axis that is counted from the front."""
        size, stop = x.shape[axis], x.shape[axis] if end is None else end
        shape = (*x.shape[:axis], min(stop, size) - begin, *x.shape[axis + 1 :])
        bounds = [integers(begin), integers(_END if end is None else end), integers(axis), integers(1)]
        return self.node("Slice", [x, *bounds], shape)

    def pick(self, x: Tensor, axis: int, index: int) -> Tensor:
        """Take one entry along an axis, which goes."""
        return self.node("Gather", [x, f"scalar:{index}"], (*x.shape[:axis], *x.shape[axis + 1 :]), axis=axis)

    def resize(self, x: Tensor, height: int, width: int, *, align_corners: bool = False) -> Tensor:
        """Enlarge an image bilinearly."""
        shape = (*x.shape[:2], height, width)
        mode = "align_corners" if align_corners else "half_pixel"
        return self.node(
            "Resize", [x, "", "", integers(*shape)], shape, mode="linear", coordinate_transformation_mode=mode
        )


def number(value: float) -> str:
    """Return the name of a constant 32-bit float; `build` makes it."""
    return f"number:{value!r}"


def integers(*values: int) -> str:
    """Return the name of a constant list of 64-bit integers; `build` makes it."""
    return "integers:" + ",".join(map(str, values))


def numbers(*values: float) -> str:
    """Return the name of a constant list of 32-bit floats; `build` makes it."""
    return "numbers:" + ",".join(repr(float(value)) for value in values)


def _broadcast(x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...]:
    length = max(len(x), len(y))
    pairs = zip((1,) * (length - len(x)) + x, (1,) * (length - len(y)) + y, strict=True)
    return tuple(max(pair) for pair in pairs)
