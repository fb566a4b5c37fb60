"""Which Python can convert models: this one, or the environment that the app makes under its data folder.

The environment is one folder, `tools/conversion` in the data folder. A file that is written last, `complete.json`, says
that it is whole and of which lock it was made; without it the folder is rubbish of an installation that was cut off.
Nothing of it is imported here.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from advisor import paths, resources, units
from advisor.child import file_lock
from advisor.convert import base_python
from advisor.errors import ChildError, NotFoundError, OutputError
from advisor.evidence import Quantity

JOB = "conversion-tools"
MARKER = "complete.json"
BEGUN = "made-by-model-fit-advisor.txt"
"""Written first: a folder without it is nobody's business of ours."""
DOWNLOAD_BYTES = {"linux-x86_64": 311_000_000, "macos-arm64": 203_000_000, "windows-x86_64": 216_000_000}
"""[B] Taken from the package index: the sum of the pinned files for Python 3.11, downloaded and counted."""
INSTALLED_BYTES = 1_200_000_000
"""[B] On the disk afterwards; 1.13 GB were measured on Linux with Python 3.11, and a little is added by use."""
_HASHED_TORCH = {"linux-x86_64": ("3.11",)}
"""Pythons for which the hash of torch's file is known, where it is not known for all."""
_UNPACK_S = (15.0, 30.0, 120.0)
"""[s] Without the download: a fast disk, what was measured on 2 cores, a slow disk."""
_LINE_BYTES_PER_S = (50e6, 6e6, 1.2e6)
"""[B/s] A fast line, 50 Mbit/s, 10 Mbit/s."""
SPARE_BYTES = 500_000_000
"""[B] Must stay free."""
NEEDED = ("torch", "transformers", "onnxruntime-genai", "onnx", "onnxscript", "accelerate", "gguf", "safetensors")
"""Packages without which nothing can be converted."""
_MODULES = {"onnxruntime-genai": "onnxruntime_genai"}
Status = Literal["own", "installed", "outdated", "missing", "unsupported"]
"""`own`: this Python has everything; `outdated`: made of another lock, an installation brings it up to date."""


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a whole environment."""

    lock: str
    python: str
    """Version."""
    versions: dict[str, str]
    """Of the tools, as they say themselves."""
    size_bytes: int
    created: str
    """ISO 8601, UTC."""


class ToolsState(msgspec.Struct, frozen=True, kw_only=True):
    """What there is on this computer."""

    status: Status
    folder: str
    python: str | None
    """Interpreter that can convert; null where there is none."""
    versions: dict[str, str] = {}
    size_bytes: int = 0
    """[B] Of the app's own environment; 0 without one."""
    has_leftovers: bool = False
    """The folder holds an installation that was cut off."""
    free_bytes: int | None = None
    """[B] Of the disk that the folder lies on."""
    why_unsupported: str = ""


class Takes(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation takes."""

    download: Quantity
    disk: Quantity
    seconds: Quantity
    hashed: bool
    """Every file's hash is known; false where that of torch is not."""
    why_not: str = ""
    """What must be done before; empty when a Python that suits is there."""


def folder() -> Path:
    """Return where the app's own environment lies, or will lie."""
    return paths.data_folder() / "tools" / "conversion"


def interpreter() -> str:
    """Return the Python that can convert models.

    Raises:
        NotFoundError: `conversion-tools-missing`.
    """
    found = state()
    if found.python is None:
        raise missing()
    return found.python


def state(place: Path | None = None) -> ToolsState:
    """Say what there is; reads two small files and starts nothing.

    Args:
        place: folder of the environment; the app's own by default.
    """
    where = folder() if place is None else place
    own = own_versions() if place is None else {}
    if own:
        return ToolsState(status="own", folder=str(where), python=sys.executable, versions=own)
    free = free_bytes(where)
    marker, python = read_marker(where), environment_python(where)
    if marker is not None and python.exists():
        status: Status = "installed" if marker.lock == lock_hash() else "outdated"
        return ToolsState(
            status=status, folder=str(where), python=str(python), versions=marker.versions,
            size_bytes=marker.size_bytes, free_bytes=free,
        )  # fmt: skip
    leftovers = where.is_dir() and any(where.iterdir())
    why = unsupported()
    return ToolsState(
        status="unsupported" if why else "missing", folder=str(where), python=None, has_leftovers=leftovers,
        free_bytes=free, why_unsupported=why,
    )  # fmt: skip


def missing() -> NotFoundError:
    """Return the error for a computer that cannot convert yet."""
    if why := unsupported():
        return NotFoundError(
            "conversion-tools-unsupported", f"Models cannot be converted here. {why}",
            remedy="Use a model that is published as ONNX already: `hub download MODEL --only onnx`.",
        )  # fmt: skip
    download, installed = units.size(download_bytes()), units.size(INSTALLED_BYTES)
    return NotFoundError(
        "conversion-tools-missing",
        "The tools that convert models are not installed.",
        remedy=f"Run `model-fit-advisor conversion-tools install`, or press Install under Conversion tools in the "
        f"settings; about {download} are downloaded and {installed} stay on the disk.",
    )  # fmt: skip


def takes() -> Takes:
    """Return what an installation takes on this system; starts the Python that the environment would be made of."""
    version, why_not = "", ""
    try:
        version = base_python.find().version
    except NotFoundError as error:
        why_not = error.sentence()
    size = download_bytes()
    low, value, high = (unpack + size / line for unpack, line in zip(_UNPACK_S, _LINE_BYTES_PER_S, strict=True))
    return Takes(
        download=Quantity(
            value=size, low=size * 0.9, high=size * 1.1, unit="B", evidence="estimated",
            basis="sum of the pinned files for Python 3.11, counted",
        ),
        disk=Quantity(
            value=INSTALLED_BYTES, low=INSTALLED_BYTES * 0.8, high=INSTALLED_BYTES * 1.2, unit="B",
            evidence="estimated", basis="measured on Linux with Python 3.11",
        ),
        seconds=Quantity(
            value=value, low=low, high=high, unit="s", evidence="assumed",
            basis="half a minute to unpack, measured on 2 cores, and a line of 50 Mbit/s; range: fast to 10 Mbit/s",
        ),
        hashed=torch_is_hashed(version or base_python.VERSIONS[0]), why_not=why_not,
    )  # fmt: skip


def torch_is_hashed(python: str) -> bool:
    """Tell whether the hash of torch's file is known for a version of Python."""
    return platform_key() not in _HASHED_TORCH or python in _HASHED_TORCH[platform_key() or ""]


def download_bytes() -> int:
    """[B] Return what an installation takes from the package index."""
    return DOWNLOAD_BYTES.get(platform_key() or "", max(DOWNLOAD_BYTES.values()))


def platform_key() -> str | None:
    """Return the name of this system's lock, or None where there is none."""
    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform)
    machine = platform.machine().lower()
    key = f"{system}-{ {'amd64': 'x86_64', 'aarch64': 'arm64'}.get(machine, machine) }"
    return key if key in DOWNLOAD_BYTES else None


def unsupported() -> str:
    """Say why no environment can be made here; empty when one can."""
    if platform_key() is None:
        here = f"{platform.system() or sys.platform} on {platform.machine()}"
        return f"The tools are made for Linux and Windows on x86-64 and for Apple's chips, not for {here}."
    return ""


def lock_files() -> tuple[Path, Path, Path]:
    """Return the locked requirements of this system: the installer, all packages but torch, torch.

    Raises:
        NotFoundError: `conversion-tools-unsupported`, `resource-missing`.
    """
    key = platform_key()
    if key is None:
        raise missing()
    names = ("installer", f"requirements-{key}", f"torch-{key}")
    installer, packages, torch = (resources.path(f"conversion/{name}.txt") for name in names)
    return installer, packages, torch


@functools.cache
def lock_hash() -> str:
    """Return a short hash of what is to be installed; empty on a system without a lock."""
    if platform_key() is None:
        return ""
    digest = hashlib.sha256()
    for path in lock_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def environment_python(where: Path) -> Path:
    """Return the interpreter of an environment."""
    return where / "Scripts" / "python.exe" if sys.platform == "win32" else where / "bin" / "python"


def read_marker(where: Path) -> Marker | None:
    """Return what is known of an environment, or None where it is not whole."""
    try:
        return msgspec.json.decode((where / MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError):
        return None


@functools.cache
def own_versions() -> dict[str, str]:
    """Return the versions of the tools in this Python, or nothing where one is missing or was not tested."""
    if getattr(sys, "frozen", False):
        return {}
    tested = _tested()
    found = {}
    for name in NEEDED:
        if importlib.util.find_spec(_MODULES.get(name, name)) is None:
            return {}
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return {}
        if found[name].split(".")[:2] != tested[name].split(".")[:2]:
            return {}
    return found


def _tested() -> dict[str, str]:
    """Return name -> version of the packages named in the lock's own list."""
    lines = resources.read("conversion/packages.txt").decode().splitlines()
    return dict(line.split("==", 1) for line in lines if line and not line.startswith("#"))


def free_bytes(where: Path) -> int | None:
    """Return the free bytes of the disk that a folder lies on, or will lie on."""
    for place in (where, *where.parents):
        if place.exists():
            try:
                return shutil.disk_usage(place).free
            except OSError:
                return None
    return None


def check_room(where: Path) -> None:
    """Refuse an installation that the disk has no room for.

    Raises:
        OutputError: `disk-too-small`.
    """
    free = free_bytes(where)
    needed = INSTALLED_BYTES + download_bytes()
    if free is None or needed + SPARE_BYTES <= free:
        return
    raise OutputError(
        "disk-too-small",
        f"The tools need {units.size(needed)} while they are installed and {units.size(SPARE_BYTES)} to spare; "
        f"{units.size(free)} are free in {where.parent}.",
        remedy="Free some space, then try again.",
        needed_bytes=needed, free_bytes=free,
    )  # fmt: skip


def remove(where: Path | None = None) -> int:
    """Remove the app's own environment, whole or cut off, and return the bytes it took.

    Args:
        where: its folder; the app's own by default.

    Raises:
        OutputError: `conversion-tools-foreign`; the folder is a link or was not made by this app.
            `path-not-writable`.
        ChildError: `conversion-tools-running`.
    """
    place = folder() if where is None else where
    check_own(place)
    if not place.exists():
        return 0
    with alone(place):
        size_bytes = folder_bytes(place)
        discard(place)
    return size_bytes


def discard_leftovers(where: Path | None = None) -> None:
    """Remove an installation that did not finish; one that is whole or at work stays. Never raises for the disk."""
    place = folder() if where is None else where
    with contextlib.suppress(OutputError, ChildError), alone(place):
        check_own(place)
        if place.is_dir() and read_marker(place) is None:
            discard(place)


def check_own(place: Path) -> None:
    """Refuse a folder that this app did not make; one that is not there, or empty, is fine.

    Raises:
        OutputError: `conversion-tools-foreign`.
    """
    linked = place.is_symlink() or place.parent.is_symlink()
    strange = place.exists() and not (place.is_dir() and ((place / BEGUN).is_file() or not any(place.iterdir())))
    if linked or strange:
        raise OutputError(
            "conversion-tools-foreign",
            f"{place} is {'a link' if linked else 'not a folder that this app made'}, so it is left alone.",
            remedy="Move it away yourself, then try again.", path=str(place),
        )  # fmt: skip


def discard(place: Path) -> None:
    """Remove a folder that was checked; links in it are removed, not followed.

    Raises:
        OutputError: `path-not-writable`; what is left counts as cut off.
    """
    try:
        (place / MARKER).unlink(missing_ok=True)
        own = place / BEGUN
        for entry in sorted(place.iterdir(), key=lambda entry: entry == own):  # what tells it is ours goes last
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        place.rmdir()
    except OSError as error:
        raise OutputError(
            "path-not-writable", f"{error.filename or place} cannot be removed: {error.strerror or error}.",
            remedy="Close what uses it, then try again.", path=str(place),
        ) from error  # fmt: skip


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """Keep a second installation or removal of the same environment out.

    Raises:
        ChildError: `conversion-tools-running`.
        OutputError: `path-not-writable`.
    """
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(file_lock.try_hold(place.parent / f".{place.name}.lock"))
        except OSError as error:
            raise OutputError(
                "path-not-writable", f"{place.parent} cannot be written: {error.strerror or error}.",
                remedy="Change its permissions, or move the app's folders with MODEL_FIT_ADVISOR_HOME.",
            ) from error  # fmt: skip
        if not held:
            raise ChildError(
                "conversion-tools-running",
                "The conversion tools are being installed or removed already, by this app or another window of it.",
                remedy="Wait for its end, or cancel it.",
            )
        yield


def folder_bytes(place: Path) -> int:
    """[B] Return what the files of a folder take; links count as nothing."""
    total = 0
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += folder_bytes(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                total += entry.stat(follow_symlinks=False).st_size
    return total
