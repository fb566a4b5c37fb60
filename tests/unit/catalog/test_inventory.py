"""Rules of the inventory on small made-up shapes and on known models. The whole catalog: tests/contract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.catalog import inventory, load
from advisor.catalog.model import Architecture, MlaFacts, MoeFacts, SsmFacts

CATALOG = load.catalog()


def shape(family="llama", **changes):
    fields = {
        "model_type": family, "num_hidden_layers": 4, "hidden_size": 64, "intermediate_size": 160,
        "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 1000,
        "tie_word_embeddings": True, "max_position_embeddings": 128,
    }  # fmt: skip
    return Architecture(**(fields | changes))


def by_name(groups):
    found = {}
    for group in groups:
        found.setdefault(group.name, []).append(group)
    return found


def total(groups):
    return sum(group.num_parameters() for group in groups)


def test_a_llama_tensor_by_tensor():
    groups = inventory.inventory(shape())
    layer = 128 * 64 + 2 * 32 * 64 + 64 * 128 + 3 * 160 * 64 + 2 * 64
    assert total(groups) == 1000 * 64 + 4 * layer + 64
    names = by_name(groups)
    (query,), (key,) = names["attn_q"], names["attn_k"]
    assert (query.num_rows, query.num_columns, query.num_tensors, query.num_layers) == (128, 64, 4, 4)
    assert (key.num_rows, key.num_queries_per_kv, key.role) == (32, 4, "linear")


def test_head_size_is_taken_as_given():
    wide = by_name(inventory.inventory(shape(head_dim=32)))["attn_q"][0]
    derived = by_name(inventory.inventory(shape(head_dim=None)))["attn_q"][0]
    assert (wide.num_rows, derived.num_rows) == (256, 64)


def test_an_untied_head_has_its_own_parameters_and_a_tied_one_has_not():
    tied, untied = inventory.inventory(shape()), inventory.inventory(shape(tie_word_embeddings=False))
    assert total(untied) - total(tied) == 1000 * 64
    head = by_name(tied)["output"][0]
    assert (head.tied, head.num_parameters(), head.num_rows) == (True, 0, 1000)
    assert "token_embd_shared" in by_name(tied)
    assert "token_embd" in by_name(untied)


def test_an_embedder_has_no_output_matrix():
    groups = inventory.inventory(shape(tie_word_embeddings=False), ("sentence-similarity",))
    assert not [group for group in groups if group.role == "lm_head"]


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("mistral", 0),
        ("qwen2", 4 * (128 + 2 * 32)),
        ("qwen3", 4 * 2 * 16),
        ("olmo2", 4 * (128 + 32)),
        ("gemma2", 4 * 2 * 64),
        ("gemma3_text", 4 * (2 * 64 + 2 * 16)),
        ("cohere", -4 * 64),
        ("bitnet", 4 * (128 + 160)),
        ("phi3", 0),
    ],
)
def test_what_families_add_to_a_llama(family, more):
    assert total(inventory.inventory(shape(family))) - total(inventory.inventory(shape())) == more


def test_fused_matrices_hold_the_same_weights():
    names = by_name(inventory.inventory(shape("phi3")))
    assert names["attn_qkv"][0].num_rows == 128 + 2 * 32
    assert names["ffn_up"][0].num_rows == 2 * 160
    assert "ffn_gate" not in names


def test_multi_query_attention_is_one_key_and_value_head():
    falcon = CATALOG.by_id("tiiuae/falcon-7b-instruct")
    qkv = by_name(inventory.of_card(falcon))["attn_qkv"][0]
    assert qkv.num_rows == (71 + 2) * 64


@pytest.mark.parametrize("field", ["hidden_size", "num_hidden_layers", "vocab_size", "num_attention_heads"])
def test_a_field_that_is_not_sourced_gives_no_inventory(field):
    assert inventory.inventory(shape(**{field: None})) is None


def test_an_unknown_family_has_no_inventory_unless_components_are_counted():
    strange = Architecture(model_type="never heard of")
    assert inventory.inventory(strange) is None
    assert not inventory.has_rule(strange)
    groups = inventory.inventory(strange, (), {"unet": 800, "vae": 80, "text_encoder": 100})
    assert [(group.part, group.num_parameters()) for group in groups] == [
        ("denoiser", 800), ("vae", 80), ("text", 100),
    ]  # fmt: skip


class TestExperts:
    MOE = MoeFacts(num_experts=16, num_experts_per_token=2, expert_intermediate_size=32)

    def test_all_are_stored_and_a_share_is_visited(self):
        groups = inventory.inventory(shape("qwen3_moe", moe=self.MOE))
        routed = [group for group in groups if group.role == "expert"]
        assert sum(group.num_parameters() for group in routed) == 4 * 16 * 3 * 32 * 64
        assert {group.active_share for group in routed} == {2 / 16}
        assert {group.num_tensors for group in routed} == {4 * 16}
        assert by_name(groups)["ffn_gate_inp"][0].role == "router"
        assert by_name(groups)["attn_v"][0].num_experts == 16

    def test_shared_experts_are_visited_by_every_token(self):
        shared = MoeFacts(
            num_experts=16, num_experts_per_token=2, expert_intermediate_size=32, num_shared_experts=2,
            num_first_dense_layers=1,
        )  # fmt: skip
        names = by_name(inventory.inventory(shape("ernie4_5_moe", moe=shared)))
        assert names["ffn_up_shexp"][0].num_rows == 64
        assert names["ffn_up_shexp"][0].active_share == 1.0
        assert names["ffn_up"][0].num_tensors == 1
        assert names["ffn_up_exps"][0].num_layers == 3

    @given(st.integers(1, 64), st.integers(1, 64))
    def test_reading_never_exceeds_storing(self, experts, visited):
        moe = MoeFacts(num_experts=max(experts, visited), num_experts_per_token=visited, expert_intermediate_size=8)
        groups = inventory.inventory(shape("mixtral", moe=moe))
        for group in groups:
            assert 0 < group.active_share <= 1


def test_latent_attention_goes_through_narrow_matrices():
    mla = MlaFacts(kv_lora_rank=24, qk_rope_head_dim=4, qk_nope_head_dim=8, v_head_dim=10)
    moe = MoeFacts(num_experts=4, num_experts_per_token=1, expert_intermediate_size=32, num_first_dense_layers=1)
    names = by_name(inventory.inventory(shape("deepseek_v2", mla=mla, moe=moe)))
    assert (names["attn_q"][0].num_rows, names["attn_kv_a_mqa"][0].num_rows) == (8 * 12, 28)
    assert (names["attn_kv_b"][0].num_rows, names["attn_kv_b"][0].num_columns) == (8 * 18, 24)
    assert names["attn_output"][0].num_columns == 8 * 10


def test_state_space_layers_have_no_attention():
    ssm = SsmFacts(kind="mamba1", num_ssm_layers=4, num_attention_layers=0, state_size=16, conv_kernel=4, expand=2)
    groups = inventory.inventory(shape("mamba", ssm=ssm))
    assert not [group.name for group in groups if group.name.startswith("attn")]
    inner = 128
    layer = 64 + 2 * inner * 64 + inner * 5 + (4 + 32) * inner + inner * 5 + inner * 17 + 64 * inner
    assert total(groups) == 1000 * 64 + 64 + 4 * layer


def test_hybrids_have_each_kind_in_its_own_layers():
    names = by_name(inventory.of_card(CATALOG.by_id("LiquidAI/LFM2-1.2B")))
    assert names["attn_q"][0].num_layers == 6
    assert names["shortconv_in"][0].num_layers == 10
    assert names["ffn_up"][0].num_layers == 16


@pytest.mark.parametrize(
    ("model_id", "uses"), [("albert/albert-base-v2", 12), ("Zyphra/Zamba2-1.2B-instruct", 6), ("Zyphra/Zamba2-2.7B", 9)]
)
def test_blocks_used_again_take_no_space_but_are_multiplied_again(model_id, uses):
    groups = inventory.of_card(CATALOG.by_id(model_id))
    widest = max(group.num_rows * group.num_columns for group in groups if group.tied and group.role == "linear")
    same = [group for group in groups if group.num_rows * group.num_columns == widest and group.part != "head"]
    own = sum(group.num_tensors for group in same if not group.tied)
    again = sum(group.num_tensors for group in same if group.tied)
    assert own + again == uses * len([group for group in same if not group.tied])
    assert sum(group.num_parameters() for group in same if group.tied) == 0


def test_gemma_4_full_attention_has_its_own_head_size_and_no_values():
    groups = inventory.of_card(CATALOG.by_id("google/gemma-4-31B-it"))
    text = [group for group in groups if group.part == "text"]
    assert {(group.num_rows, group.num_layers) for group in text if group.name == "attn_k"} == {(4096, 50), (2048, 10)}
    assert {(group.num_rows, group.num_layers) for group in text if group.name == "attn_v"} == {(4096, 50)}


def test_layers_that_share_a_cache_make_no_keys():
    groups = inventory.of_card(CATALOG.by_id("google/gemma-3n-E2B-it"))
    assert next(group for group in groups if group.name == "attn_k").num_layers == 20


class TestHeads:
    COMPONENTS = {"bert.embeddings": 1, "bert.encoder": 1, "bert.pooler": 64 * 65, "classifier": 3 * 65}  # noqa: RUF012

    def test_classifier_labels_come_from_its_count(self):
        groups = inventory.inventory(shape("bert"), ("text-classification",), self.COMPONENTS)
        head = by_name(groups)["cls.output"][0]
        assert (head.num_rows, head.num_columns, head.part) == (3, 64, "head")
        assert by_name(groups)["dense"][0].num_rows == 64

    def test_without_components_there_is_no_head(self):
        assert not [group for group in inventory.inventory(shape("bert")) if group.part == "head"]

    def test_a_dense_layer_before_the_labels_is_seen(self):
        groups = inventory.inventory(shape("roberta"), (), {"classifier": 64 * 65 + 2 * 65})
        assert total([group for group in groups if group.part == "head"]) == 64 * 65 + 2 * 65


@pytest.mark.parametrize(
    ("model_id", "parts"),
    [
        ("Qwen/Qwen3-0.6B", {"text"}),
        ("BAAI/bge-small-en-v1.5", {"encoder", "head"}),
        ("openai/whisper-tiny", {"encoder", "decoder"}),
        ("google/gemma-3-4b-it", {"text", "vision", "projector"}),
        ("google/gemma-3n-E2B-it", {"text", "vision", "audio", "projector"}),
        ("microsoft/resnet-50", {"backbone", "head"}),
        ("sshleifer/distilbart-cnn-12-6", {"encoder", "decoder"}),
    ],
)
def test_parts(model_id, parts):
    assert {group.part for group in inventory.of_card(CATALOG.by_id(model_id))} == parts


@pytest.mark.parametrize("card", [c for c in CATALOG.models if inventory.of_card(c)], ids=lambda card: card.id)
def test_every_group_of_the_catalog_is_sound(card):
    for group in inventory.of_card(card):
        assert group.num_rows > 0
        assert group.num_columns > 0
        assert group.num_layers > 0
        assert group.num_tensors % group.num_layers == 0 or group.tied
        assert 0 < group.active_share <= 1


def test_an_inventory_is_made_once():
    card = CATALOG.by_id("Qwen/Qwen3-0.6B")
    assert inventory.of_card(card) is inventory.of_card(card)
