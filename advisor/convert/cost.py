"""What a conversion takes: memory at its peak, time and disk, said before it starts. Pure.

Memory is the sum of what lies there at once: the tools themselves, the answers that are compared, the weights as
PyTorch holds them, and the copies that the exporters and quantizers make. The factors were measured with
`benchmarks/conversion.py`, which prints prediction and measurement.
"""

from typing import Literal

import msgspec

from advisor.evidence import Quantity

Route = Literal["builder", "torch-onnx"]
"""`builder`: onnxruntime-genai's model builder, for decoders. `torch-onnx`: torch.onnx with dynamo, for all else."""
MEMORY_DOUBT = 0.2
"""[1] Predicted and measured peaks are within this share of each other."""
_TOOLS_BYTES = {"builder": 575e6, "torch-onnx": 565e6}
_QUANTIZER_BYTES = 60e6
_ANSWER_BYTES = 2300
"""[B] For each word of a decoder's vocabulary: its scores at 191 positions, and those of one text again, as doubles."""
_COPIES = {
    "builder": {"onnx-fp32": 1.25, "onnx-int8": 2.45, "onnx-int8-dynamic": 3.1},
    "torch-onnx": {"onnx-fp32": 2.0, "onnx-int8-dynamic": 4.05},
}
"""[1] Times the weights at 32 bits."""
_COPIES_IN_BLOCKS = {"builder": 2.43, "torch-onnx": 2.75}
_LOADED_COPIES = 1.1
"""[1] Times what the source takes less than 32 bits: the builder keeps it so until it rounds."""
_K_QUANT_COPIES = 8.4
"""[1] Times the largest matrix: the search holds several candidates of its steps."""
_IN_BLOCKS = ("onnx-int8", "onnx-int4-b32", "onnx-int4-b128")
_OWN_HEAD = ("onnx-int8", "onnx-int8-dynamic")
"""Formats in which the builder writes the output matrix of its own although it is the token table."""
_TOOLS_S = 8.0
_GGUF_TOKEN_S = 2e-4
"""[s] For each word of a GGUF file's vocabulary, which is read several times."""
_TIME_DOUBT = 3.0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the cost of a conversion."""

    route: Route
    format_id: str
    method: str
    num_parameters: int
    """[1] Numbers of the model, shared ones once."""
    largest_matrix_bytes: int
    """[B] The largest matrix at 4 bytes a number: quantizers work on one matrix at a time."""
    shared_bytes: int = 0
    """[B] Of an output matrix that is the token table, at 4 bytes a number."""
    vocab_size: int = 0
    """[1] Words that a decoder chooses from."""
    source_bytes: int
    """[B] Of the weights as they are loaded: half of 32 bits for bf16."""
    activation_bytes: int = 0
    """[B] Between the layers, where they count: sounds of 30 seconds."""
    result_bytes: int
    """[B] Of the converted model."""
    copies_source: bool
    """A plain copy of the weights is written first: GGUF files and models with an adapter."""
    checked: bool


def memory(work: Work) -> Quantity:
    """Return the peak of the conversion's memory."""
    value = _TOOLS_BYTES[work.route] + _weight_bytes(work) + work.activation_bytes
    if work.route == "torch-onnx" and work.format_id != "onnx-fp32":
        value += _QUANTIZER_BYTES
    if work.checked and work.route == "builder":
        value += _ANSWER_BYTES * work.vocab_size
    return Quantity(
        value=value, low=value * (1 - MEMORY_DOUBT), high=value * (1 + MEMORY_DOUBT), unit="B", evidence="estimated",
        basis="bytes of the weights times copies held at once, measured on 11 models of several kinds and sizes",
    )  # fmt: skip


def seconds(work: Work) -> Quantity:
    """Return the time of the conversion, wide: processors and disks differ."""
    per_gigabyte = {"onnx-fp32": 8.0, "onnx-int8-dynamic": 20.0}.get(work.format_id, 14.0)
    if work.method == "k-quant":
        per_gigabyte += 30.0
    tokens_s = 0.0
    if work.copies_source:
        per_gigabyte += 6.0
        tokens_s = _GGUF_TOKEN_S * work.vocab_size
    if work.checked:
        per_gigabyte += 8.0
    value = _TOOLS_S + tokens_s + per_gigabyte * 4e-9 * work.num_parameters
    return Quantity(
        value=value, low=value / _TIME_DOUBT, high=value * _TIME_DOUBT, unit="s", evidence="estimated",
        basis="bytes of the weights times a rate measured on one computer with two processors",
    )  # fmt: skip


def disk_bytes(work: Work) -> int:
    """Return the bytes [B] that must be free: the result and what lies beside it while it is made."""
    whole = 4 * work.num_parameters
    needed = work.result_bytes + (whole if work.copies_source else 0)
    is_second_step = work.format_id == "onnx-int8-dynamic" or (work.route == "torch-onnx" and "int" in work.format_id)
    return needed + (whole if is_second_step else 0)


def _weight_bytes(work: Work) -> float:
    whole = 4.0 * work.num_parameters
    if work.route == "builder" and work.format_id in _OWN_HEAD:
        whole += work.shared_bytes
    copies = _COPIES[work.route].get(work.format_id, _COPIES_IN_BLOCKS[work.route])
    total = copies * whole
    if work.method == "k-quant":
        total += _K_QUANT_COPIES * work.largest_matrix_bytes
    if work.route == "builder" and work.format_id in _IN_BLOCKS:
        total -= _LOADED_COPIES * (4.0 * work.num_parameters - work.source_bytes)
    return total
