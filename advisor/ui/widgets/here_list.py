"""Models that are here already: the user's list, what was downloaded, what was converted."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from advisor.ui import theme
from advisor.ui.models.simple_table import Cell, SimpleTableModel
from advisor.ui.models_state import HereRow, HereState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice
from advisor.ui.widgets.plain_table import PlainTable

TITLES = ("Model", "What it is", "Size", "Where")
EMPTY = (
    "Nothing yet. Models that you add, download or convert are listed here, with their size and their place, and can "
    "be removed again."
)
CHOOSE = "Choose a model in the table first."
NOT_HERE = "It is on the hub only; download it first."


class HereList(QWidget):
    """A table, and buttons for its chosen row.

    Signals:
        open_requested: path of a model to look at.
        remove_requested: the `HereRow` to take away; it was confirmed.
    """

    open_requested = Signal(str)
    remove_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[HereRow, ...] = ()
        self._asked: HereRow | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.unit_px(self))
        self.notice = Notice()
        self.empty = text.label(EMPTY, role="muted", wrap=True)
        self.model = SimpleTableModel(parent=self)
        self.table = PlainTable("Models that are here", self.model)
        self.table.opened.connect(self._on_table_opened)
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.question = text.label(wrap=True)
        for widget in (self.notice, self.empty, self.table, self.question):
            layout.addWidget(widget)
        layout.addLayout(self._buttons())
        self.show_state(HereState())

    def show_state(self, state: HereState) -> None:
        """Show what is here."""
        if state.rows != self._rows or not self.model.columnCount():
            self._rows, self._asked = state.rows, None
            cells = tuple(
                (
                    Cell(text=row.name, tip=row.name), Cell(text=row.what),
                    Cell(text=row.size, key=float(row.size_bytes), number=True), Cell(text=row.where, tip=row.where),
                )
                for row in state.rows
            )  # fmt: skip
            self.model.show_rows(TITLES, cells, row_headers=())
            self.table.fit(stretched=3)
        self.notice.show_text(state.notice)
        self.empty.setVisible(not state.rows)
        self._show_buttons()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        self.look = text.button("S&how")
        self.remove = text.button("&Remove...")
        self.sure = text.button("Yes, remove it", role="primary")
        self.keep = text.button("Keep it")
        self.look.clicked.connect(self._on_look_clicked)
        self.remove.clicked.connect(self._on_remove_clicked)
        self.sure.clicked.connect(self._on_sure_clicked)
        self.keep.clicked.connect(self._on_keep_clicked)
        for button in (self.look, self.remove, self.sure, self.keep):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _show_buttons(self) -> None:
        row, asked = self._chosen(), self._asked is not None
        self.question.setText(self._asked.removal if self._asked is not None else "")
        self.question.setVisible(asked)
        for button in (self.sure, self.keep):
            button.setVisible(asked)
        for button in (self.look, self.remove):
            button.setVisible(bool(self._rows) and not asked)
        text.set_because(self.look, CHOOSE if row is None else "" if row.path else NOT_HERE)
        text.set_because(self.remove, CHOOSE if row is None else "")

    def _chosen(self) -> HereRow | None:
        found = self.table.selectionModel().selectedRows()
        if not found:
            return None
        index = found[0]
        cells = tuple(self.model.index(index.row(), column).data() for column in range(len(TITLES)))
        return next((row for row in self._rows if (row.name, row.what, row.size, row.where) == cells), None)

    @Slot()
    def _on_selection_changed(self) -> None:
        self._asked = None
        self._show_buttons()

    @Slot(int)
    def _on_table_opened(self, _row: int) -> None:
        self._on_look_clicked()

    @Slot()
    def _on_look_clicked(self) -> None:
        row = self._chosen()
        if row is not None and row.path:
            self.open_requested.emit(row.path)

    @Slot()
    def _on_remove_clicked(self) -> None:
        self._asked = self._chosen()
        self._show_buttons()
        self.keep.setFocus()

    @Slot()
    def _on_sure_clicked(self) -> None:
        row, self._asked = self._asked, None
        self._show_buttons()
        if row is not None:
            self.remove_requested.emit(row)

    @Slot()
    def _on_keep_clicked(self) -> None:
        self._asked = None
        self._show_buttons()
        self.remove.setFocus()
