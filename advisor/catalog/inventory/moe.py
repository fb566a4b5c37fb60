"""Mixture of experts and latent attention (MLA) in text decoders."""

from advisor.catalog.inventory.decoder import FAMILIES, Traits, attention, attention_shape, frame, mlp, norms
from advisor.catalog.inventory.parts import linear, need, norm, vector
from advisor.catalog.model import Architecture, MlaFacts, TensorGroup

MLA_FAMILIES = frozenset({"deepseek_v2", "deepseek_v3", "glm4_moe_lite"})
FAMILIES_WITH_EXPERTS = frozenset(
    {"qwen3_moe", "qwen2_moe", "mixtral", "phimoe", "gpt_oss", "olmoe", "granitemoe", "ernie4_5_moe"} | MLA_FAMILIES
)
_MLA_TRAITS = FAMILIES["llama"]
_GATED_SHARED_EXPERT = frozenset({"qwen2_moe", "qwen3_next", "qwen3_5_moe"})
_CORRECTED_ROUTER = frozenset({"ernie4_5_moe"})
"""Families that store a learned correction of each expert's score as a weight (DeepSeek-V3 stores it as a buffer)."""


def experts(shape: Architecture, num_layers: int, *, gated: bool = True, bias: bool = False) -> list[TensorGroup]:
    """Return router, routed and shared experts of `num_layers` layers.

    Args:
        shape: with `moe`.
        num_layers: layers with experts.
        gated: experts have gate, up and down matrices, else up and down.
        bias: router and experts have biases.

    Raises:
        ShapeNotSourced: a field is null.
    """
    facts, hidden = need(shape.moe), need(shape.hidden_size)
    inner, count = facts.expert_intermediate_size, facts.num_experts
    share = facts.num_experts_per_token / count
    groups = linear("ffn_gate_inp", count, hidden, num_layers, role="router", bias=bias)
    for name in ("ffn_up_exps", "ffn_gate_exps") if gated else ("ffn_up_exps",):
        groups += linear(name, inner, hidden, num_layers, per_layer=count, role="expert", active_share=share, bias=bias)
    groups += linear(
        "ffn_down_exps", hidden, inner, num_layers, per_layer=count, role="expert", active_share=share, bias=bias
    )
    return groups + shared_experts(shape, num_layers, gated=gated)


def shared_experts(shape: Architecture, num_layers: int, *, gated: bool = True) -> list[TensorGroup]:
    """Return the experts every token visits; none where the family has none."""
    facts, hidden = need(shape.moe), need(shape.hidden_size)
    inner = facts.shared_expert_intermediate_size or facts.num_shared_experts * facts.expert_intermediate_size
    if not inner:
        return []
    groups: list[TensorGroup] = []
    for name in ("ffn_up_shexp", "ffn_gate_shexp") if gated else ("ffn_up_shexp",):
        groups += linear(name, inner, hidden, num_layers)
    groups += linear("ffn_down_shexp", hidden, inner, num_layers)
    if shape.model_type in _GATED_SHARED_EXPERT:
        groups += linear("ffn_gate_inp_shexp", 1, hidden, num_layers, role="router")
    return groups


def latent_attention(shape: Architecture, facts: MlaFacts, num_layers: int) -> list[TensorGroup]:
    """Return multi-head latent attention: queries and keys-values go through a narrow space."""
    hidden, heads = need(shape.hidden_size), need(shape.num_attention_heads)
    query = heads * (facts.qk_nope_head_dim + facts.qk_rope_head_dim)
    rank = facts.kv_lora_rank
    if facts.q_lora_rank is None:
        groups = linear("attn_q", query, hidden, num_layers)
    else:
        groups = linear("attn_q_a", facts.q_lora_rank, hidden, num_layers)
        groups += norm(facts.q_lora_rank, num_layers) + linear("attn_q_b", query, facts.q_lora_rank, num_layers)
    groups += linear("attn_kv_a_mqa", rank + facts.qk_rope_head_dim, hidden, num_layers) + norm(rank, num_layers)
    groups += linear("attn_kv_b", heads * (facts.qk_nope_head_dim + facts.v_head_dim), rank, num_layers)
    return groups + linear("attn_output", hidden, heads * facts.v_head_dim, num_layers)


def moe_decoder(shape: Architecture) -> list[TensorGroup]:
    """Return the inventory of an attention decoder with experts.

    Raises:
        ShapeNotSourced: a field is null.
    """
    facts, num_layers, hidden = need(shape.moe), need(shape.num_hidden_layers), need(shape.hidden_size)
    traits = _traits_of(shape)
    num_dense = facts.num_first_dense_layers
    if shape.model_type == "glm4_moe_lite":
        num_dense = max(1, num_dense)  # the family's default: its first layer is dense
    num_sparse = num_layers - num_dense
    groups = frame(shape, traits) + norms(shape, traits, num_layers)
    if shape.mla is not None:
        groups += latent_attention(shape, shape.mla, num_layers)
    else:
        groups += attention(attention_shape(shape), traits, num_layers, num_experts=facts.num_experts)
    groups += experts(shape, num_sparse, bias=traits.sinks)
    if shape.model_type in _CORRECTED_ROUTER:
        groups += vector("exp_probs_b", facts.num_experts, num_sparse)
    if num_dense:
        groups += mlp(traits, hidden, need(shape.intermediate_size), num_dense)
    return groups


def _traits_of(shape: Architecture) -> Traits:
    return _MLA_TRAITS if shape.model_type in MLA_FAMILIES else FAMILIES[shape.model_type]
