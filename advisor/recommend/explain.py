"""Why the pick is the pick, why its neighbours in size are not, and what stands in the way when there is none."""

import math

import msgspec
import numpy as np

from advisor import units
from advisor.catalog import formats
from advisor.recommend import caveat, quality
from advisor.recommend.model import CandidateRow, Pick, Reason
from advisor.recommend.needs import CODES, bit, need_words
from advisor.recommend.quality import BASIC_SHARE
from advisor.recommend.rank import INSUFFICIENT, SUFFICIENT, UNKNOWN, same_energy
from advisor.recommend.recommendation import Recommendation
from advisor.recommend.wording import candidates, listed, quality_words, share_of

_OUTSIDE_NEEDS = bit("approach") | bit("licence") | bit("licence-unknown") | bit("language")
"""Needs for which a neighbour in size is no real neighbour: it could not be chosen at any size."""


class Neighbours(msgspec.Struct, frozen=True, kw_only=True):
    """Best format of the next smaller and the next larger model of the pick's approach."""

    smaller: CandidateRow | None
    larger: CandidateRow | None


def pick(answer: Recommendation) -> Pick | None:
    """Return the best-ranked candidate with its reasons, or null when every one misses a hard need.

    One whose memory or time is not known is picked only where no other is left, and the reason says so.
    """
    data = answer.data
    if not len(data.ranked):
        return None
    best = int(data.ranked[0])
    if data.mask[best]:
        return None
    row = answer.row(best)
    near = neighbours(answer, best)
    return Pick(
        index=best,
        reason=Reason(
            pick=_pick_sentence(answer, row),
            smaller=_smaller_sentence(answer, row, near.smaller),
            larger=_larger_sentence(answer, row, near.larger),
            caveats=caveat.caveats(answer, row),
        ),
    )


def neighbours(answer: Recommendation, index: int) -> Neighbours:
    """Return the next smaller and the next larger model that serve the same approach, each in its best format.

    Models that the licence or the languages rule out are passed over while there are others.

    Args:
        answer: the ranked candidates.
        index: of the pick.
    """
    data = answer.data
    part = answer.part_of(index)
    rows = np.arange(part.start, part.start + len(part.field))
    size, own = data.traits.parameters[rows], data.traits.parameters[index]
    chosen = []
    for side in (size < own, size > own):
        real = rows[side & ((data.mask[rows] & _OUTSIDE_NEEDS) == 0)]
        pool = real if real.size else rows[side]
        chosen.append(_nearest(answer, pool, float(own)))
    return Neighbours(smaller=chosen[0], larger=chosen[1])


def _nearest(
    answer: Recommendation, pool: "np.ndarray[tuple[int], np.dtype[np.int64]]", own: float
) -> CandidateRow | None:
    if not pool.size:
        return None
    size = answer.data.traits.parameters[pool]
    nearest = pool[np.abs(size - own) == np.abs(size - own).min()]
    ranked = answer.data.ranked
    return answer.row(int(ranked[np.isin(ranked, nearest)][0]))


def why_no_pick(answer: Recommendation) -> str:
    """Return, where there is no pick, which need stands in the way and what relaxing it would give."""
    data = answer.data
    if not len(data.ranked):
        return "The catalog has no model for this task."
    told = tuple(
        f"without {need_words(code, data.limits)} there would be {candidates(number)}"
        for code, number in _left_without_one_need(answer)
    )
    if told:
        first = f"No candidate meets every need; {listed(told, 'or')}."
    else:
        first = f"No candidate meets every need, and dropping one need would not help: {_counts(answer)}."
    left_out = [f"{p.approach.label} was left out. {p.approach.why_not}" for p in data.parts if not p.approach.possible]
    return " ".join((first, *left_out))


def _left_without_one_need(answer: Recommendation) -> list[tuple[str, int]]:
    """Return how many candidates miss that need only, the most first; what an approach asks for can't be dropped."""
    mask = answer.data.mask
    alone = [(code, int((mask == bit(code)).sum())) for code in CODES if code != "approach"]
    return sorted((item for item in alone if item[1]), key=lambda item: -item[1])


def _counts(answer: Recommendation) -> str:
    numbers = [(code, int(((answer.data.mask & bit(code)) != 0).sum())) for code in CODES]
    ordered = sorted((item for item in numbers if item[1]), key=lambda item: -item[1])
    told = tuple(f"{need_words(code, answer.data.limits)} rules out {number:,}" for code, number in ordered)
    return f"{listed(told)} of {len(answer):,}"


def format_label(format_id: str) -> str:
    """Return the name of a format as people write it."""
    return formats.by_id(format_id).label


def _pick_sentence(answer: Recommendation, row: CandidateRow) -> str:
    claim = f"{row.model} as {format_label(row.format)} {_claim(answer, row)}: {_costs(answer, row)}."
    return f"{claim} {_quality_sentence(answer, row)}"


def _claim(answer: Recommendation, row: CandidateRow) -> str:
    """Return in what sense the pick is the least, as far as numbers are known."""
    axes, tier = answer.data.axes, int(answer.data.traits.tier[row.index])
    if answer.data.unproven[row.index]:
        return "is the smallest left, but a number is missing that would show that it meets every need"
    least = "needs the least memory"
    cut = quality.low_bit(formats.by_id(row.format), row.estimate.num_parameters)
    if not answer.data.by_memory:
        least = f"takes the least {'energy' if axes.energy_wh[row.index] > 0 else 'time'} per query"
    return {
        SUFFICIENT: f"{least} of those that are good enough" + (" before so many bits were left out" if cut else ""),
        UNKNOWN: f"{least} of those that meet the needs, but whether it is good enough is not known",
        INSUFFICIENT: f"{least} of what is left, all of it weak",
    }[tier]


def _costs(answer: Recommendation, row: CandidateRow) -> str:
    axes = answer.data.axes
    told = [_memory_words(answer, row)]
    if answer.data.memory_free_bytes is not None:
        told[0] += f" of {units.size(answer.data.memory_free_bytes)} free"
    if axes.time_s[row.index] > 0:
        told.append(f"{units.duration(float(axes.time_s[row.index]))} a query")
    if axes.energy_wh[row.index] > 0:
        told.append(f"{units.energy(float(axes.energy_wh[row.index]))} per 1,000 queries")
    if row.measured is not None and row.measured.same_workload:
        told.append("measured on this computer")
    return ", ".join(told)


def _memory_words(answer: Recommendation, row: CandidateRow) -> str:
    whole, known = (
        float(answer.data.axes.memory_bytes[row.index]),
        float(answer.data.axes.least_memory_bytes[row.index]),
    )
    return f"at least {units.size(known)} of memory" if math.isnan(whole) else f"about {units.size(whole)} of memory"


def _quality_sentence(answer: Recommendation, row: CandidateRow) -> str:
    words = _quality_of(answer, row)
    if answer.data.task.quality_need == "any" and row.quality.rank_share is not None:
        floor = f"You named no quality need, so the lowest {100 * BASIC_SHARE:.0f} % of models were left out."
        return f"Quality: {words}. {floor}"
    return f"Quality: {words}."


def _quality_of(answer: Recommendation, row: CandidateRow) -> str:
    part = answer.part_of(row.index)
    return quality_words(part.standings[int(part.field.model_of[row.index - part.start])])


def _smaller_sentence(answer: Recommendation, row: CandidateRow, other: CandidateRow | None) -> str:
    if other is None:
        return f"No smaller model for this way of working is in the catalog: {_size(row)} is the least."
    return f"Next smaller: {_named(other)} {_against(answer, row, other)}."


def _larger_sentence(answer: Recommendation, row: CandidateRow, other: CandidateRow | None) -> str:
    if other is None:
        return f"No larger model for this way of working is in the catalog: {_size(row)} is the most."
    return f"Next larger: {_named(other)} {_against(answer, row, other)}."


def _named(row: CandidateRow) -> str:
    return f"{row.model} ({_size(row)}, {format_label(row.format)})"


def _size(row: CandidateRow) -> str:
    number = row.estimate.num_parameters
    return "unknown size" if number is None else f"{units.count(number)} parameters"


def _against(answer: Recommendation, row: CandidateRow, other: CandidateRow) -> str:
    """Return why a neighbour was not picked, the strongest reason only."""
    if other.rejections:
        return f"does not meet a need. {other.rejections[0].text.rstrip('.')}"
    traits = answer.data.traits
    if answer.data.unproven[other.index] and not answer.data.unproven[row.index]:
        return "can't be shown to meet every need, because its memory or time is not known"
    tiers = int(traits.tier[row.index]), int(traits.tier[other.index])
    if tiers[1] > tiers[0] and tiers[1] == INSUFFICIENT:
        return f"is too weak: {_quality_of(answer, other)}"
    if traits.language[other.index] > traits.language[row.index] and traits.language[other.index] > 1:
        return "does not say which languages it knows"
    if traits.doubtful_format[other.index] and not traits.doubtful_format[row.index]:
        return "meets the needs only in a format that costs it quality"
    if tiers[1] > tiers[0]:
        return f"can't be judged: {_quality_of(answer, other)}"
    return _costlier(answer, row, other)


def _costlier(answer: Recommendation, row: CandidateRow, other: CandidateRow) -> str:
    axes = answer.data.axes
    gain = _gain(row, other)
    memory = _memory_words(answer, other).removesuffix(" of memory")
    if axes.verdict[other.index] > axes.verdict[row.index]:
        return f"leaves less memory free: it needs {memory}{gain}"
    if answer.data.by_memory:
        return f"needs {memory} of memory{gain}"
    costs = ((axes.energy_wh, "energy", units.energy), (axes.time_s, "time", units.duration))
    alike = same_energy(axes, row.index, other.index)
    for values, word, render in costs[alike:]:
        mine, theirs = float(values[row.index]), float(values[other.index])
        if mine > 0 and theirs > mine:
            unit = " per 1,000 queries" if word == "energy" else " a query"
            same = "no measurable difference in energy; it " if alike else ""
            return f"{same}takes {share_of(theirs / mine, word)}: {render(theirs)} against {render(mine)}{unit}{gain}"
    if math.isnan(float(axes.time_s[other.index])):
        return f"takes a time that is not known, and {memory} of memory{gain}"
    return f"costs as much and needs {memory} of memory{gain}"


def _gain(row: CandidateRow, other: CandidateRow) -> str:
    """Return what the neighbour's quality would be, only where both figures are on one scale."""
    mine, theirs = row.quality, other.quality
    if mine.value is None or theirs.value is None or (mine.benchmark, mine.metric) != (theirs.benchmark, theirs.metric):
        return ""
    return f"; {theirs.benchmark} {units.number(theirs.value, 3)} against {units.number(mine.value, 3)}"
