"""Pages emit what is wanted and show what is known; they call nothing."""

import fakes_report
import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from window_fakes import FakeRows, full_snapshot

from advisor.child.protocol import Outcome
from advisor.report import wording
from advisor.ui.controllers import calibration, jobs
from advisor.ui.pages.compare_page import ComparePage
from advisor.ui.pages.probe_page import ProbePage
from advisor.ui.pages.report_page import ReportPage
from advisor.ui.pages.results_page import ResultsPage
from advisor.ui.pages.settings_page import SettingsPage
from advisor.ui.pages.task_page import EXAMPLES, TaskPage
from advisor.ui.pages.this_computer_page import ThisComputerPage
from advisor.ui.store import (
    Snapshot,
    SpeedState,
    with_archive,
    with_calibration,
    with_job,
    with_machine,
    with_probe,
    with_report,
    with_results,
)

LANGUAGES = {"de": "German", "hi": "Hindi", "en": "English"}


@pytest.fixture
def snapshot(qapp):
    return full_snapshot()


def caught(signal):
    seen = []
    signal.connect(lambda *values: seen.append(values))
    return seen


def visible_texts(page):
    from PySide6.QtWidgets import QLabel

    return [label.text() for label in page.findChildren(QLabel) if not label.isHidden() and label.text()]


def test_this_computer_says_checking_before_anything_is_known(qtbot):
    page = ThisComputerPage(jobs.overridable, calibration.refusal)
    qtbot.addWidget(page)
    page.show_snapshot(None, Snapshot())
    assert "Checking..." in visible_texts(page)
    assert not page.save.isEnabled()
    assert page.save.accessibleDescription()


def test_this_computer_shows_facts_sources_and_reasons(qtbot, snapshot):
    page = ThisComputerPage(jobs.overridable, calibration.refusal)
    qtbot.addWidget(page)
    page.show_snapshot(None, snapshot)
    texts = visible_texts(page)
    assert "AMD Ryzen 7 7840U" in texts
    assert "Radeon 780M" in texts
    assert "from /proc/meminfo" in texts
    assert "this system does not show it" in texts
    assert "Checking..." not in texts
    assert snapshot.machine.profile.notes[0] in texts


def test_a_fact_can_be_overridden_and_the_override_undone(qtbot, snapshot):
    page = ThisComputerPage(jobs.overridable, calibration.refusal)
    qtbot.addWidget(page)
    page.show_snapshot(None, snapshot)
    asked, undone = caught(page.override_requested), caught(page.undo_requested)
    row = page._rows["memory.total_bytes"]
    row.button.click()
    assert not row.edit.isHidden()
    qtbot.keyClicks(row.edit, "24 GiB")
    qtbot.keyClick(row.edit, Qt.Key.Key_Return)
    assert asked == [("memory.total_bytes", "24 GiB")]
    planned = jobs.apply_overrides(snapshot.machine.base, {"memory.total_bytes": "24 GiB"})
    page.show_snapshot(snapshot, with_machine(snapshot, profile=planned))
    assert row.value.text() == "24 GiB"
    assert row.source.text() == "set by you"
    row.button.click()
    assert undone == [("memory.total_bytes",)]


def test_a_saved_machine_is_announced_and_can_be_left(qtbot, snapshot):
    page = ThisComputerPage(jobs.overridable, calibration.refusal)
    qtbot.addWidget(page)
    page.show_snapshot(None, with_machine(snapshot, saved_as="server.json", error="No disk."))
    asked = caught(page.inspect_requested)
    assert "server.json" in page.saved_notice.label.text()
    assert page.notice.label.text() == "No disk."
    page.saved_notice.button.click()
    assert asked == [()]


@pytest.fixture
def task_page(qtbot):
    page = TaskPage(LANGUAGES)
    page.set_regions((("DEU", "Germany"),))
    qtbot.addWidget(page)
    return page


def test_an_example_fills_the_words_and_is_read_at_once(task_page):
    read = caught(task_page.text_changed)
    task_page.examples[1].click()
    assert read == [(EXAMPLES[1][1],)]
    assert task_page.words.toPlainText() == EXAMPLES[1][1]


def test_typing_is_read_after_a_pause_and_find_does_not_wait_for_it(task_page, qtbot):
    read, wanted = caught(task_page.text_changed), caught(task_page.find_requested)
    qtbot.keyClicks(task_page.words, "hello")
    assert read == []
    task_page.run_wanted()
    assert read == [("hello",)]
    assert wanted == [()]


def test_chips_show_what_was_understood_and_can_be_taken_away(task_page, snapshot):
    task_page.show_snapshot(None, snapshot)
    chips = [task_page.chips.itemAt(place).widget() for place in range(task_page.chips.count())]
    assert "languages" in {chip.field for chip in chips}
    removed = caught(task_page.chip_removed)
    chip = next(chip for chip in chips if chip.field == "languages")
    assert chip.remove.accessibleName().startswith("Take away German")
    chip.remove.click()
    assert removed == [("languages",)]
    task_page.show_snapshot(snapshot, with_job(snapshot, removed=("languages",)))
    left = [task_page.chips.itemAt(place).widget().field for place in range(task_page.chips.count())]
    assert "languages" not in left


def test_a_chip_leads_to_its_field(task_page, snapshot, qtbot):
    with qtbot.waitExposed(task_page):
        task_page.show()
    task_page.show_snapshot(None, snapshot)
    chip = next(task_page.chips.itemAt(i).widget() for i in range(task_page.chips.count()))
    chip.main.click()
    assert task_page.focusWidget() is task_page.fields[chip.field].control
    task_page.hide()


def test_the_words_fill_the_fields_and_showing_them_sets_nothing(task_page, snapshot):
    changed = caught(task_page.control_changed)
    task_page.show_snapshot(None, snapshot)
    assert task_page.fields["num_queries_per_day"].control.value() == 500
    assert task_page.fields["languages"].control.text() == "German, Hindi"
    assert task_page.fields["power_source"].control.currentText() == "Battery"
    assert "usually" in task_page.fields["num_input_tokens"].control.text()
    assert changed == []


def test_fields_set_by_hand_are_sent_marked_and_can_be_given_back(task_page, snapshot, qtbot):
    task_page.show_snapshot(None, snapshot)
    changed = caught(task_page.control_changed)
    task_page.fields["max_memory_bytes"].control.setValue(4)
    languages = task_page.fields["languages"].control
    languages.setText("hi, english")
    languages.editingFinished.emit()
    assert changed == [("max_memory_bytes", 4 * 1024**3), ("languages", ("hi", "en"))]
    task_page.show_snapshot(snapshot, with_job(snapshot, controls=(("max_memory_bytes", 4 * 1024**3),)))
    assert "set by you" in task_page.fields["max_memory_bytes"].label.text()
    changed.clear()
    task_page.clear.click()
    assert ("max_memory_bytes", None) in changed


def test_a_task_of_ai_energy_score_sets_its_sizes_and_can_be_given_back(task_page, snapshot):
    assert task_page.preset_button.isHidden()  # nothing to offer yet
    task_page.set_presets(jobs.published_tasks())
    assert not task_page.preset_button.isHidden()
    actions = {action.text(): action for action in task_page.presets.actions()}
    assert len(actions) >= 10
    sent = caught(task_page.control_changed)
    actions["Text generation"].trigger()
    values = dict(sent)
    assert (values["kind"], values["num_input_tokens"], values["num_output_tokens"]) == ("generation", 369, 10)
    sent.clear()
    task_page.show_snapshot(None, with_job(snapshot, controls=(("num_input_tokens", 369), ("num_images", 1))))
    task_page.clear.click()
    assert dict(sent) == {"num_input_tokens": None, "num_images": None}  # those without a field of their own too


def test_a_language_that_is_not_known_is_said(task_page, snapshot):
    task_page.show_snapshot(None, snapshot)
    control = task_page.fields["languages"].control
    control.setText("Klingonisch")
    control.editingFinished.emit()
    assert "Klingonisch" in task_page.notice.label.text()


def test_only_fields_that_matter_for_the_kind_are_shown(task_page, snapshot):
    task_page.show_snapshot(None, snapshot)
    assert not task_page.fields["num_labels"].isHidden()
    assert task_page.fields["audio_s"].isHidden()
    speech = with_job(snapshot, controls=(("kind", "speech-recognition"),))
    task_page.show_snapshot(snapshot, speech)
    assert task_page.fields["num_labels"].isHidden()
    assert not task_page.fields["audio_s"].isHidden()


def test_contradictions_and_words_not_understood_are_said(task_page, snapshot):
    description = msgspec.structs.replace(snapshot.job.description, not_understood=("frobnicate",))
    task_page.show_snapshot(None, with_job(snapshot, description=description, problems=("Zero labels are none.",)))
    assert "frobnicate" in task_page.not_understood.text()
    assert task_page.notice.label.text() == "Zero labels are none."


@pytest.fixture
def results(qtbot):
    page = ResultsPage()
    qtbot.addWidget(page)
    return page


def test_results_are_empty_until_there_is_an_answer(results):
    asked = caught(results.task_requested)
    results.show_snapshot(None, Snapshot())
    assert results.stack.currentIndex() == 0
    results.empty.button.click()
    assert asked == [()]


def test_the_headline_says_pick_reason_and_figures(results, snapshot):
    results.show_snapshot(None, snapshot)
    rows = snapshot.results.recommendation
    pick = rows.row(rows.summary.pick.index)
    assert pick.model.partition("/")[2] in results.headline.name.text()
    assert results.headline.reason.text() == rows.summary.pick.reason.pick
    assert results.headline.tiles["memory"].value.text() == wording.amount(pick.estimate.memory)
    assert rows.summary.pick.reason.smaller in results.headline.why.text()


def test_without_a_pick_the_page_says_why_and_unfolds_all_rows(results, snapshot):
    rows = FakeRows(20)
    rows.summary = msgspec.structs.replace(rows.summary, pick=None, why_no_pick="Allow 0.4 GiB.")
    results.show_snapshot(None, with_results(snapshot, recommendation=rows))
    assert results.headline.reason.text() == "Allow 0.4 GiB."
    assert results.model.rowCount() == 20


def test_choosing_a_row_is_asked_for_and_its_details_are_shown(results, snapshot):
    results.show_snapshot(None, snapshot)
    chosen = caught(results.row_selected)
    results.view.selectRow(3)
    index = results.model.row_at(3).index
    assert chosen[-1] == (index,)
    results.show_snapshot(snapshot, with_results(snapshot, selected=index))
    row = snapshot.results.recommendation.row(index)
    assert row.model.partition("/")[2] in results.details.name.text()
    assert wording.verdict_word(row.verdict) in results.details.bar.verdict.text()


def test_space_pins_and_copy_copies(results, snapshot, qtbot):
    results.show_snapshot(None, snapshot)
    pinned = caught(results.pin_requested)
    results.view.selectRow(2)
    qtbot.keyClick(results.view, Qt.Key.Key_Space)
    assert pinned == [(results.model.row_at(2).index,)]
    qtbot.keyClick(results.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QApplication.clipboard().text()
    assert results.model.row_at(2).model.partition("/")[2] in copied


def test_the_chosen_row_stays_chosen_when_the_order_changes(results, snapshot):
    results.show_snapshot(None, snapshot)
    asked = caught(results.row_selected)
    results.view.sortByColumn(results.model.column_of("memory"), Qt.SortOrder.DescendingOrder)
    place = results.model.place_of(snapshot.results.selected)
    assert results.view.currentIndex().row() == place
    assert {index for (index,) in asked} <= {snapshot.results.selected}


def test_the_filter_waits_for_a_pause_and_the_fold_counts(results, snapshot, qtbot):
    results.show_snapshot(None, snapshot)
    num = results.model.rowCount()
    results.filter.setText("model-1")
    assert results.model.rowCount() == num
    qtbot.waitUntil(lambda: results.model.rowCount() < num, timeout=5000)
    assert "do not fit or miss a need" in results.fold.text()
    results.filter.setText("")
    results.fold.click()
    qtbot.waitUntil(lambda: results.model.rowCount() == 40, timeout=5000)


def test_an_approach_that_is_not_possible_says_why(results, snapshot):
    results.show_snapshot(None, snapshot)
    off = [button for button in results._group.buttons() if not button.isEnabled()]
    assert len(off) == 1
    assert "six topics" in off[0].accessibleDescription()


def test_measure_hands_the_row_on_and_is_off_with_a_reason(results, snapshot):
    results.show_snapshot(None, snapshot)
    asked = caught(results.measure_requested)
    results.details.measure.click()
    assert asked[0][0].index == snapshot.results.selected
    row = msgspec.structs.replace(asked[0][0], can_probe=False, why_no_probe="It is made of experts.")
    results.details.show_row(row, pinned=False)
    assert not results.details.measure.isEnabled()
    assert results.details.measure.accessibleDescription() == "It is made of experts."


def test_the_plot_has_one_point_a_candidate_and_a_click_chooses_it(results, snapshot):
    answer = fakes_report.recommendation()
    from advisor.report.cost_series import cost_series, outline
    from advisor.ui.plots.pareto_plot import ParetoPlot, size_px, tooltip

    series = cost_series(answer)
    plot = ParetoPlot()
    plot.show_series(series, 7)
    assert len(plot._points.points()) == len(series.points)
    assert plot.plot.accessibleDescription() == series.summary
    chosen = caught(plot.selected)
    plot._on_points_clicked(None, [p for p in plot._points.points() if p.data().index == 9], None)
    assert chosen == [(9,)]
    assert "acme/base-embedder" in tooltip(series.points[1])
    assert size_px(4 * 1024**3) > size_px(1024**3) > size_px(None)
    front = outline(series)
    energies, qualities = [p.energy.value for p in front], [p.quality for p in front]
    assert energies == sorted(energies)
    assert qualities == sorted(set(qualities))  # no point that another beats
    plot.deleteLater()


def test_the_plot_can_be_read_as_a_table(qtbot, results):
    snapshot = with_results(Snapshot(), recommendation=None)
    results.show_snapshot(None, snapshot)
    results.pareto.show_rows(fakes_report.recommendation(), None)
    results.pareto.as_table.click()
    from advisor.ui.dialogs.table_dialog import TableDialog, as_tsv

    (dialog,) = results.findChildren(TableDialog)
    assert "acme/base-embedder" in as_tsv(dialog.model)
    dialog.copy()
    assert QApplication.clipboard().text().startswith("Model\tFormat")
    dialog.close()


def test_compare_shows_the_pinned_rows_and_what_differs(qtbot, snapshot, tmp_path):
    page = ComparePage()
    qtbot.addWidget(page)
    page.show_snapshot(None, Snapshot())
    assert page.stack.currentIndex() == 0
    page.show_snapshot(None, snapshot)
    assert page.model.columnCount() == 2
    page.copy.click()
    assert QApplication.clipboard().text().startswith("\tmaker")
    page.save_sheet(str(tmp_path / "sheet.csv"))
    assert (tmp_path / "sheet.csv").read_text("utf-8").startswith('"","maker')
    page.save_sheet(str(tmp_path))
    assert "folder" in page.notice.label.text()
    unpinned = caught(page.unpin_requested)
    page.clear.click()
    assert len(unpinned) == 2


@pytest.fixture
def probe_page(qtbot):
    page = ProbePage(lambda _: "")
    qtbot.addWidget(page)
    return page


def test_the_probe_page_says_what_to_do_without_a_model(probe_page):
    probe_page.show_snapshot(None, Snapshot())
    assert not probe_page.start.isEnabled()
    assert "results" in probe_page.start.accessibleDescription()


def test_a_running_probe_shows_stage_time_and_stop(probe_page, snapshot):
    running = with_probe(
        snapshot, phase="running", stage="measure", done_share=0.5, elapsed_s=4.0, remaining_s=4.0, result=None,
        outcome=None,
    )  # fmt: skip
    probe_page.show_snapshot(None, running)
    assert "4 s so far, about 4 s left" in probe_page.time.text()
    assert probe_page.stages.accessibleName() == "Stage: Measure"
    assert probe_page.bar.value() == 500
    stopped = caught(probe_page.stop_requested)
    probe_page.stop.click()
    assert stopped == [()]
    probe_page.show_snapshot(running, with_probe(running, phase="stopping"))
    assert probe_page.stop.text() == "Stopping..."
    assert not probe_page.stop.isEnabled()


def test_a_result_stands_beside_the_estimate_with_its_grade(probe_page, snapshot):
    probe_page.show_snapshot(None, snapshot)
    assert "Measured with made-up weights" in probe_page.verdict.text()
    assert "Grade B" in probe_page.grade.text()
    assert "Other programs used 12 % of the processor." in probe_page.grade.text()
    assert not probe_page.plots_card.isHidden()
    assert "readings" in probe_page._plots.plots[0].accessibleDescription()
    assert not probe_page.energy.isHidden()


def test_two_probes_in_a_row_are_held_against_each_other_and_what_they_taught_is_said(probe_page, snapshot):
    then = msgspec.structs.replace(
        fakes_report.probe(), id="p-0000", created="2026-11-22T09:00:00Z", num_threads=4,
        rate=fakes_report.span(30.0, "queries/s", "measured-synthetic", "n = 19", 0.01),
    )  # fmt: skip
    probe_page.show_snapshot(None, with_archive(snapshot, probes=(fakes_report.probe(), then)))
    assert "It was 41 % slower than the probe of 2026-11-22 09:00." in probe_page.grade.text()
    assert "4 threads then, 8 threads now" in probe_page.grade.text()
    assert probe_page.learned.isHidden()
    taught = SpeedState(learned="2 probes made here; typical error of an estimate now 6%.")
    probe_page.show_snapshot(snapshot, with_calibration(snapshot, speed=taught))
    assert probe_page.learned.text() == taught.learned
    assert not probe_page.learned.isHidden()


def test_the_results_say_what_probes_taught(qtbot, snapshot):
    page = ResultsPage()
    qtbot.addWidget(page)
    page.show_snapshot(None, snapshot)
    taught = SpeedState(learned="2 probes made here; typical error of an estimate now 6%.")
    page.show_snapshot(snapshot, with_calibration(snapshot, speed=taught))
    assert page.subtitle.text().splitlines()[-1] == taught.learned


def test_a_probe_that_ended_badly_says_why_and_what_to_do(probe_page, snapshot):
    ended = with_probe(
        snapshot, result=None, outcome=Outcome(code="killed_for_memory", message="It needed more than 7.1 GiB.")
    )
    probe_page.show_snapshot(None, ended)
    assert probe_page.verdict.text().startswith("It needed more than 7.1 GiB. Try a shorter context")


def test_tight_rows_are_measured_only_after_a_warning(probe_page, snapshot):
    rows = snapshot.results.recommendation
    far = int(rows.order[-1])
    probe_page.show_snapshot(None, with_results(snapshot, selected=far))
    assert probe_page.start.text() == "Measure it anyway"
    assert "Does not fit" in probe_page.sentence.text()
    asked = caught(probe_page.probe_requested)
    probe_page.run_wanted()
    assert asked[0][0].index == far


def test_the_report_page_sends_file_and_switch_and_shows_the_history(qtbot, snapshot):
    page = ReportPage()
    qtbot.addWidget(page)
    page.show_snapshot(None, Snapshot())
    assert not page.save.isEnabled()
    page.show_snapshot(Snapshot(), snapshot)
    assert page.save.isEnabled()
    assert page.redact.isChecked()
    assert page.model.rowCount() == 1
    assert page.report_model.index(0, 1).data() == "Sort support emails"
    saved = caught(page.save_requested)
    page.redact.setChecked(False)
    page._on_dialog_file_selected("/tmp/r.pdf")
    assert saved == [("/tmp/r.pdf", False)]
    page.show_snapshot(snapshot, with_report(snapshot, error="There is no space left.", saved_path=""))
    assert page.notice.label.text() == "There is no space left."


def test_settings_send_each_change_and_showing_them_sends_nothing(qtbot, snapshot):
    page = SettingsPage()
    qtbot.addWidget(page)
    page.set_grids(jobs.grids())
    changed = caught(page.setting_changed)
    page.show_snapshot(None, snapshot)
    assert changed == []
    page.slider.setValue(150)
    page.reserve.setValue(2)
    page.redact.click()
    page.theme.setCurrentIndex(2)
    page.theme.activated.emit(2)
    assert changed == [
        ("text_size_share", 1.5), ("memory_reserve_bytes", 2 * 1024**3), ("redact_reports", False), ("theme", "dark"),
    ]  # fmt: skip


def test_numbers_do_not_touch_the_edge_of_their_field(qtbot):
    from PySide6.QtWidgets import QAbstractSpinBox

    from advisor.ui import theme

    for page in (SettingsPage(), TaskPage(LANGUAGES)):
        qtbot.addWidget(page)
        fields = page.findChildren(QAbstractSpinBox)
        assert fields
        for field in fields:
            assert field.lineEdit().textMargins().left() >= theme.unit_px(field)


def test_where_a_figure_comes_from_has_the_whole_width(qtbot, snapshot):
    page = ResultsPage()
    qtbot.addWidget(page)
    page.show_snapshot(None, snapshot)
    grid = page.details._grid
    basis = grid.itemAtPosition(1, 0)
    assert basis is grid.itemAtPosition(1, 1)
    assert basis.widget().text().startswith("estimated: ")


def test_reasons_for_a_grade_stand_one_a_line(qtbot, snapshot):
    page = ProbePage(lambda _: "")
    qtbot.addWidget(page)
    result = msgspec.structs.replace(snapshot.probe.result, grade="C", reasons=("It was hot.", "It was busy."))
    page.show_snapshot(None, with_probe(snapshot, result=result))
    lines = page.grade.text().splitlines()
    assert lines[0].startswith("Grade C")
    assert lines[1:3] == ["•  It was hot.", "•  It was busy."]


def test_a_single_reading_can_be_seen(qtbot, snapshot):
    from advisor.report.series import probe_series
    from advisor.ui.plots.probe_plots import ProbePlots

    plots = ProbePlots()
    qtbot.addWidget(plots)
    samples = snapshot.probe.result.samples
    plots.show_series(probe_series(samples[:1]))
    lone = [curve.opts["symbol"] for curve in plots._curves if len(curve.xData if curve.xData is not None else ()) == 1]
    plots.show_series(probe_series(samples))
    assert lone
    assert set(lone) == {"o"}
    assert {curve.opts["symbol"] for curve in plots._curves} == {None}
    plots._reveal.stop()
