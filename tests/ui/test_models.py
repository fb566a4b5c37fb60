import math

import fakes_report
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from window_fakes import FakeRows

from advisor.report import facts
from advisor.ui.models import basis, compare, measurement
from advisor.ui.models.columns import COLUMNS, short_range
from advisor.ui.models.results_model import SECOND_LINE_ROLE, ResultsModel, stable_order
from advisor.ui.models.simple_table import Cell, SimpleTableModel

ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
NUM_MANY = 8000


@pytest.fixture
def model(qapp):
    made = ResultsModel()
    yield made
    made.deleteLater()


def shown(model):
    return [int(index) for index in model._order]


def test_the_results_model_keeps_the_rules_of_qt(model, qtmodeltester):
    model.show_rows(FakeRows(40))
    qtmodeltester.check(model)
    model.sort(4, DESCENDING)
    model.set_filter("model-1")
    qtmodeltester.check(model)
    model.show_rows(None)
    qtmodeltester.check(model)


def test_only_rows_that_are_looked_at_are_made(model):
    rows = FakeRows(NUM_MANY)
    model.show_rows(rows)
    model.sort(3, ASCENDING)
    model.set_filter("maker3 int4")
    assert rows.num_built == 0
    model.data(model.index(0, 1))
    assert rows.num_built == 1


def test_rows_that_cannot_be_used_are_folded_and_counted(model):
    rows = FakeRows(NUM_MANY)
    model.show_rows(rows)
    bad = int(np.isnan(rows.columns["rank"]).sum())
    assert bad > 1000
    assert model.num_folded == bad
    assert model.rowCount() == NUM_MANY - bad
    model.set_folded(False)
    assert shown(model) == [int(index) for index in rows.order]


@pytest.mark.parametrize("order", [ASCENDING, DESCENDING])
@pytest.mark.parametrize("key", ["memory", "rate", "model"])
def test_8000_rows_sort_as_a_plain_sort_does_with_gaps_last_and_ties_in_place(model, key, order):
    rows = FakeRows(NUM_MANY)
    model.show_rows(rows)
    model.set_folded(False)
    model.sort(model.column_of(key), order)
    keys, start = rows.columns[key], [int(index) for index in rows.order]
    gaps = [i for i in start if isinstance(keys[i], float) and math.isnan(keys[i])]
    present = [i for i in start if i not in set(gaps)]
    present.sort(key=lambda i: keys[i], reverse=order == DESCENDING)
    assert shown(model) == present + gaps


def test_no_sort_column_brings_the_default_order_back(model):
    rows = FakeRows(200)
    model.show_rows(rows)
    start = shown(model)
    model.sort(3, DESCENDING)
    assert shown(model) != start
    model.sort(-1, ASCENDING)
    assert shown(model) == start


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(math.nan)), max_size=40), st.booleans())
def test_stable_order_agrees_with_a_plain_sort(values, descending):
    present = [place for place, value in enumerate(values) if not math.isnan(value)]
    present.sort(key=lambda place: values[place], reverse=descending)
    gaps = [place for place, value in enumerate(values) if math.isnan(value)]
    assert stable_order(np.array(values, dtype=float), descending=descending).tolist() == present + gaps


def test_texts_sort_without_regard_to_case_and_empty_ones_last():
    words = np.array(["b", "", "A", "c", None], dtype=object)
    assert stable_order(words, descending=False).tolist() == [2, 0, 3, 1, 4]
    assert stable_order(words, descending=True).tolist() == [3, 0, 2, 1, 4]


def test_every_word_of_the_filter_must_be_there(model):
    rows = FakeRows(400)
    model.show_rows(rows)
    model.set_folded(False)
    model.set_filter("  MODEL-12  gguf ")
    found = shown(model)
    assert found
    assert all("model-12" in rows.columns["model"][i] and "gguf" in rows.columns["format"][i] for i in found)
    model.set_filter("model-12")
    assert len(shown(model)) > len(found)
    model.set_filter("no such model")
    assert shown(model) == []
    model.set_filter("")
    assert len(shown(model)) == 400


def test_an_approach_can_be_shown_alone(model):
    rows = FakeRows(100)
    model.show_rows(rows)
    model.set_approach("generate")
    assert {rows.columns["approach"][i] for i in shown(model)} == {"generate"}


def test_a_row_is_found_again_after_sorting_and_filtering(model):
    rows = FakeRows(100)
    model.show_rows(rows)
    model.sort(3, DESCENDING)
    index = shown(model)[7]
    assert model.place_of(index) == 7
    model.set_filter("no such model")
    assert model.place_of(index) == -1


def test_copied_rows_have_headings_and_units(model):
    model.show_rows(FakeRows(10))
    head, first = model.as_tsv([0]).splitlines()
    assert head.split("\t")[0] == "Verdict"
    assert "Energy per 1,000 queries" in head
    assert "GiB" in first
    assert len(head.split("\t")) == len(first.split("\t"))


def test_cells_show_the_figure_above_and_its_range_below(model):
    rows = FakeRows(10)
    model.show_rows(rows)
    index = model.index(0, model.column_of("energy"))
    assert index.data().endswith("Wh")
    assert " to " in index.data(SECOND_LINE_ROLE)
    assert "Energy per 1,000 queries" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_every_column_can_be_drawn_for_every_kind_of_row():
    for row in fakes_report.recommendation().rows.values():
        for column in COLUMNS:
            assert isinstance(column.text(row), str)
            assert isinstance(column.second(row) + column.tip(row), str)


def test_a_figure_without_a_value_has_no_range_below():
    assert short_range(fakes_report.unknown("s", "not known")) == ""
    assert short_range(fakes_report.span(2.0, "s")) == "1.6 to 2.4"


def test_a_simple_table_keeps_the_rules_of_qt_and_sorts_gaps_last_both_ways(qapp, qtmodeltester):
    cells = tuple((Cell(text=str(key), key=key),) for key in (2.0, math.nan, 10.0, 1.0))
    table = SimpleTableModel(("Number",), cells)
    qtmodeltester.check(table)
    for order, wanted in ((ASCENDING, ["1.0", "2.0", "10.0", "nan"]), (DESCENDING, ["10.0", "2.0", "1.0", "nan"])):
        table.sort(0, order)
        assert [table.index(row, 0).data() for row in range(4)] == wanted


def test_facts_name_their_source_or_why_there_is_none():
    profile = fakes_report.profile()
    lines = {line.path: line for _, group in facts.groups(profile) for line in group}
    assert lines["memory.total_bytes"].text == "16 GiB"
    assert lines["memory.total_bytes"].source == "/proc/meminfo"
    assert lines["cpu.power_limit_w"].text == "Not detected"
    assert lines["cpu.power_limit_w"].source == "this system does not show it"
    assert lines["gpus.0.name"].text == "Radeon 780M"
    assert {path for path in lines if not path.startswith("gpus")} == {
        path for _, group in facts.empty_groups() for path, _ in group
    }


def test_the_best_of_a_comparison_must_lie_beyond_the_ranges_of_all_others():
    small, large = fakes_report.row(0, "a/small", gib=1.0), fakes_report.row(1, "b/large", gib=4.0)
    lines = {line.label: line for line in compare.lines((small, large))}
    assert lines["Memory needed"].best == 0
    assert lines["Speed"].best == 0
    assert lines["Way to do it"].best is None
    assert not lines["Way to do it"].differs
    near = fakes_report.row(2, "c/near", gib=1.15)
    assert {line.label: line for line in compare.lines((small, near))}["Memory needed"].best is None


def test_details_put_the_measurement_before_the_estimate(model):
    row = fakes_report.row(0, "a/small")
    assert basis.measured_lines(row) == ()
    assert [line.label for line in basis.lines(row)][:2] == ["Speed", "Time to first answer"]
    assert basis.command_line(row) == "model-fit-advisor probe a/small --format onnx-int8-dynamic"


def test_a_measurement_stands_beside_its_estimate_with_the_difference():
    row = fakes_report.row(0, "acme/small-embedder")
    lines = {line.label: line for line in measurement.lines(fakes_report.probe(), row.estimate)}
    assert lines["Speed"].difference == "estimate 6 % low, within its range"
    assert lines["Time to load"].estimate == "no estimate is made"
    assert "Time per further token" not in lines
    assert any("projected" in line for line in measurement.grade_lines(fakes_report.probe()))


def test_readings_as_a_table_leave_out_what_was_not_read():
    headers, rows = measurement.table(fakes_report.samples(30))
    assert all(len(row) == len(headers) for row in rows)
    query = next(row for row in rows if row[1].text == "query")
    assert query[3].text == ""
    assert math.isnan(query[3].key)
