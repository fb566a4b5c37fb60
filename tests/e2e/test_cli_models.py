"""`models` and `--model` as a user meets them: real processes, real small files, a hub on this computer."""

import json
import os
import subprocess
import sys

import jsonschema
import pytest

from advisor import resources
from tests import fakes_hub, header_files
from tests.fakes_hub import FakeModel

CONFIG = {
    "model_type": "bert", "architectures": ["BertModel"], "vocab_size": 100, "hidden_size": 32,
    "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 512,
}  # fmt: skip
MODULES = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]


def tensors():
    found = {"embeddings.word_embeddings.weight": ("F32", (100, 32))}
    for layer in range(2):
        at = f"encoder.layer.{layer}."
        found |= {f"{at}attention.self.{name}.weight": ("F32", (32, 32)) for name in ("query", "key", "value")}
        found |= {f"{at}intermediate.dense.weight": ("F32", (64, 32)), f"{at}output.dense.weight": ("F32", (32, 64))}
    return found


@pytest.fixture
def folder(tmp_path):
    header_files.write_safetensors(tmp_path / "embedder" / "model.safetensors", tensors())
    for name, value in (("config.json", CONFIG), ("modules.json", MODULES), ("tokenizer.json", {})):
        (tmp_path / "embedder" / name).write_text(json.dumps(value), "utf-8")
    return tmp_path / "embedder"


def run(*words):
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *map(str, words)], capture_output=True, text=True, timeout=120, env=os.environ
    )
    assert "Traceback" not in done.stderr
    return done


def document(name, *words):
    done = run(*words, "--json")
    assert done.returncode in (0, 3), done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read(f"schema/{name}.schema.json")))
    return value


def test_a_model_that_was_added_is_estimated_and_judged_until_it_is_removed(folder):
    assert "No model of your own yet" in run("models", "list").stdout
    added = run("models", "add", folder)
    assert added.stdout.startswith("embedder is among the candidates now: "), added.stderr
    (listed,) = document("own-models", "models", "list")["models"]
    assert (listed["model"], listed["path"], listed["is_here"]) == ("embedder", str(folder), True)
    estimate = document("estimate", "estimate", "embedder", "--format", "onnx-fp32")
    assert estimate["model"] == "embedder"
    words = "find similar support emails, English"
    found = document("recommend", "recommend", "--task", words, "--limit", "1", "--model", "embedder")
    assert {item["model"]: item["yours"] for item in found["candidates"]}["embedder"] is True
    assert "off your list" in run("models", "remove", "embedder").stdout
    assert run("estimate", "embedder").returncode == 2
    assert folder.exists()


def test_a_path_is_judged_for_once_and_said_among_the_candidates(folder):
    done = run("recommend", "--task", "find similar support emails, English", "--model", folder, "--limit", "2")
    assert done.returncode == 0, done.stderr
    assert any(line.startswith("embedder as ") and "candidates. Fits" in line for line in done.stdout.splitlines())
    assert document("own-models", "models", "list")["models"] == []
    wrong = run("recommend", "--task", "find similar emails", "--model", "no/such-model")
    assert wrong.returncode == 2
    assert "Write hub:no/such-model for the model of that name on the hub." in wrong.stderr


def test_a_model_that_needs_its_own_code_is_added_and_said_to_be_never_run(folder):
    config = CONFIG | {"model_type": "own", "auto_map": {"AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    added = run("models", "add", folder)
    assert added.returncode == 0, added.stderr
    assert added.stderr.startswith("Not run: config.json asks for program code")


def test_a_model_of_a_hub_is_added_by_its_headers_and_the_hub_is_named_first(monkeypatch, tmp_path, folder):
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "modules.json"}
    model = FakeModel(files, task="feature-extraction", licence="mit")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with fakes_hub.FakeHub({"ours/embedder": model}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        value = document("own-models", "models", "add", "hub:ours/embedder")
        (kept,) = value["models"]
        assert (kept["model"], kept["hub_model"], kept["commit"]) == ("ours/embedder", "ours/embedder", model.commit)
        assert (kept["licence"], kept["path"], kept["is_here"]) == ("mit", None, False)
        asked = run("recommend", "--task", "find similar emails", "--model", "hub:ours/embedder", "--limit", "1")
        assert f"Asking {hub.host} over the network." in asked.stderr
        num_asked = len(hub.seen)
        assert run("recommend", "--task", "find similar emails", "--model", "ours/embedder").returncode == 0
        assert len(hub.seen) == num_asked, "a model of the list is judged without asking anybody"
