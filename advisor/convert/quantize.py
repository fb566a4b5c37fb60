"""ONNX files with fewer bits, by ONNX Runtime's own quantizers."""

import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from typing_extensions import override

from advisor.convert import tables

DYNAMIC = "onnxruntime quantize_dynamic"
BLOCKS = "onnxruntime MatMulNBits quantizer"
_MOST_ONE_FILE_BYTES = 1_900_000_000
"""[B] protobuf cannot hold 2 GiB in one file."""
_BLOCKS = {"onnx-int8": (8, 32), "onnx-int4-b32": (4, 32), "onnx-int4-b128": (4, 128)}
_ACCURACY_LEVEL = 4
OnPart = Callable[[float], None]


def options(format_id: str, method: str) -> dict[str, str]:
    """Return the options of a format, as they are kept in the provenance."""
    if format_id == "onnx-int8-dynamic":
        return {"weight_type": "int8", "per_channel": "true"}
    bits, block = _BLOCKS[format_id]
    return {
        "bits": str(bits), "block_size": str(block), "is_symmetric": "true", "algorithm": method,
        "accuracy_level": str(_ACCURACY_LEVEL),
    }  # fmt: skip


def quantize(source: Path, target: Path, format_id: str, method: str, on_part: OnPart) -> None:
    """Write a file with fewer bits.

    Args:
        source: the 32-bit file.
        target: the file to write; weights beyond protobuf's limit lie beside it.
        format_id: the catalog's name.
        method: `rtn` or `k-quant`.
        on_part: told how far it is, 0 to 1.
    """
    if format_id == "onnx-int8-dynamic":
        _dynamic(source, target)
    else:
        _in_blocks(source, target, format_id, method, on_part)


def _dynamic(source: Path, target: Path) -> None:
    """Round weights to 8 bits with a scale for each output, which takes no more time than one for the whole matrix.

    Seen on all-MiniLM-L6-v2: cosine to 32 bits 0.97 to 0.995 in place of 0.85 to 0.97, 0.1 MiB more.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    size_bytes = sum(path.stat().st_size for path in source.parent.glob(f"{source.name}*"))
    with _quiet():
        quantize_dynamic(
            source, target, weight_type=QuantType.QInt8, per_channel=True,
            use_external_data_format=size_bytes > 2 * _MOST_ONE_FILE_BYTES,
            extra_options={"DefaultTensorType": 1},
        )  # fmt: skip


def _in_blocks(source: Path, target: Path, format_id: str, method: str, on_part: OnPart) -> None:
    import onnx
    from onnxruntime.quantization import matmul_nbits_quantizer as blocks

    bits, block = _BLOCKS[format_id]
    model = onnx.load(str(source))
    heads = tables.unfold(model)
    matrices = [node.name for node in model.graph.node if node.op_type == "MatMul"]
    settings, left_out = None, []
    if method == "k-quant":
        left_out = _narrow(model, block)
        settings = blocks.KQuantWeightOnlyQuantConfig(
            customized_weight_config={name: {"bits": bits} for name in matrices}
        )
    with _quiet(), _counted(len(matrices), on_part):
        quantizer = blocks.MatMulNBitsQuantizer(
            model, bits=bits, block_size=block, is_symmetric=True, accuracy_level=_ACCURACY_LEVEL,
            op_types_to_quantize=("MatMul",), algo_config=settings, nodes_to_exclude=left_out,
        )  # fmt: skip
        quantizer.process()
    made = quantizer.model.model
    tables.share(made, heads, bits=bits, block_size=block)
    tables.round_tables(made, bits=bits, block_size=block)
    outside = made.ByteSize() > _MOST_ONE_FILE_BYTES
    onnx.save_model(
        made, str(target), save_as_external_data=outside, location=f"{target.name}.data", size_threshold=1024
    )


def _narrow(model: tables.Proto, block_size: int) -> list[str]:
    """Return the matrices of one block in height, which the k-quant quantizer cannot do."""
    heights = {item.name: item.dims[0] for item in model.graph.initializer if len(item.dims) == 2}
    return [node.name for node in model.graph.node
            if node.op_type == "MatMul" and heights.get(node.input[1], block_size + 1) <= block_size]  # fmt: skip


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantizer's advice to preprocess off the log: these files were optimized when they were exported."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # a progress bar of its own
            yield
    finally:
        root.setLevel(before)


@contextlib.contextmanager
def _counted(num_matrices: int, on_part: OnPart) -> Iterator[None]:
    log = logging.getLogger("onnxruntime.quantization.matmul_nbits_quantizer")
    counter = Counter(num_matrices, on_part)
    log.addHandler(counter)
    log.propagate = False
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(counter)


class Counter(logging.Handler):
    """Counts the matrices that the quantizer says are done."""

    def __init__(self, expected: int, on_share: OnPart) -> None:
        """Take how many there are, and who is told."""
        super().__init__()
        self._expected, self._on_share, self._count = max(1, expected), on_share, 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Count one that is done."""
        if record.getMessage().startswith("complete"):
            self._count += 1
            self._on_share(min(1.0, self._count / self._expected))
