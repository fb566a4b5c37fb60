"""Speech recognition: Whisper, Moonshine, wav2vec 2.0 and HuBERT, and the FastConformer line (Parakeet, Canary)."""

from collections.abc import Callable, Mapping

import msgspec

from advisor.catalog.inventory.parts import embedding, linear, need, norm, table, vector
from advisor.catalog.inventory.seq2seq import Block, blocks, stack
from advisor.catalog.model import Architecture, Part, TensorGroup

_WHISPER_TOKENS = 448
"""Longest output: rows of the decoder's position table."""
_WAV2VEC_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_WAV2VEC_CHANNELS = 512
_WAV2VEC_POSITION_KERNEL, _WAV2VEC_POSITION_GROUPS = 128, 16
_MOONSHINE_KERNELS = (127, 7, 3)
_CONFORMER_CHANNELS, _CONFORMER_KERNEL = 256, 9
_PREDICTOR_SIZE, _PREDICTOR_LAYERS, _TDT_DURATIONS = 640, 2, 5
_CANARY_DECODER_LAYERS = 8


def convolution(
    name: str, num_out: int, num_in: int, kernel: int, num_layers: int = 1, *, bias: bool = True, part: Part = "encoder"
) -> list[TensorGroup]:
    """Return convolutions as matrices of output channels by input channels times kernel."""
    return linear(name, num_out, num_in * kernel, num_layers, bias=bias, part=part, role="conv")


def whisper(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a Whisper model: two convolutions, an encoder, a decoder with a shared output matrix.

    Raises:
        ShapeNotSourced: a field is null.
    """
    audio, hidden = need(shape.audio), need(shape.hidden_size)
    groups = embedding(need(shape.vocab_size), hidden, tied=True, part="decoder")
    groups += convolution("conv1", hidden, need(audio.num_mel_bins), 3) + convolution("conv2", hidden, hidden, 3)
    rows = {"encoder": need(audio.num_max_source_positions), "decoder": _WHISPER_TOKENS}
    for block in blocks(shape, key_bias=False):
        groups += stack(block) + norm(hidden, bias=True, part=block.part)
        groups += table("position_embd", rows[block.part], hidden, part=block.part)
    return groups


def moonshine(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a Moonshine model: three convolutions over the raw wave, rotary positions, a gated decoder.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden = need(shape.hidden_size)
    first, second, third = _MOONSHINE_KERNELS
    groups = embedding(need(shape.vocab_size), hidden, tied=True, part="decoder")
    groups += convolution("conv1", hidden, 1, first, bias=False) + norm(hidden, bias=True, part="encoder")
    groups += convolution("conv2", 2 * hidden, hidden, second) + convolution("conv3", hidden, 2 * hidden, third)
    encoder, decoder = blocks(shape, bias=False, norm_bias=False)
    for block in (encoder, msgspec.structs.replace(decoder, gated=True)):
        groups += stack(block) + norm(hidden, part=block.part)
    return groups


def wav2vec2(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a wav2vec 2.0 or HuBERT model with its letters as output.

    The large models here normalise every convolution and give it a bias; the base model does so only for the first.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden, layers, channels = need(shape.hidden_size), need(shape.num_hidden_layers), _WAV2VEC_CHANNELS
    large = layers > 12
    groups: list[TensorGroup] = []
    for index, kernel in enumerate(_WAV2VEC_KERNELS):
        groups += convolution(f"conv{index}", channels, channels if index else 1, kernel, bias=large)
    groups += norm(channels, len(_WAV2VEC_KERNELS) if large else 1, bias=True, part="encoder")
    groups += norm(channels, bias=True, part="encoder")
    groups += linear("feature_projection", hidden, channels, bias=True, part="encoder")
    width = hidden // _WAV2VEC_POSITION_GROUPS
    groups += convolution("position_conv", hidden, width, _WAV2VEC_POSITION_KERNEL)
    groups += vector("position_conv_g", _WAV2VEC_POSITION_KERNEL, part="encoder")
    groups += vector("mask_embd", hidden, part="encoder") + norm(hidden, bias=True, part="encoder")
    groups += stack(
        Block(
            part="encoder", num_layers=layers, hidden_size=hidden, attention_size=hidden,
            intermediate_size=need(shape.intermediate_size),
        )
    )  # fmt: skip
    return groups + linear("cls.output", need(shape.vocab_size), hidden, bias=True, part="head")


def conformer(shape: Architecture, *, bias: bool) -> list[TensorGroup]:
    """Return a FastConformer encoder: strided convolutions, then layers of two feed-forwards, attention, convolution.

    Raises:
        ShapeNotSourced: a field is null.
    """
    audio = need(shape.audio)
    hidden, layers, inner = audio.encoder_hidden_size, audio.num_encoder_layers, 4 * audio.encoder_hidden_size
    groups = _subsampling(need(audio.num_mel_bins), need(audio.subsampling_factor), hidden)
    groups += linear("ffn_up", inner, hidden, layers, per_layer=2, bias=bias, part="encoder")
    groups += linear("ffn_down", hidden, inner, layers, per_layer=2, bias=bias, part="encoder")
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        groups += linear(name, hidden, hidden, layers, bias=bias, part="encoder")
    groups += linear("attn_rel_k", hidden, hidden, layers, part="encoder")
    groups += vector("attn_rel_b", hidden, layers, per_layer=2, part="encoder")
    groups += linear("conv_pw1", 2 * hidden, hidden, layers, bias=bias, part="encoder")
    groups += convolution("conv_dw", hidden, 1, _CONFORMER_KERNEL, layers, bias=bias)
    groups += linear("conv_pw2", hidden, hidden, layers, bias=bias, part="encoder")
    return groups + norm(hidden, layers, per_layer=6, bias=True, part="encoder")


def _subsampling(num_mel_bins: int, factor: int, hidden: int) -> list[TensorGroup]:
    channels, num_steps = _CONFORMER_CHANNELS, factor.bit_length() - 2
    groups = convolution("conv0", channels, 1, 9) + convolution("conv_down", channels, 1, 9, num_steps)
    groups += convolution("conv_mix", channels, channels, 1, num_steps)
    return groups + linear("pre_encode", hidden, channels * num_mel_bins // factor, bias=True, part="encoder")


def parakeet_ctc(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a FastConformer with one score for each token and frame."""
    hidden = need(shape.audio).encoder_hidden_size
    return conformer(shape, bias=True) + linear("cls.output", need(shape.vocab_size), hidden, bias=True, part="head")


def parakeet_tdt(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a FastConformer with a transducer: a small recurrent predictor, and a joint of tokens and durations."""
    hidden, vocab, size = need(shape.audio).encoder_hidden_size, need(shape.vocab_size), _PREDICTOR_SIZE
    groups = conformer(shape, bias=False) + embedding(vocab, size, part="decoder")
    groups += linear("encoder_projector", size, hidden, bias=True, part="decoder")
    groups += linear("lstm", 4 * size, size, _PREDICTOR_LAYERS, per_layer=2, bias=True, part="decoder")
    groups += linear("decoder_projector", size, size, bias=True, part="decoder")
    return groups + linear("joint", vocab + _TDT_DURATIONS, size, bias=True, part="decoder")


def _text_decoder(hidden: int, inner: int, layers: int) -> list[TensorGroup]:
    block = Block(
        part="decoder", num_layers=layers, hidden_size=hidden, attention_size=hidden, intermediate_size=inner,
        cross_attention=True,
    )  # fmt: skip
    return stack(block) + norm(hidden, per_layer=2, bias=True, part="decoder")


def canary(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a FastConformer with a text decoder of 8 layers (Canary 1B v2) and a shared output matrix."""
    hidden = need(shape.audio).encoder_hidden_size
    groups = embedding(need(shape.vocab_size), hidden, tied=True, part="decoder", head_bias=True)
    return groups + conformer(shape, bias=True) + _text_decoder(hidden, 4 * hidden, _CANARY_DECODER_LAYERS)


def cohere_asr(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a FastConformer with a narrower text decoder and learned positions."""
    wide, hidden, layers = need(shape.audio).encoder_hidden_size, need(shape.hidden_size), need(shape.num_hidden_layers)
    groups = embedding(need(shape.vocab_size), hidden, tied=False, part="decoder", head_bias=True)
    groups += conformer(shape, bias=True) + linear("encoder_projector", hidden, wide, bias=True, part="decoder")
    groups += table("position_embd", need(shape.max_position_embeddings), hidden, part="decoder")
    return groups + _text_decoder(hidden, need(shape.intermediate_size), layers)


RULES: dict[str, Callable[[Architecture, Mapping[str, int]], list[TensorGroup]]] = {
    "whisper": whisper,
    "moonshine": moonshine,
    "wav2vec2": wav2vec2,
    "hubert": wav2vec2,
    "parakeet_ctc": parakeet_ctc,
    "parakeet_tdt": parakeet_tdt,
    "canary": canary,
    "cohere_asr": cohere_asr,
}
