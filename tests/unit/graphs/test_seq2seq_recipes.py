"""Recipes of encoder-decoders: the catalog's parameters, sizes cut at what a model can do, parts of equal mix."""

import cards
import pytest
import writers

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.graphs import recipes
from advisor.graphs.seq2seq import shape as shapes
from advisor.graphs.seq2seq.recipe import NO_CLASSIFIER, Seq2SeqRecipe
from advisor.graphs.storage import BY_FORMAT
from advisor.task.model import Workload

LEAST_CARDS = {"t5": 9, "bart": 3, "mbart": 1, "pegasus": 2, "marian": 6, "m2m_100": 5, "whisper": 14, "moonshine": 2}
TABLE = "the encoder's file holds the table of words once more"


def catalog_cards():
    known = [card for card in load.catalog().models if card.architecture and card.architecture.encoder_decoder]
    return [card for card in known if card.architecture.model_type in shapes.TRAITS]


def made(card, format_id="onnx-fp32", **sizes):
    recipe, why = recipes.recipe(Candidate(model=card, format=formats.by_id(format_id)), Workload(**sizes))
    assert isinstance(recipe, Seq2SeqRecipe), why
    return recipe


def by_id(model):
    return load.catalog().by_id(model)


@pytest.mark.parametrize("model_type", sorted(LEAST_CARDS))
def test_parameters_are_those_of_the_catalog(model_type):
    rows = [card for card in catalog_cards() if card.architecture.model_type == model_type]
    writing = [card for card in rows if "classification_head" not in card.parameters.components]
    assert len(writing) >= LEAST_CARDS[model_type]
    assert {card.id: made(card).num_parameters() for card in writing} == {
        card.id: card.num_parameters() for card in writing
    }


def test_a_classifier_is_refused_in_one_sentence():
    found, why = recipes.recipe(cards.candidate(by_id("facebook/bart-large-mnli"), "onnx-fp32"), Workload())
    assert found is None
    assert why == NO_CLASSIFIER


def test_a_shape_that_contradicts_the_published_count_is_refused():
    card = cards.card({**writers.SMALL, "model_type": "bart", "encoder_decoder": writers.HALVES}, parameters=10**6)
    found, why = recipes.recipe(cards.candidate(card, "onnx-fp32"), Workload())
    assert found is None
    assert "do not agree with its parameter count" in why


@pytest.mark.parametrize(
    ("kind", "field"), [("bart", "max_position_embeddings"), ("whisper", "audio"), ("marian", "vocab_size")]
)
def test_a_shape_with_a_hole_is_refused(kind, field):
    found, why = recipes.recipe(cards.candidate(writers.card(kind, **{field: None}), "onnx-fp32"), Workload())
    assert found is None
    assert "not fully known" in why


def test_a_type_nobody_draws_is_named():
    found, why = recipes.recipe(cards.candidate(by_id("microsoft/speecht5_tts"), "onnx-fp32"), Workload())
    assert found is None
    assert "of this type are not made yet" in why


def test_texts_are_cut_at_the_position_tables_and_t5_has_none():
    asked = {"num_input_tokens": 3000, "num_output_tokens": 2000}
    bart = made(by_id("facebook/bart-large-cnn"), **asked)
    assert (bart.num_input_tokens, bart.num_output_tokens, bart.num_capacity_tokens) == (1024, 1023, 1024)
    assert "at most 1023 tokens" in bart.remark
    t5 = made(by_id("google-t5/t5-small"), **asked)
    assert (t5.num_input_tokens, t5.num_output_tokens) == (3000, 2000)
    assert not t5.remark


def test_sound_is_read_in_pieces_each_with_its_share_of_the_text():
    recipe = made(by_id("openai/whisper-base"), audio_s=100.0, num_output_tokens=330, num_passes=1)
    assert recipe.num_runs == 4
    assert recipe.num_output_tokens == 83
    assert recipe.family == "speech"
    shapes_of = {feed.name: feed.shape for feed in recipe.feeds()}
    assert shapes_of == {"input_features": (1, 80, 3000), "decoder_input_ids": (1, 4)}
    crossed = [entry.shape for entry in recipe.bound(6) if ".encoder." in entry.input_name]
    assert crossed == 12 * [(1, 8, 1500, 64)]
    longest = made(by_id("openai/whisper-base"), audio_s=30.0, num_output_tokens=9000)
    assert longest.num_output_tokens == 444


def test_a_wave_is_heard_as_long_as_it_is():
    recipe = made(by_id("UsefulSensors/moonshine-tiny"), audio_s=45.0, num_output_tokens=500)
    assert recipe.num_runs == 2
    assert recipe.num_output_tokens == 193
    assert {feed.name: feed.shape for feed in recipe.feeds()}["input_values"] == (1, 360_000)
    assert recipe.num_source_positions == pytest.approx(22.5 * 16_000 / 384, abs=3)
    assert "a piece of 22.5 s of sound" in recipe.measured_input
    short = made(by_id("UsefulSensors/moonshine-tiny"), audio_s=0.01)
    assert short.num_source_positions >= 1


@pytest.mark.parametrize(
    ("model", "steps", "part"),
    [
        ("google/flan-t5-base", 12, (3, 3)),
        ("sshleifer/distilbart-cnn-12-6", 6, (6, 3)),
        ("openai/whisper-large-v3-turbo", 4, (24, 3)),
        ("distil-whisper/distil-large-v3", 2, None),
    ],
)
def test_parts_keep_the_share_of_both_halves(model, steps, part):
    recipe = made(by_id(model), num_input_tokens=100, num_output_tokens=10)
    assert recipe.num_layers == steps
    assert recipe.divisible
    assert part is None or recipe.shape.part(3) == part
    one, two, whole = (recipe.weight_bytes(count) for count in (1, 2, steps))
    assert whole == one + (steps - 1) * (two - one)
    first, second, all_of_it = (recipe.cache_bytes(count) for count in (1, 2, steps))
    assert all_of_it == first + (steps - 1) * (second - first)


@pytest.mark.parametrize("format_id", sorted(BY_FORMAT))
@pytest.mark.parametrize("model", ["google/flan-t5-base", "Helsinki-NLP/opus-mt-en-de", "openai/whisper-tiny"])
def test_files_take_what_the_catalog_states_and_the_second_table(model, format_id):
    card, how = by_id(model), formats.by_id(format_id)
    recipe = made(card, format_id)
    stated, _ = formats.file_bytes(how, card)
    shape = recipe.shape
    again = 0 if shape.num_mel_bins else recipe.storage.linear_bytes(shape.hidden_size, shape.vocab_size)
    bias = 4 * shape.vocab_size if shape.traits.logits_bias else 0
    assert recipe.weight_bytes(recipe.num_layers) - again - bias == pytest.approx(stated, rel=0.03), TABLE
