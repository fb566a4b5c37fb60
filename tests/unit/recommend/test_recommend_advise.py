"""Recommendations end to end on the shipped catalog: what is picked, what never is, and that rows match columns."""

import math

import msgspec
import numpy as np
import pytest
from recommend_builders import FLAGSHIP, GIB, build_machine, build_probe, cut

from advisor.catalog import query
from advisor.catalog.load import catalog
from advisor.errors import NotFoundError
from advisor.estimate.model import VERDICTS
from advisor.recommend.advise import advise
from advisor.recommend.model import Rejection
from advisor.recommend.needs import CODES
from advisor.task.model import TASK_KINDS, TaskSpec


def picked(answer):
    return answer.row(answer.pick.index)


def test_the_flagship_weighs_three_approaches_and_picks_a_small_model(flagship):
    row = picked(flagship)
    assert {item.id for item in flagship.summary.approaches} >= {"embedder-head", "zero-shot-nli", "generate"}
    assert row.approach == "embedder-head"
    assert row.estimate.num_parameters < 600e6
    assert {"de", "hi"} <= set(row.languages)
    assert row.verdict == "fits"
    assert row.estimate.time_per_query.value <= 1.0
    assert row.quality.meets_need is True
    told = " ".join(flagship.pick.reason.caveats)
    assert "48 for 6 labels" in told
    assert "Without examples" in told
    assert "Zero-shot classifier" in told
    assert "500 queries a day" in told


def test_the_pick_needs_the_least_energy_of_all_that_are_as_good(flagship):
    data, best = flagship.data, flagship.pick.index
    alike = (
        (data.mask == 0)
        & ~data.unproven
        & (data.traits.tier == data.traits.tier[best])
        & (data.traits.language <= 1)
        & (data.traits.doubtful_format == data.traits.doubtful_format[best])
        & (data.axes.verdict == data.axes.verdict[best])
    )
    assert alike.sum() > 10
    least = np.nanmin(data.axes.energy_wh[alike])
    assert data.axes.energy_wh[best] <= least * 1.005


def test_without_examples_another_way_is_picked(laptop):
    answer = advise(msgspec.structs.replace(FLAGSHIP, num_labelled_examples=0), laptop)
    head = next(item for item in answer.summary.approaches if item.id == "embedder-head")
    assert not head.possible
    assert "48" in head.why_not
    assert picked(answer).approach in {"zero-shot-nli", "generate"}
    rejected = [answer.row(i) for i in range(len(answer)) if answer.row(i).approach == "embedder-head"]
    assert all("approach" in {r.code for r in row.rejections} for row in rejected)


@pytest.mark.parametrize("kind", TASK_KINDS)
@pytest.mark.parametrize("gib", [4.0, 16.0])
def test_the_pick_never_needs_more_memory_than_there_is(kind, gib):
    answer = advise(TaskSpec(kind=kind, num_labels=4), build_machine(memory_gib=gib))
    assert len(answer) > 0
    assert answer.pick is not None
    row = picked(answer)
    assert row.verdict != "does-not-fit"
    needed = row.estimate.memory.value or row.estimate.memory.low
    assert needed <= row.estimate.memory_free_bytes <= gib * GIB


def test_what_does_not_fit_is_rejected_and_comes_last(laptop):
    answer = advise(TaskSpec(kind="generation"), laptop)
    ordered = [answer.row(int(i)) for i in answer.order]
    verdicts = [VERDICTS.index(row.verdict) for row in ordered if not row.rejections]
    assert verdicts == sorted(verdicts)
    flags = [bool(row.rejections) for row in ordered]
    assert flags == sorted(flags)
    assert all("memory" in {r.code for r in row.rejections} for row in ordered if row.verdict == "does-not-fit")


def test_a_commercial_need_rejects_forbidden_and_unknown_licences(laptop):
    answer = advise(TaskSpec(kind="sentence-embedding", licence_need="commercial"), laptop)
    rows = [answer.row(i) for i in range(len(answer))]
    by_code = {
        code: {r.model for r in rows if code in {x.code for x in r.rejections}}
        for code in ("licence", "licence-unknown")
    }
    assert "jinaai/jina-embeddings-v3" in by_code["licence"]
    assert all(query.commercial_use(r.licence) is True for r in rows if not r.rejections)
    assert all(query.commercial_use(catalog().by_id(m).licence) is None for m in by_code["licence-unknown"])
    assert query.commercial_use(picked(answer).licence) is True
    free = advise(TaskSpec(kind="sentence-embedding"), laptop)
    assert "licence" not in free.summary.num_rejected


def test_impossible_needs_give_no_pick_and_say_which_need_to_relax(laptop):
    task = TaskSpec(kind="generation", languages=("en",), max_latency_s=0.0001)
    answer = advise(task, laptop)
    assert answer.pick is None
    assert answer.alternatives(3) == ()
    assert "without the time limit of 100 µs there would be" in answer.summary.why_no_pick
    number = int(answer.summary.why_no_pick.split("there would be ")[1].split(" ")[0].replace(",", ""))
    relaxed = advise(msgspec.structs.replace(task, max_latency_s=None), laptop)
    usable = relaxed.data.mask == 0
    # What has no known time is not held against the limit, so it is in both.
    assert number == int(usable.sum()) - int((answer.data.mask == 0).sum())


def test_two_needs_at_once_are_both_named(laptop):
    task = TaskSpec(kind="translation", languages=("tlh",), target_languages=("en",), max_latency_s=1e-5)
    answer = advise(task, laptop, catalog=cut(["Helsinki-NLP/opus-mt-de-en", "Helsinki-NLP/opus-mt-en-de"]))
    assert answer.pick is None
    assert "dropping one need would not help" in answer.summary.why_no_pick
    assert "the languages" in answer.summary.why_no_pick
    assert "the time limit" in answer.summary.why_no_pick


def test_a_catalog_without_models_for_the_task_says_so(laptop):
    answer = advise(TaskSpec(kind="speech-synthesis"), laptop, catalog=cut(["BAAI/bge-small-en-v1.5"]))
    assert len(answer) == 0
    assert answer.pick is None
    assert answer.order.tolist() == []
    assert answer.summary.why_no_pick == "The catalog has no model for this task."


def test_the_disk_and_the_memory_limit_are_hard_needs(laptop):
    task = TaskSpec(kind="generation", max_disk_bytes=500 * 1024**2, max_memory_bytes=1 * GIB)
    answer = advise(task, laptop)
    row = picked(answer)
    assert row.estimate.download_bytes.value <= 500 * 1024**2
    assert row.estimate.memory.value <= GIB
    texts = {x.code: x.text for i in range(len(answer)) for x in answer.row(i).rejections}
    assert "your limit is 500 MiB" in texts["disk"]
    assert "your limit is 1 GiB" in texts["memory"]
    small_disk = advise(TaskSpec(kind="generation"), build_machine(disk_gib=0.25))
    told = {x.text for i in range(len(small_disk)) for x in small_disk.row(i).rejections if x.code == "disk"}
    assert all("free on the disk are 256 MiB" in text for text in told)
    assert told


def test_a_named_quality_need_rejects_what_is_known_to_be_below_it(laptop):
    answer = advise(TaskSpec(kind="generation", languages=("en",), quality_need="best"), laptop)
    rows = [answer.row(i) for i in range(len(answer))]
    for row in rows:
        below = row.quality.rank_share is not None and row.quality.rank_share < 0.8
        assert ("quality" in {x.code for x in row.rejections}) == below
    assert picked(answer).quality.rank_share >= 0.8


def test_no_quality_need_still_passes_over_the_lowest_fifth(laptop):
    answer = advise(TaskSpec(kind="sentence-embedding", languages=("en",)), laptop)
    assert "quality" not in answer.summary.num_rejected
    assert picked(answer).quality.rank_share >= 0.2
    weak = [r for r in map(answer.row, range(len(answer))) if r.quality.meets_need is False and not r.rejections]
    assert weak
    assert all(row.rank > picked(answer).rank for row in weak)


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_rows_made_late_equal_the_columns(kind, laptop):
    answer = advise(TaskSpec(kind=kind, languages=("en",), num_labels=4), laptop, region="DEU")
    columns = {name: answer.column(name) for name in _READERS}
    step = max(1, len(answer) // 60)
    for index in range(0, len(answer), step):
        row = answer.row(index)
        assert row is answer.row(index)
        assert row.index == index
        for name, read in _READERS.items():
            expected, found = read(row), columns[name][index]
            if expected is None:
                assert math.isnan(found), name
            elif isinstance(expected, str):
                assert found == expected
            else:
                assert found == pytest.approx(expected), name


_READERS = {
    "verdict": lambda row: VERDICTS.index(row.verdict),
    "model": lambda row: row.model,
    "format": lambda row: row.format,
    "approach": lambda row: row.approach,
    "licence": lambda row: row.licence or "",
    "memory": lambda row: row.estimate.memory.value,
    "rate": lambda row: row.estimate.rate.value,
    "time_to_first_token": lambda row: row.estimate.time_to_first_token.value,
    "time_per_query": lambda row: row.estimate.time_per_query.value,
    "energy": lambda row: row.energy_per_1000_queries.value,
    "carbon": lambda row: row.carbon_per_1000_queries.value,
    "quality": lambda row: row.quality.rank_share,
    "parameters": lambda row: row.estimate.num_parameters,
    "download": lambda row: row.estimate.download_bytes.value,
    "max_context": lambda row: row.estimate.max_context_tokens,
    "rank": lambda row: row.rank,
    "rejected": lambda row: bool(row.rejections),
}


def test_ranks_are_one_to_n_and_the_pick_is_one(flagship):
    ranks = [flagship.row(i).rank for i in range(len(flagship))]
    usable = sorted(rank for rank in ranks if rank is not None)
    assert usable == list(range(1, len(usable) + 1))
    assert picked(flagship).rank == 1
    assert len(flagship) - len(usable) == int((flagship.data.mask != 0).sum())


def test_the_order_is_the_same_each_time(laptop, flagship):
    again = advise(FLAGSHIP, laptop)
    assert again.order.tolist() == flagship.order.tolist()
    assert again.pick == flagship.pick
    assert sorted(again.order.tolist()) == list(range(len(again)))


def test_alternatives_are_other_models_that_meet_the_needs(flagship):
    rows = flagship.alternatives(5)
    names = [row.model for row in rows]
    assert len(set(names)) == 5
    assert picked(flagship).model not in names
    assert [row.rank for row in rows] == sorted(row.rank for row in rows)
    assert not any(row.rejections for row in rows)


def test_a_row_outside_is_an_error(flagship):
    for index in (-1, len(flagship)):
        with pytest.raises(IndexError):
            flagship.row(index)
    with pytest.raises(KeyError):
        flagship.column("beauty")


def test_carbon_is_excluded_until_a_country_is_chosen(laptop, flagship):
    assert picked(flagship).carbon_per_1000_queries.value is None
    assert np.isnan(flagship.column("carbon")).all()
    german = picked(advise(FLAGSHIP, laptop, region="DEU"))
    french = picked(advise(msgspec.structs.replace(FLAGSHIP, region="FRA"), laptop, region="DEU"))
    assert german.carbon_per_1000_queries.value > french.carbon_per_1000_queries.value > 0
    with pytest.raises(NotFoundError):
        advise(FLAGSHIP, laptop, region="Atlantis")


def test_figures_of_different_scales_are_never_compared(laptop):
    """Each front holds for one scale: changing the figures of one scale leaves the fronts of the others alone."""
    task = TaskSpec(kind="image-classification", num_labels=None)
    names = ["facebook/deit-tiny-patch16-224", "facebook/deit-base-patch16-224", "openai/clip-vit-base-patch32"]
    before = advise(task, laptop, catalog=cut(names))
    clip = catalog().by_id(names[2])
    better = tuple(msgspec.structs.replace(figure, value=99.0) for figure in clip.quality)
    after = advise(task, laptop, catalog=cut(names, **{names[2]: msgspec.structs.replace(clip, quality=better)}))
    for old, new in zip(map(before.row, range(len(before))), map(after.row, range(len(after))), strict=True):
        if old.model != names[2]:
            assert old.pareto == new.pareto
            assert old.quality == new.quality


def test_a_unknown_memory_size_of_the_machine_still_gives_a_pick():
    answer = advise(FLAGSHIP, build_machine(memory_gib=None))
    row = picked(answer)
    assert row.verdict == "unknown"
    assert row.approach == "embedder-head"
    assert any("not known" in text for text in answer.pick.reason.caveats)


def test_a_measurement_of_the_same_sizes_takes_the_place_of_the_estimate(laptop, flagship):
    best = picked(flagship)
    workload = next(a.workload for a in flagship.summary.approaches if a.id == best.approach)
    slow = build_probe(best.model, best.format, workload, time_s=0.9, memory_bytes=7e9, energy_wh=5.0)
    answer = advise(FLAGSHIP, laptop, probes=(slow,))
    row = answer.row(best.index)
    assert row.measured.same_workload
    assert row.measured.evidence == row.evidence == "measured-synthetic"
    assert row.energy_per_1000_queries.value == 5.0
    assert row.estimate == best.estimate
    assert answer.column("memory")[best.index] == 7e9
    assert answer.column("time_per_query")[best.index] == 0.9
    assert picked(answer).index != best.index
    told = advise(FLAGSHIP, laptop, probes=(msgspec.structs.replace(slow, fingerprint="elsewhere"),))
    assert told.row(best.index).measured is None


def test_a_measurement_can_show_that_it_does_not_fit(laptop, flagship):
    best = picked(flagship)
    workload = next(a.workload for a in flagship.summary.approaches if a.id == best.approach)
    huge = build_probe(best.model, best.format, workload, memory_bytes=40e9)
    row = advise(FLAGSHIP, laptop, probes=(huge,)).row(best.index)
    assert row.verdict == "does-not-fit"
    assert row.estimate.verdict == "fits"
    assert [x.code for x in row.rejections] == ["memory"]


def test_a_measurement_of_other_sizes_is_shown_and_not_ranked(laptop, flagship):
    best = picked(flagship)
    workload = next(a.workload for a in flagship.summary.approaches if a.id == best.approach)
    other = build_probe(best.model, best.format, msgspec.structs.replace(workload, num_input_tokens=7), time_s=0.9)
    answer = advise(FLAGSHIP, laptop, probes=(other,))
    assert answer.row(best.index).measured.same_workload is False
    assert answer.pick.index == best.index
    assert answer.column("time_per_query")[best.index] == flagship.column("time_per_query")[best.index]


def test_a_reranker_carries_the_costs_of_its_embedder(laptop):
    task = TaskSpec(kind="sentence-embedding", languages=("en",))
    answer = advise(task, laptop)
    rows = [answer.row(i) for i in range(len(answer))]
    helper = min((r for r in rows if r.approach == "embedder" and r.rank), key=lambda r: r.rank)
    pair = next(r for r in rows if r.model == "cross-encoder/ms-marco-MiniLM-L6-v2" and r.format == "onnx-int8")
    alone = advise(TaskSpec(kind="reranking", languages=("en",), num_documents=20), laptop)
    single = next(
        r
        for r in map(alone.row, range(len(alone)))
        if (r.model, r.format, r.approach) == (pair.model, pair.format, "reranker")
    )
    assert pair.approach == "embedder-reranker"
    assert any(helper.model in text for text in pair.estimate.not_modelled)
    assert pair.estimate.download_bytes.value == pytest.approx(
        single.estimate.download_bytes.value + helper.estimate.download_bytes.value
    )
    assert pair.estimate.memory.value > max(single.estimate.memory.value, helper.estimate.memory.value)
    assert pair.estimate.memory.value < single.estimate.memory.value + helper.estimate.memory.value
    assert answer.column("memory")[pair.index] == pytest.approx(pair.estimate.memory.value)
    assert pair.estimate.rate.value == pytest.approx(1 / pair.estimate.time_per_query.value)


def test_a_measured_time_changes_the_energy_with_it(laptop):
    """Without a meter the power stays estimated, but the time is no longer guessed."""
    answer = advise(FLAGSHIP, laptop)
    best = answer.row(answer.pick.index)
    workload = next(item.workload for item in answer.summary.approaches if item.id == best.approach)
    before = best.estimate.time_per_query
    probe = build_probe(best.model, best.format, workload, time_s=3 * before.value)
    told = advise(FLAGSHIP, laptop, probes=(probe,))
    row = told.row(best.index)
    guess = best.estimate.energy_per_1000_queries
    assert row.energy_per_1000_queries.value == pytest.approx(3 * guess.value)
    assert told.column("energy")[best.index] == pytest.approx(3 * guess.value)
    width = row.energy_per_1000_queries.high / row.energy_per_1000_queries.low
    assert 1 < width < guess.high / guess.low, "the range lost what the time was uncertain by"
    assert "measured here" in row.energy_per_1000_queries.basis
    assert row.energy_per_1000_queries.evidence == guess.evidence
    other = build_probe(best.model, best.format, msgspec.structs.replace(workload, num_input_tokens=7), time_s=9.0)
    assert advise(FLAGSHIP, laptop, probes=(other,)).row(best.index).energy_per_1000_queries == guess


def test_a_measured_reranker_says_nothing_of_the_pair(laptop):
    name = "cross-encoder/ms-marco-MiniLM-L6-v2"
    task = TaskSpec(kind="sentence-embedding", languages=("en",))
    plain = advise(task, laptop, catalog=cut(["BAAI/bge-small-en-v1.5", name]))
    workload = next(a.workload for a in plain.summary.approaches if a.id == "embedder-reranker")
    probe = build_probe(name, "onnx-int8", workload, time_s=1e-6)
    measured = advise(task, laptop, catalog=cut(["BAAI/bge-small-en-v1.5", name]), probes=(probe,))
    assert measured.column("time_per_query").tolist() == plain.column("time_per_query").tolist()
    assert all(measured.row(i).measured is None for i in range(len(measured)) if measured.row(i).model == name)


def test_without_a_usable_embedder_the_pair_is_impossible(laptop):
    task = TaskSpec(kind="sentence-embedding", languages=("tlh",))
    models = ["BAAI/bge-small-en-v1.5", "cross-encoder/ms-marco-MiniLM-L6-v2"]
    answer = advise(task, laptop, catalog=cut(models))
    pair = next(item for item in answer.summary.approaches if item.id == "embedder-reranker")
    assert not pair.possible
    rows = [answer.row(i) for i in range(len(answer)) if answer.row(i).approach == "embedder-reranker"]
    assert {"approach", "language"} <= {x.code for x in rows[0].rejections}
    assert answer.pick is None


def test_rerankers_alone_find_nothing(laptop):
    answer = advise(TaskSpec(kind="sentence-embedding"), laptop, catalog=cut(["cross-encoder/ms-marco-MiniLM-L6-v2"]))
    assert answer.pick is None
    assert {x.code for x in answer.row(0).rejections} == {"approach"}
    assert "No embedder meets the needs" in answer.summary.why_no_pick
    assert "there would be" not in answer.summary.why_no_pick


def test_a_pair_on_a_machine_of_unknown_memory_stays_unknown():
    answer = advise(TaskSpec(kind="sentence-embedding"), build_machine(memory_gib=None))
    pair = next(r for r in map(answer.row, range(len(answer))) if r.approach == "embedder-reranker")
    assert pair.verdict == pair.estimate.verdict == "unknown"


def test_alternatives_end_with_the_candidates(laptop):
    names = ["BAAI/bge-small-en-v1.5", "BAAI/bge-base-en-v1.5"]
    answer = advise(TaskSpec(kind="sentence-embedding", languages=("en",)), laptop, catalog=cut(names))
    assert [row.model for row in answer.alternatives(9)] == names[1:]


def test_a_translator_of_the_wrong_direction_is_rejected(laptop):
    task = TaskSpec(kind="translation", languages=("en",), target_languages=("de",), quality_need="any")
    answer = advise(task, laptop)
    rows = {row.model: row for row in map(answer.row, range(len(answer))) if row.format == "onnx-fp32"}
    assert not rows["Helsinki-NLP/opus-mt-en-de"].rejections
    told = {x.code: x.text for x in rows["Helsinki-NLP/opus-mt-de-en"].rejections}
    assert told["language"] == "It translates the other way round."
    assert rows["Helsinki-NLP/opus-mt-en-de"].quality.benchmark == "newstest2018 en-de"
    assert picked(answer).model == "Helsinki-NLP/opus-mt-en-de"


def test_a_text_longer_than_the_model_reads_is_a_rejection(laptop):
    answer = advise(TaskSpec(kind="summarization", num_input_tokens=6000), laptop)
    rows = {(row.model, row.format): row for row in map(answer.row, range(len(answer)))}
    bart = rows["facebook/bart-large-cnn", "onnx-fp32"]
    assert "context" in {x.code for x in bart.rejections}
    assert "needs 6,000" in next(x.text for x in bart.rejections if x.code == "context")
    short = advise(TaskSpec(kind="summarization", num_input_tokens=900, num_output_tokens=200), laptop)
    assert "context" not in {x.code for x in short.row(bart.index).rejections}


def test_code_models_serve_code_and_nothing_else(laptop):
    chat = advise(TaskSpec(kind="generation", text="a friendly assistant"), laptop)
    code = advise(TaskSpec(kind="generation", text="write python code for my scripts"), laptop)
    name = "Qwen/Qwen2.5-Coder-1.5B-Instruct"
    index = next(i for i in range(len(chat)) if chat.row(i).model == name)
    assert [x.text for x in chat.row(index).rejections if x.code == "approach"] == ["It is made for program code."]
    assert "approach" not in {x.code for x in code.row(index).rejections}
    assert code.row(index).quality.benchmark == "HumanEval"
    assert "HumanEval" in code.pick.reason.pick


def test_a_ready_made_classifier_needs_its_own_labels(laptop):
    mood = advise(
        TaskSpec(kind="text-classification", text="is the review positive or negative", languages=("en",)), laptop
    )
    row = picked(mood)
    assert row.approach in {"fine-tuned-classifier", "embedder-head"}
    ready = [r for r in map(mood.row, range(len(mood))) if r.approach == "fine-tuned-classifier" and not r.rejections]
    assert "distilbert/distilbert-base-uncased-finetuned-sst-2-english" in {r.model for r in ready}
    spam = advise(TaskSpec(kind="text-classification", text="find spam", languages=("en",)), laptop)
    texts = {
        x.text
        for r in map(spam.row, range(len(spam)))
        if r.approach == "fine-tuned-classifier"
        for x in r.rejections
        if x.code == "approach"
    }
    assert texts == {"It was trained on other labels."}


def test_numbers_in_the_summary_add_up(flagship):
    summary = flagship.summary
    assert summary.num_candidates == len(flagship)
    rows = [flagship.row(i) for i in range(len(flagship))]
    for code, number in summary.num_rejected.items():
        assert number == sum(code in {x.code for x in row.rejections} for row in rows)
    assert set(summary.num_rejected) <= set(CODES)
    assert summary.catalog_version == catalog().version
    assert summary.created.endswith("+00:00")
    assert summary.why_no_pick == ""


def test_every_sentence_is_one(flagship, laptop):
    """No rejection, reason or caveat is empty, says None or nan, or lacks its full stop."""
    answers = [flagship] + [
        advise(TaskSpec(kind=kind, languages=("de",), licence_need="commercial", max_latency_s=0.05), laptop)
        for kind in TASK_KINDS
    ]
    texts = set()
    for answer in answers:
        for index in range(0, len(answer), 7):
            texts |= {x.text for x in answer.row(index).rejections} | {answer.row(index).quality.format_note}
        if answer.pick is not None:
            reason = answer.pick.reason
            texts |= {reason.pick, reason.smaller, reason.larger, *reason.caveats}
        else:
            texts.add(answer.summary.why_no_pick)
        for item in answer.summary.approaches:
            texts |= {item.needs, item.limits}
    for text in texts:
        assert text.endswith("."), text
        assert not {"None", "nan", "inf"} & set(text.replace(".", " ").replace(",", " ").split()), text
        assert ".." not in text, text
        assert "  " not in text, text


def test_rejection_codes_are_those_of_the_model():
    assert isinstance(Rejection(code=CODES[0], text="x"), Rejection)
    assert len(CODES) == 10
