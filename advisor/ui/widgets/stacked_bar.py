"""A bar of parts, told apart by pattern as well as colour, and the swatches that name them."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.ui import theme
from advisor.ui.widgets import text

PATTERNS = (
    Qt.BrushStyle.SolidPattern, Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.Dense4Pattern, Qt.BrushStyle.SolidPattern,
)  # fmt: skip
_SOFT_ALPHA = 110


class StackedBar(QWidget):
    """The painted bar: parts from the left, and a mark where there is a limit."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[float, ...] = ()
        self._mark: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_parts(self, parts: Sequence[float], mark: float | None = None) -> None:
        """Show parts of any unit, against a limit in the same unit; without one the parts fill the bar."""
        self._parts, self._mark = tuple(parts), mark
        self.update()

    @override
    def sizeHint(self) -> QSize:
        unit = theme.unit_px(self)
        return QSize(30 * unit, 3 * unit)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.of(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 3, -1, -3)
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.stripe))
        painter.drawRoundedRect(area, 4, 4)
        scale = max(sum(self._parts), self._mark or 0.0) * (1.02 if self._mark is not None else 1.0)
        if scale <= 0:
            return
        x = area.left()
        for index, part in enumerate(self._parts):
            width = area.width() * part / scale
            _paint_part(painter, QRectF(x, area.top(), width, area.height()), index, colours)
            x += width
        if self._mark is not None:
            x = area.left() + area.width() * self._mark / scale
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.drawLine(round(x), 0, round(x), self.height())


class Swatch(QWidget):
    """A small square in the colour and pattern of one part."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        side = round(1.5 * theme.unit_px(self))
        self.setFixedSize(side, side)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        _paint_part(painter, QRectF(self.rect()), self._index, theme.of(self.palette()))


def _paint_part(painter: QPainter, area: QRectF, index: int, colours: theme.Theme) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    colour = QColor(colours.series[index])
    if PATTERNS[index] != Qt.BrushStyle.SolidPattern:
        soft = QColor(colour)
        soft.setAlpha(_SOFT_ALPHA)
        painter.setBrush(soft)
        painter.drawRect(area)
    painter.setBrush(QBrush(colour, PATTERNS[index]))
    painter.drawRect(area)


class NamedBar(QWidget):
    """A bar with a line above it, and name and figure of each part below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit // 2)
        self.heading = text.label(wrap=True)
        self.bar = StackedBar()
        layout.addWidget(self.heading)
        layout.addWidget(self.bar)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(unit)
        self._grid.setVerticalSpacing(unit // 4)
        self._grid.setColumnStretch(1, 1)
        layout.addLayout(self._grid)

    def show_parts(self, heading: str, parts: Sequence[tuple[str, float, str]]) -> None:
        """Show parts: name, size in any one unit, figure in words. None hides the bar."""
        clear(self._grid)
        self.setVisible(bool(parts))
        self.heading.setText(heading)
        self.bar.show_parts(tuple(size for _, size, _ in parts))
        for place, (name, _, figure) in enumerate(parts):
            self._grid.addWidget(Swatch(place), place, 0)
            self._grid.addWidget(text.label(name), place, 1)
            self._grid.addWidget(text.selectable(text.label(figure, role="muted")), place, 2)
        told = ", ".join(f"{name} {figure}" for name, _, figure in parts)
        self.setAccessibleName(f"{heading} {told}".strip())


def clear(grid: QGridLayout) -> None:
    """Take all widgets out of a grid."""
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
