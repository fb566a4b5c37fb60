"""The job that downloads a model: plan, room, files one by one with their hashes checked. Runs in a child.

Complete files stay, whatever ends the job. The file that was being written starts again: huggingface_hub gives each
attempt a name of its own, so a part of it could not be told from another program's.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from advisor import __version__, paths
from advisor.catalog.hub import failures
from advisor.catalog.hub.client import Hub, library
from advisor.catalog.hub.layout import Kind
from advisor.child import file_lock
from advisor.child.main import Channel, refuse_request
from advisor.convert import download_plan
from advisor.convert.download_plan import DownloadPlan, DownloadRequest, PlannedFile
from advisor.convert.transfer import Transfer, bar_class
from advisor.errors import ChildError, InvalidFileError

_CHUNK_BYTES = 2**20
"""[B] Written and counted at a time; huggingface_hub's own 10 MiB would show nothing for a while on a slow line."""
_PATIENCE_S = 20


class DownloadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it lies here now."""

    name: str
    size_bytes: int
    checked: bool
    """Its hash is the one the hub states."""
    was_here: bool


class DownloadResult(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is complete on this computer."""

    model_id: str
    host: str
    revision: str
    commit: str
    kind: Kind
    variant: str
    folder: str
    files: tuple[DownloadedFile, ...]
    size_bytes: int
    transferred_bytes: int
    """[B] Of the files in this job; those that were here cost nothing."""
    licence: str | None = None


def download(raw: bytes, channel: Channel) -> bytes:
    """Run the job `hub-download`.

    Args:
        raw: JSON of a `DownloadRequest`.
        channel: to the app.

    Returns:
        JSON of a `DownloadResult`.

    Raises:
        AdvisorError: as `download_plan.plan` and `download_plan.check_room`.
        ChildError: `download-running`; the same model is being downloaded.
        InvalidFileError: `hash-mismatch`.
        HubError, OutputError: as `failures.told`.
    """
    try:
        request = msgspec.json.decode(raw, type=DownloadRequest)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise refuse_request(error) from error
    if request.offline:
        return msgspec.json.encode(_offline(request, channel))
    failures.check_id(request.model_id)
    hub = Hub(request.endpoint)
    channel.progress("prepare", 0.0, detail=f"asking {hub.host} what there is")
    with _alone(request) as home:
        wanted = download_plan.plan(request, hub)
        download_plan.check_room(wanted)
        download_plan.keep_plan(wanted)
        channel.on_cancel(lambda: _clean(home))
        _clean(home)
        try:
            checked, transferred_bytes = _fetch(request, wanted, hub, channel)
        finally:
            _clean(home)
        _remember(home, wanted)
    return msgspec.json.encode(_result(wanted, transferred_bytes, checked))


def _offline(request: DownloadRequest, channel: Channel) -> DownloadResult:
    """Take what is here after it was held against the hashes the hub stated; nothing is removed."""
    found = download_plan.plan_offline(request)
    checked = []
    for at, file in enumerate(found.files):
        channel.progress("prepare", at / len(found.files), detail=f"checking {file.name}")
        if _check(Path(found.folder) / file.name, file, "its hub", remove=False):
            checked.append(file.name)
    return _result(found, 0, tuple(checked))


@contextlib.contextmanager
def _alone(request: DownloadRequest) -> Iterator[Path]:
    """Keep a second download of the same model out; yield the model's folder."""
    folder = Path(request.folder)
    home = download_plan.repo_folder(folder, request.model_id)
    with failures.told("this computer"):
        (folder / ".locks").mkdir(parents=True, exist_ok=True)
    with file_lock.try_hold(folder / ".locks" / f"{home.name}.lock") as held:
        if not held:
            raise ChildError(
                "download-running",
                f"{request.model_id} is being downloaded already, by this app or another window of it.",
                remedy="Wait for its end, or cancel it.",
            )
        yield home


def _fetch(
    request: DownloadRequest, wanted: DownloadPlan, hub: Hub, channel: Channel
) -> tuple[tuple[str, ...], int]:  # fmt: skip
    """Return the names of the files whose hashes were checked, and the bytes transferred."""
    here = sum(file.size_bytes for file in wanted.files if file.here)
    transfer = Transfer(channel, total_bytes=wanted.size_bytes, here_bytes=here, num_files=len(wanted.files))
    library().constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
    checked = []
    for file in sorted(wanted.files, key=lambda file: file.size_bytes):
        transfer.begin(file.name)
        path = Path(wanted.folder) / file.name
        if not file.here:
            _fetch_one(request, wanted, file, hub, transfer)
        transfer.say_checking()
        if _check(path, file, wanted.host):
            checked.append(file.name)
    transfer.end()
    return tuple(checked), transfer.transferred_bytes


def _fetch_one(request: DownloadRequest, wanted: DownloadPlan, file: PlannedFile, hub: Hub, transfer: Transfer) -> None:
    token = hub.token()
    with failures.told(hub.host, wanted.model_id, wanted.revision, has_token=token is not None):
        try:
            library().hf_hub_download(
                wanted.model_id, file.name, revision=wanted.commit, cache_dir=request.folder, endpoint=hub.endpoint,
                token=token or False, library_name="model-fit-advisor", library_version=__version__,
                etag_timeout=_PATIENCE_S, tqdm_class=bar_class(transfer),
            )  # fmt: skip
        except (RuntimeError, ValueError) as error:  # of the transfer library hf_xet, or because it is not there
            raise failures.unreachable(hub.host, str(error)) from error


def _check(path: Path, file: PlannedFile, host: str, *, remove: bool = True) -> bool:
    """Hold a file against the hash the hub states; false when it states none. A wrong file may be removed."""
    if file.sha256 is None and file.blob_id is None:
        return False
    with failures.told("this computer"), path.open("rb") as source:
        if file.sha256 is not None:
            right = hashlib.file_digest(source, "sha256").hexdigest() == file.sha256
        else:
            content = source.read()
            # Git's own name of a file's content, no protection of anything.
            git = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
            right = git.hexdigest() == file.blob_id
    if right:
        return True
    if not remove:
        raise InvalidFileError(
            "hash-mismatch",
            f"{file.name} is not what {host} says it is: its hash differs. The file was changed on this computer.",
            remedy="Download it again without offline mode.",
            file=file.name,
        )
    with contextlib.suppress(OSError):
        path.resolve().unlink()
    with contextlib.suppress(OSError):
        path.unlink()
    raise InvalidFileError(
        "hash-mismatch",
        f"{file.name} is not what {host} says it is: its hash differs. It was removed.",
        remedy="Try again; if it happens again, the connection or the disk changes data.",
        file=file.name,
    )


def _clean(home: Path) -> None:
    """Remove half-written files of this model: while the lock is held they are nobody else's."""
    with contextlib.suppress(OSError):
        for path in (home / "blobs").glob("*.incomplete"):
            with contextlib.suppress(OSError):
                path.unlink()


def _remember(home: Path, wanted: DownloadPlan) -> None:
    """Note which commit the revision means, as huggingface_hub's cache does; offline mode asks for it."""
    if wanted.revision != wanted.commit:
        paths.write_atomically(home / "refs" / wanted.revision, wanted.commit.encode())


def _result(wanted: DownloadPlan, transferred_bytes: int, checked: tuple[str, ...]) -> DownloadResult:
    return DownloadResult(
        model_id=wanted.model_id, host=wanted.host, revision=wanted.revision, commit=wanted.commit, kind=wanted.kind,
        variant=wanted.variant, folder=wanted.folder, size_bytes=wanted.size_bytes,
        transferred_bytes=transferred_bytes, licence=wanted.licence,
        files=tuple(
            DownloadedFile(
                name=file.name, size_bytes=file.size_bytes, checked=file.name in checked, was_here=file.here
            )
            for file in wanted.files
        ),
    )  # fmt: skip
