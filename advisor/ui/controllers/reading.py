"""Reports of the history and result files: open one, put another beside it, save it again."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.report import result_file
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
        read_file: Callable[[Path], ReportDocument],
        write: Callable[[ReportDocument, Path], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, and the functions that read and write a report."""
        super().__init__(parent)
        self._store, self._read, self._read_file, self._write = store, read, read_file, write
        self._reading: Request[tuple[tuple[OpenedReport, ...], str]] = Request(
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
    def open_files(self, files: tuple[str, ...]) -> None:
        """Show the result of one file, or of two side by side; what cannot be opened is said."""
        self._store.update(lambda old: with_reading(old, busy=True, error="", saved_path=""))
        self._reading.ask(lambda: self._from_files(files))

    @Slot(object)
    def put_beside(self, report_id: int | None) -> None:
        """Show a second report of the history beside the first; None takes it away."""
        opened = self._store.snapshot.reading.opened
        if report_id is None:
            self._reading.forget()
            self._store.update(lambda old: with_reading(old, opened=opened[:1], busy=False, error=""))
        elif opened and report_id not in {item.id for item in opened}:
            self._ask(opened[:1], report_id)

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
        self._reading.ask(lambda: ((*kept, OpenedReport(id=report_id, document=self._read(report_id))), ""))

    def _from_files(self, files: tuple[str, ...]) -> tuple[tuple[OpenedReport, ...], str]:
        """Return what could be opened, and a sentence for each that could not."""
        opened, said = [], []
        for place, file in enumerate(files[: result_file.MOST_SHOWN], start=1):
            path = Path(file).absolute()
            try:
                opened.append(OpenedReport(id=-place, document=self._read_file(path), file=path.name))
            except AdvisorError as error:
                said.append(error.sentence())
        said.append(result_file.not_shown(files))
        return tuple(opened), " ".join(words for words in said if words)

    def _on_read(self, answer: tuple[tuple[OpenedReport, ...], str]) -> None:
        opened, error = answer
        self._store.update(lambda old: with_reading(old, busy=False, opened=opened or old.reading.opened, error=error))

    def _on_written(self, path: str) -> None:
        self._store.update(lambda old: with_reading(old, busy=False, saved_path=path))

    def _on_refused(self, error: AdvisorError) -> None:
        self._store.update(lambda old: with_reading(old, busy=False, error=error.sentence()))
