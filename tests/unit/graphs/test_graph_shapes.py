"""Shapes from catalog rows: parameters, families, refusals."""

import cards
import pytest

from advisor.catalog.model import MoeFacts, VisionFacts
from advisor.graphs import recipes, storage, traits
from advisor.task.model import Workload


def test_parameters_of_a_known_decoder_are_exact():
    shape = traits.decoder_shape(cards.card(cards.QWEN, parameters=cards.QWEN_PARAMETERS))
    assert shape.num_parameters() == cards.QWEN_PARAMETERS


def test_parameters_of_a_known_encoder_are_exact_but_for_the_pooler():
    shape = traits.encoder_shape(cards.card(cards.MINILM, parameters=cards.MINILM_PARAMETERS))
    assert shape.num_parameters() == cards.MINILM_PARAMETERS - (384 * 384 + 384)


@pytest.mark.parametrize("wrong", [0.99, 1.01])
def test_a_shape_that_disagrees_with_the_published_count_is_not_used(wrong):
    card = cards.card(cards.QWEN, parameters=int(wrong * cards.QWEN_PARAMETERS))
    assert traits.decoder_shape(card) is None
    found, why = recipes.recipe(cards.candidate(card), Workload())
    assert found is None
    assert "do not agree" in why


def test_the_count_tells_whether_stablelm_has_biases():
    fields = {**cards.TINY, "model_type": "stablelm"}
    plain = traits.decoder_shape(cards.card(fields))
    assert not plain.qkv_bias
    with_bias = plain.num_parameters() + plain.num_layers * (plain.query_size + 2 * plain.kv_size)
    assert traits.decoder_shape(cards.card(fields, parameters=with_bias)).qkv_bias


def test_full_attention_layers_are_spread_evenly():
    card = cards.tiny_decoder(
        "gemma3_text",
        num_hidden_layers=18,
        sliding_window=8,
        layer_pattern={"sliding_attention": 15, "full_attention": 3},
    )
    mixers = [layer.mixer for layer in traits.decoder_shape(card).kinds()]
    assert [index for index, mixer in enumerate(mixers) if mixer == "attention"] == [5, 11, 17]
    assert mixers.count("window") == 15


def test_a_window_in_every_layer():
    card = cards.tiny_decoder("mistral", sliding_window=8, layer_pattern={"sliding_attention": 2})
    assert [layer.mixer for layer in traits.decoder_shape(card).kinds()] == ["window", "window"]


@pytest.mark.parametrize("missing", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
def test_a_row_that_says_too_little_has_no_shape(missing):
    assert traits.decoder_shape(cards.tiny_decoder(**{missing: None})) is None
    assert traits.encoder_shape(cards.tiny_encoder(**{missing: None})) is None


@pytest.mark.parametrize(("tasks", "labels"), [(("text-classification",), 2), (("sentence-similarity",), 0)])
def test_a_classifier_gets_its_head(tasks, labels):
    assert traits.encoder_shape(cards.tiny_encoder(tasks=tasks)).num_labels == labels


@pytest.mark.parametrize(
    ("card", "format_id", "family", "words"),
    [
        (cards.tiny_decoder(), "onnx-int4-b32", "decoder", ""),
        (cards.tiny_decoder(), "onnx-fp32", "decoder", ""),
        (cards.tiny_encoder(), "onnx-int8-dynamic", "encoder", ""),
        (cards.tiny_encoder("roberta"), "onnx-fp32", "encoder", ""),
        (cards.tiny_decoder(), "onnx-int8-dynamic", None, "not made yet"),
        (cards.tiny_decoder(), "onnx-fp16", None, "32 bits"),
        (cards.tiny_decoder(), "gguf-q4_k_m", None, "llama.cpp"),
        (cards.tiny_decoder("csm"), "onnx-int4-b32", None, "'csm'"),
        (cards.tiny_encoder(input_embedding_size=16), "onnx-fp32", None, "do not agree"),
        (
            cards.tiny_decoder(moe=MoeFacts(num_experts=4, num_experts_per_token=1, expert_intermediate_size=8)),
            "onnx-int4-b32", None, "mixture-of-experts",
        ),
        (cards.tiny_decoder(vision=VisionFacts(model_type="v")), "onnx-int4-b32", None, "images"),
    ],
)  # fmt: skip
def test_which_candidates_have_a_graph_and_why_the_others_have_none(card, format_id, family, words):
    found, why = recipes.recipe(cards.candidate(card, format_id), Workload())
    assert (found and found.family) == family
    assert words in why
    assert bool(why) == (family is None)


def test_a_model_of_unknown_shape_has_no_graph():
    from advisor.catalog.model import ModelCard, ParameterFacts

    card = ModelCard(id="a/b", family="B", tasks=(), parameters=ParameterFacts(verification="not_available"))
    assert recipes.recipe(cards.candidate(card, "onnx-fp32"), Workload())[0] is None


@pytest.mark.parametrize(("format_id", "weight_bytes"), [("onnx-int4-b32", 20), ("onnx-int8", 36), ("onnx-fp32", 128)])
def test_bytes_of_a_block_of_32_weights(format_id, weight_bytes):
    assert storage.BY_FORMAT[format_id].linear_bytes(32, 1) == weight_bytes


def test_a_cut_block_takes_the_place_of_a_whole_one():
    assert storage.BY_FORMAT["onnx-int4-b128"].linear_bytes(129, 1) == 2 * (64 + 4)
