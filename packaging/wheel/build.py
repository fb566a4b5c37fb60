"""Builds wheel and sdist into dist/, the same bytes each time; prints their sizes and hashes.

Run: `python packaging/wheel/build.py [--out dist] [--wheel-only]` with the environment that test.sh makes (hatchling).
"""

import argparse
import hashlib
import os
from pathlib import Path

from hatchling import build

ROOT = Path(__file__).resolve().parents[2]
EPOCH = "1764000000"
"""Date of every file inside, when SOURCE_DATE_EPOCH does not name one."""


def make(out: Path, source: Path = ROOT, *, wheel_only: bool = False) -> list[Path]:
    """Return wheel and sdist of a source tree, written into a folder; leaves the process as it was."""
    out.mkdir(parents=True, exist_ok=True)
    before, date = Path.cwd(), os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = date or EPOCH
    os.chdir(source)
    try:
        wheel = out / build.build_wheel(str(out))
        return [wheel] if wheel_only else [wheel, out / build.build_sdist(str(out))]
    finally:
        os.chdir(before)
        if date is None:
            del os.environ["SOURCE_DATE_EPOCH"]


def main() -> None:
    """Build and say what was built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--wheel-only", action="store_true")
    words = parser.parse_args()
    for path in make(words.out.resolve(), wheel_only=words.wheel_only):
        content = path.read_bytes()
        print(f"{path.name}: {len(content) / 1e6:.2f} MB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
