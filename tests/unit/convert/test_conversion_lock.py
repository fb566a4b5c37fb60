"""The locked requirements of the conversion tools."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from advisor import resources
from advisor.convert import tools, tools_install

ROOT = Path(__file__).resolve().parents[3]
PLATFORMS = tuple(tools.DOWNLOAD_BYTES)


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name):
    """Return name -> (version, number of hashes) of a lock file."""
    text = resources.read(f"conversion/{name}.txt").decode().replace("\\\n", " ")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert all(word.startswith("--hash=sha256:") for row in rows for word in row[1:])
    return {plain(row[0].split("==")[0]): (row[0].split("==")[1], len(row) - 1) for row in rows}


def everything(platform):
    return locked(f"requirements-{platform}") | locked(f"torch-{platform}") | locked("installer")


def pins(path):
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    return {plain(line.split("==")[0]): line.split("==")[1] for line in lines if line}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_file_has_a_hash_and_every_chosen_package_is_locked(platform):
    lock = everything(platform)
    assert all(num_hashes for _, num_hashes in lock.values())
    for name, version in pins(ROOT / "resources" / "conversion" / "packages.txt").items():
        assert lock[name][0].removesuffix("+cpu") == version


def test_versions_are_those_the_app_was_tested_with():
    ours = pins(ROOT / "constraints.txt")
    for platform in PLATFORMS:
        lock = {name: version for name, (version, _) in everything(platform).items()}
        both = ours.keys() & lock.keys()
        assert len(both) > 30
        assert {name: lock[name] for name in both} == {name: ours[name] for name in both}


def test_the_platforms_differ_only_in_what_windows_needs_and_in_the_build_of_torch():
    first, *others = ({n: v.removesuffix("+cpu") for n, (v, _) in everything(p).items()} for p in PLATFORMS)
    for other in others:
        assert {name: version for name, version in other.items() if name != "colorama"} == first


def test_the_extra_export_asks_for_the_same_tools():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["export"]
    lock = everything("linux-x86_64")
    shared = [Requirement(text) for text in asked if plain(Requirement(text).name) not in {"diffusers", "timm"}]
    assert len(shared) == len(asked) - 2
    for requirement in shared:
        assert SpecifierSet(str(requirement.specifier)).contains(lock[plain(requirement.name)][0]), requirement


def test_torch_on_linux_is_the_build_for_processors_by_its_full_name():
    assert locked("torch-linux-x86_64")["torch"][0].endswith("+cpu")
    assert not [name for name in locked("requirements-linux-x86_64") if name.startswith(("nvidia", "triton", "cuda"))]


def test_what_is_tried_out_is_locked_and_no_host_is_named():
    lock = everything("linux-x86_64")
    assert {plain(name) for name in (*tools.NEEDED, *tools_install._TRIED)} <= lock.keys()
    for path in (ROOT / "resources" / "conversion").glob("*.txt"):
        assert "://" not in path.read_text()


def test_on_this_system_the_hash_of_torch_is_checked_on_the_python_that_it_is_known_for():
    assert tools.torch_is_hashed("3.11")
    assert tools.torch_is_hashed("3.12") == (tools.platform_key() != "linux-x86_64")
