"""The rail on the left: one button a page, text at once, icons later.

Part of the first frame: it does without the `Qt` namespace, whose hundred enumerations take 15 ms to make.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from advisor.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon


class Rail(QFrame):
    """Buttons of which exactly one is down.

    Signals:
        chosen: name of a page.
    """

    chosen = Signal(str)

    def __init__(self, pages: tuple[tuple[str, str, str], ...], *, last: str, parent: QWidget | None = None) -> None:
        """Build the buttons.

        Args:
            pages: name, text and icon of each.
            last: name of the page whose button stands at the lower end.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.setProperty("role", "rail")
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2 * unit, 0, unit)
        layout.setSpacing(unit // 4)
        name = QLabel("Model Fit Advisor")
        name.setFont(theme.scaled_font("heading"))
        name.setContentsMargins(2 * unit, 0, 2 * unit, unit)
        layout.addWidget(name)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, QPushButton] = {}
        for page, words, _ in pages:
            if page == last:
                layout.addStretch(1)
            layout.addWidget(self._button(page, words, unit))
        self._group.buttonClicked.connect(self._on_group_clicked)

    def set_current(self, page: str) -> None:
        """Put one button down."""
        self._buttons[page].setChecked(True)

    def set_icons(self, icons: "dict[str, QIcon]") -> None:
        """Show icons beside the texts."""
        for page, icon in icons.items():
            self._buttons[page].setIcon(icon)

    def buttons(self) -> tuple[QPushButton, ...]:
        """Return the buttons in order."""
        return tuple(self._buttons.values())

    def _button(self, page: str, words: str, unit: int) -> QPushButton:
        made = QPushButton()
        made.setText(f"  {words}")
        made.setAccessibleName(words)
        made.setCheckable(True)
        made.setIconSize(QSize(round(2.25 * unit), round(2.25 * unit)))
        made.setAutoDefault(False)
        self._group.addButton(made)
        self._buttons[page] = made
        return made

    @Slot(object)
    def _on_group_clicked(self, button: QPushButton) -> None:
        self.chosen.emit(next(page for page, other in self._buttons.items() if other is button))
