"""From a folder or an ONNX file to a model that can be run: looks at names, headers and small files, runs nothing."""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from advisor.catalog.headers import companions
from advisor.catalog.headers.source import LocalFolder, check_name, shown
from advisor.errors import InvalidModelError, NotFoundError
from advisor.runnable import facts, layout, onnx_header, provenance
from advisor.runnable.layout import Chosen
from advisor.runnable.model import GraphFile, Head, Part, Pooling, RunnableModel, Structure
from advisor.runnable.onnx_header import Header

_BESIDE = (
    facts.CONFIG, facts.GENAI_CONFIG, facts.TOKENIZER, facts.GENERATION, facts.TOKENIZER_CONFIG, facts.SPECIAL_TOKENS,
    facts.TEMPLATE, facts.TEMPLATE_JSON, facts.MODULES, facts.POOLING, facts.SENTENCE, facts.PROMPTS,
    provenance.FILE_NAME,
)  # fmt: skip
"""What may belong to a file that the user named, in a folder that may hold anything."""
_VECTORS = (
    "sentence_embedding",
    "last_hidden_state",
    "token_embeddings",
    "text_embeds",
    "image_embeds",
    "pooler_output",
)
_HEADS: tuple[tuple[str, Head], ...] = (
    ("ForSequenceClassification", "classes"), ("ForImageClassification", "classes"),
    ("ForAudioClassification", "classes"), ("ForTokenClassification", "token-classes"), ("ForMaskedLM", "masked-token"),
    ("ForPreTraining", "masked-token"), ("ForCausalLM", "next-token"), ("LMHeadModel", "next-token"),
    ("ForConditionalGeneration", "next-token"), ("ForSpeechSeq2Seq", "next-token"), ("MTModel", "next-token"),
)  # fmt: skip
_LEAST_SHARE = 0.5
_LFS_MARK = b"version https://git-lfs"


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    graph: GraphFile
    header: Header


def open_model(path: Path, *, model_id: str | None = None) -> RunnableModel:
    """Look at a model on this computer.

    Args:
        path: a folder, or an ONNX file in it.
        model_id: what it is called; by default what its origin says, else the folder's name.

    Raises:
        NotFoundError: `model-folder-missing`, `model-file-missing`, `onnx-missing`, `onnx-weights-missing`.
        InvalidModelError: `onnx-file-unreadable`, `onnx-ambiguous`, `onnx-part-missing`, `path-refused`,
            `config-damaged`, `layout-unknown`, `weights-cut-off`.
        InvalidFileError: `model-file-unreadable`, `provenance-invalid`, `model-text-too-large`.
    """
    files, folder, wanted = _files(path)
    config = companions.read_object(files, facts.CONFIG)
    runtime = companions.read_object(files, facts.GENAI_CONFIG)
    chosen = _chosen(files, runtime, wanted)
    opened = tuple(_open(files, folder, part, name) for part, name in chosen.names)
    origin = provenance.read(folder) if provenance.FILE_NAME in files.sizes() else None
    main = opened[-1] if opened[-1].graph.part != "with-past" else opened[-2]
    structure = _structure(opened, config, runtime)
    head = _head(main, config, structure)
    pooling, normalize = _pooling(files, main.header, head, structure)
    return RunnableModel(
        folder=str(folder), layout=chosen.layout, structure=structure, head=head,
        graphs=tuple(item.graph for item in opened),
        model_id=model_id or (origin.model_id if origin is not None else files.name),
        format_id=origin.format_id if origin is not None else _format(main.header),
        tokenizer=facts.tokenizer(files, config, runtime), pooling=pooling, normalize=normalize,
        labels=facts.labels(config), num_context_tokens=facts.num_context_tokens(config, runtime),
        prompts=facts.prompts(files), config=config, runtime_config=runtime, provenance=origin,
    )  # fmt: skip


def _files(path: Path) -> tuple[LocalFolder, Path, str | None]:
    """Return the files of a model, its folder, and the name of the file the user named."""
    if path.is_dir():
        folder = path.absolute()
        files = LocalFolder(folder)
        settings = sorted(name for name in files.sizes() if posixpath.basename(name) == facts.GENAI_CONFIG)
        if (
            facts.GENAI_CONFIG in settings
            or not settings
            or any("/" not in n for n in files.sizes() if n.endswith(".onnx"))
        ):
            return files, folder, None
        if len(settings) > 1:
            listed = ", ".join(posixpath.dirname(name) for name in settings[:8])
            raise InvalidModelError(
                "onnx-ambiguous", f"{shown(files.name)} holds several models: {listed}.",
                remedy="Give the path of the folder you want.",
            )  # fmt: skip
        folder = folder / posixpath.dirname(settings[0])
        return LocalFolder(folder), folder, None
    if not path.exists():
        raise NotFoundError(
            "model-file-missing", f"There is no file or folder {shown(str(path))}.", remedy="Check the path."
        )
    if path.suffix != ".onnx":
        raise InvalidModelError(
            "onnx-file-unreadable", f"{path.name} is no ONNX file; only models in ONNX can be run here.",
            remedy="Convert it first, or give a folder or an .onnx file.",
        )  # fmt: skip
    parent = path.absolute().parent
    inner = parent.name == layout.SUBFOLDER.rstrip("/") and (parent.parent / facts.CONFIG).exists()
    folder, prefix = (parent.parent, layout.SUBFOLDER) if inner else (parent, "")
    wanted = prefix + path.name
    graphs = [prefix + item.name for item in parent.glob("*.onnx")]
    return LocalFolder(folder, only=(*_BESIDE, *graphs), trusted=wanted), folder, wanted


def _chosen(files: LocalFolder, runtime: Mapping[str, Any], wanted: str | None) -> Chosen:
    if runtime:
        chosen = layout.genai(runtime, files.name)
        if wanted is None or wanted in (name for _, name in chosen.names):
            return chosen
    return layout.choose(files.sizes(), files.name, wanted)


def _open(files: LocalFolder, folder: Path, part: Part, name: str) -> _Opened:
    with files.open(name) as source:
        size_bytes = source.size_bytes
        if source.read(0, min(size_bytes, len(_LFS_MARK))) == _LFS_MARK:
            raise InvalidModelError(
                "onnx-file-unreadable", f"{name} is only a note of Git LFS that says where the file is.",
                remedy="Download the file itself.",
            )  # fmt: skip
    header = onnx_header.read(folder / name)
    for location, needed_bytes in header.external_bytes.items():
        size_bytes += _external_bytes(files, name, location, needed_bytes)
    return _Opened(graph=GraphFile(part=part, name=name, size_bytes=size_bytes), header=header)


def _external_bytes(files: LocalFolder, owner: str, location: str, needed_bytes: int) -> int:
    """Return the size of a file of weights after checking that it is the model's own and long enough."""
    check_name(location, owner)
    name = posixpath.join(posixpath.dirname(owner), posixpath.normpath(location.replace("\\", "/")))
    try:
        with files.open(name) as source:
            found_bytes = source.size_bytes
    except NotFoundError as error:
        raise NotFoundError(
            "onnx-weights-missing",
            f"{owner} keeps its weights in {shown(location)}, which is not beside it.",
            remedy="Download that file into the same folder.",
            file=name,
        ) from error
    if found_bytes < needed_bytes:
        raise InvalidModelError(
            "weights-cut-off",
            f"{name} is cut off: {owner} needs {needed_bytes:,} bytes of it, it has {found_bytes:,}.",
            remedy="Download it again.",
            file=name,
        )
    return found_bytes


def _structure(opened: tuple[_Opened, ...], config: Mapping[str, Any], runtime: Mapping[str, Any]) -> Structure:
    first = opened[0].header.input_names()
    if first & {"input_features", "input_values", "audio_features"}:
        return "speech"
    if "pixel_values" in first:
        return "vision"
    if any(item.graph.part == "encoder" for item in opened):
        return "encoder-decoder"
    architectures = config.get("architectures")
    names = " ".join(map(str, architectures)) if isinstance(architectures, list) else ""
    has_past = any(name.startswith("past") for name in first)
    is_decoder = bool(runtime) or has_past or "ForCausalLM" in names or "LMHeadModel" in names
    return "decoder" if is_decoder else "encoder"


def _head(main: _Opened, config: Mapping[str, Any], structure: Structure) -> Head:
    """Return what the main output says, from its name, the architecture's, and at last its shape."""
    header = main.header
    logits = next((value for value in header.outputs if value.name == "logits"), None)
    if logits is None:
        return "embedding" if header.output_names() & set(_VECTORS) else "other"
    if structure == "decoder" or main.graph.part == "decoder":
        return "next-token"
    architectures = config.get("architectures")
    for name in architectures if isinstance(architectures, list) else ():
        for ending, head in _HEADS:
            if str(name).endswith(ending):
                return head
    if len(logits.shape) == 2:
        return "classes"
    return "masked-token" if logits.shape and logits.shape[-1] == config.get("vocab_size") else "token-classes"


def _pooling(files: LocalFolder, header: Header, head: Head, structure: Structure) -> tuple[Pooling, bool]:
    """Return how one vector is made; the mean where a network gives a vector a token and nothing says how."""
    if head != "embedding" or structure in ("vision", "speech"):
        return "none", False
    stated = facts.pooling(files)
    if "sentence_embedding" in header.output_names():
        return "none", stated is not None and stated[1]
    if not header.output_names() & {"last_hidden_state", "token_embeddings"}:
        return "none", stated is not None and stated[1]
    return stated or (("last" if structure == "decoder" else "mean"), False)


def _format(header: Header) -> str | None:
    """Return the catalog's format that a network is stored in, from its operators and the types of its weights."""
    if header.blocks:
        main = header.blocks[0]
        half = header.num_by_type.get("float16", 0) > header.num_by_type.get("float32", 0)
        known = {(4, 32): "onnx-int4-b32", (4, 128): "onnx-int4-b128", (8, 32): "onnx-int8"}
        return None if half else known.get((main.bits, main.block_size))
    if header.num_by_operator.get("MatMulInteger") or header.num_by_operator.get("DynamicQuantizeMatMul"):
        return "onnx-int8-dynamic"
    whole = sum(header.num_by_type.values())
    for kind, format_id in (("float32", "onnx-fp32"), ("float16", "onnx-fp16")):
        if whole and header.num_by_type.get(kind, 0) > _LEAST_SHARE * whole:
            return format_id
    return None
