"""Result files opened in the window: from the command line, by the desktop, on the page; and what cannot be opened."""

import subprocess
import sys
import tomllib
from pathlib import Path

import fakes_report
import msgspec
import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog

from advisor import __main__, __version__
from advisor.report import build, export
from advisor.ui import app as start_app
from advisor.ui.actions import PAGES
from advisor.ui.store import SavedReport, with_archive

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def results(tmp_path):
    """Two result files, the second with ten times the energy."""
    made = build.build(fakes_report.recommendation(), probes=())
    for name, created in (("mine.mfa.json", "2026-11-23T12:00:00+00:00"), ("theirs.json", "2026-11-24T12:00:00+00:00")):
        export.write(msgspec.structs.replace(made, created=created), tmp_path / name)
    return str(tmp_path / "mine.mfa.json"), str(tmp_path / "theirs.json")


def opened(app, qtbot, files):
    app.open_files(files)
    qtbot.waitUntil(lambda: not app.store.snapshot.reading.busy, timeout=20_000)
    return app.store.snapshot.reading


def test_a_file_is_shown_on_the_report_page_with_its_name(app, qtbot, results):
    reading = opened(app, qtbot, results[:1])
    page = app.window.page("report")
    assert app.window.current == "report"
    assert reading.error == ""
    assert not page.opened.isHidden()
    assert page.opened.name.text().startswith("small-embedder")
    assert page.opened.kicker.text().endswith("from mine.mfa.json")
    assert page.reading_notice.isHidden()


def test_two_files_stand_side_by_side_and_the_second_can_be_taken_away(app, qtbot, results):
    opened(app, qtbot, results)
    view = app.window.page("report").opened
    assert view.beside.currentText() == "The file theirs.json"
    written = {line[0]: line[1:3] for line in view.sheet_texts()}["Written"]
    assert written == ("2026-11-23 12:00 UTC", "2026-11-24 12:00 UTC")
    view.beside.activated.emit(1)  # the same again: no report of the history is looked for
    assert not app.store.snapshot.reading.busy
    assert app.store.snapshot.reading.error == ""
    view.beside.activated.emit(0)
    assert [item.file for item in app.store.snapshot.reading.opened] == ["mine.mfa.json"]
    assert view.sheet_texts() == ()


def test_a_report_of_the_history_stands_beside_a_file(app, qtbot, results, tmp_path):
    known = (SavedReport(id=3, created="2026-11-22T09:30:00+00:00", title="larger-embedder: letters"),)
    app.store.update(lambda old: with_archive(old, reports=known))
    opened(app, qtbot, results[:1])
    asked = []
    page = app.window.page("report")
    page.beside_requested.connect(asked.append)
    page.opened.beside.activated.emit(1)
    assert asked == [3]
    qtbot.waitUntil(lambda: not app.store.snapshot.reading.busy, timeout=20_000)


def test_what_cannot_be_opened_is_said_in_place_and_the_rest_is_opened(app, qtbot, results, tmp_path):
    bad = tmp_path / "bad.mfa.json"
    bad.write_text('{"schema": 1')
    reading = opened(app, qtbot, (str(bad), results[0], results[1]))
    page = app.window.page("report")
    assert [item.file for item in reading.opened] == ["mine.mfa.json"]
    assert str(bad) in page.reading_notice.label.text()
    assert "not opened: theirs.json" in page.reading_notice.label.text()
    assert not page.reading_notice.isHidden()
    reading = opened(app, qtbot, (str(tmp_path / "none.mfa.json"),))
    assert "does not exist" in page.reading_notice.label.text()
    assert [item.file for item in reading.opened] == ["mine.mfa.json"]  # what was looked at stays
    page.opened.close_button.click()
    assert page.reading_notice.isHidden()


def test_the_page_and_the_menu_ask_for_files(app, qtbot, results, monkeypatch):
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: None)
    app.window.actions_by_id["open-result"].trigger()
    page = app.window.page("report")
    dialog = page.findChild(QFileDialog)
    assert dialog.nameFilters()[0] == "Results (*.mfa.json)"
    dialog.filesSelected.emit(list(results))
    dialog.close()
    qtbot.waitUntil(lambda: len(app.store.snapshot.reading.opened) == 2, timeout=20_000)


def test_data_is_saved_under_the_suffix_of_results(app, monkeypatch):
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: None)
    app.window.go("report")
    page = app.window.page("report")
    page.kind.setCurrentIndex(page.kind.findText("Data (JSON)"))
    page.choose_file()
    dialog = page.findChild(QFileDialog)
    assert dialog.defaultSuffix() == "mfa.json"
    assert dialog.selectedFiles()[0].endswith("model-fit-report.mfa.json")
    dialog.close()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], True), (["gui"], True), (["gui", "a.mfa.json"], True), (["gui", "--help"], False),
        (["a.mfa.json"], True), (["A.MFA.JSON"], True), (["./a.mfa.json", "b.json"], True),
        (["there.json"], True), (["./plain"], True), (["not-there.json"], False), (["recommend"], False),
        (["--version"], False), (["describe", "there.json"], False), (["-x.mfa.json"], False),
    ],
)  # fmt: skip
def test_the_launcher_tells_a_file_from_a_command(tmp_path, monkeypatch, words, expected):
    monkeypatch.chdir(tmp_path)
    for name in ("there.json", "plain", "recommend"):  # a file with a command's name never hides the command
        (tmp_path / name).write_text("{}")
    assert __main__._is_for_window(words) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--theme", "dark", "a", "--ready-line", "b"],
         start_app.Options(theme="dark", flags=frozenset({"--ready-line"}), files=("a", "b"))),
        (["--page=models"], start_app.Options(page="models")),
        (["--", "--odd.mfa.json"], start_app.Options(files=("--odd.mfa.json",))),
        (["--page", "nowhere"], None), (["--theme"], None), (["--unknown"], None),
    ],
)  # fmt: skip
def test_the_windows_words(words, expected):
    assert start_app._options(words) == expected


def test_tab_offers_the_windows_own_names():
    from advisor.cli import completion
    from advisor.ui import theme

    assert tuple(name for name, _, _ in PAGES) == completion.PAGES
    assert set(completion.THEMES) == set(theme.THEMES)


def test_the_desktop_knows_the_app_by_its_entry(qapp):
    names = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
    before = (QCoreApplication.applicationName(), QCoreApplication.applicationVersion())
    try:
        start_app.name_application(QApplication.instance())
        assert QGuiApplication.desktopFileName() == names["id"]
        assert QCoreApplication.applicationName() == names["name"]
        assert QCoreApplication.applicationVersion() == __version__
    finally:
        QCoreApplication.setApplicationName(before[0])
        QCoreApplication.setApplicationVersion(before[1])


START = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from advisor.ui.app import Start, _options
qt = QApplication(sys.argv[:1])
start = Start(qt, _options(sys.argv[1:]))
def poll():
    if start.app is not None and start.app.store.snapshot.reading.opened:
        print(start.window.current, start.app.window.page("report").opened.kicker.text(), qt.windowIcon().isNull())
        start.window.close()
timer = QTimer()
timer.timeout.connect(poll)
timer.start(50)
start.show()
qt.exec()
timer.stop()
start.dispose()
"""


def test_a_started_window_shows_the_file_it_was_started_with(results):
    done = subprocess.run(
        [sys.executable, "-c", START, "--page", "models", results[0]], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.startswith("report "), done.stderr
    assert done.stdout.rstrip().endswith("from mine.mfa.json False")
