"""Encoder-decoders for text: T5, and the BART line (MarianMT, M2M-100, NLLB, mBART, Pegasus)."""

from collections.abc import Mapping

import msgspec

from advisor.catalog.inventory.parts import embedding, linear, need, norm, table
from advisor.catalog.model import Architecture, Part, TensorGroup

_T5_BUCKETS = 32
"""T5: one bias per head for each bucket of distance."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and habits of one transformer stack."""

    part: Part
    num_layers: int
    hidden_size: int
    attention_size: int
    """Width of queries, keys and values together over all heads."""
    intermediate_size: int
    bias: bool = True
    key_bias: bool = True
    up_bias: bool = True
    gated: bool = False
    norm_bias: bool = True
    cross_attention: bool = False


def attention_layers(block: Block) -> list[TensorGroup]:
    """Return self-attention, and cross-attention where the block has it, with the norm before each."""
    groups: list[TensorGroup] = []
    hidden, inner, layers, part = block.hidden_size, block.attention_size, block.num_layers, block.part
    for kind in ("attn", "cross_attn") if block.cross_attention else ("attn",):
        groups += linear(f"{kind}_q", inner, hidden, layers, bias=block.bias, part=part)
        groups += linear(f"{kind}_k", inner, hidden, layers, bias=block.bias and block.key_bias, part=part)
        groups += linear(f"{kind}_v", inner, hidden, layers, bias=block.bias, part=part)
        groups += linear(f"{kind}_output", hidden, inner, layers, bias=block.bias, part=part)
        groups += norm(hidden, layers, bias=block.norm_bias, part=part)
    return groups


def stack(block: Block) -> list[TensorGroup]:
    """Return all layers of an encoder or a decoder."""
    hidden, layers, part = block.hidden_size, block.num_layers, block.part
    groups = attention_layers(block)
    for name in ("ffn_up", "ffn_gate") if block.gated else ("ffn_up",):
        groups += linear(name, block.intermediate_size, hidden, layers, bias=block.up_bias, part=part)
    groups += linear("ffn_down", hidden, block.intermediate_size, layers, bias=block.up_bias, part=part)
    return groups + norm(hidden, layers, bias=block.norm_bias, part=part)


def blocks(shape: Architecture, **habits: bool) -> tuple[Block, Block]:
    """Return the encoder and the decoder of an architecture with what they share.

    Raises:
        ShapeNotSourced: a field is null.
    """
    facts, hidden = need(shape.encoder_decoder), need(shape.hidden_size)
    width = shape.head_dim or hidden // facts.num_encoder_heads
    encoder = Block(
        part="encoder", num_layers=facts.num_encoder_layers, hidden_size=hidden,
        attention_size=facts.num_encoder_heads * width, intermediate_size=facts.encoder_intermediate_size, **habits,
    )  # fmt: skip
    decoder = Block(
        part="decoder", num_layers=facts.num_decoder_layers, hidden_size=hidden,
        attention_size=facts.num_decoder_heads * width, intermediate_size=facts.decoder_intermediate_size,
        cross_attention=True, **habits,
    )  # fmt: skip
    return encoder, decoder


def t5(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a T5: the first version has a plain feed-forward of four times the width and shares its tables.

    Version 1.1 (Flan-T5, mT5, MADLAD) has a gated one and an output matrix of its own, whatever its configuration says
    about sharing.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden, inner = need(shape.hidden_size), need(shape.encoder_decoder).encoder_intermediate_size
    gated = inner != 4 * hidden
    groups = embedding(need(shape.vocab_size), hidden, tied=not gated, part="decoder")
    for block in blocks(shape, bias=False, up_bias=False, norm_bias=False, gated=gated):
        groups += stack(block) + norm(hidden, part=block.part)
        groups += table("attn_rel_b", _T5_BUCKETS, need(shape.num_attention_heads), part=block.part)
    return groups


class _BartTraits(msgspec.Struct, frozen=True, kw_only=True):
    positions: bool = True
    extra_positions: int = 0
    embedding_norm: bool = False
    final_norm: bool = False


BART_FAMILIES: dict[str, _BartTraits] = {
    "bart": _BartTraits(extra_positions=2, embedding_norm=True),
    "mbart": _BartTraits(extra_positions=2, embedding_norm=True, final_norm=True),
    "pegasus": _BartTraits(final_norm=True),
    "marian": _BartTraits(),
    "m2m_100": _BartTraits(positions=False, final_norm=True),
}


def bart(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a model of the BART line; a classification head where the components name one.

    Raises:
        ShapeNotSourced: a field is null.
    """
    traits, hidden = BART_FAMILIES[shape.model_type], need(shape.hidden_size)
    groups = embedding(need(shape.vocab_size), hidden, tied=True, part="decoder")
    for block in blocks(shape):
        groups += stack(block)
        if traits.positions:
            rows = need(shape.max_position_embeddings) + traits.extra_positions
            groups += table("position_embd", rows, hidden, part=block.part)
        groups += norm(hidden, traits.embedding_norm + traits.final_norm, bias=True, part=block.part)
    count = components.get("classification_head", 0)
    if count:
        labels = (count - hidden * (hidden + 1)) // (hidden + 1)
        groups = [group for group in groups if group.role != "lm_head"]
        groups += linear("dense", hidden, hidden, bias=True, part="head")
        groups += linear("cls.output", labels, hidden, bias=True, part="head")
    return groups
