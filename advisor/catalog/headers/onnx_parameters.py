"""Which weights of an ONNX graph are parameters, and how many a packed one stands for: its operators tell.

Which input of an operator is a weight, a scale or a zero point: the operators' specifications in onnx and in ONNX
Runtime's ContribOperators.md, as of 2026.
"""

import re
from collections.abc import Iterator, Mapping

from advisor.catalog.headers.onnx_values import OnnxTensor, OnnxUse

_FLOATS = frozenset({"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "F4"})
_PACKED = frozenset({"U8", "I8", "U4", "I4", "U2", "I2"})
_BUFFERS: dict[str, frozenset[int]] = {
    "MatMulNBits": frozenset({2, 3, 4}), "GatherBlockQuantized": frozenset({2, 3}),
    "DequantizeLinear": frozenset({1, 2}), "QuantizeLinear": frozenset({1, 2}), "MatMulInteger": frozenset({2, 3}),
    "ConvInteger": frozenset({2, 3}), "DynamicQuantizeMatMul": frozenset({2, 3}),
    "MatMulIntegerToFloat": frozenset({2, 3, 4, 5}), "RotaryEmbedding": frozenset({2, 3}),
    "GroupQueryAttention": frozenset({7, 8}), "QAttention": frozenset({3, 4, 6, 7}),
    "QLinearMatMul": frozenset({1, 2, 4, 5, 6, 7}), "QLinearConv": frozenset({1, 2, 4, 5, 6, 7}),
}  # fmt: skip
"""Operator -> inputs that hold scales, zero points or tables of angles: no parameters."""
_TURNED = frozenset({"MatMul", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "FusedMatMul"})
"""Operators whose second input has the inputs of a layer as rows."""
_TABLES = frozenset({"Gather", "GatherBlockQuantized"})
KNOWN = frozenset({*_BUFFERS, *_TURNED, *_TABLES, "Gemm", "Conv"})
"""Operators that tell what a weight is for."""
_NAMELESS = re.compile(r"(onnx::|val_|_v_|t_)[\w.:]*\d+\w*\Z")
_OPERATOR = re.compile(r"[./](?:MatMul(?:NBits)?|Gemm|Gather|Conv)(?:_\d+)?(?:[./]weight)?(?:_\w+)?\Z")


def unpacked(tensors: list[OnnxTensor], uses: Mapping[str, OnnxUse]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the parameters among weights: stored name -> name and shape, rows first, as the model sees them.

    Scales, zero points, tables of angles, whole numbers and single constants are no parameters.
    """
    return dict(_parameters(tensors, uses))


def _parameters(
    tensors: list[OnnxTensor], uses: Mapping[str, OnnxUse]
) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    names = {item.name for item in tensors}
    for item in tensors:
        use = uses.get(item.name)
        if _is_buffer(item, use, names):
            continue
        yield item.name, (_called(item.name, use), _shape(item, use))


def _is_buffer(item: OnnxTensor, use: OnnxUse | None, names: set[str]) -> bool:
    if use is not None and use.input_index in _BUFFERS.get(use.operator, ()):
        return True
    if item.dtype in _FLOATS:
        stem = item.name.removesuffix("_scale")
        is_scale = stem != item.name and f"{stem}_quantized" in names
        return is_scale or item.num_elements() <= 1 or item.name.endswith(("cos_cache", "sin_cache"))
    return item.dtype not in _PACKED or len(item.shape) < 2


def _shape(item: OnnxTensor, use: OnnxUse | None) -> tuple[int, ...]:
    shape = item.shape
    if use is None:
        return shape
    numbers = use.attribute_counts
    if use.operator == "MatMulNBits" and use.input_index == 1:
        rows, columns = numbers.get("N", 0), numbers.get("K", 0)
        # A lie in these two fields must not make more parameters than there are bits.
        return (rows, columns) if 0 < rows * columns <= 8 * item.size_bytes else shape
    if use.operator == "GatherBlockQuantized" and use.input_index == 0 and item.dtype in ("U8", "I8"):
        bits = numbers.get("bits", 4)
        return (*shape[:-1], shape[-1] * 8 // bits) if bits in (2, 4, 8) else shape
    turned = use.operator in _TURNED or (use.operator == "Gemm" and not numbers.get("transB", 0))
    return (shape[1], shape[0]) if turned and use.input_index == 1 and len(shape) == 2 else shape


def _called(name: str, use: OnnxUse | None) -> str:
    """Return a name that tells what a weight is for, from its operator where exporters gave it none."""
    told = name
    if use is not None and _NAMELESS.match(name) and "/" in use.node:
        told = f"{use.node.strip('/').replace('/', '.')}"
    told = _OPERATOR.sub(".weight", told.replace("/", "."))
    for ending in ("_quantized", "_Q4", "_Q8", "_quant"):
        told = told.removesuffix(ending)
    if use is not None and use.operator in _TABLES and use.input_index == 0 and not re.search("embed|wte|wpe", told):
        told += ".embedding"
    return told
