"""Caches of made-up shapes by hand. The catalog's own: tests/contract."""

import pytest

from advisor.catalog import cache, load
from advisor.catalog.model import Architecture, EncoderDecoderFacts, MlaFacts, SsmFacts


def shape(**changes):
    fields = {
        "model_type": "llama", "num_hidden_layers": 6, "hidden_size": 64, "num_attention_heads": 8,
        "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 1000,
    }  # fmt: skip
    return Architecture(**(fields | changes))


def kept(**changes):
    found = cache.cache_of(shape(**changes))
    return (found.num_elements_per_token, found.num_elements_per_token_windowed, found.num_state_elements)


def test_grouped_queries_keep_keys_and_values_of_few_heads():
    assert kept() == (6 * 2 * 2 * 16, 0, 0)
    assert kept(num_key_value_heads=None) == (6 * 2 * 8 * 16, 0, 0)
    assert kept(num_key_value_heads=1) == (6 * 2 * 16, 0, 0)


def test_head_size_is_not_assumed_where_it_is_given():
    assert kept(head_dim=32)[0] == 2 * kept(head_dim=16)[0]
    assert kept(head_dim=None)[0] == 6 * 2 * 2 * 8


def test_windowed_layers_stop_growing():
    pattern = {"sliding_attention": 5, "full_attention": 1}
    found = cache.cache_of(shape(layer_pattern=pattern, sliding_window=512))
    assert (found.num_elements_per_token, found.num_elements_per_token_windowed) == (64, 5 * 64)
    assert found.window == 512


def test_layers_that_reuse_a_cache_keep_none():
    pattern = {"sliding_attention": 4, "full_attention": 2}
    assert kept(layer_pattern=pattern, sliding_window=512, num_kv_shared_layers=3) == (64, 2 * 64, 0)


def test_full_attention_of_another_size():
    pattern = {"sliding_attention": 4, "full_attention": 2}
    found = kept(layer_pattern=pattern, sliding_window=9, global_head_dim=32, num_global_key_value_heads=1)
    assert found == (2 * 2 * 32, 4 * 64, 0)


def test_latent_attention_keeps_one_narrow_vector():
    mla = MlaFacts(kv_lora_rank=24, qk_rope_head_dim=4, qk_nope_head_dim=8, v_head_dim=10)
    assert kept(mla=mla) == (6 * 28, 0, 0)


@pytest.mark.parametrize(
    ("facts", "each"),
    [
        ({"kind": "mamba1", "expand": 2, "state_size": 16, "conv_kernel": 4}, 128 * 16 + 128 * 4),
        (
            {"kind": "mamba2", "num_heads": 4, "head_dim": 32, "num_groups": 1, "state_size": 8, "conv_kernel": 4},
            128 * 8 + (128 + 16) * 4,
        ),
        (
            {
                "kind": "gated_delta_net", "num_key_heads": 2, "num_value_heads": 4, "key_head_dim": 8,
                "value_head_dim": 16, "conv_kernel": 4,
            },
            64 * 8 + (32 + 64) * 4,
        ),
        ({"kind": "short_conv", "conv_kernel": 3}, 64 * 3),
        ({"kind": "rg_lru", "lru_width": 80, "conv_kernel": 4}, 80 * 4),
        ({"kind": "rwkv4", "attention_hidden_size": 64}, 5 * 64),
    ],
)  # fmt: skip
def test_states_are_constant_whatever_the_context(facts, each):
    ssm = SsmFacts(num_ssm_layers=4, num_attention_layers=2, **facts)
    assert kept(ssm=ssm) == (2 * 64, 0, 4 * each)


def test_a_decoder_of_two_halves_keeps_its_own_attention():
    halves = EncoderDecoderFacts(
        num_encoder_layers=6, num_decoder_layers=2, num_encoder_heads=8, num_decoder_heads=8,
        encoder_intermediate_size=256, decoder_intermediate_size=256,
    )  # fmt: skip
    assert kept(encoder_decoder=halves) == (2 * 2 * 8 * 16, 0, 0)


@pytest.mark.parametrize("field", ["num_hidden_layers", "hidden_size", "vocab_size", "num_attention_heads"])
def test_a_field_that_is_not_sourced_gives_no_cache(field):
    assert cache.cache_of(shape(**{field: None})) is None


def test_a_state_of_unknown_size_gives_no_cache():
    assert cache.cache_of(shape(ssm=SsmFacts(kind="mamba1", num_ssm_layers=6, num_attention_layers=0))) is None


def test_gemma_4_is_put_right():
    card = load.catalog().by_id("google/gemma-4-26B-A4B-it")
    assert card.cache.num_elements_per_token == 5 * 2 * 2 * 512
    assert card.cache.num_elements_per_token_windowed == 25 * 2 * 8 * 256
