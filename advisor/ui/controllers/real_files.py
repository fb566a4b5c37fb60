"""Whether the real files of the chosen candidate are on this computer: asked in a worker when either changes."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import RealState, Snapshot, Store, with_real

Look = Callable[[str, str], RealState]


class RealFilesController(QObject):
    """Keeps `Snapshot.real` up to date."""

    def __init__(
        self, store: Store, run: Run, *, look: Look, broken: Callable[[Exception], None], parent: QObject | None = None
    ) -> None:
        """Keep the store, the worker and a function of the domain.

        Args:
            store: what the window knows.
            run: the worker.
            look: from model and format to what is known of its files.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store, self._look = store, look
        self._request: Request[RealState] = Request(
            run, answered=self._on_answered, refused=self._on_refused, broken=broken, parent=self
        )
        store.changed.connect(self._on_store_changed)

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        before, now = old.results, new.results
        same = before.recommendation is now.recommendation and before.selected == now.selected
        refilled = old.models.here.rows != new.models.here.rows or old.conversion.shelf != new.conversion.shelf
        if same and not refilled:
            return  # of many changes a second while something is measured
        key = chosen(new)
        moved = key != (new.real.model, new.real.format)
        if not moved and not refilled:
            return
        if key == ("", ""):
            self._request.forget()
            self._store.update(lambda now: with_real(now, RealState()))
            return
        if moved:
            self._store.update(lambda now: with_real(now, RealState(model=key[0], format=key[1], busy=True)))
        self._request.ask(lambda: self._look(*key))

    def _on_answered(self, found: RealState) -> None:
        self._store.update(lambda now: with_real(now, found))

    def _on_refused(self, error: AdvisorError) -> None:
        model, format_id = chosen(self._store.snapshot)
        found = RealState(model=model, format=format_id, why_not=error.sentence())
        self._store.update(lambda now: with_real(now, found))


def chosen(snapshot: Snapshot) -> tuple[str, str]:
    """Return model and format of the chosen candidate; two empty texts where none is chosen."""
    rows, selected = snapshot.results.recommendation, snapshot.results.selected
    if rows is None or selected is None:
        return ("", "")
    row = rows.row(selected)
    return (row.model, row.format)
