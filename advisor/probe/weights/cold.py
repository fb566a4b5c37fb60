"""Take a model's files out of the system's cache, so that loading them is measured as after a restart."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

_NUM_LOOKS = 64
"""Places of a file that are looked at afterwards."""
_STILL_THERE_SHARE = 0.05
NOT_HERE = "this system does not let a program empty its file cache"
IN_USE = "another program holds the files in memory"


def drop(files: Iterable[Path]) -> str:
    """Drop files from the cache and look whether they are gone.

    Args:
        files: of the model; only read.

    Returns:
        Empty where they are gone, else why not, as one phrase.

    Source:
        posix_fadvise(2), POSIX_FADV_DONTNEED: clean pages that nobody maps are let go.
    """
    advise = getattr(os, "posix_fadvise", None)
    if advise is None:
        return NOT_HERE
    shares = []
    for path in files:
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            return f"{path.name} cannot be opened ({error.strerror})"
        try:
            with contextlib.suppress(OSError):
                os.fsync(descriptor)  # what was just written cannot be let go before it is on the disk
            advise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            shares.append((os.fstat(descriptor).st_size, cached_share(descriptor)))
        except OSError as error:
            return f"{NOT_HERE} ({error.strerror})"
        finally:
            os.close(descriptor)
    known = [(size, share) for size, share in shares if share is not None]
    total = sum(size for size, _ in known)
    left = sum(size * share for size, share in known) / total if total else 0.0
    return IN_USE if left > _STILL_THERE_SHARE else ""


def cached_share(descriptor: int) -> float | None:
    """Return how much of an open file is in the system's cache, 0 to 1; null where the system does not tell.

    Args:
        descriptor: of the file.

    Source:
        preadv2(2), RWF_NOWAIT: a read that would have to wait for the disk fails, and starts none.
    """
    flag = getattr(os, "RWF_NOWAIT", None)
    size = os.fstat(descriptor).st_size
    if flag is None or not size:
        return None
    found = 0
    for look in range(_NUM_LOOKS):
        offset = min(size - 1, size * look // _NUM_LOOKS)
        try:
            found += os.preadv(descriptor, [bytearray(1)], offset, flag) == 1
        except BlockingIOError:
            continue
        except OSError:
            return None
    return found / _NUM_LOOKS
