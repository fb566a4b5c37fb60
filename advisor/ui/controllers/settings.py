"""Settings: changed at once, written off the GUI thread."""

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.settings import Settings
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import Store


class SettingsController(QObject):
    """Reacts to what is chosen on the page Settings."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        save: Callable[[Settings], None],
        refused: Callable[[AdvisorError], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and the function that writes the file."""
        super().__init__(parent)
        self._store, self._save = store, save
        self._request: Request[None] = Request(
            run, answered=self._on_saved, refused=refused, broken=broken, parent=self
        )

    @Slot(str, object)
    def change(self, field: str, value: Any) -> None:  # noqa: ANN401
        """Set one field."""
        settings = msgspec.structs.replace(self._store.snapshot.settings, **{field: value})
        self._store.update(lambda old: msgspec.structs.replace(old, settings=settings))
        self._request.ask(lambda: self._save(settings))

    def _on_saved(self, _nothing: None) -> None:
        """Nothing to show: the change was shown when it was made."""
