"""Measuring what compression costs, and what the page Models leads to, connected: a part of the composition root."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from advisor.ui.controllers import compression, jobs, real_row
from advisor.ui.controllers.compression import CompressionController
from advisor.ui.models_state import ModelAction
from advisor.ui.store import Snapshot, Store

if TYPE_CHECKING:
    from advisor.ui.pages.compare_page import ComparePage

ACTIONS = (
    ModelAction(
        id=real_row.ACTION, text="Meas&ure the real weights", tip="Goes to the page Probe; nothing starts by itself"
    ),
    ModelAction(
        id=compression.ACTION, text="What com&pression costs", tip="Goes to the page Compare; nothing starts by itself"
    ),
)


class CompressionPart(QObject):
    """The controller, and the ways to it.

    Signals:
        comparison_wanted: on to the page Compare, to its languages.
        row_wanted: index of a row of the results, on to the page Probe.
    """

    comparison_wanted = Signal()
    row_wanted = Signal(int)

    def __init__(
        self,
        store: Store,
        *,
        run: Any,  # noqa: ANN401 - a `Run`
        make_child: Callable[[QObject], Any],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Make the controller; nothing is looked for.

        Args:
            store: what the window knows.
            run: the app's worker.
            make_child: makes a child process.
            broken: takes a bug.
            parent: of this object.
        """
        super().__init__(parent)
        self._store = store
        self.controller = CompressionController(
            store, run, make_child=make_child, log=jobs.log_child, broken=broken, parent=self
        )  # fmt: skip

    def page(self) -> "ComparePage":
        """Return the page, its signals for measuring connected; which models are here is looked at from now on."""
        from advisor.ui.pages.compare_page import ComparePage

        page, controller = ComparePage(compression.refusal), self.controller
        measure = page.compression.measure
        measure.model_chosen.connect(controller.choose)
        measure.folders_chosen.connect(controller.choose_folders)
        measure.start_requested.connect(controller.start)
        measure.stop_requested.connect(controller.stop)
        controller.look()
        return page

    def why_not(self, snapshot: Snapshot) -> Mapping[str, str]:
        """Return why what the page Models offers cannot be done with the shown model."""
        return {**compression.reasons(snapshot), real_row.ACTION: real_row.row_index(snapshot)[1]}

    @Slot(str)
    def do(self, name: str) -> None:
        """Lead to where the shown model is measured."""
        snapshot = self._store.snapshot
        if name == real_row.ACTION:
            index, _ = real_row.row_index(snapshot)
            if index is not None:
                self.row_wanted.emit(index)
            return
        found = compression.shown_choice(snapshot)
        if name == compression.ACTION and found is not None:
            self.controller.choose(found.key)
            self.comparison_wanted.emit()
