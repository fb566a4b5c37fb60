"""What no package lists: Python, the app's own tables, the licence of Qt; and what a report of a fault holds."""

import json
import platform
from pathlib import Path

from advisor import __version__
from advisor.installed import components
from advisor.report import about as words

ROOT = Path(__file__).resolve().parents[3]


def named(found, name):
    return next(item for item in found.components if item.name == name)


def test_the_app_comes_first_and_its_tables_last_each_with_its_sources():
    found = components.load()
    assert found.components[0].name == "model-fit-advisor"
    assert "Apache License" in found.text_of(found.components[0])
    shipped = sorted(
        path.parent.relative_to(ROOT / "resources").as_posix() for path in ROOT.glob("resources/**/SOURCES.md")
    )
    tables = [item for item in found.components if item.kind == "data"]
    assert [item.name.removeprefix("Data: ") for item in tables] == shipped
    assert tuple(tables) == found.components[-len(tables) :]
    grid = named(found, "Data: grid")
    assert words.text_words(found, grid).startswith("grid\nsee the text\n\n")
    assert (ROOT / "resources/grid/SOURCES.md").read_text("utf-8") in words.text_words(found, grid)


def test_python_is_listed_with_its_licence():
    found = components.load()
    python = named(found, "Python")
    assert (python.version, python.licence, python.kind) == (platform.python_version(), "PSF-2.0", "runtime")


def test_without_a_text_qt_is_said_to_be_replaceable_and_others_to_be_published():
    qt = components.Component(name="PySide6", version="6", licence="LGPL-3.0-only", kind="qt")
    lone = components.Component(name="x", version="1", licence="MIT", kind="python")
    page = components.Component(name="y", version="1", licence="MIT", kind="python", homepage="https://example.org")
    found = components.Components(schema_version=1, components=(qt, lone, page), texts={})
    said = [words.text_words(found, item) for item in found.components]
    for part in ("GNU Lesser General Public License, version 3", "take the place", "lgpl-3.0", "sources"):
        assert part in said[0]
    assert said[1] == "x 1\nMIT\n\nNo text of its licence came with it."
    where = "it is published at the address above."
    assert said[2] == f"y 1\nMIT\nhttps://example.org\n\nNo text of its licence came with it; {where}"


def test_the_details_hold_versions_and_nothing_personal(monkeypatch):
    monkeypatch.setenv("MODEL_FIT_ADVISOR_HOME", "/home/somebody/secret")
    told = words.details(components.load())
    for part in (__version__, platform.python_version(), "onnxruntime 1.", "PySide6_Essentials 6.", "yes"):
        assert part in told
    for part in ("somebody", platform.node(), str(Path.home())):
        assert part not in told
    assert "onnxruntime" not in words.details()


def test_a_bundles_list_is_put_in_the_same_order(tmp_path, monkeypatch):
    one = {"version": "1", "licence": "MIT", "homepage": "", "texts": []}
    pairs = (("Data: a", "data"), ("b", "python"), ("A", "python"), ("libz", "system"), ("model-fit-advisor", "python"))
    listed = [{"name": name, "kind": kind, **one} for name, kind in pairs]
    document = {"schema_version": 1, "components": listed, "texts": {}}
    (tmp_path / components.FILE_NAME).write_text(json.dumps(document), "utf-8")
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    assert [item.name for item in components.load().components] == ["model-fit-advisor", "A", "b", "libz", "Data: a"]
