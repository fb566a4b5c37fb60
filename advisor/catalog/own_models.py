"""The user's own models: a list in the data folder, and the catalog with them in it.

Only what headers say is kept: a card and where it came from. A damaged list is never overwritten, and never stops
anything: it is left out with a sentence, and set aside when the user adds the next model.
"""

import logging
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from advisor import paths
from advisor.catalog import formats, load
from advisor.catalog.headers.source import hub_id, shown
from advisor.catalog.hub.sizing import Sized
from advisor.catalog.load import Catalog
from advisor.catalog.local_model import LocalModel
from advisor.catalog.model import ModelCard
from advisor.errors import InvalidFileError, InvalidModelError, NotFoundError

FILE_NAME = "own_models.json"
SCHEMA_VERSION = 1
MOST_MODELS = 500
_MOST_BYTES = 50_000_000
Origin = Literal["computer", "hub"]
_log = logging.getLogger(__name__)


class OwnModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model the user brought, as its headers describe it."""

    card: ModelCard
    origin: Origin
    path: str | None = None
    """Folder or file on this computer; null while it is on a hub only."""
    hub_id: str | None = None
    commit: str | None = None
    """The commit of the hub that was read."""
    file: str | None = None
    """The weight file that was meant, of several."""
    stored_as: str = ""
    """What its files are called: `Q4_K_M`, `BF16`."""
    stored_format: str | None = None
    """The catalog's format that its files have, null for one it does not know."""
    weight_bytes: int
    """[B] Of its tensors as they are stored."""
    added: str = ""
    """ISO 8601, UTC."""

    def source(self) -> str:
        """Return what tells it from others: its id on the hub, downloaded or not, else its place here."""
        return f"hub:{self.hub_id}" if self.hub_id is not None else self.path or ""


class OwnModels(msgspec.Struct, frozen=True, kw_only=True):
    """The list as it was read."""

    models: tuple[OwnModel, ...] = ()
    """In the order they were added."""
    notice: str = ""
    """Why the list on the disk is not used; empty where it is."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    models: tuple[OwnModel, ...] = ()


class _Header(msgspec.Struct):
    version: int


def file() -> Path:
    """Return where the list is kept."""
    return paths.data_folder() / FILE_NAME


def read() -> OwnModels:
    """Return the list; what cannot be read is left out, and the notice says so."""
    source = file()
    try:
        return OwnModels(models=_parsed(source.read_bytes(), source).models)
    except (FileNotFoundError, NotADirectoryError):
        return OwnModels()
    except OSError as error:
        return OwnModels(notice=_unreadable(source, error.strerror or str(error)).sentence())
    except InvalidFileError as error:
        return OwnModels(notice=error.sentence())


def of_files(model: LocalModel, path: Path) -> OwnModel:
    """Return a model on this computer as one to keep.

    Raises:
        InvalidModelError: `adapter-alone`, `no-format`; it cannot be judged as a candidate.
    """
    made, from_hub = _made(model, model.known.card, "computer"), hub_id(path)
    return msgspec.structs.replace(
        made, path=str(path.resolve()), hub_id=from_hub, commit=path.name if from_hub is not None else None
    )


def of_hub(model: LocalModel, sized: Sized, *, weight_file: str | None = None) -> OwnModel:
    """Return a model on a hub as one to keep, with the licence and the task that its page states.

    Raises:
        InvalidModelError: as `of_files`.
    """
    card, repo = model.known.card, sized.repo
    changes: dict[str, object] = {}
    if card.licence is None and repo.licence is not None:
        changes["licence"] = repo.licence
    if not card.tasks and repo.task is not None:
        changes["tasks"] = (repo.task,)
    card = msgspec.structs.replace(card, **changes)
    made = _made(model, card, "hub")
    return msgspec.structs.replace(made, hub_id=repo.id, commit=repo.commit, file=weight_file)


def add(model: OwnModel) -> OwnModel:
    """Keep a model, in place of the same one from before; return it with the id it got.

    Raises:
        InvalidFileError: `own-models-newer`; the list belongs to a newer version of the app.
        InvalidModelError: `own-models-full`.
        OutputError: as `paths.write_atomically`.
    """
    others = [item for item in _for_change() if item.source() != model.source()]
    if len(others) >= MOST_MODELS:
        raise InvalidModelError(
            "own-models-full", f"Your list holds {MOST_MODELS} models already.", remedy="Remove one of them first."
        )
    named = _with_free_id(model, others)
    kept = msgspec.structs.replace(named, added=datetime.now(UTC).isoformat(timespec="seconds"))
    _write((*others, kept))
    return kept


def remove(model_id: str) -> OwnModel:
    """Take a model off the list; its files stay where they are.

    Raises:
        NotFoundError: `own-model-unknown`.
        InvalidFileError: `own-models-newer`.
        OutputError: as `paths.write_atomically`.
    """
    listed = _for_change()
    wanted = model_id.strip().casefold()
    gone = next((item for item in listed if item.card.id.casefold() == wanted), None)
    if gone is None:
        names = ", ".join(item.card.id for item in listed[:5])
        raise NotFoundError(
            "own-model-unknown", f"{shown(model_id)} is not among your models.",
            remedy=f"There are: {names}." if names else "The list is empty.",
        )  # fmt: skip
    _write(tuple(item for item in listed if item is not gone))
    return gone


def catalog() -> Catalog:
    """Return the shipped catalog with the user's models in it; the same object while the list does not change."""
    source = file()
    try:
        state = source.stat()
    except OSError:
        return load.catalog()
    return _read_whole(str(source), state.st_mtime_ns, state.st_size, state.st_ino)


def with_models(known: Catalog, models: tuple[OwnModel, ...]) -> Catalog:
    """Return a catalog with more models; one that is in it under the same id is replaced."""
    if not models:
        return known
    cards = {item.card.id.casefold(): item.card for item in models}
    others = tuple(card for card in known.models if card.id.casefold() not in cards)
    return msgspec.structs.replace(
        known, version=f"{known.version} and {len(cards)} of your own", models=(*others, *cards.values())
    )


@lru_cache(maxsize=2)
def _read_whole(_source: str, *_state: int) -> Catalog:
    found = read()
    if found.notice:
        _log.warning("%s", found.notice)
    return with_models(load.catalog(), found.models)


def _made(model: LocalModel, card: ModelCard, origin: Origin) -> OwnModel:
    name = card.id
    if model.checkpoint.adapter is not None:
        base = model.checkpoint.adapter.base_model or "its base model"
        raise InvalidModelError(
            "adapter-alone", f"{name} is an adapter: it only works on top of {base}.",
            remedy="Add a model with the adapter merged into it, or judge the base model.",
        )  # fmt: skip
    if not formats.applicable(card):
        raise InvalidModelError(
            "no-format", f"How {name} works inside is not known, so no format of it can be estimated.",
            remedy="Export it to ONNX and measure the file.",
        )  # fmt: skip
    return OwnModel(
        card=card, origin=origin, stored_as=model.stored_as, stored_format=model.stored_format,
        weight_bytes=model.checkpoint.weight_bytes(),
    )  # fmt: skip


def _with_free_id(model: OwnModel, others: list[OwnModel]) -> OwnModel:
    """Return it under an id of its own: a model of the catalog may only be replaced by itself."""
    taken = {item.card.id.casefold() for item in others}
    listed = {card.id.casefold(): card.num_parameters() for card in load.catalog().models}
    name, number = model.card.id, 2
    while name.casefold() in taken or listed.get(name.casefold(), model.card.num_parameters()) != (
        model.card.num_parameters()
    ):
        name, number = f"{model.card.id} ({number})", number + 1
    return msgspec.structs.replace(model, card=msgspec.structs.replace(model.card, id=name))


def _for_change() -> tuple[OwnModel, ...]:
    """Return the list to change; a damaged one is set aside first, a newer one refused."""
    source = file()
    try:
        return _parsed(source.read_bytes(), source).models
    except FileNotFoundError:
        return ()
    except InvalidFileError as error:
        if error.code == "own-models-newer":
            raise
        try:
            source.replace(_aside(source))
        except OSError as failed:
            raise _unreadable(source, failed.strerror or str(failed)) from failed
        return ()
    except OSError as error:
        raise _unreadable(source, error.strerror or str(error)) from error


def _parsed(raw: bytes, source: Path) -> _Kept:
    if len(raw) > _MOST_BYTES:
        raise _unreadable(source, f"it is larger than {_MOST_BYTES:,} bytes")
    try:
        version = msgspec.json.decode(raw, type=_Header).version
        if version > SCHEMA_VERSION:
            raise InvalidFileError(
                "own-models-newer",
                f"The list of your models, {source}, was written by a newer version of this app.",
                remedy="Use that version; this one leaves the list as it is.",
            )
        return msgspec.json.decode(raw, type=_Kept)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(source, str(error)) from error


def _unreadable(source: Path, why: str) -> InvalidFileError:
    return InvalidFileError(
        "own-models-unreadable",
        f"The list of your models, {source}, cannot be read: {why.rstrip('.')}.",
        remedy=f"It is left out. When you add a model it is kept as {_aside(source).name} and a new list begins.",
        file=str(source),
    )


def _aside(source: Path) -> Path:
    return source.with_name(source.name + ".bad")


def _write(models: tuple[OwnModel, ...]) -> None:
    content = msgspec.json.encode(_Kept(version=SCHEMA_VERSION, models=models))
    paths.write_atomically(file(), msgspec.json.format(content, indent=1))
