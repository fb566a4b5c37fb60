"""Save the answer as a report, and look back at what was measured before."""

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QFileDialog, QHBoxLayout, QWidget
from typing_extensions import override

from advisor.report import export, result_file, wording
from advisor.ui import theme
from advisor.ui.models import measurement, report_sheet
from advisor.ui.models.simple_table import KEY_ROLE, Cell, SimpleTableModel
from advisor.ui.store import ArchiveState, Rows, SavedReport, Snapshot
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.controls import ChoiceControl, LabelledField
from advisor.ui.widgets.opened_report import OpenedReportView
from advisor.ui.widgets.page import Page
from advisor.ui.widgets.plain_table import PlainTable

KINDS: tuple[tuple[str, str], ...] = (
    ("html", "Web page (HTML)"), ("pdf", "PDF, readable by screen readers"), ("md", "Markdown text"),
    ("json", "Data (JSON)"), ("csv", "Table (CSV)"),
)  # fmt: skip
_CONTENT = (
    "The answer and why, the computer, the task as it was understood, the best candidates with every figure, its range "
    "and its source, what was measured, the methods and the versions."
)


NO_REPORT = "None yet. Each report you save is kept here too, to be opened and compared later."
FILE_TIP = "A report saved as data on this or another computer; two can be chosen to stand side by side"


class ReportPage(Page):
    """Kind of file, redact, save; below, the history.

    Signals:
        save_requested: file name, and whether names are left out.
        task_requested: on to the task.
        open_requested: id of a saved report to show.
        files_requested: names of result files to show, as a tuple.
        beside_requested: id of a saved report to show beside it; None for none.
        save_again_requested: file name for the report that is shown.
        close_requested: put the report that is shown away.
        examples_wanted: whether the last run of the user's own examples is to be in it.
    """

    save_requested = Signal(str, bool)
    task_requested = Signal()
    open_requested = Signal(int)
    files_requested = Signal(object)
    beside_requested = Signal(object)
    save_again_requested = Signal(str)
    close_requested = Signal()
    examples_wanted = Signal(bool)

    def __init__(self) -> None:
        super().__init__("Report", "A file to hand over, and those you saved before. Nothing is sent anywhere.")
        self.notice = Notice()
        self.saved = Notice(action="Open it")
        self.saved.clicked.connect(self._on_saved_clicked)
        self._saved_path, self._copy_path = "", ""
        self._reports: tuple[SavedReport, ...] = ()
        for widget in (self.notice, self.saved, self._save_card(), self._reports_card(), self._probes_card()):
            self.body.addWidget(widget)
        self.body.addStretch(1)

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        if old is None or old.results != new.results or old.report != new.report:
            self._show_save(new)
        if old is None or old.settings.redact_reports != new.settings.redact_reports:
            self.redact.setChecked(new.settings.redact_reports)
        self.examples.setChecked(new.report.with_examples)
        if old is None or old.archive != new.archive:
            self._show_archive(new.archive)
        if old is None or old.archive.reports != new.archive.reports:
            self._show_reports(new)
        if old is None or old.reading != new.reading or old.archive.reports != new.archive.reports:
            self._show_reading(new)

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.kind, self.reports, self.probes)

    @Slot()
    def choose_file(self) -> None:
        """Ask where to save the report."""
        kind, words = KINDS[self.kind.currentIndex()]
        ending = export.ending(kind)
        dialog = QFileDialog(self, "Save the report")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{words} (*.{ending})")
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"model-fit-report.{ending}")
        dialog.fileSelected.connect(self._on_dialog_file_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def choose_copy(self) -> None:
        """Ask where to save the report that is shown; the kind is chosen with the file."""
        dialog = QFileDialog(self, "Save the report again")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{words} (*.{export.ending(kind)})" for kind, words in KINDS])
        dialog.setDefaultSuffix(KINDS[0][0])
        dialog.selectFile(f"model-fit-report.{KINDS[0][0]}")
        dialog.filterSelected.connect(self._on_dialog_filter_selected)
        dialog.fileSelected.connect(self.save_again_requested)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def choose_result(self) -> None:
        """Ask which result files to show."""
        dialog = QFileDialog(self, "Open a result")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([f"Results (*{result_file.SUFFIX})", "Results and other JSON (*.json)"])
        dialog.filesSelected.connect(self._on_dialog_files_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _save_card(self) -> Card:
        card = Card("Save a report")
        unit = theme.unit_px(self)
        self.headline = text.label(level="figure", wrap=True)
        self.summary = text.label(wrap=True)
        card.body.addWidget(self.headline)
        card.body.addWidget(self.summary)
        card.body.addWidget(text.label(_CONTENT, role="muted", wrap=True))
        direction = QBoxLayout.Direction
        row = QBoxLayout(direction.TopToBottom if theme.is_wide_text(self) else direction.LeftToRight)
        row.setSpacing(unit if theme.is_wide_text(self) else 2 * unit)
        self.kind = ChoiceControl("kind", KINDS)
        self.kind.setMinimumContentsLength(26)
        row.addWidget(LabelledField("&Kind of file", self.kind))
        self.redact = QCheckBox("&Leave out the names of the computer, of you and of your folders")
        row.addWidget(self.redact, 1, Qt.AlignmentFlag.AlignBottom)
        self.examples = QCheckBox("&Add the last run of your own examples, without their texts")
        self.examples.toggled.connect(self.examples_wanted)
        self.save = text.button("Save the report...", role="primary")
        self.save.clicked.connect(self.choose_file)
        row.addWidget(self.save, 0, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight)
        card.body.addLayout(row)
        card.body.addWidget(self.examples)
        return card

    def _reports_card(self) -> Card:
        card = Card("Reports saved before")
        self.reports_empty = text.label(NO_REPORT, role="muted", wrap=True)
        self.report_model = SimpleTableModel(parent=self)
        self.reports = PlainTable("Reports saved before", self.report_model)
        self.reports.opened.connect(self._on_reports_opened)
        self.reports.selectionModel().selectionChanged.connect(self._on_reports_selection_changed)
        self.open = text.button("Open the report")
        self.open.clicked.connect(self._on_open_clicked)
        self.open_file = text.button("Open a file...", tip=FILE_TIP)
        self.open_file.clicked.connect(self.choose_result)
        self.reading_notice = Notice()
        self.reading_saved = Notice(action="Open it")
        self.reading_saved.clicked.connect(self._on_reading_saved_clicked)
        self.opened = OpenedReportView()
        self.opened.save_requested.connect(self.choose_copy)
        self.opened.beside_requested.connect(self.beside_requested)
        self.opened.close_requested.connect(self.close_requested)
        for widget in (self.reports_empty, self.reports, self.reading_notice):
            card.body.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        row.addWidget(self.open)
        row.addWidget(self.open_file)
        row.addStretch(1)
        card.body.addLayout(row)
        card.body.addWidget(self.opened)
        card.body.addWidget(self.reading_saved)
        return card

    def _probes_card(self) -> Card:
        card = Card("Measured on this computer")
        self.history_notice = text.label(role="muted", wrap=True)
        card.body.addWidget(self.history_notice)
        self.model = SimpleTableModel(parent=self)
        self.probes = PlainTable("Probes of this computer", self.model)
        card.body.addWidget(self.probes)
        return card

    def _show_save(self, new: Snapshot) -> None:
        rows: Rows | None = new.results.recommendation
        pick = rows.summary.pick if rows is not None else None
        if rows is None:
            self.headline.setText("No answer yet")
            self.summary.setText("Describe a task and find models first; the answer can then be saved here.")
        elif pick is None:
            self.headline.setText("No model meets every need")
            self.summary.setText(rows.summary.why_no_pick)
        else:
            row = rows.row(pick.index)
            self.headline.setText(f"{row.model.partition('/')[2] or row.model}, {wording.format_label(row.format)}")
            self.summary.setText(f"{pick.reason.pick} {wording.verdict_sentence(row.estimate)}.")
        busy = "It is being written." if new.report.busy else ""
        text.set_because(self.save, busy or ("" if rows is not None else "There is no answer yet."))
        self.notice.show_text(new.report.error)
        self._saved_path = new.report.saved_path
        self.saved.show_text(f"Saved as {self._saved_path}." if self._saved_path else "")

    def _show_archive(self, archive: ArchiveState) -> None:
        empty = "" if archive.probes or archive.files else "No probe yet. Measure a model on the page Probe."
        self.history_notice.setText(archive.notice or empty)
        self.history_notice.setVisible(bool(archive.notice or empty))
        headers = ("When", "Model", "Format", "Speed", "Peak memory", "Grade")
        self.model.show_rows(headers, measurement.kept(archive.probes, archive.files))
        self.probes.fit(stretched=1)

    def _show_reports(self, new: Snapshot) -> None:
        self._reports = new.archive.reports
        self.reports_empty.setVisible(not self._reports)
        cells = tuple(
            (
                Cell(text=report_sheet.when(report.created), key=report.created),
                Cell(text=report.title, tip=report.title),
            )
            for report in self._reports
        )
        self.report_model.show_rows(("When", "Report"), cells)
        self.reports.fit(stretched=1)
        self.open.setVisible(bool(self._reports))
        self._on_reports_selection_changed()

    def _show_reading(self, new: Snapshot) -> None:
        self.reading_notice.show_text(new.reading.error)
        self._copy_path = new.reading.saved_path
        self.reading_saved.show_text(f"Saved as {self._copy_path}." if self._copy_path else "")
        self.opened.show_reports(new.reading.opened, new.archive.reports)
        if new.reading.error or any(item.file for item in new.reading.opened):
            QTimer.singleShot(0, self._on_reading_laid_out)

    @Slot(str)
    def _on_dialog_file_selected(self, file: str) -> None:
        self.save_requested.emit(file, self.redact.isChecked())

    @Slot(str)
    def _on_dialog_filter_selected(self, words: str) -> None:
        ending = export.ending(next(kind for kind, known in KINDS if words.startswith(known)))
        dialog: QFileDialog = self.sender()  # type: ignore[assignment]
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"model-fit-report.{ending}")

    @Slot()
    def _on_reading_laid_out(self) -> None:
        """Bring what was opened, or why it was not, into view: files are opened from outside of the page, too."""
        self.scroll_to(self.reading_notice if self.opened.isHidden() else self.opened)

    @Slot(list)
    def _on_dialog_files_selected(self, files: list[str]) -> None:
        self.files_requested.emit(tuple(files))

    @Slot()
    def _on_saved_clicked(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._saved_path))

    @Slot()
    def _on_reading_saved_clicked(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._copy_path))

    @Slot()
    def _on_reports_selection_changed(self) -> None:
        text.set_because(self.open, "" if self.reports.selectedIndexes() else "Choose a report of the list first.")

    @Slot()
    def _on_open_clicked(self) -> None:
        self._on_reports_opened(self.reports.currentIndex().row())

    @Slot(int)
    def _on_reports_opened(self, row: int) -> None:
        created = self.report_model.index(row, 0).data(KEY_ROLE)
        title = self.report_model.index(row, 1).data()
        found = next(item.id for item in self._reports if (item.created, item.title) == (created, title))
        self.open_requested.emit(found)
