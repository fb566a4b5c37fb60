"""What is read from plain words, and what is said about the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import InvalidInputError
from advisor.task.describe import LONGEST_TEXT, apply_chips, describe, merge

FLAGSHIP = (
    "sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second"
)


def task(text):
    return describe(text).task


def fields(text):
    return {chip.field: chip.value for chip in describe(text).chips}


def test_flagship_is_understood_whole():
    description = describe(FLAGSHIP)
    found = description.task
    assert found.kind == "text-classification"
    assert found.num_labels == 6
    assert found.num_queries_per_day == 500
    assert found.languages == ("de", "hi")
    assert found.power_source == "battery"
    assert found.max_latency_s == 1.0
    assert found.text == FLAGSHIP
    assert description.kind_certain
    assert description.not_understood == ()
    assert [(chip.field, chip.words) for chip in description.chips] == [
        ("kind", "sort"),
        ("num_queries_per_day", "500 support emails a day"),
        ("num_labels", "6 topics"),
        ("languages", "German and Hindi"),
        ("power_source", "on my laptop battery"),
        ("max_latency_s", "within a second"),
    ]


def test_other_examples_of_the_start_page():
    summary = describe("summarise 20-page contracts in German, offline, on battery")
    assert (summary.task.kind, summary.task.num_input_tokens) == ("summarization", 13300)
    assert summary.task.languages == ("de",)
    assert summary.task.power_source == "battery"
    assert "Everything runs on this computer, without a network." in summary.notes
    assert any("665 tokens" in note for note in summary.notes)
    assert task("chat assistant for coding questions").kind == "generation"
    assert task("find similar support tickets").kind == "sentence-embedding"
    speech = task("transcribe 2 hour meetings in Spanish")
    assert (speech.kind, speech.audio_s, speech.languages) == ("speech-recognition", 7200.0, ("es",))


@pytest.mark.parametrize(
    ("text", "per_day", "label"),
    [
        ("classify 60 emails per hour", 1440, "60 an hour = 1,440 a day"),
        ("classify 1,500 emails a week", 1500 / 7, "1,500 a week = 214 a day"),
        ("classify 1 500 emails a day", 1500, "1,500 a day"),
        ("classify 1.5k mails daily", 1500, "1,500 a day"),
        ("classify a dozen mails every day", 12, "12 a day"),
        ("classify two hundred and fifty mails per day", 250, "250 a day"),
        ("classify mails, 20-30 per day", 30, "30 a day"),
        ("classify 3,000 mails a month", 100, "3,000 a month = 100 a day"),
        ("classify images, 2000 images/day", 2000, "2,000 a day"),
        ("object detection at 30 fps", 2592000, "30 a second = 2,592,000 a day"),
        ("translate letters to French twice a week", 2 / 7, "2 a week = 0.29 a day"),
    ],
)
def test_rates_become_queries_per_day(text, per_day, label):
    chips = [chip for chip in describe(text).chips if chip.field == "num_queries_per_day"]
    assert [chip.value for chip in chips] == [pytest.approx(per_day)]
    assert chips[0].label == label


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("summarise 10k-word studies", "num_input_tokens", 13300),
        ("summarise reports in 3 sentences", "num_output_tokens", 80),
        ("summarise texts of 4000 characters", "num_input_tokens", 1000),
        ("summarise transcripts of 1 hour meetings", "num_input_tokens", 11970),
        ("LLM with 2048 tokens in and 256 out", "num_input_tokens", 2048),
        ("LLM with 2048 tokens in and 256 out", "num_output_tokens", 256),
        ("coding assistant with 128k context", "num_context_tokens", 131072),
        ("chat with a context window of 8,000 tokens", "num_context_tokens", 8000),
        ("LLM, batch size 4", "num_batch", 4),
        ("classify letters, I have 200 labelled examples", "num_labelled_examples", 200),
        ("sort letters into topics, no training data", "num_labelled_examples", 0),
        ("is this mail spam or not", "num_labels", 2),
        ("sort mails into invoices, letters and adverts", "num_labels", 3),
        ("semantic search over 10,000 articles", "num_documents", 10000),
        ("rerank the top 50 passages", "num_documents", 50),
        ("generate images, 4 images per prompt", "num_images", 4),
        ("transcribe half an hour calls", "audio_s", 1800.0),
        ("chat in under 200ms", "max_latency_s", 0.2),
        ("chat, real time", "max_latency_s", 1.0),
        ("classify frames at 50 ms per frame", "max_latency_s", 0.05),
        ("chat with 8 GB RAM", "max_memory_bytes", 8 * 2**30),
        ("chat on a laptop with 16 GB", "max_memory_bytes", 16 * 2**30),
        ("chat, less than 2 GiB of disk", "max_disk_bytes", 2 * 2**30),
        ("chat, at most 500 MB of storage", "max_disk_bytes", 500_000_000),
        ("chat for commercial use", "licence_need", "commercial"),
        ("summarise mails for our company", "licence_need", "commercial"),
        ("chat, best possible quality", "quality_need", "best"),
        ("translate to French, rough quality is fine", "quality_need", "basic"),
        ("translate to French, good enough", "quality_need", "good"),
        ("chat on a plugged in computer", "power_source", "mains"),
        ("chat on a server in Germany", "region", "DEU"),
        ("chat, on the French grid", "region", "FRA"),
    ],
)
def test_sizes_limits_and_needs(text, field, value):
    assert getattr(task(text), field) == value
    assert fields(text)[field] == value


@pytest.mark.parametrize(
    ("text", "languages", "targets"),
    [
        ("translate from German to Hindi", ("de",), ("hi",)),
        ("translate de->en", ("de",), ("en",)),
        ("translate EN/DE software texts", ("en",), ("de",)),
        ("translate Deutsch to 日本語", ("de",), ("ja",)),
        ("translate into German, Swedish and Finnish", (), ("de", "sv", "fi")),
        ("translate between Ukrainian and Polish", ("uk", "pl"), ("uk", "pl")),
        ("I need Japanese manuals in English", ("ja",), ("en",)),
        ("English-Spanish interpreter", ("en",), ("es",)),
        ("translate the Vietnamese version of an English clause", ("en",), ("vi",)),
    ],
)
def test_translation_has_a_direction(text, languages, targets):
    found = task(text)
    assert found.kind == "translation"
    assert (found.languages, found.target_languages) == (languages, targets)


def test_both_ways_is_one_chip():
    chips = describe("translate between Ukrainian and Polish").chips
    assert [chip.label for chip in chips] == ["Translate", "Ukrainian, Polish, both ways"]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("summarise frensh mails", ("fr",)),
        ("chat in हिन्दी", ("hi",)),
        ("classify mails, languages: de, fr", ("de", "fr")),
        ("classify mails in DE, FR and IT", ("de", "fr", "it")),
        ("help me polish my thesis", ()),
        ("move it to no other folder", ()),
    ],
)
def test_languages_in_other_tasks(text, languages):
    assert task(text).languages == languages
    assert task(text).target_languages == ()


def test_language_is_no_place_and_place_is_no_language():
    assert task("classify German mails").region is None
    found = task("classify mails on the German grid")
    assert (found.region, found.languages) == ("DEU", ())
    assert task("classify mails of customers in India").region is None
    assert task("tell me what is in us").region is None
    assert task("classify mails, runs in the US").region == "USA"


def test_labels_without_examples_decide_the_approach_only_when_said():
    assert task("sort mails into 6 topics").kind == "text-classification"
    assert task("sort mails into 6 topics, no examples").kind == "zero-shot-classification"
    assert task("zero-shot classification of mails into 6 topics").kind == "zero-shot-classification"


def test_unused_words_are_reported_in_order():
    description = describe("summarise contracts for the zorblax quintuple department of Vogons")
    assert description.not_understood == ("zorblax", "quintuple", "Vogons")


def test_second_task_is_named():
    notes = describe("transcribe the meeting recordings and translate them from German to English").notes
    assert any("seems to be meant as well" in note for note in notes)
    assert not any("meant as well" in note for note in describe("image classifier for 12 kinds of screws").notes)


@pytest.mark.parametrize("text", ["Переведи мне эти письма", "この文書を要約して", "qwrtz plöb", "!!! ???", "42"])
def test_text_that_says_nothing_known_is_a_guess(text):
    description = describe(text)
    assert description.task.kind == "generation"
    assert not description.kind_certain
    assert any("chat or writing is assumed" in note for note in description.notes)


def test_foreign_script_is_said():
    description = describe("Переведи мне эти письма")
    assert description.not_understood == ("Переведи", "мне", "эти", "письма")
    assert description.notes[0].startswith("Most of the text is written in Cyrillic letters.")


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_empty_text_is_refused(text):
    with pytest.raises(InvalidInputError) as caught:
        describe(text)
    assert caught.value.code == "text-empty"
    assert caught.value.remedy


def test_text_of_a_megabyte_is_refused_and_the_limit_itself_is_read():
    with pytest.raises(InvalidInputError) as caught:
        describe("summarise " * 100_000)
    assert caught.value.code == "text-too-long"
    assert caught.value.facts["num_characters"] == 1_000_000
    assert describe(("summarise this " * 2000)[:LONGEST_TEXT]).task.kind == "summarization"


def test_spelling_slips_do_not_change_the_task():
    assert task("clasify mails by sentimnet").kind == task("classify mails by sentiment").kind
    assert task("trnaslate to French").kind == "translation"
    assert task("transcibe intervews").kind == "speech-recognition"


def test_languages_in_two_places_are_two_chips_and_one_value():
    description = describe("classify German and Dutch mails, also letters in French")
    assert description.task.languages == ("de", "nl", "fr")
    assert [chip.words for chip in description.chips if chip.field == "languages"] == ["German and Dutch", "French"]


def test_first_of_two_values_counts():
    description = describe("chat, under 2 s, at most under 9 s")
    assert [chip.value for chip in description.chips if chip.field == "max_latency_s"] == [2.0]
    assert description.task.max_latency_s == 2.0


def test_a_product_manual_is_no_commercial_use():
    assert task("answer questions about things in our product manual").licence_need == "any"
    assert task("answer questions about manuals, for our product").licence_need == "commercial"


def test_a_monstrous_word_is_shortened_in_the_answer():
    assert describe("summarise " + "w" * 15_000).not_understood == ("w" * 40 + "…",)


def test_one_vague_word_is_no_task():
    description = describe("9999 pages")
    assert (description.task.kind, description.kind_certain) == ("generation", False)


def test_description_is_the_same_each_time():
    assert describe(FLAGSHIP) == describe(FLAGSHIP)


def test_controls_win_over_words():
    description = describe(FLAGSHIP)
    merged = merge(description, {"num_labels": 9, "power_source": None, "languages": None, "region": "FRA"})
    assert (merged.num_labels, merged.power_source, merged.languages, merged.region) == (9, None, (), "FRA")
    assert merged.num_queries_per_day == 500
    assert merge(description, {"kind": "generation"}).kind == "generation"


def test_removed_and_corrected_chips():
    found = apply_chips(FLAGSHIP, removed=("max_latency_s", "num_labels"), corrections={"num_labels": 3})
    assert (found.max_latency_s, found.num_labels) == (None, 3)


@pytest.mark.parametrize(
    ("overrides", "code", "word"),
    [({"colour": 1}, "field-unknown", "colour"), ({"num_labels": "many"}, "value-invalid", "num_labels")],
)
def test_wrong_controls_are_named(overrides, code, word):
    with pytest.raises(InvalidInputError) as caught:
        merge(describe(FLAGSHIP), overrides)
    assert caught.value.code == code
    assert word in caught.value.message


PIECES = """
sort 500 emails a day into 6 topics German and Hindi on battery within a second 20-page 1.5k 3 % -> de en translate
images of between labelled examples no or not half an hour 8 GB RAM context 128k x top in Germany grid हिन्दी 中文
. , / ( ) <-> 1e9 999999999999999999999 0 per EN US
"""
WORDS = st.sampled_from(PIECES.split())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(WORDS, max_size=60).map(" ".join)))
def test_any_text_gives_spans_inside_the_text_without_overlap(text):
    if not text.strip():
        return
    description = describe(text)
    end = 0
    for chip in description.chips:
        assert end <= chip.start < chip.end <= len(text)
        assert chip.words == text[chip.start : chip.end]
        end = chip.end
    assert description.task.text == text
    assert description == describe(text)


@pytest.mark.timeout(60)  # a backstop against patterns that explode, not a speed goal
@pytest.mark.parametrize(
    "piece", ["sort ", "in 5 ", "image of ", "the most relevant ", "a,b ", "each day we ", "1 ", "no ", "read ", "0 8 "]
)
def test_the_longest_text_of_one_repeated_piece_is_read(piece):
    text = (piece * LONGEST_TEXT)[:LONGEST_TEXT]
    assert describe(text).task.text == text
