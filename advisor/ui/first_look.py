"""What the first frame needs of the settings: three fields, read without the types of `advisor.settings`.

Loading those types takes a fifth of the time until the window can be seen. This never decides anything: the settings
proper are loaded, checked and repaired one turn of the event loop later.
"""

from typing import NamedTuple

from advisor import paths

SMALLEST_TEXT_SHARE, LARGEST_TEXT_SHARE = 0.5, 3.0
FILE_NAME = "settings.toml"


class FirstLook(NamedTuple):
    """How the window looks in its first frame; what cannot be used is the default."""

    theme: str = "system"
    text_size_share: float = 1.0
    """Of the system's text size."""
    window_geometry: str = ""
    """Base64 of Qt's own format."""


def read() -> FirstLook:
    """Return how the window looked last time; a file that cannot be read is left to `settings.load`, which says so."""
    try:
        raw = (paths.config_folder() / FILE_NAME).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return FirstLook()
    import tomllib  # 2 ms, and most of the first starts have no file

    try:
        found = tomllib.loads(raw)
    except tomllib.TOMLDecodeError:
        return FirstLook()
    theme, share, geometry = (found.get(name) for name in FirstLook._fields)
    usable = isinstance(share, int | float) and SMALLEST_TEXT_SHARE <= share <= LARGEST_TEXT_SHARE
    return FirstLook(
        theme=theme if isinstance(theme, str) else "system",
        text_size_share=float(share) if usable and share is not None else 1.0,
        window_geometry=geometry if isinstance(geometry, str) else "",
    )
