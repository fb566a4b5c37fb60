"""What all recipes have in common whose network is drawn as plain data and answers in one run. Pure."""

import msgspec

from advisor.catalog.model import ModelCard
from advisor.graphs.recipe import Bound, Feed, GraphFamily, Runner
from advisor.graphs.storage import FLOAT_BYTES, Storage
from advisor.graphs.vision.drawing import Drawing

ACTIVATION_FACTOR = 1.5
"""[1] Arena growth and copies in flight over the results alive at once: 1.2 (Stable Diffusion 1.5) to 1.45 (PixArt)
measured with ONNX Runtime 1.32."""
_MISMATCH_SHARE = 0.005
"""[1] Largest disagreement with a published parameter count at which a shape is believed."""


class DrawnRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A network without tokens and cache. Subclasses say what is drawn."""

    storage: Storage
    num_batch: int
    """Inputs read together in one run."""
    num_runs: float

    def sheet(self, num_layers: int) -> Drawing:
        """Return the network at that many layers."""
        raise NotImplementedError

    @property
    def family(self) -> GraphFamily:
        """Which kind of network it is."""
        raise NotImplementedError

    @property
    def divisible(self) -> bool:
        """Whether a network of fewer layers says something of the whole."""
        raise NotImplementedError

    @property
    def num_layers(self) -> int:
        """Layers of the whole model."""
        raise NotImplementedError

    @property
    def runner(self) -> Runner:
        """How it is run."""
        return "query"

    @property
    def storage_name(self) -> str:
        """Kind and bits of its storage."""
        return self.storage.name

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

    @property
    def measured_part(self) -> str:
        """What of the model is in the graph, in two or three words; nothing where all of it is."""
        return ""

    @property
    def remark(self) -> str:
        """What of the model is not in the graph, in sentences for the user; nothing where all of it is."""
        return ""

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        return self.sheet(self.num_layers).num_parameters()

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes at that many layers, in bytes."""
        return self.sheet(num_layers).weight_bytes(self.storage)

    def cache_bytes(self, num_layers: int) -> int:  # noqa: ARG002 - of all recipes alike
        """Return nothing: no cache is kept."""
        return 0

    def working_bytes(self, num_prompt_tokens: int) -> int:  # noqa: ARG002 - of all recipes alike
        """Return the working memory of one run, in bytes."""
        return int(ACTIVATION_FACTOR * FLOAT_BYTES * self.sheet(self.num_layers).peak_elements())

    def feeds(self) -> tuple[Feed, ...]:
        """Return what the network reads: noise, as images and latents are."""
        return tuple(
            Feed(name=tensor.name, data_type="float32", shape=tensor.shape, fill="normal")
            for tensor in self.sheet(self.num_layers).inputs
        )

    def bound(self, num_layers: int) -> tuple[Bound, ...]:  # noqa: ARG002 - of all recipes alike
        """Return nothing: no cache is kept."""
        return ()


def agrees(count: int, stated: int | None) -> bool:
    """Tell whether a drawn network has the parameters that were published; with none published, it is believed."""
    return stated is None or abs(count - stated) <= _MISMATCH_SHARE * stated


def stated_parameters(card: ModelCard, *components: str) -> int | None:
    """Return the published parameters of the first component that the catalog has, else of the whole model."""
    found = (card.parameters.components.get(name) for name in components)
    return next((count for count in found if count is not None), card.num_parameters())
