"""Real weights from the command line: real processes, the models that the app converted, a simulated power meter."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from fakes_energy import powercap_tree
from simulated_rapl import running
from test_cli import document, run

from advisor import paths
from advisor.convert import place
from advisor.runnable import provenance

SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
QUICK = ("--threads", "1", "--time-box", "3")
SHORT = ("-w", "num_input_tokens=64", "-w", "num_output_tokens=8", "-w", "num_context_tokens=128")


@pytest.fixture
def home(own_folders):
    """One history for all commands of a test."""
    return {paths.HOME_VARIABLE: os.environ[paths.HOME_VARIABLE]}


def test_real_weights_stand_beside_made_up_ones_and_the_estimate(smollm2_int4, home):
    words = (SMOLLM, "--format", "onnx-int4-b32", *SHORT, *QUICK, "--energy", "off")
    document(run("probe", *words, "--json", env=home), "probe")
    found = document(
        run("probe", *words, "-w", "languages=ja", "--weights", str(smollm2_int4), "--json", env=home), "probe"
    )
    assert (found["kind"], found["model"], found["format"]) == ("weights", SMOLLM, "onnx-int4-b32")
    assert found["weights"]["language"] == "ja"
    lines = {line["figure"]: line for line in found["beside"]}
    for name in ("rate", "time_to_first_token", "time_per_token", "memory"):
        assert lines[name]["weights"]["evidence"] == "measured"
        assert lines[name]["made_up"]["evidence"] == "measured-synthetic"
        assert lines[name]["estimate"]["value"] > 0
        assert 0.2 < lines[name]["over_made_up"]["value"] < 5
    # The real ones are what the recommendation and the estimate show from now on.
    known = document(run("estimate", SMOLLM, "-f", "onnx-int4-b32", *SHORT, "--json", env=home), "estimate")
    assert known["measured"]["evidence"] == "measured"
    assert known["measured"]["probe_id"] == found["id"]


def test_an_embedder_of_the_shelf_is_measured_by_name_with_its_energy(minilm_fp32, home, tmp_path):
    target = place.target_folder("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32")
    shutil.copytree(minilm_fp32, target)
    powercap_tree(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 500}})
    with running(tmp_path, idle_w=10.0, core_w=30.0, period_s=0.004):
        done = run(
            "probe", "--weights", "sentence-transformers/all-MiniLM-L6-v2", "-w", "num_input_tokens=32", *QUICK,
            "--sys", str(tmp_path / "sys"), "--energy-time-share", "0.1", env=home,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in (
        "Measured with the real weights:", "Real over made-up", "Energy, measured (quick protocol)",
        "Time to split a text into tokens", "with a SHA-256 that begins", "No probe with made-up weights",
    ):  # fmt: skip
        assert words in done.stdout, words


def test_files_without_a_name_stand_beside_the_estimate_of_their_own_headers(minilm_fp32, home, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(minilm_fp32, folder)
    (folder / provenance.FILE_NAME).unlink()
    words = ("probe", "--weights", str(folder), "-w", "num_input_tokens=32", *QUICK, "--energy", "off", "--json")
    found = document(run(*words, env=home), "probe")
    assert found["model"] == "mine"
    assert all(line["estimate"]["value"] > 0 for line in found["beside"] if line["figure"] in ("rate", "memory"))


def test_a_folder_of_another_kind_says_what_to_do(minilm_folder, tmp_path):
    done = run("probe", "--weights", str(minilm_folder), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "onnx-missing"
    assert run("probe", "--weights", str(tmp_path / "nothing")).returncode == 2
    assert run("probe").returncode == 2


def test_files_that_cannot_be_run_end_with_a_sentence_and_leave_nothing(minilm_fp32, home, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(minilm_fp32, folder)
    (folder / "tokenizer.json").unlink()
    done = run("probe", "--weights", str(folder), "-w", "num_input_tokens=16", env=home)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "tokenizer.json" in done.stderr
    (folder / "model.onnx").write_bytes(b"")
    done = run("probe", "--weights", str(folder), "--json", env=home)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "onnx-file-unreadable"
    known = run("estimate", "sentence-transformers/all-MiniLM-L6-v2", "-f", "onnx-fp32", "--json", env=home)
    assert document(known, "estimate")["measured"] is None


def test_a_probe_that_is_stopped_leaves_no_process_behind(smollm2_int4, home):
    words = [
        sys.executable,
        "-m",
        "advisor",
        "probe",
        "--weights",
        str(smollm2_int4),
        *SHORT,
        *QUICK,
        "--energy",
        "off",
    ]
    process = subprocess.Popen(words, env={**os.environ, **home}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    children = []
    while not children and time.monotonic() < end:
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
