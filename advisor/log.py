"""Log file: rotating, under the log folder, with the home folder masked. Nothing is sent anywhere."""

import logging
import logging.handlers
import sys
from pathlib import Path

from typing_extensions import override

from advisor import __version__, paths

LOG_NAME = "advisor.log"
_MAX_BYTES = 1_000_000


class _MaskHome(logging.Formatter):
    """Replace the user's home folder by `~`, so that a log can be shown to others."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        try:
            return text.replace(str(Path.home()), "~")
        except RuntimeError:  # this user has no home
            return text


def start(*, level: int = logging.INFO) -> Path | None:
    """Write the log of this process to a file.

    Returns:
        The log file, or None when its folder cannot be written; the app runs without one.
    """
    file = paths.log_folder() / LOG_NAME
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=_MAX_BYTES, backupCount=2, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(_MaskHome("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("advisor")
    logger.setLevel(level)
    logger.addHandler(handler)
    logger.info("version %s, Python %s, %s", __version__, sys.version.split()[0], sys.platform)
    return file
