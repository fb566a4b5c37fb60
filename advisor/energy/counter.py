"""From the raw counts of an energy counter to joules since it was opened: wraps, resets and what cannot be. Pure."""

import msgspec

IMPLAUSIBLE_FACTOR = 1.5
"""[1] Power above the limit by more than this is no reading but an error."""
_WRAP_SHARE = 0.5
"""[1] Of the time a counter takes to wrap at its power limit: a longer silence may hide a second wrap."""
_BURST_S = 0.01
"""[s] Counters are not updated evenly: two reads closer together than this may show the energy of a longer time."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one more count came to."""

    energy_j: float
    """[J] Since the first count of all."""
    epoch: int
    wrapped: bool = False
    broken: str | None = None
    """Why energy was lost here; the epoch has grown."""


class Counter:
    """One hardware counter, read again and again."""

    def __init__(
        self, *, unit_j: float, range_counts: int | None = None, limit_w: float | None = None, refresh_s: float = 0.0,
        hidden_range_j: float | None = None,
    ) -> None:  # fmt: skip
        """Prepare; nothing is counted before the first `add`.

        Args:
            unit_j: [J] One count.
            range_counts: highest value before it starts again at 0; None: it does not wrap in practice.
            limit_w: [W] What it measures draws no more than this for long; None: any power is believed, but a wrap
                is not: nothing tells it from a reset.
            refresh_s: [s] The counter moves about this often.
            hidden_range_j: [J] Where a register behind the counter wraps, which the driver undoes once between two
                reads.
        """
        self._unit_j = unit_j
        self._range = range_counts
        self._limit_w = limit_w
        self._refresh_s = refresh_s
        ranges_j = [hidden_range_j, (range_counts + 1) * unit_j if range_counts is not None else None]
        self._range_j = min((known for known in ranges_j if known is not None), default=None)
        self._last: tuple[float, int] | None = None
        self._counts = 0
        self._epoch = 0
        self.num_wraps = 0
        self.num_breaks = 0

    @property
    def unit_j(self) -> float:
        """[J] One count."""
        return self._unit_j

    def add(self, t_s: float, count: int) -> Step:
        """Take one count.

        Args:
            t_s: [s] When it was read, on a clock that never goes back.
            count: as the hardware shows it.

        Returns:
            Energy so far. A step that cannot be true adds nothing and starts a new epoch.
        """
        last, self._last = self._last, (t_s, count)
        if last is None:
            return self._step()
        delta, wrapped = self._delta(last[1], count)
        why = self._refused(t_s - last[0], delta, wrapped=wrapped)
        if why is not None:
            self._epoch += 1
            self.num_breaks += 1
            return self._step(broken=why)
        self._counts += delta
        self.num_wraps += wrapped
        return self._step(wrapped=wrapped)

    def _delta(self, before: int, now: int) -> tuple[int, bool]:
        if now >= before or self._range is None:
            return now - before, False
        return now - before + self._range + 1, True

    def _refused(self, gap_s: float, delta: int, *, wrapped: bool) -> str | None:
        if delta < 0 or (wrapped and self._limit_w is None):
            return "the counter went back"
        if gap_s < 0:
            return "the clock went back"
        if self._limit_w is None:
            return None
        if self._range_j is not None and gap_s > _WRAP_SHARE * self._range_j / self._limit_w:
            return f"no reading for {gap_s:.0f} s, in which the counter may have wrapped twice"
        most_j = IMPLAUSIBLE_FACTOR * self._limit_w * (gap_s + max(_BURST_S, 2 * self._refresh_s))
        energy_j = delta * self._unit_j
        if energy_j > most_j:
            return f"{energy_j:.0f} J in {gap_s:.2f} s, more than the limit of {self._limit_w:.0f} W allows"
        return None

    def _step(self, *, wrapped: bool = False, broken: str | None = None) -> Step:
        return Step(energy_j=self._counts * self._unit_j, epoch=self._epoch, wrapped=wrapped, broken=broken)
