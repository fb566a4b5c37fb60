"""Sentences and JSON of standard units: nothing chosen is nothing said, everything chosen is said with its ranges."""

import fakes_estimate as made
import pytest

from advisor.energy import standard
from advisor.evidence import unknown
from advisor.report import public_parts, standard_units


def figures(**changes):
    chosen = standard.conditions(made.machine(), **changes)
    subject = standard.of_estimate(
        made.quantity(10.0, "Wh", k=2.0), query_time=made.quantity(2.0, "s"), boundary="processor", num_output_tokens=10
    )
    return standard.figures(subject, chosen), chosen


def test_nothing_chosen_leaves_energy_and_its_meaning():
    assert standard_units.sentences(*figures()) == [
        "1,000 queries: 10 Wh (5 to 20).",
        "That is like 20 minutes of work on a 30 W laptop (7.5 to 53): 10 Wh / 30 W = 0.33 h.",
    ]


def test_everything_chosen_is_said_and_the_making_stands_apart():
    told = standard_units.sentences(
        *figures(num_queries_per_day=100.0, region="DE", price_per_kwh=0.5, currency="EUR", with_embodied=True)
    )
    assert told[0].startswith("1,000 queries: 10 Wh (5 to 20), 3.4 g (")
    assert told[0].endswith("CO2e, 0.005 EUR (0.0025 to 0.01).")
    assert told[1].startswith("A year at 100 queries a day: 365 Wh (182 to 730), 125 g (")
    assert told[-1].startswith("Making of the computer, a year: ")
    assert "shown apart" in told[-1]
    assert "factor of 2" in told[-1]


def test_an_energy_that_is_not_known_says_nothing():
    subject = standard.of_estimate(unknown("Wh", "no power"), query_time=made.quantity(1.0, "s"), boundary="none")
    chosen = standard.conditions(made.machine(), num_queries_per_day=3.0, region="DE", price_per_kwh=1.0)
    item = standard.figures(subject, chosen)
    assert standard_units.sentences(item, chosen) == []
    assert standard_units.rows(item) == []
    assert standard_units.use_json(item, chosen)["carbon_per_year"]["value"] is None


def test_rows_hold_only_what_is_known():
    item, _chosen = figures(region="DE")
    labels = [label for label, _item in standard_units.rows(item)]
    assert "CO2e of 1,000 queries" in labels
    assert "SCI of 1,000 tokens written" in labels
    assert not {"Cost of a year", "Energy of a year", "Battery, 1,000 queries"} & set(labels)


def test_json_names_the_users_own_grid():
    item, chosen = figures(g_per_kwh=41.0)
    told = standard_units.use_json(item, chosen)
    assert told["grid"] == {
        "name": "Your own value",
        "intensity": public_parts.figure(chosen.intensity.g_per_kwh),
        "year": None,
        "source": "you",
    }
    assert told["grid"]["intensity"]["value"] == 41.0
    assert told["carbon_per_1000_queries"]["value"] == pytest.approx(0.41)
    assert told["sci_per_1000_tokens"]["score"]["value"] == pytest.approx(0.041)
