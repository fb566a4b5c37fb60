"""Nodes of a mixture of experts: router, experts in one operator, and the network every token visits beside them.

Source: onnxruntime-genai 0.18, models/builders/qwen.py (softmax scores, shared expert) and lfm2.py (choice in the graph
where the chosen scores are not the mixed ones). As there, the router stays a product of 32-bit floats.
"""

import math
from typing import Any

from advisor.graphs.builder import MICROSOFT, GraphBuilder
from advisor.graphs.expert_shape import Experts

_UNCHOSEN = -10000.0
"""[1] Score of an expert that was not chosen: its exponential is 0."""
_LEAST_SCORE = 1e-30
_LEAST_SUM = 1e-6


def routed(graph: GraphBuilder, facts: Experts, name: str, x: str, hidden_size: int) -> str:
    """Send each token to its experts and add up what they return.

    Args:
        graph: under construction.
        facts: of the experts.
        name: of the layer.
        x: hidden states.
        hidden_size: [elements] Their width.
    """
    logits = _logits(graph, facts, f"{name}/router", x, hidden_size)
    if not facts.corrected and facts.scores == "softmax":
        return _operator(graph, facts, name, (x, logits), hidden_size)
    masked, factor = _chosen(graph, facts, f"{name}/router", x, logits)
    y = _operator(graph, facts, name, (x, masked), hidden_size)
    return graph.node("Mul", [y, factor], [f"{name}/experts/scaled"])


def joined(
    graph: GraphBuilder, facts: Experts, name: str, x: str, parts: tuple[str, str], hidden_size: int
) -> str:  # fmt: skip
    """Add what the routed experts and the shared network return.

    Args:
        graph: under construction.
        facts: of the experts.
        name: of the layer.
        x: hidden states.
        parts: outputs of the routed experts and of the shared network.
        hidden_size: [elements] Width of each.
    """
    if not facts.shared_gate:
        return graph.node("Add", list(parts), [f"{name}/experts/joined"])
    weight = graph.weight(f"{name}/shared/gate_weight", hidden_size, 1)
    score = graph.node("MatMul", [x, weight], [f"{name}/shared/score"])
    opened = graph.node("Sigmoid", [score], [f"{name}/shared/opened"])
    return graph.node("GatedAdd", [*parts, opened], [f"{name}/experts/joined"], domain=MICROSOFT)


def _logits(graph: GraphBuilder, facts: Experts, name: str, x: str, hidden_size: int) -> str:
    weight = graph.weight(f"{name}/weight", hidden_size, facts.num_experts, scale=1 / math.sqrt(hidden_size))
    y = graph.node("MatMul", [x, weight], [f"{name}/product"])
    if facts.bias:
        y = graph.node("Add", [y, graph.vector(f"{name}/bias", facts.num_experts)], [f"{name}/sum"])
    return graph.node("Reshape", [y, graph.constant([-1, facts.num_experts])], [f"{name}/logits"])


def _operator(graph: GraphBuilder, facts: Experts, name: str, inputs: tuple[str, str], hidden_size: int) -> str:
    count, (wide, narrow) = facts.num_experts, facts.expert_sizes(hidden_size)
    first, first_scales = graph.stack(f"{name}/experts/gate_up", count, *wide)
    second, second_scales = graph.stack(f"{name}/experts/down", count, *narrow)
    fill, scale = ("normal", 0.02) if facts.bias else ("constant", 0.0)
    biases = [
        graph.weight(f"{name}/experts/{part}_bias", count, size, fill=fill, scale=scale)  # type: ignore[arg-type]
        for part, size in (("gate_up", wide[1]), ("down", narrow[1]))
    ]
    attributes: dict[str, Any] = {
        "k": facts.num_per_token, "activation_type": "swiglu", "swiglu_fusion": 1, "activation_alpha": facts.alpha,
        "activation_beta": facts.beta, "normalize_routing_weights": int(facts.normalized),
        "use_sparse_mixer": int(facts.sparse_mixer),
    }  # fmt: skip
    if facts.limit:
        attributes["swiglu_limit"] = facts.limit
    output = [f"{name}/experts/out"]
    if graph.storage.kind != "blocks":
        operands = [*inputs, first, biases[0], second, biases[1]]
        return graph.node("MoE", operands, output, domain=MICROSOFT, **attributes)
    operands = [*inputs, first, first_scales, biases[0], second, second_scales, biases[1]]
    attributes |= {"expert_weight_bits": graph.storage.num_bits, "block_size": graph.storage.block_size}
    return graph.node("QMoE", operands, output, domain=MICROSOFT, **attributes)


def _chosen(graph: GraphBuilder, facts: Experts, name: str, x: str, logits: str) -> tuple[str, str]:
    """Choose experts by corrected scores. Returns scores that let the operator choose the same, and a factor."""
    scores = _scores(graph, facts, name, logits)
    ranked = scores
    if facts.corrected:
        ranked = graph.node("Add", [scores, graph.vector(f"{name}/correction", facts.num_experts)], [f"{name}/ranked"])
    graph.node("TopK", [ranked, graph.constant([facts.num_per_token])], [f"{name}/top", f"{name}/places"], axis=-1)
    places = f"{name}/places"
    taken = graph.node("GatherElements", [scores, places], [f"{name}/taken"], axis=1)
    cut = graph.node("Clip", [taken, graph.number(_LEAST_SCORE)], [f"{name}/cut"])
    logarithms = graph.node("Log", [cut], [f"{name}/logarithms"])
    dims = graph.node("Shape", [scores], [f"{name}/dims"])
    unchosen = graph.node("Expand", [graph.number(_UNCHOSEN), dims], [f"{name}/unchosen"])
    masked = graph.node("ScatterElements", [unchosen, places, logarithms], [f"{name}/masked"], axis=1)
    return masked, _factor(graph, facts, name, x, taken)


def _scores(graph: GraphBuilder, facts: Experts, name: str, logits: str) -> str:
    if facts.scores == "softmax":
        return graph.node("Softmax", [logits], [f"{name}/scores"], axis=-1)
    power = graph.node("Exp", [graph.node("Neg", [logits], [f"{name}/negative"])], [f"{name}/power"])
    return graph.node(
        "Reciprocal", [graph.node("Add", [power, graph.number(1.0)], [f"{name}/more"])], [f"{name}/scores"]
    )


def _factor(graph: GraphBuilder, facts: Experts, name: str, x: str, taken: str) -> str:
    """Return what the experts' sum is multiplied by, token by token: the operator makes the scores add up to one."""
    total = graph.node("ReduceSum", [taken, graph.constant([-1])], [f"{name}/total"], keepdims=1)
    share = total
    if facts.normalized:
        rounded = graph.node("Add", [total, graph.number(_LEAST_SUM)], [f"{name}/total_rounded"])
        share = graph.node("Div", [total, rounded], [f"{name}/share"])
    if facts.scale != 1.0:
        share = graph.node("Mul", [share, graph.number(facts.scale)], [f"{name}/share_scaled"])
    dims = graph.node("Shape", [x], [f"{name}/token_dims"], end=-1)
    wanted = graph.node("Concat", [dims, graph.constant([1])], [f"{name}/factor_dims"], axis=0)
    return graph.node("Reshape", [share, wanted], [f"{name}/factor"])
