"""`sparsity` as a user meets it: a real child reads real files; the document is held against its schema."""

import json
import struct
import subprocess
import sys
import threading

import jsonschema
from header_files import safetensors_bytes, safetensors_header, write_safetensors

from advisor import resources
from advisor.child import runner
from advisor.child.protocol import Progress


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


def test_a_cancelled_count_ends_at_once(tmp_path):
    path = write_safetensors(tmp_path / "model.safetensors", {"layers.0.up_proj.weight": ("F32", (2**20, 2**14))})
    cancel = threading.Event()
    seen = []

    def look(message):
        if isinstance(message, Progress):
            seen.append(message)
            cancel.set()

    request = json.dumps({"path": str(path)}).encode()
    outcome = runner.run("sparsity", request, on_message=look, cancel=cancel, timeout_s=60)
    assert outcome.code == "cancelled"
    assert seen[0].done_share < 1
    assert "of 64 GiB read" in seen[0].detail


def test_what_cannot_be_read_is_said(tmp_path):
    done = run(tmp_path / "nothing", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "model-file-missing"
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    assert "pickle" in run(tmp_path / "pytorch_model.bin").stderr.lower()
