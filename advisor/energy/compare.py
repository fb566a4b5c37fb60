"""Which of two candidates takes less energy, from pairs measured by turns: a meter's scale error cancels. Pure."""

import math
import statistics
from collections.abc import Sequence
from typing import Literal

import msgspec

from advisor.energy.blocks import t_95
from advisor.evidence import Evidence, Quantity

LEAST_PAIRS = 3
Finding = Literal["less", "more", "no-difference", "too-few"]


class PairedRatio(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of the first over that of the second."""

    ratio: Quantity
    """[1] Geometric mean over the pairs with its 95 % interval."""
    finding: Finding
    """`less`: the first takes less, and the interval excludes 1; `no-difference`: none that can be measured."""
    num_pairs: int
    num_left_out: int = 0
    """Pairs of which one side was rejected or below its detection limit."""


def order(names: Sequence[str], num_rounds: int) -> tuple[str, ...]:
    """Return who is measured when: A B B A A B B A ..., with more than two A B C C B A A B C ....

    A steady drift of the machine is cancelled: each candidate stands as often early as late.

    Args:
        names: of the candidates, at least two.
        num_rounds: how often each is measured.
    """
    turns: list[str] = []
    for number in range(num_rounds):
        turns += names if number % 2 == 0 else reversed(names)
    return tuple(turns)


def paired(first: Sequence[float | None], second: Sequence[float | None], evidence: Evidence) -> PairedRatio:
    """Return the ratio of energies over pairs that were measured next to each other.

    Args:
        first: [J] of a unit of work, one value a round; None: that block was not usable.
        second: [J] The same for the other candidate, as many values.
        evidence: of the energies.

    Raises:
        ValueError: the two have different lengths.

    Source:
        Mean of the logarithms of the ratios with Student's t; ranked only if the interval excludes 1.
    """
    if len(first) != len(second):
        raise ValueError(f"pairs need both sides: {len(first)} and {len(second)} values")
    logs = [math.log(a / b) for a, b in zip(first, second, strict=True) if a and b and a > 0 and b > 0]
    left_out = len(first) - len(logs)
    if len(logs) < LEAST_PAIRS:
        value = math.exp(statistics.fmean(logs)) if logs else None
        basis = f"{len(logs)} usable pairs; at least {LEAST_PAIRS} are needed"
        return PairedRatio(
            ratio=Quantity(value=value, unit="1", evidence=evidence, basis=basis), finding="too-few",
            num_pairs=len(logs), num_left_out=left_out,
        )  # fmt: skip
    middle = statistics.fmean(logs)
    half = t_95(len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    basis = f"{len(logs)} pairs measured by turns, 95 % interval of the mean; the meter's scale cancels"
    ratio = Quantity(
        value=math.exp(middle), low=math.exp(middle - half), high=math.exp(middle + half), unit="1",
        evidence=evidence, basis=basis,
    )  # fmt: skip
    return PairedRatio(ratio=ratio, finding=_finding(middle, half), num_pairs=len(logs), num_left_out=left_out)


def _finding(middle: float, half: float) -> Finding:
    if middle + half < 0:
        return "less"
    return "more" if middle - half > 0 else "no-difference"
