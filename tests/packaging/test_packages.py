"""The .deb and the .rpm, as files: what they ask of a system, rights, sums, copyright. prove.sh installs them."""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from advisor import __version__

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packaging" / "linux"), str(ROOT / "packaging" / "bundle")]

import build_packages  # noqa: E402
import depends  # noqa: E402
import elf  # noqa: E402

APP = "/usr/lib/model-fit-advisor"
DOC = "/usr/share/doc/model-fit-advisor"
PROGRAM = f"{APP}/model-fit-advisor"
GLIBC = re.compile(r"(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-x86-64\.so\.2)")


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """What a Linux desktop wants beside the program."""
    place = tmp_path_factory.mktemp("desktop")
    subprocess.run([sys.executable, ROOT / "packaging" / "linux" / "stage.py", "--out", place], check=True)
    return place


@pytest.fixture(scope="session")
def made(bundle, files, tmp_path_factory):
    """The .deb of the bundle, not compressed."""
    (deb,) = build_packages.make(
        bundle.parent, files, tmp_path_factory.mktemp("packages"), packing="none", kinds=("deb",)
    )
    return deb


@pytest.fixture
def small_bundle(bundle, tmp_path):
    """A library of the bundle, and again as its program: quick to pack."""
    place = tmp_path / "small"
    (place / "_internal" / "advisor").mkdir(parents=True)
    for name in ("_internal/licences.json", "_internal/libz.so.1"):
        shutil.copyfile(bundle.parent / name, place / name)
    shutil.copyfile(bundle.parent / "_internal/libz.so.1", place / "model-fit-advisor")
    (place / "model-fit-advisor-cli").symlink_to("model-fit-advisor")
    (place / "_internal" / "advisor" / "one.py").write_text("")
    return place


class Deb:
    """What is in a .deb."""

    def __init__(self, path):
        data = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], capture_output=True, check=True).stdout
        control = subprocess.run(["dpkg-deb", "--ctrl-tarfile", path], capture_output=True, check=True).stdout
        self.data = tarfile.open(fileobj=io.BytesIO(data))  # noqa: SIM115 - in memory
        self.members = {f"/{member.name.removeprefix('./').strip('/')}": member for member in self.data.getmembers()}
        with tarfile.open(fileobj=io.BytesIO(control)) as tar:
            self.control = {
                member.name.removeprefix("./"): tar.extractfile(member).read().decode()
                for member in tar.getmembers()
                if member.isfile()
            }

    def read(self, path):
        content = self.data.extractfile(self.members[path]).read()
        return gzip.decompress(content) if path.endswith(".gz") else content

    def field(self, name):
        return re.search(rf"^{name}: (.*)$", self.control["control"], re.MULTILINE)[1]


@pytest.fixture(scope="session")
def deb(made):
    return Deb(made)


def of_the_system(folder):
    """Return the libraries that files of the bundle ask for and the bundle does not bring, with who asks."""
    brought = {path.name for path in folder.rglob("*")}
    programs = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and elf.is_elf(path)]
    assert len(programs) > 100
    return {name: path for path in programs for name in elf.needed(path) if name not in brought}, programs


@pytest.fixture(scope="session")
def asked(bundle):
    return of_the_system(bundle.parent)


def test_the_deb_asks_for_every_library_that_it_does_not_bring(deb, asked):
    wanted = deb.field("Depends").split(", ")
    names = [item.split()[0] for item in wanted]
    held = subprocess.run(["dpkg", "-L", *names], capture_output=True, text=True).stdout.split()
    there = {Path(path).name for path in held}
    missing = {name: path.name for name, path in asked[0].items() if name not in there and not GLIBC.fullmatch(name)}
    assert not missing
    needed = max(version for path in asked[1] for version in elf.versions(path))
    assert f"libc6 (>= {'.'.join(map(str, needed))})" in wanted
    # Every system with that glibc has a libstdc++ as new as Ubuntu 22.04's.
    assert needed >= (2, 35)
    assert max(version for path in asked[1] for version in elf.versions(path, "GLIBCXX")) <= (3, 4, 30)
    assert {"fontconfig", "fonts-dejavu-core | fonts-noto-core", "xkb-data", "libegl1", "libgl1"} <= set(wanted)


def test_files_belong_to_root_and_only_programs_may_be_run(deb):
    for path, member in deb.members.items():
        assert (member.uid, member.gid) == (0, 0), path
        if member.isdir():
            assert member.mode & 0o7777 == 0o755, path
        elif member.isfile():
            assert member.mode & 0o7777 == (0o755 if path == PROGRAM else 0o644), path
        else:
            assert member.issym(), path
    assert not [path for path in deb.members if "__pycache__" in path]


def test_both_commands_are_links_to_the_program(deb):
    links = {path: member.linkname for path, member in deb.members.items() if member.issym()}
    for path, target in links.items():
        place = os.path.normpath(Path(path).parent / target)
        assert place in deb.members, f"{path} -> {target}"
        assert place.startswith(APP), path
    assert links["/usr/bin/model-fit-advisor"] == "../lib/model-fit-advisor/model-fit-advisor"
    assert links["/usr/bin/model-fit-advisor-cli"] == "../lib/model-fit-advisor/model-fit-advisor-cli"


def test_the_sums_are_those_of_the_files_and_no_script_runs(deb):
    assert set(deb.control) == {"control", "md5sums"}
    sums = dict(reversed(line.split("  ", 1)) for line in deb.control["md5sums"].splitlines())
    of_files = {
        path.strip("/"): hashlib.md5(deb.data.extractfile(member).read(), usedforsecurity=False).hexdigest()
        for path, member in deb.members.items()
        if member.isfile()
    }
    assert sums == of_files


def test_the_same_input_makes_the_same_bytes(small_bundle, files, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")  # else the date of the last commit
    first = build_packages.make(small_bundle, files, tmp_path / "first")
    for path in small_bundle.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1_600_000_000, 1_600_000_000))
    (small_bundle / "_internal" / "advisor" / "__pycache__").mkdir()
    second = build_packages.make(small_bundle, files, tmp_path / "second")
    one, two = ([hashlib.sha256(path.read_bytes()).hexdigest() for path in made] for made in (first, second))
    assert one == two
    members = subprocess.run(["ar", "t", first[0]], capture_output=True, text=True, check=True).stdout.split()
    assert members == ["debian-binary", "control.tar.gz", "data.tar.xz"]
    assert Deb(first[0]).read(f"{APP}/_internal/libz.so.1") == (small_bundle / "_internal/libz.so.1").read_bytes()


def test_the_copyright_names_everything_bundled_and_every_text_is_there(deb, bundle):
    found = json.loads((bundle.parent / "_internal" / "licences.json").read_text("utf-8"))
    text = deb.read(f"{DOC}/copyright").decode()
    brought = [item for item in found["components"] if item["kind"] != "data"]
    assert len(brought) > 40
    for item in brought:
        if item["name"] != "model-fit-advisor":
            assert f"\nComment: {item['name']} {item['version']}" in text, item["name"]
    named = set(re.findall(r"^License: (.+)$", text, re.MULTILINE))
    explained = set(re.findall(r"^License: (.+)\n ", text, re.MULTILINE))
    alone = {part.strip() for name in named for part in re.split(r" and | or |[()]", name) if part.strip()}
    assert alone <= explained
    full = deb.read(f"{DOC}/licences.txt.gz").decode()
    for item in found["components"]:
        for key in item["texts"]:
            assert found["texts"][key].strip() in full, item["name"]


def test_each_override_has_its_reason(deb):
    before = ""
    lines = deb.read("/usr/share/lintian/overrides/model-fit-advisor").decode().splitlines()
    for line in lines:
        if not line.startswith("#"):
            assert re.fullmatch(r"model-fit-advisor: [a-z-]+", line), line
            assert before.startswith(("# ", "model-fit-advisor: ")), line
        before = line
    assert lines[0].startswith("# ")


def test_version_and_changelogs_agree(deb):
    version = f"{__version__}-{build_packages.REVISION}"
    assert deb.field("Version") == version
    assert deb.read(f"{DOC}/changelog.Debian.gz").decode().startswith(f"model-fit-advisor ({version}) ")
    assert deb.read(f"{DOC}/changelog.gz") == (ROOT / "CHANGELOG.md").read_bytes()


def test_the_rpm_asks_for_the_same_libraries(bundle, asked):
    wanted = depends.rpm(bundle.parent)
    assert {name for name in asked[0] if not GLIBC.fullmatch(name)} <= {
        name.removesuffix("()(64bit)") for name in wanted
    }
    assert {"fontconfig", "xkeyboard-config"} <= set(wanted)


def test_an_rpm_holds_the_same_files_and_runs_no_script(small_bundle, files, tmp_path):
    deb, rpm = build_packages.make(small_bundle, files, tmp_path / "made")

    def query(*words):
        return subprocess.run(["rpm", "-qp", *words, rpm], capture_output=True, text=True, check=True).stdout

    assert set(depends.rpm(small_bundle)) <= set(query("--requires").splitlines())
    assert query("--scripts") == ""
    assert query("--qf", "%{BUILDHOST}") == "localhost"  # not the name of the machine
    form = r"[%{FILENAMES}|%{FILEUSERNAME}|%{FILEGROUPNAME}|%{FILEMODES:perms}\n]"
    rows = [line.split("|") for line in query("--qf", form).splitlines()]
    assert {(row[1], row[2]) for row in rows} == {("root", "root")}
    assert [row[0] for row in rows if row[3] == "-rwxr-xr-x"] == [PROGRAM]
    there = {row[0] for row in rows if row[3].startswith(("-", "l"))}
    in_deb = {path for path, member in Deb(deb).members.items() if not member.isdir()}
    assert {path for path in in_deb - there if "zsh" not in path} == {
        "/usr/share/lintian/overrides/model-fit-advisor",
        f"{DOC}/changelog.Debian.gz",
    }
    assert "/usr/share/zsh/site-functions/_model-fit-advisor" in there


def test_rights_and_dates_do_not_depend_on_what_lies_in_the_folder(tmp_path):
    folder = tmp_path / "bundle"
    (folder / "_internal" / "advisor" / "__pycache__").mkdir(parents=True)
    for name in ("program", "_internal/advisor/one.py", "_internal/advisor/__pycache__/one.cpython-311.pyc"):
        (folder / name).write_text("")
        (folder / name).chmod(0o4777)
    (folder / "other").symlink_to("program")
    place = build_packages.copied(folder, tmp_path / "copy", 1_700_000_000)
    found = {path.relative_to(place).as_posix(): path.lstat() for path in [place, *place.rglob("*")]}
    assert set(found) == {".", "program", "other", "_internal", "_internal/advisor", "_internal/advisor/one.py"}
    assert {int(state.st_mtime) for state in found.values()} == {1_700_000_000}
    assert found["program"].st_mode & 0o7777 == 0o755
    assert found["_internal/advisor/one.py"].st_mode & 0o7777 == 0o644


def test_where_the_proof_cannot_run_it_says_so_and_does_not_succeed(tmp_path):
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    done = subprocess.run(
        ["bash", ROOT / "packaging" / "linux" / "proof" / "prove.sh"], capture_output=True, text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr == "The proof on a clean system cannot run here: it needs root, to make the system.\n"
