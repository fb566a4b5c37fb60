"""Architectures that can be of no model: one sentence each, never a traceback."""

import cards
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalog.model import MlaFacts, MoeFacts, SsmFacts
from advisor.graphs import recipes
from advisor.graphs.hybrid import traits as hybrid_traits
from advisor.graphs.moe import traits as moe_traits
from advisor.probe import footprint
from advisor.task.model import Workload

SMALL = st.none() | st.integers(0, 40)


def answer(model, format_id="onnx-int4-b32"):
    return recipes.recipe(cards.candidate(model, format_id), Workload(num_output_tokens=4))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (cards.tiny_decoder(num_hidden_layers=0), "states 0 as num_hidden_layers"),
        (cards.tiny_decoder(num_hidden_layers=10**12), "which no model can have"),
        (cards.tiny_decoder(hidden_size=-64), "states -64 as hidden_size"),
        (cards.tiny_decoder(num_attention_heads=0), "states 0 as num_attention_heads"),
        (cards.tiny_decoder(num_key_value_heads=3), "4 attention heads for 3 key-value heads"),
        (cards.tiny_decoder(head_dim=15), "multiple of 16 elements; this model's have 15"),
        (cards.tiny_decoder("bloom", head_dim=12), "multiple of 8 elements; this model's have 12"),
        (
            cards.tiny_experts("mixtral", moe=MoeFacts(num_experts=2, num_experts_per_token=3,
                                                       expert_intermediate_size=32)),
            "visits 3 of 2 experts",
        ),
        (
            cards.tiny_experts("mixtral", moe=MoeFacts(num_experts=0, num_experts_per_token=0,
                                                       expert_intermediate_size=32)),
            "0 experts of width 32",
        ),
        (
            cards.tiny_experts("mixtral", moe=MoeFacts(num_experts=4, num_experts_per_token=2,
                                                       expert_intermediate_size=48)),
            "widths of a multiple of 32",
        ),
        (
            cards.tiny_experts("deepseek_v2", mla=MlaFacts(kv_lora_rank=8, qk_rope_head_dim=16, qk_nope_head_dim=16,
                                                           v_head_dim=48)),
            "values are wider than its keys",
        ),
        (
            cards.tiny_experts("deepseek_v2", mla=MlaFacts(kv_lora_rank=8, qk_rope_head_dim=8, qk_nope_head_dim=8,
                                                           v_head_dim=16)),
            "turns a multiple of 16 elements; this model 8",
        ),
    ],
)  # fmt: skip
def test_each_impossible_field_has_its_sentence(model, words):
    found, why = answer(model)
    assert found is None
    assert words in why
    assert why.endswith(".")


def test_experts_of_any_width_run_in_full_precision():
    odd = MoeFacts(num_experts=4, num_experts_per_token=2, expert_intermediate_size=48)
    assert answer(cards.tiny_experts("mixtral", moe=odd), "onnx-fp32")[0] is not None


def test_heads_times_head_size_need_not_be_the_hidden_size():
    assert answer(cards.tiny_decoder(head_dim=32))[0] is not None


def test_state_spaces_without_an_exporter_say_so():
    facts = SsmFacts(kind="mamba1", num_ssm_layers=2, num_attention_layers=0, state_size=8, conv_kernel=4, expand=2)
    found, why = answer(cards.tiny_decoder("mamba", ssm=facts))
    assert found is None
    assert "estimated and not measured" in why


TYPES = ["llama", "bloom", "gpt2", "bert", *moe_traits.LAYER_TRAITS, *hybrid_traits.LAYER_TRAITS]
FIELDS = (
    "num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size", "max_position_embeddings", "sliding_window",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    model_type=st.sampled_from(TYPES),
    sizes=st.fixed_dictionaries(dict.fromkeys(FIELDS, SMALL)),
    moe=st.none() | st.builds(MoeFacts, num_experts=st.integers(0, 4), num_experts_per_token=st.integers(0, 4),
                              expert_intermediate_size=st.integers(0, 40), num_first_dense_layers=st.integers(0, 4)),
    mla=st.none() | st.builds(MlaFacts, kv_lora_rank=st.integers(0, 40), q_lora_rank=SMALL,
                              qk_rope_head_dim=st.integers(0, 40), qk_nope_head_dim=st.integers(0, 40),
                              v_head_dim=st.integers(0, 40)),
    ssm=st.none() | st.builds(SsmFacts, kind=st.sampled_from(["short_conv", "gated_delta_net", "mamba2", "mamba1"]),
                              num_ssm_layers=st.integers(0, 4), num_attention_layers=st.integers(0, 4),
                              state_size=SMALL, conv_kernel=SMALL, num_heads=SMALL, head_dim=SMALL, num_groups=SMALL,
                              num_key_heads=SMALL, num_value_heads=SMALL, key_head_dim=SMALL, value_head_dim=SMALL),
    format_id=st.sampled_from(["onnx-int4-b32", "onnx-int8", "onnx-fp32", "onnx-int8-dynamic"]),
)  # fmt: skip
def test_any_small_numbers_give_a_recipe_or_a_sentence(model_type, sizes, moe, mla, ssm, format_id):
    model = cards.card(sizes, model_type=model_type, tie_word_embeddings=True, moe=moe, mla=mla, ssm=ssm)
    found, why = answer(model, format_id)
    assert (found is None) == bool(why)
    if found is None:
        assert why.endswith(".")
        return
    assert found.weight_bytes(found.num_layers) > 0
    assert footprint.peak_bytes(found, 1) > 0
    assert all(min(entry.shape) >= 0 for entry in found.bound(found.num_layers))
