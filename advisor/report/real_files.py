"""Where the real files of a candidate are on this computer, or what to do to have them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from advisor import units
from advisor.convert import download_plan, downloaded, shelf
from advisor.errors import AdvisorError
from advisor.probe.weights import planner
from advisor.report import wording
from advisor.report.language import _
from advisor.runnable import find as opening
from advisor.task.model import Workload

_SAME_MODEL = ("onnx-community", "Xenova", "optimum", "onnx-models")
"""Owners on the hub whose repositories hold models of others, as ONNX, under the same name."""


class RealFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Real files of a candidate."""

    path: str = ""
    """Folder, or file, to measure; empty where there is none."""
    words: str = ""
    """Where they are, one sentence."""
    why_not: str = ""
    """Why they cannot be measured and what to do, one or two sentences; empty where they can."""


def of_candidate(model: str, format_id: str, models_folder: str | None = None) -> RealFiles:
    """Look for the files of a candidate among what was converted and downloaded; the first that can be run counts.

    Args:
        model: its id.
        format_id: name of its format.
        models_folder: where the user keeps downloaded models; the app's own folder by default.
    """
    problem = ""
    for path, words in _places(model, format_id, models_folder):
        try:
            opened = opening.open_model(path, model_id=model)
            if planner.format_of(opened) != format_id:
                continue
            planner.recipe_of(opened, Workload(), format_id)
        except AdvisorError as error:
            problem = problem or error.sentence()
            continue
        return RealFiles(path=str(path), words=words)
    return RealFiles(why_not=problem or _missing(format_id))


def _places(model: str, format_id: str, models_folder: str | None) -> Iterator[tuple[Path, str]]:
    for stored in shelf.models():
        if (stored.model_id, stored.format_id) == (model, format_id) and not stored.problem:
            day = stored.origin.created[:10] if stored.origin is not None else ""
            size = units.size(stored.size_bytes)
            yield (
                Path(stored.folder),
                _("Its real files are here: converted on {day}, {size}.").format(day=day, size=size),
            )
    for item in downloaded.downloaded(download_plan.models_folder(models_folder)):
        if item.snapshot is not None and _is_same(item.model_id, model):
            size = units.size(item.size_bytes)
            yield (
                Path(item.snapshot),
                _("Its real files are here: downloaded as {name}, {size}.").format(name=item.model_id, size=size),
            )


def _is_same(downloaded_id: str, model: str) -> bool:
    owner, _slash, name = downloaded_id.partition("/")
    return downloaded_id == model or (owner in _SAME_MODEL and name == model.partition("/")[2])


def _missing(format_id: str) -> str:
    if not format_id.startswith("onnx-"):
        return _(
            "{format} is not run by ONNX Runtime, so its real files cannot be measured here. Choose an ONNX format."
        ).format(format=wording.format_label(format_id))
    return _(
        "Its real files are not on this computer as {format}. Download or convert the model on the page Models; "
        "made-up weights need nothing."
    ).format(format=wording.format_label(format_id))
