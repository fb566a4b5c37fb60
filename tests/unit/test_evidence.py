import math

import pytest

from advisor.evidence import Quantity, unknown, weakest


def test_weakest_wins():
    assert weakest(["measured", "assumed", "calibrated"]) == "assumed"
    assert weakest(["measured", "excluded"]) == "excluded"


def test_weakest_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="empty"):
        weakest([])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["value", "low", "high"])
def test_a_quantity_is_finite(bad, field):
    with pytest.raises(ValueError, match="finite"):
        Quantity(**{"value": 1.0, field: bad}, unit="s", evidence="measured", basis="x")


@pytest.mark.parametrize(("low", "high"), [(2.0, 3.0), (0.1, 0.5)])
def test_a_quantity_lies_in_its_range(low, high):
    with pytest.raises(ValueError, match="outside"):
        Quantity(value=1.0, low=low, high=high, unit="s", evidence="measured", basis="x")


def test_unknown_says_why_and_has_no_value():
    item = unknown("Wh", "no meter")
    assert (item.value, item.evidence, item.basis) == (None, "excluded", "no meter")
