"""Makes what the macOS app needs beside the bundle: icon, values for Info.plist; and finishes the app.

`python packaging/macos/prepare.py` writes build/macos/ before PyInstaller runs (packaging/bundle/build.py does that on
macOS). Runs on Linux too, where the tests read what it makes.

State: recipe, not yet run on macOS; what it writes is checked on Linux.
"""

import argparse
import io
import plistlib
import shutil
import struct
import sys
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import recipes  # noqa: E402

ICON_KINDS = (
    ("ic11", 32), ("ic12", 64), ("ic07", 128), ("ic13", 256), ("ic08", 256), ("ic14", 512), ("ic09", 512),
    ("ic10", 1024),
)  # fmt: skip
"""Apple's codes of the sizes and [pixels] of each; sizes that come twice are for screens of double density. The codes
of 16 and 32 pixels at single density (icp4, icp5) are left out: macOS shows PNGs in them wrongly and makes them from
the others."""
MARGIN = 100 / 1024
"""[1] Share of the side that Apple's icons leave free at each edge."""


def icon() -> bytes:
    """Return the .icns: each size drawn for itself and kept as PNG. By hand: iconutil is on macOS only."""
    out, drawn = io.BytesIO(), {}
    for code, size in ICON_KINDS:
        if size not in drawn:
            drawn[size] = recipes.draw(size, drawn=round(size * (1 - 2 * MARGIN)) if size >= 64 else size)
        out.write(code.encode("ascii") + struct.pack(">I", len(drawn[size]) + 8) + drawn[size])
    body = out.getvalue()
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def info() -> dict[str, object]:
    """Return the values for Info.plist."""
    found: dict[str, object] = plistlib.loads(
        recipes.fill(HERE / "Info.plist", recipes.values(), escape=escape).encode("utf-8")
    )
    return found


def add_file(app: Path, file: Path) -> None:
    """Put a file where the frozen program looks for its own: data lies in Resources, seen through Frameworks."""
    place = app / "Contents" / "Resources" / file.name
    shutil.copyfile(file, place)
    link = app / "Contents" / "Frameworks" / file.name
    link.unlink(missing_ok=True)
    link.symlink_to(Path("..", "Resources", file.name))


def prepare(out: Path) -> None:
    """Write everything."""
    recipes.write(out / "app.icns", icon())
    recipes.write(out / "Info.plist", plistlib.dumps(info()))


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=recipes.ROOT / "build" / "macos")
    options = parser.parse_args()
    prepare(options.out)
    print(f"{options.out}: {', '.join(sorted(path.name for path in options.out.iterdir()))}")


if __name__ == "__main__":
    main()
