"""What is said and written of the user's own models: sentences, rows and the public JSON."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from advisor import units
from advisor.catalog import formats
from advisor.catalog.own_models import OwnModel, OwnModels
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.public_parts import Document, head, plain_figure

TITLES = ("Model", "Parameters", "Weights", "Stored as", "Licence", "Where")
EMPTY = "No model of your own yet. Add one with `models add PATH` or `models add hub:OWNER/NAME`."
_STATED = "stated in the headers of the files"


class Answer(Protocol):
    """What is used of a recommendation."""

    @property
    def order(self) -> Any:  # noqa: ANN401 - an array
        """Row indexes, best first."""

    def __len__(self) -> int:
        """How many candidates there are."""

    def row(self, index: int) -> CandidateRow:
        """Return one candidate."""

    def column(self, name: str) -> Any:  # noqa: ANN401 - an array
        """Return one key of all candidates."""


def where(model: OwnModel) -> str:
    """Return where its files are."""
    if model.path is not None:
        return model.path if Path(model.path).exists() else f"{model.path}, gone"
    return f"on the hub, commit {(model.commit or '')[:8]}"


def added(model: OwnModel) -> str:
    """Return what it means that a model was added."""
    card, names = model.card, ", ".join(model.card.tasks)
    count = units.count(card.num_parameters() or 0)
    what = f"{card.id} is among the candidates now: {count} parameters, {units.size(model.weight_bytes)} of weights"
    if names:
        return f"{what}, for {names}."
    return f"{what}. Nothing in its files says what it is for, so no task will find it: name one of the hub's tasks."


def rows(models: Iterable[OwnModel]) -> list[tuple[str, ...]]:
    """Return models for a table."""
    return [
        (
            model.card.id, units.count(model.card.num_parameters() or 0), units.size(model.weight_bytes),
            model.stored_as, model.card.licence or "not stated", where(model),
        )
        for model in models
    ]  # fmt: skip


def document(found: OwnModels) -> Document:
    """Return the public JSON of the list."""
    return {**head("own-models"), "notice": found.notice, "models": [_model(model) for model in found.models]}


def best_row(answer: Answer, model_id: str) -> CandidateRow | None:
    """Return the best candidate of a model; null where no way of doing the task can use it."""
    wanted = model_id.casefold()
    places = [place for place, name in enumerate(answer.column("model")) if str(name).casefold() == wanted]
    if not places:
        return None
    inside = set(places)
    return answer.row(next(int(index) for index in answer.order if int(index) in inside))


def standing(answer: Answer, model_id: str, tasks: Sequence[str] = ()) -> str:
    """Return how a model that was asked for fares among all candidates, in one sentence."""
    row = best_row(answer, model_id)
    if row is None:
        made_for = f"it is made for {', '.join(tasks)}" if tasks else "nothing says what it is for"
        return f"{model_id} is no candidate for this task: {made_for}."
    name = f"{row.model} as {wording.format_label(row.format)}"
    if row.rejections:
        return f"{name} does not meet every need: {row.rejections[0].text}"
    place = "is the pick" if row.rank == 1 else f"has rank {row.rank:,} of {len(answer):,} candidates"
    return f"{name} {place}. {wording.verdict_sentence(row.estimate)}."


def _model(model: OwnModel) -> Document:
    card = model.card
    return {
        "model": card.id, "origin": model.origin, "path": model.path,
        "is_here": model.path is not None and Path(model.path).exists(), "hub_model": model.hub_id,
        "commit": model.commit, "file": model.file, "tasks": list(card.tasks), "licence": card.licence,
        "parameters": plain_figure(card.num_parameters(), "parameters", "measured", "counted from the shapes"),
        "weights": plain_figure(model.weight_bytes, "B", "measured", _STATED), "stored_as": model.stored_as,
        "format": model.stored_format, "formats": [item.id for item in formats.applicable(card)],
        "added": model.added,
    }  # fmt: skip
