"""The graphs' bytes and the catalog's bytes are computed apart and must agree."""

from collections import Counter

import pytest

from advisor.catalog import formats, load
from advisor.graphs import storage, support, traits

TOLERANCE_SHARE = 0.02
LEAST_CANDIDATES = {"decoder": 140, "encoder": 50}


def graph_bytes(card, family, kind):
    if family == "decoder":
        shape = traits.decoder_shape(card)
        # Rows of embedding models leave the head out, and so does their graph.
        heads = card.num_parameters() is None or shape.num_parameters() <= 1.005 * card.num_parameters()
        return storage.decoder_bytes(shape, kind, with_head=heads)
    return storage.encoder_bytes(traits.encoder_shape(card), kind)


@pytest.mark.parametrize("format_id", sorted(storage.BY_FORMAT))
def test_weights_take_the_bytes_that_the_catalog_states(format_id):
    wrong, seen = [], Counter()
    how = formats.by_id(format_id)
    for card in load.catalog().models:
        family, _ = support.family(card, how)
        if family is None:
            continue
        seen[family] += 1
        stated, _ = formats.file_bytes(how, card)
        ours = graph_bytes(card, family, storage.BY_FORMAT[format_id])
        if abs(ours / stated - 1) > TOLERANCE_SHARE:
            wrong.append((card.id, family, round(ours / stated, 4)))
    assert wrong == []
    assert seen["encoder"] >= LEAST_CANDIDATES["encoder"]
    if format_id != "onnx-int8-dynamic":
        assert seen["decoder"] >= LEAST_CANDIDATES["decoder"]
