"""Are two counters one and the same? The dies of one package may each show the counter of the whole. Pure."""

from collections.abc import Sequence

_ENOUGH_READS = 3
_SAME_SHARE = 1e-6
"""[1] Of the counted energy: two counters that differ by less may be one."""


class Mirrors:
    """Watches several counters and says which to add up.

    Two counters are one if they agree on three reads in a row while both advance; they are two as soon as they once
    disagree. As long as neither is certain, the later one is not added: energy is never counted twice. Equal steps
    prove nothing, two equally loaded sockets have them too: the counts themselves are compared.
    """

    def __init__(self, *, ranges_j: Sequence[float | None], limit_w: float, refresh_s: float) -> None:
        """Prepare.

        Args:
            ranges_j: [J] where each counter starts again at 0; None: it does not.
            limit_w: [W] one counter grows no faster than this for long.
            refresh_s: [s] the counters move about this often.
        """
        self._ranges_j = tuple(ranges_j)
        self._limit_w = limit_w
        self._refresh_s = refresh_s
        num = len(self._ranges_j)
        self._open = {(first, second): 0 for second in range(num) for first in range(second)}
        self._same: set[tuple[int, int]] = set()
        self._last_j: tuple[float, ...] | None = None

    @property
    def decided(self) -> bool:
        """True when it is known of each pair whether it is one counter."""
        return not self._open

    def kept(self, counts_j: Sequence[float], gap_s: float) -> tuple[bool, ...]:
        """Take one round of counts.

        Args:
            counts_j: [J] one count of each counter.
            gap_s: [s] from the first read of this round to the last.

        Returns:
            For each counter whether it is added up.
        """
        for pair in (*self._open, *self._same):
            self._compare(pair, counts_j, gap_s)
        self._last_j = tuple(counts_j)
        return tuple(
            not any((first, second) in self._open or (first, second) in self._same for first in range(second))
            for second in range(len(self._ranges_j))
        )

    def _compare(self, pair: tuple[int, int], counts_j: Sequence[float], gap_s: float) -> None:
        if not self._agree(pair, counts_j, gap_s):
            self._open.pop(pair, None)
            self._same.discard(pair)
        elif pair in self._open and self._last_j is not None:
            if all(counts_j[index] != self._last_j[index] for index in pair):
                self._open[pair] += 1
            if self._open[pair] >= _ENOUGH_READS:
                del self._open[pair]
                self._same.add(pair)

    def _agree(self, pair: tuple[int, int], counts_j: Sequence[float], gap_s: float) -> bool:
        first, second = pair
        range_j = self._ranges_j[first]
        if range_j != self._ranges_j[second]:
            return False
        apart_j = abs(counts_j[first] - counts_j[second])
        if range_j is not None:
            apart_j = min(apart_j, abs(range_j - apart_j))  # one of them may have started again between the reads
        largest_j = max(counts_j[first], counts_j[second])
        return apart_j <= max(_SAME_SHARE * largest_j, self._limit_w * (gap_s + self._refresh_s))
