"""The pinned rows as columns, with what differs marked."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QTabWidget,
    QWidget,
)
from typing_extensions import override

from advisor import paths
from advisor.errors import AdvisorError
from advisor.recommend.model import CandidateRow
from advisor.ui.models import compare
from advisor.ui.models.simple_table import Cell, SimpleTableModel
from advisor.ui.pages.compression_tab import CompressionTab
from advisor.ui.store import MAX_PINNED, Rows, Snapshot
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice
from advisor.ui.widgets.empty_state import EmptyState
from advisor.ui.widgets.page import Page


class ComparePage(Page):
    """A sheet of two to four candidates.

    Signals:
        results_requested: back to the results.
        unpin_requested: index of a row to unpin, once for each.
    """

    results_requested = Signal()
    unpin_requested = Signal(int)

    def __init__(self, refusal: Callable[[Snapshot], str] | None = None) -> None:
        """Build the page.

        Args:
            refusal: returns why what compression costs cannot be measured now.
        """
        super().__init__("Compare", "Bold: better than all others, beyond the ranges. ≠: not the same everywhere.")
        self._refusal = refusal
        self._pinned: tuple[CandidateRow, ...] = ()
        self.copy = text.button("Copy the sheet")
        self.save = text.button("Save as CSV...")
        self.clear = text.button("Unpin all")
        for button, slot in (
            (self.copy, self.copy_sheet),
            (self.save, self.choose_file),
            (self.clear, self._on_clear_clicked),
        ):
            button.clicked.connect(slot)
            self.buttons.addWidget(button)
        self.notice = Notice()
        self.body.addWidget(self.notice)
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            "Nothing is pinned yet",
            f"Choose a row of the results and press Space; up to {MAX_PINNED} rows.",
            "Show the results",
        )
        self.empty.clicked.connect(self.results_requested)
        self.model = SimpleTableModel(parent=self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName("Comparison")
        self.view.setTabKeyNavigation(False)
        self.view.setShowGrid(False)
        self.view.setAlternatingRowColors(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.setWordWrap(True)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.view)
        self.compression = CompressionTab()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Pinned candidates or languages")
        self.tabs.addTab(self.stack, "Pinned candidates")
        self.tabs.addTab(self.compression, "Compression by language")
        self.tabs.currentChanged.connect(self._on_tabs_current_changed)
        self.body.addWidget(self.tabs, 1)

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        task = new.job.task
        yours = () if task is None else (*task.languages, *task.target_languages)
        if old is None or (old.archive.compressions, old.job.task) != (new.archive.compressions, new.job.task):
            self.compression.show_results(new.archive.compressions, yours)
        why_not = self._refusal(new) if self._refusal is not None else ""
        self.compression.show_measure(new.compression, yours, why_not)
        if old is not None and old.results == new.results:
            return
        self._pinned = pinned_rows(new.results.recommendation, new.results.pinned)
        self.stack.setCurrentIndex(1 if self._pinned else 0)
        for button in (self.copy, self.save, self.clear):
            text.set_because(button, "" if self._pinned else "Nothing is pinned.")
        lines = compare.lines(self._pinned)
        cells = tuple(
            tuple(
                Cell(text=words, tip=tip, strong=line.best == place)
                for place, (words, tip) in enumerate(zip(line.texts, line.tips, strict=True))
            )
            for line in lines
        )
        marks = tuple(f"{'≠ ' if line.differs else '   '}{line.label}" for line in lines)
        self.model.show_rows(tuple(compare.title(row) for row in self._pinned), cells, row_headers=marks)

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.copy, self.view, self.compression.measure.model, self.compression.as_table)

    def show_languages(self) -> None:
        """Bring what compression costs to the front, ready to be measured."""
        self.tabs.setCurrentWidget(self.compression)
        self.compression.open_measure()

    def sheet(self, separator: str = "\t") -> str:
        """Return the sheet as text.

        Args:
            separator: between cells; a comma gives CSV with quoted cells.
        """
        rows = [("", *(f"{row.model} {row.format}" for row in self._pinned))]
        rows += [(line.label, *line.texts) for line in compare.lines(self._pinned)]
        if separator == "\t":
            return "\n".join("\t".join(cells) for cells in rows)
        return "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in cells) for cells in rows)

    @Slot()
    def copy_sheet(self) -> None:
        """Put the sheet on the clipboard."""
        QGuiApplication.clipboard().setText(self.sheet())

    @Slot()
    def choose_file(self) -> None:
        """Ask where to save the sheet."""
        dialog = QFileDialog(self, "Save the comparison")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("Table (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(self.save_sheet)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def save_sheet(self, file: str) -> None:
        """Write the sheet; a file that cannot be written is said in place."""
        try:
            paths.write_atomically(Path(file), self.sheet(",").encode("utf-8"))
        except AdvisorError as error:
            self.notice.show_text(error.sentence())
        else:
            self.notice.show_text(f"Saved as {file}.")

    @Slot(int)
    def _on_tabs_current_changed(self, place: int) -> None:
        for button in (self.copy, self.save, self.clear):
            button.setVisible(place == 0)

    @Slot()
    def _on_clear_clicked(self) -> None:
        for row in self._pinned:
            self.unpin_requested.emit(row.index)


def pinned_rows(rows: Rows | None, pinned: tuple[tuple[str, str, str], ...]) -> tuple[CandidateRow, ...]:
    """Return the rows that are pinned, in the order in which they were pinned; those that are gone are left out."""
    if rows is None or not pinned:
        return ()
    columns = zip(rows.column("model"), rows.column("format"), rows.column("approach"), strict=True)
    places = {(str(model), str(form), str(approach)): index for index, (model, form, approach) in enumerate(columns)}
    return tuple(rows.row(places[key]) for key in pinned if key in places)
