"""Recipes of encoder-decoders: text to text, Whisper and Moonshine. Pure."""

import math

import msgspec

from advisor.catalog.model import Candidate
from advisor.graphs import drawn, support
from advisor.graphs import storage as graph_storage
from advisor.graphs.recipe import Bound, Feed, GraphFamily, Recipe, Runner, past_name, present_name
from advisor.graphs.seq2seq import shape as shapes
from advisor.graphs.seq2seq.shape import Seq2SeqShape
from advisor.graphs.storage import FLOAT_BYTES, Storage
from advisor.task.model import Workload

IDS, MASK, ENCODER_MASK = "input_ids", "attention_mask", "encoder_attention_mask"
FEATURES, WAVE = "input_features", "input_values"
LOGITS = "logits"
START_IDS = "decoder_input_ids"
"""Feed that is no input of the encoder: what the decoder reads before its first token."""
ACTIVATION_FACTOR = 1.4
"""[1] Arena growth by powers of two and copies in flight, as of other texts."""
PIECE_S = 30.0
"""[s] Whisper pads every piece of a recording to this length; Moonshine hears pieces up to this length as they are.
Source: openai/whisper, `audio.py`, `CHUNK_LENGTH`."""
SAMPLES_PER_S = 16_000
"""[1/s]"""
_FRAMES_KEPT = 6
"""[1] Copies of what Moonshine's first convolution makes, with the next ones' rows laid out for a product; rather too
many: 503 MiB were measured of moonshine-tiny at 30 s, 524 are reckoned with."""
_LEAST_SAMPLES = 4_000
"""[samples] A quarter of a second: less gives no position to look at."""
NO_CLASSIFIER = (
    "This encoder-decoder is a classifier: it reads a text with both halves and writes none. Test models are made only "
    "of those that write."
)


def cross_input(layer: int, part: str) -> str:
    """Return the name of the decoder's input of cross attention; `part` is `key` or `value`."""
    return f"past_key_values.{layer}.encoder.{part}"


def cross_output(layer: int, part: str) -> str:
    """Return the name of the encoder's output of cross attention; `part` is `key` or `value`."""
    return f"present.{layer}.encoder.{part}"


class Seq2SeqRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """An encoder-decoder. Its layers are counted in parts of equal mix: 12 of 12 and 12, 4 of 32 and 4 layers."""

    shape: Seq2SeqShape
    storage: Storage
    num_input_tokens: int
    num_output_tokens: int
    num_batch: int
    num_runs: float
    piece_s: float = PIECE_S
    """[s] Of sound that is heard at once."""
    num_asked_tokens: int = 0
    """Tokens that the task wants; `num_output_tokens` is less where the model cannot write that many."""

    @property
    def family(self) -> GraphFamily:
        """Which builder makes it."""
        return "speech" if self.shape.hears else "seq2seq"

    @property
    def runner(self) -> Runner:
        """How it is run."""
        return "seq2seq"

    @property
    def storage_name(self) -> str:
        """Kind and bits of its storage."""
        return self.storage.name

    @property
    def num_layers(self) -> int:
        """Parts of the whole model."""
        return self.shape.num_steps

    @property
    def divisible(self) -> bool:
        """Whether a model with fewer layers in both halves, in the same proportion, can be built."""
        return self.shape.num_steps > 1

    @property
    def num_capacity_tokens(self) -> int:
        """What the past holds at the end of an answer, in tokens."""
        return self.shape.num_start_tokens + self.num_output_tokens

    @property
    def num_samples(self) -> int:
        """Samples of a piece of sound."""
        return max(_LEAST_SAMPLES, round(SAMPLES_PER_S * self.piece_s))

    @property
    def num_source_positions(self) -> int:
        """Positions that the decoder looks at."""
        if not self.shape.hears:
            return self.num_input_tokens
        count = self.num_samples
        for kernel, step in shapes.WAVE_CONVOLUTIONS:
            count = (count - kernel) // step + 1
        return count if self.shape.traits.wave else self.shape.encoder.num_positions

    @property
    def vocab_size(self) -> int:
        """Token ids are drawn below it."""
        return self.shape.vocab_size

    @property
    def measured_input(self) -> str:
        """What is read before the first token, in words."""
        if self.shape.hears:
            return f"a piece of {self.piece_s:.3g} s of sound"
        return f"a text of {self.num_input_tokens} tokens"

    @property
    def remark(self) -> str:
        """Say that an answer was cut at what the model can write."""
        if self.num_output_tokens >= self.num_asked_tokens:
            return ""
        asked = f"{self.num_asked_tokens} asked for were cut"
        return f"The model writes at most {self.num_output_tokens} tokens, so the {asked}."

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        return self.shape.num_parameters()

    def file_bytes(self, num_layers: int) -> tuple[int, int]:
        """Return the weight bytes of the encoder's and the decoder's file at that many parts, in bytes."""
        return (
            self.shape.encoder_bytes(self.storage, num_layers),
            self.shape.decoder_bytes(self.storage, num_layers),
        )

    def weight_bytes(self, num_layers: int) -> int:
        """Return the weight bytes of both files at that many parts, in bytes."""
        return sum(self.file_bytes(num_layers))

    def cache_bytes(self, num_layers: int) -> int:
        """Return the bytes of cross attention, and twice of the past: it is read while the longer one is written."""
        return FLOAT_BYTES * sum(
            math.prod(entry.shape) * (1 if self._is_cross(entry) else 2) for entry in self.bound(num_layers)
        )

    def working_bytes(self, num_prompt_tokens: int) -> int:
        """Return the working memory of reading a text of that length, or a piece of sound, in bytes."""
        shape = self.shape
        source = self.num_source_positions if shape.hears else num_prompt_tokens
        widest = 6 * shape.hidden_size + (2 if shape.encoder.gate == "none" else 4) * shape.encoder.intermediate_size
        scores = shape.num_heads * source * source * 3
        frames = _FRAMES_KEPT * self.num_samples // shapes.WAVE_CONVOLUTIONS[0][1] if shape.traits.wave else 0
        read = source * widest + scores + frames * shape.hidden_size
        elements = self.num_batch * (read + shape.num_start_tokens * shape.vocab_size)
        return int(ACTIVATION_FACTOR * elements * FLOAT_BYTES)

    def feeds(self) -> tuple[Feed, ...]:
        """Return what the encoder reads, and what the decoder reads first."""
        shape, batch = self.shape, self.num_batch
        first = Feed(
            name=START_IDS, data_type="int64", shape=(batch, shape.num_start_tokens), fill="ids", limit=shape.vocab_size
        )
        if shape.traits.wave:
            wave = Feed(name=WAVE, data_type="float32", shape=(batch, self.num_samples), fill="normal")
            return (wave, first)
        if shape.hears:
            sound = (batch, shape.num_mel_bins, 2 * shape.encoder.num_positions)
            return (Feed(name=FEATURES, data_type="float32", shape=sound, fill="normal"), first)
        text = (batch, self.num_input_tokens)
        return (
            Feed(name=IDS, data_type="int64", shape=text, fill="ids", limit=shape.vocab_size),
            Feed(name=MASK, data_type="int64", shape=text, fill="ones"),
            first,
        )

    def bound(self, num_layers: int) -> tuple[Bound, ...]:
        """Return the past of each decoder layer as long as it gets, and its cross attention."""
        shape = self.shape
        _, layers = shape.part(num_layers)
        source = self.num_source_positions
        found: list[Bound] = []
        for layer in range(layers):
            for part in ("key", "value"):
                for names, length in (
                    ((past_name(layer, part), present_name(layer, part)), self.num_capacity_tokens),
                    ((cross_input(layer, part), cross_output(layer, part)), source),
                ):
                    dims = (self.num_batch, shape.num_heads, length, shape.head_size)
                    found.append(Bound(input_name=names[0], output_name=names[1], shape=dims, shared=False))
        return tuple(found)

    def _is_cross(self, entry: Bound) -> bool:
        return ".encoder." in entry.input_name


def recipe(candidate: Candidate, workload: Workload) -> tuple[Recipe | None, str]:
    """Return the recipe of a candidate of this kind, or null and why not; null and nothing for other kinds."""
    model, architecture = candidate.model, candidate.model.architecture
    if architecture is None or architecture.encoder_decoder is None or architecture.model_type not in shapes.TRAITS:
        return None, ""
    if model.parameters.components.get("classification_head"):
        return None, NO_CLASSIFIER
    shape = shapes.seq2seq_shape(model)
    if shape is None:
        return None, support.SHAPE_UNKNOWN
    if not drawn.agrees(shape.num_parameters(), model.num_parameters()):
        return None, support.DISAGREES
    pieces = max(1, math.ceil(workload.audio_s / PIECE_S)) if shape.hears else 1
    asked = math.ceil(workload.num_output_tokens / pieces)
    # Tables hold rows before the first position that no token uses; T5 and sound know no longest input.
    longest = shape.encoder.num_positions - shape.traits.extra_positions
    inputs = max(1, min(workload.num_input_tokens, longest) if longest > 0 else workload.num_input_tokens)
    limit = shape.num_target_positions
    heard_s = workload.audio_s / pieces if shape.traits.wave and workload.audio_s else PIECE_S
    return Seq2SeqRecipe(
        shape=shape, storage=graph_storage.BY_FORMAT[candidate.format.id],
        num_input_tokens=0 if shape.hears else inputs,
        num_output_tokens=min(asked, limit - shape.num_start_tokens) if limit else asked,
        num_batch=max(1, workload.num_batch), num_runs=float(pieces * max(1, workload.num_passes)), piece_s=heard_s,
        num_asked_tokens=asked,
    ), ""  # fmt: skip
