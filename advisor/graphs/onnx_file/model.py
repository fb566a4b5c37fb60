"""What the header of an ONNX file says. Pure values; imports no onnx."""

from typing import Literal

import msgspec

ValueKind = Literal["tensor", "sequence", "map", "optional", "sparse"]
Dimension = int | str | None
"""A fixed size, the name of a free one, or a free one without a name."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One input or output of a graph."""

    name: str
    kind: ValueKind = "tensor"
    data_type: str
    """`float32`, `int64`, `string`, ...; of the elements where the kind has some."""
    shape: tuple[Dimension, ...] | None
    """Null: not even the number of dimensions is stated."""
    id_limit: int = 0
    """[rows] Values must lie below it: the rows of the table that the graph looks them up in. 0: not known."""


class ExternalFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file beside the model that holds weights. It was checked: it lies in the model's folder and is long enough."""

    name: str
    size_bytes: int
    num_tensors: int


class OnnxHeader(msgspec.Struct, frozen=True, kw_only=True):
    """An ONNX file without its weights."""

    file_bytes: int
    """[B] The file itself, without external files."""
    ir_version: int
    producer: str
    opsets: dict[str, int]
    """Domain -> version; the standard operators are `ai.onnx`."""
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    custom_operators: tuple[str, ...] = ()
    """`domain:operator` that neither ONNX Runtime nor the file itself defines."""
    num_nodes: int
    """Of all graphs, the branches of conditions and the bodies of loops included."""
    num_by_operator: dict[str, int]
    num_parameters: int
    """Numbers stored as weights; two to the byte where a matrix is packed in 4 bits."""
    weight_bytes: dict[str, int]
    """[B] Data type -> bytes of weights and constants, external ones included."""
    external_files: tuple[ExternalFile, ...] = ()
    head_size: int = 0
    """Width of an attention head, from the rotary tables of GroupQueryAttention; 0: not known."""
    image_size: tuple[int, int] | None = None
    """[pixels] Height and width that the file's own notes state."""
