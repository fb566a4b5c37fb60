"""Builds everything twice and compares: same sources, same bytes, whoever builds and when.

The second build runs from a copy of the sources in another folder, with another time zone, language, mask of rights
and order of hashes. Run: `python packaging/release/reproduce.py [--packages]`. Prints each file that differs; exit
status 1 when there is one. Wheel, sdist and bundle take about three minutes on two processors, packages one more.
"""

import argparse
import filecmp
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packaging" / "bundle")]
import build as bundle_build  # noqa: E402

ELSEWHERE = {"TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "77", "COLUMNS": "60"}


def copy_of_sources(place: Path) -> Path:
    """Return a copy of what git knows of the sources, in another folder."""
    place.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, listed):
        source, target = ROOT / os.fsdecode(name), place / os.fsdecode(name)
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            target.touch()
    return place


def build(source: Path, work: Path, date: str, *, packages: bool, **variables: str) -> Path:
    """Build from a source tree into a folder; return it."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": date, **variables}
    commands = [
        ["packaging/wheel/build.py", "--out", work / "dist"], ["packaging/bundle/build.py", "--build", work],
    ]  # fmt: skip
    if packages:
        folder = work / "bundle" / bundle_build.NAMES["command"]
        commands += [
            ["packaging/linux/stage.py", "--out", work / "linux"],
            ["packaging/linux/build_packages.py", "--fast", "--bundle", folder, "--files", work / "linux", "--out",
             work / "dist"],
        ]  # fmt: skip
    mask = os.umask(0o077 if variables else 0o022)
    try:
        for words in commands:
            subprocess.run([sys.executable, *map(str, words)], cwd=source, env=environment, check=True)
    finally:
        os.umask(mask)
    return work


def differences(first: Path, second: Path, *, rights: bool = True) -> list[str]:
    """Return the files that differ, by content or rights, or that only one folder has, by name under the folder."""

    def listed(folder: Path) -> dict[str, Path]:
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}

    ours, theirs = listed(first), listed(second)
    found = [f"only in one: {name}" for name in sorted(ours.keys() ^ theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        one, other = ours[name], theirs[name]
        if one.is_symlink() or other.is_symlink():
            same = one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
        else:
            same = filecmp.cmp(one, other, shallow=False) and (not rights or one.stat().st_mode == other.stat().st_mode)
        if not same:
            found.append(name)
    return found


def main() -> None:
    """Build twice, compare, say what differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", action="store_true", help=".deb and .rpm too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        sources = [copy_of_sources(Path(place) / "one"), Path(place) / "another-folder" / "longer"]
        shutil.copytree(sources[0], sources[1], symlinks=True, copy_function=shutil.copyfile)
        for path in sources[1].rglob("*"):
            path.chmod((sources[0] / path.relative_to(sources[1])).stat().st_mode)
        works = [Path(place) / "made-first", Path(place) / "made-second"]
        date = bundle_build.epoch()
        build(sources[0], works[0], date, packages=options.packages)
        build(sources[1], works[1], date, packages=options.packages, **ELSEWHERE)
        bad = []
        for part in ("dist", "bundle"):
            # The rights of an artefact itself are those of whoever builds: they do not travel with it.
            found = differences(works[0] / part, works[1] / part, rights=part != "dist")
            bad += [f"{part}/{name}" for name in found if name != "STATE"]
        for path in sorted((works[0] / "dist").iterdir()):
            print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
    print("\n".join(bad) or "Both builds are the same, byte for byte.")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
