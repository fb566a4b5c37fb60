"""One button: measure the chosen model with made-up weights, live, and lay the result beside the estimate."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget
from typing_extensions import override

from advisor import units
from advisor.energy.wall_store import KeptFit
from advisor.hardware.model import CpuFacts
from advisor.probe import agreement
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import CandidateRow
from advisor.report import beside, energy_words, wording
from advisor.ui import theme
from advisor.ui.dialogs.table_dialog import TableDialog
from advisor.ui.models import energy_table, measurement
from advisor.ui.store import ProbeState, Rows, Snapshot
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.energy_card import EnergyCard
from advisor.ui.widgets.file_card import FileCard, dropped_file
from advisor.ui.widgets.page import Page
from advisor.ui.widgets.stages import StageStrip

WHAT_HAPPENS = (
    "Takes up to a minute and a half. Speed and memory do not depend on what the weights are, only on their number and "
    "form, so the figures hold for the real model. You can stop at any time; nothing is left behind."
)
REAL = "Measure the real weights"
LOOKING = "Looking for its real files..."
NOTHING_CHOSEN = "Choose a model on the results page first."


class ProbePage(Page):
    """Button, stages, curves, result.

    Signals:
        probe_requested: the row to measure.
        real_requested: the row whose real files are measured.
        stop_requested: stop the probe.
        results_requested: back to the results.
        file_requested: path of an ONNX file to measure, and sizes of its free dimensions.
        file_stop_requested: stop measuring it.
    """

    probe_requested = Signal(object)
    real_requested = Signal(object)
    stop_requested = Signal()
    results_requested = Signal()
    file_requested = Signal(str, object)
    file_stop_requested = Signal()

    def __init__(self, why_no_file: Callable[[Snapshot], str]) -> None:
        """Make the page.

        Args:
            why_no_file: returns why no file can be measured now; empty when one can.
        """
        super().__init__(
            "Probe",
            "Needs nothing downloaded: the model's exact structure runs here with made-up weights. Its real files, "
            "where you have them, can be measured beside.",
        )
        self._row: CandidateRow | None = None
        self._probe = ProbeState()
        self._kept: tuple[ProbeResult, ...] = ()
        self._plots: Any = None
        self._power: Any = None
        self._power_series: Any = None
        self._cpu: CpuFacts | None = None
        self._wall: KeptFit | None = None
        self._what = WHAT_HAPPENS
        self.notice = Notice()
        self.body.addWidget(self.notice)
        self.body.addWidget(self._target_card())
        self.result_card = self._result_card()
        self.body.addWidget(self.result_card)
        self.energy = EnergyCard()
        self.energy.table_requested.connect(self._on_energy_table_requested)
        self.body.addWidget(self.energy, 2)
        self.plots_card = self._plots_card()
        self.body.addWidget(self.plots_card, 2)  # on a large screen the curves get most of what is left
        self._why_no_file = why_no_file
        self.file_card = FileCard()
        self.file_card.measure_requested.connect(self.file_requested)
        self.file_card.stop_requested.connect(self.file_stop_requested)
        self.body.addWidget(self.file_card)
        self.setAcceptDrops(True)
        self.body.addStretch(1)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._on_idle_timeout)
        self._idle.start(0)

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        self.file_card.show_state(new.file, self._why_no_file(new))
        learned = new.calibration.speed.learned
        self.learned.setText(learned)
        self.learned.setVisible(bool(learned) and new.probe.result is not None)
        walled, self._wall = self._wall != new.meters.wall, new.meters.wall
        outlook = energy_words.energy_outlook(new.settings.energy_mode, new.meters.infos)
        said, self._what = self._what, f"{WHAT_HAPPENS} {outlook}".strip()
        same = old is not None and (old.probe, old.results, old.real, said) == (
            new.probe, new.results, new.real, self._what
        )  # fmt: skip
        if same and not walled:
            return
        before, self._probe = self._probe, new.probe
        self._kept = new.archive.probes
        self._cpu = new.machine.profile.cpu if new.machine.profile is not None else None
        self._show_target(new)
        self._show_progress(new.probe)
        if old is None or before.samples is not new.probe.samples:
            self._show_curves()
        ended = old is None or before.outcome != new.probe.outcome or before.result != new.probe.result
        if ended:
            self._show_result()
        if ended or walled or before.samples is not new.probe.samples:
            self._show_energy()
        self._announce(before, new.probe)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take what is one ONNX file."""
        if dropped_file(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        """Measure the file that was dropped."""
        path = dropped_file(event.mimeData())
        if path:
            event.acceptProposedAction()
            self.file_requested.emit(path, {})

    @override
    def run_wanted(self) -> None:
        self._on_start_clicked()

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.start, self.energy.as_table, self.as_table)

    def _target_card(self) -> Card:
        card = Card()
        unit = theme.unit_px(self)
        row = QHBoxLayout()
        row.setSpacing(2 * unit)
        words = QVBoxLayout()
        words.setSpacing(unit // 2)
        self.name = text.label(level="figure", wrap=True)
        self.sentence = text.label(role="muted", wrap=True)
        self.real_words = text.selectable(text.label(role="muted", wrap=True))
        for label in (self.name, self.sentence, self.real_words):
            words.addWidget(label)
        row.addLayout(words, 1)
        self.choose = text.button("Choose another")
        self.real = text.button(REAL)
        self.start = text.button("Start the probe", role="primary")
        self.stop = text.button("Stop", tip="Esc")
        self.choose.clicked.connect(self._on_choose_clicked)
        self.real.clicked.connect(self._on_real_clicked)
        self.start.clicked.connect(self._on_start_clicked)
        self.stop.clicked.connect(self._on_stop_clicked)
        for button in (self.choose, self.real, self.start, self.stop):
            row.addWidget(button)
        card.body.addLayout(row)
        self.stages = StageStrip()
        card.body.addWidget(self.stages)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the probe")
        card.body.addWidget(self.bar)
        self.time = text.label(role="muted", wrap=True)
        card.body.addWidget(self.time)
        return card

    def _result_card(self) -> Card:
        card = Card("Estimate and measurement")
        self.verdict = text.selectable(text.label(wrap=True))
        card.body.addWidget(self.verdict)
        self.grid = QGridLayout()
        unit = theme.unit_px(self)
        self.grid.setHorizontalSpacing(3 * unit)
        self.grid.setVerticalSpacing(unit)
        self.grid.setColumnStretch(3, 1)
        card.body.addLayout(self.grid)
        self.grade = text.label(role="muted", wrap=True)
        card.body.addWidget(self.grade)
        self.learned = text.label(wrap=True)
        card.body.addWidget(self.learned)
        card.hide()
        return card

    def _plots_card(self) -> Card:
        card = Card("Live readings")
        row = QHBoxLayout()
        row.addStretch(1)
        self.as_table = text.button("Show as table")
        self.as_table.clicked.connect(self._on_as_table_clicked)
        row.addWidget(self.as_table)
        card.body.addLayout(row)
        card.hide()
        return card

    def _show_target(self, new: Snapshot) -> None:
        probe, results = new.probe, new.results
        rows: Rows | None = results.recommendation
        chosen = rows.row(results.selected) if rows is not None and results.selected is not None else None
        running = probe.phase != "idle"
        self._row = probe.target if running or chosen is None else chosen
        row = self._row
        self.name.setText(_title(row))
        self.name.setToolTip(row.model if row is not None else "")
        self.sentence.setText(self._advice(row))
        self.notice.show_text(probe.notice)
        why_not = NOTHING_CHOSEN if row is None else "" if row.can_probe else row.why_no_probe
        self.start.setVisible(not running)
        text.set_because(self.start, why_not)
        self._show_real(new, running)
        self.stop.setVisible(running)
        careful = row is not None and row.verdict in {"tight", "does-not-fit"}
        self.start.setText("Measure it anyway" if careful else "Start the probe")

    def _show_real(self, new: Snapshot, running: bool) -> None:
        """Offer to measure the real files where they are here; else say what to do."""
        real = new.real
        why_not = NOTHING_CHOSEN if self._row is None else LOOKING if real.busy else real.why_not
        self.real.setVisible(not running)
        text.set_because(self.real, why_not)
        self.real_words.setVisible(self._row is not None and not running)
        self.real_words.setText(real.words or why_not)

    @staticmethod
    def _advice(row: CandidateRow | None) -> str:
        if row is None:
            return NOTHING_CHOSEN
        if not row.can_probe:
            return f"It cannot be measured here: {row.why_no_probe}"
        sentence = f"{wording.verdict_sentence(row.estimate)}."
        if row.verdict in {"tight", "does-not-fit"}:
            sentence += (
                " The probe never takes more memory than is free: it measures part of the model and projects the rest."
            )
        return sentence

    def _show_progress(self, probe: ProbeState) -> None:
        running = probe.phase != "idle"
        finished = probe.result is not None and not running
        self.stages.show_stage(probe.stage if running else "", finished=finished)
        self.bar.setVisible(running)
        self.bar.setValue(round(1000 * probe.done_share))
        text.set_because(self.stop, "It is being stopped." if probe.phase == "stopping" else "")
        self.stop.setText("Stopping..." if probe.phase == "stopping" else "Stop")
        self.time.setHidden(not running and finished)
        remaining = f", about {units.duration(probe.remaining_s)} left" if probe.remaining_s is not None else ""
        what = probe.detail or wording.stage_help(probe.stage)
        what = what[:1].upper() + what[1:]
        self.time.setText(f"{what}. {units.duration(probe.elapsed_s)} so far{remaining}." if running else self._what)

    def _show_curves(self) -> None:
        probe = self._probe
        self.plots_card.setVisible(bool(probe.samples))
        if not probe.samples:
            return
        from advisor.report.series import probe_series

        self._make_plots()
        self._plots.show_series(probe_series(probe.samples))

    def _show_energy(self) -> None:
        """Show power as it is read, and the result once it is there."""
        probe = self._probe
        result = probe.result
        self.energy.setVisible(bool(probe.samples))
        if not probe.samples:
            return
        from advisor.report.energy_series import power_series

        on_cpu = result.device == "cpu" if result is not None else probe.target is None or _on_cpu(probe.target)
        energy = result.energy if result is not None else None
        series = power_series(
            probe.samples, energy=energy, cpu=self._cpu if on_cpu else None,
            num_threads=result.num_threads if result is not None else None, idle_w=probe.idle_power_w,
        )  # fmt: skip
        self._power_series = series
        if self._power is None:
            from advisor.ui.plots.power_plot import PowerPlot

            self._power = PowerPlot()
            self.energy.plot_place.addWidget(self._power)
        self._power.setVisible(series.source != "none")
        self._power.show_series(series)
        self.energy.show_power(series)
        why_not = ""
        if result is not None and energy is None:
            why_not = energy_words.no_energy_sentence(result.energy_per_1000_queries)
        plug = ""
        if result is not None and energy is not None:
            plug = energy_words.plug_sentence(energy, result.time_per_query, self._wall)
        self.energy.show_energy(energy, result.workload if result is not None else None, why_not, plug)

    def plots_shown(self) -> tuple[QWidget, ...]:
        """Return the plots there are, shown or about to be."""
        return tuple(self._plots.holders) if self._plots is not None else ()

    def _make_plots(self) -> None:
        if self._plots is None:
            from advisor.ui.plots.probe_plots import ProbePlots

            self._plots = ProbePlots()
            self.plots_card.body.insertWidget(1, self._plots)

    @Slot()
    def _on_idle_timeout(self) -> None:
        """Make the plots before they are needed, one a turn of the event loop, once pyqtgraph is loaded."""
        if "pyqtgraph" in sys.modules:
            self._make_plots()
            if self._plots.make_next():
                self._idle.start()

    def _show_result(self) -> None:
        probe = self._probe
        while (item := self.grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        outcome = probe.outcome
        self.result_card.setVisible(outcome is not None)
        if outcome is None:
            return
        estimate = probe.target.estimate if probe.target is not None else None
        if probe.result is None:
            self.verdict.setText(wording.outcome_sentence(outcome.code, outcome.message, outcome.remedy))
            self.grade.setText("")
            return
        result, is_real = probe.result, probe.result.kind == "weights"
        self.verdict.setText(wording.probe_sentence(result, estimate))
        made_up = beside.twin(result, self._kept) if is_real else None
        lines = measurement.real_lines(result, estimate, made_up) if is_real else measurement.lines(result, estimate)
        self._fill_grid(measurement.REAL_TITLES if is_real else measurement.TITLES, [
            measurement.cells(line, is_real=is_real) for line in lines
        ])  # fmt: skip
        first, *rest = measurement.grade_lines(result, agreement.compare(result, self._kept), made_up)
        self.grade.setText("\n".join((first, *(f"•  {line}" for line in rest))))

    def _fill_grid(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show figures; the last column but one is what was measured."""
        last = len(titles) - 1
        for column, title in enumerate(titles):
            self.grid.addWidget(text.label(title, level="small", role="muted"), 0, column)
            self.grid.setColumnStretch(column, int(column == last))
        for place, cells in enumerate(rows, start=1):
            for column, words in enumerate(cells):
                if words:
                    label = text.label(words, level="heading" if column == last - 1 else None, wrap=column == last)
                    self.grid.addWidget(text.selectable(label), place, column)

    def _announce(self, before: ProbeState, now: ProbeState) -> None:
        """Tell a screen reader of stages and the end, never of each percent."""
        if now.outcome is not None and now.outcome != before.outcome:
            words, failed = wording.outcome_sentence(now.outcome.code, now.outcome.message), now.result is None
        elif now.phase == "running" and now.stage != before.stage:
            words, failed = wording.stage_name(now.stage), False
        else:
            return
        event = QAccessibleAnnouncementEvent(self, words)
        level = QAccessible.AnnouncementPoliteness
        event.setPoliteness(level.Assertive if failed else level.Polite)
        QAccessible.updateAccessibility(event)

    @Slot()
    def _on_choose_clicked(self) -> None:
        self.results_requested.emit()

    @Slot()
    def _on_start_clicked(self) -> None:
        if self._row is not None:
            self.probe_requested.emit(self._row)

    @Slot()
    def _on_real_clicked(self) -> None:
        if self._row is not None:
            self.real_requested.emit(self._row)

    @Slot()
    def _on_stop_clicked(self) -> None:
        self.stop_requested.emit()

    @Slot()
    def _on_as_table_clicked(self) -> None:
        headers, cells = measurement.table(self._probe.samples)
        TableDialog("Live readings", "Every reading of the probe.", headers, cells, self).show()

    @Slot()
    def _on_energy_table_requested(self) -> None:
        series = self._power_series
        if series is not None:
            cells = energy_table.power_cells(series)
            TableDialog("Power", series.caption, energy_table.POWER_HEADERS, cells, self).show()


def _on_cpu(row: CandidateRow) -> bool:
    return row.estimate.device == "cpu"


def _title(row: CandidateRow | None) -> str:
    if row is None:
        return "No model chosen"
    return f"{row.model.partition('/')[2] or row.model}, {wording.format_label(row.format)}"
