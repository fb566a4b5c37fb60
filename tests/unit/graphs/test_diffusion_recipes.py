"""Diffusion models of the catalog: parameters and bytes of their denoisers, steps, and what a picture costs."""

import cards
import msgspec
import pytest

from advisor.catalog import formats, load, query
from advisor.catalog.model import Candidate
from advisor.graphs import recipes
from advisor.graphs.diffusion import cost, traits
from advisor.graphs.diffusion.recipe import DiffusionRecipe
from advisor.task.model import Workload

TURBO, GUIDED, FLUX = "stabilityai/sd-turbo", "stabilityai/stable-diffusion-2-1", "black-forest-labs/FLUX.1-dev"
TABLES = {
    "PixArt-alpha/PixArt-XL-2-1024-MS": 4096 * 1152, "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS": 4096 * 1152,
    "stabilityai/stable-diffusion-3-medium-diffusers": 4096 * 1536,
    "stabilityai/stable-diffusion-3.5-medium": 4096 * 1536,
}  # fmt: skip
"""Elements of tables of places, which are no parameters: patches times width."""
VECTORS = 5_000
"""Elements of ones and frequencies, at most."""
COUNTED_FLOPS = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": 1_606_546_882_560, TURBO: 804_257_464_320,
    GUIDED: 4_298_211_491_840, "stabilityai/stable-diffusion-xl-base-1.0": 13_522_472_796_160,
    "stabilityai/sdxl-turbo": 1_588_778_762_240, "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS": 13_267_159_547_904,
    "stabilityai/stable-diffusion-3-medium-diffusers": 17_808_675_078_144,
    "stabilityai/stable-diffusion-3.5-medium": 22_499_147_415_552, FLUX: 74_384_653_418_496,
}  # fmt: skip
"""[FLOP] Of a step, counted by torch 2.13 (`torch.utils.flop_counter`) while diffusers 0.42's own classes ran at the
published configuration and picture size, both passes of guided models."""


def rows():
    return [card for card in load.catalog().models if traits.published(card) is not None]


def of_id(model_id):
    return next(card for card in load.catalog().models if card.id == model_id)


def recipe_of(card, format_id="onnx-fp32", **sizes):
    return recipes.recipe(Candidate(model=card, format=formats.by_id(format_id)), Workload(**sizes))


def denoiser_parameters(card):
    return card.parameters.components.get("unet") or card.parameters.components["transformer"]


def test_every_denoiser_has_exactly_the_parameters_that_the_catalog_states():
    found = {card.id: recipe_of(card)[0].num_parameters() - denoiser_parameters(card) for card in rows()}
    assert found == dict.fromkeys(traits.PUBLISHED, 0)
    assert len(found) == 11


def test_weights_take_the_bytes_of_the_parameters_and_of_tables():
    for card in rows():
        recipe, _ = recipe_of(card)
        spare = recipe.weight_bytes(recipe.num_layers) / 4 - denoiser_parameters(card) - TABLES.get(card.id, 0)
        assert 0 < spare < VECTORS
        denoiser = formats.file_bytes(formats.by_id("onnx-fp32"), card)[0] * (
            denoiser_parameters(card) / sum(card.parameters.components.values())
        )
        assert recipe.weight_bytes(recipe.num_layers) == pytest.approx(denoiser, rel=0.02)


def test_the_steps_are_the_published_ones_unless_the_user_says_otherwise():
    preset = {"num_passes": 50, "assumed_fields": ("num_passes",)}
    for sizes, runs in (({}, 1), (preset, 1), ({**preset, "num_images": 3}, 3), ({"num_passes": 4}, 4)):
        assert recipe_of(of_id(TURBO), **sizes)[0].num_runs == runs
    found = {card.id: recipe_of(card, **preset)[0].num_steps for card in rows()}
    assert (found[GUIDED], found[FLUX], found["black-forest-labs/FLUX.1-schnell"]) == (50, 28, 4)


def test_guided_models_work_on_two_latents_at_a_time():
    found = {card.id: recipe_of(card)[0].feeds()[0].shape[0] for card in rows()}
    assert {model_id for model_id, count in found.items() if count == 1} == {
        TURBO, "stabilityai/sdxl-turbo", FLUX, "black-forest-labs/FLUX.1-schnell",
    }  # fmt: skip
    assert recipe_of(of_id(GUIDED), num_batch=2)[0].feeds()[0].shape == (4, 4, 96, 96)


def test_what_is_left_out_is_said():
    recipe, _ = recipe_of(of_id(GUIDED))
    assert recipe.measured_part == "denoiser alone"
    assert "counted 50 times a picture" in recipe.remark
    assert "text encoders" in recipe.remark
    assert recipe.family == "diffusion"


def test_a_denoiser_that_disagrees_with_the_parameter_count_is_not_believed():
    card = of_id(GUIDED)
    facts = msgspec.structs.replace(card.parameters, components={"unet": 2 * denoiser_parameters(card)})
    changed = msgspec.structs.replace(card, parameters=facts)
    recipe, why = recipe_of(changed)
    assert recipe is None
    assert "parameter count" in why
    assert cost.step_cost(changed) is None


def test_unknown_denoisers_and_formats_are_refused_with_a_sentence():
    card = msgspec.structs.replace(of_id(TURBO), id="maker/other")
    assert query.structure(card) == "diffusion"
    recipe, why = recipe_of(card)
    assert recipe is None
    assert "not known" in why
    assert cost.step_cost(card) is None
    recipe, why = recipe_of(of_id(TURBO), "onnx-fp16")
    assert recipe is None
    assert why.endswith(".")


def test_other_kinds_are_left_to_others():
    assert not isinstance(recipe_of(cards.tiny_decoder())[0], DiffusionRecipe)


@pytest.mark.parametrize("model_id", sorted(COUNTED_FLOPS))
def test_the_arithmetic_of_a_step_is_what_torch_counts(model_id):
    assert cost.step_cost(of_id(model_id)).step.total_flops == COUNTED_FLOPS[model_id]


def test_the_cost_of_a_step_is_that_of_its_recipe():
    card = of_id("PixArt-alpha/PixArt-Sigma-XL-2-1024-MS")
    recipe, _ = recipe_of(card)
    found = cost.step_cost(card)
    assert found.step.weight_bytes == recipe.weight_bytes(28)
    assert found.step.activation_bytes == 4 * recipe.sheet(28).peak_elements()
    assert (found.num_steps, found.is_guided) == (20, True)
    twice = cost.step_cost(card, num_batch=2)
    assert twice.step.total_flops == pytest.approx(2 * found.step.total_flops)
    assert twice.step.weight_bytes == found.step.weight_bytes
