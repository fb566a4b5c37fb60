"""What measuring real files needs of the domain: where they are, and the plan. Functions for a worker."""

from pathlib import Path

from advisor.hardware.model import HardwareProfile
from advisor.probe.energy_settings import EnergyMode
from advisor.probe.weights.plan import WeightsPlan
from advisor.recommend.model import CandidateRow
from advisor.task.model import TaskSpec
from advisor.ui.store import RealState, Rows


def look(model: str, format_id: str, models_folder: str | None) -> RealState:
    """Return where the real files of a candidate are, or what to do to have them.

    Args:
        model: its id.
        format_id: name of its format.
        models_folder: where the user keeps downloaded models.
    """
    from advisor.report import real_files

    found = real_files.of_candidate(model, format_id, models_folder)
    return RealState(model=model, format=format_id, path=found.path, words=found.words, why_not=found.why_not)


def plan(
    row: CandidateRow, path: str, task: TaskSpec | None, profile: HardwareProfile, rows: Rows, energy_mode: EnergyMode
) -> WeightsPlan:
    """Plan the probe of a row's real files, at the sizes its way of doing the task needs.

    Args:
        row: the candidate.
        path: folder or file with the model.
        task: as it is now; null: the one of the recommendation.
        profile: of this computer.
        rows: the recommendation.
        energy_mode: how energy is measured.

    Raises:
        AdvisorError: as `runnable.find.open_model` and `probe.weights.planner.plan`.
    """
    from advisor.probe.weights import planner
    from advisor.runnable import find
    from advisor.task import presets

    wanted = task if task is not None else rows.summary.task
    found = next((way.workload for way in rows.summary.approaches if way.id == row.approach), None)
    sizes = found if found is not None else presets.workload(wanted)
    model = find.open_model(Path(path), model_id=row.model)
    return planner.plan(
        model, sizes, profile, task_kind=wanted.kind, languages=wanted.languages, format_id=row.format,
        energy_mode=energy_mode,
    )  # fmt: skip
