"""Search on a hub: what to look for, whom that asks, and what was found."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from advisor.report import hub as words
from advisor.ui import theme
from advisor.ui.models.simple_table import KEY_ROLE, Cell, SimpleTableModel
from advisor.ui.models_state import HubQuery, HubState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice
from advisor.ui.widgets.controls import ChoiceControl, LabelledField, NumberControl
from advisor.ui.widgets.plain_table import PlainTable

TASKS: tuple[tuple[str | None, str], ...] = (
    (None, "Any task"), ("text-generation", "Writing and answering"),
    ("text-classification", "Sorting text into labels"),
    ("zero-shot-classification", "Sorting without examples"), ("sentence-similarity", "Comparing texts (embeddings)"),
    ("feature-extraction", "Features of text"), ("text-ranking", "Ranking search results"),
    ("token-classification", "Finding names in text"), ("question-answering", "Finding answers in a text"),
    ("summarization", "Summarising"), ("translation", "Translating"), ("fill-mask", "Filling gaps in text"),
    ("automatic-speech-recognition", "Speech to text"), ("text-to-speech", "Text to speech"),
    ("image-classification", "Sorting pictures"), ("object-detection", "Finding things in pictures"),
    ("image-text-to-text", "Questions about pictures"), ("text-to-image", "Making pictures"),
)  # fmt: skip
LICENCES: tuple[tuple[str | None, str], ...] = (
    (None, "Any licence"), ("apache-2.0", "Apache 2.0"), ("mit", "MIT"), ("bsd-3-clause", "BSD 3-clause"),
    ("cc0-1.0", "CC0"), ("cc-by-4.0", "CC BY 4.0"), ("cc-by-sa-4.0", "CC BY-SA 4.0"),
    ("cc-by-nc-4.0", "CC BY-NC 4.0 (not commercial)"), ("openrail", "OpenRAIL"), ("gemma", "Gemma"),
    ("llama3.1", "Llama 3.1"), ("llama3.2", "Llama 3.2"),
)  # fmt: skip
NOBODY = "HF_ENDPOINT is no address of a hub, so there is nobody to ask. Unset it and start the app again."
HOW = (
    "Write a part of a model's name, or choose what it is for. Choose a row and Look inside: its size, its builds and "
    "whether it fits here are read from the headers of its files, without downloading it."
)
NOTHING = "Nothing was found. Try fewer words, another task or a larger size."
CHOOSE = "Choose a model in the table first."


class HubForm(QWidget):
    """Fields, a button, a table.

    Signals:
        search_requested: a `HubQuery`.
        stop_requested: wait for no answer.
        look_requested: id of a model, and its revision, empty for the main one.
    """

    search_requested = Signal(object)
    stop_requested = Signal()
    look_requested = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = HubState()
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit)
        layout.addLayout(self._fields(unit))
        layout.addLayout(self._buttons(unit))
        self.error = Notice()
        self.told = text.label(HOW, role="muted", wrap=True)
        self.model = SimpleTableModel(parent=self)
        self.table = PlainTable("Models found on the hub", self.model)
        self.table.opened.connect(self._on_table_opened)
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        for widget in (self.error, self.told, self.table):
            layout.addWidget(widget)
        row = QHBoxLayout()
        self.look = text.button("&Look inside")
        self.look.clicked.connect(self._on_look_clicked)
        row.addWidget(self.look)
        row.addStretch(1)
        layout.addLayout(row)
        self.table.fit(stretched=0)
        self._show_look()

    def show_state(self, state: HubState) -> None:
        """Show what was asked and found."""
        before, self._state = self._state, state
        self.asks.setText(_asks(state))
        text.set_because(self.search, "" if state.host else NOBODY)
        self.search.setVisible(not state.asking)
        self.stop.setVisible(bool(state.asking))
        self.error.show_text(state.error)
        nothing = f"{state.sentence} {NOTHING}".strip()
        self.told.setText((state.sentence if state.found else nothing) if state.searched else HOW)
        if before.found != state.found or (state.searched and not before.searched):
            self._show_found(state)
        self._show_look()

    def query(self) -> HubQuery:
        """Return what the fields ask for."""
        size = self.most.value()
        return HubQuery(
            words=self.words.text().strip(), task=TASKS[self.task.currentIndex()][0],
            licence=LICENCES[self.licence.currentIndex()][0], max_bytes=round(size * 1e9) if size else None,
        )  # fmt: skip

    @Slot()
    def ask(self) -> None:
        """Search for what the fields say."""
        if self._state.host:
            self.search_requested.emit(self.query())

    def _fields(self, unit: int) -> QBoxLayout:
        direction = QBoxLayout.Direction
        row = QBoxLayout(direction.TopToBottom if theme.is_wide_text(self) else direction.LeftToRight)
        row.setSpacing(2 * unit)
        self.words = QLineEdit()
        self.words.setPlaceholderText("for example SmolLM2")
        self.words.returnPressed.connect(self.ask)
        self.task = ChoiceControl("task", TASKS)
        self.task.setMinimumContentsLength(22)
        self.licence = ChoiceControl("licence", LICENCES)
        self.most = NumberControl("max_bytes", suffix=" GB", maximum=10_000, decimals=1, nothing="Any size")
        row.addWidget(LabelledField("&Words of its name", self.words), 3)
        row.addWidget(LabelledField("What it is &for", self.task), 2)
        row.addWidget(LabelledField("L&icence", self.licence), 2)
        row.addWidget(LabelledField("&Weights at most", self.most), 1)
        return row

    def _buttons(self, unit: int) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.search = text.button("&Search", role="primary")
        self.search.clicked.connect(self.ask)
        self.stop = text.button("S&top", tip="Esc")
        self.stop.clicked.connect(self.stop_requested)
        self.asks = text.label(role="muted", wrap=True)
        row.addWidget(self.search)
        row.addWidget(self.stop)
        row.addWidget(self.asks, 1)
        return row

    def _show_found(self, state: HubState) -> None:
        rows = tuple(
            tuple(
                Cell(text=cell, key=key, tip=cell, number=place in (3, 4, 5))
                for place, (cell, key) in enumerate(zip(model.cells, model.keys, strict=True))
            )
            for model in state.found
        )
        self.model.show_rows(words.FOUND_TITLES, rows)
        self.table.fit(stretched=0)

    def _show_look(self) -> None:
        self.look.setVisible(bool(self._state.found))
        asking = "Something is being asked already." if self._state.asking else ""
        text.set_because(self.look, asking or ("" if self._chosen() else CHOOSE))

    def _chosen(self) -> str:
        rows = self.table.selectionModel().selectedRows()
        return str(rows[0].data(KEY_ROLE)) if rows else ""

    @Slot()
    def _on_selection_changed(self) -> None:
        self._show_look()

    @Slot()
    def _on_look_clicked(self) -> None:
        if model_id := self._chosen():
            self.look_requested.emit(model_id, "")

    @Slot(int)
    def _on_table_opened(self, row: int) -> None:
        self.look_requested.emit(str(self.model.index(row, 0).data(KEY_ROLE)), "")


def _asks(state: HubState) -> str:
    if state.asking:
        return state.asking
    if not state.host:
        return NOBODY
    return f"Search asks {state.host} over the network. Nothing is sent before you press it."
