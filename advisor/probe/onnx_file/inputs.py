"""Inputs for an ONNX file, made from their types, names and what the graph does with them. Pure."""

import re
from collections.abc import Mapping, Sequence

from advisor import units
from advisor.errors import InvalidInputError, InvalidModelError
from advisor.graphs.onnx_file.model import OnnxHeader, Value
from advisor.probe.file_feed import FileFeed, FileFill
from advisor.probe.onnx_file import size
from advisor.probe.onnx_file.plan import Inputs

ELEMENT_BYTES = {
    "float32": 4, "float64": 8, "float16": 2, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4,
    "int64": 8, "uint64": 8, "bool": 1, "string": 8,
}  # fmt: skip
"""Types that inputs can be made of, and bytes of one element."""
SAMPLE_RATE = 16_000
_UNKNOWN_ID_LIMIT = 2
_RATE_NAME = re.compile(r"^(sr|sample_?rate|sampling_?rate|fs)$", re.IGNORECASE)
_MASK_NAME = re.compile(r"mask", re.IGNORECASE)
_POSITION_NAME = re.compile(r"position|pos_ids", re.IGNORECASE)
_LENGTH_NAME = re.compile(r"len|seqlen", re.IGNORECASE)
_TYPE_NAME = re.compile(r"type|segment", re.IGNORECASE)
_STATE_NAME = re.compile(r"^(h|c|h_?0|c_?0)$|state|hidden|cache|past", re.IGNORECASE)
_KIND_WORDS = {
    "sequence": "a list of tensors", "map": "a table of keys and values", "optional": "an optional value",
    "sparse": "a sparse tensor",
}  # fmt: skip
_Filled = tuple[FileFill, int, str]


def make(
    header: OnnxHeader,
    file_name: str,
    *,
    shapes: Mapping[str, Sequence[int]],
    dimensions: Mapping[str, int],
    memory_box_bytes: int,
) -> Inputs:
    """Return the inputs of one run.

    Args:
        header: of the file.
        file_name: without its folder.
        shapes: input -> whole shape, as the user asked.
        dimensions: name -> size, as the user asked.
        memory_box_bytes: [B] Inputs alone must not exceed it.

    Raises:
        InvalidModelError: `onnx-input-unsupported`; an input is of a kind or type that is not made.
        InvalidInputError: a shape is needed, contradicts the file, or is too large.
    """
    for value in header.inputs:
        _supported(value, file_name)
    sizes = size.Sizes(header, file_name, shapes, dimensions)
    found = [(value, sizes.shape(value)) for value in header.inputs]
    total_bytes = sum(size.num_elements(shape) * ELEMENT_BYTES[value.data_type] for value, shape in found)
    if total_bytes > memory_box_bytes:
        raise InvalidInputError(
            "onnx-shape-too-large",
            f"Inputs of these shapes need {units.size(total_bytes)}, more than the {units.size(memory_box_bytes)} the "
            "probe may use.",
            remedy="Choose smaller sizes with --shape or --dim.",
        )
    longest = max((max(shape[1:]) for _, shape in found if len(shape) == 2), default=size.SEQUENCE)
    feeds = (_feed(value, shape, longest) for value, shape in found)
    return Inputs(feeds=tuple(feeds), free=sizes.free)


def _supported(value: Value, file_name: str) -> None:
    if value.kind != "tensor":
        what = _KIND_WORDS[value.kind]
        raise InvalidModelError(
            "onnx-input-unsupported",
            f"The input {value.name!r} of {file_name} is {what}; the probe can only make plain tensors.",
            remedy="Export the model with plain tensors as inputs.",
        )
    if value.data_type not in ELEMENT_BYTES:
        raise InvalidModelError(
            "onnx-input-unsupported",
            f"The input {value.name!r} of {file_name} is of type {value.data_type}, which the probe cannot make.",
            remedy=f"Export the model with inputs of one of: {', '.join(ELEMENT_BYTES)}.",
        )


def _feed(value: Value, shape: tuple[int, ...], longest: int) -> FileFeed:
    if value.data_type == "string":
        filled: _Filled = ("empty", 0, "texts are left empty")
    elif value.data_type == "bool":
        filled = _flag(value)
    elif value.data_type.startswith("float"):
        filled = _real(value)
    else:
        filled = _whole(value, shape, longest)
    fill, limit, why = filled
    return FileFeed(name=value.name, data_type=value.data_type, shape=shape, fill=fill, limit=limit, why=why)


def _flag(value: Value) -> _Filled:
    if "use_cache" in value.name or "use_past" in value.name:
        return "zeros", 0, "nothing was read before"
    return "ones", 0, "flags are set"


def _real(value: Value) -> _Filled:
    if _MASK_NAME.search(value.name):
        return "ones", 0, "a mask that hides nothing, by its name"
    if _STATE_NAME.search(value.name):
        return "zeros", 0, "a state at its beginning, by its name"
    if size.image_axes(value) is not None:
        return "pixels", 0, "an image, by its shape"
    return "normal", 0, "floats around 0"


def _whole(value: Value, shape: tuple[int, ...], longest: int) -> _Filled:
    if value.id_limit:
        return "ids", value.id_limit, f"looked up in a table of {value.id_limit:,} rows"
    if _MASK_NAME.search(value.name):
        return "ones", 0, "a mask that hides nothing, by its name"
    if _RATE_NAME.match(value.name):
        return "constant", SAMPLE_RATE, "a sample rate, by its name"
    if _POSITION_NAME.search(value.name):
        return "positions", 0, "positions, by its name"
    if _LENGTH_NAME.search(value.name) and len(shape) <= 1:
        return "constant", longest, "the length of the longest input, by its name"
    if _TYPE_NAME.search(value.name):
        return "zeros", 0, "all of the first kind, by its name"
    if value.data_type == "uint8":
        return "bytes", 0, "bytes, by its type"
    if len(shape) <= 1:
        return "ones", 0, "a count, by its shape"
    return "ids", _UNKNOWN_ID_LIMIT, "no limit is known, so 0 and 1 only"
