"""How sure a share or a mean is, and whether two candidates differ: intervals and the paired test, without numpy."""

import math
import random
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Literal, TypeVar

import msgspec

from advisor.errors import InvalidInputError

CONFIDENCE_SHARE = 0.95
_EXACT_BELOW = 25
Item = TypeVar("Item")


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A range that holds the true value with the stated confidence."""

    low_share: float
    high_share: float
    confidence_share: float
    method: Literal["Wilson", "bootstrap", "Tango"]


class PairedTest(msgspec.Struct, frozen=True, kw_only=True):
    """McNemar's test: two candidates on the same examples, of which only those count where one alone is right."""

    num_only_first: int
    """Examples that the first alone has right."""
    num_only_second: int
    p_share: float
    """Probability, 0 to 1, of a difference at least as large if both were equally good; two-sided."""
    method: Literal["exact binomial", "chi-square with continuity correction"]


def z_of(confidence_share: float) -> float:
    """Return how many standard deviations hold this share of a normal distribution, two-sided."""
    return NormalDist().inv_cdf(0.5 + confidence_share / 2)


def wilson(num_right: int, num_all: int, confidence_share: float = CONFIDENCE_SHARE) -> Interval:
    """Return Wilson's score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Raises:
        InvalidInputError: `examples-counts`: there are none, or more right than there are.
    """
    if not 0 <= num_right <= num_all or num_all == 0:
        raise InvalidInputError(
            "examples-counts", f"{num_right} right of {num_all} is not a share.", remedy="Score one example or more."
        )
    z2 = z_of(confidence_share) ** 2
    share, whole = num_right / num_all, num_all + z2
    middle = (num_right + z2 / 2) / whole
    half = math.sqrt(z2) / whole * math.sqrt(num_all * share * (1 - share) + z2 / 4)
    return Interval(
        low_share=0.0 if num_right == 0 else max(0.0, middle - half),
        high_share=1.0 if num_right == num_all else min(1.0, middle + half),
        confidence_share=confidence_share,
        method="Wilson",
    )


def bootstrap(
    items: Sequence[Item],
    statistic: Callable[[Sequence[Item]], float],
    *,
    confidence_share: float = CONFIDENCE_SHARE,
    num_draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the percentile bootstrap interval of a statistic (Efron 1979, doi:10.1214/aos/1176344552).

    Args:
        items: what was seen, one an example.
        statistic: what is made of as many items.
        confidence_share: of the interval.
        num_draws: how often as many items are drawn with replacement.
        seed: the same seed gives the same interval.

    Raises:
        InvalidInputError: `examples-counts`: there are no items.
    """
    if not items:
        raise InvalidInputError("examples-counts", "There is nothing to draw from.", remedy="Score an example or more.")
    own = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    drawn = sorted(statistic(own.choices(items, k=len(items))) for _ in range(num_draws))
    tail = (1 - confidence_share) / 2
    return Interval(
        low_share=_quantile(drawn, tail),
        high_share=_quantile(drawn, 1 - tail),
        confidence_share=confidence_share,
        method="bootstrap",
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def mcnemar(num_only_first: int, num_only_second: int) -> PairedTest:
    """Test whether two candidates are equally good (McNemar 1947, doi:10.1007/BF02295996).

    Below 25 examples where one alone is right the binomial distribution itself is summed, else chi-square with Edwards'
    continuity correction (Edwards 1948, doi:10.1007/BF02289261).

    Raises:
        InvalidInputError: `examples-counts`: a count is negative.
    """
    if min(num_only_first, num_only_second) < 0:
        raise InvalidInputError("examples-counts", "A count of examples is negative.", remedy="Count from 0.")
    num_both = num_only_first + num_only_second
    if num_both < _EXACT_BELOW:
        fewer = min(num_only_first, num_only_second)
        p = min(1.0, 2 * sum(math.comb(num_both, count) for count in range(fewer + 1)) / 2**num_both)
        return PairedTest(
            num_only_first=num_only_first, num_only_second=num_only_second, p_share=p, method="exact binomial"
        )
    chi2 = max(0, abs(num_only_first - num_only_second) - 1) ** 2 / num_both
    return PairedTest(
        num_only_first=num_only_first, num_only_second=num_only_second, p_share=math.erfc(math.sqrt(chi2 / 2)),
        method="chi-square with continuity correction",
    )  # fmt: skip


def paired_difference(
    num_only_first: float, num_only_second: float, num_all: float, confidence_share: float = CONFIDENCE_SHARE
) -> Interval:
    """Return the score interval of how much better the second is (Tango 1998, Statistics in Medicine 17:891-908).

    It holds with few examples and when the two never differ, where the plain interval would have no width.

    Args:
        num_only_first: examples that the first alone has right.
        num_only_second: examples that the second alone has right.
        num_all: all examples.
        confidence_share: of the interval.

    Raises:
        InvalidInputError: `examples-counts`.
    """
    if min(num_only_first, num_only_second) < 0 or num_all <= 0 or num_only_first + num_only_second > num_all:
        raise InvalidInputError("examples-counts", "The counts of examples contradict each other.", remedy="Recount.")
    z = z_of(confidence_share)
    seen = (num_only_second - num_only_first) / num_all

    def tension(difference: float) -> float:
        return _tango(num_only_second, num_only_first, num_all, difference)

    return Interval(
        low_share=_crossing(tension, -1.0, seen, z),
        high_share=_crossing(tension, seen, 1.0, -z),
        confidence_share=confidence_share,
        method="Tango",
    )


def _tango(more: float, less: float, num_all: float, difference: float) -> float:
    """Return the score statistic of `more - less` against a difference: falls as the difference grows."""
    a = 2 * num_all
    b = -more - less + (2 * num_all - more + less) * difference
    c = -less * difference * (1 - difference)
    q = max(0.0, (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a))
    variance = num_all * (2 * q + difference * (1 - difference))
    distance = more - less - num_all * difference
    return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance) if distance else 0.0


def _crossing(tension: Callable[[float], float], low: float, high: float, target: float) -> float:
    """Return where a falling function meets a value, by halving."""
    for _ in range(60):
        middle = (low + high) / 2
        if tension(middle) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2
