"""Builds the bundle: a wheel, a clean environment with it, PyInstaller, stripped libraries, licences, a table of sizes.

Run: `python packaging/bundle/build.py`. Everything is made under build/; the result is build/bundle/model-fit-advisor/
and build/bundle/STATE says which sources it was made of. Needs binutils (objdump, readelf, strip) on Linux.
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import contents
import elf

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NAMES = tomllib.loads((HERE.parent / "project.toml").read_text("utf-8"))
RECIPE = {"win32": HERE.parent / "windows", "darwin": HERE.parent / "macos"}.get(sys.platform)
SOURCES = (
    "advisor", "resources", "packaging/bundle", "packaging/release/texts",
    *([f"packaging/{RECIPE.name}"] if RECIPE else []),
)  # fmt: skip
SINGLE_SOURCES = (
    "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "packaging/project.toml", "packaging/requirements.txt",
    "packaging/release/licences.py", "packaging/release/expressions.py", "packaging/release/parts.toml",
)  # fmt: skip
NOT_FOUND = re.compile(r"Library not found: could not resolve '.*', dependency of '(.*)'")


def state() -> str:
    """Return what names the sources that a bundle is made of: a hash over their names and contents."""
    found = hashlib.sha256(sys.version.encode())
    files = [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    for path in [*files, *(ROOT / name for name in SINGLE_SOURCES)]:
        if "__pycache__" not in path.parts and path.is_file():
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def epoch() -> str:
    """Return the moment that goes into dates of files: given, else that of the last commit."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    done = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "1764000000"


def call(*command: str | Path, folder: Path = ROOT, **variables: str) -> str:
    """Run a command in a folder; return what it said. Leave with its words when it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env={**environment, **variables}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(map(str, command))}: exit status {done.returncode}")
    return done.stdout


def environment(place: Path, date: str) -> Path:
    """Make a clean environment that holds the app from its wheel, with the pinned versions; return its Python."""
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = place / ".installed"
    pinned = b"".join((ROOT / name).read_bytes() for name in ("constraints.txt", "packaging/requirements.txt"))
    want = hashlib.sha256(pinned + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    variables = {
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "SOURCE_DATE_EPOCH": date,
    }  # fmt: skip
    if not stamp.exists() or stamp.read_text("utf-8") != want:
        shutil.rmtree(place, ignore_errors=True)
        venv.create(place, with_pip=True, symlinks=os.name != "nt")
        tool = next(
            line for line in (ROOT / "packaging/requirements.txt").read_text("utf-8").splitlines()
            if line.startswith("pyinstaller==")
        )  # fmt: skip
        hooks = [
            line for line in (ROOT / "packaging/requirements.txt").read_text("utf-8").splitlines()
            if line.startswith("pyinstaller-hooks-contrib==")
        ]  # fmt: skip
        call(python, "-m", "pip", "install", "-q", ".", tool, *hooks, **variables)
        stamp.write_text(want, "utf-8")
    wheels = place.parent / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    call(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ".", **variables)
    call(python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", *wheels.glob("*.whl"), **variables)
    return python


def freeze(python: Path, place: Path, work: Path, date: str) -> Path:
    """Run PyInstaller; return the folder it made.

    A library that it could not find is missing on every user's computer: that ends the build.
    """
    work.mkdir(parents=True, exist_ok=True)
    said = call(
        python, "-P", "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN", "--distpath", place,
        "--workpath", work, HERE / "model_fit_advisor.spec",
        folder=work, SOURCE_DATE_EPOCH=date, PYTHONHASHSEED="1",  # not in the checkout: its advisor/ is not the wheel's
    )  # fmt: skip
    missing = missing_libraries(said)
    if missing:
        sys.exit("\n".join(["These libraries are not on this computer, so the bundle would lack them:", *missing]))
    return place / NAMES["command"]


def missing_libraries(said: str) -> list[str]:
    """Return PyInstaller's warnings about libraries it could not find, but for plugins that do not go in."""
    return [
        line for line in said.splitlines()
        if (found := NOT_FOUND.search(line)) and contents.wanted_binary(found[1][max(0, found[1].find("PySide6/")) :])
    ]  # fmt: skip


def strip(folder: Path) -> int:
    """Take debugging symbols, and search paths of the build machine, from libraries; return the bytes saved."""
    files = [path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink() and elf.is_elf(path)]
    with concurrent.futures.ThreadPoolExecutor() as workers:
        return sum(workers.map(_strip_one, files))


def _strip_one(path: Path) -> int:
    """Strip a library unless the loader would refuse it then."""
    elf.keep_runpath_inside(path)
    stripped = path.with_name(path.name + ".stripped")
    done = subprocess.run(["strip", "--strip-unneeded", "-o", stripped, path], capture_output=True)
    before = path.stat().st_size
    if done.returncode or stripped.stat().st_size >= before or not elf.is_loadable(stripped):
        stripped.unlink(missing_ok=True)
        return 0
    stripped.replace(path)
    path.chmod(0o644)
    return before - path.stat().st_size


def finish(folder: Path, date: str) -> None:
    """Give the second name, and the same rights and dates whoever builds."""
    if sys.platform == "linux":
        link = folder / NAMES["console_command"]
        link.unlink(missing_ok=True)
        link.symlink_to(NAMES["command"])
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            os.utime(path, (int(date), int(date)), follow_symlinks=False)
            continue
        program = path.is_dir() or path.parent == folder
        path.chmod(0o755 if program else 0o644)
        os.utime(path, (int(date), int(date)))


def main() -> None:
    """Build, unless the bundle that is there was made of the same sources."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="folder to work in")
    parser.add_argument("--if-changed", action="store_true", help="keep a bundle made of the same sources")
    options = parser.parse_args()
    build = options.build.resolve()
    want, stamp = state(), build / "bundle" / "STATE"
    if options.if_changed and stamp.is_file() and stamp.read_text("utf-8") == want:
        return
    stamp.unlink(missing_ok=True)
    date = epoch()
    python = environment(build / "venv", date)
    if RECIPE:  # icon, version resource, values for Info.plist: drawn by the Qt of the clean environment
        call(python, RECIPE / "prepare.py", "--out", build / RECIPE.name)
    folder = freeze(python, build / "bundle", build / "pyinstaller", date)
    if sys.platform == "linux":
        print(f"stripped {strip(folder) / 1e6:.1f} MB")
    site = next(path for path in (build / "venv").rglob("site-packages") if path.is_dir())
    sys.path.insert(0, str(ROOT / "packaging" / "release"))
    import licences

    try:
        licences.write(folder, site)
    except licences.IncompleteError as error:
        sys.exit(f"The bundle may not be given away: {error}")
    if sys.platform == "darwin":
        sys.path.insert(0, str(RECIPE))
        import prepare

        prepare.add_file(build / "bundle" / f"{NAMES['name']}.app", folder / "_internal" / licences.FILE_NAME)
    finish(folder, date)
    stamp.write_text(want, "utf-8")
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"{folder}: {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
