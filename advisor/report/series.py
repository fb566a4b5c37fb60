"""The series behind every plot, for the window and the report alike. No Qt, no drawing."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from advisor.child.protocol import Sample
from advisor.estimate.model import Estimate, Verdict
from advisor.evidence import Evidence, Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.language import _
from advisor.report.source import RankedCandidates, top_rows

MAX_POINTS = 400
"""More points than this tell nothing on one plot."""
_PARTS = ("weights", "cache", "activations", "runtime")


class MemorySegment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of a stacked memory bar."""

    part: str
    label: str
    start_bytes: float
    """[B] Where it begins: the sum of the parts before it."""
    quantity: Quantity


class MemoryBar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The memory need of one candidate."""

    label: str
    verdict: Verdict
    segments: tuple[MemorySegment, ...]
    total: Quantity
    free_bytes: float | None
    """[B] Limit that the verdict was judged by."""


class ParetoPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One candidate in the plot of quality against energy."""

    index: int
    """Index of the row."""
    model: str
    format: str
    verdict: Verdict
    evidence: Evidence
    energy: Quantity
    """[Wh] Per 1,000 queries."""
    quality: float
    memory_bytes: float | None
    pareto: bool
    """On the front: not beaten."""
    picked: bool
    rejected: bool


class ParetoSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quality against energy for one benchmark; figures of other benchmarks are left out, never mixed in."""

    points: tuple[ParetoPoint, ...]
    benchmark: str | None
    """Null when no candidate has both figures."""
    metric: str | None
    higher_is_better: bool
    benchmarks: tuple[str, ...]
    """All benchmarks there are points for, the one with most points first."""
    num_without_quality: int
    num_other_benchmark: int
    summary: str
    """One sentence that says what the plot shows."""


class ProbeSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a probe read while it ran, one pair of tuples a curve."""

    label: str
    latency_t_s: tuple[float, ...]
    latency_s: tuple[float, ...]
    memory_t_s: tuple[float, ...]
    memory_bytes: tuple[float, ...]
    cpu_t_s: tuple[float, ...]
    cpu_share: tuple[float, ...]
    power_t_s: tuple[float, ...]
    power_w: tuple[float, ...]


def memory_parts_series(estimate: Estimate, *, label: str = "") -> MemoryBar:
    """Return the stacked bar of one estimate; a part without a value is left out."""
    segments: list[MemorySegment] = []
    start = 0.0
    for part in _PARTS:
        quantity: Quantity = getattr(estimate.memory_parts, part)
        if quantity.value is None:
            continue
        segments.append(MemorySegment(part=part, label=wording.part_word(part), start_bytes=start, quantity=quantity))
        start += quantity.value
    return MemoryBar(
        label=label or f"{estimate.model}, {wording.format_label(estimate.format)}",
        verdict=estimate.verdict,
        segments=tuple(segments),
        total=estimate.memory,
        free_bytes=estimate.memory_free_bytes,
    )


def pareto_series(
    recommendation: RankedCandidates,
    *,
    benchmark: str | None = None,
    limit: int | None = MAX_POINTS,
    one_a_model: bool = False,
    has_figure: Callable[[CandidateRow], bool] | None = None,
) -> ParetoSeries:
    """Return quality against energy.

    Args:
        recommendation: the ranked candidates.
        benchmark: name to show; null takes the pick's, else the one with most points.
        limit: how many of the best rows are looked at; null looks at all.
        one_a_model: show each model once, in its best format, and mark those that no other shown model beats in both
            quality and energy; else every candidate is shown with the front of the recommendation.
        has_figure: tells whether a row can be drawn; null: its energy is known.
    """
    rows = top_rows(recommendation, limit)
    if one_a_model:
        rows = _first_of_each_model(rows)
    known = has_figure if has_figure is not None else _has_energy
    drawable = [row for row in rows if row.quality.value is not None and known(row)]
    counted = Counter(str(row.quality.benchmark) for row in drawable)
    names = tuple(sorted(counted, key=lambda name: (-counted[name], name)))
    pick = recommendation.pick
    chosen = benchmark or _benchmark_of_pick(drawable, pick.index if pick else None) or (names[0] if names else None)
    shown = [row for row in drawable if row.quality.benchmark == chosen]
    metric = shown[0].quality.metric if shown else None
    shown = [row for row in shown if row.quality.metric == metric]
    points = tuple(_point(row, pick.index if pick else None) for row in shown)
    if one_a_model and shown:
        points = _with_own_front(points, higher_is_better=shown[0].quality.higher_is_better)
    return ParetoSeries(
        points=points,
        benchmark=chosen if points else None,
        metric=metric,
        higher_is_better=shown[0].quality.higher_is_better if shown else True,
        benchmarks=names,
        num_without_quality=sum(row.quality.value is None for row in rows),
        num_other_benchmark=len(drawable) - len(shown),
        summary=_pareto_summary(points, chosen, one_a_model=one_a_model),
    )


def _first_of_each_model(rows: Iterable[CandidateRow]) -> tuple[CandidateRow, ...]:
    kept: dict[str, CandidateRow] = {}
    for row in rows:
        kept.setdefault(row.model, row)
    return tuple(kept.values())


def _with_own_front(points: Sequence[ParetoPoint], *, higher_is_better: bool) -> tuple[ParetoPoint, ...]:
    """Mark the points that no other point beats in quality and energy at once; rejected ones neither win nor beat."""
    sign = 1.0 if higher_is_better else -1.0
    best = -math.inf
    front: set[int] = set()
    for point in sorted(points, key=lambda item: (item.energy.value or 0.0, -sign * item.quality)):
        if not point.rejected and sign * point.quality > best:
            best = sign * point.quality
            front.add(point.index)
    return tuple(msgspec.structs.replace(point, pareto=point.index in front) for point in points)


def _has_energy(row: CandidateRow) -> bool:
    return (row.energy_per_1000_queries.value or 0.0) > 0


def _benchmark_of_pick(rows: Iterable[CandidateRow], index: int | None) -> str | None:
    return next((row.quality.benchmark for row in rows if row.index == index), None)


def _point(row: CandidateRow, picked: int | None) -> ParetoPoint:
    return ParetoPoint(
        index=row.index,
        model=row.model,
        format=row.format,
        verdict=row.verdict,
        evidence=row.evidence,
        energy=row.energy_per_1000_queries,
        quality=float(row.quality.value or 0.0),
        memory_bytes=row.estimate.memory.value,
        pareto=row.pareto,
        picked=row.index == picked,
        rejected=bool(row.rejections),
    )


def _pareto_summary(points: Sequence[ParetoPoint], benchmark: str | None, *, one_a_model: bool) -> str:
    if not points:
        return _("No candidate has both a published quality figure and an energy figure.")
    front = sum(point.pareto for point in points)
    if one_a_model:
        text = _(
            "{number} models with a figure of {benchmark}; {front} are not beaten: none is better with less energy."
        )
    elif front:
        text = _("{number} candidates with a figure of {benchmark}; {front} of them are not beaten on every axis.")
    else:
        text = _("{number} candidates with a figure of {benchmark}.")
    text = text.format(number=len(points), benchmark=benchmark, front=front)
    picked = next((point for point in points if point.picked), None)
    if picked is None:
        return text
    pick = _("The pick, {model}, needs {energy} per 1,000 queries and reaches {quality}.")
    return f"{text} " + pick.format(
        model=picked.model, energy=wording.figure(picked.energy), quality=f"{picked.quality:g}"
    )


def probe_series(samples: Sequence[Sample], *, label: str = "") -> ProbeSeries:
    """Return a probe's curves; readings that could not be taken are left out."""
    work = [sample for sample in samples if sample.kind in {"token", "query"} and sample.latency_s is not None]
    memory = [sample for sample in samples if sample.rss_bytes is not None]
    cpu = [sample for sample in samples if sample.cpu_share is not None]
    power = [sample for sample in samples if sample.power_w is not None]
    return ProbeSeries(
        label=label,
        latency_t_s=tuple(sample.t_s for sample in work),
        latency_s=tuple(sample.latency_s or 0.0 for sample in work),
        memory_t_s=tuple(sample.t_s for sample in memory),
        memory_bytes=tuple(float(sample.rss_bytes or 0) for sample in memory),
        cpu_t_s=tuple(sample.t_s for sample in cpu),
        cpu_share=tuple(sample.cpu_share or 0.0 for sample in cpu),
        power_t_s=tuple(sample.t_s for sample in power),
        power_w=tuple(sample.power_w or 0.0 for sample in power),
    )
