"""Writes dist/SHA256SUMS over every artefact of a release, or checks it with --check.

The file is what `sha256sum -c SHA256SUMS` reads.
"""

import argparse
import hashlib
import sys
from pathlib import Path

DIST = Path(__file__).resolve().parents[2] / "dist"
FILE_NAME = "SHA256SUMS"
KINDS = (".whl", ".tar.gz", ".deb", ".rpm", ".cdx.json", ".exe", ".msix", ".dmg", ".AppImage", ".flatpak")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def lines(folder: Path) -> list[str]:
    """Return a line for each artefact, by name."""
    return [f"{_hash(path)}  {path.name}" for path in sorted(folder.iterdir()) if path.name.endswith(KINDS)]


def wrong(folder: Path) -> list[str]:
    """Return the names that are missing or whose content is another one; also artefacts that are not listed."""
    listed = dict(
        reversed(line.split("  ", 1)) for line in (folder / FILE_NAME).read_text("utf-8").splitlines() if line
    )  # fmt: skip
    there = {line.split("  ", 1)[1]: line.split("  ", 1)[0] for line in lines(folder)}
    return sorted(name for name in listed.keys() | there.keys() if listed.get(name) != there.get(name))


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("folder", nargs="?", type=Path, default=DIST)
    options = parser.parse_args()
    if options.check:
        bad = wrong(options.folder)
        sys.exit(f"These artefacts are not what {FILE_NAME} says: {', '.join(bad)}" if bad else 0)
    (options.folder / FILE_NAME).write_text("\n".join(lines(options.folder)) + "\n", "utf-8")
    print(options.folder / FILE_NAME)


if __name__ == "__main__":
    main()
