"""The shelf of converted models: what lies there, what it takes, and its removal. One folder a model and format.

`HOME/MODEL/FORMAT` holds a model with its origin. Names that begin with a dot are a conversion at work, or what one
that was killed left. Links are never followed: nothing outside the shelf is counted or removed.
"""

import contextlib
import shutil
from pathlib import Path

import msgspec

from advisor.errors import InvalidFileError, NotFoundError, OutputError
from advisor.runnable import provenance
from advisor.runnable.provenance import Provenance

REMOVED = ".removed"
"""End of the name of a folder that is on its way out."""


class StoredModel(msgspec.Struct, frozen=True, kw_only=True):
    """A converted model."""

    folder: str
    """Absolute."""
    model_id: str
    format_id: str
    size_bytes: int
    """[B] Of all its files."""
    origin: Provenance | None
    """Null where the file is missing or cannot be read."""
    problem: str = ""
    """Why it should not be used; empty when all is well."""


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that a conversion or a removal left when it was killed."""

    folder: str
    size_bytes: int


def models(home: Path) -> tuple[StoredModel, ...]:
    """Return the models of a shelf by name and format; one that is not there is empty."""
    return tuple(_stored(folder) for folder in _folders(home) if not folder.name.startswith("."))


def leftovers(home: Path) -> tuple[Leftover, ...]:
    """Return what is no model: of conversions that were killed, or that are at work now."""
    hidden = (folder for folder in _folders(home) if folder.name.startswith("."))
    return tuple(Leftover(folder=str(folder), size_bytes=_bytes(folder)) for folder in hidden)


def find(home: Path, name: str, format_id: str | None = None) -> tuple[StoredModel, ...]:
    """Return the models that a user means by a name: a hub id, the name of a folder on the shelf, or its path.

    Raises:
        NotFoundError: `converted-unknown`.
    """
    found = tuple(
        model
        for model in models(home)
        if name in (model.model_id, Path(model.folder).parent.name, model.folder)
        and format_id in (None, model.format_id, Path(model.folder).name)
    )
    if not found:
        what = name if format_id is None else f"{name} as {format_id}"
        raise NotFoundError(
            "converted-unknown", f"No converted model is named {what!r}.",
            remedy="List them with `model-fit-advisor converted list`.",
        )  # fmt: skip
    return found


def remove(home: Path, folder: Path) -> int:
    """Remove one folder of a shelf and return the bytes it took. It is gone at once, whatever happens later.

    Raises:
        NotFoundError: `converted-unknown`; it is no folder of the shelf.
        OutputError: `path-not-writable`.
    """
    if folder not in _folders(home):
        raise NotFoundError("converted-unknown", f"{folder} is not among the converted models.")
    size_bytes = _bytes(folder)
    gone = folder if folder.name.startswith(".") else folder.with_name(f".{folder.name}{REMOVED}")
    try:
        if gone != folder:
            shutil.rmtree(gone, ignore_errors=True)
            folder.replace(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise OutputError(
            "path-not-writable", f"{error.filename or folder} cannot be removed: {error.strerror or error}.",
            remedy="Close what uses it, or change its permissions, then try again.", path=str(folder),
        ) from error  # fmt: skip
    for empty in (folder.parent, home):
        with contextlib.suppress(OSError):
            empty.rmdir()
    return size_bytes


def _folders(home: Path) -> list[Path]:
    """Return `HOME/MODEL/FORMAT`, those that begin with a dot too; links are no part of the shelf."""
    with contextlib.suppress(OSError):
        return sorted(
            folder
            for model in home.iterdir()
            if not model.name.startswith(".") and _is_folder(model)
            for folder in model.iterdir()
            if _is_folder(folder)
        )
    return []


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _stored(folder: Path) -> StoredModel:
    origin, problem = None, ""
    try:
        origin = provenance.read(folder)
        if origin is None:
            problem = f"{provenance.FILE_NAME} is missing, so its origin is not known"
        elif missing := [file.name for file in origin.files if not _has(folder, file)]:
            problem = f"{missing[0]} is missing or has another size"
    except InvalidFileError as error:
        problem = error.message
    return StoredModel(
        folder=str(folder), model_id=origin.model_id if origin else folder.parent.name.replace("--", "/"),
        format_id=origin.format_id if origin else folder.name, size_bytes=_bytes(folder), origin=origin,
        problem=problem,
    )  # fmt: skip


def _has(folder: Path, file: provenance.SourceFile) -> bool:
    path = folder / file.name
    with contextlib.suppress(OSError):
        return path.stat().st_size == file.size_bytes
    return False


def _bytes(folder: Path) -> int:
    """Return what the files of a folder take; a file that goes while it is looked at counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                total += path.stat().st_size
    return total
