"""From a candidate and a task's sizes to the recipe of its synthetic model, or the sentence why there is none. Pure."""

from collections.abc import Callable

from advisor.catalog.model import Candidate
from advisor.graphs import support, text
from advisor.graphs.conv import recipe as conv
from advisor.graphs.diffusion import recipe as diffusion
from advisor.graphs.hybrid import recipe as hybrid
from advisor.graphs.moe import recipe as moe
from advisor.graphs.recipe import Recipe
from advisor.graphs.seq2seq import recipe as seq2seq
from advisor.graphs.speech import recipe as speech
from advisor.graphs.transformer_encoder import recipe as transformer_encoder
from advisor.graphs.vision import recipe as vision
from advisor.task.model import Workload

Answer = tuple[Recipe | None, str]
"""A recipe and nothing, or null and why not; null and nothing: this package does not know the model's kind."""
_MAKERS: tuple[Callable[[Candidate, Workload], Answer], ...] = (
    text.recipe,
    moe.recipe,
    hybrid.recipe,
    transformer_encoder.recipe,
    seq2seq.recipe,
    speech.recipe,
    vision.recipe,
    conv.recipe,
    diffusion.recipe,
)
"""Asked in this order. Each answers for the model types it knows and says nothing of the rest."""


def recipe(candidate: Candidate, workload: Workload) -> Answer:
    """Return how a candidate is built and run with made-up weights, or null and one sentence that says why it cannot.

    Args:
        candidate: model and format.
        workload: sizes of one query; texts are cut at what the model can read.
    """
    refused = support.no_format(candidate.format)
    if refused:
        return None, refused
    if candidate.model.architecture is None:
        return None, "The shape of this model is not known, so no test model can be made for it."
    refused = support.impossible(candidate.model.architecture)
    if refused:
        return None, refused
    for make in _MAKERS:
        found, why = make(candidate, workload)
        if found is not None or why:
            return found, why
    return None, support.no_family(candidate.model.architecture)
