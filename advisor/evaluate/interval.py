"""How sure a mean of few sentences is: Student's t for any confidence, and ratios of sums. Pure numpy.

A sentence is the unit that was drawn: tokens of one sentence are not independent of each other, so that counting them
as if they were would give intervals that are too narrow.
"""

import math
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CONFIDENCE_SHARE = 0.95
LEAST_TEXTS = 3
"""Below this there is no interval: a range of two values says nothing."""
_STEPS = 80
_POINTS = 4001


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """A mean per unit over several texts, with its interval."""

    value: float
    low: float | None
    """Null with fewer than three texts."""
    high: float | None
    influences: Floats
    """Of each text: how much it pulls the value away; their mean is 0."""


@cache
def student_t(confidence_share: float, freedom: int) -> float:
    """Return Student's t of a two-sided interval.

    Args:
        confidence_share: 0 to 1, ends left out.
        freedom: degrees of freedom, at least 1.

    Source:
        Student, 1908, Biometrika 6. The density is integrated after t = sqrt(freedom) tan(angle), which makes it
        cos(angle) ** (freedom - 1) on a finite range, by Simpson's rule.
    """
    low, high = 0.0, math.pi / 2
    whole = _cosine_integral(freedom - 1, high)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _cosine_integral(freedom - 1, middle) < confidence_share * whole:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan(low)


def _cosine_integral(power: int, end: float) -> float:
    angles = np.linspace(0.0, end, _POINTS)
    heights = np.cos(angles) ** power
    weights = np.ones(_POINTS)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return float((heights * weights).sum() * (end / (_POINTS - 1)) / 3)


def ratio(sums: Floats, counts: Floats, *, confidence_share: float = CONFIDENCE_SHARE) -> Ratio:
    """Return the sum of all texts over the count of all texts: a mean per token, character, byte or text.

    Args:
        sums: of each text.
        counts: units of each text; 1 each for a mean per text.
        confidence_share: of the interval.

    Source:
        Cochran, 1977, Sampling Techniques, 3rd ed., section 6.4: the ratio estimator's variance is that of its
        residuals; Student's t with one degree of freedom less than there are texts.
    """
    value = float(sums.sum() / counts.sum())
    influences = (sums - value * counts) / counts.mean()
    half = half_width(influences, confidence_share)
    return Ratio(
        value=value, low=None if half is None else value - half, high=None if half is None else value + half,
        influences=influences,
    )  # fmt: skip


def half_width(influences: Floats, confidence_share: float = CONFIDENCE_SHARE) -> float | None:
    """Return half the width of the interval of a mean whose texts pull by these amounts; null for too few."""
    number = len(influences)
    if number < LEAST_TEXTS:
        return None
    error = math.sqrt(float((influences**2).sum()) / (number * (number - 1)))
    return student_t(confidence_share, number - 1) * error


def against_average(losses: Floats, confidence_share: float = CONFIDENCE_SHARE) -> tuple[Ratio, ...] | None:
    """Return for each language its loss over the average of all languages.

    Texts are paired: text i says the same in every language, so that what is long or odd about it falls out.

    Args:
        losses: shape (languages, texts).
        confidence_share: that all intervals hold together (Bonferroni: each is made for its part of the doubt).

    Returns:
        One ratio a language, 1 being the average; null where nothing is lost at all.
    """
    average = losses.mean(axis=0)
    if not average.sum() > 0:
        return None
    each = 1 - (1 - confidence_share) / len(losses)
    return tuple(ratio(row, average, confidence_share=each) for row in losses)
