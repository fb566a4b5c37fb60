"""A stand-in for NVIDIA's library whose cards draw power: compiled here, loaded by the real pynvml of a child.

Its settings are in the environment and listed at the head of `unit/energy/fake_nvml.c`.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = Path(__file__).parent / "unit/energy/fake_nvml.c"


def build(folder):
    """Compile the library into `folder`, which a child then needs in LD_LIBRARY_PATH; returns the folder."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "the tests need a C compiler (Debian: gcc)"
    folder = Path(folder)
    target = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", target, SOURCE, "-lm"], check=True)
    return folder


def environment(library, **settings):
    """Return the environment of a child that finds the library; `w=200` sets FAKE_NVML_W."""
    given = {f"FAKE_NVML_{name.upper()}": str(value) for name, value in settings.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAKE_NVML")}
    return {**kept, "LD_LIBRARY_PATH": str(library), **given}


def run(library, code, **settings):
    """Run code in a child of its own; returns the JSON it prints."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=environment(library, **settings), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
