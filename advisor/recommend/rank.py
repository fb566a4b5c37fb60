"""Hard needs, sufficiency and order of all candidates of a task, as columns of numbers.

The smallest sufficient comes first: among those that meet every hard need and are known to be good enough, the one
with the least energy per query, then time, then memory.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from advisor.recommend.needs import Code, Limits, bit
from advisor.recommend.pareto import BoolArray, FloatArray, IntArray

MaskArray = NDArray[np.uint16]
SUFFICIENT, UNKNOWN, INSUFFICIENT = 0, 1, 2
"""Tiers of quality: known to be enough, not known, known to be too little."""
STATED, LIKELY, UNSTATED, MISSING = 0, 1, 2, 3
"""How sure it is that a model knows the task's languages."""


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of all candidates, one array entry each; NaN where unknown. Measured here, else estimated."""

    verdict: IntArray
    """Index into `estimate.model.VERDICTS`."""
    memory_bytes: FloatArray
    least_memory_bytes: FloatArray
    """[B] Low end of the range: of what is known where the whole is not."""
    time_s: FloatArray
    """[s] One query."""
    first_token_s: FloatArray
    rate: FloatArray
    energy_wh: FloatArray
    """[Wh] 1,000 queries."""
    energy_doubt: FloatArray
    """Half of the 95 % interval of the logarithm of a measured energy, without what two candidates have in common (the
    scale of the meter, the typical range of the power); NaN where it was not measured."""
    download_bytes: FloatArray
    evidence: IntArray
    """Index into `evidence.EVIDENCE_ORDER`, the weakest of memory, speed and energy."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalog says of all candidates, one array entry each."""

    parameters: FloatArray
    """Count; NaN where unknown."""
    num_context_tokens: FloatArray
    """NaN where unknown or without meaning."""
    commercial: IntArray
    """1 allowed, 0 not, -1 unknown."""
    language: IntArray
    """`STATED`, `LIKELY`, `UNSTATED` or `MISSING`."""
    doubtful_format: BoolArray
    """So few bits, or so foreign to the device, that other formats go first."""
    quality_share: FloatArray
    """Place on its own scale, 0 to 1; NaN where unknown."""
    quality_value: FloatArray
    """The figure, turned so that more is better; comparable inside one scale only."""
    scale: IntArray
    """Number of the quality scale; -1 without a figure."""
    tier: IntArray
    """`SUFFICIENT`, `UNKNOWN` or `INSUFFICIENT`."""
    possible: BoolArray
    """The approach can be used with what the user has."""


def rejections(traits: Traits, axes: Axes, limits: Limits, does_not_fit: int) -> MaskArray:
    """Return for each candidate the set of hard needs it does not meet, one bit each; 0 meets all.

    What is unknown is not held against a candidate, except a licence and, where the user set a limit, memory.

    Args:
        traits: from the catalog.
        axes: estimated or measured.
        limits: the hard needs.
        does_not_fit: index of that verdict.
    """
    mask = np.zeros(len(axes.verdict), dtype=np.uint16)

    def reject(code: Code, where: BoolArray) -> None:
        np.bitwise_or(mask, np.uint16(bit(code)), out=mask, where=where)

    reject("approach", ~traits.possible)
    reject("memory", axes.verdict == does_not_fit)
    reject("language", traits.language == MISSING)
    if limits.commercial:
        reject("licence", traits.commercial == 0)
        reject("licence-unknown", traits.commercial == -1)
    with np.errstate(invalid="ignore"):
        reject("memory", axes.memory_bytes > limits.memory_bytes)
        reject("disk", axes.download_bytes > limits.disk_bytes)
        reject("latency", axes.time_s > min(limits.latency_s, limits.pace_s))
    if limits.memory_named:
        reject("unknown-memory", np.isnan(axes.memory_bytes))
    if limits.quality:
        reject("quality", traits.tier == INSUFFICIENT)
    return mask


def reject_short_context(mask: MaskArray, traits: Traits, rows: slice, num_needed_tokens: int) -> None:
    """Mark, in place, the candidates of one approach whose context is too short for a query."""
    with np.errstate(invalid="ignore"):
        short = traits.num_context_tokens[rows] < num_needed_tokens
    mask[rows] |= np.where(short, np.uint16(bit("context")), np.uint16(0))


def unproven(axes: Axes, limits: Limits, unknown: int, *, memory_known: bool) -> BoolArray:
    """Return which candidates can't be shown to meet a need because a number is missing; they come after the others.

    Args:
        axes: estimated or measured.
        limits: the hard needs.
        unknown: index of that verdict.
        memory_known: whether the free memory is known; if not, no candidate is blamed for it.
    """
    missing: BoolArray = (axes.verdict == unknown) & memory_known
    with np.errstate(invalid="ignore"):
        too_slow = bool((axes.time_s > limits.pace_s).any())
    if limits.latency_s < np.inf or too_slow:
        missing = missing | np.isnan(axes.time_s)
    return missing


def by_memory(axes: Axes, mask: MaskArray) -> bool:
    """Return whether memory has to decide, because the time of most candidates that meet the needs is not known.

    Otherwise a large model would go first only because its time happens to be known.
    """
    usable = mask == 0
    return bool(np.isnan(axes.time_s[usable]).sum() * 2 > usable.sum())


def ranking(traits: Traits, axes: Axes, mask: MaskArray, missing: BoolArray) -> IntArray:
    """Return all indexes from the best to the worst: those that meet the hard needs first.

    Keys, the most telling first: hard needs met; shown to meet them; quality known to be enough; languages stated or
    likely; a format that keeps the quality; verdict; energy; time; memory; index. Energy within half a percent counts
    as equal, so that rounding does not decide; of two that were measured only one whose energy is measurably less goes
    first (`same_energy`). Unknown numbers come last. Memory goes before energy and time where
    `by_memory` says so.

    Args:
        traits: from the catalog.
        axes: estimated or measured.
        mask: as `rejections` returns it.
        missing: as `unproven` returns it.
    """
    memory = _rising(np.where(np.isnan(axes.memory_bytes), axes.least_memory_bytes, axes.memory_bytes))
    work = (_rising(axes.time_s), _energy_steps(axes))
    costs = (*work, memory) if by_memory(axes, mask) else (memory, *work)
    keys = (
        np.arange(len(mask)),
        *costs,
        axes.verdict,
        traits.doubtful_format,
        np.maximum(traits.language, LIKELY),
        traits.tier,
        missing,
        mask != 0,
    )
    return np.lexsort(keys).astype(np.int64)


def measured_first(ranked: IntArray, measured: int, siblings: IntArray) -> IntArray:
    """Return the ranking with a measured candidate before the siblings that only an estimate puts ahead of it.

    Args:
        ranked: indexes, best first.
        measured: index of the measured candidate.
        siblings: indexes of the same model in other formats whose range holds the measured time.
    """
    places = np.flatnonzero(np.isin(ranked, siblings))
    own = int(np.flatnonzero(ranked == measured)[0])
    if not places.size or places[0] > own:
        return ranked
    return np.insert(np.delete(ranked, own), places[0], measured).astype(np.int64)


def shown_order(ranked: IntArray, verdict: IntArray, mask: MaskArray) -> IntArray:
    """Return all indexes in the order of the results table: by verdict, inside it by rank, rejected ones last."""
    place = np.empty_like(ranked)
    place[ranked] = np.arange(len(ranked))
    return np.lexsort((place, verdict, mask != 0)).astype(np.int64)


def _rising(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), np.inf, values)


def same_energy(axes: Axes, first: int, second: int) -> bool:
    """Return whether two candidates were measured and the interval of the ratio of their energies holds 1.

    Args:
        axes: estimated or measured.
        first: index.
        second: index.

    Source:
        Two independent figures: the half-widths of their logarithms add in squares; ranked only if 1 is outside.
    """
    doubt = np.hypot(axes.energy_doubt[first], axes.energy_doubt[second])
    return bool(abs(np.log(axes.energy_wh[first] / axes.energy_wh[second])) <= doubt)  # NaN: not known to be the same


def _energy_steps(axes: Axes) -> FloatArray:
    """Return steps of energy; measured ones that cannot be told from the least of them share its step."""
    steps = _steps(axes.energy_wh)
    measured = np.flatnonzero(np.isfinite(axes.energy_doubt) & (axes.energy_wh > 0))
    leader = -1
    for index in measured[np.argsort(axes.energy_wh[measured], kind="stable")]:
        if leader >= 0 and same_energy(axes, leader, index):
            steps[index] = steps[leader]
        else:
            leader = int(index)
    return steps


def _steps(values: FloatArray) -> FloatArray:
    """Return the logarithm in steps of half a percent."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.round(np.log(values) / 0.005)
    return _rising(steps)
