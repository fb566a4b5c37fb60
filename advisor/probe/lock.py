"""Only one probe measures at a time, whatever window or terminal it was started from.

The system holds the lock and drops it with the process, so a crash leaves no stale lock behind; the number in the file
is for the error's sentence only.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from advisor import paths
from advisor.errors import ChildError, OutputError

FILE_NAME = "probe.lock"
_WINDOWS_OFFSET = 1024
"""[B] Windows also forbids to read a locked byte; the number before it stays readable."""


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the lock while the body runs.

    Args:
        folder: where the lock file is; made if missing.

    Raises:
        ChildError: `probe-running`; another process measures now.
        OutputError: `path-not-writable`; the folder cannot be written.
    """
    descriptor = _opened(folder)
    try:
        if not _try_lock(descriptor):
            raise _refused(descriptor)
        with contextlib.suppress(OSError):  # no space: the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _opened(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(
            "path-not-writable",
            f"Nothing can be measured, as no files can be written to {folder}: {error.strerror or error}.",
            remedy=f"Free some space or change its permissions, or name a folder that can be written in "
            f"{paths.HOME_VARIABLE} or TMPDIR.",
            path=str(folder),
        ) from error


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _WINDOWS_OFFSET, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _refused(descriptor: int) -> ChildError:
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, 32).decode("ascii", "replace").strip()
    holder = f" (process {text})" if text.isdigit() else ""
    return ChildError(
        "probe-running",
        f"Another measurement is running on this computer{holder}; two at once would disturb each other.",
        remedy="Wait for its end or cancel it, then try again.",
        pid=text,
    )
