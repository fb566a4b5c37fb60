"""The window: rail, pages, menus. It arranges and decides nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from advisor.ui import theme
from advisor.ui.actions import ACTIONS, PAGES
from advisor.ui.widgets.rail import Rail

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QCloseEvent, QIcon, QPaintEvent

    from advisor.ui.widgets.page import Page

START_SIZE_PX = (1280, 800)


class MainWindow(QMainWindow):
    """Shows one page at a time; a page is made when it is first wanted and drawn only while it can be seen.

    Signals:
        action_triggered: id of an action.
        page_shown: name of the page that is in front now.
        painted: the first frame is on the screen.
        close_requested: the user wants to close the window and it may not close yet.
    """

    action_triggered = Signal(str)
    page_shown = Signal(str)
    painted = Signal()
    close_requested = Signal()

    def __init__(self) -> None:
        """Build rail, names of menus and an empty first page, which is all the first frame needs."""
        super().__init__()
        self.setWindowTitle("Model Fit Advisor")
        self.resize(*START_SIZE_PX)
        self.may_close = True
        self._make_page: Callable[[str], Page] | None = None
        self._snapshot: Any = None
        self._pages: dict[str, Page] = {}
        self._shown: dict[str, Any] = {}
        self._current = ""
        self._was_painted = False
        self._icons: dict[str, QIcon] = {}
        self.actions_by_id: dict[str, QAction] = {}
        self._menus = {title: self.menuBar().addMenu(title) for title in dict.fromkeys(a.menu for a in ACTIONS)}
        self._build_body()
        name, title, _ = PAGES[0]
        self._rail.set_current(name)
        self._shell_page = _shell(title, "Checking what this computer has...")
        self._stack.addWidget(self._shell_page)
        self._stack.setFocus()

    def attach(self, make_page: Callable[[str], "Page"], snapshot: Any) -> None:  # noqa: ANN401
        """Fill the window, once there is something to fill it with.

        Args:
            make_page: makes a page by name, with its signals connected.
            snapshot: the `Snapshot` to show first.
        """
        self._make_page, self._snapshot = make_page, snapshot
        self._fill_menus()
        shell = self._shell_page
        self.go(PAGES[0][0])
        self._stack.removeWidget(shell)
        shell.deleteLater()

    @property
    def current(self) -> str:
        """Name of the page in front."""
        return self._current

    def page(self, name: str) -> "Page":
        """Return a page, made if need be."""
        if name not in self._pages:
            if self._make_page is None:
                raise RuntimeError("the window has no pages before `attach`")
            page = self._make_page(name)
            self._pages[name] = page
            self._stack.addWidget(page)
        return self._pages[name]

    def go(self, name: str) -> None:
        """Bring a page to the front; before `attach` there is none yet."""
        if self._make_page is None:
            return
        page = self.page(name)
        self._current = name
        self._rail.set_current(name)
        self._draw(name)
        self._stack.setCurrentWidget(page)
        self.page_shown.emit(name)

    def show_snapshot(self, snapshot: Any) -> None:  # noqa: ANN401
        """Draw the difference on the page in front; the others follow when they are shown."""
        self._snapshot = snapshot
        self._draw(self._current)

    def rebuild(self) -> None:
        """Make all pages anew, after the text size changed: their distances come from the font."""
        old, self._pages, self._shown = self._pages, {}, {}
        body = self.takeCentralWidget()
        self._build_body()
        self.go(self._current)
        for page in old.values():
            page.deleteLater()
        if body is not None:
            body.deleteLater()

    def set_icons(self, icons: "dict[str, QIcon]") -> None:
        """Show icons on the rail."""
        self._icons = icons
        self._rail.set_icons(icons)

    # No @override here: typing_extensions is not loaded before the first frame.
    def closeEvent(self, event: "QCloseEvent") -> None:  # type: ignore[explicit-override]  # noqa: N802
        """Close, or say that somebody wants it closed."""
        if self.may_close:
            super().closeEvent(event)
            return
        event.ignore()
        self.close_requested.emit()

    def paintEvent(self, event: "QPaintEvent") -> None:  # type: ignore[explicit-override]  # noqa: N802
        """Paint, and say so the first time."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def next_pane(self, step: int) -> None:
        """Move the focus to the next pane of the page, the rail among them."""
        from PySide6.QtCore import Qt

        panes = [
            widget for widget in (*self._rail.buttons(), *self._pages[self._current].panes()) if _reachable(widget)
        ]
        panes = [w for w in panes if not self._rail.isAncestorOf(w) or w.isChecked()]  # type: ignore[attr-defined]
        if not panes:
            return
        focused = QApplication.focusWidget()
        here = next(
            (n for n, w in enumerate(panes) if focused is not None and (w is focused or w.isAncestorOf(focused))), -1
        )
        panes[(here + step) % len(panes)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _draw(self, name: str) -> None:
        page, old = self.page(name), self._shown.get(name)
        if old is not self._snapshot:
            self._shown[name] = self._snapshot
            page.show_snapshot(old, self._snapshot)

    def _build_body(self) -> None:
        body = QWidget()
        layout = QHBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._rail = Rail(PAGES, last="settings")
        self._rail.chosen.connect(self.go)
        self._rail.set_icons(self._icons)
        self._stack = QStackedWidget()
        layout.addWidget(self._rail)
        layout.addWidget(self._stack, 1)
        self.setCentralWidget(body)

    def _fill_menus(self) -> None:
        from PySide6.QtGui import QAction, QKeySequence  # their enumerations take 3 ms: after the first frame

        for info in ACTIONS:
            menu = self._menus[info.menu]
            if info.separator_before:
                menu.addSeparator()
            action = QAction(info.text, self)
            action.setShortcuts([QKeySequence(keys) for keys in info.shortcuts])
            action.setStatusTip(info.tip)
            action.setData(info.id)
            action.triggered.connect(self._on_action_triggered)
            menu.addAction(action)
            self.actions_by_id[info.id] = action

    @Slot()
    def _on_action_triggered(self) -> None:
        self.action_triggered.emit(str(self.sender().data()))  # type: ignore[attr-defined]


def _shell(title: str, sentence: str) -> QWidget:
    """Return what stands in the first page's place until it is made: its heading, at the same spot."""
    shell = QWidget()
    unit = theme.unit_px(shell)
    layout = QVBoxLayout(shell)
    layout.setContentsMargins(3 * unit, 2 * unit, 3 * unit, 0)
    layout.setSpacing(unit // 4)
    heading, words = QLabel(title), QLabel(sentence)
    heading.setFont(theme.scaled_font("title"))
    words.setProperty("role", "muted")
    layout.addWidget(heading)
    layout.addWidget(words)
    layout.addStretch(1)
    return shell


def _reachable(widget: QWidget) -> bool:
    return widget.isVisible() and widget.isEnabled()
