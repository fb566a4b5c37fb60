"""Models that were downloaded: what is in the app's own folder, and taking one away again.

Deletes below the app's own folder of models only, follows no link out of it, and waits for no download that runs.
"""

import shutil
from pathlib import Path

import msgspec

from advisor.catalog.headers.source import shown
from advisor.child import file_lock
from advisor.convert import download_plan
from advisor.errors import ChildError, NotFoundError, OutputError

_PREFIX = "models--"


class Downloaded(msgspec.Struct, frozen=True, kw_only=True):
    """One model that was downloaded."""

    model_id: str
    folder: str
    """Its own folder below the app's: what is removed."""
    snapshot: str | None
    """The newest commit of it, as a folder to open; null while nothing of it is whole."""
    size_bytes: int
    """[B] All its files, each counted once."""


def downloaded(folder: Path) -> tuple[Downloaded, ...]:
    """Return the models in a folder, by name.

    Args:
        folder: as `download_plan.models_folder` says.
    """
    try:
        homes = sorted(path for path in folder.iterdir() if path.name.startswith(_PREFIX) and _is_own(path))
    except OSError:
        return ()
    return tuple(_read(home) for home in homes)


def remove(folder: Path, model_id: str) -> int:
    """Delete a downloaded model and return the bytes it took.

    Args:
        folder: as `download_plan.models_folder` says.
        model_id: of the model.

    Raises:
        NotFoundError: `download-unknown`; it is not in this folder, or what is there is no folder of the app's.
        ChildError: `download-running`.
        OutputError: `path-not-writable`; something of it is left.
    """
    home = download_plan.repo_folder(folder, model_id)
    if home.parent != folder or not _is_own(home):
        raise NotFoundError(
            "download-unknown", f"{shown(model_id)} is not among the downloaded models in {folder}.",
            remedy="Look at the list again.",
        )  # fmt: skip
    size_bytes = _read(home).size_bytes
    try:
        (folder / ".locks").mkdir(exist_ok=True)
        with file_lock.try_hold(folder / ".locks" / f"{home.name}.lock") as held:
            if not held:
                raise ChildError(
                    "download-running", f"{model_id} is being downloaded now.", remedy="Cancel that first."
                )
            shutil.rmtree(home)  # takes links away, never what they lead to
    except OSError as error:
        raise OutputError(
            "path-not-writable", f"{home} cannot be removed: {error.strerror or error}.",
            remedy="Close what uses it, then try again.", path=str(home),
        ) from error  # fmt: skip
    return size_bytes


def _is_own(home: Path) -> bool:
    return not home.is_symlink() and home.is_dir()


def _read(home: Path) -> Downloaded:
    snapshots = []
    try:
        snapshots = [path for path in (home / "snapshots").iterdir() if path.is_dir() and any(path.iterdir())]
        snapshots.sort(key=lambda path: path.stat().st_mtime)
    except OSError:
        snapshots = []
    return Downloaded(
        model_id=home.name.removeprefix(_PREFIX).replace("--", "/"), folder=str(home),
        snapshot=str(snapshots[-1]) if snapshots else None, size_bytes=_size_bytes(home),
    )  # fmt: skip


def _size_bytes(home: Path) -> int:
    total = 0
    for path in home.rglob("*"):
        try:
            total += path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
        except OSError:
            continue
    return total
