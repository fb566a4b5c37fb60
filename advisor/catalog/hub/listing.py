"""The files of a model on a hub, with sizes and hashes, pinned to the commit a revision means now."""

import re
from typing import Literal
from urllib.parse import quote

import msgspec

from advisor.catalog.headers.source import MOST_FILES, check_name, path_refused, shown
from advisor.catalog.hub import failures
from advisor.catalog.hub.client import Hub
from advisor.catalog.hub.model import HubFile, HubRepo
from advisor.catalog.hub.search import gate, licence_of, word
from advisor.errors import InvalidInputError

DEFAULT_REVISION = "main"
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_MOST_REVISION = 250


class _Lfs(msgspec.Struct):
    sha256: str | None = None
    size: int | None = None


class _Sibling(msgspec.Struct, rename={"name": "rfilename", "blob_id": "blobId"}):
    name: str
    size: int | None = None
    blob_id: str | None = None
    lfs: _Lfs | None = None


class _Info(msgspec.Struct, rename={"task": "pipeline_tag"}):
    id: str
    sha: str
    task: str | None = None
    siblings: list[_Sibling] = []
    tags: list[str] = []
    gated: bool | Literal["auto", "manual"] = False
    private: bool = False


def files(model_id: str, revision: str | None = None, *, hub: Hub | None = None) -> HubRepo:
    """Return the files of a model.

    Args:
        model_id: `owner/name`.
        revision: branch, tag or commit; `main` by default.
        hub: whom to ask.

    Raises:
        InvalidInputError: `hub-id-invalid`, `hub-revision-invalid`.
        InvalidModelError: `path-refused`; a file's name leads out of the model.
        NotFoundError: `hub-model-unknown`, `hub-revision-unknown`.
        HubError: as `Hub.get_json`.
    """
    failures.check_id(model_id)
    asked = checked_revision(revision)
    hub = hub if hub is not None else Hub()
    path = f"models/{model_id}/revision/{quote(asked, safe='')}"
    info = hub.get_json(path, {"blobs": "true"}, _Info, model_id=model_id, revision=asked)
    if not _COMMIT.match(info.sha):
        raise failures.odd(hub.host, f"the commit {shown(info.sha)}")
    if len(info.siblings) > MOST_FILES:
        raise failures.odd(hub.host, f"{len(info.siblings):,} files")
    return HubRepo(
        id=model_id, host=hub.host, revision=asked, commit=info.sha,
        files=tuple(_file(item, hub.host, model_id) for item in info.siblings), licence=licence_of(info.tags),
        task=word(info.task), gate=gate(info.gated), private=info.private,
    )  # fmt: skip


def checked_revision(revision: str | None) -> str:
    """Return the revision to ask for, `main` when none was given.

    Raises:
        InvalidInputError: `hub-revision-invalid`.
    """
    asked = DEFAULT_REVISION if revision is None else revision.strip()
    if not asked or len(asked) > _MOST_REVISION or ".." in asked or asked[0] in "/\\" or not asked.isprintable():
        raise InvalidInputError(
            "hub-revision-invalid", f"{shown(asked)} is no revision.", remedy="Give a branch, a tag or a commit."
        )
    return asked


def _file(item: _Sibling, host: str, model_id: str) -> HubFile:
    check_name(item.name, model_id)
    if not item.name.isprintable():
        raise path_refused(item.name, model_id)
    size = item.lfs.size if item.lfs is not None and item.lfs.size is not None else item.size
    if size is None or size < 0:
        raise failures.odd(host, f"no size for {shown(item.name)}")
    sha256 = item.lfs.sha256 if item.lfs is not None else None
    if sha256 is not None and not _SHA256.match(sha256):
        raise failures.odd(host, f"the hash of {shown(item.name)}")
    git = item.blob_id if item.lfs is None and item.blob_id and _COMMIT.match(item.blob_id) else None
    return HubFile(name=item.name, size_bytes=size, sha256=sha256, blob_id=git)
