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
        parse: Callable[[str, str, Settings], Any],
        refused: Callable[[AdvisorError], None],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker, the function that writes the file and the one that reads what was typed."""
        super().__init__(parent)
        self._store, self._save, self._parse = store, save, parse
        self._request: Request[None] = Request(
            run, answered=self._on_saved, refused=refused, broken=broken, parent=self
        )

    @Slot(str, object)
    def change(self, field: str, value: Any) -> None:  # noqa: ANN401
        """Set one field."""
        settings = msgspec.structs.replace(self._store.snapshot.settings, **{field: value})
        errors = self._errors_without(field)
        self._store.update(lambda old: msgspec.structs.replace(old, settings=settings, setting_errors=errors))
        self._request.ask(lambda: self._save(settings))

    @Slot(str, str)
    def change_text(self, field: str, text: str) -> None:
        """Set one field to what was typed; what cannot be used is said in place and changes nothing."""
        try:
            value = self._parse(field, text, self._store.snapshot.settings)
        except AdvisorError as error:
            errors = (*self._errors_without(field), (field, error.sentence()))
            self._store.update(lambda old: msgspec.structs.replace(old, setting_errors=errors))
            return
        self.change(field, value)

    def _errors_without(self, field: str) -> tuple[tuple[str, str], ...]:
        return tuple(item for item in self._store.snapshot.setting_errors if item[0] != field)

    def _on_saved(self, _nothing: None) -> None:
        """Nothing to show: the change was shown when it was made."""
