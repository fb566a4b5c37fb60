"""Asks ONNX Runtime, in a child, what it can run on here: the window itself never loads it."""

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Slot

from advisor.child.protocol import Outcome
from advisor.hardware.model import HardwareProfile
from advisor.ui.store import Snapshot, Store, with_machine

TIMEOUT_S = 60.0
WithRuntime = Callable[[HardwareProfile, str | None, tuple[str, ...] | None], HardwareProfile]


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    providers: tuple[str, ...]


class RuntimeController(QObject):
    """Fills in the runtime of this computer once it has been inspected."""

    def __init__(
        self,
        store: Store,
        *,
        make_child: Callable[[QObject], Any],
        with_runtime: WithRuntime,
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the maker of children and the function that adds the answer to a profile."""
        super().__init__(parent)
        self._store, self._make_child, self._with_runtime = store, make_child, with_runtime
        self._child: Any = None
        self._answer: _Answer | None = None
        self._asked = False
        store.changed.connect(self._on_store_changed)

    def close(self) -> None:
        """End a question under way."""
        if self._child is not None:
            self._child.close()

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        machine = new.machine
        if machine.base is None or machine.base is old.machine.base or machine.saved_as:
            return
        if self._answer is not None:
            self._fill()
        elif not self._asked:
            self._asked = True
            self._child = self._make_child(self)
            self._child.ended.connect(self._on_child_ended)
            self._child.start("providers", b"{}", timeout_s=TIMEOUT_S, memory_limit_bytes=None)

    @Slot(object)
    def _on_child_ended(self, outcome: Outcome) -> None:
        self._child.deleteLater()
        self._child = None
        if outcome.code == "finished" and outcome.result is not None:
            self._answer = msgspec.json.decode(outcome.result, type=_Answer)
            self._fill()

    def _fill(self) -> None:
        """Put the answer into both profiles, unless it is there already or another machine is planned for."""
        answer = self._answer
        if answer is None:
            return

        def filled(snapshot: Snapshot) -> Snapshot:
            machine = snapshot.machine
            if machine.base is None or machine.profile is None or machine.saved_as:
                return snapshot
            if machine.base.runtime.version.value is not None:
                return snapshot
            base = self._with_runtime(machine.base, answer.version, answer.providers)
            profile = self._with_runtime(machine.profile, answer.version, answer.providers)
            return with_machine(snapshot, base=base, profile=profile)

        self._store.update(filled)
