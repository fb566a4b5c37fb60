"""A model on this computer: two buttons, a place to drop it, and why what was opened cannot be read."""

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from advisor.ui import theme
from advisor.ui.models_state import LocalState
from advisor.ui.widgets import text
from advisor.ui.widgets.card import Notice

HOW = (
    "Open the folder of a model (safetensors with its config.json, or ONNX), or one .safetensors, .gguf or .onnx file; "
    "or drop it on this page. Only the headers are read: what it is, how large, and whether it fits here. The files "
    "stay where they are and nothing is sent."
)
ENDINGS = (".safetensors", ".gguf", ".onnx", ".safetensors.index.json")
FILE_KIND = "Models (*.safetensors *.gguf *.onnx *.index.json);;All files (*)"
READING = "It is being read."


class LocalOpen(QWidget):
    """Words and buttons.

    Signals:
        open_requested: path of a folder or file.
    """

    open_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit)
        self.told = text.label(HOW, role="muted", wrap=True)
        layout.addWidget(self.told)
        row = QHBoxLayout()
        row.setSpacing(unit)
        self.folder = text.button("Open a &folder...", role="primary")
        self.file = text.button("Open a fi&le...")
        self.folder.clicked.connect(self.choose_folder)
        self.file.clicked.connect(self.choose_file)
        row.addWidget(self.folder)
        row.addWidget(self.file)
        row.addStretch(1)
        layout.addLayout(row)
        self.error = Notice()
        layout.addWidget(self.error)

    def show_state(self, state: LocalState) -> None:
        """Show what is being read, or why it cannot be."""
        self.told.setText(f"Reading the headers of {Path(state.path).name}..." if state.busy else HOW)
        for button in (self.folder, self.file):
            text.set_because(button, READING if state.busy else "")
        self.error.show_text("" if state.busy else state.error)

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder."""
        self._ask("Open the folder of a model", QFileDialog.FileMode.Directory)

    @Slot()
    def choose_file(self) -> None:
        """Ask for a file."""
        self._ask("Open a model's file", QFileDialog.FileMode.ExistingFile)

    def _ask(self, title: str, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        if mode == QFileDialog.FileMode.ExistingFile:
            dialog.setNameFilter(FILE_KIND)
        dialog.fileSelected.connect(self.open_requested)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def dropped_model(data: QMimeData) -> str:
    """Return the path of the one folder or weight file that is dragged, or nothing."""
    places = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    if len(places) != 1:
        return ""
    place = places[0]
    return str(place) if place.name.lower().endswith(ENDINGS) or place.is_dir() else ""
