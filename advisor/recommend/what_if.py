"""The same task elsewhere: with other memory, on another grid, over a year of use."""

from collections.abc import Sequence
from typing import Any

import msgspec

from advisor.energy.carbon import carbon
from advisor.energy.model import GridIntensity
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, unknown
from advisor.hardware import override
from advisor.hardware.model import HardwareProfile
from advisor.recommend.advise import advise
from advisor.recommend.recommendation import Recommendation
from advisor.task.model import TaskSpec
from advisor.units import GIB

DAYS_PER_YEAR = 365.0


class YearlyUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate takes in a year of daily use."""

    num_queries_per_day: float
    energy: Quantity
    """[kWh]"""
    carbon: Quantity
    """[g] CO2e; excluded until a country is chosen."""


class MemoryStep(msgspec.Struct, frozen=True, kw_only=True):
    """What would be picked with that much memory."""

    memory_bytes: int
    model: str | None
    """Null when nothing meets every need."""
    format: str | None
    why_no_pick: str = ""


def yearly(energy_per_1000_queries: Quantity, num_queries_per_day: float, intensity: GridIntensity | None) -> YearlyUse:
    """Return energy and CO2e of a year, range and evidence kept.

    Args:
        energy_per_1000_queries: [Wh]
        num_queries_per_day: on average over the year.
        intensity: of the country's electricity, or null.

    Raises:
        InvalidInputError: `queries-invalid`; the number is negative or not finite.
    """
    if not 0 <= num_queries_per_day < float("inf"):
        raise InvalidInputError(
            "queries-invalid",
            f"{num_queries_per_day} is not a number of queries a day.",
            remedy="Give a number of 0 or more.",
        )
    factor = num_queries_per_day * DAYS_PER_YEAR / 1000.0
    energy_wh = _scaled(energy_per_1000_queries, factor, "Wh", f"{num_queries_per_day:g} queries a day for a year")
    return YearlyUse(
        num_queries_per_day=num_queries_per_day,
        energy=_scaled(energy_wh, 1e-3, "kWh", ""),
        carbon=carbon(energy_wh, intensity)
        if intensity is not None
        else unknown("g", "no country of the electricity grid is chosen"),
    )


def _scaled(quantity: Quantity, factor: float, unit: str, more: str) -> Quantity:
    if quantity.value is None:
        return unknown(unit, quantity.basis)
    return Quantity(
        value=quantity.value * factor,
        low=None if quantity.low is None else quantity.low * factor,
        high=None if quantity.high is None else quantity.high * factor,
        unit=unit,
        evidence=quantity.evidence,
        basis=f"{quantity.basis}; {more}" if more else quantity.basis,
    )


def with_memory(task: TaskSpec, profile: HardwareProfile, memory_bytes: int, **options: Any) -> Recommendation:  # noqa: ANN401
    """Recommend for the same machine with other memory.

    Args:
        task: what the user wants.
        profile: the machine.
        memory_bytes: [B] memory it would have in all.
        options: as `advise` takes them.

    Raises:
        InvalidInputError: the size is not positive.
    """
    planned = override.apply(profile, {"memory.total_bytes": f"{memory_bytes / GIB:.6f} GiB"})
    return advise(task, planned, **options)


def memory_steps(
    task: TaskSpec,
    profile: HardwareProfile,
    sizes_bytes: Sequence[int],
    **options: Any,  # noqa: ANN401
) -> tuple[MemoryStep, ...]:
    """Return the pick at several memory sizes, to see what more memory would buy.

    Args:
        task: what the user wants.
        profile: the machine.
        sizes_bytes: [B] memory in all, one for each step.
        options: as `advise` takes them.
    """
    found = []
    for size in sizes_bytes:
        answer = with_memory(task, profile, size, **options)
        row = None if answer.pick is None else answer.row(answer.pick.index)
        found.append(
            MemoryStep(
                memory_bytes=size,
                model=None if row is None else row.model,
                format=None if row is None else row.format,
                why_no_pick=answer.summary.why_no_pick,
            )
        )
    return tuple(found)
