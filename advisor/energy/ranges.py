"""Arithmetic of figures with ranges: products by k-factors, sums by their ends. Pure."""

import math
from collections.abc import Sequence

from advisor.evidence import EVIDENCE_ORDER, Evidence, Quantity, unknown, weakest


def spread(*pairs: tuple[float | None, float | None]) -> float:
    """Return the factor of independent range factors of a product: exp(sqrt(sum of squared logarithms)).

    Args:
        pairs: (larger, smaller) end of each factor; a missing or zero end counts as no spread of its own.

    Source:
        First-order propagation of independent relative errors; design/energy.md 6.3.
    """
    logs = [math.log(larger / smaller) for larger, smaller in pairs if larger and smaller]
    return math.exp(math.hypot(*logs))


def with_k(value: float, k: float, unit: str, evidence: Evidence, basis: str) -> Quantity:
    """Return a value with the range value / k to value x k."""
    return Quantity(value=value, low=value / k, high=value * k, unit=unit, evidence=evidence, basis=basis)


def scaled(item: Quantity, factor: float, unit: str, basis: str | None = None) -> Quantity:
    """Return a figure times an exact number of 0 or more, in another unit.

    Args:
        item: a figure, maybe without a value.
        factor: exact, so it adds no range of its own.
        unit: of the result.
        basis: null keeps the figure's own.
    """
    if item.value is None and item.high is None:
        return unknown(unit, item.basis)
    return Quantity(
        value=None if item.value is None else item.value * factor,
        low=None if item.low is None else item.low * factor,
        high=None if item.high is None else item.high * factor,
        unit=unit,
        evidence=item.evidence,
        basis=item.basis if basis is None else basis,
    )


def times(
    items: Sequence[Quantity], unit: str, basis: str, *, scale: float = 1.0, at_best: Evidence = "measured"
) -> Quantity:
    """Return the product of independent figures; the logarithms of their range factors add in squares.

    Args:
        items: factors; one without a value leaves the product without one. Where it is known to be less than
            something (a net energy below its detection limit), so is the product.
        unit: of the product.
        basis: how it came about.
        scale: an exact number beside them.
        at_best: the product's evidence is never stronger than this.
    """
    missing = next((item for item in items if item.value is None), None)
    if missing is not None and all(_known(item) for item in items):
        evidence = weakest((*(item.evidence for item in items), at_best))
        return Quantity(
            value=None, low=0.0, high=scale * math.prod(map(_high, items)), unit=unit, evidence=evidence, basis=basis
        )
    if missing is not None:
        return unknown(unit, missing.basis)
    value = scale * math.prod(item.value for item in items if item.value is not None)
    ranged = [item for item in items if item.low is not None or item.high is not None]
    low: float | None = None
    high: float | None = None
    if any(_low(item) <= 0 for item in items):
        low, high = _ends(items, scale)
    elif ranged:
        low = value / spread(*((item.value, item.low) for item in ranged))
        high = value * spread(*((item.high, item.value) for item in ranged))
    return Quantity(
        value=value,
        low=low,
        high=high,
        unit=unit,
        evidence=weakest((*(item.evidence for item in items), at_best)),
        basis=basis,
    )


def _known(item: Quantity) -> bool:
    """Tell whether there is a value, or an end that it lies below."""
    return item.value is not None or item.high is not None


def _low(item: Quantity) -> float:
    return (item.value or 0.0) if item.low is None else item.low


def _high(item: Quantity) -> float:
    return (item.value or 0.0) if item.high is None else item.high


def _ends(items: Sequence[Quantity], scale: float) -> tuple[float, float]:
    """Return the ends of a product by intervals: net energy may reach down to 0 or below, where no factor holds."""
    low = high = scale
    for item in items:
        corners = [end * other for end in (low, high) for other in (_low(item), _high(item))]
        low, high = min(corners), max(corners)
    return low, high


def over(top: Quantity, bottom: Quantity, unit: str, basis: str, *, scale: float = 1.0) -> Quantity:
    """Return one figure over another, independent one; null where either has no value or the lower one is 0."""
    if top.value is None or bottom.value is None:
        return unknown(unit, top.basis if top.value is None else bottom.basis)
    if bottom.value <= 0:
        return unknown(unit, f"a part is 0: {bottom.basis}")
    value = scale * top.value / bottom.value
    if _low(top) <= 0:
        low, high = scale * _low(top) / bottom.value, scale * _high(top) / (_low(bottom) or bottom.value)
    else:
        low = value / spread((top.value, top.low), (bottom.high, bottom.value))
        high = value * spread((top.high, top.value), (bottom.value, bottom.low))
    return Quantity(
        value=value, low=low, high=high, unit=unit, evidence=weakest((top.evidence, bottom.evidence)), basis=basis
    )


def total(items: Sequence[Quantity], unit: str, basis: str) -> Quantity:
    """Return a sum; the low ends add up and the high ends add up, as if all erred together: the careful choice.

    Args:
        items: parts; those without a value make the sum unknown, since a part that is not known is not 0. Where they
            are known to be less than something, so is the sum.
        unit: of the sum.
        basis: how it came about.
    """
    missing = next((item for item in items if item.value is None), None)
    if missing is not None and all(map(_known, items)):
        low, high = sum(map(_low, items)), sum(map(_high, items))
        evidence = weakest(item.evidence for item in items)
        return Quantity(value=None, low=low, high=high, unit=unit, evidence=evidence, basis=basis)
    if missing is not None or not items:
        return unknown(unit, missing.basis if missing is not None else basis)
    values = [(item.value or 0.0, item.low, item.high) for item in items]
    return Quantity(
        value=sum(value for value, _low, _high in values),
        low=sum(value if low is None else low for value, low, _high in values),
        high=sum(value if high is None else high for value, _low, high in values),
        unit=unit,
        evidence=weakest(item.evidence for item in items),
        basis=basis,
    )


def at_best(item: Quantity, evidence: Evidence) -> Quantity:
    """Return a figure whose evidence is no stronger than `evidence`."""
    if item.value is None or EVIDENCE_ORDER.index(item.evidence) >= EVIDENCE_ORDER.index(evidence):
        return item
    return Quantity(value=item.value, low=item.low, high=item.high, unit=item.unit, evidence=evidence, basis=item.basis)
