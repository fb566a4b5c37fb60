"""The probe: plan it, run it in a child, show it live, keep its result."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress, Sample
from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbePlan, ProbeResult, RunPlan
from advisor.probe.weights.plan import WeightsPlan
from advisor.recommend.model import CandidateRow
from advisor.settings import Settings
from advisor.ui.controllers.request import NO_MACHINE, Request, Run
from advisor.ui.store import Snapshot, Store, with_probe

PAINT_PERIOD_MS = 100
TIME_LIMIT_FACTOR = 4.0
"""A probe that takes four times its time box is stuck."""
ALREADY_RUNNING = "A probe is running already. Stop it first, or wait for its end."
CALIBRATING = "This computer is being calibrated. Wait for its end: both would disturb each other."
MEASURING_FILE = "An ONNX file is being measured. Wait for its end: both would disturb each other."
RUNNING_EXAMPLES = "Your examples are being run. Wait for their end: both would disturb each other."
COMPARING_FORMATS = "What compression costs is being measured. Wait for its end: both would disturb each other."
LOOKING = "The app is looking for its real files. Wait a moment."
SAVED_MACHINE = "Real files can only be measured on this computer, not on a saved machine."
IDLE_WORD = "idle"
"""Part of what a probe says it does while it reads idle power."""
Plan = Callable[[CandidateRow, HardwareProfile, Settings], ProbePlan]
PlanReal = Callable[[CandidateRow, str, HardwareProfile, Settings], WeightsPlan]


class Child(Protocol):
    """One child process."""

    message: SignalInstance
    ended: SignalInstance

    def start(self, job: str, request: bytes, *, timeout_s: float, memory_limit_bytes: int | None) -> None:
        """Start the job; `ended` follows exactly once."""

    def stop(self) -> None:
        """End it soon."""


class ProbeController(QObject):
    """Runs one probe at a time.

    Signals:
        measured: a `ProbeResult` came in.
        idle: nothing runs any more.
    """

    measured = Signal(object)
    idle = Signal()

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        plan: Plan,
        plan_real: PlanReal | None = None,
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the planner and the maker of children."""
        super().__init__(parent)
        self._store, self._plan, self._plan_real, self._make_child, self._log = store, plan, plan_real, make_child, log
        self._child: Any = None
        self._pending: list[Sample] = []
        self._idle_w: list[float] = []
        self._progress: Progress | None = None
        self._request: Request[RunPlan] = Request(
            run, answered=self._on_planned, refused=self._on_refused, broken=broken, parent=self
        )
        self._paint = QTimer(self)
        self._paint.setSingleShot(True)
        self._paint.setInterval(PAINT_PERIOD_MS)
        self._paint.timeout.connect(self._on_paint_timeout)

    @property
    def running(self) -> bool:
        """True from the click to the child's end."""
        return self._store.snapshot.probe.phase != "idle"

    @Slot(object)
    def start(self, row: CandidateRow) -> None:
        """Measure one row with made-up weights; refused with a sentence while another probe runs."""
        profile, settings = self._store.snapshot.machine.profile, self._store.snapshot.settings
        if self._may_start("" if row.can_probe else row.why_no_probe) and profile is not None:
            self._begin(row, lambda: self._plan(row, profile, settings))

    @Slot(object)
    def start_real(self, row: CandidateRow) -> None:
        """Measure the real files of one row; refused with a sentence where that makes no sense now."""
        snapshot = self._store.snapshot
        profile, settings, real = snapshot.machine.profile, snapshot.settings, snapshot.real
        here = bool(real.path) and (real.model, real.format) == (row.model, row.format)
        why_not = "" if here else real.why_not or LOOKING
        if not why_not and snapshot.machine.saved_as:
            why_not = SAVED_MACHINE
        plan = self._plan_real
        if self._may_start(why_not) and profile is not None and plan is not None:
            self._begin(row, lambda: plan(row, real.path, profile, settings))

    def _may_start(self, why_not: str) -> bool:
        """Tell whether a probe can be started now; say why not where it cannot."""
        snapshot = self._store.snapshot
        busy = ALREADY_RUNNING if self.running else _other(snapshot)
        notice = busy or why_not or ("" if snapshot.machine.profile is not None else NO_MACHINE)
        if notice:
            self._store.update(lambda old: with_probe(old, notice=notice))
        return not notice

    def _begin(self, row: CandidateRow, plan: Callable[[], RunPlan]) -> None:
        self._pending, self._progress, self._idle_w = [], None, []
        self._store.update(
            lambda old: with_probe(
                old, phase="preparing", target=row, stage="prepare", done_share=0.0, elapsed_s=0.0, remaining_s=None,
                detail="", samples=(), idle_power_w=None, result=None, outcome=None, notice="",
            )
        )  # fmt: skip
        self._request.ask(plan)

    @Slot()
    def stop(self) -> None:
        """Stop the probe; the page says so at once."""
        phase = self._store.snapshot.probe.phase
        if phase in {"idle", "stopping"}:
            return
        self._request.forget()
        if self._child is None:
            self._end(Outcome(code="cancelled"))
            return
        self._store.update(lambda old: with_probe(old, phase="stopping"))
        self._child.stop()

    def _on_planned(self, plan: RunPlan) -> None:
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._store.update(lambda old: with_probe(old, phase="running"))
        self._child.start(
            "probe-weights" if isinstance(plan, WeightsPlan) else "probe",
            msgspec.json.encode(plan),
            timeout_s=TIME_LIMIT_FACTOR * (plan.time_box_s + energy_s(plan)),
            memory_limit_bytes=plan.memory_box_bytes,
        )

    def _on_refused(self, error: AdvisorError) -> None:
        self._end(Outcome(code="failed", message=error.message, remedy=error.remedy))

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Sample):
            self._pending.append(message)
            if message.power_w is not None and self._progress is not None and IDLE_WORD in self._progress.detail:
                self._idle_w.append(message.power_w)
        elif isinstance(message, Progress):
            self._progress = message
        elif isinstance(message, LogRecord):
            self._log(message)
            return
        if not self._paint.isActive():
            self._paint.start()

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        self._end(outcome)

    @Slot()
    def _on_paint_timeout(self) -> None:
        """Show all that came since the last time: messages are many, pictures are few."""
        fields: dict[str, Any] = {"samples": (*self._store.snapshot.probe.samples, *self._pending)}
        self._pending = []
        if self._idle_w:
            fields["idle_power_w"] = sum(self._idle_w) / len(self._idle_w)
        progress = self._progress
        if progress is not None:
            fields |= {
                "stage": progress.stage, "done_share": progress.done_share, "elapsed_s": progress.elapsed_s,
                "remaining_s": progress.remaining_s, "detail": progress.detail,
            }  # fmt: skip
        self._store.update(lambda old: with_probe(old, **fields))

    def _end(self, outcome: Outcome) -> None:
        self._paint.stop()
        self._on_paint_timeout()
        result, outcome = _decoded(outcome)
        self._store.update(lambda old: with_probe(old, phase="idle", outcome=outcome, result=result))
        if result is not None:
            self.measured.emit(result)
        self.idle.emit()


def energy_s(plan: RunPlan) -> float:
    """Return the time that measuring energy adds to a probe where a meter can be read, in seconds."""
    from advisor.probe import energy_stage

    return energy_stage.EXPECTED_S.get(plan.energy.mode, 0.0) if plan.energy is not None else 0.0


def _decoded(outcome: Outcome) -> tuple[ProbeResult | None, Outcome]:
    """Return the result inside an outcome; a result that cannot be read is an outcome too."""
    if outcome.code != "finished" or outcome.result is None:
        return None, outcome
    try:
        return msgspec.json.decode(outcome.result, type=ProbeResult), outcome
    except msgspec.MsgspecError as error:
        return None, Outcome(code="protocol_error", message=f"The probe's answer cannot be read: {error}.")


def _other(snapshot: Snapshot) -> str:
    """Return what else runs and would disturb a probe, as a sentence; empty where nothing does."""
    if snapshot.calibration.phase != "idle":
        return CALIBRATING
    if snapshot.examples.phase != "idle":
        return RUNNING_EXAMPLES
    if snapshot.compression.phase != "idle":
        return COMPARING_FORMATS
    return MEASURING_FILE if snapshot.file.phase != "idle" else ""
