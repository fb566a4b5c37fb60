"""Published figures stand beside ours: official stars with cohort and date, never a star of ours, never comparable."""

import json
from collections import defaultdict

import fakes_estimate as made
import pytest

from advisor import resources
from advisor.errors import InvalidFileError
from advisor.evidence import unknown
from advisor.recommend import comparison as comparisons
from advisor.recommend.comparison import NOT_COMPARABLE, Ours, comparison, official_stars
from advisor.recommend.published import published


def ours(value=5.0, k=2.0, model="HuggingFaceTB/SmolLM-135M"):
    energy = made.quantity(value, "Wh", k=k) if value else unknown("Wh", "no meter")
    return Ours(label="Ours", model=model, energy=energy, hardware="made", sizes="128 tokens in, 128 out")


def test_the_star_rule_gives_back_all_ninety_rows():
    cohorts = defaultdict(list)
    for row in published():
        if row.test_date is not None:
            cohorts[row.task, row.size_class, row.test_date].append(row)
    starred = [(row, rows) for rows in cohorts.values() for row in rows if row.stars is not None]
    right = [
        row for row, rows in starred if official_stars(row.gpu_energy_wh, [r.gpu_energy_wh for r in rows]) == row.stars
    ]
    assert (len(right), len(starred), len({id(rows) for _, rows in starred})) == (90, 90, 10)


def test_stars_mean_nothing_outside_their_cohort():
    # The same 54.5 Wh would earn five stars in the February cohort and has one in December's.
    february = [row.gpu_energy_wh for row in published() if (row.size_class, row.test_date) == ("B", "2025-02")]
    assert official_stars(54.5, february) == 5
    assert official_stars(5.0, [5.0]) == 5


def test_our_range_and_the_published_figures_are_one_series():
    told = comparison("generation", [ours()])
    first = told.points[0]
    assert (first.kind, first.energy.low, first.energy.value, first.energy.high) == ("ours", 2.5, 5.0, 10.0)
    assert (first.stars, first.note, first.cohort) == (None, "", "")
    same = [point for point in told.points if point.kind == "same-model"]
    assert same
    assert same[0].label == "SmolLM-135M"
    assert (same[0].energy.value, same[0].stars) == (pytest.approx(7.28, abs=0.01), 4)
    assert same[0].cohort == "AI Energy Score, text generation, class A, February 2025"
    assert same[0].sizes == "369 tokens in, 10 out"
    means = [point.energy.value for point in told.points if point.kind == "task-mean"]
    assert means == [47.0]
    assert told.points[1].kind == "same-model"
    assert len(told.points) <= 13


def test_every_published_figure_says_it_is_not_comparable():
    for kind in comparisons.TASKS_OF_KIND:
        told = comparison(kind, [ours()])
        others = [point for point in told.points if point.kind != "ours"]
        assert others
        assert all(point.note == NOT_COMPARABLE and NOT_COMPARABLE in point.energy.basis for point in others)
        assert all(point.hardware and point.cohort and point.source for point in others)
        assert "cannot be compared" in told.warning


def test_only_official_rows_show_stars():
    origins = {row.source: row.origin for row in published()}
    for kind in comparisons.TASKS_OF_KIND:
        for point in comparison(kind, [ours()], most=200).points:
            if point.stars is not None:
                assert origins[point.source] == "official"


@pytest.mark.parametrize(
    ("kind", "wh"), [("text-classification", 2.0), ("generation", 47.0), ("image-generation", 2907.0)]
)
def test_task_means_are_kilowatt_hours_times_a_thousand(kind, wh):
    told = comparison(kind, [ours(model="nobody/nothing")])
    assert [point.energy.value for point in told.points if point.kind == "task-mean"] == [wh]


def test_dates_are_not_mixed_among_other_models():
    told = comparison("generation", [ours(model="nobody/nothing")], most=100)
    dates = {point.cohort.rpartition(", ")[2] for point in told.points if point.kind == "other-model"}
    assert dates == {"December 2025"}


def test_the_axis_holds_all_ends_in_powers_of_ten():
    told = comparison("image-generation", [ours(0.02, k=3.0, model="a/b")])
    assert told.axis_low_wh == pytest.approx(1e-3)
    assert told.axis_high_wh == pytest.approx(1e4)


def test_nothing_to_show_is_said_by_null():
    assert comparison("speech-synthesis", [ours()]) is None
    assert comparison("generation", [ours(0)]) is None
    assert comparison("generation", []) is None


@pytest.mark.parametrize("most", [0, 1, 2, 5])
def test_no_more_than_asked(most):
    told = comparison("generation", [ours()], most=most)
    assert (0 if told is None else len(told.points) - 1) <= most


@pytest.mark.parametrize(
    ("change", "words"), [({"energy_wh": 0}, "anchors[0].energy_wh"), ({"task": 3}, "anchors[0].task"), ({"x": 1}, "x")]
)
def test_a_damaged_table_is_refused(change, words):
    table = json.loads(resources.read(comparisons.ANCHORS_FILE))
    table["anchors"][0] |= change
    with pytest.raises(InvalidFileError) as caught:
        comparisons.parse_anchors(json.dumps(table).encode())
    assert words in caught.value.message
    with pytest.raises(InvalidFileError, match="schema_version"):
        comparisons.parse_anchors(json.dumps({**table, "schema_version": 2, "anchors": []}).encode())
