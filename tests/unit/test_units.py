import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor import units
from advisor.evidence import Quantity, unknown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (500, "500 B"),
        (0, "0 B"),
        (4.9 * units.GIB, "4.9 GiB"),
        (123 * units.MIB, "123 MiB"),
        (1023.9 * units.MIB, "1 GiB"),
        (16 * units.GIB, "16 GiB"),
        (15.6 * units.GIB, "15.6 GiB"),
        (1.5e12, "1,397 GiB"),
    ],
)
def test_size_is_binary_and_says_so(value, text):
    assert units.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0351, "35 ms"), (1.0, "1 s"), (59.9, "60 s"), (240, "4 min"), (7200, "2 h"), (2e-5, "20 µs"), (0.9999, "1 s")],
)
def test_duration_changes_its_unit(value, text):
    assert units.duration(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.00012345, 2, "0.00012"),
        (123456, 2, "123,456"),
        (12.345, 2, "12"),
        (99.96, 2, "100"),
        (999.6, 2, "1,000"),
        (9.99, 2, "10"),
        (15.64, 3, "15.6"),
        (-0.5, 2, "-0.5"),
        (0, 2, "0"),
    ],
)
def test_number_keeps_significant_digits(value, digits, text):
    assert units.number(value, digits) == text


@pytest.mark.parametrize(("value", "text"), [(0.123, "0.12 Wh"), (47, "47 Wh"), (2907, "2.9 kWh")])
def test_energy(value, text):
    assert units.energy(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5 g"), (1500, "1.5 kg")])
def test_mass(value, text):
    assert units.mass(value) == text


@pytest.mark.parametrize(("value", "text"), [(135e6, "135 M"), (3.09e9, "3.09 B"), (820, "820"), (1.2e12, "1.2 T")])
def test_count(value, text):
    assert units.count(value) == text


def test_amount_of_nothing_is_not_zero():
    assert units.amount(None, "B") == "no data"
    assert units.quantity(unknown("Wh", "no meter")) == "no data"


def test_quantity_shows_its_range():
    item = Quantity(
        value=5 * units.GIB, low=4 * units.GIB, high=6 * units.GIB, unit="B", evidence="estimated", basis="x"
    )
    assert units.quantity(item) == "5 GiB (4 GiB to 6 GiB)"


def test_quantity_without_a_middle_shows_the_range_alone():
    item = Quantity(value=None, low=1.0, high=2.0, unit="W", evidence="estimated", basis="band")
    assert units.quantity(item) == "1 W to 2 W"


@given(st.floats(min_value=1e-9, max_value=1e15))
def test_number_is_close_to_the_value(value):
    assert float(units.number(value, 3).replace(",", "")) == pytest.approx(value, rel=0.005)
