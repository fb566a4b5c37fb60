"""The user's own examples: read them, choose models, run each in a child, one after another, say what came out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from advisor.child.protocol import LogRecord, Message, Outcome, Progress
from advisor.errors import AdvisorError
from advisor.evaluate.examples_compare import MOST_CANDIDATES
from advisor.evaluate.examples_plan import JOB, ExamplesResult
from advisor.examples.model import ExampleSet
from advisor.ui.controllers import examples_jobs as domain
from advisor.ui.controllers.examples_jobs import Found
from advisor.ui.controllers.request import NO_MACHINE, Request, Run
from advisor.ui.examples_state import Choice, ReadView, RunView
from advisor.ui.store import Snapshot, Store, with_examples

Kind = Literal["classification", "generation"]
SAVED_MACHINE = "Models run on this computer only, not on a saved machine."
BUSY = "Something else is being measured. Wait for its end: both would disturb each other."
NO_EXAMPLES = "Open or type examples first."
NOTHING_CHOSEN = "Choose one model or more."
TOO_MANY = f"Choose at most {MOST_CANDIDATES} candidates: each two are compared."


class ExamplesController(QObject):
    """Runs candidates on examples, one at a time.

    Signals:
        idle: nothing runs any more.
        done: results are kept in the history.
    """

    idle = Signal()
    done = Signal()

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
        self._examples: ExampleSet | None = None
        self._found: tuple[Found, ...] = ()
        self._waiting: list[tuple[Choice, bytes]] = []
        self._num_asked = 0
        self._results: list[ExamplesResult] = []
        self._ran_on: ExampleSet | None = None

        def request(answered: Callable[[Any], None], refused: Callable[[AdvisorError], None]) -> Request[Any]:
            return Request(run, answered=answered, refused=refused, broken=broken, parent=self)

        self._read = request(self._on_read, self._on_unread)
        self._looked = request(self._on_looked, self._on_refused)
        self._planned = request(self._on_planned, self._on_refused)
        self._kept = request(self._on_kept, self._on_refused)
        self._saved = request(self._on_saved, self._on_unsaved)

    @Slot(str)
    def open(self, path: str) -> None:
        """Read a file of examples."""
        self._read_by(lambda: domain.read_file(path))

    @Slot(object, str)
    def take_typed(self, pairs: Sequence[tuple[str, str]], kind: Kind) -> None:
        """Read typed rows."""
        self._read_by(lambda: domain.read_typed(pairs, kind))

    @Slot()
    def take_own(self) -> None:
        """Read the app's own support messages."""
        self._read_by(domain.own_examples)

    def _read_by(self, read: Callable[[], ExampleSet]) -> None:
        self._change(reading=True, read_error="")

        def both() -> tuple[ExampleSet, ReadView]:
            found = read()
            return found, domain.described(found)

        self._read.ask(both)

    @Slot()
    def look(self) -> None:
        """Look which models are on this computer."""
        folder = self._store.snapshot.settings.model_folder
        self._change(looking=True)
        self._looked.ask(lambda: domain.models(folder or ""))

    @Slot(object, str, object)
    def start(self, keys: Sequence[str], instruction: str, descriptions: Mapping[str, str]) -> None:
        """Run the choices with these keys; refused with a sentence where that makes no sense now."""
        snapshot, examples = self._store.snapshot, self._examples
        profile = snapshot.machine.base
        chosen = [item for item in snapshot.examples.choices or () if item.key in set(keys) and not item.why_not]
        why_not = refusal(snapshot) or ("" if chosen else NOTHING_CHOSEN)
        if len(chosen) > MOST_CANDIDATES:
            why_not = TOO_MANY
        if why_not or profile is None or examples is None:
            self._change(error=why_not or NO_MACHINE)
            return
        said = dict(descriptions)
        self._results, self._num_asked, self._ran_on = [], len(chosen), examples
        self._change(phase="running", done_share=0.0, remaining_s=None, detail="", error="", view=None, saved="")
        self._planned.ask(
            lambda: [(item, domain.request(item, examples, instruction, said, profile)) for item in chosen]
        )

    @Slot()
    def stop(self) -> None:
        """Stop it; what earlier candidates gave is shown."""
        if self._store.snapshot.examples.phase != "running":
            return
        self._planned.forget()
        self._waiting = []
        if self._child is None:
            self._end("")
            return
        self._change(phase="stopping")
        self._child.stop()

    @Slot(str)
    def save(self, path: str) -> None:
        """Write all outputs as a table."""
        examples, results = self._ran_on, tuple(self._results)
        if examples is not None and results:
            self._saved.ask(lambda: domain.save(path, examples, results))

    def _on_read(self, reply: tuple[ExampleSet, ReadView]) -> None:
        self._examples, view = reply
        self._change(reading=False, read=view)
        self._show_choices()

    def _on_unread(self, error: AdvisorError) -> None:
        self._change(reading=False, read_error=error.sentence())

    def _on_looked(self, found: tuple[Found, ...]) -> None:
        self._found = found
        self._change(looking=False, choices=())
        self._show_choices()

    def _show_choices(self) -> None:
        state = self._store.snapshot.examples
        if state.choices is not None:
            kind = state.read.kind if state.read is not None else "classification"
            self._change(choices=domain.choices(self._found, kind))

    def _on_planned(self, planned: list[tuple[Choice, bytes]]) -> None:
        self._waiting = planned
        self._next()

    def _next(self) -> None:
        _, request = self._waiting[0]
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(JOB, request, timeout_s=None, memory_limit_bytes=None)

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, Progress) and self._waiting:
            done = (len(self._results) + message.done_share) / self._num_asked
            what = message.detail[:1].upper() + message.detail[1:]
            self._change(
                done_share=done, remaining_s=message.remaining_s if len(self._waiting) == 1 else None,
                detail=f"{len(self._results) + 1} of {self._num_asked}: {self._waiting[0][0].name}. {what}.",
            )  # fmt: skip
        elif isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        if outcome.code != "finished" or outcome.result is None:
            who = self._waiting[0][0] if self._waiting else None
            self._waiting = []
            told = "" if outcome.code == "cancelled" else f"{outcome.message} {outcome.remedy}".strip()
            self._finish(f"{Path(who.folder).name}: {told}" if told and who is not None else told)
            return
        try:
            self._results.append(domain.decoded(bytes(outcome.result)))
        except msgspec.ValidationError as error:
            self._finish(f"The measuring process sent something that cannot be read: {error}.")
            return
        self._waiting = self._waiting[1:]
        if self._waiting:
            self._next()
        else:
            self._finish("")

    def _finish(self, error: str) -> None:
        examples, results = self._ran_on, tuple(self._results)
        if not results or examples is None:
            self._end(error)
            return
        self._change(error=error)
        self._kept.ask(lambda: domain.keep(results, examples))

    def _on_kept(self, view: RunView) -> None:
        self._change(view=view)
        self._end(self._store.snapshot.examples.error)
        self.done.emit()

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(looking=False)
        self._end(error.sentence())

    def _on_saved(self, words: str) -> None:
        self._change(saved=words)

    def _on_unsaved(self, error: AdvisorError) -> None:
        self._change(saved=error.sentence())

    def _end(self, error: str) -> None:
        self._change(phase="idle", error=error)
        self.idle.emit()

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_examples(old, **fields))


def refusal(snapshot: Snapshot) -> str:
    """Return why candidates cannot be run now, empty when they can."""
    if snapshot.machine.base is None:
        return NO_MACHINE
    if snapshot.machine.saved_as:
        return SAVED_MACHINE
    if snapshot.examples.phase != "idle" or snapshot.compression.phase != "idle":
        return BUSY
    if snapshot.probe.phase != "idle" or snapshot.calibration.phase != "idle" or snapshot.file.phase != "idle":
        return BUSY
    return "" if snapshot.examples.read is not None else NO_EXAMPLES
