"""The power meters of this computer: which there are, which are used and why, what opens the locked ones."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPlainTextEdit, QWidget

from advisor.energy import ladder
from advisor.report import energy_document, energy_words
from advisor.ui import theme
from advisor.ui.models import energy_table
from advisor.ui.models.simple_table import SimpleTableModel
from advisor.ui.store import MeterState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.plain_table import PlainTable
from advisor.ui.widgets.stacked_bar import clear

LOOKING = "Looking for power meters..."
NOTHING_TO_CALIBRATE = "No meter of the processor or a graphics card can be read, so there is nothing to set it beside."
NEVER_ASKS = "This app never asks for these rights itself. Whoever looks after this computer may install the rule:"


class MeterCard(Card):
    """A sentence, the list, rules to copy, the user's wall meter.

    Signals:
        look_requested: look again.
        calibrate_requested: open the dialog of the wall meter.
        forget_requested: forget the user's wall meter.
    """

    look_requested = Signal()
    calibrate_requested = Signal()
    forget_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Power meters", parent)
        unit = theme.unit_px(self)
        self.told = text.selectable(text.label(LOOKING, wrap=True))
        self.model = SimpleTableModel(energy_table.METER_HEADERS, ())
        self.table = PlainTable("Power meters, the best of each part first", self.model)
        self.table.hide()
        self.rules = QWidget()
        self._rules = QGridLayout(self.rules)
        self._rules.setContentsMargins(0, 0, 0, 0)
        self._rules.setHorizontalSpacing(unit)
        self._rules.setVerticalSpacing(unit // 2)
        self._rules.setColumnStretch(0, 1)
        self.wall = text.selectable(text.label(wrap=True))
        for part in (self.told, self.table, self.rules, self.wall):
            self.body.addWidget(part)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.look = text.button("Look again", tip="Look for power meters again")
        self.look.setAccessibleName("Look for power meters again")
        self.calibrate = text.button("Calibrate with your own wall meter...")
        self.forget = text.button("Forget the wall meter")
        self.look.clicked.connect(self._on_look_clicked)
        self.calibrate.clicked.connect(self._on_calibrate_clicked)
        self.forget.clicked.connect(self._on_forget_clicked)
        row.addStretch(1)
        for button in (self.forget, self.look, self.calibrate):
            row.addWidget(button)
        self.body.addLayout(row)
        self._shown: MeterState | None = None

    def show_state(self, state: MeterState) -> None:
        """Show what was found."""
        if state == self._shown:
            return
        before, self._shown = self._shown, state
        text.set_because(self.look, LOOKING if state.busy else "")
        self.told.setText(state.error or (LOOKING if state.busy else energy_words.meters_sentence(state.infos)))
        chosen = ladder.choose(state.infos)
        text.set_because(self.calibrate, "" if {"cpu", "gpu"} & set(chosen) else NOTHING_TO_CALIBRATE)
        self.wall.setText(energy_document.wall_sentence(state.wall) if state.wall is not None else "")
        self.wall.setVisible(state.wall is not None)
        self.forget.setVisible(state.wall is not None)
        if before is not None and before.infos == state.infos:
            return
        self.model.show_rows(energy_table.METER_HEADERS, energy_table.meter_cells(state.infos))
        self.table.fit(stretched=len(energy_table.METER_HEADERS) - 1)
        self._show_rules(energy_document.remedies(state.infos))

    def _show_rules(self, rules: list[tuple[str, str]]) -> None:
        clear(self._rules)
        self.rules.setVisible(bool(rules))
        if not rules:
            return
        self._rules.addWidget(text.label(NEVER_ASKS, role="muted", wrap=True), 0, 0, 1, 2)
        for place, (title, rule) in enumerate(rules):
            box = QPlainTextEdit(rule)
            box.setReadOnly(True)
            box.setTabChangesFocus(True)
            box.setAccessibleName(title)
            lines = min(8, rule.count("\n") + 2)
            box.setFixedHeight(lines * box.fontMetrics().lineSpacing() + 3 * theme.unit_px(self))
            copy = text.button("Copy", tip=title)
            copy.setAccessibleName(f"Copy the rule: {title}")
            copy.setProperty("rule", rule)
            copy.clicked.connect(self._on_copy_clicked)
            self._rules.addWidget(text.label(title, wrap=True), 2 * place + 1, 0, 1, 2)
            self._rules.addWidget(box, 2 * place + 2, 0)
            self._rules.addWidget(copy, 2 * place + 2, 1)

    @Slot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(str(self.sender().property("rule")))

    @Slot()
    def _on_look_clicked(self) -> None:
        self.look_requested.emit()

    @Slot()
    def _on_calibrate_clicked(self) -> None:
        self.calibrate_requested.emit()

    @Slot()
    def _on_forget_clicked(self) -> None:
        self.forget_requested.emit()
