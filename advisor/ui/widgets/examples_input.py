"""Where examples come from: a file that is opened or dropped, ten typed rows, or the app's own."""

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QHeaderView, QTableWidget, QWidget

from advisor.ui import theme
from advisor.ui.examples_state import ExamplesState, ReadView
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.controls import ChoiceControl
from advisor.ui.widgets.typed_cell import TypedCell

WHAT_IT_IS = (
    "A table (CSV, TSV) or JSON with the columns text and label, or prompt and expected: open one, drop it on this "
    "page, or type ten rows. Nothing is sent, and no text is kept unless you save it."
)
FILE_KIND = "Tables and JSON (*.csv *.tsv *.txt *.json *.jsonl *.ndjson);;All files (*)"
NUM_TYPED = 10
KINDS = (("classification", "Text and label"), ("generation", "Prompt and expected answer"))
_HEADERS = {"classification": ["Text", "Label"], "generation": ["Prompt", "Expected answer"]}
_ENDINGS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")


class ExamplesInput(Card):
    """Buttons, a small table to type in, and what was understood.

    Signals:
        open_requested: path of a file.
        typed: pairs of text and answer, and what they are.
        own_requested: the app's own messages.
    """

    open_requested = Signal(str)
    typed = Signal(object, str)
    own_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Examples", parent)
        unit = theme.unit_px(self)
        self.told = text.selectable(text.label(WHAT_IT_IS, role="muted", wrap=True))
        self.error = text.label(role="accent", wrap=True)
        self.lines = text.selectable(text.label(level="small", role="muted", wrap=True))
        self.open = text.button("Open a file...", role="primary")
        self.type = text.button("Type ten")
        self.own = text.button("Take the app's own", tip="60 messages to a shop's support in 6 topics, written for it")
        self.use = text.button("Use these rows")
        self.kind = ChoiceControl("kind", KINDS)
        self.kind.setAccessibleName("What the rows hold")
        self.table = _table()
        self.open.clicked.connect(self.choose_file)
        self.type.clicked.connect(self._on_type_clicked)
        self.own.clicked.connect(self._on_own_clicked)
        self.use.clicked.connect(self._on_use_clicked)
        self.kind.chosen.connect(self._on_kind_chosen)
        buttons = QHBoxLayout()
        buttons.setSpacing(unit)
        for button in (self.open, self.type, self.own):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.typing = QWidget()
        row = QHBoxLayout(self.typing)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(unit)
        row.addWidget(self.kind, 1)
        row.addWidget(self.use)
        row.addStretch(2)
        for part in (self.told, self.error, self.lines):
            self.body.addWidget(part)
        self.body.addLayout(buttons)
        self.body.addWidget(self.table)
        self.body.addWidget(self.typing)
        self._show_typing(False)

    def show_state(self, state: ExamplesState) -> None:
        """Show what was understood."""
        view = state.read
        self.told.setText("Reading..." if state.reading else WHAT_IT_IS if view is None else view.sentence)
        self.error.setText(state.read_error)
        self.error.setVisible(bool(state.read_error))
        self.lines.setText("" if view is None else _told(view))
        self.lines.setVisible(view is not None)
        for button in (self.open, self.own, self.use):
            text.set_because(button, "A file is being read." if state.reading else "")

    @Slot()
    def choose_file(self) -> None:
        """Ask which file to read."""
        dialog = QFileDialog(self, "Open examples")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(FILE_KIND)
        dialog.fileSelected.connect(self.open_requested)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def pairs(self) -> list[tuple[str, str]]:
        """Return the rows that are not empty."""
        found = [(self._cell(row, 0), self._cell(row, 1)) for row in range(self.table.rowCount())]
        return [pair for pair in found if any(pair)]

    def _cell(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return "" if item is None else item.text().strip()

    def _show_typing(self, shown: bool) -> None:
        self.table.setVisible(shown)
        self.typing.setVisible(shown)
        self.type.setVisible(not shown)

    @Slot()
    def _on_type_clicked(self) -> None:
        self._show_typing(True)
        self.table.setCurrentCell(0, 0)
        self.table.setFocus()

    @Slot()
    def _on_own_clicked(self) -> None:
        self.own_requested.emit()

    @Slot()
    def _on_use_clicked(self) -> None:
        self.typed.emit(self.pairs(), KINDS[self.kind.currentIndex()][0])

    @Slot(str, object)
    def _on_kind_chosen(self, _field: str, kind: str) -> None:
        self.table.setHorizontalHeaderLabels(_HEADERS[kind])


def _table() -> QTableWidget:
    made = QTableWidget(NUM_TYPED, 2)
    made.setHorizontalHeaderLabels(_HEADERS["classification"])
    made.setAccessibleName("Examples to type")
    for row in range(NUM_TYPED):
        for column, name in enumerate(("Text", "Answer")):
            made.setItem(row, column, TypedCell("", f"{name} {row + 1}, empty"))
    header = made.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    made.verticalHeader().hide()
    row_px = max(made.verticalHeader().defaultSectionSize(), round(1.8 * made.fontMetrics().height()))
    made.verticalHeader().setDefaultSectionSize(row_px)
    made.setFixedHeight(header.sizeHint().height() + NUM_TYPED * row_px + theme.unit_px(made) // 2)
    return made


def _told(view: ReadView) -> str:
    return "\n".join(view.lines)


def dropped_examples(data: QMimeData) -> str:
    """Return the path of the one file of examples that is dragged, or nothing."""
    paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    found = [path for path in paths if path.lower().endswith(_ENDINGS)]
    return found[0] if len(found) == 1 else ""
