"""The arithmetic of a drawn network, from its own operators. Pure; the estimate may ask it too."""

import math

import msgspec

from advisor.graphs.storage import FLOAT32, FLOAT_BYTES
from advisor.graphs.vision.drawing import LINEAR, Drawing, Node

_FLOPS_PER_PAIR = 2.0
"""[FLOP] A multiplication and an addition."""
_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
_FUSED = frozenset({"Relu", "Clip", "Sigmoid", "HardSigmoid", "Tanh", "LeakyRelu", "Add"})
"""Run within a convolution before them. Source: ONNX Runtime, "Graph optimizations" (extended, layout)."""
_FREE = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Shape", "Constant", "Softmax"})
"""Only a new name for the same elements; shares of attention are part of its cost for each score."""
_NORMS = frozenset({"LayerNormalization", "RMSNormalization", "GroupNormalization", "InstanceNormalization"})
_CURVED = frozenset({"Gelu", "Erf", "Tanh", "Sigmoid", "Exp", "Swish", "HardSwish", "HardSigmoid"})


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a network: operations of each kind of kernel, weights and memory."""

    linear_flops: float
    """[FLOP] Products with weight matrices: what formats may quantize."""
    conv_flops: float
    """[FLOP] Convolutions that mix channels, whatever the format in 32-bit floats."""
    depthwise_flops: float
    """[FLOP] Convolutions in which each result sees few channels: bound by memory, not by arithmetic."""
    attention_flops: float
    """[FLOP] Products of two intermediate results: scores and their mixtures."""
    weight_bytes: int
    """[B] All weights as 32-bit floats."""
    activation_bytes: int
    """[B] Most intermediate results alive at once."""
    traffic_bytes: int
    """[B] Intermediate results written and read by all operators: what the other operators cost."""
    norm_bytes: int
    gelu_bytes: int
    """[B] Of that, norms and curved activations, which take their time."""
    element_bytes: int
    """[B] The rest of the operators that are no products and that a runtime neither fuses into one nor leaves out."""
    linear_elements: float
    """Elements that go into and come out of products with weight matrices."""
    linear_rows: float
    """Rows of a product with a weight matrix, mean over its operations; 1 where there is none."""
    num_operators: int

    @property
    def total_flops(self) -> float:
        """All operations. [FLOP]."""
        return self.linear_flops + self.conv_flops + self.depthwise_flops + self.attention_flops


def of(sheet: Drawing) -> Work:
    """Return the work of one run of a drawn network; norms, activations and sums count as memory traffic only."""
    shapes = {tensor.name: tensor.shape for tensor in sheet.inputs}
    shapes |= {weight.name: weight.shape for weight in sheet.weights}
    nodes = [node for node in sheet.nodes if not node.idle]
    shapes |= {output.name: output.shape for node in nodes for output in node.outputs}
    weights = {weight.name for weight in sheet.weights}
    convolved = {node.outputs[0].name for node in nodes if node.operator in _CONVOLUTIONS}
    flops = dict.fromkeys(("linear", "conv", "depthwise", "attention"), 0.0)
    moved, rows, passed = 0, 0.0, 0
    elements = dict.fromkeys(("norm", "gelu", "rest", ""), 0)
    for node in nodes:
        kind, count = _flops(node, shapes)
        if kind:
            flops[kind] += count
        if kind == "linear":
            rows += count * math.prod(node.outputs[0].shape[:-1])
            passed += math.prod(node.outputs[0].shape[:-1]) * sum(_sides(node))
        traffic = sum(output.num_elements for output in node.outputs)
        traffic += sum(math.prod(shapes[name]) for name in node.inputs if name in shapes and name not in weights)
        moved += traffic
        fused = node.operator in _FUSED and not convolved.isdisjoint(node.inputs)
        elements["" if kind or fused else _element_kind(node.operator)] += traffic
    return Work(
        linear_flops=flops["linear"], conv_flops=flops["conv"], depthwise_flops=flops["depthwise"],
        attention_flops=flops["attention"], weight_bytes=sheet.weight_bytes(FLOAT32),
        activation_bytes=FLOAT_BYTES * sheet.peak_elements(), traffic_bytes=FLOAT_BYTES * moved,
        norm_bytes=FLOAT_BYTES * elements["norm"], gelu_bytes=FLOAT_BYTES * elements["gelu"],
        element_bytes=FLOAT_BYTES * elements["rest"], linear_elements=float(passed),
        linear_rows=rows / flops["linear"] if flops["linear"] else 1.0,
        num_operators=len(nodes),
    )  # fmt: skip


def _element_kind(operator: str) -> str:
    if operator in _FREE:
        return ""
    return "norm" if operator in _NORMS else "gelu" if operator in _CURVED else "rest"


def _sides(node: Node) -> tuple[int, int]:
    matrix = node.attributes["matrix"]
    return matrix.num_in, matrix.num_out


def _flops(node: Node, shapes: dict[str, tuple[int, ...]]) -> tuple[str, float]:
    """Return the kind of kernel and its operations; nothing for operators that only move data."""
    if node.operator == LINEAR:
        return "linear", _FLOPS_PER_PAIR * node.outputs[0].num_elements * node.attributes["matrix"].num_in
    if node.operator == "MatMul":
        return "attention", _FLOPS_PER_PAIR * node.outputs[0].num_elements * shapes[node.inputs[0]][-1]
    if node.operator in ("Conv", "ConvTranspose"):
        return _conv_flops(node, shapes)
    return "", 0.0


def _conv_flops(node: Node, shapes: dict[str, tuple[int, ...]]) -> tuple[str, float]:
    kernel = shapes[node.inputs[1]]
    places = shapes[node.inputs[0]] if node.operator == "ConvTranspose" else node.outputs[0].shape
    is_depthwise = node.attributes.get("group", 1) > 1 and kernel[1] == 1
    return "depthwise" if is_depthwise else "conv", (
        _FLOPS_PER_PAIR * places[0] * math.prod(places[2:]) * math.prod(kernel)
    )
