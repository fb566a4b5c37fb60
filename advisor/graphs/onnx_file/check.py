"""Are the weights of an ONNX file where they should be, and nowhere else? Reads sizes, never weights.

A path inside a model file comes from a stranger. It must lead to a regular file in the model's own folder: no absolute
path, no `..`, no link that leads out.
"""

import math
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

import onnx

from advisor import units
from advisor.errors import InvalidModelError
from advisor.graphs.onnx_file import skim
from advisor.graphs.onnx_file.model import ExternalFile

_BITS = {
    "FLOAT": 32, "DOUBLE": 64, "FLOAT16": 16, "BFLOAT16": 16, "BOOL": 8, "COMPLEX64": 64, "COMPLEX128": 128,
    **{f"{sign}INT{bits}": bits for sign in ("", "U") for bits in (2, 4, 8, 16, 32, 64)},
    "FLOAT8E4M3FN": 8, "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8, "FLOAT8E5M2FNUZ": 8, "FLOAT8E8M0": 8, "FLOAT4E2M1": 4,
}  # fmt: skip
_NAMES = {"FLOAT": "float32", "DOUBLE": "float64"}
_MOST_ELEMENTS = 2**42
"""[1] More than any model has, and few enough for every sum of them."""


def type_name(data_type: int) -> str:
    """Return the usual name of an ONNX element type: `float32`, `int4`, `bfloat16`, `string`."""
    try:
        name = str(onnx.TensorProto.DataType.Name(data_type))
    except ValueError:
        return f"unknown type {data_type}"
    return _NAMES.get(name, name.lower())


def num_elements(tensor: onnx.TensorProto) -> int:
    """Return the elements of a tensor from its dimensions."""
    return math.prod(tensor.dims)


def tensor_bytes(tensor: onnx.TensorProto) -> int | None:
    """Return what the elements of a tensor take, in bytes; null for texts and unknown types."""
    try:
        bits = _BITS.get(onnx.TensorProto.DataType.Name(tensor.data_type))
    except ValueError:
        return None
    return None if bits is None else (num_elements(tensor) * bits + 7) // 8


def weights(file: Path, tensors: Sequence[onnx.TensorProto]) -> tuple[ExternalFile, ...]:
    """Check every weight of a model and return the external files.

    Args:
        file: the model.
        tensors: all of its tensors, as `skim` left them.

    Raises:
        InvalidModelError: `onnx-weights-invalid` or `onnx-path-refused`; names file and tensor.
    """
    ends: dict[str, list[int]] = {}
    for tensor in tensors:
        if any(size < 0 for size in tensor.dims) or num_elements(tensor) > _MOST_ELEMENTS:
            raise _wrong(f"{file.name}: the weight {tensor.name!r} has an impossible shape {list(tensor.dims)}.")
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            location, end = _place(file, tensor)
            ends.setdefault(location, []).append(end)
        else:
            _own_payload(file, tensor)
    return tuple(_external(file, location, found) for location, found in sorted(ends.items()))


def path_inside(file: Path, location: str, what: str) -> Path:
    """Return the path of a file that a model names, if it lies in the model's folder.

    Args:
        file: the model.
        location: as the model states it.
        what: who names it, for the sentence.

    Raises:
        InvalidModelError: `onnx-path-refused`.
    """
    posix, windows = PurePosixPath(location), PureWindowsPath(location)
    leads_out = posix.is_absolute() or windows.anchor or ".." in posix.parts or ".." in windows.parts
    if not location or "\0" in location or leads_out:
        raise _path_refused(file, location, what)
    path = file.parent / location
    # A link may lead to where the model itself really lies (download caches keep all content in one folder of hashes).
    homes = (file.parent.resolve(), file.resolve().parent)
    if not any(path.resolve().is_relative_to(home) for home in homes):
        raise _path_refused(file, location, what)
    return path


def compiled_parts(file: Path, nodes: Iterable[onnx.NodeProto]) -> None:
    """Check the paths of parts that were compiled for one device and lie beside the model (`EPContext`).

    Raises:
        InvalidModelError: `onnx-path-refused`.
    """
    for node in nodes:
        if node.op_type != "EPContext":
            continue
        values = {attribute.name: attribute for attribute in node.attribute}
        embedded = values["embed_mode"].i if "embed_mode" in values else 1
        if not embedded and "ep_cache_context" in values:
            text = values["ep_cache_context"].s.decode("utf-8", "replace")
            path_inside(file, text, f"the compiled part {node.name!r}")


def _place(file: Path, tensor: onnx.TensorProto) -> tuple[str, int]:
    """Return the external file of a tensor and the byte its numbers end at."""
    entries = [(entry.key, entry.value) for entry in tensor.external_data]
    stated = dict(entries)
    what = f"the weight {tensor.name!r}"
    if len(stated) != len(entries) or "location" not in stated:
        raise _wrong(f"{file.name}: {what} is kept outside the file, but not exactly one place is stated.")
    try:
        offset = int(stated.get("offset", "0"))
        length = int(stated["length"]) if "length" in stated else None
    except ValueError as error:
        raise _wrong(f"{file.name}: {what} states an offset or length that is no number.") from error
    needed = tensor_bytes(tensor)
    if needed is None:
        raise _wrong(f"{file.name}: {what} has the type {type_name(tensor.data_type)}, which cannot lie outside.")
    if offset < 0 or (length is not None and length != needed):
        raise _wrong(
            f"{file.name}: {what} of shape {list(tensor.dims)} needs {needed:,} bytes, but {stated.get('length')} from "
            f"byte {offset:,} are stated."
        )
    path_inside(file, stated["location"], what)
    return stated["location"], offset + needed


def _external(file: Path, location: str, ends: Sequence[int]) -> ExternalFile:
    path = file.parent / location
    try:
        found = path.stat()
    except OSError as error:
        raise _wrong(
            f"{file.name} keeps {len(ends)} of its weights in {location!r}, which is not there.",
            "Put that file into the folder of the model; it is part of the download.",
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise _wrong(f"{file.name} keeps weights in {location!r}, which is no regular file.")
    if found.st_size < max(ends):
        raise _wrong(
            f"{location!r}, which holds weights of {file.name}, is too short: {units.size(max(ends))} "
            f"({max(ends):,} bytes) are needed, it has {found.st_size:,} bytes.",
        )
    return ExternalFile(name=location, size_bytes=found.st_size, num_tensors=len(ends))


def _own_payload(file: Path, tensor: onnx.TensorProto) -> None:
    """Check that numbers that lie in the file itself are as many as the shape asks for."""
    needed = tensor_bytes(tensor)
    has = len(tensor.raw_data)
    left_out = skim.left_out_bytes(tensor.doc_string)
    if needed is None or (not has and not left_out):
        return  # typed lists: their element counts are checked by the runtime
    typed = tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)
    if (has and has != needed) or (left_out and typed and left_out != needed):
        raise _wrong(
            f"{file.name}: the weight {tensor.name!r} of shape {list(tensor.dims)} needs {needed:,} bytes, the file "
            f"holds {has or left_out:,}."
        )


def _wrong(message: str, remedy: str = "Download or export the model again.") -> InvalidModelError:
    return InvalidModelError("onnx-weights-invalid", message, remedy=remedy)


def _path_refused(file: Path, location: str, what: str) -> InvalidModelError:
    return InvalidModelError(
        "onnx-path-refused",
        f"{file.name}: {what} should be read from {location!r}, which lies outside the model's folder. A model must "
        "not read other files of this computer.",
        remedy="Use a model from a source you trust, with its data files beside it.",
    )
