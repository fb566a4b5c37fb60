"""A saved report, looked at again: its answer, its key figures, and another report beside it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from advisor.report.model import ReportDocument
from advisor.ui import theme
from advisor.ui.models import report_sheet
from advisor.ui.store import OpenedReport, SavedReport
from advisor.ui.widgets import text
from advisor.ui.widgets.controls import ChoiceControl, LabelledField
from advisor.ui.widgets.figure import FigureTile, VerdictLabel

_TILES = (
    ("memory", "Memory"), ("rate", "Speed"), ("energy_per_1000_queries", "Energy, 1,000 queries"),
)  # fmt: skip


class OpenedReportView(QWidget):
    """Answer box and key figures of one report; below, what differs from a second one.

    Signals:
        save_requested: save the first report again.
        beside_requested: id of the report to put beside it; None takes it away.
        close_requested: put it away.
    """

    save_requested = Signal()
    beside_requested = Signal(object)
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, unit, 0, 0)
        layout.setSpacing(unit)
        layout.addWidget(text.line())
        direction = QBoxLayout.Direction
        over = QBoxLayout(direction.TopToBottom if theme.is_wide_text(self) else direction.LeftToRight)
        over.setSpacing(unit if theme.is_wide_text(self) else 4 * unit)
        over.addLayout(self._words(unit), 1)
        self.tiles = {key: FigureTile(title) for key, title in _TILES}
        self.quality = FigureTile("Quality")
        figures = QHBoxLayout()
        figures.setSpacing(3 * unit)
        for tile in (*self.tiles.values(), self.quality):
            figures.addWidget(tile, 0, Qt.AlignmentFlag.AlignTop)
        if theme.is_wide_text(self):
            figures.addStretch(1)
        over.addLayout(figures)
        layout.addLayout(over)
        self.reason = text.selectable(text.label(wrap=True))
        layout.addWidget(self.reason)
        layout.addLayout(self._actions(unit))
        self._sheet = QWidget()
        self._grid = QGridLayout(self._sheet)
        self._grid.setContentsMargins(0, unit, 0, 0)
        self._grid.setHorizontalSpacing(3 * unit)
        self._grid.setVerticalSpacing(unit // 2)
        for column in (1, 2, 3):
            self._grid.setColumnStretch(column, 1)
        layout.addWidget(self._sheet)
        self.hide()

    def show_reports(self, opened: tuple[OpenedReport, ...], known: tuple[SavedReport, ...]) -> None:
        """Show one report, or two side by side, or none.

        Args:
            opened: the report, and what stands beside it.
            known: all reports, to choose another from.
        """
        self.setVisible(bool(opened))
        if not opened:
            return
        first, second = opened[0], opened[1] if len(opened) > 1 else None
        self._show_answer(first)
        others = tuple((other.id, list_words(other)) for other in known if other.id != first.id)
        if second is not None and second.file:
            others = ((second.id, f"The file {second.file}"), *others)
        self.beside.set_choices(((None, "Nothing"), *others))
        self.beside.show_value(second.id if second is not None else None)
        text.set_because(self.beside, "" if others else "There is no other report yet.")
        self._show_sheet(first.document, second.document if second is not None else None)

    def sheet_texts(self) -> tuple[tuple[str, ...], ...]:
        """Return the lines of the sheet as they are shown, headings first."""
        shown = []
        for row in range(self._grid.rowCount()):
            items = [self._grid.itemAtPosition(row, column) for column in range(4)]
            words = tuple(item.widget().text() if item else "" for item in items)  # type: ignore[union-attr]
            if any(words):
                shown.append(words)
        return tuple(shown)

    def _words(self, unit: int) -> QVBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(unit // 4)
        over = QHBoxLayout()
        over.setSpacing(unit)
        self.kicker = text.label(level="small", role="muted", wrap=True)
        self.verdict = VerdictLabel()
        over.addWidget(self.verdict)
        over.addWidget(self.kicker, 1)
        self.name = text.selectable(text.label(level="figure", wrap=True))
        self.sentence = text.label(role="muted", wrap=True)
        words.addLayout(over)
        words.addWidget(self.name)
        words.addWidget(self.sentence)
        words.addStretch(1)
        return words

    def _actions(self, unit: int) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.beside = ChoiceControl("beside", ((None, "Nothing"),))
        self.beside.chosen.connect(self._on_beside_chosen)
        row.addWidget(LabelledField("&Beside it", self.beside), 1)
        self.save = text.button("Save again...")
        self.save.clicked.connect(self.save_requested)
        self.close_button = text.button("Close")
        self.close_button.setAccessibleName("Close the report")
        self.close_button.clicked.connect(self.close_requested)
        for button in (self.save, self.close_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        return row

    def _show_answer(self, opened: OpenedReport) -> None:
        document, answer = opened.document, opened.document.answer
        origin = f", from {opened.file}" if opened.file else ""
        self.kicker.setText(f"{report_sheet.when(document.created)} on {document.machine_name}{origin}")
        for widget in (*self.tiles.values(), self.quality, self.verdict):
            widget.setVisible(answer is not None)
        if answer is None:
            self.name.setText("No model meets every need")
            self.sentence.setText(report_sheet.task_words(document))
            self.reason.setText(document.why_no_answer)
            return
        self.name.setText(f"{report_sheet.model_name(document)}, {answer.format_label}")
        self.name.setToolTip(answer.model)
        self.sentence.setText(report_sheet.task_words(document))
        self.reason.setText(f"{answer.reason} {answer.sentence}.")
        self.verdict.show_verdict(answer.verdict)
        for key, tile in self.tiles.items():
            item = report_sheet.quantity(document, key)
            tile.setVisible(item is not None)
            if item is not None:
                tile.show_quantity(item)
        self.quality.show_words(*report_sheet.quality_words(document))

    def _show_sheet(self, first: ReportDocument, second: ReportDocument | None) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._sheet.setVisible(second is not None)
        if second is None:
            return
        for column, words in enumerate(("This report", "Beside it", "Difference"), start=1):
            self._grid.addWidget(text.label(words, level="small", role="muted"), 0, column)
        for place, line in enumerate(report_sheet.lines(first, second), start=1):
            self._grid.addWidget(text.label(line.label, role="muted"), place, 0, Qt.AlignmentFlag.AlignTop)
            for column, words in enumerate((line.first, line.second, line.difference), start=1):
                made = text.selectable(text.label(words, wrap=True))
                if line.difference and column == 3:
                    text.restyle(made, "role", "accent")
                self._grid.addWidget(made, place, column, Qt.AlignmentFlag.AlignTop)

    @Slot(str, object)
    def _on_beside_chosen(self, _field: str, report_id: object) -> None:
        self.beside_requested.emit(report_id)


def list_words(report: SavedReport) -> str:
    """Return how a report is named in a list of choices."""
    return f"{report_sheet.when(report.created)}: {report.title}"
