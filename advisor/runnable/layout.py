"""Which ONNX files of a folder make up a model, by the names that exporters give them."""

import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from advisor.catalog.headers.source import check_name, shown
from advisor.errors import InvalidModelError, NotFoundError
from advisor.runnable.facts import GENAI_CONFIG
from advisor.runnable.model import Layout, Part

SUBFOLDER = "onnx/"
_SHOWN = 8
_STEMS = (
    "encoder_model", "decoder_model_merged", "decoder_with_past_model", "decoder_model", "model",
)  # fmt: skip
_NAME = re.compile(rf"({'|'.join(_STEMS)})(?:_(.+))?\.onnx")
_SETS: tuple[tuple[tuple[str, Part], ...], ...] = (
    (("encoder_model", "encoder"), ("decoder_model_merged", "decoder")),
    (("encoder_model", "encoder"), ("decoder_model", "decoder"), ("decoder_with_past_model", "with-past")),
    (("encoder_model", "encoder"), ("decoder_model", "decoder")),
    (("model", "model"),),
    (("decoder_model_merged", "model"),),
    (("decoder_model", "model"), ("decoder_with_past_model", "with-past")),
    (("decoder_model", "model"),),
)
"""Sets of files, the best first. Source: optimum, `exporters/onnx`; transformers.js, `src/models.js`."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a model."""

    layout: Layout
    names: tuple[tuple[Part, str], ...]
    """Part and name relative to the folder, in the order in which they run."""


def genai(runtime: Mapping[str, Any], owner: str) -> Chosen:
    """Return the files that a genai_config.json names.

    Raises:
        InvalidModelError: `config-damaged`, `layout-unknown` or `path-refused`.
    """
    model = runtime.get("model")
    parts = model if isinstance(model, Mapping) else {}
    found: list[tuple[Part, str]] = []
    for key, part in (("encoder", "encoder"), ("decoder", "decoder")):
        facts = parts.get(key)
        name = facts.get("filename") if isinstance(facts, Mapping) else None
        if isinstance(name, str):
            check_name(name, GENAI_CONFIG)
            found.append((part, name))  # type: ignore[arg-type]
    extra = [key for key in ("vision", "embedding", "speech") if isinstance(parts.get(key), Mapping)]
    if extra:
        raise InvalidModelError(
            "layout-unknown",
            f"{owner} reads more than text ({', '.join(extra)} in {GENAI_CONFIG}); it cannot be run here.",
            remedy="Choose a model for text.",
        )
    if not any(part == "decoder" for part, _ in found):
        raise InvalidModelError(
            "config-damaged", f"{GENAI_CONFIG}: the field model.decoder.filename is missing.",
            remedy="Download it again.", file=GENAI_CONFIG,
        )  # fmt: skip
    if len(found) == 1:
        found = [("model", found[0][1])]
    return Chosen(layout="genai", names=tuple(found))


def choose(names: Collection[str], owner: str, wanted: str | None = None) -> Chosen:
    """Return the files of a model that optimum, transformers.js or a person left.

    Args:
        names: all files of the folder.
        owner: the folder's name, for messages.
        wanted: the file that the user named.

    Raises:
        NotFoundError: `onnx-missing`; there is none.
        InvalidModelError: `onnx-ambiguous`, `onnx-part-missing`.
    """
    graphs = sorted(name for name in names if name.endswith(".onnx"))
    if wanted is not None:
        return _around(graphs, wanted)
    for folder in ("", SUBFOLDER):
        here = [name for name in graphs if posixpath.dirname(name) == folder.rstrip("/")]
        known = {suffix for name in here if (suffix := _suffix(name)) is not None}
        if "" in known or len(known) == 1:
            found = _set(here, folder, "" if "" in known else known.pop())
            if found:
                return Chosen(layout="optimum", names=found)
        if known:
            raise _ambiguous(here, owner)
    if not graphs:
        raise NotFoundError(
            "onnx-missing",
            f"{shown(owner)} holds no ONNX file, so nothing in it can be run here.",
            remedy="Convert the model first, or choose a folder with an .onnx file.",
        )
    if len(graphs) > 1:
        raise _ambiguous(graphs, owner)
    return Chosen(layout="file", names=(("model", graphs[0]),))


def _around(graphs: list[str], wanted: str) -> Chosen:
    """Return the file that was asked for with the others of its set."""
    suffix = _suffix(wanted)
    if suffix is None:
        return Chosen(layout="file", names=(("model", wanted),))
    folder = posixpath.dirname(wanted)
    here = [name for name in graphs if posixpath.dirname(name) == folder]
    found = _set(here, f"{folder}/" if folder else "", suffix, wanted)
    if not found:
        raise InvalidModelError(
            "onnx-part-missing",
            f"{wanted} is one half of a model; the file of the other half is not beside it.",
            remedy="Download the encoder and the decoder into the same folder.",
        )
    return Chosen(layout="optimum", names=found)


def _set(here: list[str], folder: str, suffix: str, wanted: str | None = None) -> tuple[tuple[Part, str], ...]:
    ending = f"_{suffix}.onnx" if suffix else ".onnx"
    for wants in _SETS:
        names = tuple((part, f"{folder}{stem}{ending}") for stem, part in wants)
        if all(name in here for _, name in names) and (wanted is None or wanted in (name for _, name in names)):
            return names
    return ()


def _suffix(name: str) -> str | None:
    """Return the format's part of a name, `q4` of `model_q4.onnx`; null for a name of no exporter."""
    found = _NAME.fullmatch(posixpath.basename(name))
    return None if found is None else found[2] or ""


def _ambiguous(graphs: list[str], owner: str) -> InvalidModelError:
    listed = ", ".join(graphs[:_SHOWN]) + (f" and {len(graphs) - _SHOWN} more" if len(graphs) > _SHOWN else "")
    return InvalidModelError(
        "onnx-ambiguous",
        f"{shown(owner)} holds several ONNX files: {listed}.",
        remedy="Give the path of the one you want.",
    )
