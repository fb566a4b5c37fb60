"""The one way to read a meter, whatever it is made of: `read` never raises, and a failed read is a gap."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from advisor.energy.counter import IMPLAUSIBLE_FACTOR, Counter, Step
from advisor.energy.mirror import Mirrors
from advisor.energy.model import MeterInfo, Reading

SLOW_READ_S = 0.005
_SLOW_SHARE = 0.1
"""[s], [1] A read that took longer than this, and than this share of the meter's period, does not say when it was."""
_LONGEST_GAP_S = 3.0
_LONGEST_GAP_PERIODS = 5.0
"""[s], [1] Power between two samples further apart than both is not known."""
Clock = Callable[[], float]


class MeterError(Exception):
    """A read that failed; the text is the reason, in plain words."""


class BreakError(MeterError):
    """A read that failed because the meter does not measure now: what went by meanwhile cannot be filled in."""


_FAILURES = (MeterError, OSError, ValueError, ArithmeticError)
_CLOSED = "the meter is closed"


class Meter(Protocol):
    """One open meter."""

    @property
    def info(self) -> MeterInfo:
        """What it is."""

    def read(self) -> Reading:
        """Return one reading; never raises."""

    def close(self) -> None:
        """Let go of files and handles. It may be called twice."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A meter that was looked for, and the way to open it."""

    info: MeterInfo
    open: Callable[[], Meter] | None = None
    """None: it cannot be opened; `info` says why. Raises `MeterError`."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One counter of a meter, for example that of one processor package."""

    read: Callable[[], int]
    """Return the count; raises `MeterError` or `OSError`."""
    counter: Counter


class CounterMeter:
    """A meter that counts energy: one counter, or several that are added up."""

    def __init__(
        self, info: MeterInfo, channels: Sequence[Channel], *, power: Callable[[], float] | None = None,
        close: Callable[[], None] = lambda: None, clock: Clock = time.perf_counter, mirrors: Mirrors | None = None,
    ) -> None:  # fmt: skip
        """Prepare; nothing is read yet.

        Args:
            info: what it is.
            channels: counters, all of the same component.
            power: returns the device's own idea of its power in watts, where it has one; raises as a channel does.
            close: called once.
            clock: now, in seconds.
            mirrors: watches whether some of the channels are one and the same; None: each counts something else.
        """
        self._info = info
        self._channels = tuple(channels)
        self._power = power
        self._close: Callable[[], None] | None = close
        self._clock = clock
        self._mirrors = mirrors
        self._kept: tuple[bool, ...] | None = None
        self._offset_j = 0.0
        self._epoch = 0

    @property
    def info(self) -> MeterInfo:
        """What it is."""
        return self._info

    def read(self) -> Reading:
        """Return the energy since the first reading."""
        before_s = self._clock()
        if self._close is None:
            return Reading(before_s=before_s, after_s=before_s, epoch=self._epoch, gap=_CLOSED)
        try:
            counts = [channel.read() for channel in self._channels]
        except _FAILURES as error:
            return Reading(before_s=before_s, after_s=self._clock(), epoch=self._epoch, gap=reason(error))
        after_s = self._clock()
        if after_s - before_s > max(SLOW_READ_S, _SLOW_SHARE * self._info.refresh_s):
            return Reading(before_s=before_s, after_s=after_s, epoch=self._epoch, gap="the read took too long")
        energy_j, broken = self._added(counts, before_s, after_s)
        return Reading(
            before_s=before_s, after_s=after_s, energy_j=energy_j, power_w=self._power_w(), epoch=self._epoch,
            broken=broken,
        )  # fmt: skip

    def _added(self, counts: Sequence[int], before_s: float, after_s: float) -> tuple[float, str | None]:
        """Return the energy so far, and why the epoch grew if it did."""
        middle_s = (before_s + after_s) / 2
        pairs = list(zip(self._channels, counts, strict=True))
        steps = [channel.counter.add(middle_s, count) for channel, count in pairs]
        kept = (True,) * len(steps)
        if self._mirrors is not None:
            kept = self._mirrors.kept([count * channel.counter.unit_j for channel, count in pairs], after_s - before_s)
        broken = next((step.broken for step, used in zip(steps, kept, strict=True) if used and step.broken), None)
        if self._kept is not None and kept != self._kept:
            broken = broken or "one more counter is added from here on"
            self._offset_j += _sum_j(steps, self._kept) - _sum_j(steps, kept)
        self._kept = kept
        self._epoch += broken is not None
        return self._offset_j + _sum_j(steps, kept), broken

    def _power_w(self) -> float | None:
        if self._power is None:
            return None
        try:
            return self._power()
        except _FAILURES:
            return None

    def close(self) -> None:
        """Let go of files and handles."""
        if self._close is not None:
            self._close()
            self._close = None


class PowerMeter:
    """A meter that states power: energy is the integral of its samples, so it must be read often."""

    def __init__(
        self, info: MeterInfo, power: Callable[[], float], *, close: Callable[[], None] = lambda: None,
        clock: Clock = time.perf_counter,
    ) -> None:  # fmt: skip
        """Prepare; nothing is read yet.

        Args:
            info: what it is.
            power: returns watts; raises `MeterError` or `OSError`.
            close: called once.
            clock: now, in seconds.
        """
        self._info = info
        self._power = power
        self._close: Callable[[], None] | None = close
        self._clock = clock
        self._last: tuple[float, float] | None = None
        self._energy_j = 0.0
        self._epoch = 0

    @property
    def info(self) -> MeterInfo:
        """What it is."""
        return self._info

    def read(self) -> Reading:
        """Return the integral since the first reading, by trapezoids."""
        before_s = self._clock()
        if self._close is None:
            return Reading(before_s=before_s, after_s=before_s, epoch=self._epoch, gap=_CLOSED)
        try:
            power_w = self._power()
        except _FAILURES as error:
            if isinstance(error, BreakError):
                self._epoch += self._last is not None
                self._last = None
            return Reading(before_s=before_s, after_s=self._clock(), epoch=self._epoch, gap=reason(error))
        after_s = self._clock()
        if not self._plausible(power_w):
            return Reading(before_s=before_s, after_s=after_s, epoch=self._epoch, gap=f"{power_w:.0f} W cannot be")
        broken = self._integrate((before_s + after_s) / 2, power_w)
        return Reading(
            before_s=before_s, after_s=after_s, energy_j=self._energy_j, power_w=power_w, epoch=self._epoch,
            broken=broken,
        )  # fmt: skip

    def _plausible(self, power_w: float) -> bool:
        limit_w = self._info.limit_w
        return 0 <= power_w < float("inf") and (limit_w is None or power_w <= IMPLAUSIBLE_FACTOR * limit_w)

    def _integrate(self, t_s: float, power_w: float) -> str | None:
        last, self._last = self._last, (t_s, power_w)
        if last is None:
            return None
        gap_s = t_s - last[0]
        longest_s = max(_LONGEST_GAP_S, _LONGEST_GAP_PERIODS * self._info.refresh_s)
        if 0 <= gap_s <= longest_s:
            self._energy_j += gap_s * (power_w + last[1]) / 2
            return None
        self._epoch += 1
        return "the clock went back" if gap_s < 0 else f"no reading for {gap_s:.0f} s"

    def close(self) -> None:
        """Let go of files and handles."""
        if self._close is not None:
            self._close()
            self._close = None


def _sum_j(steps: Sequence[Step], used: Sequence[bool]) -> float:
    return sum(step.energy_j for step, counts in zip(steps, used, strict=True) if counts)


def reason(error: Exception) -> str:
    """Return why a read failed, in plain words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error) or "the read failed"


def absent(like: MeterInfo, why: str) -> Found:
    """Return a meter that is not there, so that the user sees that it was looked for."""
    return Found(info=msgspec.structs.replace(like, state="absent", why=why))


def locked(like: MeterInfo, why: str, remedy: str) -> Found:
    """Return a meter that is there and may not be read, with the exact remedy."""
    return Found(info=msgspec.structs.replace(like, state="locked", why=why, remedy=remedy))
