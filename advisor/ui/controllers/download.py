"""A download: its plan first, then a child that does it, with every way it can end said in place."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.request import Request, Run
from advisor.ui.models_state import DownloadState, ModelView, PlanView
from advisor.ui.store import Snapshot, Store, with_models

JOB = "hub-download"
KEPT = "Files that are complete are kept; the one that was being written starts again next time."
MEASURING = "Something is being measured. Wait for its end: a download would disturb it."
RUNNING = "A download is running. Wait for its end, or cancel it."
Plan = Callable[[ModelView, str, HardwareProfile | None, Settings, threading.Event], PlanView]


class DownloadController(QObject):
    """Plans and runs one download at a time.

    Signals:
        downloaded: folder of a model that is whole now.
    """

    downloaded = Signal(str)

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        plan: Plan,
        done: Callable[[bytes], tuple[str, str]],
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children and two functions of the domain.

        Args:
            store: what the window knows.
            run: the worker that waits for a hub.
            plan: from a model and a build to what a download takes.
            done: from the child's answer to a sentence and the folder.
            make_child: makes a child process.
            log: takes a child's log line.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._plan, self._done = store, plan, done
        self._make_child, self._log = make_child, log
        self._child: Any = None
        self._stopped = threading.Event()
        self._planned: Request[PlanView] = Request(
            run, answered=self._on_planned, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot(str)
    def plan(self, build: str) -> None:
        """Ask what downloading a build of the shown model takes; an empty name takes the one to prefer."""
        snapshot = self._store.snapshot
        view = snapshot.models.chosen
        if view is None or not view.hub_id or self._child is not None:
            return
        profile, settings = snapshot.machine.profile, snapshot.settings
        self._stopped.set()
        stopped = self._stopped = threading.Event()
        self._change(
            phase="planning", model_id=view.hub_id, plan=None, error="", done="", done_share=0.0,
            detail=f"Asking {snapshot.models.hub.host} over the network what there is.",
        )  # fmt: skip
        self._planned.ask(lambda: self._plan(view, build, profile, settings, stopped))

    @Slot()
    def start(self) -> None:
        """Download what was planned."""
        snapshot = self._store.snapshot
        plan, why_not = snapshot.models.download.plan, refusal(snapshot)
        if plan is None or self._child is not None:
            return
        if why_not or plan.why_not:
            self._change(error=why_not or plan.why_not)
            return
        self._change(phase="running", done_share=0.0, remaining_s=None, detail="Starting.", error="", done="")
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(JOB, plan.request, timeout_s=None, memory_limit_bytes=None)

    @Slot()
    def stop(self) -> None:
        """Stop planning or downloading; the page says so at once."""
        phase = self._store.snapshot.models.download.phase
        if phase == "planning":
            self._stopped.set()
            self._planned.forget()
            self._change(phase="idle", detail="")
        elif phase == "running":
            self._change(phase="stopping", detail=KEPT)
            self._child.stop()

    @Slot()
    def put_away(self) -> None:
        """Forget a plan, or what was said of the last download."""
        if self._child is None:
            self.stop()
            self._store.update(lambda old: with_models(old, "download", **_fields(DownloadState())))

    def _on_planned(self, plan: PlanView) -> None:
        self._change(phase="planned", plan=plan, detail="")

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(phase="ended", detail="", error=error.sentence())

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress) and self._store.snapshot.models.download.phase == "running":
            detail = f"{message.detail[:1].upper()}{message.detail[1:]}."
            self._change(done_share=message.done_share, remaining_s=message.remaining_s, detail=detail)
        elif isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        if outcome.code == "finished" and outcome.result is not None:
            sentence, folder = self._done(bytes(outcome.result))
            self._change(phase="ended", done_share=1.0, detail="", done=sentence)
            self.downloaded.emit(folder)
            return
        self._change(phase="ended", detail="", error=ended_words(outcome))

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_models(old, "download", **fields))


def ended_words(outcome: Outcome) -> str:
    """Return how a download ended that is not whole, what to do, and that nothing finished is lost."""
    words = f"{outcome.message} {outcome.remedy}".strip()
    kept = "" if "kept" in words or outcome.reason == "download-running" else KEPT
    return f"{words} {kept}".strip()


def refusal(snapshot: Snapshot) -> str:
    """Return why nothing can be downloaded now, empty when something can."""
    if snapshot.models.download.phase in ("running", "stopping"):
        return RUNNING
    measuring = (snapshot.probe.phase, snapshot.calibration.phase, snapshot.file.phase)
    return MEASURING if any(phase != "idle" for phase in measuring) else ""


def _fields(state: DownloadState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}
