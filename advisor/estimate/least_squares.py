"""Fit of times by a sum of costs that cannot be negative, and what it misses by. Pure, for a handful of costs."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 20_000
_SETTLED = 1e-13
"""[1] Change of all costs together, over the largest, below which the fit has settled."""
_LEAST_SHARE = 0.01
"""[1] No rate is known better than this: the clock and the next day are not in the blocks."""
UNCHECKED_SHARE = 0.05
"""[1] Taken where there are as many costs as measurements: such a fit misses nothing and proves nothing."""
RANGE_SIGMAS = 1.645
"""[1] A range of 90 %."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One measured time and how often each cost is in it."""

    time_s: float
    amounts: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Costs that make up the times."""

    costs: Mapping[str, float]
    """[s] For one unit of each amount; 0 where it explains nothing."""
    residuals: tuple[float, ...]
    """[1] Fitted over measured, less one, in the order of the observations."""

    @property
    def residual_share(self) -> float:
        """Root mean square of the residuals; where nothing could miss, what is usual."""
        if len(self.residuals) <= sum(cost > 0 for cost in self.costs.values()):
            return UNCHECKED_SHARE
        return math.sqrt(statistics.fmean(value**2 for value in self.residuals))

    @property
    def k(self) -> float:
        """Factor within which a cost lies nine times in ten, from the residuals alone."""
        return math.exp(RANGE_SIGMAS * max(_LEAST_SHARE, self.residual_share))


def fit(observations: Sequence[Observation]) -> Fit:
    """Return the costs, none below zero, whose sums come closest to the times, each time counted in shares of itself.

    Args:
        observations: at least one; times above zero.

    Source:
        Coordinate descent on the normal equations: Franc, Hlavac, Navara, Sequential coordinate-wise algorithm for the
        non-negative least squares problem, CAIP 2005. Each column is scaled to length 1, so that it converges alike
        for bytes and calls.
    """
    names = sorted({name for seen in observations for name in seen.amounts})
    rows = [[seen.amounts.get(name, 0.0) / seen.time_s for name in names] for seen in observations]
    lengths = [math.sqrt(sum(row[place] ** 2 for row in rows)) or 1.0 for place in range(len(names))]
    scaled = [[value / length for value, length in zip(row, lengths, strict=True)] for row in rows]
    solved = _descend(scaled, len(names))
    costs = {name: value / length for name, value, length in zip(names, solved, lengths, strict=True)}
    residuals = tuple(sum(row[place] * costs[name] for place, name in enumerate(names)) - 1.0 for row in rows)
    return Fit(costs=costs, residuals=residuals)


def _descend(rows: Sequence[Sequence[float]], count: int) -> list[float]:
    """Return what multiplied by the columns comes closest to all ones."""
    gram = [[sum(row[i] * row[j] for row in rows) for j in range(count)] for i in range(count)]
    target = [sum(row[i] for row in rows) for i in range(count)]
    found = [0.0] * count
    for _ in range(_SWEEPS):
        change = 0.0
        for i in range(count):
            if gram[i][i] <= 0.0:
                continue
            slope = sum(gram[i][j] * found[j] for j in range(count)) - target[i]
            moved = max(0.0, found[i] - slope / gram[i][i])
            change = max(change, abs(moved - found[i]))
            found[i] = moved
        if change <= _SETTLED * max(found, default=0.0):
            break
    return found
