"""Power of a Windows computer by the battery it runs on, asked of the battery devices."""

import platform
import struct
import time
import uuid
from collections.abc import Callable
from typing import Literal

import msgspec

from advisor.energy.battery import BATTERY, NO_POWER, Cell, offer
from advisor.energy.meter import Clock, Found, MeterError, absent, reason
from advisor.energy.windows_device import Devices, SystemDevices
from advisor.hardware.roots import Roots

KIND = uuid.UUID("72631e54-78a4-11d0-bcf7-00aa00b7b32a")
QUERY_TAG, QUERY_INFORMATION, QUERY_STATUS = 0x294040, 0x294044, 0x29404C
"""Source for these and the layouts: Microsoft, poclass.h, `BATTERY_INFORMATION` and `BATTERY_STATUS`."""
_INFORMATION_BYTES, _STATUS_BYTES = 36, 16
_SYSTEM_BATTERY, _RELATIVE, _SHORT_TERM = 0x80000000, 0x40000000, 0x20000000
_ON_LINE, _DISCHARGING, _CHARGING = 1, 2, 4
_UNKNOWN_RATE = -(2**31)

INFO = msgspec.structs.replace(BATTERY, native_unit="mW")


class Information(msgspec.Struct, frozen=True, kw_only=True):
    """What a battery device is."""

    ours: bool
    """It feeds this computer for long; not a mouse's, not that of an uninterruptible supply."""
    relative: bool
    """It counts in shares of its own, not in milliwatts."""


def parse_information(raw: bytes) -> Information:
    """Return what a battery device is.

    Raises:
        MeterError: the answer is too short.
    """
    if len(raw) < _INFORMATION_BYTES:
        raise MeterError("the battery's answer is too short")
    (capabilities,) = struct.unpack_from("<I", raw)
    ours = bool(capabilities & _SYSTEM_BATTERY) and not capabilities & _SHORT_TERM
    return Information(ours=ours, relative=bool(capabilities & _RELATIVE))


def parse_status(raw: bytes, *, relative: bool = False) -> Cell:
    """Return one battery at this moment.

    Args:
        raw: `BATTERY_STATUS`.
        relative: its rate is in no known unit.

    Raises:
        MeterError: the answer is too short.
    """
    if len(raw) < _STATUS_BYTES:
        raise MeterError("the battery's answer is too short")
    flags, _, _, rate_mw = struct.unpack_from("<IIIi", raw)
    state: Literal["discharging", "charging", "idle"] = "idle"
    if flags & _CHARGING:
        state = "charging"
    elif flags & _DISCHARGING and not flags & _ON_LINE:
        state = "discharging"
    known = rate_mw != _UNKNOWN_RATE and not relative
    return Cell(state=state, power_w=abs(rate_mw) / 1e3 if known else None)


def find(
    roots: Roots, *, connect: Callable[[], Devices] = SystemDevices, clock: Clock = time.perf_counter
) -> tuple[Found, ...]:  # fmt: skip
    """Return the batteries of a Windows computer as one meter; nothing on another system.

    Args:
        roots: says which system this is.
        connect: opens the door to devices.
        clock: now, in seconds.
    """
    if (roots.system or platform.system()) != "Windows":
        return ()
    try:
        devices = connect()
        cells = _Cells(devices, devices.interfaces(KIND))
    except (MeterError, OSError) as error:
        return (absent(INFO, f"Windows does not show its batteries: {reason(error)}"),)
    found = offer(INFO, cells, on_mains=lambda: cells.plugged, close=cells.close, clock=clock)
    cells.close()
    if cells.relative and found[0].info.why == NO_POWER:
        return (absent(INFO, "the battery counts in shares, not in milliwatts"),)
    return found


class _Cells:
    """Reads all batteries; the handles stay open until `close`, and open again by themselves."""

    def __init__(self, devices: Devices, paths: tuple[str, ...]) -> None:
        self._devices = devices
        self._paths = paths
        self._handles: dict[str, int] = {}
        self.plugged = False
        self.relative = False

    def __call__(self) -> tuple[Cell, ...]:
        self.plugged = False
        cells = [self._cell(path) for path in self._paths]
        return tuple(cell for cell in cells if cell is not None)

    def close(self) -> None:
        while self._handles:
            self._devices.close(self._handles.popitem()[1])

    def _cell(self, path: str) -> Cell | None:
        if path not in self._handles:
            self._handles[path] = self._devices.open(path)
        try:
            return self._ask(self._handles[path])
        except OSError:
            self._devices.close(self._handles.pop(path))  # taken out, perhaps: the next read tries a new handle
            raise

    def _ask(self, handle: int) -> Cell | None:
        tag = self._devices.control(handle, QUERY_TAG, struct.pack("<I", 0), 4)
        if len(tag) < 4 or tag == bytes(4):
            return None  # an empty bay
        question = tag[:4] + struct.pack("<ii", 0, 0)
        about = parse_information(self._devices.control(handle, QUERY_INFORMATION, question, _INFORMATION_BYTES))
        if not about.ours:
            return None
        self.relative = self.relative or about.relative
        question = tag[:4] + struct.pack("<IIII", 0, 0, 0, 0)
        raw = self._devices.control(handle, QUERY_STATUS, question, _STATUS_BYTES)
        cell = parse_status(raw, relative=about.relative)
        self.plugged = self.plugged or bool(raw[0] & _ON_LINE)
        return cell
