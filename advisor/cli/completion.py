"""Words that a shell offers for an option's value: models, formats, presets, countries.

Asked at each press of Tab, so nothing here reads more than it needs; what cannot be read offers nothing.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import get_args

import msgspec

from advisor import resources
from advisor.errors import AdvisorError

Offered = list[tuple[str, str]]
"""Value, and what is said beside it where a shell shows that."""
THEMES = ("light", "dark", "high-contrast")
PAGES = ("this-computer", "task", "results", "compare", "probe", "models", "examples", "report", "settings")
"""As the window names them, which is not loaded here."""
CONVERT_FORMATS = ("onnx-fp32", "onnx-int8", "onnx-int8-dynamic", "onnx-int4-b32", "onnx-int4-b128")


class _Row(msgspec.Struct):
    id: str
    label: str = ""


class _Models(msgspec.Struct):
    models: tuple[_Row, ...]


class _Country(msgspec.Struct):
    iso2: str
    name: str


class _Countries(msgspec.Struct):
    countries: tuple[_Country, ...]


def _quiet(answer: Callable[[str], Offered]) -> Callable[[str], Offered]:
    """Offer nothing where an answer cannot be made: the user is typing, and no place is there for a message."""

    @wraps(answer)
    def quiet(incomplete: str) -> Offered:
        try:
            return answer(incomplete)
        except (AdvisorError, OSError, msgspec.MsgspecError):
            return []

    return quiet


def _begin(values: Iterable[tuple[str, str]], incomplete: str) -> Offered:
    typed = incomplete.casefold()
    return [(value, words) for value, words in values if value.casefold().startswith(typed)]


def _plain(values: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((value, "") for value in values)


@_quiet
def models(incomplete: str) -> Offered:
    """Offer models of the catalog by id; without an owner, those whose name no other model has."""
    known = msgspec.json.decode(resources.read("catalog/models.json"), type=_Models).models
    found = _begin(_plain(row.id for row in known), incomplete)
    if found or "/" in incomplete:
        return found
    names = [row.id.rpartition("/")[2] for row in known]
    return _begin(_plain(name for name in names if names.count(name) == 1), incomplete)


@_quiet
def own_models(incomplete: str) -> Offered:
    """Offer the models that the user added."""
    from advisor.catalog import own_models as own

    return _begin(_plain(model.card.id for model in own.read().models), incomplete)


@_quiet
def formats(incomplete: str) -> Offered:
    """Offer the formats of the catalog."""
    from advisor.catalog.formats import FORMATS

    return _begin(((item.id, item.label) for item in FORMATS), incomplete)


@_quiet
def convert_formats(incomplete: str) -> Offered:
    """Offer the formats that `convert` makes."""
    return _begin(_plain(CONVERT_FORMATS), incomplete)


@_quiet
def models_in_formats(incomplete: str) -> Offered:
    """Offer `MODEL:FORMAT`: the model first, then its formats."""
    model, colon, typed = incomplete.partition(":")
    if not colon:
        return [(f"{name}:", words) for name, words in models(incomplete)]
    return [(f"{model}:{name}", words) for name, words in formats(typed)]


@_quiet
def presets(incomplete: str) -> Offered:
    """Offer the presets: AI Energy Score's tasks and the app's own."""
    from advisor.energy import aies
    from advisor.task import presets as own

    values = [(f"{aies.PREFIX}{task.id}", task.label) for task in aies.tasks()]
    return _begin([*values, *((preset.id, preset.label) for preset in own.presets())], incomplete)


@_quiet
def countries(incomplete: str) -> Offered:
    """Offer the codes of countries."""
    known = msgspec.json.decode(resources.read("presets/countries.json"), type=_Countries).countries
    return _begin(((country.iso2, country.name) for country in known), incomplete)


@_quiet
def controls(incomplete: str) -> Offered:
    """Offer `FIELD=VALUE` of a task: the field first, then its values where they are a few known words."""
    from advisor.task.model import TaskSpec

    field, equals, _ = incomplete.partition("=")
    values: list[str] = []
    for info in msgspec.structs.fields(TaskSpec):
        if info.name == "text":
            continue
        if not equals:
            values.append(f"{info.name}=")
        elif info.name == field:
            values += [f"{field}={word}" for word in _words_of(info.type)]
    return _begin(_plain(values), incomplete)


@_quiet
def themes(incomplete: str) -> Offered:
    """Offer the window's colours."""
    return _begin(_plain(THEMES), incomplete)


@_quiet
def pages(incomplete: str) -> Offered:
    """Offer the window's pages."""
    return _begin(_plain(PAGES), incomplete)


def _words_of(kind: object) -> list[str]:
    """Return the words that a type allows, where it is a choice of words."""
    found: list[str] = []
    for part in get_args(kind):
        found += [part] if isinstance(part, str) else _words_of(part)
    return found
