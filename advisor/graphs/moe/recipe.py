"""Recipes of mixtures of experts and latent attention. Pure."""

from advisor.catalog.model import Candidate
from advisor.graphs import support, text
from advisor.graphs.moe import traits
from advisor.graphs.recipe import Recipe
from advisor.task.model import Workload


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    architecture = candidate.model.architecture
    if architecture is None or not support.is_text_decoder(architecture) or architecture.ssm is not None:
        return None, ""
    if architecture.moe is None or architecture.model_type not in traits.LAYER_TRAITS:
        return None, ""
    shape = traits.decoder_shape(candidate.model)
    return (None, support.DISAGREES) if shape is None else text.decoder_recipe(shape, candidate, workload)
