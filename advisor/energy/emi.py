"""Energy counters of Windows' Energy Meter Interface: the processor's packages and the memory. By control codes alone.

Layouts and control codes: Microsoft, emi.h.
"""

import platform
import re
import struct
import time
import uuid
from collections.abc import Callable
from functools import partial

import msgspec

from advisor.energy.counter import Counter
from advisor.energy.meter import Channel, Clock, CounterMeter, Found, Meter, MeterError, absent, reason
from advisor.energy.mirror import Mirrors
from advisor.energy.model import MeterInfo, Reading
from advisor.energy.windows_device import Devices, SystemDevices
from advisor.hardware.roots import Roots

KIND = uuid.UUID("45bd8344-7ed6-49cf-a440-c276c933b053")
GET_VERSION, GET_METADATA_SIZE, GET_METADATA, GET_MEASUREMENT = 0x224000, 0x224004, 0x224008, 0x22400C
UNIT_J = 3.6e-9
"""[J] One picowatt-hour."""
_PICOWATT_HOURS = 0
_TICK_S = 1e-7
_NAME_BYTES = 32
_ENTRY_BYTES = 16
_MAX_METADATA_BYTES = 65_536
_MAX_CHANNELS = 1024
HIDDEN_RANGE_J = 2.0**32 * 2.0**-16
"""[J] The registers that the driver adds up have 32 bits; on AMD of 2^-16 J, on Intel of more."""
LOOSE_LIMIT_W = 1000.0
"""[W] Windows states no limit: no package draws this for long."""
REFRESH_S = 0.1
"""[s] Left to the driver; assumed."""
_OLDEST_S = 10.0
"""[s] A value that seems older than this when it is read shows that one of the two clocks was set."""
_MIRROR_ROUNDS = 8
_MIRROR_PAUSE_S = 0.002

PACKAGE = MeterInfo(
    id="emi",
    name="Energy meter of Windows, processor",
    component="cpu",
    covers="processor package",
    method="counter",
    native_unit="pWh",
    resolution_j=UNIT_J,
    refresh_s=REFRESH_S,
    permission="any user",
    grade="A",
    k_scale=1.1,
)
MEMORY = msgspec.structs.replace(
    PACKAGE, id="emi-dram", name="Energy meter of Windows, memory", component="ram", covers="memory modules"
)


class EmiChannel(msgspec.Struct, frozen=True, kw_only=True):
    """What one counter of a device is."""

    name: str
    in_picowatt_hours: bool


class EmiValue(msgspec.Struct, frozen=True, kw_only=True):
    """What one counter shows."""

    num_picowatt_hours: int
    t_s: float
    """[s] When, on the device's own clock."""


def parse_metadata(version: int, raw: bytes) -> tuple[EmiChannel, ...]:
    """Return the counters of a device.

    Args:
        version: of the interface, 1 or 2.
        raw: `EMI_METADATA_V1` or `EMI_METADATA_V2`.

    Raises:
        MeterError: another version, or bytes that are no such thing.
    """
    try:
        if version == 1:
            unit, size = struct.unpack_from("<i", raw)[0], struct.unpack_from("<H", raw, 4 + 2 * _NAME_BYTES + 2)[0]
            return (_channel(unit, raw, 4 + 2 * _NAME_BYTES + 4, size),)
        if version == 2:
            return _channels_v2(raw)
    except (struct.error, UnicodeError) as error:
        raise MeterError("the energy meter describes itself in a way this app does not understand") from error
    raise MeterError(f"the energy meter speaks version {version}, which this app does not know")


def _channels_v2(raw: bytes) -> tuple[EmiChannel, ...]:
    at = 2 * _NAME_BYTES + 4
    (num_channels,) = struct.unpack_from("<H", raw, at - 2)
    if num_channels > _MAX_CHANNELS:
        raise MeterError(f"the energy meter claims to have {num_channels} counters")
    channels = []
    for _ in range(num_channels):
        unit, size = struct.unpack_from("<iH", raw, at)
        channels.append(_channel(unit, raw, at + 6, size))
        at += 6 + size
    return tuple(channels)


def _channel(unit: int, raw: bytes, at: int, size: int) -> EmiChannel:
    if at + size > len(raw):
        raise MeterError("the energy meter's description ends in the middle of a name")
    name = raw[at : at + size].decode("utf-16-le").partition("\0")[0].strip()
    return EmiChannel(name=name, in_picowatt_hours=unit == _PICOWATT_HOURS)


def parse_measurement(raw: bytes, num_channels: int) -> tuple[EmiValue, ...]:
    """Return what the counters of a device show.

    Args:
        raw: one `EMI_CHANNEL_MEASUREMENT_DATA` for each.
        num_channels: how many there are.

    Raises:
        MeterError: the answer is too short.
    """
    if len(raw) < _ENTRY_BYTES * num_channels:
        raise MeterError("the energy meter's answer is too short")
    pairs = [struct.unpack_from("<QQ", raw, _ENTRY_BYTES * index) for index in range(num_channels)]
    return tuple(EmiValue(num_picowatt_hours=energy, t_s=ticks * _TICK_S) for energy, ticks in pairs)


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a counter is."""

    path: str
    index: int
    num_channels: int
    channel: EmiChannel


def find(
    roots: Roots, *, connect: Callable[[], Devices] = lambda: SystemDevices(writable=False),
    clock: Clock = time.perf_counter, sleep: Callable[[float], None] = time.sleep,
) -> tuple[Found, ...]:  # fmt: skip
    """Return the meters of the processor's packages and of the memory.

    Args:
        roots: says which system this is.
        connect: opens the door to devices.
        clock: now, in seconds.
        sleep: waits between the reads that tell mirrored dies.
    """
    if (roots.system or platform.system()) != "Windows":
        return (absent(PACKAGE, "only Windows has it"),)
    try:
        devices = connect()
        paths = devices.interfaces(KIND)
    except (MeterError, OSError) as error:
        return (absent(PACKAGE, f"Windows does not show its energy meters: {reason(error)}"),)
    if not paths:
        return (
            absent(PACKAGE, "Windows shows no energy meter; Windows 11 has one unless it runs in a virtual machine"),
        )
    return _Search(devices, paths, clock, sleep).found()


class _Search:
    """Looks over all devices: one may hold the package, and another one for each core."""

    def __init__(
        self, devices: Devices, paths: tuple[str, ...], clock: Clock, sleep: Callable[[float], None]
    ) -> None:  # fmt: skip
        self._devices = devices
        self._clock = clock
        self._sleep = sleep
        self._problems: list[str] = []
        self._places: list[_Place] = []
        for path in paths:
            try:
                self._places += _describe(devices, path)
            except (MeterError, OSError) as error:
                self._problems.append(reason(error))

    def found(self) -> tuple[Found, ...]:
        packages = [place for place in self._places if place.channel.name.upper().endswith("_PKG")]
        if not packages:
            return (absent(PACKAGE, self._why_none()),)
        memory = [place for place in self._places if place.channel.name.upper().endswith("_DRAM")]
        return self._meter(PACKAGE, packages), self._memory(memory)

    def _why_none(self) -> str:
        names = sorted({place.channel.name for place in self._places if place.channel.name})
        others = f"; they count {', '.join(names[:4])}" if names else ""
        problems = f"; one cannot be read: {self._problems[0]}" if self._problems else ""
        return f"no energy meter of Windows counts a processor package{others}{problems}"

    def _memory(self, places: list[_Place]) -> Found:
        if not places:
            return absent(MEMORY, "this processor has none")
        found = self._meter(MEMORY, places)
        if found.open is not None and not any(self._count(place) for place in places):
            return absent(found.info, "its counter stands at 0")  # as processors show that do not measure the memory
        return found

    def _count(self, place: _Place) -> int | None:
        try:
            with _Handles(self._devices, [place]) as handles:
                return handles.read(place).num_picowatt_hours
        except (MeterError, OSError):
            return None

    def _meter(self, info: MeterInfo, places: list[_Place]) -> Found:
        sockets = {re.sub(r"_die\d+", "", place.channel.name.lower()) for place in places}
        names = ", ".join(sorted({place.channel.name for place in places}))
        what = info.covers if len(sockets) == 1 or info is MEMORY else f"{len(sockets)} processor packages"
        info = msgspec.structs.replace(info, covers=f"{what} ({names})", limit_w=None)
        if not all(place.channel.in_picowatt_hours for place in places):
            why = "it counts in a unit that this app does not know"
            return Found(info=msgspec.structs.replace(info, state="refused", why=why))
        return Found(info=info, open=partial(self._open, info, places))

    def _open(self, info: MeterInfo, places: list[_Place]) -> Meter:
        handles = _Handles(self._devices, places)
        meter = _EmiMeter(info, places, handles, self._clock)
        for _ in range(_MIRROR_ROUNDS):
            meter.read()
            if meter.mirrors is None or meter.mirrors.decided:
                break
            self._sleep(_MIRROR_PAUSE_S)
        return meter


def _describe(devices: Devices, path: str) -> list[_Place]:
    handle = devices.open(path)
    try:
        version = _number(devices, handle, GET_VERSION, "<H")
        size = _number(devices, handle, GET_METADATA_SIZE, "<I")
        if size > _MAX_METADATA_BYTES:
            raise MeterError(f"the energy meter claims {size} bytes of description")
        channels = parse_metadata(version, devices.control(handle, GET_METADATA, b"", size))
    finally:
        devices.close(handle)
    return [
        _Place(path=path, index=index, num_channels=len(channels), channel=channel)
        for index, channel in enumerate(channels)
    ]


def _number(devices: Devices, handle: int, code: int, form: str) -> int:
    raw = devices.control(handle, code, b"", struct.calcsize(form))
    if len(raw) < struct.calcsize(form):
        raise MeterError("the energy meter's answer is too short")
    return int(struct.unpack_from(form, raw)[0])


class _Handles:
    """Open devices, one handle each."""

    def __init__(self, devices: Devices, places: list[_Place]) -> None:
        self._devices = devices
        self._handles: dict[str, int] = {}
        try:
            for path in dict.fromkeys(place.path for place in places):
                self._handles[path] = devices.open(path)
        except OSError as error:
            self.close()
            raise MeterError(f"the energy meter cannot be opened: {reason(error)}") from error

    def __enter__(self) -> "_Handles":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, place: _Place) -> EmiValue:
        size = _ENTRY_BYTES * place.num_channels
        raw = self._devices.control(self._handles[place.path], GET_MEASUREMENT, b"", size)
        return parse_measurement(raw, place.num_channels)[place.index]

    def close(self) -> None:
        while self._handles:
            self._devices.close(self._handles.popitem()[1])


class _EmiMeter:
    """Counters whose values carry their own time, which is used in place of the time of the read."""

    def __init__(self, info: MeterInfo, places: list[_Place], handles: _Handles, clock: Clock) -> None:
        self._handles = handles
        self._stamps: list[float] = []
        self.mirrors = (
            Mirrors(ranges_j=[None] * len(places), limit_w=LOOSE_LIMIT_W, refresh_s=info.refresh_s)
            if len(places) > 1
            else None
        )
        channels = [Channel(read=partial(self._read, place), counter=_counter(info)) for place in places]
        self._meter = CounterMeter(info, channels, close=handles.close, clock=clock, mirrors=self.mirrors)
        self._offset_s: float | None = None
        self._last: tuple[float, float] | None = None
        self._has_clock = True
        self._num_breaks = 0

    @property
    def info(self) -> MeterInfo:
        return self._meter.info

    def _read(self, place: _Place) -> int:
        value = self._handles.read(place)
        self._stamps.append(value.t_s)
        return value.num_picowatt_hours

    def read(self) -> Reading:
        self._stamps.clear()
        reading = self._meter.read()
        if reading.energy_j is None:
            return msgspec.structs.replace(reading, epoch=reading.epoch + self._num_breaks)
        t_s, broken = self._own_time(sum(self._stamps) / len(self._stamps), reading.energy_j, reading.after_s)
        self._num_breaks += broken is not None
        times = {} if t_s is None else {"before_s": t_s, "after_s": t_s}
        return msgspec.structs.replace(
            reading, epoch=reading.epoch + self._num_breaks, broken=reading.broken or broken, **times
        )

    def _own_time(self, stamp_s: float, energy_j: float, after_s: float) -> tuple[float | None, str | None]:
        """Return the value's time on our clock, and why it cannot be compared with earlier ones.

        The two clocks are as far apart as the freshest value shows.
        """
        last, self._last = self._last, (stamp_s, energy_j)
        if not self._has_clock:
            return None, None
        if last is not None and stamp_s <= last[0] and energy_j != last[1]:
            self._has_clock = False
            return None, "the meter's clock stands still"
        known_s, self._offset_s = self._offset_s, after_s - stamp_s
        if known_s is None:
            return after_s, None
        if abs(self._offset_s - known_s) > _OLDEST_S:
            return after_s, "the meter's clock was set"
        self._offset_s = min(known_s, self._offset_s)
        return stamp_s + self._offset_s, None

    def close(self) -> None:
        self._meter.close()


def _counter(info: MeterInfo) -> Counter:
    return Counter(
        unit_j=UNIT_J, limit_w=LOOSE_LIMIT_W, refresh_s=info.refresh_s, hidden_range_j=HIDDEN_RANGE_J
    )  # fmt: skip
