"""Training against use: what others published of a training, and after how many queries use has taken as much."""

from functools import cache
from typing import Literal

import msgspec

from advisor import resources, units
from advisor.energy import ranges
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, unknown

FILE_NAME = "energy/training.json"
SCHEMA_VERSION = 1
_CODE = "training-invalid"
WH_PER_KWH = 1000.0
DAYS_PER_YEAR = 365.0
REFERENCES = ("gpt-3-175b", "bloom-176b")
"""Trainings people know, shown where a model's own is not published."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: str
    models: tuple[str, ...]
    num_parameters: int
    year: int
    kind: Literal["published", "derived"]
    energy_kwh: float
    carbon_g: float | None
    k: float
    gpu_hours: float | None
    gpu_w: float | None
    what: str
    source: str


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    trainings: tuple[_Row, ...]


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one training."""

    id: str
    label: str
    models: tuple[str, ...]
    """Catalog ids that came out of it; later fine-tuning is not in it."""
    num_parameters: int
    year: int
    kind: Literal["published", "derived"]
    """`derived`: published hours of chips times their power limit."""
    energy: Quantity
    """[kWh]"""
    carbon: Quantity
    """[g] CO2e as published, with that place's electricity; without a value where it is not."""
    what: str
    """What is counted, one phrase."""
    source: str


class BreakEven(msgspec.Struct, frozen=True, kw_only=True):
    """When use has taken as much electricity as training."""

    training: Training
    num_queries: Quantity
    """[queries]"""
    time: Quantity
    """[years] At the user's volume; without a value where it is not said."""
    sentence: str


def parse(raw: bytes, file_name: str = FILE_NAME) -> tuple[Training, ...]:
    """Read the table.

    Raises:
        InvalidFileError: `training-invalid`; file and field are named.
    """
    table = resources.table(raw, _Table, code=_CODE, file_name=file_name, version=SCHEMA_VERSION)
    for number, row in enumerate(table.trainings):
        if not row.energy_kwh > 0 or row.k < 1 or not (row.carbon_g is None or row.carbon_g > 0):
            raise resources.damaged(
                _CODE, file_name, f"{row.id} has a figure that cannot be - at `$.trainings[{number}]`"
            )
    return tuple(_training(row) for row in table.trainings)


def _training(row: _Row) -> Training:
    evidence: Literal["estimated", "assumed"] = "assumed" if row.kind == "derived" else "estimated"
    return Training(
        id=row.id,
        label=row.label,
        models=row.models,
        num_parameters=row.num_parameters,
        year=row.year,
        kind=row.kind,
        energy=ranges.with_k(row.energy_kwh, row.k, "kWh", evidence, f"{row.what}; {row.source}"),
        carbon=ranges.with_k(row.carbon_g, row.k, "g", evidence, f"as published, {row.source}")
        if row.carbon_g is not None
        else unknown("g", "carbon of this training is not published"),
        what=row.what,
        source=row.source,
    )


@cache
def trainings() -> tuple[Training, ...]:
    """Return the shipped table, smallest model first; errors as `parse`."""
    return parse(resources.read(FILE_NAME))


def of_model(model_id: str) -> Training | None:
    """Return the training a catalog model came out of, or null where none is published.

    Args:
        model_id: hub id, exact.
    """
    return next((item for item in trainings() if model_id in item.models), None)


def references() -> tuple[Training, ...]:
    """Return trainings people know, to stand beside a model whose own is not published."""
    found = {item.id: item for item in trainings()}
    return tuple(found[name] for name in REFERENCES)


def break_even(
    training: Training, energy_per_1000_queries: Quantity, num_queries_per_day: float | None = None
) -> BreakEven:
    """Return after how many queries use has taken as much electricity as training.

    Args:
        training: published or derived energy.
        energy_per_1000_queries: [Wh] of the task on this computer, gross.
        num_queries_per_day: the user's volume, for the time it takes; null when not said.

    Raises:
        InvalidInputError: `queries-invalid`; the volume is not above 0.
    """
    if num_queries_per_day is not None and not 0 < num_queries_per_day < float("inf"):
        raise InvalidInputError(
            "queries-invalid",
            f"{num_queries_per_day} is not a number of queries a day.",
            remedy="Give a number above 0.",
        )
    queries = ranges.over(
        training.energy,
        energy_per_1000_queries,
        "queries",
        f"training of {training.label} over energy of a query",
        scale=WH_PER_KWH * 1000.0,
    )
    time = unknown("years", "how many queries a day is not said")
    if num_queries_per_day is not None:
        told = f"{queries.basis}, {num_queries_per_day:g} queries a day"
        time = ranges.scaled(queries, 1 / (num_queries_per_day * DAYS_PER_YEAR), "years", told)
    return BreakEven(training=training, num_queries=queries, time=time, sentence=_sentence(training, queries, time))


def _sentence(training: Training, queries: Quantity, time: Quantity) -> str:
    if queries.value is None:
        return f"Training of {training.label} took {units.energy(_wh(training))}; energy of a query is not known."
    text = f"{units.count(_rounded(queries.value))} queries take as much electricity as training {training.label} did"
    if time.value is None:
        return f"{text} ({units.energy(_wh(training))})."
    years = units.number(_rounded(time.value))
    return f"{text} ({units.energy(_wh(training))}): {years} {'year' if years == '1' else 'years'} at your volume."


def _rounded(value: float) -> float:
    """Two digits: the range is wider than the third."""
    return float(f"{value:.2g}")


def _wh(training: Training) -> float:
    return (training.energy.value or 0.0) * WH_PER_KWH
