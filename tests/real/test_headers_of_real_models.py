"""Two published models and what the app converts of them: zeros, and ONNX headers beside the onnx library."""

from math import prod

import onnx
import pytest

from advisor.catalog import local_model
from advisor.catalog.headers.onnx_file import TYPES
from advisor.catalog.weights import scan
from advisor.report import sparsity as words

SMOL, MINILM = 134_515_008, 22_713_216
WITHOUT_POOLER = MINILM - 384 * 385
"""Embeddings are means over all tokens: the layer over the first one is not in the graph."""


def test_two_dense_models_have_nearly_no_zeros(minilm_folder, smollm2_gguf):
    found = scan.scan(minilm_folder)
    assert (found.num_elements, found.num_zeros, found.num_unknown_elements) == (MINILM, 387, 0)
    assert found.missing_layers == found.uneven == ()
    found = scan.scan(smollm2_gguf)
    assert (found.num_elements, found.num_zeros, found.num_unknown_elements) == (SMOL, 325_128, 0)
    assert "So few zeros save nothing" in words.saving(found)[0]


@pytest.mark.parametrize(
    ("name", "stored_as", "num_parameters"),
    [("smollm2_fp32", "F32", SMOL), ("smollm2_int4", "int4 in blocks of 32", SMOL),
     ("minilm_fp32", "F32", WITHOUT_POOLER), ("minilm_int8", "int8", WITHOUT_POOLER)],
)  # fmt: skip
def test_onnx_headers_are_those_of_the_onnx_library(request, name, stored_as, num_parameters):
    folder = request.getfixturevalue(name)
    model = local_model.load(folder)
    proto = onnx.load(folder / "model.onnx", load_external_data=False)
    mine = {item.name: item for item in model.checkpoint.tensors()}
    for item in proto.graph.initializer:
        dtype, bits = TYPES[item.data_type]
        found = mine.pop(item.name)
        assert (found.shape, found.dtype) == (tuple(item.dims), dtype)
        assert found.size_bytes == -(-prod(item.dims) * bits // 8)
        placed = {entry.key: entry.value for entry in item.external_data}
        assert found.offset_bytes == int(placed.get("offset", found.offset_bytes))
    constants = [node for node in proto.graph.node if node.op_type == "Constant"]
    assert len(mine) == len(constants)
    assert model.stored_as == stored_as
    on_disk = sum(path.stat().st_size for path in folder.iterdir() if path.name.startswith("model.onnx"))
    assert model.checkpoint.file_bytes() == on_disk
    count = model.known.num_parameters
    assert count == num_parameters
    assert model.known.agrees
