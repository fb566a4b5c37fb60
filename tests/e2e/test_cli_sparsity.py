"""`sparsity` as a user meets it: a real child reads real files; the document is held against its schema."""

import json
import struct
import subprocess
import sys

import jsonschema
from header_files import safetensors_bytes, safetensors_header

from advisor import resources


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "sparsity", *map(str, words)], capture_output=True, text=True, timeout=60
    )


def test_a_pruned_model(tmp_path):
    names = [f"model.layers.{layer}.mlp.up_proj.weight" for layer in range(2)]
    entries, _ = safetensors_header(dict.fromkeys(names, ("F32", (16, 8))))
    rows = [0.0 if place // 8 in (2, 3) else 1.0 for place in range(128)]
    pairs = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0] * 8
    body = struct.pack("<256f", *rows, *pairs)
    (tmp_path / "model.safetensors").write_bytes(safetensors_bytes(entries) + body)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    for text in ("80 of 256 parameters", "31.2 %", "whole rows", "2:4", "16 numbers", "save no memory", "TensorRT"):
        assert text in done.stdout, text
    done = run(tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/sparsity.schema.json")))
    assert value["zero_share"]["value"] == 80 / 256
    assert [(row["name"], row["pattern"]) for row in value["tensors"]] == [(names[1], "2:4"), (names[0], "rows")]


def test_what_cannot_be_read_is_said(tmp_path):
    done = run(tmp_path / "nothing", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "model-file-missing"
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    assert "pickle" in run(tmp_path / "pytorch_model.bin").stderr.lower()
