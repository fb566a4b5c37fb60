"""Our energy beside what others published for the same task: one series for a logarithmic axis, nothing mixed.

No star is ever given here: AI Energy Score's are bins over one cohort on one kind of card. Official ones are shown with
their cohort; `official_stars` exists to check them.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Literal

import msgspec

from advisor import resources
from advisor.errors import InvalidFileError
from advisor.evidence import Quantity
from advisor.recommend import published
from advisor.recommend.published import MACHINE, TEXT_GENERATION_SIZES, PublishedEnergy
from advisor.task.model import TaskKind

ANCHORS_FILE = "energy/task_anchors.json"
SCHEMA_VERSION = 1
NUM_STARS = 5
NOT_COMPARABLE = "other hardware: not comparable"
WARNING = (
    "Published figures were measured on data-centre cards, with other sizes of query and other parts counted. They "
    "show the order of magnitude and cannot be compared with figures of this computer."
)
TASKS_OF_KIND: dict[TaskKind, tuple[str, ...]] = {
    "generation": ("text-generation", "reasoning"),
    "summarization": ("text-generation",),
    "translation": ("text-generation",),
    "text-classification": ("text-classification",),
    "zero-shot-classification": ("text-classification",),
    "image-classification": ("image-classification",),
    "image-generation": ("image-generation",),
}
"""Published tasks that are shown beside a kind; kinds without any have nothing to stand beside."""
PointKind = Literal["ours", "same-model", "task-mean", "other-model"]


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published mean over several models of one task."""

    task: str
    energy_wh: float
    """[Wh] Of 1,000 queries."""
    label: str
    hardware: str
    source: str
    year: int


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate or measurement of this computer."""

    label: str
    model: str
    """Hub id; published figures of the same model come first."""
    energy: Quantity
    """[Wh] Of 1,000 queries, with its range."""
    hardware: str
    sizes: str
    """`128 tokens in, 128 out`: an energy says little without them."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One mark on the axis."""

    kind: PointKind
    label: str
    energy: Quantity
    """[Wh] Of 1,000 queries; published figures have no range."""
    hardware: str
    cohort: str
    """Who tested it together with what, and when; empty for ours."""
    stars: int | None
    """Official, of that cohort; never ours."""
    sizes: str
    note: str
    """`other hardware: not comparable`; empty for ours."""
    source: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A series for a logarithmic axis."""

    points: tuple[Point, ...]
    """Ours first, then the same models elsewhere, then means of the task, then others by energy."""
    axis_low_wh: float
    axis_high_wh: float
    """Powers of ten around all values and ranges."""
    warning: str


class _Anchors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    anchors: tuple[Anchor, ...]


def parse_anchors(raw: bytes, file_name: str = ANCHORS_FILE) -> tuple[Anchor, ...]:
    """Read the table of task means.

    Raises:
        InvalidFileError: `anchors-invalid`; file and field are named.
    """
    try:
        table = msgspec.json.decode(raw, type=_Anchors)
    except msgspec.DecodeError as error:
        raise _invalid(file_name, str(error)) from error
    if table.schema_version != SCHEMA_VERSION:
        raise _invalid(file_name, f"version {table.schema_version} is not {SCHEMA_VERSION} - at `$.schema_version`")
    for number, anchor in enumerate(table.anchors):
        if not anchor.energy_wh > 0:
            raise _invalid(file_name, f"{anchor.energy_wh} is not an energy - at `$.anchors[{number}].energy_wh`")
    return table.anchors


def _invalid(file_name: str, what: str) -> InvalidFileError:
    return InvalidFileError(
        "anchors-invalid", f"{file_name} cannot be used: {what}.", remedy="Install the app again.", file=file_name
    )


@cache
def anchors() -> tuple[Anchor, ...]:
    """Return the shipped task means; errors as `parse_anchors`."""
    return parse_anchors(resources.read(ANCHORS_FILE))


def official_stars(energy_wh: float, cohort_wh: Sequence[float]) -> int:
    """Return the stars AI Energy Score gives inside a cohort: five bins of equal width, the least energy has five.

    Only for checking the shipped table. It means nothing for a figure of another machine, and none is ever given one.

    Args:
        energy_wh: [Wh] of a member of the cohort.
        cohort_wh: [Wh] all members.

    Source:
        AI Energy Score, FAQ: the range of GPU energy is divided into five equal sections.
    """
    least, most = min(cohort_wh), max(cohort_wh)
    if most <= least:
        return NUM_STARS
    return NUM_STARS - min(NUM_STARS - 1, int(NUM_STARS * (energy_wh - least) / (most - least)))


def comparison(kind: TaskKind, ours: Sequence[Ours], *, most: int = 12) -> Comparison | None:
    """Return our figures beside the published ones of the same task; null where there is nothing to show.

    Args:
        kind: of the task.
        ours: figures of this computer; those without a value are left out.
        most: how many published figures at most, not counting ours.
    """
    tasks = TASKS_OF_KIND.get(kind, ())
    mine = [_our_point(item) for item in ours if item.energy.value is not None and item.energy.value > 0]
    names = {item.model.rpartition("/")[2].casefold() for item in ours}
    rows = [row for row in published.published() if row.task in tasks]
    same = [row for row in rows if row.model.casefold() in names]
    means = [_anchor_point(anchor) for anchor in anchors() if anchor.task in tasks]
    room = max(0, most - len(same) - len(means))
    others = _spread_out([row for row in _newest(rows) if row not in same], room)
    told = [
        *(row_point(row, "same-model") for row in same),
        *means,
        *(row_point(row, "other-model") for row in others),
    ]
    if not mine or not told:
        return None
    points = (*mine, *told[:most])
    low, high = _axis(points)
    return Comparison(points=points, axis_low_wh=low, axis_high_wh=high, warning=WARNING)


def _newest(rows: Sequence[PublishedEnergy]) -> list[PublishedEnergy]:
    """Return the rows of the newest date of each task: dates are not on one scale, so they are not mixed."""
    latest: dict[str, str] = {}
    for row in rows:
        latest[row.task] = max(latest.get(row.task, ""), row.test_date or "")
    return [row for row in rows if (row.test_date or "") == latest[row.task]]


def _spread_out(rows: Sequence[PublishedEnergy], room: int) -> list[PublishedEnergy]:
    """Return rows from the least to the most energy, at even steps of rank."""
    ordered = sorted(rows, key=lambda row: row.gpu_energy_wh)
    if len(ordered) <= room:
        return ordered
    if room < 2:
        return ordered[:room]
    return [ordered[round(step * (len(ordered) - 1) / (room - 1))] for step in range(room)]


def _our_point(item: Ours) -> Point:
    return Point(
        kind="ours",
        label=item.label,
        energy=item.energy,
        hardware=item.hardware,
        cohort="",
        stars=None,
        sizes=item.sizes,
        note="",
        source="this computer",
    )


def row_point(row: PublishedEnergy, kind: PointKind) -> Point:
    """Return one published result as a mark, with its cohort and official stars."""
    task = row.task.replace("-", " ")
    parts = [f"AI Energy Score, {task}", f"class {row.size_class}" if row.size_class else "", _date(row.test_date)]
    several = row.size_class == "C"
    reasoning = f", reasoning {row.reasoning}" if row.reasoning not in {None, "off"} else ""
    official = row.origin == "official"
    return Point(
        kind=kind,
        label=f"{row.model}{reasoning}",
        energy=_published(row.gpu_energy_wh, f"GPU energy of {task}, {row.source}"),
        hardware=f"several {MACHINE}, cards only" if several else f"{MACHINE}, card only",
        cohort=", ".join(part for part in parts if part),
        stars=row.stars if official else None,
        sizes=TEXT_GENERATION_SIZES if row.task == "text-generation" else "",
        note=NOT_COMPARABLE,
        source=row.source,
    )


def _anchor_point(anchor: Anchor) -> Point:
    return Point(
        kind="task-mean",
        label=anchor.label,
        energy=_published(anchor.energy_wh, f"mean over models, {anchor.source}"),
        hardware=anchor.hardware,
        cohort=f"{anchor.source}, {anchor.year}",
        stars=None,
        sizes="",
        note=NOT_COMPARABLE,
        source=anchor.source,
    )


def _published(energy_wh: float, basis: str) -> Quantity:
    return Quantity(value=energy_wh, unit="Wh", evidence="assumed", basis=f"{basis}; {NOT_COMPARABLE}")


def _date(test_date: str | None) -> str:
    if test_date is None:
        return "no date"
    year, _dash, month = test_date.partition("-")
    names = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
             "November", "December")  # fmt: skip
    return f"{names[int(month) - 1]} {year}"


def _axis(points: Sequence[Point]) -> tuple[float, float]:
    ends = [end for point in points for end in (point.energy.low, point.energy.value, point.energy.high)]
    positive = [end for end in ends if end is not None and end > 0]
    return 10.0 ** math.floor(math.log10(min(positive))), 10.0 ** math.ceil(math.log10(max(positive)))
