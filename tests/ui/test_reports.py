"""Reports of the history: opened, held against another, saved again."""

import fakes_report
import msgspec
import pytest
from window_fakes import LaterRun, NowRun, full_snapshot

from advisor.errors import InvalidFileError, OutputError
from advisor.report import build
from advisor.ui.controllers import jobs
from advisor.ui.controllers.reading import ReadingController
from advisor.ui.models import report_sheet
from advisor.ui.pages.report_page import ReportPage
from advisor.ui.store import OpenedReport, SavedReport, Snapshot, Store, with_archive, with_reading


def document(**changes):
    made = build.build(fakes_report.recommendation(), probes=())
    return msgspec.structs.replace(made, **changes)


def scaled(made, key, factor):
    """Return a report whose answer has one figure times a factor, range included."""

    def times(row):
        if row.key != key:
            return row
        item = row.quantity
        changed = msgspec.structs.replace(
            item, value=item.value * factor, low=item.low and item.low * factor, high=item.high and item.high * factor
        )
        return msgspec.structs.replace(row, quantity=changed)

    answer = msgspec.structs.replace(made.answer, key_figures=tuple(times(row) for row in made.answer.key_figures))
    return msgspec.structs.replace(made, answer=answer)


def caught(signal):
    seen = []
    signal.connect(lambda *values: seen.append(values))
    return seen


KNOWN = (
    SavedReport(id=3, created="2026-11-23T12:00:00+00:00", title="small-embedder: emails"),
    SavedReport(id=7, created="2026-11-22T09:30:00+00:00", title="larger-embedder: letters"),
)


@pytest.fixture
def page(qtbot):
    made = ReportPage()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def store(qapp):
    return Store()


def reading(store, run, bugs, **changes):
    given = {"read": lambda report_id: document(title=f"Report {report_id}"), "write": lambda made, path: None}
    given["read_file"] = lambda path: document(title=f"File {path.name}")
    return ReadingController(store, run, broken=bugs.append, **(given | changes))


def test_without_reports_a_sentence_stands_in_their_place(page):
    page.show_snapshot(None, Snapshot())
    assert not page.reports_empty.isHidden()
    assert page.reports.isHidden()
    assert page.open.isHidden()
    assert page.opened.isHidden()


def test_a_report_is_chosen_and_opened(page, qtbot):
    page.show_snapshot(None, with_archive(Snapshot(), reports=KNOWN))
    assert page.reports_empty.isHidden()
    assert not page.open.isEnabled()
    assert page.open.accessibleDescription()
    asked = caught(page.open_requested)
    page.reports.selectRow(1)
    page.open.click()
    page.reports.sortByColumn(0, page.reports.horizontalHeader().sortIndicatorOrder())
    first = page.report_model.index(0, 1)
    page.reports.activated.emit(first)
    expected = next(item.id for item in KNOWN if item.title == first.data())
    assert asked == [(7,), (expected,)]


def test_an_opened_report_shows_its_answer_and_key_figures(page):
    made = document()
    opened = (OpenedReport(id=3, document=made),)
    page.show_snapshot(None, with_reading(with_archive(Snapshot(), reports=KNOWN), opened=opened))
    view = page.opened
    assert not view.isHidden()
    assert view.name.text() == f"small-embedder, {made.answer.format_label}"
    assert made.answer.reason in view.reason.text()
    assert view.tiles["memory"].value.text() == "1 GiB"
    assert view.tiles["energy_per_1000_queries"].value.text()
    assert view.quality.value.text() == "62.3"
    assert view.sheet_texts() == ()
    assert view.beside.count() == 2
    assert "larger-embedder" in view.beside.itemText(1)


def test_a_report_without_a_pick_says_why(page):
    made = msgspec.structs.replace(document(), answer=None, why_no_answer="No model knows Klingon.")
    page.show_snapshot(None, with_reading(Snapshot(), opened=(OpenedReport(id=3, document=made),)))
    assert page.opened.name.text() == "No model meets every need"
    assert page.opened.reason.text() == "No model knows Klingon."
    assert page.opened.tiles["memory"].isHidden()
    assert not page.opened.beside.isEnabled()


def test_two_reports_stand_side_by_side(page):
    one = document(created="2026-11-23T12:00:00+00:00")
    two = scaled(one, "energy_per_1000_queries", 10)
    opened = (OpenedReport(id=3, document=one), OpenedReport(id=7, document=two))
    page.show_snapshot(None, with_reading(with_archive(Snapshot(), reports=KNOWN), opened=opened))
    sheet = {line[0]: line[1:] for line in page.opened.sheet_texts()}
    assert sheet["Energy, 1,000 queries"][2] == "10 times as much"
    assert sheet["Memory"][2] == ""
    assert sheet["Model"][:2] == ("small-embedder", "small-embedder")
    assert page.opened.beside.currentIndex() == 1
    asked = caught(page.beside_requested)
    page.opened.beside.activated.emit(0)
    assert asked == [(None,)]


def test_differences_in_words():
    one = report_sheet.quantity(document(), "memory")

    def by(factor, **changes):
        values = {"value": one.value * factor, "low": one.low * factor, "high": one.high * factor} | changes
        return report_sheet.difference(one, msgspec.structs.replace(one, **values))

    assert by(1.0) == ""
    assert by(1.1) == "10 % more, but the ranges meet"
    assert by(0.5) == "50 % less"
    assert by(4.0) == "4 times as much"
    assert by(1.1, unit="images/s") == "counted in another unit"
    assert report_sheet.difference(one, None) == ""
    assert report_sheet.difference(None, None) == ""


def test_other_tasks_and_picks_are_named():
    one = document()
    answer = msgspec.structs.replace(one.answer, model="acme/larger")
    two = msgspec.structs.replace(one, task_text="Translate letters", answer=answer)
    lines = {line.label: line for line in report_sheet.lines(one, two)}
    assert lines["Model"].second == "larger"
    assert lines["Model"].difference == "another"
    assert lines["Task"].second == "Translate letters"
    assert lines["Computer"].difference == ""
    assert lines["Written"].difference == ""
    none = msgspec.structs.replace(one, answer=None)
    assert {line.label: line.second for line in report_sheet.lines(one, none)}["Memory"] == "no data"


def test_open_put_beside_and_close(store):
    bugs = []
    controller = reading(store, NowRun(), bugs)
    controller.put_beside(7)
    assert store.snapshot.reading.opened == ()
    controller.open(3)
    controller.put_beside(7)
    assert [item.id for item in store.snapshot.reading.opened] == [3, 7]
    controller.put_beside(None)
    assert [item.id for item in store.snapshot.reading.opened] == [3]
    controller.close()
    assert store.snapshot.reading.opened == ()
    assert bugs == []


def test_a_report_that_was_closed_meanwhile_does_not_come_back(store):
    run = LaterRun()
    controller = reading(store, run, [])
    controller.open(3)
    controller.close()
    run.finish()
    assert store.snapshot.reading.opened == ()
    assert not store.snapshot.reading.busy


def test_a_report_that_cannot_be_read_or_written_is_said_in_place(store, page, tmp_path):
    def damaged(report_id):
        raise InvalidFileError("report-invalid", "Report 3 is not a whole report.", remedy="Save it again.")

    def full(made, path):
        raise OutputError("disk-full", f"There is no space left to write {path}.")

    reading(store, NowRun(), [], read=damaged).open(3)
    assert store.snapshot.reading.error == "Report 3 is not a whole report. Save it again."
    page.show_snapshot(None, store.snapshot)
    assert page.reading_notice.label.text() == store.snapshot.reading.error
    controller = reading(store, NowRun(), [], write=full)
    controller.save("nothing-is-open.html")
    assert "space" not in store.snapshot.reading.error
    controller.open(3)
    assert store.snapshot.reading.error == ""
    controller.save(str(tmp_path / "a.html"))
    assert "no space left" in store.snapshot.reading.error


def test_the_kind_of_a_copy_is_chosen_with_the_file(page, qtbot):
    from PySide6.QtWidgets import QFileDialog

    asked = caught(page.save_again_requested)
    page.choose_copy()
    dialog = page.findChild(QFileDialog)
    assert len(dialog.nameFilters()) == 5
    dialog.filterSelected.emit(dialog.nameFilters()[1])
    assert dialog.defaultSuffix() == "pdf"
    dialog.fileSelected.emit("/tmp/copy.pdf")
    dialog.close()
    assert asked == [("/tmp/copy.pdf",)]


def test_a_written_report_is_listed_opened_compared_and_saved_again(app, qtbot, tmp_path):
    base = full_snapshot()
    answer = fakes_report.recommendation()
    app.store.update(lambda _old: msgspec.structs.replace(base, archive=Snapshot().archive))
    app.store.update(
        lambda old: msgspec.structs.replace(
            old, results=msgspec.structs.replace(old.results, recommendation=answer, selected=answer.pick.index)
        )
    )
    app.window.go("report")
    page = app.window.page("report")
    for number, name in enumerate(("one.html", "two.json"), start=1):
        page.save_requested.emit(str(tmp_path / name), True)
        qtbot.waitUntil(lambda: len(app.store.snapshot.archive.reports) == number, timeout=20_000)  # noqa: B023
    assert "small-embedder" in page.report_model.index(0, 1).data()
    page.reports.selectRow(0)
    page.open.click()
    qtbot.waitUntil(lambda: len(app.store.snapshot.reading.opened) == 1, timeout=20_000)
    page.opened.beside.activated.emit(1)
    qtbot.waitUntil(lambda: len(app.store.snapshot.reading.opened) == 2, timeout=20_000)
    assert page.opened.sheet_texts()
    for ending in ("html", "md", "json", "csv", "pdf"):
        copy = tmp_path / f"copy.{ending}"
        page.save_again_requested.emit(str(copy))
        qtbot.waitUntil(lambda: app.store.snapshot.reading.saved_path == str(copy), timeout=30_000)  # noqa: B023
        assert copy.stat().st_size > 100
    page.opened.close_button.click()
    assert page.opened.isHidden()
    assert jobs.read_report(app.store.snapshot.archive.reports[0].id).answer is not None
