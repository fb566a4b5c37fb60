"""The domain as the controllers ask for it: functions that import what they need when they are called in a worker."""

import contextlib
import importlib
import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec

from advisor import paths
from advisor.child.protocol import LogRecord
from advisor.errors import StorageError
from advisor.hardware.model import HardwareProfile
from advisor.probe.energy_settings import EnergyMode
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.recommend.model import CandidateRow
from advisor.report.model import ReportDocument
from advisor.settings import Settings
from advisor.task.model import Description, TaskSpec, Workload
from advisor.ui.controllers import examples_jobs
from advisor.ui.controllers.electricity import grids as grids
from advisor.ui.controllers.electricity import parse_setting as parse_setting
from advisor.ui.controllers.electricity import published_tasks as published_tasks
from advisor.ui.controllers.electricity import regions as regions
from advisor.ui.controllers.files import file_plan as file_plan
from advisor.ui.controllers.files import keep_file as keep_file
from advisor.ui.controllers.speeds import HISTORY_FILE, calibration_of, compressions_of
from advisor.ui.controllers.speeds import calibration_request as calibration_request
from advisor.ui.controllers.speeds import keep_calibration as keep_calibration
from advisor.ui.controllers.speeds import speed as speed
from advisor.ui.store import ArchiveState, Rows, SavedReport

_child_log = logging.getLogger("advisor.child")


def detect(model_folder: str | None) -> HardwareProfile:
    """Inspect this computer; free space is read where models would be stored, null being the data folder."""
    from advisor.hardware import detect as hardware

    return hardware.detect(model_folder=Path(model_folder) if model_folder else None)


def apply_overrides(profile: HardwareProfile, overrides: Mapping[str, str]) -> HardwareProfile:
    """Plan with other values; errors as `hardware.override.apply`."""
    from advisor.hardware import override

    return override.apply(profile, overrides)


def overridable(profile: HardwareProfile | None = None) -> dict[str, str]:
    """Return the path of each fact that may be overridden and an example of what to write."""
    from advisor.hardware import override

    found = {field.path: field.example for field in override.fields() if not field.path.startswith("gpus.")}
    for number in range(len(profile.gpus) if profile is not None else 0):
        found |= {
            field.path.replace("gpus.0", f"gpus.{number}"): field.example
            for field in override.fields()
            if field.path.startswith("gpus.0.")
        }
    return found


def save_machine(profile: HardwareProfile, path: Path) -> None:
    """Write a machine; errors as `hardware.profile.save`."""
    from advisor.hardware import profile as files

    files.save(profile, path)


def load_machine(path: Path) -> HardwareProfile:
    """Read a saved machine; errors as `hardware.profile.load`."""
    from advisor.hardware import profile as files

    return files.load(path)


def with_runtime(profile: HardwareProfile, version: str | None, providers: tuple[str, ...] | None) -> HardwareProfile:
    """Add what ONNX Runtime said of itself."""
    from advisor.hardware import detect as hardware

    return hardware.with_runtime(profile, version, providers)


def describe(text: str) -> Description:
    """Read a task out of words; errors as `task.describe.describe`."""
    from advisor.task import describe as words

    return words.describe(text)


def problems(task: TaskSpec) -> tuple[str, ...]:
    """Return what contradicts what."""
    from advisor.task import validate

    return validate.problems(task)


def workload(task: TaskSpec) -> Workload:
    """Return the sizes of one query."""
    from advisor.task import presets

    return presets.workload(task)


def languages() -> dict[str, str]:
    """Return the name of each language by its code."""
    from advisor.task import languages as names

    return {entry.code: entry.name for entry in names.table()}


def advise(task: TaskSpec, profile: HardwareProfile, probes: tuple[ProbeResult, ...], settings: Settings) -> Rows:
    """Rank every candidate; the task's own grid wins over the one in the settings."""
    from advisor.catalog import own_models
    from advisor.probe.calibration_plan import runtime_version
    from advisor.recommend import advise as recommend

    here = tuple(probe for probe in probes if probe.fingerprint == profile.fingerprint)
    return recommend.advise(
        task,
        profile,
        catalog=own_models.catalog(),
        probes=here,
        reserve_bytes=settings.memory_reserve_bytes,
        region=task.region or settings.region,
        g_per_kwh=settings.grid_g_per_kwh,
        calibration=calibration_of(profile),
        runtime_version=runtime_version(),
        compressions=compressions_of(profile),
    )


def plan(
    row: CandidateRow, task: TaskSpec | None, profile: HardwareProfile, rows: Rows, energy_mode: EnergyMode = "quick"
) -> ProbePlan:
    """Plan the probe of one row, at the sizes its way of doing the task needs; errors as `probe.planner.plan`."""
    from advisor.catalog import formats, own_models
    from advisor.catalog.model import Candidate
    from advisor.probe import planner
    from advisor.task import presets

    candidate = Candidate(model=own_models.catalog().by_id(row.model), format=formats.by_id(row.format))
    found = next((way.workload for way in rows.summary.approaches if way.id == row.approach), None)
    sizes = found if found is not None else presets.workload(task if task is not None else rows.summary.task)
    return planner.plan(candidate, sizes, profile, energy_mode=energy_mode)


def load_archive() -> ArchiveState:
    """Read the history; a damaged file is set aside and said."""
    from advisor.evaluate.compression_plan import KIND, CompressionResult
    from advisor.history.store import History

    history = History(paths.data_folder() / HISTORY_FILE).open()
    try:
        reports = tuple(
            SavedReport(id=record.id, created=record.created, title=record.title) for record in history.reports()
        )
        return ArchiveState(
            probes=history.probes(), files=history.file_probes(), reports=reports,
            compressions=history.evaluations(KIND, CompressionResult), notice=history.notice,
        )  # fmt: skip
    finally:
        history.close()


def keep_probe(result: ProbeResult) -> ArchiveState:
    """Add a measurement to the history."""
    from advisor.history.store import History

    history = History(paths.data_folder() / HISTORY_FILE).open()
    try:
        history.add_probe(result)
    finally:
        history.close()
    return load_archive()


def write_report(
    rows: Rows, probes: tuple[ProbeResult, ...], redact: bool, path: Path, *, with_examples: bool = False
) -> None:
    """Build and write a report, and remember it; errors as `report.export.write`.

    A history in trouble is no reason to call a written report unwritten: the list of reports says so.
    """
    from advisor import settings
    from advisor.history.store import History
    from advisor.report import build, export, row_use

    chosen = row_use.conditions(rows.summary, settings.load())
    examples = examples_jobs.last_run(rows.summary.machine.fingerprint) if with_examples else ()
    document = build.build(rows, probes=probes, redact=redact, chosen=chosen, examples=examples)  # type: ignore[arg-type]
    export.write(document, path)
    with (
        contextlib.suppress(StorageError),
        contextlib.closing(History(paths.data_folder() / HISTORY_FILE).open()) as history,
    ):
        history.add_report(msgspec.json.encode(document), _title(document))


def _title(document: ReportDocument) -> str:
    """Return what tells a report from others in the list: what was picked, for which task."""
    words = " ".join(document.task_text.split()) or document.title
    answer = document.answer
    if answer is None:
        return f"No model meets every need: {words}"
    return f"{answer.model.partition('/')[2] or answer.model}, {answer.format_label}: {words}"


def read_report(report_id: int) -> ReportDocument:
    """Return a report of the history; errors as `History.report` and `document_json.read`."""
    from advisor.history.store import History
    from advisor.report import document_json

    history = History(paths.data_folder() / HISTORY_FILE).open()
    try:
        raw = history.report(report_id)
    finally:
        history.close()
    return document_json.read(raw, file_name=f"Report {report_id} of the history")


def export_report(document: ReportDocument, path: Path) -> None:
    """Write a report again; its kind follows from the file's ending; errors as `report.export.write`."""
    from advisor.report import export

    export.write(document, path)


def log_child(record: LogRecord) -> None:
    """Put a child's log line into our own log."""
    levels = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
    _child_log.log(levels[record.level], "%s", record.text)


def load_plots() -> None:
    """Load what draws plots and ranks candidates, so that the first of each does not stop the window."""
    for name in (
        "numpy",
        "pyqtgraph",
        "advisor.report.cost_series",
        "advisor.report.energy_series",
        "advisor.recommend.advise",
    ):
        importlib.import_module(name)
