"""The command line as a user meets it: real processes, real catalog, real probe."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from advisor import resources, settings

FLAGSHIP = (
    "sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second"
)
TINY = ("sentence-transformers/all-MiniLM-L6-v2", "--format", "onnx-int8-dynamic")


def run(*words, stdin=None, cwd=None, env=None):
    return subprocess.run(
        [sys.executable, "-m", "advisor", *words],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=240,
    )


def document(done, name, code=0):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read(f"schema/{name}.schema.json")))
    return value


def figures(value):
    if isinstance(value, dict):
        if "evidence" in value and "unit" in value:
            yield value
        else:
            for part in value.values():
                yield from figures(part)
    elif isinstance(value, list):
        for part in value:
            yield from figures(part)


def test_help_lists_every_command_and_the_exit_codes():
    done = run("--help")
    assert done.returncode == 0
    for word in ("hardware", "describe", "catalog", "estimate", "recommend", "probe", "report", "Exit codes"):
        assert word in done.stdout


def test_version():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("model-fit-advisor 0.")


def test_hardware_as_json():
    value = document(run("hardware", "--json"), "hardware")
    assert value["memory"]["total_bytes"]["value"] > 0
    assert "CPUExecutionProvider" in value["runtime"]["providers"]["value"]


def test_hardware_is_saved_and_planned_for(tmp_path):
    file = tmp_path / "other.json"
    assert run("hardware", "--set", "memory.total_bytes=64GiB", "--save", str(file)).returncode == 0
    value = document(run("hardware", "--machine", str(file), "--json"), "hardware")
    assert value["memory"]["total_bytes"]["value"] == 64 * 2**30


def test_describe_understands_the_flagship():
    value = document(run("describe", FLAGSHIP, "--json"), "describe")
    assert value["task"]["kind"] == "text-classification"
    assert sorted(value["task"]["languages"]) == ["de", "hi"]
    assert value["task"]["num_labels"] == 6
    assert value["task"]["num_queries_per_day"] == 500
    assert value["task"]["power_source"] == "battery"
    assert "not_understood" in value


def test_describe_reads_standard_input():
    value = document(run("describe", "-", "--json", stdin="translate letters from Polish to German"), "describe")
    assert value["task"]["kind"] == "translation"


def test_controls_win_over_words():
    value = document(
        run("describe", FLAGSHIP, "--with", "languages=fr", "--with", "num_labels=3", "--json"), "describe"
    )
    assert value["task"]["languages"] == ["fr"]
    assert value["task"]["num_labels"] == 3


def test_catalog_is_searched():
    value = document(run("catalog", "--task", "summarization", "--json"), "catalog")
    assert len(value["models"]) > 5
    assert all("summarization" in card["tasks"] for card in value["models"])


def test_estimate_has_every_figure_with_its_range():
    value = document(run("estimate", "Qwen/Qwen2.5-0.5B-Instruct", "--format", "gguf-q4_k_m", "--json"), "estimate")
    shown = list(figures(value))
    assert len(shown) > 8
    for figure in shown:
        assert set(figure) >= {"value", "low", "high", "unit", "evidence", "basis"}
        if figure["value"] is not None and figure["low"] is not None:
            assert figure["low"] <= figure["value"] <= figure["high"]


def test_recommend_picks_something_small_for_a_small_job():
    value = document(run("recommend", "--task", FLAGSHIP, "--region", "DE", "--memory", "16GiB", "--json"), "recommend")
    assert value["pick"]["reason"]
    picked = value["candidates"][0]
    assert picked["verdict"] == "fits"
    assert picked["energy_per_1000_queries"]["value"] < 20
    assert picked["carbon_per_1000_queries"]["value"] > 0
    parts = picked["memory_parts"]
    assert picked["memory"]["value"] == pytest.approx(sum(part["value"] for part in parts.values()), rel=1e-6)


def test_recommend_without_a_region_shows_no_carbon():
    value = document(run("recommend", "--task", "chat in English", "--json"), "recommend")
    carbon = value["candidates"][0]["carbon_per_1000_queries"]
    assert carbon["value"] is None
    assert carbon["evidence"] == "excluded"


def test_the_region_of_the_settings_holds_in_the_terminal_too():
    settings.save(settings.Settings(region="FR"))
    value = document(run("recommend", "--task", "chat in English", "--json"), "recommend")
    french = value["candidates"][0]["carbon_per_1000_queries"]["value"]
    value = document(run("recommend", "--task", "chat in English", "--region", "PL", "--json"), "recommend")
    assert value["candidates"][0]["carbon_per_1000_queries"]["value"] > 5 * french > 0


def test_recommend_piped_is_plain_text():
    done = run("recommend", "--task", FLAGSHIP, "--memory", "16GiB")
    assert done.returncode == 0, done.stderr
    assert "\x1b[" not in done.stdout
    assert "Pick:" in done.stdout


def test_impossible_needs_have_their_own_exit_code():
    done = run(
        "recommend", "--task", "chat in English", "--memory", "16GiB", "--with", "max_memory_bytes=20MiB", "--json"
    )
    value = document(done, "recommend", code=3)
    assert value["pick"] is None
    assert value["why_no_pick"]


def test_probe_measures_and_the_next_recommendation_shows_it():
    value = document(run("probe", *TINY, "--json"), "probe")
    assert value["outcome"] == "finished"
    assert value["kind"] == "synthetic"
    assert value["depths_measured"]
    assert value["rate"]["evidence"] == "measured-synthetic"
    assert value["peak_memory"]["value"] > 20 * 2**20
    assert value["estimate"]["memory"]["value"] > 0
    assert value["grade"] in {"A", "B", "C"}
    # The folder of this test keeps the history: another process sees the measurement.
    again = document(run("recommend", "--task", "find similar sentences in English", "--json", "--all"), "recommend")
    measured = [c for c in again["candidates"] if c["model"] == TINY[0] and c["measured"] is not None]
    assert [c["format"] for c in measured] == ["onnx-int8-dynamic"]
    assert "1 probe made here. Calibrate this computer" in run("recommend", "--task", "find similar texts").stderr
    alone = document(run("estimate", *TINY, "--json"), "estimate")
    assert alone["measured"]["rate"] == value["rate"]
    assert alone["measured"]["same_workload"]
    assert "Measured here on" in run("estimate", *TINY).stdout
    other = document(run("estimate", TINY[0], "--format", "onnx-fp32", "--json"), "estimate")
    assert other["measured"] is None


def test_memory_kept_free_holds_for_one_model_as_for_all():
    settings.save(settings.Settings(memory_reserve_bytes=2**40))
    value = document(run("estimate", *TINY, "--json"), "estimate")
    assert value["verdict"] == "does-not-fit"


@pytest.mark.parametrize("ending", ["html", "pdf", "md", "json", "csv"])
def test_report_of_each_kind(tmp_path, ending):
    file = tmp_path / f"answer.{ending}"
    done = run("report", "--task", FLAGSHIP, "--region", "DE", "--memory", "16GiB", "--output", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_size > 2000
    if ending == "json":
        jsonschema.validate(json.loads(file.read_text()), json.loads(resources.read("schema/report.schema.json")))
    if ending == "json":
        told = json.loads(file.read_text())["energy"]
        assert told["settings"][0].startswith("Electricity: Germany")
        assert "no price is set" in " ".join(told["settings"]).lower()
    if ending == "pdf":
        info = subprocess.run(["pdfinfo", str(file)], capture_output=True, text=True, check=True).stdout
        assert "Tagged:          yes" in info


def test_a_report_takes_price_intensity_and_making(tmp_path):
    file = tmp_path / "answer.json"
    words = ("--grid-g-per-kwh", "120", "--price", "0.25", "--currency", "CHF", "--embodied")
    done = run("report", "--task", FLAGSHIP, "--memory", "16GiB", "--output", str(file), *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(file.read_text())
    figures = {item["label"]: item["quantity"] for item in told["energy"]["figures"]}
    energy_wh = figures["Energy of 1,000 queries"]["value"]
    assert figures["CO2e of 1,000 queries"]["value"] == pytest.approx(energy_wh * 0.120)
    assert figures["Cost of 1,000 queries"]["value"] == pytest.approx(energy_wh / 1000 * 0.25)
    assert figures["Cost of 1,000 queries"]["unit"] == "CHF"
    assert figures["Making of the computer, 1,000 queries"]["value"] > 0
    assert told["carbon"]["intensity"]["value"] == 120


BAD_INPUT = [
    (("estimate", "no/such-model"), "no/such-model"),
    (("estimate", "Qwen/Qwen2.5-0.5B-Instruct", "--format", "q9"), "q9"),
    (("probe", "state-spaces/mamba-130m-hf"), "mamba"),
    (("recommend", "--task", ""), "empty"),
    (("recommend", "--task", "x" * 100_000), "20,000"),
    (("recommend", "--task", "chat", "--with", "quality_need=superb"), "basic"),
    (("recommend", "--task", "chat", "--with", "colour=blue"), "colour"),
    (("recommend", "--task", "chat", "--with", "nonsense"), "FIELD=VALUE"),
    (("recommend", "--task", "chat", "--region", "Atlantis"), "Atlantis"),
    (("recommend", "--task", "chat", "--memory", "much"), "much"),
    (("hardware", "--set", "memory.colour=3"), "memory.colour"),
    (("catalog", "--max-parameters", "big"), "big"),
    (("report", "--task", "chat", "--output", "answer.doc"), ".doc"),
    (("report", "--task", "chat", "--output", "answer.md", "--price", "-1"), "price_per_kwh"),
]


@pytest.mark.parametrize(("words", "named"), BAD_INPUT, ids=[" ".join(w)[:40] for w, _ in BAD_INPUT])
def test_bad_input_is_one_clear_error(words, named):
    done = run(*words)
    assert done.returncode == 2, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_script_does_not_stop_the_answer():
    value = document(run("describe", "\u16a0\u16a2\u16a6\u16a8\u16b1\u16b2", "--json"), "describe")
    assert value["not_understood"]


@pytest.mark.parametrize("damage", ["cut", "newer", "folder", "missing"])
def test_a_bad_profile_is_named(tmp_path, damage):
    file = tmp_path / "machine.json"
    run("hardware", "--save", str(file))
    text = file.read_text()
    if damage == "cut":
        file.write_text(text[: len(text) // 2])
    elif damage == "newer":
        file.write_text(
            text.replace('"schema_version": 1', '"schema_version": 99').replace(
                '"schema_version":1', '"schema_version":99'
            )
        )
    else:
        file.unlink()
        if damage == "folder":
            file.mkdir()
    done = run("recommend", "--task", "chat", "--machine", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_is_not_written_over_a_folder(tmp_path):
    target = tmp_path / "answer.html"
    target.mkdir()
    done = run("report", "--task", "chat", "--output", str(target))
    assert done.returncode == 2
    assert "folder" in done.stderr


def test_a_full_disk_leaves_nothing_half_written():
    done = run("report", "--task", "chat in English", "--output", "/dev/full/answer.html")
    assert done.returncode == 2
    assert "/dev/full" in done.stderr


def test_a_corrupt_history_is_set_aside(tmp_path):
    file = tmp_path / "data" / "history.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"this is no database" * 100)
    done = run("recommend", "--task", "chat in English", "--json", env={"MODEL_FIT_ADVISOR_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "history" in done.stderr
    assert "Traceback" not in done.stderr
    kept = [p for p in file.parent.iterdir() if "corrupt" in p.name]
    assert [p.read_bytes() for p in kept] == [b"this is no database" * 100]


def test_a_locked_history_does_not_lose_the_measurement_on_screen(tmp_path):
    env = {"MODEL_FIT_ADVISOR_HOME": str(tmp_path)}
    document(run("probe", *TINY, "--json", env=env), "probe")
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "history.sqlite", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        done = run("probe", *TINY, "--json", env=env)
    document(done, "probe")
    assert "history" in done.stderr


def test_no_display_is_one_sentence():
    env = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    done = run(env=env)
    assert done.returncode == 2
    assert "recommend" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_scripts_say_so_too_without_a_display():
    root = Path(__file__).parents[2]
    env = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}
    done = subprocess.run([str(root / "run.sh")], capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 2
    assert "./run.sh recommend" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_closed_pipe_is_not_an_error():
    with subprocess.Popen(
        [sys.executable, "-m", "advisor", "catalog"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
        assert process.wait(60) == 0


def test_hardware_lists_every_fact_with_its_source_and_what_can_be_set():
    done = run("hardware")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 4][1:]
    assert len(rows) > 25
    assert all(source for _, _, _, source, _ in rows), "each fact names its source, or why there is none"
    names = [name for *_, name in rows if name]
    assert "memory.total_bytes" in names
    assert "runtime.version" not in names
