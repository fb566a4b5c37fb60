"""The page Models and what stands behind it, connected: a part of the composition root."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.ui.controllers import convert, convert_jobs, jobs, models_jobs, models_shelf, work
from advisor.ui.controllers.convert import ConvertController
from advisor.ui.controllers.download import DownloadController
from advisor.ui.controllers.hub import HubController
from advisor.ui.controllers.own_models import OwnModelsController
from advisor.ui.models_state import HereRow, ModelAction
from advisor.ui.pages.models_page import ModelsPage, Refusals
from advisor.ui.store import Snapshot, Store
from advisor.ui.workers.pool import Pool

CONVERT = ModelAction(
    id=convert.ACTION, text="C&onvert...", tip="Into ONNX, at the size you choose: what it takes is said first"
)
Do = Callable[[str], None]
"""Does an action, given by its id, with the model that is shown."""


class ModelsPart(QObject):
    """Three controllers and their worker.

    Signals:
        candidates_changed: a model was added or removed, so every answer may change.
        results_wanted: on to the results.
    """

    candidates_changed = Signal()
    results_wanted = Signal()

    def __init__(
        self,
        store: Store,
        *,
        run: Any,  # noqa: ANN401 - a `Run`
        make_child: Callable[[QObject], Any],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Make everything; ask nobody.

        Args:
            store: what the window knows.
            run: the app's worker.
            make_child: makes a child process.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._actions: tuple[ModelAction, ...] = (CONVERT,)
        self._why_not: Refusals = _no_more
        self._do: Do | None = None
        self.pool = Pool(self)
        self.own = OwnModelsController(
            store, run, look=models_jobs.look_at_path, add=models_shelf.add, remove=models_shelf.remove,
            here=models_shelf.here, broken=broken, parent=self,
        )  # fmt: skip
        self.hub = HubController(
            store, self.pool.run, search=models_jobs.search, look=models_jobs.look_at_hub,
            host=models_jobs.planned_host, broken=broken, parent=self,
        )  # fmt: skip
        self.download = DownloadController(
            store, self.pool.run, plan=models_jobs.plan, done=models_jobs.downloaded, make_child=make_child,
            log=jobs.log_child, broken=broken, parent=self,
        )  # fmt: skip
        self.convert = ConvertController(
            store, run, plan=convert_jobs.plan, done=convert_jobs.converted, make_child=make_child, log=jobs.log_child,
            broken=broken, parent=self,
        )  # fmt: skip
        self.own.candidates_changed.connect(self.candidates_changed)
        self.own.removed.connect(self._on_removed)
        self.download.finished.connect(self._on_work_finished)
        self.convert.finished.connect(self._on_work_finished)

    def offer(self, actions: tuple[ModelAction, ...], why_not: Refusals, do: Do) -> None:
        """Offer more that can be done with a model on this computer. Before the page is made.

        Args:
            actions: a button each.
            why_not: returns, by the id of an action, why it cannot be done with the shown model now.
            do: does one.
        """
        self._actions, self._why_not, self._do = (CONVERT, *actions), why_not, do

    def page(self) -> ModelsPage:
        """Return the page, its signals connected."""
        page = ModelsPage(work.refusal, actions=self._actions, why_not=self._reasons)
        page.shown.connect(self.own.load)
        page.open_requested.connect(self.own.open)
        page.add_requested.connect(self.own.add)
        page.remove_requested.connect(self.own.remove)
        page.search_requested.connect(self.hub.search)
        page.look_requested.connect(self.hub.look)
        page.ask_stop_requested.connect(self.hub.stop)
        page.plan_requested.connect(self.download.plan)
        page.download_requested.connect(self.download.start)
        page.download_stop_requested.connect(self.download.stop)
        page.put_away_requested.connect(self.download.put_away)
        page.convert_planned.connect(self.convert.plan)
        page.convert_requested.connect(self.convert.start)
        page.convert_stop_requested.connect(self.convert.stop)
        page.convert_put_away_requested.connect(self.convert.put_away)
        page.results_requested.connect(self.results_wanted)
        page.action_requested.connect(self._on_action_requested)
        return page

    @Slot()
    def stop(self) -> None:
        """Stop what is asked and downloaded, as Esc wants it."""
        self.hub.stop()
        self.download.stop()
        self.convert.stop()

    def close(self) -> None:
        """Wait for no hub any more. The child of a download is ended by who made it."""
        self.stop()
        self.pool.wait()

    @Slot(object)
    def _on_removed(self, gone: HereRow) -> None:
        """Say no longer that it is here."""
        work = self.download if gone.kind == "downloaded" else self.convert
        work.forget(gone.name)

    def _reasons(self, snapshot: Snapshot) -> Mapping[str, str]:
        return {convert.ACTION: convert.why_not_convert(snapshot), **self._why_not(snapshot)}

    @Slot(str)
    def _on_work_finished(self, folder: str) -> None:
        """Show what is here now, ready to be added."""
        self.own.open(folder)
        self.own.load()

    @Slot(str)
    def _on_action_requested(self, name: str) -> None:
        if name == convert.ACTION:
            self.convert.offer()
        elif self._do is not None:
            self._do(name)


def _no_more(_snapshot: Snapshot) -> Mapping[str, str]:
    return {}
