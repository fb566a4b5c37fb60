"""Mains or battery, on Linux."""

from pathlib import Path
from typing import Literal

import msgspec

from advisor.hardware.model import Fact, PowerFacts
from advisor.hardware.reading import attempt, find_int, find_text, folders, known, missing
from advisor.hardware.roots import Roots

_SOURCE = "/sys/class/power_supply"
_NO_BATTERY = "no battery is visible"
# DMI chassis types of computers that have no battery: desktops, towers, all-in-one, servers, blades, mini and stick.
# Source: DMTF DSP0134, 7.4.1.
_FIXED_CHASSIS = frozenset((3, 4, 5, 6, 7, 13, 15, 16, 17, 23, 24, 25, 28, 29, 34, 35))


class Supplies(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel lists."""

    mains_online: tuple[bool, ...]
    batteries: tuple[Path, ...]


def read_supplies(roots: Roots) -> Supplies:
    """Return mains plugs and the batteries of this computer; those of a mouse or a headset are none of ours."""
    mains, batteries = [], []
    for entry in folders(roots.sys / "class/power_supply", r".+"):
        kind = find_text(entry / "type")
        if kind == "Battery" and find_text(entry / "scope") != "Device" and find_int(entry / "present") != 0:
            batteries.append(entry)
        elif kind in ("Mains", "USB"):
            online = find_int(entry / "online")
            if online is not None:
                mains.append(online > 0)
    return Supplies(mains_online=tuple(mains), batteries=tuple(batteries))


def read_capacity(battery: Path) -> tuple[float, float] | None:
    """Return [Wh] charge now and full charge of one battery, or null where it states neither energy nor charge.

    The kernel gives microwatt hours, or microampere hours, which are taken at the design voltage.
    """
    full, now = find_int(battery / "energy_full"), find_int(battery / "energy_now")
    if full:
        return (now or 0) / 1e6, full / 1e6
    full, now = find_int(battery / "charge_full"), find_int(battery / "charge_now")
    voltage_uv = find_int(battery / "voltage_min_design") or find_int(battery / "voltage_now")
    if full and voltage_uv:
        return (now or 0) * voltage_uv / 1e12, full * voltage_uv / 1e12
    return None


def read_source(roots: Roots, supplies: Supplies) -> Literal["mains", "battery"] | None:
    """Return where electricity comes from, or null where nothing tells."""
    if any(supplies.mains_online):
        return "mains"
    states = {find_text(battery / "status") for battery in supplies.batteries}
    if "Discharging" in states:
        return "battery"
    if states & {"Charging", "Full", "Not charging"}:
        return "mains"
    if supplies.batteries and supplies.mains_online:
        return "battery"
    return "mains" if find_int(roots.sys / "class/dmi/id/chassis_type") in _FIXED_CHASSIS else None


def collect(roots: Roots, *, virtualised: bool) -> PowerFacts:
    """Return the facts about power.

    Args:
        roots: where to look.
        virtualised: a virtual machine does not see its host's plug unless it is given a battery.
    """
    supplies = read_supplies(roots)
    why = "the host's power source is not visible here" if virtualised else "no battery and no plug is visible"
    if virtualised and not supplies.batteries:
        source: Fact[Literal["mains", "battery"]] = missing(_SOURCE, why)
    else:
        where = _SOURCE if supplies.batteries or supplies.mains_online else "/sys/class/dmi/id/chassis_type"
        source = attempt(where, lambda: read_source(roots, supplies), why=why)
    if not supplies.batteries:
        none = missing(_SOURCE, _NO_BATTERY)
        return PowerFacts(source=source, battery_share=none, battery_capacity_wh=none)
    return PowerFacts(
        source=source,
        battery_share=attempt(_SOURCE, lambda: _share(supplies.batteries)),
        battery_capacity_wh=_capacity(supplies.batteries),
    )


def _charges(batteries: tuple[Path, ...]) -> list[tuple[float, float]] | None:
    charges = [read_capacity(battery) for battery in batteries]
    stated = [charge for charge in charges if charge is not None]
    return stated if len(stated) == len(charges) else None


def _share(batteries: tuple[Path, ...]) -> float | None:
    stated = [percent for battery in batteries if (percent := find_int(battery / "capacity")) is not None]
    if len(batteries) == 1 and stated:
        return min(stated[0] / 100, 1.0)
    charges = _charges(batteries)
    if charges is None:
        return None
    return min(sum(now for now, _ in charges) / sum(full for _, full in charges), 1.0)


def _capacity(batteries: tuple[Path, ...]) -> Fact[float]:
    charges = _charges(batteries)
    if charges is None:
        return missing(_SOURCE, "the battery does not state it")
    return known(sum(full for _, full in charges), _SOURCE)
