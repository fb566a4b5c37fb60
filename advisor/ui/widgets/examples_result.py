"""What candidates made of the examples: is the smaller one enough, how many are right, what it costs, what is wrong."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from advisor.ui import theme
from advisor.ui.examples_state import RunView, Wrong
from advisor.ui.models.simple_table import Cell, SimpleTableModel
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.controls import ChoiceControl
from advisor.ui.widgets.plain_table import PlainTable

NOTHING_WRONG = "Nothing is wrong."


class ExamplesResult(Card):
    """Sentence, plot, table, errors to read, export.

    Signals:
        save_requested: path of a table to write.
    """

    save_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Result", parent)
        unit = theme.unit_px(self)
        self._view: RunView | None = None
        self.sentence = text.selectable(text.label(role="muted", wrap=True))
        self.verdict = text.selectable(text.label(wrap=True))
        self.plot_place = QVBoxLayout()
        """Where the page puts its plot."""
        self.model = SimpleTableModel(parent=self)
        self.table = PlainTable("Candidates with their cost", self.model)
        self.notes = text.selectable(text.label(level="small", role="muted", wrap=True))
        self.which = ChoiceControl("candidate", ())
        self.which.setAccessibleName("Whose wrong outputs are shown")
        self.which.chosen.connect(self._on_which_chosen)
        self.wrong_told = text.label(role="muted", wrap=True)
        self.wrong_model = SimpleTableModel(parent=self)
        self.wrong = PlainTable("Wrong outputs", self.wrong_model)
        self.save = text.button("Save all outputs as CSV...")
        self.save.clicked.connect(self.choose_file)
        self.notice = Notice()
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.verdict)
        self.body.addLayout(self.plot_place)
        self.body.addWidget(self.table)
        self.body.addWidget(self.notes)
        self.wrong_title = text.label("Wrong outputs, to read", level="heading")
        self.body.addWidget(self.wrong_title)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.which, 2)
        row.addWidget(self.wrong_told, 3)
        row.addWidget(self.save)
        self.body.addLayout(row)
        self.body.addWidget(self.wrong)
        self.body.addWidget(self.notice)
        self.hide()

    def show_view(self, view: RunView | None, saved: str) -> None:
        """Show another result; none hides the card."""
        self.setVisible(view is not None)
        self.notice.show_text(saved)
        if view is None or view == self._view:
            self._view = view
            return
        self._view = view
        self.sentence.setText(view.sentence)
        self.verdict.setText("\n\n".join(view.verdicts))
        self.model.show_rows(
            view.headers,
            tuple(
                tuple(Cell(text=words, number=place > 0, tip=words) for place, words in enumerate(row))
                for row in view.rows
            ),
        )
        self.table.fit(stretched=len(view.headers) - 1)  # a name that is cut says nothing: rather scroll
        self.table.setFixedHeight(self.table.height() + self.table.horizontalScrollBar().sizeHint().height())
        self.notes.setText("\n".join(view.notes))
        self.notes.setVisible(bool(view.notes))
        self.which.set_choices(tuple((place, item.name) for place, item in enumerate(view.wrong)))
        if view.wrong:
            self._show_wrong(view.wrong[0])

    def _show_wrong(self, wrong: Wrong) -> None:
        if self._view is None:
            return
        shown, every = len(wrong.rows), wrong.num_rows
        told = f"{every:,} wrong" if shown == every else f"{every:,} wrong; the first {shown:,} are shown"
        self.wrong_told.setText(told if every else NOTHING_WRONG)
        self.wrong_model.show_rows(
            self._view.wrong_headers, tuple(tuple(Cell(text=words, tip=words) for words in row) for row in wrong.rows)
        )
        self.wrong.fit(stretched=0)

    @Slot(str, object)
    def _on_which_chosen(self, _field: str, place: int) -> None:
        if self._view is not None:
            self._show_wrong(self._view.wrong[place])

    @Slot()
    def choose_file(self) -> None:
        """Ask where to write the table."""
        dialog = QFileDialog(self, "Save all outputs")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("Table (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(self.save_requested)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
