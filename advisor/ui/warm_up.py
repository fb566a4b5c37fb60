"""Loads and makes the pages that are not in front yet, a little in each turn of the event loop."""

import importlib
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

PAUSE_MS = 5
"""[ms] Between two steps, so that clicks and paints come first."""
MODULES: tuple[str, ...] = (
    "pages.task_fields", "pages.task_page", "models.results_model", "widgets.headline", "widgets.memory_bar",
    "models.basis", "widgets.details", "widgets.results_view", "dialogs.table_dialog", "pages.results_page",
)  # fmt: skip
PAGES: tuple[str, ...] = ("task", "results")
"""The ways to an answer; other pages take less than a paint to make."""


class WarmUp(QObject):
    """One step a turn: a module, then a page.

    Signals:
        ended: all is made.
    """

    ended = Signal()

    def __init__(self, make_page: Callable[[str], object], parent: QObject | None = None) -> None:
        """Keep `make_page(name)`; nothing happens before `start`."""
        super().__init__(parent)
        self._make_page = make_page
        self._modules, self._pages = list(MODULES), list(PAGES)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._on_timer_timeout)

    def start(self) -> None:
        """Begin with the next turn."""
        self._timer.start()

    def stop(self) -> None:
        """Leave the rest to be made when it is wanted."""
        self._timer.stop()

    @Slot()
    def _on_timer_timeout(self) -> None:
        if self._modules:
            importlib.import_module(f"advisor.ui.{self._modules.pop(0)}")
        elif self._pages:
            self._make_page(self._pages.pop(0))
        else:
            self.ended.emit()
            return
        self._timer.start()
