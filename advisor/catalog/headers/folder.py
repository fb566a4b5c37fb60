"""From a folder or a file to a checkpoint: finds the weights, reads headers, refuses what would have to be run."""

from collections.abc import Iterable
from pathlib import Path
from posixpath import basename, dirname

import msgspec

from advisor.catalog.headers import companions, index, native, onnx_file, onnx_folder
from advisor.catalog.headers.checkpoint import Checkpoint, Component, Refusal
from advisor.catalog.headers.gguf_file import MAGIC
from advisor.catalog.headers.model import WeightFile
from advisor.catalog.headers.source import FileSet, LocalFile, LocalFolder, missing, shown
from advisor.errors import InvalidModelError

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
_OTHERS = {".h5": "Keras", ".msgpack": "Flax", ".ot": "rust-bert", ".mlmodel": "Core ML", ".tflite": "TensorFlow Lite"}
_NO_WEIGHTS = (
    "training_args", "optimizer", "scheduler", "rng_state", "scaler", "trainer_state", "tokenizer", "vocab", "spiece",
    "sentencepiece",
)  # fmt: skip
_INDEX_ENDING = ".safetensors.index.json"
_USUAL = ("model.safetensors", "diffusion_pytorch_model.safetensors", "adapter_model.safetensors")
_MOST_NAMED = 3


def read_path(path: Path) -> Checkpoint:
    """Return the model at a path of this computer: a folder, a `.safetensors`, its index, a `.gguf` or an `.onnx`.

    Raises:
        NotFoundError: `model-file-missing`.
        InvalidModelError: `pickled-weights`, `no-weights`, `weights-ambiguous`, `model-kind-unknown`, or as the
            readers.
        InvalidFileError: it cannot be opened.
    """
    if path.is_dir():
        return read_folder(LocalFolder(path))
    if not path.exists():
        raise missing(str(path))
    name = path.name
    ending = path.suffix.lower()
    if ending in PICKLED:
        raise _pickled([name])
    if name.endswith(_INDEX_ENDING):
        return read_folder(LocalFolder(path.parent), index_name=name)
    if ending == ".gguf" or _begins_as_gguf(path):
        return _from_gguf(LocalFolder(path.parent, only=(*companions.SMALL_FILES, *index.part_names(name))), name)
    if ending == ".onnx":
        return _from_onnx(path)
    if ending == ".safetensors":
        beside = LocalFolder(path.parent, only=(*companions.SMALL_FILES, *index.part_names(name)), trusted=name)
        return _assembled(beside, name, [Component(name="", files=_one(beside, name))])
    raise InvalidModelError(
        "model-kind-unknown",
        f"{name} is no safetensors, GGUF or ONNX file.",
        remedy="Give the model's folder.",
        file=name,
    )


def read_folder(files: FileSet, *, index_name: str | None = None) -> Checkpoint:
    """Return the model in a folder, here or on a server.

    Args:
        files: the files.
        index_name: the index to follow, where the user named one.

    Raises:
        InvalidModelError: `pickled-weights`, `no-weights`, `weights-ambiguous`, or as the readers.
    """
    sizes = files.sizes()
    if index_name is not None:
        return _assembled(files, files.name, [Component(name="", files=index.read_index(files, index_name))])
    components = _components(files, sizes)
    if components:
        return _assembled(files, files.name, components)
    ggufs = _single_gguf([name for name in sizes if name.lower().endswith(".gguf") and "/" not in name], files.name)
    if ggufs is not None:
        return _from_gguf(files, ggufs)
    graphs = onnx_folder.graphs_of(sizes, files.name)
    if graphs:
        return onnx_folder.read(files, graphs)
    raise _no_weights(files.name, list(sizes))


def _one(files: FileSet, name: str) -> tuple[WeightFile, ...]:
    parts = index.loose_shards([name], present=files.sizes())
    return index.read_shards(files, parts or (name,), name)


def _components(files: FileSet, sizes: Iterable[str]) -> list[Component]:
    """Return the networks of a model whose weights are safetensors."""
    by_folder: dict[str, list[str]] = {}
    for name in sizes:
        by_folder.setdefault(dirname(name), []).append(basename(name))
    wanted = [("", by_folder.get("", []))]
    folders = companions.parts_of_pipeline(companions.read_object(files, companions.MODEL_INDEX))
    wanted += [(folder, by_folder.get(folder, [])) for folder in (*folders, *companions.dense_modules(files))]
    if folders:
        wanted = wanted[1:]  # a checkpoint of all networks in one file often lies beside the folders
    found = []
    for folder, names in wanted:
        read = _safetensors_in(files, folder, names)
        if read:
            found.append(Component(name=folder, files=read))
    return found


def _safetensors_in(files: FileSet, folder: str, names: list[str]) -> tuple[WeightFile, ...]:
    prefix = f"{folder}/" if folder else ""
    indexes = [name for name in names if name.endswith(_INDEX_ENDING)]
    plain = [name for name in indexes if name.count(".") == _INDEX_ENDING.count(".")] or indexes
    if plain:
        return index.read_index(files, prefix + _only(plain, folder or files.name))
    usual = next((name for name in _USUAL if name in names), None)
    if usual is not None:
        return index.read_shards(files, [prefix + usual], files.name)
    found = [prefix + name for name in names if name.lower().endswith(".safetensors")]
    if not found:
        return ()
    parts = index.loose_shards(found)
    return index.read_shards(files, parts or [_only(found, folder or files.name)], files.name)


def _only(names: list[str], owner: str) -> str:
    if len(names) == 1:
        return names[0]
    raise InvalidModelError(
        "weights-ambiguous",
        f"{owner} holds {len(names)} sets of weights: {_named(names)}.",
        remedy="Give the one file you mean.",
        file=owner,
        files=tuple(names),
    )


def _single_gguf(names: list[str], owner: str) -> str | None:
    """Return the one GGUF model of a folder; towers for images lie in a file of their own (`mmproj`)."""
    models = [name for name in names if not name.lower().startswith("mmproj")]
    first = [name for name in models if not index.is_part(name) or index.part_names(name)[0] == name]
    return _only(first or models, owner) if models else None


def _from_gguf(files: FileSet, name: str) -> Checkpoint:
    read = index.read_gguf(files, name)
    return Checkpoint(
        name=files.name if len(read) > 1 else name,
        container="gguf",
        components=(Component(name="", files=read),),
        tokenizer=companions.gguf_tokenizer(read[0].metadata),
        notes=tuple(
            f"{file.name}: {file.trailing_bytes:,} bytes follow the last tensor."
            for file in read
            if file.trailing_bytes
        ),
    )


def _from_onnx(path: Path) -> Checkpoint:
    """Return one ONNX file, with weights beside it, and what lies in its folder or the one above `onnx/`."""
    with LocalFile(path) as source:
        graph = onnx_file.read(source)
    outside = {tensor.location for tensor in graph.tensors if tensor.location}
    small = (*companions.SMALL_FILES, onnx_folder.GENAI_CONFIG)
    inner = path.absolute().parent
    if inner.name != "onnx" or not (inner.parent / companions.CONFIG).is_file():
        beside = LocalFolder(path.parent, only=(*small, *outside), trusted=path.name)
        return onnx_folder.assembled(beside, [graph], path.name, ["/"])
    graph = msgspec.structs.replace(graph, name=f"onnx/{path.name}")
    beside = LocalFolder(inner.parent, only=(*small, *(f"onnx/{name}" for name in outside)))
    return onnx_folder.assembled(beside, [graph], path.name, ["onnx/"])


def _assembled(files: FileSet, name: str, components: list[Component]) -> Checkpoint:
    """Put what lies beside the weights to them."""
    config = companions.read_object(files, companions.CONFIG)
    refusals, notes = _code(files, config)
    sizes = files.sizes()
    ignored = _weights_of(sizes, PICKLED)
    if ignored:
        notes.append(f"Pickled weights are passed over: {_named(ignored)}.")
    return Checkpoint(
        name=name,
        container="safetensors",
        components=tuple(components),
        config=config,
        quantization=companions.quantization(config),
        tokenizer=companions.tokenizer(files, config),
        adapter=companions.adapter(companions.read_object(files, companions.ADAPTER_CONFIG)),
        is_sentence_embedder=companions.MODULES in sizes,
        num_used_tokens=companions.number(
            companions.read_object(files, companions.SENTENCE_CONFIG).get("max_seq_length")
        ),
        refusals=tuple(refusals),
        notes=tuple(notes),
    )


def _code(files: FileSet, config: dict[str, object]) -> tuple[list[Refusal], list[str]]:
    """Return refusals and notes about program code that comes with the model."""
    refusals, notes = [], []
    asked = companions.code_refusal(companions.CONFIG, config)
    if asked is not None and native.is_known(config.get("model_type")):
        notes.append("The model brings program code; it is never run and not needed: transformers has its own.")
    elif asked is not None:
        refusals.append(asked)
    facts = companions.read_object(files, companions.TOKENIZER_CONFIG)
    asked = companions.code_refusal(companions.TOKENIZER_CONFIG, facts)
    if asked is not None and "tokenizer.json" in files.sizes():
        notes.append("The tokenizer brings program code; it is never run and not needed: tokenizer.json is there.")
    elif asked is not None:
        refusals.append(asked)
    return refusals, notes


def _weights_of(names: Iterable[str], endings: tuple[str, ...]) -> list[str]:
    return [
        name
        for name in names
        if name.lower().endswith(endings) and not basename(name).lower().startswith(_NO_WEIGHTS) and "/" not in name
    ]


def _no_weights(owner: str, names: list[str]) -> InvalidModelError:
    pickled = _weights_of(names, PICKLED)
    if pickled:
        return _pickled(pickled)
    onnx = [name for name in names if name.lower().endswith(".onnx")]
    other = next((label for name in names for ending, label in _OTHERS.items() if name.lower().endswith(ending)), None)
    if onnx:
        remedy = f"Give the one ONNX file that is meant, for example {shown(onnx[0])}."
    elif other is not None:
        remedy = f"Its weights are for {other}; take a safetensors or GGUF version."
    else:
        remedy = "Give the folder that holds *.safetensors, *.gguf or *.onnx."
    return InvalidModelError(
        "no-weights", f"{owner} holds no safetensors, GGUF or ONNX file at its top.", remedy=remedy, file=owner
    )


def _pickled(names: list[str]) -> InvalidModelError:
    return InvalidModelError(
        "pickled-weights",
        f"The weights are pickled ({_named(names)}). A pickle can run any program while it is opened, so this app "
        "never opens one.",
        remedy="Take a version in safetensors: most repositories have one, often on the branch refs/convert.",
        files=tuple(names),
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(shown(name) for name in names[:_MOST_NAMED]) + more


def _begins_as_gguf(path: Path) -> bool:
    with LocalFile(path) as source:
        return source.size_bytes >= len(MAGIC) and source.read(0, len(MAGIC)) == MAGIC
