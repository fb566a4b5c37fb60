"""Sizes and habits of encoder-decoders: T5, the BART line (Marian, M2M-100, mBART, Pegasus), Whisper, Moonshine. Pure.

Exports keep two files: the encoder's, and one decoder that reads its own past. Both hold the table of words; the cross
attention's keys and values are multiplied once, with the encoder.

Source: transformers, modeling_t5.py, modeling_bart.py and its line, modeling_whisper.py, modeling_moonshine.py;
optimum's ONNX files.
"""

import math
from typing import Literal

import msgspec

from advisor.catalog.model import Architecture, ModelCard
from advisor.graphs.shape import Norm
from advisor.graphs.storage import FLOAT_BYTES, Storage

RELATIVE_BUCKETS, RELATIVE_DISTANCE = 32, 128
"""Of T5: one bias a head for each bucket of distance; all beyond the second share the last bucket."""
CONV_KERNEL = 3
"""[frames] Of Whisper's two convolutions; the second one halves the frames."""
WHISPER_TOKENS = 448
"""Longest text: rows of the decoder's position table."""
WHISPER_START_TOKENS = 4
"""Start, language, task, no timestamps. Source: openai/whisper, `tokenizer.py`, `sot_sequence`."""
WAVE_CONVOLUTIONS = ((127, 64), (7, 3), (3, 2))
"""[samples or frames] Kernel and step of Moonshine's three convolutions over the raw wave; the second one doubles the
channels. Source: Moonshine, arXiv 2410.15608, section 3.1."""
Activation = Literal["relu", "gelu", "gelu-new", "silu"]
Positions = Literal["learned", "computed", "relative", "rotary"]
"""`computed`: sines in a table that is in the file but no parameter (M2M-100); `rotary`: turned heads (Moonshine)."""
Gate = Literal["none", "apart", "packed"]
"""Whether a second product opens the first one of an MLP, and whether both are one matrix."""
Scaling = Literal["both", "query", "none"]
"""What attention scales: queries and keys by the root of the root of the head size, queries alone, or nothing (T5)."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What all models of one type have in common."""

    activation: Activation = "gelu"
    positions: Positions = "learned"
    extra_positions: int = 0
    """Rows of the position table before the first position."""
    norm: Norm = "layer"
    norm_first: bool = False
    embedding_norm: bool = False
    final_norm: bool = False
    scaled_embedding: bool = False
    scaling: Scaling = "both"
    norm_bias: bool = True
    mlp_bias: bool = True
    bias: bool = True
    """Of attention."""
    key_bias: bool = True
    wave: bool = False
    """It hears the raw wave."""
    logits_bias: bool = False
    """A vector is added to the output scores that is no parameter (BART's `final_logits_bias`)."""


_RELU_FIRST = Traits(activation="relu", norm_first=True, final_norm=True, scaled_embedding=True)
_T5 = Traits(
    activation="relu", positions="relative", norm="rms", norm_first=True, final_norm=True, scaling="none", bias=False,
    mlp_bias=False,
)  # fmt: skip
TRAITS: dict[str, Traits] = {
    "t5": _T5,
    "bart": Traits(extra_positions=2, embedding_norm=True, logits_bias=True),
    "mbart": msgspec.structs.replace(_RELU_FIRST, extra_positions=2, embedding_norm=True, logits_bias=True),
    "pegasus": msgspec.structs.replace(_RELU_FIRST, logits_bias=True),
    "marian": Traits(activation="silu", scaled_embedding=True, logits_bias=True),
    "m2m_100": msgspec.structs.replace(_RELU_FIRST, positions="computed", extra_positions=2),
    "whisper": Traits(norm_first=True, final_norm=True, scaling="query", key_bias=False),
    "moonshine": Traits(norm_first=True, final_norm=True, positions="rotary", norm_bias=False, bias=False, wave=True),
}


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two halves."""

    num_layers: int
    intermediate_size: int
    """[elements] Width of the MLP."""
    num_positions: int
    """Rows of the position table; 0: none."""
    gate: Gate = "none"
    activation: Activation


class Seq2SeqShape(msgspec.Struct, frozen=True, kw_only=True):
    """An encoder-decoder."""

    traits: Traits
    hidden_size: int
    """[elements]"""
    num_heads: int
    head_size: int
    """[elements]"""
    vocab_size: int
    """[rows]"""
    tied: bool
    """The output matrix is the table of words again."""
    encoder: Stack
    decoder: Stack
    num_mel_bins: int = 0
    """Of Whisper; 0: it reads text, or the raw wave."""
    num_target_positions: int = 0
    """[tokens] Longest text it writes, the first one it reads among them; 0: no limit is known."""

    @property
    def attention_size(self) -> int:
        """Return the width of all heads, in elements."""
        return self.num_heads * self.head_size

    @property
    def hears(self) -> bool:
        """Return whether it reads sound, not text."""
        return self.num_mel_bins > 0 or self.traits.wave

    @property
    def num_start_tokens(self) -> int:
        """Return what the decoder reads before its first token."""
        return WHISPER_START_TOKENS if self.num_mel_bins else 1

    @property
    def num_steps(self) -> int:
        """Return the most parts of equal mix of encoder and decoder layers that the model divides into."""
        return math.gcd(self.encoder.num_layers, self.decoder.num_layers)

    def part(self, num_steps: int) -> tuple[int, int]:
        """Return the encoder and decoder layers of that many parts."""
        return (
            num_steps * self.encoder.num_layers // self.num_steps,
            num_steps * self.decoder.num_layers // self.num_steps,
        )

    def num_parameters(self) -> int:
        """Return the parameters of the whole model."""
        encoder, decoder = self.encoder.num_layers, self.decoder.num_layers
        matrices = self._encoder_matrices(encoder, decoder) + self._decoder_matrices(decoder)
        vectors = self._num_encoder_vectors(encoder, decoder) + self._num_decoder_vectors(decoder)
        tables = self.vocab_size * self.hidden_size * (1 if self.tied else 2)
        return sum(k * n for k, n in matrices) + vectors + tables

    def encoder_bytes(self, storage: Storage, num_steps: int) -> int:
        """Return the bytes of the encoder's file: its layers, and keys and values of the decoder's cross attention."""
        encoder, decoder = self.part(num_steps)
        matrices = sum(storage.linear_bytes(k, n) for k, n in self._encoder_matrices(encoder, decoder))
        table = 0 if self.hears else storage.linear_bytes(self.hidden_size, self.vocab_size)
        vectors = self._num_encoder_vectors(encoder, decoder) + self._num_computed(self.encoder)
        vectors += 2 if self.traits.wave else 0  # weight and bias of a norm that needs none
        return matrices + table + FLOAT_BYTES * vectors

    def decoder_bytes(self, storage: Storage, num_steps: int) -> int:
        """Return the bytes of the decoder's file."""
        _, decoder = self.part(num_steps)
        matrices = sum(storage.linear_bytes(k, n) for k, n in self._decoder_matrices(decoder))
        table = storage.linear_bytes(self.hidden_size, self.vocab_size) * (1 if self.tied else 2)
        vectors = self._num_decoder_vectors(decoder) + self._num_computed(self.decoder)
        vectors += self.vocab_size if self.traits.logits_bias else 0
        return matrices + table + FLOAT_BYTES * vectors

    def _encoder_matrices(self, encoder: int, decoder: int) -> tuple[tuple[int, int], ...]:
        hidden, wide = self.hidden_size, self.attention_size
        return (*encoder * self._layer(self.encoder, (4,)), *2 * decoder * ((hidden, wide),))

    def _decoder_matrices(self, decoder: int) -> tuple[tuple[int, int], ...]:
        return decoder * self._layer(self.decoder, (4, 2))

    def _layer(self, stack: Stack, attention: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        """Return the matrices of a layer; `attention` says how many of each attention's four are here."""
        hidden, wide, inner = self.hidden_size, self.attention_size, stack.intermediate_size
        found: tuple[tuple[int, int], ...] = ()
        for count in attention:
            found += ((count - 1) * ((hidden, wide),)) + ((wide, hidden),)
        up = {"none": ((hidden, inner),), "apart": 2 * ((hidden, inner),), "packed": ((hidden, 2 * inner),)}[stack.gate]
        return (*found, *up, (inner, hidden))

    def _num_encoder_vectors(self, encoder: int, decoder: int) -> int:
        hidden, wide = self.hidden_size, self.attention_size
        count = encoder * self._num_layer_vectors(self.encoder, num_norms=2) + self._num_outer(self.encoder)
        if self.traits.bias:
            count += decoder * wide * (2 if self.traits.key_bias else 1)
        if self.num_mel_bins:
            count += CONV_KERNEL * hidden * (self.num_mel_bins + hidden) + 2 * hidden
        return count + (self._num_wave_elements() if self.traits.wave else 0)

    def _num_wave_elements(self) -> int:
        """Return the elements of three convolutions, of which the first has no bias but a norm behind it."""
        hidden, (first, second, third) = self.hidden_size, (kernel for kernel, _ in WAVE_CONVOLUTIONS)
        return hidden * (first + 2 + 2 * second * hidden + 2 + 2 * third * hidden + 1)

    def _num_decoder_vectors(self, decoder: int) -> int:
        layer = self._num_layer_vectors(self.decoder, num_norms=3)
        layer += self.attention_size + self.hidden_size if self.traits.bias else 0  # cross: query and output
        return decoder * layer + self._num_outer(self.decoder)

    def _num_layer_vectors(self, stack: Stack, *, num_norms: int) -> int:
        count = num_norms * self._norm_size()
        if self.traits.bias:
            count += self.attention_size * (3 if self.traits.key_bias else 2) + self.hidden_size
        if self.traits.mlp_bias:
            count += stack.intermediate_size * (1 if stack.gate == "none" else 2) + self.hidden_size
        return count

    def _num_outer(self, stack: Stack) -> int:
        traits = self.traits
        count = (traits.embedding_norm + traits.final_norm) * self._norm_size()
        if traits.positions == "relative":
            return count + RELATIVE_BUCKETS * self.num_heads
        return count + (stack.num_positions * self.hidden_size if traits.positions == "learned" else 0)

    def _num_computed(self, stack: Stack) -> int:
        return stack.num_positions * self.hidden_size if self.traits.positions == "computed" else 0

    def _norm_size(self) -> int:
        return self.hidden_size * (2 if self.traits.norm == "layer" and self.traits.norm_bias else 1)


def seq2seq_shape(card: ModelCard) -> Seq2SeqShape | None:
    """Return the shape of a model of a known type; None where a field is not sourced or cannot be.

    Args:
        card: of the catalog, or made from a configuration.
    """
    architecture = card.architecture
    if architecture is None or architecture.model_type not in TRAITS or architecture.encoder_decoder is None:
        return None
    facts, hidden, vocab = architecture.encoder_decoder, architecture.hidden_size, architecture.vocab_size
    if hidden is None or vocab is None or facts.num_encoder_heads != facts.num_decoder_heads:
        return None
    traits, rows = TRAITS[architecture.model_type], _num_rows(architecture)
    if rows is None:
        return None
    gated = architecture.model_type == "t5" and facts.encoder_intermediate_size != 4 * hidden
    activation: Activation = "gelu-new" if gated else traits.activation
    gate: Gate = "apart" if gated else "none"
    encoder = Stack(
        num_layers=facts.num_encoder_layers, intermediate_size=facts.encoder_intermediate_size, num_positions=rows[0],
        gate=gate, activation=activation,
    )  # fmt: skip
    decoder = Stack(
        num_layers=facts.num_decoder_layers, intermediate_size=facts.decoder_intermediate_size, num_positions=rows[1],
        gate="packed" if traits.wave else gate, activation="silu" if traits.wave else activation,
    )  # fmt: skip
    limit = architecture.max_position_embeddings if traits.wave else rows[1] - traits.extra_positions
    return Seq2SeqShape(
        traits=traits, hidden_size=hidden, num_heads=facts.num_encoder_heads,
        head_size=architecture.head_dim or hidden // facts.num_encoder_heads, vocab_size=vocab, tied=not gated,
        encoder=encoder, decoder=decoder, num_target_positions=max(0, limit or 0),
        num_mel_bins=(architecture.audio.num_mel_bins or 0) if architecture.audio is not None else 0,
    )  # fmt: skip


def _num_rows(architecture: Architecture) -> tuple[int, int] | None:
    """Return the rows of both position tables, or None where they are not sourced."""
    traits, audio = TRAITS[architecture.model_type], architecture.audio
    if architecture.model_type == "whisper":
        frames = audio.num_max_source_positions if audio is not None and audio.num_mel_bins else None
        return None if frames is None else (frames, WHISPER_TOKENS)
    if traits.positions in ("relative", "rotary"):
        return 0, 0
    longest = architecture.max_position_embeddings
    return None if longest is None else (longest + traits.extra_positions, longest + traits.extra_positions)
