"""From an ONNX file to its header, every path and size in it checked. Runs in a child: the file may be hostile."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # protobuf ships no types

from advisor.errors import InvalidModelError
from advisor.graphs.onnx_file import check, limit, skim
from advisor.graphs.onnx_file.model import Dimension, OnnxHeader, Value, ValueKind

STANDARD = "ai.onnx"
_KNOWN_DOMAINS = frozenset({
    "", STANDARD, "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft",
    "com.microsoft.nchwc", "com.ms.internal.nhwc", "com.microsoft.experimental", "org.pytorch.aten",
})  # fmt: skip
"""Operator domains that ONNX Runtime registers by itself."""
_KINDS: dict[str, ValueKind] = {
    "tensor_type": "tensor", "sequence_type": "sequence", "map_type": "map", "optional_type": "optional",
    "sparse_tensor_type": "sparse",
}  # fmt: skip
_INDEX_TYPES = frozenset({"int64", "int32", "bool", "string"})
"""Types of shapes, axes and flags: not counted as parameters."""


def read(file: Path) -> OnnxHeader:
    """Return what an ONNX file says of itself.

    Raises:
        InvalidModelError: it cannot be read, its weights are not all there, or it names a file outside its folder.
    """
    model = _parse(file)
    graphs = list(_graphs(model.graph))
    nodes = [node for graph in graphs for node in graph.node]
    hidden = [graph for part in _hidden_graphs(model) for graph in _graphs(part)]
    inner = [node for graph in hidden for node in graph.node]
    tensors = _tensors([*graphs, *hidden], [*nodes, *inner])
    _readable(file, _texts(model, [*nodes, *inner], [tensor for _, tensor in tensors]))
    external = check.weights(file, [tensor for _, tensor in tensors])
    check.compiled_parts(file, [*nodes, *inner])
    weights = {name: tensor for name, tensor in tensors if name}
    fed = [value for value in model.graph.input if value.name not in {item.name for item in model.graph.initializer}]
    limits = limit.id_limits((value.name for value in fed), nodes, weights)
    counts = Counter(_operator(node) for node in nodes)
    return OnnxHeader(
        file_bytes=file.stat().st_size, ir_version=model.ir_version,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        opsets={entry.domain or STANDARD: entry.version for entry in model.opset_import},
        inputs=tuple(_value(value, limits.get(value.name, 0)) for value in fed),
        outputs=tuple(_value(value, 0) for value in model.graph.output),
        custom_operators=_custom(model, [*nodes, *inner]), num_nodes=len(nodes),
        num_by_operator=dict(counts.most_common()), num_parameters=_num_parameters(nodes, weights, tensors),
        weight_bytes=_weight_bytes([tensor for _, tensor in tensors]), external_files=external,
        head_size=limit.head_size(nodes, weights), image_size=_stated_image_size(model),
    )  # fmt: skip


def _parse(file: Path) -> onnx.ModelProto:
    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(skim.skim(file))
    except (DecodeError, ValueError) as error:
        if "alloc failed" in str(error):  # what protobuf says where a MemoryError would be right
            raise MemoryError(str(error)) from error
        raise _refused(f"{file.name} is damaged or no ONNX file: {error}.", "Download or export it again.") from error
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise _refused(f"{file.name} holds no graph.", "Give an ONNX model; other formats are not read.")
    if not model.opset_import:
        raise _refused(f"{file.name} states no operator set (field opset_import).", "Export it again.")
    return model


def _texts(model: onnx.ModelProto, nodes: list[onnx.NodeProto], tensors: list[onnx.TensorProto]) -> Iterator[object]:
    """Yield every text of a model that is looked at later."""
    yield from (model.producer_name, model.producer_version)
    yield from (entry.domain for entry in model.opset_import)
    yield from (text for function in model.functions for text in (function.domain, function.name))
    yield from (text for note in model.metadata_props for text in (note.key, note.value))
    for node in nodes:
        yield from (node.op_type, node.domain, node.name, *node.input, *node.output)
        yield from (attribute.name for attribute in node.attribute)
    for tensor in tensors:
        yield from (tensor.name, tensor.doc_string)
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
    for value in (*model.graph.input, *model.graph.output):
        yield value.name
        yield from (item.dim_param for item in value.type.tensor_type.shape.dim)
        yield from (item.dim_param for item in value.type.sparse_tensor_type.shape.dim)


def _readable(file: Path, texts: Iterator[object]) -> None:
    """Refuse texts that are no UTF-8: protobuf hands them over as bytes."""
    if not all(isinstance(text, str) for text in texts):
        raise _refused(f"{file.name} is damaged: a name in it is no text.", "Download or export it again.")


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """Yield a graph and those inside its conditions and loops."""
    yield graph
    for node in graph.node:
        yield from _inner_graphs(node)


def _inner_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield from _graphs(attribute.g)
        for graph in attribute.graphs:
            yield from _graphs(graph)


def _hidden_graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """Yield what lies outside the main graph: training, and functions as graphs (their defaults as a node's)."""
    for training in model.training_info:
        yield training.initialization
        yield training.algorithm
    for function in model.functions:
        defaults = onnx.NodeProto(op_type="Defaults", attribute=function.attribute_proto)
        yield onnx.GraphProto(name=function.name, node=[*function.node, defaults])


def _tensors(graphs: list[onnx.GraphProto], nodes: list[onnx.NodeProto]) -> list[tuple[str, onnx.TensorProto]]:
    """Return all tensors with the name of the value they give; those of attributes with an output have its name."""
    found = [(tensor.name, tensor) for graph in graphs for tensor in graph.initializer]
    for graph in graphs:
        for sparse in graph.sparse_initializer:
            found += [(sparse.values.name, sparse.values), ("", sparse.indices)]
    for node in nodes:
        for attribute in node.attribute:
            inside = [*attribute.tensors]
            if attribute.HasField("t"):
                inside.append(attribute.t)
            name = node.output[0] if node.op_type == "Constant" and node.output else ""
            found += [(name, tensor) for tensor in inside]
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                if sparse.HasField("values"):
                    found += [("", sparse.values), ("", sparse.indices)]
    return found


def _operator(node: onnx.NodeProto) -> str:
    return node.op_type if node.domain in ("", STANDARD) else f"{node.domain}:{node.op_type}"


def _custom(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> tuple[str, ...]:
    own = {(function.domain, function.name) for function in model.functions}
    strange = {
        _operator(node)
        for node in nodes
        if node.domain not in _KNOWN_DOMAINS and (node.domain, node.op_type) not in own
    }
    return tuple(sorted(strange))


def _value(value: onnx.ValueInfoProto, id_limit: int) -> Value:
    which = value.type.WhichOneof("value") or "tensor_type"
    kind = _KINDS.get(which, "optional")
    if kind not in ("tensor", "sparse"):
        return Value(name=value.name, kind=kind, data_type=kind, shape=None)
    inner = getattr(value.type, which)
    shape = tuple(_dimension(item) for item in inner.shape.dim) if inner.HasField("shape") else None
    return Value(
        name=value.name, kind=kind, data_type=check.type_name(inner.elem_type), shape=shape, id_limit=id_limit
    )  # fmt: skip


def _dimension(item: Any) -> Dimension:  # noqa: ANN401 - a generated class
    if item.HasField("dim_value"):
        return int(item.dim_value) if item.dim_value >= 0 else None  # some exporters write -1 for a free one
    name = str(item.dim_param).strip()
    return name if name.strip("?-1") else None


def _num_parameters(
    nodes: list[onnx.NodeProto],
    weights: dict[str, onnx.TensorProto],
    tensors: list[tuple[str, onnx.TensorProto]],
) -> int:
    stored = sum(
        check.num_elements(tensor) for _, tensor in tensors if check.type_name(tensor.data_type) not in _INDEX_TYPES
    )
    for node in nodes:
        if node.op_type != "MatMulNBits" or len(node.input) < 2 or node.input[1] not in weights:
            continue
        sizes = {attribute.name: attribute.i for attribute in node.attribute}
        stored += sizes.get("K", 0) * sizes.get("N", 0) - check.num_elements(weights[node.input[1]])
    return max(0, stored)


def _weight_bytes(tensors: list[onnx.TensorProto]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for tensor in tensors:
        found[check.type_name(tensor.data_type)] += check.tensor_bytes(tensor) or 0
    return {name: count for name, count in found.most_common() if count}


def _stated_image_size(model: onnx.ModelProto) -> tuple[int, int] | None:
    """Return the image size in the note `imgsz` that the exporter of ultralytics leaves, if it is one."""
    note = next((entry.value for entry in model.metadata_props if entry.key == "imgsz"), "")
    try:
        sizes = json.loads(note)
    except ValueError:
        return None
    if (
        isinstance(sizes, list)
        and len(sizes) == 2
        and all(isinstance(size, int) and 0 < size < 10_000 for size in sizes)
    ):
        return sizes[0], sizes[1]
    return None


def _refused(message: str, remedy: str) -> InvalidModelError:
    return InvalidModelError("onnx-file-unreadable", message, remedy=remedy)
