"""Makes pyqtgraph follow the app's palette; it follows none by itself."""

import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from advisor.ui import theme

pg.setConfigOptions(antialias=True)


def apply_plot_theme(plot: pg.PlotWidget, colours: theme.Theme) -> None:
    """Colour background, axes and grid of one plot."""
    plot.setBackground(QColor(colours.base))
    font = theme.scaled_font("small")
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(QColor(colours.border))
        axis.setTextPen(QColor(colours.muted))
        axis.setTickFont(font)
        axis.setStyle(maxTickLevel=1)  # a third level of grid lines takes three times as long to paint
        axis.label.setDefaultTextColor(QColor(colours.text))
        axis.label.setFont(font)
    plot.showGrid(x=True, y=True, alpha=0.18)


def make_plot(name: str, parent: QWidget | None = None) -> pg.PlotWidget:
    """Return an empty plot without pyqtgraph's own menus and buttons.

    Args:
        name: accessible name.
        parent: Qt parent.
    """
    plot = pg.PlotWidget(parent, enableMenu=False)
    plot.hideButtons()
    plot.setAccessibleName(name)
    plot.viewport().setAccessibleName(name)
    plot.setFrameShape(plot.Shape.NoFrame)
    return plot
