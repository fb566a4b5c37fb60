"""An ONNX file of the user's: a button to open one, a place to drop one, and what was measured of it."""

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QProgressBar, QSpinBox, QWidget

from advisor import units
from advisor.ui import theme
from advisor.ui.store import FileState, FileView
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Card

WHAT_IT_IS = (
    "Any .onnx file can be measured, from wherever you have it: open one here or drop it on this page. Inputs are made "
    "for it; the file stays where it is and nothing is sent."
)
OPEN, STOP, STOPPING = "Open an ONNX file...", "Stop", "Stopping..."
FILE_KIND = "ONNX models (*.onnx);;All files (*)"
_MOST = 2**31 - 1


class FileCard(Card):
    """Button, progress, result, and the sizes the file left open.

    Signals:
        measure_requested: path of a file, and sizes of its free dimensions by name.
        stop_requested: stop.
    """

    measure_requested = Signal(str, object)
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("An ONNX file of yours", parent)
        self._state = FileState()
        self._sizes: dict[str, QSpinBox] = {}
        self.told = text.selectable(text.label(WHAT_IT_IS, role="muted", wrap=True))
        self.error = text.label(role="accent", wrap=True)
        self.error.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of measuring the file")
        self.open = text.button(OPEN)
        self.open.clicked.connect(self.choose_file)
        self.stop = text.button(STOP)
        self.stop.clicked.connect(self._on_stop_clicked)
        self.again = text.button("Measure again with these sizes")
        self.again.clicked.connect(self._on_again_clicked)
        row = QHBoxLayout()
        row.setSpacing(theme.unit_px(self))
        row.addWidget(self.bar, 20)
        row.addStretch(1)
        for button in (self.again, self.open, self.stop):
            row.addWidget(button)
        self.grid, self.sizes = QGridLayout(), QGridLayout()
        for grid in (self.grid, self.sizes):
            grid.setHorizontalSpacing(3 * theme.unit_px(self))
            grid.setVerticalSpacing(theme.unit_px(self) // 2)
            grid.setColumnStretch(2, 1)
        self.trust = text.selectable(text.label(role="muted", wrap=True))
        self.notes = text.selectable(text.label(level="small", role="muted", wrap=True))
        for part in (self.told, self.error):
            self.body.addWidget(part)
        self.body.addLayout(self.grid)
        self.body.addWidget(self.trust)
        self.body.addLayout(self.sizes)
        self.body.addWidget(self.notes)
        self.body.addLayout(row)
        self.show_state(self._state, "")

    def show_state(self, state: FileState, why_not: str) -> None:
        """Show a measurement that runs or is done.

        Args:
            state: of the file.
            why_not: why none can be started now; empty when one can.
        """
        before, self._state = self._state, state
        running = state.phase != "idle"
        self.told.setText(_heading(state))
        self.error.setText(state.error)
        self.error.setVisible(bool(state.error))
        self.bar.setVisible(running)
        self.bar.setValue(round(1000 * state.done_share))
        self.stop.setVisible(running)
        self.stop.setText(STOPPING if state.phase == "stopping" else STOP)
        self.open.setVisible(not running)
        text.set_because(self.open, why_not)
        view = state.view
        self.again.setVisible(not running and view is not None and bool(view.free))
        text.set_because(self.again, why_not)
        if before.view != view:
            self._show_view(view)
        for label in (self.trust, self.notes):
            label.setVisible(view is not None)

    @Slot()
    def choose_file(self) -> None:
        """Ask which file to measure."""
        dialog = QFileDialog(self, "Open an ONNX file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(FILE_KIND)
        dialog.fileSelected.connect(self._on_file_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        self.measure_requested.emit(path, {})

    @Slot()
    def _on_again_clicked(self) -> None:
        sizes = {name: box.value() for name, box in self._sizes.items()}
        self.measure_requested.emit(self._state.path, sizes)

    @Slot()
    def _on_stop_clicked(self) -> None:
        self.stop_requested.emit()

    def _show_view(self, view: FileView | None) -> None:
        for grid in (self.grid, self.sizes):
            _clear(grid)
        self._sizes = {}
        if view is None:
            return
        for place, figure in enumerate(view.figures):
            self.grid.addWidget(text.label(figure.name), place, 0)
            self.grid.addWidget(text.selectable(text.label(figure.value, level="heading")), place, 1)
            self.grid.addWidget(text.label(figure.basis, role="muted", wrap=True), place, 2)
        for place, free in enumerate(view.free):
            box = QSpinBox()
            box.setRange(min(1, free.value), _MOST)  # 0: of what was read before, in a decoder
            box.setValue(free.value)
            box.setAccessibleName(f"Size of {free.name}")
            self._sizes[free.name] = box
            self.sizes.addWidget(text.label(f"Size of {free.name}"), place, 0)
            self.sizes.addWidget(box, place, 1)
            self.sizes.addWidget(text.label(free.why, role="muted", wrap=True), place, 2)
        made = [f"Input {name}: {kind} {shape}, {values}." for name, kind, shape, values in view.inputs]
        first, *rest = view.notes
        self.trust.setText("\n".join((first, *(f"•  {line}" for line in rest))))
        self.notes.setText("\n".join((*view.about, *made)))


def dropped_file(data: QMimeData) -> str:
    """Return the path of the one ONNX file that is dragged, or nothing; of an ORT file the reader says why not."""
    paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    found = [path for path in paths if path.lower().endswith((".onnx", ".ort"))]
    return found[0] if len(found) == 1 else ""


def _heading(state: FileState) -> str:
    name = Path(state.path).name
    if state.phase != "idle":
        left = f", about {units.duration(state.remaining_s)} left" if state.remaining_s else ""
        return f"Measuring {name}{left}. {state.detail}".strip()
    return state.view.sentence if state.view is not None else WHAT_IT_IS


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
