"""From a task to columns: candidates of every approach, what the catalog says of them, what they cost here."""

import msgspec
import numpy as np

from advisor.estimate.batch import EXCLUDED, EstimateBatch, estimate_batch
from advisor.estimate.model import VERDICTS, Estimate, PowerModel, Roofs
from advisor.recommend import approach as approach_rules
from advisor.recommend import merge, quality, rank
from advisor.recommend.companion import extra_memory
from advisor.recommend.model import Approach
from advisor.recommend.pareto import BoolArray, FloatArray, IntArray
from advisor.recommend.prepared import Direction, Field, Prepared
from advisor.recommend.quality import Scale, Standing
from advisor.recommend.rank import INSUFFICIENT, SUFFICIENT, UNKNOWN, UNSTATED, Axes, Traits
from advisor.recommend.recommendation import Part, unfit
from advisor.task import presets
from advisor.task.model import TaskSpec

_WITHOUT_SCALE = -1
_TIERS = {True: SUFFICIENT, None: UNKNOWN, False: INSUFFICIENT}
TWO_MODELS = "embedder-reranker"
"""The approach whose candidates include the costs of a second model."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where the candidates would run, and what was measured there."""

    roofs: Roofs
    power: PowerModel | None
    probes: merge.Probes


def parts(task: TaskSpec, known: Prepared, setting: Setting) -> tuple[Part, ...]:
    """Return the candidates of each approach to a task, estimated."""
    found: list[Part] = []
    start = 0
    standings = known.standings(task.kind)
    for item in approach_rules.approaches(task, presets.workload(task)):
        field = known.field(item.id, task.kind)
        scales = quality.scales_for(item.id, task)
        batch = estimate_batch(field.table, item.workload, setting.roofs, setting.power)
        found.append(
            Part(
                approach=item,
                field=field,
                batch=batch,
                standings=tuple(quality.standing(standings, card.id, scales) for card in field.cards),
                start=start,
                measured={} if item.id == TWO_MODELS else _measured(field, item, setting.probes),
            )
        )
        start += len(field)
    return tuple(found)


def _measured(field: Field, item: Approach, probes: merge.Probes) -> dict[int, merge.Measurement]:
    found: dict[int, merge.Measurement] = {}
    for key, results in probes.items():
        place = field.place.get(key)
        measurement = merge.measurement(results, item.workload)
        if place is not None and measurement is not None:
            found[place] = measurement
    return found


def traits(task: TaskSpec, chosen: tuple[Part, ...], *, on_cpu: bool) -> Traits:
    """Return what the catalog says of all candidates for this task."""
    wanted = frozenset((*task.languages, *task.target_languages))
    pair = _pair(task)
    numbers: dict[Scale, int] = {}
    fields = [part.field for part in chosen]
    return Traits(
        parameters=_joined([field.parameters for field in fields]),
        num_context_tokens=_joined([field.num_context_tokens for field in fields]),
        commercial=_joined_whole([field.commercial for field in fields]),
        language=_joined_whole([field.languages(wanted, pair) for field in fields]),
        doubtful_format=_joined_truth([field.low_bit | (field.gpu_format & on_cpu) for field in fields]),
        quality_share=_joined([_per_model(part, [_share(item) for item in part.standings]) for part in chosen]),
        quality_value=_joined([_per_model(part, [_value(item) for item in part.standings]) for part in chosen]),
        scale=_joined_whole([_scale(part, numbers).astype(np.int64) for part in chosen]),
        tier=_joined_whole([_proven_tier(part, task) for part in chosen]),
        possible=_joined_truth([_possible(part, task) for part in chosen]),
    )


def axes(chosen: tuple[Part, ...], memory_free_bytes: int | None) -> Axes:
    """Return what all candidates cost: estimated, or measured here at the same sizes."""
    batches = [part.batch for part in chosen]
    joined = Axes(
        verdict=_joined_whole([batch.verdict.astype(np.int64) for batch in batches]),
        memory_bytes=_joined([batch.memory.total.value for batch in batches]),
        least_memory_bytes=_joined([batch.memory.total.low for batch in batches]),
        time_s=_joined([batch.speed.query.value for batch in batches]),
        first_token_s=_joined([batch.speed.first_token.value for batch in batches]),
        rate=_joined([batch.rate.value for batch in batches]),
        energy_wh=_joined([batch.energy.value for batch in batches]),
        energy_doubt=np.full(sum(len(batch.energy.value) for batch in batches), np.nan),
        download_bytes=_joined([batch.table.column("download_bytes") for batch in batches]),
        evidence=_joined_whole([_evidence(batch) for batch in batches]),
    )
    for part in chosen:
        for place, measurement in part.measured.items():
            merge.apply(joined, part.start + place, measurement, memory_free_bytes)
    return joined


def measured_first(ranked: IntArray, chosen: tuple[Part, ...], known: Traits, costs: Axes) -> IntArray:
    """Return the ranking in which no measured format is overtaken by a mere estimate of another format of its model.

    Only an estimate whose range lies wholly below the measured time still goes first.
    """
    for part in chosen:
        for place, item in part.measured.items():
            if not item.view.same_workload:
                continue
            own = part.start + place
            rows = part.start + np.flatnonzero(part.field.model_of == part.field.model_of[place])
            alike = (known.doubtful_format[rows] == known.doubtful_format[own]) & (
                costs.verdict[rows] == costs.verdict[own]
            )
            may_be_as_slow = part.batch.speed.query.high[rows - part.start] >= costs.time_s[own]
            unmeasured = ~np.isin(rows - part.start, list(part.measured))
            ranked = rank.measured_first(ranked, own, rows[alike & may_be_as_slow & unmeasured])
    return ranked


def with_helper(part: Part, helper: Estimate, costs: Axes, memory_free_bytes: int | None) -> Part:
    """Add the costs of the embedder to every candidate of an approach of two models.

    Args:
        part: the rerankers.
        helper: estimate of the embedder for the same query.
        costs: changed in place.
        memory_free_bytes: [B] what verdicts are judged by.
    """
    rows = slice(part.start, part.start + len(part.field))
    for column, more in (
        (costs.memory_bytes, extra_memory(helper)),
        (costs.least_memory_bytes, extra_memory(helper)),
        (costs.download_bytes, helper.download_bytes.value),
        (costs.time_s, helper.time_per_query.value),
        (costs.first_token_s, helper.time_to_first_token.value),
        (costs.energy_wh, helper.energy_per_1000_queries.value),
    ):
        column[rows] += np.nan if more is None else more
    costs.rate[rows] = 1.0 / costs.time_s[rows]
    if memory_free_bytes is not None:
        costs.verdict[rows] = _verdicts(costs.memory_bytes[rows], costs.verdict[rows], memory_free_bytes)
    return msgspec.structs.replace(part, helper=helper)


def _verdicts(memory_bytes: FloatArray, before: IntArray, free_bytes: int) -> IntArray:
    from advisor.estimate.fit import TIGHT_BELOW_SHARE

    fits, tight, too_large = (VERDICTS.index(name) for name in ("fits", "tight", "does-not-fit"))
    left = (free_bytes - memory_bytes) / free_bytes if free_bytes > 0 else np.full(len(memory_bytes), -1.0)
    fresh = np.where(left < 0, too_large, np.where(left < TIGHT_BELOW_SHARE, tight, fits))
    return np.where(np.isnan(left), before, fresh).astype(np.int64)


def front_groups(chosen: tuple[Part, ...], scale: IntArray) -> IntArray:
    """Return the group whose Pareto front each candidate may join: its quality scale.

    Candidates without a figure form a group of their own where their whole approach has none, and are left out where
    others of the approach have one.
    """
    groups = scale.copy()
    free = int(scale.max(initial=0)) + 1
    for number, part in enumerate(chosen):
        rows = slice(part.start, part.start + len(part.field))
        if (scale[rows] == _WITHOUT_SCALE).all():
            groups[rows] = free + number
    return groups


def cost_columns(costs: Axes) -> FloatArray:
    """Return energy, time and memory side by side, the axes of the Pareto front beside quality."""
    return np.column_stack([costs.energy_wh, costs.time_s, costs.memory_bytes])


def max_context(chosen: tuple[Part, ...]) -> FloatArray:
    """Return the largest context that fits of each candidate; NaN where it has no meaning or is not known."""
    return _joined([part.batch.max_context_tokens for part in chosen])


def _pair(task: TaskSpec) -> Direction | None:
    """Return the direction of a translation as far as it was said; null for other tasks and for several languages."""
    if task.kind != "translation" or len(task.languages) > 1 or len(task.target_languages) > 1:
        return None
    return next(iter(task.languages), None), next(iter(task.target_languages), None)


def _share(item: Standing | None) -> float:
    return np.nan if item is None or item.rank_share is None else item.rank_share


def _value(item: Standing | None) -> float:
    if item is None:
        return np.nan
    return item.figure.value if item.higher_is_better else -item.figure.value


def _scale(part: Part, numbers: dict[Scale, int]) -> IntArray:
    found = [
        _WITHOUT_SCALE
        if item is None
        else numbers.setdefault((item.figure.benchmark, item.figure.metric), len(numbers))
        for item in part.standings
    ]
    return _per_model(part, [float(number) for number in found]).astype(np.int64)


def _tier(part: Part, task: TaskSpec) -> FloatArray:
    return _per_model(part, [_TIERS[quality.meets(item, task.quality_need)] for item in part.standings])


def _proven_tier(part: Part, task: TaskSpec) -> IntArray:
    """Return the tiers; without a named need, a figure proves nothing of so few bits or of an unstated language.

    With a named need the figure is the only hint there is, and the reason says that it is no more.
    """
    tier = _tier(part, task).astype(np.int64)
    if task.quality_need != "any":
        return tier
    wanted = frozenset((*task.languages, *task.target_languages))
    unstated = part.field.languages(wanted, _pair(task)) == UNSTATED
    return np.where((part.field.low_bit | unstated) & (tier == SUFFICIENT), UNKNOWN, tier)


def _possible(part: Part, task: TaskSpec) -> BoolArray:
    usable = [part.approach.possible and not unfit(task, part.approach, card) for card in part.field.cards]
    return _per_model(part, usable).astype(np.bool_)


def _per_model(part: Part, values: list[float] | list[int] | list[bool]) -> FloatArray:
    """Spread one value a model over its candidates."""
    return np.array(values, dtype=np.float64)[part.field.model_of]


def _evidence(batch: EstimateBatch) -> IntArray:
    """Return the weakest evidence of memory, speed and energy; what is excluded is not counted unless all are."""
    codes = np.stack([batch.memory_evidence, batch.speed_evidence, batch.energy_evidence]).astype(np.int64)
    known = np.where(codes == EXCLUDED, -1, codes).max(axis=0)
    return np.where(known < 0, EXCLUDED, known)


def _joined(columns: list[FloatArray]) -> FloatArray:
    return np.concatenate(columns).astype(np.float64)


def _joined_whole(columns: list[IntArray]) -> IntArray:
    return np.concatenate(columns).astype(np.int64)


def _joined_truth(columns: list[BoolArray]) -> BoolArray:
    return np.concatenate(columns).astype(np.bool_)
