"""Wheel and sdist: what they hold, the same bytes each time, and an installed copy at work away from the checkout."""

import ast
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from advisor import __version__

ROOT = Path(__file__).resolve().parents[2]
MODULES_OF = {"PySide6-Essentials": {"PySide6", "shiboken6"}, "nvidia-ml-py": {"pynvml"}, "tomli-w": {"tomli_w"}}
"""Distributions whose modules are called otherwise."""
OPTIONAL_MODULES = {
    "torch", "transformers", "onnxruntime_genai", "safetensors", "gguf", "onnxscript", "onnx_ir", "google",
    "sentencepiece", "zeus_apple_silicon",
}  # fmt: skip
"""Of the conversion tools and of one kind of computer: imported by jobs that are started where they are."""


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheel and sdist of this checkout."""
    return _load("wheel_build", "packaging/wheel/build.py").make(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The programs of an environment that holds the wheel; its libraries are those of the environment that tests."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", built[0]], check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )  # fmt: skip
    site = next((place / "lib").glob("python3*")) / "site-packages"
    # A path only: no .pth file of that folder is read, so the checkout is not found through it.
    (site / "libraries.pth").write_text(str(Path(pytest.__file__).parents[1]) + "\n")
    return python.parent


def run(installed, tmp_path, *words, **variables):
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env |= {"MODEL_FIT_ADVISOR_HOME": str(tmp_path / "home"), **variables}
    return subprocess.run(
        [installed / "model-fit-advisor", *words], capture_output=True, text=True, cwd=tmp_path, env=env, timeout=240
    )


def test_two_builds_give_the_same_bytes(built, tmp_path):
    again = _load("wheel_build", "packaging/wheel/build.py").make(tmp_path)
    for first, second in zip(built, again, strict=True):
        assert first.name == second.name
        assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()


def test_the_wheel_made_from_the_sdist_is_the_same(built, tmp_path):
    wheel, sdist = built
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    source = next(path for path in tmp_path.iterdir() if path.is_dir())
    for needed in ("run.sh", "test.sh", "constraints.txt", ".ci/run", "tests/conftest.py", "packaging/bundle/build.py"):
        assert (source / needed).is_file(), needed
    assert not any((source / name).exists() for name in (".venv", ".cache", "build", "dist", ".hypothesis"))
    again = _load("wheel_build", "packaging/wheel/build.py").make(tmp_path / "dist", source)[0]
    assert again.read_bytes() == wheel.read_bytes()


def test_the_wheel_holds_the_resources_the_licence_and_the_mark_of_types(built):
    with zipfile.ZipFile(built[0]) as archive:
        names = set(archive.namelist())
        listed = json.loads((ROOT / "resources" / "MANIFEST.json").read_text())
    files = {
        path.relative_to(ROOT / "resources").as_posix() for path in (ROOT / "resources").rglob("*") if path.is_file()
    }
    assert {f"advisor/_resources/{name}" for name in files} <= names
    assert listed
    assert "advisor/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "packaging")) or name.endswith(".pyc")]


def metadata_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(n for n in archive.namelist() if n.endswith("METADATA"))).decode()


def test_version_and_addresses_stand_in_one_place(built):
    metadata = metadata_of(built[0])
    project = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
    assert f"\nVersion: {__version__}\n" in metadata
    assert f"Project-URL: Homepage, {project['homepage']}\n" in metadata
    assert f"License-Expression: {project['license']}\n" in metadata
    newest = re.search(r"^## (\d+\.\d+\.\d+) - ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == __version__
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_no_other_file_names_the_version():
    """But the changelog, guides, samples, and examples in comments."""
    number = re.compile(rf"(?<![\d.]){re.escape(__version__)}(?![\d.]|\d)")
    mine = re.compile(r"advisor|__version__|^version|VERSION", re.IGNORECASE | re.MULTILINE)
    found = []
    for folder, ends in (("advisor", ".py"), ("packaging", ""), (".github", ""), ("tests/packaging", ".py")):
        for path in (ROOT / folder).rglob(f"*{ends}"):
            if not path.is_file() or path.suffix in (".pyc", ".md", ".png", ".csv") or "texts" in path.parts:
                continue
            lines = path.read_text("utf-8", errors="replace").splitlines()
            code = [line for line in lines if not line.lstrip().startswith(("#", ";", "//", "::"))]
            found += [
                f"{path.relative_to(ROOT)}: {line.strip()}"
                for line in code
                if number.search(line) and mine.search(line)
            ]
    assert found == [f'advisor/__init__.py: __version__ = "{__version__}"']


def test_installers_of_older_systems_know_the_metadata_and_pages_can_show_it(built):
    import trove_classifiers
    from packaging.metadata import parse_email

    fields, unknown = parse_email(metadata_of(built[0]).encode())
    assert unknown == {}
    assert fields["metadata_version"] == "2.4"  # pip 22 and later; 2.5 is too new for what reads it
    assert set(fields["classifiers"]) <= trove_classifiers.classifiers
    assert fields["description_content_type"] == "text/markdown"
    assert fields["description"].startswith("# Model Fit Advisor\n")
    minors = {line.rsplit(" ", 1)[1] for line in fields["classifiers"] if re.search(r"Python :: 3\.", line)}
    assert minors == {"3.11", "3.12", "3.13"}
    assert set(fields["requires_python"].split(",")) == {">=3.11", "<3.14"}
    assert set(fields["provides_extra"]) == {"export", "fleet", "test"}


def test_each_library_that_the_app_imports_is_a_declared_dependency(built):
    metadata = metadata_of(built[0])
    declared = set()
    for line in re.findall(r"^Requires-Dist: (.+)$", metadata, re.MULTILINE):
        if "extra ==" not in line:
            name = re.split(r"[<>=;\[ ]", line)[0]
            plain = {key.lower(): modules for key, modules in MODULES_OF.items()}
            declared |= plain.get(name.lower(), {name.replace("-", "_").lower()})
    imported = set()
    for path in (ROOT / "advisor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"advisor"}
    assert (
        foreign - {name for name in foreign if name.lower() in {item.lower() for item in declared}} <= OPTIONAL_MODULES
    )


def test_an_installed_copy_answers_in_a_terminal(installed, tmp_path):
    assert run(installed, tmp_path, "--version").stdout == f"model-fit-advisor {__version__}\n"
    done = run(installed, tmp_path, "recommend", "--task", "sort 500 emails a day into 6 topics", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert "Traceback" not in done.stderr
    where = subprocess.run(
        [installed / "python", "-c", "import advisor, advisor.resources as r; print(advisor.__file__, r.root())"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert str(ROOT) not in where.stdout
    assert "_resources" in where.stdout


def test_an_installed_copy_passes_its_self_test(installed, tmp_path):
    done = run(installed, tmp_path, "gui", "--smoke", QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("ready\n")
    assert "Traceback" not in done.stderr


def test_without_a_display_it_says_so(installed, tmp_path):
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run([installed / "model-fit-advisor"], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert done.returncode == 2
    assert "no display" in done.stderr


def test_removal_takes_all_of_it_away(built, tmp_path):
    """Compiled code that running it left goes too."""
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    before = {path for path in place.rglob("*") if "__pycache__" not in path.parts}
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([*pip, "install", "-q", "--no-deps", built[0]], check=True, env=env)
    assert (place / "bin" / "model-fit-advisor").is_file()
    subprocess.run([python, "-c", "import advisor"], check=True, env=env, cwd=tmp_path)
    subprocess.run([*pip, "uninstall", "-q", "-y", "model-fit-advisor"], check=True, env=env)
    assert {path for path in place.rglob("*") if "__pycache__" not in path.parts} == before
    assert not list(place.rglob("*advisor*"))
