"""What the recipes for Windows, macOS, Flatpak, AppImage, winget and Homebrew share: names, version, drawn icons.

A template holds `@NAME@` for each value of packaging/project.toml and of `values`. Everything that is made goes under
build/; nothing that is made is kept in the repository.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NAMES: dict[str, str] = tomllib.loads((HERE / "project.toml").read_text("utf-8"))
MARKER = "recipe, not yet run"
"""Stands in the head of each recipe until somebody has run it; packaging/README.md says what was run where."""
SMALL_BELOW = 32
"""[pixels] Icons below it are drawn from the simpler drawing."""
_PLACE = re.compile(r"@[A-Z_][A-Z0-9_]*@")


class RecipeError(Exception):
    """A recipe cannot be filled: the sentence says which and why."""


def version() -> str:
    """Return the app's version, read without importing it."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "advisor" / "__init__.py").read_text("utf-8"))
    if not found:
        raise RecipeError("advisor/__init__.py names no __version__.")
    return found[1]


def four_numbers(number: str) -> str:
    """Return a version as Windows wants it: four numbers, the last one 0; what follows the numbers is left out.

    Raises:
        RecipeError: it does not begin with three numbers up to 65535.
    """
    found = re.match(r"(\d+)\.(\d+)\.(\d+)(?!\d)", number)
    if not found or any(int(part) > 65535 for part in found.groups()):
        raise RecipeError(f"The version {number} does not begin with three numbers up to 65535.")
    return ".".join([*(str(int(part)) for part in found.groups()), "0"])


def dashed_id() -> str:
    """Return the app's id for Apple's and Microsoft's packages, whose names may not hold an underscore."""
    return NAMES["id"].replace("_", "-")


def values(**more: str) -> dict[str, str]:
    """Return what templates may name, by its name in capitals."""
    number = version()
    known = {**NAMES, "version": number, "version4": four_numbers(number), "dashed_id": dashed_id(), **more}
    return {name.upper(): value for name, value in known.items()}


def fill(template: Path, known: Mapping[str, str], *, escape=lambda text: text) -> str:
    """Return a template with its places filled.

    Args:
        template: the file.
        known: value of each place.
        escape: makes a value safe for the form of the file.

    Raises:
        RecipeError: a place has no value.
    """

    def value(found: re.Match[str]) -> str:
        name = found[0][1:-1]
        if name not in known:
            raise RecipeError(f"{template.name} names {found[0]}, which has no value.")
        return escape(known[name])

    return _PLACE.sub(value, template.read_text("utf-8"))


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, its folder included, with the same line ends everywhere; return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def draw(width: int, height: int | None = None, *, drawn: int | None = None) -> bytes:
    """Return the app's icon as PNG, in the middle of a clear picture.

    Args:
        width: [pixels]
        height: [pixels]; as wide as high by default.
        drawn: [pixels] side of the icon itself; the whole picture by default.
    """
    # No application object: pictures without text are drawn without one, and a test may have its own.
    from PySide6.QtCore import QBuffer, QIODevice, QRectF
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    height = height or width
    side = drawn or min(width, height)
    source = HERE / "linux/source/small.svg" if side < SMALL_BELOW else ROOT / "resources/icons/app.svg"
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    image.setDotsPerMeterX(2835)  # 72 an inch: else Qt writes that of the screen, where there is one
    image.setDotsPerMeterY(2835)
    painter = QPainter(image)
    QSvgRenderer(str(source)).render(painter, QRectF((width - side) / 2, (height - side) / 2, side, side))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())
