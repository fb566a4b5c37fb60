"""The memory a candidate needs, part by part, against what is free."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from advisor import units
from advisor.estimate.model import Estimate
from advisor.report import wording
from advisor.ui import theme
from advisor.ui.widgets import text
from advisor.ui.widgets.figure import VerdictLabel
from advisor.ui.widgets.stacked_bar import StackedBar, Swatch

PARTS = ("weights", "cache", "activations", "runtime")


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
        self._bar = StackedBar()
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
            grid.addWidget(Swatch(place), row, column)
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
        self._bar.show_parts(tuple(quantity.value or 0.0 for quantity in quantities), free)
        self.verdict.show_verdict(estimate.verdict)
        need = wording.figure(estimate.memory)
        limit = f"{units.size(free)} free" if free is not None else "free memory not known"
        self.sentence.setText(f"needs {need}, {limit}")
        told = ", ".join(f"{wording.part_word(p)} {wording.amount(q)}" for p, q in zip(PARTS, quantities, strict=True))
        self.setAccessibleName(f"Memory: {self.sentence.text()}. {told}")
