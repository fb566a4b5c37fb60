"""What comes with a release: licences that are complete or end the build, a valid bill of materials, checksums."""

import datetime
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

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


@pytest.fixture(scope="module")
def survey(bundle):
    """What is in the bundle, looked at anew."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return _load("licences", monkeypatch).survey(bundle.parent, site())


def test_the_licences_in_the_bundle_are_those_of_what_is_in_it(bundle, survey):
    written = json.loads((bundle.parent / "_internal" / "licences.json").read_text("utf-8"))
    assert written == survey.document()


def test_each_file_of_the_bundle_belongs_to_a_component(bundle, survey):
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


def test_a_library_in_a_wheel_that_nobody_looked_at_ends_the_build(bundle, monkeypatch):
    licences = _load("licences", monkeypatch)
    known = [part for part in licences.PARTS if part["name"] != "libquadmath"]
    monkeypatch.setattr(licences, "PARTS", known)
    with pytest.raises(licences.IncompleteError, match="libquadmath"):
        licences.survey(bundle.parent, site())


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


def _dependencies(bill):
    return {item["ref"]: set(item.get("dependsOn", [])) for item in bill["dependencies"]}


def test_the_bill_of_materials_is_valid_and_holds_what_is_in_the_bundle(bundle, survey, monkeypatch):
    sbom = _load("sbom", monkeypatch)
    text = sbom.of_bundle(bundle.parent, survey, site(), "0.2.0", MOMENT)
    found = json.loads(text)
    listed = json.loads((bundle.parent / "_internal" / "licences.json").read_text("utf-8"))["components"]
    crates = [item for item in found["components"] if item.get("purl", "").startswith("pkg:cargo/")]
    others = [item for item in found["components"] if item not in crates]
    few = {**found, "components": [*others, *crates[:9]], "dependencies": found["dependencies"][-99:]}  # all: 15 s
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(few)) is None
    assert sorted(item["name"] for item in others) == sorted(
        item["name"] for item in listed if item["name"] != "model-fit-advisor"
    )
    by_name = {item["name"]: item for item in others}
    assert by_name["numpy"]["purl"].startswith("pkg:pypi/numpy@2.")
    assert by_name["libssl3"]["purl"].startswith("pkg:deb/debian/libssl3@3")
    assert by_name["libquadmath"]["licenses"] == [{"expression": "LGPL-2.1-or-later"}]
    app = found["metadata"]["component"]
    assert app["hashes"][0]["content"] == sbom.folder_hash(bundle.parent)
    hashes = {
        part["name"]: part["hashes"][0]["content"] for item in others for part in item.get("components", [])
    }  # fmt: skip
    inside = bundle.parent / "_internal"
    libraries = {
        path.relative_to(inside).as_posix(): path
        for path in inside.rglob("*.so*") if path.is_file() and not path.is_symlink()
    }  # fmt: skip
    assert hashes.keys() == libraries.keys()
    for name in ("PySide6/Qt/lib/libQt6Core.so.6", "libcrypto.so.3"):
        assert hashes[name] == hashlib.sha256(libraries[name].read_bytes()).hexdigest()
    needs = _dependencies(found)
    reference = {item["name"]: item["bom-ref"] for item in found["components"]}
    assert reference["numpy"] in needs[reference["onnxruntime"]]  # by the wheel's metadata
    assert reference["libxkbcommon0"] in needs[reference["PySide6_Essentials"]]  # by the loader
    assert reference["libquadmath"] in needs[reference["libgfortran"]]
    assert any(other.startswith("pkg:cargo/onig@") for other in needs[reference["tokenizers"]])
    reached, waiting = set(), [app["bom-ref"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += needs.get(name, ())
    assert reached == {app["bom-ref"], *(item["bom-ref"] for item in found["components"])}


def test_the_bill_of_the_wheel_names_what_an_installation_brings(bundle, monkeypatch, tmp_path):
    sbom = _load("sbom", monkeypatch)
    wheel = tmp_path / "x.whl"
    wheel.write_bytes(b"a wheel")
    text = sbom.of_wheel(wheel, site(), "0.2.0", MOMENT)
    assert text == sbom.of_wheel(wheel, site(), "0.2.0", MOMENT)
    found = json.loads(text)
    assert found["metadata"]["timestamp"] == "2026-11-27T00:00:00+00:00"
    assert found["metadata"]["component"]["hashes"][0]["content"] == hashlib.sha256(b"a wheel").hexdigest()
    names = {item["name"] for item in found["components"] if not item["purl"].startswith("pkg:cargo/")}
    assert {"PySide6_Essentials", "shiboken6", "numpy", "huggingface_hub"} <= names
    assert not names & {"pip", "pyinstaller", "altgraph", "setuptools", "libssl3", "model-fit-advisor"}


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
    (tmp_path / "two" / "rights").chmod(0o755)
    assert reproduce.differences(tmp_path / "one", tmp_path / "two", rights=False) == []
    (tmp_path / "two" / "content").write_text("other")
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
