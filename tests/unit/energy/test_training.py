"""Published trainings with their arithmetic, and the number of queries after which use has taken as much."""

import json
import math

import fakes_estimate as made
import pytest

from advisor import resources
from advisor.catalog import load
from advisor.energy import training
from advisor.errors import InvalidFileError, InvalidInputError
from advisor.evidence import unknown

RAW = json.loads(resources.read(training.FILE_NAME))
BY_ID = {item.id: item for item in training.trainings()}


def test_the_known_trainings_have_their_published_figures():
    gpt, bloom = training.references()
    assert (gpt.energy.value, gpt.carbon.value) == (1_287_000, 552.1e6)
    assert bloom.energy.value == pytest.approx(433_000, rel=0.001)
    assert bloom.carbon.value == pytest.approx(25e6, rel=0.02)
    assert BY_ID["t5-11b"].energy.value == 85_700
    assert BY_ID["meena"].energy.value == 232_000


@pytest.mark.parametrize(
    "row", [row for row in RAW["trainings"] if row["gpu_hours"] and row["gpu_w"]], ids=lambda r: r["id"]
)
def test_derived_energies_are_hours_times_watts(row):
    assert row["energy_kwh"] == pytest.approx(row["gpu_hours"] * row["gpu_w"] / 1000, rel=0.001)


def test_derived_figures_are_assumed_and_wider():
    for item in training.trainings():
        k = item.energy.high / item.energy.value
        assert item.energy.evidence == ("assumed" if item.kind == "derived" else "estimated")
        assert k >= (1.5 if item.kind == "derived" else 1.2) - 1e-9
        assert item.source
        assert item.what


def test_every_model_is_in_the_catalog_with_as_many_parameters():
    cards = {card.id: card for card in load.catalog().models}
    keyed = [(item, name) for item in training.trainings() for name in item.models]
    assert len(keyed) >= 18
    for item, name in keyed:
        assert cards[name].num_parameters() == pytest.approx(item.num_parameters, rel=0.02), name
        assert training.of_model(name) == item
    assert training.of_model("nobody/nothing") is None
    assert len({name for _item, name in keyed}) == len(keyed)


def test_queries_until_use_equals_training():
    # 73,728 kWh at 10 Wh a thousand queries: 7.37 billion queries; at 1,000 a day 20,200 years.
    told = training.break_even(BY_ID["llama-2-7b"], made.quantity(10.0, "Wh", k=2.0), 1000.0)
    assert told.num_queries.value == pytest.approx(73_728_000 / 0.01)
    k = math.exp(math.hypot(math.log(1.5), math.log(2.0)))
    assert told.num_queries.high / told.num_queries.value == pytest.approx(k)
    assert told.time.value == pytest.approx(7.3728e9 / 365_000)
    assert told.num_queries.evidence == "assumed"
    assert told.sentence == (
        "7.4 B queries take as much electricity as training Llama 2 7B did (73,728 kWh): 20,000 years at your volume."
    )


def test_without_a_volume_or_an_energy_no_years_and_no_zero():
    told = training.break_even(BY_ID["bert-base"], made.quantity(1.0, "Wh"))
    assert (told.time.value, told.num_queries.value) == (None, pytest.approx(1.507e9))
    assert told.sentence.endswith("(1,507 kWh).")
    gap = training.break_even(BY_ID["bert-base"], unknown("Wh", "no meter"), 10.0)
    assert (gap.num_queries.value, gap.time.value) == (None, None)
    assert "not known" in gap.sentence


@pytest.mark.parametrize("volume", [0, -1, math.inf, math.nan])
def test_an_impossible_volume_is_refused(volume):
    with pytest.raises(InvalidInputError, match=str(volume)):
        training.break_even(BY_ID["bert-base"], made.quantity(1.0, "Wh"), volume)


@pytest.mark.parametrize("change", [{"energy_kwh": 0}, {"k": 0.9}, {"carbon_g": -1}, {"year": "x"}])
def test_a_damaged_table_is_refused(change):
    rows = [RAW["trainings"][0] | change, *RAW["trainings"][1:]]
    with pytest.raises(InvalidFileError) as caught:
        training.parse(json.dumps(RAW | {"trainings": rows}).encode())
    assert "trainings[0]" in caught.value.message
    with pytest.raises(InvalidFileError, match="schema_version"):
        training.parse(json.dumps(RAW | {"schema_version": 0, "trainings": []}).encode())
