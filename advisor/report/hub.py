"""What is said and written of models on a hub: sentences, rows and the public JSON."""

from collections.abc import Sequence

from advisor import units
from advisor.catalog.adapters import AdapterFile
from advisor.catalog.headers.source import shown
from advisor.catalog.hub.model import Found, HubModel
from advisor.catalog.hub.sizing import Sized
from advisor.catalog.local_model import LocalModel
from advisor.convert.download import DownloadResult
from advisor.convert.download_plan import DownloadPlan
from advisor.report import local_model
from advisor.report.public_parts import Document, head, plain_figure

FOUND_TITLES = ("Model", "Task", "Licence", "Parameters", "Weights", "Downloads, 30 days", "Access")
FILE_TITLES = ("File", "Size", "Checked", "Was here")
PLAN_TITLES = ("File", "Size", "Here already")
_GATES = {"open": "open", "automatic": "after its terms", "manual": "after approval"}
_COUNTED = "counted by the hub from the headers of the files"
_LISTED = "listed by the hub"


def asking(host: str) -> str:
    """Return what is said before a hub is asked."""
    return f"Asking {host} over the network."


def found_sentence(found: Found, words: str) -> str:
    """Return how many models were found."""
    count = len(found.models)
    text = f"{count} model{'' if count == 1 else 's'} on {found.host} for {shown(words)}."
    if found.num_looked_at > count:
        text += f" Looked at the {found.num_looked_at} most downloaded that match."
    if found.num_size_unknown:
        text += f" {found.num_size_unknown} more do not state their size and were left out."
    return text


def found_rows(found: Found) -> list[tuple[str, ...]]:
    """Return the models for a table."""
    return [
        (
            model.id, model.task or "not stated", model.licence or "not stated",
            "not stated" if model.num_parameters is None else units.count(model.num_parameters),
            "not stated" if model.weight_bytes is None else units.size(model.weight_bytes),
            f"{model.num_downloads:,}", "private" if model.private else _GATES[model.gate],
        )
        for model in found.models
    ]  # fmt: skip


def found_document(found: Found, words: str) -> Document:
    """Return the public JSON of a search."""
    return {
        **head("hub-search"), "host": found.host, "words": words, "models": [_model(model) for model in found.models],
        "num_looked_at": found.num_looked_at, "num_size_unknown": found.num_size_unknown,
    }  # fmt: skip


def sized_sentence(sized: Sized) -> str:
    """Return where a size comes from and what it took to know it."""
    return (
        f"From {sized.repo.host}, commit {sized.repo.commit}: {units.size(sized.transferred_bytes)} "
        f"({sized.transferred_bytes:,} bytes) transferred in {sized.num_requests} requests, no weights."
    )


def build(sized: Sized) -> str:
    """Return which ready-made build was sized; empty where the model holds weights of another kind."""
    if not sized.build:
        return ""
    others = [name for name in sized.builds if name != sized.build]
    more = f" Also there: {', '.join(others)}; name one with --file." if others else ""
    return f"It holds ready-made ONNX alone; sized as {sized.build}.{more}"


def access(sized: Sized) -> str:
    """Return the licence, and whether terms must be accepted."""
    licence = sized.repo.licence or "not stated"
    return f"Licence: {licence}. Access: {'private' if sized.repo.private else _GATES[sized.repo.gate]}."


def prebuilt(ids: tuple[str, ...]) -> str:
    """Return where the model can be had ready to run."""
    return f"Ready-made ONNX of it: {', '.join(ids)}."


def sized_document(
    sized: Sized, model: LocalModel, ids: tuple[str, ...], on_top: Sequence[AdapterFile] = ()
) -> Document:
    """Return the public JSON of a size: the document of `size` and where it comes from."""
    return {
        **local_model.document(model, on_top),
        **head("hub-size"),
        "hub": {
            "model": sized.repo.id, "host": sized.repo.host, "revision": sized.repo.revision,
            "commit": sized.repo.commit, "licence": sized.repo.licence, "gate": sized.repo.gate,
            "private": sized.repo.private, "num_requests": sized.num_requests,
            "transferred": plain_figure(sized.transferred_bytes, "B", "measured", "bodies of all answers"),
            "ready_made": list(ids), "build": sized.build or None, "builds": list(sized.builds),
        },
    }  # fmt: skip


def plan_sentence(plan: DownloadPlan) -> str:
    """Return what a download will take and where it goes."""
    free = "" if plan.free_bytes is None else f"; {units.size(plan.free_bytes)} are free there"
    here = plan.size_bytes - plan.missing_bytes
    kept = f", {units.size(here)} of them here already" if here else ""
    return (
        f"{plan.model_id} as {plan.kind} ({plan.variant}), commit {plan.commit}: {len(plan.files)} files, "
        f"{units.size(plan.size_bytes)}{kept}, into {plan.folder}{free}."
    )


def variants_sentence(plan: DownloadPlan) -> str:
    """Return the other builds there are; empty when there are none."""
    others = [name for name in plan.variants if name != plan.variant]
    return f"Also there: {', '.join(others)}. Choose with --variant or --only." if others else ""


def plan_rows(plan: DownloadPlan) -> list[tuple[str, ...]]:
    """Return the files of a plan for a table."""
    return [(file.name, units.size(file.size_bytes), "yes" if file.here else "no") for file in plan.files]


def plan_document(plan: DownloadPlan) -> Document:
    """Return the public JSON of a plan."""
    return {
        **head("hub-plan"), "sentence": plan_sentence(plan), "model": plan.model_id, "host": plan.host,
        "revision": plan.revision, "commit": plan.commit, "kind": plan.kind, "variant": plan.variant,
        "variants": list(plan.variants), "licence": plan.licence, "folder": plan.folder,
        "size": plain_figure(plan.size_bytes, "B", "measured", _LISTED),
        "missing": plain_figure(plan.missing_bytes, "B", "measured", "files that are not complete here"),
        "free": plain_figure(plan.free_bytes, "B", "measured", "free on the disk of the folder"),
        "transferred": plain_figure(plan.asked_bytes, "B", "measured", "to make this plan"),
        "files": [
            {"name": file.name, "size": plain_figure(file.size_bytes, "B", "measured", _LISTED), "here": file.here}
            for file in plan.files
        ],
    }  # fmt: skip


def done_sentence(result: DownloadResult) -> str:
    """Return what lies here now."""
    if result.transferred_bytes:
        return f"{result.model_id} is complete: {units.size(result.transferred_bytes)} downloaded, in {result.folder}."
    return f"{result.model_id} was complete already, in {result.folder}."


def done_rows(result: DownloadResult) -> list[tuple[str, ...]]:
    """Return the files for a table."""
    return [
        (file.name, units.size(file.size_bytes), "hash" if file.checked else "no hash stated",
         "yes" if file.was_here else "no")
        for file in result.files
    ]  # fmt: skip


def done_document(result: DownloadResult) -> Document:
    """Return the public JSON of a download."""
    return {
        **head("hub-download"), "sentence": done_sentence(result), "model": result.model_id, "host": result.host,
        "revision": result.revision, "commit": result.commit, "kind": result.kind, "variant": result.variant,
        "licence": result.licence, "folder": result.folder,
        "size": plain_figure(result.size_bytes, "B", "measured", "size of the files"),
        "transferred": plain_figure(result.transferred_bytes, "B", "measured", "of the files, in this download"),
        "files": [
            {
                "name": file.name, "size": plain_figure(file.size_bytes, "B", "measured", "size of the file"),
                "checked": file.checked, "was_here": file.was_here,
            }
            for file in result.files
        ],
    }  # fmt: skip


def _model(model: HubModel) -> Document:
    return {
        "id": model.id, "task": model.task, "licence": model.licence, "library": model.library, "gate": model.gate,
        "private": model.private, "num_downloads": model.num_downloads, "num_likes": model.num_likes,
        "parameters": plain_figure(model.num_parameters, "parameters", "measured", _COUNTED),
        "weights": plain_figure(model.weight_bytes, "B", "measured", _COUNTED),
    }  # fmt: skip
