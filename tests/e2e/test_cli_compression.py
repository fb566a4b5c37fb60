"""`compression` as a user meets it: real models in a real child, kept in the history, held against the schema."""

import csv
import io
import json
import subprocess
import sys

import jsonschema

from advisor import paths, resources
from advisor.cli import inputs
from advisor.evaluate.compression_plan import KIND, CompressionResult
from advisor.hardware import detect
from advisor.history.store import History


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "compression", *map(str, words)], capture_output=True, text=True, timeout=120
    )


def test_each_language_is_told_written_and_kept(tmp_path, minilm_fp32, minilm_int8):
    file = tmp_path / "loss.csv"
    done = run(minilm_fp32, minilm_int8, "--languages", "en,es,fr,Turkish,sw,ru", "--csv", file, "--sentences", "6")
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    table = [cells for cells in lines if len(cells) > 5]
    assert table[0][:4] == [
        "Language",
        "Text on the web (0 to 5)",
        "Loss (1 - cosine)",
        "Against the average",
    ]
    assert table[1][0] == "Russian"
    assert table[-1][0] == "English"
    assert [len(row) for row in table] == [8] * 7
    assert "6 sentences in each of 6 languages" in done.stdout
    assert "These lose more than the average of all languages, with confidence: Russian" in done.stdout
    assert "without a native speaker's check" in done.stdout
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    assert rows[0]["language"] == "ru"
    assert rows[0]["loses_more"] == "yes"
    assert float(rows[0]["loss_low"]) < float(rows[0]["loss"]) < float(rows[0]["loss_high"])
    (kept,) = History(paths.data_folder() / "history.sqlite").open().evaluations(KIND, CompressionResult)
    assert (kept.model, kept.format) == ("sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic")
    assert inputs.compressions_of(detect.detect()) == (kept,)
    done = run(minilm_fp32, minilm_int8, "--languages", "en,sw", "--sentences", "3", "--json")
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/compression.schema.json")))
    assert [item["code"] for item in value["results"][0]["languages"]] == ["en", "sw"]
    assert "fewer than 5 languages" in " ".join(value["results"][0]["sentences"])


def test_what_cannot_be_compared_is_said_with_exit_code_2(tmp_path, minilm_fp32):
    done = run(minilm_fp32, tmp_path / "none", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "model-file-missing"
    done = run(minilm_fp32, minilm_fp32, "--languages", "xx")
    assert done.returncode == 2
    assert "There is no sample text in 'xx'" in done.stderr
    assert run(minilm_fp32).returncode == 2
