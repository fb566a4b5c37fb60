"""The graphs' bytes and the catalog's bytes are computed apart and must agree."""

from collections import Counter

import pytest

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.graphs import recipes, storage
from advisor.graphs.text import DecoderRecipe, EncoderRecipe
from advisor.task.model import Workload

TOLERANCE_SHARE = 0.02
LEAST_CANDIDATES = {"dense": 150, "mixture": 16, "hybrid": 13, "encoder": 50}
WORK = Workload(num_output_tokens=1)


def kind_of(recipe):
    if isinstance(recipe, EncoderRecipe):
        return "encoder"
    if recipe.shape.recurrent is not None:
        return "hybrid"
    return "mixture" if recipe.shape.experts is not None else "dense"


def graph_bytes(card, recipe):
    if isinstance(recipe, EncoderRecipe):
        return recipe.weight_bytes(recipe.num_layers)
    # Rows of embedding models leave the head out, and so does their graph.
    count = card.num_parameters()
    heads = count is None or recipe.shape.num_parameters() <= 1.005 * count
    return storage.decoder_bytes(recipe.shape, recipe.storage, with_head=heads)


@pytest.mark.parametrize("format_id", sorted(storage.BY_FORMAT))
def test_weights_take_the_bytes_that_the_catalog_states(format_id):
    wrong, seen = [], Counter()
    how = formats.by_id(format_id)
    for card in load.catalog().models:
        recipe, _ = recipes.recipe(Candidate(model=card, format=how), WORK)
        if not isinstance(recipe, DecoderRecipe | EncoderRecipe):
            continue
        seen[kind_of(recipe)] += 1
        stated, _ = formats.file_bytes(how, card)
        ours = graph_bytes(card, recipe)
        if abs(ours / stated - 1) > TOLERANCE_SHARE:
            wrong.append((card.id, kind_of(recipe), round(ours / stated, 4)))
    assert wrong == []
    assert seen["encoder"] >= LEAST_CANDIDATES["encoder"]
    if format_id != "onnx-int8-dynamic":
        assert {kind: count for kind, count in seen.items() if count < LEAST_CANDIDATES[kind]} == {}
