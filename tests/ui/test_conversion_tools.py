"""The cards of the conversion tools and of the converted models: said first, asked first, one thing at a time."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from window_fakes import FakeChild, LaterRun, NowRun

from advisor.child.protocol import Outcome, Progress
from advisor.convert import place, shelf, tools
from advisor.errors import OutputError
from advisor.report import conversion_tools as words
from advisor.ui.controllers import conversion_views
from advisor.ui.controllers.conversion import ConversionController
from advisor.ui.store import Store
from advisor.ui.tools_state import ConversionState, ShelfView, ToolsView
from advisor.ui.widgets import tools_card
from advisor.ui.widgets.tools_card import ShelfCard, ToolsCard

TAKES = "About 297 MiB."
MISSING = ToolsView(status="Not installed", sentence="Not here.", takes=TAKES, can_install=True, can_remove=False)
HERE = ToolsView(status="Installed", sentence="All here.", takes=TAKES, can_install=False, can_remove=True)
EMPTY = ShelfView(
    sentence="None yet.", headers=words.MODEL_TITLES, rows=(), sizes_bytes=(), clear_words="", can_clear=False
)
FULL = ShelfView(
    sentence="2 converted models.", headers=words.MODEL_TITLES, clear_words="They can be made again.", can_clear=True,
    rows=(("org/b", "onnx-fp32", "2 MiB", "mit", "2026-11-27", "checked"),
          ("org/a", "onnx-fp32", "10 KiB", "mit", "2026-11-27", "checked")),
    sizes_bytes=(2**21, 10 * 2**10),
)  # fmt: skip
DONE = Outcome(code="finished", result=None)


class Bench:
    def __init__(self, qapp, run=None, **changes):
        self.store, self.children, self.ended, self.bugs = Store(), [], [], []
        given = {
            "request": lambda: b"{}", "look": lambda: (MISSING, FULL), "after_install": self.after_install,
            "remove": lambda: (MISSING, FULL), "clear": lambda: (MISSING, EMPTY), "make_child": self.make_child,
            "log": lambda record: None, "broken": self.bugs.append,
        }  # fmt: skip
        self.controller = ConversionController(self.store, run or NowRun(), **(given | changes))

    @property
    def state(self):
        return self.store.snapshot.conversion

    def make_child(self, parent):
        self.children.append(FakeChild(parent))
        return self.children[-1]

    def after_install(self, outcome):
        self.ended.append(outcome.code)
        return (HERE if outcome.code == "finished" else MISSING), FULL


def test_an_installation_runs_in_a_child_and_is_shown_to_its_end(qapp):
    bench, told = Bench(qapp), []
    bench.controller.look()
    bench.controller.changed.connect(lambda: told.append(1))
    bench.controller.install()
    (child,) = bench.children
    assert child.started == (tools.JOB, b"{}", None, None)
    child.message.emit(Progress(stage="load", done_share=0.4, elapsed_s=9, detail="unpacking 56 packages"))
    assert (bench.state.phase, bench.state.done_share, bench.state.detail) == ("running", 0.4, "unpacking 56 packages")
    bench.controller.install()
    bench.controller.remove()
    bench.controller.clear()
    assert len(bench.children) == 1
    child.ended.emit(DONE)
    assert (bench.state.phase, bench.state.tools, bench.state.error, bench.ended) == ("idle", HERE, "", ["finished"])
    assert told == [1]


@pytest.mark.parametrize(("code", "said"), [("cancelled", ""), ("failed", "No network. Look at it.")])
def test_one_that_ends_early_is_cleared_away_and_says_why_unless_the_user_wanted_it(qapp, code, said):
    run = LaterRun()
    bench = Bench(qapp, run)
    bench.controller.install()
    (child,) = bench.children
    bench.controller.stop()
    assert (bench.state.phase, child.num_stops) == ("stopping", 1)
    bench.controller.stop()
    assert child.num_stops == 1
    child.ended.emit(Outcome(code=code, message="No network.", remedy="Look at it."))
    assert bench.state.phase == "removing"
    bench.controller.install()
    assert len(bench.children) == 1
    run.finish()
    assert (bench.state.phase, bench.state.tools, bench.state.error, bench.ended) == ("idle", MISSING, said, [code])


def test_what_cannot_be_removed_is_said_in_its_own_card(qapp):
    def refuse():
        raise OutputError("path-not-writable", "It cannot be removed.", remedy="Close what uses it.")

    bench = Bench(qapp, remove=refuse, clear=refuse)
    bench.controller.remove()
    sentence = "It cannot be removed. Close what uses it."
    assert (bench.state.error, bench.state.shelf_error, bench.state.phase) == (sentence, "", "idle")
    bench.controller.clear()
    assert (bench.state.shelf_error, bench.state.clearing) == (sentence, False)
    assert bench.bugs == []


def test_the_card_of_the_tools_says_what_it_takes_and_offers_what_can_be_done(qtbot):
    card = ToolsCard()
    qtbot.addWidget(card)
    card.show()
    assert card.told.text() == tools_card.LOOKING
    assert card.install.isHidden()
    card.show_state(ConversionState(tools=MISSING))
    assert card.takes.text() == "About 297 MiB."
    assert (card.install.text(), card.remove.isVisible()) == (tools_card.INSTALL, False)
    with qtbot.waitSignal(card.install_asked):
        qtbot.mouseClick(card.install, Qt.MouseButton.LeftButton)
    card.show_state(ConversionState(tools=MISSING, phase="running", done_share=0.5, detail="asking the package index"))
    assert (card.bar.value(), card.bar.isVisible(), card.detail.text()) == (50, True, "Asking the package index")
    assert not card.takes.isVisible()
    with qtbot.waitSignal(card.stop_requested):
        card.install.click()
    card.show_state(ConversionState(tools=MISSING, phase="stopping"))
    assert not card.install.isEnabled()
    assert card.install.accessibleDescription() == tools_card.STOPPING
    card.show_state(ConversionState(tools=HERE))
    assert (card.install.isVisible(), card.remove.isVisible(), card.takes.isVisible()) == (False, True, False)
    with qtbot.waitSignal(card.remove_asked):
        card.remove.click()
    card.show_state(ConversionState(tools=HERE, error="It failed."))
    assert card.error.isVisible()


def test_the_card_of_the_models_lists_them_and_sorts_by_size(qtbot):
    card = ShelfCard()
    qtbot.addWidget(card)
    card.show()
    card.show_state(ConversionState(shelf=EMPTY))
    assert (card.told.text(), card.clear.isVisible(), card.table.isVisible()) == ("None yet.", False, False)
    card.show_state(ConversionState(shelf=FULL))
    assert card.model.rowCount() == 2
    card.model.sort(2, Qt.SortOrder.AscendingOrder)
    assert card.model.index(0, 2).data() == "10 KiB"
    with qtbot.waitSignal(card.clear_asked):
        card.clear.click()
    card.show_state(ConversionState(shelf=FULL, phase="running"))
    assert card.clear.accessibleDescription() == tools_card.BUSY


def box_of(page):
    (box,) = page.findChildren(QMessageBox)
    return box


def answer(qtbot, page, role):
    box = box_of(page)
    (button,) = [button for button in box.buttons() if box.buttonRole(button) == role]
    with qtbot.waitSignal(box.destroyed):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_in_the_window_everything_is_asked_first_and_done_on_the_real_disk(app, qtbot):
    folder = place.target_folder("org/name", "onnx-fp32")
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"0" * 3000)
    app.window.show()
    app.window.go("settings")
    page = app.window.page("settings")
    qtbot.waitUntil(lambda: page.shelf.model.rowCount() == 1)
    assert page.tools.told.text().startswith("The conversion tools are not installed.")
    page.tools.install.click()
    assert "297 MiB" in box_of(page).informativeText()
    answer(qtbot, page, QMessageBox.ButtonRole.RejectRole)
    assert app.store.snapshot.conversion.phase == "idle"
    page.shelf.clear.click()
    assert "1 converted model" in box_of(page).informativeText()
    answer(qtbot, page, QMessageBox.ButtonRole.RejectRole)
    assert folder.exists()
    page.shelf.clear.click()
    answer(qtbot, page, QMessageBox.ButtonRole.AcceptRole)
    qtbot.waitUntil(lambda: not folder.exists() and app.store.snapshot.conversion.shelf.rows == ())
    assert page.shelf.told.text() == words.EMPTY_SHELF
    assert shelf.models() == ()


def test_a_real_installation_of_the_window_is_stopped_and_leaves_nothing(app, qtbot):
    app.window.show()
    app.window.go("settings")
    page = app.window.page("settings")
    qtbot.waitUntil(lambda: app.store.snapshot.conversion.tools is not None)
    page.tools.install.click()
    answer(qtbot, page, QMessageBox.ButtonRole.AcceptRole)
    qtbot.waitUntil(lambda: "nvironment" in app.store.snapshot.conversion.detail, timeout=30_000)
    page.tools.install.click()
    qtbot.waitUntil(lambda: app.store.snapshot.conversion.phase == "idle", timeout=30_000)
    assert not tools.folder().exists()
    assert page.tools.install.text() == tools_card.INSTALL
    assert page.tools.error.text() == ""


def test_views_of_real_tools_and_of_an_installation_that_was_cut_off(conversion_tools):
    tools_view, shelf_view = conversion_views.look()
    assert (tools_view.can_install, tools_view.can_remove) == (False, True)
    assert "torch 2.13.0" in tools_view.sentence
    assert not shelf_view.can_clear
    conversion_tools.unlink()
    (conversion_tools / "lib").mkdir(parents=True)
    (conversion_tools / tools.BEGUN).touch()
    cut_off, _ = conversion_views.look()
    assert "installing again repairs it" in cut_off.sentence
    after, _ = conversion_views.after_install(Outcome(code="cancelled"))
    assert (after.can_install, after.can_remove) == (True, False)
    assert not conversion_tools.exists()
