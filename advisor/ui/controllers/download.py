"""A download: what it takes is asked first, then a child does it."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Slot
from typing_extensions import override

from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.request import Run
from advisor.ui.controllers.work import Work
from advisor.ui.models_state import ModelView, WorkPlan
from advisor.ui.store import Store

JOB = "hub-download"
KEPT = "Files that are complete are kept; the one that was being written starts again next time."
Plan = Callable[[ModelView, str, HardwareProfile | None, Settings, threading.Event], WorkPlan]


class DownloadController(Work):
    """Plans and runs one download at a time."""

    def __init__(self, store: Store, run: Run, *, plan: Plan, **given: Any) -> None:  # noqa: ANN401
        """Keep what is needed.

        Args:
            store: what the window knows.
            run: the worker that waits for a hub.
            plan: from a model and a build to what a download takes.
            given: as `Work` takes it.
        """
        super().__init__(store, run, part="download", job=JOB, kept=KEPT, **given)
        self._plan = plan
        self._stopped = threading.Event()

    @Slot(str)
    def plan(self, build: str) -> None:
        """Ask what downloading a build of the shown model takes; an empty name takes the one to prefer."""
        snapshot = self._store.snapshot
        view = snapshot.models.chosen
        if view is None or not view.hub_id or self.busy:
            return
        profile, settings = snapshot.machine.profile, snapshot.settings
        self._stopped.set()
        stopped = self._stopped = threading.Event()
        detail = f"Asking {snapshot.models.hub.host} over the network what there is."
        self._begin_plan(
            lambda: self._plan(view, build, profile, settings, stopped), name=view.hub_id, plan=None, detail=detail
        )

    @Slot()
    @override
    def stop(self) -> None:
        """Stop asking too."""
        self._stopped.set()
        super().stop()
