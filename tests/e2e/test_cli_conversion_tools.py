"""`conversion-tools` and `converted` as a user meets them: real processes, documents against their schema."""

import json
import subprocess
import sys

import jsonschema
import pytest

from advisor import resources
from advisor.convert import place, tools


def run(*words, stdin=subprocess.DEVNULL):
    return subprocess.run(
        [sys.executable, "-m", "advisor", *words], capture_output=True, text=True, timeout=60, stdin=stdin
    )


def document(name, *words, code=0):
    done = run(*words, "--json")
    assert done.returncode == code, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read(f"schema/{name}.schema.json")))
    return value


@pytest.fixture
def model():
    folder = place.target_folder("org/name", "onnx-fp32")
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"0" * 3000)
    return folder


def test_without_tools_the_size_the_time_and_the_folder_are_said():
    done = run("conversion-tools", "status")
    assert done.returncode == 0, done.stderr
    for words in ("not installed", "297 MiB", "1.1 GiB", str(tools.folder()), "known hash", "Nothing about you"):
        assert words in done.stdout, words
    value = document("conversion-tools", "conversion-tools", "status")
    assert (value["status"], value["python"], value["versions"]) == ("missing", None, {})
    assert value["installation"]["time"]["low"] < value["installation"]["time"]["value"]


def test_nothing_is_installed_or_removed_without_the_users_word(model):
    for words in (("conversion-tools", "install"), ("conversion-tools", "remove"), ("converted", "clear"),
                  ("converted", "remove", "org/name")):  # fmt: skip
        done = run(*words)
        assert done.returncode == 2
        assert "Nothing was changed. Say --yes" in done.stderr
    assert model.exists()
    assert not tools.folder().exists()


def test_installed_tools_are_shown_and_one_that_is_a_link_is_not_removed(conversion_tools):
    value = document("conversion-tools", "conversion-tools", "status")
    assert value["status"] == "installed"
    assert value["size"]["value"] > 8e8
    assert value["versions"]["torch"] == "2.13.0+cpu"
    done = run("conversion-tools", "install", "--yes")
    assert "are installed" in done.stdout
    done = run("conversion-tools", "remove", "--yes")
    assert done.returncode == 2
    assert "is a link" in done.stderr
    assert conversion_tools.exists()


def test_the_shelf_is_listed_and_cleared(model):
    done = run("converted", "list")
    assert "1 converted model, 2.9 KiB" in done.stdout
    assert "do not use: model-fit-advisor.json is missing" in done.stdout
    value = document("converted", "converted", "list")
    assert [(item["model"], item["format"]) for item in value["models"]] == [("org/name", "onnx-fp32")]
    value = document("converted", "converted", "remove", "org/name", "--yes")
    assert value["models"] == []
    assert value["sentence"].startswith("Removed 1 converted model; 2.9 KiB")
    assert not model.exists()
    assert document("converted", "converted", "clear", "--yes")["sentence"] == "There was nothing to remove."
    assert run("converted", "remove", "org/name", "--yes").returncode == 2
