"""The bundle that users install: it does the whole job, brings what it needs and leaves nothing behind."""

import json
import subprocess
from pathlib import Path

from advisor import __version__

ROOT = Path(__file__).resolve().parents[2]
COMPLAINTS = ("Traceback", "cannot open shared object", "ModuleNotFoundError", "Warning")


def quiet(done):
    return not [word for word in COMPLAINTS if word in done.stderr + done.stdout]


def test_both_programs_answer(bundle, run_bundle):
    for program in (bundle, bundle.with_name("model-fit-advisor")):
        done = run_bundle("--version", program=program)
        assert (done.returncode, done.stdout) == (0, f"model-fit-advisor {__version__}\n")


def test_the_whole_job_in_the_window(bundle, run_bundle, tmp_path):
    done = run_bundle("gui", "--smoke", program=bundle.with_name("model-fit-advisor"), QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("ready\n")
    assert quiet(done), done.stderr
    log = (tmp_path / "own" / "log" / "advisor.log").read_text("utf-8")
    assert "Traceback" not in log
    # Nothing in the home but what fontconfig keeps for every program: no library reports on its use.
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and "fontconfig" not in path.parts]
    assert left == []


def test_a_report_in_every_form(run_bundle, tmp_path):
    for form, begins in (("html", b"<!DOCTYPE html>"), ("pdf", b"%PDF-"), ("md", b"# "), ("csv", b""), ("json", b"{")):
        done = run_bundle("report", "--task", "summarise 20 German e-mails a day", "-o", f"report.{form}")
        assert done.returncode == 0, done.stderr
        assert quiet(done), done.stderr
        content = (tmp_path / f"report.{form}").read_bytes()
        assert content.lstrip().lower().startswith(begins.lower())


def test_a_shell_completes(run_bundle):
    done = run_bundle(COMP_WORDS="model-fit-advisor recom", COMP_CWORD="1", _MODEL_FIT_ADVISOR_COMPLETE="complete_bash")
    assert done.stdout.split() == ["recommend"]


def test_what_the_conversion_tools_python_needs_lies_as_sources(bundle):
    sources = bundle.parent / "_internal" / "advisor"
    there = {path.relative_to(sources).as_posix() for path in sources.rglob("*.py")}
    expected = {path.relative_to(ROOT / "advisor").as_posix() for path in (ROOT / "advisor").rglob("*.py")}
    assert there == expected
    assert (sources / "_resources" / "MANIFEST.json").read_bytes() == (
        ROOT / "resources" / "MANIFEST.json"
    ).read_bytes()


def test_no_part_under_a_licence_that_forbids_it_and_none_without_a_text(bundle):
    inside = bundle.parent / "_internal"
    found = json.loads((inside / "licences.json").read_text("utf-8"))
    assert not [path.name for path in inside.rglob("*readline*")]  # GPL-3
    named = {item["name"].lower() for item in found["components"]}
    assert {"pyside6_essentials", "python", "numpy", "onnxruntime", "libglib2.0-0", "typst"} <= named
    for item in found["components"]:
        assert item["licence"], item
        assert all(found["texts"][key].strip() for key in item["texts"]), item
    qt = next(item for item in found["components"] if item["name"].lower() == "pyside6_essentials")
    assert "can be replaced by your own build" in found["texts"][qt["texts"][0]]
    assert list((inside / "PySide6" / "Qt" / "lib").glob("libQt6Core.so*"))  # separate, as the LGPL asks


def test_the_size_stays_within_what_was_promised(bundle):
    total = sum(path.stat().st_size for path in bundle.parent.rglob("*") if path.is_file() and not path.is_symlink())
    assert total <= 380e6


def test_nothing_of_the_build_machine_is_named(bundle):
    done = subprocess.run(["grep", "-rlaF", f"{ROOT}/", bundle.parent], capture_output=True, text=True)
    assert done.stdout == ""
