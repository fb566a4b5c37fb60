"""The conversion tools of a bundle: made of a Python of the computer; what they convert runs in the bundle."""

import json
from pathlib import Path

import pytest
import real_models


@pytest.fixture
def with_tools(tmp_path):
    """Let the bundle's data folder have the conversion tools that the tests share."""
    place = tmp_path / "own" / "data" / "tools" / "conversion"
    place.parent.mkdir(parents=True)
    place.symlink_to(real_models.tools_folder(), target_is_directory=True)
    return place


def test_a_model_is_converted_by_the_tools_python_and_measured_in_the_bundle(bundle, run_bundle, with_tools):
    status = json.loads(run_bundle("conversion-tools", "status", "--json").stdout)
    assert (status["status"], Path(status["python"]).parents[1]) == ("installed", with_tools)
    source = real_models.models() / real_models.MINILM
    done = run_bundle("convert", source, "--format", "onnx-int8-dynamic", "--model", "o/minilm", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["check"]["accepted"]
    done = run_bundle("probe", "--weights", "o/minilm", "--energy", "off", "--threads", "1", "--no-pin", "--json")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["model"] == "o/minilm"
    assert not list(bundle.parent.rglob("__pycache__"))  # what a package did not bring would outlive its removal


def test_an_installation_that_cannot_reach_the_index_says_so_and_leaves_nothing(run_bundle, tmp_path):
    done = run_bundle(
        "conversion-tools", "install", "--yes",
        PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS="",
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "the package index cannot be reached" in done.stderr  # pip said it: a Python was found, made and started
    assert not (tmp_path / "own" / "data" / "tools" / "conversion").exists()
