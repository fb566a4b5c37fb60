"""Bugs: logged, shown in one message that does not block, never sent anywhere."""

import faulthandler
import logging
import sys
import traceback
from types import TracebackType
from typing import IO

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from advisor import paths

_log = logging.getLogger(__name__)
_FAULT_FILE = "crash.txt"


class CrashHook(QObject):
    """Takes over `sys.excepthook`.

    Signals:
        crashed: the traceback as text.
    """

    crashed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._box: QMessageBox | None = None
        self._file: IO[str] | None = None
        self.window: QWidget | None = None
        self.crashed.connect(self._on_self_crashed)

    def install(self) -> str:
        """Start to catch, and write native crashes to a file.

        Returns:
            Text that a native crash left at an earlier start; empty when there was none.
        """
        sys.excepthook = self.handle
        return self._start_fault_file()

    def uninstall(self) -> None:
        """Give the hook back and close the file."""
        sys.excepthook = sys.__excepthook__
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None

    def handle(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log a bug and tell the user; Ctrl+C ends the app as usual."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _log.error("unexpected error\n%s", text)
        self.crashed.emit(text)

    def report(self, error: BaseException) -> None:
        """Handle a bug that a worker handed over."""
        self.handle(type(error), error, error.__traceback__)

    @Slot(str)
    def _on_self_crashed(self, text: str) -> None:
        if self._box is not None:
            return
        self._box = message(self.window, "Something went wrong in the app. Your work is still here.", text)
        self._box.finished.connect(self._on_box_finished)

    @Slot()
    def _on_box_finished(self) -> None:
        self._box = None

    def _start_fault_file(self) -> str:
        file = paths.log_folder() / _FAULT_FILE
        earlier = ""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists():
                earlier = file.read_text("utf-8", errors="replace")
            self._file = file.open("w", encoding="utf-8")
            faulthandler.enable(self._file)
        except OSError as error:
            _log.info("no crash file: %s", error)
        return earlier.strip()


def message(window: QWidget | None, text: str, details: str) -> QMessageBox:
    """Show one message without blocking; its details can be copied."""
    box = QMessageBox(QMessageBox.Icon.Warning, "Model Fit Advisor", text, QMessageBox.StandardButton.Close, window)
    box.setInformativeText("The details below were written to the log file. Nothing was sent.")
    box.setDetailedText(details)
    box.setModal(False)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.show()
    return box
