"""What the user should know before trusting the pick, one sentence each."""

import math
from collections.abc import Callable, Iterator

from advisor import units
from advisor.catalog import query
from advisor.estimate import fit
from advisor.recommend import compression, published
from advisor.recommend.approach import needs_examples
from advisor.recommend.model import CandidateRow
from advisor.recommend.rank import STATED, UNKNOWN, UNSTATED, same_energy
from advisor.recommend.recommendation import Recommendation
from advisor.recommend.wording import language_name, listed, share_of

PREPARING_S = 1e-3
"""[s] Below this, splitting a text into tokens is no longer small beside the model; our choice."""


def caveats(answer: Recommendation, row: CandidateRow) -> tuple[str, ...]:
    """Return the caveats of the pick, the weightiest first."""
    return tuple(text for rule in _RULES for text in rule(answer, row))


def _examples(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    if not _unsaid_examples(answer, row):
        return
    approach = answer.part_of(row.index).approach
    yield f"{approach.label}: {approach.needs}"
    other = _best_without_examples(answer, row)
    if other is not None:
        label = answer.part_of(other.index).approach.label.lower()
        yield f"Without examples the best is {other.model} ({label}), {_compared(answer, row, other)}."


def _fixed_labels(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    """Say what a model with labels of its own takes for granted."""
    approach = answer.part_of(row.index).approach
    if approach.needs.startswith("Nothing, as long as"):
        yield f"{approach.label}: it needs n{approach.needs[1:]}"


def _unsaid_examples(answer: Recommendation, row: CandidateRow) -> bool:
    """Return whether the pick learns from examples that the user did not speak of."""
    wants = needs_examples(answer.part_of(row.index).approach.id)
    return wants and answer.data.task.num_labelled_examples is None


def _best_without_examples(answer: Recommendation, row: CandidateRow) -> CandidateRow | None:
    if not _unsaid_examples(answer, row):
        return None
    for index in answer.data.ranked.tolist():
        if answer.data.mask[index]:
            return None
        if not needs_examples(answer.part_of(index).approach.id):
            return answer.row(index)
    return None


def _ratio(answer: Recommendation, row: CandidateRow, other: CandidateRow) -> str:
    if same_energy(answer.data.axes, row.index, other.index):
        return "no measurable difference in energy per query"
    values = answer.data.axes.energy_wh
    mine, theirs = float(values[row.index]), float(values[other.index])
    if mine > 0 and theirs > 0:
        return f"{share_of(theirs / mine, 'energy')} per query"
    values = answer.data.axes.time_s
    mine, theirs = float(values[row.index]), float(values[other.index])
    return f"{share_of(theirs / mine, 'time')} per query" if mine > 0 and theirs > 0 else "costs that are not known"


def _compared(answer: Recommendation, row: CandidateRow, other: CandidateRow) -> str:
    """Return the costs of another candidate against the pick's, and whether it is known to be good enough."""
    traits = answer.data.traits
    doubts = (
        "; whether it is good enough is not known" if traits.tier[other.index] == UNKNOWN else "",
        "; its card does not say which languages it knows" if traits.language[other.index] == UNSTATED else "",
    )
    return f"with {_ratio(answer, row, other)}{''.join(doubts)}"


def _other_approaches(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    """Say how each competing approach did, so that the choice between them can be followed."""
    own = answer.part_of(row.index).approach.id
    told = _best_without_examples(answer, row)
    for part in answer.data.parts:
        if part.approach.id == own:
            continue
        label = part.approach.label
        if not part.approach.possible:
            yield f"{label} was left out. {part.approach.why_not}"
            continue
        best = _best_of(answer, part.start, part.start + len(part.field))
        if best is None:
            yield f"{label}: no candidate meets every need."
        elif told is None or best.index != told.index:
            yield f"{label}: best is {best.model}, {_compared(answer, row, best)}."


def _best_of(answer: Recommendation, start: int, stop: int) -> CandidateRow | None:
    for index in answer.data.ranked.tolist():
        if answer.data.mask[index]:
            return None
        if start <= index < stop:
            return answer.row(index)
    return None


def _quality(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    if answer.data.traits.tier[row.index] == UNKNOWN:
        figure = "no public figure says" if row.quality.value is None else "its public figure does not show"
        yield f"Try it on your own examples first: {figure} whether it is good enough."
    if answer.data.traits.doubtful_format[row.index]:
        yield row.quality.format_note


def _languages(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    wanted = tuple(dict.fromkeys((*answer.data.task.languages, *answer.data.task.target_languages)))
    state = int(answer.data.traits.language[row.index])
    if not wanted or state == STATED:
        return
    names = listed(tuple(language_name(code) for code in wanted))
    if state == UNSTATED:
        yield f"Its card does not say whether it knows {names}; try it first."
    elif set(wanted) != {"en"}:
        number = answer.candidate_card(row.index).num_languages
        among = "is likely among them" if len(wanted) == 1 else "are likely among them"
        yield f"Its card speaks of {number} languages without naming them; {names} {among}. Try it first."


def _compression(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    wanted = (*answer.data.task.languages, *answer.data.task.target_languages)
    yield from compression.warnings(answer.data.compressions, row.model, row.format, wanted)


def _memory(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    crossed = fit.border_crossed(row.estimate.memory, answer.data.memory_free_bytes)
    if crossed and row.measured is None:
        yield crossed
    if row.verdict == "tight":
        yield "It fits, but leaves under a fifth of the free memory for other programs."
    if row.verdict == "unknown" and answer.data.memory_free_bytes is None:
        yield "How much memory this computer has free is not known, so whether it fits is not known."
    elif row.verdict == "unknown":
        yield f"Whether it fits is not known: {row.estimate.memory.basis}."


def _latency(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    limit, high = answer.data.limits.latency_s, row.estimate.time_per_query.high
    if limit < math.inf and math.isnan(answer.data.axes.time_s[row.index]):
        yield f"How long a query takes is not known: {row.estimate.time_per_query.basis}."
    if high is not None and high > limit and row.measured is None:
        yield f"One query may take up to {units.duration(high)}, more than the {units.duration(limit)} you asked for."


def _preparing(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    if answer.data.axes.time_s[row.index] < PREPARING_S:
        yield "Preparing the input is not counted, and for a model this quick it can take longer than the model itself."


def _licence(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    conditions = query.licence_conditions(row.licence)
    if answer.data.limits.commercial and conditions:
        yield f"Its licence, {row.licence}, allows commercial use on conditions. {conditions}"


def _battery(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    task, capacity = answer.data.task, answer.data.machine.power.battery_capacity_wh.value
    energy = row.energy_per_1000_queries.value
    if task.power_source != "battery" or task.num_queries_per_day is None or energy is None:
        return
    day_wh = energy * task.num_queries_per_day / 1000
    told = f"{units.number(task.num_queries_per_day)} queries a day take about {units.energy(day_wh)}"
    yield f"{told}, {100 * day_wh / capacity:.1g} % of a full battery." if capacity else f"{told} of the battery."


def _reasoning(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    if "reasoning" in answer.candidate_card(row.index).tasks:
        yield "It thinks aloud before it answers, so a query takes several times the time and energy shown."


def _published(answer: Recommendation, row: CandidateRow) -> Iterator[str]:
    """Show what others measured, clearly as another machine's figure."""
    for item in published.of_model(row.model):
        if (answer.data.task.kind, item.task) not in _SAME_JOB or item.origin != "official":
            continue
        sizes = f"{published.TEXT_GENERATION_SIZES}, " if item.task == "text-generation" else ""
        yield (
            f"AI Energy Score published {units.energy(item.gpu_energy_wh)} per 1,000 queries for it on an "
            f"{published.MACHINE} ({sizes}that card alone, {item.test_date}); not comparable with this computer."
        )
        return


_SAME_JOB = {("generation", "text-generation"), ("image-generation", "image-generation")}
_RULES: tuple[Callable[[Recommendation, CandidateRow], Iterator[str]], ...] = (
    _examples,
    _fixed_labels,
    _quality,
    _languages,
    _compression,
    _memory,
    _latency,
    _preparing,
    _licence,
    _battery,
    _reasoning,
    _published,
    _other_approaches,
)
