"""Which candidates run on the examples, what they are told, and the run itself."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from advisor import units
from advisor.ui import theme
from advisor.ui.examples_state import Choice, ExamplesState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card
from advisor.ui.widgets.typed_cell import TypedCell

NO_MODELS = (
    "There is no model on this computer that can be run. Download or convert one on the page Models, or put a folder "
    "with its ONNX file, config.json and tokenizer.json into the folder of models that the settings name."
)
LOOKING = "Looking which models are on this computer..."
RUN, STOP, STOPPING = "Run on the examples", "Stop", "Stopping..."
DESCRIBE = "What each label means, in a few words. An embedder compares texts with it; empty: the label itself."
_MOST_LABELS = 12


class ExamplesChoice(Card):
    """Boxes to tick, an instruction, label descriptions, button and progress.

    Signals:
        run_requested: keys of the choices, instruction, descriptions by label.
        stop_requested: stop.
        look_requested: look again which models there are.
    """

    run_requested = Signal(object, str, object)
    stop_requested = Signal()
    look_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Candidates", parent)
        unit = theme.unit_px(self)
        self._choices: tuple[Choice, ...] | None = None
        self._labels: tuple[str, ...] = ()
        self._known: dict[str, str] = {}
        self.boxes: dict[str, QCheckBox] = {}
        self.told = text.label(LOOKING, role="muted", wrap=True)
        self.list = QVBoxLayout()
        self.list.setSpacing(unit // 2)
        self.instruction = QLineEdit()
        self.instruction.setPlaceholderText("Instruction for language models; empty: the app's own")
        self.instruction.setAccessibleName("Instruction for language models")
        self.describe = text.label(DESCRIBE, role="muted", wrap=True)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels(["Label", "What it means"])
        self.table.setAccessibleName("What each label means")
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        self.error = text.label(role="accent", wrap=True)
        self.detail = text.label(role="muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the run")
        self.run = text.button(RUN, role="primary")
        self.stop = text.button(STOP)
        self.again = text.button("Look again")
        self.run.clicked.connect(self._on_run_clicked)
        self.stop.clicked.connect(self._on_stop_clicked)
        self.again.clicked.connect(self._on_again_clicked)
        row = QHBoxLayout()
        row.setSpacing(unit)
        row.addWidget(self.bar, 20)
        row.addStretch(1)
        for button in (self.again, self.run, self.stop):
            row.addWidget(button)
        self.body.addWidget(self.told)
        self.body.addLayout(self.list)
        for part in (self.instruction, self.describe, self.table, self.error, self.detail):
            self.body.addWidget(part)
        self.body.addLayout(row)

    def show_state(self, state: ExamplesState, why_not: str, known: dict[str, str]) -> None:
        """Show what can be chosen and what runs.

        Args:
            state: of the page.
            why_not: why nothing can be run now; empty when it can.
            known: descriptions of labels that the app brings.
        """
        if state.choices != self._choices:
            self._choices = state.choices
            self._show_choices(state.choices or ())
        labels = () if state.read is None else state.read.labels[:_MOST_LABELS]
        if labels != self._labels:
            self._labels, self._known = labels, known
            self._show_labels()
        usable = [item for item in state.choices or () if not item.why_not]
        self.told.setText(LOOKING if state.choices is None or state.looking else NO_MODELS)
        self.told.setHidden(bool(usable) and not state.looking)
        for part in (self.describe, self.table):
            part.setVisible(bool(labels))
        running = state.phase != "idle"
        left = f" About {units.duration(state.remaining_s)} left." if state.remaining_s else ""
        self.detail.setText(f"{state.detail}{left}")
        self.detail.setVisible(running)
        self.bar.setVisible(running)
        self.bar.setValue(round(1000 * state.done_share))
        self.error.setText(state.error)
        self.error.setVisible(bool(state.error))
        self.run.setVisible(not running)
        self.again.setVisible(not running)
        self.stop.setVisible(running)
        self.stop.setText(STOPPING if state.phase == "stopping" else STOP)
        text.set_because(self.run, why_not)

    def descriptions(self) -> dict[str, str]:
        """Return what was written beside the labels."""
        found = {}
        for row, label in enumerate(self._labels):
            item = self.table.item(row, 1)
            if item is not None and item.text().strip():
                found[label] = item.text().strip()
        return found

    def keys(self) -> list[str]:
        """Return the keys of what is ticked."""
        return [key for key, box in self.boxes.items() if box.isChecked()]

    def _show_choices(self, choices: tuple[Choice, ...]) -> None:
        ticked = set(self.keys())
        while (item := self.list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.boxes = {}
        for choice in choices:
            box = QCheckBox(f"{choice.name} - {choice.why_not}" if choice.why_not else choice.name)
            box.setChecked(choice.key in ticked and not choice.why_not)
            box.setToolTip(choice.help)
            box.setAccessibleDescription(choice.why_not or choice.help)
            box.setEnabled(not choice.why_not)
            self.boxes[choice.key] = box
            self.list.addWidget(box)

    def _show_labels(self) -> None:
        self.table.setRowCount(len(self._labels))
        for row, label in enumerate(self._labels):
            name = QTableWidgetItem(label)
            name.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.table.setItem(row, 0, name)
            self.table.setItem(row, 1, TypedCell(self._known.get(label, ""), f"What {label} means, empty"))
        row_px = max(self.table.verticalHeader().defaultSectionSize(), round(1.8 * self.fontMetrics().height()))
        self.table.verticalHeader().setDefaultSectionSize(row_px)
        head_px = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head_px + len(self._labels) * row_px + theme.unit_px(self) // 2)

    @Slot()
    def _on_run_clicked(self) -> None:
        self.run_requested.emit(self.keys(), self.instruction.text(), self.descriptions())

    @Slot()
    def _on_stop_clicked(self) -> None:
        self.stop_requested.emit()

    @Slot()
    def _on_again_clicked(self) -> None:
        self.look_requested.emit()
