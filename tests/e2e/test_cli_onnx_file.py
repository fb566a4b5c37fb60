"""`probe FILE.onnx` as a user meets it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from advisor import resources

sys.path.append(str(Path(__file__).parents[1] / "unit" / "graphs"))

import onnx_files


def probe(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "probe", *map(str, words)],
        capture_output=True, text=True, timeout=120, env=dict(os.environ), **options,
    )  # fmt: skip


def test_a_file_is_measured_and_its_document_follows_the_schema(tmp_path):
    file = onnx_files.write(tmp_path, onnx_files.lookup(37))
    done = probe(file, "--dim", "sequence=9", "--threads", "1", "--time-limit", "12", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/probe-file.schema.json")))
    assert value["inputs"][0]["shape"] == [1, 9]
    assert value["inputs"][0]["values"] == "0 to 36"
    assert {item["name"]: item["why"] for item in value["free_dimensions"]}["sequence"] == "asked for"
    assert value["time_per_query"]["evidence"] == "measured"
    assert value["num_threads"] == 1
    assert value["agreement"] is None
    assert value["placement"][0]["provider"] == "CPUExecutionProvider"
    energy, time = value["energy_per_1000_queries"], value["time_per_query"]
    if energy["value"] is not None:
        assert energy["evidence"] != "measured"
        assert energy["high"] / energy["low"] >= time["high"] / time["low"]


def test_the_next_probe_of_the_same_content_and_sizes_says_whether_it_agrees(tmp_path):
    first = onnx_files.write(tmp_path, onnx_files.lookup(37), "first.onnx")
    (tmp_path / "copy.onnx").write_bytes(first.read_bytes())
    words = ("--threads", "1", "--time-limit", "12")
    earlier = json.loads(probe(first, "--dim", "sequence=9", *words, "--json").stdout)
    other_size = json.loads(probe(first, "--dim", "sequence=10", *words, "--json").stdout)
    assert other_size["agreement"] is None
    again = json.loads(probe(tmp_path / "copy.onnx", "--dim", "sequence=9", *words, "--json").stdout)
    jsonschema.validate(again, json.loads(resources.read("schema/probe-file.schema.json")))
    assert again["agreement"]["earlier"] == earlier["id"]
    assert again["agreement"]["sentence"]
    assert again["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()


def test_the_text_names_inputs_free_sizes_and_providers(tmp_path):
    done = probe(onnx_files.external(tmp_path), "--shape", "x=2x8", "--time-limit", "12")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["x", "float32", "2x8", "normal distribution (floats around 0)"] in rows
    assert ["N", "2", "asked for"] in rows
    assert ["Nodes that ran on the processor (CPUExecutionProvider): 1."] in rows
    assert "model.data" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--shape", "x=axb"), "is no shape"),
        (("--dim", "N=many"), "is no size"),
        (("--dim", "M=3"), "no free dimension named 'M'"),
        (("--shape", "x=3x9"), "cannot have the shape 3x9"),
        (("--provider", "coreml"), "available here: cpu"),
        (("--threads", "100000"), "--threads 100000 is far more than the"),
    ],
)
def test_words_that_do_not_fit_are_one_sentence(tmp_path, words, sentence):
    file = onnx_files.write(tmp_path, onnx_files.product())
    done = probe(file, *words, "--json")
    assert done.returncode == 2, done.stdout
    error = json.loads(done.stdout)["error"]
    assert sentence.lower() in f"{error['message']} {error['remedy']}".lower()
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_file_is_named(tmp_path):
    done = probe(tmp_path / "nowhere.onnx")
    assert done.returncode == 2
    assert "nowhere.onnx cannot be opened" in done.stderr


def test_sizes_are_refused_for_a_model_of_the_catalog():
    done = probe("sentence-transformers/all-MiniLM-L6-v2", "--dim", "batch=1")
    assert done.returncode == 2
    assert "--shape and --dim" in done.stderr
