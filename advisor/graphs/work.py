"""The arithmetic of a drawn network, from its own operators. Pure; the estimate may ask it too."""

import math

import msgspec

from advisor.graphs.storage import FLOAT32, FLOAT_BYTES
from advisor.graphs.vision.drawing import LINEAR, Drawing, Node

_FLOPS_PER_PAIR = 2.0
"""[FLOP] A multiplication and an addition."""


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
    flops = dict.fromkeys(("linear", "conv", "depthwise", "attention"), 0.0)
    moved = 0
    for node in nodes:
        kind, count = _flops(node, shapes)
        if kind:
            flops[kind] += count
        moved += sum(output.num_elements for output in node.outputs)
        moved += sum(math.prod(shapes[name]) for name in node.inputs if name in shapes and name not in weights)
    return Work(
        linear_flops=flops["linear"], conv_flops=flops["conv"], depthwise_flops=flops["depthwise"],
        attention_flops=flops["attention"], weight_bytes=sheet.weight_bytes(FLOAT32),
        activation_bytes=FLOAT_BYTES * sheet.peak_elements(), traffic_bytes=FLOAT_BYTES * moved,
        num_operators=len(nodes),
    )  # fmt: skip


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
