"""A card: a framed group with a heading. And the notice: one sentence in place, instead of a dialog."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from advisor.ui import theme
from advisor.ui.widgets import text


class Card(QFrame):
    """Heading on top, content below in `body`."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        unit = theme.unit_px(self)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(2 * unit, round(1.5 * unit), 2 * unit, round(1.5 * unit))
        self.body.setSpacing(unit)
        self.title: QLabel | None = None
        if title:
            self.title = text.label(title, level="heading")
            self.body.addWidget(self.title)


class Notice(QFrame):
    """One sentence that is shown in place while it is true, with an optional button.

    Signals:
        clicked: its button was pressed.
    """

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None, *, action: str = "") -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        unit = theme.unit_px(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(round(1.5 * unit), unit, round(1.5 * unit), unit)
        self.label = text.label(wrap=True)
        layout.addWidget(self.label, 1)
        self.button = text.button(action)
        if not action:
            self.button.hide()
        self.button.clicked.connect(self._on_button_clicked)
        layout.addWidget(self.button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_text(self, sentence: str) -> None:
        """Show a sentence; an empty one hides the notice."""
        self.label.setText(sentence)
        self.setAccessibleName(sentence)
        self.setVisible(bool(sentence))

    @Slot()
    def _on_button_clicked(self) -> None:
        self.clicked.emit()
