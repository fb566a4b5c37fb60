"""About and the look for newer versions in the window: nothing is asked unless the user wants it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from window_fakes import FakeChild, NowRun

from advisor import __version__
from advisor.child.protocol import Outcome
from advisor.errors import InvalidInputError
from advisor.installed import components, updates
from advisor.ui.about_state import UpdatesState
from advisor.ui.controllers.updates import UpdatesController
from advisor.ui.dialogs.about_dialog import AboutDialog
from advisor.ui.store import Store
from advisor.ui.widgets.updates_card import UpdatesCard

FOUND = UpdatesState(sentence="Version 99 is available.", is_newer=True)


class Bench:
    def __init__(self, qapp, *, on=False, due=True, request=lambda: b"{}"):
        self.store, self.children, self.bugs = Store(), [], []
        settings = msgspec.structs.replace(self.store.snapshot.settings, look_for_updates=on)
        self.store.update(lambda old: msgspec.structs.replace(old, settings=settings))
        self.controller = UpdatesController(
            self.store, NowRun(), known=UpdatesState, request=request, is_due=lambda: due, keep=lambda answer: FOUND,
            keep_failed=lambda outcome: UpdatesState(),
            make_child=self.make_child, log=lambda record: None, broken=self.bugs.append, parent=qapp,
        )  # fmt: skip

    @property
    def state(self):
        return self.store.snapshot.updates

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]

    def week(self):
        """What the timer does."""
        self.controller._on_timer_timeout()
        self.controller.close()


@pytest.mark.parametrize(("on", "due", "asked"), [(False, True, 0), (True, False, 0), (True, True, 1)])
def test_only_where_it_was_turned_on_and_a_week_is_over_it_asks_by_itself(qapp, on, due, asked):
    bench = Bench(qapp, on=on, due=due)
    bench.controller.begin()
    bench.week()
    assert len(bench.children) == asked
    assert bench.state.looking is bool(asked)


@pytest.mark.parametrize("part", ["probe", "calibration", "file"])
def test_nothing_is_asked_by_itself_while_something_is_measured(qapp, part):
    bench = Bench(qapp, on=True)
    busy = msgspec.structs.replace(getattr(bench.store.snapshot, part), phase="running")
    bench.store.update(lambda old: msgspec.structs.replace(old, **{part: busy}))
    bench.week()
    assert bench.children == []


def test_look_now_asks_once_and_shows_what_was_found(qapp):
    bench = Bench(qapp)
    bench.controller.look_now()
    bench.controller.look_now()
    assert len(bench.children) == 1
    bench.children[0].ended.emit(Outcome(code="finished", result=b"{}"))
    assert bench.state == FOUND


def test_a_failure_is_told_to_who_asked_and_to_nobody_else(qapp):
    failed = Outcome(code="failed", reason="updates-unreachable", message="It does not answer.", remedy="Look again.")
    asked = Bench(qapp)
    asked.controller.look_now()
    asked.children[0].ended.emit(failed)
    assert asked.state.error == "It does not answer. Look again."
    assert not asked.state.looking
    quiet = Bench(qapp, on=True)
    quiet.week()
    quiet.children[0].ended.emit(failed)
    assert quiet.state == UpdatesState()


def test_an_address_that_is_not_safe_is_said_in_place(qapp):
    def refuse():
        raise InvalidInputError("updates-address-invalid", "That is no https address.")

    bench = Bench(qapp, request=refuse)
    bench.controller.look_now()
    assert bench.state.error == "That is no https address."
    assert bench.children == []


def test_the_card_says_who_is_asked_and_that_it_is_off(qtbot):
    card = UpdatesCard()
    qtbot.addWidget(card)
    assert not card.switch.isChecked()
    assert card.what.text().startswith("Off: ")
    assert updates.host(updates.ADDRESS) in card.what.text()
    with qtbot.waitSignal(card.switched) as switched:
        card.switch.click()
    assert switched.args == [True]
    with qtbot.waitSignal(card.look_requested):
        card.look.click()
    card.show_state(FOUND, on=True)
    assert card.what.text().startswith("On: ")
    assert card.found.text() == "Version 99 is available."
    card.show_state(UpdatesState(looking=True), on=True)
    assert not card.look.isEnabled()


class Latest(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"tag_name": "99.0.0", "html_url": "https://example.org/n"}).encode())

    def log_message(self, *_):
        pass


def test_in_the_real_window_a_real_child_asks_a_real_server(app, qtbot, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Latest)
    server.asked = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(updates.ADDRESS_VARIABLE, f"http://127.0.0.1:{server.server_port}/latest")
    try:
        app.window.go("settings")
        page = app.window.page("settings")
        app.about.updates._on_timer_timeout()  # the switch is off
        assert app.store.snapshot.updates == UpdatesState()
        page.updates.look.click()
        qtbot.waitUntil(lambda: "99.0.0" in app.store.snapshot.updates.sentence, timeout=20_000)
        assert server.asked == 1
        assert f"you have {__version__}" in page.updates.found.text()
        assert updates.last().version == "99.0.0"
    finally:
        app.about.updates.close()
        server.shutdown()
        server.server_close()


def test_the_dialog_lists_filters_and_shows_the_texts(qtbot):
    dialog = AboutDialog("You have the newest version.")
    qtbot.addWidget(dialog)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    assert not dialog.filter.isEnabled()
    dialog.show_components(components.of_packages())
    everything = dialog.model.rowCount()
    assert everything > 40
    dialog.filter.setText("msgspec")
    assert dialog.model.rowCount() == 1
    dialog.view.selectRow(0)
    assert "Redistribution" in dialog.licence.toPlainText()
    dialog.filter.setText("")
    assert dialog.model.rowCount() == everything
    dialog.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert __version__ in copied
    assert "Python" in copied
    for widget in (dialog.filter, dialog.view, dialog.licence):
        assert widget.accessibleName()


def test_the_menu_opens_it_once_and_a_worker_fills_it(app, qtbot):
    app.window.action_triggered.emit("about")
    dialog = app.about._dialog
    qtbot.waitUntil(lambda: dialog.model.rowCount() > 40, timeout=20_000)
    app.window.action_triggered.emit("about")
    app.window.go("settings")
    app.window.page("settings").updates.about.click()
    assert app.about._dialog is dialog
    for column in range(dialog.model.columnCount()):  # all can be seen, without scrolling
        assert dialog.view.columnViewportPosition(column) + dialog.view.columnWidth(column) <= (
            dialog.view.viewport().width()
        )
    dialog.close()


def test_a_damaged_list_is_said_in_the_dialog(app, qtbot, monkeypatch, tmp_path):
    (tmp_path / components.FILE_NAME).write_text("{", "utf-8")
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    app.window.action_triggered.emit("about")
    dialog = app.about._dialog
    qtbot.waitUntil(lambda: "cannot be used" in dialog.licence.toPlainText(), timeout=20_000)
    dialog.close()
