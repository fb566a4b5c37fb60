"""Model cards written by hand, small enough to build and run."""

from advisor.catalog import formats
from advisor.catalog.model import Architecture, Candidate, MlaFacts, ModelCard, MoeFacts, ParameterFacts, SsmFacts
from advisor.graphs import traits
from advisor.graphs.hybrid import traits as hybrid_traits
from advisor.graphs.moe import traits as moe_traits
from advisor.graphs.shape import DecoderShape

QWEN = {
    "model_type": "qwen2", "num_hidden_layers": 24, "hidden_size": 896, "intermediate_size": 4864,
    "num_attention_heads": 14, "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 151936,
    "tie_word_embeddings": True, "max_position_embeddings": 32768,
}  # fmt: skip
QWEN_PARAMETERS = 494_032_768
"""Published total of Qwen2.5-0.5B."""
MINILM = {
    "model_type": "bert", "num_hidden_layers": 6, "hidden_size": 384, "intermediate_size": 1536,
    "num_attention_heads": 12, "num_key_value_heads": 12, "head_dim": 32, "vocab_size": 30522,
    "tie_word_embeddings": True, "max_position_embeddings": 512,
}  # fmt: skip
MINILM_PARAMETERS = 22_713_216
"""Published total of all-MiniLM-L6-v2, pooler included."""
TINY = {
    "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 320, "tie_word_embeddings": True,
    "max_position_embeddings": 512,
}  # fmt: skip
EXPERTS = MoeFacts(num_experts=8, num_experts_per_token=2, expert_intermediate_size=32)
LATENT = {
    "deepseek_v2": MlaFacts(kv_lora_rank=32, qk_rope_head_dim=16, qk_nope_head_dim=16, v_head_dim=16),
    "deepseek_v3": MlaFacts(kv_lora_rank=32, qk_rope_head_dim=16, qk_nope_head_dim=16, v_head_dim=16),
    "glm4_moe_lite": MlaFacts(
        kv_lora_rank=32, q_lora_rank=64, qk_rope_head_dim=16, qk_nope_head_dim=16, v_head_dim=32
    ),
}  # fmt: skip
STATES = {
    "short_conv": {"conv_kernel": 3},
    "gated_delta_net": {
        "conv_kernel": 4, "num_key_heads": 2, "num_value_heads": 4, "key_head_dim": 16, "value_head_dim": 16,
    },
    "mamba2": {"conv_kernel": 4, "num_heads": 4, "head_dim": 16, "num_groups": 1, "state_size": 8},
}  # fmt: skip
STATE_OF = {
    "lfm2": "short_conv", "lfm2_moe": "short_conv", "falcon_h1": "mamba2", "granitemoehybrid": "mamba2",
    "qwen3_next": "gated_delta_net",
}  # fmt: skip
WITH_EXPERTS = frozenset({"lfm2_moe", "qwen3_next"})


def card(fields, *, parameters=None, tasks=("text-generation",), **changes):
    architecture = Architecture(**{**fields, **changes})
    return ModelCard(
        id="maker/model", family="Model", tasks=tuple(tasks), architecture=architecture,
        parameters=ParameterFacts(num_computed=parameters, verification="exact"),
    )  # fmt: skip


def tiny_decoder(model_type="llama", **changes):
    return card(TINY, model_type=model_type, **changes)


def tiny_encoder(model_type="bert", **changes):
    return card(TINY, model_type=model_type, num_key_value_heads=4, tasks=changes.pop("tasks", ("x",)), **changes)


def candidate(model, format_id="onnx-int4-b32"):
    return Candidate(model=model, format=formats.by_id(format_id))


def tiny_shape(model_type="llama", **changes) -> DecoderShape:
    shape = traits.decoder_shape(tiny_decoder(model_type, **changes))
    assert shape is not None
    return shape


def tiny_experts(model_type, **changes):
    """A card with experts; latent attention where the type has it."""
    moe = changes.pop("moe", EXPERTS)
    return tiny_decoder(model_type, moe=moe, mla=changes.pop("mla", LATENT.get(model_type)), **changes)


def tiny_states(model_type, **changes):
    """A card with two recurrent layers and one that attends, with experts where the type always has them."""
    kind = STATE_OF[model_type]
    facts = SsmFacts(kind=kind, num_ssm_layers=2, num_attention_layers=1, **STATES[kind])
    moe = changes.pop("moe", EXPERTS if model_type in WITH_EXPERTS else None)
    return tiny_decoder(model_type, num_hidden_layers=3, ssm=facts, moe=moe, **changes)


def shape_of(model) -> DecoderShape:
    """The shape of a card of any decoder family."""
    found = traits.decoder_shape(model) or moe_traits.decoder_shape(model) or hybrid_traits.decoder_shape(model)
    if model.architecture.ssm is not None:
        found = hybrid_traits.decoder_shape(model)
    assert found is not None
    return found
