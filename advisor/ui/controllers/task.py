"""The task: read the words, let controls win, find the models."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.probe.plan import ProbeResult
from advisor.settings import Settings
from advisor.task.model import Description, TaskSpec, Workload
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import (
    MAX_PINNED,
    ResultState,
    RowKey,
    Rows,
    Snapshot,
    Store,
    row_key,
    toggle_pin,
    with_job,
    with_results,
)

Advise = Callable[[TaskSpec, HardwareProfile, tuple[ProbeResult, ...], Settings], Rows]
UNKNOWN_HARDWARE = "Nothing is known of this computer. Inspect it again on the first page."
NO_TASK = "Say what you want done first: describe it in words or choose a kind of task."


class TaskController(QObject):
    """Reacts to words, chips and controls of the page Task."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        describe: Callable[[str], Description],
        problems: Callable[[TaskSpec], tuple[str, ...]],
        workload: Callable[[TaskSpec], Workload],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and the functions of the task package."""
        super().__init__(parent)
        self._store, self._describe, self._problems, self._workload = store, describe, problems, workload
        self._request: Request[Description] = Request(
            run, answered=self._on_described, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot(str)
    def set_text(self, text: str) -> None:
        """Read new words; chips that were taken away come back only with new words."""
        if not text.strip():
            self._request.forget()
            self._change(text="", description=None, removed=(), busy=False, error="")
            return
        self._change(text=text, busy=True, error="")
        self._request.ask(lambda: self._describe(text))

    @Slot(str)
    def remove_chip(self, field: str) -> None:
        """Ignore what was read for one field."""
        removed = self._store.snapshot.job.removed
        if field not in removed:
            self._change(removed=(*removed, field))

    @Slot(str, object)
    def set_control(self, field: str, value: Any) -> None:  # noqa: ANN401
        """Set one field by hand; `None` leaves it to the words again."""
        controls = dict(self._store.snapshot.job.controls)
        if value is None:
            controls.pop(field, None)
        else:
            controls[field] = value
        self._change(controls=tuple(controls.items()))

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda snapshot: self._checked(with_job(snapshot, **fields)))

    def _checked(self, snapshot: Snapshot) -> Snapshot:
        task = snapshot.job.task
        if task is None:
            return with_job(snapshot, problems=(), workload=None)
        return with_job(snapshot, problems=self._problems(task), workload=self._workload(task))

    def _on_described(self, description: Description) -> None:
        self._change(description=description, removed=(), busy=False, error="")

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(description=None, busy=False, error=error.sentence())


class RecommendController(QObject):
    """Finds models for the task, and keeps what is chosen and pinned."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        advise: Advise,
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and `advise(task, profile, probes, settings)`."""
        super().__init__(parent)
        self._store, self._advise = store, advise
        self._waiting = False
        store.changed.connect(self._on_store_changed)
        self._request: Request[Rows] = Request(
            run, answered=self._on_advised, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot()
    def find(self) -> None:
        """Rank every candidate for the task on the machine that is planned for."""
        snapshot = self._store.snapshot
        task, profile = snapshot.job.task, snapshot.machine.profile
        self._waiting = snapshot.job.busy or (profile is None and snapshot.machine.busy)
        if self._waiting:
            self._store.update(lambda old: with_results(old, busy=True, error="", note=""))
            return
        if task is None or profile is None:
            error = NO_TASK if task is None else UNKNOWN_HARDWARE
            self._store.update(lambda old: with_results(old, error=error, busy=False))
            return
        probes, settings = snapshot.archive.probes, snapshot.settings
        self._store.update(lambda old: with_results(old, busy=True, error="", note=""))
        self._request.ask(lambda: self._advise(task, profile, probes, settings))

    @Slot()
    def refresh(self) -> None:
        """Rank again, when there was an answer already."""
        if self._store.snapshot.results.recommendation is not None:
            self.find()

    @Slot(int)
    def select(self, index: int) -> None:
        """Choose a row; -1 chooses none."""
        self._store.update(lambda snapshot: with_results(snapshot, selected=index if index >= 0 else None))

    @Slot(int)
    def pin(self, index: int) -> None:
        """Pin a row for comparison, or take its pin away."""
        rows = self._store.snapshot.results.recommendation
        if rows is not None:
            row = rows.row(index)
            self._store.update(lambda snapshot: toggle_pin(snapshot, row))

    @Slot(object, object)
    def _on_store_changed(self, _old: Snapshot, new: Snapshot) -> None:
        """Go on with what was asked for while the words were read or the computer was inspected."""
        if self._waiting and not new.job.busy and not (new.machine.profile is None and new.machine.busy):
            self._waiting = False
            self.find()

    def _on_advised(self, rows: Rows) -> None:
        self._store.update(lambda snapshot: _with_answer(snapshot, rows))

    def _on_refused(self, error: AdvisorError) -> None:
        self._store.update(lambda snapshot: with_results(snapshot, busy=False, error=error.sentence()))


def _with_answer(snapshot: Snapshot, rows: Rows) -> Snapshot:
    """Put a new answer in place; the chosen row stays chosen when it is still there, else the pick is."""
    old: ResultState = snapshot.results
    wanted: RowKey | None = None
    if old.recommendation is not None and old.selected is not None:
        same_task = old.recommendation.summary.task == rows.summary.task
        wanted = row_key(old.recommendation.row(old.selected)) if same_task else None
    selected = _find(rows, wanted, old.selected) if wanted is not None else None
    if selected is None:
        pick = rows.summary.pick
        selected = pick.index if pick is not None else (int(rows.order[0]) if len(rows) else None)
    return with_results(snapshot, recommendation=rows, busy=False, error="", selected=selected, note="")


def _find(rows: Rows, key: RowKey, guess: int | None) -> int | None:
    """Return the index of a row, tried where it was first: an answer to the same task keeps its numbering."""
    if guess is not None and guess < len(rows) and row_key(rows.row(guess)) == key:
        return guess
    return next((int(i) for i in rows.order[: 50 * MAX_PINNED] if row_key(rows.row(int(i))) == key), None)
