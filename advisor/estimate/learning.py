"""What measured candidates teach about the others: how far estimates are off on this computer. Pure.

An estimate from calibrated kernels misses what kernels do not show: how a runtime strings them together, or that the
computer was busy while it was calibrated. Each probe shows by what factor. A part of that factor is common to all
models here, a part belongs to one kernel family and phase; both are shrunk towards 1, as a few probes may be chance.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from advisor.estimate.families import KernelFamily

Phase = Literal["reader", "prompt", "token"]
PRIOR_SPREAD = 0.13
"""[1] Standard deviation of the logarithm of true over calibrated estimate before any probe: x/÷ 1.24 holds 90 %."""
LESSON_SPREAD = 0.10
"""[1] The same of one model around what is common to its kernel family and phase."""
PRIOR_COUNT = 4.0
"""[lessons] Weight of the spread above against the one seen."""
RANGE_SIGMAS = 1.645
"""[1] A range of 90 %."""
_COMMON_SHARE = 0.5
"""[1] Share of the prior variance that all families have in common: half, as nothing is known."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """What one measured time says."""

    family: KernelFamily
    phase: Phase
    log_ratio: float
    """[1] Natural logarithm of measured over estimated time."""


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """Factor on the estimated times of one kernel family in one phase."""

    family: KernelFamily
    phase: Phase
    ratio: float
    """[1] Measured over estimated, shrunk towards 1."""
    k: float
    """[1] The true time lies within x/÷ k of the corrected one nine times in ten."""
    num_lessons: int
    """Of this family and phase."""


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """All that probes have taught here."""

    corrections: tuple[Correction, ...] = ()
    common_ratio: float = 1.0
    """[1] Factor for families and phases without a probe of their own."""
    common_k: float = math.exp(RANGE_SIGMAS * PRIOR_SPREAD)
    num_probes: int = 0
    typical_error_share: float | None = None
    """Median of |estimate / measurement - 1|, each estimate made without the probe it is held against; null below 2."""


def learn(lessons: Sequence[Lesson], *, num_probes: int) -> Learned:
    """Return what measured times teach.

    Args:
        lessons: one a measured time.
        num_probes: probes they came from.

    Source:
        Two-level normal model with known prior variances: posterior means are averages shrunk by n / (n + s^2 / t^2)
        (Gelman et al., Bayesian Data Analysis, section 5.4); spread with an inverse-gamma prior (section 2.6).
    """
    if not lessons:
        return Learned()
    left_out = [_error(lesson, [*lessons[:place], *lessons[place + 1 :]]) for place, lesson in enumerate(lessons)]
    common = _common(lessons)
    groups = sorted({(lesson.family, lesson.phase) for lesson in lessons})
    spread = _spread(left_out)
    return Learned(
        corrections=tuple(_correction(family, phase, lessons, common, spread) for family, phase in groups),
        common_ratio=math.exp(common),
        common_k=_k(math.hypot(spread, math.sqrt(1 - _COMMON_SHARE) * PRIOR_SPREAD)),
        num_probes=num_probes,
        typical_error_share=statistics.median(abs(math.exp(-error) - 1) for error in left_out)
        if len(lessons) > 1
        else None,
    )


def of(learned: Learned, family: KernelFamily, phase: Phase) -> tuple[float, float]:
    """Return the factor on estimated times of a family and phase, and the factor k of their range. [1]."""
    for correction in learned.corrections:
        if (correction.family, correction.phase) == (family, phase):
            return correction.ratio, correction.k
    return learned.common_ratio, learned.common_k


def _correction(
    family: KernelFamily, phase: Phase, lessons: Sequence[Lesson], common: float, spread: float
) -> Correction:
    own = _of_group(lessons, family, phase)
    return Correction(
        family=family, phase=phase, ratio=math.exp(common + _own(own, common)),
        k=_k(math.hypot(spread, _own_doubt(len(own)))), num_lessons=len(own),
    )  # fmt: skip


def _error(lesson: Lesson, others: Sequence[Lesson]) -> float:
    """Return how far off the estimate would be had this lesson never been learned, as a logarithm."""
    common = _common(others)
    return lesson.log_ratio - common - _own(_of_group(others, lesson.family, lesson.phase), common)


def _of_group(lessons: Iterable[Lesson], family: KernelFamily, phase: Phase) -> list[float]:
    return [lesson.log_ratio for lesson in lessons if (lesson.family, lesson.phase) == (family, phase)]


def _common(lessons: Sequence[Lesson]) -> float:
    """Return what all families share; each counts once, however often it was probed."""
    groups = {(lesson.family, lesson.phase) for lesson in lessons}
    middles = [statistics.fmean(_of_group(lessons, *group)) for group in groups]
    between = (1 - _COMMON_SHARE) * PRIOR_SPREAD**2 + LESSON_SPREAD**2
    return _shrunk(middles, between, _COMMON_SHARE * PRIOR_SPREAD**2)


def _own(values: Sequence[float], common: float) -> float:
    """Return what a family and phase add to what is common."""
    return _shrunk([value - common for value in values], LESSON_SPREAD**2, (1 - _COMMON_SHARE) * PRIOR_SPREAD**2)


def _own_doubt(count: int) -> float:
    """Return the standard deviation that is left of a family's own factor after `count` lessons."""
    prior = (1 - _COMMON_SHARE) * PRIOR_SPREAD**2
    return math.sqrt(1 / (1 / prior + count / LESSON_SPREAD**2))


def _shrunk(values: Sequence[float], noise: float, prior: float) -> float:
    return statistics.fmean(values) * len(values) / (len(values) + noise / prior) if values else 0.0


def _spread(errors: Sequence[float]) -> float:
    seen = sum(error**2 for error in errors)
    return math.sqrt((PRIOR_COUNT * LESSON_SPREAD**2 + seen) / (PRIOR_COUNT + len(errors)))


def _k(spread: float) -> float:
    return math.exp(RANGE_SIGMAS * spread)
