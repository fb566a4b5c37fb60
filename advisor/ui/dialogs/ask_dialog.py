"""A question with one thing to do and a way back, in a small window that does not block."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def ask(question: str, sentences: str, action: str, confirmed: Callable[[], None], parent: QWidget) -> QMessageBox:
    """Ask before something large is done.

    Args:
        question: what would be done, as a question.
        sentences: what it means.
        action: words of the button that does it.
        confirmed: called when that button is pressed.
        parent: the window below.
    """
    box = QMessageBox(QMessageBox.Icon.NoIcon, question, question, QMessageBox.StandardButton.Cancel, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(sentences)
    button = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    button.clicked.connect(confirmed)
    box.open()
    return box
