"""Icons: shipped drawings in the theme's text colour."""

from PySide6.QtGui import QIcon, QPalette, QPixmap

from advisor import resources

_SIZE_PX = 96
"""Drawn large once; Qt scales it down for each screen."""


def line_icon(name: str, palette: QPalette) -> QIcon:
    """Return a line icon in the text colour of a palette."""
    colour = palette.color(QPalette.ColorRole.WindowText).name().encode("ascii")
    drawing = resources.read(f"icons/{name}.svg").replace(b"currentColor", colour)
    sized = drawing.replace(b'width="24" height="24"', b'width="%d" height="%d"' % (_SIZE_PX, _SIZE_PX), 1)
    pixmap = QPixmap()
    pixmap.loadFromData(sized, "SVG")
    return QIcon(pixmap)


def app_icon() -> QIcon:
    """Return the app's icon."""
    pixmap = QPixmap()
    pixmap.loadFromData(resources.read("icons/app.svg"), "SVG")
    return QIcon(pixmap)
