"""Recipes of vision transformers and detectors. Pure."""

import msgspec

from advisor.catalog.model import Candidate, ModelCard
from advisor.graphs import storage as graph_storage
from advisor.graphs import support
from advisor.graphs.recipe import Bound, Feed, GraphFamily, Recipe, Runner
from advisor.graphs.storage import FLOAT_BYTES, Storage
from advisor.graphs.vision import networks, shapes
from advisor.graphs.vision.drawing import Drawing
from advisor.graphs.vision.networks import Shape
from advisor.task.model import Workload
from advisor.units import MIB

ASK_TEXT = "ask_text"
"""Input of models with a text tower: whether it runs. It is loaded and does not."""
_EVEN_FACTOR, _UNEVEN_FACTOR = 1.4, 3.3
"""[1] Working memory over the results alive at once: an arena that grows by doubling, re-ordered copies for
convolutions. Measured with ONNX Runtime 1.32, less the next line's: up to 1.3 for towers, 1.0 to 3.2 for others."""
_LEAST_WORKING_BYTES = 32 * MIB
"""[B] Working memory of the smallest; 30 to 40 MiB measured."""
_MISMATCH_SHARE = 0.005
"""[1] Largest disagreement with the catalog's parameter count at which a shape is believed."""
_FORMATS = ("onnx-fp32", "onnx-int8-dynamic")
"""Block quantization replaces MatMul nodes only where exporters of language models do so; nobody ships images so."""


class VisionRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """An image network; one run reads one batch of images."""

    shape: Shape
    storage: Storage
    num_batch: int
    num_runs: float

    @property
    def family(self) -> GraphFamily:
        """Which builder makes it."""
        return "detector" if networks.detects(self.shape) else "vision"

    @property
    def runner(self) -> Runner:
        """How it is run."""
        return "query"

    @property
    def storage_name(self) -> str:
        """Kind and bits of its storage."""
        return self.storage.name

    @property
    def num_layers(self) -> int:
        """Layers of the whole model."""
        return self.shape.num_layers

    @property
    def divisible(self) -> bool:
        """Towers of equal layers can be built in part."""
        return networks.divisible(self.shape)

    @property
    def num_input_tokens(self) -> int:
        """No text is read."""
        return 0

    @property
    def num_output_tokens(self) -> int:
        """Nothing is generated."""
        return 0

    @property
    def num_capacity_tokens(self) -> int:
        """No cache is kept."""
        return 0

    @property
    def vocab_size(self) -> int:
        """No token ids are drawn."""
        return 1

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        return self._drawing(self.num_layers).num_parameters()

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes at that many layers, in bytes."""
        return self._drawing(num_layers).weight_bytes(self.storage)

    def cache_bytes(self, num_layers: int) -> int:  # noqa: ARG002 - of all recipes alike
        """Return nothing: no cache is kept."""
        return 0

    def working_bytes(self, num_prompt_tokens: int) -> int:  # noqa: ARG002 - of all recipes alike
        """Return the working memory of one run, in bytes."""
        factor = _EVEN_FACTOR if self.divisible else _UNEVEN_FACTOR
        return _LEAST_WORKING_BYTES + int(factor * FLOAT_BYTES * self._drawing(self.num_layers).peak_elements())

    def feeds(self) -> tuple[Feed, ...]:
        """Return the images and, of models with a text tower, what leaves it at rest."""
        sheet = self._drawing(self.num_layers)
        feeds = [
            Feed(name=tensor.name, data_type="float32", shape=tensor.shape, fill="normal") for tensor in sheet.inputs
        ]
        if sheet.idle_input is not None:
            ids = sheet.idle_input
            feeds.append(Feed(name=ids.name, data_type="int64", shape=ids.shape, fill="zeros"))
            feeds.append(Feed(name=ASK_TEXT, data_type="bool", shape=(), fill="zeros"))
        return tuple(feeds)

    def bound(self, num_layers: int) -> tuple[Bound, ...]:  # noqa: ARG002 - of all recipes alike
        """Return nothing: no cache is kept."""
        return ()

    def _drawing(self, num_layers: int) -> Drawing:
        return networks.drawing(self.shape, num_layers, self.num_batch)


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
    made = VisionRecipe(
        shape=found, storage=graph_storage.BY_FORMAT[candidate.format.id], num_batch=max(1, workload.num_batch),
        num_runs=float(max(1, workload.num_images) * workload.num_passes),
    )  # fmt: skip
    if not _agrees(networks.drawing(found, found.num_layers, 1).num_parameters(), model):
        return None, support.DISAGREES
    return made, ""


def _agrees(count: int, card: ModelCard) -> bool:
    stated = card.num_parameters()
    return stated is None or abs(count - stated) <= _MISMATCH_SHARE * stated
