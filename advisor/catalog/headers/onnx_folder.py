"""Which ONNX files of a folder are one model, and what lies beside them.

Sources of the layouts: optimum and Transformers.js write `onnx/model_q4.onnx` and the like; onnxruntime-genai keeps a
build in a folder with genai_config.json.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from math import prod
from posixpath import basename, dirname
from typing import Any

from advisor.catalog.headers import companions, onnx_file
from advisor.catalog.headers.checkpoint import Checkpoint, Component, Quantization
from advisor.catalog.headers.companions import number
from advisor.catalog.headers.model import TensorInfo, WeightFile
from advisor.catalog.headers.onnx_parameters import unpacked
from advisor.catalog.headers.onnx_values import OnnxGraph
from advisor.catalog.headers.source import ByteSource, FileSet
from advisor.errors import InvalidModelError

GENAI_CONFIG = "genai_config.json"
PLAIN = "fp32"
"""Name of the variant without a suffix."""
_SUFFIXES = (
    "q4f16", "q4", "q8", "bnb4", "int8", "uint8", "quantized", "fp16", "int4", "fp32",
    "qint8_avx512_vnni", "qint8_avx512", "qint8_arm64", "quint8_avx2", "O1", "O2", "O3", "O4",
)  # fmt: skip
_SUFFIX = re.compile(rf"(?P<stem>.+?)_(?P<suffix>{'|'.join(sorted(_SUFFIXES, key=len, reverse=True))})\Z")
_MOST_GRAPHS = 8


def split(name: str) -> tuple[str, str]:
    """Return what a file `model_q4.onnx` is a part of, and its variant."""
    stem = name.removesuffix(".onnx")
    found = _SUFFIX.match(stem)
    return (found["stem"], found["suffix"]) if found else (stem, PLAIN)


def graphs_of(names: Collection[str], owner: str) -> tuple[str, ...]:
    """Return the files that are one model; empty when there is no ONNX.

    Raises:
        InvalidModelError: `weights-ambiguous`.
    """
    graphs = [name for name in names if name.endswith(".onnx")]
    homes = {dirname(name) for name in names if basename(name) == GENAI_CONFIG}
    inside = [name for name in graphs if dirname(name) in homes]
    chosen = inside or [name for name in graphs if dirname(name) == "onnx"]
    chosen = chosen or [name for name in graphs if not dirname(name)]
    variants: dict[tuple[str, str], list[str]] = {}
    for name in chosen:
        variant = "" if inside else split(basename(name))[1]
        variants.setdefault((dirname(name), variant), []).append(name)
    if len(variants) > 1 or len(chosen) > _MOST_GRAPHS:
        raise InvalidModelError(
            "weights-ambiguous",
            f"{owner} holds ONNX files of {len(variants)} builds.",
            remedy="Give the one file you mean.",
            file=owner,
            files=tuple(chosen),
        )
    return without_copies(chosen)


def read(files: FileSet, names: Iterable[str]) -> Checkpoint:
    """Return the model that ONNX files of a folder are.

    Raises:
        InvalidModelError: as `onnx_file.read` and `onnx_file.weight_files`.
    """
    names = tuple(names)
    found: list[OnnxGraph] = []
    for name in names:
        with files.open(name) as source:
            found.append(onnx_file.read(source))
    return assembled(_Beside(files, dirname(names[0])), found, files.name, [f"{dirname(name)}/" for name in names])


def assembled(files: FileSet, graphs: list[OnnxGraph], name: str, folders: list[str]) -> Checkpoint:
    """Return the model that graphs and what lies beside them are.

    Args:
        files: where external weights, configuration and tokenizer are.
        graphs: one, or several networks of one model.
        name: of the model.
        folders: of each graph, with a `/` at its end; `/` alone for none.

    Raises:
        InvalidModelError: as `onnx_file.weight_files`.
    """
    sizes = files.sizes()
    read: list[WeightFile] = []
    for graph, folder in zip(graphs, folders, strict=True):
        parts = onnx_file.weight_files(graph, sizes, folder.lstrip("/"))
        mark = basename(graph.name).removesuffix(".onnx") if len(graphs) > 1 else ""
        read += [_marked(part, mark) for part in parts] if mark else parts
    config = companions.read_object(files, companions.CONFIG)
    config = config or _of_genai(companions.read_object(files, GENAI_CONFIG))
    notes = [f"Written by {graph.producer}." for graph in graphs[:1] if graph.producer.isprintable() and graph.producer]
    if len(graphs) > 1:
        notes.append(f"{len(graphs)} networks in files of their own; what two of them share is counted in each.")
    return Checkpoint(
        name=name,
        container="onnx",
        components=(Component(name="", files=tuple(read)),),
        config=config,
        quantization=_quantization(graphs),
        tokenizer=companions.tokenizer(files, config),
        is_sentence_embedder=companions.MODULES in sizes,
        num_used_tokens=number(companions.read_object(files, companions.SENTENCE_CONFIG).get("max_seq_length")),
        notes=tuple(notes),
    )


def without_copies(names: Iterable[str]) -> tuple[str, ...]:
    """Leave out graphs that hold the weights of another one again."""
    stems = {split(basename(name))[0]: name for name in names}
    if "decoder_model_merged" in stems:
        dropped = {"decoder_model", "decoder_with_past_model"}
    else:
        dropped = {"decoder_with_past_model"} if "decoder_model" in stems else set()
    return tuple(sorted(name for stem, name in stems.items() if stem not in dropped))


def _marked(file: WeightFile, mark: str) -> WeightFile:
    """Return a file whose weights bear the name of their network: two networks may call theirs alike."""
    return WeightFile(
        name=file.name, container=file.container, file_bytes=file.file_bytes, header_bytes=file.header_bytes,
        tensors=tuple(
            TensorInfo(
                name=f"{mark}.{item.name}", dtype=item.dtype, shape=item.shape, offset_bytes=item.offset_bytes,
                size_bytes=item.size_bytes,
            )
            for item in file.tensors
        ),
        unpacked_sizes={
            f"{mark}.{name}": (f"{mark}.{told}", shape) for name, (told, shape) in file.unpacked_sizes.items()
        },
        unknown_types=file.unknown_types,
    )  # fmt: skip


def _quantization(graphs: list[OnnxGraph]) -> Quantization | None:
    """Return how most parameters are compressed, from the operators that unpack them."""
    counts: dict[tuple[str, int, int], int] = {}
    for graph in graphs:
        shapes = unpacked(list(graph.tensors), graph.uses)
        for tensor in graph.tensors:
            if tensor.name not in shapes:
                continue
            use = graph.uses.get(tensor.name)
            key = (tensor.dtype, 0, 0)
            if use is not None and use.operator == "MatMulNBits" and use.input_index == 1:
                key = ("blocks", use.attribute_counts.get("bits", 4), use.attribute_counts.get("block_size", 0))
            counts[key] = counts.get(key, 0) + prod(shapes[tensor.name][1])
    kind, bits, block = max(counts, key=lambda key: counts[key], default=("", 0, 0))
    if kind == "blocks":
        label = f"int{bits} in blocks of {block}" if block else f"int{bits} in blocks"
        return Quantization(method=f"onnx-int{bits}-b{block}", label=label, linear_bits=float(bits))
    if kind in ("I8", "U8"):
        return Quantization(method="onnx-int8-dynamic", label="int8", linear_bits=8.0)
    return None


def _of_genai(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a genai_config.json in the words of config.json."""
    model = facts.get("model")
    inside = model.get("decoder") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(inside, dict) or not isinstance(model.get("type"), str):
        return {}
    taken = {
        "hidden_size": inside.get("hidden_size"), "num_attention_heads": inside.get("num_attention_heads"),
        "num_hidden_layers": inside.get("num_hidden_layers"), "head_dim": inside.get("head_size"),
        "num_key_value_heads": inside.get("num_key_value_heads"), "vocab_size": model.get("vocab_size"),
        "max_position_embeddings": model.get("context_length"),
    }  # fmt: skip
    kind = model["type"][:40]
    return {"model_type": kind, "architectures": [f"{kind}ForCausalLM"]} | {
        key: value for key, value in taken.items() if number(value) is not None
    }


class _Beside:
    """Files of a model as seen from one of its folders: those in it stand before those at the top."""

    def __init__(self, files: FileSet, folder: str) -> None:
        self._files = files
        sizes = files.sizes()
        prefix = f"{folder}/" if folder else ""
        inner = [name for name in sizes if prefix and dirname(name) == folder]
        self._names = {name: name for name in sizes} | {name.removeprefix(prefix): name for name in inner}

    @property
    def name(self) -> str:
        return self._files.name

    def sizes(self) -> Mapping[str, int]:
        sizes = self._files.sizes()
        return {name: sizes[real] for name, real in self._names.items()}

    def open(self, name: str) -> ByteSource:
        return self._files.open(self._names.get(name, name))
