"""The sentences everybody reads."""

from typing import get_args

import fakes_report as fakes
import msgspec
import pytest

from advisor.catalog.formats import FORMATS
from advisor.catalog.model import Runtime
from advisor.child.protocol import OutcomeCode, Stage
from advisor.estimate.model import RateUnit, Verdict
from advisor.evidence import Evidence, Quantity, unknown
from advisor.probe.plan import Grade, ProbeKind
from advisor.recommend.approach import approaches
from advisor.recommend.model import ApproachId, Rejection
from advisor.report import language, wording, words
from advisor.task.model import TASK_KINDS, LicenceNeed, PowerSource, QualityNeed, TaskSpec
from advisor.task.presets import workload


def quantity(value, low=None, high=None, unit="B"):
    return Quantity(value=value, low=low, high=high, unit=unit, evidence="estimated", basis="test")


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (get_args(Verdict), words.VERDICT_WORDS), (get_args(Verdict), words.VERDICT_GLYPHS),
        (get_args(Verdict), words.VERDICT_HELP), (get_args(Verdict), words.VERDICT_COLOURS),
        (get_args(Evidence), words.EVIDENCE_WORDS), (get_args(Evidence), words.EVIDENCE_HELP),
        (TASK_KINDS, words.KIND_LABELS), (get_args(Runtime), words.RUNTIME_LABELS),
        (get_args(ApproachId), words.APPROACH_LABELS), (get_args(Stage), words.STAGE_NAMES),
        (get_args(Stage), words.STAGE_HELP), (get_args(OutcomeCode), words.OUTCOME_SENTENCES),
        (get_args(OutcomeCode), words.OUTCOME_REMEDIES), (get_args(ProbeKind), words.PROBE_KIND_WORDS),
        (get_args(Grade), words.GRADE_HELP), (get_args(RateUnit), words.RATE_TITLES),
        (get_args(RateUnit), words.UNIT_WORDS), (get_args(LicenceNeed), words.LICENCE_NEEDS),
        (get_args(QualityNeed), words.QUALITY_NEEDS), (get_args(PowerSource), words.POWER_SOURCES),
    ],
)  # fmt: skip
def test_every_code_has_its_word(codes, table):
    assert set(codes) <= set(table)
    assert len({str(text) for text in table.values()} - {""}) == len([t for t in table.values() if str(t)])


def test_every_rejection_has_its_word():
    codes = get_args(next(f.type for f in msgspec.structs.fields(Rejection) if f.name == "code"))
    assert set(codes) == set(words.REJECTION_WORDS)


def test_formats_and_approaches_are_called_the_same_everywhere():
    assert {item.id: item.label for item in FORMATS} == words.FORMAT_LABELS
    for kind in TASK_KINDS:
        for item in approaches(TaskSpec(kind=kind), workload(TaskSpec(kind=kind))):
            assert wording.approach_label(item.id) == item.label


def test_there_are_fifteen_kinds_in_sentence_case():
    assert len(words.KIND_LABELS) == 15
    assert all(label[0].isupper() and label[1:] == label[1:].lower() for label in words.KIND_LABELS.values())


def test_a_verdict_comes_with_its_numbers():
    gib = fakes.GIB
    estimate = msgspec.structs.replace(
        fakes.estimate(), memory=quantity(4.9 * gib, 4.5 * gib, 5.4 * gib), memory_free_bytes=int(7.1 * gib)
    )
    assert wording.verdict_sentence(estimate, num_context_tokens=4096) == (
        "Fits: needs about 4.9 GiB (4.5 to 5.4), 7.1 GiB free, context 4,096"
    )
    assert wording.verdict_label("fits") == "✓ Fits"
    assert wording.headroom_sentence(estimate) == "2.2 GiB of memory stay free."


@pytest.mark.parametrize(
    ("free_gib", "ending"),
    [(5.2, "; at the upper end of the range it would not fit"), (4.6, "; at the lower end of the range it would fit")],
)
def test_a_border_crossed_by_the_range_is_said(free_gib, ending):
    gib = fakes.GIB
    estimate = msgspec.structs.replace(
        fakes.estimate(), memory=quantity(4.9 * gib, 4.5 * gib, 5.4 * gib), memory_free_bytes=int(free_gib * gib)
    )
    assert wording.verdict_sentence(estimate).endswith(ending)


def test_an_unknown_verdict_says_why():
    estimate = msgspec.structs.replace(
        fakes.estimate(verdict="unknown"), memory=unknown("B", "its shape is not published"), memory_free_bytes=None
    )
    assert wording.verdict_sentence(estimate) == "Unknown: the memory need is not known: its shape is not published"
    assert wording.headroom_sentence(estimate) == ""
    free_unknown = msgspec.structs.replace(fakes.estimate(), verdict="unknown", memory_free_bytes=None)
    assert "free memory is not known" in wording.verdict_sentence(free_unknown)


def test_too_little_memory_says_how_much_is_missing():
    estimate = fakes.estimate(gib=12.0, verdict="does-not-fit", free_gib=11.0)
    assert wording.headroom_sentence(estimate) == "1 GiB of memory are missing."


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (quantity(8.1, 7.9, 8.2, "tokens/s"), "8.1 tokens/s (7.9 to 8.2)"),
        (quantity(0.9, 0.5, 1.5, "s"), "900 ms (500 ms to 1.5 s)"),
        (quantity(2.0, unit="Wh"), "2 Wh"),
        (quantity(0.5, 0.4, 0.6, "1"), "0.5 (0.4 to 0.6)"),
        (unknown("Wh", "no meter"), "no data"),
        (Quantity(value=None, low=5.0, high=20.0, unit="W", evidence="estimated", basis="band"), "5 to 20 W"),
        (quantity(20.0, 15.0, 25.0, "x real time"), "20 x real time (15 to 25)"),
    ],
)
def test_a_figure_repeats_its_unit_only_where_it_must(item, text):
    assert wording.figure(item) == text


def test_a_value_without_its_range():
    assert wording.amount(quantity(8.1, 7.9, 8.2, "tokens/s")) == "8.1 tokens/s"
    assert wording.value_range(quantity(8.1, 7.9, 8.2, "tokens/s")) == "7.9 to 8.2 tokens/s"
    assert wording.value_range(quantity(8.1)) == ""
    assert wording.amount(unknown("s", "why")) == "no data"


def test_a_probe_stands_beside_its_estimate():
    result = fakes.probe(rate=quantity(8.1, 7.9, 8.2, "tokens/s"))
    estimate = msgspec.structs.replace(fakes.estimate(), rate=quantity(9.1, 7.0, 12.0, "tokens/s"))
    assert wording.probe_sentence(result, estimate) == (
        "Measured with made-up weights: 8.1 tokens/s (7.9 to 8.2, n = 19). Estimate 9.1, 12 % high."
    )
    assert wording.probe_sentence(result) == "Measured with made-up weights: 8.1 tokens/s (7.9 to 8.2, n = 19)."
    no_range = fakes.probe(rate=quantity(8.1, unit="tokens/s"), kind="weights")
    assert wording.probe_sentence(no_range) == "Measured with the real weights: 8.1 tokens/s (n = 19)."


def test_a_probe_that_measured_nothing_says_how_it_ended():
    result = fakes.probe(outcome="killed_for_memory", message="Stopped at 7.1 GiB.")
    assert wording.probe_sentence(result, fakes.estimate()) == (
        "Stopped at 7.1 GiB. Try a shorter context, a smaller format or a smaller model."
    )
    assert wording.outcome_sentence("crashed").startswith("The probe crashed.")
    assert wording.outcome_sentence("finished") == "The probe finished."


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.12, "12 % high"), (0.88, "12 % low"), (1.01, "the same within 2 %"), (0.985, "the same within 2 %"),
        (3.1, "3.1 times as high"), (0.25, "75 % low"),
    ],
)  # fmt: skip
def test_a_difference_in_words(ratio, text):
    assert wording.difference(ratio) == text


def test_a_comparison_without_an_estimate_or_in_another_unit():
    measured = quantity(8.1, unit="tokens/s")
    assert wording.comparison_sentence(unknown("tokens/s", "why"), measured) == "There was no estimate."
    assert wording.comparison_sentence(quantity(3.0, unit="queries/s"), measured) == "Estimate 3 queries/s."
    size = quantity(2.0 * fakes.GIB)
    assert wording.comparison_sentence(size, quantity(1.5 * fakes.GIB)) == "Estimate 2 GiB, 33 % high."


def test_languages_have_names_and_unknown_codes_stay():
    assert wording.language_names(("de", "hi", "en")) == "German, Hindi and English"
    assert wording.language_name("zzz") == "zzz"
    assert wording.listed(()) == ""
    assert wording.listed(("one",)) == "one"


@pytest.mark.parametrize(
    "table",
    [
        {"de": "German"}, {"de": {"name": "German"}}, {"languages": [{"code": "de", "name": "German"}]},
        [{"code": "de", "name": "German"}],
    ],
)  # fmt: skip
def test_a_language_table_is_read_in_any_of_its_forms(table):
    assert wording._names(table) == {"de": "German"}
    assert wording._names(None) == {}


def test_counts_name_the_largest_group_first():
    text = wording.count_sentence(5120, {"disk": 3, "memory": 210, "quality": 0})
    assert text.startswith("5,120 candidates were judged. Left out, some for more than one reason: ")
    assert text.endswith(": too much memory 210, too large for the disk 3.")
    assert wording.count_sentence(2, {}) == "2 candidates were judged."


def test_one_hook_translates():
    class Loud(language.gettext.NullTranslations):
        def gettext(self, message):
            return message.upper()

    language.use(Loud())
    try:
        assert wording.verdict_word("fits") == "FITS"
    finally:
        language.use(language.gettext.NullTranslations())
    assert wording.verdict_word("fits") == "Fits"


def test_an_unknown_code_is_shown_as_it_is():
    assert wording.format_label("onnx-int4-b32") == "ONNX int4 (blocks of 32)"
    assert wording.format_label("new-format") == "new-format"
    assert wording.column_title("memory") == "Memory needed (GiB)"
