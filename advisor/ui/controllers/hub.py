"""A hub, asked when the user says so: search, and what the headers of one model say. Stopped at once when wanted."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.request import Request, Run
from advisor.ui.models_state import HubQuery, HubState, ModelView
from advisor.ui.store import Store, with_chosen_model, with_models

NO_WORDS = "Write a word of the model's name first, or choose what it is for."
Look = Callable[[str, str, HardwareProfile | None, Settings, threading.Event], ModelView]


class HubController(QObject):
    """Asks one question at a time; a newer one ends the older."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        search: Callable[[HubQuery, threading.Event], HubState],
        look: Look,
        host: Callable[[], str],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and three functions of the domain; ask nobody.

        Args:
            store: what the window knows.
            run: a worker of its own, since a hub may take long to answer.
            search: asks for models.
            look: asks for the headers of one.
            host: who would be asked; asks nobody.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._search, self._look = store, search, look
        self._stopped = threading.Event()
        self._found: Request[HubState] = Request(
            run, answered=self._on_found, refused=self._on_refused, broken=broken, parent=self
        )
        self._looked: Request[ModelView] = Request(
            run, answered=self._on_looked, refused=self._on_refused, broken=broken, parent=self
        )
        store.update(lambda old: with_models(old, "hub", host=host()))

    @Slot(object)
    def search(self, query: HubQuery) -> None:
        """Ask for models."""
        if not query.words.strip() and query.task is None:
            self._change(error=NO_WORDS)
            return
        stopped = self._begin("Searching")
        self._found.ask(lambda: self._search(query, stopped))

    @Slot(str, str)
    def look(self, model_id: str, revision: str) -> None:
        """Ask for the headers of one model at a revision, empty for its main one."""
        snapshot = self._store.snapshot
        profile, settings = snapshot.machine.profile, snapshot.settings
        stopped = self._begin(f"Reading the headers of {model_id}")
        self._looked.ask(lambda: self._look(model_id, revision, profile, settings, stopped))

    @Slot()
    def stop(self) -> None:
        """Wait for no answer any more."""
        self._stopped.set()
        self._found.forget()
        self._looked.forget()
        self._change(asking="")

    def _begin(self, doing: str) -> threading.Event:
        self.stop()
        self._stopped = threading.Event()
        self._store.update(lambda old: with_models(with_models(old, "here", told="", error=""), "local", error=""))
        self._change(asking=f"{doing}: asking {self._store.snapshot.models.hub.host} over the network.", error="")
        return self._stopped

    def _on_found(self, found: HubState) -> None:
        self._change(
            asking="", host=found.host, sentence=found.sentence, found=found.found, searched=True
        )  # fmt: skip

    def _on_looked(self, view: ModelView) -> None:
        self._change(asking="")
        self._store.update(lambda old: with_chosen_model(old, view))

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(asking="", error=error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_models(old, "hub", **fields))
