"""What a conversion takes: memory at its peak, time and disk, said before it starts. Pure.

Memory is the sum of what lies there at once: the tools themselves, the weights as PyTorch holds them, and copies that
the exporters make. The factors were measured with `benchmarks/conversion.py`, which prints prediction and measurement.
"""

from typing import Literal

import msgspec

from advisor.evidence import Quantity

Route = Literal["builder", "torch-onnx"]
"""`builder`: onnxruntime-genai's model builder, for decoders. `torch-onnx`: torch.onnx with dynamo, for all else."""
MEMORY_DOUBT = 0.2
"""[1] Predicted and measured peaks are within this share of each other."""
_TOOLS_BYTES = 560e6
_TOOLS_S = 9.0
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
    source_bytes: int
    """[B] Weights as they lie in the source."""
    result_bytes: int
    """[B] Of the converted model."""
    copies_source: bool
    """A plain copy of the weights is written first: GGUF files and models with an adapter."""
    checked: bool


def memory(work: Work) -> Quantity:
    """Return the peak of the conversion's memory."""
    value = _TOOLS_BYTES + _memory_bytes(work)
    return Quantity(
        value=value, low=value * (1 - MEMORY_DOUBT), high=value * (1 + MEMORY_DOUBT), unit="B", evidence="estimated",
        basis="bytes of the weights times copies held at once, measured on models of 4 sizes",
    )  # fmt: skip


def seconds(work: Work) -> Quantity:
    """Return the time of the conversion, wide: processors and disks differ."""
    per_gigabyte = {"onnx-fp32": 8.0, "onnx-int8-dynamic": 20.0}.get(work.format_id, 14.0)
    if work.method == "k-quant":
        per_gigabyte += 30.0
    if work.copies_source:
        per_gigabyte += 6.0
    if work.checked:
        per_gigabyte += 8.0
    value = _TOOLS_S + per_gigabyte * 4e-9 * work.num_parameters
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


def _memory_bytes(work: Work) -> float:
    whole = 4.0 * work.num_parameters
    if work.route == "builder":
        return _builder_bytes(work, whole)
    return 2.5 * whole


def _builder_bytes(work: Work, whole: float) -> float:
    if work.format_id in ("onnx-fp32", "onnx-int8-dynamic"):
        return 1.3 * whole
    extra = 8.0 * work.largest_matrix_bytes if work.method == "k-quant" else 0.0
    return (2.9 if work.format_id == "onnx-int8" else 2.5) * whole + extra
