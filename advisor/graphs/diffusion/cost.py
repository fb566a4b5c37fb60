"""What one picture costs by the shapes of its denoiser. Pure: for the estimate, which knows no other source."""

import msgspec

from advisor.catalog.model import ModelCard
from advisor.graphs import work
from advisor.graphs.diffusion import networks, traits
from advisor.graphs.drawn import agrees, stated_parameters
from advisor.graphs.work import Work

_ROWS_GUIDED = 2


class StepCost(msgspec.Struct, frozen=True, kw_only=True):
    """One denoising step, and how many of them make a picture."""

    step: Work
    """Of one picture, both passes where the model is guided."""
    num_steps: int
    """Published default for one picture."""
    is_guided: bool


def step_cost(card: ModelCard, *, num_batch: int = 1) -> StepCost | None:
    """Return the cost of a denoising step of a catalog model, or null where its shapes are not known.

    Args:
        card: the model; its shapes are believed only if they have the catalog's parameter count.
        num_batch: pictures made together.
    """
    found = traits.published(card)
    if found is None:
        return None
    rows = num_batch * (_ROWS_GUIDED if found.is_guided else 1)
    sheet = networks.drawing(found.shape, found.shape.num_layers, rows)
    if not agrees(sheet.num_parameters(), stated_parameters(card, *traits.COMPONENTS)):
        return None
    return StepCost(step=work.of(sheet), num_steps=found.num_steps, is_guided=found.is_guided)
