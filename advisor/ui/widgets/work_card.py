"""A download or a conversion: what it takes before it starts, how far it is, how it ended."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from advisor import units
from advisor.report import hub, wording
from advisor.ui import theme
from advisor.ui.models.simple_table import Cell, SimpleTableModel
from advisor.ui.models_state import WorkPlan, WorkState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.plain_table import PlainTable

CANCEL, CANCELLING = "&Cancel", "Cancelling..."
_CAREFUL = frozenset({"tight", "does-not-fit"})


class WorkCard(Card):
    """Plan, progress, end.

    Signals:
        start_requested: do what is planned.
        stop_requested: stop planning or working.
        put_away_requested: forget the plan, or what was said of the last work.
    """

    start_requested = Signal()
    stop_requested = Signal()
    put_away_requested = Signal()

    def __init__(self, what: str, start: str, anyway: str, parent: QWidget | None = None) -> None:
        """Build the card.

        Args:
            what: `Download`, as it is called.
            start: words of the button that starts it.
            anyway: the same where the result is tight or does not fit.
            parent: Qt parent.
        """
        super().__init__(what, parent)
        self._what, self._start, self._anyway = what, start, anyway
        self._state = WorkState()
        unit = theme.unit_px(self)
        self.error, self.done = Notice(), Notice()
        self.top = QVBoxLayout()
        self.verdict = text.selectable(text.label(wrap=True))
        self.facts_box = QWidget()
        self.facts = QGridLayout(self.facts_box)
        self.facts.setContentsMargins(0, 0, 0, 0)
        self.facts.setHorizontalSpacing(3 * unit)
        self.facts.setVerticalSpacing(unit // 2)
        self.facts.setColumnStretch(1, 1)
        self.notes = text.label(level="small", role="muted", wrap=True)
        self.file_model = SimpleTableModel(parent=self)
        self.files = PlainTable(f"Files of the {what.lower()}", self.file_model)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"Progress of the {what.lower()}")
        self.detail = text.label(role="muted", wrap=True)
        if self.title is not None:
            self.title.setWordWrap(True)
        self.body.addWidget(self.error)
        self.body.addWidget(self.done)
        self.body.addLayout(self.top)
        below: tuple[QWidget, ...] = (self.verdict, self.facts_box, self.notes, self.files, self.bar, self.detail)
        for widget in below:
            self.body.addWidget(widget)
        self.body.addLayout(self._buttons(unit))
        self.hide()

    def show_state(self, state: WorkState, why_not: str) -> None:
        """Show the work.

        Args:
            state: of it.
            why_not: why none can be started now; empty where some can.
        """
        before, self._state = self._state, state
        plan, busy = state.plan, state.phase in ("planning", "running", "stopping")
        self.setVisible(state.phase != "idle")
        planned = state.phase == "planned" and plan is not None
        if plan is not None and before.plan != plan:
            self._show_plan(plan)
        if self.title is not None:
            self.title.setText(f"{self._what} of {state.name}" if state.name else self._what)
        self._show_progress(state, busy=busy)
        self.verdict.setVisible(planned)
        self.facts_box.setVisible(planned)
        self.notes.setVisible(planned and bool(self.notes.text()))
        self.files.setVisible(planned and self.file_model.rowCount() > 0)
        self.start.setVisible(planned)
        self.start.setText(self._anyway if plan is not None and plan.verdict in _CAREFUL else self._start)
        text.set_because(self.start, why_not or (plan.why_not if plan is not None else ""))
        self.stop.setVisible(busy)
        self.away.setVisible(not busy)
        self.away.setText("Not now" if planned else "Close")
        self._announce(before, state)

    def _buttons(self, unit: int) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.start = text.button(self._start, role="primary")
        self.start.clicked.connect(self.start_requested)
        self.stop = text.button(CANCEL, tip="Esc")
        self.stop.clicked.connect(self.stop_requested)
        self.away = text.button("Not now")
        self.away.clicked.connect(self._on_away_clicked)
        for button in (self.start, self.stop, self.away):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _show_progress(self, state: WorkState, *, busy: bool) -> None:
        running = state.phase in ("running", "stopping")
        self.bar.setVisible(running)
        self.bar.setValue(round(1000 * state.done_share))
        left = "" if state.remaining_s is None else f" About {units.duration(state.remaining_s)} left."
        why_not = state.plan.why_not if state.plan is not None and state.phase == "planned" else ""
        self.detail.setText(why_not or f"{state.detail}{left if state.phase == 'running' else ''}")
        self.detail.setVisible(bool(self.detail.text()))
        self.stop.setText(CANCELLING if state.phase == "stopping" else CANCEL)
        text.set_because(self.stop, "It is being cancelled." if state.phase == "stopping" else "")
        self.error.show_text("" if busy else state.error)
        self.done.show_text(state.done)

    def _show_plan(self, plan: WorkPlan) -> None:
        while (item := self.facts.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for place, (name, value) in enumerate(plan.facts):
            self.facts.addWidget(text.label(name, role="muted"), place, 0, Qt.AlignmentFlag.AlignTop)
            self.facts.addWidget(text.selectable(text.label(value, wrap=True)), place, 1)
        self.verdict.setText(f"{wording.verdict_glyph(plan.verdict)} {plan.verdict_sentence}".strip())
        text.restyle(self.verdict, "verdict", plan.verdict)
        self.notes.setText("\n".join(plan.notes))
        cells = tuple(
            tuple(Cell(text=words, number=place == 1) for place, words in enumerate(row)) for row in plan.files
        )
        self.file_model.show_rows(hub.PLAN_TITLES, cells)
        self.files.fit(stretched=0)

    def _announce(self, before: WorkState, now: WorkState) -> None:
        """Tell a screen reader of stages and the end, never of each percent."""
        if now.phase == before.phase:
            return
        words = {"running": f"{self._what} started.", "stopping": CANCELLING, "ended": now.done or now.error}
        if told := words.get(now.phase, ""):
            event = QAccessibleAnnouncementEvent(self, told)
            if now.error:
                event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(event)

    @Slot()
    def _on_away_clicked(self) -> None:
        self.put_away_requested.emit()
