"""Meters, energy of a probe, comparison by turns and the wall meter from the command line: real processes, and a
simulated meter whose counter follows what the processors really do."""

import json

import pytest
from fakes_energy import powercap_tree
from simulated_rapl import running
from test_cli import TINY, document, run


@pytest.fixture
def metered(tmp_path):
    powercap_tree(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 500}})
    with running(tmp_path, idle_w=10.0, core_w=30.0, period_s=0.004):
        yield str(tmp_path / "sys")


def test_meters_are_listed_with_what_they_cover_and_why_they_are_not_used(tmp_path):
    (tmp_path / "sys").mkdir()
    done = run("meters", "--sys", str(tmp_path / "sys"))
    assert done.returncode == 0, done.stderr
    assert "processor package" in done.stdout
    assert "this system has no powercap" in done.stdout
    assert "Processor:" in done.stdout


def test_a_check_reads_the_meters_idle_and_under_load(metered):
    found = document(run("meters", "--check", "--json", "--sys", metered), "meters")
    rapl = next(meter for meter in found["meters"] if meter["id"] == "rapl")
    assert rapl["state"] == "open"
    assert rapl["used"]
    check = next(check for check in found["checks"] if check["meter"] == "rapl")
    assert check["alive"]
    assert check["load_w"] > check["idle_w"] + 5
    assert check["refresh_s"] > 0
    assert check["num_gaps"] == 0


def test_a_probe_says_energy_gross_and_net_and_at_the_plug(metered, tmp_path):
    home = {"MODEL_FIT_ADVISOR_HOME": str(tmp_path / "home")}
    assert "W (processor package)" in run("wall-meter", "--read", "--sys", metered, env=home).stdout
    words = [word for pair in ("10:33", "20:46", "40:69", "60:94", "80:117") for word in ("--pair", pair)]
    kept = document(run("wall-meter", *words, "--sys", metered, "--json", env=home), "wall-meter")
    assert kept["fit"]["b_ratio"] == pytest.approx(1.2, abs=0.02)
    assert kept["boundary"] == "processor package"
    assert "At the plug" in run("wall-meter", env=home).stdout
    done = run("probe", *TINY, "--sys", metered, "--energy-time-share", "0.2", env=home)
    assert done.returncode == 0, done.stderr
    for words in ("Energy, measured (quick protocol)", "A query, gross", "A query, net", "A query at the plug",
                  "Counted: processor package", "RAPL of the processor, by powercap rises from"):  # fmt: skip
        assert words in done.stdout
    # What was measured teaches the estimates of other models: power from the meter, no longer a typical range.
    other = document(run("estimate", "BAAI/bge-small-en-v1.5", "--json", env=home), "estimate")
    assert "power measured here in 1 probe" in other["energy_per_1000_queries"]["basis"]
    assert run("wall-meter", "--forget", env=home).returncode == 0
    assert run("wall-meter", env=home).returncode == 2


def test_candidates_are_not_compared_without_a_meter(tmp_path):
    done = run("compare-energy", "sentence-transformers/all-MiniLM-L6-v2:onnx-fp32", "one:too", "--json")
    assert done.returncode == 2
    assert "one" in done.stderr
    names = [f"sentence-transformers/all-MiniLM-L6-v2:{name}" for name in ("onnx-fp32", "onnx-int8-dynamic")]
    done = run("compare-energy", *names)
    assert done.returncode in (0, 4)  # 0 where this computer does have a meter
    assert done.returncode == 0 or "under a power meter only" in done.stderr
    assert run("compare-energy", names[0]).returncode == 2


@pytest.mark.parametrize(("words", "code"), [
    (("--pair", "10:33"), "wall-too-few"), (("--pair", "ten:33"), "wall-bad-pair"),
])  # fmt: skip
def test_bad_readings_are_refused(words, code, tmp_path):
    done = run("wall-meter", *words, "--json", env={"MODEL_FIT_ADVISOR_HOME": str(tmp_path)})
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == code
