import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.catalog import formats, inventory, load
from advisor.catalog.model import TensorGroup
from advisor.errors import NotFoundError

CATALOG = load.catalog()
ONNX = ("onnx-fp32", "onnx-fp16", "onnx-int8-dynamic", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128")


def group(rows=96, columns=320, *, role="linear", name="attn_q", **changes):
    return TensorGroup(name=name, role=role, part="text", num_rows=rows, num_columns=columns, **changes)


def size(format_id, item):
    return formats.group_bytes(formats.by_id(format_id), item)


def test_formats_are_the_sixteen_with_unique_ids():
    assert len({item.id for item in formats.FORMATS}) == len(formats.FORMATS) == 16
    assert all(formats.by_id(item.id) is item for item in formats.FORMATS)


def test_an_unknown_format_lists_the_known():
    with pytest.raises(NotFoundError, match="no format") as caught:
        formats.by_id("gguf-q9")
    assert "gguf-q4_k_m" in caught.value.remedy


@pytest.mark.parametrize(
    ("format_id", "expected"),
    [
        ("onnx-fp32", 96 * 320 * 4),
        ("onnx-fp16", 96 * 320 * 2),
        ("onnx-int8-dynamic", 96 * 320 + 5),
        ("onnx-int8", 96 * (320 + 10 * 4)),
        ("onnx-int4-b32", 96 * (320 // 2 + 10 * 4)),
        ("onnx-int4-b128", 96 * (384 // 2 + 3 * 4)),
        ("gguf-q8_0", 96 * 10 * 34),
        ("gguf-q4_0", 96 * 10 * 18),
        ("gguf-q4_k_m", 96 * 10 * 22),
        ("safetensors-bf16", 96 * 320 * 2),
        ("safetensors-fp8", 96 * 320 + 1 * 3 * 4),
        ("safetensors-nf4", 96 * 320 / 2 + 96 * 320 / 64 + 96 * 320 / 64 / 256 * 4),
    ],
)
def test_bytes_of_a_linear_matrix(format_id, expected):
    assert size(format_id, group()) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("role", ["norm", "bias", "router", "position", "conv", "state"])
def test_small_tensors_keep_their_precision(role):
    item = group(role=role, name=role)
    for format_id in ("onnx-int4-b32", "onnx-int8", "onnx-int8-dynamic", "gguf-q4_k_m"):
        assert size(format_id, item) == 96 * 320 * 4
    assert size("safetensors-nf4", item) == 96 * 320 * 2


@pytest.mark.parametrize("format_id", ["safetensors-nf4", "safetensors-fp8"])
@pytest.mark.parametrize("role", ["embedding", "lm_head"])
def test_tables_stay_at_16_bits_with_transformers(format_id, role):
    assert size(format_id, group(role=role)) == 96 * 320 * 2


@pytest.mark.parametrize("format_id", ["onnx-int4-b32", "onnx-int8", "onnx-int8-dynamic"])
def test_tables_are_quantized_like_linear_layers_with_onnx(format_id):
    assert size(format_id, group(role="embedding")) == size(format_id, group())


@pytest.mark.parametrize("item", formats.FORMATS, ids=lambda item: item.id)
def test_a_tied_head_takes_no_space_but_is_read_in_full(item):
    head = group(4096, 256, role="lm_head", name="output", tied=True)
    own = group(4096, 256, role="lm_head", name="output")
    assert formats.group_bytes(item, head) == 0
    assert formats.read_bytes(item, head) == formats.group_bytes(item, own) > 0


@pytest.mark.parametrize("item", formats.FORMATS, ids=lambda item: item.id)
def test_a_table_is_read_by_the_row_and_experts_by_their_share(item):
    table = group(1000, 256, role="embedding", name="token_embd")
    assert formats.read_bytes(item, table) == pytest.approx(formats.group_bytes(item, table) / 1000)
    experts = group(512, 256, role="expert", name="ffn_up_exps", num_tensors=8, active_share=0.25)
    assert formats.read_bytes(item, experts) == pytest.approx(formats.group_bytes(item, experts) / 4)


shapes = st.builds(group, st.integers(1, 5000), st.integers(2, 300).map(lambda blocks: 32 * blocks))


@given(shapes, st.integers(1, 40))
def test_more_bits_are_never_smaller(item, count):
    several = group(item.num_rows, item.num_columns, num_tensors=count, num_layers=count)
    for chain in (
        ("onnx-int4-b32", "onnx-int8", "onnx-fp32"),
        ("onnx-fp16", "onnx-fp32"),
        ("gguf-q2_k", "gguf-q3_k_m", "gguf-q4_k_m", "gguf-q5_k_m", "gguf-q6_k", "gguf-q8_0"),
        ("gguf-q4_0", "gguf-q8_0"),
        ("safetensors-nf4", "safetensors-fp8", "safetensors-bf16"),
    ):
        sizes = [size(format_id, several) for format_id in chain]
        assert sizes == sorted(sizes)


@given(shapes, st.sampled_from(formats.FORMATS))
def test_never_below_the_nominal_bits(item, how):
    assert formats.group_bytes(how, item) >= item.num_parameters() * how.linear_bits / 8 * (1 - 1e-12)


@given(shapes, st.integers(1, 64), st.sampled_from(formats.FORMATS))
def test_bytes_grow_with_the_number_of_tensors(item, count, how):
    several = group(item.num_rows, item.num_columns, num_tensors=count)
    assert formats.group_bytes(how, several) == pytest.approx(count * formats.group_bytes(how, item))


@pytest.mark.parametrize("format_id", ONNX)
@given(columns=st.integers(2, 4000))
def test_onnx_pads_to_whole_blocks(format_id, columns):
    how = formats.by_id(format_id)
    blocks = math.ceil(columns / how.block_size) if how.block_size else 0
    found = size(format_id, group(7, columns))
    if blocks:
        assert found == 7 * blocks * (how.block_size * how.linear_bits / 8 + 4)
    else:
        assert found - 7 * columns * how.linear_bits / 8 in (0, 5)


class TestApplicable:
    def test_candidates_of_the_whole_catalog(self):
        assert 5000 <= sum(len(formats.applicable(card)) for card in CATALOG.models) <= 8000

    def test_a_chat_model_comes_in_all(self):
        assert len(formats.applicable(CATALOG.by_id("Qwen/Qwen3-0.6B"))) == 16

    @pytest.mark.parametrize(
        "model_id", ["openai/whisper-tiny", "google/vit-base-patch16-224", "google/recurrentgemma-2b-it"]
    )
    def test_gguf_is_for_text_that_llama_cpp_runs(self, model_id):
        found = formats.applicable(CATALOG.by_id(model_id))
        assert found
        assert not [item.id for item in found if item.runtime == "llama.cpp"]

    def test_no_onnx_for_state_space_models(self):
        found = {item.runtime for item in formats.applicable(CATALOG.by_id("state-spaces/mamba-130m-hf"))}
        assert found == {"llama.cpp", "transformers"}

    def test_int4_is_not_offered_for_images(self):
        found = {item.id for item in formats.applicable(CATALOG.by_id("microsoft/resnet-50"))}
        assert found == {"onnx-fp32", "onnx-fp16", "onnx-int8-dynamic", "safetensors-bf16"}

    def test_nothing_is_offered_where_the_structure_is_not_known(self):
        assert formats.applicable(CATALOG.by_id("urchade/gliner_medium-v2.1")) == ()


class TestFileBytes:
    def test_is_the_sum_over_the_inventory(self):
        card, how = CATALOG.by_id("BAAI/bge-small-en-v1.5"), formats.by_id("onnx-int8-dynamic")
        found, basis = formats.file_bytes(how, card)
        assert found == sum(formats.group_bytes(how, item) for item in inventory.of_card(card))
        assert "shapes" in basis

    def test_without_shapes_the_count_is_used_and_said(self):
        card = CATALOG.by_id("hexgrad/Kokoro-82M")
        assert inventory.of_card(card) is None
        found, basis = formats.file_bytes(formats.by_id("onnx-fp32"), card)
        assert found == pytest.approx(82e6 * 4, rel=1e-4)
        assert "number of parameters" in basis
        assert formats.file_bytes(formats.by_id("onnx-int4-b32"), card)[0] == pytest.approx(82e6 * 5 / 8, rel=1e-4)

    def test_without_a_count_it_is_refused(self):
        with pytest.raises(NotFoundError, match="Neither"):
            formats.file_bytes(formats.by_id("onnx-fp32"), CATALOG.by_id("facebook/sam2.1-hiera-large"))

    def test_fp32_is_four_bytes_a_parameter(self):
        for card in CATALOG.models:
            groups = inventory.of_card(card)
            if groups is not None:
                found, _ = formats.file_bytes(formats.by_id("onnx-fp32"), card)
                assert found == 4 * sum(item.num_parameters() for item in groups), card.id
