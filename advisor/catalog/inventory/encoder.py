"""Text encoders of the BERT kind, and the heads that tasks put on them."""

from collections.abc import Mapping

import msgspec

from advisor.catalog.inventory.parts import embedding, linear, need, norm, table
from advisor.catalog.model import Architecture, TensorGroup

_RELATIVE_BUCKETS = 32
"""MPNet: one bias per head for each bucket of distance."""
_DEBERTA_POSITIONS = 512
"""DeBERTa v3: twice its 256 position buckets."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a family has. Source: the family's modeling file in transformers 5, or the model's own code."""

    type_rows: int = 0
    positions: bool = True
    attention_bias: bool = True
    up_bias: bool = True
    down_bias: bool = True
    gated: bool = False
    fused_qkv: bool = False
    norm_bias: bool = True
    first_norm: bool = True
    """The first layer has a norm before its attention too."""
    final_norm: bool = False
    shared_layers: bool = False
    relative_bias: bool = False
    relative_table: bool = False
    pooler: bool = False
    """Has a pooler even where no component names it."""


_BERT = Traits(type_rows=2)
_ROBERTA = Traits(type_rows=1)
_ROTARY = Traits(
    positions=False, attention_bias=False, up_bias=False, down_bias=False, gated=True, fused_qkv=True, type_rows=2
)
FAMILIES: dict[str, Traits] = {
    "bert": _BERT,
    "electra": _BERT,
    "albert": msgspec.structs.replace(_BERT, shared_layers=True),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "jina_embeddings_v3": msgspec.structs.replace(_ROBERTA, positions=False),
    "distilbert": Traits(),
    "mpnet": Traits(relative_bias=True),
    "deberta-v2": Traits(positions=False, relative_table=True),
    "bert (JinaBERT/ALiBi)": msgspec.structs.replace(_BERT, positions=False, gated=True, up_bias=False, pooler=True),
    "nomic_bert": _ROTARY,
    "gte": msgspec.structs.replace(_ROTARY, type_rows=1, attention_bias=True, down_bias=True),
    "modernbert": msgspec.structs.replace(_ROTARY, type_rows=0, norm_bias=False, first_norm=False, final_norm=True),
}


def encoder(shape: Architecture, components: Mapping[str, int] | None = None) -> list[TensorGroup]:
    """Return the inventory of a text encoder with the heads its components name.

    Raises:
        ShapeNotSourced: a field is null.
    """
    traits, num_layers = FAMILIES[shape.model_type], need(shape.num_hidden_layers)
    groups = _embeddings(shape, traits)
    if traits.shared_layers:
        layer = _layers(shape, traits, 1)
        again = [
            msgspec.structs.replace(item, tied=True, num_tensors=item.num_tensors * (num_layers - 1)) for item in layer
        ]
        groups += layer + again
    else:
        groups += _layers(shape, traits, num_layers)
    named = components or ({"pooler": 0} if traits.pooler else {})
    if traits.relative_bias:
        groups += table("attn_rel_b", _RELATIVE_BUCKETS, need(shape.num_attention_heads), part="encoder")
    hidden = need(shape.hidden_size)
    if traits.relative_table:
        groups += table("rel_embd", _DEBERTA_POSITIONS, hidden, part="encoder") + norm(
            hidden, bias=True, part="encoder"
        )
    for name, count in named.items():
        groups += _head(name.rpartition(".")[2], count, shape)
    return groups


def _embeddings(shape: Architecture, traits: Traits) -> list[TensorGroup]:
    hidden = need(shape.hidden_size)
    width = shape.input_embedding_size or hidden
    groups = embedding(need(shape.vocab_size), width, part="encoder")
    if traits.positions:
        groups += table("position_embd", need(shape.max_position_embeddings), width, part="encoder")
    if traits.type_rows:
        groups += table("token_types", traits.type_rows, width, part="encoder")
    groups += norm(width, bias=traits.norm_bias, part="encoder")
    if width != hidden:
        groups += linear("embd_projection", hidden, width, bias=True, part="encoder")
    return groups


def _layers(shape: Architecture, traits: Traits, num_layers: int) -> list[TensorGroup]:
    hidden, inner = need(shape.hidden_size), need(shape.intermediate_size)
    bias = traits.attention_bias
    if traits.fused_qkv:
        groups = linear("attn_qkv", 3 * hidden, hidden, num_layers, bias=bias, part="encoder")
    else:
        groups = []
        for name in ("attn_q", "attn_k", "attn_v"):
            groups += linear(name, hidden, hidden, num_layers, bias=bias, part="encoder")
    groups += linear("attn_output", hidden, hidden, num_layers, bias=bias, part="encoder")
    groups += linear("ffn_up", inner, hidden, num_layers, bias=traits.up_bias, part="encoder")
    if traits.gated:
        groups += linear("ffn_gate", inner, hidden, num_layers, bias=traits.up_bias, part="encoder")
    groups += linear("ffn_down", hidden, inner, num_layers, bias=traits.down_bias, part="encoder")
    groups += norm(hidden, num_layers, bias=traits.norm_bias, part="encoder")
    second = num_layers if traits.first_norm else num_layers - 1
    groups += norm(hidden, second, bias=traits.norm_bias, part="encoder")
    return groups + (norm(hidden, part="encoder") if traits.final_norm else [])


def _head(name: str, count: int, shape: Architecture) -> list[TensorGroup]:
    """Return a task head; `count` tells how many labels a classifier has and whether a dense layer comes before it."""
    hidden = need(shape.hidden_size)
    dense = linear("dense", hidden, hidden, bias=True, part="head")
    if name in ("pooler", "pre_classifier", "vocab_transform"):
        return dense
    if name in ("classifier", "qa_outputs"):
        has_dense = count > hidden * (hidden + 1)
        labels = (count - has_dense * hidden * (hidden + 1)) // (hidden + 1)
        return (dense if has_dense else []) + linear("cls.output", labels, hidden, bias=True, part="head")
    if name == "head":
        return linear("dense", hidden, hidden, part="head") + norm(hidden, part="head")
    if name == "vocab_layer_norm":
        return norm(hidden, bias=True, part="head")
    if name in ("decoder", "vocab_projector"):
        return _vocabulary_head(shape)
    if name in ("cls", "lm_head"):
        return [*dense, *norm(hidden, bias=True, part="head"), *_vocabulary_head(shape)]
    return []


def _vocabulary_head(shape: Architecture) -> list[TensorGroup]:
    """Return the output matrix of a masked language model: the token table again, and a bias."""
    vocab, width = need(shape.vocab_size), need(shape.hidden_size)
    return embedding(vocab, width, tied=True, part="head", head_bias=True)[1:]
