"""Energy in lamps, kettles and kilometres: right arithmetic, written out, ranges kept, nothing nobody can picture."""

import json
import math

import fakes_estimate as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor import resources, units
from advisor.energy import daily
from advisor.errors import InvalidFileError
from advisor.evidence import unknown


def by_id(item, **options):
    return {one.term.id: one for one in daily.meanings(item, most=20, **options)}


def test_a_watt_hour_is_minutes_of_a_lamp():
    told = by_id(made.quantity(0.9, "Wh"))["led"]
    assert told.sentence.startswith("5.4 minutes of a 10 W LED lamp")
    assert told.arithmetic == "0.9 Wh / 10 W = 0.09 h"
    assert told.result.value == pytest.approx(0.09)
    assert told.result.unit == "h"


def test_ranges_of_figure_and_term_both_count():
    told = by_id(made.quantity(100.0, "Wh", k=2.0))["phone"]
    assert told.result.value == pytest.approx(5.0)
    k = math.exp(math.hypot(math.log(2.0), math.log(1.5)))
    assert told.result.high == pytest.approx(5 * k)
    assert told.sentence == f"5 full charges of a phone ({units.number(5 / k)} to {units.number(5 * k)})"
    assert told.result.evidence == "assumed"
    assert told.arithmetic == "100 Wh / 20 Wh = 5"


def test_the_kettle_is_physics():
    kettle = next(term for term in daily.terms() if term.id == "kettle")
    assert kettle.value == pytest.approx(1 * 4186 * 85 / 3600 / 0.9, rel=0.01)
    petrol = next(term for term in daily.terms() if term.id == "petrol")
    assert petrol.value == pytest.approx(8887 / 3.785, rel=0.01)


def test_one_is_not_many_and_days_follow_hours():
    assert by_id(made.quantity(110.0, "Wh"))["kettle"].sentence.startswith("1 litre of water")
    assert by_id(made.quantity(10.0, "Wh"))["led"].sentence.startswith("1 hour of a 10 W")
    assert by_id(made.quantity(1000.0, "Wh"))["led"].sentence.startswith("4.2 days of a 10 W")
    assert by_id(made.quantity(0.01, "Wh"))["led"].sentence.startswith("3.6 seconds of a 10 W")


def test_units_of_energy_agree_and_carbon_has_terms_of_its_own():
    wh, kwh, joules = (by_id(made.quantity(v, u)) for v, u in ((500.0, "Wh"), (0.5, "kWh"), (1.8e6, "J")))
    assert wh["phone"].result.value == pytest.approx(25)
    assert kwh["phone"].result.value == joules["phone"].result.value == pytest.approx(25)
    carbon = by_id(made.quantity(1700.0, "g"))
    assert set(carbon) == {"petrol-car", "petrol"}
    assert carbon["petrol-car"].result.value == pytest.approx(10.0)
    assert carbon["petrol-car"].arithmetic == "1.7 kg / 170 g = 10"


@given(st.floats(1e-3, 1e7))
def test_only_numbers_one_can_picture_are_told(energy_wh):
    for one in daily.meanings(made.quantity(energy_wh, "Wh", k=1.5)):
        least = 1 / 3600 if one.term.divides == "h" else daily.LEAST
        assert least <= one.result.value <= daily.MOST
        assert one.result.low <= one.result.value <= one.result.high
        assert one.term.value * one.result.value == pytest.approx(energy_wh)


def test_at_most_so_many_and_the_most_telling_first():
    told = daily.meanings(made.quantity(100.0, "Wh"), most=2)
    assert len(told) == 2
    assert told[0].term.id == "phone"


def test_nothing_known_means_nothing_and_a_wrong_unit_is_a_mistake():
    assert daily.meanings(unknown("Wh", "no meter")) == ()
    assert daily.meanings(made.quantity(0.0, "Wh")) == ()
    with pytest.raises(ValueError, match="no daily terms"):
        daily.meanings(made.quantity(1.0, "W"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": 0}, "terms[1]"),
        ({"k": 0.5}, "terms[1]"),
        ({"unit": "W"}, "terms[1].unit"),
        ({"of": "carbon"}, "terms[1].unit"),
        ({"value": "much"}, "terms[1].value"),
    ],
)
def test_a_damaged_table_is_refused(changes, words):
    table = json.loads(resources.read(daily.FILE_NAME))
    table["terms"][1] |= changes
    with pytest.raises(InvalidFileError) as caught:
        daily.parse(json.dumps(table).encode())
    assert words in caught.value.message
    with pytest.raises(InvalidFileError, match="schema_version"):
        daily.parse(json.dumps(table | {"schema_version": 2, "terms": []}).encode())
