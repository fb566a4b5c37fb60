"""What a Linux desktop reads beside the program: entry, metadata, file type, icons, man page, completions.

Each is checked by the tool that desktops and distributions use. test.sh installs these tools.
"""

import configparser
import gzip
import importlib.util
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import typer
from PySide6.QtGui import QImage

from advisor import __main__, __version__
from advisor.cli import app as cli
from advisor.ui import app as window

ROOT = Path(__file__).resolve().parents[2]
NAMES = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
ID = NAMES["id"]
KNOWN_ISSUES = {
    "unknown-tag": "AppStream 0.16 of Debian 12 does not know <developer>, which Flathub requires",
    "cid-contains-uppercase-letter": "the same id names the macOS bundle and the Flatpak, where it is written so",
}
"""Of appstreamcli, with the reason for each."""


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / "linux" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stage = load("stage")


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """The staged `usr/share`."""
    place = tmp_path_factory.mktemp("linux")
    subprocess.run([sys.executable, ROOT / "packaging" / "linux" / "stage.py", "--out", place], check=True)
    return place / "usr" / "share"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_input_gives_the_same_bytes(staged, tmp_path):
    again = tmp_path / "again"
    env = {**os.environ, "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7", "COLUMNS": "200"}
    subprocess.run([sys.executable, ROOT / "packaging/linux/stage.py", "--out", again], check=True, env=env)
    first, second = contents(staged), contents(again / "usr" / "share")
    assert len(first) > 30
    assert [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)] == []


def test_the_desktop_entry_is_valid_and_starts_what_the_app_knows(staged):
    file = staged / "applications" / f"{ID}.desktop"
    done = subprocess.run(["desktop-file-validate", file], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(file, "utf-8")
    entry = parser["Desktop Entry"]
    assert (entry["Icon"], entry["TryExec"], entry["MimeType"]) == (ID, NAMES["command"], f"{NAMES['mime_type']};")
    # Without it the windows of an X11 desktop lie beside the entry: Qt's class there is the app's name.
    assert entry["StartupWMClass"] == NAMES["name"]
    actions = [f"Desktop Action {name}" for name in entry["Actions"].strip(";").split(";")]
    assert sorted(actions) == sorted(set(parser.sections()) - {"Desktop Entry"})
    for section in ("Desktop Entry", *actions):
        program, *words = shlex.split(parser[section]["Exec"])
        assert program == NAMES["command"]
        assert __main__._is_for_window(words)
        assert window._options([word for word in words[1:] if word != "%F"]) is not None


def test_appstream_finds_nothing_but_what_is_known(staged):
    file = staged / "metainfo" / f"{ID}.metainfo.xml"
    done = subprocess.run(
        ["appstreamcli", "validate", "--no-net", "--no-color", "--pedantic", file], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    issues = re.findall(r"^([EWIP]): [^:]+:\d+: ([a-z-]+)", done.stdout, re.MULTILINE)
    assert {tag for _, tag in issues} <= set(KNOWN_ISSUES), done.stdout
    assert {kind for kind, _ in issues} <= {"I", "P"}


def test_the_metadata_says_what_is_so(staged):
    root = ET.parse(staged / "metainfo" / f"{ID}.metainfo.xml").getroot()
    text = {element.tag: element.text for element in root}
    assert (text["id"], text["name"], text["summary"]) == (ID, NAMES["name"], NAMES["summary"])
    assert (text["metadata_license"], text["project_license"]) == ("CC0-1.0", NAMES["license"])
    assert root.find("developer").get("id") == NAMES["developer_id"]
    assert root.findtext("launchable") == f"{ID}.desktop"
    assert [item.text for item in root.find("provides")] == [
        NAMES["command"], NAMES["console_command"], NAMES["mime_type"],
    ]  # fmt: skip
    known = re.findall(r"^## (\d\S+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    releases = root.find("releases")
    assert [(item.get("version"), item.get("date")) for item in releases] == known
    assert known[0][0] == __version__
    assert all(len(item.findall("description/ul/li")) >= 1 for item in releases)


def test_every_screenshot_lies_where_its_address_says(staged):
    root = ET.parse(staged / "metainfo" / f"{ID}.metainfo.xml").getroot()
    shown = root.findall("screenshots/screenshot")
    assert len(shown) >= 4
    assert [item.get("type") for item in shown] == ["default", *[None] * (len(shown) - 1)]
    base = NAMES["homepage"].replace("//github.com", "//raw.githubusercontent.com") + f"/v{__version__}/"
    for item in shown:
        assert item.findtext("caption").strip()
        image = item.find("image")
        assert image.text.startswith(base)
        picture = QImage(str(ROOT / image.text.removeprefix(base)))
        assert (picture.width(), picture.height()) == (int(image.get("width")), int(image.get("height")))


TYPES = """
import sys
from PySide6.QtCore import QMimeDatabase
known = QMimeDatabase()
for name in sys.argv[1:]:
    kind = known.mimeTypeForFile(name)
    print(kind.name(), kind.inherits("application/json"), kind.iconName())
"""


def test_result_files_get_their_type_by_name_and_by_content(staged, tmp_path):
    mime = tmp_path / "share" / "mime"
    shutil.copytree(staged / "mime", mime)
    shutil.copy("/usr/share/mime/packages/freedesktop.org.xml", mime / "packages")  # what every desktop has beside it
    done = subprocess.run(["update-mime-database", "-V", mime], capture_output=True, text=True, check=True)
    assert "rror" not in done.stdout + done.stderr
    assert f"80:{NAMES['mime_type']}:*{NAMES['result_suffix']}\n" in (mime / "globs2").read_text()
    report = (ROOT / "docs/samples/report.json").read_bytes()
    files = {
        "a.mfa.json": (report, NAMES["mime_type"]), "B.MFA.JSON": (b"{}", NAMES["mime_type"]),
        "no-ending": (report, NAMES["mime_type"]), "other.json": (b"{}", "application/json"),
        "machine": (b'{\n  "schema": "model-fit-advisor/machine/1"', "text/plain"),
    }  # fmt: skip
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    env = {**os.environ, "XDG_DATA_DIRS": str(tmp_path / "share"), "XDG_DATA_HOME": str(tmp_path / "none")}
    done = subprocess.run(
        [sys.executable, "-c", TYPES, *files], capture_output=True, text=True, check=True, cwd=tmp_path, env=env
    )
    seen = [line.split() for line in done.stdout.splitlines()]
    assert {name: line[0] for name, line in zip(files, seen, strict=True)} == {n: t for n, (_, t) in files.items()}
    assert seen[0][1:] == ["True", stage.MIME_ICON]


@pytest.mark.parametrize("name", [f"apps/{ID}", f"mimetypes/{stage.MIME_ICON}"])
def test_icons_have_their_sizes_and_show_something(staged, name):
    from PySide6.QtSvg import QSvgRenderer

    for size in (16, 22, 24, 32, 48, 64, 96, 128, 256, 512):
        icon = QImage(str(staged / "icons/hicolor" / f"{size}x{size}" / f"{name}.png"))
        assert (icon.width(), icon.height()) == (size, size)
        colours = {icon.pixel(x, y) for x in range(size) for y in range(size)}
        assert len(colours) >= 16, size
        assert icon.hasAlphaChannel()
        assert icon.pixelColor(0, 0).alpha() < 255  # the corner lets the desktop through
    assert QSvgRenderer(str(staged / "icons/hicolor/scalable" / f"{name}.svg")).isValid()


def commands(command, words=()):
    """Yield the words of every command of the terminal app, with its options."""
    for name, below in getattr(command, "commands", {}).items():
        yield " ".join((*words, name)), [opt for p in below.params for opt in p.opts if not getattr(p, "hidden", False)]
        yield from commands(below, (*words, name))


def test_the_man_page_formats_without_warnings_and_has_every_command(staged):
    page = staged / "man" / "man1" / f"{NAMES['command']}.1.gz"
    man = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page]
    env = {**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"}
    done = subprocess.run(man, capture_output=True, text=True, env=env)  # as lintian does it
    assert (done.returncode, done.stderr) == (0, "")
    shown = subprocess.run(
        ["man", "-l", page], capture_output=True, text=True, check=True, env={**env, "MANWIDTH": "2000"}
    ).stdout.replace("\N{HYPHEN}", "-")
    for heading in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f"\n{heading}\n" in shown
    known = dict(commands(typer.main.get_command(cli.build())))
    assert {"recommend", "hub search", "gui"} <= set(known)
    parts = re.split(r"^   (?=\S)", shown, flags=re.MULTILINE)
    described = {part.partition("\n")[0]: part for part in parts}
    for words, options in known.items():
        assert words in described
        for option in options:
            if option.startswith("--") and option != "--help":
                assert option in described[words], f"{words} {option}"
    assert 'recommend --task "sort 500 support emails' in shown
    assert __version__ in shown


def test_the_console_programs_page_leads_to_the_same(staged):
    link = gzip.decompress((staged / "man" / "man1" / f"{NAMES['console_command']}.1.gz").read_bytes())
    assert link.decode() == f".so man1/{NAMES['command']}.1\n"
    for page in (staged / "man" / "man1").iterdir():
        assert page.read_bytes()[3:9] == b"\0\0\0\0\0\x02"  # `gzip -9n`: no name, no time


class Bash:
    """An interactive bash on a terminal of its own."""

    def __init__(self, env):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe("bash", ["bash", "--noprofile", "--norc", "-i"], env)
        self._seen = ""
        self.type("bind 'set bell-style none'; . /usr/share/bash-completion/bash_completion; echo STAR''TED\n")
        self.wait("STARTED")

    def type(self, words):
        os.write(self.terminal, words.encode())

    def wait(self, mark):
        """Return what was shown up to a mark."""
        end = time.monotonic() + 60
        while mark not in self._seen:
            assert time.monotonic() < end, self._seen
            if select.select([self.terminal], [], [], 1)[0]:
                self._seen += os.read(self.terminal, 65536).decode(errors="replace")
        before, _, self._seen = self._seen.partition(mark)
        return before

    def completed(self, words):
        """Return the line that stands there after Tab; readline takes the keys one after the other."""
        self.type(f"{words}\t\x01echo 'F''OUND:' \x05 :EN''D\n")
        self.wait("FOUND: ")
        return self.wait(" :END").rstrip()

    def close(self):
        self.type("\nexit\n")
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.fixture(scope="module")
def bash(staged, tmp_path_factory):
    """A shell that finds the completions where the package puts them, and loads them at the first Tab."""
    programs = Path(sys.executable).parent
    shell = Bash(
        {**os.environ, "XDG_DATA_DIRS": str(staged), "PATH": f"{programs}:{os.environ['PATH']}", "TERM": "dumb",
         "HOME": str(tmp_path_factory.mktemp("home")), "PS1": "> ", "INPUTRC": "/dev/null"}
    )  # fmt: skip
    yield shell
    shell.close()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("recomm", "recommend"),
        ("hub sea", "hub search"),
        ("probe --ener", "probe --energy"),
        ("probe --energy sta", "probe --energy standard"),
        ("probe sentence-transformers/all-MiniLM-L6", "probe sentence-transformers/all-MiniLM-L6-v2"),
        ("estimate all-MiniLM-L6", "estimate all-MiniLM-L6-v2"),
        ("estimate x --format=onnx-fp3", "estimate x --format=onnx-fp32"),
        ("recommend --preset aies:text-gen", "recommend --preset aies:text-generation"),
        ("recommend --with kind=transl", "recommend --with kind=translation"),
        ("compare-energy x:onnx-int4-b3", "compare-energy x:onnx-int4-b32"),
        ("gui --page exam", "gui --page examples"),
        ("size /proc/cpui", "size /proc/cpuinfo"),
        ("no-such-comm", "no-such-comm"),
    ],
)
@pytest.mark.allow_leaks("the shell stays for the next word")
def test_tab_completes_in_bash(bash, typed, completed):
    assert bash.completed(f"{NAMES['command']} {typed}") == f"{NAMES['command']} {completed}"


def test_the_bundle_answers_the_shell_and_opens_no_window(run_bundle, bundle):
    words = {"COMP_WORDS": f"{NAMES['command']}\nrecomm", "COMP_CWORD": "1"}
    variable = {stage.COMPLETE_VARIABLE: "complete_bash"}
    for program in (bundle, bundle.parent / NAMES["command"]):
        done = run_bundle(program=program, **words, **variable)
        assert (done.stdout, done.stderr) == ("recommend\n", "")


def test_shells_that_show_descriptions_get_them():
    env = {**os.environ, stage.COMPLETE_VARIABLE: "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    env["_TYPER_COMPLETE_ARGS"] = "model-fit-advisor recommend --region D"
    done = subprocess.run([sys.executable, "-m", "advisor"], capture_output=True, text=True, env=env, timeout=60)
    assert "DE\tGermany" in done.stdout.splitlines()
    assert all(line.startswith("D") for line in done.stdout.splitlines())
