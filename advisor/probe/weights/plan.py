"""What to measure with real weights. Pure values: they travel between the app and its child."""

from advisor.probe.plan import RunPlan
from advisor.task.model import TaskKind


class WeightsPlan(RunPlan, frozen=True, kw_only=True):
    """One probe with real weights, ready to run."""

    path: str
    """Of the folder, or of the ONNX file."""
    model_id: str
    """What the result is kept under: the catalog's or hub's id, else the folder's name."""
    format_id: str
    """The catalog's name of the format where it has one."""
    task_kind: TaskKind
    """For the instruction in front of the texts."""
    languages: tuple[str, ...] = ()
    """Of the texts, the first that there are texts of."""
