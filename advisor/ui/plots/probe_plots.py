"""Live curves of a probe: latency, memory, CPU share. Power has a plot of its own."""

from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from advisor import units
from advisor.report.series import ProbeSeries
from advisor.ui import theme
from advisor.ui.plots.style import apply_plot_theme, make_plot

REVEAL_PAUSE_MS = 60
MAX_POINTS = 300
"""More than this cannot be told apart on a screen."""


_Read = Callable[[ProbeSeries], tuple[tuple[float, ...], tuple[float, ...]]]
CURVES: tuple[tuple[str, str, float, _Read], ...] = (
    ("Time of each token or query", "ms", 1000.0, lambda series: (series.latency_t_s, series.latency_s)),
    ("Memory of the probe", "MiB", 1.0 / units.MIB, lambda series: (series.memory_t_s, series.memory_bytes)),
    ("Use of its processor threads", "%", 100.0, lambda series: (series.cpu_t_s, series.cpu_share)),
)
"""Title, unit, units shown per base unit, and where a curve's points are."""


class ProbePlots(QWidget):
    """Small plots with one curve each, made one at a time: each costs more than a frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2 * theme.unit_px(self))
        self.plots: list[pg.PlotWidget] = []
        self.holders: list[QWidget] = []
        self._curves: list[pg.PlotDataItem] = []
        self._reveal = QTimer(self)
        self._reveal.setSingleShot(True)
        self._reveal.timeout.connect(self._on_reveal_timeout)

    def make_next(self) -> bool:
        """Make the next plot.

        Returns:
            True while there is one left.
        """
        if len(self.plots) < len(CURVES):
            self._add()
        return len(self.plots) < len(CURVES)

    def show_series(self, series: ProbeSeries) -> None:
        """Draw what has been read so far."""
        while len(self.plots) < len(CURVES):
            self._add()
        if any(holder.isHidden() for holder in self.holders):
            self._reveal.start(0)
        for (_, unit, factor, read), plot, curve in zip(CURVES, self.plots, self._curves, strict=False):
            times_s, values = read(series)
            step = max(1, len(values) // MAX_POINTS)
            shown = [factor * value for value in values]
            mark = "o" if len(shown) == 1 else None  # one reading makes no line
            curve.setData(list(times_s[::step]), shown[::step], symbol=mark, symbolSize=theme.unit_px(self))
            plot.setAccessibleDescription(describe(shown, unit))
            plot.setYRange(0, 1.1 * max(shown, default=1.0), padding=0)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    @Slot()
    def _on_reveal_timeout(self) -> None:
        """Show one plot a turn: the first picture of each takes as long as a frame may."""
        hidden = [holder for holder in self.holders if holder.isHidden()]
        if hidden:
            hidden[0].show()
            self._reveal.start(REVEAL_PAUSE_MS)

    def _add(self) -> None:
        title, unit, _, _ = CURVES[len(self.plots)]
        plot = make_plot(title, self)
        plot.setLabel("bottom", "Seconds since the start")
        for name in ("left", "bottom"):
            plot.getAxis(name).enableAutoSIPrefix(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.setMinimumHeight(20 * theme.unit_px(self))
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        heading = QLabel(f"{title} ({unit})")
        heading.setBuddy(plot)
        layout.addWidget(heading)
        layout.addWidget(plot, 1)
        holder.hide()
        self._row.addWidget(holder, 1)
        self.plots.append(plot)
        self.holders.append(holder)
        self._curves.append(plot.plot([], []))
        self._colour()

    def _colour(self) -> None:
        colours = theme.of(self.palette())
        for plot, curve, colour in zip(self.plots, self._curves, colours.series, strict=False):
            apply_plot_theme(plot, colours)
            curve.setPen(pg.mkPen(QColor(colour), width=1))  # wider ones take twice the time to paint


def describe(readings: Sequence[float], unit: str) -> str:
    """Return a curve as one sentence, for those who do not see it."""
    if not readings:
        return "No readings yet."
    low, high, last = (units.number(value) for value in (min(readings), max(readings), readings[-1]))
    return f"{len(readings)} readings, lowest {low} {unit}, highest {high} {unit}, last {last} {unit}."
