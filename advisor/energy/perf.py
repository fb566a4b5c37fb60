"""RAPL counters of the processor by Linux performance events, PMU `power`: the same registers, 64 bits wide."""

import ctypes
import os
import platform
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from advisor.energy import rapl
from advisor.energy.counter import Counter
from advisor.energy.meter import Channel, Clock, CounterMeter, Found, Meter, MeterError, absent, locked, reason
from advisor.energy.model import MeterInfo
from advisor.hardware.reading import find_int, find_text, parse_cpu_list, parse_float
from advisor.hardware.roots import Roots

_PMU = "bus/event_source/devices/power"
_SYSCALLS = {"x86_64": 298, "aarch64": 241}
"""Number of `perf_event_open`. Source: Linux, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/
unistd.h."""
_CLOSE_ON_EXEC = 8
_COUNT_BYTES = 8
REMEDY = """The group rule for powercap opens the same counters and is the safer way; see RAPL by powercap.
Where there is no powercap, start the app from a terminal with the one right it needs, and no other:
sudo --preserve-env setpriv --reuid="$(id -u)" --regid="$(id -g)" --init-groups --inh-caps=+perfmon \\
  --ambient-caps=+perfmon ./run.sh
Do not lower kernel.perf_event_paranoid: that opens the counters to every program on this computer."""

PACKAGE = msgspec.structs.replace(
    rapl.PACKAGE,
    id="perf",
    name="RAPL of the processor, by performance events",
    native_unit="2^-32 J",
    resolution_j=2**-32,
    permission="root, or a program with the right CAP_PERFMON",
)
MEMORY = msgspec.structs.replace(
    PACKAGE, id="perf-dram", name="RAPL of the memory, by performance events", component="ram", covers="memory modules"
)
PLATFORM = msgspec.structs.replace(
    PACKAGE,
    id="perf-psys",
    name="RAPL of the platform, by performance events",
    component="platform",
    covers=rapl.PLATFORM.covers,
)
_ALONE = "a virtual machine shows the counter of the platform without one of the processor; it never counts"
"""The kernel leaves the register of the platform unchecked where it finds that of the package empty: seen in a guest
with an NVIDIA H100, where it stayed 0. Source: Linux, arch/x86/events/rapl.c, `no_check` of PERF_RAPL_PSYS."""
_EVENTS = (("energy-pkg", PACKAGE), ("energy-ram", MEMORY), ("energy-psys", PLATFORM))


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the PMU."""

    name: str
    id: int
    """Type of the PMU, as this start of the system numbers it."""
    index: int
    """Number of the event inside it."""
    unit_j: float
    """[J] One count."""


OpenEvent = Callable[[Event, int], int]
"""Returns a descriptor that counts an event on one processor, for all programs; raises `OSError`."""


class _Attributes(ctypes.Structure):
    """`perf_event_attr` in its first published size; source: Linux, include/uapi/linux/perf_event.h."""

    _fields_ = (
        ("type", ctypes.c_uint32), ("size", ctypes.c_uint32), ("config", ctypes.c_uint64),
        ("sample_period", ctypes.c_uint64), ("sample_type", ctypes.c_uint64), ("read_format", ctypes.c_uint64),
        ("flags", ctypes.c_uint64), ("wakeup_events", ctypes.c_uint32), ("bp_type", ctypes.c_uint32),
        ("config1", ctypes.c_uint64),
    )  # fmt: skip


def open_event(event: Event, cpu: int) -> int:
    """Return a descriptor that counts an event on one processor, for all programs.

    Args:
        event: what to count.
        cpu: number of the processor.

    Raises:
        OSError: the kernel refuses; `PermissionError` where the right is missing.
        MeterError: this architecture is not known.
    """
    number = _SYSCALLS.get(platform.machine())
    if number is None:
        raise MeterError(f"performance events are not known for {platform.machine()}")
    attributes = _Attributes(type=event.id, size=ctypes.sizeof(_Attributes), config=event.index)
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    arguments = (ctypes.c_int(-1), ctypes.c_int(cpu), ctypes.c_int(-1), ctypes.c_ulong(_CLOSE_ON_EXEC))
    descriptor: int = syscall(ctypes.c_long(number), ctypes.byref(attributes), *arguments)
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor


def read_event(roots: Roots, name: str) -> Event | None:
    """Return an event of the PMU `power`, or null where it has none or states it in a way not known here."""
    folder = roots.sys / _PMU
    number = find_int(folder / "type")
    match = re.fullmatch(r"event=0x([0-9a-fA-F]{1,16})", find_text(folder / f"events/{name}") or "")
    scale = parse_float(find_text(folder / f"events/{name}.scale") or "")
    joules = find_text(folder / f"events/{name}.unit") == "Joules"
    if number is None or match is None or scale is None or not joules:
        return None
    return Event(name=name, id=number, index=int(match[1], 16), unit_j=scale)


def read_cpus(roots: Roots) -> tuple[int, ...] | None:
    """Return one processor of each package, or null where the system does not tell which package they belong to.

    The list of the PMU may name every processor of a package: each shows the same counter, so more than one would
    multiply the energy.
    """
    listed = parse_cpu_list(find_text(roots.sys / _PMU / "cpumask") or "")
    first: dict[int, int] = {}
    for cpu in listed:
        package = find_int(roots.sys / f"devices/system/cpu/cpu{cpu}/topology/physical_package_id")
        if package is None and len(listed) > 1:
            return None
        first.setdefault(package or 0, cpu)
    return tuple(first.values()) or None


def find(
    roots: Roots, *, opener: OpenEvent = open_event, clock: Clock = time.perf_counter
) -> tuple[Found, ...]:  # fmt: skip
    """Return the meters of packages, memory and platform.

    Args:
        roots: where to look.
        opener: opens an event.
        clock: now, in seconds.
    """
    if not (roots.sys / _PMU).is_dir():
        return (absent(PACKAGE, "this system has no performance events for power"),)
    cpus = read_cpus(roots)
    if cpus is None:
        return (absent(PACKAGE, "the system does not tell which processor stands for which package"),)
    if (roots.sys / _PMU / "events/energy-psys").exists() and not (roots.sys / _PMU / "events/energy-pkg").exists():
        return tuple(absent(info, _ALONE) for _, info in _EVENTS)
    return tuple(_found(roots, name, info, cpus, opener, clock) for name, info in _EVENTS)


def _found(
    roots: Roots, name: str, info: MeterInfo, cpus: tuple[int, ...], opener: OpenEvent, clock: Clock
) -> Found:  # fmt: skip
    event = read_event(roots, name)
    if event is None:
        return absent(info, f"the kernel shows no event {name} in joules")
    if info.component == "platform":
        cpus = cpus[:1]
    elif info.component == "cpu" and len(cpus) > 1:
        info = msgspec.structs.replace(info, covers=f"{len(cpus)} processor packages")
    info = msgspec.structs.replace(info, resolution_j=event.unit_j)
    try:
        for descriptor in _open_all(event, cpus, opener):
            os.close(descriptor)
    except PermissionError:
        return locked(info, _why(roots.proc), REMEDY)
    except (OSError, MeterError) as error:
        return Found(info=msgspec.structs.replace(info, state="refused", why=f"{name}: {reason(error)}"))
    return Found(info=info, open=partial(_open, info, event, cpus, opener, clock))


def _why(proc: Path) -> str:
    level = find_text(proc / "sys/kernel/perf_event_paranoid")
    stated = f", kernel.perf_event_paranoid is {level}" if level else ""
    return f"counting for the whole processor needs the right CAP_PERFMON{stated}"


def _open_all(event: Event, cpus: tuple[int, ...], opener: OpenEvent) -> tuple[int, ...]:
    opened: list[int] = []
    try:
        opened.extend(opener(event, cpu) for cpu in cpus)
    except (OSError, MeterError):
        for descriptor in opened:
            os.close(descriptor)
        raise
    return tuple(opened)


def _open(info: MeterInfo, event: Event, cpus: tuple[int, ...], opener: OpenEvent, clock: Clock) -> Meter:
    try:
        descriptors = _open_all(event, cpus, opener)
    except OSError as error:
        raise MeterError(reason(error)) from error
    channels = tuple(
        Channel(
            read=partial(_read, descriptor),
            counter=Counter(unit_j=event.unit_j, limit_w=rapl.LOOSE_LIMIT_W, refresh_s=rapl.REFRESH_S),
        )
        for descriptor in descriptors
    )

    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return CounterMeter(info, channels, close=close, clock=clock)


def _read(descriptor: int) -> int:
    raw = os.read(descriptor, _COUNT_BYTES)
    if len(raw) != _COUNT_BYTES:
        raise MeterError("the event was stopped by the kernel")
    return int.from_bytes(raw, "little")
