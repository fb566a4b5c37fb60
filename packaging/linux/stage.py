"""Writes the files that a Linux desktop wants beside the program, laid out as on disk, under build/linux/.

Desktop entry, AppStream metadata (releases from CHANGELOG.md), MIME type, icons, man pages, shell completions. Run with
the app's own environment: `python packaging/linux/stage.py [--out build/linux]`. Same input, same bytes.
"""

import argparse
import gzip
import html
import itertools
import os
import re
import shutil
import struct
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "source"
NAMES: dict[str, str] = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
MIME_ICON = NAMES["mime_type"].replace("/", "-")
"""What desktops look for, by the rule of the shared MIME database."""
SMALL_PX = 32
"""[px] Below, lines of the large drawing would be thinner than a pixel."""
ICON_SIZES = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
SCREENSHOTS = (
    ("results-light.png", "The smallest model that is enough, with what it costs on this computer"),
    ("probe-light.png", "A live measurement that proves the prediction"),
    ("plot-light.png", "Quality against cost of every candidate"),
    ("compression-light.png", "What compression costs in each language"),
    ("results-dark.png", "The same in dark colours"),
)
"""In docs/screenshots, with what is said below each."""
RELEASE = re.compile(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^- (.*?)(?=^- |^\s*$|^#|\Z)", re.MULTILINE | re.DOTALL)
MOST_ENTRIES = 8
"""Of a release in the metadata; the page of the release has all."""
COMPLETE_VARIABLE = "_MODEL_FIT_ADVISOR_COMPLETE"
COMPLETIONS = {
    "bash": "share/bash-completion/completions/{command}",
    "zsh": "share/zsh/vendor-completions/_{command}",
    "fish": "share/fish/vendor_completions.d/{command}.fish",
}


class Release(NamedTuple):
    """One release of CHANGELOG.md."""

    version: str
    date: str
    entries: tuple[str, ...]
    """What is new, one plain sentence each."""


def releases() -> list[Release]:
    """Return the releases of CHANGELOG.md, the newest first."""
    found = RELEASE.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    return [Release(version, date, tuple(map(sentence, ENTRY.findall(text)))) for version, date, text in found]


def sentence(entry: str) -> str:
    """Return the first sentence of an entry of the changelog, without marks."""
    plain = " ".join(entry.replace("`", "").replace("*", "").split())
    return re.split(r"(?<=[.!?]) (?=[A-Z])", plain)[0]


def release_xml(release: Release) -> str:
    """Return a release of the metadata."""
    entries = "".join(f"          <li>{html.escape(entry)}</li>\n" for entry in release.entries[:MOST_ENTRIES])
    return (
        f'    <release version="{release.version}" date="{release.date}">\n'
        f'      <url type="details">{NAMES["homepage"]}/releases/tag/v{release.version}</url>\n'
        f"      <description>\n        <ul>\n{entries}        </ul>\n      </description>\n    </release>"
    )


def picture_size(file: Path) -> tuple[int, int]:
    """Return width and height of a PNG picture, in pixels."""
    return struct.unpack(">II", file.read_bytes()[16:24])


def filled(name: str, **more: str) -> str:
    """Return a file of `source/` with the names of packaging/project.toml set in."""
    text = (SOURCE / name).read_text("utf-8")
    for key, value in {**NAMES, **more}.items():
        text = text.replace(f"@{key.upper()}@", value)
    left = re.findall(r"@[A-Z_]+@", text)
    if left:
        sys.exit(f"{SOURCE / name}: nothing to set in for {', '.join(left)}")
    return text


def metainfo() -> str:
    """Return the AppStream metadata."""
    version = releases()[0].version
    base = f"{NAMES['homepage'].replace('github.com', 'raw.githubusercontent.com', 1)}/v{version}/docs/screenshots"
    sizes = [picture_size(ROOT / "docs" / "screenshots" / file) for file, _ in SCREENSHOTS]
    shown = [
        f"    <screenshot{' type=' + chr(34) + 'default' + chr(34) if place == 0 else ''}>\n"
        f"      <caption>{html.escape(caption)}</caption>\n"
        f'      <image type="source" width="{sizes[place][0]}" height="{sizes[place][1]}">{base}/{file}</image>\n'
        "    </screenshot>"
        for place, (file, caption) in enumerate(SCREENSHOTS)
    ]
    made = "\n".join(map(release_xml, releases()))
    return filled("metainfo.xml", screenshots="\n".join(shown), releases=made, tag=f"v{version}")


def write(place: Path, content: str | bytes) -> None:
    """Write a file; its folder is made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def zipped(content: bytes) -> bytes:
    """Return what `gzip -9n` makes of it: no name and no time inside."""
    return gzip.compress(content, 9, mtime=0)


def write_icons(out: Path) -> None:
    """Draw the icons of app and result file in each size by QtSvg; below 32 pixels simpler drawings of the same."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    app = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    icons = out / "usr/share/icons/hicolor"
    drawn = (
        (f"apps/{NAMES['id']}", ROOT / "resources" / "icons" / "app.svg", SOURCE / "small.svg"),
        (f"mimetypes/{MIME_ICON}", SOURCE / "result.svg", SOURCE / "result-small.svg"),
    )
    for (name, drawing, small), size in itertools.product(drawn, ICON_SIZES):
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0)
        painter = QPainter(image)
        QSvgRenderer(str(small if size < SMALL_PX else drawing)).render(painter, QRectF(0, 0, size, size))
        painter.end()
        place = icons / f"{size}x{size}" / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        if not image.save(str(place)):
            sys.exit(f"{place}: not written")
    for name, drawing, _ in drawn:
        write(icons / "scalable" / f"{name}.svg", drawing.read_bytes())
    del app


def write_completions(out: Path) -> None:
    """Write what makes a shell ask the program which words can follow."""
    for shell, place in COMPLETIONS.items():
        for command in (NAMES["command"], NAMES["console_command"]):
            script = filled(
                f"completion.{shell}", program=command, function=command.replace("-", "_"), variable=COMPLETE_VARIABLE
            )
            write(out / "usr" / place.format(command=command), script)


def stage(out: Path) -> None:
    """Write everything."""
    import manual

    shutil.rmtree(out, ignore_errors=True)
    share = out / "usr" / "share"
    write(share / "applications" / f"{NAMES['id']}.desktop", filled("application.desktop"))
    write(share / "metainfo" / f"{NAMES['id']}.metainfo.xml", metainfo())
    write(share / "mime" / "packages" / f"{NAMES['id']}.xml", filled("mime.xml", mime_icon=MIME_ICON))
    page = manual.page(date=releases()[0].date, homepage=NAMES["homepage"])
    write(share / "man" / "man1" / f"{NAMES['command']}.1.gz", zipped(page.encode("utf-8")))
    link = f".so man1/{NAMES['command']}.1\n"
    write(share / "man" / "man1" / f"{NAMES['console_command']}.1.gz", zipped(link.encode("utf-8")))
    write_completions(out)
    write_icons(out)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "linux")
    options = parser.parse_args()
    stage(options.out)
    print(f"{options.out}: {sum(1 for path in options.out.rglob('*') if path.is_file())} files")


if __name__ == "__main__":
    main()
