"""`convert` as a user calls it: said first, refused with a remedy, done, and found on the shelf."""

import json
import shutil
import signal
import subprocess
import sys
import time

import jsonschema

from advisor import paths, resources
from advisor.cli.convert import stated
from advisor.convert import place
from advisor.runnable import provenance


def call(*words):
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *map(str, words)], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def checked(text, name):
    document = json.loads(text)
    jsonschema.Draft202012Validator(json.loads(resources.read(f"schema/{name}.schema.json"))).validate(document)
    return document


def test_what_it_takes_is_said_without_the_tools_and_starting_names_the_remedy(minilm_folder):
    code, out, _ = call("convert", minilm_folder, "--format", "onnx-int4-b32", "--plan", "--json")
    found = checked(out, "conversion-plan")
    assert code == 0
    assert found["route"] == "torch-onnx"
    assert found["memory"]["value"] > 500e6
    assert not found["refusals"]
    code, out, err = call("convert", minilm_folder, "--format", "onnx-int4-b32")
    assert code == 2
    assert "of memory at its peak" in out
    assert "conversion-tools install" in err


def test_wrong_words_are_refused_with_the_right_ones(minilm_folder, tmp_path):
    for words, expected in (
        ((minilm_folder, "--format", "int4"), "onnx-int4-b32"),
        ((minilm_folder, "--format", "onnx-fp32", "--method", "awq"), "k-quant"),
        ((minilm_folder, "--format", "onnx-fp32", "--method", "k-quant"), "onnx-int8"),
        ((minilm_folder, "--format", "onnx-int4-b128"), "onnx-int8-dynamic"),
        ((tmp_path / "none", "--format", "onnx-fp32"), "none"),
        ((minilm_folder, "--format", "onnx-fp32", "--memory", "10MB"), "memory"),
    ):
        code, _, err = call("convert", *words)
        assert code == 2, words
        assert expected in err, words


def test_what_cannot_be_converted_is_not_said_to_be_converted(minilm_folder, tmp_path):
    folder = tmp_path / "mute"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(minilm_folder / name, folder)
    code, out, err = call("convert", folder, "--format", "onnx-fp32", "--plan")
    assert (code, err) == (0, "")
    assert out.startswith("mute has no tokenizer")
    code, out, err = call("convert", folder, "--format", "onnx-fp32")
    assert (code, out) == (2, "")
    assert err.startswith("mute has no tokenizer")


def test_the_licence_is_read_from_the_files_that_state_it(smollm2_gguf):
    assert stated(smollm2_gguf) == ("apache-2.0", None)


def test_a_model_is_converted_and_stands_on_the_shelf(minilm_folder, conversion_tools, tmp_path):
    downloaded = tmp_path / "models--o--minilm" / "snapshots" / "0a1b2c"
    shutil.copytree(minilm_folder, downloaded)
    code, out, err = call("convert", downloaded, "--format", "onnx-int4-b32", "--licence", "apache-2.0", "--json")
    assert code == 0, err
    done = checked(out, "conversion")
    assert "is converted to" in err  # what it takes is said before, beside the JSON
    assert done["check"]["accepted"]
    assert done["check"]["cosine"]["value"] > 0.9
    assert provenance.read(place.target_folder("o/minilm", "onnx-int4-b32")).revision == "0a1b2c"
    assert abs(done["weights"]["value"] / done["predicted_weights"]["value"] - 1) < 0.03
    code, out, _ = call("converted", "list", "--json")
    assert [(item["model"], item["format"], item["licence"]) for item in json.loads(out)["models"]] == [
        ("o/minilm", "onnx-int4-b32", "apache-2.0"),
    ]  # fmt: skip
    code, _, err = call("convert", minilm_folder, "--format", "onnx-int4-b32", "--model", "o/minilm")
    assert code == 2
    assert "is there already" in err


# A shell that starts tests in the background has them ignore Ctrl+C, and so would the command.
LAUNCH = (
    "import runpy, signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "runpy.run_module('advisor', run_name='__main__', alter_sys=True)\n"
)


def test_control_c_leaves_nothing(minilm_folder, conversion_tools):
    words = ["convert", str(minilm_folder), "--format", "onnx-fp32", "--model", "o/minilm"]
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        work = place.work_folder(place.target_folder("o/minilm", "onnx-fp32"))
        deadline_s = time.monotonic() + 60
        while not work.is_dir() and time.monotonic() < deadline_s and process.poll() is None:
            time.sleep(0.05)
        assert work.is_dir()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "cancelled; nothing was kept" in err
    assert not [path for path in (paths.data_folder() / "converted").rglob("*") if ".locks" not in path.parts]
