"""What comes with a release: licences that are complete or end the build, a valid bill of materials, checksums."""

import datetime
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOMENT = datetime.datetime(2026, 11, 27, tzinfo=datetime.UTC)


def _load(name, monkeypatch):
    for folder in ("release", "bundle"):
        monkeypatch.syspath_prepend(str(ROOT / "packaging" / folder))
    spec = importlib.util.spec_from_file_location(f"release_{name}", ROOT / "packaging" / "release" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(bundle, tmp_path):
    """A bundle whose files are links to the real one's: new files can be put into it."""
    place = tmp_path / "copy"
    shutil.copytree(bundle.parent, place, symlinks=True, copy_function=os.link)
    return place


def site():
    return next((ROOT / "build" / "venv" / "lib").glob("python3*")) / "site-packages"


def test_the_licences_in_the_bundle_are_those_of_what_is_in_it(bundle, monkeypatch):
    licences = _load("licences", monkeypatch)
    written = json.loads((bundle.parent / "_internal" / "licences.json").read_text("utf-8"))
    assert written == licences.collect(bundle.parent, site())


def test_each_file_of_the_bundle_belongs_to_a_component(bundle, monkeypatch):
    licences = _load("licences", monkeypatch)
    survey = licences.survey(bundle.parent, site())
    inside = bundle.parent / "_internal"
    files = {
        path.relative_to(inside).as_posix() for path in inside.rglob("*") if path.is_file() and not path.is_symlink()
    }
    assert survey.owner.keys() == files - {"licences.json"}
    assert set(survey.owner.values()) <= {item["name"] for item in survey.components}
    owners = {path.split("/")[-1].split("-")[0].split(".")[0]: owner for path, owner in survey.owner.items()}
    assert owners["libquadmath"] == "libquadmath"  # in numpy's wheel, but under the LGPL
    assert owners["libQt6Core"] == "PySide6_Essentials"
    assert owners["DejaVuSans"] == "DejaVu fonts"
    assert owners["libcrypto"] == "libssl3"
    assert owners["base_library"] == "Python"
    rust = next(item for item in survey.components if item["name"] == "tokenizers")
    assert any("onig " in survey.texts[key] and "memchr " in survey.texts[key] for key in rust["texts"])


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("MIT", {"MIT"}),
        ("MIT OR Apache-2.0", {"Apache-2.0"}),
        ("(MIT OR GPL-3.0-only) AND ISC", {"MIT", "ISC"}),
        ("Apache-2.0 WITH LLVM-exception OR ISC", {"Apache-2.0 WITH LLVM-exception"}),
        ("GPL-3.0-only OR AGPL-3.0-only", None),
        ("MIT AND GPL-3.0-only", None),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", {"MIT"}),
        ("MIT Apache-2.0", None),
        ("(MIT", None),
        ("", None),
    ],
)
def test_a_licence_may_be_chosen_only_among_those_accepted(monkeypatch, expression, taken):
    accepted = frozenset({"MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"})
    assert _load("expressions", monkeypatch).chosen(expression, accepted) == taken


def test_what_is_compiled_into_a_wheel_must_be_accepted_too(monkeypatch, tmp_path):
    licences = _load("licences", monkeypatch)
    bill = {"components": [{"name": "good", "version": "1", "licenses": [{"expression": "MIT OR GPL-3.0-only"}]}]}
    (tmp_path / "sboms").mkdir()
    (tmp_path / "sboms" / "x.json").write_text(json.dumps(bill))
    listed, text = licences.built_in("wheel", tmp_path)
    assert "good 1: MIT [MIT OR GPL-3.0-only]" in listed
    assert text.startswith("MIT License")
    bill["components"].append({"name": "bad", "licenses": [{"license": {"id": "GPL-3.0-only"}}]})
    (tmp_path / "sboms" / "x.json").write_text(json.dumps(bill))
    with pytest.raises(licences.IncompleteError, match=r"bad .*GPL"):
        licences.built_in("wheel", tmp_path)


@pytest.mark.parametrize(
    "name", ["smuggled/library.so", "libsmuggled.so.1", "smuggled.bin", "numpy.libs/libsmuggled.so", "../smuggled"]
)
def test_a_file_that_belongs_to_nobody_ends_the_build(copied, monkeypatch, name):
    licences = _load("licences", monkeypatch)
    path = copied / "_internal" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(licences.IncompleteError, match=path.name.split(".")[0]):
        licences.collect(copied, site())


def test_a_licence_that_was_never_accepted_or_has_no_text_ends_the_build(monkeypatch):
    licences = _load("licences", monkeypatch)
    into = licences.Collector()
    with pytest.raises(licences.IncompleteError, match="AGPL"):
        into.add("evil", "1", "MIT AND AGPL-3.0-only", "python", "", ["text"])
    with pytest.raises(licences.IncompleteError, match="no text"):
        into.add("mute", "1", "MIT", "python", "", ["  "])
    with pytest.raises(licences.IncompleteError, match="none named"):
        into.add("unsaid", "1", "", "python", "", ["text"])
    into.add("a", "1", "MIT", "python", "", ["the same"])
    into.add("b", "1", "MIT OR Apache-2.0", "python", "", ["the same\n"])
    assert len(into.document()["texts"]) == 1


def test_the_bill_of_materials_is_valid_complete_and_the_same_each_time(bundle, monkeypatch):
    sbom = _load("sbom", monkeypatch)
    text = sbom.document(bundle.parent, "0.2.0", MOMENT)
    assert text == sbom.document(bundle.parent, "0.2.0", MOMENT)
    found = json.loads(text)
    listed = json.loads((bundle.parent / "_internal" / "licences.json").read_text("utf-8"))["components"]
    assert {item["name"] for item in found["components"]} | {"model-fit-advisor"} == {item["name"] for item in listed}
    known = {item.get("purl") for item in found["components"]}
    assert any(purl and purl.startswith("pkg:pypi/numpy@") for purl in known)
    assert any(purl and purl.startswith("pkg:deb/debian/libssl3@") for purl in known)
    assert found["metadata"]["component"]["hashes"][0]["content"] == sbom.folder_hash(bundle.parent)


def test_the_hash_of_a_folder_changes_with_any_file(copied, monkeypatch):
    sbom = _load("sbom", monkeypatch)
    before = sbom.folder_hash(copied)
    (copied / "_internal" / "one-more").write_bytes(b"")
    assert sbom.folder_hash(copied) != before


def test_checksums_are_what_sha256sum_checks_and_name_what_changed(tmp_path, monkeypatch):
    checksums = _load("checksums", monkeypatch)
    for name in ("a.whl", "b.deb", "notes.txt"):
        (tmp_path / name).write_text(name)
    command = [sys.executable, str(ROOT / "packaging" / "release" / "checksums.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    assert checksums.wrong(tmp_path) == []
    (tmp_path / "b.deb").write_text("another")
    (tmp_path / "c.rpm").write_text("new")
    assert checksums.wrong(tmp_path) == ["b.deb", "c.rpm"]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "b.deb, c.rpm" in done.stderr


def test_two_folders_differ_by_content_rights_links_and_names(tmp_path, monkeypatch):
    reproduce = _load("reproduce", monkeypatch)
    for side in ("one", "two"):
        (tmp_path / side).mkdir()
        for name in ("same", "content", "rights"):
            (tmp_path / side / name).write_text(name)
        (tmp_path / side / "link").symlink_to("same")
    assert reproduce.differences(tmp_path / "one", tmp_path / "two") == []
    (tmp_path / "two" / "content").write_text("other")
    (tmp_path / "two" / "rights").chmod(0o755)
    (tmp_path / "two" / "link").unlink()
    (tmp_path / "two" / "link").symlink_to("content")
    (tmp_path / "two" / "more").write_text("")
    assert reproduce.differences(tmp_path / "one", tmp_path / "two") == [
        "only in one: more",
        "content",
        "link",
        "rights",
    ]


def test_the_tools_are_pinned_as_everything_else():
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"
    )
    wanted = [
        line for line in (ROOT / "packaging" / "requirements.txt").read_text().splitlines() if line and line[0] != "#"
    ]
    assert all("==" in line for line in wanted)
    for name, version in (line.split("==") for line in wanted):
        assert pins.get(name, version) == version
