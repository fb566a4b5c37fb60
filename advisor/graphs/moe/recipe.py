"""Recipes of mixtures of experts and latent attention. Pure."""

from advisor.catalog.model import Candidate
from advisor.graphs.recipe import Recipe
from advisor.task.model import Workload


def recipe(_candidate: Candidate, _workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    return None, ""
