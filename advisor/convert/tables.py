"""Tables that are looked up, token embeddings above all, in blocks with fewer bits: what the quantizers leave out.

ONNX Runtime's quantizer rounds tables to 4 bits only and not by every method, and onnxruntime-genai's builder keeps
them at 32 bits where matrices have 8. Here they are rounded as the matrices are, and shared with an output matrix that
is the same one. Layout: com.microsoft.GatherBlockQuantized, bytes with a zero point of half their range, as in
MatMulNBits.
"""

from pathlib import Path
from typing import Any

_LEAST_ROWS = 256
"""[1] Smaller tables are not worth it: kinds of tokens, distances."""
_HEAD = "/lm_head/MatMul"
_ONE_BYTE = 8
Proto = Any
"""A model, node or array of onnx's and numpy's, which are imported in the child alone."""


def round_tables(model: Proto, *, bits: int, block_size: int) -> None:
    """Round every table of 32-bit rows in a model, in place.

    Args:
        model: an onnx.ModelProto with its weights.
        bits: 4 or 8.
        block_size: numbers that share a scale.
    """
    import numpy as np
    import onnx
    from onnx import numpy_helper

    weights = {item.name: item for item in model.graph.initializer}
    tables: dict[str, str] = {}
    for node in model.graph.node:
        if not _is_table(node, weights, block_size):
            continue
        table = weights[node.input[0]]
        if table.name not in tables:
            tables[table.name] = f"{table.name}_Q{bits}"
            packed, scales = rounded(numpy_helper.to_array(table), bits=bits, block_size=block_size)
            model.graph.initializer.append(numpy_helper.from_array(packed, tables[table.name]))
            scales_name = f"{tables[table.name]}_scales"
            model.graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), scales_name))
        name = tables[table.name]
        _replace(node, [name, node.input[1], f"{name}_scales"], bits, block_size)
    used = {value for node in model.graph.node for value in node.input}
    for name in tables:
        if name not in used:
            model.graph.initializer.remove(weights[name])
    if tables and not any(item.domain == "com.microsoft" for item in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))


def rounded(table: Proto, *, bits: int, block_size: int) -> tuple[Proto, Proto]:
    """Return a table's bytes and its scales, one for each block: the same steps on both sides of 0."""
    import numpy as np

    num_rows, num_columns = table.shape
    blocks = table.reshape(num_rows, num_columns // block_size, block_size)
    largest = np.abs(blocks).max(-1, keepdims=True)
    half = 2 ** (bits - 1)
    scales = largest / (half - 1)
    steps = np.rint(blocks / np.where(scales > 0, scales, 1.0)) + half
    whole = steps.astype(np.uint8).reshape(num_rows, num_columns)
    if bits < _ONE_BYTE:
        whole = whole[:, 0::2] | (whole[:, 1::2] << 4)
    return whole, scales[..., 0]


def finish(path: Path, *, bits: int, block_size: int, tied: bool) -> None:
    """Round the tables that a builder left at 32 bits in its file.

    Args:
        path: model.onnx, its weights beside it.
        bits: 4 or 8.
        block_size: numbers that share a scale.
        tied: the token table and the output matrix are the same matrix.
    """
    import onnx

    outline = onnx.load(str(path), load_external_data=False)
    weights = {item.name: item for item in outline.graph.initializer}
    if not any(_is_table(node, weights, block_size) for node in outline.graph.node):
        return
    model = onnx.load(str(path))
    if tied:
        tables = (node.input[0] for node in model.graph.node if _is_table(node, weights, block_size))
        share(model, dict.fromkeys(tables, _HEAD), bits=bits, block_size=block_size)
    round_tables(model, bits=bits, block_size=block_size)
    data = path.with_name(f"{path.name}.data")
    data.unlink(missing_ok=True)
    path.unlink()
    onnx.save_model(model, str(path), save_as_external_data=True, location=data.name, size_threshold=1024)


def unfold(model: Proto) -> dict[str, str]:
    """Turn over, once and for all, the tables that are an output matrix too; exporters leave that to each run.

    Returns:
        Name of the table -> name of the product that has it.
    """
    import numpy as np
    from onnx import numpy_helper

    weights = {item.name: item for item in model.graph.initializer if len(item.dims) == 2 and item.data_type == 1}
    turned = {node.output[0]: node for node in model.graph.node if node.op_type == "Transpose"}
    found: dict[str, str] = {}
    for node in model.graph.node:
        before = turned.get(node.input[1]) if node.op_type == "MatMul" else None
        if before is None or before.input[0] not in weights:
            continue
        table = before.input[0]
        whole = np.ascontiguousarray(numpy_helper.to_array(weights[table]).T)
        model.graph.initializer.append(numpy_helper.from_array(whole, f"{node.name}_turned"))
        node.input[1] = f"{node.name}_turned"
        found[table] = node.name
    used = {value for node in model.graph.node for value in node.input}
    for node in turned.values():
        if node.output[0] not in used:
            model.graph.node.remove(node)
    return found


def share(model: Proto, heads: dict[str, str], *, bits: int, block_size: int) -> None:
    """Let a token table be the bytes of the rounded product that has the same matrix.

    Args:
        model: with rounded products.
        heads: name of the table -> what the name of the product begins with.
        bits: 4 or 8.
        block_size: numbers that share a scale.
    """
    import numpy as np
    from onnx import helper, numpy_helper

    weights = {item.name: item for item in model.graph.initializer}
    for node in list(model.graph.node):
        begin = heads.get(node.input[0]) if _is_table(node, weights, block_size) else None
        head = None if begin is None else _rounded_product(model, begin)
        if head is None:
            continue
        table = weights[node.input[0]]
        flat = np.array([table.dims[0], table.dims[1] * bits // _ONE_BYTE], dtype=np.int64)
        model.graph.initializer.append(numpy_helper.from_array(flat, f"{node.name}/rows_shape"))
        rows = helper.make_node(
            "Reshape", [head.input[1], f"{node.name}/rows_shape"], [f"{node.name}/rows"], name=f"{node.name}/Reshape"
        )
        _replace(node, [rows.output[0], node.input[1], *head.input[2:4]], bits, block_size)
        model.graph.node.insert(0, rows)
        if not any(table.name in other.input for other in model.graph.node):
            model.graph.initializer.remove(table)


def _rounded_product(model: Proto, begin: str) -> Proto | None:
    return next(
        (node for node in model.graph.node if node.op_type == "MatMulNBits" and node.name.startswith(begin)), None
    )


def _is_table(node: Proto, weights: dict[str, Proto], block_size: int) -> bool:
    table = weights.get(node.input[0]) if node.op_type == "Gather" else None
    if table is None or table.data_type != 1 or len(table.dims) != 2:
        return False
    axis = next((item.i for item in node.attribute if item.name == "axis"), 0)
    return axis == 0 and table.dims[0] >= _LEAST_ROWS and table.dims[1] % block_size == 0


def _replace(node: Proto, inputs: list[str], bits: int, block_size: int) -> None:
    """Make a node look up rounded rows."""
    from onnx import helper

    made = helper.make_node(
        "GatherBlockQuantized", inputs, list(node.output), name=f"{node.name}_Q{bits}", domain="com.microsoft",
        bits=bits, block_size=block_size, gather_axis=0, quantize_axis=1,
    )  # fmt: skip
    node.CopyFrom(made)
