"""The tab of the results that draws quality against energy, time or memory."""

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from advisor.report import wording
from advisor.report.cost_series import AXES, Axis, CostPoint, CostSeries, cost_series
from advisor.ui import theme
from advisor.ui.dialogs.table_dialog import TableDialog
from advisor.ui.models.simple_table import Cell
from advisor.ui.store import Rows
from advisor.ui.widgets import text
from advisor.ui.widgets.controls import ChoiceControl

AXIS_WORDS: dict[Axis, str] = {"energy": "Energy", "latency": "Time per query", "memory": "Memory"}


class ParetoTab(QWidget):
    """Axis choice, sentence, plot; pyqtgraph is loaded with the first drawing.

    Signals:
        selected: index of the candidate that was clicked.
    """

    selected = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        self.plot: Any = None
        self._rows: Rows | None = None
        self._selected: int | None = None
        self._axis: Axis = "energy"
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, unit, 0, 0)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.axis = ChoiceControl("axis", tuple((axis, AXIS_WORDS[axis]) for axis in AXES))
        self.axis.setAccessibleName("Quality against")
        self.axis.chosen.connect(self._on_axis_chosen)
        words = text.label("&Quality against")
        words.setTextFormat(Qt.TextFormat.AutoText)
        words.setBuddy(self.axis)
        self.summary = text.label(role="muted", wrap=True)
        self.as_table = text.button("Show as table")
        self.as_table.clicked.connect(self.show_table)
        row.addWidget(words)
        row.addWidget(self.axis)
        row.addWidget(self.summary, 1)
        row.addWidget(self.as_table)
        self._layout.addLayout(row)

    def show_rows(self, rows: Rows | None, selected: int | None) -> None:
        """Keep another recommendation; `draw` shows it."""
        self._rows, self._selected = rows, selected

    def show_selected(self, selected: int | None) -> None:
        """Ring another point."""
        self._selected = selected
        if self.plot is not None:
            self.plot.show_selected(selected)

    def draw(self) -> None:
        """Draw what is kept."""
        if self._rows is None:
            return
        if self.plot is None:
            from advisor.ui.plots.pareto_plot import ParetoPlot

            self.plot = ParetoPlot()
            self.plot.selected.connect(self.selected)
            self._layout.addWidget(self.plot, 1)
        series = self._series()
        self.summary.setText(series.summary)
        self.plot.show_series(series, self._selected)

    def _series(self) -> CostSeries:
        return cost_series(self._rows, self._axis)  # type: ignore[arg-type]

    @Slot(str, object)
    def _on_axis_chosen(self, _field: str, axis: Axis) -> None:
        self._axis = axis
        self.draw()

    @Slot()
    def show_table(self) -> None:
        """Show the points as a table."""
        if self._rows is None:
            return
        series = self._series()
        headers = (
            "Model", "Format", f"Quality ({series.benchmark})", "Energy per 1,000 queries", "Time per query", "Memory",
            "Verdict",
        )  # fmt: skip
        title = f"Quality against {AXIS_WORDS[self._axis].lower()}"
        TableDialog(title, series.summary, headers, tuple(map(_cells, series.points)), self).show()


def _cells(point: CostPoint) -> tuple[Cell, ...]:
    figures = (point.energy, point.latency, point.memory)
    return (
        Cell(text=point.model), Cell(text=wording.format_label(point.format)),
        Cell(text=f"{point.quality:g}", key=point.quality, number=True),
        *(Cell(text=wording.figure(item), key=item.value, number=True) for item in figures),
        Cell(text=wording.verdict_word(point.verdict)),
    )  # fmt: skip
