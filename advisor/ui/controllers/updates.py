"""The look for a newer version: when the user asks, or once a week where it was turned on. In a child."""

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Slot

from advisor.child.protocol import LogRecord, Message, Outcome
from advisor.errors import AdvisorError
from advisor.ui.about_state import UpdatesState
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import Store

JOB = "updates"
FIRST_MS, EVERY_MS, AGAIN_MS = 30_000, 3_600_000, 86_400_000
"""[ms] After the start, when the window has long been usable; then once an hour it is seen whether a week is over; a
look that failed is tried again a day later at the earliest."""
TIMEOUT_S = 60.0


class UpdatesController(QObject):
    """One look at a time. With the switch off, nothing is asked unless `look_now` is called."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        known: Callable[[], UpdatesState],
        request: Callable[[], bytes],
        is_due: Callable[[], bool],
        keep: Callable[[bytes], UpdatesState],
        keep_failed: Callable[[Outcome], UpdatesState],
        make_child: Callable[[QObject], Any],
        log: Callable[[LogRecord], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the maker of children and functions of the domain.

        Args:
            store: what the window knows.
            run: the worker.
            known: returns what was found last.
            request: returns what the child is asked.
            is_due: tells whether the last look lies a week back.
            keep: keeps an answer; returns what it says.
            keep_failed: keeps that a look failed; returns what was found before it.
            make_child: makes a child process.
            log: takes a child's log line.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._known, self._ask_for, self._is_due = store, known, request, is_due
        self._keep, self._keep_failed = keep, keep_failed
        self._make_child, self._log = make_child, log
        self._child: Any = None
        self._by_itself = False
        self._state: Request[UpdatesState] = Request(
            run, answered=self._on_state, refused=self._on_refused, broken=broken, parent=self
        )
        self._start: Request[bytes] = Request(
            run, answered=self._on_request, refused=self._on_refused, broken=broken, parent=self
        )
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timer_timeout)

    def begin(self) -> None:
        """Show what was found last; from now on look once a week where the user has turned it on."""
        self._state.ask(self._known)
        self._timer.start(FIRST_MS)

    @Slot()
    def look_now(self) -> None:
        """Ask now; the user wants it."""
        self._look(by_itself=False)

    def close(self) -> None:
        """Ask no more."""
        self._timer.stop()

    def _look(self, *, by_itself: bool) -> None:
        if self._store.snapshot.updates.looking:
            return
        self._by_itself = by_itself
        self._change(looking=True, error="")
        self._start.ask(self._ask_for)

    @Slot()
    def _on_timer_timeout(self) -> None:
        self._timer.start(EVERY_MS)
        now = self._store.snapshot
        if any(part.phase != "idle" for part in (now.probe, now.calibration, now.file)):
            return  # nothing that was not asked for may run beside a measurement
        if now.settings.look_for_updates and self._is_due():
            self._look(by_itself=True)

    def _on_request(self, request: bytes) -> None:
        self._child = self._make_child(self)
        self._child.message.connect(self._on_child_message)
        self._child.ended.connect(self._on_child_ended)
        self._child.start(JOB, request, timeout_s=TIMEOUT_S, memory_limit_bytes=None)

    @Slot(object)
    def _on_child_message(self, message: Message) -> None:
        if isinstance(message, LogRecord):
            self._log(message)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        answer = outcome.result
        if outcome.code == "finished" and answer is not None:
            self._state.ask(lambda: self._keep(answer))
            return
        quiet = self._by_itself or outcome.code == "cancelled"  # nobody asked: nobody is told that it did not work
        error = "" if quiet else f"{outcome.message} {outcome.remedy}".strip()
        if self._by_itself:
            self._timer.start(AGAIN_MS)
        self._state.ask(lambda: msgspec.structs.replace(self._keep_failed(outcome), error=error))

    def _on_state(self, state: UpdatesState) -> None:
        self._store.update(lambda old: msgspec.structs.replace(old, updates=state))

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(looking=False, error="" if self._by_itself else error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(
            lambda old: msgspec.structs.replace(old, updates=msgspec.structs.replace(old.updates, **fields))
        )
