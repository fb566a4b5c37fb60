"""Sizes and habits of encoder-decoders: T5, the BART line (MarianMT, M2M-100, NLLB, mBART, Pegasus) and Whisper. Pure.

Exports keep two files: the encoder's, and one decoder that reads its own past. Both hold the table of words; the cross
attention's keys and values are multiplied once, with the encoder.

Source: transformers, modeling_t5.py, modeling_bart.py and its line, modeling_whisper.py; optimum's ONNX files.
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
Activation = Literal["relu", "gelu", "gelu-new", "silu"]
Positions = Literal["learned", "computed", "relative"]
"""`computed`: sines in a table that is in the file but no parameter (M2M-100)."""
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
    bias: bool = True
    key_bias: bool = True
    logits_bias: bool = False
    """A vector is added to the output scores that is no parameter (BART's `final_logits_bias`)."""


_RELU_FIRST = Traits(activation="relu", norm_first=True, final_norm=True, scaled_embedding=True)
_T5 = Traits(
    activation="relu", positions="relative", norm="rms", norm_first=True, final_norm=True, scaling="none", bias=False,
    key_bias=False,
)  # fmt: skip
TRAITS: dict[str, Traits] = {
    "t5": _T5,
    "bart": Traits(extra_positions=2, embedding_norm=True, logits_bias=True),
    "mbart": msgspec.structs.replace(_RELU_FIRST, extra_positions=2, embedding_norm=True, logits_bias=True),
    "pegasus": msgspec.structs.replace(_RELU_FIRST, logits_bias=True),
    "marian": Traits(activation="silu", scaled_embedding=True, logits_bias=True),
    "m2m_100": msgspec.structs.replace(_RELU_FIRST, positions="computed", extra_positions=2),
    "whisper": Traits(norm_first=True, final_norm=True, scaling="query", key_bias=False),
}


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two halves."""

    num_layers: int
    intermediate_size: int
    """[elements] Width of the MLP."""
    num_positions: int
    """Rows of the position table; 0: none."""


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
    gated: bool = False
    encoder: Stack
    decoder: Stack
    num_mel_bins: int = 0
    """Of a speech model; 0: it reads text."""

    @property
    def attention_size(self) -> int:
        """Return the width of all heads, in elements."""
        return self.num_heads * self.head_size

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
        table = 0 if self.num_mel_bins else storage.linear_bytes(self.hidden_size, self.vocab_size)
        vectors = self._num_encoder_vectors(encoder, decoder) + self._num_computed(self.encoder)
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
        return (*found, *(2 if self.gated else 1) * ((hidden, inner),), (inner, hidden))

    def _num_encoder_vectors(self, encoder: int, decoder: int) -> int:
        hidden, wide = self.hidden_size, self.attention_size
        count = encoder * self._num_layer_vectors(self.encoder, num_norms=2) + self._num_outer(self.encoder)
        if self.traits.bias:
            count += decoder * wide * (2 if self.traits.key_bias else 1)
        if self.num_mel_bins:
            count += CONV_KERNEL * hidden * (self.num_mel_bins + hidden) + 2 * hidden
        return count

    def _num_decoder_vectors(self, decoder: int) -> int:
        layer = self._num_layer_vectors(self.decoder, num_norms=3)
        layer += self.attention_size + self.hidden_size if self.traits.bias else 0  # cross: query and output
        return decoder * layer + self._num_outer(self.decoder)

    def _num_layer_vectors(self, stack: Stack, *, num_norms: int) -> int:
        count = num_norms * self._norm_size()
        if not self.traits.bias:
            return count
        attention = self.attention_size * (3 if self.traits.key_bias else 2) + self.hidden_size
        return count + attention + stack.intermediate_size * (2 if self.gated else 1) + self.hidden_size

    def _num_outer(self, stack: Stack) -> int:
        traits = self.traits
        count = (traits.embedding_norm + traits.final_norm) * self._norm_size()
        if traits.positions == "relative":
            return count + RELATIVE_BUCKETS * self.num_heads
        return count + (stack.num_positions * self.hidden_size if traits.positions == "learned" else 0)

    def _num_computed(self, stack: Stack) -> int:
        return stack.num_positions * self.hidden_size if self.traits.positions == "computed" else 0

    def _norm_size(self) -> int:
        return self.hidden_size * (2 if self.traits.norm == "layer" else 1)


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
    plain = architecture.model_type != "t5" or facts.encoder_intermediate_size == 4 * hidden
    return Seq2SeqShape(
        traits=traits if plain else msgspec.structs.replace(traits, activation="gelu-new"), hidden_size=hidden,
        num_heads=facts.num_encoder_heads, head_size=architecture.head_dim or hidden // facts.num_encoder_heads,
        vocab_size=vocab, tied=plain, gated=not plain,
        encoder=Stack(
            num_layers=facts.num_encoder_layers, intermediate_size=facts.encoder_intermediate_size,
            num_positions=rows[0],
        ),
        decoder=Stack(
            num_layers=facts.num_decoder_layers, intermediate_size=facts.decoder_intermediate_size,
            num_positions=rows[1],
        ),
        num_mel_bins=(architecture.audio.num_mel_bins or 0) if architecture.audio is not None else 0,
    )  # fmt: skip


def _num_rows(architecture: Architecture) -> tuple[int, int] | None:
    """Return the rows of both position tables, or None where they are not sourced."""
    traits, audio = TRAITS[architecture.model_type], architecture.audio
    if architecture.model_type == "whisper":
        frames = audio.num_max_source_positions if audio is not None and audio.num_mel_bins else None
        return None if frames is None else (frames, WHISPER_TOKENS)
    if traits.positions == "relative":
        return 0, 0
    longest = architecture.max_position_embeddings
    return None if longest is None else (longest + traits.extra_positions, longest + traits.extra_positions)
