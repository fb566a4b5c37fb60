"""Figures on one scale at a time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recommend_builders import cut

from advisor.catalog import formats
from advisor.catalog.load import catalog
from advisor.catalog.model import Figure, ModelCard, ParameterFacts
from advisor.recommend import quality
from advisor.recommend.approach import approach_ids
from advisor.task.model import TASK_KINDS, TaskSpec


def model(name, *figures):
    return ModelCard(
        id=name,
        family="f",
        tasks=(),
        parameters=ParameterFacts(verification="exact", num_computed=1_000_000_000),
        quality=tuple(Figure(benchmark=b, metric=m, value=v, source="s") for b, m, v in figures),
    )


def ranked(values, metric="score"):
    models = [model(f"m{i}", ("B", metric, value)) for i, value in enumerate(values)]
    known = quality.standings(models)
    return [quality.standing(known, item.id, (("B", metric),)).rank_share for item in models]


def test_places_run_from_worst_to_best():
    assert ranked([1, 2, 3, 4, 5]) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert ranked([5, 5, 5, 5, 5]) == [0.5] * 5


def test_an_error_rate_is_better_when_lower():
    assert ranked([1, 2, 3, 4, 5], metric="WER %") == [1.0, 0.75, 0.5, 0.25, 0.0]


@given(st.lists(st.integers(0, 20), min_size=5, max_size=30))
def test_a_better_figure_never_has_a_lower_place(values):
    shares = ranked(values)
    assert all(0 <= share <= 1 for share in shares)
    for value, share in zip(values, shares, strict=True):
        for other, other_share in zip(values, shares, strict=True):
            assert (value <= other) or share >= other_share


def test_too_few_models_give_no_place():
    assert ranked([1, 2, 3, 4]) == [None] * 4


def test_same_benchmark_with_another_metric_is_another_scale():
    models = [model(f"m{i}", ("B", "a", i), ("B", "b", -i)) for i in range(5)]
    known = quality.standings(models)
    assert known["B", "a"]["m4"].rank_share == 1.0
    assert known["B", "b"]["m4"].rank_share == 0.0


def test_the_first_figure_that_gives_a_place_counts():
    models = [model(f"m{i}", ("wide", "x", i)) for i in range(5)] + [model("both", ("rare", "x", 9), ("wide", "x", 9))]
    known = quality.standings(models)
    found = quality.standing(known, "both", (("rare", "x"), ("wide", "x")))
    assert found.figure.benchmark == "wide"
    assert quality.standing(known, "both", (("rare", "x"),)).rank_share is None
    assert quality.standing(known, "m0", (("rare", "x"),)) is None


def test_needs_are_floors_and_unknown_stays_unknown():
    known = quality.standings([model(f"m{i}", ("B", "x", i)) for i in range(11)])

    def shares(need):
        return [i for i in range(11) if quality.meets(quality.standing(known, f"m{i}", (("B", "x"),)), need)]

    assert shares("any") == shares("basic") == list(range(2, 11))
    assert shares("good") == list(range(5, 11))
    assert shares("best") == [8, 9, 10]
    assert quality.meets(None, "any") is None
    rare = quality.standing(quality.standings([model("m", ("B", "x", 1))]), "m", (("B", "x"),))
    assert quality.meets(rare, "any") is True
    assert quality.meets(rare, "good") is None


@pytest.mark.parametrize(
    ("approach", "task", "first"),
    [
        ("generate", TaskSpec(kind="generation"), "Open LLM Leaderboard v2 average"),
        ("generate", TaskSpec(kind="generation", languages=("de",)), "MGSM"),
        ("generate", TaskSpec(kind="generation", text="python code"), "HumanEval"),
        ("embedder-head", TaskSpec(kind="text-classification", languages=("en",)), "MTEB(eng, v2)"),
        ("embedder-head", TaskSpec(kind="text-classification", languages=("en", "hi")), "MTEB(Multilingual, v2)"),
        ("embedder", TaskSpec(kind="sentence-embedding", languages=("de",)), "MTEB(Multilingual, v2) retrieval"),
        ("zero-shot-nli", TaskSpec(kind="text-classification", languages=("de",)), None),
        ("seq2seq", TaskSpec(kind="summarization"), "CNN/DailyMail"),
        ("seq2seq", TaskSpec(kind="summarization", languages=("de",)), None),
        ("seq2seq", TaskSpec(kind="translation", languages=("de",), target_languages=("en",)), "newstest2018 de-en"),
        ("seq2seq", TaskSpec(kind="translation"), None),
        ("asr-ctc", TaskSpec(kind="speech-recognition"), "Open ASR Leaderboard English short-form (8 sets)"),
        ("asr-seq2seq", TaskSpec(kind="speech-recognition", languages=("de",)), "FLEURS de"),
        (
            "asr-seq2seq",
            TaskSpec(kind="speech-recognition", languages=("de", "en")),
            "Open ASR Leaderboard multilingual (de,fr,it,es,pt)",
        ),
        ("asr-seq2seq", TaskSpec(kind="speech-recognition", languages=("hi",)), None),
        ("detector", TaskSpec(kind="object-detection", languages=("de",)), "COCO val2017 AP"),
        ("tts", TaskSpec(kind="speech-synthesis"), None),
    ],
)
def test_evidence_is_of_the_task_and_its_languages(approach, task, first):
    scales = quality.scales_for(approach, task)
    assert (scales[0][0] if scales else None) == first


def test_every_scale_we_look_for_is_in_the_catalog():
    """A benchmark renamed in the catalog must not silently turn into "unknown"."""
    there = set(quality.standings(catalog().models))
    asked = set()
    for kind in TASK_KINDS:
        for languages in ((), ("de",)):
            for text in ("", "python code"):
                task = TaskSpec(kind=kind, languages=languages, text=text)
                asked |= {scale for item in approach_ids(kind) for scale in quality.scales_for(item, task)}
    assert len(asked) > 30
    assert asked <= there


def test_formats_that_cost_quality():
    def low(format_id, size):
        return quality.low_bit(formats.by_id(format_id), size)

    assert low("gguf-q2_k", 70e9)
    assert low("gguf-q3_k_m", 7e9)
    assert not low("gguf-q4_k_m", 7e9)
    assert low("onnx-int4-b32", 135e6)
    assert not low("onnx-int4-b32", 500e6)
    assert not low("onnx-int8", 20e6)
    assert not low("onnx-int4-b32", None)


@pytest.mark.parametrize(
    ("format_id", "size", "words"),
    [
        ("onnx-fp32", 1e9, "this precision"),
        ("onnx-int8", 1e9, "8 bits"),
        ("gguf-q6_k", 1e9, "8 bits"),
        ("gguf-q4_k_m", 1e9, "4 bits"),
        ("gguf-q2_k", 1e9, "so few bits"),
    ],
)
def test_what_the_format_does_is_said(format_id, size, words):
    assert words in quality.format_note(formats.by_id(format_id), size)


def test_the_view_shows_the_figure_with_its_source():
    item = cut(["BAAI/bge-small-en-v1.5"]).models[0]
    scale = ("MTEB(eng, v2)", "mean over 41 tasks")
    found = quality.standing(quality.standings(catalog().models), item.id, (scale,))
    view = quality.view(found, "good", formats.by_id("onnx-int8"), item)
    assert (view.benchmark, view.metric) == scale
    assert view.value == 64.3
    assert "mteb" in view.source.lower()
    assert view.num_compared > 30
    assert view.meets_need is True
    empty = quality.view(None, "good", formats.by_id("onnx-int8"), item)
    assert empty.value is None
    assert empty.meets_need is None
    assert empty.format_note


def test_a_model_listed_twice_on_a_scale_counts_once():
    twice = msgspec.structs.replace(model("m", ("B", "x", 1), ("B", "x", 2)))
    known = quality.standings([twice])
    assert known["B", "x"]["m"].figure.value == 1
    assert known["B", "x"]["m"].num_compared == 1
