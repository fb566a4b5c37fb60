"""Describe the work in words, see what was understood, correct it."""

from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QPlainTextEdit, QWidget
from typing_extensions import override

from advisor import units
from advisor.task.model import TaskSpec
from advisor.ui import theme
from advisor.ui.pages.task_fields import GROUPS, FieldInfo, fields
from advisor.ui.store import Snapshot, TaskState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card, Notice
from advisor.ui.widgets.chip import Chip
from advisor.ui.widgets.controls import ChoiceControl, LabelledField, WordsControl
from advisor.ui.widgets.flow_layout import FlowLayout
from advisor.ui.widgets.page import Page

EXAMPLES: tuple[tuple[str, str], ...] = (
    (
        "Sort e-mails",
        "Sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second",
    ),
    ("Summarise contracts", "Summarise 20-page contracts in German, 30 a day, good quality, commercial use"),
    ("Chat offline", "Chat assistant in English for one person, offline, at most 4 GB of memory, good quality"),
)
PAUSE_MS = 350
"""Words are read when typing stops for this long."""


class TaskPage(Page):
    """Words, chips and fields.

    Signals:
        text_changed: the words, after a pause.
        chip_removed: name of a field.
        control_changed: name of a field and its value, or None.
        find_requested: find models now.
    """

    text_changed = Signal(str)
    chip_removed = Signal(str)
    control_changed = Signal(str, object)
    find_requested = Signal()

    def __init__(self, languages: dict[str, str]) -> None:
        """Build the page.

        Args:
            languages: name by code.
        """
        super().__init__("Task", "Say what you want done. Your words are read on this computer and sent nowhere.")
        self._infos: dict[str, FieldInfo] = {info.field: info for info in fields(languages)}
        self.fields: dict[str, LabelledField] = {}
        self._by_hand: set[str] = set()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._on_pause_timeout)
        self.notice = Notice()
        self.body.addWidget(self._words_card())
        self.body.addWidget(self.notice)
        self.body.addWidget(self._fields_grid())
        self.clear = text.button("Forget what I set by hand", role="link")
        self.clear.clicked.connect(self._on_clear_clicked)
        self.clear.hide()
        row = QHBoxLayout()
        row.addWidget(self.clear)
        row.addStretch(1)
        self.body.addLayout(row)
        self.body.addStretch(1)

    def set_presets(self, presets: tuple[tuple[str, dict[str, object]], ...]) -> None:
        """Offer the tasks of AI Energy Score: name of each, and the fields that it sets."""
        self.presets = QMenu(self)
        for name, values in presets:
            action = self.presets.addAction(name)
            action.setData(values)
            action.triggered.connect(self._on_preset_triggered)
        self.preset_button.setMenu(self.presets)
        self.preset_button.show()

    def set_regions(self, regions: tuple[tuple[str, str], ...]) -> None:
        """Offer electricity grids: code and name of each."""
        control = self.fields["region"].control
        if isinstance(control, ChoiceControl):
            control.set_choices(((None, "Not said"), *regions))

    @override
    def show_snapshot(self, old: Snapshot | None, new: Snapshot) -> None:
        if old is None or old.results.busy != new.results.busy:
            text.set_because(self.find_models, "Models are being compared." if new.results.busy else "")
        if old is not None and old.job == new.job:
            return
        job = new.job
        if self.words.toPlainText() != job.text and not self._pause.isActive():
            self.words.setPlainText(job.text)
            self._pause.stop()
        self._show_chips(job)
        self._show_notes(job)
        self._show_fields(job)

    @override
    def run_wanted(self) -> None:
        self._on_find_clicked()

    @override
    def panes(self) -> tuple[QWidget, ...]:
        return (self.words, self.fields["kind"].control, self.fields["num_queries_per_day"].control)

    def _words_card(self) -> Card:
        card = Card()
        unit = theme.unit_px(self)
        self.words = QPlainTextEdit()
        self.words.setAccessibleName("Describe the task")
        self.words.setPlaceholderText("For example: sort 500 support emails a day into 6 topics, German and Hindi")
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(round(8.5 * unit))
        self.words.setFont(theme.scaled_font("heading"))
        self.words.textChanged.connect(self._on_words_changed)
        card.body.addWidget(self.words)
        self.chips = FlowLayout(spacing_px=unit)
        holder = QWidget()
        holder.setLayout(self.chips)
        card.body.addWidget(holder)
        self.not_understood: QLabel = text.label(role="muted", wrap=True)
        self.not_understood.hide()
        card.body.addWidget(self.not_understood)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(text.label("Try:", role="muted"))
        self.examples = []
        for name, words in EXAMPLES:
            button = text.button(name, role="link", tip=words)
            button.setProperty("words", words)
            button.clicked.connect(self._on_example_clicked)
            self.examples.append(button)
            row.addWidget(button)
        self.preset_button = text.button(
            "As AI Energy Score measures it", role="link",
            tip="Sizes of one query as in AI Energy Score's tasks, so that energy can be set beside its results",
        )  # fmt: skip
        self.preset_button.hide()
        row.addWidget(self.preset_button)
        row.addStretch(1)
        self.find_models = text.button("Find models", role="primary")
        self.find_models.clicked.connect(self._on_find_clicked)
        row.addWidget(self.find_models)
        card.body.addLayout(row)
        return card

    def _fields_grid(self) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        unit = theme.unit_px(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2 * unit)
        self._grids: dict[str, QGridLayout] = {}
        for place, title in enumerate(GROUPS):
            card = Card(title)
            inner = QGridLayout()
            inner.setHorizontalSpacing(2 * unit)
            inner.setVerticalSpacing(unit)
            inner.setColumnStretch(0, 1)
            inner.setColumnStretch(1, 1)
            card.body.addLayout(inner)
            card.body.addStretch(1)
            self._grids[title] = inner
            grid.addWidget(card, place // 2, place % 2)
            grid.setColumnStretch(place % 2, 1)
        for info in self._infos.values():
            control = info.make()
            field = LabelledField(info.words, control, info.hint)
            control.chosen.connect(self.control_changed)
            if isinstance(control, WordsControl):
                control.misunderstood.connect(self._on_control_misunderstood)
            self.fields[info.field] = field
        self._arrange(None)
        return holder

    def _arrange(self, kind: str | None) -> None:
        """Show the fields that matter for a kind of task, without holes."""
        for title, grid in self._grids.items():
            infos = [info for info in self._infos.values() if info.group == title]
            shown = [info for info in infos if kind is None or kind in info.kinds]
            for info in infos:
                grid.removeWidget(self.fields[info.field])
                self.fields[info.field].hide()
            for place, info in enumerate(shown):
                grid.addWidget(self.fields[info.field], place // 2, place % 2)
                self.fields[info.field].show()

    def _show_chips(self, job: TaskState) -> None:
        self.chips.clear()
        by_hand = {name for name, _ in job.controls}
        chips = job.description.chips if job.description is not None else ()
        for chip in chips:
            if chip.field in job.removed or chip.field in by_hand:
                continue
            widget = Chip(chip.field, chip.label, read_from=chip.words)
            widget.chosen.connect(self._on_chip_chosen)
            widget.removed.connect(self.chip_removed)
            self.chips.addWidget(widget)
            widget.show()
        self.chips.invalidate()

    def _show_notes(self, job: TaskState) -> None:
        lines = []
        if job.description is not None:
            if job.description.not_understood:
                lines.append(f"Not understood: {', '.join(job.description.not_understood)}.")
            if not dict(job.controls).get("kind"):
                lines += job.description.notes
        self.not_understood.setText(" ".join(lines))
        self.not_understood.setVisible(bool(lines))
        self.notice.show_text(" ".join((job.error, *job.problems)).strip())

    def _show_fields(self, job: TaskState) -> None:
        self._arrange(job.task.kind if job.task is not None else None)
        by_hand = self._by_hand = {name for name, _ in job.controls}
        self.clear.setVisible(bool(by_hand))
        defaults = TaskSpec(kind="generation")
        for name, field in self.fields.items():
            value: Any = getattr(job.task, name) if job.task is not None else None
            if name in {"quality_need", "licence_need"} and value == getattr(defaults, name) and name not in by_hand:
                value = None
            field.control.show_value(value, self._usual(job, name))  # type: ignore[union-attr]
            field.show_mark("set by you" if name in by_hand else "")

    def _usual(self, job: TaskState, name: str) -> str:
        unit = self._infos[name].usual_unit
        if not unit or job.workload is None or name not in job.workload.assumed_fields:
            return ""
        value = float(getattr(job.workload, name))
        return units.duration(value) if unit == "s" else f"{value:,.0f}"

    @Slot()
    def _on_words_changed(self) -> None:
        self._pause.start()

    @Slot()
    def _on_pause_timeout(self) -> None:
        self.text_changed.emit(self.words.toPlainText())

    @Slot()
    def _on_example_clicked(self) -> None:
        self.words.setPlainText(str(self.sender().property("words")))
        self._pause.stop()
        self._on_pause_timeout()

    @Slot()
    def _on_find_clicked(self) -> None:
        if self._pause.isActive():
            self._pause.stop()
            self._on_pause_timeout()
        self.find_requested.emit()

    @Slot(str)
    def _on_chip_chosen(self, field: str) -> None:
        if field in self.fields:
            self.fields[field].control.setFocus()

    @Slot(str)
    def _on_control_misunderstood(self, word: str) -> None:
        self.notice.show_text(f"{word} is not a language this app knows. Write its English name.")

    @Slot()
    def _on_preset_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            for name, value in action.data().items():
                self.control_changed.emit(name, value)

    @Slot()
    def _on_clear_clicked(self) -> None:
        for name in sorted(self._by_hand):
            self.control_changed.emit(name, None)
