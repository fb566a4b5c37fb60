"""Recipes of convolutional networks: ResNet, MobileNet, EfficientNet, ConvNeXt, FastViT. Pure."""

import math

from typing_extensions import override

from advisor.catalog.model import Candidate
from advisor.graphs import storage as graph_storage
from advisor.graphs import support
from advisor.graphs.conv import networks, shapes
from advisor.graphs.conv.networks import Shape
from advisor.graphs.drawn import DrawnRecipe, agrees
from advisor.graphs.recipe import GraphFamily, Recipe
from advisor.graphs.storage import FLOAT_BYTES
from advisor.graphs.vision.drawing import Drawing
from advisor.task.model import Workload
from advisor.units import MIB

_KERNEL_AXES = 4
_FORMATS = ("onnx-fp32", "onnx-int8-dynamic")
"""Of dynamic 8 bits the products are quantized and the convolutions stay floats, as the catalog's format says."""
_WORKING_FACTOR = 3.3
"""[1] Working memory over the results alive at once, as for image networks of uneven layers: an arena that grows by
doubling, and copies in another order of channels."""
_LEAST_WORKING_BYTES = 32 * MIB
_REORDERED_SHARE = 0.6
"""[1] Kernels of convolutions are copied into another order and both copies are there while a session is made: twice
their bytes instead of the 1.4 times of matrices. With these, ONNX Runtime 1.32 stayed 1 % (ResNet-50) to 25 % below."""


class ConvolutionRecipe(DrawnRecipe, frozen=True, kw_only=True):
    """A convolutional network; one run reads one batch of images."""

    shape: Shape

    @property
    @override
    def family(self) -> GraphFamily:
        return "convolution"

    @property
    @override
    def num_layers(self) -> int:
        return self.shape.num_layers

    @property
    @override
    def divisible(self) -> bool:
        return False  # Stages differ, so a part of them says nothing of the whole.

    @override
    def working_bytes(self, num_prompt_tokens: int) -> int:
        sheet = self.sheet(self.num_layers)
        kernels = sum(math.prod(weight.shape) for weight in sheet.weights if len(weight.shape) == _KERNEL_AXES)
        elements = _WORKING_FACTOR * sheet.peak_elements() + _REORDERED_SHARE * kernels
        return _LEAST_WORKING_BYTES + int(FLOAT_BYTES * elements)

    @override
    def sheet(self, num_layers: int) -> Drawing:
        return networks.drawing(self.shape, self.num_batch)


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    model, architecture = candidate.model, candidate.model.architecture
    if architecture is None or not shapes.knows(architecture):
        return None, ""
    if candidate.format.id not in _FORMATS:
        return None, f"Test models of this kind in {candidate.format.label} are not made."
    found, why = shapes.shape(model)
    if found is None:
        return None, why
    if not agrees(networks.drawing(found, 1).num_parameters(), model.num_parameters()):
        return None, support.DISAGREES
    return ConvolutionRecipe(
        shape=found, storage=graph_storage.BY_FORMAT[candidate.format.id], num_batch=max(1, workload.num_batch),
        num_runs=float(max(1, workload.num_images) * workload.num_passes),
    ), ""  # fmt: skip
