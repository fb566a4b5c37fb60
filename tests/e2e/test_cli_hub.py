"""`hub` as a user meets it, against a hub on this computer."""

import json
import os
import signal
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
from onnx import helper, numpy_helper

from advisor import resources
from advisor.child.protocol import Progress
from advisor.cli import job_run
from tests import fakes_hub, header_files
from tests.fakes_hub import FakeModel

TENSORS = {"model.embed_tokens.weight": ("BF16", (64, 8)), "model.norm.weight": ("F32", (8,))}
CONFIG = json.dumps({"model_type": "llama", "vocab_size": 64, "hidden_size": 8}).encode()
WEIGHTS = header_files.safetensors_bytes(*header_files.safetensors_header(TENSORS))


@pytest.fixture
def hub(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    models = {
        "ours/small": FakeModel(
            {"config.json": CONFIG, "model.safetensors": WEIGHTS, "tokenizer.json": b"{}", "pytorch_model.bin": b"x"},
            parameters={"BF16": 512, "F32": 8},
        ),
        "ours/small-ONNX": FakeModel(
            {"config.json": CONFIG, "onnx/model.onnx": b"o" * 4000, "onnx/model_q4.onnx": b"q" * 1000},
            tags=("onnx", "base_model:quantized:ours/small"), downloads=5,
        ),
        "ours/gated": FakeModel({"config.json": CONFIG, "model.safetensors": WEIGHTS}, gated="auto"),
    }  # fmt: skip
    with fakes_hub.FakeHub(models) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.address)
        yield fake


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "hub", *words], capture_output=True, text=True, timeout=120, env=os.environ
    )


def document(done, name):
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read(f"schema/{name}.schema.json")))
    return value


def failure(done):
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)["error"]


def test_search_says_whom_it_asks_and_lists_models(hub):
    done = run("search", "small")
    assert done.stderr == f"Asking {hub.host} over the network.\n"
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[0] == [f"2 models on {hub.host} for 'small'."]
    assert rows[2][:5] == ["ours/small", "text-generation", "apache-2.0", "520", "1 KiB"]
    assert rows[3][4] == "not stated"
    value = document(run("search", "small", "--max-size", "2kB", "--task", "text-generation", "--json"), "hub-search")
    assert [model["id"] for model in value["models"]] == ["ours/small"]
    assert value["models"][0]["weights"]["value"] == 512 * 2 + 8 * 4


def test_size_reads_headers_only_and_names_the_ready_made_build(hub):
    done = run("size", "ours/small")
    assert done.returncode == 0, done.stderr
    assert "520 parameters" in done.stdout
    assert "Ready-made ONNX of it: ours/small-ONNX." in done.stdout
    assert "bytes) transferred in" in done.stdout
    value = document(run("size", "ours/small", "--revision", "main", "--json"), "hub-size")
    assert value["weights"]["value"] == 512 * 2 + 8 * 4
    assert value["hub"]["commit"] == hub.models["ours/small"].commit
    assert value["hub"]["transferred"]["value"] < 10_000
    assert hub.bodies("pytorch_model.bin") == []


def test_size_of_a_model_that_is_ready_made_onnx_alone(hub):
    made = np.ones((64, 8), np.float32)
    node = helper.make_node("MatMul", ["x", "lm_head.MatMul.weight"], ["y"])
    weights = [numpy_helper.from_array(made, "lm_head.MatMul.weight")]
    graph = helper.make_graph([node], "g", [], [], weights)
    plain = helper.make_model(graph).SerializeToString()
    weights[0].ClearField("raw_data")
    weights[0].data_location = 1
    weights[0].external_data.add(key="location", value="model_q4.onnx_data")
    weights[0].external_data.add(key="length", value="2048")
    outside = helper.make_model(helper.make_graph([node], "g", [], [], weights)).SerializeToString()
    hub.models["ours/small-ONNX"].files |= {
        "onnx/model.onnx": plain, "onnx/model_q4.onnx": outside, "onnx/model_q4.onnx_data": bytes(2048),
    }  # fmt: skip
    value = document(run("size", "ours/small-ONNX", "--json"), "hub-size")
    assert (value["container"], value["hub"]["build"], value["hub"]["builds"]) == ("onnx", "q4", ["q4", "fp32"])
    assert (value["parameters"]["value"], value["weights"]["value"]) == (512, 2048)
    assert value["file_size"]["value"] == len(outside) + 2048
    assert value["tokenizer"]["num_tokens"] == 64
    assert hub.bodies("model_q4.onnx_data") == []
    said = run("size", "ours/small-ONNX").stdout
    assert "ready-made ONNX alone; sized as q4. Also there: fp32" in said
    value = document(run("size", "ours/small-ONNX", "--file", "onnx/model.onnx", "--json"), "hub-size")
    assert (value["parameters"]["value"], value["file_size"]["value"]) == (512, len(plain))
    hub.models["ours/small-ONNX"].files |= {"onnx/model_q4.onnx": b"<html>"}
    assert failure(run("size", "ours/small-ONNX", "--json"))["code"] == "header-damaged"


def test_an_adapter_names_its_base_model_and_sizes_it_when_asked(hub):
    stem = "base_model.model.model.norm"
    thin = {f"{stem}.lora_A.weight": ("F32", (2, 8)), f"{stem}.lora_B.weight": ("F32", (64, 2))}
    thin = {name.replace("norm", "embed_tokens"): shape for name, shape in thin.items()}
    facts = {"peft_type": "LORA", "r": 2, "base_model_name_or_path": "ours/small"}
    weights = header_files.safetensors_bytes(*header_files.safetensors_header(thin))
    hub.models["ours/lora"] = FakeModel(
        {"adapter_config.json": json.dumps(facts).encode(), "adapter_model.safetensors": weights}
    )
    alone = document(run("size", "ours/lora", "--json"), "hub-size")
    assert (alone["parameters"]["value"], alone["adapter"]["base_model"]) == (144, "ours/small")
    assert [item.path for item in hub.seen if "ours/small" in item.path] == []
    both = document(run("size", "ours/lora", "--with-base", "--json"), "hub-size")
    assert (both["hub"]["model"], both["parameters"]["value"]) == ("ours/small", 520)
    assert both["combined"]["parameters"]["value"] == 520 + 144
    assert both["hub"]["num_requests"] > alone["hub"]["num_requests"]


def test_download_says_first_what_it_takes_and_then_has_it(hub):
    plan = document(run("download", "ours/small-ONNX", "--plan", "--json"), "hub-plan")
    assert (plan["kind"], plan["variant"], plan["missing"]["value"]) == ("onnx", "q4", 1000 + len(CONFIG))
    assert hub.asked("store") == []
    done = run("download", "ours/small-ONNX", "--variant", "fp32")
    assert done.returncode == 0, done.stderr
    first, others, *rest = done.stdout.splitlines()
    assert "as onnx (fp32)" in first
    assert "2 files, 4 KiB" in first
    assert others.startswith("Also there: q4.")
    assert rest[0].startswith("ours/small-ONNX is complete: 4 KiB downloaded, in ")
    value = document(run("download", "ours/small-ONNX", "--variant", "fp32", "--offline", "--json"), "hub-download")
    assert value["transferred"]["value"] == 0
    assert {file["name"] for file in value["files"]} == {"config.json", "onnx/model.onnx"}


def test_what_was_downloaded_can_be_sized_like_any_folder(hub):
    value = document(run("download", "ours/small", "--json"), "hub-download")
    assert value["kind"] == "safetensors"
    assert all(file["checked"] for file in value["files"])
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "size", value["folder"]], capture_output=True, text=True, timeout=60
    )
    assert "520 parameters" in done.stdout, done.stderr


@pytest.mark.parametrize("command", ["size", "download"])
def test_refusals_keep_their_code_and_remedy(hub, command):
    error = failure(run(command, "ours/gated", "--json"))
    assert error["code"] == "hub-gated"
    assert f"{hub.host}/ours/gated" in error["remedy"]
    assert failure(run(command, "ours/none", "--json"))["code"] == "hub-model-unknown"


@pytest.mark.parametrize("command", ["size", "download"])
def test_what_is_no_model_id_is_said_before_anybody_is_asked(hub, command):
    done = run(command, "no id")
    assert (done.returncode, done.stderr.startswith("'no id' is no model id.")) == (2, True)
    assert hub.seen == []


def test_time_left_is_said_in_whole_seconds():
    times = (None, 0.0, 0.34, 11.6)
    steps = [Progress(stage="load", done_share=0.5, elapsed_s=1.0, remaining_s=left_s, detail="a") for left_s in times]
    said = [job_run.with_time_left(step) for step in steps]
    assert said == ["a", "a, 1 s left", "a, 1 s left", "a, 12 s left"]


def test_a_failure_in_the_child_keeps_its_code(hub):
    hub.wrong["onnx/model.onnx"] = b"!"
    error = failure(run("download", "ours/small-ONNX", "--variant", "fp32", "--json"))
    assert error["code"] == "hash-mismatch"


def test_options_that_cannot_be_used(hub):
    assert failure(run("download", "ours/small", "--only", "pickle", "--json"))["code"] == "kind-unknown"
    assert failure(run("search", "x", "--max-size", "many", "--json"))["code"] == "size-invalid"
    assert hub.seen == []


def test_interrupting_a_download_leaves_finished_files_and_nothing_half_written(hub, tmp_path, monkeypatch):
    hub.stops["onnx/model.onnx"] = 0
    home = tmp_path / "home"
    monkeypatch.setenv("MODEL_FIT_ADVISOR_HOME", str(home))
    with subprocess.Popen(
        [sys.executable, "-m", "advisor", "hub", "download", "ours/small-ONNX", "--variant", "fp32"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert hub.stopped.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Complete files are kept" in said
    assert list(home.rglob("*.incomplete")) == []
    assert list(home.rglob("config.json"))
