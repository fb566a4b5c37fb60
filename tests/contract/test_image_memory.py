"""The table of working memory equals what the drawings of the networks say."""

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.estimate import image_memory
from advisor.graphs import recipes
from advisor.graphs.vision.recipe import VisionRecipe
from advisor.task.model import Workload

FAMILIES = frozenset({"vision", "detector", "convolution"})


def test_the_table_of_live_elements_is_that_of_the_drawings():
    found, uneven = {}, set()
    for card in load.catalog().models:
        recipe, _ = recipes.recipe(Candidate(model=card, format=formats.by_id("onnx-fp32")), Workload(num_images=1))
        if recipe is None or recipe.family not in FAMILIES:
            continue
        sheet = recipe._drawing(recipe.num_layers) if isinstance(recipe, VisionRecipe) else recipe.sheet(0)
        found[card.id] = sheet.peak_elements()
        if not recipe.divisible:
            uneven.add(card.id)
    assert found == image_memory.LIVE_ELEMENTS
    assert uneven == image_memory.UNEVEN
