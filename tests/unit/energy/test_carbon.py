"""Grid intensities by code or name, bad rows refused, carbon with a combined range."""

import csv
import importlib.util
import json
import math

import fakes_estimate as made
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor import resources
from advisor.energy import carbon
from advisor.errors import InvalidFileError, InvalidInputError, NotFoundError
from advisor.evidence import Quantity, unknown

RAW = resources.read(carbon.FILE_NAME)


def changed(**fields):
    table = json.loads(RAW)
    table["rows"][7] |= fields
    return json.dumps(table).encode()


@pytest.mark.parametrize(
    ("asked", "iso3"),
    [
        ("DE", "DEU"),
        ("deu", "DEU"),
        (" germany ", "DEU"),
        ("Turkiye", "TUR"),
        ("UK", "GBR"),
        ("côte d'ivoire", "CIV"),
        ("Ivory Coast", "CIV"),
        ("India", "IND"),
        ("World", None),
        ("REGION:World", None),
        ("region:africa", None),
        ("European Union", None),
    ],
)
def test_a_place_is_found_by_code_or_name(asked, iso3):
    assert carbon.grid(asked).iso3 == iso3


def test_values_are_those_of_the_facts():
    assert carbon.grid("FRA").g_per_kwh.value == pytest.approx(44, abs=0.5)
    assert carbon.grid("POL").g_per_kwh.value == pytest.approx(615, abs=0.5)
    assert carbon.grid("World").g_per_kwh.value == pytest.approx(472.94)
    assert carbon.grid("World").year == 2024
    assert "Ember" in carbon.grid("FRA").source


def test_every_place_has_a_source_a_year_and_codes_of_its_own():
    places = carbon.regions()
    assert len(places) == 225
    assert sum(place.iso3 is None for place in places) == 12
    for codes in ([p.iso3 for p in places if p.iso3], [p.iso2 for p in places if p.iso2]):
        assert len(codes) == len(set(codes)) == 213
    assert all(place.source and 2000 < place.year < 2030 for place in places)
    names = [place.name for place in places if place.iso3]
    assert names[0] == "Afghanistan"
    assert names[-1] == "Zimbabwe"


def test_a_noted_value_has_a_wider_range_and_shows_its_note():
    plain, noted = carbon.grid("DEU").g_per_kwh, carbon.grid("FLK")
    assert plain.high / plain.value == pytest.approx(1.3)
    assert noted.g_per_kwh.high / noted.g_per_kwh.value == pytest.approx(2.0)
    assert "suspect" in noted.note
    assert noted.note in noted.g_per_kwh.basis


@pytest.mark.parametrize(("asked", "offered"), [("germny", "Germany"), ("Korea S", ""), ("congo, the", "Congo")])
def test_an_unknown_place_is_named_and_a_near_one_offered(asked, offered):
    with pytest.raises(NotFoundError) as caught:
        carbon.grid(asked)
    assert caught.value.code == "region-unknown"
    assert repr(asked) in caught.value.message
    assert offered in caught.value.remedy


def test_a_place_like_nothing_gets_an_example():
    with pytest.raises(NotFoundError, match="'qq'") as caught:
        carbon.grid("qq")
    assert "DE, FRA or IN" in caught.value.remedy
    with pytest.raises(NotFoundError):
        carbon.grid("x" * 1_000_000)


@pytest.mark.parametrize("value", [0, -3.5, 1500.1])
def test_an_impossible_intensity_is_refused_with_file_row_and_field(value):
    with pytest.raises(InvalidFileError) as caught:
        carbon.parse(changed(g_per_kwh=value))
    assert caught.value.code == "resource-invalid"
    for word in ("grid/intensity.json", "rows[7]", "g_per_kwh", f"{value:g}"):
        assert word in caught.value.message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "grid/intensity.json"),
        (changed(year="last"), "rows[7].year"),
        (changed(source=9), "rows[7].source"),
        (changed(extra=1), "extra"),
        (RAW.replace(b'"schema": 1', b'"schema": 2'), "schema is 2"),
        (RAW[: len(RAW) // 2], "grid/intensity.json"),
    ],
)
def test_a_damaged_table_is_refused(raw, words):
    with pytest.raises(InvalidFileError) as caught:
        carbon.parse(raw)
    assert words in caught.value.message


def energy(value, k=1.0, evidence="estimated"):
    return made.quantity(value, "Wh", k=k, evidence=evidence)


@given(st.floats(0.001, 1e6), st.floats(1.0, 5.0))
def test_carbon_is_energy_times_intensity_with_ranges_in_squares(energy_wh, k):
    germany = carbon.grid("DE")
    told = carbon.carbon(energy(energy_wh, k), germany)
    assert told.value == pytest.approx(energy_wh * 342.06 / 1000)
    spread = math.exp(math.hypot(math.log(k), math.log(1.3)))
    assert told.high / told.value == pytest.approx(spread)
    assert told.value / told.low == pytest.approx(spread)
    assert told.unit == "g"


def test_carbon_is_at_best_estimated():
    germany = carbon.grid("DE")
    assert carbon.carbon(energy(1.0, evidence="measured"), germany).evidence == "estimated"
    assert carbon.carbon(energy(1.0, evidence="assumed"), germany).evidence == "assumed"


def test_no_energy_no_carbon_and_never_zero():
    told = carbon.carbon(unknown("Wh", "no meter"), carbon.grid("DE"))
    assert (told.value, told.evidence) == (None, "excluded")
    assert "no meter" in told.basis


def test_ends_that_are_missing_or_zero_add_no_spread():
    bare = Quantity(value=2.0, unit="Wh", evidence="estimated", basis="made by hand")
    told = carbon.carbon(bare, carbon.grid("DE"))
    assert told.high / told.value == pytest.approx(1.3)
    nothing = carbon.carbon(energy(0.0), carbon.grid("DE"))
    assert nothing.value == nothing.low == nothing.high == 0.0
    blank = msgspec.structs.replace(carbon.grid("DE"), g_per_kwh=unknown("g/kWh", "none"))
    assert carbon.carbon(energy(1.0), blank).value is None


def test_the_users_own_value_is_assumed_and_has_no_range():
    own = carbon.custom(41)
    assert (own.g_per_kwh.value, own.g_per_kwh.evidence, own.g_per_kwh.basis) == (41.0, "assumed", "your own value")
    assert (own.iso3, own.year, own.name) == (None, None, "Your own value")
    told = carbon.carbon(energy(1000.0, k=2.0, evidence="measured"), own)
    assert (told.value, told.evidence) == (pytest.approx(41.0), "assumed")
    assert told.high / told.value == pytest.approx(2.0)
    assert carbon.custom(1500).g_per_kwh.value == 1500


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 1500.1, 41_000])
def test_an_absurd_value_is_refused_with_its_field_and_what_to_do(value):
    with pytest.raises(InvalidInputError) as caught:
        carbon.intensity("DE", value)
    assert caught.value.code == "intensity-invalid"
    assert "grid_g_per_kwh" in caught.value.message
    assert f"{value:g}" in caught.value.message
    assert "1500" in caught.value.remedy


def test_own_value_then_region_then_nothing():
    assert carbon.intensity("DE", 41).name == "Your own value"
    assert carbon.intensity("DE").iso3 == "DEU"
    assert carbon.intensity(carbon.WORLD).g_per_kwh.value == pytest.approx(472.94)
    assert carbon.intensity(None) is None
    assert carbon.intensity("") is None
    with pytest.raises(NotFoundError):
        carbon.intensity("Atlantis")


def build_script():
    path = made.REPOSITORY / "packaging" / "grid" / "build_grid.py"
    spec = importlib.util.spec_from_file_location("build_grid", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_builds_the_shipped_table_again(tmp_path):
    script, table = build_script(), json.loads(RAW)
    facts = tmp_path / "facts.csv"
    with facts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("iso3", "name", "gco2e_per_kwh", "year", "source", "note"))
        for row in table["rows"]:
            name = row["name"] if row["iso3"] else script.REGION_PREFIX + row["name"]
            source = table["sources"][row["source"]]
            writer.writerow((row["iso3"], name, row["g_per_kwh"], row["year"], source, row["note"]))
    assert script.text(script.build(facts)).encode() == RAW


def test_the_script_stops_at_a_country_without_a_code(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text("iso3,name,gco2e_per_kwh,year,source,note\nQQQ,Nowhere,1,2024,made,\n", "utf-8")
    with pytest.raises(SystemExit, match="line 2: no two-letter code for QQQ"):
        build_script().build(facts)
