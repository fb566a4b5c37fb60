"""How much each candidate has right: a dot with its interval, a line each, 0 to 100 %."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from advisor.ui import theme
from advisor.ui.examples_state import Dot
from advisor.ui.plots.style import apply_plot_theme, make_plot

NAME = "Right of the examples, with interval"
_LINE_UNITS, _AXIS_UNITS = 4.5, 8.0


class AccuracyPlot(QWidget):
    """Intervals that hardly overlap tell candidates apart; those that overlap much do not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dots: tuple[Dot, ...] = ()
        self._axis = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = make_plot(NAME, self)
        for name in ("left", "bottom"):
            self.plot.getAxis(name).enableAutoSIPrefix(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getPlotItem().invertY(True)
        layout.addWidget(self.plot)
        self.ranges = pg.ErrorBarItem()
        self.points = pg.ScatterPlotItem()
        self.plot.addItem(self.ranges)
        self.plot.addItem(self.points)
        self._words: list[pg.TextItem] = []

    def show_dots(self, dots: tuple[Dot, ...], axis: str) -> None:
        """Draw others.

        Args:
            dots: one a candidate, top down.
            axis: label of the axis.
        """
        self._dots, self._axis = dots, axis
        unit = theme.unit_px(self)
        self.setFixedHeight(round(unit * (_LINE_UNITS * len(dots) + _AXIS_UNITS)))
        self.setVisible(bool(dots))
        self._draw()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._dots:
            self._draw()

    def _draw(self) -> None:
        import numpy as np

        colours = theme.of(self.palette())
        apply_plot_theme(self.plot, colours)
        self.plot.setLabel("bottom", self._axis)
        self.plot.setAccessibleDescription(" ".join(dot.words for dot in self._dots))
        self.plot.getAxis("left").setTicks([[(place, _short(dot.name)) for place, dot in enumerate(self._dots)]])
        self.points.setData(
            [
                {
                    "pos": (100 * dot.value_share, place), "size": 11, "symbol": "o",
                    "brush": QColor(colours.accent), "pen": pg.mkPen(QColor(colours.accent), width=2),
                }
                for place, dot in enumerate(self._dots)
            ]
        )  # fmt: skip
        middle = np.array([100 * dot.value_share for dot in self._dots])
        self.ranges.setData(
            x=middle, y=np.arange(len(self._dots), dtype=float),
            left=middle - np.array([100 * dot.low_share for dot in self._dots]),
            right=np.array([100 * dot.high_share for dot in self._dots]) - middle, beam=0.25,
            pen=pg.mkPen(QColor(colours.accent), width=2),
        )  # fmt: skip
        for item in self._words:
            self.plot.removeItem(item)
        self._words = [self._write(place, dot, colours) for place, dot in enumerate(self._dots)]
        self.plot.setXRange(0, 100, padding=0.02)
        self.plot.setYRange(-0.6, len(self._dots) - 0.4, padding=0)

    def _write(self, place: int, dot: Dot, colours: theme.Theme) -> pg.TextItem:
        item = pg.TextItem(f"{100 * dot.value_share:.0f} %", color=QColor(colours.text), anchor=(0.5, 1.2))
        item.setFont(theme.scaled_font("small"))
        item.setPos(100 * dot.value_share, place)
        self.plot.addItem(item, ignoreBounds=True)
        return item


def _short(name: str) -> str:
    """Return a name of two lines at most: the model, then the way it works."""
    model, bracket, way = name.partition(" (")
    model = model.rpartition("/")[2]
    model = model if len(model) <= 38 else f"{model[:36]}..."
    return f"{model}\n{way.rstrip(')')}" if bracket else model
