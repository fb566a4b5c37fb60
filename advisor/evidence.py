"""Where a number comes from. A number never travels alone: value, range, unit, evidence, basis."""

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

Evidence = Literal["measured", "measured-synthetic", "calibrated", "estimated", "assumed", "excluded"]
"""From strongest to weakest. `excluded`: no meter and no honest estimate; the value is null and never counted as 0."""

EVIDENCE_ORDER: tuple[Evidence, ...] = (
    "measured", "measured-synthetic", "calibrated", "estimated", "assumed", "excluded",
)  # fmt: skip


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """One figure with its range, unit, evidence and basis: the shape of every number in the public JSON."""

    value: float | None
    """Best value in `unit`, or null when it is not known."""
    low: float | None = None
    """Lower end of the range meant to hold 90 % of measurements, in `unit`."""
    high: float | None = None
    """Upper end of that range, in `unit`."""
    unit: str
    """SI base unit or a rate of counts: `B`, `s`, `W`, `J`, `Wh`, `g`, `tokens/s`, `queries/s`, `1`, ..."""
    evidence: Evidence
    """How the value was obtained."""
    basis: str
    """One plain English phrase: the method and the main input behind the value, or why there is none."""

    def __post_init__(self) -> None:
        """Refuse what would mislead: NaN, infinity, a value outside its own range.

        Raises:
            ValueError: the value is not finite or the range does not contain it.
        """
        for part in (self.value, self.low, self.high):
            if part is not None and not math.isfinite(part):
                raise ValueError(f"a quantity in {self.unit!r} must be finite, got {part}")
        if self.value is None:
            return
        slack = 1e-9 * max(1.0, abs(self.value))
        if (self.low is not None and self.low > self.value + slack) or (
            self.high is not None and self.high < self.value - slack
        ):
            raise ValueError(f"{self.value} {self.unit} lies outside its range {self.low} to {self.high}")


def unknown(unit: str, why: str) -> Quantity:
    """Build a quantity without a value.

    Args:
        unit: unit the value would have had.
        why: one phrase that says why it is not known.
    """
    return Quantity(value=None, unit=unit, evidence="excluded", basis=why)


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """Return the weakest evidence of `evidence`; a sum or a product is only as good as its worst part.

    Raises:
        ValueError: `evidence` is empty.
    """
    return max(evidence, key=EVIDENCE_ORDER.index)
