"""Countries named as the place of the computer: `in Germany`, `the French grid`. A language names no place."""

import re
from collections.abc import Iterator
from functools import cache

import msgspec

from advisor import resources
from advisor.task.find import Find
from advisor.task.source import Source
from advisor.task.token import split

_PEOPLE = frozenset(
    [
        "customers",
        "users",
        "clients",
        "people",
        "patients",
        "readers",
        "speakers",
        "companies",
        "students",
        "visitors",
        "guests",
        "tourists",
        "suppliers",
        "offices",
        "laws",
        "law",
        "rules",
        "news",
        "elections",
        "history",
    ]
)


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """One country of the table."""

    iso3: str
    """ISO 3166-1 alpha-3."""
    iso2: str
    """ISO 3166-1 alpha-2."""
    name: str
    other_names: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, kw_only=True):
    countries: tuple[Country, ...]


@cache
def table() -> tuple[Country, ...]:
    """Return all countries the app can read in a text."""
    return msgspec.json.decode(resources.read("presets/countries.json"), type=_File).countries


def _key(written: str) -> str:
    return "".join(f"{item.norm} " for item in split(written) if item.norm not in {".", "-"}).strip()


@cache
def _names() -> dict[str, Country]:
    return {_key(written): item for item in table() for written in (item.name, *item.other_names)}


@cache
def _adjectives() -> dict[str, Country]:
    return {_key(written): item for item in table() for written in item.adjectives}


def _any(names: dict[str, Country]) -> str:
    return "|".join(re.escape(name).replace(r"\ ", " ") for name in sorted(names, key=lambda name: (-len(name), name)))


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    grid = r"(?:grid|electricity(?: mix| grid)?|power grid|power mix|energy mix|mains|power)"
    return (
        re.compile(rf"(?<!\S)(?:the )?({_any({**_adjectives(), **_names()})}) {grid}(?!\S)"),
        re.compile(rf"(?<!\S){grid} (?:of|in|from) (?:the )?({_any(_names())})(?!\S)"),
        re.compile(
            rf"(?<!\S)(?:in|within|located in|hosted in|based in|at|from inside|region :?) (?:the |northern "
            rf"|southern |eastern |western )*"
            rf"({_any(_names())})(?!\S)"
        ),
    )


def read(source: Source) -> Iterator[Find]:
    """Yield the country of the grid, alpha-3."""
    both = {**_adjectives(), **_names()}
    for index, pattern in enumerate(_patterns()):
        for match, first, after in source.find(pattern):
            country = both[match[1]]
            if index == 2 and not _is_place(source, first, after):
                continue
            label = f"Electricity of {country.name}"
            yield Find(field="region", value=country.iso3, label=label, start=first, end=after)


def _is_place(source: Source, first: int, after: int) -> bool:
    """Tell whether `in Germany` says where the computer is, not where customers are; `in us` is no country."""
    last, before = source.tokens[after - 1], source.tokens[after - 2]
    if last.norm == "us" and last.raw != "US" and before.norm != "the":
        return False
    return first == 0 or source.tokens[first - 1].norm not in _PEOPLE
