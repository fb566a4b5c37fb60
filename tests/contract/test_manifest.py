"""`resources/MANIFEST.json` says what is shipped; refresh it with `python packaging/manifest.py`."""

import hashlib
import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = ROOT / "resources"


@pytest.fixture(scope="module")
def manifest_module():
    spec = importlib.util.spec_from_file_location("manifest", ROOT / "packaging" / "manifest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_manifest_lists_every_file_with_its_hash():
    listed = json.loads((RESOURCES / "MANIFEST.json").read_text())["files"]
    found = {
        path.relative_to(RESOURCES).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in RESOURCES.rglob("*")
        if path.is_file() and path.name != "MANIFEST.json" and not path.name.startswith(".")
    }
    out_of_date = {
        name for name in listed.keys() | found.keys() if listed.get(name, {}).get("sha256") != found.get(name)
    }
    assert not out_of_date, "run: python packaging/manifest.py"


def test_manifest_is_what_the_script_writes(manifest_module):
    assert (RESOURCES / "MANIFEST.json").read_text() == manifest_module.build()


def test_manifest_names_the_edition_of_the_catalog():
    listed = json.loads((RESOURCES / "MANIFEST.json").read_text())["files"]
    catalog = json.loads((RESOURCES / "catalog" / "models.json").read_text())
    assert listed["catalog/models.json"]["version"] == catalog["version"]


def test_version_follows_content(manifest_module, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "table.json").write_text('{"as_of": "2026-11-23"}')
    (tmp_path / "list.csv").write_text("x,y\n")
    before = json.loads(manifest_module.build(tmp_path))
    assert before["files"]["a/table.json"]["version"] == "2026-11-23"
    assert before["files"]["list.csv"]["version"] is None
    (tmp_path / "list.csv").write_text("x,z\n")
    after = json.loads(manifest_module.build(tmp_path))
    assert after["version"] != before["version"]
    assert after["files"]["a/table.json"] == before["files"]["a/table.json"]
