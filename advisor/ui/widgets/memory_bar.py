"""The memory a candidate needs, part by part, against what is free."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from advisor import units
from advisor.estimate.model import Estimate
from advisor.report import wording
from advisor.ui import theme
from advisor.ui.widgets import text
from advisor.ui.widgets.figure import VerdictLabel

PARTS = ("weights", "cache", "activations", "runtime")
_PATTERNS = (
    Qt.BrushStyle.SolidPattern, Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.Dense4Pattern, Qt.BrushStyle.SolidPattern,
)  # fmt: skip


class _Bar(QWidget):
    """The painted bar: parts from the left, a mark at what is free."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[float, ...] = ()
        self._free_bytes: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bytes(self, parts_bytes: tuple[float, ...], free_bytes: float | None) -> None:
        """Show parts, in bytes, against what is free."""
        self._parts, self._free_bytes = parts_bytes, free_bytes
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
        scale_bytes = max(sum(self._parts), self._free_bytes or 0.0) * 1.02
        if scale_bytes <= 0:
            return
        x = area.left()
        for index, part_bytes in enumerate(self._parts):
            width = area.width() * part_bytes / scale_bytes
            self._paint_part(painter, QRectF(x, area.top(), width, area.height()), index)
            x += width
        if self._free_bytes is not None:
            x = area.left() + area.width() * self._free_bytes / scale_bytes
            painter.setPen(QPen(QColor(colours.text), 2))
            painter.drawLine(round(x), 0, round(x), self.height())

    def _paint_part(self, painter: QPainter, area: QRectF, index: int) -> None:
        colours = theme.of(self.palette())
        painter.setPen(Qt.PenStyle.NoPen)
        colour = QColor(colours.series[index])
        if _PATTERNS[index] != Qt.BrushStyle.SolidPattern:
            soft = QColor(colour)
            soft.setAlpha(110)
            painter.setBrush(soft)
            painter.drawRect(area)
        painter.setBrush(QBrush(colour, _PATTERNS[index]))
        painter.drawRect(area)


class _Swatch(QWidget):
    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        side = round(1.5 * theme.unit_px(self))
        self.setFixedSize(side, side)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.of(self.palette())
        painter = QPainter(self)
        colour = QColor(colours.series[self._index])
        if _PATTERNS[self._index] != Qt.BrushStyle.SolidPattern:
            soft = QColor(colour)
            soft.setAlpha(110)
            painter.fillRect(self.rect(), soft)
        painter.fillRect(self.rect(), QBrush(colour, _PATTERNS[self._index]))


class MemoryBar(QWidget):
    """The bar with its numbers as a small table below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit)
        self.sentence = text.label(wrap=True)
        self.verdict = VerdictLabel()
        self._bar = _Bar()
        over = QHBoxLayout()
        over.setSpacing(unit)
        over.addWidget(self.verdict)
        over.addWidget(self.sentence, 1)
        layout.addLayout(over)
        layout.addWidget(self._bar)
        grid = QGridLayout()
        grid.setHorizontalSpacing(unit)
        grid.setVerticalSpacing(unit // 4)
        grid.setColumnMinimumWidth(3, unit)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(5, 1)
        self._values: dict[str, QLabel] = {}
        for place, part in enumerate(PARTS):
            row, column = place // 2, 4 * (place % 2)
            grid.addWidget(_Swatch(place), row, column)
            name = text.label(wording.part_word(part))
            name.setMinimumHeight(name.sizeHint().height())
            grid.addWidget(name, row, column + 1)
            self._values[part] = text.label(role="muted")
            grid.addWidget(self._values[part], row, column + 2, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(grid)

    def show_estimate(self, estimate: Estimate) -> None:
        """Show what one candidate needs."""
        quantities = [getattr(estimate.memory_parts, part) for part in PARTS]
        for part, quantity in zip(PARTS, quantities, strict=True):
            self._values[part].setText(wording.amount(quantity))
            self._values[part].setToolTip(quantity.basis)
        free = estimate.memory_free_bytes
        self._bar.show_bytes(tuple(quantity.value or 0.0 for quantity in quantities), free)
        self.verdict.show_verdict(estimate.verdict)
        need = wording.figure(estimate.memory)
        limit = f"{units.size(free)} free" if free is not None else "free memory not known"
        self.sentence.setText(f"needs {need}, {limit}")
        told = ", ".join(f"{wording.part_word(p)} {wording.amount(q)}" for p, q in zip(PARTS, quantities, strict=True))
        self.setAccessibleName(f"Memory: {self.sentence.text()}. {told}")
