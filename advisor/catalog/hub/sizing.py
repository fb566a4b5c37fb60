"""Sizes a model on a hub exactly from the headers of its files; no weight is downloaded."""

from posixpath import dirname

import msgspec

from advisor import units
from advisor.catalog.headers import companions, folder, index, onnx_folder
from advisor.catalog.headers.checkpoint import Checkpoint
from advisor.catalog.headers.source import missing
from advisor.catalog.hub import layout, listing
from advisor.catalog.hub.client import Hub
from advisor.catalog.hub.model import HubRepo
from advisor.catalog.hub.remote import HubFiles
from advisor.errors import InvalidModelError

_MOST_NAMED = 12


class Sized(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a hub as its headers describe it, and what it took to know."""

    repo: HubRepo
    checkpoint: Checkpoint
    transferred_bytes: int
    """[B] Of all answers, listing included."""
    num_requests: int
    build: str = ""
    """Which ready-made ONNX build was sized, of a model that holds nothing else; empty otherwise."""
    builds: tuple[str, ...] = ()
    """The builds there are."""


def size(model_id: str, revision: str | None = None, *, file: str | None = None, hub: Hub | None = None) -> Sized:
    """Return the size of a model on a hub.

    Args:
        model_id: `owner/name`.
        revision: branch, tag or commit; `main` by default.
        file: the weight file that is meant, where the model has several: `model-Q4_K_M.gguf`.
        hub: whom to ask.

    Raises:
        AdvisorError: as `listing.files`, `Hub.read_range` and `folder.read_folder`.
    """
    hub = hub if hub is not None else Hub()
    repo = listing.files(model_id, revision, hub=hub)
    builds = _onnx_builds(repo)
    build = builds[0] if builds and file is None else None
    try:
        checkpoint = read(repo, hub, file=file, build=build)
    except InvalidModelError as error:
        raise _with_choices(error, repo) from error
    return Sized(
        repo=repo, checkpoint=checkpoint, transferred_bytes=hub.transferred_bytes, num_requests=hub.num_requests,
        build=build.name if build is not None else "", builds=tuple(item.name for item in builds),
    )  # fmt: skip


def read(repo: HubRepo, hub: Hub, *, file: str | None = None, build: layout.Variant | None = None) -> Checkpoint:
    """Return the headers of a listed model.

    Args:
        repo: its files.
        hub: whom to ask.
        file: the weight file that is meant.
        build: the ready-made ONNX that is meant.

    Raises:
        AdvisorError: as `Hub.read_range` and `folder.read_folder`.
    """
    only = None
    if file is not None:
        if file not in {item.name for item in repo.files}:
            raise missing(file)
        only = {*companions.SMALL_FILES, *index.part_names(file), *_beside_graph(repo, file)}
    elif build is not None:
        only = {item.name for item in (*build.files, *layout.beside(repo.files, build))}
    files = HubFiles(hub, repo, only=only)
    weights = [name for name in files.sizes() if name.endswith(".safetensors")]
    if len(weights) > 1:
        files.fetch_starts(weights)
    if build is not None:
        graphs = [item.name for item in build.files if item.name.endswith(".onnx")]
        return onnx_folder.read(files, onnx_folder.without_copies(graphs))
    return folder.read_folder(files)


def files_of(sized: Sized, hub: Hub) -> HubFiles:
    """Return the files of a model that was sized."""
    return HubFiles(hub, sized.repo)


def _onnx_builds(repo: HubRepo) -> tuple[layout.Variant, ...]:
    """Return the ready-made ONNX builds of a model that holds nothing else, the preferred one first."""
    found = layout.variants(repo.files)
    return found if all(item.kind in ("genai", "onnx") for item in found) else ()


def _beside_graph(repo: HubRepo, file: str) -> set[str]:
    """Return what lies in the folder of an ONNX file and may hold its weights or say what it is."""
    if not file.endswith(".onnx"):
        return set()
    return {
        item.name for item in repo.files
        if dirname(item.name) == dirname(file) and not item.name.endswith((".onnx", ".safetensors", ".gguf"))
    }  # fmt: skip


def _with_choices(error: InvalidModelError, repo: HubRepo) -> InvalidModelError:
    """Return the failure with what the model does have, and how large it is."""
    if error.code not in {"weights-ambiguous", "no-weights"}:
        return error
    found = layout.variants(repo.files)
    named = [item for item in found if item.kind != "safetensors"]
    if not named:
        return error
    choices = ", ".join(f"{_file_of(item)} ({units.size(item.size_bytes())})" for item in named[:_MOST_NAMED])
    what = "GGUF files" if all(item.kind == "gguf" for item in named) else "builds"
    return InvalidModelError(
        error.code, f"{repo.id} has {len(named)} {what}.", remedy=f"Say with --file which: {choices}."
    )


def _file_of(item: layout.Variant) -> str:
    """Return the file to name for a build: its graph, or the GGUF."""
    graphs = [file.name for file in item.files if file.name.endswith(".onnx")]
    return graphs[0] if graphs else item.name
