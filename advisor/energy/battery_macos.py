"""Power of a Mac by the battery it runs on, as `ioreg` shows AppleSmartBattery."""

import platform
import plistlib
import time
from typing import Any
from xml.parsers.expat import ExpatError

import msgspec

from advisor.energy.battery import BATTERY, Cell, offer
from advisor.energy.meter import Clock, Found, MeterError
from advisor.hardware.reading import UnreadableError
from advisor.hardware.roots import Roots

COMMAND = ("/usr/sbin/ioreg", "-r", "-c", "AppleSmartBattery", "-a")
AGE_S = 5.0
"""[s] Starting the command costs some 20 ms of processor time and the gauge is slow: it is not asked more often."""
INFO = msgspec.structs.replace(BATTERY, native_unit="mA x mV", refresh_s=30.0)


def parse(text: str) -> tuple[Cell, ...]:
    """Return the batteries in the property list that `ioreg -a` writes; it writes nothing where there is none.

    Raises:
        MeterError: the text is no such list.
    """
    if not text.strip():
        return ()
    try:
        found = plistlib.loads(text.encode())
    except (ExpatError, ValueError, AttributeError, IndexError) as error:
        raise MeterError("ioreg says something this app does not understand") from error
    if not isinstance(found, list):
        raise MeterError("ioreg says something this app does not understand")
    return tuple(
        _cell(entry) for entry in found if isinstance(entry, dict) and entry.get("BatteryInstalled") is not False
    )


def _cell(entry: dict[str, Any]) -> Cell:
    current_ma = _signed(entry.get("InstantAmperage")) or _signed(entry.get("Amperage"))
    voltage_mv = _signed(entry.get("Voltage"))
    power_w = None
    if current_ma is not None and voltage_mv is not None:
        power_w = abs(current_ma * voltage_mv) / 1e6
    if entry.get("IsCharging") is True:
        return Cell(state="charging", power_w=power_w)
    plugged = entry.get("ExternalConnected") is not False
    return Cell(state="idle" if plugged else "discharging", power_w=power_w)


def _signed(value: object) -> int | None:
    """Undo that systems write a negative number as one without sign: of 64 bits, or of 16 for a current in 10.9."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    for num_bits in (64, 16):
        if 2 ** (num_bits - 1) <= value < 2**num_bits:
            return value - 2**num_bits
    return value


class _Cells:
    """The batteries, not older than `AGE_S`."""

    def __init__(self, roots: Roots, clock: Clock) -> None:
        self._roots = roots
        self._clock = clock
        self._last: tuple[float, tuple[Cell, ...]] | None = None

    def __call__(self) -> tuple[Cell, ...]:
        now_s = self._clock()
        if self._last is None or not 0 <= now_s - self._last[0] < AGE_S:
            try:
                self._last = (now_s, parse(self._roots.run(COMMAND)))
            except UnreadableError as error:
                raise MeterError(str(error)) from error
        return self._last[1]


def find(roots: Roots, *, clock: Clock = time.perf_counter) -> tuple[Found, ...]:
    """Return the battery of a Mac as a meter; nothing on another system.

    Args:
        roots: runs the command.
        clock: now, in seconds.
    """
    if (roots.system or platform.system()) != "Darwin":
        return ()
    cells = _Cells(roots, clock)
    return offer(INFO, cells, on_mains=lambda: any(cell.state == "idle" for cell in cells()), clock=clock)
