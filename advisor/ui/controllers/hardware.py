"""The computer: inspect it, override its facts, plan for another one."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.ui.controllers.request import Request, Run
from advisor.ui.store import Snapshot, Store, with_machine

Apply = Callable[[HardwareProfile, Mapping[str, str]], HardwareProfile]


class HardwareController(QObject):
    """Reacts to what is asked on the page This computer."""

    def __init__(
        self,
        store: Store,
        run: Run,
        *,
        detect: Callable[[str | None], HardwareProfile],
        apply: Apply,
        save: Callable[[HardwareProfile, Path], None],
        load: Callable[[Path], HardwareProfile],
        broken: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        """Keep the store, the worker and the functions of the hardware package."""
        super().__init__(parent)
        self._store, self._run = store, run
        self._detect, self._apply, self._save, self._load = detect, apply, save, load
        self._inspect: Request[HardwareProfile] = Request(
            run, answered=self._on_inspect_answered, refused=self._on_refused, broken=broken, parent=self
        )
        self._file: Request[tuple[str, HardwareProfile | None]] = Request(
            run, answered=self._on_file_answered, refused=self._on_refused, broken=broken, parent=self
        )

    @Slot()
    def inspect(self) -> None:
        """Look at this computer again; overrides stay."""
        self._store.update(lambda snapshot: with_machine(snapshot, busy=True, error=""))
        self._file.forget()
        folder = self._store.snapshot.settings.model_folder
        self._inspect.ask(lambda: self._detect(folder))

    @Slot(str, str)
    def override(self, path: str, text: str) -> None:
        """Plan with another value for one fact; a text that cannot be used is said and changes nothing."""
        overrides = dict(self._store.snapshot.machine.overrides)
        overrides[path] = text
        self._set_overrides(overrides)

    @Slot(str)
    def undo_override(self, path: str) -> None:
        """Bring the real value of one fact back."""
        overrides = dict(self._store.snapshot.machine.overrides)
        overrides.pop(path, None)
        self._set_overrides(overrides)

    @Slot(str)
    def save_machine(self, file: str) -> None:
        """Write the machine as it is planned for."""
        profile = self._store.snapshot.machine.profile
        if profile is None:
            return
        path = Path(file)

        def write() -> tuple[str, HardwareProfile | None]:
            self._save(profile, path)
            return "", None

        self._file.ask(write)

    @Slot(str)
    def load_machine(self, file: str) -> None:
        """Plan for a saved machine instead of this one."""
        path = Path(file)
        self._store.update(lambda snapshot: with_machine(snapshot, busy=True, error=""))
        self._inspect.forget()
        self._file.ask(lambda: (path.name, self._load(path)))

    def _set_overrides(self, overrides: dict[str, str]) -> None:
        def changed(snapshot: Snapshot) -> Snapshot:
            base = snapshot.machine.base
            if base is None:
                return snapshot
            try:
                profile = self._apply(base, overrides)
            except AdvisorError as error:
                return with_machine(snapshot, error=error.sentence())
            return with_machine(snapshot, profile=profile, overrides=tuple(overrides.items()), error="")

        self._store.update(changed)

    def _show(self, base: HardwareProfile, saved_as: str, overrides: tuple[tuple[str, str], ...]) -> None:
        self._store.update(
            lambda snapshot: with_machine(
                snapshot,
                base=base,
                profile=self._apply(base, dict(overrides)) if overrides else base,
                overrides=overrides,
                saved_as=saved_as,
                busy=False,
                error="",
            )
        )

    def _on_inspect_answered(self, profile: HardwareProfile) -> None:
        machine = self._store.snapshot.machine
        self._show(profile, "", () if machine.saved_as else machine.overrides)

    def _on_file_answered(self, answer: tuple[str, HardwareProfile | None]) -> None:
        name, profile = answer
        if profile is not None:
            self._show(profile, name, ())

    def _on_refused(self, error: AdvisorError) -> None:
        self._store.update(lambda snapshot: with_machine(snapshot, busy=False, error=error.sentence()))
