"""The frame all pages share: heading, a line of explanation, room for buttons; it scrolls when it must."""

from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from advisor.ui import theme
from advisor.ui.widgets import text


class Page(QWidget):
    """Base of all pages. A page emits intent and shows snapshots; it knows no controller.

    Args:
        title: heading, sentence case.
        subtitle: one line below it.
    """

    def __init__(self, title: str, subtitle: str = "") -> None:
        super().__init__()
        unit = theme.unit_px(self)
        self.title = text.label(title, level="title")
        self.subtitle = text.label(subtitle, role="muted", wrap=True)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(unit)
        content = QWidget()
        content.setProperty("role", "content")
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(3 * unit, 2 * unit, 3 * unit, 2 * unit)
        self.body.setSpacing(round(1.5 * unit))
        self.body.addLayout(self._header(unit))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(content)
        self._area, self._bar = area, area.verticalScrollBar()
        self._bar.rangeChanged.connect(self._on_bar_range_changed)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.set_subtitle(subtitle)

    def _header(self, unit: int) -> QHBoxLayout:
        header = QHBoxLayout()
        header.setSpacing(unit)
        words = QVBoxLayout()
        words.setSpacing(unit // 4)
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        header.addLayout(words, 1)
        header.addLayout(self.buttons)
        header.setAlignment(self.buttons, Qt.AlignmentFlag.AlignTop)
        return header

    @Slot(int, int)
    def _on_bar_range_changed(self, first: int, last: int) -> None:
        """Keep the content's right edge where it is, whether there is a scroll bar or not."""
        margins = self.body.contentsMargins()
        taken = self._bar.sizeHint().width() if last > first else 0
        margins.setRight(max(0, 3 * theme.unit_px(self) - taken))
        self.body.setContentsMargins(margins)

    def scroll_to(self, widget: QWidget) -> None:
        """Bring a part of the page into view."""
        self._area.ensureWidgetVisible(widget)

    def set_subtitle(self, sentence: str) -> None:
        """Show one line below the heading; an empty one takes no room."""
        self.subtitle.setText(sentence)
        self.subtitle.setHidden(not sentence)

    def show_snapshot(self, old: Any, new: Any) -> None:  # noqa: ANN401
        """Draw the difference between two snapshots; `old` is None the first time."""

    def panes(self) -> tuple[QWidget, ...]:
        """Return the widgets that F6 goes through."""
        return ()

    def run_wanted(self) -> None:
        """React to Ctrl+Return."""
