"""Draws what denoisers share: steps in time, norms without weights of their own, gates from the step's vector. Pure."""

from advisor.graphs.vision import parts
from advisor.graphs.vision.drawing import Tensor
from advisor.graphs.vision.parts import Activation
from advisor.graphs.vision.pen import Pen, integers, number

NOT_COUNTED = 0.0
"""[1] Tables that are computed when a model is made: in the file, but no parameters of the published model."""
_EPSILON = 1e-6
_TWO = 2.0


class DiffusionPen(Pen):
    """A drawing of a denoiser under construction."""

    def __init__(self) -> None:
        """Start with an empty sheet."""
        super().__init__()
        self._shared: dict[str, Tensor] = {}

    def silu(self, x: Tensor) -> Tensor:
        """Return x times its sigmoid."""
        return parts.activate(self, x, "silu")

    def table(self, name: str, shape: tuple[int, ...], *, ones: bool = False) -> Tensor:
        """Return a table that exporters compute; the same one for the same name."""
        if name not in self._shared:
            self._shared[name] = self.weight(name, shape, fill="ones" if ones else "normal", counted=NOT_COUNTED)
        return self._shared[name]

    def bare_norm(self, x: Tensor) -> Tensor:
        """Normalize the last axis without weights; torch.onnx hands the operator a vector of ones."""
        size = x.shape[-1]
        ones = self.table(f"ones/{size}", (size,), ones=True)
        return self.node("LayerNormalization", [x, ones], x.shape, axis=-1, epsilon=_EPSILON, stash_type=1)

    def group_norm(self, name: str, x: Tensor, num_groups: int, *, epsilon: float = 1e-5) -> Tensor:
        """Normalize groups of channels over all places, in the operators that torch.onnx writes below opset 21."""
        size = x.shape[1]
        grouped = (x.shape[0], num_groups, x.num_elements // (x.shape[0] * num_groups))
        bare = [self.table(f"{fill}/{num_groups}", (num_groups,), ones=fill == "ones") for fill in ("ones", "zeros")]
        flat = self.reshape(x, grouped, allow_zero=False)
        y = self.node("InstanceNormalization", [flat, *bare], grouped, epsilon=epsilon)
        y = self.reshape(y, x.shape, allow_zero=False)
        y = self.binary("Mul", y, self.weight(f"{name}/weight", (size, 1, 1), fill="ones"))
        return self.add(y, self.weight(f"{name}/bias", (size, 1, 1)))

    def rms_norm(self, name: str, x: Tensor) -> Tensor:
        """Scale the last axis to a mean square of one, in the seven operators that torch.onnx writes below opset 23."""
        axis = len(x.shape) - 1
        square = self.binary("Pow", x, number(_TWO))
        mean = self.node("ReduceMean", [square, integers(axis)], (*x.shape[:-1], 1), keepdims=1)
        root = self.unary("Sqrt", self.binary("Add", mean, number(_EPSILON)))
        scaled = self.binary("Mul", x, self.unary("Reciprocal", root))
        return self.binary("Mul", scaled, self.weight(f"{name}/weight", (x.shape[-1],), fill="ones"))

    def sinusoids(self, x: Tensor, width: int) -> Tensor:
        """Return cosines and sines of numbers. Input: (rows,), result: (rows, width)."""
        rows, half = x.shape[0], width // 2
        column = self.node("Unsqueeze", [x, integers(1)], (rows, 1))
        angles = self.binary("Mul", column, self.table(f"frequencies/{half}", (1, half)))
        both = self.concat([self.unary("Sin", angles), self.unary("Cos", angles)], 1)
        return self.concat([self.slice(both, 1, half), self.slice(both, 1, 0, half)], 1)

    def embed(self, name: str, x: Tensor, width: int, activation: Activation = "silu") -> Tensor:
        """Return two products with an activation between them."""
        return parts.stacked(self, name, x, (width, width), activation)

    def row(self, x: Tensor) -> Tensor:
        """Return (batch, 1, width) of (batch, width)."""
        return self.node("Unsqueeze", [x, integers(1)], (x.shape[0], 1, x.shape[1]))

    def modulate(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Return x times (1 + scale) plus shift; both are rows."""
        return self.add(self.binary("Mul", x, self.binary("Add", scale, number(1.0))), shift)

    def chunks(self, x: Tensor, count: int, axis: int) -> list[Tensor]:
        """Cut into equal parts along an axis."""
        shape = tuple(size // count if index == axis else size for index, size in enumerate(x.shape))
        return self.split("Split", [x], [shape] * count, axis=axis, num_outputs=count)

    def gated(self, x: Tensor, gate: Tensor, y: Tensor) -> Tensor:
        """Return x plus y times a gate, which is a row."""
        return self.add(x, self.binary("Mul", gate, y))
