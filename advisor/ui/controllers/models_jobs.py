"""The domain as the page Models asks for it: functions that import what they need, called in a worker."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from advisor.errors import AdvisorError, InvalidFileError, InvalidModelError
from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.models_verdict import judged
from advisor.ui.models_state import Build, FoundModel, HubQuery, HubState, ModelFigure, ModelView, WorkPlan

if TYPE_CHECKING:
    from advisor.catalog.hub.client import Hub
    from advisor.catalog.hub.sizing import Sized
    from advisor.catalog.local_model import LocalModel
    from advisor.catalog.own_models import OwnModel
    from advisor.convert.download_plan import DownloadPlan

MOST_FOUND = 50


def planned_host() -> str:
    """Return whom a search would ask; nobody is asked."""
    from advisor.catalog.hub import client

    return client.planned_host()


def look_at_path(path: str, profile: HardwareProfile | None, settings: Settings) -> ModelView:
    """Return a model of this computer from its headers; errors as `local_model.load`."""
    from advisor.catalog import load, local_model, own_models

    place = Path(path)
    model = local_model.load(place, load.catalog())
    view = _view(model, lambda: own_models.of_files(model, place), profile, settings, path=str(place))
    origin = _origin(place)
    if origin is None:
        return view
    why_not = f"It was made from {origin}: add that one, which is judged in every format, this one among them."
    return msgspec.structs.replace(view, name=f"{origin}, {place.name}", own=None, why_not_add=why_not)


def _origin(place: Path) -> str | None:
    """Return the model that a converted one was made from; null for one that was not converted here."""
    from advisor.runnable import provenance

    try:
        found = provenance.read(place) if place.is_dir() else None
    except InvalidFileError:
        return None
    return found.model_id if found is not None else None


def search(query: HubQuery, stopped: threading.Event) -> HubState:
    """Ask a hub for models; errors as `search.search`."""
    from advisor.catalog.hub import search as hub_search
    from advisor.catalog.hub.client import Hub
    from advisor.report import hub as words

    hub = Hub(stopped=stopped)
    found = hub_search.search(
        query.words, task=query.task, licence=query.licence, max_bytes=query.max_bytes, limit=MOST_FOUND, hub=hub
    )
    missing = float("nan")
    rows = tuple(
        FoundModel(
            id=model.id, cells=cells,
            keys=(
                model.id, model.task or "", model.licence or "",
                missing if model.num_parameters is None else float(model.num_parameters),
                missing if model.weight_bytes is None else float(model.weight_bytes), float(model.num_downloads),
                cells[-1],
            ),
        )
        for model, cells in zip(found.models, words.found_rows(found), strict=True)
    )  # fmt: skip
    return HubState(host=hub.host, sentence=words.found_sentence(found, query.words), found=rows, searched=True)


def look_at_hub(
    model_id: str, revision: str, profile: HardwareProfile | None, settings: Settings, stopped: threading.Event
) -> ModelView:
    """Return a model of a hub from the headers of its files; errors as `sizing.size`."""
    from advisor.catalog import load, local_model, own_models
    from advisor.catalog.hub import layout
    from advisor.catalog.hub.client import Hub
    from advisor.report import hub as words

    hub = Hub(stopped=stopped)
    sized, file = _sized(model_id, revision or None, hub)
    ready_made = _ready_made(model_id, hub)
    model = local_model.describe(sized.checkpoint, load.catalog())
    view = _view(
        model, lambda: own_models.of_hub(model, sized, weight_file=file), profile, settings, hub_id=sized.repo.id,
        notes=(words.access(sized), words.sized_sentence(sized)),
    )  # fmt: skip
    return msgspec.structs.replace(
        view, revision=sized.repo.revision, commit=sized.repo.commit, ready_made=ready_made,
        builds=tuple(_build(item) for item in layout.variants(sized.repo.files)),
    )  # fmt: skip


def plan(
    view: ModelView, build: str, profile: HardwareProfile | None, settings: Settings, stopped: threading.Event
) -> WorkPlan:
    """Return what a download will take; errors as `download_plan.plan`."""
    from advisor.catalog.hub.build_format import format_of
    from advisor.catalog.hub.client import Hub
    from advisor.convert import download_plan
    from advisor.report import hub as words
    from advisor.report import own_models as own_words

    hub = Hub(stopped=stopped)
    request = download_plan.DownloadRequest(
        model_id=view.hub_id, revision=view.revision or None, commit=view.commit or None, variant=build or None,
        folder=str(download_plan.models_folder(settings.model_folder)), endpoint=hub.endpoint, offline=hub.offline,
    )  # fmt: skip
    found = download_plan.plan_offline(request) if request.offline else download_plan.plan(request, hub)
    weights = sum(file.size_bytes for file in found.files)
    own: OwnModel | None = view.own
    form = format_of(found.kind, found.variant, own.stored_format if own is not None else None)
    verdict = judged(
        own.card if own is not None else None, form, profile, settings, weight_bytes=weights, container=found.kind
    )
    pinned = msgspec.structs.replace(request, commit=found.commit, variant=found.variant)
    return WorkPlan(
        facts=tuple(own_words.plan_facts(found)),
        files=tuple(words.plan_rows(found)), verdict=verdict.verdict, verdict_sentence=verdict.sentence,
        why_not=_no_room(found), request=msgspec.json.encode(pinned),
    )  # fmt: skip


def downloaded(answer: bytes) -> tuple[str, str]:
    """Return what a finished download left, in a sentence, and the folder it lies in."""
    from advisor.convert.download import DownloadResult
    from advisor.report import own_models as words

    result = msgspec.json.decode(answer, type=DownloadResult)
    return words.downloaded(result), result.folder


def _no_room(found: "DownloadPlan") -> str:
    from advisor.convert import download_plan

    try:
        download_plan.check_room(found)
    except AdvisorError as error:
        return error.sentence()
    return ""


def _sized(model_id: str, revision: str | None, hub: "Hub") -> tuple["Sized", str | None]:
    """Return a model's headers; of several builds that share nothing but the model, those of the one to take first."""
    from advisor.catalog.hub import layout, listing, sizing

    try:
        return sizing.size(model_id, revision, hub=hub), None
    except InvalidModelError as error:
        if error.code != "weights-ambiguous":
            raise
        first = next((item for item in layout.variants(listing.files(model_id, revision, hub=hub).files)), None)
        if first is None:
            raise
        file = first.files[0].name
        return sizing.size(model_id, revision, file=file, hub=hub), file


def _ready_made(model_id: str, hub: "Hub") -> tuple[str, ...]:
    from advisor.catalog.hub import failures
    from advisor.catalog.hub import search as hub_search

    try:
        return hub_search.prebuilt(model_id, hub=hub)
    except failures.HubError as error:
        if error.code == "hub-stopped":
            raise
        return ()  # a hint only


def _build(item: object) -> Build:
    from advisor import units
    from advisor.catalog.hub.layout import Variant

    assert isinstance(item, Variant)  # noqa: S101 - of `layout.variants`
    kind = {"genai": "ready-made ONNX for onnxruntime-genai", "onnx": "ready-made ONNX"}.get(item.kind, item.kind)
    name = "" if item.name == item.kind else f", {item.name}"
    return Build(name=item.name, kind=item.kind, label=f"{kind}{name} ({units.size(item.size_bytes())})")


def _view(
    model: "LocalModel", made: Callable[[], "OwnModel"], profile: HardwareProfile | None, settings: Settings, *,
    path: str = "", hub_id: str = "", notes: tuple[str, ...] = (),
) -> ModelView:  # fmt: skip
    from advisor.report import local_model as words
    from advisor.report import own_models as own_words
    from advisor.report import wording

    own, why_not = None, ""
    try:
        own = made()
    except InvalidModelError as error:
        why_not = error.sentence()
    verdict = judged(
        own.card if own is not None else None, model.stored_format, profile, settings,
        weight_bytes=model.checkpoint.weight_bytes(), container=model.checkpoint.container,
    )  # fmt: skip
    counted = (("Parameters", words.parameters(model)), ("Weights", own_words.weights(model)))
    figures = (*counted, ("Layers", words.layers(model)), *verdict.figures)
    card = model.known.card
    licence = () if hub_id else (f"Licence: {card.licence or 'not stated in its files'}.",)
    tasks = f"Made for: {', '.join(card.tasks)}." if card.tasks else "Nothing in its files says what it is for."
    tokenizer = (words.tokenizer(model.checkpoint.tokenizer),) if model.checkpoint.adapter is None else ()
    return ModelView(
        name=own.card.id if own is not None else model.checkpoint.name, sentence=words.sentence(model), own=own,
        why_not_add=why_not, verdict=verdict.verdict, verdict_sentence=verdict.sentence,
        figures=tuple(
            ModelFigure(
                name=name, value=wording.figure(item), basis=f"{wording.evidence_word(item.evidence)}: {item.basis}"
            )
            for name, item in figures
        ),
        types=tuple(words.type_rows(model)),
        notes=(words.recognised(model), *notes, *licence, tasks, *tokenizer, *words.remarks(model)),
        path=path, hub_id=hub_id, container=model.checkpoint.container,
    )  # fmt: skip
