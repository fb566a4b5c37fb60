"""Which vision models of the catalog have a recipe; their bytes against the catalog's, which counts on its own."""

import cards
import msgspec
import pytest

from advisor.catalog import formats, load
from advisor.catalog.inventory.dispatch import has_rule
from advisor.catalog.model import Candidate
from advisor.graphs import recipes
from advisor.graphs.vision import shapes
from advisor.graphs.vision.recipe import VisionRecipe
from advisor.task.model import Workload

FORMATS = ("onnx-fp32", "onnx-int8-dynamic")
TOLERANCE_SHARE = 0.02
LEAST_MODELS = 28
LUMPS = frozenset({"sam"})
"""Types of which the catalog knows part as one count, and so cannot say what of it is quantized."""


def models():
    found = [card for card in load.catalog().models if card.architecture is not None]
    return [card for card in found if shapes.knows(card.architecture)]


def recipe_of(card, format_id="onnx-fp32", **sizes):
    return recipes.recipe(Candidate(model=card, format=formats.by_id(format_id)), Workload(**sizes))


def of_id(model_id):
    return next(card for card in load.catalog().models if card.id == model_id)


@pytest.mark.parametrize("format_id", FORMATS)
def test_weights_take_the_bytes_that_the_catalog_states(format_id):
    wrong, seen = [], 0
    for card in models():
        recipe, _ = recipe_of(card, format_id)
        if recipe is None:
            continue
        seen += 1
        exact = has_rule(card.architecture) and card.architecture.model_type not in LUMPS
        if format_id != "onnx-fp32" and not exact:
            continue
        stated, _ = formats.file_bytes(formats.by_id(format_id), card)
        ratio = recipe.weight_bytes(recipe.num_layers) / stated
        if abs(ratio - 1) > TOLERANCE_SHARE:
            wrong.append((card.id, round(ratio, 4)))
    assert wrong == []
    assert seen >= LEAST_MODELS


def test_parameters_are_the_catalogs_but_for_what_exporters_leave_out():
    apart = {}
    for card in models():
        recipe, why = recipe_of(card)
        assert recipe is not None or why.endswith(".")
        if recipe is not None:
            apart[card.id] = recipe.num_parameters() - card.num_parameters()
    assert apart["google/vit-base-patch16-224"] == 0
    assert apart["timm/swin_tiny_patch4_window7_224.ms_in1k"] == 0
    assert apart["timm/mobilevit_s.cvnets_in1k"] == 0
    assert apart["facebook/detr-resnet-50"] == 0
    assert apart["nvidia/segformer-b5-finetuned-ade-640-640"] == 0
    assert apart["facebook/dinov2-base"] == 0
    assert apart["PekingU/rtdetr_r50vd"] == -81 * 256  # the table of noisy labels, used in training
    assert all(difference <= 0 for difference in apart.values())


def test_a_shape_that_disagrees_with_the_parameter_count_is_not_believed():
    card = of_id("google/vit-base-patch16-224")
    facts = msgspec.structs.replace(card.parameters, num_computed=2 * card.num_parameters())
    recipe, why = recipe_of(msgspec.structs.replace(card, parameters=facts))
    assert recipe is None
    assert "parameter count" in why


def test_missing_fields_are_said():
    card = of_id("openai/clip-vit-base-patch32")
    bare = msgspec.structs.replace(card, architecture=msgspec.structs.replace(card.architecture, vision=None))
    recipe, why = recipe_of(bare)
    assert recipe is None
    assert "not fully known" in why


@pytest.mark.parametrize(
    "model_id",
    [
        "facebook/sam2.1-hiera-tiny",
        "IDEA-Research/grounding-dino-tiny",
        "ustc-community/dfine-large-coco",
        "Roboflow/rf-detr-base",
    ],
)
def test_networks_too_irregular_to_be_exact_are_refused_with_a_sentence(model_id):
    recipe, why = recipe_of(of_id(model_id))
    assert recipe is None
    assert why.startswith("No exact test model is made for")
    assert why.endswith(".")


@pytest.mark.parametrize("format_id", ["onnx-int4-b32", "onnx-int8", "onnx-fp16", "gguf-q4_k_m"])
def test_other_formats_are_refused_with_a_sentence(format_id):
    recipe, why = recipe_of(of_id("google/vit-base-patch16-224"), format_id)
    assert recipe is None
    assert why.endswith(".")


def test_other_kinds_are_left_to_others():
    recipe, _ = recipe_of(cards.tiny_decoder())
    assert not isinstance(recipe, VisionRecipe)


def test_runs_are_images_and_passes():
    card = of_id("google/vit-base-patch16-224")
    found = [
        recipe_of(card, **sizes)[0].num_runs for sizes in ({}, {"num_images": 3}, {"num_images": 3, "num_passes": 2})
    ]
    assert found == [1, 3, 6]


def test_an_image_has_the_size_the_model_was_trained_for():
    for model_id, shape in (
        ("facebook/dinov2-base", (2, 3, 518, 518)),
        ("hustvl/yolos-tiny", (2, 3, 800, 1333)),
        ("nvidia/segformer-b5-finetuned-ade-640-640", (2, 3, 640, 640)),
        ("facebook/sam-vit-base", (2, 3, 1024, 1024)),
    ):
        recipe, _ = recipe_of(of_id(model_id), num_batch=2)
        assert recipe.feeds()[0].shape == shape
        assert recipe.num_batch == 2
