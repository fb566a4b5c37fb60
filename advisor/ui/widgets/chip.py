"""A chip: something that was understood, which can be corrected or taken away."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from advisor.ui import theme
from advisor.ui.widgets import text


class Chip(QFrame):
    """Text that leads to its control, and a button that takes it away.

    Signals:
        chosen: name of the field, to correct it.
        removed: name of the field.
    """

    chosen = Signal(str)
    removed = Signal(str)

    def __init__(self, field: str, words: str, *, read_from: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.setProperty("role", "chip")
        unit = theme.unit_px(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(unit // 2, 0, unit // 2, 0)
        layout.setSpacing(0)
        tip = f'Read from "{read_from}". Choose it to correct it below.' if read_from else "Choose it to correct it."
        self.main = text.button(words, role="link", tip=tip)
        self.main.clicked.connect(self._on_main_clicked)
        layout.addWidget(self.main)
        self.remove = QToolButton()
        self.remove.setText("✕")
        self.remove.setProperty("role", "chip-remove")
        self.remove.setAccessibleName(f"Take away {words}")
        self.remove.setToolTip(f"Take away {words}")
        self.remove.setCursor(Qt.CursorShape.PointingHandCursor)
        self.remove.setMinimumSize(3 * unit, 3 * unit)
        self.remove.clicked.connect(self._on_remove_clicked)
        layout.addWidget(self.remove)

    @Slot()
    def _on_main_clicked(self) -> None:
        self.chosen.emit(self.field)

    @Slot()
    def _on_remove_clicked(self) -> None:
        self.removed.emit(self.field)
