"""The page "Your examples" and what stands behind it, connected: a part of the composition root."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Slot

from advisor.ui.controllers import examples, examples_jobs, jobs
from advisor.ui.controllers.examples import ExamplesController
from advisor.ui.pages.examples_page import ExamplesPage
from advisor.ui.store import Snapshot, Store


class ExamplesPart(QObject):
    """The controller and its page."""

    def __init__(
        self,
        store: Store,
        *,
        run: Any,  # noqa: ANN401 - a `Run`
        make_child: Callable[[QObject], Any],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Make the controller; nothing is read or looked for.

        Args:
            store: what the window knows.
            run: the app's worker.
            make_child: makes a child process.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self.controller = ExamplesController(
            store, run, make_child=make_child, log=jobs.log_child, broken=broken, parent=self
        )  # fmt: skip
        store.changed.connect(self._on_store_changed)

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        """Look again when a model came or went, once the page has looked at all."""
        refilled = old.models.here.rows != new.models.here.rows or old.conversion.shelf != new.conversion.shelf
        if refilled and new.examples.choices is not None:
            self.controller.look()

    def page(self) -> ExamplesPage:
        """Return the page, its signals connected; which models are here is looked at from now on."""
        page, controller = ExamplesPage(examples.refusal, examples_jobs.own_descriptions()), self.controller
        page.open_requested.connect(controller.open)
        page.input.typed.connect(controller.take_typed)
        page.input.own_requested.connect(controller.take_own)
        page.choice.run_requested.connect(controller.start)
        page.choice.stop_requested.connect(controller.stop)
        page.choice.look_requested.connect(controller.look)
        page.result.save_requested.connect(controller.save)
        controller.look()
        return page
