"""Sets the user's own meter at the plug beside the meters of this computer, pair by pair."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from advisor.energy.wall import LEAST_PAIRS, WallPair
from advisor.report import energy_document
from advisor.ui import theme
from advisor.ui.store import MeterState
from advisor.ui.widgets import text

TITLE = "Calibrate with your own wall meter"
STEPS = (
    "Plug the computer into your power meter; a laptop with a full battery. Keep a steady load for half a minute, "
    "press Read now, and write down what the plug shows at that moment. Do so at five loads or more: doing nothing, a "
    "video, a program that works hard. Energies of probes are then also told as they are at the plug."
)
READING = "Reading for three seconds..."


class WallDialog(QDialog):
    """Rows of two powers; does not block.

    Signals:
        read_requested: read the meters of this computer.
        keep_requested: the pairs, to fit and keep.
    """

    read_requested = Signal()
    keep_requested = Signal(object)

    def __init__(self, state: MeterState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(TITLE)
        unit = theme.unit_px(self)
        self.resize(80 * unit, 52 * unit)
        self._asked: int | None = None
        self._num_reads = state.num_reads
        self._kept = state.wall
        self._rows: list[tuple[QLineEdit, QLineEdit, QPushButton]] = []
        layout = QVBoxLayout(self)
        layout.addWidget(text.label(STEPS, wrap=True))
        content = QWidget()
        content.setProperty("role", "content")
        self._grid = QGridLayout(content)
        self._grid.setHorizontalSpacing(2 * unit)
        for column, words in enumerate(("", "This computer's meters (W)", "", "At the plug (W)")):
            self._grid.addWidget(text.label(words, role="muted"), 0, column)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        area.setAccessibleName("Pairs of readings")
        layout.addWidget(area, 1)
        self.more = text.button("&Another load")
        self.more.clicked.connect(self._on_more_clicked)
        self.told = text.selectable(text.label(wrap=True))
        self.told.hide()
        layout.addWidget(self.told)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.more, QDialogButtonBox.ButtonRole.ActionRole)
        self.keep = text.button("&Fit and keep", role="primary")
        self.keep.clicked.connect(self._on_keep_clicked)
        buttons.addButton(self.keep, QDialogButtonBox.ButtonRole.ApplyRole)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        for _ in range(LEAST_PAIRS):
            self._on_more_clicked()
        if state.wall is not None:
            for (meters, wall, _button), pair in zip(self._rows, state.wall.pairs, strict=False):
                meters.setText(f"{pair.meters_w:.1f}")
                wall.setText(f"{pair.wall_w:.1f}")
        self.show_state(state)

    def show_state(self, state: MeterState) -> None:
        """Fill in what was read, say what came out or what stands in the way."""
        if state.num_reads != self._num_reads and self._asked is not None and state.now_w is not None:
            meters, wall, _button = self._rows[self._asked]
            meters.setText(f"{state.now_w:.1f}")
            wall.setFocus()
        self._num_reads = state.num_reads
        for _meters, _wall, button in self._rows:
            text.set_because(button, READING if state.reading else "")
        words = READING if state.reading else state.wall_error
        if not words and state.wall is not None and state.wall != self._kept:
            words = f"Kept. {energy_document.wall_sentence(state.wall)}"
        self.told.setText(words)
        self.told.setVisible(bool(words))

    @Slot()
    def _on_more_clicked(self) -> None:
        number = len(self._rows) + 1
        name = f"Load {number}"
        meters, wall, button = QLineEdit(), QLineEdit(), text.button("Read now")
        meters.setAccessibleName(f"{name}: watts of this computer's meters")
        wall.setAccessibleName(f"{name}: watts at the plug")
        button.setAccessibleName(f"{name}: read this computer's meters now")
        button.setProperty("row", number - 1)
        button.clicked.connect(self._on_read_clicked)
        self._rows.append((meters, wall, button))
        for column, widget in enumerate((text.label(name), meters, button, wall)):
            self._grid.addWidget(widget, number, column)
        self._grid.setRowStretch(number, 0)
        self._grid.setRowStretch(number + 1, 1)

    @Slot()
    def _on_read_clicked(self) -> None:
        self._asked = int(self.sender().property("row"))
        self.read_requested.emit()

    @Slot()
    def _on_keep_clicked(self) -> None:
        """Hand the pairs on; a row that is half filled or no number is said in place."""
        pairs = []
        for number, (meters, wall, _button) in enumerate(self._rows, 1):
            if not meters.text().strip() and not wall.text().strip():
                continue
            values = [_number(edit.text()) for edit in (meters, wall)]
            if values[0] is None or values[1] is None:
                self.told.setText(f"Load {number}: both fields need a number of watts.")
                self.told.show()
                return
            pairs.append(WallPair(meters_w=values[0], wall_w=values[1]))
        self.keep_requested.emit(tuple(pairs))


def _number(words: str) -> float | None:
    try:
        return float(words.strip().replace(",", "."))
    except ValueError:
        return None
