"""A file of the kernel that holds one number, kept open: reading it again costs a few microseconds."""

import os
from pathlib import Path
from typing import Protocol

from advisor.energy.meter import MeterError
from advisor.hardware.reading import parse_int

_MAX_BYTES = 64


class Files(Protocol):
    """The door to files; tests put one in its place that fails as a kernel does."""

    def open(self, path: Path) -> int:
        """Return a descriptor; raises `OSError`."""

    def read(self, descriptor: int, num_bytes: int) -> bytes:
        """Return the file's content from its start; raises `OSError`."""

    def close(self, descriptor: int) -> None:
        """Close it."""


class SystemFiles:
    """The files of the running system."""

    def open(self, path: Path) -> int:
        """Return a descriptor; raises `OSError`."""
        return os.open(path, os.O_RDONLY)

    def read(self, descriptor: int, num_bytes: int) -> bytes:
        """Return the file's content from its start; raises `OSError`."""
        return os.pread(descriptor, num_bytes, 0)

    def close(self, descriptor: int) -> None:
        """Close it."""
        os.close(descriptor)


SYSTEM = SystemFiles()


class CountFile:
    """One open file with a count."""

    def __init__(self, path: Path, files: Files = SYSTEM) -> None:
        """Open it.

        Args:
            path: the file.
            files: the door to it.

        Raises:
            OSError: it cannot be opened.
        """
        self._files = files
        self._descriptor: int | None = files.open(path)
        self._name = path.name

    def read(self) -> int:
        """Return the count now.

        Raises:
            MeterError: the file is empty, holds something else or is closed.
            OSError: the kernel refuses.
        """
        if self._descriptor is None:
            raise MeterError(f"{self._name} is closed")
        text = self._files.read(self._descriptor, _MAX_BYTES).decode("ascii", "replace").strip()
        if not text:
            raise MeterError(f"{self._name} is empty")
        count = parse_int(text)
        if count is None:
            raise MeterError(f"{self._name} holds no count")
        return count

    def close(self) -> None:
        """Let go of it; it may be called twice."""
        if self._descriptor is not None:
            self._files.close(self._descriptor)
            self._descriptor = None


def open_all(paths: tuple[Path, ...], files: Files = SYSTEM) -> tuple[CountFile, ...]:
    """Open several files, or none.

    Raises:
        OSError: one of them cannot be opened; the others are closed again.
    """
    opened: list[CountFile] = []
    try:
        opened.extend(CountFile(path, files) for path in paths)
    except OSError:
        for file in opened:
            file.close()
        raise
    return tuple(opened)
