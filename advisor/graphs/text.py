"""Recipes of decoders, BERT-like encoders and static embedders. Pure."""

import math

import msgspec

from advisor.catalog.model import Candidate
from advisor.graphs import storage as graph_storage
from advisor.graphs import support, traits
from advisor.graphs.recipe import Bound, Feed, GraphFamily, Recipe, Runner, past_name, present_name
from advisor.graphs.shape import DecoderShape, EncoderShape
from advisor.graphs.storage import FLOAT_BYTES, Storage
from advisor.task.model import Workload

ACTIVATION_FACTOR = 1.4
"""[1] Arena growth by powers of two and copies in flight; 1.2 to 1.35 measured."""
ENDLESS_TOKENS = 1_000_000
"""[tokens] Text a model without positions is taken to read."""


class TextSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of one query of text, cut at what the model can read."""

    num_input_tokens: int
    num_output_tokens: int
    num_capacity_tokens: int
    num_batch: int


def text_sizes(workload: Workload, room: int, *, generates: bool) -> TextSizes:
    """Cut a workload at what a model can read.

    Args:
        workload: of one query.
        room: [tokens] Longest text the model can read; 0: not known, nothing is cut.
        generates: whether the model writes tokens.
    """
    outputs = workload.num_output_tokens if generates else 0
    inputs = max(
        1, min(workload.num_input_tokens, room - outputs if room > outputs else room or workload.num_input_tokens)
    )
    capacity = max(workload.num_context_tokens if outputs else 0, inputs + outputs)
    return TextSizes(
        num_input_tokens=inputs, num_output_tokens=outputs,
        num_capacity_tokens=min(capacity, room) if room else capacity, num_batch=max(1, workload.num_batch),
    )  # fmt: skip


class DecoderRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A decoder."""

    shape: DecoderShape
    storage: Storage
    num_input_tokens: int
    num_output_tokens: int
    num_capacity_tokens: int
    num_batch: int
    num_runs: float

    @property
    def family(self) -> GraphFamily:
        """Which builder makes it."""
        return "decoder"

    @property
    def runner(self) -> Runner:
        """How it is run."""
        return "decoder"

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
        """Any number of layers can be built."""
        return True

    @property
    def depth_period(self) -> tuple[int, int]:
        """Depths whose mix of layers is exactly the whole's: the first layers, and any multiple of the step more."""
        return self.shape.period()

    @property
    def vocab_size(self) -> int:
        """Token ids are drawn below it."""
        return self.shape.vocab_size

    @property
    def with_head(self) -> bool:
        """Whether output scores are computed: not by an embedding model."""
        return self.num_output_tokens > 0

    @property
    def table_bytes(self) -> int:
        """Bytes of the table of words, which are those of the output matrix as well."""
        return self.storage.linear_bytes(self.shape.hidden_size, self.shape.vocab_size)

    @property
    def has_tied_head(self) -> bool:
        """Whether the table of words is multiplied by once more at the end."""
        return self.shape.tied and self.with_head

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        return self.shape.num_parameters()

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes at that many layers, in bytes."""
        return graph_storage.decoder_bytes(self.shape, self.storage, num_layers=num_layers, with_head=self.with_head)

    def cache_bytes(self, num_layers: int) -> int:
        """Return the bytes of the cache at that many layers, in bytes."""
        return FLOAT_BYTES * sum(math.prod(entry.shape) for entry in self.bound(num_layers))

    def working_bytes(self, num_prompt_tokens: int) -> int:
        """Return the working memory of a prompt of that length, in bytes."""
        shape, tokens = self.shape, num_prompt_tokens * self.num_batch
        scores = shape.num_heads * num_prompt_tokens * tokens * (2 if shape.positions == "linear-bias" else 1)
        widest = 4 * shape.hidden_size + 3 * shape.widest_feed + shape.query_size + 2 * shape.kv_size
        elements = tokens * (widest + (shape.vocab_size if self.with_head else 0)) + scores
        return int(ACTIVATION_FACTOR * elements * FLOAT_BYTES)

    def feeds(self) -> tuple[Feed, ...]:
        """Return none: the runner makes ids, masks and positions."""
        return ()

    def bound(self, num_layers: int) -> tuple[Bound, ...]:
        """Return keys and values of each layer that attends, and the states of each that recurs."""
        cache = (self.num_batch, self.shape.num_kv_heads, self.num_capacity_tokens, self.shape.head_size)
        found: list[Bound] = []
        for layer, kind in enumerate(self.shape.kinds(num_layers)):
            parts: tuple[tuple[str, tuple[int, ...], bool], ...] = ()
            if kind.attends:
                parts = (("key", cache, True), ("value", cache, True))
            if kind.recurs and self.shape.recurrent is not None:  # their operators write while they still read
                states = self.shape.recurrent.states()
                parts += tuple((part, (self.num_batch, *dims), False) for part, dims in states)
            found += [
                Bound(
                    input_name=past_name(layer, part), output_name=present_name(layer, part), shape=shape, shared=shared
                )
                for part, shape, shared in parts
            ]
        return tuple(found)


class EncoderRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """A text encoder of the BERT family or a static embedder."""

    shape: EncoderShape
    storage: Storage
    num_input_tokens: int
    num_batch: int
    num_runs: float

    @property
    def family(self) -> GraphFamily:
        """Which builder makes it."""
        return "encoder"

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
        """Any number of layers can be built, but a look-up is one."""
        return not self.shape.is_static

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
        """Token ids are drawn below it."""
        return self.shape.vocab_size

    @property
    def table_bytes(self) -> int:
        """Bytes of the table of words."""
        return self.storage.linear_bytes(self.shape.hidden_size, self.shape.vocab_size)

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        return self.shape.num_parameters()

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes at that many layers, in bytes."""
        return graph_storage.encoder_bytes(self.shape, self.storage, num_layers=num_layers)

    def cache_bytes(self, num_layers: int) -> int:  # noqa: ARG002 - of all recipes alike
        """Return nothing: no cache is kept."""
        return 0

    def working_bytes(self, num_prompt_tokens: int) -> int:
        """Return the working memory of a text of that length, in bytes."""
        shape, tokens = self.shape, num_prompt_tokens * self.num_batch
        elements = tokens * (6 * shape.hidden_size + 2 * shape.intermediate_size + shape.num_heads * num_prompt_tokens)
        return int(ACTIVATION_FACTOR * elements * FLOAT_BYTES)

    def feeds(self) -> tuple[Feed, ...]:
        """Return ids, mask and, where the model has segments, their ids."""
        shape = (self.num_batch, self.num_input_tokens)
        ids = Feed(name="input_ids", data_type="int64", shape=shape, fill="ids", limit=self.vocab_size)
        mask = Feed(name="attention_mask", data_type="int64", shape=shape, fill="ones")
        types = Feed(name="token_type_ids", data_type="int64", shape=shape, fill="zeros")
        return (ids, mask, types) if self.shape.num_token_types else (ids, mask)

    def bound(self, num_layers: int) -> tuple[Bound, ...]:  # noqa: ARG002 - of all recipes alike
        """Return nothing: no cache is kept."""
        return ()


def decoder_recipe(shape: DecoderShape, candidate: Candidate, workload: Workload) -> tuple[DecoderRecipe | None, str]:
    """Return the recipe of a decoder of known shape, or null and why the runtime cannot run it.

    Args:
        shape: of the whole model.
        candidate: model and format.
        workload: sizes of one query.
    """
    why = support.no_decoder(shape, candidate.format)
    if why:
        return None, why
    sizes = text_sizes(workload, shape.num_positions, generates=True)
    return DecoderRecipe(
        shape=shape, storage=graph_storage.BY_FORMAT[candidate.format.id], num_input_tokens=sizes.num_input_tokens,
        num_output_tokens=sizes.num_output_tokens, num_capacity_tokens=sizes.num_capacity_tokens,
        num_batch=sizes.num_batch, num_runs=float(workload.num_passes),
    ), ""  # fmt: skip


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a dense decoder or plain encoder, or null and why not; null and nothing for other kinds."""
    found, why = support.family(candidate.model, candidate.format)
    if found is None:
        return None, why
    decoder = traits.decoder_shape(candidate.model) if found == "decoder" else None
    if decoder is not None:
        return decoder_recipe(decoder, candidate, workload)
    encoder = traits.encoder_shape(candidate.model)
    if encoder is None:
        return None, why
    room = ENDLESS_TOKENS if encoder.is_static else encoder.num_learned_positions - encoder.position_offset
    sizes = text_sizes(workload, room, generates=False)
    return EncoderRecipe(
        shape=encoder, storage=graph_storage.BY_FORMAT[candidate.format.id], num_input_tokens=sizes.num_input_tokens,
        num_batch=sizes.num_batch, num_runs=float(workload.num_passes),
    ), ""  # fmt: skip
