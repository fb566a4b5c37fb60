"""What compression costs: which models can be measured, one measurement at a time in a child, its results kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.evaluate.compression_plan import JOB
from advisor.report import compression_start as words
from advisor.ui import compression_state as states
from advisor.ui.compression_state import Extent, MeasureChoice
from advisor.ui.controllers import compression_jobs as domain
from advisor.ui.controllers import work
from advisor.ui.controllers.compression_jobs import Kept, Looked
from advisor.ui.controllers.request import NO_MACHINE, Request, Run
from advisor.ui.store import Snapshot, Store, with_archive, with_compression

SAVED_MACHINE = "Models run on this computer only, not on a saved machine."
RUNNING = "What compression costs is being measured already."
ACTION = "compression"


class CompressionController(QObject):
    """Measures one model at a time.

    Signals:
        measured: results are kept, so what is warned of may change.
    """

    measured = Signal()

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children, and who takes a child's log line and a bug."""
        super().__init__(parent)
        self._store, self._make_child, self._log = store, make_child, log
        self._child: Any = None
        self._own: MeasureChoice | None = None
        self._looked: Request[Looked] = Request(
            run, answered=self._on_looked, refused=self._on_unseen, broken=broken, parent=self
        )
        self._planned: Request[bytes] = Request(
            run, answered=self._on_planned, refused=self._on_refused, broken=broken, parent=self
        )
        self._kept: Request[Kept] = Request(
            run, answered=self._on_kept, refused=self._on_refused, broken=broken, parent=self
        )
        store.changed.connect(self._on_store_changed)

    @Slot()
    def look(self) -> None:
        """Look which models are on this computer."""
        self._change(looking=True)
        self._looked.ask(domain.look)

    @Slot(str)
    def choose(self, key: str) -> None:
        """Choose a model."""
        self._change(chosen=key, error="", done="")

    @Slot(str, str)
    def choose_folders(self, reference: str, compressed: str) -> None:
        """Choose folders of the user's own: the original and one in another format."""
        own = domain.own_folders(reference, compressed)
        others = tuple(item for item in self._state.choices or () if item.key != domain.OWN)
        self._own = own
        self._change(choices=(own, *others), chosen=own.key, error="", done="")

    @Slot(str)
    def start(self, extent: Extent) -> None:
        """Measure the chosen model; refused with a sentence where that makes no sense now."""
        snapshot = self._store.snapshot
        chosen, profile = states.picked(snapshot.compression), snapshot.machine.base
        why_not = refusal(snapshot) or why_not_measure(chosen)
        if why_not or chosen is None or profile is None:
            self._change(error=why_not)
            return
        codes = states.languages(snapshot.compression, extent, yours(snapshot))
        self._change(
            phase="running", chosen=chosen.key, done_share=0.0, remaining_s=None, detail="", error="", done=""
        )  # fmt: skip
        self._planned.ask(lambda: domain.request(chosen, codes, profile))

    @Slot()
    def stop(self) -> None:
        """Stop it; nothing is kept of it."""
        if self._state.phase != "running":
            return
        self._planned.forget()
        if self._child is None:
            self._change(phase="idle")
            return
        self._change(phase="stopping")
        self._child.stop()

    @property
    def _state(self) -> states.CompressionState:
        return self._store.snapshot.compression

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        refilled = old.models.here.rows != new.models.here.rows or old.conversion.shelf != new.conversion.shelf
        if refilled:
            self.look()

    def _on_looked(self, found: Looked) -> None:
        own = () if self._own is None else (self._own,)
        self._change(
            looking=False, choices=(*own, *found.choices), here=found.here, codes=found.codes, largest=found.largest,
            num_sentences=found.num_sentences,
        )  # fmt: skip

    def _on_unseen(self, error: AdvisorError) -> None:
        self._change(looking=False, error=error.sentence())

    def _on_planned(self, request: bytes) -> None:
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(JOB, request, timeout_s=domain.TIMEOUT_S, memory_limit_bytes=None)

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress) and self._state.phase == "running":
            self._change(
                done_share=message.done_share, remaining_s=message.remaining_s,
                detail=domain.progress_words(message.detail, message.done_share),
            )  # fmt: skip
        elif isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        if outcome.code == "finished" and outcome.result is not None:
            answer = bytes(outcome.result)
            self._kept.ask(lambda: domain.keep(answer))
            return
        told = "" if outcome.code == "cancelled" else f"{outcome.message} {outcome.remedy}".strip()
        self._change(phase="idle", error=told)

    def _on_kept(self, kept: Kept) -> None:
        before = self._store.snapshot.archive.compressions
        self._store.update(lambda old: with_archive(old, compressions=(*kept.results, *before)))
        self._change(phase="idle", done=kept.trouble or kept.done)
        self.measured.emit()

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(phase="idle", error=error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_compression(old, **fields))


def yours(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the codes of the task's languages."""
    task = snapshot.job.task
    return () if task is None else (*task.languages, *task.target_languages)


def why_not_measure(chosen: MeasureChoice | None) -> str:
    """Return why a choice cannot be measured, empty when it can."""
    return words.NO_MODELS if chosen is None else chosen.why_not


def refusal(snapshot: Snapshot) -> str:
    """Return why nothing can be measured now, empty when it can."""
    if snapshot.machine.base is None:
        return NO_MACHINE
    if snapshot.machine.saved_as:
        return SAVED_MACHINE
    if snapshot.compression.phase != "idle":
        return RUNNING
    return work.refusal(snapshot)


def shown_ids(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the ids that the model shown on the page Models may have: of its folder here, of the hub, its own."""
    view = snapshot.models.chosen
    if view is None:
        return ()
    own = view.own
    found = [item.model for item in snapshot.compression.here if view.path and item.folder == view.path]
    found += [view.hub_id, getattr(own, "hub_id", None) or "", getattr(getattr(own, "card", None), "id", ""), view.name]
    if view.path:  # as a conversion names what no hub knows
        found += [Path(view.path).name, Path(view.path).stem]
    return tuple(dict.fromkeys(name for name in found if name))


def shown_choice(snapshot: Snapshot) -> MeasureChoice | None:
    """Return what can be measured of the model shown on the page Models; null where nothing of it is converted."""
    ids = shown_ids(snapshot)
    return next((item for item in snapshot.compression.choices or () if item.key in ids), None)


def reasons(snapshot: Snapshot) -> Mapping[str, str]:
    """Return why the shown model's compression cannot be measured."""
    if snapshot.models.chosen is None:
        return {ACTION: "Choose a model first."}
    found = shown_choice(snapshot)
    return {ACTION: words.NEITHER if found is None else found.why_not}
