"""Recipes of text encoders that are not plain BERT: ModernBERT, DeBERTa, MPNet, ALBERT, ELECTRA, Nomic, GTE, Jina."""

from typing_extensions import override

from advisor.catalog.model import Candidate
from advisor.graphs import storage as graph_storage
from advisor.graphs import support
from advisor.graphs.drawn import DrawnRecipe, agrees
from advisor.graphs.recipe import Feed, GraphFamily, Recipe
from advisor.graphs.storage import FLOAT_BYTES
from advisor.graphs.text import text_sizes
from advisor.graphs.transformer_encoder import networks, shapes
from advisor.graphs.transformer_encoder.pen import IDS, MASK
from advisor.graphs.transformer_encoder.shape import TextShape
from advisor.graphs.vision.drawing import Drawing
from advisor.task.model import Workload

_INDEX_BYTES = 8


class TextEncoderRecipe(DrawnRecipe, frozen=True, kw_only=True):
    """A text encoder; one run reads one batch of texts of the same length."""

    shape: TextShape
    num_tokens: int
    """Length of each text, cut at what the model reads."""

    @property
    @override
    def family(self) -> GraphFamily:
        return "encoder"

    @property
    @override
    def num_layers(self) -> int:
        return self.shape.num_layers

    @property
    @override
    def divisible(self) -> bool:
        return True

    @property
    def depth_period(self) -> tuple[int, int]:
        """Depths whose mix of layers is exactly the whole's: the first layers, and any multiple of the step more."""
        return self.shape.depth_period

    @property
    @override
    def num_input_tokens(self) -> int:
        return self.num_tokens

    @property
    @override
    def vocab_size(self) -> int:
        return self.shape.vocab_size

    @property
    def table_bytes(self) -> int:
        """Bytes of the table of words."""
        return self.storage.linear_bytes(self.shape.embedding_size, self.shape.vocab_size)

    @override
    def working_bytes(self, num_prompt_tokens: int) -> int:
        shape = self.shape
        if not shape.num_buckets:
            return super().working_bytes(num_prompt_tokens)
        # Which distance each pair of tokens reads, and the distances in each layer's space, are worked out once while
        # the session is made, both ways, and kept.
        pairs = 2 * self.num_batch * shape.num_heads * self.num_tokens**2
        rows = 2 * shape.num_layers * self.num_batch * 2 * shape.num_buckets * shape.hidden_size
        return super().working_bytes(num_prompt_tokens) + _INDEX_BYTES * pairs + FLOAT_BYTES * rows

    @override
    def feeds(self) -> tuple[Feed, ...]:
        fills = {IDS: "ids", MASK: "ones"}
        return tuple(
            Feed(
                name=tensor.name, data_type=tensor.data_type, shape=tensor.shape,
                fill=fills.get(tensor.name, "zeros"),  # type: ignore[arg-type]
                limit=self.vocab_size if tensor.name == IDS else 0,
            )
            for tensor in self.sheet(self.num_layers).inputs
        )  # fmt: skip

    @override
    def sheet(self, num_layers: int) -> Drawing:
        return networks.drawing(self.shape, num_layers, self.num_batch, self.num_tokens)


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    model, architecture = candidate.model, candidate.model.architecture
    if architecture is None or not shapes.knows(architecture):
        return None, ""
    found = shapes.shape(model)
    if found is None:
        return None, support.SHAPE_UNKNOWN
    sizes = text_sizes(workload, found.num_room_tokens, generates=False)
    made = TextEncoderRecipe(
        shape=found, storage=graph_storage.BY_FORMAT[candidate.format.id], num_batch=sizes.num_batch,
        num_runs=float(workload.num_passes), num_tokens=sizes.num_input_tokens,
    )  # fmt: skip
    return (made, "") if agrees(made.num_parameters(), model.num_parameters()) else (None, support.DISAGREES)
