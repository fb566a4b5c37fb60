"""What a query costs: time with its range, memory, and energy under the machine's meters or by the load. In a child."""

import itertools
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from advisor.child.main import Channel
from advisor.energy import bench as benches
from advisor.energy import blocks, ladder, load_energy, ranges
from advisor.energy.bench import Bench
from advisor.energy.blocks import Block
from advisor.energy.load_energy import PhaseTime
from advisor.energy.model import MeterInfo
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import CpuFacts
from advisor.hardware.roots import Roots

QUERIES = 1000.0
_J_PER_WH = 3600.0
_MODE = "quick"
_SPIN_S = 1.2
_BAND_BOUNDARY = "not memory, drives, screen or losses of the power supply"
clock = time.perf_counter


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How busy the machine was."""

    busy_share: float
    """Of all processors, 0 to 1."""
    other_share: float
    """By other programs."""


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of 1,000 queries."""

    per_1000: Quantity
    """[Wh]"""
    boundary: str
    is_band: bool = False


class LoadMeter:
    """The load of all processors between its making and `read`."""

    def __init__(self) -> None:
        """Begin."""
        self._begin = self._now()

    def read(self) -> Load:
        """Return the shares since the beginning."""
        wall, total, busy, own = (now - then for now, then in zip(self._now(), self._begin, strict=True))
        own_share = min(1.0, own / (wall * (os.cpu_count() or 1))) if wall > 0 else 0.0
        busy_share = min(1.0, max(own_share, busy / total)) if total > 0 else own_share
        return Load(busy_share=busy_share, other_share=max(0.0, busy_share - own_share))

    @staticmethod
    def _now() -> tuple[float, float, float, float]:
        import psutil

        times = psutil.cpu_times()._asdict()
        # Guest time is part of user time.
        counted = {name: value for name, value in times.items() if not name.startswith("guest")}
        idle = counted.get("idle", 0.0) + counted.get("iowait", 0.0)
        return clock(), sum(counted.values()), sum(counted.values()) - idle, time.process_time()


def peak_memory() -> Quantity:
    """Return the highest resident memory of this process."""
    if sys.platform == "win32":
        import psutil

        found, how = int(psutil.Process().memory_info().peak_wset), "peak working set"
    else:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found, how = (peak if sys.platform == "darwin" else peak * 1024), "peak resident memory of the process"
        status = Path("/proc/self/status")
        text = status.read_text("ascii", "replace") if status.exists() else ""
        if "VmHWM:" in text:  # that of getrusage begins with the parent's
            found = int(text.partition("VmHWM:")[2].split()[0]) * 1024
    return Quantity(value=found, unit="B", evidence="measured", basis=f"{how}, model and runtime included")


def time_per_query(latencies_s: Sequence[float], num_threads: int) -> Quantity:
    """Return the mean time of a query with the range that nine of ten lie in."""
    mean, ordered = statistics.fmean(latencies_s), sorted(latencies_s)
    last = len(ordered) - 1
    return Quantity(
        value=mean, low=min(mean, ordered[round(0.05 * last)]), high=max(mean, ordered[round(0.95 * last)]), unit="s",
        evidence="measured",
        basis=f"mean of {_count(len(ordered), 'query', 'queries')} one after another, 5th to 95th percentile; "
        f"{_count(num_threads, 'thread', 'threads')}",
    )  # fmt: skip


def rate(latencies_s: Sequence[float]) -> Quantity:
    """Return queries per second, one after another, with the interval of the mean."""
    mean = mean_time(latencies_s)
    if not mean.value:
        return unknown("queries/s", "no time passed")
    return Quantity(
        value=1 / mean.value, low=1 / mean.high if mean.high else None, high=1 / mean.low if mean.low else None,
        unit="queries/s", evidence="measured", basis="1 over the mean time of a query, its 95 % interval",
    )  # fmt: skip


def mean_time(latencies_s: Sequence[float]) -> Quantity:
    """Return the mean time of a query with the 95 % interval of the mean [s]."""
    mean, num = statistics.fmean(latencies_s), len(latencies_s)
    basis = f"mean time of {_count(num, 'query', 'queries')}"
    if num < 2:
        return Quantity(value=mean, unit="s", evidence="measured", basis=basis)
    half = blocks.t_95(num - 1) * statistics.stdev(latencies_s) / math.sqrt(num)
    low = max(mean - half, mean / 10)
    return Quantity(value=mean, low=low, high=mean + half, unit="s", evidence="measured", basis=basis)


def measured_energy(
    query: Callable[[int], None], num_queries: int, mean_s: Quantity, channel: Channel, *, num_threads: int,
    sys_root: str, time_share: float,
) -> Energy | str:  # fmt: skip
    """Return what the meters say of queries, or why none says anything.

    Idle power first, then blocks of queries, then idle power again. Power of the blocks times the mean time of all
    queries: a block need not hold all of them.

    Args:
        query: runs the query of this number.
        num_queries: there are.
        mean_s: [s] of one.
        channel: to the app.
        num_threads: of the runtime.
        sys_root: where the kernel shows its meters.
        time_share: [1] of the protocol's times.
    """
    bench = Bench(entry for entry in ladder.find(Roots(sys=Path(sys_root))) if entry.info.component == "cpu")
    if not any(info.state == "open" for info in bench.infos()):
        bench.stop()
        return ladder.reason(bench.infos(), "cpu")
    try:
        bench.start()
        return _Measuring(query, num_queries, mean_s, channel, bench, num_threads, time_share).run()
    finally:
        bench.stop()


class _Measuring:
    def __init__(
        self, query: Callable[[int], None], num_queries: int, mean_s: Quantity, channel: Channel, bench: Bench,
        num_threads: int, time_share: float,
    ) -> None:  # fmt: skip
        self._query, self._mean_s, self._channel, self._bench = query, mean_s, channel, bench
        self._num_threads, self._time_share = num_threads, time_share
        self._numbers = itertools.cycle(range(num_queries))

    def run(self) -> Energy | str:
        idle_s = self._time_share * blocks.BASELINE_S[_MODE] / 2
        before = self._idle(idle_s, 0.75)
        self._refuse_frozen(before)
        if not self._bench.watches:
            return ladder.reason(self._bench.infos(), "cpu")
        least_s = self._time_share * max(
            blocks.block_s(watch.info, _MODE) for watch in self._bench.watches.values()
        )  # fmt: skip
        taken: dict[str, list[Block]] = {}
        for number in range(blocks.PILOT_BLOCKS[_MODE]):
            self._channel.progress("measure", 0.8 + 0.05 * number, detail=f"energy, block {number + 1}")
            found, _, _ = self._bench.block("query", self._work, least_s)
            for meter, block in found.items():
                taken.setdefault(meter, []).append(block)
        after = self._idle(idle_s, 0.95)
        info = ladder.choose(self._bench.infos())["cpu"]
        return self._answer(info, taken.get(info.id, []), before.get(info.id, ()), after.get(info.id, ()))

    def _work(self) -> int:
        self._query(next(self._numbers))
        return 1

    def _idle(self, seconds: float, done_share: float) -> dict[str, tuple[float, ...]]:
        self._channel.progress("measure", done_share, detail=f"energy, idle for {seconds:.0f} s")
        return self._bench.idle("loaded idle", seconds)

    def _refuse_frozen(self, idle: dict[str, tuple[float, ...]]) -> None:
        """Take out of use what stands still while all processors work."""
        loads = self._bench.spin(self._time_share * _SPIN_S, self._num_threads)
        for meter, watch in list(self._bench.watches.items()):
            found = benches.liveness(watch.info, idle.get(meter, ()), loads.get(meter))
            if not found.alive:
                self._bench.refuse(meter, found.text[:1].lower() + found.text[1:].rstrip("."))

    def _answer(
        self, info: MeterInfo, taken: Sequence[Block], before: Sequence[float], after: Sequence[float]
    ) -> Energy | str:
        if not before:
            return f"{info.name} gave no reading while idle"
        part = blocks.phase(
            "query", taken, blocks.baseline(before, after), info, evidence="measured", how="queries of the examples"
        )
        if part is None:
            reasons = "; ".join(dict.fromkeys(block.rejected for block in taken if block.rejected))
            return f"{info.name}: {reasons or 'no block was sound'}"
        per_query = ranges.times((part.power_w, self._mean_s), "J", f"{part.power_w.basis}; x {self._mean_s.basis}")
        return Energy(
            per_1000=ranges.scaled(per_query, QUERIES / _J_PER_WH, "Wh"),
            boundary=f"{info.covers}; {_BAND_BOUNDARY}",
        )  # fmt: skip


def banded_energy(cpu: CpuFacts | None, load: Load, mean_s: Quantity, num_queries: int, why: str) -> Energy:
    """Return the typical range of the processor's power at the measured load, times the measured time.

    Args:
        cpu: what is known of the processor; null: nothing is said.
        load: while the queries ran.
        mean_s: [s] of one.
        num_queries: that were timed.
        why: phrase: why no meter says it.
    """
    part = None
    if cpu is not None:
        phase = PhaseTime(phase="query", num_units=num_queries, unit_s=mean_s, num_blocks=1)
        part = load_energy.band_component(
            cpu, (phase,), query_s=mean_s, load_share=load.busy_share, idle_load_share=load.other_share
        )
    if part is None:
        return Energy(per_1000=unknown("Wh", f"no meter: {why}"), boundary="")
    return Energy(
        per_1000=ranges.scaled(part.per_query_gross_j, QUERIES / _J_PER_WH, "Wh"),
        boundary=f"{part.meter.covers}; {_BAND_BOUNDARY}", is_band=True,
    )  # fmt: skip


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
