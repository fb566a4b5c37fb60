"""What compression costs: a line a language, a mark a format, intervals, the average; shape says which format."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.report.compression_view import CompressionSeries, FormatLosses
from advisor.ui import theme
from advisor.ui.plots.style import apply_plot_theme, make_plot

SHAPES = ("o", "s", "t1", "d")
SHAPE_WORDS = ("Circles", "Squares", "Triangles", "Diamonds")
KEY = (
    "Left is less. Lines: 95 % intervals over the sentences. Filled: surely more than the average (dashed) of its "
    "format. Your languages carry an arrow."
)
YOURS = "▸ "
_AXIS_LINES, _LINE_RATIO = 4, 1.05
"""[lines] and [1] What the axis takes, and the height of a line: names stand below each other, the page scrolls."""
_SPREAD = 0.5
"""[lines] Marks of the formats of one language stand this far apart, first to last."""


class CompressionPlot(QWidget):
    """Languages from the greatest loss down."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: CompressionSeries | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = make_plot("What compression costs in each language", self)
        for name in ("left", "bottom"):
            self.plot.getAxis(name).enableAutoSIPrefix(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getPlotItem().invertY(True)
        self.caption = QLabel(KEY)
        self.caption.setProperty("role", "small")
        self.caption.setWordWrap(True)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.caption)
        self._items: list[Any] = []
        self.marks: list[pg.ScatterPlotItem] = []

    def show_series(self, series: CompressionSeries) -> None:
        """Draw another model."""
        self._shown = series
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
        for item in self._items:
            self.plot.removeItem(item)
        self._items, self.marks = [], []
        for number, form in enumerate(shown.formats):
            self._draw_format(shown, form, number, colours)
        names = [
            (line, f"{YOURS if code in shown.yours else ''}{name}")
            for line, (code, name) in enumerate(zip(shown.codes, shown.names, strict=True))
        ]
        self.plot.getAxis("left").setTicks([names])
        lines = len(names) + _AXIS_LINES
        self.plot.setMinimumHeight(round(_LINE_RATIO * self.fontMetrics().height() * lines))
        self.plot.setLabel("bottom", shown.axis)
        self.plot.setAccessibleDescription(shown.summary)
        self.caption.setText(f"{_key(shown)} {KEY}")
        points = [point for form in shown.formats for point in form.points]
        highest = max((point.loss.high or point.loss.value or 0.0 for point in points), default=0.0)
        self.plot.setXRange(0, highest or 1.0, padding=0.03)
        self.plot.setYRange(-0.6, len(shown.codes) - 0.4, padding=0)

    def _draw_format(self, shown: CompressionSeries, form: FormatLosses, number: int, colours: theme.Theme) -> None:
        import numpy as np

        colour = _colour(number, colours)
        shift = 0.0 if len(shown.formats) == 1 else _SPREAD * (number / (len(shown.formats) - 1) - 0.5)
        lines = {code: place + shift for place, code in enumerate(shown.codes)}
        known = [point for point in form.points if point.loss.low is not None and point.loss.high is not None]
        values = np.array([point.loss.value for point in known], np.float64)
        ranges = pg.ErrorBarItem(
            x=values, y=np.array([lines[point.code] for point in known], np.float64),
            left=values - np.array([point.loss.low for point in known], np.float64),
            right=np.array([point.loss.high for point in known], np.float64) - values,
            beam=0.0, pen=pg.mkPen(colour, width=2),
        )  # fmt: skip
        marks = pg.ScatterPlotItem(
            [
                {
                    "pos": (point.loss.value or 0.0, lines[point.code]), "size": 9, "symbol": SHAPES[number],
                    "brush": colour if point.loses_more else QColor(colours.base), "pen": pg.mkPen(colour, width=2),
                    "data": point,
                }
                for point in form.points
            ]
        )  # fmt: skip
        average = pg.InfiniteLine(
            form.average.value or 0.0, angle=90, pen=pg.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine)
        )
        for item in (average, ranges, marks):
            self.plot.addItem(item)
            self._items.append(item)
        self.marks.append(marks)


def _colour(number: int, colours: theme.Theme) -> QColor:
    return QColor((colours.accent, colours.tight, colours.no_fit, colours.muted)[number])


def _key(shown: CompressionSeries) -> str:
    return " ".join(f"{SHAPE_WORDS[number]}: {form.label}." for number, form in enumerate(shown.formats))
