"""Quality against energy, time and memory; our energy beside published figures, with the warning."""

import math

import fakes_report
import msgspec
import pytest
from test_energy_results import ALL, snapshot_of
from window_fakes import full_snapshot

from advisor.recommend.comparison import NOT_COMPARABLE, WARNING, comparison
from advisor.report import row_use
from advisor.report.cost_series import cost_series, outline
from advisor.settings import Settings
from advisor.task import describe
from advisor.ui.controllers import jobs
from advisor.ui.pages.results_page import ResultsPage
from advisor.ui.plots.pareto_plot import AXIS_TITLES, SHAPES, ParetoPlot
from advisor.ui.plots.published_plot import PublishedPlot, beside
from advisor.ui.store import with_results

GIB = 1024**3


@pytest.fixture(scope="module")
def rows():
    task = describe.describe("chat about recipes in English, 50 a day").task
    return jobs.advise(task, fakes_report.profile(), (), ALL)


@pytest.fixture
def page(qtbot):
    made = ResultsPage()
    made.resize(1100, 700)
    qtbot.addWidget(made)
    return made


def choose(control, place):
    control.setCurrentIndex(place)
    control.activated.emit(place)


@pytest.mark.parametrize("axis", ["energy", "latency", "memory"])
def test_points_stand_where_their_figure_is_on_the_chosen_axis(rows, qtbot, axis):
    series = cost_series(rows, axis=axis)
    plot = ParetoPlot()
    qtbot.addWidget(plot)
    plot.show_series(series, None)
    unit = GIB if axis == "memory" else 1.0
    for spot in plot._points.points():
        point = spot.data()
        row = rows.row(point.index)
        figure = {
            "energy": row.energy_per_1000_queries, "latency": row.estimate.time_per_query,
            "memory": row.estimate.memory,
        }[axis]  # fmt: skip
        assert spot.pos().x() == pytest.approx(math.log10(figure.value / unit))
        assert spot.symbol() == SHAPES[figure.evidence]
    assert plot.plot.getAxis("bottom").labelText == AXIS_TITLES[axis]
    assert not plot.plot.getAxis("bottom").autoSIPrefix


def test_the_outline_of_each_axis_is_its_own(rows):
    for axis in ("energy", "latency", "memory"):
        front = outline(cost_series(rows, axis=axis))
        values, qualities = [point.along(axis).value for point in front], [point.quality for point in front]
        assert values == sorted(values)
        assert qualities == sorted(set(qualities))


def test_ranges_are_drawn_for_few_points_and_else_for_the_outline_and_the_chosen(rows, qtbot):
    plot = ParetoPlot()
    qtbot.addWidget(plot)
    few = cost_series(fakes_report.recommendation())
    plot.show_series(few, None)
    low = sorted(math.log10(point.energy.low) for point in few.points)
    assert sorted(plot._ranges.opts["x"] - plot._ranges.opts["left"]) == pytest.approx(low)
    many = cost_series(rows)
    assert len(many.points) > 40
    front = {point.index for point in outline(many)}
    other = next(point.index for point in many.points if point.index not in front)
    plot.show_series(many, None)
    assert len(plot._ranges.opts["x"]) == len(front)
    plot.show_selected(other)
    assert len(plot._ranges.opts["x"]) == len(front) + 1


def test_the_axis_is_chosen_on_the_page_and_said_in_words(page, rows):
    page.show_snapshot(None, snapshot_of(rows))
    page.show_plot()
    assert "Wh" in page.pareto.summary.text()
    choose(page.pareto.axis, 2)
    assert page.pareto.plot._series.axis == "memory"
    assert "of memory" in page.pareto.summary.text()
    choose(page.pareto.axis, 1)
    assert "a query" in page.pareto.summary.text()
    assert page.pareto.plot.plot.accessibleDescription() == page.pareto.summary.text()


def test_ours_stand_beside_published_figures_with_the_warning(page, rows):
    snapshot = snapshot_of(rows)
    page.show_snapshot(None, snapshot)
    page.tabs.setCurrentWidget(page.published)
    tab = page.published
    assert tab.warning.label.text() == WARNING
    assert WARNING in tab.plot.plot.accessibleDescription()
    points = tab.comparison.points
    assert [point.kind for point in points].count("ours") == 1
    spots = {spot.data().label: spot for spot in tab.plot.points.points()}
    ours = points[0]
    assert spots[ours.label].pos().x() == pytest.approx(math.log10(ours.energy.value))
    assert tab.plot.ranges.opts["x"] - tab.plot.ranges.opts["left"] == pytest.approx([math.log10(ours.energy.low)])
    assert spots[ours.label].symbol() != spots[points[-1].label].symbol()
    assert all(point.stars is None for point in points if point.kind == "ours")


def test_pinned_rows_stand_beside_the_chosen_one(page, rows):
    other = rows.row(int(rows.order[5]))
    snapshot = with_results(snapshot_of(rows), pinned=((other.model, other.format, other.approach),))
    page.show_snapshot(None, snapshot)
    page.tabs.setCurrentWidget(page.published)
    ours = [point.label for point in page.published.comparison.points if point.kind == "ours"]
    assert len(ours) == 2
    assert ours[1].startswith(other.model.partition("/")[2])


def test_the_table_of_published_figures_has_all_with_their_notes(page, rows):
    from advisor.ui.dialogs.table_dialog import TableDialog, as_tsv

    page.show_snapshot(None, snapshot_of(rows))
    page.tabs.setCurrentWidget(page.published)
    page.published.as_table.click()
    (dialog,) = page.published.findChildren(TableDialog)
    words = as_tsv(dialog.model)
    whole = row_use.compared(page.published._ours, page._uses)
    assert dialog.model.rowCount() == len(whole.points)
    assert words.count(NOT_COMPARABLE) == len(whole.points) - 1
    dialog.close()


def test_official_stars_are_told_only_of_their_cohort(rows, qtbot):
    uses = row_use.Uses(rows.summary, Settings(), ())
    found = row_use.compared((rows.row(int(rows.order[0])),), uses)
    plot = PublishedPlot()
    qtbot.addWidget(plot)
    plot.show_comparison(found)
    starred = next(point for point in found.points if point.stars is not None)
    assert beside(starred).endswith(f"{starred.stars} of 5 stars in its cohort")
    assert "star" not in beside(found.points[0])


def test_a_task_without_published_figures_says_so(page):
    snapshot = full_snapshot()
    rows = snapshot.results.recommendation
    rows.summary = msgspec.structs.replace(
        rows.summary, task=msgspec.structs.replace(rows.summary.task, kind="reranking")
    )
    assert comparison("reranking", ()) is None
    page.show_snapshot(None, snapshot)
    page.tabs.setCurrentWidget(page.published)
    assert "No figures of energy are published" in page.published.warning.label.text()
    assert not page.published.as_table.isEnabled()
    assert page.published.plot is None


def test_plots_without_points_or_ranges_can_be_painted(rows, qtbot):
    """A fault while an item is painted would reach the user as a crash message."""
    plot = ParetoPlot()
    qtbot.addWidget(plot)
    full = cost_series(fakes_report.recommendation())
    bare = tuple(
        msgspec.structs.replace(point, energy=msgspec.structs.replace(point.energy, low=None, high=None))
        for point in full.points
    )
    for points in ((), bare, full.points):
        plot.show_series(msgspec.structs.replace(full, points=points), None)
        assert not plot.grab().isNull()
    found = row_use.compared((rows.row(int(rows.order[0])),), row_use.Uses(rows.summary, Settings(), ()))
    ours = msgspec.structs.replace(found.points[0].energy, low=None, high=None)
    point = msgspec.structs.replace(found.points[0], energy=ours)
    beside_ours = PublishedPlot()
    qtbot.addWidget(beside_ours)
    for points in ((point, *found.points[1:]), found.points):
        beside_ours.show_comparison(msgspec.structs.replace(found, points=points))
        assert not beside_ours.grab().isNull()
