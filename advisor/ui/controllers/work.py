"""Work on models that a child does: its plan first, then the child, with every way it can end said in place."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.ui.controllers.request import Request, Run
from advisor.ui.models_state import WorkPart, WorkPlan
from advisor.ui.store import Snapshot, Store, with_models

DOWNLOADING = "A download is running. Wait for its end, or cancel it."
CONVERTING = "A conversion is running. Wait for its end, or cancel it."
MEASURING = "Something is being measured. Wait for its end: this would disturb it."
_BUSY = ("running", "stopping")


class Work(QObject):
    """Plans and does one piece of work at a time.

    Signals:
        finished: folder of a model that is whole now.
    """

    finished = Signal(str)

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        part: WorkPart,
        job: str,
        kept: str,
        done: Callable[[bytes], tuple[str, str]],
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children and what is said.

        Args:
            store: what the window knows.
            run: the worker that plans.
            part: of the page's state that tells of it.
            job: what the child does.
            kept: what stays of work that was cut off, in a sentence.
            done: from the child's answer to a sentence and the folder.
            make_child: makes a child process.
            log: takes a child's log line.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._part, self._job, self._kept, self._done = store, part, job, kept, done
        self._make_child, self._log = make_child, log
        self._child: Any = None
        self._planned: Request[WorkPlan] = Request(
            run, answered=self._on_planned, refused=self._on_refused, broken=broken, parent=self
        )

    @property
    def busy(self) -> bool:
        """Whether a child is at work."""
        return self._child is not None

    @Slot()
    def start(self) -> None:
        """Do what was planned."""
        snapshot = self._store.snapshot
        plan, why_not = self._state(snapshot).plan, refusal(snapshot)
        if plan is None or self._child is not None:
            return
        if why_not or plan.why_not:
            self._change(error=why_not or plan.why_not)
            return
        self._change(phase="running", done_share=0.0, remaining_s=None, detail="Starting.", error="", done="")
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        other = {"python": plan.python} if plan.python else {}
        self._child.start(self._job, plan.request, timeout_s=None, memory_limit_bytes=None, **other)

    @Slot()
    def stop(self) -> None:
        """Stop planning or working; the page says so at once."""
        phase = self._state(self._store.snapshot).phase
        if phase == "planning":
            self._planned.forget()
            self._change(phase="idle", detail="")
        elif phase == "running":
            self._change(phase="stopping", detail=self._kept)
            self._child.stop()

    @Slot()
    def put_away(self) -> None:
        """Forget a plan, or what was said of the last work."""
        if self._child is None:
            self.stop()
            self._change(
                phase="idle", name="", plan=None, detail="", error="", done="", done_share=0.0, remaining_s=None
            )

    def forget(self, name: str) -> None:
        """Say no longer how the work on a model ended, since that model is gone."""
        state = self._state(self._store.snapshot)
        if state.phase == "ended" and state.name == name:
            self.put_away()

    def _begin_plan(self, make: Callable[[], WorkPlan], **fields: Any) -> None:  # noqa: ANN401
        """Ask for a plan; the fields say of what."""
        self._change(phase="planning", error="", done="", done_share=0.0, remaining_s=None, **fields)
        self._planned.ask(make)

    def _on_planned(self, plan: WorkPlan) -> None:
        self._change(phase="planned", plan=plan, detail="")

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(phase="ended", plan=None, detail="", error=error.sentence())

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress) and self._state(self._store.snapshot).phase == "running":
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
            self._change(phase="ended", plan=None, done_share=1.0, detail="", done=sentence)
            self.finished.emit(folder)
            return
        self._change(phase="ended", plan=None, detail="", error=ended_words(outcome, self._kept))

    def _state(self, snapshot: Snapshot) -> Any:  # noqa: ANN401 - one of two parts
        return getattr(snapshot.models, self._part)

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_models(old, self._part, **fields))


def ended_words(outcome: Outcome, kept: str) -> str:
    """Return how work ended that is not whole, what to do, and what is kept of it."""
    words = f"{outcome.message} {outcome.remedy}".strip()
    told = "kept" in words or (outcome.reason or "").endswith("-running")
    return words if told else f"{words} {kept}".strip()


def refusal(snapshot: Snapshot) -> str:
    """Return why no work on models can be started now, empty when it can."""
    if snapshot.models.download.phase in _BUSY:
        return DOWNLOADING
    if snapshot.models.convert.phase in _BUSY:
        return CONVERTING
    measuring = (snapshot.probe, snapshot.calibration, snapshot.file, snapshot.examples, snapshot.compression)
    return MEASURING if any(part.phase != "idle" for part in measuring) else ""
