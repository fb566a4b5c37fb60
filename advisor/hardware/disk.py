"""The disk where models would go, on every system."""

import shutil
from pathlib import Path

from advisor import paths
from advisor.hardware.model import DiskFacts
from advisor.hardware.reading import UnreadableError, attempt, known


def collect(model_folder: Path | None) -> DiskFacts:
    """Return the facts about the disk.

    Args:
        model_folder: where models would be stored; need not exist yet; null: the data folder.
    """
    folder = model_folder if model_folder is not None else paths.data_folder()
    return DiskFacts(
        folder=known(str(folder), "settings" if model_folder is not None else "default"),
        free_bytes=attempt("file system", lambda: read_usage(folder)[0]),
        total_bytes=attempt("file system", lambda: read_usage(folder)[1]),
    )


def read_usage(folder: Path) -> tuple[int, int]:
    """Return [B] free for this user and total of the file system that holds `folder` or would hold it.

    Raises:
        UnreadableError: no folder above it can be asked.
    """
    for candidate in (folder.absolute(), *folder.absolute().parents):
        try:
            usage = shutil.disk_usage(candidate)
        except (OSError, ValueError):
            continue
        return usage.free, usage.total
    raise UnreadableError("the folder cannot be reached")
