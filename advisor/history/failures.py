"""What can go wrong with the history file, in our words."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from advisor import paths
from advisor.errors import StorageError
from advisor.history import schema


class DamagedError(StorageError):
    """The file is not a sound database."""


def damaged(path: Path, why: str) -> StorageError:
    """Return the failure of a file that is no sound database."""
    return DamagedError(
        "history-damaged",
        f"The history file {path} is damaged: {why}.",
        remedy="Start the program again: the damaged file is kept under another name and a new one is begun.",
        path=str(path),
    )


def newer(path: Path, version: int) -> StorageError:
    """Return the failure of a file that a newer program wrote."""
    return StorageError(
        "history-newer",
        f"The history file {path} has version {version}; this program knows versions up to {schema.VERSION}.",
        remedy="Update the program, or move the file away to begin a new history. Nothing was changed.",
        path=str(path),
    )


def locked(path: Path, _: str) -> StorageError:
    """Return the failure of a file that another program holds."""
    return StorageError(
        "history-locked",
        f"The history file {path} is in use by another program.",
        remedy="Close the other program and try again. Nothing was changed.",
        path=str(path),
    )


def not_writable(path: Path, why: str) -> StorageError:
    """Return the failure of a place where nothing can be written."""
    return StorageError(
        "history-not-writable",
        f"The history file {path} cannot be written: {why}.",
        remedy="What is measured now is not kept; change the permissions, or name a folder that can be written in "
        f"{paths.HOME_VARIABLE}.",
        path=str(path),
    )


def full(path: Path, _: str) -> StorageError:
    """Return the failure of a full disk."""
    return StorageError(
        "history-full",
        f"There is no space left to write the history file {path}.",
        remedy="Free some space and try again. Nothing was changed.",
        path=str(path),
    )


_BUILDERS: dict[int, Callable[[Path, str], StorageError]] = {
    sqlite3.SQLITE_CORRUPT: damaged,
    sqlite3.SQLITE_NOTADB: damaged,
    sqlite3.SQLITE_BUSY: locked,
    sqlite3.SQLITE_LOCKED: locked,
    sqlite3.SQLITE_FULL: full,
}
_OF_PLACE = frozenset({
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
})  # fmt: skip


def is_of_place(error: StorageError) -> bool:
    """Return whether the place of the file is the trouble, not the file: it may still be read."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return True
    return (int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF) in _OF_PLACE


def translated(error: sqlite3.Error, path: Path) -> StorageError:
    """Return the failure in our words. Extended result codes keep the primary one in their low byte."""
    code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
    return _BUILDERS.get(code, not_writable)(path, str(error))
