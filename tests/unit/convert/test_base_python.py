"""Which Python the conversion tools are made of, with interpreters that are really started."""

import json
import os
import platform
import sys
from pathlib import Path

import pytest

from advisor.convert import base_python, tools
from advisor.errors import NotFoundError
from advisor.report import conversion_tools as words

MINE = f"{sys.version_info[0]}.{sys.version_info[1]}"
KIND = f"cpython {platform.machine().lower()} 64"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The only folder of PATH, for an app that runs as a bundle."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PATH", str(place))
    return place


def program(path, version, *, able=True, kind=KIND):
    """Write a program that answers as an interpreter would."""
    said = {"path": str(path), "version": version, "is_able": able, "kind": kind}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{json.dumps(said)}'\n")
    path.chmod(0o755)
    return str(path)


def refusal(places=()):
    with pytest.raises(NotFoundError) as caught:
        base_python.find(places)
    return caught.value


def test_a_bundle_takes_a_real_python_of_the_computer(folder):
    (folder / f"python{MINE}").symlink_to(sys.executable)
    found = base_python.find(())
    assert (found.version, found.is_able, found.kind) == (MINE, True, KIND)
    assert Path(found.path).exists()


def test_from_source_it_is_this_python():
    assert base_python.find().path == sys.executable


def test_the_tested_version_comes_first_wherever_it_lies(folder, tmp_path):
    program(folder / "python3", "3.13")
    program(folder / "python3.12", "3.12")
    assert base_python.find(()).version == "3.12"
    place = tmp_path / "versions" / "3.11.9" / "bin" / "python"
    program(place, "3.11")
    assert base_python.find((str(tmp_path / "versions" / "{}.*" / "bin" / "python"),)).path == str(place)


def test_the_folder_of_the_user_is_looked_at(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = program(tmp_path / ".local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/bin/python3", "3.12")
    uvs = [place for place in base_python.PLACES["linux"] if "uv" in place]
    assert base_python.find(uvs).path == path


def test_one_without_its_parts_is_passed_over_and_else_its_package_is_named(folder):
    program(folder / "python3.11", "3.11", able=False)
    error = refusal()
    assert error.code == "venv-missing"
    assert f"Python 3.11 ({folder / 'python3.11'}) cannot make environments" in error.message
    assert "sudo apt-get install python3.11-venv" in error.remedy
    program(folder / "python3.13", "3.13")
    assert base_python.find(()).version == "3.13"


@pytest.mark.parametrize("text", ["raise ImportError('ensurepip')\n", ""])
def test_an_interpreter_without_ensurepip_says_so(tmp_path, text):
    """As Debian's python3 without python3-venv, or with what is left of it."""
    (tmp_path / "stripped").mkdir()
    (tmp_path / "stripped" / "ensurepip.py").write_text(text)
    wrapper = tmp_path / "python"
    hide = f"import sys; sys.path.insert(0, '{tmp_path / 'stripped'}'); exec(sys.argv[-1])"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{hide}" "$3"\n')
    wrapper.chmod(0o755)
    found = base_python.ask([str(wrapper)])
    assert found is not None
    assert (found.is_able, found.version) == (False, MINE)


@pytest.mark.parametrize(
    ("version", "kind"), [("3.9", KIND), ("3.14", KIND), ("3.12", KIND + " free-threaded"), ("3.12", "pypy x86_64 64")]
)
def test_one_that_is_too_old_too_new_or_of_another_kind_is_named(folder, version, kind):
    path = program(folder / "python3", version, kind=kind)
    error = refusal()
    assert error.code == "python-missing"
    assert f"{version} ({path}" in error.message
    assert "3.11, 3.12 or 3.13" in error.message
    assert "Then try again." in error.remedy


def test_without_any_the_package_is_named_and_what_does_not_start_is_none(folder):
    for name, text in (("python3", "#!/bin/sh\nexit 9\n"), ("python", "#!/bin/sh\necho Python 2\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "apt-get").symlink_to("/bin/true")
    error = refusal()
    assert error.message.endswith("none was found on this computer.")
    assert "sudo apt-get install python3-venv" in error.remedy


def test_each_file_is_asked_once(folder, tmp_path):
    count = tmp_path / "count"
    (folder / "python3.12").write_text(f"#!/bin/sh\n/bin/echo >>{count}\nexit 1\n")
    (folder / "python3.12").chmod(0o755)
    for name in ("python3", "python"):
        (folder / name).symlink_to(folder / "python3.12")
    refusal((str(folder / "python{}"),))
    assert count.read_text() == "\n"
    assert os.environ["PATH"] == str(folder)


def test_what_is_missing_is_said_before_the_tools_are_installed_and_which_hashes_are_known(folder, monkeypatch):
    monkeypatch.setattr(base_python, "PLACES", {})
    takes = tools.takes()
    assert words.takes_sentence(takes, tools.state()).startswith("The tools need Python 3.11, 3.12 or 3.13")
    program(folder / "python3.12", "3.12")
    said = words.takes_sentence(tools.takes(), tools.state())
    assert said.startswith("About ")
    assert "Every file but PyTorch's is held against a known hash." in said
    program(folder / "python3.11", "3.11")
    assert "Every file is held against a known hash." in words.takes_sentence(tools.takes(), tools.state())
