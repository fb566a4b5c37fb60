"""A static embedder is one table: looked up, never multiplied."""

import pytest

from advisor.catalog.formats import by_id, group_bytes
from advisor.catalog.inventory import of_card
from advisor.catalog.load import catalog
from advisor.catalog.model import Candidate
from advisor.estimate.profile_cost import profile_cost


@pytest.mark.parametrize("model", ["minishlab/potion-base-8M", "minishlab/potion-multilingual-128M"])
def test_a_static_embedder_is_one_table(model):
    card = catalog().by_id(model)
    (table,) = of_card(card)
    assert table.role == "embedding"
    assert table.num_columns == card.embedding_size
    assert table.num_parameters() == pytest.approx(card.num_parameters(), rel=0.001)


def test_it_works_less_than_a_transformer_of_a_fifth_of_its_size():
    static = profile_cost(
        Candidate(model=catalog().by_id("minishlab/potion-multilingual-128M"), format=by_id("onnx-fp32"))
    )
    encoder = profile_cost(
        Candidate(model=catalog().by_id("sentence-transformers/all-MiniLM-L6-v2"), format=by_id("onnx-fp32"))
    )
    assert static.reader_flops < encoder.reader_flops / 100


@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8-dynamic"])
def test_its_graph_holds_the_table_and_nothing_else(tmp_path, format_id):
    import onnx

    from advisor.graphs import encoder, storage, traits

    card = catalog().by_id("minishlab/potion-base-8M")
    shape = traits.encoder_shape(card)
    written = encoder.build(shape, storage.BY_FORMAT[format_id], tmp_path / "model.onnx")
    (table,) = of_card(card)
    assert written == pytest.approx(group_bytes(by_id(format_id), table), rel=0.001)
    assert written == storage.encoder_bytes(shape, storage.BY_FORMAT[format_id])
    operators = [node.op_type for node in onnx.load(tmp_path / "model.onnx", load_external_data=False).graph.node]
    assert not {"MatMul", "MatMulInteger", "MultiHeadAttention", "LayerNormalization"} & set(operators)
