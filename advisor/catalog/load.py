"""The shipped catalog: read, checked, looked up by id."""

import difflib
import re
from functools import cache, cached_property

import msgspec

from advisor import resources
from advisor.catalog.model import ModelCard
from advisor.errors import InvalidFileError, NotFoundError

SCHEMA_VERSION = 1
FILE_NAME = "catalog/models.json"
_ROW = re.compile(r"\$\.models\[(\d+)\]\.?(.*)$")


class Catalog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """All models the app knows, and which edition of the table they come from."""

    schema_version: int
    version: str
    """Day of the facts and a hash of the rows."""
    as_of: str
    """`YYYY-MM-DD` the facts were gathered."""
    models: tuple[ModelCard, ...]

    @cached_property
    def _by_id(self) -> dict[str, ModelCard]:
        return {card.id.casefold(): card for card in self.models}

    @cached_property
    def _by_short_name(self) -> dict[str, tuple[ModelCard, ...]]:
        found: dict[str, tuple[ModelCard, ...]] = {}
        for card in self.models:
            name = card.id.casefold().rpartition("/")[2]
            found[name] = (*found.get(name, ()), card)
        return found

    def by_id(self, model_id: str) -> ModelCard:
        """Return a model by its hub id, in any case, or by its name without the owner where only one has it.

        Raises:
            NotFoundError: `model-unknown` or `model-ambiguous`; the remedy names close matches.
        """
        wanted = model_id.strip().casefold()
        card = self._by_id.get(wanted)
        if card is not None:
            return card
        same_name = self._by_short_name.get(wanted, ())
        if len(same_name) == 1:
            return same_name[0]
        if same_name:
            names = tuple(card.id for card in same_name)
            raise NotFoundError(
                "model-ambiguous",
                f"Several models are called {model_id!r}.",
                remedy=f"Give the owner too: {', '.join(names)}.",
                model=model_id,
                matches=names,
            )
        matches = self._close_to(wanted)
        shown = model_id if len(model_id) <= 100 else f"{model_id[:100]}..."
        raise NotFoundError(
            "model-unknown",
            f"The catalog has no model {shown!r}.",
            remedy=f"Did you mean {' or '.join(matches)}?" if matches else "Look it up in the list of models.",
            model=shown,
            matches=matches,
        )

    def _close_to(self, wanted: str) -> tuple[str, ...]:
        wanted = wanted[:200]
        close = difflib.get_close_matches(wanted, self._by_id, n=3, cutoff=0.6)
        found = [self._by_id[key].id for key in close]
        short = wanted.rpartition("/")[2]
        for name in difflib.get_close_matches(short, self._by_short_name, n=3, cutoff=0.6):
            found.extend(card.id for card in self._by_short_name[name])
        if len(short) >= 3:
            found.extend(card.id for name, cards in self._by_short_name.items() if short in name for card in cards)
        return tuple(dict.fromkeys(found))[:3]


class _Header(msgspec.Struct):
    schema_version: int


@cache
def catalog() -> Catalog:
    """Return the shipped catalog, read once.

    Raises:
        InvalidFileError: as `parse`; the installation is damaged.
        NotFoundError: the file is missing.
    """
    return parse(resources.read(FILE_NAME), FILE_NAME)


def parse(raw: bytes, file_name: str) -> Catalog:
    """Read a catalog and refuse what would mislead.

    Args:
        raw: the JSON.
        file_name: how messages call it.

    Raises:
        InvalidFileError: `catalog-unreadable`, `catalog-version`, `catalog-row-invalid`, `catalog-id-twice` or
            `catalog-empty`.
    """
    try:
        header = msgspec.json.decode(raw, type=_Header)
        if header.schema_version != SCHEMA_VERSION:
            raise InvalidFileError(
                "catalog-version",
                f"{file_name} is written in version {header.schema_version} of the catalog; "
                f"this app reads version {SCHEMA_VERSION}.",
                remedy="Install the app and its catalog in matching versions.",
                file=file_name,
                field="schema_version",
            )
        found = msgspec.json.decode(raw, type=Catalog)
    except msgspec.ValidationError as error:
        raise _row_error(raw, file_name, str(error)) from error
    except msgspec.DecodeError as error:
        raise InvalidFileError(
            "catalog-unreadable",
            f"{file_name} is not complete JSON: {error}.",
            remedy="Install the app again, or build the catalog again.",
            file=file_name,
        ) from error
    _check_rows(found, file_name)
    return found


def _row_error(raw: bytes, file_name: str, reason: str) -> InvalidFileError:
    sentence, _, path = reason.partition(" - at `")
    path = path.rstrip("`")
    row = _ROW.match(path)
    where, field = f"{file_name}, field {path.removeprefix('$.') or 'schema_version'}", path.removeprefix("$.")
    facts: dict[str, object] = {"file": file_name}
    if row is not None:
        index, model_id = int(row.group(1)), _id_of(raw, int(row.group(1)))
        missing = re.search(r"missing required field `(\w+)`", sentence)
        field = ".".join(part for part in (row.group(2), missing.group(1) if missing else "") if part)
        where = f"{file_name}, row {index} ({model_id}), field {field or 'unknown'}"
        facts |= {"row": index, "model": model_id}
    return InvalidFileError(
        "catalog-row-invalid",
        f"{where}: {sentence[:1].lower()}{sentence[1:]}.",
        remedy="Correct that field, or build the catalog again.",
        field=field,
        **facts,
    )


def _id_of(raw: bytes, index: int) -> str:
    """Return the id of a row that did not pass, read without any checks."""
    rows = msgspec.json.decode(raw)["models"]
    row = rows[index] if index < len(rows) else None
    return str(row.get("id", "without id")) if isinstance(row, dict) else "not an object"


def _check_rows(found: Catalog, file_name: str) -> None:
    if not found.models:
        raise InvalidFileError(
            "catalog-empty", f"{file_name} lists no models.", remedy="Build the catalog again.", file=file_name
        )
    seen: dict[str, int] = {}
    for index, card in enumerate(found.models):
        first = seen.setdefault(card.id.casefold(), index)
        if first != index:
            raise InvalidFileError(
                "catalog-id-twice",
                f"{file_name}, row {index} ({card.id}), field id: row {first} has the same id.",
                remedy="Remove one of the two rows.",
                file=file_name,
                row=index,
                field="id",
                model=card.id,
            )
