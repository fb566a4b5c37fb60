"""Energy figures that others published for a model on another machine. Shown beside ours, never mixed with them."""

from functools import cache
from typing import Literal

import msgspec

from advisor import resources

SCHEMA_VERSION = 1
_CODE = "published-energy-invalid"
FILE_NAME = "energy/published.json"
MACHINE = "NVIDIA H100"
TEXT_GENERATION_SIZES = "369 tokens in, 10 out"
"""Average query of the text generation test: 369,139 tokens in for 1,000 queries. Source: AI Energy Score."""


class PublishedEnergy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One AI Energy Score result."""

    model: str
    """Name without the organisation."""
    task: Literal["text-generation", "reasoning", "image-generation", "image-classification"]
    size_class: str | None
    """`A` fits a gaming card, `B` one H100, `C` several; null for tasks without classes."""
    test_date: str | None
    """`YYYY-MM`; results of different dates are not on one scale."""
    reasoning: str | None
    gpu_energy_wh: float
    """[Wh] GPU energy of 1,000 queries."""
    stars: int | None
    """1 to 5 inside its cohort of task, class and date; meaningless outside it."""
    origin: Literal["official", "derived", "secondary", "validation"]
    source: str


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: int
    as_of: str
    results: tuple[PublishedEnergy, ...]


def parse(raw: bytes, file_name: str = FILE_NAME) -> tuple[PublishedEnergy, ...]:
    """Read the table.

    Raises:
        InvalidFileError: `published-energy-invalid`; file and field are named.
    """
    table = resources.table(raw, _Table, code=_CODE, file_name=file_name, version=SCHEMA_VERSION)
    for number, item in enumerate(table.results):
        if not item.gpu_energy_wh > 0:
            raise resources.damaged(
                _CODE, file_name, f"{item.gpu_energy_wh} is not an energy - at `$.results[{number}].gpu_energy_wh`"
            )
    return table.results


@cache
def published() -> tuple[PublishedEnergy, ...]:
    """Return the shipped table; errors as `parse`."""
    return parse(resources.read(FILE_NAME))


def of_model(model_id: str) -> tuple[PublishedEnergy, ...]:
    """Return what was published for a model, the newest test first.

    Args:
        model_id: hub id; the part after the slash is looked for, in any case.
    """
    name = model_id.rpartition("/")[2].casefold()
    found = [item for item in published() if item.model.casefold() == name]
    return tuple(sorted(found, key=lambda item: item.test_date or "", reverse=True))
