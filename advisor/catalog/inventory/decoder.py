"""Dense text decoders: one rule, and a table of what each family does its own way."""

from typing import Literal

import msgspec

from advisor.catalog.inventory.parts import embedding, linear, need, norm, table, vector
from advisor.catalog.model import Architecture, Part, TensorGroup

QkNorm = Literal["none", "head", "full", "layer"]


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a family's layers have. Source: the family's modeling file in transformers 5."""

    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    qk_norm: QkNorm = "none"
    """`head`: one vector of head size for queries and one for keys; `full`: of the whole projection."""
    fused_qkv: bool = False
    fused_gate: bool = False
    gated: bool = True
    num_norms: int = 2
    norm_bias: bool = False
    norm_weight: bool = True
    final_norm: bool = True
    embedding_norm: bool = False
    positions: int = 0
    """Extra rows of a learned position table; -1 for no table."""
    head_bias: bool = False
    mlp_multiple: int = 4
    """Inner size of the MLP over the hidden size, where it is not given."""
    sinks: bool = False
    """One learned logit per head."""
    sub_norms: bool = False
    """A norm before the output projection and one before the down projection (BitNet)."""


_PLAIN = Traits(positions=-1)


def _traits(**changes: object) -> Traits:
    return msgspec.structs.replace(_PLAIN, **changes)


_GPT = _traits(qkv_bias=True, out_bias=True, mlp_bias=True, gated=False, norm_bias=True, fused_qkv=True)
FAMILIES: dict[str, Traits] = {
    "llama": _PLAIN,
    "mistral": _PLAIN,
    "mixtral": _PLAIN,
    "granite": _PLAIN,
    "granitemoe": _PLAIN,
    "granitemoehybrid": _PLAIN,
    "smollm3": _PLAIN,
    "ernie4_5": _PLAIN,
    "ernie4_5_moe": _PLAIN,
    "internlm3": _PLAIN,
    "gemma": _PLAIN,
    "jamba": _PLAIN,
    "falcon_h1": _PLAIN,
    "arcee": _traits(gated=False),
    "qwen2": _traits(qkv_bias=True),
    "qwen2_moe": _traits(qkv_bias=True),
    "seed_oss": _traits(qkv_bias=True),
    "qwen3": _traits(qk_norm="head"),
    "qwen3_moe": _traits(qk_norm="head"),
    "hunyuan_v1_dense": _traits(qk_norm="head"),
    "exaone4": _traits(qk_norm="head"),
    "apertus": _traits(qk_norm="head", gated=False),
    "gemma2": _traits(num_norms=4),
    "gemma3_text": _traits(num_norms=4, qk_norm="head"),
    "phi3": _traits(fused_qkv=True, fused_gate=True),
    "glm4": _traits(num_norms=4, fused_gate=True, qkv_bias=False),
    "olmo2": _traits(qk_norm="full"),
    "olmo3": _traits(qk_norm="full"),
    "olmoe": _traits(qk_norm="full"),
    "cohere": _traits(num_norms=1),
    "cohere2": _traits(num_norms=1),
    "bitnet": _traits(sub_norms=True),
    "stablelm": _traits(norm_bias=True),
    "starcoder2": _traits(qkv_bias=True, out_bias=True, mlp_bias=True, gated=False, norm_bias=True),
    "phi": _traits(
        qkv_bias=True, out_bias=True, mlp_bias=True, gated=False, norm_bias=True, num_norms=1, head_bias=True
    ),
    "phimoe": _traits(qkv_bias=True, out_bias=True, norm_bias=True, head_bias=True),
    "gpt_oss": _traits(qkv_bias=True, out_bias=True, sinks=True),
    "gpt2": msgspec.structs.replace(_GPT, positions=0),
    "gpt_bigcode": msgspec.structs.replace(_GPT, positions=0),
    "opt": msgspec.structs.replace(_GPT, positions=2, fused_qkv=False),
    "gpt_neox": _GPT,
    "bloom": msgspec.structs.replace(_GPT, embedding_norm=True),
    "falcon": _traits(fused_qkv=True, gated=False, num_norms=1, norm_bias=True),
}


class AttentionShape(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of one attention layer."""

    hidden_size: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    out_size: int | None = None
    """Output features, where they are not the hidden size."""


def attention_shape(shape: Architecture) -> AttentionShape:
    """Return the attention sizes of an architecture; the head size is never assumed where it is given.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden, heads = need(shape.hidden_size), need(shape.num_attention_heads)
    return AttentionShape(
        hidden_size=hidden,
        num_heads=heads,
        num_kv_heads=shape.num_key_value_heads or heads,
        head_dim=shape.head_dim or hidden // heads,
    )


def attention(
    sizes: AttentionShape, traits: Traits, num_layers: int, *, num_experts: int = 0, part: Part = "text"
) -> list[TensorGroup]:
    """Return the projections, norms and sinks of softmax attention in `num_layers` layers."""
    query, key = sizes.num_heads * sizes.head_dim, sizes.num_kv_heads * sizes.head_dim
    hidden, ratio = sizes.hidden_size, sizes.num_heads // sizes.num_kv_heads
    bias = traits.qkv_bias
    if traits.fused_qkv:
        groups = linear(
            "attn_qkv", query + 2 * key, hidden, num_layers, bias=bias, part=part, queries_per_kv=ratio,
            num_experts=num_experts,
        )  # fmt: skip
    else:
        groups = linear("attn_q", query, hidden, num_layers, bias=bias, part=part)
        for name in ("attn_k", "attn_v"):
            groups += linear(
                name, key, hidden, num_layers, bias=bias, part=part, queries_per_kv=ratio, num_experts=num_experts
            )
    groups += linear(
        "attn_output", sizes.out_size or hidden, query, num_layers, bias=traits.out_bias, part=part,
        num_experts=num_experts,
    )  # fmt: skip
    if traits.qk_norm == "head":
        groups += norm(sizes.head_dim, num_layers, per_layer=2, part=part)
    elif traits.qk_norm == "full":
        groups += norm(query, num_layers, part=part) + norm(key, num_layers, part=part)
    if traits.sub_norms:
        groups += norm(query, num_layers, part=part)
    return groups + (vector("attn_sinks", sizes.num_heads, num_layers, part=part) if traits.sinks else [])


def mlp(traits: Traits, hidden: int, inner: int, num_layers: int, *, part: Part = "text") -> list[TensorGroup]:
    """Return the feed-forward matrices of `num_layers` dense layers."""
    bias = traits.mlp_bias
    if traits.gated and traits.fused_gate:
        groups = linear("ffn_up", 2 * inner, hidden, num_layers, bias=bias, part=part)
    else:
        groups = linear("ffn_up", inner, hidden, num_layers, bias=bias, part=part)
        if traits.gated:
            groups += linear("ffn_gate", inner, hidden, num_layers, bias=bias, part=part)
    groups += linear("ffn_down", hidden, inner, num_layers, bias=bias, part=part)
    return groups + (norm(inner, num_layers, part=part) if traits.sub_norms else [])


def frame(shape: Architecture, traits: Traits) -> list[TensorGroup]:
    """Return what surrounds the layers: token table, positions, final norm, output matrix."""
    hidden = need(shape.hidden_size)
    groups = embedding(need(shape.vocab_size), hidden, tied=need(shape.tie_word_embeddings), head_bias=traits.head_bias)
    if traits.positions >= 0:
        groups += table("position_embd", need(shape.max_position_embeddings) + traits.positions, hidden)
    if traits.embedding_norm:
        groups += norm(hidden, bias=traits.norm_bias)
    return groups + norm(hidden, bias=traits.norm_bias)


def norms(shape: Architecture, traits: Traits, num_layers: int) -> list[TensorGroup]:
    """Return the norms around attention and feed-forward."""
    return norm(need(shape.hidden_size), num_layers, per_layer=traits.num_norms, bias=traits.norm_bias)


def embedding_head(shape: Architecture) -> list[TensorGroup]:
    """Return the two dense layers, wide and back, that EmbeddingGemma puts on its decoder."""
    hidden = need(shape.hidden_size)
    wide = 4 * hidden
    return linear("dense", wide, hidden, part="head") + linear("dense", hidden, wide, part="head")


def dense(shape: Architecture) -> list[TensorGroup]:
    """Return the inventory of a dense decoder.

    Raises:
        ShapeNotSourced: a field is null.
    """
    traits, num_layers = FAMILIES[shape.model_type], need(shape.num_hidden_layers)
    hidden = need(shape.hidden_size)
    inner = shape.intermediate_size or traits.mlp_multiple * hidden
    return [
        *frame(shape, traits),
        *attention(attention_shape(shape), traits, num_layers),
        *mlp(traits, hidden, inner, num_layers),
        *norms(shape, traits, num_layers),
    ]
