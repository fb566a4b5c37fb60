"""What a page shows before it has anything to show: why, and the one thing to do about it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from advisor.ui import theme
from advisor.ui.widgets import text


class EmptyState(QWidget):
    """A heading, a sentence and at most one button.

    Signals:
        clicked: the button was pressed.
    """

    clicked = Signal()

    def __init__(self, heading: str, sentence: str, action: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setSpacing(unit)
        layout.addStretch(1)
        self.heading = text.label(heading, level="heading")
        self.sentence = text.label(sentence, role="muted")
        self.button = text.button(action, role="primary")
        if not action:
            self.button.hide()
        self.button.clicked.connect(self._on_button_clicked)
        for widget in (self.heading, self.sentence):
            widget.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            layout.addWidget(widget)
        layout.addSpacing(unit)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)

    def show_words(self, heading: str, sentence: str) -> None:
        """Change what it says."""
        self.heading.setText(heading)
        self.sentence.setText(sentence)

    @Slot()
    def _on_button_clicked(self) -> None:
        self.clicked.emit()
