"""Writes the files that a Linux desktop wants beside the program, laid out as on disk, under build/linux/.

Desktop entry, AppStream metadata (releases from CHANGELOG.md), MIME type, icons, man pages, shell completions. Run with
the app's own environment: `python packaging/linux/stage.py [--out build/linux]`. Same input, same bytes.
"""

import argparse
import gzip
import html
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "source"
NAMES: dict[str, str] = tomllib.loads((ROOT / "packaging" / "project.toml").read_text("utf-8"))
ICON_SIZES = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
SCREENSHOTS = (
    ("results-light.png", "The smallest model that is enough, with what it costs on this computer"),
    ("probe-light.png", "A live measurement that proves the prediction"),
    ("plot-light.png", "Quality against cost of every candidate"),
    ("compression-light.png", "What compression costs in each language"),
    ("results-dark.png", "The same in dark colours"),
)
"""In docs/screenshots, with what is said below each."""
RELEASE = re.compile(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
COMPLETE_VARIABLE = "_MODEL_FIT_ADVISOR_COMPLETE"
COMPLETIONS = {
    "bash": "share/bash-completion/completions/{command}",
    "zsh": "share/zsh/vendor-completions/_{command}",
    "fish": "share/fish/vendor_completions.d/{command}.fish",
}


def releases() -> list[tuple[str, str]]:
    """Return version and date of each release of CHANGELOG.md, the newest first."""
    return RELEASE.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))


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
    version = releases()[0][0]
    base = f"{NAMES['homepage'].replace('github.com', 'raw.githubusercontent.com', 1)}/v{version}/docs/screenshots"
    shown = [
        f"    <screenshot{' type=' + chr(34) + 'default' + chr(34) if place == 0 else ''}>\n"
        f"      <caption>{html.escape(caption)}</caption>\n"
        f'      <image type="source" width="1280" height="800">{base}/{file}</image>\n    </screenshot>'
        for place, (file, caption) in enumerate(SCREENSHOTS)
    ]
    made = [f'    <release version="{number}" date="{date}"/>' for number, date in releases()]
    return filled("metainfo.xml", screenshots="\n".join(shown), releases="\n".join(made))


def write(place: Path, content: str | bytes) -> None:
    """Write a file; its folder is made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def zipped(content: bytes) -> bytes:
    """Return what `gzip -9n` makes of it: no name and no time inside."""
    return gzip.compress(content, 9, mtime=0)


def write_icons(out: Path) -> None:
    """Draw the icon in each size by QtSvg; below 32 pixels a simpler drawing of the same."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    app = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    icons, drawing = out / "usr/share/icons/hicolor", ROOT / "resources" / "icons" / "app.svg"
    for size in ICON_SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0)
        painter = QPainter(image)
        QSvgRenderer(str(SOURCE / "small.svg" if size < 32 else drawing)).render(painter, QRectF(0, 0, size, size))
        painter.end()
        place = icons / f"{size}x{size}" / "apps" / f"{NAMES['id']}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        image.save(str(place))
    write(icons / "scalable" / "apps" / f"{NAMES['id']}.svg", drawing.read_bytes())
    del app


def write_completions(out: Path) -> None:
    """Write what makes a shell ask the program which words can follow."""
    from typer._completion_shared import get_completion_script

    for shell, place in COMPLETIONS.items():
        for command in (NAMES["command"], NAMES["console_command"]):
            script = get_completion_script(prog_name=command, complete_var=COMPLETE_VARIABLE, shell=shell)
            write(out / "usr" / place.format(command=command), script.strip() + "\n")


def stage(out: Path) -> None:
    """Write everything."""
    import manual

    shutil.rmtree(out, ignore_errors=True)
    share = out / "usr" / "share"
    write(share / "applications" / f"{NAMES['id']}.desktop", filled("application.desktop"))
    write(share / "metainfo" / f"{NAMES['id']}.metainfo.xml", metainfo())
    write(share / "mime" / "packages" / f"{NAMES['id']}.xml", filled("mime.xml"))
    page = manual.page(date=releases()[0][1])
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
