"""Where converted models lie, and how one gets there whole or not at all: made beside its place, moved in by one step.

Names that begin with a dot are ours: a model being made, an old one on its way out. They are never a model.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from advisor import paths
from advisor.child import file_lock
from advisor.errors import ChildError, OutputError

METHODS = ("rtn", "k-quant")
_FOLDER = "converted"
_MOST_NAME_CHARACTERS = 96
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")
_WORK, _OLD = ".converting", ".replaced"


def home() -> Path:
    """Return the folder of all converted models: `converted/OWNER--NAME/FORMAT`."""
    return paths.data_folder() / _FOLDER


def target_folder(model_id: str, format_id: str, method: str = "rtn") -> Path:
    """Return where a model in a format belongs.

    Args:
        model_id: `owner/name`, or the name of a folder or file.
        format_id: the catalog's name of the format.
        method: how weights are rounded; `k-quant` has a folder of its own.
    """
    return home() / folder_name(model_id) / (format_id + ("" if method == "rtn" else f"-{method}"))


def folder_name(model_id: str) -> str:
    """Return a model's name as a folder: `owner--name`, harmless on every system."""
    parts = [_UNUSUAL.sub("-", part).strip("-.") for part in model_id.replace("\\", "/").split("/")]
    name = "--".join(part for part in parts if part) or "model"
    if len(name) > _MOST_NAME_CHARACTERS:
        name = f"{name[: _MOST_NAME_CHARACTERS - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name


def work_folder(target: Path) -> Path:
    """Return where a model is made: beside its place, on the same disk."""
    return target.with_name(f".{target.name}{_WORK}")


@contextlib.contextmanager
def alone(target: Path) -> Iterator[None]:
    """Keep a second conversion to the same place out while the body runs.

    Raises:
        ChildError: `conversion-running`.
        OutputError: `path-not-writable`.
    """
    key = hashlib.sha256(os.path.normcase(str(target)).encode()).hexdigest()[:32]
    try:
        with file_lock.try_hold(home() / ".locks" / f"{key}.lock") as held:
            if not held:
                raise ChildError(
                    "conversion-running",
                    f"A conversion to {target} is running already, in this app or another window of it.",
                    remedy="Wait for its end, or cancel it.",
                )
            yield
    except PermissionError as error:
        raise _not_writable(target, error) from error


def clean(target: Path) -> None:
    """Remove what earlier conversions to this place left. Only while the lock is held: it is nobody else's then."""
    work, gone = work_folder(target), target.with_name(f".{target.name}.{os.getpid()}{_WORK}")
    with contextlib.suppress(OSError):
        work.replace(gone)  # first out of the way of a thread that still writes into it
    for folder in (work, gone):
        shutil.rmtree(folder, ignore_errors=True)
    old = target.with_name(f".{target.name}{_OLD}")
    if old.exists() and not target.exists():
        with contextlib.suppress(OSError):
            old.replace(target)  # killed between the two steps of `put`
    shutil.rmtree(old, ignore_errors=True)
    for folder in (target.parent, home()):
        if folder.is_relative_to(home()):
            with contextlib.suppress(OSError):
                folder.rmdir()  # only where it is empty


def sweep() -> None:
    """Remove what conversions left that were killed, wherever among the app's own models; those at work are left."""
    for work in home().glob(f"*/.*{_WORK}"):
        target = work.with_name(work.name[1 : -len(_WORK)])
        with contextlib.suppress(ChildError, OutputError), alone(target):
            clean(target)


def begin(target: Path) -> Path:
    """Make the folder to work in.

    Raises:
        OutputError: `path-not-writable`.
    """
    work = work_folder(target)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise _not_writable(work, error) from error
    return work


def put(made: Path, target: Path) -> None:
    """Move a whole model to its place.

    Raises:
        OutputError: `path-not-writable`.
    """
    old = target.with_name(f".{target.name}{_OLD}")
    try:
        if target.exists():
            target.replace(old)
        made.replace(target)
    except OSError as error:
        raise _not_writable(target, error) from error
    shutil.rmtree(old, ignore_errors=True)


def _not_writable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        "path-not-writable",
        f"{path} cannot be written: {error.strerror or error}.",
        remedy="Choose another folder or change its permissions. Nothing was changed.",
        path=str(path),
    )
