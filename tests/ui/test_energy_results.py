"""Results in standard units: columns, details, daily terms, training, published figures; choices act at once."""

import itertools

import energy_fakes
import fakes_report
import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from window_fakes import full_snapshot

from advisor.energy import daily, training
from advisor.recommend import published
from advisor.report import energy_words, row_use, wording
from advisor.settings import Settings
from advisor.task import describe
from advisor.ui.controllers import jobs
from advisor.ui.pages.results_page import ResultsPage
from advisor.ui.store import with_archive, with_results

ALL = Settings(region="DEU", price_per_kwh=0.3, with_embodied=True)
MODEL = "Qwen/Qwen3-0.6B"


@pytest.fixture(scope="module")
def task():
    return describe.describe("chat about recipes in English, 50 a day, on battery").task


@pytest.fixture(scope="module")
def rows(task):
    return jobs.advise(task, fakes_report.profile(), (), ALL)


@pytest.fixture(scope="module")
def measured(task, rows):
    """A recommendation made after a probe under a meter, and that probe."""
    workload = rows.summary.approaches[0].workload
    result = msgspec.structs.replace(
        energy_fakes.probe(workload), model=MODEL, format="onnx-int4-b32", fingerprint="f00dfeed"
    )
    return jobs.advise(task, fakes_report.profile(), (result,), ALL), result


@pytest.fixture
def page(qtbot):
    made = ResultsPage()
    qtbot.addWidget(made)
    made.details.tabs.setCurrentWidget(made.details.energy)
    return made


def index_of(rows, model, format_id="onnx-int4-b32"):
    pairs = zip(rows.column("model"), rows.column("format"), strict=True)
    return next(place for place, pair in enumerate(pairs) if pair == (model, format_id))


def snapshot_of(rows, settings=ALL, *, selected=None, probes=()):
    chosen = int(rows.order[0]) if selected is None else selected
    made = with_results(full_snapshot(), recommendation=rows, selected=chosen, pinned=())
    return msgspec.structs.replace(with_archive(made, probes=probes), settings=settings)


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel) if not label.isHidden() and label.text()]


def cell(page, key, row=0, role=Qt.ItemDataRole.DisplayRole):
    return page.model.index(row, page.model.column_of(key)).data(role)


def test_the_columns_of_standard_units_are_hidden_first_and_can_be_shown(page, rows):
    page.show_snapshot(None, snapshot_of(rows))
    for key in ("token_energy", "day_energy", "year_cost", "battery"):
        assert page.view.isColumnHidden(page.model.column_of(key))
    action = next(action for action in page.view.column_actions(page) if action.text() == "Cost per year")
    action.toggle()
    assert not page.view.isColumnHidden(page.model.column_of("year_cost"))


def test_they_hold_what_a_row_takes_at_the_users_volume_and_price(page, rows):
    page.show_snapshot(None, snapshot_of(rows))
    row = page.model.row_at(0)
    per_1000 = row.energy_per_1000_queries.value
    uses = row_use.Uses(rows.summary, ALL, ())
    figures = uses.of(row).figures
    assert figures.energy_per_day.value == pytest.approx(per_1000 * 50 / 1000)
    assert figures.cost_per_year.value == pytest.approx(per_1000 * 50 / 1000 * 365 / 1000 * 0.3)
    assert cell(page, "day_energy") == wording.amount(figures.energy_per_day)
    assert cell(page, "year_cost") == wording.amount(figures.cost_per_year)
    assert cell(page, "year_cost").endswith(" EUR")
    assert cell(page, "token_energy").endswith(" J/token")
    assert cell(page, "battery").endswith(" min")
    assert "price you set" in cell(page, "year_cost", role=Qt.ItemDataRole.ToolTipRole)


@pytest.mark.parametrize("key", ["token_energy", "day_energy", "year_cost", "battery"])
def test_they_sort_by_their_own_figures(page, rows, key):
    page.show_snapshot(None, snapshot_of(rows))
    uses = row_use.Uses(rows.summary, ALL, ())
    column = page.model._columns[page.model.column_of(key)]
    page.model.sort(page.model.column_of(key), Qt.SortOrder.AscendingOrder)
    values = [column.use(uses.of(page.model.row_at(place))).value for place in range(0, page.model.rowCount(), 37)]
    known = [value for value in values if value is not None]
    assert len(known) > 10
    assert all(a <= b * 1.0001 for a, b in itertools.pairwise(known))
    assert None not in values[: len(known)]


def test_an_estimate_is_shared_out_by_its_times_and_says_so(page, rows):
    page.show_snapshot(None, snapshot_of(rows))
    row = rows.row(int(rows.order[0]))
    energy = page.details.energy
    parts = page._uses.of(row).parts
    whole = row.energy_per_1000_queries.value * 3.6
    share = row.estimate.time_to_first_token.value / row.estimate.time_per_query.value
    assert [part.energy.value for part in parts] == pytest.approx([whole * share, whole * (1 - share)])
    assert "estimated" in energy.bar.heading.text()
    assert energy.bar.bar._parts == tuple(part.energy.value for part in parts)
    assert not any("above idle" in words for words in texts(energy))


def test_a_measured_row_shows_gross_net_and_measured_parts(page, measured):
    rows, result = measured
    index = index_of(rows, MODEL)
    assert rows.row(index).energy_per_1000_queries == result.energy_per_1000_queries
    page.show_snapshot(None, snapshot_of(rows, selected=index, probes=(result,)))
    shown = texts(page.details.energy)
    assert "One query, all energy" in shown
    assert wording.figure(result.energy.per_query_gross_j) in shown
    assert wording.figure(result.energy.per_query_net_j) in shown
    assert page.details.energy.bar.heading.text().endswith("measured")
    assert result.energy.boundary in shown


def test_net_energy_below_the_limit_is_said_in_the_details(page, task, rows):
    workload = rows.summary.approaches[0].workload
    result = msgspec.structs.replace(
        energy_fakes.probe(workload, busy_w=16.2, after_w=20.0), model=MODEL, format="onnx-int4-b32",
        fingerprint="f00dfeed",
    )  # fmt: skip
    assert result.energy.per_query_net_j.value is None
    found = jobs.advise(task, fakes_report.profile(), (result,), ALL)
    page.show_snapshot(None, snapshot_of(found, selected=index_of(found, MODEL), probes=(result,)))
    assert energy_words.below_limit(result.energy.per_query_net_j) in texts(page.details.energy)


def test_a_year_is_told_in_daily_terms_with_its_arithmetic(page, rows):
    page.show_snapshot(None, snapshot_of(rows))
    energy = page.details.energy
    figures = page._uses.of(rows.row(int(rows.order[0]))).figures
    meaning = daily.meanings(figures.energy_per_year)[0]
    assert energy.meaning_title.text() == "What a year of 50 queries a day means"
    assert meaning.sentence in texts(energy.meanings)
    assert any(words.startswith(meaning.arithmetic) for words in texts(energy.meanings))


def test_training_stands_against_use_where_it_is_published(page, rows):
    known = next(name for item in training.trainings() for name in item.models if name in set(rows.column("model")))
    index = next(place for place, name in enumerate(rows.column("model")) if name == known)
    page.show_snapshot(None, snapshot_of(rows, selected=index))
    assert "as much electricity as training" in page.details.energy.training.text()
    assert training.of_model(known).source in page.details.energy.training.text()
    unknown = next(place for place, name in enumerate(rows.column("model")) if training.of_model(name) is None)
    page.show_snapshot(None, snapshot_of(rows, selected=unknown))
    assert page.details.energy.training.isHidden()


def test_official_figures_and_stars_are_marked_not_comparable(page, rows):
    names = list(rows.column("model"))
    known = next(
        item
        for item in published.published()
        if item.stars and item.origin == "official"
        for name in names
        if name.rpartition("/")[2].casefold() == item.model.casefold()
    )
    index = next(n for n, name in enumerate(names) if name.rpartition("/")[2].casefold() == known.model.casefold())
    page.show_snapshot(None, snapshot_of(rows, selected=index))
    shown = texts(page.details.energy.published)
    assert any(f"{known.stars} of 5 stars" in words for words in shown)
    basis = next(words for words in shown if "not comparable" in words)
    assert "Other hardware" in basis
    assert known.test_date in " ".join(shown)
    assert row_use.LEADERBOARD in basis


def test_another_price_grid_or_switch_changes_the_details_at_once(page, rows):
    none = snapshot_of(rows, Settings())
    page.show_snapshot(None, none)
    assert not any("Cost" in words for words in texts(page.details.energy.lines))
    assert any("Choose an electricity grid" in words for words in texts(page.details.energy.lines))
    assert cell(page, "year_cost") == "no data"
    everything = msgspec.structs.replace(none, settings=ALL)
    page.show_snapshot(none, everything)
    shown = texts(page.details.energy.lines)
    assert "Cost of a year" in shown
    assert "CO2e of a year" in shown
    assert "Making of the computer, a year" in shown
    assert cell(page, "year_cost").endswith(" EUR")
    assert any("342" in words and "2024" in words for words in shown)


def test_settings_of_a_file_edited_by_hand_do_not_stop_the_page(page, rows):
    page.show_snapshot(None, snapshot_of(rows, Settings(price_per_kwh=-1.0, region="Nowhere")))
    assert "Energy of a year" in texts(page.details.energy.lines)


def with_source(rows, said, machine):
    """The same answer for a task and a machine on battery, on mains, or not said."""
    power = rows.summary.machine.power
    source = msgspec.structs.replace(power.source, value=machine)
    profile = msgspec.structs.replace(rows.summary.machine, power=msgspec.structs.replace(power, source=source))
    task = msgspec.structs.replace(rows.summary.task, power_source=said)
    return msgspec.structs.replace(rows.summary, machine=profile, task=task)


@pytest.mark.parametrize(
    ("said", "machine", "shown"),
    [("battery", "mains", True), (None, "battery", True), ("mains", "battery", False), (None, "mains", False),
     (None, None, False)],
)  # fmt: skip
def test_on_battery_the_headline_says_how_much_sooner_it_is_empty(page, rows, said, machine, shown, monkeypatch):
    monkeypatch.setattr(rows, "summary", with_source(rows, said, machine))
    page.show_snapshot(None, snapshot_of(rows))
    tile = page.headline.tiles["battery"]
    assert tile.isHidden() is not shown
    if shown:
        minutes = page._uses.of(rows.row(rows.summary.pick.index)).figures.battery.minutes
        assert tile.value.text() == wording.amount(minutes)
        assert tile.value.text().endswith(" min")
        assert "sooner" in tile.toolTip()


def test_on_battery_the_details_begin_with_it(page, rows):
    assert row_use.on_battery(rows.summary)
    page.show_snapshot(None, snapshot_of(rows))
    row = rows.row(int(rows.order[0]))
    figures = page._uses.of(row).figures
    labels = [line.label for line in row_use.lines(row, page._uses)]
    assert labels[0] == "Battery, 1,000 queries"
    assert labels[2] == "Battery, 1,000 queries, of a full charge"
    assert wording.figure(figures.battery.minutes) in texts(page.details.energy.lines)
    # what 1,000 queries take above a computer that idles, over the power of idling
    assert figures.battery.minutes.value == pytest.approx(figures.energy_per_1000_queries.value / 8.0 * 60)


def test_a_battery_whose_size_is_not_known_is_no_zero(page, rows, monkeypatch):
    power = rows.summary.machine.power
    gone = msgspec.structs.replace(power, battery_capacity_wh=fakes_report.no_fact("it does not say"))
    machine = msgspec.structs.replace(rows.summary.machine, power=gone)
    monkeypatch.setattr(rows, "summary", msgspec.structs.replace(rows.summary, machine=machine))
    page.show_snapshot(None, snapshot_of(rows))
    assert page.headline.tiles["battery"].value.text() == "no data"
    assert "not known" in page.headline.tiles["battery"].toolTip()


def test_the_tabs_of_the_details_follow_the_row_when_they_are_seen(page, rows):
    first, second = int(rows.order[0]), int(rows.order[50])
    page.show_snapshot(None, snapshot_of(rows, selected=first))
    page.show_snapshot(None, snapshot_of(rows, selected=second))
    expected = wording.figure(rows.row(second).energy_per_1000_queries)
    assert expected in texts(page.details.energy)
    page.details.tabs.setCurrentIndex(0)
    assert expected in texts(page.details.tabs.currentWidget())
    page.show_snapshot(None, snapshot_of(rows, selected=first))
    assert expected in texts(page.details.energy)  # not seen now, so left as it is
    page.details.tabs.setCurrentWidget(page.details.energy)
    assert wording.figure(rows.row(first).energy_per_1000_queries) in texts(page.details.energy)
