"""The series behind the plots."""

import fakes_report as fakes
import msgspec
import pytest

from advisor.child.protocol import Sample
from advisor.evidence import unknown
from advisor.report.series import memory_parts_series, pareto_series, probe_series


def test_memory_parts_stand_on_each_other_and_add_up():
    estimate = fakes.estimate(gib=2.0)
    bar = memory_parts_series(estimate)
    assert [segment.part for segment in bar.segments] == ["weights", "cache", "activations", "runtime"]
    for below, above in zip(bar.segments, bar.segments[1:], strict=False):
        assert above.start_bytes == pytest.approx(below.start_bytes + below.quantity.value)
    last = bar.segments[-1]
    assert last.start_bytes + last.quantity.value == pytest.approx(estimate.memory.value)
    assert bar.free_bytes == estimate.memory_free_bytes


def test_a_part_without_a_value_is_left_out():
    parts = msgspec.structs.replace(fakes.estimate().memory_parts, cache=unknown("B", "no shape"))
    bar = memory_parts_series(msgspec.structs.replace(fakes.estimate(), memory_parts=parts), label="mine")
    assert [segment.part for segment in bar.segments] == ["weights", "activations", "runtime"]
    assert bar.label == "mine"


def test_benchmarks_are_never_mixed():
    series = pareto_series(fakes.recommendation())
    assert series.benchmark == "MTEB (Multilingual)"
    assert {point.model for point in series.points}.isdisjoint({"other/another-benchmark", "other/no-figure"})
    assert len(series.points) == 5
    assert (series.num_other_benchmark, series.num_without_quality) == (1, 1)
    assert series.benchmarks == ("MTEB (Multilingual)", "XNLI")
    other = pareto_series(fakes.recommendation(), benchmark="XNLI")
    assert [point.model for point in other.points] == ["other/another-benchmark"]
    assert other.num_other_benchmark == 5


def test_metrics_of_one_benchmark_are_not_mixed_either():
    rows = [fakes.row(1, "a/a", rank=1), fakes.row(2, "b/b", rank=2)]
    changed = msgspec.structs.replace(rows[1].quality, metric="accuracy")
    rows[1] = msgspec.structs.replace(rows[1], quality=changed)
    series = pareto_series(fakes.recommendation(rows=rows))
    assert [point.model for point in series.points] == ["a/a"]
    assert series.metric == "mean"


def test_the_pick_is_marked_and_told():
    series = pareto_series(fakes.recommendation())
    assert [point.model for point in series.points if point.picked] == ["acme/small-embedder"]
    assert (
        "The pick, acme/small-embedder, needs 0.4 Wh (0.2 to 0.6) per 1,000 queries and reaches 62.3." in series.summary
    )
    assert [point.rejected for point in series.points][-1]
    without = pareto_series(fakes.recommendation(picked=False))
    assert "The pick" not in without.summary


def test_one_point_a_model_with_a_front_of_its_own():
    rows = [
        fakes.row(1, "a/a", gib=1.0, rank=1, value=60.0),
        fakes.row(2, "a/a", "onnx-fp32", gib=0.5, rank=2, value=60.0),
        fakes.row(3, "b/b", gib=2.0, rank=3, value=55.0, pareto=True),
        fakes.row(4, "c/c", gib=3.0, rank=4, value=70.0),
        fakes.row(5, "d/d", gib=9.0, value=90.0, rejections=fakes.too_big()),
    ]
    series = pareto_series(fakes.recommendation(rows=rows), one_a_model=True)
    assert [(point.model, point.format, point.pareto) for point in series.points] == [
        ("a/a", "onnx-int8-dynamic", True), ("b/b", "onnx-int8-dynamic", False), ("c/c", "onnx-int8-dynamic", True),
        ("d/d", "onnx-int8-dynamic", False),
    ]  # fmt: skip
    assert "2 are not beaten: none is better with less energy" in series.summary


def test_where_less_is_better_the_front_turns():
    rows = [fakes.row(1, "a/a", gib=1.0, rank=1, value=9.0), fakes.row(2, "b/b", gib=2.0, rank=2, value=5.0),
            fakes.row(3, "c/c", gib=3.0, rank=3, value=7.0)]  # fmt: skip
    rows = [
        msgspec.structs.replace(row, quality=msgspec.structs.replace(row.quality, higher_is_better=False))
        for row in rows
    ]
    series = pareto_series(fakes.recommendation(rows=rows), one_a_model=True)
    assert [point.model for point in series.points if point.pareto] == ["a/a", "b/b"]
    assert not series.higher_is_better


def test_an_energy_of_nothing_cannot_be_drawn():
    row = fakes.row(1, "a/a", rank=1)
    row = msgspec.structs.replace(row, energy_per_1000_queries=unknown("Wh", "no meter"))
    series = pareto_series(fakes.recommendation(rows=[row]))
    assert series.points == ()
    assert series.benchmark is None
    assert series.summary.startswith("No candidate has both")


def test_only_the_best_rows_are_looked_at():
    series = pareto_series(fakes.recommendation(), limit=2)
    assert len(series.points) == 2


def test_probe_curves_leave_out_what_was_not_read():
    readings = (
        Sample(t_s=0.0, kind="system", rss_bytes=100, cpu_share=0.5),
        Sample(t_s=0.1, kind="prefill", latency_s=0.4),
        Sample(t_s=0.2, kind="token", latency_s=0.02, rss_bytes=200),
        Sample(t_s=0.3, kind="query", latency_s=0.03, power_w=12.0),
    )
    series = probe_series(readings, label="mine")
    assert (series.latency_t_s, series.latency_s) == ((0.2, 0.3), (0.02, 0.03))
    assert (series.memory_t_s, series.memory_bytes) == ((0.0, 0.2), (100.0, 200.0))
    assert (series.cpu_t_s, series.cpu_share) == ((0.0,), (0.5,))
    assert (series.power_t_s, series.power_w) == ((0.3,), (12.0,))
