"""Take a model's files out of the system's cache, so that loading them is measured as after a restart."""

import contextlib
import ctypes
import mmap
import os
import sys
from collections.abc import Iterable
from pathlib import Path

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
        mincore(2): it looks and reads nothing. A read that may not wait, preadv2 with RWF_NOWAIT, has the system read
        ahead: after 64 of them two thirds of a file were in the cache again (Linux 6.18).
    """
    facts = os.fstat(descriptor)
    if not sys.platform.startswith("linux") or not facts.st_size:
        return None
    if facts.st_uid != os.geteuid() and os.geteuid() != 0:
        return None  # of files of others the system says that all is there
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY) as mapped:
        pages = (ctypes.c_ubyte * (-(-facts.st_size // mmap.PAGESIZE)))()
        begin = ctypes.c_char.from_buffer(mapped)
        failed = ctypes.CDLL(None, use_errno=True).mincore(
            ctypes.c_void_p(ctypes.addressof(begin)), ctypes.c_size_t(facts.st_size), pages
        )
        del begin  # a mapping with a pointer into it cannot be closed
    return None if failed else sum(page & 1 for page in bytes(pages)) / len(pages)
