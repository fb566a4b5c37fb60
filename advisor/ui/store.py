"""What the window knows, as one frozen value, and the one object that replaces it.

Transitions are pure functions from snapshot to snapshot. Pages draw the difference between two of them.
"""

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec
from PySide6.QtCore import QObject, Signal

from advisor.child.protocol import Outcome, Sample
from advisor.energy.model import MeterInfo
from advisor.energy.wall_store import KeptFit
from advisor.evaluate.compression_plan import CompressionResult
from advisor.hardware.model import HardwareProfile
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import CandidateRow, Summary
from advisor.report.model import ReportDocument
from advisor.settings import Settings
from advisor.task.model import Description, TaskSpec, Workload
from advisor.ui.about_state import UpdatesState
from advisor.ui.compression_state import CompressionState
from advisor.ui.examples_state import ExamplesState
from advisor.ui.models_state import ModelsState, ModelView
from advisor.ui.tools_state import ConversionState

MAX_PINNED = 4
RowKey = tuple[str, str, str]
"""Model, format, approach: finds the same row again in a newer recommendation."""


class Rows(Protocol):
    """What the window uses of a recommendation: rows are made only when they are looked at."""

    @property
    def summary(self) -> Summary:
        """Task, machine, approaches, pick."""

    @property
    def order(self) -> Any:  # noqa: ANN401  (numpy is not imported before the first frame)
        """Row indexes in default order, best first: an array of integers."""

    def __len__(self) -> int:
        """How many candidates there are."""

    def row(self, index: int) -> CandidateRow:
        """Return one candidate."""

    def column(self, name: str) -> Any:  # noqa: ANN401
        """Return one sort key for all candidates, missing values as NaN: an array."""


class MachineState(msgspec.Struct, frozen=True, kw_only=True):
    """The computer that is planned for."""

    base: HardwareProfile | None = None
    """As detected here, or as loaded from a file."""
    profile: HardwareProfile | None = None
    """With the user's overrides."""
    overrides: tuple[tuple[str, str], ...] = ()
    """Path of a fact and the user's text for it."""
    busy: bool = False
    error: str = ""
    saved_as: str = ""
    """Name of the file when another machine is planned for; empty for this computer."""


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """The task: words, what was read from them, what was set by hand."""

    text: str = ""
    description: Description | None = None
    removed: tuple[str, ...] = ()
    """Fields whose chips the user took away."""
    controls: tuple[tuple[str, Any], ...] = ()
    """Fields set by hand; they win over words."""
    task: TaskSpec | None = None
    workload: Workload | None = None
    """Sizes of one query, with what is usual where nothing was said."""
    problems: tuple[str, ...] = ()
    busy: bool = False
    error: str = ""


class ResultState(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    recommendation: Any = None
    """A `Rows`, or None."""
    busy: bool = False
    error: str = ""
    selected: int | None = None
    pinned: tuple[RowKey, ...] = ()
    note: str = ""


ProbePhase = Literal["idle", "preparing", "running", "stopping"]


class ProbeState(msgspec.Struct, frozen=True, kw_only=True):
    """The measurement that runs, or the last one."""

    phase: ProbePhase = "idle"
    target: CandidateRow | None = None
    """Row that is or was measured; its estimate is the one made before."""
    stage: str = ""
    done_share: float = 0.0
    elapsed_s: float = 0.0
    remaining_s: float | None = None
    detail: str = ""
    samples: tuple[Sample, ...] = ()
    idle_power_w: float | None = None
    """[W] Mean of the readings taken so far while nothing was asked of the machine, the model loaded or not."""
    result: ProbeResult | None = None
    outcome: Outcome | None = None
    notice: str = ""
    """Why something that was asked for did not happen."""


class RealState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the real files of the chosen candidate are."""

    model: str = ""
    format: str = ""
    path: str = ""
    """What can be measured; empty where nothing can."""
    words: str = ""
    why_not: str = ""
    """Why not, and what to do."""
    busy: bool = False


class SpeedState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of this computer's speed."""

    created: str = ""
    """When it was calibrated, ISO 8601, UTC; empty: never, or not as it is now."""
    lines: tuple[str, ...] = ()
    """Sentences: when, how fast, why an older calibration is not used."""
    learned: str = ""
    """What probes made here taught about other models, in a sentence; empty before the first."""


CalibrationPhase = Literal["idle", "running", "stopping"]


class CalibrationState(msgspec.Struct, frozen=True, kw_only=True):
    """The calibration that runs, and what is known from earlier ones."""

    phase: CalibrationPhase = "idle"
    done_share: float = 0.0
    remaining_s: float | None = None
    detail: str = ""
    error: str = ""
    speed: SpeedState = SpeedState()


class FileFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure measured of a file, in words."""

    name: str
    value: str
    basis: str


class FreeSize(msgspec.Struct, frozen=True, kw_only=True):
    """A size that a file leaves open, as it was measured."""

    name: str
    value: int
    why: str


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of an ONNX file, in words."""

    sentence: str
    figures: tuple[FileFigure, ...]
    notes: tuple[str, ...]
    """How steady it was and why, and how it compares with the last time: the first is the grade."""
    about: tuple[str, ...]
    """What the file says of itself, and where it ran."""
    inputs: tuple[tuple[str, str, str, str], ...]
    """Name, type, shape and values of each."""
    free: tuple[FreeSize, ...]


class FileState(msgspec.Struct, frozen=True, kw_only=True):
    """The ONNX file that is or was measured."""

    phase: CalibrationPhase = "idle"
    path: str = ""
    done_share: float = 0.0
    remaining_s: float | None = None
    detail: str = ""
    error: str = ""
    view: FileView | None = None


class MeterState(msgspec.Struct, frozen=True, kw_only=True):
    """The power meters of this computer."""

    infos: tuple[MeterInfo, ...] = ()
    """In the order of the ladder: by part of the machine, the best first."""
    busy: bool = False
    error: str = ""
    reading: bool = False
    """They are being read beside the user's wall meter."""
    now_w: float | None = None
    """[W] The last reading: processor and graphics cards together."""
    num_reads: int = 0
    """Grows with each reading that gave a value."""
    wall: KeptFit | None = None
    """The user's wall meter, as it is kept for this computer."""
    wall_error: str = ""


class GridChoice(msgspec.Struct, frozen=True, kw_only=True):
    """An electricity grid to choose."""

    code: str
    """What the settings keep: a country's three letters, or the name of a group of countries."""
    name: str
    also: tuple[str, ...] = ()
    """Other names it is found by."""
    sentence: str
    """Its intensity with range, year and source."""
    note: str = ""
    """What is doubtful about the figure."""
    is_group: bool = False


class SavedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report of the history, without its content."""

    id: int
    created: str
    """ISO 8601, UTC."""
    title: str


class OpenedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report of the history, or of a file, that is looked at."""

    id: int
    """Of the history; below zero for a file."""
    document: ReportDocument
    file: str = ""
    """Name of the file it was read from; empty for one of the history."""


class ReadingState(msgspec.Struct, frozen=True, kw_only=True):
    """Reports that are looked at again."""

    opened: tuple[OpenedReport, ...] = ()
    """The report, and the one beside it."""
    busy: bool = False
    error: str = ""
    saved_path: str = ""


class ArchiveState(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured and saved before."""

    probes: tuple[ProbeResult, ...] = ()
    files: tuple[OnnxFileResult, ...] = ()
    """ONNX files that were measured, newest first."""
    reports: tuple[SavedReport, ...] = ()
    """Newest first."""
    compressions: tuple[CompressionResult, ...] = ()
    """What compression was measured to cost, newest first."""
    notice: str = ""


class ReportState(msgspec.Struct, frozen=True, kw_only=True):
    """The report being saved."""

    busy: bool = False
    error: str = ""
    saved_path: str = ""
    with_examples: bool = False
    """The last run of the user's own examples is wanted in it."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the pages show."""

    settings: Settings = Settings()
    setting_errors: tuple[tuple[str, str], ...] = ()
    """Field of the settings and why what was typed there is not used."""
    machine: MachineState = MachineState()
    job: TaskState = TaskState()
    results: ResultState = ResultState()
    probe: ProbeState = ProbeState()
    real: RealState = RealState()
    archive: ArchiveState = ArchiveState()
    report: ReportState = ReportState()
    reading: ReadingState = ReadingState()
    calibration: CalibrationState = CalibrationState()
    file: FileState = FileState()
    meters: MeterState = MeterState()
    models: ModelsState = ModelsState()
    examples: ExamplesState = ExamplesState()
    compression: CompressionState = CompressionState()
    conversion: ConversionState = ConversionState()
    updates: UpdatesState = UpdatesState()


class Store(QObject):
    """Holds the snapshot.

    Signals:
        changed: (old, new), both `Snapshot`; not emitted when they are equal.
    """

    changed = Signal(object, object)

    def __init__(self, snapshot: Snapshot | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._snapshot = snapshot if snapshot is not None else Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        """What is shown now."""
        return self._snapshot

    def update(self, transition: Callable[[Snapshot], Snapshot]) -> None:
        """Replace the snapshot by what a pure function makes of it."""
        old = self._snapshot
        new = transition(old)
        if new is old or new == old:
            return
        self._snapshot = new
        self.changed.emit(old, new)


def with_machine(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the machine."""
    return msgspec.structs.replace(snapshot, machine=msgspec.structs.replace(snapshot.machine, **fields))


def with_job(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the task and put the merged task in place."""
    job = msgspec.structs.replace(snapshot.job, **fields)
    merged = merged_task(job.text, job.description, job.removed, job.controls)
    return msgspec.structs.replace(snapshot, job=msgspec.structs.replace(job, task=merged))


def with_results(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the answer."""
    return msgspec.structs.replace(snapshot, results=msgspec.structs.replace(snapshot.results, **fields))


def with_probe(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the measurement."""
    return msgspec.structs.replace(snapshot, probe=msgspec.structs.replace(snapshot.probe, **fields))


def with_real(snapshot: Snapshot, found: RealState) -> Snapshot:
    """Show what is known of the real files of the chosen candidate."""
    return msgspec.structs.replace(snapshot, real=found)


def with_archive(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the history."""
    return msgspec.structs.replace(snapshot, archive=msgspec.structs.replace(snapshot.archive, **fields))


def with_report(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the report."""
    return msgspec.structs.replace(snapshot, report=msgspec.structs.replace(snapshot.report, **fields))


def with_reading(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the reports that are looked at again."""
    return msgspec.structs.replace(snapshot, reading=msgspec.structs.replace(snapshot.reading, **fields))


def with_calibration(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the calibration."""
    return msgspec.structs.replace(snapshot, calibration=msgspec.structs.replace(snapshot.calibration, **fields))


def with_file(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the ONNX file."""
    return msgspec.structs.replace(snapshot, file=msgspec.structs.replace(snapshot.file, **fields))


def with_meters(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the power meters."""
    return msgspec.structs.replace(snapshot, meters=msgspec.structs.replace(snapshot.meters, **fields))


def with_examples(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of the user's own examples."""
    return msgspec.structs.replace(snapshot, examples=msgspec.structs.replace(snapshot.examples, **fields))


def with_compression(snapshot: Snapshot, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of what measures the cost of compression."""
    return msgspec.structs.replace(snapshot, compression=msgspec.structs.replace(snapshot.compression, **fields))


def with_models(snapshot: Snapshot, part: str, **fields: Any) -> Snapshot:  # noqa: ANN401
    """Change fields of one part of the page Models: `local`, `hub`, `download` or `here`."""
    changed = msgspec.structs.replace(getattr(snapshot.models, part), **fields)
    return msgspec.structs.replace(snapshot, models=msgspec.structs.replace(snapshot.models, **{part: changed}))


def with_chosen_model(snapshot: Snapshot, view: ModelView | None) -> Snapshot:
    """Show another model in the details of the page Models."""
    return msgspec.structs.replace(snapshot, models=msgspec.structs.replace(snapshot.models, chosen=view))


def merged_task(
    text: str, description: Description | None, removed: tuple[str, ...], controls: tuple[tuple[str, Any], ...]
) -> TaskSpec | None:
    """Return the task: words first, taken-away chips back to their defaults, controls on top.

    Returns:
        None while nothing says what kind of task it is.
    """
    chosen = dict(controls)
    if description is None:
        if "kind" not in chosen:
            return None
        task = TaskSpec(kind=chosen["kind"], text=text)
    else:
        task = description.task
    defaults = TaskSpec(kind=task.kind)
    dropped = {name: getattr(defaults, name) for name in removed if name != "kind" and hasattr(defaults, name)}
    return msgspec.structs.replace(task, **{**dropped, **chosen})


def row_key(row: CandidateRow) -> RowKey:
    """Return what names a row across recommendations."""
    return (row.model, row.format, row.approach)


def toggle_pin(snapshot: Snapshot, row: CandidateRow) -> Snapshot:
    """Pin a row, or take its pin away; a fifth is refused with a sentence."""
    key, pinned = row_key(row), snapshot.results.pinned
    if key in pinned:
        return with_results(snapshot, pinned=tuple(other for other in pinned if other != key), note="")
    if len(pinned) >= MAX_PINNED:
        return with_results(snapshot, note=f"{MAX_PINNED} rows are pinned already. Take one off first.")
    return with_results(snapshot, pinned=(*pinned, key), note="")
