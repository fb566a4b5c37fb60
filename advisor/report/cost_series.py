"""Quality against energy, the time of a query or memory: the series behind the plot of the results. No Qt."""

from collections.abc import Mapping
from typing import Literal

from advisor.energy import ranges
from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.language import _
from advisor.report.series import ParetoPoint, ParetoSeries, pareto_series
from advisor.report.source import RankedCandidates

Axis = Literal["energy", "latency", "memory"]
AXES: tuple[Axis, ...] = ("energy", "latency", "memory")
_NOTHING: dict[Axis, str] = {
    "energy": "No candidate has both a published quality figure and an energy figure.",
    "latency": "No candidate has both a published quality figure and a known time.",
    "memory": "No candidate has both a published quality figure and a known need of memory.",
}
_PICKS: dict[Axis, str] = {
    "energy": "The pick, {model}, needs {figure} per 1,000 queries and reaches {quality}.",
    "latency": "The pick, {model}, takes {figure} a query and reaches {quality}.",
    "memory": "The pick, {model}, needs {figure} of memory and reaches {quality}.",
}


class CostPoint(ParetoPoint, frozen=True, kw_only=True):
    """One candidate with all it costs."""

    latency: Quantity
    """[s] Of one query."""
    memory: Quantity
    """[B]"""

    def along(self, axis: Axis) -> Quantity:
        """Return the figure that stands on an axis."""
        found: Quantity = getattr(self, axis)
        return found


class CostSeries(ParetoSeries, frozen=True, kw_only=True):
    """Quality against one of the costs, for one benchmark."""

    points: tuple[CostPoint, ...]
    axis: Axis


def cost_series(recommendation: RankedCandidates, axis: Axis = "energy") -> CostSeries:
    """Return quality against one of the costs; figures of other benchmarks are left out, never mixed in.

    Args:
        recommendation: the ranked candidates.
        axis: what quality is held against.
    """
    sizes: dict[str, int] = {
        approach.id: approach.workload.num_output_tokens for approach in recommendation.summary.approaches
    }
    found = pareto_series(recommendation, has_figure=lambda row: (_figure(row, axis, sizes).value or 0.0) > 0)
    points = tuple(_point(point, recommendation.row(point.index), sizes) for point in found.points)
    return CostSeries(
        points=points, benchmark=found.benchmark, metric=found.metric, higher_is_better=found.higher_is_better,
        benchmarks=found.benchmarks, num_without_quality=found.num_without_quality,
        num_other_benchmark=found.num_other_benchmark, summary=_summary(points, found, axis), axis=axis,
    )  # fmt: skip


def outline(series: CostSeries) -> list[CostPoint]:
    """Return the points that no other beats in both quality and what it is held against, cheapest first."""
    sign = 1.0 if series.higher_is_better else -1.0
    usable = [point for point in series.points if not point.rejected]
    found: list[CostPoint] = []
    for point in sorted(usable, key=lambda point: (point.along(series.axis).value or 0.0, -sign * point.quality)):
        if not found or sign * point.quality > sign * found[-1].quality:
            found.append(point)
    return found


def _point(point: ParetoPoint, row: CandidateRow, sizes: Mapping[str, int]) -> CostPoint:
    plain = {field: getattr(point, field) for field in ParetoPoint.__struct_fields__}
    return CostPoint(**plain, latency=_figure(row, "latency", sizes), memory=_figure(row, "memory", sizes))


def _figure(row: CandidateRow, axis: Axis, sizes: Mapping[str, int]) -> Quantity:
    """Return a cost of a row, measured where the same sizes were."""
    if axis == "energy":
        return row.energy_per_1000_queries
    measured = row.measured if row.measured is not None and row.measured.same_workload else None
    if axis == "memory":
        return row.estimate.memory if measured is None or measured.memory.value is None else measured.memory
    if measured is None or measured.time_to_first_token.value is None:
        return row.estimate.time_per_query
    if measured.time_per_token.value is None:
        writes = row.estimate.time_per_token.value is not None
        return row.estimate.time_per_query if writes else measured.time_to_first_token
    rest = ranges.scaled(measured.time_per_token, max(0, sizes.get(row.approach, 0) - 1), "s")
    return ranges.total([measured.time_to_first_token, rest], "s", measured.time_to_first_token.basis)


def _summary(points: tuple[CostPoint, ...], found: ParetoSeries, axis: Axis) -> str:
    if not points:
        return _(_NOTHING[axis])
    text = _("{number} candidates with a figure of {benchmark}.")
    text = text.format(number=len(points), benchmark=found.benchmark)
    picked = next((point for point in points if point.picked), None)
    if picked is None:
        return text
    return f"{text} " + _(_PICKS[axis]).format(
        model=picked.model, figure=wording.figure(picked.along(axis)), quality=f"{picked.quality:g}"
    )
