"""An ONNX file of the user's: measure it in a child, keep and say what came out."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.probe.onnx_file import ending
from advisor.report import wording
from advisor.ui.controllers.request import NO_MACHINE, Request, Run
from advisor.ui.store import FileView, Snapshot, Store, with_file

JOB = "onnx-file"
SAVED_MACHINE = "A file can only be measured on this computer, not on a saved machine."
BUSY = "Something else is being measured. Wait for its end: both would disturb each other."


class FileRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is asked, and how long it may take."""

    request: bytes
    limit_s: float


class OnnxFileController(QObject):
    """Measures one file at a time.

    Signals:
        idle: nothing runs any more.
        measured: a file was measured, and kept in the history.
    """

    idle = Signal()
    measured = Signal()

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        plan: Callable[[str, Mapping[str, int], HardwareProfile], FileRequest],
        keep: Callable[[bytes, HardwareProfile], FileView],
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children and two functions of the domain.

        Args:
            store: what the window knows.
            run: the worker.
            plan: from a path and sizes of free dimensions to what the child is asked.
            keep: keeps the child's answer and returns what the page shows of it.
            make_child: makes a child process.
            log: takes a child's log line.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._plan, self._keep = store, plan, keep
        self._make_child, self._log = make_child, log
        self._child: Any = None
        self._planned: Request[FileRequest] = Request(
            run, answered=self._on_planned, refused=self._on_refused, broken=broken, parent=self
        )
        self._kept: Request[FileView] = Request(
            run, answered=self._on_kept, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot(str, object)
    def start(self, path: str, dimensions: Mapping[str, int]) -> None:
        """Measure a file; refused with a sentence where that makes no sense now.

        Args:
            path: of the file.
            dimensions: sizes of dimensions that the file leaves free; the rest are chosen.
        """
        snapshot = self._store.snapshot
        why_not, profile = refusal(snapshot), snapshot.machine.base
        if why_not or profile is None:
            self._change(error=why_not or NO_MACHINE)
            return
        self._change(
            phase="running", path=path, done_share=0.0, remaining_s=None, detail="", error="",
            view=None if path != snapshot.file.path else snapshot.file.view,
        )  # fmt: skip
        self._planned.ask(lambda: self._plan(path, dimensions, profile))

    @Slot()
    def stop(self) -> None:
        """Stop it; the page says so at once."""
        if self._store.snapshot.file.phase != "running":
            return
        self._planned.forget()
        if self._child is None:
            self._end("")
            return
        self._change(phase="stopping")
        self._child.stop()

    def _on_planned(self, planned: FileRequest) -> None:
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(JOB, planned.request, timeout_s=planned.limit_s, memory_limit_bytes=None)

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress):
            what = message.detail or wording.stage_help(message.stage)
            detail = f"{what[:1].upper()}{what[1:]}."
            self._change(done_share=message.done_share, remaining_s=message.remaining_s, detail=detail)
        elif isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        profile = self._store.snapshot.machine.base
        if outcome.code != "finished" or outcome.result is None or profile is None:
            told = ending.named(outcome, self._store.snapshot.file.path)
            self._end("" if told.code == "cancelled" else f"{told.message} {told.remedy}".strip())
            return
        answer = bytes(outcome.result)
        self._kept.ask(lambda: self._keep(answer, profile))

    def _on_kept(self, view: FileView) -> None:
        self._change(view=view)
        self._end("")
        self.measured.emit()

    def _on_refused(self, error: AdvisorError) -> None:
        self._end(error.sentence())

    def _end(self, error: str) -> None:
        self._change(phase="idle", error=error)
        self.idle.emit()

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_file(old, **fields))


def refusal(snapshot: Snapshot) -> str:
    """Return why a file cannot be measured now, empty when it can."""
    if snapshot.machine.base is None:
        return NO_MACHINE
    if snapshot.machine.saved_as:
        return SAVED_MACHINE
    busy = (snapshot.probe, snapshot.calibration, snapshot.file, snapshot.examples, snapshot.compression)
    if any(part.phase != "idle" for part in busy):
        return BUSY
    return ""
