"""Models of the user's own: read one on this computer, add it to the candidates, list and remove what is here."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.request import Request, Run
from advisor.ui.models_state import HereRow, ModelView
from advisor.ui.store import Store, with_chosen_model, with_models

NOTHING_TO_ADD = "Choose a model first."


class OwnModelsController(QObject):
    """Reacts to a folder or file that is opened, and to what is asked of the list.

    Signals:
        candidates_changed: a model was added or removed, so every answer may change.
        removed: the `HereRow` that is gone.
    """

    candidates_changed = Signal()
    removed = Signal(object)

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        look: Callable[[str, HardwareProfile | None, Settings], ModelView],
        add: Callable[[ModelView], str],
        remove: Callable[[HereRow, Settings], str],
        here: Callable[[Settings], tuple[tuple[HereRow, ...], str]],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and four functions of the domain.

        Args:
            store: what the window knows.
            run: the worker.
            look: from a path to what its headers say.
            add: keeps a model and says so.
            remove: takes one away and says so.
            here: returns what is here, and why the list of the user's models is not used.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._look, self._add, self._remove, self._here = store, look, add, remove, here
        self._looking: Request[ModelView] = Request(
            run, answered=self._on_looked, refused=self._on_look_refused, broken=broken, parent=self
        )
        self._going: HereRow | None = None
        self._changing: Request[str] = Request(
            run, answered=self._on_changed, refused=self._on_change_refused, broken=broken, parent=self
        )
        self._listing: Request[tuple[tuple[HereRow, ...], str]] = Request(
            run, answered=self._on_listed, refused=self._on_change_refused, broken=broken, parent=self
        )

    @Slot(str)
    def open(self, path: str) -> None:
        """Read the headers of a folder or file and show what they say."""
        snapshot = self._store.snapshot
        profile, settings = snapshot.machine.profile, snapshot.settings
        self._change("local", path=path, busy=True, error="")
        self._change("here", told="", error="")
        self._change("hub", error="")
        self._looking.ask(lambda: self._look(path, profile, settings))

    @Slot()
    def add(self) -> None:
        """Put the model that is shown among the candidates."""
        view = self._store.snapshot.models.chosen
        self._going = None
        if view is None or view.own is None:
            self._change("here", error=NOTHING_TO_ADD if view is None else view.why_not_add, told="")
            return
        self._change("here", error="", told="")
        self._changing.ask(lambda: self._add(view))

    @Slot(object)
    def remove(self, row: HereRow) -> None:
        """Take one away; the page has asked whether it is meant."""
        settings = self._store.snapshot.settings
        self._going = row
        self._change("here", error="", told="")
        self._changing.ask(lambda: self._remove(row, settings))

    @Slot()
    def load(self) -> None:
        """Look what is here."""
        settings = self._store.snapshot.settings
        self._listing.ask(lambda: self._here(settings))

    def _on_looked(self, view: ModelView) -> None:
        self._change("local", busy=False)
        self._store.update(lambda old: with_chosen_model(old, view))

    def _on_look_refused(self, error: AdvisorError) -> None:
        self._change("local", busy=False, error=error.sentence())

    def _on_changed(self, told: str) -> None:
        gone, self._going = self._going, None
        if gone is not None and gone.kind != "yours":
            self._forget(gone)
        self._change("here", told=told)
        self.load()
        self.candidates_changed.emit()

    def _forget(self, gone: HereRow) -> None:
        """Show no longer what has been deleted."""
        view = self._store.snapshot.models.chosen
        if view is not None and view.path.startswith(gone.where):
            self._store.update(lambda old: with_chosen_model(old, None))
        self.removed.emit(gone)

    def _on_change_refused(self, error: AdvisorError) -> None:
        self._change("here", error=error.sentence())
        self.load()

    def _on_listed(self, found: tuple[tuple[HereRow, ...], str]) -> None:
        rows, notice = found
        self._change("here", rows=rows, notice=notice)

    def _change(self, part: str, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda old: with_models(old, part, **fields))
