"""Reports of the history: open one, put another beside it, save it again."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.report.model import ReportDocument
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import OpenedReport, Store, with_reading


class ReadingController(QObject):
    """Reacts to what is asked of saved reports."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        read: Callable[[int], ReportDocument],
        write: Callable[[ReportDocument, Path], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, and the functions that read and write a report."""
        super().__init__(parent)
        self._store, self._read, self._write = store, read, write
        self._reading: Request[tuple[OpenedReport, ...]] = Request(
            run, answered=self._on_read, refused=self._on_refused, broken=broken, parent=self
        )
        self._writing: Request[str] = Request(
            run, answered=self._on_written, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot(int)
    def open(self, report_id: int) -> None:
        """Show one report alone."""
        self._ask((), report_id)

    @Slot(object)
    def put_beside(self, report_id: int | None) -> None:
        """Show a second report beside the first; None takes it away."""
        first = self._store.snapshot.reading.opened[:1]
        if report_id is None:
            self._reading.forget()
            self._store.update(lambda old: with_reading(old, opened=first, busy=False, error=""))
        elif first:
            self._ask(first, report_id)

    @Slot()
    def close(self) -> None:
        """Put all away."""
        self._reading.forget()
        self._store.update(lambda old: with_reading(old, opened=(), busy=False, error="", saved_path=""))

    @Slot(str)
    def save(self, file: str) -> None:
        """Write the first report again; its kind follows from the file's ending."""
        opened = self._store.snapshot.reading.opened
        if not opened:
            return
        document, path = opened[0].document, Path(file)

        def write() -> str:
            self._write(document, path)
            return str(path)

        self._store.update(lambda old: with_reading(old, busy=True, error="", saved_path=""))
        self._writing.ask(write)

    def _ask(self, kept: tuple[OpenedReport, ...], report_id: int) -> None:
        self._store.update(lambda old: with_reading(old, busy=True, error="", saved_path=""))
        self._reading.ask(lambda: (*kept, OpenedReport(id=report_id, document=self._read(report_id))))

    def _on_read(self, opened: tuple[OpenedReport, ...]) -> None:
        self._store.update(lambda old: with_reading(old, busy=False, opened=opened))

    def _on_written(self, path: str) -> None:
        self._store.update(lambda old: with_reading(old, busy=False, saved_path=path))

    def _on_refused(self, error: AdvisorError) -> None:
        self._store.update(lambda old: with_reading(old, busy=False, error=error.sentence()))
