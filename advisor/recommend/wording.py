"""Small phrases that several sentences of a recommendation share."""

from functools import cache
from typing import Any

import msgspec

from advisor import resources, units
from advisor.errors import AdvisorError
from advisor.recommend.quality import Standing

_LANGUAGE_TABLE = "presets/languages.json"


@cache
def _language_names() -> dict[str, str]:
    """Return English names by code; empty when the table is not there, since a code is readable too."""
    try:
        table: Any = msgspec.json.decode(resources.read(_LANGUAGE_TABLE))
        return {entry["code"]: entry["name"] for entry in table["languages"]}
    except (AdvisorError, msgspec.DecodeError, KeyError, TypeError):
        return {}


def language_name(code: str) -> str:
    """Return a language's English name, or its code where none is known."""
    return _language_names().get(code, code)


def listed(items: tuple[str, ...], word: str = "and") -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return f" {word} ".join((", ".join(items[:-1]), items[-1])) if len(items) > 1 else "".join(items)


def quality_words(standing: Standing | None) -> str:
    """Return a figure and its place in words."""
    if standing is None:
        return "no public quality figure for this task is known"
    figure = standing.figure
    told = f"{figure.benchmark} {units.number(figure.value, 3)} ({figure.metric}"
    if not standing.higher_is_better:
        told += ", lower is better"
    if standing.rank_share is None:
        return f"{told}), a figure that only {models(standing.num_compared)} here publish{_s(standing.num_compared)}"
    return f"{told}), {_place(standing.rank_share)} the {standing.num_compared} models compared"


def _place(rank_share: float) -> str:
    if rank_share in (0.0, 1.0):
        return "the best of" if rank_share else "the weakest of"
    return f"better than {100 * rank_share:.0f} % of"


def models(number: int) -> str:
    """Return `1 model` or `12 models`."""
    return f"{number:,} model{'' if number == 1 else 's'}"


def candidates(number: int) -> str:
    """Return `1 candidate` or `1,200 candidates`."""
    return f"{number:,} candidate{'' if number == 1 else 's'}"


def share_of(ratio: float, what: str) -> str:
    """Return `2.3 times the energy`, `8 % of the energy`, or `about the same energy` within 5 %.

    Two digits: neither side is known better.
    """
    if abs(ratio - 1) < 0.05:
        return f"about the same {what}"
    if ratio >= 10:
        return f"{float(f'{ratio:.2g}'):,.0f} times the {what}"
    return f"{units.number(ratio)} times the {what}" if ratio > 1 else f"{units.number(100 * ratio)} % of the {what}"


def _s(number: int) -> str:
    return "es" if number == 1 else ""
