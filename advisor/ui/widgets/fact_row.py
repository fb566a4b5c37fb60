"""One fact of a machine: value, source, and what the user plans with instead."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QWidget

from advisor.ui import theme
from advisor.ui.widgets import text


class FactRow(QWidget):
    """Label, value and source; where it may be overridden, a button that opens a field.

    Signals:
        override_requested: path of the fact and the user's text.
        undo_requested: path of the fact.
    """

    override_requested = Signal(str, str)
    undo_requested = Signal(str)

    def __init__(
        self, path: str, label: str, *, can_plan: bool, example: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.path, self._label, self._planned = path, label, False
        unit = theme.unit_px(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, unit // 2, 0, unit // 2)
        grid.setHorizontalSpacing(unit)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(1, 1)
        name = text.label(label, role="muted", wrap=True)
        name.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Minimum)
        name.setFixedWidth(19 * unit)
        self.value = text.selectable(text.label("Checking...", wrap=True))
        self.source = text.label(level="small", role="muted", wrap=True)
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(f"for example {example}" if example else "")
        self.edit.setAccessibleName(f"Plan for another {label}")
        self.edit.hide()
        self.button = text.button("Plan for...", role="link")
        self.button.setAccessibleName(f"Plan for another value: {label}")
        if not can_plan:
            self.button.hide()
        grid.addWidget(name, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.value, 0, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.edit, 0, 1)
        grid.addWidget(self.button, 0, 2, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.source, 1, 1)
        self.button.clicked.connect(self._on_button_clicked)
        self.edit.returnPressed.connect(self._on_edit_return_pressed)

    def show_fact(self, value: str, source: str, *, known: bool, planned: bool) -> None:
        """Show the fact, or why it is not known."""
        self._planned = planned
        self.value.setText(value)
        self.source.setText(source if not known or planned else f"from {source}")
        text.restyle(self.value, "role", "" if known else "muted")
        text.restyle(self.source, "role", "accent" if planned else "muted")
        self.button.setText("Undo" if planned else "Plan for...")
        self.button.setAccessibleName(f"Undo: {self._label}" if planned else f"Plan for another value: {self._label}")
        self._show_edit(False)

    def _show_edit(self, on: bool) -> None:
        self.edit.setVisible(on)
        self.value.setVisible(not on)

    @Slot()
    def _on_button_clicked(self) -> None:
        if self._planned:
            self.undo_requested.emit(self.path)
            return
        self._show_edit(self.edit.isHidden())
        self.edit.setFocus()

    @Slot()
    def _on_edit_return_pressed(self) -> None:
        words = self.edit.text().strip()
        if words:
            self.override_requested.emit(self.path, words)
