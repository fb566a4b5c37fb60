"""Installs the wheel as users do, runs it away from the checkout, removes it and looks for what it left.

Run: `python packaging/wheel/try_installed.py [pip pipx uv] [--python PYTHON] [--lowest] [--wheel FILE]`, in an
environment that has pipx and uv where these are tried. `--lowest` (uv) takes the lowest version of each dependency that
the metadata allows. Everything lies in a temporary folder; nothing of the user's own tools is touched.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "model-fit-advisor"
JOBS = (
    ("--version",),
    ("recommend", "--task", "sort 500 emails a day into 6 topics", "--json"),
    ("probe", "sentence-transformers/all-MiniLM-L6-v2", "--format", "onnx-int8-dynamic", "--energy", "off", "--json"),
    ("report", "--task", "summarise 20 German e-mails a day", "-o", "report.pdf"),
    ("gui", "--smoke"),
)
"""What an installed copy must do: answer, recommend, measure, write a PDF, do the whole job in the window."""
COMPLAINTS = ("Traceback", "Warning")


class Trial:
    """One installer in a folder of its own."""

    def __init__(self, folder: Path, python: str, wheel: Path) -> None:
        self.folder, self.python, self.wheel = folder, python, wheel
        self.site = folder / "venv"
        hidden = ("PYTHONPATH", "VIRTUAL_ENV", "MODEL_FIT_ADVISOR", "DISPLAY", "WAYLAND_DISPLAY", "XDG_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        self.env |= {
            "HOME": str(folder / "home"), "QT_QPA_PLATFORM": "offscreen", "PIPX_HOME": str(folder / "pipx"),
            "PIPX_BIN_DIR": str(folder / "bin"), "UV_TOOL_BIN_DIR": str(folder / "bin"),
            "UV_TOOL_DIR": str(folder / "uv"),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
        }  # fmt: skip
        (folder / "home").mkdir()

    def call(self, *command: str | Path) -> str:
        """Run a command in the trial's folder; return what it printed.

        Raises:
            SystemExit: with what it said, when it fails or complains.
        """
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=self.env, cwd=self.folder)
        if done.returncode or (command[0] != sys.executable and any(word in done.stderr for word in COMPLAINTS)):
            raise SystemExit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout


def with_pip(trial: Trial) -> tuple[Path, Callable[[], object]]:
    """Install by pip into a new environment; return the program and what removes it."""
    trial.call(trial.python, "-m", "venv", trial.site)
    inside = trial.site / "bin" / "python"
    trial.call(inside, "-m", "pip", "install", "-q", trial.wheel)
    return inside.with_name(COMMAND), lambda: trial.call(inside, "-m", "pip", "uninstall", "-q", "-y", COMMAND)


def with_pipx(trial: Trial) -> tuple[Path, Callable[[], object]]:
    """Install by pipx."""
    trial.call(sys.executable, "-m", "pipx", "install", "-q", "--python", trial.python, trial.wheel)
    return trial.folder / "bin" / COMMAND, lambda: trial.call(sys.executable, "-m", "pipx", "uninstall", COMMAND)


def with_uv(trial: Trial) -> tuple[Path, Callable[[], object]]:
    """Install as a tool of uv."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{trial.env['PATH']}") or "uv"
    trial.call(uv, "tool", "install", "-q", "--python", trial.python, trial.wheel)
    return trial.folder / "bin" / COMMAND, lambda: trial.call(uv, "tool", "uninstall", "-q", COMMAND)


def with_lowest(trial: Trial) -> tuple[Path, Callable[[], object]]:
    """Install by uv with the lowest version of each dependency of the app; theirs are the newest."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{trial.env['PATH']}") or "uv"
    with zipfile.ZipFile(trial.wheel) as archive:
        text = archive.read(next(n for n in archive.namelist() if n.endswith("METADATA"))).decode()
    wanted = [line for line in Parser().parsestr(text).get_all("Requires-Dist", []) if "extra ==" not in line]
    (trial.folder / "wanted.txt").write_text("\n".join(wanted))
    inside = trial.site / "bin" / "python"
    trial.call(uv, "venv", "-q", "--python", trial.python, trial.site)
    words = ("pip", "install", "-q", "--python", inside)
    trial.call(uv, *words, "--resolution", "lowest-direct", "-r", "wanted.txt")
    trial.call(uv, *words, "--no-deps", trial.wheel)
    return inside.with_name(COMMAND), lambda: trial.call(uv, "pip", "uninstall", "-q", "--python", inside, COMMAND)


WAYS = {"pip": with_pip, "pipx": with_pipx, "uv": with_uv, "lowest": with_lowest}


def left(folder: Path) -> list[Path]:
    """Return what an installer put there and did not take away; compiled code of Python counts too."""
    found = []
    for path in (folder / "venv", folder / "pipx", folder / "uv", folder / "bin"):
        found += [item for item in path.rglob("*") if "advisor" in item.relative_to(path).as_posix()]
    return [item for item in found if item.suffix not in (".log", ".lock") and "logs" not in item.parts]


def attempt(way: str, python: str, wheel: Path) -> None:
    """Try one installer and say what it took."""
    with tempfile.TemporaryDirectory(prefix="installed-") as name:
        trial = Trial(Path(name), python, wheel)
        started = time.monotonic()
        program, remove = WAYS[way](trial)
        took_s = time.monotonic() - started
        for words in JOBS:
            trial.call(program, *words)
        remove()
        if rest := left(trial.folder):
            raise SystemExit(f"{way} left: {', '.join(map(str, rest[:10]))}")
        print(f"{way} with {python}: installed in {took_s:.0f} s, {len(JOBS)} jobs done, nothing left")


def main() -> None:
    """Try each installer that was named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ways", nargs="*", metavar="pip|pipx|uv")
    parser.add_argument("--python", default="python3")
    parser.add_argument("--lowest", action="store_true")
    parser.add_argument("--wheel", type=Path)
    words = parser.parse_args()
    wheel = words.wheel or max((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    python = shutil.which(words.python) or words.python
    ways = ["lowest"] if words.lowest else words.ways or ["pip", "pipx", "uv"]
    if unknown := set(ways) - set(WAYS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    for way in ways:
        attempt(way, python, wheel.resolve())


if __name__ == "__main__":
    main()
