"""State-space, linear-attention, short-convolution and recurrent layers, and the decoders that mix them in."""

from collections.abc import Callable
from math import ceil

import msgspec

from advisor.catalog.inventory.decoder import FAMILIES, Traits, attention, attention_shape, frame, mlp, norms
from advisor.catalog.inventory.moe import experts
from advisor.catalog.inventory.parts import embedding, linear, need, norm, vector
from advisor.catalog.model import Architecture, SsmFacts, TensorGroup

_ZAMBA_SMALL = 2048
_ZAMBA_RANK = 128
_PLAIN = FAMILIES["llama"]
_QWEN_NEXT = FAMILIES["qwen3"]
_LFM = FAMILIES["qwen3"]


def mamba1(shape: Architecture, num_layers: int, *, inner_norms: bool = False) -> list[TensorGroup]:
    """Return selective state-space layers of the first kind; `inner_norms` as Jamba has them."""
    facts, hidden = need(shape.ssm), need(shape.hidden_size)
    inner, state, kernel = need(facts.expand) * hidden, need(facts.state_size), need(facts.conv_kernel)
    rank = ceil(hidden / 16)
    groups = linear("ssm_in", 2 * inner, hidden, num_layers)
    groups += linear("ssm_conv1d", inner, kernel, num_layers, role="conv", bias=True)
    groups += linear("ssm_x", rank + 2 * state, inner, num_layers)
    groups += linear("ssm_dt", inner, rank, num_layers, bias=True)
    groups += linear("ssm_a", inner, state, num_layers, role="state")
    groups += vector("ssm_d", inner, num_layers, role="state")
    groups += linear("ssm_out", hidden, inner, num_layers)
    if inner_norms:
        groups += norm(rank, num_layers) + norm(state, num_layers, per_layer=2)
    return groups


def mamba2(shape: Architecture, num_layers: int, *, inner_norm: bool = True) -> list[TensorGroup]:
    """Return selective state-space layers of the second kind; `inner_norm` is the gated one before the output."""
    facts, hidden = need(shape.ssm), need(shape.hidden_size)
    heads, state, kernel = need(facts.num_heads), need(facts.state_size), need(facts.conv_kernel)
    inner = facts.inner_size or heads * need(facts.head_dim)
    mixed = 2 * need(facts.num_groups) * state
    groups = linear("ssm_in", 2 * inner + mixed + heads, hidden, num_layers)
    groups += linear("ssm_conv1d", inner + mixed, kernel, num_layers, role="conv", bias=True)
    groups += vector("ssm_dt", heads, num_layers, per_layer=3, role="state")
    groups += linear("ssm_out", hidden, inner, num_layers)
    return groups + (norm(inner, num_layers) if inner_norm else [])


def gated_delta_net(shape: Architecture, num_layers: int) -> list[TensorGroup]:
    """Return linear-attention layers of the gated delta kind (Qwen3-Next, Qwen3.5)."""
    facts, hidden = need(shape.ssm), need(shape.hidden_size)
    heads, width = need(facts.num_value_heads), need(facts.value_head_dim)
    key, value = need(facts.num_key_heads) * need(facts.key_head_dim), heads * width
    groups = linear("ssm_in", 2 * key + 2 * value, hidden, num_layers)
    groups += linear("ssm_ba", 2 * heads, hidden, num_layers)
    groups += linear("ssm_conv1d", 2 * key + value, need(facts.conv_kernel), num_layers, role="conv")
    groups += vector("ssm_dt", heads, num_layers, per_layer=2, role="state") + norm(width, num_layers)
    return groups + linear("ssm_out", hidden, value, num_layers)


def short_convolution(shape: Architecture, num_layers: int) -> list[TensorGroup]:
    """Return gated short convolutions (LFM2)."""
    hidden, kernel = need(shape.hidden_size), need(need(shape.ssm).conv_kernel)
    groups = linear("shortconv_in", 3 * hidden, hidden, num_layers)
    groups += linear("shortconv_conv", hidden, kernel, num_layers, role="conv")
    return groups + linear("shortconv_out", hidden, hidden, num_layers)


def _bare_mamba(shape: Architecture, layers: Callable[[Architecture, int], list[TensorGroup]]) -> list[TensorGroup]:
    """Return a stack of nothing but state-space layers, one norm each."""
    num_layers, hidden = need(shape.num_hidden_layers), need(shape.hidden_size)
    groups = embedding(need(shape.vocab_size), hidden, tied=need(shape.tie_word_embeddings)) + norm(hidden)
    return groups + norm(hidden, num_layers) + layers(shape, num_layers)


def mamba(shape: Architecture) -> list[TensorGroup]:
    """Return a Mamba decoder of the first kind."""
    return _bare_mamba(shape, mamba1)


def mamba_second(shape: Architecture) -> list[TensorGroup]:
    """Return a Mamba decoder of the second kind."""
    return _bare_mamba(shape, mamba2)


def falcon_h1(shape: Architecture) -> list[TensorGroup]:
    """Return a decoder whose every layer runs attention and a state-space layer side by side."""
    num_layers, hidden = need(shape.num_hidden_layers), need(shape.hidden_size)
    groups = frame(shape, _PLAIN) + norms(shape, _PLAIN, num_layers)
    groups += attention(attention_shape(shape), _PLAIN, num_layers) + mamba2(shape, num_layers, inner_norm=False)
    return groups + mlp(_PLAIN, hidden, need(shape.intermediate_size), num_layers)


def _layers(shape: Architecture) -> tuple[SsmFacts, int, int]:
    facts = need(shape.ssm)
    return facts, facts.num_ssm_layers, facts.num_attention_layers


def jamba(shape: Architecture) -> list[TensorGroup]:
    """Return a decoder of attention and state-space layers where every other layer may have experts."""
    _, num_ssm, num_attention = _layers(shape)
    num_layers, hidden = need(shape.num_hidden_layers), need(shape.hidden_size)
    num_sparse = num_layers // shape.moe.expert_layer_period if shape.moe is not None else 0
    num_experts = shape.moe.num_experts if shape.moe is not None else 0
    groups = frame(shape, _PLAIN) + norms(shape, _PLAIN, num_layers)
    groups += attention(attention_shape(shape), _PLAIN, num_attention, num_experts=num_experts)
    groups += mamba1(shape, num_ssm, inner_norms=True)
    groups += mlp(_PLAIN, hidden, need(shape.intermediate_size), num_layers - num_sparse)
    return groups + (experts(shape, num_sparse) if num_sparse else [])


def granite_hybrid(shape: Architecture) -> list[TensorGroup]:
    """Return a Granite 4 decoder: attention layers, state-space layers or both; experts or a plain feed-forward."""
    num_layers, hidden = need(shape.num_hidden_layers), need(shape.hidden_size)
    num_ssm = shape.ssm.num_ssm_layers if shape.ssm is not None else 0
    num_experts = shape.moe.num_experts if shape.moe is not None else 0
    groups = frame(shape, _PLAIN) + norms(shape, _PLAIN, num_layers)
    groups += attention(attention_shape(shape), _PLAIN, num_layers - num_ssm, num_experts=num_experts)
    groups += mamba2(shape, num_ssm) if num_ssm else []
    if shape.moe is not None:
        return groups + experts(shape, num_layers)
    return groups + mlp(_PLAIN, hidden, need(shape.intermediate_size), num_layers)


def lfm2(shape: Architecture) -> list[TensorGroup]:
    """Return an LFM2 decoder: attention and short convolutions; the later layers may have experts."""
    _, num_ssm, num_attention = _layers(shape)
    num_layers, hidden = need(shape.num_hidden_layers), need(shape.hidden_size)
    groups = frame(shape, _LFM) + norms(shape, _LFM, num_layers)
    groups += attention(attention_shape(shape), _LFM, num_attention) + short_convolution(shape, num_ssm)
    num_dense = shape.moe.num_first_dense_layers if shape.moe is not None else num_layers
    groups += mlp(_LFM, hidden, need(shape.intermediate_size), num_dense)
    return groups + (experts(shape, num_layers - num_dense) if num_dense < num_layers else [])


def nemotron_h(shape: Architecture) -> list[TensorGroup]:
    """Return a Nemotron-H decoder: every layer is one of state-space, attention, feed-forward or experts."""
    _, num_ssm, num_attention = _layers(shape)
    pattern, hidden = need(shape.layer_pattern), need(shape.hidden_size)
    plain = Traits(positions=-1, gated=False)
    groups = frame(shape, _PLAIN) + norm(hidden, need(shape.num_hidden_layers))
    groups += attention(attention_shape(shape), _PLAIN, num_attention) + mamba2(shape, num_ssm)
    groups += mlp(plain, hidden, need(shape.intermediate_size), pattern.get("mlp", 0))
    return groups + (experts(shape, pattern["moe"], gated=False) if "moe" in pattern else [])


def qwen_next(shape: Architecture) -> list[TensorGroup]:
    """Return a decoder of gated delta layers and gated attention (Qwen3-Next, Qwen3.5), dense or with experts."""
    _, num_ssm, num_attention = _layers(shape)
    num_layers, hidden = need(shape.num_hidden_layers), need(shape.hidden_size)
    sizes = attention_shape(shape)
    groups = frame(shape, _QWEN_NEXT) + norms(shape, _QWEN_NEXT, num_layers)
    groups += attention(sizes, _QWEN_NEXT, num_attention)
    groups += linear("attn_gate", sizes.num_heads * sizes.head_dim, hidden, num_attention)
    groups += gated_delta_net(shape, num_ssm)
    if shape.moe is not None:
        return groups + experts(shape, num_layers)
    return groups + mlp(_QWEN_NEXT, hidden, need(shape.intermediate_size), num_layers)


def rwkv4(shape: Architecture) -> list[TensorGroup]:
    """Return an RWKV-4 decoder."""
    num_layers, hidden, inner = need(shape.num_hidden_layers), need(shape.hidden_size), need(shape.intermediate_size)
    mixed = need(need(shape.ssm).attention_hidden_size)
    groups = embedding(need(shape.vocab_size), hidden, tied=need(shape.tie_word_embeddings))
    groups += norm(hidden, per_layer=2, bias=True) + norm(hidden, num_layers, per_layer=2, bias=True)
    groups += vector("time_mix", hidden, num_layers, per_layer=5, role="state")
    groups += vector("time_decay", mixed, num_layers, per_layer=2, role="state")
    for name in ("time_mix_key", "time_mix_value", "time_mix_receptance"):
        groups += linear(name, mixed, hidden, num_layers)
    groups += linear("time_mix_output", hidden, mixed, num_layers)
    groups += linear("channel_mix_key", inner, hidden, num_layers)
    groups += linear("channel_mix_receptance", hidden, hidden, num_layers)
    return groups + linear("channel_mix_value", hidden, inner, num_layers)


def recurrent_gemma(shape: Architecture) -> list[TensorGroup]:
    """Return a decoder of windowed attention and gated linear recurrences (RecurrentGemma)."""
    facts, num_ssm, num_attention = _layers(shape)
    num_layers, hidden, width = need(shape.num_hidden_layers), need(shape.hidden_size), need(facts.lru_width)
    heads = need(shape.num_attention_heads)
    traits = Traits(positions=-1, out_bias=True, mlp_bias=True)
    groups = frame(shape, traits) + norms(shape, traits, num_layers)
    groups += attention(attention_shape(shape), traits, num_attention)
    groups += linear("lru_in", width, hidden, num_ssm, per_layer=2, bias=True)
    groups += linear("lru_out", hidden, width, num_ssm, bias=True)
    groups += linear("lru_conv1d", width, need(facts.conv_kernel), num_ssm, role="conv", bias=True)
    groups += vector("lru_state", width, num_ssm, role="state")
    groups += linear("lru_gate", width // heads, width // heads, num_ssm, per_layer=2 * heads, bias=True)
    # The published inner size counts gate and up together.
    return groups + mlp(traits, hidden, need(shape.intermediate_size) // 2, num_layers)


def zamba2(shape: Architecture) -> list[TensorGroup]:
    """Return a Zamba2 decoder: state-space layers, and one or two shared attention blocks used again and again.

    Every use has its own projection and low-rank adapters. The 1.2B model shares one block, with adapters of the
    attention too; the larger ones two. Source: configurations in transformers 5.
    """
    _, num_ssm, num_uses = _layers(shape)
    hidden, inner, small = (
        need(shape.hidden_size),
        need(shape.intermediate_size),
        need(shape.hidden_size) <= _ZAMBA_SMALL,
    )
    num_blocks, wide = 1 if small else 2, 2 * hidden
    groups = embedding(need(shape.vocab_size), hidden, tied=need(shape.tie_word_embeddings)) + norm(hidden)
    groups += norm(hidden, num_ssm) + mamba2(shape, num_ssm)
    block = linear("attn_qkv", 3 * wide, wide, num_blocks) + linear("attn_output", hidden, wide, num_blocks)
    block += linear("ffn_up", 2 * inner, hidden, num_blocks) + linear("ffn_down", hidden, inner, num_blocks)
    groups += block + norm(wide, num_blocks) + norm(hidden, num_blocks)
    again = num_uses / num_blocks - 1
    groups += [
        msgspec.structs.replace(group, tied=True, num_tensors=round(again * group.num_tensors)) for group in block
    ]
    groups += linear("shared_out", hidden, hidden, num_uses)
    groups += linear("ffn_lora_a", _ZAMBA_RANK, hidden, num_uses) + linear(
        "ffn_lora_b", 2 * inner, _ZAMBA_RANK, num_uses
    )
    if small:
        groups += linear("attn_lora_a", _ZAMBA_RANK, wide, num_uses, per_layer=3)
        groups += linear("attn_lora_b", wide, _ZAMBA_RANK, num_uses, per_layer=3)
    return groups


RULES: dict[str, Callable[[Architecture], list[TensorGroup]]] = {
    "mamba": mamba,
    "falcon_mamba": mamba,
    "mamba2": mamba_second,
    "falcon_h1": falcon_h1,
    "jamba": jamba,
    "granitemoehybrid": granite_hybrid,
    "lfm2": lfm2,
    "lfm2_moe": lfm2,
    "nemotron_h": nemotron_h,
    "qwen3_next": qwen_next,
    "rwkv": rwkv4,
    "recurrent_gemma": recurrent_gemma,
    "zamba2": zamba2,
}
