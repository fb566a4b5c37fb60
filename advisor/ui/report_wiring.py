"""The page Report and what stands behind it, connected: a part of the composition root."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from advisor.report import result_file
from advisor.ui.controllers import jobs
from advisor.ui.controllers.reading import ReadingController
from advisor.ui.controllers.report import ReportController
from advisor.ui.store import Store

if TYPE_CHECKING:
    from advisor.ui.pages.report_page import ReportPage


class ReportPart(QObject):
    """What writes reports, and what reads them again.

    Signals:
        task_wanted: on to the task.
    """

    task_wanted = Signal()

    def __init__(
        self,
        store: Store,
        *,
        run: Any,  # noqa: ANN401 - a `Run`
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Make both controllers.

        Args:
            store: what the window knows.
            run: the app's worker.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self.writing = ReportController(store, run, write=jobs.write_report, broken=broken, parent=self)
        self.reading = ReadingController(
            store, run, read=jobs.read_report, read_file=result_file.read, write=jobs.export_report, broken=broken,
            parent=self,
        )  # fmt: skip

    def page(self) -> "ReportPage":
        """Make the page."""
        from advisor.ui.pages.report_page import ReportPage

        page = ReportPage()
        page.save_requested.connect(self.writing.save)
        page.examples_wanted.connect(self.writing.include_examples)
        page.task_requested.connect(self.task_wanted)
        page.open_requested.connect(self.reading.open)
        page.files_requested.connect(self.reading.open_files)
        page.beside_requested.connect(self.reading.put_beside)
        page.save_again_requested.connect(self.reading.save)
        page.close_requested.connect(self.reading.close)
        return page
