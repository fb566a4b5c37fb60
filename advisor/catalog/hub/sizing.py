"""Sizes a model on a hub exactly from the headers of its files; no weight is downloaded."""

import msgspec

from advisor import units
from advisor.catalog.headers import companions, folder, index
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
    try:
        checkpoint = read(repo, hub, file=file)
    except InvalidModelError as error:
        raise _with_choices(error, repo) from error
    return Sized(
        repo=repo, checkpoint=checkpoint, transferred_bytes=hub.transferred_bytes, num_requests=hub.num_requests
    )


def read(repo: HubRepo, hub: Hub, *, file: str | None = None) -> Checkpoint:
    """Return the headers of a listed model.

    Raises:
        AdvisorError: as `Hub.read_range` and `folder.read_folder`.
    """
    only = None
    if file is not None:
        if file not in {item.name for item in repo.files}:
            raise missing(file)
        only = {*companions.SMALL_FILES, *index.part_names(file)}
    files = HubFiles(hub, repo, only=only)
    weights = [name for name in files.sizes() if name.endswith(".safetensors")]
    if len(weights) > 1:
        files.fetch_starts(weights)
    return folder.read_folder(files)


def _with_choices(error: InvalidModelError, repo: HubRepo) -> InvalidModelError:
    """Return the failure with what the model does have, and how large it is."""
    if error.code not in {"weights-ambiguous", "no-weights"}:
        return error
    found = layout.variants(repo.files)
    named = [item for item in found if item.kind != "safetensors"]
    if not named:
        return error
    choices = ", ".join(f"{item.name} ({units.size(item.size_bytes())})" for item in named[:_MOST_NAMED])
    if all(item.kind == "gguf" for item in named):
        return InvalidModelError(
            error.code, f"{repo.id} has {len(named)} GGUF files.", remedy=f"Say with --file which: {choices}."
        )
    return InvalidModelError(
        "hub-onnx-only",
        f"{repo.id} holds ready-made ONNX, which has no header to count parameters in. As files: {choices}.",
        remedy="Download one, then run `model-fit-advisor probe` on it.",
    )
