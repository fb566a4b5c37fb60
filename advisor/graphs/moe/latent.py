"""Nodes of attention whose keys and values are widened from a narrow space.

Keys and values are kept widened, as transformers keeps them: ONNX Runtime has no operator that attends in the narrow
space. GroupQueryAttention wants values as wide as keys, so narrower values are padded with zeros, as they are for flash
attention. Heads hold the part with positions first: the operator turns the first elements of a head.

Source: transformers, models/deepseek_v2/modeling_deepseek_v2.py and deepseek_v3.
"""

from advisor.graphs.builder import GraphBuilder
from advisor.graphs.expert_shape import Latent


def queries(graph: GraphBuilder, facts: Latent, name: str, x: str, sizes: tuple[int, int]) -> list[str]:
    """Return query, key and value for the attention operator.

    Args:
        graph: under construction.
        facts: of the heads.
        name: of the attention.
        x: hidden states.
        sizes: hidden width in elements and number of heads.
    """
    hidden, heads = sizes
    query = _query(graph, facts, name, x, sizes)
    both = graph.linear(f"{name}/narrow", x, hidden, facts.rank + facts.rotary_size)
    halves = [f"{name}/latent", f"{name}/shared_key"]
    graph.node("Split", [both, graph.constant([facts.rank, facts.rotary_size])], halves, axis=-1)
    normed = graph.norm(f"{name}/latent_norm", "rms", halves[0], facts.rank, bias=False)
    width = facts.plain_size + facts.value_size
    wide = graph.linear(f"{name}/wide", normed, facts.rank, heads * width)
    split = graph.node("Reshape", [wide, graph.constant([0, 0, heads, width])], [f"{name}/wide_heads"])
    parts = [f"{name}/plain_key", f"{name}/value_heads"]
    graph.node("Split", [split, graph.constant([facts.plain_size, facts.value_size])], parts, axis=-1)
    shared = graph.node(
        "Reshape", [halves[1], graph.constant([0, 0, 1, facts.rotary_size])], [f"{name}/shared_head"]
    )  # fmt: skip
    spread = graph.node("Expand", [shared, graph.constant([1, 1, heads, 1])], [f"{name}/shared_heads"])
    key = graph.node("Concat", [spread, parts[0]], [f"{name}/key_heads"], axis=-1)
    return [query, _flat(graph, facts, key, heads), _flat(graph, facts, _padded(graph, facts, name, parts[1]), heads)]


def values(graph: GraphBuilder, facts: Latent, name: str, y: str, num_heads: int) -> str:
    """Return what attention returns without the padding of the values.

    Args:
        graph: under construction.
        facts: of the heads.
        name: of the attention.
        y: output of the attention operator.
        num_heads: heads in it.
    """
    if facts.value_size == facts.head_size:
        return y
    heads = graph.node("Reshape", [y, graph.constant([0, 0, num_heads, facts.head_size])], [f"{name}/out_heads"])
    bounds = [graph.constant([0]), graph.constant([facts.value_size]), graph.constant([3])]
    cut = graph.node("Slice", [heads, *bounds], [f"{name}/out_cut"])
    return graph.node("Reshape", [cut, graph.constant([0, 0, num_heads * facts.value_size])], [f"{name}/out_flat"])


def _query(graph: GraphBuilder, facts: Latent, name: str, x: str, sizes: tuple[int, int]) -> str:
    hidden, heads = sizes
    if facts.query_rank is None:
        return graph.linear(f"{name}/query", x, hidden, heads * facts.head_size)
    narrow = graph.linear(f"{name}/query_narrow", x, hidden, facts.query_rank)
    normed = graph.norm(f"{name}/query_norm", "rms", narrow, facts.query_rank, bias=False)
    return graph.linear(f"{name}/query", normed, facts.query_rank, heads * facts.head_size)


def _padded(graph: GraphBuilder, facts: Latent, name: str, value: str) -> str:
    missing = facts.head_size - facts.value_size
    return (
        graph.node("Pad", [value, graph.constant([0] * 7 + [missing])], [f"{name}/value_padded"]) if missing else value
    )


def _flat(graph: GraphBuilder, facts: Latent, heads: str, num_heads: int) -> str:
    return graph.node("Reshape", [heads, graph.constant([0, 0, num_heads * facts.head_size])], [f"{heads}/flat"])
