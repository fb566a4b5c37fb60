"""A file that one process at a time holds. The system holds the lock and drops it with the process."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_WINDOWS_OFFSET = 1024
"""[B] Windows also forbids to read a locked byte."""


@contextlib.contextmanager
def try_hold(path: Path) -> Iterator[bool]:
    """Hold the lock while the body runs, if it is free.

    Args:
        path: the lock file; made, with its folder, and left behind.

    Yields:
        True when it is held, False when another process has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _WINDOWS_OFFSET, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
