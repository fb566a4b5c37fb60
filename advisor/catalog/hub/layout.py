"""Which files of a model are worth taking: one ready-made ONNX build, else safetensors, else GGUF. Pure; never pickles.

Sources of the layouts: optimum and Transformers.js write `onnx/model_q4.onnx` and the like, with weights beside them in
`*.onnx_data`; onnxruntime-genai keeps a build in a folder with genai_config.json.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from posixpath import basename, dirname
from typing import Literal

import msgspec

from advisor.catalog.headers import index, onnx_folder
from advisor.catalog.headers.folder import PICKLED
from advisor.catalog.headers.onnx_folder import GENAI_CONFIG, PLAIN
from advisor.catalog.headers.source import shown
from advisor.catalog.hub.model import HubFile
from advisor.errors import InvalidInputError, InvalidModelError, NotFoundError

Kind = Literal["genai", "onnx", "safetensors", "gguf"]
Only = Literal["onnx", "safetensors", "gguf"]
_NEVER = (*PICKLED, ".py", ".sh", ".exe", ".dll", ".so", ".dylib", ".bat", ".ps1", ".pyc", ".zip", ".tar", ".gz")
_TEXTS = (".json", ".txt", ".model", ".jinja", ".md", ".tiktoken")
_SETTINGS = (".json", ".txt", ".model", ".jinja")
_MOST_TEXT_BYTES = 100_000_000
_MOST_SETTINGS_BYTES = 20_000_000
_PREFERRED = ("quantized", "int8", "q8", "q4", "uint8", "int4", "fp16", PLAIN)
_PREFERRED_GGUF = ("Q4_K_M", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0", "Q4_0", "F16", "BF16")
_NOT_CPU = ("cuda", "directml", "dml", "webgpu", "npu", "qnn", "openvino", "vitis", "rocm", "tensorrt", "web")
_MOST_NAMED = 8


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One way the model can be had."""

    kind: Kind
    name: str
    """`q4`, `fp32`; the folder of a genai build; the file of a GGUF; `safetensors`."""
    files: tuple[HubFile, ...]
    """The files with weights; those beside them are added when it is chosen."""

    def size_bytes(self) -> int:
        """Return the bytes of its files."""
        return sum(file.size_bytes for file in self.files)


def variants(files: Iterable[HubFile]) -> tuple[Variant, ...]:
    """Return every build of a model, the preferred one of each kind first."""
    kept = [file for file in files if not file.name.lower().endswith(_NEVER)]
    genai = _genai(kept)
    inside = {file.name for item in genai for file in item.files}
    for_others = [item for item in genai if _is_for_other_chips(item.name)]
    return (
        *(item for item in genai if item not in for_others),
        *_onnx([file for file in kept if file.name not in inside]),
        *_safetensors(kept),
        *_gguf(kept),
        *for_others,
    )


def choose(files: Sequence[HubFile], *, only: Only | None = None, variant: str | None = None) -> Variant:
    """Return the build to take.

    Args:
        files: of the model.
        only: the kind that is wanted; ready-made ONNX is preferred by default.
        variant: name of the build, or a part of it.

    Raises:
        InvalidModelError: `pickled-weights`, `no-weights`.
        NotFoundError: `hub-kind-missing`, `hub-variant-unknown`.
        InvalidInputError: `hub-variant-ambiguous`.
    """
    every = variants(files)
    if not every:
        raise _none(files)
    kinds = {"onnx": ("genai", "onnx"), "safetensors": ("safetensors",), "gguf": ("gguf",), None: None}[only]
    found = [item for item in every if kinds is None or item.kind in kinds]
    if not found:
        there = ", ".join(dict.fromkeys("onnx" if item.kind == "genai" else item.kind for item in every))
        raise NotFoundError(
            "hub-kind-missing", f"This model has no {only} files; it has {there}.", remedy="Leave --only out."
        )
    return found[0] if variant is None else _named(found, variant)


def beside(files: Iterable[HubFile], chosen: Variant) -> tuple[HubFile, ...]:
    """Return the small files that belong to a build: configuration, tokenizer, licence, model card."""
    files = tuple(files)
    folders = {"", *(dirname(file.name) for file in chosen.files)}
    if chosen.kind != "gguf":
        folders |= _settings_folders(files)
    taken = {file.name for file in chosen.files}
    found = []
    for file in files:
        name = file.name.lower()
        is_text = name.endswith(_TEXTS) or basename(name) in {"license", "notice"}
        if file.name in taken or not is_text or dirname(file.name) not in folders:
            continue
        if name.endswith((".safetensors.index.json", ".bin.index.json")) and chosen.kind != "safetensors":
            continue
        if (
            not name.endswith(".bin.index.json")
            and file.size_bytes <= _MOST_TEXT_BYTES
            and not basename(name).startswith(".")
        ):
            found.append(file)
    return tuple(found)


def _settings_folders(files: Iterable[HubFile]) -> set[str]:
    """Return the folders that hold settings alone: `1_Pooling` of a sentence embedder, `scheduler` of a pipeline."""
    by_folder: dict[str, list[HubFile]] = {}
    for file in files:
        by_folder.setdefault(dirname(file.name), []).append(file)
    return {
        folder for folder, inside in by_folder.items()
        if "/" not in folder
        and all(f.name.endswith(_SETTINGS) and f.size_bytes <= _MOST_SETTINGS_BYTES for f in inside)
    }  # fmt: skip


def narrowed(chosen: Variant, names: Collection[str]) -> Variant:
    """Return a build with the weight files alone that its headers name."""
    return msgspec.structs.replace(chosen, files=tuple(file for file in chosen.files if file.name in names))


def _genai(files: list[HubFile]) -> list[Variant]:
    folders = sorted(dirname(file.name) for file in files if basename(file.name) == GENAI_CONFIG)
    found = []
    for folder in folders:
        inside = tuple(
            file for file in files
            if dirname(file.name) == folder and not file.name.lower().endswith((".safetensors", ".gguf"))
        )  # fmt: skip
        if any(file.name.endswith(".onnx") for file in inside):
            found.append(Variant(kind="genai", name=folder or "genai", files=inside))

    return sorted(found, key=lambda item: ("cpu" not in _words(item.name), item.name))


def _is_for_other_chips(name: str) -> bool:
    return any(word in _NOT_CPU for word in _words(name))


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", name.lower())


def _onnx(files: list[HubFile]) -> list[Variant]:
    graphs = [file for file in files if file.name.endswith(".onnx")]
    inside = [file for file in graphs if dirname(file.name) == "onnx"]
    graphs = inside or [file for file in graphs if not dirname(file.name)]
    parts: dict[str, dict[str, HubFile]] = {}
    for file in graphs:
        stem, suffix = onnx_folder.split(basename(file.name))
        parts.setdefault(suffix, {})[stem] = file
    stems = {stem for named in parts.values() for stem in named}
    stems -= {"decoder_model", "decoder_with_past_model"} if "decoder_model_merged" in stems else set()
    found = []
    for suffix, named in parts.items():
        graphs_of = {stem: named.get(stem) or parts.get(PLAIN, {}).get(stem) for stem in stems}
        if any(file is None for file in graphs_of.values()) or not stems & set(named):
            continue  # a network is missing in this variant and in the plain one
        taken = [file for file in graphs_of.values() if file is not None]
        data = [
            file
            for file in files
            if any(file.name.startswith(f"{graph.name}{mark}") for graph in taken for mark in ("_data", ".data"))
        ]
        found.append(Variant(kind="onnx", name=suffix, files=(*taken, *data)))
    return sorted(found, key=lambda item: (_place(item.name, _PREFERRED), item.name))


def _safetensors(files: list[HubFile]) -> list[Variant]:
    found = tuple(file for file in files if file.name.lower().endswith(".safetensors"))
    return [Variant(kind="safetensors", name="safetensors", files=found)] if found else []


def _gguf(files: list[HubFile]) -> list[Variant]:
    by_name = {file.name: file for file in files if file.name.lower().endswith(".gguf")}
    found = []
    for name in by_name:
        parts = index.part_names(name)
        if (
            parts[0] != name
            or not all(part in by_name for part in parts)
            or basename(name).lower().startswith("mmproj")
        ):
            continue
        found.append(Variant(kind="gguf", name=name, files=tuple(by_name[part] for part in parts)))

    def cost(item: Variant) -> tuple[int, int]:
        marks = [place for place, mark in enumerate(_PREFERRED_GGUF) if mark.lower() in item.name.lower()]
        return min(marks, default=len(_PREFERRED_GGUF)), item.size_bytes()

    return sorted(found, key=cost)


def _place(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


def _named(found: list[Variant], wanted: str) -> Variant:
    exact = [item for item in found if item.name.lower() == wanted.lower()]
    near = exact or [item for item in found if wanted.lower() in item.name.lower()]
    names = ", ".join(item.name for item in (near or found)[:_MOST_NAMED])
    if not near:
        raise NotFoundError(
            "hub-variant-unknown", f"There is no variant {shown(wanted)}.", remedy=f"There are: {names}."
        )
    if len(near) > 1:
        raise InvalidInputError(
            "hub-variant-ambiguous", f"{len(near)} variants match {shown(wanted)}.", remedy=f"Say which: {names}."
        )
    return near[0]


def _none(files: Iterable[HubFile]) -> InvalidModelError:
    pickled = [file.name for file in files if file.name.lower().endswith(PICKLED)]
    if pickled:
        return InvalidModelError(
            "pickled-weights",
            f"The weights are pickled ({shown(pickled[0])}). A pickle can run any program while it is opened, so this "
            "app never downloads one.",
            remedy="Take a version in safetensors: most repositories have one, often on the branch refs/convert.",
        )
    return InvalidModelError(
        "no-weights", "This model has no ONNX, safetensors or GGUF files.", remedy="Take another version of it."
    )
