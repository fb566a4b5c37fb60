"""Quality against energy, time or memory: a point a candidate, size its memory, shape how well it is known."""

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from advisor import units
from advisor.report import wording
from advisor.report.cost_series import Axis, CostPoint, CostSeries, outline
from advisor.ui import theme
from advisor.ui.plots.style import apply_plot_theme, make_plot

SHAPES = {
    "measured": "star", "measured-synthetic": "star", "calibrated": "d", "estimated": "s", "assumed": "o",
    "excluded": "x",
}  # fmt: skip
"""Marker of each evidence, so that colour is never alone."""
AXIS_TITLES: dict[Axis, str] = {
    "energy": "Energy per 1,000 queries (Wh, logarithmic)", "latency": "Time per query (s, logarithmic)",
    "memory": "Memory needed (GiB, logarithmic)",
}  # fmt: skip
_AXIS_WORDS: dict[Axis, str] = {"energy": "energy", "latency": "time", "memory": "memory"}
_UNITS: dict[Axis, float] = {"energy": 1.0, "latency": 1.0, "memory": float(units.GIB)}
"""Units of a quantity per unit of the axis."""
MOST_RANGES = 40
"""Of more points, only those on the outline and the chosen one have their range drawn."""
_SHAPE_NAMES = {"star": "star", "d": "diamond", "s": "square", "o": "circle", "x": "cross"}
_MANY_POWERS = 4
_MIN_SIZE_PX, _MAX_SIZE_PX = 8.0, 30.0


def size_px(memory_bytes: float | None) -> float:
    """Return the diameter of a point: area grows with memory, within limits that can be seen and clicked."""
    if memory_bytes is None:
        return _MIN_SIZE_PX
    return min(_MAX_SIZE_PX, _MIN_SIZE_PX + 5.0 * math.sqrt(memory_bytes / units.GIB))


def tooltip(point: CostPoint) -> str:
    """Return what a point says when the mouse is over it."""
    memory = units.amount(point.memory_bytes, "B")
    lines = (
        f"{point.model}, {wording.format_label(point.format)}",
        f"Quality {units.number(point.quality, 3)}",
        f"Energy {wording.figure(point.energy)} per 1,000 queries",
        f"Time {wording.figure(point.latency)} a query",
        f"Memory {memory}, {wording.verdict_word(point.verdict).lower()}",
        f"Energy is {wording.evidence_word(point.energy.evidence)}",
    )
    return "\n".join(lines)


def _tooltip_at(x: float, y: float, data: CostPoint) -> str:
    del x, y
    return tooltip(data)


class ParetoPlot(QWidget):
    """The plot.

    Signals:
        selected: index of the candidate that was clicked.
    """

    selected = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series: CostSeries | None = None
        self._selected: int | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = make_plot("Quality against cost", self)
        self.plot.getPlotItem().setAxisItems({"bottom": PowersAxis("bottom")})
        for name in ("left", "bottom"):
            self.plot.getAxis(name).enableAutoSIPrefix(False)  # it would turn GiB into thousandths
        self.caption = QLabel()
        self.caption.setProperty("role", "small")
        self.caption.setWordWrap(True)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.caption)
        self._front = pg.PlotCurveItem()
        self._points = pg.ScatterPlotItem(hoverable=True, tip=_tooltip_at)
        self._ring = pg.ScatterPlotItem()
        self._ranges = pg.ErrorBarItem()
        self._label = pg.TextItem(anchor=(0, 1.3))
        for item in (self._front, self._ranges, self._points, self._ring):
            self.plot.addItem(item)
        self.plot.addItem(self._label, ignoreBounds=True)
        self._points.sigClicked.connect(self._on_points_clicked)

    def show_series(self, series: CostSeries, selected: int | None) -> None:
        """Show another series."""
        self._series, self._selected = series, selected
        self._draw()

    def show_selected(self, selected: int | None) -> None:
        """Ring another point."""
        if selected != self._selected:
            self._selected = selected
            self._draw_ring()
            self._draw_ranges()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._series is not None:
            self._draw()

    def _draw(self) -> None:
        series = self._series
        if series is None:
            return
        colours = theme.of(self.palette())
        apply_plot_theme(self.plot, colours)
        self.plot.setAccessibleDescription(series.summary)
        self.plot.setLabel("bottom", AXIS_TITLES[series.axis])
        self.caption.setText(self._shapes_line())
        self.plot.setLabel("left", series.benchmark or "Quality")
        self.plot.getPlotItem().invertY(not series.higher_is_better)
        self._points.setData([self._spot(point, colours) for point in reversed(series.points)])
        self._points.opts["hoverPen"] = pg.mkPen(colours.text, width=2)
        front = outline(series)
        self._front.setData([_log(p, series.axis) for p in front], [p.quality for p in front])
        self._front.setPen(pg.mkPen(colours.muted, width=1, style=pg.QtCore.Qt.PenStyle.DashLine))
        self._draw_ring()
        self._draw_ranges()
        self.plot.getPlotItem().enableAutoRange()

    def _spot(self, point: CostPoint, colours: theme.Theme) -> dict[str, Any]:
        colour = QColor(theme.verdict_colour(colours, point.verdict))
        colour.setAlpha(60 if point.rejected else 190)
        axis = self._axis
        return {
            "pos": (_log(point, axis), point.quality), "size": size_px(point.memory_bytes), "data": point,
            "symbol": SHAPES[point.along(axis).evidence], "brush": colour, "pen": pg.mkPen(colours.base, width=1),
        }  # fmt: skip

    def _draw_ring(self) -> None:
        colours = theme.of(self.palette())
        points = self._series.points if self._series is not None else ()
        chosen = next((point for point in points if point.index == self._selected), None)
        if chosen is None:
            self._ring.clear()
            self._label.setText("")
            return
        x, y = _log(chosen, self._axis), chosen.quality
        self._ring.setData(
            [x], [y], size=size_px(chosen.memory_bytes) + 8, brush=None, pen=pg.mkPen(colours.text, width=2)
        )
        self._label.setColor(QColor(colours.text))
        self._label.setText(chosen.model.partition("/")[2] or chosen.model)
        self._label.setPos(x, y)

    @property
    def _axis(self) -> Axis:
        return self._series.axis if self._series is not None else "energy"

    def _draw_ranges(self) -> None:
        """Draw the range of each point along the axis, of the outline and the chosen one where there are many."""
        series = self._series
        if series is None:
            return
        wanted = series.points if len(series.points) <= MOST_RANGES else outline(series)
        shown = [point for point in series.points if point in wanted or point.index == self._selected]
        spans = [(point, *_ends(point, series.axis)) for point in shown]
        spans = [span for span in spans if span[2] > span[1]]
        if not spans:
            self._ranges.setData(x=None, y=None)
            return
        import numpy as np

        x = np.array([_log(point, series.axis) for point, _, _ in spans])
        pen = pg.mkPen(QColor(theme.of(self.palette()).muted), width=1)
        self._ranges.setData(
            x=x, y=np.array([point.quality for point, _, _ in spans]), pen=pen,
            left=x - np.array([low for _, low, _ in spans]), right=np.array([high for _, _, high in spans]) - x,
        )  # fmt: skip

    def _shapes_line(self) -> str:
        """Return what size and shape mean, for the shapes that are there."""
        points = self._series.points if self._series is not None else ()
        known = sorted({point.along(self._axis).evidence for point in points})
        what = _AXIS_WORDS[self._axis]
        shapes = [f"{_SHAPE_NAMES[SHAPES[evidence]]}: {what} {wording.evidence_word(evidence)}" for evidence in known]
        words = ", ".join(shapes).capitalize()
        lines = "Lines: range" if len(points) <= MOST_RANGES else "Lines: range, for those on the outline"
        return f"Up is better, left is cheaper. {lines}. Larger: needs more memory. Faint: misses a need. {words}."

    @Slot(object, object, object)
    def _on_points_clicked(self, _plot: object, points: Any, _event: object) -> None:  # noqa: ANN401
        if len(points):
            self.selected.emit(int(points[0].data().index))


class PowersAxis(pg.AxisItem):  # type: ignore[misc]
    """A logarithmic axis with plain numbers at 1, 2 and 5 times each power of ten."""

    @override
    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        del size
        powers = range(math.floor(minVal) - 1, math.ceil(maxVal) + 1)
        steps = (1.0, 2.0, 5.0) if maxVal - minVal < _MANY_POWERS else (1.0,)
        values = [power + math.log10(step) for power in powers for step in steps]
        return [(1.0, [value for value in values if minVal <= value <= maxVal])]

    @override
    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        del scale, spacing
        return [units.number(10**value, 1) for value in values]


def _log(point: CostPoint, axis: Axis) -> float:
    """Return where a point stands on the logarithmic axis; series hold positive figures only."""
    return math.log10((point.along(axis).value or 1e-12) / _UNITS[axis])


def _ends(point: CostPoint, axis: Axis) -> tuple[float, float]:
    """Return where the range of a point begins and ends; both at the point where there is none."""
    item, middle = point.along(axis), _log(point, axis)
    if not item.low or not item.high or item.low <= 0:
        return middle, middle
    return math.log10(item.low / _UNITS[axis]), math.log10(item.high / _UNITS[axis])
