"""What is said and written of the conversion tools and of the shelf of converted models."""

from advisor import units
from advisor.convert.tools import Takes, ToolsState
from advisor.convert.tools_install import InstallResult
from advisor.report.public_parts import Document, figure, head, plain_figure
from advisor.runnable.store import Leftover, StoredModel

MODEL_TITLES = ("Model", "Format", "Size", "Licence", "Converted", "State")
STATUS_WORDS = {
    "own": "Part of this Python", "installed": "Installed", "outdated": "Out of date", "missing": "Not installed",
    "unsupported": "Not for this computer",
}  # fmt: skip
INSTALL_QUESTION = "Install the conversion tools?"
REMOVE_QUESTION = "Remove the conversion tools?"
REMOVE_WORDS = "Models that were converted stay. The tools can be installed again."
CLEAR_QUESTION = "Remove all converted models?"
PURPOSE = "They turn a model's original files into a form that runs fast here, at the size you choose."
EMPTY_SHELF = "No converted models yet."
CANCELLED = "The installation was cancelled; nothing was kept."
_FILES = "size of the files"


def state_sentence(state: ToolsState) -> str:
    """Return what there is, in a sentence or two."""
    tools = ", ".join(f"{name} {version}" for name, version in list(state.versions.items())[:3])
    size = units.size(state.size_bytes)
    sentences = {
        "own": f"This Python can convert models itself: {tools}.",
        "installed": f"The conversion tools are installed and take {size}: {tools}.",
        "outdated": f"The conversion tools are installed ({size}) in the versions of another release of this app. "
        "They still work; installing again brings them up to date.",
        "missing": "The conversion tools are not installed. " + PURPOSE,
        "unsupported": f"Models cannot be converted here. {state.why_unsupported} Models that are published as ONNX "
        "run without them.",
    }
    cut_off = ""
    if state.has_leftovers:
        cut_off = " What is left of them is not whole or has lost its Python; installing again repairs it."
    return sentences[state.status] + cut_off


def takes_sentence(takes: Takes, state: ToolsState) -> str:
    """Return what an installation will take and where it goes, before it is started."""
    free = "" if state.free_bytes is None else f"; {units.size(state.free_bytes)} are free there"
    hashed = "Every file is held against a known hash."
    if not takes.hashed:
        hashed = "Every file but PyTorch's is held against a known hash."
    low, high = (units.duration(end or 0) for end in (takes.seconds.low, takes.seconds.high))
    before = f"{takes.why_not} " if takes.why_not else ""
    return (
        f"{before}About {units.size(takes.download.value or 0)} are downloaded from the package index that pip is set "
        f"to (PyPI if none) and from the PyTorch project, and {units.size(takes.disk.value or 0)} stay on the disk, in "
        f"{state.folder}{free}. It takes about {units.duration(takes.seconds.value or 0)} ({low} to {high}, by your "
        f"line). {hashed} Nothing about you or your models is sent."
    )


def done_sentence(result: InstallResult) -> str:
    """Return what was installed."""
    return (
        f"The conversion tools are installed: {units.size(result.size_bytes)} in {result.folder}, after "
        f"{units.duration(result.wall_s)}."
    )


def removed_sentence(size_bytes: int) -> str:
    """Return what was removed."""
    if not size_bytes:
        return "There was nothing to remove."
    return f"The conversion tools are removed; {units.size(size_bytes)} are free again."


def document(state: ToolsState, takes: Takes, sentence: str = "") -> Document:
    """Return the public JSON of the tools' state.

    Args:
        state: now.
        takes: what an installation takes.
        sentence: what was done; the state by default.
    """
    return {
        **head("conversion-tools"), "sentence": sentence or state_sentence(state), "status": state.status,
        "folder": state.folder, "python": state.python, "versions": dict(state.versions),
        "has_leftovers": state.has_leftovers,
        "size": plain_figure(state.size_bytes or None, "B", "measured", _FILES),
        "free": plain_figure(state.free_bytes, "B", "measured", "free on the disk of the folder"),
        "installation": {
            "download": figure(takes.download), "disk": figure(takes.disk), "time": figure(takes.seconds),
        },
    }  # fmt: skip


def shelf_sentence(models: tuple[StoredModel, ...], leftovers: tuple[Leftover, ...]) -> str:
    """Return how many models lie on the shelf and what they take."""
    left_bytes = sum(leftover.size_bytes for leftover in leftovers)
    left = f" {units.size(left_bytes)} more are of conversions that did not finish or run now." if leftovers else ""
    if not models:
        return EMPTY_SHELF + left
    count = f"{len(models)} converted model{'' if len(models) == 1 else 's'}"
    return f"{count}, {units.size(sum(model.size_bytes for model in models))} on the disk.{left}"


def shelf_rows(models: tuple[StoredModel, ...]) -> list[tuple[str, ...]]:
    """Return the models for a table."""
    return [
        (
            model.model_id, model.format_id, units.size(model.size_bytes),
            (model.origin.licence if model.origin else None) or "not stated",
            model.origin.created[:10] if model.origin else "not known", _model_state(model),
        )
        for model in models
    ]  # fmt: skip


def shelf_removed_sentence(num_models: int, size_bytes: int) -> str:
    """Return what was removed from the shelf."""
    if not num_models and not size_bytes:
        return "There was nothing to remove."
    count = f"{num_models} converted model{'' if num_models == 1 else 's'}"
    return f"Removed {count}; {units.size(size_bytes)} are free again."


def clear_words(models: tuple[StoredModel, ...], leftovers: tuple[Leftover, ...]) -> str:
    """Return what clearing the shelf means, before it is done."""
    again = " They can be converted again from their original files." if models else ""
    return shelf_sentence(models, leftovers) + again


def shelf_document(models: tuple[StoredModel, ...], leftovers: tuple[Leftover, ...], sentence: str = "") -> Document:
    """Return the public JSON of the shelf.

    Args:
        models: on the shelf now.
        leftovers: as `store.leftovers`.
        sentence: what was done; what there is by default.
    """
    return {
        **head("converted"), "sentence": sentence or shelf_sentence(models, leftovers),
        "size": plain_figure(sum(model.size_bytes for model in models), "B", "measured", _FILES),
        "leftovers": plain_figure(sum(leftover.size_bytes for leftover in leftovers), "B", "measured", _FILES),
        "models": [_model(model) for model in models],
    }  # fmt: skip


def _model(model: StoredModel) -> Document:
    origin = model.origin
    return {
        "model": model.model_id, "format": model.format_id, "folder": model.folder,
        "size": plain_figure(model.size_bytes, "B", "measured", _FILES), "problem": model.problem or None,
        "licence": origin.licence if origin else None, "revision": origin.revision if origin else None,
        "created": origin.created if origin else None, "method": origin.method if origin else None,
        "checked": None if origin is None or origin.check is None else origin.check.accepted,
    }  # fmt: skip


def _model_state(model: StoredModel) -> str:
    if model.problem:
        return f"do not use: {model.problem}"
    check = model.origin.check if model.origin else None
    return "not checked" if check is None else "checked against the original"
