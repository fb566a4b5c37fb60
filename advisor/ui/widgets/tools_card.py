"""The conversion tools and the converted models: what there is, what it takes, buttons to change it."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from advisor.report import conversion_tools as words
from advisor.ui import theme
from advisor.ui.models.simple_table import Cell, SimpleTableModel
from advisor.ui.tools_state import ConversionState, ShelfView
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.plain_table import PlainTable

LOOKING = "Looking..."
INSTALL, UPDATE, STOP, REMOVE, CLEAR = "Install...", "Bring up to date...", "Stop", "Remove...", "Clear..."
STOPPING, REMOVING, CLEARING = "It is being stopped.", "It is being removed.", "They are being removed."
BUSY = "The conversion tools are being installed or removed."
_SIZE_COLUMN = 2


class ToolsCard(Card):
    """Sentences, a bar while they are installed, two buttons.

    Signals:
        install_asked: install them, after the user was told what it takes.
        stop_requested: stop the installation.
        remove_asked: remove them, after the user was asked.
    """

    install_asked = Signal()
    stop_requested = Signal()
    remove_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Conversion tools", parent)
        self._running = False
        self.told = text.selectable(text.label(LOOKING, wrap=True))
        self.takes = text.selectable(text.label(level="small", role="muted", wrap=True))
        self.detail = text.label(level="small", role="muted", wrap=True)
        self.error = text.selectable(text.label(role="accent", wrap=True))
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the installation")
        self.install = text.button(INSTALL)
        self.remove = text.button(REMOVE)
        self.remove.setAccessibleName("Remove the conversion tools")
        self.install.clicked.connect(self._on_install_clicked)
        self.remove.clicked.connect(self._on_remove_clicked)
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        row.addWidget(self.bar, 20)
        row.addStretch(1)
        row.addWidget(self.remove)
        row.addWidget(self.install)
        for part in (self.told, self.takes, self.detail, self.error):
            self.body.addWidget(part)
        self.body.addLayout(row)
        self.show_state(ConversionState())

    def show_state(self, state: ConversionState) -> None:
        """Show what there is and what runs."""
        self._running = state.phase in ("running", "stopping")
        tools, idle = state.tools, state.phase == "idle"
        self.told.setText(LOOKING if tools is None else tools.sentence)
        self.takes.setText(tools.takes if tools is not None and tools.can_install and idle else "")
        self.detail.setText(state.detail[:1].upper() + state.detail[1:] if self._running else "")
        self.error.setText(state.error)
        for label in (self.takes, self.detail, self.error):
            label.setVisible(bool(label.text()))
        self.bar.setVisible(self._running)
        self.bar.setValue(round(100 * state.done_share))
        self.remove.setVisible(tools is not None and tools.can_remove and not self._running)
        text.set_because(self.remove, REMOVING if state.phase == "removing" else "")
        self.install.setVisible(self._running or (tools is not None and tools.can_install))
        if self._running:
            self.install.setText(STOP)
            text.set_because(self.install, STOPPING if state.phase == "stopping" else "")
        else:
            self.install.setText(UPDATE if tools is not None and tools.is_update else INSTALL)
            text.set_because(self.install, "" if idle else REMOVING)
        self.install.setAccessibleName(f"{self.install.text().rstrip('.')}: conversion tools")

    @Slot()
    def _on_install_clicked(self) -> None:
        if self._running:
            self.stop_requested.emit()
        else:
            self.install_asked.emit()

    @Slot()
    def _on_remove_clicked(self) -> None:
        self.remove_asked.emit()


class ShelfCard(Card):
    """A sentence, the list, one button.

    Signals:
        clear_asked: remove them all, after the user was asked.
    """

    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Converted models", parent)
        self._shown: ShelfView | None = None
        self.told = text.selectable(text.label(LOOKING, wrap=True))
        self.model = SimpleTableModel(words.MODEL_TITLES)
        self.table = PlainTable("Converted models", self.model)
        self.table.hide()
        self.error = text.selectable(text.label(role="accent", wrap=True))
        self.clear = text.button(CLEAR)
        self.clear.setAccessibleName("Remove all converted models")
        self.clear.clicked.connect(self._on_clear_clicked)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.clear)
        for part in (self.told, self.table, self.error):
            self.body.addWidget(part)
        self.body.addLayout(row)
        self.show_state(ConversionState())

    def show_state(self, state: ConversionState) -> None:
        """Show what lies there."""
        shelf = state.shelf
        self.error.setText(state.shelf_error)
        self.error.setVisible(bool(state.shelf_error))
        self.clear.setVisible(shelf is not None and shelf.can_clear)
        text.set_because(self.clear, CLEARING if state.clearing else "" if state.phase == "idle" else BUSY)
        if shelf is None or shelf == self._shown:
            return
        self._shown = shelf
        self.told.setText(shelf.sentence)
        rows = zip(shelf.rows, shelf.sizes_bytes, strict=True)
        self.model.show_rows(shelf.headers, tuple(_cells(row, size) for row, size in rows))
        self.table.fit(stretched=len(shelf.headers) - 1)

    @Slot()
    def _on_clear_clicked(self) -> None:
        self.clear_asked.emit()


def _cells(row: tuple[str, ...], size_bytes: int) -> tuple[Cell, ...]:
    cells = [Cell(text=said, tip=said) for said in row]
    cells[_SIZE_COLUMN] = Cell(text=row[_SIZE_COLUMN], key=size_bytes, number=True)
    return tuple(cells)
