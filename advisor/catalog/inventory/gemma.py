"""Gemma 3n and Gemma 4: two kinds of attention, shared caches, per-layer embeddings, experts beside a dense MLP."""

from collections.abc import Mapping

import msgspec

from advisor.catalog.inventory.decoder import AttentionShape, Traits, attention_shape, mlp
from advisor.catalog.inventory.moe import experts
from advisor.catalog.inventory.parts import embedding, linear, lump, need, norm, vector
from advisor.catalog.inventory.vision import gemma4_tower
from advisor.catalog.model import Architecture, TensorGroup

_PER_LAYER_VOCABULARY = 262144
_ALTUP, _LAUREL = 4, 64
"""Gemma 3n: parallel copies of the residual stream, and the rank of its learned residual."""
_GEMMA3N_IMAGE_TOKENS, _GEMMA3N_AUDIO_TOKENS = 128, 128
_GLOBAL_HEAD_DIM = 512
"""Gemma 4: head size of full-attention layers; confirmed by the parameter counts of all five sizes."""
_TRAITS = Traits(positions=-1, num_norms=4, qk_norm="head")


def _frame(shape: Architecture) -> list[TensorGroup]:
    hidden, layers = need(shape.hidden_size), need(shape.num_hidden_layers)
    groups = embedding(need(shape.vocab_size), hidden, tied=need(shape.tie_word_embeddings)) + norm(hidden)
    size = shape.per_layer_embedding_size
    if not size:
        return groups
    groups.append(
        TensorGroup(
            name="per_layer_token_embd", role="embedding", part="text", num_rows=_PER_LAYER_VOCABULARY,
            num_columns=layers * size,
        )
    )  # fmt: skip
    groups += linear("per_layer_model_proj", layers * size, hidden) + norm(size) + norm(hidden, layers)
    groups += linear("per_layer_inp_gate", size, hidden, layers)
    return groups + linear("per_layer_proj", hidden, size, layers)


def _attention(
    sizes: AttentionShape, num_layers: int, num_owners: int, *, has_values: bool = True, num_experts: int = 0
) -> list[TensorGroup]:
    """Return attention of which only `num_owners` layers make keys and values; the others reuse an earlier cache."""
    query, key, hidden = sizes.num_heads * sizes.head_dim, sizes.num_kv_heads * sizes.head_dim, sizes.hidden_size
    ratio = sizes.num_heads // sizes.num_kv_heads
    groups = linear("attn_q", query, hidden, num_layers) + linear("attn_output", hidden, query, num_layers)
    for name in ("attn_k", "attn_v") if has_values else ("attn_k",):
        groups += linear(name, key, hidden, num_owners, queries_per_kv=ratio, num_experts=num_experts)
    return groups + norm(sizes.head_dim, num_layers) + norm(sizes.head_dim, num_owners)


def gemma3n(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Gemma 3n; image and audio towers from their counts.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden, layers = need(shape.hidden_size), need(shape.num_hidden_layers)
    groups = _frame(shape) + norm(hidden, layers, per_layer=4)
    groups += _attention(attention_shape(shape), layers, layers - (shape.num_kv_shared_layers or 0))
    groups += mlp(_TRAITS, hidden, need(shape.intermediate_size), layers)
    groups += linear("altup_proj", hidden, hidden, 1, per_layer=2 * (_ALTUP - 1))
    groups += linear("altup_router", _ALTUP, hidden, layers, role="router") + norm(hidden, layers)
    groups += vector("altup", hidden, layers, role="state")
    groups += vector("altup", _ALTUP**2 + _ALTUP**3, layers, role="state")
    groups += linear("laurel_l", _LAUREL, hidden, layers) + linear("laurel_r", hidden, _LAUREL, layers)
    groups += norm(hidden, layers)
    groups += _gemma3n_bridge(hidden, need(need(shape.vision).hidden_size), _GEMMA3N_IMAGE_TOKENS)
    groups += _gemma3n_bridge(hidden, need(shape.audio).encoder_hidden_size, _GEMMA3N_AUDIO_TOKENS)
    groups += lump("vision_tower", components.get("model.vision_tower", 0), "vision")
    return groups + lump("audio_tower", components.get("model.audio_tower", 0), "audio")


def _gemma3n_bridge(hidden: int, width: int, num_tokens: int) -> list[TensorGroup]:
    rows = TensorGroup(name="token", role="position", part="projector", num_rows=num_tokens, num_columns=width)
    return [rows, *norm(width, per_layer=2, part="projector"), *linear("projector", hidden, width, part="projector")]


def gemma4(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Gemma 4; the audio tower, and the bridges of the unified model, from their counts.

    Layers that reuse a cache have an MLP of twice the width (E2B only). Where the full-attention layers have fewer
    key-value heads than the windowed ones, their keys serve as values too.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden, layers = need(shape.hidden_size), need(shape.num_hidden_layers)
    pattern, inner = need(shape.layer_pattern), need(shape.intermediate_size)
    num_full, shared = pattern["full_attention"], shape.num_kv_shared_layers or 0
    shared_full = shared * num_full // layers
    num_experts = shape.moe.num_experts if shape.moe is not None else 0
    windowed = attention_shape(shape)
    full = global_attention(shape)
    groups = _frame(shape) + norm(hidden, layers, per_layer=4)
    groups += _attention(windowed, layers - num_full, layers - num_full - shared + shared_full, num_experts=num_experts)
    groups += _attention(
        full, num_full, num_full - shared_full, has_values=full.num_kv_heads == windowed.num_kv_heads,
        num_experts=num_experts,
    )  # fmt: skip
    wide = shared if _has_wide_mlp(shape) else 0
    groups += mlp(_TRAITS, hidden, inner, layers - wide) + mlp(_TRAITS, hidden, 2 * inner, wide)
    if shape.moe is not None:
        groups += experts(shape, layers) + norm(hidden, layers, per_layer=3)
        groups += vector("router_scale", hidden, layers, role="state")
        groups += vector("router_scale", shape.moe.num_experts, layers, role="state")
    return groups + _gemma4_towers(shape, hidden, components)


def global_attention(shape: Architecture) -> AttentionShape:
    """Return the sizes of Gemma 4's full-attention layers."""
    sizes = attention_shape(shape)
    return msgspec.structs.replace(
        sizes,
        head_dim=shape.global_head_dim or _GLOBAL_HEAD_DIM,
        num_kv_heads=shape.num_global_key_value_heads or sizes.num_kv_heads,
    )


def _has_wide_mlp(shape: Architecture) -> bool:
    """Tell E2B, whose inner size is 4 times the hidden size, from E4B, of the same ratio but twice the heads."""
    return bool(shape.num_kv_shared_layers) and shape.num_key_value_heads == 1


def _gemma4_towers(shape: Architecture, hidden: int, components: Mapping[str, int]) -> list[TensorGroup]:
    groups: list[TensorGroup] = []
    if shape.vision is not None and shape.vision.hidden_size is not None:
        groups += gemma4_tower(shape.vision)
        groups += linear("projector", hidden, shape.vision.hidden_size, part="projector")
    else:
        groups += lump("embed_vision", components.get("model.embed_vision", 0), "projector")
    groups += lump("audio_tower", components.get("model.audio_tower", 0), "audio")
    return groups + lump("embed_audio", components.get("model.embed_audio", 0), "projector")
