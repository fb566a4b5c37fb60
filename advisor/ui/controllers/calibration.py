"""Calibration: measure the speeds of this computer in a child, keep them, say what is known of them."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbeResult
from advisor.ui.controllers.request import NO_MACHINE, Request, Run
from advisor.ui.store import Snapshot, SpeedState, Store, with_calibration

TIMEOUT_S = 180.0
"""[s] Calibration takes under 30 s; six times that is stuck."""
MEMORY_LIMIT_BYTES = 2 * 1024**3
"""[B] It needs under 1 GiB; a child that takes twice that is stopped."""
SAVED_MACHINE = "Only this computer can be calibrated, not a saved machine."
PROBE_RUNS = "A probe is running. Wait for its end: both would disturb each other."
Probes = tuple[ProbeResult, ...]


class CalibrationController(QObject):
    """Runs one calibration at a time.

    Signals:
        calibrated: new speeds are kept.
        idle: nothing runs any more.
    """

    calibrated = Signal()
    idle = Signal()

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        request: Callable[[HardwareProfile], bytes],
        keep: Callable[[bytes, HardwareProfile, Probes], SpeedState],
        read: Callable[[HardwareProfile, Probes], SpeedState],
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children and three functions of the domain.

        Args:
            store: what the window knows.
            run: the worker.
            request: returns what the child is asked.
            keep: stores the child's answer and returns what is known of this computer's speed.
            read: returns that without a new answer.
            make_child: makes a child process.
            log: takes a child's log line.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._ask_for, self._keep, self._read = store, request, keep, read
        self._make_child, self._log = make_child, log
        self._child: Any = None
        self._known: Request[SpeedState] = Request(
            run, answered=self._on_known, refused=self._on_refused, broken=broken, parent=self
        )
        store.changed.connect(self._on_store_changed)

    @property
    def running(self) -> bool:
        """True from the click to the child's end."""
        return self._store.snapshot.calibration.phase != "idle"

    @Slot()
    def start(self) -> None:
        """Calibrate; refused with a sentence where that makes no sense."""
        snapshot = self._store.snapshot
        why_not, profile = refusal(snapshot), snapshot.machine.base
        if why_not or profile is None:
            self._change(error=why_not or NO_MACHINE)
            return
        self._change(phase="running", done_share=0.0, remaining_s=None, detail="", error="")
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(
            "calibrate", self._ask_for(profile), timeout_s=TIMEOUT_S, memory_limit_bytes=MEMORY_LIMIT_BYTES
        )

    @Slot()
    def stop(self) -> None:
        """Stop it; the page says so at once."""
        if self._child is not None and self._store.snapshot.calibration.phase == "running":
            self._change(phase="stopping")
            self._child.stop()

    @Slot()
    def refresh(self) -> None:
        """Read again what is known of this computer's speed."""
        profile = self._store.snapshot.machine.profile
        probes = self._store.snapshot.archive.probes
        if profile is not None:
            self._known.ask(lambda: self._read(profile, probes))

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        if old.machine.profile != new.machine.profile or old.archive.probes != new.archive.probes:
            self.refresh()

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._change(done_share=message.done_share, remaining_s=message.remaining_s, detail=message.detail)
        elif isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        profile = self._store.snapshot.machine.base
        if outcome.code != "finished" or outcome.result is None or profile is None:
            told = "" if outcome.code == "cancelled" else f"{outcome.message} {outcome.remedy}".strip()
            self._change(phase="idle", error=told)
            self.idle.emit()
            return
        answer, probes = bytes(outcome.result), self._store.snapshot.archive.probes
        self._change(phase="idle")
        self._known.ask(lambda: self._keep(answer, profile, probes))
        self.idle.emit()

    def _on_known(self, speed: SpeedState) -> None:
        before = self._store.snapshot.calibration.speed
        self._change(speed=speed)
        if before.created != speed.created and speed.created:
            self.calibrated.emit()

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(error=error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_calibration(old, **fields))


def refusal(snapshot: Snapshot) -> str:
    """Return why calibration cannot start now, empty when it can."""
    if snapshot.machine.base is None:
        return NO_MACHINE
    if snapshot.machine.saved_as:
        return SAVED_MACHINE
    if any(part.phase != "idle" for part in (snapshot.probe, snapshot.file, snapshot.examples, snapshot.compression)):
        return PROBE_RUNS
    return ""
