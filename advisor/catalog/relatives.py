"""Which smaller models of the catalog descend from a model, as their makers say; and smaller ones of the same family.

Proposed, no more: that a relative is good enough is not said by this.
"""

from functools import cache
from typing import Literal

import msgspec

from advisor import resources
from advisor.catalog import query
from advisor.catalog.load import Catalog
from advisor.catalog.model import ModelCard

FILE_NAME = "catalog/relatives.json"
FAMILY_SOURCE = "the same family in the catalog"
Kind = Literal["distilled-from", "pruned-from", "fine-tuned-from", "smaller-sibling"]
_ORDER: tuple[Kind, ...] = ("distilled-from", "pruned-from", "fine-tuned-from", "smaller-sibling")
_SMALLER_SHARE = 0.95
"""[1] A relative with more of the parameters is of the same size."""
_FEWER_LANGUAGES_SHARE = 0.5
"""[1] A sibling that lists fewer of the languages is made for something else."""


class Descent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One statement of a model's makers."""

    model: str
    kind: Literal["distilled-from", "pruned-from", "fine-tuned-from"]
    of: str | None = None
    """Hub id, which need not be in the catalog; null where its makers do not name it."""
    teacher: str | None = None
    """Another model whose answers it was trained on."""
    source: str
    note: str = ""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    version: str
    as_of: str
    relatives: tuple[Descent, ...]


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the catalog that may do instead of a larger one."""

    model: str
    of: str
    """The model it descends from, or whose sibling it is."""
    kind: Kind
    source: str
    """Web address, or `the same family in the catalog`."""
    note: str = ""
    num_parameters: int
    size_ratio: float
    """[1] Parameters of the larger model over its own."""


@cache
def descents() -> tuple[Descent, ...]:
    """Return every statement of the shipped table.

    Raises:
        InvalidFileError: `relatives-unreadable`; the installation is damaged.
    """
    raw = resources.read(FILE_NAME)
    return resources.table(raw, _Table, code="relatives-unreadable", file_name=FILE_NAME).relatives


def origins(card: ModelCard) -> tuple[Descent, ...]:
    """Return what a model's makers say it comes from."""
    return tuple(item for item in descents() if item.model == card.id)


def relatives(card: ModelCard, catalog: Catalog) -> tuple[Relative, ...]:
    """Return smaller models of the catalog that descend from a model, then smaller ones of its family.

    A model of the user's own has the relatives of the catalog's model of the same shape: it is fine-tuned from it, or
    the same.

    Args:
        card: of the catalog, or the user's own.
        catalog: where relatives are looked for.
    """
    found: dict[str, Relative] = {}
    for base in _bases(card, catalog):
        for item in (*_descended(base, catalog), *_siblings(base, catalog)):
            if item.model != card.id:
                found.setdefault(item.model, item)
    return tuple(sorted(found.values(), key=lambda item: (_ORDER.index(item.kind), item.size_ratio, item.model)))


def _bases(card: ModelCard, catalog: Catalog) -> tuple[ModelCard, ...]:
    listed = tuple(item for item in catalog.models if item.id == card.id and item.read is None)
    if listed or card.architecture is None:
        return listed
    shape, count = card.architecture, card.num_parameters()
    return tuple(
        item
        for item in catalog.models
        if item.read is None
        and item.architecture is not None
        and item.num_parameters() == count
        and item.architecture.model_type == shape.model_type
        and item.architecture.num_hidden_layers == shape.num_hidden_layers
        and item.architecture.hidden_size == shape.hidden_size
    )


def _descended(card: ModelCard, catalog: Catalog) -> list[Relative]:
    """Return what descends from a model, in one step or through a model between."""
    cards = {item.id: item for item in catalog.models}
    found: list[Relative] = []
    waiting, seen = [card.id], {card.id}
    while waiting:
        parent = waiting.pop(0)
        for item in descents():
            if parent not in (item.of, item.teacher) or item.model in seen:
                continue
            seen.add(item.model)
            waiting.append(item.model)
            child = cards.get(item.model)
            made = _relative(card, child, item.kind, item.source, item.note) if child is not None else None
            if made is not None and (made.size_ratio > 1 / _SMALLER_SHARE or item.kind == "distilled-from"):
                found.append(made)
    return found


def _siblings(card: ModelCard, catalog: Catalog) -> list[Relative]:
    owner, structure = card.id.partition("/")[0], query.structure(card)
    found: list[Relative] = []
    for item in catalog.models:
        alike = item.family == card.family and item.tasks[:1] == card.tasks[:1] and item.id.startswith(f"{owner}/")
        if not alike or item.read is not None or item.id == card.id or query.structure(item) != structure:
            continue
        if _lacks_languages(card, item):
            continue
        made = _relative(card, item, "smaller-sibling", FAMILY_SOURCE, _note_of(item))
        if made is not None and made.size_ratio > 1 / _SMALLER_SHARE:
            found.append(made)
    return found


def _note_of(card: ModelCard) -> str:
    """Return that a sibling was itself taught by a larger model, where its makers say so without naming it."""
    stated = [item for item in origins(card) if item.kind == "distilled-from" and item.of is None]
    return f"distilled {stated[0].note}" if stated else ""


def _lacks_languages(card: ModelCard, item: ModelCard) -> bool:
    if not card.languages or not item.languages:
        return False
    return len(set(item.languages) & set(card.languages)) < _FEWER_LANGUAGES_SHARE * len(card.languages)


def _relative(card: ModelCard, child: ModelCard | None, kind: Kind, source: str, note: str) -> Relative | None:
    own, other = card.num_parameters(), child.num_parameters() if child is not None else None
    if child is None or not own or not other:
        return None
    return Relative(
        model=child.id, of=card.id, kind=kind, source=source, note=note, num_parameters=other, size_ratio=own / other
    )
