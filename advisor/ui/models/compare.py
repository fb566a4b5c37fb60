"""The pinned rows side by side. No Qt."""

from collections.abc import Callable

import msgspec

from advisor import units
from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.ui.models.columns import first_token_of, memory_of, quality_text, quality_tip, rate_of


class CompareLine(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of all pinned rows."""

    label: str
    texts: tuple[str, ...]
    tips: tuple[str, ...]
    best: int | None
    """Place of the row that is better than all others by more than the ranges; null when none is."""
    differs: bool


_Read = Callable[[CandidateRow], Quantity]
_FIGURES: tuple[tuple[str, _Read, bool], ...] = (
    ("Memory needed", memory_of, False),
    ("Speed", rate_of, True),
    ("Time to first answer", first_token_of, False),
    ("Time per query", lambda row: row.estimate.time_per_query, False),
    ("Energy per 1,000 queries", lambda row: row.energy_per_1000_queries, False),
    ("CO2e per 1,000 queries", lambda row: row.carbon_per_1000_queries, False),
    ("Download", lambda row: row.estimate.download_bytes, False),
)


def title(row: CandidateRow) -> str:
    """Return what stands above a row's column."""
    return f"{row.model.partition('/')[2] or row.model}\n{wording.format_label(row.format)}"


def lines(rows: tuple[CandidateRow, ...]) -> tuple[CompareLine, ...]:
    """Return one line a figure."""
    made = [_words("Verdict", rows, lambda row: wording.verdict_label(row.verdict))]
    made += [_figures(label, tuple(read(row) for row in rows), higher) for label, read, higher in _FIGURES]
    made += [
        _words("Quality", rows, _quality, tip=quality_tip),
        _words("Way to do it", rows, lambda row: wording.marked(wording.approach_label(row.approach), yours=row.yours)),
        _words("Evidence", rows, lambda row: wording.evidence_word(row.evidence)),
        _words("Parameters", rows, _parameters),
        _words("Licence", rows, lambda row: row.licence or units.NO_DATA),
        _words("Needs it misses", rows, lambda row: " ".join(item.text for item in row.rejections) or "none"),
    ]
    return tuple(made)


def _quality(row: CandidateRow) -> str:
    return f"{quality_text(row)} ({row.quality.benchmark})" if row.quality.value is not None else units.NO_DATA


def _parameters(row: CandidateRow) -> str:
    number = row.estimate.num_parameters
    return units.NO_DATA if number is None else units.count(number)


def _words(
    label: str,
    rows: tuple[CandidateRow, ...],
    text: Callable[[CandidateRow], str],
    tip: Callable[[CandidateRow], str] = lambda _row: "",
) -> CompareLine:
    texts = tuple(text(row) for row in rows)
    tips = tuple(tip(row) for row in rows)
    return CompareLine(label=label, texts=texts, tips=tips, best=None, differs=len(set(texts)) > 1)


def _figures(label: str, quantities: tuple[Quantity, ...], higher: bool) -> CompareLine:
    texts = tuple(wording.figure(quantity) for quantity in quantities)
    tips = tuple(f"{wording.evidence_word(quantity.evidence)}: {quantity.basis}" for quantity in quantities)
    return CompareLine(label=label, texts=texts, tips=tips, best=_best(quantities, higher), differs=len(set(texts)) > 1)


def _best(quantities: tuple[Quantity, ...], higher: bool) -> int | None:
    """Return the place whose range lies beyond all others; overlapping ranges have no winner."""
    if len(quantities) < 2 or any(item.value is None for item in quantities):
        return None
    values = [item.value or 0.0 for item in quantities]
    place = values.index(max(values) if higher else min(values))
    winner = quantities[place]
    others = [item for number, item in enumerate(quantities) if number != place]
    if higher:
        edge = winner.low if winner.low is not None else values[place]
        return (
            place
            if all(edge > (item.high if item.high is not None else item.value or 0.0) for item in others)
            else None
        )
    edge = winner.high if winner.high is not None else values[place]
    return place if all(edge < (item.low if item.low is not None else item.value or 0.0) for item in others) else None
