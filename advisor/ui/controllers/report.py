"""Reports: written off the GUI thread, kept in the history."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.errors import AdvisorError
from advisor.probe.plan import ProbeResult
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import ArchiveState, Rows, Store, with_archive, with_report

Write = Callable[..., None]
"""Takes recommendation, probes, whether names are left out, path, and `with_examples` where they are wanted."""
NOTHING_TO_SAVE = "There is no answer to save yet. Describe a task and find models first."


class ReportController(QObject):
    """Writes the answer to a file.

    Signals:
        written: a report was written, and kept in the history.
    """

    written = Signal()

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        write: Write,
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and `write(recommendation, probes, redact, path)`."""
        super().__init__(parent)
        self._store, self._write = store, write
        self._request: Request[str] = Request(
            run, answered=self._on_written, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot(str, bool)
    def save(self, file: str, redact: bool) -> None:
        """Write the report; its kind follows from the file's ending."""
        snapshot = self._store.snapshot
        rows: Rows | None = snapshot.results.recommendation
        if rows is None:
            self._store.update(lambda old: with_report(old, error=NOTHING_TO_SAVE, saved_path=""))
            return
        answer, probes, path = rows, snapshot.archive.probes, Path(file)

        wanted = {"with_examples": True} if snapshot.report.with_examples else {}

        def write() -> str:
            self._write(answer, probes, redact, path, **wanted)
            return str(path)

        self._store.update(lambda old: with_report(old, busy=True, error="", saved_path=""))
        self._request.ask(write)

    @Slot(bool)
    def include_examples(self, wanted: bool) -> None:
        """Put the last run of the user's own examples into the next report, or leave it out."""
        self._store.update(lambda old: with_report(old, with_examples=wanted))

    def _on_written(self, path: str) -> None:
        self._store.update(lambda old: with_report(old, busy=False, saved_path=path))
        self.written.emit()

    def _on_refused(self, error: AdvisorError) -> None:
        self._store.update(lambda old: with_report(old, busy=False, error=error.sentence()))


class HistoryController(QObject):
    """Loads what was measured and saved before, and adds to it."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        load: Callable[[], ArchiveState],
        add_probe: Callable[[ProbeResult], ArchiveState],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and two functions that return what the history holds afterwards."""
        super().__init__(parent)
        self._store, self._load, self._add_probe = store, load, add_probe
        self._request: Request[ArchiveState] = Request(
            run, answered=self._on_loaded, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot()
    def load(self) -> None:
        """Read the history."""
        self._request.ask(self._load)

    @Slot(object)
    def add_probe(self, result: ProbeResult) -> None:
        """Show a measurement at once, and keep it."""
        self._store.update(lambda old: with_archive(old, probes=(result, *old.archive.probes)))
        self._request.ask(lambda: self._add_probe(result))

    def _on_loaded(self, archive: ArchiveState) -> None:
        self._change(**{name: getattr(archive, name) for name in ArchiveState.__struct_fields__})

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(notice=error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_archive(old, **fields))
