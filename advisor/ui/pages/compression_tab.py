"""The tab of the comparison that shows what compression costs in each language, as far as it was measured here."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from advisor.evaluate.compression_plan import CompressionResult
from advisor.report import compression as words
from advisor.report import compression_series, wording
from advisor.ui import theme
from advisor.ui.compression_state import CompressionState, MeasurePhase
from advisor.ui.dialogs.table_dialog import TableDialog
from advisor.ui.models.simple_table import Cell
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice
from advisor.ui.widgets.controls import ChoiceControl
from advisor.ui.widgets.empty_state import EmptyState
from advisor.ui.widgets.measure_card import MeasureCard


class CompressionTab(QWidget):
    """Model, what was found, plot, table; and what starts a measurement."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        self.plot: Any = None
        self._groups: tuple[tuple[CompressionResult, ...], ...] = ()
        self._yours: tuple[str, ...] = ()
        self._phase: MeasurePhase = "idle"
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, unit, 0, 0)
        self.empty = EmptyState(words.HEADING, f"{words.WHAT}\n\n{words.EMPTY}")
        self.empty.sentence.setWordWrap(True)
        self.shown = QWidget()
        self._body = QVBoxLayout(self.shown)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(unit)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.label = text.label("Model")
        self.model = ChoiceControl("model", ())
        self.model.setMinimumContentsLength(6)  # beside two buttons, at twice the text size too
        self.label.setBuddy(self.model)
        self.model.setAccessibleName("Model whose compression was measured")
        self.model.chosen.connect(self._on_model_chosen)
        self.as_table = text.button("Show as table")
        self.as_table.setAccessibleName("Show loss of each language as table")
        self.as_table.clicked.connect(self._on_as_table_clicked)
        self.again = text.button("&Measure...", tip="A model, or the same one again")
        self.again.setCheckable(True)
        self.again.toggled.connect(self._on_again_toggled)
        self.measure = MeasureCard()
        self.done = Notice()
        row.addWidget(self.label)
        row.addWidget(self.model, 1)
        row.addWidget(self.as_table, 0, Qt.AlignmentFlag.AlignRight)
        row.addWidget(self.again, 0, Qt.AlignmentFlag.AlignRight)
        self.found = Notice()
        self._body.addLayout(row)
        self._body.addWidget(self.found)
        self._layout.setSpacing(unit)
        self._layout.addWidget(self.measure)
        self._layout.addWidget(self.done)
        self._layout.addWidget(self.empty, 1)
        self._layout.addWidget(self.shown, 1)
        self.shown.hide()

    def show_results(self, results: Sequence[CompressionResult], yours: Sequence[str]) -> None:
        """Show what was measured.

        Args:
            results: all that are kept, the newest first.
            yours: codes of the task's languages.
        """
        chosen = self.model.currentText()
        self._groups, self._yours = compression_series.newest(results), tuple(yours)
        names = [group[0].model for group in self._groups]
        self.model.set_choices(tuple((name, name) for name in names))
        if names:
            self.model.show_value(chosen)
        self.empty.setVisible(not names)
        self.shown.setVisible(bool(names))
        self._place_measure()
        self._draw()

    def show_measure(self, state: CompressionState, yours: tuple[str, ...], why_not: str) -> None:
        """Show what can be measured and how far it is; a result closes what started it.

        Args:
            state: of the measurement.
            yours: codes of the task's languages.
            why_not: why nothing can be started now.
        """
        before, self._phase = self._phase, state.phase
        if before == "idle" != state.phase:
            self.open_measure()
        elif before != "idle" == state.phase and state.done:
            self.again.setChecked(False)
            self.model.setCurrentIndex(0)
            self._draw()
        self.measure.show_state(state, yours, why_not)
        self.done.show_text(state.done)
        self._place_measure()

    def open_measure(self) -> None:
        """Show what starts a measurement."""
        self.again.setChecked(True)

    def _place_measure(self) -> None:
        """Show the card while nothing was measured, while something is, and where it is wanted."""
        self.measure.setVisible(self.again.isChecked() or not self._groups or self._phase != "idle")

    def _draw(self) -> None:
        group = self._group()
        if not group:
            return
        if self.plot is None:
            from advisor.ui.plots.compression_plot import CompressionPlot

            self.plot = CompressionPlot()
            self._body.addWidget(self.plot, 1)
        drawn = compression_series.series(group, yours=self._yours)
        self.found.show_text(drawn.summary)
        self.plot.show_series(drawn)

    def _group(self) -> tuple[CompressionResult, ...]:
        place = self.model.currentIndex()
        return self._groups[place] if 0 <= place < len(self._groups) else ()

    @Slot(bool)
    def _on_again_toggled(self, _checked: bool) -> None:
        self._place_measure()

    @Slot(str, object)
    def _on_model_chosen(self, _field: str, _value: object) -> None:
        self._draw()

    @Slot()
    def _on_as_table_clicked(self) -> None:
        group = self._group()
        if group:
            sentences = [sentence for item in group for sentence in words.sentences(item)]
            summary = "\n".join(dict.fromkeys(sentences))
            TableDialog(words.HEADING, summary, *_table(group, self._yours), self).show()


def _table(
    group: Sequence[CompressionResult], yours: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:  # fmt: skip
    rows = []
    for item in group:
        label = wording.format_label(item.format)
        for language, cells in zip(words.by_loss(item), words.rows(item, marked=yours), strict=True):
            loss = language.loss.value
            rows.append(
                (
                    Cell(text=cells[0], strong=language.code in yours),
                    Cell(text=label),
                    Cell(text=cells[1], key=float(language.resource_class), number=True),
                    Cell(text=cells[2], key=loss, number=True, strong=language.loses_more),
                    *(Cell(text=words_, number=True) for words_ in cells[3:]),
                )
            )
    first, *others = words.titles(group[0])
    return (first, "Format", *others), tuple(rows)
