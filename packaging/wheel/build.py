"""Builds wheel and sdist into dist/, the same bytes each time; prints their sizes and hashes.

Run: `python packaging/wheel/build.py [--out dist]` with the environment that test.sh makes (hatchling).
"""

import argparse
import hashlib
import os
from pathlib import Path

from hatchling import build

ROOT = Path(__file__).resolve().parents[2]
EPOCH = "1764000000"
"""Date of every file inside, when SOURCE_DATE_EPOCH does not name one."""


def make(out: Path, source: Path = ROOT) -> list[Path]:
    """Return wheel and sdist of a source tree, written into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SOURCE_DATE_EPOCH", EPOCH)
    before = Path.cwd()
    os.chdir(source)
    try:
        return [out / build.build_wheel(str(out)), out / build.build_sdist(str(out))]
    finally:
        os.chdir(before)


def main() -> None:
    """Build and say what was built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    for path in make(parser.parse_args().out.resolve()):
        content = path.read_bytes()
        print(f"{path.name}: {len(content) / 1e6:.2f} MB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
