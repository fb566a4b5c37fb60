"""The smaller pieces: languages, merging, two models together, needs in words, ranking keys, what-if, published."""

import csv
import json
import math
from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np
import pytest
from recommend_builders import FLAGSHIP, GIB, build_machine, build_probe, cut, known

from advisor import resources
from advisor.catalog.load import catalog
from advisor.catalog.model import ModelCard, ParameterFacts
from advisor.energy.carbon import grid
from advisor.errors import InvalidFileError, InvalidInputError
from advisor.estimate.model import Estimate, MemoryParts
from advisor.evidence import unknown
from advisor.recommend import companion, merge, needs, published, what_if, wording
from advisor.recommend.prepared import MAX_CATALOGS, language_state, prepared
from advisor.recommend.qualify import HUB_TASKS
from advisor.recommend.rank import (
    LIKELY,
    MISSING,
    STATED,
    UNSTATED,
    Axes,
    Traits,
    by_memory,
    ranking,
    rejections,
    shown_order,
)
from advisor.task.model import TaskSpec, Workload

# ---- languages


def speaker(languages=None, number=None, tasks=("chat",), name="a/b"):
    return ModelCard(
        id=name,
        family="f",
        tasks=tasks,
        languages=languages,
        num_languages=number,
        parameters=ParameterFacts(verification="exact"),
    )


@pytest.mark.parametrize(
    ("card", "wanted", "state"),
    [
        (speaker(("en",)), set(), STATED),
        (speaker(("de", "en", "hi")), {"de", "hi"}, STATED),
        (speaker(("de", "en", "fr")), {"de", "hi"}, MISSING),
        (speaker(("en",)), {"de"}, MISSING),
        (speaker(("en",), tasks=("chat", "multilingual")), {"de"}, UNSTATED),
        (speaker(("en",), tasks=("chat", "multilingual")), {"en"}, STATED),
        (speaker(("zh",), tasks=("chat", "multilingual")), {"en"}, LIKELY),
        (speaker(None, 140), {"de"}, LIKELY),
        (speaker(None, 5), {"de"}, UNSTATED),
        (speaker(None), {"en"}, LIKELY),
        (speaker(None), {"en", "de"}, UNSTATED),
    ],
)
def test_how_sure_a_language_is(card, wanted, state):
    assert language_state(card, frozenset(wanted), None) == state


def test_a_one_way_translator_serves_one_way():
    card = speaker(("de", "en"), name="Helsinki-NLP/opus-mt-en-de")
    assert language_state(card, frozenset({"en", "de"}), ("en", "de")) == STATED
    assert language_state(card, frozenset({"en", "de"}), ("de", "en")) == MISSING
    assert language_state(card, frozenset({"de"}), (None, "de")) == STATED
    assert language_state(card, frozenset({"en"}), (None, "en")) == MISSING
    both_ways = speaker(("de", "en"), name="x/translator")
    assert language_state(both_ways, frozenset({"en", "de"}), ("de", "en")) == STATED


def test_qwen_under_reports_and_is_not_rejected():
    assert language_state(catalog().by_id("Qwen/Qwen2.5-1.5B-Instruct"), frozenset({"de"}), None) == UNSTATED


# ---- prepared catalogs


def test_a_catalog_is_prepared_once_and_few_are_kept():
    assert prepared(catalog()) is prepared(catalog())
    others = [cut(["BAAI/bge-small-en-v1.5"]) for _ in range(MAX_CATALOGS + 1)]
    first = prepared(others[0])
    for other in others:
        prepared(other)
    assert prepared(others[0]) is not first


def test_kinds_that_draw_on_the_same_models_share_a_field():
    whole = prepared(catalog())
    assert whole.field("generate", "translation") is whole.field("generate", "summarization")
    assert whole.field("generate", "generation") is not whole.field("generate", "summarization")
    assert whole.field("embedder", "reranking") is whole.field("embedder-head", "text-classification")


def test_a_field_holds_each_format_of_each_usable_model():
    field = prepared(catalog()).field("detector", "object-detection")
    usable = {card.id for card in catalog().models if set(card.tasks) & set(HUB_TASKS["detector"])}
    assert {card.id for card in field.cards} == usable
    for place, item in enumerate(field.candidates):
        assert field.cards[field.model_of[place]].id == item.model.id
        assert field.place[item.model.id, item.format.id] == place


# ---- measurements


SIZES = Workload(num_input_tokens=100, num_output_tokens=0)


def test_only_finished_probes_of_this_machine_and_device_count():
    probes = [
        build_probe("m", "f", SIZES),
        build_probe("m", "f", SIZES, outcome="crashed"),
        build_probe("m", "f", SIZES, fingerprint="elsewhere"),
        build_probe("m", "f", SIZES, device="gpu:0"),
    ]
    assert merge.measured_here(probes, "laptop", "cpu") == {("m", "f"): [probes[0]]}


def test_the_most_telling_probe_is_chosen():
    other_sizes = build_probe("m", "f", msgspec.structs.replace(SIZES, num_input_tokens=7), id="sizes", kind="weights")
    synthetic = build_probe("m", "f", SIZES, id="synthetic")
    weights = build_probe("m", "f", SIZES, id="weights", kind="weights", grade="B")
    newer = msgspec.structs.replace(weights, id="newer", created="2026-11-24T00:00:00+00:00")
    assert merge.measurement([], SIZES) is None
    assert merge.measurement([other_sizes], SIZES).view.probe_id == "sizes"
    assert merge.measurement([other_sizes], SIZES).view.same_workload is False
    assert merge.measurement([other_sizes, synthetic], SIZES).view.probe_id == "synthetic"
    assert merge.measurement([other_sizes, weights, synthetic], SIZES).view.probe_id == "weights"
    assert merge.measurement([weights, newer], SIZES).view.probe_id == "newer"


def test_sizes_are_the_same_whatever_was_assumed():
    assert merge.same_sizes(
        SIZES, msgspec.structs.replace(SIZES, assumed_fields=("num_batch",), num_queries_per_day=5.0)
    )
    assert not merge.same_sizes(SIZES, msgspec.structs.replace(SIZES, num_passes=2))


def test_a_probe_that_measured_nothing_is_excluded_evidence():
    empty = build_probe("m", "f", SIZES, peak_memory=unknown("B", "x"), rate=unknown("1/s", "x"))
    assert merge.measurement([empty], SIZES).view.evidence == "excluded"


def test_an_unknown_measured_figure_leaves_the_estimate_and_energy_follows_the_time():
    columns = axes(2, memory_bytes=[1.0, 2.0], energy_wh=[3.0, 4.0])
    item = merge.measurement([build_probe("m", "f", SIZES, peak_memory=unknown("B", "x"), time_s=0.5)], SIZES)
    merge.apply(columns, 1, item, 10)
    assert columns.memory_bytes.tolist() == [1.0, 2.0]
    assert columns.energy_wh.tolist() == [3.0, 2.0], "half the time at the same power"
    assert columns.time_s.tolist() == [1.0, 0.5]


# ---- two models together


def estimate(name="m", memory=(10.0, 5.0, 2.0, 3.0), time_s=1.0, energy_wh=2.0, free=100):
    total, weights, work, runtime = memory
    return Estimate(
        model=name,
        format="onnx-int8",
        device="cpu",
        verdict="fits",
        memory=known(total, "B"),
        memory_parts=MemoryParts(
            weights=known(weights, "B"),
            cache=known(0.0, "B"),
            activations=known(work, "B"),
            runtime=known(runtime, "B"),
        ),
        memory_free_bytes=free,
        headroom_share=None,
        num_parameters=1000,
        download_bytes=known(weights, "B"),
        flops_per_query=known(7.0, "FLOP"),
        bytes_per_query=known(8.0, "B"),
        time_to_first_token=known(time_s, "s"),
        time_per_token=unknown("s", "none"),
        time_per_query=known(time_s, "s") if time_s else unknown("s", "not sourced"),
        rate=known(1.0, "queries/s"),
        energy_per_1000_queries=known(energy_wh, "Wh"),
        max_context_tokens=512,
    )


def test_two_models_share_the_runtime_and_add_the_rest():
    pair = companion.combined(estimate("ranker"), estimate("finder", time_s=3.0))
    assert pair.model == "ranker"
    assert pair.memory.value == 17.0
    assert pair.memory_parts.runtime.value == 3.0
    assert pair.time_per_query.value == 4.0
    assert pair.energy_per_1000_queries.value == 4.0
    assert pair.rate.value == 0.25
    assert pair.headroom_share == pytest.approx(0.83)
    assert (pair.memory.low, pair.memory.high) == (pytest.approx(16.15), pytest.approx(17.85))
    assert companion.extra_memory(estimate()) == 7.0


def test_the_verdict_is_of_both_together():
    assert companion.combined(estimate(free=18), estimate()).verdict == "tight"
    assert companion.combined(estimate(free=16), estimate()).verdict == "does-not-fit"
    blind = companion.combined(estimate(free=None), estimate())
    assert blind.verdict == "unknown"
    assert blind.headroom_share is None


def test_an_unknown_part_makes_the_sum_unknown():
    pair = companion.combined(estimate(), estimate(time_s=0))
    assert pair.time_per_query.value is None
    assert pair.time_per_query.basis == "not sourced"
    assert pair.rate.value is None
    first = companion.combined(estimate(time_s=0), estimate())
    assert first.time_per_query.basis == "not sourced"
    bare = msgspec.structs.replace(
        estimate(), memory_parts=msgspec.structs.replace(estimate().memory_parts, cache=unknown("B", "x"))
    )
    assert companion.extra_memory(bare) is None


def test_a_sum_without_ranges_keeps_its_value():
    exact = msgspec.structs.replace(known(2.0, "s"), low=None, high=None)
    item = msgspec.structs.replace(estimate(), time_per_query=exact)
    pair = companion.combined(item, item)
    assert (pair.time_per_query.low, pair.time_per_query.value, pair.time_per_query.high) == (4.0, 4.0, 4.0)


# ---- needs


def facts(**changes):
    given = {
        "model": "m",
        "licence": "cc-by-nc-4.0",
        "missing_languages": ("German",),
        "memory_bytes": 8.0 * GIB,
        "memory_free_bytes": 4.0 * GIB,
        "download_bytes": 2.0 * GIB,
        "time_s": 3.0,
        "num_context_tokens": 512.0,
        "num_needed_tokens": 2000,
        "quality": "B 1",
        "why_not_approach": "You have no examples.",
    }
    return needs.Facts(**{**given, **changes})


def test_each_need_has_its_sentence():
    task = TaskSpec(
        kind="generation", max_latency_s=1.0, max_disk_bytes=GIB, licence_need="commercial", quality_need="good"
    )
    limits = needs.limits(task, 100 * GIB)
    everything = (1 << len(needs.CODES)) - 1
    told = {item.code: item.text for item in needs.sentences(everything, facts(), limits)}
    assert list(told) == list(needs.CODES)
    assert told["licence"] == "Its licence, cc-by-nc-4.0, does not allow commercial use."
    assert told["memory"] == "It needs about 8 GiB of memory; 4 GiB are free."
    assert told["disk"] == "The download is 2 GiB; your limit is 1 GiB."
    assert told["latency"] == "One query would take about 3 s; you asked for 1 s."
    assert told["context"] == "It reads at most 512 tokens; a query needs 2,000."
    assert told["language"] == "Its card does not list German."
    assert needs.sentences(0, facts(), limits) == ()


def test_sentences_without_numbers_stay_sentences():
    limits = needs.limits(TaskSpec(kind="generation", max_memory_bytes=GIB), GIB)
    everything = (1 << len(needs.CODES)) - 1
    blank = facts(licence=None, memory_bytes=math.nan, time_s=math.nan, missing_languages=())
    told = {item.code: item.text for item in needs.sentences(everything, blank, limits)}
    assert (
        told["licence-unknown"] == "Its licence is not known to allow commercial use; read its card before you use it."
    )
    assert told["language"] == "It translates the other way round."
    assert "nan" not in " ".join(told.values())
    within = {item.code: item.text for item in needs.sentences(everything, facts(), limits)}
    assert within["memory"] == "It needs about 8 GiB of memory; your limit is 1 GiB."


def test_the_smaller_of_disk_limit_and_free_disk_counts():
    named = needs.limits(TaskSpec(kind="generation", max_disk_bytes=5), 10)
    free = needs.limits(TaskSpec(kind="generation", max_disk_bytes=50), 10)
    none = needs.limits(TaskSpec(kind="generation"), None)
    assert (named.disk_bytes, named.disk_named) == (5.0, True)
    assert (free.disk_bytes, free.disk_named) == (10.0, False)
    assert (none.disk_bytes, none.disk_named) == (math.inf, False)


def test_every_need_has_a_name():
    bare = needs.limits(TaskSpec(kind="generation"), None)
    named = needs.limits(TaskSpec(kind="generation", max_memory_bytes=1, max_disk_bytes=1, max_latency_s=2.0), 5)
    assert all(needs.need_words(code, limits) for code in needs.CODES for limits in (bare, named))
    assert needs.need_words("latency", named) == "the time limit of 2 s"
    assert needs.need_words("memory", bare) == "the memory of this computer"
    assert needs.need_words("memory", named) == "the memory limit"


# ---- ranking


def axes(count, **columns):
    def column(name, default, kind):
        return np.array(columns.get(name, [default] * count), dtype=kind)

    return Axes(
        verdict=column("verdict", 0, np.int64),
        memory_bytes=column("memory_bytes", 1.0, float),
        least_memory_bytes=column("least_memory_bytes", 1.0, float),
        time_s=column("time_s", 1.0, float),
        first_token_s=column("first_token_s", 1.0, float),
        rate=column("rate", 1.0, float),
        energy_wh=column("energy_wh", 1.0, float),
        energy_doubt=column("energy_doubt", np.nan, float),
        download_bytes=column("download_bytes", 1.0, float),
        evidence=column("evidence", 3, np.int64),
    )


def traits(count, **columns):
    def column(name, default, kind):
        return np.array(columns.get(name, [default] * count), dtype=kind)

    return Traits(
        parameters=column("parameters", 1e9, float),
        num_context_tokens=column("num_context_tokens", 512, float),
        commercial=column("commercial", 1, np.int64),
        language=column("language", STATED, np.int64),
        doubtful_format=column("doubtful_format", False, bool),
        quality_share=column("quality_share", 0.5, float),
        quality_value=column("quality_value", 1.0, float),
        scale=column("scale", 0, np.int64),
        tier=column("tier", 0, np.int64),
        possible=column("possible", True, bool),
    )


NONE_MISSING = np.zeros(2, bool)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"tier": [1, 0]}, {"energy_wh": [1.0, 100.0]}),
        ({"tier": [2, 1]}, {"energy_wh": [1.0, 100.0]}),
        ({"language": [UNSTATED, LIKELY]}, {"energy_wh": [1.0, 100.0]}),
        ({"doubtful_format": [True, False]}, {"energy_wh": [1.0, 100.0]}),
        ({}, {"verdict": [1, 0], "energy_wh": [1.0, 100.0]}),
        ({}, {"energy_wh": [2.0, 1.0], "time_s": [1.0, 5.0]}),
        ({}, {"energy_wh": [math.nan, 9.0]}),
        ({}, {"energy_wh": [1.001, 1.0], "time_s": [2.0, 1.0]}),
        ({}, {"time_s": [2.0, 1.0], "memory_bytes": [1.0, 9.0]}),
        ({}, {"memory_bytes": [2.0, 1.0]}),
        ({}, {"memory_bytes": [math.nan, math.nan], "least_memory_bytes": [2.0, 1.0]}),
    ],
)
def test_what_decides_the_rank(worse, better):
    order = ranking(traits(2, **worse), axes(2, **better), np.zeros(2, np.uint16), NONE_MISSING)
    assert order.tolist() == [1, 0]


def test_one_known_time_does_not_make_a_large_model_the_least():
    known_large = axes(3, time_s=[math.nan, 1.0, math.nan], energy_wh=[math.nan, 1.0, math.nan], memory_bytes=[1, 9, 2])
    nobody = np.zeros(3, np.uint16)
    assert by_memory(known_large, nobody)
    assert ranking(traits(3), known_large, nobody, np.zeros(3, bool)).tolist() == [0, 2, 1]
    mostly = axes(3, time_s=[math.nan, 1.0, 2.0], energy_wh=[math.nan, 1.0, 2.0], memory_bytes=[1, 9, 2])
    assert not by_memory(mostly, nobody)
    assert ranking(traits(3), mostly, nobody, np.zeros(3, bool)).tolist() == [1, 2, 0]
    assert by_memory(mostly, np.array([0, 1, 1], np.uint16))


def test_needs_and_proof_come_before_all_else():
    good, cheap = traits(2, tier=[0, 2]), axes(2, energy_wh=[1.0, 9.0])
    assert ranking(good, cheap, np.array([1, 0], np.uint16), NONE_MISSING).tolist() == [1, 0]
    assert ranking(good, cheap, np.zeros(2, np.uint16), np.array([True, False])).tolist() == [1, 0]


def test_equal_candidates_keep_their_order():
    assert ranking(traits(5), axes(5), np.zeros(5, np.uint16), np.zeros(5, bool)).tolist() == [0, 1, 2, 3, 4]


def test_the_table_shows_verdicts_first():
    verdict, mask = np.array([1, 0, 0, 3]), np.array([0, 0, 4, 1], np.uint16)
    assert shown_order(np.array([0, 1, 2, 3]), verdict, mask).tolist() == [1, 0, 2, 3]


def test_unknown_numbers_are_not_held_against_a_candidate():
    task = TaskSpec(kind="generation", max_latency_s=1.0, max_disk_bytes=1)
    blank = axes(1, time_s=[math.nan], download_bytes=[math.nan], memory_bytes=[math.nan])
    assert rejections(traits(1), blank, needs.limits(task, None), 3).tolist() == [0]
    strict = needs.limits(TaskSpec(kind="generation", max_memory_bytes=1), None)
    assert rejections(traits(1), blank, strict, 3).tolist() == [needs.bit("unknown-memory")]


# ---- what if


def test_a_year_of_use_keeps_range_and_evidence():
    use = what_if.yearly(known(2.0, "Wh", "estimated"), 500, grid("DEU"))
    assert use.energy.value == pytest.approx(0.365)
    assert use.energy.low == pytest.approx(0.365 * 0.95)
    assert use.energy.unit == "kWh"
    assert use.energy.evidence == "estimated"
    assert use.carbon.value == pytest.approx(0.365 * grid("DEU").g_per_kwh.value)
    assert use.carbon.unit == "g"


def test_a_year_without_country_or_energy_is_excluded():
    assert what_if.yearly(known(2.0, "Wh"), 500, None).carbon.value is None
    nothing = what_if.yearly(unknown("Wh", "no meter"), 500, grid("DEU"))
    assert nothing.energy.value is None
    assert nothing.carbon.value is None
    exact = msgspec.structs.replace(known(2.0, "Wh"), low=None, high=None)
    assert what_if.yearly(exact, 1, None).energy.low is None


@pytest.mark.parametrize("number", [-1, math.inf, math.nan])
def test_an_impossible_number_of_queries_is_refused(number):
    with pytest.raises(InvalidInputError) as caught:
        what_if.yearly(known(2.0, "Wh"), number, None)
    assert caught.value.code == "queries-invalid"


def test_more_memory_lets_more_in():
    task = TaskSpec(kind="generation", quality_need="best", languages=("en",))
    steps = what_if.memory_steps(task, build_machine(), [GIB // 20, 64 * GIB])
    assert steps[0].model is None
    assert "the memory of this computer" in steps[0].why_no_pick
    assert steps[1].model is not None
    assert steps[1].format is not None


def test_other_memory_is_planned_for_and_named():
    answer = what_if.with_memory(FLAGSHIP, build_machine(memory_gib=64), 2 * GIB)
    free = answer.row(0).estimate.memory_free_bytes
    assert 0 < free <= 2 * GIB
    assert answer.summary.machine.memory.total_bytes.origin == "override"


# ---- published figures


def test_the_published_table_obeys_the_star_rule():
    """Five equal bins of [least, most] in each cohort give back every star: 90 of 90."""
    cohorts = defaultdict(list)
    for item in published.published():
        cohorts[item.task, item.size_class, item.test_date].append(item)
    starred = 0
    for items in cohorts.values():
        energies = [item.gpu_energy_wh for item in items]
        low, width = min(energies), (max(energies) - min(energies)) / 5 or 1.0
        for item in items:
            if item.stars is not None:
                starred += 1
                assert item.stars == 5 - min(4, int((item.gpu_energy_wh - low) / width)), item.model
    assert starred == 90
    assert len(published.published()) == 94


def test_published_figures_are_found_by_name():
    found = published.of_model("HuggingFaceTB/SmolLM-135M")
    assert [(item.gpu_energy_wh, item.stars) for item in found] == [(pytest.approx(7.28, abs=0.01), 4)]
    assert published.of_model("nobody/nothing") == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(schema_version=9),
        lambda t: t["results"][0].update(gpu_energy_wh=-1.0),
        lambda t: t["results"][0].pop("model"),
    ],
)
def test_a_damaged_table_names_file_and_field(change):
    table = json.loads(resources.read(published.FILE_NAME))
    change(table)
    with pytest.raises(InvalidFileError) as caught:
        published.parse(json.dumps(table).encode())
    assert caught.value.code == "published-energy-invalid"
    assert published.FILE_NAME in caught.value.message
    assert "$." in caught.value.message


def test_the_build_script_gives_back_the_shipped_table(tmp_path):
    import runpy

    script = Path(__file__).parents[3] / "packaging" / "energy" / "build_published.py"
    table = json.loads(resources.read(published.FILE_NAME))
    names = {
        "task": "task",
        "class": "size_class",
        "test_date": "test_date",
        "reasoning": "reasoning",
        "model": "model",
        "gpu_wh_per_1000_queries": "gpu_energy_wh",
        "stars": "stars",
        "source": "source",
    }
    facts_file = tmp_path / "facts.csv"
    with facts_file.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(names))
        writer.writeheader()
        for row in table["results"]:
            given = {column: "" if row[field] is None else row[field] for column, field in names.items()}
            writer.writerow({**given, "task": row["task"].replace("-", "_")})
    script_names = runpy.run_path(str(script))
    assert script_names["build"](facts_file, table["as_of"]).encode() == resources.read(published.FILE_NAME)
    facts_file.write_text(facts_file.read_text("utf-8").replace("1.313", "0.001313"), "utf-8")
    with pytest.raises(ValueError, match="gpu_wh_per_1000_queries"):
        script_names["build"](facts_file, table["as_of"])


# ---- words


def test_small_words():
    assert wording.listed(()) == ""
    assert wording.listed(("a",)) == "a"
    assert wording.listed(("a", "b", "c"), "or") == "a, b or c"
    assert wording.share_of(2.34, "energy") == "2.3 times the energy"
    assert wording.share_of(0.08, "energy") == "8 % of the energy"
    assert wording.share_of(1.02, "energy") == "about the same energy"
    assert wording.candidates(1) == "1 candidate"
    assert wording.models(1200) == "1,200 models"
    assert wording.language_name("de") == "German"
    assert wording.language_name("zz") == "zz"


def test_a_missing_language_table_leaves_codes(monkeypatch):
    monkeypatch.setattr(wording, "_LANGUAGE_TABLE", "presets/none.json")
    wording._language_names.cache_clear()
    try:
        assert wording.language_name("de") == "de"
    finally:
        wording._language_names.cache_clear()
