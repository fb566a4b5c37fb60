"""What was found on this computer, where it was read, and what to plan with instead."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from advisor.hardware.model import HardwareProfile
from advisor.report import facts
from advisor.ui import theme
from advisor.ui.pages.meter_section import MeterSection
from advisor.ui.store import MachineState, Snapshot
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.fact_row import FactRow
from advisor.ui.widgets.page import Page
from advisor.ui.widgets.speed_card import SpeedCard

FILE_KIND = "Saved machine (*.json)"


class ThisComputerPage(Page):
    """Facts in cards.

    Signals:
        inspect_requested: look again.
        override_requested: path of a fact and the user's text.
        undo_requested: path of a fact.
        save_requested: file name.
        load_requested: file name.
        next_requested: on to the task.
        calibrate_requested: measure the speeds of this computer.
        stop_requested: stop that.
    """

    inspect_requested = Signal()
    override_requested = Signal(str, str)
    undo_requested = Signal(str)
    save_requested = Signal(str)
    load_requested = Signal(str)
    next_requested = Signal()
    calibrate_requested = Signal()
    stop_requested = Signal()

    def __init__(
        self,
        can_plan: Callable[[HardwareProfile | None], Mapping[str, str]],
        why_no_calibration: Callable[[Snapshot], str],
    ) -> None:
        """Build the page.

        Args:
            can_plan: returns the path of each fact that may be overridden, and an example of what to write.
            why_no_calibration: returns why calibration cannot start, empty when it can.
        """
        super().__init__("This computer", "Checking what this computer has...")
        self._can_plan_of, self._why_no_calibration = can_plan, why_no_calibration
        self._can_plan = can_plan(None)
        self._rows: dict[str, FactRow] = {}
        self.notice = Notice()
        self.saved_notice = Notice(action="Back to this computer")
        self.saved_notice.clicked.connect(self._on_inspect_clicked)
        self.body.addWidget(self.notice)
        self.body.addWidget(self.saved_notice)
        self.speed = SpeedCard()
        self.speed.start_requested.connect(self.calibrate_requested)
        self.speed.stop_requested.connect(self.stop_requested)
        self.body.addWidget(self.speed)
        self.meters = MeterSection()
        self._columns = QWidget()
        self.body.addWidget(self._columns)
        self.body.addWidget(self.meters.card)
        self.remarks = text.label(role="muted", wrap=True)
        self.body.addWidget(self.remarks)
        self.body.addStretch(1)
        self.inspect = text.button("Inspect again", tip="F5")
        self.open = text.button("Open a saved machine...")
        self.save = text.button("Save this machine...")
        self.next = text.button("Describe a task", role="primary")
        for button, slot in (
            (self.open, self.choose_file), (self.save, self.choose_target),
            (self.inspect, self._on_inspect_clicked), (self.next, self._on_next_clicked),
        ):  # fmt: skip
            button.clicked.connect(slot)
            self.buttons.addWidget(button)
        self._build(facts.empty_groups())

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        if old is None or (old.calibration, old.machine, old.probe.phase) != (
            new.calibration, new.machine, new.probe.phase,
        ):  # fmt: skip
            self.speed.show_state(new.calibration, self._why_no_calibration(new))
        self.meters.show_state(new.meters)
        self.meters.card.setHidden(bool(new.machine.saved_as))
        if old is not None and old.machine == new.machine:
            return
        machine = new.machine
        self.notice.show_text(machine.error)
        planning = f"Planning for the saved machine {machine.saved_as}, not for this computer."
        self.saved_notice.show_text(planning if machine.saved_as else "")
        text.set_because(self.inspect, "This computer is being inspected." if machine.busy else "")
        text.set_because(self.save, "" if machine.profile else "Nothing is known yet.")
        if machine.profile is not None:
            self._show_profile(machine)

    @override
    def run_wanted(self) -> None:
        self.next_requested.emit()

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.open, next(iter(self._rows.values())).button)

    def _show_profile(self, machine: MachineState) -> None:
        profile = machine.profile
        if profile is None:
            return
        self.set_subtitle(facts.summary(profile))
        self.remarks.setText("\n".join(profile.notes))
        groups = tuple(facts.groups(profile))
        shape = tuple((title, tuple((line.path, line.label) for line in lines)) for title, lines in groups)
        if {path for _, lines in shape for path, _ in lines} != set(self._rows):
            self._can_plan = self._can_plan_of(profile)
            self._build(shape)
        for _, lines in groups:
            for line in lines:
                self._rows[line.path].show_fact(line.text, line.source, known=line.known, planned=line.planned)

    def _build(self, shape: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> None:
        """Lay cards out in two columns of about the same length."""
        unit = theme.unit_px(self)
        self._rows = {}
        columns = QWidget()
        outer = QHBoxLayout(columns)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(2 * unit)
        sides = (QVBoxLayout(), QVBoxLayout())
        lengths = [0, 0]
        for side in sides:
            side.setSpacing(2 * unit)
            outer.addLayout(side, 1)
        for title, lines in shape:
            shorter = lengths.index(min(lengths))
            sides[shorter].addWidget(self._card(title, lines))
            lengths[shorter] += len(lines) + 2
        for side in sides:
            side.addStretch(1)
        self.body.replaceWidget(self._columns, columns)
        self._columns.setParent(None)
        self._columns.deleteLater()
        self._columns = columns

    def _card(self, title: str, lines: tuple[tuple[str, str], ...]) -> Card:
        card = Card(title)
        card.body.setSpacing(0)
        card.body.addSpacing(theme.unit_px(self) // 2)
        for path, label in lines:
            row = FactRow(path, label, can_plan=path in self._can_plan, example=self._can_plan.get(path, ""))
            row.override_requested.connect(self.override_requested)
            row.undo_requested.connect(self.undo_requested)
            self._rows[path] = row
            card.body.addWidget(text.line())
            card.body.addWidget(row)
        return card

    @Slot()
    def choose_file(self) -> None:
        """Ask which saved machine to plan for."""
        self._ask(QFileDialog.AcceptMode.AcceptOpen, "Open a saved machine", self.load_requested)

    @Slot()
    def choose_target(self) -> None:
        """Ask where to save the machine."""
        self._ask(QFileDialog.AcceptMode.AcceptSave, "Save this machine", self.save_requested)

    def _ask(self, mode: QFileDialog.AcceptMode, title: str, chosen: Any) -> None:  # noqa: ANN401
        dialog = QFileDialog(self, title)
        dialog.setAcceptMode(mode)
        dialog.setNameFilter(FILE_KIND)
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def _on_inspect_clicked(self) -> None:
        self.inspect_requested.emit()

    @Slot()
    def _on_next_clicked(self) -> None:
        self.next_requested.emit()
