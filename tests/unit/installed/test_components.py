"""What this installation is made of, from a bundle's file and from installed packages."""

import json

import pytest

from advisor.errors import InvalidFileError
from advisor.installed import components
from advisor.report import about as words

DOCUMENT = {
    "schema_version": 1,
    "components": [
        {"name": "numpy", "version": "2.4.6", "licence": "BSD-3-Clause", "kind": "python",
         "homepage": "https://numpy.org", "texts": ["a", "b"]},
        {"name": "Data: grid", "version": "", "licence": "LicenseRef-Sources", "kind": "data", "homepage": "",
         "texts": ["b"]},
    ],
    "texts": {"a": "first text\n", "b": "second text\n"},
}  # fmt: skip


def test_a_bundles_file_is_read(tmp_path, monkeypatch):
    (tmp_path / components.FILE_NAME).write_text(json.dumps(DOCUMENT), "utf-8")
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    found = components.load()
    assert [item.name for item in found.components] == ["numpy", "Data: grid"]
    shown = words.text_words(found, found.components[0])
    assert "first text" in shown
    assert "second text" in shown
    assert words.rows(found)[1] == ("grid", "", "see the text", "data of this app")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", json.dumps({**DOCUMENT, "schema_version": 2}).encode(), json.dumps({"components": []}).encode()],
)
def test_a_damaged_file_is_named(tmp_path, content):
    place = tmp_path / components.FILE_NAME
    place.write_bytes(content)
    with pytest.raises(InvalidFileError, match=r"licences\.json") as error:
        components.of_bundle(place)
    assert error.value.code == "licences-invalid"
    assert error.value.remedy
    with pytest.raises(InvalidFileError):
        components.of_bundle(tmp_path / "missing.json")


def test_installed_packages_are_listed_with_what_they_need_and_no_extras():
    found = components.of_packages()
    named = {components.plain(item.name): item for item in found.components}
    assert {
        "model-fit-advisor",
        "numpy",
        "onnxruntime",
        "pyside6-essentials",
        "shiboken6",
        "click",
        "markupsafe",
    } <= named.keys()
    assert not {"pytest", "torch", "mypy", "hatchling"} & named.keys()  # of extras
    assert named["pyside6-essentials"].kind == "qt"
    assert named["numpy"].licence.startswith("BSD-3-Clause")
    assert "Redistribution" in found.text_of(named["numpy"])
    assert len(named) == len(found.components)
    without = [name for name, item in named.items() if not item.licence]
    assert without == []


def test_a_package_that_is_not_there_is_left_out():
    assert components.of_packages("no-such-package-anywhere").components == ()
