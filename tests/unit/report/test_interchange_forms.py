"""AI Energy Score, SCI and BoAmps: what other tools read, and what must never be claimed there."""

import json
import statistics
from pathlib import Path

import energy_fakes
import fakes_files
import fakes_report
import jsonschema
import msgspec
import pytest
from test_interchange_canonical import MACHINE, banded, built, part, probe_with, result_of

from advisor.energy import standard
from advisor.errors import InvalidFileError, InvalidInputError, OutputError
from advisor.evidence import Quantity, unknown
from advisor.report.interchange import aies, boamps, canonical, formats, run, sci

BOAMPS = json.loads((Path(__file__).parents[2] / "data" / "boamps" / "report.schema.json").read_text())


def on_card():
    return built(probe_with(result_of(part("cpu", 2.0), part("gpu", 5.0), total_j=7.0)))


def file_document():
    energy = result_of(part("cpu", 0.05), total_j=0.05)
    return canonical.build(run.of_file(fakes_files.result(energy=energy)), MACHINE, standard.conditions(MACHINE))


# --- AI Energy Score ---


def test_without_a_meter_of_the_card_its_energy_is_null_everywhere():
    made = aies.files(built())
    report, summary = json.loads(made[aies.REPORT]), json.loads(made[aies.SUMMARY])
    assert (report["prefill"]["energy"]["gpu"], report["decode"]["energy"]["gpu"]) == (None, None)
    assert (summary["total"], summary["prefill_wh"], summary["decode_wh"]) == (None, None, None)
    assert made[aies.TEXT] == b"null\n"


def test_kilowatt_hours_a_phase_are_of_all_queries():
    report = json.loads(aies.files(built())[aies.REPORT])
    assert report["prefill"]["energy"]["unit"] == "kWh"
    assert report["prefill"]["energy"]["total"] == pytest.approx(3500 / 3.6e6)
    assert report["decode"]["energy"]["cpu"] == pytest.approx(11400 / 3.6e6)
    assert report["preprocess"] is None
    assert report["decode"]["efficiency"]["value"] == pytest.approx(1000 / (11400 / 3.6e6))
    assert report["prefill"]["throughput"]["value"] == pytest.approx(10)
    assert report["per_token"]["energy"]["total"] == pytest.approx(0.6 / 3.6e6)
    assert (report["tokens_in"], report["tokens_out"], report["num_queries"]) == (300, 20, 1000)


def test_each_block_is_a_measure_of_all_queries_and_their_mean_is_the_phase():
    probe = energy_fakes.probe()
    document = canonical.build(run.of_probe(probe), MACHINE, standard.conditions(MACHINE))
    told = aies.report(document)["decode"]
    totals = [measure["energy"]["total"] for measure in told["measures"]]
    assert len(totals) == told["num_blocks"] == 3
    assert sum(totals) / len(totals) == pytest.approx(told["energy"]["total"])
    assert max(totals) > min(totals)
    shares = document["energy"]["components"]["cpu"]["phases"]["decode"]["block_shares"]
    assert document["energy"]["components"]["cpu"]["cv"] == pytest.approx(statistics.stdev(shares))


def test_the_summary_is_in_watt_hours_of_the_card():
    made = aies.files(on_card())
    summary = json.loads(made[aies.SUMMARY])
    assert summary["units"] == "Wh"
    assert summary["total"] == pytest.approx(5e3 / 3600)
    assert summary["prefill_wh"] == pytest.approx(5e3 / 3600)  # a model that answers in one run has a prefill only
    assert (summary["preprocess_wh"], summary["decode_wh"]) == (None, None)
    assert float(made[aies.TEXT]) == summary["total"]
    report = json.loads(made[aies.REPORT])
    assert report["prefill"]["energy"]["total"] == pytest.approx(7e3 / 3.6e6)
    assert report["prefill"]["energy"]["ram"] is None


@pytest.mark.parametrize("document", [built, on_card, file_document])
def test_nothing_is_comparable_with_the_leaderboard_and_nothing_has_stars(document):
    made = aies.files(document())
    for name in (aies.REPORT, aies.SUMMARY):
        value = json.loads(made[name])
        assert value["comparable_to_leaderboard"] is False
        assert value["reason"]
    assert b"star" not in b"".join(made.values()).lower()


def test_a_phase_whose_part_has_no_value_has_no_sum():
    below = Quantity(value=None, low=0.0, high=9.0, unit="J", evidence="measured", basis="only a limit is known")
    energy = result_of(
        part("cpu", 2.0), part("gpu", 5.0, per_query_gross_j=below), total_j=7.0, per_query_gross_j=below
    )
    report = json.loads(aies.files(built(probe_with(energy)))[aies.REPORT])
    assert report["prefill"] is None


# --- SCI ---


def test_the_score_is_e_times_i_plus_m_with_all_that_is_disclosed():
    made = sci.build(built(embodied=True))
    query, tokens = made["scores"]
    assert (query["R"], tokens["R"]) == ("one query", "1,000 tokens written")
    for score in made["scores"]:
        grams = score["E_kwh"]["value"] * score["I_g_per_kwh"]["value"] + score["M_g"]["value"]
        assert score["score_g"]["value"] == pytest.approx(grams)
        assert "processor package" in score["boundary"]
        assert "ISO/IEC 21031:2024" in score["method"]
    assert query["E_kwh"]["value"] == pytest.approx(14.9 / 3.6e6)
    assert tokens["E_kwh"]["value"] == pytest.approx(14.9 / 3.6e6 * 50)
    assert any("factor of 2" in told for told in made["embodied_assumptions"])
    assert made["intensity"] == {
        "name": "Germany", "iso3": "DEU", "year": 2024, "source": made["intensity"]["source"],
    }  # fmt: skip


def test_without_the_making_m_is_null_and_the_method_says_so():
    (score, _) = sci.build(built())["scores"]
    assert score["M_g"] is None
    assert "M switched off" in score["method"]


def test_no_country_no_score():
    with pytest.raises(InvalidInputError, match="no country is assumed") as caught:
        sci.build(built(region=None))
    assert "--region" in caught.value.remedy


# --- BoAmps ---


@pytest.mark.parametrize(
    "document", [built, on_card, file_document, lambda: built(region=None), lambda: built(embodied=True)]
)
def test_the_report_has_the_fields_of_the_format_and_no_others(document):
    jsonschema.validate(boamps.build(document()), BOAMPS)


def test_the_schema_here_is_strict_enough_to_see_a_wrong_name():
    made = boamps.build(built())
    made["measures"][0]["power_consumption"] = made["measures"][0].pop("powerConsumption")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, BOAMPS)


def test_energy_is_in_kilowatt_hours_one_measure_a_part():
    cpu, gpu = boamps.build(on_card())["measures"]
    assert (cpu["powerConsumption"], gpu["powerConsumption"]) == (
        pytest.approx(2e3 / 3.6e6), pytest.approx(5e3 / 3.6e6),
    )  # fmt: skip
    assert cpu["measurementDuration"] == pytest.approx(100)
    assert (cpu["cpuTrackingMode"], gpu["gpuTrackingMode"]) == ("m-cpu", "m-gpu")
    assert "gpuTrackingMode" not in cpu


def test_sizes_hardware_and_electricity_are_told():
    made = boamps.build(built())
    assert made["task"]["nbRequest"] == 1000
    assert [item["dataQuantity"] for item in made["task"]["dataset"]] == [300_000, 20_000]
    assert made["task"]["algorithms"][0]["foundationModelUri"] == "https://huggingface.co/acme/small-embedder"
    assert made["environment"] == {"country": "Germany", "powerSourceCarbonIntensity": pytest.approx(342.06)}
    memory = [item for item in made["infrastructure"]["components"] if item["componentType"] == "ram"]
    assert memory == [{"componentType": "ram", "nbComponent": 1, "memorySize": 16}]
    assert made["infrastructure"]["infraType"] == "onPremise"
    assert "environment" not in boamps.build(built(region=None))


def test_a_value_of_ones_own_has_no_country_and_so_no_place():
    chosen = standard.conditions(MACHINE, g_per_kwh=41.0)
    made = boamps.build(canonical.build(run.of_probe(energy_fakes.probe()), MACHINE, chosen))
    assert "environment" not in made


def test_a_virtual_machine_is_nobodys_premises():
    machine = msgspec.structs.replace(
        MACHINE, cpu=msgspec.structs.replace(MACHINE.cpu, virtualised=fakes_report.fact(True))
    )
    document = canonical.build(run.of_probe(energy_fakes.probe()), machine, standard.conditions(machine))
    assert boamps.build(document)["infrastructure"]["infraType"] == "other"


@pytest.mark.parametrize(
    ("low", "high", "quality"),
    [(0.95, 1.05, "high"), (0.8, 1.05, "medium"), (0.95, 1.2, "medium"), (0.6, 1.1, "low"), (0.4, 1.1, None)],
)
def test_quality_follows_the_wider_side_of_the_range(low, high, quality):
    wide = Quantity(value=2.0, low=2.0 * low, high=2.0 * high, unit="J", evidence="measured", basis="by hand")
    energy = result_of(part("cpu", 2.0, per_query_gross_j=wide), total_j=2.0, per_query_gross_j=wide)
    assert boamps.build(built(probe_with(energy))).get("quality") == quality


def test_an_id_of_32_digits_becomes_a_uuid():
    probe = msgspec.structs.replace(energy_fakes.probe(), id="0123456789abcdef0123456789abcdef")
    assert boamps.build(built(probe))["header"]["reportId"] == "01234567-89ab-cdef-0123-456789abcdef"


# --- without a meter ---


def test_the_middle_of_a_typical_range_is_written_nowhere_without_its_range(tmp_path):
    made = aies.files(banded())
    report, summary = json.loads(made[aies.REPORT]), json.loads(made[aies.SUMMARY])
    assert (report["prefill"], report["per_token"], summary["total"]) == (None, None, None)
    assert aies.files(banded("gpu"))[aies.TEXT] == b"null\n"
    with pytest.raises(InvalidInputError, match=r"0\.51 Wh to 0\.61 Wh is a typical range") as caught:
        boamps.build(banded())
    assert "canonical" in caught.value.remedy
    for name in ("codecarbon", "aies"):
        assert "its energies are left empty" in formats.write(banded(), tmp_path / name, name)[-1]
        assert "left empty" not in formats.write(built(), tmp_path / name, name)[-1]
    score, _ = sci.build(banded())["scores"]
    assert score["score_g"]["low"] < score["score_g"]["value"] < score["score_g"]["high"]


def test_a_part_that_is_not_known_at_all_fills_no_form(tmp_path):
    gone = unknown("J", "the meter went away")
    energy = result_of(part("cpu", 1.0, per_query_gross_j=gone), total_j=1.0, per_query_gross_j=gone)
    document = built(probe_with(energy))
    assert document["energy"]["components"]["cpu"] is None
    (*_, said) = formats.write(document, tmp_path / "run", "aies")
    assert "the meter went away" in said
    for name in ("boamps", "codecarbon"):
        with pytest.raises(InvalidInputError, match="the meter went away"):
            formats.write(document, tmp_path / name, name)


# --- writing ---


@pytest.mark.parametrize("name", [name for name in formats.FORMATS if name != "aies"])
def test_each_form_is_one_file(tmp_path, name):
    (line,) = formats.write(built(), tmp_path / "new" / "out", name)
    assert (tmp_path / "new" / "out").stat().st_size > 200
    assert "out" in line
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


def test_ai_energy_score_is_a_folder_of_three(tmp_path):
    formats.write(built(), tmp_path / "run", "aies")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {aies.REPORT, aies.SUMMARY, aies.TEXT}
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="three files"):
        formats.write(built(), tmp_path / "file", "aies")
    assert (tmp_path / "file").read_text() == "mine"


def test_an_unknown_form_lists_those_there_are(tmp_path):
    with pytest.raises(InvalidInputError) as caught:
        formats.write(built(), tmp_path / "x", "xml")
    assert all(name in caught.value.remedy for name in formats.FORMATS)


def test_what_cannot_be_made_leaves_the_file_alone(tmp_path):
    file = tmp_path / "mine"
    file.write_text("mine")
    with pytest.raises(InvalidInputError):
        formats.write(built(region=None), file, "sci")
    with pytest.raises(InvalidFileError):
        formats.write(built(), file, "codecarbon")
    assert file.read_text() == "mine"
