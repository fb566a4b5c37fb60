"""AI Energy Score's tasks as workloads, so that a figure of this computer is of the same sizes as a published one.

Same sizes are not the same hardware: nothing made with them is comparable with the leaderboard, and none gets stars.
"""

from functools import cache

import msgspec

from advisor import resources
from advisor.errors import NotFoundError
from advisor.task.model import TaskKind, Workload

FILE_NAME = "energy/ai_energy_score_tasks.json"
SCHEMA_VERSION = 1
_CODE = "aies-invalid"
PREFIX = "aies:"
"""In front of a task's id where presets are named: `aies:text-generation`."""
_SIZES = ("num_input_tokens", "num_output_tokens", "num_context_tokens", "num_passes", "audio_s", "num_images")


class AiesTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One task of AI Energy Score; a query is one of its 1,000 data points."""

    id: str
    kind: TaskKind
    label: str
    datasets: tuple[str, ...]
    """Sampled in equal parts."""
    num_total_input_tokens: int | None
    """Of all 1,000 queries, as published; null for pictures and sound."""
    num_input_tokens: int
    num_output_tokens: int
    num_context_tokens: int
    num_passes: int
    audio_s: float
    num_images: int
    published: tuple[str, ...]
    """Names of the sizes that are published; the rest is assumed, for the reason given."""
    reason: str
    source: str


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    tasks: tuple[AiesTask, ...]


def parse(raw: bytes, file_name: str = FILE_NAME) -> tuple[AiesTask, ...]:
    """Read the table.

    Raises:
        InvalidFileError: `aies-invalid`; file and field are named.
    """
    table = resources.table(raw, _Table, code=_CODE, file_name=file_name, version=SCHEMA_VERSION)
    for number, task in enumerate(table.tasks):
        if task.num_input_tokens < 1 or min(task.num_output_tokens, task.num_images, task.audio_s) < 0:
            what = f"{task.id} has a size that cannot be - at `$.tasks[{number}]`"
            raise resources.damaged(_CODE, file_name, what)
        if not set(task.published) <= set(_SIZES):
            raise resources.damaged(
                _CODE, file_name, f"{task.id} names a size that is none - at `$.tasks[{number}].published`"
            )
    return table.tasks


@cache
def tasks() -> tuple[AiesTask, ...]:
    """Return the tasks in the project's own order; errors as `parse`."""
    return parse(resources.read(FILE_NAME))


def named(name: str) -> AiesTask:
    """Return a task by its id, with or without the prefix `aies:`.

    Raises:
        NotFoundError: `aies-unknown`; the remedy lists the ids.
    """
    wanted = name.strip().casefold().removeprefix(PREFIX)
    for task in tasks():
        if task.id == wanted:
            return task
    raise NotFoundError(
        "aies-unknown",
        f"AI Energy Score has no task {name[:60]!r}.",
        remedy=f"Choose one of: {', '.join(PREFIX + task.id for task in tasks())}.",
    )


def workload(task: AiesTask) -> Workload:
    """Return the sizes of one query; `assumed_fields` names those that are not published."""
    sizes = {name: getattr(task, name) for name in _SIZES}
    return Workload(**sizes, assumed_fields=tuple(name for name in _SIZES if name not in task.published))


def controls(task: AiesTask) -> dict[str, object]:
    """Return the task's kind and sizes as fields of a `TaskSpec`, to lay over what a user said in words."""
    values: dict[str, object] = {
        "kind": task.kind,
        "num_input_tokens": task.num_input_tokens,
        "num_output_tokens": task.num_output_tokens,
        "num_context_tokens": task.num_context_tokens,
    }
    if task.audio_s:
        values["audio_s"] = task.audio_s
    if task.num_images:
        values["num_images"] = task.num_images
    return values
