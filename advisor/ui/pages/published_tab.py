"""The tab of the results that lays our energy beside published figures, with the warning that they do not compare."""

from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.recommend.comparison import Comparison, Point
from advisor.recommend.model import CandidateRow
from advisor.report import row_use, wording
from advisor.report.row_use import Uses
from advisor.ui import theme
from advisor.ui.dialogs.table_dialog import TableDialog
from advisor.ui.models.simple_table import Cell
from advisor.ui.store import RowKey, Rows
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice

NOTHING = "No figures of energy are published for this kind of task, or none is known for the chosen model here."
TITLE = "Energy beside published figures"
HEADERS = (
    "Figure", "Energy per 1,000 queries", "Hardware", "Stars", "Tested with", "Sizes of a query", "Note", "Source",
)  # fmt: skip
_TAKEN, _LINE = 17.0, 2.3
"""[grid steps] Height of warning, axis and caption; height of one figure."""
_LEAST_PUBLISHED = 4


class PublishedTab(QWidget):
    """Warning, plot, table. Ours are the chosen row and the pinned ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        self.plot: Any = None
        self.comparison: Comparison | None = None
        self._ours: tuple[CandidateRow, ...] = ()
        self._uses: Uses | None = None
        self._drawn_room = 0
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, unit, 0, 0)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.warning = Notice()
        self.as_table = text.button("Show as table")
        self.as_table.setAccessibleName("Show published figures as table")
        self.as_table.clicked.connect(self._on_as_table_clicked)
        row.addWidget(self.warning, 1)
        row.addWidget(self.as_table, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addLayout(row)
        self._rest = text.label("")
        self._layout.addWidget(self._rest, 1)

    def draw(self, rows: Rows | None, uses: Uses | None, selected: int | None, pinned: tuple[RowKey, ...]) -> None:
        """Draw the chosen row and the pinned ones beside what was published for the task."""
        if rows is None or uses is None:
            return
        ours = [rows.row(selected)] if selected is not None else []
        ours += [row for row in _pinned(rows, pinned) if row.index != selected]
        self._ours, self._uses = tuple(ours), uses
        self._show()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many figures as there is room for."""
        super().resizeEvent(event)
        if self._uses is not None and self._room() != self._drawn_room:
            self._show()

    def _room(self) -> int:
        """Return how many published figures can stand below each other and be read."""
        rows = int((self.height() - _TAKEN * theme.unit_px(self)) / (_LINE * theme.unit_px(self)))
        return min(row_use.MOST_PUBLISHED, max(_LEAST_PUBLISHED, rows - len(self._ours)))

    def _show(self) -> None:
        if self._uses is None:
            return
        self._drawn_room = self._room()
        self.comparison = row_use.compared(self._ours, self._uses, most=self._drawn_room)
        self.warning.show_text(self.comparison.warning if self.comparison is not None else NOTHING)
        text.set_because(self.as_table, "" if self.comparison is not None else NOTHING)
        if self.plot is None and self.comparison is not None:
            from advisor.ui.plots.published_plot import PublishedPlot

            self.plot = PublishedPlot()
            self._layout.addWidget(self.plot, 1)
        if self.plot is not None:
            self.plot.setVisible(self.comparison is not None)
        self._rest.setVisible(self.comparison is None)
        if self.comparison is not None:
            self.plot.show_comparison(self.comparison)

    @Slot()
    def _on_as_table_clicked(self) -> None:
        whole = row_use.compared(self._ours, self._uses) if self._uses is not None else None
        if whole is not None:
            TableDialog(TITLE, whole.warning, HEADERS, tuple(map(_cells, whole.points)), self).show()


def _pinned(rows: Rows, pinned: tuple[RowKey, ...]) -> list[CandidateRow]:
    if not pinned:
        return []
    import numpy as np

    names = [np.asarray(rows.column(key)).astype(str) for key in ("model", "format", "approach")]
    found = []
    for key in pinned:
        places = np.flatnonzero(
            np.logical_and.reduce([column == part for column, part in zip(names, key, strict=True)])
        )
        found += [rows.row(int(place)) for place in places[:1]]
    return found


def _cells(point: Point) -> tuple[Cell, ...]:
    return (
        Cell(text=point.label, strong=point.kind == "ours"),
        Cell(text=wording.figure(point.energy), key=point.energy.value, number=True),
        Cell(text=point.hardware), Cell(text="" if point.stars is None else f"{point.stars} of 5"),
        Cell(text=point.cohort), Cell(text=point.sizes), Cell(text=point.note), Cell(text=point.source),
    )  # fmt: skip
