"""The user's own wall meter beside the meters of the machine: a line through pairs of readings. Pure."""

import math
import statistics
from collections.abc import Sequence

import msgspec

from advisor.energy.blocks import t_95
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, weakest

LEAST_PAIRS = 5
_LEAST_SPREAD_SHARE = 0.2
"""[1] Loads that lie closer together than this say nothing of the slope."""


class WallPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two readings of the same moment."""

    meters_w: float
    """[W] Sum of the machine's own meters."""
    wall_w: float
    """[W] At the plug."""


class WallFit(msgspec.Struct, frozen=True, kw_only=True):
    """`wall = a + b x meters`."""

    a_w: float
    """[W] What the rest of the machine draws."""
    b_ratio: float
    """[1] Watts at the plug for one more watt at the meters: losses of the supply, fans."""
    residual_sd_w: float
    num_pairs: int
    least_w: float
    """[W] Sum of meters at the lightest of the loads; the line is not trusted below it."""
    most_w: float


def fit(pairs: Sequence[WallPair]) -> WallFit:
    """Return the line through pairs at different loads.

    Raises:
        InvalidInputError: `wall-too-few`, `wall-no-spread`, `wall-not-rising`; the sentence says what to measure.
    """
    if len(pairs) < LEAST_PAIRS:
        raise _refused(
            "wall-too-few", f"{len(pairs)} pairs of readings are not enough.", f"Enter at least {LEAST_PAIRS}."
        )
    for number, pair in enumerate(pairs, 1):
        if not all(math.isfinite(value) and value > 0 for value in (pair.meters_w, pair.wall_w)):
            raise _refused("wall-bad-value", f"Pair {number} is not two powers above 0 W.", "Correct or remove it.")
    xs, ys = [pair.meters_w for pair in pairs], [pair.wall_w for pair in pairs]
    middle_x, middle_y = statistics.fmean(xs), statistics.fmean(ys)
    if max(xs) - min(xs) < _LEAST_SPREAD_SHARE * middle_x:
        raise _refused(
            "wall-no-spread", f"All readings lie between {min(xs):.0f} W and {max(xs):.0f} W.",
            "Take some while idle and some while the computer works hard.",
        )  # fmt: skip
    slope = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - middle_x) ** 2 for x in xs
    )
    if slope <= 0:
        raise _refused(
            "wall-not-rising", "The wall meter falls when the machine's meters rise.",
            "Check that both were read at the same moment.",
        )  # fmt: skip
    a_w = middle_y - slope * middle_x
    rest = [y - a_w - slope * x for x, y in zip(xs, ys, strict=True)]
    return WallFit(
        a_w=a_w, b_ratio=slope, residual_sd_w=math.sqrt(sum(r * r for r in rest) / (len(pairs) - 2)),
        num_pairs=len(pairs), least_w=min(xs), most_w=max(xs),
    )  # fmt: skip


def wall_power(fitted: WallFit, meters_w: Quantity) -> Quantity:
    """Return the power at the plug for a power at the meters: `calibrated`, boundary `wall`.

    Args:
        fitted: the line.
        meters_w: [W] sum of the machine's meters.
    """
    if meters_w.value is None:
        return Quantity(value=None, unit="W", evidence="excluded", basis=meters_w.basis)
    half = t_95(fitted.num_pairs - 2) * fitted.residual_sd_w * math.sqrt(1 + 1 / fitted.num_pairs)
    value, low, high = (
        fitted.a_w + fitted.b_ratio * (end if end is not None else meters_w.value)
        for end in (meters_w.value, meters_w.low, meters_w.high)
    )
    return Quantity(
        value=value, low=max(0.0, low - half), high=high + half, unit="W",
        evidence=weakest(("calibrated", meters_w.evidence)),
        basis=f"at the wall: {fitted.a_w:.1f} W + {fitted.b_ratio:.2f} x meters, {fitted.num_pairs} pairs of yours",
    )  # fmt: skip


def wall_energy(fitted: WallFit, gross_j: Quantity, query_s: Quantity) -> Quantity:
    """Return the energy of a query at the plug.

    Args:
        fitted: the line.
        gross_j: [J] at the machine's meters.
        query_s: [s] of the query; its mean power is what the line is asked for.
    """
    if not gross_j.value or not query_s.value:
        return Quantity(value=None, unit="J", evidence="excluded", basis=gross_j.basis)
    seconds = query_s.value
    ends = (None if end is None else end / seconds for end in (gross_j.value, gross_j.low, gross_j.high))
    value, low, high = ends
    meters = Quantity(value=value, low=low, high=high, unit="W", evidence=gross_j.evidence, basis=gross_j.basis)
    power = wall_power(fitted, meters)
    outside = value is not None and not fitted.least_w <= value <= fitted.most_w
    basis = f"{power.basis}; {value:.0f} W lie outside the loads you measured" if outside else power.basis
    return Quantity(
        value=(power.value or 0.0) * seconds, low=(power.low or 0.0) * seconds, high=(power.high or 0.0) * seconds,
        unit="J", evidence=power.evidence, basis=basis,
    )  # fmt: skip


def _refused(code: str, what: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(code, what, remedy=remedy)
