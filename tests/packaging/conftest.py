"""The bundle that users install, for the tests of it: test.sh builds it beforehand, else the first test does."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bundle" / "model-fit-advisor"


@pytest.fixture(scope="session")
def bundle():
    """The console program of a bundle made of the sources as they are now."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / ".lock").open("w") as lock:  # one builds when several test processes ask
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([sys.executable, ROOT / "packaging" / "bundle" / "build.py", "--if-changed"], check=True)
    return FOLDER / "model-fit-advisor-cli"


@pytest.fixture
def run_bundle(bundle, tmp_path):
    """Run a program of the bundle as a user would, in a home of its own; nothing of the test's Python is seen."""

    def run(*words, program=bundle, timeout=240, **variables):
        hidden = ("PYTHON", "VIRTUAL_ENV", "XDG_", "CI", "GITHUB_", "TF_BUILD", "ORT_", "DISPLAY", "WAYLAND_DISPLAY")
        env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        env |= {"HOME": str(home), "MODEL_FIT_ADVISOR_HOME": str(tmp_path / "own")}
        return subprocess.run(
            [program, *words], capture_output=True, text=True, cwd=tmp_path, timeout=timeout, env=env | variables
        )

    return run
