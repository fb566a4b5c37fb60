"""What the app has written on this computer, by kind, with sizes, and how it is removed.

Only names that the app itself makes are touched: `MODEL_FIT_ADVISOR_HOME` may name a folder that holds other things.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec

from advisor import paths
from advisor.convert import shelf, tools
from advisor.errors import OutputError

Kind = Literal["tools", "converted", "downloaded", "cache", "log", "history", "settings"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_NAMES: dict[Kind, tuple[tuple[Callable[[], Path], tuple[str, ...]], ...]] = {
    "tools": ((paths.data_folder, ("tools/conversion", "tools/.conversion.lock")),),
    "converted": ((paths.data_folder, ("converted",)),),
    "downloaded": ((paths.data_folder, ("models/hub-models",)),),
    "cache": (
        (paths.cache_folder, (
            "probe.lock", "threads.json", "updates.json", "graphs", "calibration", "compression", "matplotlib",
        )),
    ),
    "log": ((paths.log_folder, ("advisor.log*", "crash.txt")),),
    "history": ((paths.data_folder, ("history.sqlite*",)),),
    "settings": (
        (paths.config_folder, ("settings.toml*",)),
        (paths.data_folder, ("own_models*.json*", "wall_meter.json*", "machines")),
    ),
}  # fmt: skip
"""Of each kind: folders, and the names in them, where a star stands for any ending."""


_NAME = "model-fit-advisor"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of one kind."""

    kind: Kind
    folders: tuple[str, ...]
    """Where it lies, or would lie."""
    size_bytes: int
    num_files: int


def parts() -> tuple[Part, ...]:
    """Return what there is, of each kind."""
    found = []
    for kind in KINDS:
        files = [file for entry in _entries(kind) for file in _files(entry)]
        found.append(
            Part(
                kind=kind, folders=tuple(str(_shown(kind, place, names)) for place, names in _NAMES[kind]),
                size_bytes=sum(file.lstat().st_size for file in files), num_files=len(files),
            )
        )  # fmt: skip
    return tuple(found)


def remove(kinds: Sequence[Kind]) -> int:
    """Remove what there is of some kinds, and folders that are empty then; return the bytes that are free again.

    Raises:
        OutputError: `path-not-writable`; `conversion-tools-foreign`.
        ChildError: `conversion-tools-running`.
    """
    before_bytes = sum(part.size_bytes for part in parts())
    if "tools" in kinds:  # these two know what is at work now
        tools.remove()
    if "converted" in kinds:
        shelf.clear()
    for kind in kinds:
        for entry in _entries(kind):
            if kind != "converted" or not (shelf.models() or shelf.leftovers()):
                _discard(entry)
    for folder in (paths.data_folder() / "tools", paths.data_folder() / "models", *_homes()):
        _drop_empty(folder)
    if paths.log_folder().parent.name == _NAME:  # on Linux the log lies one deeper
        _drop_empty(paths.log_folder().parent)
    return before_bytes - sum(part.size_bytes for part in parts())


def left() -> tuple[str, ...]:
    """Return what lies in the app's folders and is none of its own."""
    own = {entry for kind in KINDS for entry in _entries(kind)}
    own |= {entry.parent for entry in own}
    found = [entry for folder in _homes() if folder.is_dir() for entry in sorted(folder.iterdir()) if entry not in own]
    return tuple(dict.fromkeys(str(entry) for entry in found if entry not in _homes()))


def _homes() -> tuple[Path, ...]:
    """Return the app's folders, the inner ones first: on Windows some lie in others."""
    folders = {paths.config_folder(), paths.data_folder(), paths.cache_folder(), paths.log_folder()}
    return tuple(sorted(folders, key=lambda folder: (-len(folder.parts), folder)))


def _shown(kind: Kind, place: Callable[[], Path], names: tuple[str, ...]) -> Path:
    return place() / names[0] if kind in ("tools", "converted", "downloaded") else place()


def _entries(kind: Kind) -> Iterator[Path]:
    for place, names in _NAMES[kind]:
        for name in names:
            yield from sorted(place().glob(name))


def _files(entry: Path) -> list[Path]:
    """Return a file itself, or the files of a folder; links are not followed."""
    if entry.is_symlink() or not entry.is_dir():
        return [entry]
    return [path for path in entry.rglob("*") if path.is_symlink() or not path.is_dir()]


def _discard(entry: Path) -> None:
    try:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            "path-not-writable", f"{error.filename or entry} cannot be removed: {error.strerror or error}.",
            remedy="Close what uses it, then try again.", path=str(entry),
        ) from error  # fmt: skip


def _drop_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
