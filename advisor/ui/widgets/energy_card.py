"""What a probe found about energy: power over time, one query part by part, gross and net, checks, boundary."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from advisor.energy.model import EnergyCheck, EnergyResult
from advisor.report import energy_series, energy_words, load_words, wording
from advisor.report.energy_series import PowerSeries
from advisor.task.model import Workload
from advisor.ui import theme
from advisor.ui.models import energy_table
from advisor.ui.models.simple_table import SimpleTableModel
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.figure import FigureTile
from advisor.ui.widgets.plain_table import PlainTable
from advisor.ui.widgets.stacked_bar import NamedBar, clear


class EnergyCard(Card):
    """Grows with what is known: the plot while it runs, the rest with the result.

    Signals:
        table_requested: show the power readings as a table.
    """

    table_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Energy", parent)
        unit = theme.unit_px(self)
        self.told = text.selectable(text.label(wrap=True))
        self.body.addWidget(self.told)
        self._wide = theme.is_wide_text(self)
        across = QBoxLayout.Direction.TopToBottom if self._wide else QBoxLayout.Direction.LeftToRight
        self._upper = QBoxLayout(across)
        self._upper.setSpacing(3 * unit)
        self._upper.addLayout(self._plot_side(unit), 3)
        self.side = self._result_side(unit)
        self._upper.addWidget(self.side, 2)
        self.body.addLayout(self._upper)
        self.model = SimpleTableModel(energy_table.HEADERS, ())
        self.table = PlainTable("Energy by part of the machine and kind of work", self.model)
        self.table.hide()
        self.body.addWidget(self.table)
        self.checks = QWidget()
        self._check_grid = QGridLayout(self.checks)
        self._check_grid.setContentsMargins(0, 0, 0, 0)
        self._check_grid.setHorizontalSpacing(2 * unit)
        self._check_grid.setVerticalSpacing(unit // 2)
        self._check_grid.setColumnStretch(2, 1)
        self.checks_title = text.label(level="heading")
        self.body.addWidget(self.checks_title)
        self.body.addWidget(self.checks)
        self.boundary = text.selectable(text.label(role="muted", wrap=True))
        self.body.addWidget(self.boundary)
        self.hide()

    def _plot_side(self, unit: int) -> QVBoxLayout:
        layout = QVBoxLayout()
        layout.setSpacing(unit // 2)
        row = QHBoxLayout()
        self.plot_title = text.label("Power (W)")
        self.as_table = text.button("Show as table", tip="Every power reading as a table")
        self.as_table.setAccessibleName("Show power as table")
        self.as_table.clicked.connect(self._on_as_table_clicked)
        row.addWidget(self.plot_title)
        row.addStretch(1)
        row.addWidget(self.as_table)
        layout.addLayout(row)
        self.plot_place = QVBoxLayout()
        layout.addLayout(self.plot_place, 1)
        self.caption = text.label(level="small", role="muted", wrap=True)
        layout.addWidget(self.caption)
        return layout

    def _result_side(self, unit: int) -> QWidget:
        side = QWidget()
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit)
        tiles = QBoxLayout(self._upper.direction())
        tiles.setSpacing(3 * unit)
        self.gross = FigureTile("One query")
        self.net = FigureTile("Of it above idle")
        for tile in (self.gross, self.net):
            tiles.addWidget(tile, 0, Qt.AlignmentFlag.AlignTop)
        tiles.addStretch(1)
        layout.addLayout(tiles)
        self.bar = NamedBar()
        layout.addWidget(self.bar)
        self.notes = text.selectable(text.label(level="small", role="muted", wrap=True))
        layout.addWidget(self.notes)
        layout.addStretch(1)
        return side

    def show_power(self, series: PowerSeries) -> None:
        """Show what stands below the plot, whose own picture the page draws."""
        self.caption.setText(series.caption)
        text.set_because(self.as_table, series.caption if series.source == "none" else "")

    def show_energy(self, energy: EnergyResult | None, workload: Workload | None, why_not: str, plug: str = "") -> None:
        """Show a result, or why there is none.

        Args:
            energy: of the probe.
            workload: it was measured at.
            why_not: one sentence, shown where there is no result; empty while it is not known.
            plug: energy at the plug, a sentence; empty without a wall meter.
        """
        known = energy is not None and workload is not None
        for widget in (self.side, self.table, self.checks, self.checks_title, self.boundary):
            widget.setVisible(known)
        self.told.setText(why_not)
        self.told.setVisible(bool(why_not) or known)
        if energy is None or workload is None:
            return
        self.told.setText(energy_words.how_sentence(energy))
        self.gross.show_quantity(energy.per_query_gross_j)
        self.net.show_quantity(energy.per_query_net_j)
        if energy.per_query_net_j.value is None and energy.per_query_net_j.high is not None:
            self.net.value.setText(energy_words.below_limit(energy.per_query_net_j))
        parts = energy_series.query_parts(energy, workload)
        self.bar.show_parts("One query, by kind of work", energy_table.bar_parts(parts) if len(parts) > 1 else ())
        by_meter = energy.mode != "band"
        holding = map(energy_words.holding_sentence, energy.components) if by_meter else ()
        notes = (energy_series.load_sentence(energy), *holding, *load_words.sentences(energy))
        self.notes.setText("\n".join(note for note in (plug, *notes, _ram(energy)) if note))
        self.model.show_rows(energy_table.HEADERS, energy_table.rows(energy))
        self.table.fit(stretched=1)
        self._show_checks(energy.checks if by_meter else ())  # without a meter the reason stands on top
        self.boundary.setText(
            "\n".join((energy_words.boundary_sentence(energy), *energy_words.excluded_sentences(energy)))
        )

    def _show_checks(self, checks: tuple[EnergyCheck, ...]) -> None:
        clear(self._check_grid)
        self.checks.setVisible(bool(checks))
        self.checks_title.setVisible(bool(checks))
        self.checks_title.setText(energy_words.failed_checks(checks))
        top = Qt.AlignmentFlag.AlignTop
        for place, check in enumerate(checks):
            verdict = text.label(energy_words.check_verdict(check))
            text.restyle(verdict, "verdict", "fits" if check.passed else "does-not-fit")
            row = 2 * place
            told = text.selectable(text.label(check.text, role="muted", wrap=True))
            self._check_grid.addWidget(verdict, row, 0, top)
            self._check_grid.addWidget(text.label(energy_words.check_title(check)), row, 1, top)
            if self._wide:
                self._check_grid.addWidget(told, row + 1, 0, 1, 3)
            else:
                self._check_grid.addWidget(told, row, 2, top)

    @Slot()
    def _on_as_table_clicked(self) -> None:
        self.table_requested.emit()


def _ram(energy: EnergyResult) -> str:
    if energy.ram_w is None or energy.ram_w.value is None:
        return ""
    figure = wording.figure(energy.ram_w)
    return f"Memory draws about {figure}, {wording.evidence_word(energy.ram_w.evidence)}; it is not in these figures."
