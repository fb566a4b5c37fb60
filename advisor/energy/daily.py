"""What an energy or a mass of CO2e means in things people know, with the arithmetic written out."""

import math
from functools import cache
from typing import Literal

import msgspec

from advisor import resources, units
from advisor.energy import ranges
from advisor.evidence import Quantity

FILE_NAME = "energy/daily_terms.json"
SCHEMA_VERSION = 1
_CODE = "daily-terms-invalid"
LEAST, MOST = 0.1, 1000.0
"""[1] A term is shown where its result lies between these: `0.002 kettles` tells nobody anything."""
_HOUR = "h"
_SMALLER = ((1 / 3600, "second", "seconds"), (1 / 60, "minute", "minutes"), (1.0, "hour", "hours"))
_DAY_H = 24.0


class Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing of daily life and what it takes."""

    id: str
    of: Literal["energy", "carbon"]
    value: float
    """In `unit`: of one piece, or for a power of its working."""
    unit: Literal["W", "Wh", "g"]
    divides: Literal["h", "1", "km", "day"]
    """What comes out: hours for a power, else pieces, kilometres or days."""
    one: str
    many: str
    what: str
    """The amount in words: `20 Wh a charge`."""
    k: float
    """[1] Range factor of the amount."""
    reason: str
    source: str


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in one daily term."""

    term: Term
    result: Quantity
    """Pieces, hours, kilometres or days, with the range of figure and term together."""
    sentence: str
    """`5.4 minutes of a 10 W LED lamp (4.1 to 7.2)`"""
    arithmetic: str
    """`0.9 Wh / 10 W = 0.09 h`"""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    terms: tuple[Term, ...]


def parse(raw: bytes, file_name: str = FILE_NAME) -> tuple[Term, ...]:
    """Read the table.

    Raises:
        InvalidFileError: `daily-terms-invalid`; file and field are named.
    """
    table = resources.table(raw, _Table, code=_CODE, file_name=file_name, version=SCHEMA_VERSION)
    for number, term in enumerate(table.terms):
        if not term.value > 0 or term.k < 1:
            raise resources.damaged(
                _CODE, file_name, f"{term.id} has a value or k that cannot be - at `$.terms[{number}]`"
            )
        if (term.unit == "W") != (term.divides == _HOUR) or (term.unit == "g") != (term.of == "carbon"):
            raise resources.damaged(
                _CODE, file_name, f"{term.id} divides {term.of} by {term.unit} - at `$.terms[{number}].unit`"
            )
    return table.terms


@cache
def terms() -> tuple[Term, ...]:
    """Return the shipped terms; errors as `parse`."""
    return parse(resources.read(FILE_NAME))


def meanings(item: Quantity, *, most: int = 4) -> tuple[Meaning, ...]:
    """Return what a figure means in daily terms, the most telling first; empty where it has no value or fits none.

    Args:
        item: energy in Wh, kWh or J, or CO2e in g.
        most: how many terms.
    """
    plain = _plain(item)
    if plain is None or not plain.value:
        return ()
    of = "carbon" if plain.unit == "g" else "energy"
    found = [_meaning(plain, term) for term in terms() if term.of == of]
    told = [one for one in found if LEAST <= (one.result.value or 0.0) <= MOST or _short(one)]
    return tuple(sorted(told, key=_distance)[:most])


def _plain(item: Quantity) -> Quantity | None:
    factors = {"Wh": 1.0, "kWh": 1000.0, "J": 1 / units.J_PER_WH, "g": 1.0}
    if item.unit not in factors:
        raise ValueError(f"no daily terms for the unit {item.unit!r}")
    if item.value is None or item.value < 0:
        return None
    return ranges.scaled(item, factors[item.unit], "g" if item.unit == "g" else "Wh")


def _short(one: Meaning) -> bool:
    """Whether hours are few but still some seconds: a lamp's are told in minutes or seconds."""
    return one.term.divides == _HOUR and 1 / 3600 <= (one.result.value or 0.0) < LEAST


def _distance(one: Meaning) -> float:
    """How far a result is from a number one can picture; 1 to 30 is best."""
    return abs(math.log10(max(_shown(one.result.value or 0.0, one.term)[0], 1e-9) / 5.0))


def _meaning(item: Quantity, term: Term) -> Meaning:
    amount = ranges.with_k(term.value, term.k, term.unit, "assumed", f"{term.what}: {term.reason}")
    result = ranges.over(item, amount, term.divides, f"{item.basis}; {term.what}: {term.reason}")
    value = result.value or 0.0
    per = {"W": "h", "Wh": "", "g": ""}[term.unit]
    left = units.amount(item.value, item.unit)
    right = f"{units.number(term.value, 3)} {term.unit}"
    return Meaning(
        term=term,
        result=result,
        sentence=_sentence(result, term),
        arithmetic=f"{left} / {right} = {units.number(value)} {per}".rstrip(),
    )


def _shown(value: float, term: Term) -> tuple[float, str]:
    """Return a value and the words behind it; hours become minutes or seconds where they are few."""
    if term.divides != _HOUR:
        return value, term.one if units.number(value) == "1" else term.many
    hours, one, many = next(
        (step for step in reversed(_SMALLER) if value >= step[0] or step is _SMALLER[0]), _SMALLER[0]
    )
    if value >= 3 * _DAY_H:
        hours, one, many = _DAY_H, "day", "days"
    number = value / hours
    return number, term.many.replace("hours", one if units.number(number) == "1" else many, 1)


def _sentence(result: Quantity, term: Term) -> str:
    value = result.value or 0.0
    shown, words = _shown(value, term)
    scale = value / shown if shown else 1.0
    text = f"{units.number(shown)} {words}"
    if result.low is None or result.high is None:
        return text
    low, high = units.number(result.low / scale), units.number(result.high / scale)
    return text if low == high else f"{text} ({low} to {high})"
