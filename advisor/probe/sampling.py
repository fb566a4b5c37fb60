"""Live readings of this process and of the computer, by a thread that keeps its files open. Costs well under 1 %.

It also carries what the measuring thread notes: that thread only appends to a list, this one does the sending.
"""

import contextlib
import os
import re
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from advisor.child.protocol import Sample
from advisor.probe.depth import SystemReadings

PERIOD_S = 0.1
"""[s] Between readings."""
_UNITS_PER_TICK = 1
"""Units of work sent with each reading: the plots need no more than about ten a second."""
_READ_BYTES = 4096
_LONG_READ_BYTES = 65536
_MAX_FREQUENCY_FILES = 4
_CPU_ZONES = frozenset({"x86_pkg_temp", "cpu-thermal", "cpu_thermal", "k10temp", "soc_thermal"})
_CPU_FIELDS = 8
"""user nice system idle iowait irq softirq steal: the numbers of the first line of /proc/stat that are added up."""
WorkKind = Literal["token", "prefill", "query"]


class Ticks(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start of the computer or of this process."""

    t_s: float
    own_cpu_s: float
    total_cpu_s: float | None = None
    busy_cpu_s: float | None = None
    steal_cpu_s: float | None = None
    memory_stall_s: float | None = None
    num_major_faults: int | None = None
    cpu_stall_s: float | None = None
    num_pushed_aside: int | None = None
    num_swapped_pages: int | None = None
    num_throttles: int | None = None
    core_total_s: tuple[float, ...] = ()
    core_busy_s: tuple[float, ...] = ()
    """[s] Of each processor, in the order of /proc/stat."""


def parse_cpu_line(text: str, ticks_per_s: float) -> tuple[float, float, float]:
    """Return total, busy and stolen processor time of all processors, in seconds.

    Args:
        text: content of /proc/stat.
        ticks_per_s: [1/s] `SC_CLK_TCK`.

    Source:
        proc_stat(5). Guest time is part of user time and not added again.
    """
    return _cpu_times(text.partition("\n")[0], ticks_per_s)


def parse_core_lines(text: str, ticks_per_s: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return total and busy time of each processor, in seconds, in the order of the lines; arguments as above."""
    lines = [line for line in text.splitlines()[1:] if line.startswith("cpu")]
    found = [_cpu_times(line, ticks_per_s) for line in lines]
    return tuple(total for total, _, _ in found), tuple(busy for _, busy, _ in found)


def _cpu_times(line: str, ticks_per_s: float) -> tuple[float, float, float]:
    numbers = [int(part) / ticks_per_s for part in line.split()[1 : 1 + _CPU_FIELDS]]
    numbers += [0.0] * (_CPU_FIELDS - len(numbers))
    idle, steal = numbers[3] + numbers[4], numbers[7]
    return sum(numbers), sum(numbers) - idle - steal, steal


def parse_stall(text: str) -> float:
    """Return the time in which some task waited, in seconds, from a file of /proc/pressure."""
    return int(text.partition("\n")[0].rpartition("total=")[2]) / 1e6


def parse_swapped(text: str) -> int | None:
    """Return the pages read back from swap since the start, from the text of /proc/vmstat; None without such a line."""
    found = re.search(r"^pswpin (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None


class _Files:
    """Files kept open and read again from their beginning; a missing one reads as None."""

    def __init__(self) -> None:
        self._descriptors: dict[str, int] = {}

    def read(self, path: str, *, num_bytes: int = _READ_BYTES) -> str | None:
        """Return the file's text, at most its first bytes."""
        if path not in self._descriptors:
            try:
                self._descriptors[path] = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            except OSError:
                self._descriptors[path] = -1
        descriptor = self._descriptors[path]
        if descriptor < 0:
            return None
        try:
            return os.pread(descriptor, num_bytes, 0).decode("ascii", "replace")
        except OSError:
            return None

    def close(self) -> None:
        """Close all."""
        for descriptor in self._descriptors.values():
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptors.clear()


class System:
    """Readings of this process and computer. Linux by open files, elsewhere by psutil."""

    def __init__(self) -> None:
        """Find out what there is to read."""
        self._files = _Files()
        self._linux = sys.platform.startswith("linux")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE") if self._linux else 0
        self._ticks_per_s = float(os.sysconf("SC_CLK_TCK")) if self._linux else 100.0
        self._frequency_files = _frequency_files() if self._linux else ()
        self._temperature_file = _temperature_file() if self._linux else None
        self._throttle_files = _throttle_files() if self._linux else ()

    def rss_bytes(self) -> int | None:
        """Return the resident set of this process, in bytes."""
        text = self._files.read("/proc/self/statm") if self._linux else None
        if text is not None:
            return int(text.split()[1]) * self._page_bytes
        import psutil

        return int(psutil.Process().memory_info().rss)

    def peak_rss_bytes(self) -> tuple[int, str]:
        """Return the highest resident set of this process, in bytes, and where it was read."""
        text = self._files.read("/proc/self/status") if self._linux else None
        if text is not None and "VmHWM:" in text:
            return int(text.partition("VmHWM:")[2].split()[0]) * 1024, "VmHWM of /proc/self/status"
        if sys.platform == "win32":
            import psutil

            return int(psutil.Process().memory_info().peak_wset), "peak working set"
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024, "getrusage"

    def ticks(self) -> Ticks:
        """Return all counters now."""
        now_s, own_s = time.perf_counter(), time.process_time()
        text = self._files.read("/proc/stat") if self._linux else None
        if text is None:
            return Ticks(t_s=now_s, own_cpu_s=own_s)
        total_s, busy_s, steal_s = parse_cpu_line(text, self._ticks_per_s)
        stall = self._files.read("/proc/pressure/memory")
        return Ticks(
            t_s=now_s, own_cpu_s=own_s, total_cpu_s=total_s, busy_cpu_s=busy_s, steal_cpu_s=steal_s,
            memory_stall_s=None if not stall else parse_stall(stall), num_major_faults=_major_faults(),
        )  # fmt: skip

    def slow_ticks(self) -> Ticks:
        """Return the counters of `ticks` and those that are too dear to read ten times a second."""
        cpu = self._files.read("/proc/pressure/cpu") if self._linux else None
        memory = self._files.read("/proc/vmstat", num_bytes=_LONG_READ_BYTES) if self._linux else None
        throttles = [self._files.read(path) for path in self._throttle_files]
        counts = [int(text) for text in throttles if text]
        stat = self._files.read("/proc/stat", num_bytes=_LONG_READ_BYTES) if self._linux else None
        core_total_s, core_busy_s = parse_core_lines(stat or "", self._ticks_per_s)
        return msgspec.structs.replace(
            self.ticks(), cpu_stall_s=None if not cpu else parse_stall(cpu), num_pushed_aside=_pushed_aside(),
            num_swapped_pages=None if not memory else parse_swapped(memory),
            num_throttles=sum(counts) if counts else None, core_total_s=core_total_s, core_busy_s=core_busy_s,
        )  # fmt: skip

    def frequency_hz(self) -> float | None:
        """Return the mean clock of the first processors, in hertz."""
        texts = [self._files.read(path) for path in self._frequency_files]
        values = [float(text) * 1000 for text in texts if text]
        return statistics.fmean(values) if values else None

    def temperature_c(self) -> float | None:
        """Return the temperature of the processor, in degrees Celsius."""
        text = self._files.read(self._temperature_file) if self._temperature_file else None
        return float(text) / 1000 if text else None

    def on_battery(self) -> bool | None:
        """Return whether the computer runs on its battery; None where it has none or does not say."""
        import psutil

        with contextlib.suppress(Exception):  # a broken battery driver raises whatever it likes
            battery = psutil.sensors_battery()
            return None if battery is None or battery.power_plugged is None else not battery.power_plugged
        return None

    def close(self) -> None:
        """Close the files."""
        self._files.close()


class Sampler:
    """The thread. `note` is called by the measuring thread, all else happens here."""

    def __init__(
        self, send: Callable[[Sample], None], *, num_threads: int, period_s: float = PERIOD_S, started_s: float,
        power_w: Callable[[], float | None] = lambda: None,
    ) -> None:  # fmt: skip
        """Prepare; `start` begins.

        Args:
            send: called in the thread with each sample.
            num_threads: threads of the runtime, for the share of their time.
            period_s: [s] Between readings.
            started_s: [s] `time.perf_counter()` at the child's start: the zero of the samples' time.
            power_w: returns the newest power of the machine's meters, in watts; never waits for one.
        """
        self._send = send
        self._power_w = power_w
        self._num_threads = num_threads
        self._period_s = period_s
        self._started_s = started_s
        self._system = System()
        self._work: deque[Sample] = deque(maxlen=_UNITS_PER_TICK)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._frequencies: list[float] = []
        self._temperatures: list[float] = []
        self._num_readings = 0
        self._begin: Ticks | None = None

    @property
    def system(self) -> System:
        """What it reads from."""
        return self._system

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def note(self, kind: WorkKind, latency_s: float) -> None:
        """Note that one unit of work has just ended. Only the newest is sent with the next reading."""
        self._work.append(Sample(t_s=time.perf_counter() - self._started_s, kind=kind, latency_s=latency_s))

    def begin_measuring(self) -> None:
        """Forget what was read during warm-up."""
        self._frequencies.clear()
        self._temperatures.clear()
        self._num_readings = 0
        self._begin = self._system.slow_ticks()

    def end_measuring(self) -> SystemReadings:
        """Return what the computer did since `begin_measuring`."""
        begin = self._begin or self._system.slow_ticks()
        shares = readings_between(begin, self._system.slow_ticks(), num_threads=self._num_threads)
        quarter = max(1, len(self._frequencies) // 4)
        first, last = self._frequencies[:quarter], self._frequencies[-quarter:]
        return msgspec.structs.replace(
            shares,
            frequency_start_hz=statistics.median(first) if first else None,
            frequency_end_hz=statistics.median(last) if last else None,
            temperature_max_c=max(self._temperatures, default=None),
            on_battery=self._system.on_battery(),
            num_readings=self._num_readings,
        )

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._system.close()

    def _run(self) -> None:
        before = self._system.ticks()
        while not self._stop.wait(self._period_s):
            now = self._system.ticks()
            shares = readings_between(before, now, num_threads=self._num_threads)
            before = now
            self._publish(now, shares)

    def _publish(self, now: Ticks, shares: SystemReadings) -> None:
        frequency, temperature = self._system.frequency_hz(), self._system.temperature_c()
        if frequency is not None:
            self._frequencies.append(frequency)
        if temperature is not None:
            self._temperatures.append(temperature)
        self._num_readings += 1
        reading = Sample(
            t_s=now.t_s - self._started_s, kind="system", rss_bytes=self._system.rss_bytes(),
            peak_rss_bytes=self._system.peak_rss_bytes()[0], cpu_share=shares.own_cpu_share,
            other_cpu_share=shares.other_cpu_share, frequency_hz=frequency, temperature_c=temperature,
            power_w=self._power_w(),
        )  # fmt: skip
        work = [self._work.popleft() for _ in range(len(self._work))]
        for sample in sorted([*work, reading], key=lambda sample: sample.t_s):
            self._send(sample)


def readings_between(begin: Ticks, end: Ticks, *, num_threads: int) -> SystemReadings:
    """Return the shares that two readings of the counters give.

    Args:
        begin: the earlier.
        end: the later.
        num_threads: threads of the runtime.
    """
    wall_s = end.t_s - begin.t_s
    if wall_s <= 0:
        return SystemReadings()
    own_s = end.own_cpu_s - begin.own_cpu_s
    readings = SystemReadings(
        own_cpu_share=min(1.0, own_s / (wall_s * num_threads)),
        memory_stall_share=_share(_difference(end.memory_stall_s, begin.memory_stall_s), wall_s),
        cpu_stall_share=_share(_difference(end.cpu_stall_s, begin.cpu_stall_s), wall_s),
        num_major_faults=_count(end.num_major_faults, begin.num_major_faults),
        num_pushed_aside=_count(end.num_pushed_aside, begin.num_pushed_aside),
        num_swapped_pages=_count(end.num_swapped_pages, begin.num_swapped_pages),
        num_throttles=_count(end.num_throttles, begin.num_throttles),
        measured_s=wall_s,
        core_busy_share=_core_shares(begin, end),
    )
    total_s = _difference(end.total_cpu_s, begin.total_cpu_s)
    busy_s = _difference(end.busy_cpu_s, begin.busy_cpu_s)
    if not total_s or busy_s is None:
        return readings
    return msgspec.structs.replace(
        readings,
        other_cpu_share=_share(busy_s - own_s, total_s),
        steal_share=_share(_difference(end.steal_cpu_s, begin.steal_cpu_s), total_s),
    )


def _core_shares(begin: Ticks, end: Ticks) -> tuple[float, ...]:
    """Return the busy share of each processor; none where one was switched on or off meanwhile."""
    if len(begin.core_total_s) != len(end.core_total_s):
        return ()
    totals = [after - before for before, after in zip(begin.core_total_s, end.core_total_s, strict=True)]
    busy = [after - before for before, after in zip(begin.core_busy_s, end.core_busy_s, strict=True)]
    if any(total <= 0 for total in totals):
        return ()
    return tuple(min(1.0, max(0.0, part / total)) for part, total in zip(busy, totals, strict=True))


def _difference(end: float | None, begin: float | None) -> float | None:
    return None if end is None or begin is None else end - begin


def _count(end: int | None, begin: int | None) -> int | None:
    return None if end is None or begin is None else end - begin


def _share(part: float | None, whole: float) -> float | None:
    return None if part is None else min(1.0, max(0.0, part / whole))


def _major_faults() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _pushed_aside() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def _throttle_files() -> tuple[str, ...]:
    found = sorted(Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    return tuple(str(path) for path in found)


def _frequency_files() -> tuple[str, ...]:
    folder = Path("/sys/devices/system/cpu")
    found = sorted(folder.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
    return tuple(str(path) for path in found[:_MAX_FREQUENCY_FILES])


def _temperature_file() -> str | None:
    for zone in sorted(Path("/sys/class/thermal").glob("thermal_zone*")):
        with contextlib.suppress(OSError):
            if (zone / "type").read_text("ascii", "replace").strip() in _CPU_ZONES:
                return str(zone / "temp")
    return None
