"""What is said and written of the user's own models: sentences, rows and the public JSON."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from advisor import units
from advisor.catalog import formats
from advisor.catalog.local_model import LocalModel
from advisor.catalog.own_models import OwnModel, OwnModels
from advisor.convert.download import DownloadResult
from advisor.convert.download_plan import DownloadPlan
from advisor.convert.downloaded import Downloaded
from advisor.convert.plan import ConvertPlan
from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.conversion import ROUTE_WORDS
from advisor.report.public_parts import Document, head, plain_figure
from advisor.runnable.store import StoredModel

TITLES = ("Model", "Parameters", "Weights", "Stored as", "Licence", "Where")
EMPTY = "No model of your own yet. Add one with `models add PATH` or `models add hub:OWNER/NAME`."
_STATED = "stated in the headers of the files"


class HereLine(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is on this computer, or on the user's list."""

    kind: Literal["yours", "downloaded", "converted"]
    key: str
    """What tells it from others of its kind."""
    name: str
    what: str
    size_bytes: int
    where: str
    path: str
    """What can be opened; empty where nothing is here."""
    removal: str
    """What its removal does, one sentence."""


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
        return f"{what}, for {names}.{_only_continues(card.tasks)}"
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
        return f"{model_id} is no candidate for this task: {made_for}.{_only_continues(tasks)}"
    name = f"{row.model} as {wording.format_label(row.format)}"
    if row.rejections:
        return f"{name} does not meet every need: {row.rejections[0].text}"
    place = "is the pick" if row.rank == 1 else f"has rank {row.rank:,} of {len(answer):,} candidates"
    return f"{name} {place}. {wording.verdict_sentence(row.estimate)}."


def _only_continues(tasks: Sequence[str]) -> str:
    """Return why a language model without a chat template is left out where instructions must be followed."""
    if "text-generation" not in tasks or "chat" in tasks:
        return ""
    return (
        " It has no chat template: unless its name says that it follows instructions, it is taken as one that only "
        "continues a text and left out of tasks that need an answer."
    )


def weights(model: LocalModel) -> Quantity:
    """Return the bytes of the weights as they are stored."""
    return Quantity(value=model.checkpoint.weight_bytes(), unit="B", evidence="measured", basis=_STATED)


def plan_facts(plan: DownloadPlan) -> list[tuple[str, str]]:
    """Return what is to be known before a download starts: name and value."""
    here = plan.size_bytes - plan.missing_bytes
    return [
        ("Model", f"{plan.model_id} from {plan.host}"),
        ("Commit", plan.commit[:12] + (f" ({plan.revision})" if plan.commit != plan.revision else "")),
        ("Build", plan.variant if plan.variant == plan.kind else f"{plan.variant} ({plan.kind})"),
        ("To download", units.size(plan.missing_bytes) + (f"; {units.size(here)} are here already" if here else "")),
        ("Licence", plan.licence or "not stated"),
        ("Goes into", _own_folder(plan.folder)),
        ("Free there", units.NO_DATA if plan.free_bytes is None else units.size(plan.free_bytes)),
    ]


def convert_facts(plan: ConvertPlan) -> list[tuple[str, str]]:
    """Return what is to be known before a conversion starts: name and value."""
    return [
        ("From", f"{plan.stored_as}, {units.count(plan.num_parameters)} parameters"),
        ("To", f"{formats.by_id(plan.format_id).label}, about {units.size(plan.size.value or 0)}"),
        ("By", ROUTE_WORDS[plan.route]),
        ("Takes", wording.figure(plan.seconds)),
        ("Memory meanwhile", wording.figure(plan.memory)),
        ("Disk meanwhile", units.size(plan.disk_needed_bytes)),
        ("Goes into", plan.folder),
        ("Free there", units.NO_DATA if plan.disk_free_bytes is None else units.size(plan.disk_free_bytes)),
    ]


def downloaded(result: DownloadResult) -> str:
    """Return what lies here after a download."""
    taken = units.size(result.transferred_bytes)
    what = f"{taken} downloaded" if result.transferred_bytes else "it was here already"
    return f"{result.model_id} is complete: {what}, in {_own_folder(result.folder)}."


def here_rows(own: OwnModels, downloaded: Iterable[Downloaded], converted: Iterable[StoredModel]) -> list[HereLine]:
    """Return what is here already, with what a removal would do."""
    found = [
        HereLine(
            kind="yours", key=model.card.id, name=model.card.id, what="your model", size_bytes=model.weight_bytes,
            where=where(model), path=model.path or "",
            removal=f"{model.card.id} is taken off your list. Its files stay where they are.",
        )
        for model in own.models
    ]  # fmt: skip
    found += [
        HereLine(
            kind="downloaded", key=item.model_id, name=item.model_id,
            what="downloaded" if item.snapshot is not None else "downloaded in part", size_bytes=item.size_bytes,
            where=item.folder, path=item.snapshot or "",
            removal=f"All files of {item.model_id} in {item.folder} are deleted: {units.size(item.size_bytes)}.",
        )
        for item in downloaded
    ]  # fmt: skip
    found += [
        HereLine(
            kind="converted", key=item.folder, name=item.model_id,
            what=f"converted to {wording.format_label(item.format_id)}", size_bytes=item.size_bytes, where=item.folder,
            path=item.folder,
            removal=f"The converted model in {item.folder} is deleted: {units.size(item.size_bytes)}. "
            "The model it was made from stays.",
        )
        for item in converted
    ]  # fmt: skip
    return found


def _own_folder(snapshot: str) -> str:
    """Return the folder of a model, above those of its commits."""
    place = Path(snapshot)
    return str(place.parents[1]) if place.parent.name == "snapshots" else snapshot


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
