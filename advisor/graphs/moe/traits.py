"""From a catalog row to a decoder with experts or latent attention: what its model type implies. Pure.

Source: the classes of Hugging Face transformers that carry these model types; scales of the experts' sum are the
`routed_scaling_factor` of the published configurations. A shape is used only when its parameter count agrees.
"""

from typing import Any

from advisor.catalog.model import Architecture, MlaFacts, ModelCard, MoeFacts
from advisor.graphs import traits
from advisor.graphs.expert_shape import Experts, Latent
from advisor.graphs.layers import Layer
from advisor.graphs.shape import DecoderShape

_SHARED_GATE: dict[str, Any] = {"shared_gate": True}
_SIGMOID: dict[str, Any] = {"scores": "sigmoid", "corrected": True}
_GPT_OSS: dict[str, Any] = {"bias": True, "alpha": 1.702, "beta": 1.0, "limit": 7.0}
EXPERT_TRAITS: dict[str, dict[str, Any]] = {
    "mixtral": {},
    "qwen2_moe": {**_SHARED_GATE, "normalized": False},
    "qwen3_moe": {},
    "qwen3_next": _SHARED_GATE,
    "olmoe": {"normalized": False},
    "granitemoe": {},
    "granitemoehybrid": {},
    "phimoe": {"sparse_mixer": True},
    "gpt_oss": _GPT_OSS,
    "ernie4_5_moe": {"corrected": True},
    "lfm2_moe": _SIGMOID,
    "deepseek_v2": {"normalized": False},
    "deepseek_v3": {**_SIGMOID, "scale": 2.446},
    "glm4_moe_lite": {**_SIGMOID, "scale": 1.8},
}
"""Model type -> what its router and experts do their own way. 2.446: Moonlight; 1.8: GLM-4.7-Flash."""
LAYER_TRAITS: dict[str, dict[str, Any]] = {
    "mixtral": {},
    "qwen2_moe": {"qkv_bias": True},
    "qwen3_moe": {"qk_norm": "head"},
    "olmoe": {"qk_norm": "full"},
    "granitemoe": {"scaled_embedding": True, "scaled_residual": True},
    "phimoe": {"norm": "layer", "norm_bias": True, "qkv_bias": True, "output_bias": True, "head_bias": True},
    "gpt_oss": {"qkv_bias": True, "output_bias": True, "sinks": True},
    "ernie4_5_moe": {},
    "deepseek_v2": {},
    "deepseek_v3": {},
    "glm4_moe_lite": {},
}
"""Model type of a decoder without states -> traits of its attention and norms."""
_FIRST_LAYER_DENSE = frozenset({"glm4_moe_lite"})
"""Model types whose first layer is dense by default, which their published configurations do not repeat."""


def experts(architecture: Architecture, facts: MoeFacts) -> Experts:
    """Return the experts of a model whose type is in `EXPERT_TRAITS`."""
    shared = facts.shared_expert_intermediate_size or facts.num_shared_experts * facts.expert_intermediate_size
    return Experts(
        num_experts=facts.num_experts, num_per_token=facts.num_experts_per_token,
        intermediate_size=facts.expert_intermediate_size, shared_size=shared,
        **EXPERT_TRAITS[architecture.model_type],
    )  # fmt: skip


def num_dense_layers(architecture: Architecture, facts: MoeFacts) -> int:
    """Return the layers before the first one with experts."""
    first = 1 if architecture.model_type in _FIRST_LAYER_DENSE else 0
    return max(first, facts.num_first_dense_layers)


def decoder_shape(card: ModelCard) -> DecoderShape | None:
    """Return the shape of a decoder with experts, or None where the catalog does not say enough or does not agree."""
    architecture = card.architecture
    if architecture is None or architecture.moe is None or architecture.model_type not in LAYER_TRAITS:
        return None
    sizes = traits.decoder_sizes(architecture)
    if sizes is None:
        return None
    num_dense = num_dense_layers(architecture, architecture.moe)
    mixers = traits.mixers(architecture) or ("attention",) * sizes["num_layers"]
    kinds = tuple(
        Layer(mixer=mixer, feed="dense" if index < num_dense else "experts") for index, mixer in enumerate(mixers)
    )
    found = {
        **sizes, **LAYER_TRAITS[architecture.model_type], "layers": kinds, "window": architecture.sliding_window,
        "experts": experts(architecture, architecture.moe),
    }  # fmt: skip
    if architecture.mla is not None:
        found |= _latent(architecture.mla, sizes["num_heads"])
    shape = DecoderShape(**found)
    return shape if traits.agrees(shape, card) else None


def _latent(facts: MlaFacts, num_heads: int) -> dict[str, Any]:
    latent = Latent(
        rank=facts.kv_lora_rank, query_rank=facts.q_lora_rank, rotary_size=facts.qk_rope_head_dim,
        plain_size=facts.qk_nope_head_dim, value_size=facts.v_head_dim,
    )  # fmt: skip
    return {"latent": latent, "num_kv_heads": num_heads, "head_size": latent.head_size}
