"""What a probe of some layers will need, roughly and rather too much: decides whole model or two depths. Pure."""

import math

import msgspec

from advisor.catalog.model import Candidate
from advisor.errors import InvalidModelError
from advisor.graphs import storage as graph_storage
from advisor.graphs import support, traits
from advisor.graphs.shape import DecoderShape, EncoderShape
from advisor.graphs.storage import FLOAT_BYTES, Storage
from advisor.graphs.support import GraphFamily
from advisor.task.model import Workload
from advisor.units import MIB

CHILD_BYTES = 64 * MIB
"""[B] Interpreter, numpy and runtime before any model; 45 MiB measured on Linux with ONNX Runtime 1.32."""
_LOADED_FACTORS = {"blocks4": 2.0, "blocks8": 1.8, "dynamic8": 1.8, "float32": 1.4}
"""[1] Peak while loading over weight bytes: the file is mapped and a packed copy is made beside it. Measured with ONNX
Runtime 1.32: 1.94, 1.71, 1.6 and 1.3; rounded up."""
_ACTIVATION_FACTOR = 1.4
"""[1] Arena growth by powers of two and copies in flight; 1.2 to 1.35 measured."""
_WRITE_BYTES_PER_S = 250e6
"""[B/s] Slow disk or slow loading; several times as fast here."""
_READ_BYTES_PER_S = 5e9
"""[B/s] Slow memory, for tokens."""
_LEAST_TOKENS = 24
_TIME_SHARE = 0.5
"""[1] Share of the time box that building, loading and the fewest tokens may take."""
_MEMORY_SHARE = 0.95
_SLICE_SHARE = 0.4
"""[1] Smaller depth over the larger."""


_ENDLESS_TOKENS = 1_000_000
"""[tokens] Text a model without positions is taken to read."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured: a shape with its storage at a workload's sizes."""

    family: GraphFamily
    decoder: DecoderShape | None
    encoder: EncoderShape | None
    storage: Storage
    num_layers: int
    num_input_tokens: int
    num_output_tokens: int
    num_capacity_tokens: int
    """Cache bound, in tokens."""
    num_batch: int
    with_head: bool

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        return self.decoder.num_parameters() if self.decoder is not None else _encoder(self).num_parameters()

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes of that many layers and all that is outside them."""
        if self.decoder is not None:
            return graph_storage.decoder_bytes(
                self.decoder, self.storage, num_layers=num_layers, with_head=self.with_head
            )
        return graph_storage.encoder_bytes(_encoder(self), self.storage, num_layers=num_layers)

    def peak_bytes(self, num_layers: int) -> int:
        """Return the resident set to reckon with, in bytes."""
        factor = _LOADED_FACTORS[f"{self.storage.kind}{self.storage.num_bits}"]
        cache = 0
        if self.decoder is not None:
            cache = graph_storage.cache_bytes(
                self.decoder, num_tokens=self.num_capacity_tokens, num_batch=self.num_batch, num_layers=num_layers
            )
        working = self.working_bytes(self.num_input_tokens)
        return int(CHILD_BYTES + factor * self.weight_bytes(num_layers) + cache + working)

    def working_bytes(self, num_prompt_tokens: int) -> int:
        """Return the working memory of a prompt of that length, in bytes."""
        return int(_ACTIVATION_FACTOR * self._activation_elements(num_prompt_tokens) * FLOAT_BYTES)

    def least_time_s(self, num_layers: int) -> float:
        """Return the time to reckon with before anything is known of the machine's speed, in seconds."""
        size = self.weight_bytes(num_layers)
        return 2 * size / _WRITE_BYTES_PER_S + _LEAST_TOKENS * size / _READ_BYTES_PER_S

    def _activation_elements(self, prompt: int) -> int:
        tokens = prompt * self.num_batch
        if self.decoder is not None:
            shape = self.decoder
            scores = shape.num_heads * prompt * tokens
            widest = 4 * shape.hidden_size + 3 * shape.intermediate_size + shape.query_size + 2 * shape.kv_size
            return tokens * (widest + (shape.vocab_size if self.with_head else 0)) + scores
        encoder = _encoder(self)
        return tokens * (6 * encoder.hidden_size + 2 * encoder.intermediate_size + encoder.num_heads * prompt)


def subject(candidate: Candidate, workload: Workload) -> Subject:
    """Return what a probe of this candidate measures.

    Args:
        candidate: model and format.
        workload: its sizes; texts are cut at what the model can read.

    Raises:
        InvalidModelError: `invalid_model`; there is no synthetic graph for it.
    """
    found, why = support.family(candidate.model, candidate.format)
    if found is None:
        raise InvalidModelError("invalid_model", why, remedy="Choose another model or format.")
    decoder = traits.decoder_shape(candidate.model) if found == "decoder" else None
    encoder = traits.encoder_shape(candidate.model) if found == "encoder" else None
    outputs = workload.num_output_tokens if decoder is not None else 0
    room = _room(decoder, encoder)
    inputs = max(1, min(workload.num_input_tokens, room - outputs if room > outputs else room))
    capacity = max(workload.num_context_tokens if outputs else 0, inputs + outputs)
    capacity = min(capacity, room) if room else capacity
    return Subject(
        family=found, decoder=decoder, encoder=encoder, storage=graph_storage.BY_FORMAT[candidate.format.id],
        num_layers=decoder.num_layers if decoder is not None else encoder.num_layers if encoder is not None else 0,
        num_input_tokens=inputs, num_output_tokens=outputs, num_capacity_tokens=capacity,
        num_batch=max(1, workload.num_batch), with_head=outputs > 0,
    )  # fmt: skip


def depths(subject: Subject, *, memory_box_bytes: int, time_box_s: float, cache_bytes: int | None) -> tuple[int, ...]:
    """Return the layer counts to measure: all of them, or two from which the rest follows.

    Args:
        subject: what is measured.
        memory_box_bytes: [B] What a child may take.
        time_box_s: [s] Aim for the whole probe.
        cache_bytes: [B] Last-level cache of the processor.

    Raises:
        InvalidModelError: `larger-than-memory`; not even two layers fit.
    """

    def fits(layers: int) -> bool:
        memory = subject.peak_bytes(layers) <= _MEMORY_SHARE * memory_box_bytes
        return memory and subject.least_time_s(layers) <= _TIME_SHARE * time_box_s

    if fits(subject.num_layers):
        return (subject.num_layers,)
    large = max((layers for layers in range(2, subject.num_layers) if fits(layers)), default=0)
    if not large:
        large = _smallest_that_fits_memory(subject, memory_box_bytes)
    small = max(1, round(_SLICE_SHARE * large), _beyond_cache(subject, cache_bytes))
    return (min(small, large - 1), large)


def _smallest_that_fits_memory(subject: Subject, memory_box_bytes: int) -> int:
    """Return 2 where two layers fit the memory: a slow probe is better than none."""
    needed = subject.peak_bytes(min(2, subject.num_layers))
    if subject.num_layers >= 2 and needed <= memory_box_bytes:
        return 2
    from advisor import units

    raise InvalidModelError(
        "invalid_model",
        f"Even two layers of this model need about {units.size(needed)}, more than the "
        f"{units.size(memory_box_bytes)} the probe may use.",
        remedy="Choose a smaller model, a smaller format or a shorter context, or free some memory.",
        needed_bytes=needed,
    )


def _beyond_cache(subject: Subject, cache_bytes: int | None) -> int:
    """Return the layers whose weights no longer fit the last-level cache."""
    layer = subject.weight_bytes(2) - subject.weight_bytes(1)
    return math.ceil((cache_bytes or 0) / layer) + 1 if layer > 0 else 1


def _room(decoder: DecoderShape | None, encoder: EncoderShape | None) -> int:
    """Return the longest text the model can read, in tokens."""
    if encoder is not None and encoder.is_static:
        return _ENDLESS_TOKENS
    if encoder is not None:
        return encoder.num_learned_positions - encoder.position_offset
    return decoder.num_positions if decoder is not None else 0


def _encoder(subject: Subject) -> EncoderShape:
    if subject.encoder is None:
        raise ValueError("a subject is a decoder or an encoder")
    return subject.encoder
