"""Energy for other tools from the command line: one real probe under a simulated meter, written in every form."""

import csv
import json
from pathlib import Path

import jsonschema
import pytest
from fakes_energy import powercap_tree
from simulated_rapl import running
from test_cli import TINY, document, run

from advisor import resources
from advisor.report.interchange import checker, codecarbon_read

BOAMPS = json.loads((Path(__file__).parents[1] / "data" / "boamps" / "report.schema.json").read_text())
THEIRS = (
    "timestamp,project_name,run_id,duration,emissions,cpu_energy,ram_energy,energy_consumed\n"
    "2026-11-23T10:00:00,theirs,a,100,0.002,0.004,0.001,0.005\n"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A history with one probe whose energy a meter gave."""
    folder = tmp_path_factory.mktemp("interchange")
    powercap_tree(folder, {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 500}})
    env = {"MODEL_FIT_ADVISOR_HOME": str(folder / "home")}
    with running(folder, idle_w=10.0, core_w=30.0, period_s=0.004):
        found = document(
            run("probe", *TINY, "--sys", str(folder / "sys"), "--energy-time-share", "0.2", "--json", env=env), "probe"
        )
    return env, found


def test_a_probe_is_written_in_every_form_and_all_say_the_same_energy(home, tmp_path):
    env, found = home

    def write(form, file, *words):
        done = run("export-energy", *words, "--format", form, "-o", str(tmp_path / file), "--region", "DE", env=env)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert file in done.stdout
        return tmp_path / file

    file = write("canonical", "energy.json", "latest", "--embodied")
    assert checker.check_bytes(file.read_bytes()) == ()
    whole = json.loads(file.read_bytes())
    jsonschema.validate(whole, json.loads(resources.read("schema/fit-energy.schema.json")))
    joules = whole["energy"]["total"]["gross_j"]["value"]
    assert whole["id"] == found["id"]
    assert joules / 1000 == pytest.approx(found["energy"]["per_query_gross_j"]["value"])
    assert whole["energy"]["total"]["parts"] == ["cpu"]
    assert whole["energy"]["components"]["cpu"]["meter_id"] == "rapl"
    assert whole["energy"]["components"]["gpu"] is None
    assert whole["model"]["params"] == 22_713_216
    power_w = joules / whole["energy"]["duration_s"]["value"]
    assert power_w > 10  # idle watts of the simulated meter, and something on top

    rows = write("codecarbon", "emissions.csv")
    write("codecarbon", "emissions.csv", whole["id"][:8])
    back = codecarbon_read.read(rows)
    assert back.num_rows == 2
    assert back.num_runs == 1  # the same measurement again is a later state of it
    assert back.energy_wh / 1000 == pytest.approx(joules / 3.6e6, rel=1e-9)
    with rows.open(newline="") as lines:
        first = next(csv.DictReader(lines))
    assert (first["gpu_energy"], first["codecarbon_version"], first["country_iso_code"]) == ("", "", "DEU")

    folder = write("aies", "aies")
    assert json.loads((folder / "GPU_ENERGY_SUMMARY.json").read_bytes())["total"] is None
    report = json.loads((folder / "benchmark_report.json").read_bytes())
    assert report["prefill"]["energy"]["total"] == pytest.approx(joules / 3.6e6)
    assert report["comparable_to_leaderboard"] is False

    score = json.loads(write("sci", "sci.json", "--embodied").read_bytes())["scores"][0]
    grams = score["E_kwh"]["value"] * score["I_g_per_kwh"]["value"] + score["M_g"]["value"]
    assert score["score_g"]["value"] == pytest.approx(grams)
    assert score["E_kwh"]["value"] == pytest.approx(joules / 3.6e6 / 1000)

    boamps = json.loads(write("boamps", "boamps.json").read_bytes())
    jsonschema.validate(boamps, BOAMPS)
    assert boamps["measures"][0]["powerConsumption"] == pytest.approx(joules / 3.6e6)


def test_codecarbon_stands_beside_our_latest_probes(home, tmp_path):
    env, found = home
    file = tmp_path / "theirs.csv"
    file.write_text(THEIRS)
    value = document(run("compare-codecarbon", str(file), "--json", "--region", "FR", env=env), "compare-codecarbon")
    assert value["codecarbon"]["energy_wh"] == pytest.approx(5)
    assert value["codecarbon"]["power_w"] == pytest.approx(180)
    (ours,) = value["ours"]
    assert ours["id"] == found["id"]
    assert ours["power"]["value"] > 10
    assert ours["g_per_kwh"]["value"] == pytest.approx(44, abs=1)
    done = run("compare-codecarbon", str(file), env=env)
    assert done.returncode == 0, done.stderr
    for words in (
        "CodeCarbon\truns: 1\t100 s\t5 Wh\t180 W", "1,000 queries of sentence-transformers/",
        "memory by a constant (20% of the energy in this file)", "This app counts: processor package",
    ):  # fmt: skip
        assert words in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("latest", "-f", "sci", "-o", "sci.json"), "no country is assumed"),
        (("latest", "-o", "x.json", "--queries", "0"), "--queries 0 cannot be used"),
        (("nothing", "-o", "x.json"), "Those with energy: "),
        (("latest", "-o", "x.json", "--region", "Atlantis"), "Atlantis"),
        (("latest", "-o", "."), "is a folder"),
        (("latest", "-f", "codecarbon", "-o", "theirs.csv"), "its column 4 is 'duration'"),
        (("latest", "-f", "aies", "-o", "theirs.csv"), "three files"),
    ],
)
def test_what_cannot_be_written_is_said_and_nothing_is_changed(home, tmp_path, words, said):
    (tmp_path / "theirs.csv").write_text(THEIRS)
    done = run("export-energy", *words, env=home[0], cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["theirs.csv"]
    assert (tmp_path / "theirs.csv").read_text() == THEIRS


def test_without_a_measurement_the_way_to_one_is_said(tmp_path):
    env = {"MODEL_FIT_ADVISOR_HOME": str(tmp_path / "home")}
    done = run("export-energy", "-o", str(tmp_path / "x.json"), env=env)
    assert done.returncode == 2
    assert "--energy quick" in done.stderr
    (tmp_path / "bad.csv").write_text(THEIRS.replace("0.005", "0,005"))
    done = run("compare-codecarbon", str(tmp_path / "bad.csv"), "--json", env=env)
    assert done.returncode == 2
    assert "row 2" in json.loads(done.stdout)["error"]["message"]
    (tmp_path / "good.csv").write_text(THEIRS)
    done = run("compare-codecarbon", str(tmp_path / "good.csv"), env=env)
    assert done.returncode == 0
    assert "CodeCarbon" in done.stdout
    assert "--energy quick" in done.stderr
