"""The making of the computer, shared out over the time a query takes: SCI's M, with every assumption in the answer."""

import math
from functools import cache
from typing import Literal

import msgspec

from advisor import resources
from advisor.energy import ranges
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import HardwareProfile

FILE_NAME = "energy/embodied.json"
SCHEMA_VERSION = 1
_CODE = "embodied-invalid"
EMBODIED_K = 2.0
"""[1] Range factor of every embodied figure: assumed, design/energy.md 6.3."""
BYTES_PER_GB = 1e9
HOUR_S = 3600.0
MachineKind = Literal["laptop", "desktop", "either"]
Sharing = Literal["calendar", "hours-of-use"]
"""`calendar`: each hour of the life bears the same; `hours-of-use`: only the hours in which the computer is used."""


class _Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    kind: Literal["laptop", "desktop", "monitor"]
    label: str
    total_g: float
    lifetime_s: float
    use_share: float


class _Chip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    label: str
    area_cm2: float
    carbon_g_per_cm2: float
    names: tuple[str, ...]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    machines: tuple[_Machine, ...]
    machines_source: str
    chips: tuple[_Chip, ...]
    memory_g_per_gb: float
    disk_g_per_gb: float
    chips_lifetime_s: float
    chips_source: str


class EmbodiedPart(msgspec.Struct, frozen=True, kw_only=True):
    """One thing whose making is counted."""

    label: str
    total: Quantity
    """[g] CO2e of its making and transport."""
    lifetime: Quantity
    """[s] EL of SCI: how long it is installed."""


class Embodied(msgspec.Struct, frozen=True, kw_only=True):
    """A computer's making, ready to be shared out. M = TE x (TiR / EL) x (RR / ToR)."""

    method: Literal["whole-machine", "parts"]
    sharing: Sharing
    kind: MachineKind
    kind_basis: str
    """How the kind was told, one phrase."""
    parts: tuple[EmbodiedPart, ...]
    total: Quantity
    """[g] TE"""
    use_share: float
    """[1] Share of the life in which the computer is used; 1 by calendar."""
    resource_share: float
    """[1] RR / ToR: the whole computer is reserved for the query."""
    rate: Quantity
    """[g/h] M of one hour."""
    assumptions: tuple[str, ...]
    """One sentence each, all that the figure hangs on."""
    source: str


def parse(raw: bytes, file_name: str = FILE_NAME) -> _Table:
    """Read the table.

    Raises:
        InvalidFileError: `embodied-invalid`; file and field are named.
    """
    table = resources.table(raw, _Table, code=_CODE, file_name=file_name, version=SCHEMA_VERSION)
    for number, item in enumerate(table.machines):
        if not (item.total_g > 0 and item.lifetime_s > 0 and 0 < item.use_share <= 1):
            raise resources.damaged(
                _CODE, file_name, f"{item.id} has a figure that cannot be - at `$.machines[{number}]`"
            )
    return table


@cache
def _table() -> _Table:
    return parse(resources.read(FILE_NAME))


def machine_kind(profile: HardwareProfile) -> tuple[MachineKind, str]:
    """Return what kind of computer this is and how that was told; `either` where the machine does not tell."""
    power = profile.power
    if power.battery_capacity_wh.value is not None or power.battery_share.value is not None:
        return "laptop", "it has a battery"
    if power.source.value == "mains" and power.source.source.endswith("chassis_type"):
        return "desktop", "its case is one without a battery"
    return "either", "laptop or desktop is not told"


def whole_machine(
    profile: HardwareProfile,
    *,
    sharing: Sharing = "calendar",
    with_monitor: bool = False,
    kind: MachineKind | None = None,
) -> Embodied:
    """Return the making of a typical computer of this kind.

    Args:
        profile: the machine.
        sharing: `calendar`, or over hours of use only, which gives 3.3 times as much.
        with_monitor: count a screen beside it; a laptop has its own.
        kind: what the user says it is; null asks the machine.

    Source:
        SCI v1.1 (ISO/IEC 21031:2024), embodied part; ADEME figures through BoaviztAPI.
    """
    table = _table()
    told = machine_kind(profile) if kind is None else (kind, "you said so")
    rows = [row for row in table.machines if row.kind == told[0] or (told[0] == "either" and row.kind != "monitor")]
    groups = [rows]
    if with_monitor:
        groups.append([row for row in table.machines if row.kind == "monitor"])
    parts = tuple(_one_of(group) for group in groups)
    use_share = 1.0 if sharing == "calendar" else rows[0].use_share
    return _embodied(
        method="whole-machine",
        sharing=sharing,
        told=told,
        parts=parts,
        use_share=use_share,
        assumptions=(
            f"Kind of computer: {' or '.join(row.label for row in rows)}, since {told[1]}.",
            *(f"{part.label}: {_kg(part.total)} kg CO2e in {_years(part.lifetime)} years." for part in parts),
        ),
        source=table.machines_source,
    )


def _one_of(rows: list[_Machine]) -> EmbodiedPart:
    """Return one part for rows that it could be: middle by logarithm, ends from the outermost with the range factor."""
    totals, lives = [row.total_g for row in rows], [row.lifetime_s for row in rows]
    label = " or ".join(row.label for row in rows)
    return EmbodiedPart(
        label=label,
        total=_between(totals, "g", f"published for {label}", EMBODIED_K),
        lifetime=_between(lives, "s", f"taken for {label}", 1.0),
    )


def _between(values: list[float], unit: str, basis: str, k: float) -> Quantity:
    low, high = min(values), max(values)
    return Quantity(value=math.sqrt(low * high), low=low / k, high=high * k, unit=unit, evidence="assumed", basis=basis)


def of_parts(profile: HardwareProfile, *, sharing: Sharing = "calendar") -> Embodied:
    """Return the making of the chips alone, counted part by part: for a computer whose parts are known.

    Case, screen, boards and battery are not in it, so it is less than a whole machine. A part whose size is not known
    is left out and named.

    Source:
        LLMCarbon (arXiv 2309.14393): area x carbon per area, memory and disk by size, five years.
    """
    table = _table()
    chips = {chip.id: chip for chip in table.chips}
    parts, left_out = [_chip(chips["cpu"], table)], []
    for name, fact, per_gb in (
        ("memory", profile.memory.total_bytes, table.memory_g_per_gb),
        ("disk", profile.disk.total_bytes, table.disk_g_per_gb),
    ):
        if fact.value is None:
            left_out.append(f"{name}: {fact.why_unknown or 'its size is not known'}")
            continue
        size_gb = fact.value / BYTES_PER_GB
        total = ranges.with_k(
            size_gb * per_gb, EMBODIED_K, "g", "assumed", f"{size_gb:.0f} GB x {per_gb:g} g of CO2e a GB"
        )
        parts.append(_part(f"{name}, {size_gb:.0f} GB", total, table))
    for gpu in profile.gpus:
        name = gpu.name.value or "graphics processor"
        chip = next((chip for chip in table.chips if any(word in name.casefold() for word in chip.names)), None)
        if chip is not None:
            parts.append(_chip(chip, table))
        else:
            left_out.append(f"{name}: the area of its chip is not in our table")
    return _embodied(
        method="parts",
        sharing=sharing,
        told=machine_kind(profile),
        parts=tuple(parts),
        use_share=1.0 if sharing == "calendar" else table.machines[0].use_share,
        assumptions=(
            "Chips, memory and disk only: case, boards, screen and battery are not counted.",
            *(f"{part.label}: {_kg(part.total)} kg CO2e in {_years(part.lifetime)} years." for part in parts),
            *(f"Left out: {what}." for what in left_out),
        ),
        source=table.chips_source,
    )


def _chip(chip: _Chip, table: _Table) -> EmbodiedPart:
    basis = f"{chip.area_cm2:g} cm2 x {chip.carbon_g_per_cm2 / 1000:g} kg of CO2e a cm2"
    total = ranges.with_k(chip.area_cm2 * chip.carbon_g_per_cm2, EMBODIED_K, "g", "assumed", basis)
    return _part(chip.label, total, table)


def _part(label: str, total: Quantity, table: _Table) -> EmbodiedPart:
    life = ranges.with_k(table.chips_lifetime_s, 1.0, "s", "assumed", "five years")
    return EmbodiedPart(label=label, total=total, lifetime=life)


def _embodied(
    *,
    method: Literal["whole-machine", "parts"],
    sharing: Sharing,
    told: tuple[MachineKind, str],
    parts: tuple[EmbodiedPart, ...],
    use_share: float,
    assumptions: tuple[str, ...],
    source: str,
) -> Embodied:
    each = [
        ranges.over(part.total, part.lifetime, "g/h", "making over life", scale=HOUR_S / use_share) for part in parts
    ]
    by_calendar = "Every hour of the life bears the same share, used or not."
    by_use = f"Only hours of use bear it: the computer is used {use_share:.0%} of its life."
    return Embodied(
        method=method,
        sharing=sharing,
        kind=told[0],
        kind_basis=told[1],
        parts=parts,
        total=ranges.total([part.total for part in parts], "g", "sum of the parts"),
        use_share=use_share,
        resource_share=1.0,
        rate=ranges.total(each, "g/h", f"making over life, by {sharing.replace('-', ' ')}"),
        assumptions=(
            *assumptions,
            by_calendar if sharing == "calendar" else by_use,
            "The whole computer is reserved for the query while it runs.",
            f"Every figure may be off by a factor of {EMBODIED_K:g}.",
        ),
        source=source,
    )


def share(embodied: Embodied, time: Quantity) -> Quantity:
    """Return the part of a computer's making that falls on some time of it: M.

    Args:
        embodied: the computer's making.
        time: [s] TiR, how long it is reserved.

    Returns:
        [g] CO2e, evidence `assumed`; no value where the time has none.

    Raises:
        InvalidInputError: `time-invalid`; the time is negative.
    """
    if time.value is None:
        return unknown("g", time.basis)
    if time.value < 0:
        raise InvalidInputError("time-invalid", f"{time.value:g} s is not a time.", remedy="Give 0 or more seconds.")
    return ranges.times(
        (embodied.rate, time),
        "g",
        f"{embodied.rate.value:.2g} g an hour x time; {embodied.rate.basis}",
        scale=1 / HOUR_S,
        at_best="assumed",
    )


def _kg(total: Quantity) -> str:
    return f"{(total.value or 0.0) / 1000:.3g}"


def _years(lifetime: Quantity) -> str:
    return f"{(lifetime.value or 0.0) / (HOUR_S * 24 * 365):.2g}"
