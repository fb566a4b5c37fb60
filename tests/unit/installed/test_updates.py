"""Newer versions: what an answer says, which address may be asked, when it is due, how each way is updated."""

import contextlib
import datetime
import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor import __version__, paths
from advisor.errors import InvalidFileError, InvalidInputError
from advisor.installed import place, updates
from advisor.report import about as words

NOW = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC)
ROOT = Path(__file__).resolve().parents[3]


def release(**fields):
    return json.dumps({"tag_name": "v1.2.3", "html_url": "https://example.org/1.2.3", **fields}).encode()


def test_the_address_is_that_of_the_projects_home():
    home = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))["homepage"]
    owner = home.removeprefix("https://github.com/")
    assert f"https://api.github.com/repos/{owner}/releases/latest" == updates.ADDRESS


def test_a_release_is_read():
    found = updates.read_answer(release(body="x" * 9999, draft=False), NOW)
    assert (found.version, found.page) == ("1.2.3", "https://example.org/1.2.3")
    assert found.looked == "2026-11-27T12:00:00+00:00"


@pytest.mark.parametrize("page", ["http://example.org", "javascript:alert(1)", "https://" + "x" * 999, 5, None])
def test_a_page_that_is_no_https_address_is_not_shown(page):
    assert updates.read_answer(release(html_url=page), NOW).page == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{", b"null", b"[" * 100_000, release(tag_name=None), release(tag_name="v1.2.3-rc1"),
        release(tag_name="1.2.3; rm -rf"), release(tag_name="9" * 99), release(draft=True), release(prerelease=True),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_release_is_refused(raw):
    with pytest.raises(InvalidFileError) as error:
        updates.read_answer(raw, NOW)
    assert error.value.code == "updates-answer-invalid"


@given(st.binary(max_size=300))
def test_no_answer_breaks_it(raw):
    with contextlib.suppress(InvalidFileError):
        updates.read_answer(raw, NOW)


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("0.2.1", "0.2.0", True), ("0.10.0", "0.9.9", True), ("v1.0", "0.9", True), ("0.2", "0.2.0", False),
        ("0.2.0", "0.2.1", False), ("0.2.0", "0.2.0", False), ("junk", "0.1.0", False), ("1.0.0", "junk", False),
    ],
)  # fmt: skip
def test_versions_are_compared_by_their_numbers(version, than, newer):
    assert updates.is_newer(version, than) is newer


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://example.org/latest", True), ("http://127.0.0.1:8000/latest", True), ("http://localhost/x", True),
        ("http://example.org/latest", False), ("file:///etc/passwd", False), ("ftp://example.org", False),
        ("https://", False), ("", False),
    ],
)  # fmt: skip
def test_only_https_or_this_computer_is_asked(monkeypatch, address, allowed):
    if allowed:
        assert updates.checked_address(address) == address
    else:
        with pytest.raises(InvalidInputError, match="https"):
            updates.checked_address(address)
    monkeypatch.setenv(updates.ADDRESS_VARIABLE, "https://mirror.example.org/x")
    assert updates.address() == "https://mirror.example.org/x"


def test_a_week_passes_before_it_is_due_again():
    assert updates.is_due(NOW)
    updates.keep(updates.read_answer(release(), NOW))
    assert updates.last().version == "1.2.3"
    assert not updates.is_due(NOW + datetime.timedelta(days=6, hours=23))
    assert updates.is_due(NOW + datetime.timedelta(days=7))
    assert updates.is_due(NOW - datetime.timedelta(days=1))  # the clock was wrong when it was looked


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version":"1","looked":"yesterday"}', b'{"version":1}'])
def test_a_damaged_note_of_the_last_look_counts_as_none(content):
    file = paths.cache_folder() / "updates.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    assert updates.is_due(NOW)


def test_the_sentence_says_what_to_do(monkeypatch):
    found = updates.read_answer(release(tag_name="99.0"), NOW)
    for way in words.WAYS:
        monkeypatch.setattr(place, "way", lambda way=way: way)
        said = words.found_sentence(found)
        assert f"Version 99.0 is available; you have {__version__}" in said
        assert "https://example.org/1.2.3" in said
    monkeypatch.undo()
    same = updates.read_answer(release(tag_name=__version__), NOW)
    assert words.found_sentence(same) == f"You have the newest version, {__version__} (looked on 2026-11-27)."


def test_where_the_program_lies_says_how_it_came_here(tmp_path):
    program = tmp_path / "usr/lib/model-fit-advisor/model-fit-advisor"
    program.parent.mkdir(parents=True)
    program.touch()
    assert place.of_bundle(program, root=tmp_path) == "rpm-package"
    listed = tmp_path / "var/lib/dpkg/info/model-fit-advisor.list"
    listed.parent.mkdir(parents=True)
    listed.touch()
    assert place.of_bundle(program, root=tmp_path) == "debian-package"
    assert place.of_bundle(tmp_path / "opt/model-fit-advisor", root=tmp_path) == "bundle"
    module = tmp_path / "site-packages/advisor/installed/place.py"
    assert place.of_package(module, tmp_path / "pipx/venvs/x") == "pipx"
    assert place.of_package(module, tmp_path / "uv/tools/x") == "uv-tool"
    assert place.of_package(module, tmp_path / "venv") == "python-package"
    assert place.way() == "source"
