"""Nodes of layers that mix tokens by a state: short convolutions, gated delta rule, state spaces.

CausalConvWithState and LinearAttention are kernels of ONNX Runtime's processor provider; each reads the state of the
run before and writes the next one, for a prompt and for one token alike.

Source: onnxruntime-genai 0.18, models/builders/lfm2.py and qwen.py. For state spaces of the Mamba 2 kind that builder
has no export; their recurrence is LinearAttention's gated rule, S = exp(A dt) S + B (x) (dt x), y = C S (Dao and Gu,
arXiv 2405.21060, section 3), with the projections around it as in transformers, models/mamba2/modeling_mamba2.py.
"""

from onnx import TensorProto

from advisor.graphs.builder import EPSILON, MICROSOFT, GraphBuilder
from advisor.graphs.recipe import past_name, present_name
from advisor.graphs.state_shape import GatedDelta, Recurrent, ShortConvolution, StateSpace


def recurrent(graph: GraphBuilder, facts: Recurrent, name: str, layer: int, x: str) -> str:
    """Mix tokens by a state.

    Args:
        graph: under construction.
        facts: of the layer's state.
        name: of the layer.
        layer: its index, which names its states.
        x: hidden states.
    """
    for state, dims in facts.states():
        wanted: list[str | int] = ["batch", *dims]
        graph.input(past_name(layer, state), TensorProto.FLOAT, wanted)
        graph.output(present_name(layer, state), TensorProto.FLOAT, wanted)
    if isinstance(facts, ShortConvolution):
        return _short_convolution(graph, facts, f"{name}/convolution", layer, x)
    if isinstance(facts, GatedDelta):
        return _gated_delta(graph, facts, f"{name}/delta", layer, x)
    return _state_space(graph, facts, f"{name}/states", layer, x)


def _short_convolution(graph: GraphBuilder, facts: ShortConvolution, name: str, layer: int, x: str) -> str:
    hidden = facts.hidden_size
    wide = graph.linear(f"{name}/in", x, hidden, 3 * hidden)
    turned = graph.node("Transpose", [wide], [f"{name}/turned"], perm=[0, 2, 1])
    parts = [f"{name}/{part}" for part in ("before", "after", "value")]
    graph.node("Split", [turned, graph.constant(3 * [hidden])], parts, axis=1)
    opened = graph.node("Mul", [parts[0], parts[2]], [f"{name}/opened"])
    kernel = (hidden, facts.kernel_size)
    y = _convolve(graph, name, layer, opened, kernel, activation="none", bias="")
    closed = graph.node("Mul", [parts[1], y], [f"{name}/closed"])
    back = graph.node("Transpose", [closed], [f"{name}/back"], perm=[0, 2, 1])
    return graph.linear(f"{name}/out", back, hidden, hidden)


def _gated_delta(graph: GraphBuilder, facts: GatedDelta, name: str, layer: int, x: str) -> str:
    hidden, heads = facts.hidden_size, facts.num_value_heads
    mixed = graph.linear(f"{name}/mixed", x, hidden, facts.mixed_size)
    gate = graph.linear(f"{name}/gate", x, hidden, facts.values_size)
    rate, decay = (
        graph.node("MatMul", [x, graph.weight(f"{name}/{part}_weight", hidden, heads)], [f"{name}/{part}"])
        for part in ("rate", "decay")
    )
    zeros = graph.weight(f"{name}/bias", facts.mixed_size, fill="constant", scale=0.0)
    turned = graph.node("Transpose", [mixed], [f"{name}/turned"], perm=[0, 2, 1])
    kernel = (facts.mixed_size, facts.kernel_size)
    y = _convolve(graph, name, layer, turned, kernel, activation="silu", bias=zeros)
    back = graph.node("Transpose", [y], [f"{name}/back"], perm=[0, 2, 1])
    parts = [f"{name}/{part}" for part in ("query", "key", "value")]
    sizes = graph.constant([facts.keys_size, facts.keys_size, facts.values_size])
    graph.node("Split", [back, sizes], parts, axis=-1)
    query, key = (_unit_heads(graph, facts, part) for part in parts[:2])
    query = graph.node("Mul", [query, graph.number(facts.key_size**-0.5)], [f"{name}/query_scaled"])
    constants = [
        graph.vector(f"{name}/step", heads),
        graph.weight(f"{name}/fall", heads, fill="constant", scale=-1.0),
    ]
    gates = [f"{name}/decay_log", f"{name}/update"]
    graph.node("LinearAttentionGate", [decay, *constants, rate], gates, domain=MICROSOFT)
    heads_of = (facts.num_key_heads, heads)
    found = _recur(graph, name, layer, [query, key, parts[2]], gates, heads_of, "gated_delta")
    scale = graph.vector(f"{name}/norm", facts.value_size, ones=True)
    normed = graph.node("GatedRMSNorm", [found, scale, gate], [f"{name}/normed"], domain=MICROSOFT, epsilon=EPSILON)
    return graph.linear(f"{name}/out", normed, facts.values_size, hidden)


def _state_space(graph: GraphBuilder, facts: StateSpace, name: str, layer: int, x: str) -> str:
    inner, heads = facts.inner_size, facts.num_heads
    wide = graph.linear(f"{name}/in", x, facts.hidden_size, inner + facts.mixed_size + heads)
    parts = [f"{name}/{part}" for part in ("gate", "mixed", "steps")]
    graph.node("Split", [wide, graph.constant([inner, facts.mixed_size, heads])], parts, axis=-1)
    turned = graph.node("Transpose", [parts[1]], [f"{name}/turned"], perm=[0, 2, 1])
    bias = graph.vector(f"{name}/bias", facts.mixed_size)
    kernel = (facts.mixed_size, facts.kernel_size)
    y = _convolve(graph, name, layer, turned, kernel, activation="silu", bias=bias)
    back = graph.node("Transpose", [y], [f"{name}/back"], perm=[0, 2, 1])
    group = facts.num_groups * facts.state_size
    values, key, query = (f"{name}/{part}" for part in ("values", "key", "query"))
    graph.node("Split", [back, graph.constant([inner, group, group])], [values, key, query], axis=-1)
    stepped, decay, rows = _stepped(graph, facts, name, values, parts[2])
    heads_of = (facts.num_groups, heads)
    found = _recur(graph, name, layer, [query, key, stepped], [decay], heads_of, "gated")
    passed = graph.node("Mul", [rows, graph.weight(f"{name}/passed", heads, 1)], [f"{name}/passing"])
    flat = graph.node("Reshape", [passed, graph.constant([0, 0, inner])], [f"{name}/passing_flat"])
    total = graph.node("Add", [found, flat], [f"{name}/total"])
    sigmoid = graph.node("Sigmoid", [parts[0]], [f"{name}/sigmoid"])
    opened = graph.node("Mul", [total, graph.node("Mul", [parts[0], sigmoid], [f"{name}/silu"])], [f"{name}/opened"])
    if facts.inner_norm:
        opened = graph.norm(f"{name}/norm", "rms", opened, inner, bias=False)
    return graph.linear(f"{name}/out", opened, inner, facts.hidden_size)


def _stepped(graph: GraphBuilder, facts: StateSpace, name: str, values: str, steps: str) -> tuple[str, str, str]:
    """Return values times their step, the decay's logarithm, and the values head by head."""
    heads = facts.num_heads
    summed = graph.node("Add", [steps, graph.vector(f"{name}/step_bias", heads)], [f"{name}/step_sum"])
    step = graph.node("Softplus", [summed], [f"{name}/step"])
    fall = graph.weight(f"{name}/fall", heads, fill="constant", scale=-1.0)
    decay = graph.node("Mul", [step, fall], [f"{name}/decay"])
    rows = graph.node("Reshape", [values, graph.constant([0, 0, heads, facts.head_size])], [f"{name}/value_heads"])
    wide = graph.node("Unsqueeze", [step, graph.constant([-1])], [f"{name}/step_heads"])
    scaled = graph.node("Mul", [rows, wide], [f"{name}/value_steps"])
    flat = graph.node("Reshape", [scaled, graph.constant([0, 0, facts.inner_size])], [f"{name}/value_flat"])
    return flat, decay, rows


def _unit_heads(graph: GraphBuilder, facts: GatedDelta, x: str) -> str:
    heads = graph.node("Reshape", [x, graph.constant([0, 0, facts.num_key_heads, facts.key_size])], [f"{x}/heads"])
    normed = graph.node("LpNormalization", [heads], [f"{x}/unit"], axis=-1, p=2)
    return graph.node("Reshape", [normed, graph.constant([0, 0, facts.keys_size])], [f"{x}/flat"])


def _convolve(
    graph: GraphBuilder, name: str, layer: int, x: str, kernel: tuple[int, int], *, activation: str, bias: str
) -> str:
    channels, length = kernel
    weight = graph.weight(f"{name}/kernel", channels, 1, length, scale=length**-0.5)
    state = past_name(layer, "conv_state"), present_name(layer, "conv_state")
    return graph.node(
        "CausalConvWithState", [x, weight, bias, state[0]], [f"{name}/convolved", state[1]], domain=MICROSOFT,
        activation=activation,
    )  # fmt: skip


def _recur(
    graph: GraphBuilder, name: str, layer: int, inputs: list[str], gates: list[str], heads: tuple[int, int], rule: str
) -> str:
    """Run the recurrence. `heads`: of queries and keys, and of values."""
    state = past_name(layer, "recurrent_state"), present_name(layer, "recurrent_state")
    return graph.node(
        "LinearAttention", [*inputs, state[0], *gates], [f"{name}/found", state[1]], domain=MICROSOFT,
        q_num_heads=heads[0], kv_num_heads=heads[1], update_rule=rule, scale=1.0,
    )  # fmt: skip
