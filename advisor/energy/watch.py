"""A meter that is read again and again by a thread of its own, so that one that hangs never holds up a measurement."""

import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec

from advisor.energy.meter import Clock, Meter
from advisor.energy.model import MeterInfo, Reading

FAST_PERIOD_S = 0.05
"""[s] 20 readings a second: enough for the plot, and a fiftieth of the shortest block."""
SLOW_PERIOD_S = 1.0
_POLLS_PER_REFRESH = 4.0
_EDGE_PAUSE_S = 0.0002
_EDGE_REFRESHES = 2.5
_LEAST_EDGE_S = 0.02
_STOP_S = 0.2
"""[s] A thread that does not end by then is left behind: it is a daemon and holds nothing of the probe."""
_TRACE = 20_000
_POWER_WINDOW_S = 0.4
"""[s] Power is the energy of at least this long, so that an uneven counter does not make spikes."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """An end of a block: the newest change of the counter, or the newest sample of a power sensor."""

    t_s: float
    """[s] `time.perf_counter()`"""
    energy_j: float
    epoch: int


class TracePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One reading that was kept."""

    t_s: float
    energy_j: float
    epoch: int
    power_w: float | None = None
    """[W] What the device itself says, where it says something."""


class Watch:
    """One meter and its thread."""

    def __init__(self, meter: Meter, *, clock: Clock = time.perf_counter) -> None:
        """Prepare; `start` begins.

        Args:
            meter: open; it is closed by `stop`.
            clock: now, in seconds.
        """
        self._meter = meter
        self._clock = clock
        self._period_s = period_s(meter.info)
        self._trace: deque[TracePoint] = deque(maxlen=_TRACE)
        self._changed: Mark | None = None
        self._reasons: dict[str, int] = {}
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._answered = threading.Condition()
        self._asked = self._edges = self._looks = 0
        self._cpu_s = 0.0
        self._began_s = clock()
        self._thread = threading.Thread(target=self._run, name=f"meter-{meter.info.id}", daemon=True)

    @property
    def info(self) -> MeterInfo:
        """What is watched."""
        return self._meter.info

    def start(self) -> None:
        """Begin to read."""
        self._began_s = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs in a driver is left behind after a moment."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)
        if not self._thread.is_alive():
            self._meter.close()

    def edge(self) -> Mark | None:
        """Return the next change of the counter, or the next sample of a power sensor: the start of a block.

        Returns:
            None when none came in two and a half times the meter's period, or the meter hangs.
        """
        limit_s = max(_LEAST_EDGE_S, _EDGE_REFRESHES * self.info.refresh_s)
        with self._answered:
            self._asked += 1
            wanted = self._asked
            self._wake.set()
            self._answered.wait_for(lambda: self._edges >= wanted, timeout=2 * limit_s + 4 * self._period_s)
            return self._changed if self._edges >= wanted and self._looks >= wanted else None

    def last(self) -> Mark | None:
        """Return the newest change that was seen: the end of a block. Never waits."""
        return self._changed

    def points(self) -> tuple[TracePoint, ...]:
        """Return the readings that were kept, oldest first."""
        return tuple(self._trace)

    def power_w(self) -> float | None:
        """Return the power of the last moment, in watts; None before there are readings."""
        newest = self._changed
        if newest is None:
            return None
        for point in reversed(tuple(self._trace)):
            if point.epoch != newest.epoch:
                return None
            if newest.t_s - point.t_s >= max(_POWER_WINDOW_S, self.info.refresh_s):
                return (newest.energy_j - point.energy_j) / (newest.t_s - point.t_s)
        return None

    def gaps(self) -> dict[str, int]:
        """Return how many readings failed, by reason."""
        return dict(self._reasons)

    def cpu_share(self) -> float:
        """Return the processor time of the thread over the time since its start, of one core."""
        return self._cpu_s / max(1e-9, self._clock() - self._began_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._take()
            self._answer()
            self._cpu_s = time.thread_time()
            self._wake.wait(self._period_s)
            self._wake.clear()

    def _answer(self) -> None:
        """Look for an edge where one was asked for."""
        wanted = self._asked
        if wanted <= self._edges:
            return
        found = self._look()
        with self._answered:
            self._edges = wanted
            self._looks = wanted if found else self._looks
            self._answered.notify_all()

    def _look(self) -> bool:
        """Read until the counter moves; a power sensor needs one sample."""
        before = self._changed
        end_s = self._clock() + max(_LEAST_EDGE_S, _EDGE_REFRESHES * self.info.refresh_s)
        while not self._stop.is_set():
            self._take()
            if self._changed is not before:
                return True
            if self._clock() >= end_s:
                return False
            time.sleep(_EDGE_PAUSE_S)
        return False

    def _take(self) -> Reading:
        reading = self._meter.read()
        if reading.energy_j is None:
            why = reading.gap or "no value"
            self._reasons[why] = self._reasons.get(why, 0) + 1
            return reading
        before = self._changed
        counter = self.info.method != "integral"
        if before is None or not counter or reading.energy_j != before.energy_j or reading.epoch != before.epoch:
            self._changed = Mark(t_s=reading.t_s, energy_j=reading.energy_j, epoch=reading.epoch)
        self._trace.append(
            TracePoint(t_s=reading.t_s, energy_j=reading.energy_j, epoch=reading.epoch, power_w=reading.power_w)
        )
        return reading


def period_s(info: MeterInfo) -> float:
    """Return how often a meter is read, in seconds: a few times a refresh, 20 times a second at most."""
    return min(SLOW_PERIOD_S, max(FAST_PERIOD_S, info.refresh_s / _POLLS_PER_REFRESH))


def suspended_s() -> float:
    """Return the time the computer was asleep since its start, in seconds; 0 where the system does not tell."""
    clock: Callable[[int], float] = time.clock_gettime if hasattr(time, "clock_gettime") else lambda _: 0.0
    boot, steady = getattr(time, "CLOCK_BOOTTIME", None), getattr(time, "CLOCK_MONOTONIC", None)
    return 0.0 if boot is None or steady is None else clock(boot) - clock(steady)
