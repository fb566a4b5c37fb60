"""Is the smaller candidate enough? Answered from both candidates' results on the same examples."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

import msgspec

from advisor.errors import InvalidInputError
from advisor.examples import confidence
from advisor.examples.confidence import Interval, PairedTest

Finding = Literal["smaller-is-enough", "larger-is-better", "too-few"]
MARGIN_SHARE = 0.02
"""How much worse the smaller one may be and still be called enough: 2 points."""
POWER_SHARE = 0.8
MAX_NUM_MORE = 100_000
POWER_SOURCE = (
    "Connor 1987 (Biometrics 43:207-211) for a difference, Liu et al. 2002 (Statistics in Medicine 21:231-245) for "
    "none that matters; the two going on to differ as often as so far, 80 % power"
)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the smaller one is enough, with its numbers. In words: `report.examples.verdict_sentence`."""

    finding: Finding
    num_examples: int
    num_right_small: int
    num_right_large: int
    difference_share: float
    """Accuracy of the larger one less that of the smaller one."""
    interval: Interval
    """Of the difference."""
    test: PairedTest
    """First is the smaller one, second the larger."""
    margin_share: float
    num_more: int | None = None
    """When there are too few examples: about how many more would tell; `MAX_NUM_MORE` means so many or more."""


def enough(
    small: Sequence[bool],
    large: Sequence[bool],
    *,
    margin_share: float = MARGIN_SHARE,
    confidence_share: float = confidence.CONFIDENCE_SHARE,
) -> Verdict:
    """Say whether the smaller candidate is enough.

    It is where the interval of the difference ends below the margin (non-inferiority; 95 % two-sided is 2.5 %
    one-sided, as ICH E9 asks); the larger one is better where McNemar's test says so. Both at once: the difference is
    real but below the margin, so the smaller one is enough. Neither: there are too few examples to tell.

    Args:
        small: for each example, whether the smaller candidate is right.
        large: the same of the larger one, same examples in the same order.
        margin_share: how much worse, 0 to 1, is still enough.
        confidence_share: of the interval and the test.

    Raises:
        InvalidInputError: `examples-pairs` or `examples-margin`.
    """
    if len(small) != len(large) or not small:
        raise InvalidInputError(
            "examples-pairs",
            f"The smaller one has {len(small)} results and the larger one {len(large)}; they are compared in pairs.",
            remedy="Run both on the same examples.",
        )
    if not 0 < margin_share < 1:
        raise InvalidInputError(
            "examples-margin", f"A margin of {margin_share} cannot be used.", remedy="Give a share, such as 0.02."
        )
    num = len(small)
    only_small = sum(a and not b for a, b in zip(small, large, strict=True))
    only_large = sum(b and not a for a, b in zip(small, large, strict=True))
    interval = confidence.paired_difference(only_small, only_large, num, confidence_share)
    test = confidence.mcnemar(only_small, only_large)
    finding: Finding = "too-few"
    if interval.high_share < margin_share:
        finding = "smaller-is-enough"
    elif only_large > only_small and test.p_share < 1 - confidence_share:
        finding = "larger-is-better"
    return Verdict(
        finding=finding, num_examples=num, num_right_small=sum(small), num_right_large=sum(large),
        difference_share=(only_large - only_small) / num, interval=interval, test=test, margin_share=margin_share,
        num_more=_num_more(only_small / num, only_large / num, num, margin_share, confidence_share)
        if finding == "too-few" else None,
    )  # fmt: skip


def num_needed(only_small_share: float, only_large_share: float, margin_share: float, confidence_share: float) -> float:
    """Return how many examples would tell, if the two go on to differ as often; whichever answer comes first.

    Args:
        only_small_share: share of examples that the smaller one alone has right.
        only_large_share: share of examples that the larger one alone has right.
        margin_share: as in `enough`.
        confidence_share: as in `enough`.
    """
    z, power = confidence.z_of(confidence_share), NormalDist().inv_cdf(POWER_SHARE)
    apart, difference = only_small_share + only_large_share, only_large_share - only_small_share
    spread = max(0.0, apart - difference**2)
    needed = math.inf
    if difference < margin_share:
        needed = (z + power) ** 2 * spread / (margin_share - difference) ** 2
        needed = max(needed, _num_for_interval(only_small_share, only_large_share, margin_share, confidence_share))
    if difference > 0:
        needed = min(needed, (z * math.sqrt(apart) + power * math.sqrt(spread)) ** 2 / difference**2)
    return needed


def _num_for_interval(
    only_small_share: float, only_large_share: float, margin_share: float, confidence_share: float
) -> float:
    """Return the fewest examples whose interval ends below the margin; the formula asks too few where few differ."""

    def tells(num: float) -> bool:
        found = confidence.paired_difference(only_small_share * num, only_large_share * num, num, confidence_share)
        return found.high_share < margin_share

    low, high = 1.0, 2.0
    while not tells(high):
        low, high = high, high * 2
        if high > 100 * MAX_NUM_MORE:
            return math.inf
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (low, middle) if tells(middle) else (middle, high)
    return math.ceil(high)


def _num_more(
    only_small_share: float, only_large_share: float, num: int, margin_share: float, confidence_share: float
) -> int:
    needed = num_needed(only_small_share, only_large_share, margin_share, confidence_share)
    return MAX_NUM_MORE if needed - num >= MAX_NUM_MORE else max(1, math.ceil(needed - num))
