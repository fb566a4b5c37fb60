"""Where bytes of a model come from: one file, or a folder of files. Reads what is asked for and never more.

A name inside a file comes from a stranger. It must lead to a regular file in the model's own folder: no absolute path,
no `..`, no link that leads out.
"""

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import TracebackType
from typing import Protocol, Self

from advisor.errors import InvalidFileError, InvalidModelError, NotFoundError

MOST_FILES = 20_000
_MOST_DEEP = 3
_SHOWN_CHARACTERS = 80
_MOST_TEXT_BYTES = 50_000_000
"""[B] The largest index of a published checkpoint has about 9 million (DeepSeek-V3)."""


class ByteSource(Protocol):
    """Random access to one file, on this computer or behind a server that answers ranges."""

    @property
    def name(self) -> str:
        """Return how messages call it."""
        ...

    @property
    def size_bytes(self) -> int:
        """Return the size of the whole file."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on.

        Raises:
            InvalidModelError: `weights-cut-off`; the file ends before, or gave fewer.
        """
        ...

    def __enter__(self) -> Self:
        """Keep it open."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        ...


class FileSet(Protocol):
    """The files of one model."""

    @property
    def name(self) -> str:
        """Return how messages call the model."""
        ...

    def sizes(self) -> Mapping[str, int]:
        """Return each file's size in bytes by its name, with `/` between folders."""
        ...

    def open(self, name: str) -> ByteSource:
        """Return one of the files.

        Raises:
            InvalidModelError: `path-refused`; the name leads out of the model.
            NotFoundError: `model-file-missing`.
        """
        ...


class LocalFile:
    """A regular file of this computer."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Open it.

        Args:
            path: the file; a link is followed, since the user named it.
            name: how messages call it, the name of the file by default.

        Raises:
            NotFoundError: `model-file-missing`.
            InvalidFileError: `model-file-unreadable`; no rights, a folder, a device.
        """
        self._name = name or path.name
        try:
            self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except FileNotFoundError as error:
            raise missing(self._name) from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise InvalidFileError(
                "model-file-unreadable",
                f"{self._name} cannot be opened: {why}.",
                remedy="Check the path and its rights.",
                file=self._name,
            ) from error
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._descriptor)
            raise InvalidFileError(
                "model-file-unreadable",
                f"{self._name} is no file that can be read from beginning to end.",
                remedy="Give a file's path.",
                file=self._name,
            )
        self._size = found.st_size

    @property
    def name(self) -> str:
        """Return the file's name without its folder."""
        return self._name

    @property
    def size_bytes(self) -> int:
        """Return the size when it was opened."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on.

        Raises:
            InvalidModelError: `weights-cut-off`.
        """
        if offset < 0 or length < 0 or offset + length > self._size:
            raise cut_off(self._name, offset + length, self._size)
        parts: list[bytes] = []
        at, left = offset, length
        os.lseek(self._descriptor, at, os.SEEK_SET)
        while left:
            part = os.read(self._descriptor, left)
            if not part:
                raise cut_off(self._name, offset + length, at)
            parts.append(part)
            at, left = at + len(part), left - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def __enter__(self) -> Self:
        """Keep it open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._descriptor)


class LocalFolder:
    """A folder of this computer, as `huggingface_hub` or a person left it."""

    def __init__(self, path: Path, *, only: Collection[str] | None = None, trusted: str | None = None) -> None:
        """Look at it.

        Args:
            path: the folder.
            only: names in it that belong to the model, where the user named a file of a folder with other things.
            trusted: the file the user named, which may be a link to anywhere.

        Raises:
            NotFoundError: `model-folder-missing`.
        """
        if not path.is_dir():
            raise NotFoundError(
                "model-folder-missing",
                f"There is no folder {shown(str(path))}.",
                remedy="Give the folder that holds config.json and the weights, or one weight file.",
            )
        self._path = path
        self._only = only
        self._trusted = trusted
        self._sizes: dict[str, int] | None = None
        self._homes = tuple(_homes(path))

    @property
    def name(self) -> str:
        """Return the folder's name; of a download cache, the model's."""
        return hub_id(self._path) or self._path.resolve().name

    def sizes(self) -> Mapping[str, int]:
        """Return the regular files down to the third level, as they were at the first call.

        Raises:
            InvalidFileError: `model-folder-too-large`; more files than a model has.
        """
        if self._sizes is None:
            self._sizes = self._walk() if self._only is None else _sizes_of(self._path, self._only)
        return self._sizes

    def _walk(self) -> dict[str, int]:
        found: dict[str, int] = {}
        waiting = [(self._path, "", 0)]
        while waiting:
            folder, prefix, depth = waiting.pop()
            for entry in _entries(folder):
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if depth < _MOST_DEEP and not entry.name.startswith("."):
                        waiting.append((Path(entry.path), f"{name}/", depth + 1))
                elif (size := _file_size(entry)) is not None:
                    found[name] = size
                if len(found) + len(waiting) > MOST_FILES:
                    raise InvalidFileError(
                        "model-folder-too-large",
                        f"{self.name} holds more than {MOST_FILES:,} files; no model does.",
                        remedy="Give the folder of one model.",
                    )
        return dict(sorted(found.items()))

    def open(self, name: str) -> LocalFile:
        """Return a file of the folder.

        Raises:
            InvalidModelError: `path-refused`.
            NotFoundError: `model-file-missing`.
            InvalidFileError: `model-file-unreadable`.
        """
        check_name(name, self.name)
        path = self._path / name
        try:
            inside = any(path.resolve().is_relative_to(home) for home in self._homes)
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links
            raise path_refused(name, self.name) from error
        if not inside and name != self._trusted:
            raise path_refused(name, self.name)
        return LocalFile(path, name)


def hub_id(path: Path) -> str | None:
    """Return `owner/name` of a folder inside huggingface_hub's cache, else null.

    Source: huggingface_hub, "Understand caching": models--OWNER--NAME/snapshots/REVISION.
    """
    parts = path.absolute().parts
    if len(parts) >= 3 and parts[-2] == "snapshots" and parts[-3].startswith("models--"):
        return parts[-3].removeprefix("models--").replace("--", "/")
    return None


def check_name(name: str, owner: str) -> None:
    """Refuse a name that leads out of the model's folder.

    Args:
        name: as a file of the model states it.
        owner: who states it, for the sentence.

    Raises:
        InvalidModelError: `path-refused`.
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    leads_out = posix.is_absolute() or windows.anchor or ".." in posix.parts or ".." in windows.parts
    if not name or "\0" in name or leads_out:
        raise path_refused(name, owner)


def read_text(source: ByteSource) -> bytes:
    """Return the whole of a small file.

    Raises:
        InvalidFileError: `model-text-too-large`.
        InvalidModelError: `weights-cut-off`.
    """
    if source.size_bytes > _MOST_TEXT_BYTES:
        raise InvalidFileError(
            "model-text-too-large",
            f"{source.name} has {source.size_bytes:,} bytes; at most {_MOST_TEXT_BYTES:,} are read.",
            remedy="Download it again.",
            file=source.name,
        )
    return source.read(0, source.size_bytes)


def shown(text: str) -> str:
    """Return a text from a stranger as a message may show it: quoted, escaped, short."""
    return ascii_safe(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")


def ascii_safe(text: str) -> str:
    """Return a text in quotes; what cannot be printed is escaped."""
    return repr(text.encode("utf-8", "replace").decode("utf-8"))


def cut_off(name: str, needed: int, found: int) -> InvalidModelError:
    """Return the failure of a file that ends too early."""
    return InvalidModelError(
        "weights-cut-off",
        f"{name} is cut off: it should go on to byte {needed:,}, it has {found:,}.",
        remedy="Download it again.",
        file=name,
    )


def path_refused(name: str, owner: str) -> InvalidModelError:
    """Return the failure of a name that leads out of the model's folder."""
    return InvalidModelError(
        "path-refused",
        f"{owner}: {shown(name)} lies outside the model's folder. A model must not read other files of this computer.",
        remedy="Use a model from a source you trust, with its files beside each other.",
        file=owner,
    )


def missing(name: str) -> NotFoundError:
    """Return the failure of a file that is not there."""
    return NotFoundError("model-file-missing", f"There is no file {shown(name)}.", remedy="Check the path.", file=name)


def _homes(path: Path) -> list[Path]:
    """Return where files of a folder may really lie: in it, or among the blobs of a download cache."""
    real = path.resolve()
    return [real, real.parent.parent / "blobs"] if hub_id(real) else [real]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            entries: list[os.DirEntry[str]] = []
            for entry in found:
                entries.append(entry)
                if len(entries) > MOST_FILES:
                    break
            return entries
    except OSError as error:
        raise InvalidFileError(
            "model-file-unreadable",
            f"{folder.name} cannot be listed: {error.strerror or error}.",
            remedy="Check its rights.",
        ) from error


def _sizes_of(folder: Path, names: Collection[str]) -> dict[str, int]:
    found = ((name, _file_size(folder / name)) for name in names)
    return {name: size for name, size in found if size is not None}


def _file_size(entry: os.DirEntry[str] | Path) -> int | None:
    """Return the size of a regular file; null for what is none, and for a link to nothing."""
    try:
        found = entry.stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
