"""Collects the nodes and weights of a graph and writes them. Knows operators, not models."""

import math
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from advisor.graphs import weights
from advisor.graphs.shape import Norm
from advisor.graphs.storage import Storage
from advisor.graphs.weights import TensorSpec

MICROSOFT = "com.microsoft"
OPSET_VERSION = 21
IR_VERSION = 10
ACCURACY_LEVEL = 4
"""Block-quantized products round activations to 8 bits: what onnxruntime-genai's builder asks for on CPUs.

Source: onnxruntime-genai, models/builder.py, option `int4_accuracy_level`.
"""
EPSILON = 1e-5
_BYTES_SPREAD = {4: 4.61, 8: 73.9}
"""[1] Standard deviation of random 4-bit and 8-bit integers; a matrix scaled by it keeps the size of what it gets."""


class GraphBuilder:
    """A graph under construction. Each method adds nodes and returns the name of their output."""

    def __init__(self, storage: Storage) -> None:
        """Start empty.

        Args:
            storage: how weight matrices are kept.
        """
        self.storage = storage
        self.specs: list[TensorSpec] = []
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._quantized: dict[str, str] = {}

    def input(self, name: str, data_type: int, shape: list[str | int]) -> str:
        """Declare a graph input."""
        self._inputs.append(helper.make_tensor_value_info(name, data_type, shape))
        return name

    def output(self, name: str, data_type: int, shape: list[str | int]) -> str:
        """Declare a graph output."""
        self._outputs.append(helper.make_tensor_value_info(name, data_type, shape))
        return name

    def node(
        self,
        operator: str,
        inputs: list[str],
        outputs: list[str],
        *,
        domain: str = "",
        **attributes: float | int | str | list[int],
    ) -> str:
        """Add one node and return its first output."""
        name = f"{outputs[0]}/{operator}"
        node = helper.make_node(operator, inputs, outputs, name=name, domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return outputs[0]

    def constant(self, values: list[int], *, scalar: bool = False) -> str:
        """Return a small constant of 64-bit integers."""
        name = f"constant/{'scalar' if scalar else 'list'}/{'_'.join(map(str, values))}"
        if name not in self._constants:
            dims = [] if scalar else [len(values)]
            self._constants[name] = helper.make_tensor(name, TensorProto.INT64, dims, values)
        return name

    def number(self, value: float) -> str:
        """Return a constant 32-bit float."""
        name = f"constant/float/{value}"
        self._constants.setdefault(name, helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    def vector(self, name: str, length: int, *, ones: bool = False) -> str:
        """Return a weight vector: ones for a norm's scale, small random values otherwise."""
        fill: weights.Fill = "ones" if ones else "normal"
        return self._add(name, (length,), TensorProto.FLOAT, fill, 0.02)

    def table(self, name: str, num_rows: int, num_columns: int) -> str:
        """Return a table of floats whatever the storage: learned positions, which no format quantizes."""
        return self._add(name, (num_rows, num_columns), TensorProto.FLOAT, "normal", 0.5)

    def weight(self, name: str, *shape: int, fill: weights.Fill = "normal", scale: float = 0.02) -> str:
        """Return a tensor of floats whatever the storage: routers, kernels, biases, constants of a state.

        Args:
            name: of the tensor.
            shape: its dimensions.
            fill: what it holds.
            scale: standard deviation of `normal`, value of `constant`.
        """
        return self._add(name, shape, TensorProto.FLOAT, fill, scale)

    def stack(self, name: str, num_matrices: int, num_in: int, num_out: int) -> tuple[str, str]:
        """Return equal matrices in one tensor, one behind the other, and their scales; no scales for plain floats."""
        spread = 1 / math.sqrt(num_in)
        if self.storage.kind != "blocks":
            return self._add(f"{name}/weight", (num_matrices, num_out, num_in), TensorProto.FLOAT, "normal", spread), ""
        bits, blocks = self.storage.num_bits, num_in // self.storage.block_size
        packed = self._add(
            f"{name}/packed", (num_matrices, num_out, num_in * bits // 8), TensorProto.UINT8, "bytes", 1.0
        )
        scale = spread / _BYTES_SPREAD[bits]
        scales = self._add(f"{name}/scales", (num_matrices, num_out, blocks), TensorProto.FLOAT, "constant", scale)
        return packed, scales

    def rotary(self, num_positions: int, head_size: int) -> tuple[str, str]:
        """Return the tables of cosines and sines."""
        shape = (num_positions, head_size // 2)
        return (
            self._add("rotary/cosine", shape, TensorProto.FLOAT, "cosine", 1.0),
            self._add("rotary/sine", shape, TensorProto.FLOAT, "sine", 1.0),
        )

    def linear(self, name: str, x: str, num_in: int, num_out: int, *, bias: bool = False) -> str:
        """Multiply by a weight matrix of this graph's storage; add a bias as a node of its own."""
        scale = 1 / math.sqrt(num_in)
        y = f"{name}/product"
        if self.storage.kind == "float":
            weight = self._add(f"{name}/weight", (num_in, num_out), TensorProto.FLOAT, "normal", scale)
            self.node("MatMul", [x, weight], [y])
        elif self.storage.kind == "blocks":
            self._matmul_blocks(x, y, self.blocks(f"{name}/weight", num_in, num_out), num_in, num_out)
        else:
            self._matmul_dynamic(name, x, y, num_in, num_out)
        return self.node("Add", [y, self.vector(f"{name}/bias", num_out)], [f"{name}/sum"]) if bias else y

    def blocks(self, name: str, num_in: int, num_out: int) -> tuple[str, str]:
        """Return packed weights and scales of a block-quantized matrix; symmetric, so no zero points."""
        blocks = math.ceil(num_in / self.storage.block_size)
        packed = self.storage.block_size * self.storage.num_bits // 8
        scale = 1 / (_BYTES_SPREAD[self.storage.num_bits] * math.sqrt(num_in))
        return (
            self._add(f"{name}/packed", (num_out, blocks, packed), TensorProto.UINT8, "bytes", 1.0),
            self._add(f"{name}/scales", (num_out, blocks), TensorProto.FLOAT, "constant", scale),
        )

    def tied_head(self, x: str, y: str, table: tuple[str, ...], num_in: int, num_out: int) -> str:
        """Multiply by the embedding table again.

        Args:
            x: hidden states.
            y: name of the product.
            table: what `embedding` returned beside its output.
            num_in: [elements] Hidden width.
            num_out: rows of the table.
        """
        if self.storage.kind == "blocks":
            return self._matmul_blocks(x, y, (table[0], table[1]), num_in, num_out)
        if self.storage.kind == "dynamic":
            turned = self.node("Transpose", [table[0]], [f"{table[0]}/turned"], perm=[1, 0])
            return self._multiply_bytes(y, x, (turned, table[1], table[2]), y)
        return self.node("FusedMatMul", [x, table[0]], [y], domain=MICROSOFT, transB=1)

    def embedding(self, name: str, ids: str, num_rows: int, num_columns: int) -> tuple[str, tuple[str, ...]]:
        """Look rows up. Returns the output and the names of the table's tensors, for a tied head."""
        y = f"{name}/rows"
        if self.storage.kind == "blocks":
            return self._gather_blocks(name, ids, y, num_rows, num_columns)
        if self.storage.kind == "dynamic":
            return self._gather_dynamic(name, ids, y, num_rows, num_columns)
        scale = 1 / math.sqrt(num_columns)  # of a head that shares it: logits of size 1
        weight = self._add(f"{name}/weight", (num_rows, num_columns), TensorProto.FLOAT, "normal", scale)
        return self.node("Gather", [weight, ids], [y], axis=0), (weight,)

    def norm(self, name: str, kind: Norm, x: str, size: int, *, bias: bool) -> str:
        """Normalize the last axis."""
        scale = self.vector(f"{name}/weight", size, ones=True)
        if kind == "rms":
            return self.node(
                "SimplifiedLayerNormalization", [x, scale], [f"{name}/out"], axis=-1, epsilon=EPSILON, stash_type=1
            )
        inputs = [x, scale, self.vector(f"{name}/bias", size)] if bias else [x, scale]
        return self.node("LayerNormalization", inputs, [f"{name}/out"], axis=-1, epsilon=EPSILON)

    def skip_norm(self, name: str, kind: Norm, x: str, skip: str, size: int, *, bias: bool) -> tuple[str, str]:
        """Add, then normalize, in one node. Returns the normalized sum and the sum."""
        inputs = [x, skip, self.vector(f"{name}/weight", size, ones=True)]
        if kind == "layer" and bias:
            inputs.append(self.vector(f"{name}/bias", size))
        operator = "SkipSimplifiedLayerNormalization" if kind == "rms" else "SkipLayerNormalization"
        outputs = [f"{name}/out", "", "", f"{name}/sum"]
        return self.node(operator, inputs, outputs, domain=MICROSOFT, epsilon=EPSILON), outputs[3]

    def save(self, path: Path, *, inside: bool = False) -> int:
        """Write graph and weights.

        Args:
            path: graph file.
            inside: weights go into the graph's file, as most exporters do below 2 GB; else beside it, with `.data`
                added to its name, as onnxruntime-genai's builder does. It decides what is in memory while loading.

        Returns:
            [B] Size of all weights.

        Raises:
            OutputError: `disk-full`.
        """
        size = weights.total_bytes(self.specs)
        if inside and size < weights.INSIDE_LIMIT_BYTES:
            weights.write_inside(self._model([]), self.specs, path)
            return size
        tensors = weights.write(self.specs, path.with_name(path.name + ".data"))
        path.write_bytes(self._model(tensors).SerializeToString())
        return size

    def _model(self, tensors: list[onnx.TensorProto]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes, "synthetic", self._inputs, self._outputs, initializer=[*self._constants.values(), *tensors]
        )
        opsets = [helper.make_opsetid("", OPSET_VERSION), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="model-fit-advisor")

    def _matmul_blocks(self, x: str, y: str, weight: tuple[str, str], num_in: int, num_out: int) -> str:
        return self.node(
            "MatMulNBits", [x, *weight], [y], domain=MICROSOFT, K=num_in, N=num_out, bits=self.storage.num_bits,
            block_size=self.storage.block_size, accuracy_level=ACCURACY_LEVEL,
        )  # fmt: skip

    def _gather_blocks(
        self, name: str, ids: str, y: str, num_rows: int, num_columns: int
    ) -> tuple[str, tuple[str, ...]]:
        packed, scales = self.blocks(f"{name}/weight", num_columns, num_rows)
        padded = math.ceil(num_columns / self.storage.block_size) * self.storage.block_size
        flat_shape = self.constant([num_rows, padded * self.storage.num_bits // 8])
        flat = self.node("Reshape", [packed, flat_shape], [f"{name}/flat"])
        whole = y if padded == num_columns else f"{name}/padded"
        self.node(
            "GatherBlockQuantized", [flat, ids, scales], [whole], domain=MICROSOFT, bits=self.storage.num_bits,
            block_size=self.storage.block_size, gather_axis=0, quantize_axis=1,
        )  # fmt: skip
        if whole != y:
            bounds = [self.constant([0]), self.constant([num_columns]), self.constant([2])]
            self.node("Slice", [whole, *bounds], [y])
        return y, (packed, scales)

    def _gather_dynamic(
        self, name: str, ids: str, y: str, num_rows: int, num_columns: int
    ) -> tuple[str, tuple[str, ...]]:
        weight, scale, zero = self._matrix_of_bytes(name, num_rows, num_columns, 1 / math.sqrt(num_columns))
        self.node("Gather", [weight, ids], [f"{name}/quantized"], axis=0)
        return self.node("DequantizeLinear", [f"{name}/quantized", scale, zero], [y]), (weight, scale, zero)

    def _matmul_dynamic(self, name: str, x: str, y: str, num_in: int, num_out: int) -> None:
        matrix = self._matrix_of_bytes(name, num_in, num_out, 1 / math.sqrt(num_in))
        self._multiply_bytes(name, x, matrix, y)

    def _multiply_bytes(self, name: str, x: str, matrix: tuple[str, str, str], y: str) -> str:
        """Add the nodes that dynamic quantization leaves; activations used more than once are rounded once."""
        weight, scale, zero = matrix
        if x not in self._quantized:
            self.node("DynamicQuantizeLinear", [x], [f"{x}/q", f"{x}/q_scale", f"{x}/q_zero"])
            self._quantized[x] = f"{x}/q"
        rounded = self._quantized[x]
        self.node("MatMulInteger", [rounded, weight, f"{rounded}_zero", zero], [f"{name}/integers"])
        self.node("Cast", [f"{name}/integers"], [f"{name}/floats"], to=TensorProto.FLOAT)
        self.node("Mul", [f"{rounded}_scale", scale], [f"{name}/scales"])
        return self.node("Mul", [f"{name}/floats", f"{name}/scales"], [y])

    def _matrix_of_bytes(self, name: str, num_rows: int, num_columns: int, spread: float) -> tuple[str, str, str]:
        weight = self._add(f"{name}/weight", (num_rows, num_columns), TensorProto.INT8, "bytes", 1.0)
        scale = self._add(f"{name}/scale", (), TensorProto.FLOAT, "constant", spread / _BYTES_SPREAD[8])
        return weight, scale, self._add(f"{name}/zero", (), TensorProto.INT8, "constant", 0.0)

    def _add(self, name: str, shape: tuple[int, ...], data_type: int, fill: weights.Fill, scale: float) -> str:
        self.specs.append(TensorSpec(name=name, shape=shape, data_type=data_type, fill=fill, scale=scale))
        return name
