"""What a download will take and where it goes, decided before the first byte of a weight."""

import shutil
from pathlib import Path

import msgspec

from advisor import paths, units
from advisor.catalog.headers import folder as headers
from advisor.catalog.headers.checkpoint import Checkpoint
from advisor.catalog.headers.source import LocalFolder, shown
from advisor.catalog.hub import failures, layout, listing, sizing
from advisor.catalog.hub.client import Hub, library
from advisor.catalog.hub.layout import Kind, Only
from advisor.catalog.hub.model import HubFile
from advisor.errors import InvalidFileError, InvalidModelError, NotFoundError, OutputError

JOB = "hub-download"
SPARE_BYTES = 500_000_000
"""[B] Left free on the disk, so that the system and other programs can go on working."""
_FOLDER = "hub-models"
_SHA256_DIGITS, _GIT_DIGITS = 64, 40


class DownloadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to download."""

    model_id: str
    revision: str | None = None
    commit: str | None = None
    """What the revision meant when the user was shown the plan; what it means now by default."""
    only: Only | None = None
    variant: str | None = None
    folder: str
    """Where models are kept: `models_folder`."""
    endpoint: str | None = None
    offline: bool = False
    """Take what is on this computer and ask nobody."""


class PlannedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the download."""

    name: str
    size_bytes: int
    sha256: str | None = None
    blob_id: str | None = None
    here: bool = False
    """Complete on this computer already."""


class DownloadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Files to take, and the room for them."""

    model_id: str
    host: str
    revision: str
    commit: str
    kind: Kind
    variant: str
    variants: tuple[str, ...]
    """Every variant there is, the preferred one first."""
    files: tuple[PlannedFile, ...]
    size_bytes: int
    """[B] Of all files."""
    missing_bytes: int
    """[B] Not on this computer yet."""
    free_bytes: int | None
    """[B] Free on the disk of the folder."""
    folder: str
    """Where the files will lie."""
    licence: str | None = None
    asked_bytes: int = 0
    """[B] Transferred to make this plan."""


def models_folder(chosen: str | None = None) -> Path:
    """Return where models are kept.

    Args:
        chosen: the folder of the user's settings; the data folder by default.
    """
    return (Path(chosen).expanduser() if chosen else paths.data_folder() / "models") / _FOLDER


def repo_folder(folder: Path, model_id: str) -> Path:
    """Return a model's own folder in the layout of huggingface_hub's cache."""
    return folder / ("models--" + model_id.replace("/", "--"))


def plan(request: DownloadRequest, hub: Hub) -> DownloadPlan:
    """Return what a download will take. Reads the listing, and headers where the weights are safetensors.

    Raises:
        AdvisorError: as `listing.files`, `layout.choose`, `sizing.read`.
        InvalidModelError: `remote-code`; the model needs program code that comes with it.
    """
    asked = listing.checked_revision(request.revision)
    repo = listing.files(request.model_id, request.commit or asked, hub=hub)
    chosen = layout.choose(repo.files, only=request.only, variant=request.variant)
    if chosen.kind == "safetensors":
        checkpoint = sizing.read(repo, hub)
        _refuse_code(checkpoint)
        chosen = layout.narrowed(chosen, {file.name for file in checkpoint.files()})
    folder = repo_folder(Path(request.folder), repo.id) / "snapshots" / repo.commit
    files = tuple(_planned(file, folder) for file in (*layout.beside(repo.files, chosen), *chosen.files))
    return DownloadPlan(
        model_id=repo.id, host=repo.host, revision=asked, commit=repo.commit, kind=chosen.kind,
        variant=chosen.name, variants=tuple(item.name for item in layout.variants(repo.files)), files=files,
        size_bytes=sum(file.size_bytes for file in files),
        missing_bytes=sum(file.size_bytes for file in files if not file.here), free_bytes=free_bytes(folder),
        folder=str(folder), licence=repo.licence, asked_bytes=hub.transferred_bytes,
    )  # fmt: skip


def plan_offline(request: DownloadRequest) -> DownloadPlan:
    """Return the plan for files that are on this computer: in the app's folder, else in huggingface_hub's cache.

    Raises:
        NotFoundError: `hub-not-here`; the revision is not on this computer.
        InvalidFileError: `hub-not-whole`; a part of it is.
        AdvisorError: as `layout.choose`.
    """
    failures.check_id(request.model_id)
    asked = listing.checked_revision(request.revision)
    for folder in (Path(request.folder), Path(library().constants.HF_HUB_CACHE)):
        home = repo_folder(folder, request.model_id)
        commit = _commit_here(home, asked)
        if commit is not None and (home / "snapshots" / commit).is_dir():
            return _plan_here(request, asked, commit, home / "snapshots" / commit)
    raise NotFoundError(
        "hub-not-here",
        f"{shown(request.model_id)} at {shown(asked)} is not on this computer, and offline mode asks nobody.",
        remedy="Download it once without offline mode.",
    )


def check_room(wanted: DownloadPlan) -> None:
    """Refuse a download that the disk has no room for.

    Raises:
        OutputError: `disk-too-small`.
    """
    if wanted.free_bytes is None or wanted.missing_bytes + SPARE_BYTES <= wanted.free_bytes or not wanted.missing_bytes:
        return
    raise OutputError(
        "disk-too-small",
        f"The download needs {units.size(wanted.missing_bytes)} and {units.size(SPARE_BYTES)} to spare; "
        f"{units.size(wanted.free_bytes)} are free in {wanted.folder}.",
        remedy="Free some space, choose another folder in the settings, or take a smaller variant.",
        missing_bytes=wanted.missing_bytes,
        free_bytes=wanted.free_bytes,
    )


def free_bytes(folder: Path) -> int | None:
    """Return the free bytes of the disk a folder lies on, or will lie on."""
    for place in (folder, *folder.parents):
        if place.exists():
            try:
                return shutil.disk_usage(place).free
            except OSError:
                return None
    return None


def _planned(file: HubFile, folder: Path) -> PlannedFile:
    path = folder / file.name
    try:
        here = path.stat().st_size == file.size_bytes
    except OSError:
        here = False
    return PlannedFile(
        name=file.name, size_bytes=file.size_bytes, sha256=file.sha256, blob_id=file.blob_id, here=here
    )  # fmt: skip


def _refuse_code(checkpoint: Checkpoint) -> None:
    for item in checkpoint.refusals:
        raise InvalidModelError(item.code, item.message, remedy=item.remedy)


def _commit_here(home: Path, revision: str) -> str | None:
    if (home / "snapshots" / revision).is_dir():
        return revision
    try:
        found = (home / "refs" / revision).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return found if found.isalnum() else None


def _plan_here(request: DownloadRequest, asked: str, commit: str, snapshot: Path) -> DownloadPlan:
    found = LocalFolder(snapshot)
    here, wanted = found.sizes(), _kept_plan(snapshot) or found.sizes()
    known = [HubFile(name=name, size_bytes=size) for name, size in wanted.items()]
    whole = [item for item in layout.variants(known) if all(here.get(f.name) == f.size_bytes for f in item.files)]
    absent = [file.name for file in known if here.get(file.name) != file.size_bytes]
    names = {file.name for item in whole for file in item.files}
    weights = {file.name for item in layout.variants(known) for file in item.files}
    usable = [file for file in known if file.name in names or (file.name not in weights and file.name not in absent)]
    if absent and not whole:
        raise InvalidFileError(
            "hub-not-whole",
            f"{request.model_id} is not complete on this computer: {len(absent)} of {len(known)} files are missing, "
            f"{shown(absent[0])} among them.",
            remedy="Download it again without offline mode; what is complete is kept.",
        )
    chosen = layout.choose(usable, only=request.only, variant=request.variant)
    if chosen.kind == "safetensors":
        checkpoint = headers.read_folder(found)
        _refuse_code(checkpoint)
        chosen = layout.narrowed(chosen, {file.name for file in checkpoint.files()})
    taken = (*layout.beside(usable, chosen), *chosen.files)
    return DownloadPlan(
        model_id=request.model_id, host="this computer", revision=asked, commit=commit, kind=chosen.kind,
        variant=chosen.name, variants=tuple(item.name for item in layout.variants(usable)),
        files=tuple(_kept_as(snapshot, file) for file in taken),
        size_bytes=sum(file.size_bytes for file in taken), missing_bytes=0, free_bytes=free_bytes(snapshot),
        folder=str(snapshot),
    )  # fmt: skip


def _kept_as(snapshot: Path, file: HubFile) -> PlannedFile:
    """Return a file that is here, with the hash the hub stated: huggingface_hub names the content after it."""
    place = snapshot / file.name
    stated = place.resolve().name if place.is_symlink() else ""
    known = len(stated) in (_SHA256_DIGITS, _GIT_DIGITS) and set(stated) <= set("0123456789abcdef")
    return PlannedFile(
        name=file.name, size_bytes=file.size_bytes, here=True,
        sha256=stated if known and len(stated) == _SHA256_DIGITS else None,
        blob_id=stated if known and len(stated) == _GIT_DIGITS else None,
    )  # fmt: skip


def record(snapshot: Path) -> Path:
    """Return the list of files a snapshot should have: beside it, so that the folder holds the model alone."""
    return snapshot.parent.parent / f"wanted-{snapshot.name}.json"


def keep_plan(wanted: DownloadPlan) -> None:
    """Note the files of a plan, so that offline mode knows whether all are there.

    Raises:
        OutputError: as `paths.write_atomically`.
    """
    snapshot = Path(wanted.folder)
    sizes = _kept_plan(snapshot) | {file.name: file.size_bytes for file in wanted.files}
    paths.write_atomically(record(snapshot), msgspec.json.encode(sizes))


def _kept_plan(snapshot: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(record(snapshot).read_bytes(), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return {}
