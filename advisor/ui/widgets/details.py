"""Details of one candidate: verdict, memory part by part, figures with their basis, and what to do next."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from advisor.recommend.model import CandidateRow
from advisor.report import relatives, wording
from advisor.report.relatives import Answer
from advisor.report.row_use import Uses
from advisor.ui import theme
from advisor.ui.models import basis
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.energy_details import NAME, EnergyDetails
from advisor.ui.widgets.memory_bar import MemoryBar


class DetailsPane(Card):
    """Shows one row.

    Signals:
        measure_requested: index of the row.
        pin_requested: index of the row.
    """

    measure_requested = Signal(int)
    pin_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._row: CandidateRow | None = None
        self._uses: Uses | None = None
        self._answer: Answer | None = None
        self._fresh: dict[QWidget, bool] = {}
        unit = theme.unit_px(self)
        self.setMinimumHeight(26 * unit)
        columns = QHBoxLayout()
        columns.setSpacing(3 * unit)
        self.body.addLayout(columns)
        left = QVBoxLayout()
        left.setSpacing(unit)
        columns.addLayout(left, 2)
        self.name = text.selectable(text.label(level="heading", wrap=True))
        self.bar = MemoryBar()
        left.addWidget(self.name)
        left.addWidget(self.bar)
        left.addStretch(1)
        left.addLayout(self._buttons(unit))
        self.energy = EnergyDetails()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Details of the chosen model")
        self.tabs.tabBar().setAccessibleName("Details of the chosen model")
        self._figures = self._facts(unit)
        self.tabs.addTab(self._figures, "Figures")
        self.tabs.addTab(self.energy, NAME)
        self.tabs.currentChanged.connect(self._show_tab)
        columns.addWidget(self.tabs, 3)

    def show_row(
        self, row: CandidateRow | None, *, pinned: bool, uses: Uses | None = None, answer: Answer | None = None
    ) -> None:
        """Show another candidate, or nothing.

        Args:
            row: the candidate.
            pinned: it is pinned for comparison.
            uses: rows in standard units, for the tab of energy.
            answer: the recommendation the row is of, for smaller relatives.
        """
        self.setVisible(row is not None)
        if row is None:
            return
        self._row = row
        self.name.setText(f"{row.model.partition('/')[2] or row.model}, {wording.format_label(row.format)}")
        self.name.setToolTip(row.model)
        self.bar.show_estimate(row.estimate)
        text.set_because(self.measure, "" if row.can_probe else row.why_no_probe)
        self.why.setText("" if row.can_probe else f"Cannot be measured here: {row.why_no_probe}")
        self.why.setVisible(not row.can_probe)
        self.pin.setText("Unpin" if pinned else "Pin to compare")
        self._uses, self._answer = uses, answer
        self._fresh = {self._figures: False, self.energy: False}
        self._show_tab()

    @Slot()
    def _show_tab(self) -> None:
        """Fill the tab in front, unless it shows the row already: each costs as much as a frame may."""
        shown = self.tabs.currentWidget()
        if self._row is None or self._fresh.get(shown, True):
            return
        self._fresh[shown] = True
        if shown is self._figures:
            self._show_facts(self._row)
        elif self._uses is not None:
            self.energy.show_row(self._row, self._uses)

    def _buttons(self, unit: int) -> QVBoxLayout:
        outer = QVBoxLayout()
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.measure = text.button("Measure it", role="primary")
        self.pin = text.button("Pin to compare", tip="Space")
        self.command = text.button("Copy the command", tip="The command that measures it in a terminal")
        self.measure.clicked.connect(self._on_measure_clicked)
        self.pin.clicked.connect(self._on_pin_clicked)
        self.command.clicked.connect(self._on_command_clicked)
        for button in (self.measure, self.pin, self.command):
            row.addWidget(button)
        row.addStretch(1)
        self.why = text.label(level="small", role="muted", wrap=True)
        outer.addLayout(row)
        outer.addWidget(self.why)
        return outer

    def _facts(self, unit: int) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName("Where the figures come from")
        area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        content = QWidget()
        content.setProperty("role", "content")
        outer = QVBoxLayout(content)
        outer.setContentsMargins(0, 0, unit, 0)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(2 * unit)
        self._grid.setVerticalSpacing(unit // 4)
        self._grid.setColumnStretch(1, 1)
        outer.addLayout(self._grid)
        outer.addStretch(1)
        area.setWidget(content)
        return area

    def _show_facts(self, row: CandidateRow) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        places = [*basis.measured_lines(row), *basis.lines(row)]
        if self._answer is not None:
            places += [
                basis.BasisLine(label=relatives.LABEL, text=line.text, basis=line.basis)
                for line in relatives.lines(self._answer, row)
            ]
        places += [basis.BasisLine(label="Why not", text="", basis=item.text) for item in row.rejections]
        for place, fact in enumerate(places):
            self._add_fact(fact, 2 * place)

    def _add_fact(self, fact: basis.BasisLine, place: int) -> None:
        """Label and figure on one line; where it comes from on the next, over the whole width."""
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(text.label(fact.label, role="muted"), place, 0, top)
        if not fact.text:
            self._grid.addWidget(text.label(fact.basis, wrap=True), place, 1)
            return
        self._grid.addWidget(text.selectable(text.label(fact.text, wrap=True)), place, 1, top)
        below = text.label(fact.basis, level="small", role="muted", wrap=True)
        below.setContentsMargins(0, 0, 0, theme.unit_px(self) // 2)
        self._grid.addWidget(below, place + 1, 0, 1, 2)

    @Slot()
    def _on_measure_clicked(self) -> None:
        if self._row is not None:
            self.measure_requested.emit(self._row.index)

    @Slot()
    def _on_pin_clicked(self) -> None:
        if self._row is not None:
            self.pin_requested.emit(self._row.index)

    @Slot()
    def _on_command_clicked(self) -> None:
        if self._row is not None:
            QGuiApplication.clipboard().setText(basis.command_line(self._row))
