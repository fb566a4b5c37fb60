"""One energy in every unit: J against Wh against kWh, ranges kept, and what was not chosen is missing, never zero."""

import math

import fakes_estimate as made
import msgspec
import pytest

from advisor.energy import carbon, standard
from advisor.energy.model import EnergyResult
from advisor.errors import InvalidInputError, NotFoundError
from advisor.evidence import unknown
from advisor.hardware.model import PowerFacts

LAPTOP = msgspec.structs.replace(
    made.machine(),
    power=PowerFacts(source=made.fact("battery"), battery_share=made.fact(0.5), battery_capacity_wh=made.fact(50.0)),
)


def subject(**changes):
    fields = {
        "per_query_gross": made.quantity(36.0, "J", k=1.2, evidence="measured"),
        "per_query_net": made.quantity(18.0, "J", k=1.5, evidence="measured"),
        "per_input_token": made.quantity(0.05, "J", k=1.2, evidence="measured"),
        "per_output_token": made.quantity(0.6, "J", k=1.2, evidence="measured"),
        "query_time": made.quantity(2.0, "s", k=1.1, evidence="measured"),
        "num_output_tokens": 50,
        "boundary": "processor package; not screen",
        "idle_power": unknown("W", "no meter"),
    }
    return standard.Subject(**fields | changes)


def everything(**changes):
    chosen = {
        "num_queries_per_day": 200.0,
        "region": "DE",
        "price_per_kwh": 0.30,
        "currency": "EUR",
        "with_embodied": True,
    }
    return standard.conditions(LAPTOP, **chosen | changes)


def test_36_joules_a_query_are_10_watt_hours_a_thousand():
    told = standard.figures(subject(), everything())
    assert (told.energy_per_1000_queries.value, told.energy_per_1000_queries.unit) == (pytest.approx(10.0), "Wh")
    assert told.energy_per_1000_queries.high == pytest.approx(12.0)
    assert told.energy_per_1000_queries.evidence == "measured"
    assert told.energy_per_day.value == pytest.approx(2.0)
    assert told.energy_per_year.value == pytest.approx(730.0)
    assert (told.per_input_token.value, told.per_output_token.value) == (0.05, 0.6)
    assert told.per_output_token.unit == "J/token"


def test_carbon_and_cost_follow_with_the_weakest_evidence():
    told = standard.figures(subject(), everything())
    assert told.carbon_per_1000_queries.value == pytest.approx(10 * 0.34206)
    assert told.carbon_per_1000_queries.evidence == "estimated"
    assert told.carbon_per_year.value == pytest.approx(730 * 0.34206)
    assert told.carbon_per_year.high / told.carbon_per_year.value == pytest.approx(
        math.exp(math.hypot(math.log(1.2), math.log(1.3)))
    )
    assert told.cost_per_1000_queries.value == pytest.approx(0.01 * 0.30)
    assert (told.cost_per_year.value, told.cost_per_year.unit) == (pytest.approx(0.73 * 0.30), "EUR")
    assert told.cost_per_year.evidence == "assumed"
    assert told.cost_per_year.high / told.cost_per_year.value == pytest.approx(1.2)


def test_the_making_stands_apart_from_the_electricity():
    chosen = everything()
    told = standard.figures(subject(), chosen)
    assert told.embodied_per_1000_queries.value == pytest.approx(chosen.embodied.rate.value * 2000 / 3600)
    assert told.embodied_per_year.value == pytest.approx(chosen.embodied.rate.value * 2 * 200 * 365 / 3600)
    assert told.embodied_per_year.evidence == "assumed"
    without = standard.figures(subject(), everything(with_embodied=False))
    assert without.embodied_per_year.value is None
    assert without.carbon_per_year == told.carbon_per_year


def test_sci_is_gross_energy_times_intensity_plus_making_over_the_unit():
    chosen = everything()
    told = standard.figures(subject(), chosen)
    query, tokens = told.sci_per_query, told.sci_per_1000_tokens
    assert query.energy.value == pytest.approx(36 / 3.6e6)
    assert query.intensity.value == pytest.approx(342.06)
    assert query.embodied.value == pytest.approx(chosen.embodied.rate.value * 2 / 3600)
    assert query.score.value == pytest.approx(query.energy.value * 342.06 + query.embodied.value)
    assert query.score.evidence == "assumed"
    assert tokens.score.value == pytest.approx(20 * query.score.value)
    assert (query.functional_unit, tokens.functional_unit) == ("one query", "1,000 tokens written")
    assert "gross" in query.method
    assert query.boundary == "processor package; not screen"


def test_sci_without_the_making_says_so_and_does_not_count_zero():
    told = standard.figures(subject(), everything(with_embodied=False)).sci_per_query
    assert told.embodied.value is None
    assert told.score.value == pytest.approx(36 / 3.6e6 * 342.06)
    assert "M switched off" in told.method


def test_an_encoder_has_no_score_by_tokens():
    assert standard.figures(subject(num_output_tokens=0), everything()).sci_per_1000_tokens is None


def test_battery_by_share_by_minutes_and_by_charge():
    told = standard.figures(subject(idle_power=made.quantity(6.0, "W", k=1.1, evidence="measured")), everything())
    assert told.battery.share.value == pytest.approx(10 / 50)
    # 18 J above idle a query are 5 Wh a thousand: at 6 W of idling 50 minutes.
    assert told.battery.minutes.value == pytest.approx(50.0)
    assert "above idle" in told.battery.minutes.basis
    assert told.battery.queries_per_charge.value == pytest.approx(5000)
    assert told.battery.queries_per_charge.low == pytest.approx(5000 / 1.2)
    assert told.battery.minutes.evidence == "measured"


def test_minutes_without_a_meter_are_assumed_and_wide():
    told = standard.figures(subject(per_query_net=unknown("J", "not measured")), everything()).battery.minutes
    assert told.value == pytest.approx(60 * 10 / 8)
    assert told.evidence == "assumed"
    assert told.high / told.value >= 2.0
    assert "not measured" in told.basis


def test_what_was_not_chosen_is_missing_and_says_why():
    bare = standard.conditions(made.machine())
    told = standard.figures(subject(), bare)
    missing = {
        "energy_per_day": "how many queries",
        "energy_per_year": "how many queries",
        "carbon_per_1000_queries": "no country",
        "carbon_per_year": "no country",
        "embodied_per_1000_queries": "switched off",
        "cost_per_1000_queries": "no price",
        "cost_per_year": "no price",
    }
    for name, why in missing.items():
        item = getattr(told, name)
        assert (item.value, item.low, item.evidence) == (None, None, "excluded"), name
        assert why in item.basis, name
    for item in (told.battery.share, told.battery.minutes, told.battery.queries_per_charge):
        assert item.value is None
    assert told.sci_per_query.score.value is None


def test_no_energy_leaves_everything_unknown():
    told = standard.figures(subject(per_query_gross=unknown("J", "no meter")), everything())
    for item in (told.energy_per_1000_queries, told.energy_per_year, told.carbon_per_year, told.cost_per_year,
                 told.battery.share, told.sci_per_query.score):  # fmt: skip
        assert item.value is None
        assert "no meter" in item.basis


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"price_per_kwh": -0.1}, "price-invalid", "price_per_kwh"),
        ({"price_per_kwh": math.nan}, "price-invalid", "price_per_kwh"),
        ({"price_per_kwh": 1e6}, "price-invalid", "not in cents"),
        ({"currency": ""}, "currency-invalid", "currency"),
        ({"currency": "EUR1"}, "currency-invalid", "EUR1"),
        ({"currency": "E\nR"}, "currency-invalid", "currency"),
        ({"num_queries_per_day": -1.0}, "queries-invalid", "-1.0"),
        ({"num_queries_per_day": math.inf}, "queries-invalid", "inf"),
        ({"g_per_kwh": -5.0}, "intensity-invalid", "grid_g_per_kwh"),
    ],
)
def test_bad_choices_are_refused_with_their_field(changes, code, words):
    with pytest.raises(InvalidInputError) as caught:
        everything(**changes)
    assert caught.value.code == code
    assert words in caught.value.sentence()


def test_an_unknown_country_is_refused_and_the_own_value_wins():
    with pytest.raises(NotFoundError):
        everything(region="Atlantis")
    told = standard.figures(subject(), everything(g_per_kwh=100.0))
    assert told.carbon_per_1000_queries.value == pytest.approx(1.0)
    assert everything(region=carbon.WORLD).intensity.g_per_kwh.value == pytest.approx(472.94)


def test_an_estimate_becomes_joules_a_query_and_a_token():
    told = standard.of_estimate(
        made.quantity(10.0, "Wh", k=2.0),
        query_time=made.quantity(2.0, "s"),
        boundary="CPU",
        active_power=made.quantity(18.0, "W", k=2.0),
        time_per_token=made.quantity(0.03, "s", k=1.5),
    )
    assert told.per_query_gross.value == pytest.approx(36.0)
    assert told.per_output_token.value == pytest.approx(0.54)
    assert told.per_output_token.high / 0.54 == pytest.approx(math.exp(math.hypot(math.log(2), math.log(1.5))))
    assert (told.per_input_token.value, told.per_query_net.value) == (None, None)
    assert standard.figures(told, everything()).energy_per_1000_queries.value == pytest.approx(10.0)


def test_a_measured_result_gives_its_own_idle_power():
    whole = made.quantity(7.0, "W", evidence="measured")
    result = EnergyResult(
        boundary="CPU package",
        mode="quick",
        components=(),
        per_query_gross_j=made.quantity(1.0, "J"),
        per_query_net_j=made.quantity(0.5, "J"),
        per_output_token_j=unknown("J", "writes nothing"),
        per_input_token_j=made.quantity(0.1, "J"),
    )
    time = made.quantity(0.1, "s")
    assert standard.of_result(result, query_time=time).idle_power.value is None
    assert standard.of_result(result, query_time=time, idle_power=whole).idle_power.value == 7.0
    assert standard.of_result(result, query_time=time).per_input_token.value == 0.1
