"""Our energy beside published figures: a line each, on a logarithmic axis; shape says whose figure it is."""

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.recommend.comparison import Comparison, Point, PointKind
from advisor.report import wording
from advisor.ui import theme
from advisor.ui.plots.pareto_plot import PowersAxis
from advisor.ui.plots.style import apply_plot_theme, make_plot

SHAPES: dict[PointKind, str] = {"ours": "s", "same-model": "t1", "task-mean": "d", "other-model": "o"}
KEY = (
    "Square with its range: this computer. Triangle: the same model elsewhere. Diamond: mean of several models. "
    "Circle: other models elsewhere. Left is less."
)
AXIS = "Energy per 1,000 queries (Wh, logarithmic)"
_MARGIN_POWERS = 0.75
"""[powers of ten] Room on the right for the words beside a point."""


class PublishedPlot(QWidget):
    """One line a figure, ours on top."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Comparison | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = make_plot("Energy beside published figures", self)
        self.plot.getPlotItem().setAxisItems({"bottom": PowersAxis("bottom")})
        for name in ("left", "bottom"):
            self.plot.getAxis(name).enableAutoSIPrefix(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getPlotItem().invertY(True)
        self.caption = QLabel(KEY)
        self.caption.setProperty("role", "small")
        self.caption.setWordWrap(True)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.caption)
        self.points = pg.ScatterPlotItem()
        self.ranges = pg.ErrorBarItem()
        self.plot.addItem(self.ranges)
        self.plot.addItem(self.points)
        self._words: list[pg.TextItem] = []

    def show_comparison(self, comparison: Comparison) -> None:
        """Draw another series."""
        self._shown = comparison
        self._draw()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._shown is not None:
            self._draw()

    def _draw(self) -> None:
        shown = self._shown
        if shown is None:
            return
        colours = theme.of(self.palette())
        apply_plot_theme(self.plot, colours)
        self.plot.setLabel("bottom", AXIS)
        self.plot.getAxis("left").setTicks([[(place, _short(point)) for place, point in enumerate(shown.points)]])
        self.plot.setAccessibleDescription(summary(shown))
        self.points.setData([_spot(place, point, colours) for place, point in enumerate(shown.points)])
        self._draw_ranges(shown, colours)
        for item in self._words:
            self.plot.removeItem(item)
        self._words = [self._write(place, point, colours) for place, point in enumerate(shown.points)]
        low, high = math.log10(shown.axis_low_wh), math.log10(shown.axis_high_wh)
        self.plot.setXRange(low, high + _MARGIN_POWERS, padding=0.02)
        self.plot.setYRange(-0.6, len(shown.points) - 0.4, padding=0)

    def _draw_ranges(self, shown: Comparison, colours: theme.Theme) -> None:
        import numpy as np

        spans = [
            (place, point.energy.low, point.energy.value, point.energy.high)
            for place, point in enumerate(shown.points)
            if point.energy.low and point.energy.high and point.energy.value
        ]
        if not spans:
            self.ranges.setData(x=None, y=None)
            return
        middle = np.array([math.log10(value) for _, _, value, _ in spans])
        self.ranges.setData(
            x=middle, y=np.array([float(place) for place, _, _, _ in spans]),
            left=middle - np.array([math.log10(low) for _, low, _, _ in spans]),
            right=np.array([math.log10(high) for _, _, _, high in spans]) - middle, beam=0.3,
            pen=pg.mkPen(QColor(colours.accent), width=2),
        )  # fmt: skip

    def _write(self, place: int, point: Point, colours: theme.Theme) -> pg.TextItem:
        item = pg.TextItem(beside(point), color=QColor(colours.muted), anchor=(0, 0.5))
        item.setFont(theme.scaled_font("small"))
        end = point.energy.high or point.energy.value or 1.0
        item.setPos(math.log10(end) + 0.05, place)
        self.plot.addItem(item, ignoreBounds=True)
        return item


def beside(point: Point) -> str:
    """Return the figure, and official stars with the cohort they hold in."""
    text = wording.amount(point.energy)
    return f"{text}, {point.stars} of 5 stars in its cohort" if point.stars is not None else text


def summary(comparison: Comparison) -> str:
    """Return the plot as two sentences, for those who do not see it."""
    ours = [f"{point.label} {wording.figure(point.energy)}" for point in comparison.points if point.kind == "ours"]
    others = [point for point in comparison.points if point.kind != "ours"]
    ends = sorted(point.energy.value or 0.0 for point in others)
    words = f" {len(others)} published figures lie between {ends[0]:g} and {ends[-1]:g} Wh." if ends else ""
    return f"Here, per 1,000 queries: {'; '.join(ours)}.{words} {comparison.warning}"


def _spot(place: int, point: Point, colours: theme.Theme) -> dict[str, Any]:
    ours = point.kind == "ours"
    colour = QColor(colours.accent if ours else colours.muted)
    return {
        "pos": (math.log10(point.energy.value or 1e-12), place), "size": 12, "symbol": SHAPES[point.kind],
        "data": point,
        "brush": colour if ours or point.kind == "same-model" else QColor(colours.base),
        "pen": pg.mkPen(colour, width=2),
    }  # fmt: skip


def _short(point: Point) -> str:
    return point.label if len(point.label) <= 44 else f"{point.label[:42]}..."
