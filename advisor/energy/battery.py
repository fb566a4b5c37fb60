"""Power of the whole computer by the battery it runs on: the arithmetic for every system, and the files of Linux."""

import platform
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from advisor.energy.meter import BreakError, Clock, Found, MeterError, PowerMeter, absent
from advisor.energy.model import MeterInfo
from advisor.hardware.power import read_supplies
from advisor.hardware.reading import find_text
from advisor.hardware.roots import Roots

NO_BATTERY = "no battery is visible"
ON_MAINS = "the computer runs on mains; unplug it to measure by battery"
NOT_DISCHARGING = "no battery says that it is discharging"
NO_POWER = "the battery states neither its power nor its current"
REMEDY = "Unplug the computer and measure for at least three minutes."

BATTERY = MeterInfo(
    id="battery",
    name="Battery of the computer",
    component="platform",
    covers="whole computer with its screen; not the loss of the charger",
    method="integral",
    native_unit="µW",
    refresh_s=10.0,
    permission="any user, while the computer runs on battery",
    grade="B",
    k_scale=1.3,
)
"""The gauge has a new value every 1 to 60 s, depending on the maker; scale assumed."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One battery at one moment."""

    state: Literal["discharging", "charging", "idle"]
    power_w: float | None
    """[W] What flows, without sign: drivers do not agree on it. Null where it is not stated."""


ReadCells = Callable[[], Sequence[Cell]]
"""Returns all batteries of the computer; raises `MeterError` or `OSError`."""


def total_w(cells: Sequence[Cell]) -> float:
    """Return [W] what the batteries give together.

    Raises:
        BreakError: the computer does not run on battery now.
        MeterError: a battery that discharges does not say how fast.
    """
    if not cells:
        raise BreakError(NO_BATTERY)
    if any(cell.state == "charging" for cell in cells):
        raise BreakError(ON_MAINS)
    used = [cell.power_w for cell in cells if cell.state == "discharging"]
    if not used:
        raise BreakError(NOT_DISCHARGING)
    stated = [power_w for power_w in used if power_w is not None]
    if len(stated) < len(used):
        raise MeterError(NO_POWER)
    if sum(stated) == 0:
        raise MeterError("the battery states 0 W while it is discharging")
    return sum(stated)


def offer(
    info: MeterInfo, read_cells: ReadCells, *, on_mains: Callable[[], bool] = lambda: False,
    close: Callable[[], None] = lambda: None, clock: Clock = time.perf_counter,
) -> tuple[Found, ...]:  # fmt: skip
    """Return the battery as a meter, or why it is none now.

    Args:
        info: what it is on this system.
        read_cells: reads all batteries.
        on_mains: whether the system says that it is plugged in; asked after `read_cells`.
        close: lets go of handles that `read_cells` holds.
        clock: now, in seconds.
    """
    try:
        cells = read_cells()
        if cells and on_mains():
            raise BreakError(ON_MAINS)
        total_w(cells)
    except BreakError as error:
        why = str(error)
        found = absent(info, why)
        if why != NO_BATTERY:
            found = msgspec.structs.replace(found, info=msgspec.structs.replace(found.info, remedy=REMEDY))
        return (found,)
    except MeterError as error:
        if str(error) == NO_POWER:
            return (absent(info, NO_POWER),)  # any other failure may pass
    except OSError as error:
        return (absent(info, f"the battery cannot be read: {error.strerror or error}"),)
    return (Found(info=info, open=lambda: PowerMeter(info, lambda: total_w(read_cells()), close=close, clock=clock)),)


def read_cell(folder: Path) -> Cell:
    """Return one battery of Linux; `power_now` before `current_now` times `voltage_now`."""
    status = find_text(folder / "status")
    state: Literal["discharging", "charging", "idle"] = "idle"
    if status == "Discharging":
        state = "discharging"
    elif status == "Charging":
        state = "charging"
    return Cell(state=state, power_w=_power_w(folder))


def _power_w(folder: Path) -> float | None:
    power_uw = _signed(folder / "power_now")
    if power_uw:
        return abs(power_uw) / 1e6
    current_ua, voltage_uv = _signed(folder / "current_now"), _signed(folder / "voltage_now")
    if current_ua is not None and voltage_uv is not None:
        return abs(current_ua * voltage_uv) / 1e12
    return None if power_uw is None else 0.0


def _signed(path: Path) -> int | None:
    text = find_text(path) or ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII) else None


def find(roots: Roots, *, clock: Clock = time.perf_counter) -> tuple[Found, ...]:
    """Return the batteries of a Linux computer as one meter; nothing on another system.

    Args:
        roots: where to look.
        clock: now, in seconds.
    """
    if (roots.system or platform.system()) != "Linux":
        return ()

    def read_cells() -> tuple[Cell, ...]:
        return tuple(read_cell(folder) for folder in read_supplies(roots).batteries)

    def on_mains() -> bool:  # a battery may help a weak charger: the whole computer is seen without plug only
        return any(read_supplies(roots).mains_online)

    return offer(BATTERY, read_cells, on_mains=on_mains, clock=clock)
