"""Which kind of task a text asks for, with the words that say so."""

import msgspec

from advisor.task import clue
from advisor.task.languages import Mention
from advisor.task.model import TASK_KINDS, TaskKind
from advisor.task.source import Source

_LINE_LIMIT = 4000
"""[characters] The kind is read from the beginning of a text; what follows is detail."""
_LEAST_SCORE = 1.0
"""Less than this is one vague word: no kind at all."""
_CERTAIN_SCORE = 4.0
_CERTAIN_LEAD = 1.0
_HINT_WEIGHT = 0.7
_HINTS_AT_MOST = 3.0
_RIVAL_WEIGHT = 5.0
_RIVAL_SHARE = 0.5
_POSITION_BONUS = 1.5
"""The task is usually said first; a clue at the very beginning counts this much more than one at the end."""

LABELS: dict[TaskKind, str] = {
    "generation": "Chat or writing",
    "summarization": "Summarize",
    "translation": "Translate",
    "text-classification": "Sort texts",
    "zero-shot-classification": "Sort texts without examples",
    "token-classification": "Mark names and terms in text",
    "question-answering": "Answer questions from a text",
    "sentence-embedding": "Search or compare by meaning",
    "reranking": "Reorder search results",
    "speech-recognition": "Speech to text",
    "image-classification": "Sort images",
    "object-detection": "Find objects in images",
    "image-text": "Describe or read images",
    "image-generation": "Make images",
    "speech-synthesis": "Text to speech",
}
"""What a chip shows for each kind."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Words that speak for a kind, and how strongly."""

    value: float
    start: int
    """Number of the first token."""
    end: int
    """Number of the token behind the last."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The kind a text asks for."""

    kind: TaskKind
    certain: bool
    hits: tuple[Hit, ...]
    """What spoke for the kind, the strongest first."""
    known_positions: frozenset[int]
    """Numbers of the tokens that any clue used."""
    rival: TaskKind | None
    """Another kind the text also names clearly."""


def judge(text: Source, named: tuple[Mention, ...] = ()) -> Verdict | None:
    """Return the kind with the most and strongest clues, or null when nothing points anywhere.

    Args:
        text: the user's words.
        named: the languages in them; two of them with `to` between are a translation.
    """
    source = text.with_words(_marks(named))
    hits = _hits(source)
    scores = {kind: sum(hit.value for hit in found) for kind, found in hits.items()}
    for kind, weight in _hints(source).items():
        scores[kind] = scores.get(kind, 0.0) + weight
    free = _no_training(source)
    if scores.get("zero-shot-classification", 0) >= _CERTAIN_SCORE:
        scores["zero-shot-classification"] += max(0.0, scores.get("text-classification", 0))
    if free and scores.get("text-classification", 0) >= max(3, scores.get("image-classification", 0)):
        raised = scores["text-classification"] + 2
        scores["zero-shot-classification"] = max(raised, scores.get("zero-shot-classification", 0) + raised)
        hits.setdefault("zero-shot-classification", []).extend(hits.get("text-classification", []) + free)
    ranked = sorted(scores, key=lambda kind: (-scores[kind], TASK_KINDS.index(kind)))
    if not ranked or scores[ranked[0]] < _LEAST_SCORE:
        return None
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    lead = scores[best] - (scores[second] if second else 0)
    strongest = sorted((hit for hit in hits.get(best, ()) if hit.value > 0), key=lambda hit: (-hit.value, hit.start))
    return Verdict(
        kind=best,
        certain=scores[best] >= _CERTAIN_SCORE and lead >= _CERTAIN_LEAD,
        hits=tuple(strongest),
        known_positions=frozenset(at for found in hits.values() for hit in found for at in range(hit.start, hit.end)),
        rival=second
        if second and _is_rival(hits.get(best, []), hits.get(second, []), scores[second] / scores[best])
        else None,
    )


def _marks(named: tuple[Mention, ...]) -> dict[int, str]:
    marks = {}
    for item in named:
        marks.update(dict.fromkeys(range(item.start, item.end), clue.LANGUAGE_GOES_ON))
        marks[item.start] = clue.LANGUAGE
    return marks


def _hits(source: Source) -> dict[TaskKind, list[Hit]]:
    """Add up the clues; the same words count once for a kind, with the strongest clue that uses them."""
    line = source.line[:_LINE_LIMIT]
    hits: dict[TaskKind, list[Hit]] = {}
    total = max(len(line), 1)
    for item in clue.clues():
        found = item.pattern.search(line)
        if found is None or found.end() == found.start():
            continue
        first, after = source.range(found.start(), found.end())
        early = 1 - found.start() / total
        bonus = _POSITION_BONUS * early if item.value >= 3 else 0.0
        hits.setdefault(item.kind, []).append(Hit(value=item.value + bonus, start=first, end=after))
    return {kind: _without_repeats(found) for kind, found in hits.items()}


def _hints(source: Source) -> dict[TaskKind, float]:
    """Add up the single words that go with a kind: they decide only where no clue does."""
    scores: dict[TaskKind, float] = {}
    index = clue.hints()
    for word in sorted(set(source.line[:_LINE_LIMIT].split())):
        for kind, weight in index.get(word, ()):
            scores[kind] = scores.get(kind, 0.0) + weight * _HINT_WEIGHT
    return {kind: min(score, _HINTS_AT_MOST) for kind, score in scores.items()}


def _without_repeats(found: list[Hit]) -> list[Hit]:
    """Let a clue inside the words of a stronger one count a quarter: it says the same thing again."""
    kept: list[Hit] = []
    for hit in sorted(found, key=lambda item: -item.value):
        overlaps = any(hit.start < other.end and other.start < hit.end for other in kept)
        kept.append(msgspec.structs.replace(hit, value=hit.value / 4) if overlaps and hit.value > 0 else hit)
    return kept


def _no_training(source: Source) -> list[Hit]:
    found = []
    for pattern in clue.no_training():
        match = pattern.search(source.line[:_LINE_LIMIT])
        if match:
            first, after = source.range(match.start(), match.end())
            found.append(Hit(value=2.0, start=first, end=after))
    return found


def _is_rival(best: list[Hit], second: list[Hit], share: float) -> bool:
    """Tell whether another kind is asked for by strong words of its own."""
    taken = {at for hit in best if hit.value > 0 for at in range(hit.start, hit.end)}
    own = any(hit.value >= _RIVAL_WEIGHT and taken.isdisjoint(range(hit.start, hit.end)) for hit in second)
    return own and share >= _RIVAL_SHARE
