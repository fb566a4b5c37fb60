"""The whole window: names for screen readers, keys, contrast, text sizes, closing during a probe."""

from collections import Counter
from itertools import pairwise

import psutil
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAccessible, QColor, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QTabBar
from window_fakes import full_snapshot

from advisor.ui import theme
from advisor.ui.actions import ACTIONS, HELP, PAGES
from advisor.ui.controllers import jobs
from advisor.ui.store import Snapshot

NAMES = [name for name, _, _ in PAGES]


def nodes(interface, path=""):
    yield path, interface
    for place in range(min(interface.childCount(), 200)):
        child = interface.child(place)
        if child is not None and child.isValid():
            name = child.object().__class__.__name__ if child.object() else child.role().name
            yield from nodes(child, f"{path}/{name}[{place}]")


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_takes_the_focus_has_a_name_and_a_role(full_app, name, qtbot):
    full_app.window.go(name)
    full_app.window.resize(1280, 800)
    full_app.window.show()
    unnamed, focusable = [], 0
    for path, node in nodes(QAccessible.queryAccessibleInterface(full_app.window)):
        state = node.state()
        if not state.focusable or state.invisible or not node.isValid():
            continue
        focusable += 1
        if not node.text(QAccessible.Text.Name).strip() or node.role() == QAccessible.Role.NoRole:
            unnamed.append(path)
    assert unnamed == []
    assert focusable > len(PAGES)


def test_each_shortcut_is_used_once_and_each_action_can_be_reached(full_app):
    keys = Counter(key.toString() for action in full_app.window.actions_by_id.values() for key in action.shortcuts())
    assert [key for key, number in keys.items() if number > 1] == []
    assert keys["Ctrl+1"] == 1
    assert {info.id for info in ACTIONS} == set(full_app.window.actions_by_id)
    menus = [action.menu() for action in full_app.window.menuBar().actions()]
    in_menus = {action.data() for menu in menus for action in menu.actions() if action.data()}
    assert in_menus == {info.id for info in ACTIONS}


def test_each_page_has_help_and_each_menu_its_own_mnemonics():
    assert set(HELP) == set(NAMES)
    for menu in {info.menu for info in ACTIONS}:
        letters = [QKeySequence.mnemonic(info.text).toString() for info in ACTIONS if info.menu == menu]
        assert all(letters)
        assert len(set(letters)) == len(letters), menu


@pytest.mark.parametrize("info", [i for i in ACTIONS if i.id not in {"quit", "inspect"}], ids=lambda info: info.id)
def test_every_action_does_something_without_a_crash(full_app, info, monkeypatch, qtbot):
    opened = []
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.open", lambda dialog: opened.append(dialog.windowTitle()))
    full_app.window.go("results")
    full_app.window.actions_by_id[info.id].trigger()
    if info.id.startswith("go-"):
        assert full_app.window.current == info.id.removeprefix("go-")
    if info.id in {"load-machine", "save-machine", "export", "open-result"}:
        assert len(opened) == 1
    if info.id == "copy-summary":
        assert "Fits" in QApplication.clipboard().text()
    for window in QApplication.topLevelWidgets():
        if window is not full_app.window and window.isVisible():
            window.close()


def test_the_list_of_shortcuts_is_made_from_the_actions(full_app):
    from advisor.ui.dialogs.shortcuts_dialog import shortcuts_dialog
    from advisor.ui.dialogs.table_dialog import as_tsv

    dialog = shortcuts_dialog(full_app.window.actions_by_id.values(), full_app.window)
    listed = as_tsv(dialog.model)
    assert "Ctrl+Shift+C\tCopy the summary" in listed
    assert "Space\tPin" in listed
    dialog.close()


def test_f6_goes_round_the_panes_and_back(full_app, qtbot):
    window = full_app.window
    window.go("results")
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    seen = []
    for _ in range(4):
        window.next_pane(1)
        seen.append(window.focusWidget())
    assert len(set(seen)) == 4
    window.next_pane(-1)
    assert window.focusWidget() is seen[2]


def contrast(first, second):
    def luminance(colour):
        parts = [QColor(colour).redF(), QColor(colour).greenF(), QColor(colour).blueF()]
        lin = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", list(theme.THEMES))
def test_text_and_edges_can_be_told_from_their_ground(name):
    colours = theme.THEMES[name]
    least = 7.0 if name == "high-contrast" else 4.5
    texts = (colours.text, colours.muted, colours.fits, colours.tight, colours.no_fit, colours.accent)
    for ground in (colours.window, colours.base, colours.stripe):
        for text in texts:
            assert contrast(text, ground) >= least, (text, ground)
        assert contrast(colours.border, ground) >= 3.0
    for ground in (colours.hover, colours.selected):
        assert contrast(colours.text, ground) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.on_highlight, colours.highlight) >= 4.5


def test_the_theme_is_read_back_from_the_palette():
    for colours in theme.THEMES.values():
        assert theme.of(theme.palette(colours)) is colours


@pytest.mark.parametrize(
    ("wanted", "dark", "high", "name"),
    [("system", False, False, "light"), ("system", True, False, "dark"), ("system", True, True, "high-contrast"),
     ("light", True, True, "light"), ("no such", False, False, "light")],
)  # fmt: skip
def test_the_settings_choose_the_theme_and_the_desktop_where_they_do_not(wanted, dark, high, name):
    assert theme.choose(wanted, system_dark=dark, system_contrast=high).name == name


def test_no_colour_is_left_unnamed_in_the_style_sheet():
    for colours in theme.THEMES.values():
        assert "@" not in theme.style_sheet(colours)


def settle():
    """Let layouts inside layouts finish: each level asks the next one in a turn of its own."""
    for _ in range(6):
        QApplication.processEvents()


def cut(window):
    """Return the labels and buttons whose text has less room than it needs."""
    found = []
    for label in window.findChildren(QLabel):
        if label.isVisible() and label.text() and not label.wordWrap() and label.width() < label.sizeHint().width() - 1:
            found.append(label.text())
        if label.isVisible() and label.text() and label.height() < label.heightForWidth(label.width()) - 2:
            found.append(label.text())
    buttons = [button for button in window.findChildren(QAbstractButton) if button.isVisible() and button.text()]
    return found + [button.text() for button in buttons if button.width() < button.sizeHint().width() - 1]


@pytest.mark.parametrize("share", [1.0, 2.0])
@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)], ids=["1280x800", "1920x1080"])
@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_cut(full_app, name, size, share, qtbot):
    full_app.settings.change("text_size_share", share)
    QApplication.processEvents()
    window = full_app.window
    window.resize(*size)
    window.go(name)
    window.show()
    settle()
    assert cut(window) == []
    assert (window.width(), window.height()) == size


@pytest.mark.parametrize("name", ["light", "dark", "high-contrast"])
def test_every_page_can_be_painted_in_every_theme(full_app, name):
    full_app.settings.change("theme", name)
    for page in NAMES:
        full_app.window.go(page)
        grabbed = full_app.window.grab().toImage()
        beside_rail = full_app.window._rail.width() + 6
        ground = grabbed.pixelColor(QPoint(beside_rail, grabbed.height() // 2))
        assert abs(ground.lightness() - QColor(theme.THEMES[name].window).lightness()) < 12


def test_another_text_size_rebuilds_the_pages_and_keeps_what_they_show(full_app, qtbot):
    full_app._show_icons()
    full_app.window.go("task")
    before = full_app.window.page("task")
    height = QApplication.font().pointSizeF()
    full_app.settings.change("text_size_share", 1.5)
    qtbot.waitUntil(lambda: full_app.window.page("task") is not before, timeout=5000)
    assert QApplication.font().pointSizeF() == pytest.approx(1.5 * height)
    assert "500 support emails" in full_app.window.page("task").words.toPlainText()
    assert all(not button.icon().isNull() for button in full_app.window._rail.buttons())


def test_pages_that_are_not_in_front_catch_up_when_they_are(app):
    app.window.go("settings")
    app.store.update(lambda _old: full_snapshot())
    results = app.window.page("results")
    assert results.stack.currentIndex() == 0
    app.window.go("results")
    assert results.stack.currentIndex() == 1


def test_the_tab_order_follows_the_reading_order(full_app, qtbot):
    window = full_app.window
    window.go("task")
    window.show()
    page = window.page("task")
    page.words.setFocus()
    places = []
    for _ in range(12):
        window.focusNextChild()
        widget = window.focusWidget()
        if page.isAncestorOf(widget) and not isinstance(widget, QTabBar):
            places.append(widget.mapTo(page, QPoint(0, 0)).y())
    assert len(places) > 8
    assert all(later >= earlier - widget_step(page) for earlier, later in pairwise(places))


def widget_step(page):
    """Return how far up the next field may stand: fields of one card run in rows, cards in columns."""
    return page.height() // 3


@pytest.mark.timeout(180)
def test_closing_during_a_probe_stops_it_and_leaves_no_child(app, qtbot):
    app.store.update(lambda _old: Snapshot())
    app.hardware.inspect()
    app.window.show()
    qtbot.waitUntil(lambda: app.store.snapshot.machine.profile is not None, timeout=30000)
    app.task.set_text("sort emails into 6 topics, English, with 50 examples")
    app.recommend.find()
    qtbot.waitUntil(lambda: app.store.snapshot.results.recommendation is not None, timeout=60000)
    rows = app.store.snapshot.results.recommendation
    usable = [row for row in (rows.row(int(index)) for index in rows.order[:200]) if row.can_probe]
    row = max(usable, key=lambda row: row.estimate.time_per_query.value or 0.0)
    app.probe.start(row)
    qtbot.waitUntil(lambda: bool(app.store.snapshot.probe.samples or app.store.snapshot.probe.outcome), timeout=90000)
    assert app.store.snapshot.probe.outcome is None, app.store.snapshot.probe.outcome
    app.probe.start(row)
    assert "running already" in app.store.snapshot.probe.notice
    assert not app.window.close()
    assert app.store.snapshot.probe.phase == "stopping"
    qtbot.waitUntil(lambda: not app.window.isVisible(), timeout=10000)
    app.close()
    qtbot.waitUntil(
        lambda: not [c for c in psutil.Process().children(recursive=True) if c.status() != "zombie"], timeout=5000
    )


def test_8000_rows_sort_and_filter_without_making_rows(full_app, qtbot):
    full_app.store.update(lambda _old: full_snapshot(8000))
    window = full_app.window
    window.resize(1280, 800)
    window.go("results")
    window.show()
    page = window.page("results")
    rows = full_app.store.snapshot.results.recommendation
    before = rows.num_built
    for column in (3, 4, 1):
        page.view.sortByColumn(column, page.view.horizontalHeader().sortIndicatorOrder())
        QApplication.processEvents()
    assert rows.num_built - before < 3000  # those painted, each cell asks for its row


def test_what_the_app_asks_of_the_domain_is_there():
    assert jobs.languages()["hi"] == "Hindi"
    assert ("DEU", "Germany") in jobs.regions()
    assert "memory.total_bytes" in jobs.overridable()


def test_another_folder_for_models_is_inspected_at_once(app, qtbot, tmp_path):
    app.settings.change("model_folder", str(tmp_path))
    qtbot.waitUntil(lambda: app.store.snapshot.machine.profile is not None, timeout=20_000)
    assert app.store.snapshot.machine.profile.disk.folder.value == str(tmp_path)


def test_pages_on_the_way_to_an_answer_are_made_before_they_are_wanted(app, qtbot):
    app.window.show()
    app.begin()
    qtbot.waitUntil(lambda: {"task", "results"} <= set(app.window._pages), timeout=20_000)
    assert app.window.current == "this-computer"
    qtbot.waitUntil(lambda: app.store.snapshot.machine.profile is not None, timeout=20_000)


@pytest.mark.parametrize("name", ["results", "report", "probe"])
def test_large_text_needs_no_sideways_scrolling(full_app, qtbot, name):
    from PySide6.QtWidgets import QScrollArea

    full_app.window.resize(1280, 800)
    full_app.window.show()
    full_app.window.go(name)
    before = full_app.window.page(name)
    full_app.settings.change("text_size_share", 1.5)
    qtbot.waitUntil(lambda: full_app.window.page(name) is not before)
    area = full_app.window.page(name).findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.widget().minimumSizeHint().width() <= area.viewport().width(), timeout=3000)
