"""Products spread in squares of logarithms, sums by their ends, and nothing known comes of something unknown."""

import math

import fakes_estimate as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.energy import ranges
from advisor.evidence import Quantity, unknown

POSITIVE = st.floats(1e-3, 1e3)
FACTORS = st.floats(1.0, 10.0)


@given(POSITIVE, POSITIVE, FACTORS, FACTORS)
def test_a_product_has_the_root_of_the_squares(one, other, k, m):
    told = ranges.times((made.quantity(one, "W", k=k), made.quantity(other, "s", k=m)), "J", "power x time")
    factor = math.exp(math.hypot(math.log(k), math.log(m)))
    assert told.value == pytest.approx(one * other)
    assert (told.high / told.value, told.value / told.low) == (pytest.approx(factor), pytest.approx(factor))


@given(POSITIVE, POSITIVE, FACTORS, FACTORS)
def test_a_quotient_spreads_like_a_product(one, other, k, m):
    told = ranges.over(made.quantity(one, "J", k=k), made.quantity(other, "s", k=m), "W", "energy over time")
    assert told.high / told.value == pytest.approx(math.exp(math.hypot(math.log(k), math.log(m))))
    assert told.value == pytest.approx(one / other)


def test_a_range_down_to_nothing_or_below_stays_there():
    net = Quantity(value=1.0, low=-0.5, high=3.0, unit="J", evidence="measured", basis="net")
    told = ranges.times((net, made.quantity(10.0, "1", k=2.0)), "J", "ten")
    assert (told.value, told.low, told.high) == (10.0, -10.0, 60.0)
    per = ranges.over(net, made.quantity(10.0, "1", k=2.0), "J", "a tenth")
    assert (per.value, per.low, per.high) == (pytest.approx(0.1), pytest.approx(-0.05), pytest.approx(0.6))


def test_a_sum_adds_the_ends_and_takes_the_weakest_evidence():
    told = ranges.total(
        (made.quantity(1.0, "J", k=2.0, evidence="measured"), made.quantity(3.0, "J", k=3.0, evidence="assumed")),
        "J",
        "both",
    )
    assert (told.value, told.low, told.high, told.evidence) == (4.0, 1.5, 11.0, "assumed")


def test_what_is_not_known_makes_the_rest_unknown_and_never_zero():
    gap, one = unknown("J", "no meter"), made.quantity(1.0, "J")
    for told in (
        ranges.total((one, gap), "J", "both"),
        ranges.total((), "J", "none"),
        ranges.times((one, gap), "J", "both"),
        ranges.over(one, gap, "1", "both"),
        ranges.over(gap, one, "1", "both"),
        ranges.over(one, made.quantity(0.0, "J"), "1", "both"),
        ranges.scaled(gap, 2.0, "J"),
    ):
        assert (told.value, told.evidence) == (None, "excluded")


def test_evidence_can_be_capped_but_never_lifted():
    assert ranges.at_best(made.quantity(1.0, "J", evidence="measured"), "estimated").evidence == "estimated"
    assert ranges.at_best(made.quantity(1.0, "J", evidence="assumed"), "estimated").evidence == "assumed"
    assert ranges.times((made.quantity(1.0, "J", evidence="measured"),), "J", "b", at_best="calibrated").evidence == (
        "calibrated"
    )
