"""A conversion: what it takes is said first, then a child of the conversion tools' own Python does it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Slot

from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.request import Run
from advisor.ui.controllers.work import Work
from advisor.ui.models_state import FIRST_FORMAT, FIRST_METHOD, ModelView, WorkPlan
from advisor.ui.store import Snapshot, Store

JOB = "convert"
NOTHING_KEPT = "Nothing was kept of it."
ACTION = "convert"
NO_MODEL = "Choose a model first."
Plan = Callable[[ModelView, str, str, HardwareProfile | None, Settings], WorkPlan]


class ConvertController(Work):
    """Plans and runs one conversion at a time."""

    def __init__(self, store: Store, run: Run, *, plan: Plan, **given: Any) -> None:  # noqa: ANN401
        """Keep what is needed.

        Args:
            store: what the window knows.
            run: the worker.
            plan: from a model, a format and a method to what a conversion takes.
            given: as `Work` takes it.
        """
        super().__init__(store, run, part="convert", job=JOB, kept=NOTHING_KEPT, **given)
        self._plan = plan

    @Slot()
    def offer(self) -> None:
        """Plan the conversion of the shown model, in the format that is usually wanted."""
        self.plan(FIRST_FORMAT, FIRST_METHOD)

    @Slot(str, str)
    def plan(self, format_id: str, method: str) -> None:
        """Say what converting a model takes.

        Args:
            format_id: of the catalog.
            method: how weights are rounded.
        """
        snapshot = self._store.snapshot
        state = snapshot.models.convert
        shown = state.source if state.phase in ("planning", "planned") else snapshot.models.chosen
        if shown is None or not shown.path or self.busy:
            return
        profile, settings = snapshot.machine.profile, snapshot.settings
        self._begin_plan(
            lambda: self._plan(shown, format_id, method, profile, settings),
            name=shown.name, source=shown, format_id=format_id, method=method, detail="Reading the headers.",
        )  # fmt: skip


def why_not_convert(snapshot: Snapshot) -> str:
    """Return why the shown model cannot be converted now, empty when that can be planned."""
    view = snapshot.models.chosen
    if view is None:
        return NO_MODEL
    if snapshot.models.convert.phase in ("running", "stopping"):
        return "A conversion is running."
    return "It is ONNX already: nothing is to be converted." if view.container == "onnx" else ""
