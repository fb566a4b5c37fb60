"""The answer: headline, ways to do it, table and plot, details of the chosen row."""

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from advisor.recommend.model import CandidateRow, Summary
from advisor.report import wording
from advisor.report.row_use import Uses
from advisor.ui import theme
from advisor.ui.models.results_model import ResultsModel
from advisor.ui.pages.pareto_tab import ParetoTab
from advisor.ui.pages.published_tab import PublishedTab
from advisor.ui.store import ResultState, Rows, Snapshot, row_key
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice
from advisor.ui.widgets.details import DetailsPane
from advisor.ui.widgets.empty_state import EmptyState
from advisor.ui.widgets.flow_layout import FlowLayout
from advisor.ui.widgets.headline import Headline
from advisor.ui.widgets.page import Page
from advisor.ui.widgets.results_view import ResultsView

FILTER_PAUSE_MS = 150


class ResultsPage(Page):
    """Headline, table, plot, details.

    Signals:
        row_selected: index of a candidate.
        pin_requested: index of a candidate.
        measure_requested: the candidate's row.
        task_requested: back to the task.
        report_requested: on to the report.
    """

    row_selected = Signal(int)
    pin_requested = Signal(int)
    measure_requested = Signal(object)
    task_requested = Signal()
    report_requested = Signal()

    def __init__(self) -> None:
        super().__init__("Results")
        self._state = ResultState()
        self._learned = ""
        self._uses: Uses | None = None
        self._made_of: tuple[object, ...] = ()
        self.model = ResultsModel(self)
        self.report = text.button("Make a report", role="primary")
        self.report.clicked.connect(self._on_report_clicked)
        self.buttons.addWidget(self.report)
        self.notice = Notice()
        self.body.addWidget(self.notice)
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            "No task yet", "Describe what you want done to see which models can do it.", "Describe a task"
        )
        self.empty.clicked.connect(self.task_requested)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._content())
        self.body.addWidget(self.stack, 1)
        self.body.setSpacing(theme.unit_px(self))

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        learned = new.calibration.speed.learned
        chosen = self._show_uses(new)
        if old is not None and old.results == new.results and learned == self._learned and not chosen:
            return
        self._learned = learned
        before, self._state = self._state, new.results
        self._show_state(new)
        rows: Rows | None = new.results.recommendation
        if rows is not None and before.recommendation is not rows:
            self._show_answer(rows)
        if before.pinned != new.results.pinned:
            self.model.show_pins(frozenset(new.results.pinned))
        self._show_selected()

    def _show_uses(self, new: Snapshot) -> bool:
        """Keep what rows take in standard units; true where that is another thing than before."""
        rows: Rows | None = new.results.recommendation
        made_of = (rows, new.settings, new.archive.probes)
        if self._made_of == made_of:
            return False
        self._made_of = made_of
        self._uses = Uses(rows.summary, new.settings, new.archive.probes) if rows is not None else None
        self.model.show_uses(self._uses)
        if rows is not None and self._state.recommendation is rows:
            self._show_headline(rows)  # with a new answer it is shown later
        return True

    def _show_headline(self, rows: Rows) -> None:
        pick = rows.summary.pick
        self.headline.show_pick(rows.summary, rows.row(pick.index) if pick is not None else None, self._uses)

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.filter, self.view, self.details.measure)

    def focus_filter(self) -> None:
        """Put the cursor into the filter box."""
        self.tabs.setCurrentIndex(0)
        self.filter.setFocus()
        self.filter.selectAll()

    def summary_text(self) -> str:
        """Return the answer in a few lines, to copy."""
        rows: Rows | None = self._state.recommendation
        if rows is None:
            return ""
        summary = rows.summary
        if summary.pick is None:
            return summary.why_no_pick
        row = rows.row(summary.pick.index)
        verdict = wording.verdict_sentence(row.estimate)
        return f"{row.model}, {wording.format_label(row.format)}\n{summary.pick.reason.pick}\n{verdict}"

    def _content(self) -> QWidget:
        holder = QWidget()
        unit = theme.unit_px(self)
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit)
        self.headline = Headline()
        layout.addWidget(self.headline)
        strip = QWidget()
        self.approaches = FlowLayout(strip, spacing_px=unit)
        layout.addWidget(strip)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._group.buttonClicked.connect(self._on_group_clicked)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setAccessibleName("Results as table or plot")
        self.tabs.addTab(self._table(unit), "Table")
        self.pareto = ParetoTab()
        self.pareto.selected.connect(self.row_selected)
        self.tabs.addTab(self.pareto, "Plot")
        self.published = PublishedTab()
        self.tabs.addTab(self.published, "Published figures")
        self.tabs.currentChanged.connect(self._on_tabs_current_changed)
        self.details = DetailsPane()
        self.details.measure_requested.connect(self._on_measure_requested)
        self.details.pin_requested.connect(self.pin_requested)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        self.tabs.setMinimumHeight(26 * unit)
        splitter.addWidget(self.tabs)
        splitter.addWidget(self.details)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 0)
        layout.addWidget(splitter, 1)
        return holder

    def _table(self, unit: int) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, unit // 2)
        row.setSpacing(2 * unit)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by model or format")
        self.filter.setAccessibleName("Filter by model or format")
        self.filter.setClearButtonEnabled(True)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(FILTER_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause_timeout)
        self.filter.textChanged.connect(self._on_filter_changed)
        self.count = text.label(role="muted")
        self.fold = text.button("", role="link")
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._on_fold_toggled)
        self.filter.setMinimumWidth((12 if theme.is_wide_text(self) else 30) * unit)
        for widget in (self.fold, self.count, self.filter):
            row.addWidget(widget)
        self.count.setHidden(theme.is_wide_text(self))  # or the names of the tabs would be cut
        self.tabs.setCornerWidget(bar, Qt.Corner.TopRightCorner)
        self.view = ResultsView(self.model)
        self.view.selected.connect(self.row_selected)
        self.model.modelReset.connect(self._on_model_reset)  # after the view's own reaction, which forgets the row
        self.view.pin_requested.connect(self.pin_requested)
        self.view.measure_requested.connect(self._on_measure_requested)
        return self.view

    def _show_state(self, new: Snapshot) -> None:
        state = new.results
        self.notice.show_text(state.error or state.note)
        self.set_subtitle("Comparing models..." if state.busy else self._task_line())
        self.stack.setCurrentIndex(0 if state.recommendation is None else 1)
        text.set_because(self.report, "" if state.recommendation is not None else "There is no answer yet.")
        if state.recommendation is None and state.busy:
            self.empty.show_words(
                "Comparing models...", "Every model and format of the catalog is judged for your task."
            )

    def _task_line(self) -> str:
        rows: Rows | None = self._state.recommendation
        if rows is None:
            return ""
        summary = rows.summary
        words = " ".join(summary.task.text.split())
        kind = wording.kind_label(summary.task.kind)
        line = f"{kind}: {words}" if words else kind
        line = line if len(line) <= 150 else f"{line[:147]}..."
        return f"{line}\n{self._learned}" if self._learned else line

    def _show_answer(self, rows: Rows) -> None:
        summary = rows.summary
        self._show_headline(rows)
        self._show_approaches(summary, rows)
        self.fold.setChecked(summary.pick is None)
        self.model.show_rows(rows)
        self._choose_columns(rows)
        self.view.fit()
        self._show_counts()
        self._show_plot()

    def _choose_columns(self, rows: Rows) -> None:
        """Hide what would say nothing, or the same as another column, for this task."""
        summary = rows.summary
        sample = rows.row(summary.pick.index if summary.pick is not None else int(rows.order[0])) if len(rows) else None
        writes = sample is not None and sample.estimate.time_per_token.value is not None
        carbon = sample is not None and sample.carbon_per_1000_queries.value is not None
        self.view.show_columns({"carbon": not carbon, "time_to_first_token": not writes})

    def _show_approaches(self, summary: Summary, rows: Rows) -> None:
        for button in self._group.buttons():
            self._group.removeButton(button)
        self.approaches.clear()
        self.model.set_approach("")
        chosen = {row_key(rows.row(summary.pick.index))[2]} if summary.pick is not None else set()
        self._approach_button("All ways to do it", "", "")
        for approach in summary.approaches:
            mark = " ✓" if approach.id in chosen else ""
            tip = f"{approach.label}. Needs: {approach.needs}. {approach.limits}"
            button = self._approach_button(wording.approach_label(approach.id) + mark, approach.id, tip)
            if not approach.possible:
                text.set_because(button, f"Not possible: {approach.why_not}")
        self._group.buttons()[0].setChecked(True)

    def _approach_button(self, words: str, approach: str, tip: str) -> QPushButton:
        button = text.button(words, role="pill", tip=tip)
        button.setCheckable(True)
        button.setProperty("approach", approach)
        self._group.addButton(button)
        self.approaches.addWidget(button)
        button.show()
        return button

    def _show_counts(self) -> None:
        folded = self.model.num_folded
        self.count.setText(f"{self.model.rowCount():,} shown")
        self.fold.setVisible(folded > 0)
        verb = "hide" if self.fold.isChecked() else "show"
        self.fold.setText(f"{folded:,} do not fit or miss a need - {verb}")

    def _show_selected(self) -> None:
        rows: Rows | None = self._state.recommendation
        row = rows.row(self._state.selected) if rows is not None and self._state.selected is not None else None
        self.view.show_selected(self._state.selected)
        pinned = row is not None and row_key(row) in self._state.pinned
        self.details.show_row(row, pinned=pinned, uses=self._uses, answer=rows)
        self.pareto.show_selected(self._state.selected)
        self._show_published()

    def _show_plot(self) -> None:
        """Draw the plot when it can be seen."""
        self.pareto.show_rows(self._state.recommendation, self._state.selected)
        if self.tabs.currentWidget() is self.pareto:
            self.pareto.draw()
        self._show_published()

    def _show_published(self) -> None:
        state = self._state
        if self.tabs.currentWidget() is self.published:
            self.published.draw(state.recommendation, self._uses, state.selected, state.pinned)

    @Slot(int)
    def _on_measure_requested(self, index: int) -> None:
        rows: Rows | None = self._state.recommendation
        row: CandidateRow | None = rows.row(index) if rows is not None else None
        if row is not None:
            self.measure_requested.emit(row)

    @Slot()
    def _on_report_clicked(self) -> None:
        self.report_requested.emit()

    @Slot(int)
    def _on_tabs_current_changed(self, _place: int) -> None:
        self._show_plot()

    @Slot()
    def _on_filter_changed(self) -> None:
        self._pause.start()

    @Slot()
    def _on_pause_timeout(self) -> None:
        self.model.set_filter(self.filter.text())

    @Slot(bool)
    def _on_fold_toggled(self, shown: bool) -> None:
        self.model.set_folded(not shown)

    @Slot(object)
    def _on_group_clicked(self, button: QPushButton) -> None:
        self.model.set_approach(str(button.property("approach")))

    @Slot()
    def _on_model_reset(self) -> None:
        """Keep the chosen row chosen when it moved."""
        self._show_counts()
        self.view.show_selected(self._state.selected)

    @Slot()
    def show_plot(self) -> None:
        """Bring the plot to the front."""
        self.tabs.setCurrentWidget(self.pareto)

    @Slot()
    def copy_summary(self) -> None:
        """Put the answer on the clipboard."""
        QGuiApplication.clipboard().setText(self.summary_text())
