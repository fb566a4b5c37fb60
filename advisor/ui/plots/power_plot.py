"""Power over time: metered curves with the line of idling, or the typical range where there is no meter."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from advisor.report import energy_words
from advisor.report.energy_series import PowerSeries
from advisor.ui import theme
from advisor.ui.plots.style import apply_plot_theme, make_plot

MAX_POINTS = 400
_BAND_ALPHA, _SPAN_ALPHA = 70, 26
_SHARE_PER_LETTER = 0.013
"""[1] Of the width: a narrower span has no room for its word."""
_HEADROOM = 1.18
NAME = "Power"


class PowerPlot(QWidget):
    """One plot; what is drawn depends on what there is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._series: PowerSeries | None = None
        self.plot = make_plot(NAME, self)
        self.plot.setLabel("bottom", "Seconds since the start")
        self.plot.setLabel("left", "Watts")
        for name in ("left", "bottom"):
            self.plot.getAxis(name).enableAutoSIPrefix(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setMinimumHeight(22 * theme.unit_px(self))
        layout.addWidget(self.plot, 1)
        self._drawn: list[object] = []

    def show_series(self, series: PowerSeries) -> None:
        """Draw another series."""
        self._series = series
        self._draw()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._series is not None:
            self._draw()

    @property
    def curves(self) -> tuple[pg.PlotDataItem, ...]:
        """The lines that stand for measured power."""
        return tuple(item for item in self._drawn if isinstance(item, pg.PlotDataItem))

    @property
    def bands(self) -> tuple[pg.FillBetweenItem, ...]:
        """The areas that stand for a range."""
        return tuple(item for item in self._drawn if isinstance(item, pg.FillBetweenItem))

    def _draw(self) -> None:
        series = self._series
        if series is None:
            return
        colours = theme.of(self.palette())
        apply_plot_theme(self.plot, colours)
        for item in self._drawn:
            self.plot.removeItem(item)
        self._drawn = []
        self.plot.setAccessibleDescription(series.summary)
        highest = self._draw_band(series, colours) if series.source == "band" else self._draw_curves(series, colours)
        self.plot.setYRange(0, _HEADROOM * max(highest, 1.0), padding=0)
        self._draw_spans(series, colours, highest)

    def _draw_curves(self, series: PowerSeries, colours: theme.Theme) -> float:
        highest = series.idle_w or 0.0
        for curve, colour in zip(series.curves, colours.series, strict=False):
            step = max(1, len(curve.power_w) // MAX_POINTS)
            mark = "o" if len(curve.power_w) == 1 else None
            self._add(
                pg.PlotDataItem(
                    list(curve.t_s[::step]), list(curve.power_w[::step]), pen=pg.mkPen(QColor(colour), width=1),
                    symbol=mark,
                )
            )  # fmt: skip
            highest = max(highest, *curve.power_w) if curve.power_w else highest
            if len(series.curves) > 1 and curve.t_s:
                self._write(curve.label, curve.t_s[-1], curve.power_w[-1], colour, anchor=(1, 1))
        if series.idle_w is not None:
            pen = pg.mkPen(QColor(colours.muted), width=1, style=Qt.PenStyle.DashLine)
            self._add(pg.InfiniteLine(pos=series.idle_w, angle=0, pen=pen, movable=False))
            start = min((curve.t_s[0] for curve in series.curves if curve.t_s), default=0.0)
            self._write(series.idle_label, start, series.idle_w, colours.text, anchor=(0, 0))
        return highest

    def _draw_band(self, series: PowerSeries, colours: theme.Theme) -> float:
        """Shade between the ends of the range: no line is drawn, so that nothing looks measured."""
        step = max(1, len(series.band_t_s) // MAX_POINTS)
        times = list(series.band_t_s[::step])
        if not times:
            return 0.0
        if len(times) == 1:
            times = [times[0] - 0.5, times[0] + 0.5]
        lows, highs = (list(values[::step]) for values in (series.band_low_w, series.band_high_w))
        if len(lows) < len(times):
            lows, highs = lows * 2, highs * 2
        fill = QColor(colours.series[0])
        fill.setAlpha(_BAND_ALPHA)
        low, high = (pg.PlotCurveItem(times, values, pen=None) for values in (lows, highs))
        self._add(pg.FillBetweenItem(low, high, brush=pg.mkBrush(fill)))
        self.plot.setXRange(times[0], max(times[-1], times[0] + 1.0), padding=0.02)
        self._write(energy_words.ESTIMATED_NO_METER, times[0], max(highs), colours.text, anchor=(0, 1))
        return max(highs)

    def _draw_spans(self, series: PowerSeries, colours: theme.Theme, highest: float) -> None:
        if not series.spans:
            return
        begin, end = series.spans[0].begin_s, series.spans[-1].end_s
        fill = QColor(colours.text)
        fill.setAlpha(_SPAN_ALPHA)
        for place, span in enumerate(series.spans):
            if place % 2 == 0:
                region = pg.LinearRegionItem(
                    (span.begin_s, span.end_s), movable=False, brush=pg.mkBrush(fill), pen=pg.mkPen(None)
                )
                region.setZValue(-10)
                self._add(region)
            if end > begin and (span.end_s - span.begin_s) / (end - begin) >= _SHARE_PER_LETTER * len(span.label):
                self._write(span.label, span.begin_s, _HEADROOM * max(highest, 1.0), colours.muted, anchor=(0, 0))

    def _write(self, words: str, x: float, y: float, colour: str, *, anchor: tuple[float, float]) -> None:
        item = pg.TextItem(words, color=QColor(colour), anchor=anchor)
        item.setFont(theme.scaled_font("small"))
        item.setPos(x, y)
        self._add(item, ignore_bounds=True)

    def _add(self, item: object, *, ignore_bounds: bool = False) -> None:
        self.plot.addItem(item, ignoreBounds=ignore_bounds)
        self._drawn.append(item)
