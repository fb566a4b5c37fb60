"""Recipes of latent diffusion: one denoising step of a U-Net or a diffusion transformer is measured. Pure."""

from typing_extensions import override

from advisor.catalog import query
from advisor.catalog.model import Candidate
from advisor.graphs import storage as graph_storage
from advisor.graphs import support
from advisor.graphs.diffusion import networks, traits
from advisor.graphs.diffusion.networks import Shape
from advisor.graphs.drawn import DrawnRecipe, agrees, stated_parameters
from advisor.graphs.recipe import GraphFamily, Recipe
from advisor.graphs.vision.drawing import Drawing
from advisor.task.model import Workload

_FORMATS = ("onnx-fp32",)
_ROWS_GUIDED = 2
_STEPS_FIELD = "num_passes"


class DiffusionRecipe(DrawnRecipe, frozen=True, kw_only=True):
    """A denoiser; one run is one step for one batch of pictures."""

    shape: Shape
    is_guided: bool
    """Each picture is worked on twice in a step, with its text and without."""
    num_steps: int
    """For one picture."""

    @property
    @override
    def family(self) -> GraphFamily:
        return "diffusion"

    @property
    @override
    def num_layers(self) -> int:
        return self.shape.num_layers

    @property
    @override
    def divisible(self) -> bool:
        return networks.divisible(self.shape)  # Transformers of equal layers can be built in part.

    @property
    @override
    def measured_part(self) -> str:
        return "denoiser alone"

    @property
    @override
    def remark(self) -> str:
        steps = f"{self.num_steps} times" if self.num_steps > 1 else "once"
        return (
            f"One denoising step was measured and counted {steps} a picture. The text encoders and the decoder of the "
            "picture are not in the measured time and memory."
        )

    @override
    def sheet(self, num_layers: int) -> Drawing:
        return networks.drawing(self.shape, num_layers, self.num_batch * (_ROWS_GUIDED if self.is_guided else 1))


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    model = candidate.model
    found = traits.published(model)
    if found is None:
        known = query.structure(model) == "diffusion"
        return None, "The shapes of this denoiser are not known, so no test model is made." if known else ""
    if candidate.format.id not in _FORMATS:
        return None, f"Test models of this kind in {candidate.format.label} are not made."
    count = networks.drawing(found.shape, found.shape.num_layers, 1).num_parameters()
    if not agrees(count, stated_parameters(model, *traits.COMPONENTS)):
        return None, support.DISAGREES
    steps = num_steps(workload, found.num_steps)
    return DiffusionRecipe(
        shape=found.shape, storage=graph_storage.BY_FORMAT[candidate.format.id], num_batch=max(1, workload.num_batch),
        num_runs=float(max(1, workload.num_images) * steps), is_guided=found.is_guided, num_steps=steps,
    ), ""  # fmt: skip


def num_steps(workload: Workload, num_published: int) -> int:
    """Return the denoising steps of one picture: the published ones, unless the user asked for another number.

    Args:
        workload: its passes are steps here; a preset's are those of no model in particular.
        num_published: steps the model is meant to be run with.
    """
    asked = workload.num_passes > 1 and _STEPS_FIELD not in workload.assumed_fields
    return workload.num_passes if asked else num_published
