"""The power meters of this computer: look for them, read them once, set the user's own wall meter beside them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from advisor.energy.model import MeterInfo
from advisor.energy.wall import WallPair
from advisor.energy.wall_store import KeptFit
from advisor.errors import AdvisorError
from advisor.ui.controllers.request import NO_MACHINE, Request, Run
from advisor.ui.store import Snapshot, Store, with_meters

if TYPE_CHECKING:
    from advisor.energy.self_check import PowerNow

PROBE_RUNS = "A probe is running: read the meters after it."
NO_METER = "No meter answered. Look at the list for the reason."


class MeterController(QObject):
    """Reacts to what is asked on the card of power meters."""

    def __init__(
        self, store: Store, run: Run, *, survey: Callable[[], tuple[MeterInfo, ...]], read: "Callable[[], PowerNow]",
        load_wall: Callable[[str], KeptFit | None], keep_wall: Callable[[str, tuple[WallPair, ...]], KeptFit],
        forget_wall: Callable[[str], None], broken: Callable[[Exception], None], parent: QObject | None = None,
    ) -> None:  # fmt: skip
        """Keep the store, the worker and the functions of the energy package."""
        super().__init__(parent)
        self._store, self._survey, self._read = store, survey, read
        self._load_wall, self._keep_wall, self._forget_wall = load_wall, keep_wall, forget_wall
        self._look: Request[tuple[tuple[MeterInfo, ...], KeptFit | None]] = Request(
            run, answered=self._on_looked, refused=self._on_refused, broken=broken, parent=self
        )
        self._now: Request[PowerNow] = Request(
            run, answered=self._on_read, refused=self._on_wall_refused, broken=broken, parent=self
        )
        self._wall: Request[KeptFit | None] = Request(
            run, answered=self._on_wall_kept, refused=self._on_wall_refused, broken=broken, parent=self
        )
        store.changed.connect(self._on_store_changed)

    @Slot()
    def look(self) -> None:
        """Look for meters again; nothing is read."""
        base = self._store.snapshot.machine.base
        fingerprint = base.fingerprint if base is not None and not self._store.snapshot.machine.saved_as else ""
        self._change(busy=True, error="")
        self._look.ask(lambda: (self._survey(), self._load_wall(fingerprint) if fingerprint else None))

    @Slot()
    def read_now(self) -> None:
        """Read the meters that are used for some seconds."""
        snapshot = self._store.snapshot
        if snapshot.probe.phase != "idle":
            self._change(wall_error=PROBE_RUNS)
            return
        if not snapshot.meters.reading:
            self._change(reading=True, wall_error="")
            self._now.ask(self._read)

    @Slot(object)
    def keep(self, pairs: tuple[WallPair, ...]) -> None:
        """Fit a line through pairs of readings and keep it; pairs that make no line are refused with the reason."""
        base = self._store.snapshot.machine.base
        if base is None:
            self._change(wall_error=NO_MACHINE)
            return
        fingerprint = base.fingerprint
        self._change(wall_error="")
        self._wall.ask(lambda: self._keep_wall(fingerprint, pairs))

    @Slot()
    def forget(self) -> None:
        """Forget the user's wall meter."""
        base = self._store.snapshot.machine.base
        if base is None:
            return
        fingerprint = base.fingerprint

        def gone() -> KeptFit | None:
            self._forget_wall(fingerprint)
            return None

        self._wall.ask(gone)

    @Slot(object, object)
    def _on_store_changed(self, old: Snapshot, new: Snapshot) -> None:
        before, now = old.machine.base, new.machine.base
        if now is not None and before is not now and not new.machine.saved_as:
            self.look()

    def _on_looked(self, found: tuple[tuple[MeterInfo, ...], KeptFit | None]) -> None:
        infos, wall = found
        self._change(infos=infos, wall=wall, busy=False, error="")

    def _on_read(self, now: "PowerNow") -> None:
        number = self._store.snapshot.meters.num_reads + (now.power_w is not None)
        error = "" if now.power_w is not None else NO_METER
        self._change(reading=False, now_w=now.power_w, num_reads=number, wall_error=error)

    def _on_wall_kept(self, wall: KeptFit | None) -> None:
        self._change(wall=wall, wall_error="")

    def _on_refused(self, error: AdvisorError) -> None:
        self._change(busy=False, error=error.sentence())

    def _on_wall_refused(self, error: AdvisorError) -> None:
        self._change(reading=False, wall_error=error.sentence())

    def _change(self, **fields: Any) -> None:  # noqa: ANN401
        self._store.update(lambda snapshot: with_meters(snapshot, **fields))
