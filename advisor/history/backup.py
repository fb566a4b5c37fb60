"""The history file as it was before a newer version changed it, as `<name>.v<version>-backup`: the newest two."""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from advisor.history import failures

MOST_KEPT = 2
_END = "-backup"
_AT_WORK_S = 3600.0
"""[s] A part that is older was left by a program that was killed."""


def keep(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy a file whole or not at all, in place of an earlier copy of the same version; the oldest copies go.

    Args:
        connection: to the file.
        path: of the file.
        version: of the file; one that another program has migrated by now is not copied under it.

    Raises:
        StorageError: `history-not-writable`.
    """
    kept = path.with_name(f"{path.name}.v{version}{_END}")
    part = path.with_name(f"{path.name}.v{version}-part-{os.getpid()}")
    try:
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file that can be moved about
            copied = int(copy.execute("PRAGMA user_version").fetchone()[0])
        if copied == version:
            part.replace(kept)
    except OSError as error:
        raise failures.not_writable(path, str(error.strerror or error)) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                part.with_name(part.name + suffix).unlink(missing_ok=True)
    _forget(path)


def _forget(path: Path) -> None:
    """Remove the oldest copies, and parts of one that was killed while it was made."""
    for part in path.parent.glob(f"{path.name}.v*-part-*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _AT_WORK_S:
                part.unlink()
    for old in sorted(path.parent.glob(f"{path.name}.v*{_END}"), key=_version, reverse=True)[MOST_KEPT:]:
        with contextlib.suppress(OSError):
            old.unlink()


def _version(copy: Path) -> int:
    text = copy.name.rpartition(".v")[2].removesuffix(_END)
    return int(text) if text.isdigit() else -1
