"""A few sentences in a small window that does not block."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def note(title: str, sentences: str, parent: QWidget) -> QMessageBox:
    """Show sentences until they are closed."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, sentences, QMessageBox.StandardButton.Close, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setModal(False)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.show()
    return box
