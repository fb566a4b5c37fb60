"""Energy of Apple's own chips by their energy model (IOReport): processor, graphics, memory. An estimate."""

import platform
import re
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from advisor.energy.core_foundation import ReportChannel, Subscription
from advisor.energy.counter import Counter
from advisor.energy.meter import Channel, Clock, CounterMeter, Found, Meter, MeterError, absent
from advisor.energy.model import Component, MeterInfo
from advisor.hardware.roots import Roots

GROUP = "Energy Model"
UNIT_J = 1e-9
LOOSE_LIMIT_W = 1000.0
"""[W] No part of a Mac draws this for long."""
_NJ_PER_COUNT = {"nJ": 1, "uJ": 1_000, "µJ": 1_000, "μJ": 1_000, "mJ": 1_000_000, "J": 1_000_000_000}
_MILLI = 1_000_000
_DIE = r"(?:DIE_?[0-9]+[_ ])"
_NAMES: dict[Component, tuple[str, ...]] = {
    "cpu": ("CPU Energy", f"{_DIE}CPU Energy"),
    "gpu": ("GPU Energy", f"{_DIE}GPU Energy", "GPU[0-9]+", "GPU[0-9]+_[0-9]+"),
    "ram": ("DRAM", "DRAM[0-9]+", "DRAM[0-9]+_[0-9]+"),
}
"""Names of a part's counters, the whole before its pieces: only the first kind that is there is added up, and what is
inside them (clusters, cores, `_SRAM`, `DTL`) never. Seen on M1 Ultra and M5 Max (lablup/all-smi, issue 415)."""

CPU = MeterInfo(
    id="ioreport",
    name="Energy model of Apple's chip, processor",
    component="cpu",
    covers="processor cores of the chip; not its graphics, memory and neural engine",
    method="os-model",
    native_unit="mJ",
    resolution_j=1e-3,
    refresh_s=2.2,
    permission="any user",
    grade="B",
    k_scale=1.2,
)
"""Refresh: 0.5 to 2.2 s on M1 Ultra and M5 Max (lablup/all-smi, issues 410 and 415); scale assumed."""
GPU = msgspec.structs.replace(
    CPU, id="ioreport-gpu", name="Energy model of Apple's chip, graphics", component="gpu",
    covers="graphics part of the chip", refresh_s=1.0,
)  # fmt: skip
"""This one counts at each look; a look takes some milliseconds, so it is not taken often."""
MEMORY = msgspec.structs.replace(
    CPU, id="ioreport-dram", name="Energy model of Apple's chip, memory", component="ram", covers="memory of the chip"
)
_ALL = (CPU, GPU, MEMORY)

Counts = dict[Component, int]
"""[nJ] By part; one that is not stated is not in it."""


class Source(Protocol):
    """A way to the energy model."""

    def counts(self) -> Counts:
        """Return what the parts used since some moment; raises `MeterError`."""

    def close(self) -> None:
        """Let go of it. It may be called twice."""


Open = Callable[[tuple[Component, ...]], Source]
"""Opens a way for some parts; raises `MeterError`."""


class ZeusSource:
    """The energy model through `AppleEnergyMonitor` of zeus-apple-silicon."""

    def __init__(self, parts: tuple[Component, ...], *, monitor: Callable[[], Any] | None = None) -> None:
        """Open it.

        Args:
            parts: what is wanted.
            monitor: makes the monitor; None: zeus-apple-silicon does.

        Raises:
            MeterError: the package is not installed, or finds no energy model.
        """
        self._parts = parts
        try:
            self._monitor: Any = (monitor or _zeus_monitor)()
        except (ImportError, RuntimeError) as error:
            raise MeterError(f"zeus-apple-silicon cannot be used: {error}") from error

    def counts(self) -> Counts:
        """Return what the parts used since some moment; raises `MeterError`."""
        if self._monitor is None:
            raise MeterError("the energy model is closed")
        try:
            energy = self._monitor.get_cumulative_energy()
        except RuntimeError as error:
            raise MeterError(f"the energy model does not answer: {error}") from error
        stated = {"cpu": energy.cpu_total_mj, "gpu": energy.gpu_mj, "ram": energy.dram_mj}
        return {part: int(stated[part]) * _MILLI for part in self._parts if stated.get(part) is not None}

    def close(self) -> None:
        """Let go of it."""
        self._monitor = None


def _zeus_monitor() -> Any:  # noqa: ANN401 - a binary module of macOS
    from zeus_apple_silicon import AppleEnergyMonitor  # type: ignore[import-not-found,unused-ignore]

    return AppleEnergyMonitor()


class ReportSource:
    """The energy model through the system's own library."""

    def __init__(
        self, parts: tuple[Component, ...], *, subscribe: Callable[..., Subscription] = Subscription
    ) -> None:  # fmt: skip
        """Open it.

        Args:
            parts: what is wanted.
            subscribe: opens a group of IOReport.

        Raises:
            MeterError: there is no energy model.
        """
        patterns = [re.compile(pattern) for part in parts for pattern in _NAMES.get(part, ())]
        self._parts = parts
        self._subscription = subscribe(GROUP, lambda name: any(pattern.fullmatch(name) for pattern in patterns))

    def counts(self) -> Counts:
        """Return what the parts used since some moment; raises `MeterError`."""
        found = add_up(self._subscription.read())
        return {part: count for part, count in found.items() if part in self._parts}

    def close(self) -> None:
        """Let go of it."""
        self._subscription.close()


def add_up(channels: Iterable[ReportChannel]) -> Counts:
    """Return what the counters of the energy model come to.

    Args:
        channels: in any order, others among them.

    Raises:
        MeterError: one that is needed counts in an unknown unit.
    """
    every = tuple(channels)
    found: Counts = {}
    for part, patterns in _NAMES.items():
        kinds = ([channel for channel in every if re.fullmatch(pattern, channel.name)] for pattern in patterns)
        wanted = next((kind for kind in kinds if kind), None)
        if wanted is not None:
            found[part] = sum(channel.num_units * _nj(channel) for channel in wanted)
    return found


def _nj(channel: ReportChannel) -> int:
    try:
        return _NJ_PER_COUNT[channel.unit]
    except KeyError as error:
        raise MeterError(f"{channel.name} counts in `{channel.unit}`, which this app does not know") from error


def find(
    roots: Roots, *, ways: Sequence[Open] = (ZeusSource, ReportSource), machine: Callable[[], str] = platform.machine,
    clock: Clock = time.perf_counter,
) -> tuple[Found, ...]:  # fmt: skip
    """Return the meters of processor, graphics and memory of an Apple chip.

    Args:
        roots: says which system this is.
        ways: to the energy model, the best first.
        machine: says what kind of processor this is.
        clock: now, in seconds.
    """
    if (roots.system or platform.system()) != "Darwin":
        return (absent(CPU, "only macOS has it"),)
    if machine() != "arm64":
        return (absent(CPU, "only Macs with a chip of Apple's own have it, and programs made for them"),)
    whys: list[str] = []
    poor: tuple[Open, Counts] | None = None
    for way in ways:
        try:
            found = _look(way)
        except MeterError as error:
            whys.append(str(error))
            continue
        if "cpu" in found:
            return tuple(_found(info, way, found, clock) for info in _ALL)
        poor = poor or (way, found)
    if poor is not None:
        return tuple(_found(info, *poor, clock) for info in _ALL)
    return tuple(absent(info, "; ".join(whys)) for info in _ALL)


def _look(way: Open) -> Counts:
    source = way(tuple(info.component for info in _ALL))
    try:
        return source.counts()
    finally:
        source.close()


def _found(info: MeterInfo, way: Open, found: Counts, clock: Clock) -> Found:
    if info.component not in found:
        return absent(info, "the energy model of this chip does not state it")
    return Found(info=info, open=partial(_open, info, way, clock))


def _open(info: MeterInfo, way: Open, clock: Clock) -> Meter:
    source = way((info.component,))

    def read() -> int:
        count_nj = source.counts().get(info.component)
        if count_nj is None:
            raise MeterError("the energy model no longer states it")
        return count_nj

    counter = Counter(unit_j=UNIT_J, limit_w=LOOSE_LIMIT_W, refresh_s=info.refresh_s)
    return CounterMeter(info, (Channel(read=read, counter=counter),), close=source.close, clock=clock)
