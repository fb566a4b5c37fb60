"""Requests to a worker: numbered, so that a late answer to an old question is dropped."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError

T = TypeVar("T")
NO_MACHINE = "This computer has not been inspected yet. Wait a moment, or inspect it again on the first page."
BUG = "Something went wrong in the app. The details are in the log file."


class Run(Protocol):
    """Runs a function off the GUI thread and calls back in it."""

    def __call__(
        self, function: Callable[[], Any], /, *, returned: Callable[[Any], None], failed: Callable[[Exception], None]
    ) -> None:
        """Start `function`; exactly one of the two callbacks follows."""


class Request(QObject, Generic[T]):
    """One kind of question. Asking again makes the answers to earlier askings void."""

    def __init__(
        self,
        run: Run,
        *,
        answered: Callable[[T], None],
        refused: Callable[[AdvisorError], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the worker and who is told.

        Args:
            run: starts a function off this thread.
            answered: gets the value.
            refused: gets an expected failure.
            broken: gets a bug.
            parent: Qt parent.
        """
        super().__init__(parent)
        self._run = run
        self._answered = answered
        self._refused = refused
        self._broken = broken
        self._generation = 0

    def ask(self, func: Callable[[], T]) -> None:
        """Start `func`; only the newest asking is answered."""
        self._generation += 1
        generation = self._generation

        def numbered() -> object:
            try:
                return generation, func(), None
            except AdvisorError as error:
                return generation, None, error

        self._run(numbered, returned=self._on_run_returned, failed=self._on_run_failed)

    def forget(self) -> None:
        """Make the answer under way void."""
        self._generation += 1

    @Slot(object)
    def _on_run_returned(self, reply: tuple[int, T, AdvisorError | None]) -> None:
        generation, value, error = reply
        if generation != self._generation:
            return
        if error is not None:
            self._refused(error)
        else:
            self._answered(value)

    @Slot(object)
    def _on_run_failed(self, error: Exception) -> None:
        self._broken(error)
        self._refused(AdvisorError("bug", BUG))  # what waits for the answer must not wait for ever
