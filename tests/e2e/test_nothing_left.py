"""What the app leaves and where: its own folders only, and nothing that a library would report with."""

import json
import os
import subprocess
import sys

import pytest

KNOWN_PLACES_OF_SUPPRESSION = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY")
"""ONNX Runtime keeps quiet under each of these: users have none of them set."""


@pytest.fixture
def places(tmp_path):
    home, own = tmp_path / "home", tmp_path / "own"
    home.mkdir()
    kept = {
        name: value for name, value in os.environ.items()
        if not name.startswith("XDG_") and name not in (*KNOWN_PLACES_OF_SUPPRESSION, "MPLCONFIGDIR")
    }  # fmt: skip
    return home, own, {**kept, "HOME": str(home), "MODEL_FIT_ADVISOR_HOME": str(own)}


def left_in(home):
    """Return the files in a home but fontconfig's, which the system keeps for every program."""
    names = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {name for name in names if not name.startswith(".cache/fontconfig/")}


def test_a_report_writes_into_the_apps_own_folders_only(places, tmp_path):
    home, own, env = places
    report = tmp_path / "report.html"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "advisor", "report", "--task", "sort 500 emails a day", "-o", str(report)],
        capture_output=True, text=True, timeout=120, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "<svg" in report.read_text("utf-8")
    assert left_in(home) == set()
    assert list((own / "cache" / "matplotlib").glob("fontlist-*.json"))


def test_a_probe_makes_no_identifier_of_the_device_and_no_queue_of_reports(places):
    home, _, env = places
    done = subprocess.run(
        [sys.executable, "-P", "-m", "advisor", "probe", "sentence-transformers/all-MiniLM-L6-v2", "--format",
         "onnx-int8-dynamic", "--json"],
        capture_output=True, text=True, timeout=200, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert left_in(home) == set()
