"""From a catalog row to the shape of a graph: what a configuration does not say but its model type implies.

Source: the classes of Hugging Face transformers that carry these model types. A shape is used only when its parameter
count agrees with the catalog's, so a wrong row here is found, not measured.
"""

from typing import Any

from advisor.catalog import inventory
from advisor.catalog.inventory.dispatch import STATIC_EMBEDDINGS
from advisor.catalog.model import Architecture, ModelCard
from advisor.graphs import layers
from advisor.graphs.layers import Layer
from advisor.graphs.shape import DecoderShape, EncoderShape

_LLAMA: dict[str, Any] = {}
_PLAIN: dict[str, Any] = {"norm": "layer", "norm_bias": True, "gated": False, "activation": "gelu"}
_ALL_BIASES: dict[str, Any] = {"qkv_bias": True, "output_bias": True, "mlp_bias": True}
_GEMMA: dict[str, Any] = {"activation": "gelu", "scaled_embedding": True}
DECODER_TRAITS: dict[str, dict[str, Any]] = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "smollm3": _LLAMA,
    "phi3": _LLAMA,
    "ernie4_5": _LLAMA,
    "internlm3": _LLAMA,
    "granite": {"scaled_embedding": True, "scaled_residual": True},
    "granitemoehybrid": {"scaled_embedding": True, "scaled_residual": True},
    "qwen2": {"qkv_bias": True},
    "seed_oss": {"qkv_bias": True},
    "qwen3": {"qk_norm": "head"},
    "hunyuan_v1_dense": {"qk_norm": "head", "rotary_apart": True},
    "exaone4": {"qk_norm": "head", "norm_placement": "post"},
    "olmo2": {"qk_norm": "full", "norm_placement": "post"},
    "olmo3": {"qk_norm": "full", "norm_placement": "post"},
    "glm4": {"qkv_bias": True, "norm_placement": "both"},
    "arcee": {"gated": False, "activation": "relu-squared"},
    "gemma": _GEMMA,
    "gemma2": {**_GEMMA, "norm_placement": "both", "attention_softcap": 50.0, "logits_softcap": 30.0},
    "gemma3_text": {**_GEMMA, "norm_placement": "both", "qk_norm": "head"},
    "stablelm": {"norm": "layer", "norm_bias": True},
    "cohere": {"norm": "layer", "norm_placement": "parallel"},
    "cohere2": {"norm": "layer", "norm_placement": "parallel"},
    "starcoder2": {**_PLAIN, **_ALL_BIASES},
    "falcon": {**_PLAIN, "norm_placement": "parallel"},
    "phi": {**_PLAIN, **_ALL_BIASES, "head_bias": True, "norm_placement": "parallel"},
    "gpt_neox": {**_PLAIN, **_ALL_BIASES, "norm_placement": "parallel-two"},
    "gpt2": {**_PLAIN, **_ALL_BIASES},
    "gpt_bigcode": {**_PLAIN, **_ALL_BIASES},
    "opt": {**_PLAIN, **_ALL_BIASES, "activation": "relu"},
    "bloom": {**_PLAIN, **_ALL_BIASES, "embedding_norm": True, "positions": "linear-bias"},
    "apertus": {"qk_norm": "head", "gated": False, "activation": "xielu"},
    "bitnet": {"activation": "relu-squared", "inner_norms": True},
}
_LEARNED_POSITIONS = {"gpt2": 0, "gpt_bigcode": 0, "opt": 2}
"""Model types with a learned position table -> rows it has beyond the longest text."""
ENCODER_TOKEN_TYPES = {"bert": 2, "roberta": 1, "xlm-roberta": 1, "distilbert": 0}
"""Model type -> rows of the segment table."""
_OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta"})
_MISMATCH_SHARE = 0.005
"""[1] Largest disagreement with the catalog's parameter count at which a shape is believed."""
_HEAD_MISMATCH_SHARE = 0.03
"""[1] The same for encoders, whose rows count a pooler or a task head that is not part of the graph."""


def decoder_shape(card: ModelCard) -> DecoderShape | None:
    """Return the shape of a dense decoder, or None where the catalog does not say enough or does not agree."""
    architecture = card.architecture
    if architecture is None or architecture.model_type not in DECODER_TRAITS:
        return None
    sizes = decoder_sizes(architecture)
    if sizes is None:
        return None
    traits = {**DECODER_TRAITS[architecture.model_type], **_windows(architecture)}
    shape = DecoderShape(**sizes, **traits)
    if architecture.model_type == "stablelm" and not _agrees(shape.num_parameters(), card, _MISMATCH_SHARE / 100):
        shape = DecoderShape(**{**sizes, **traits, "qkv_bias": True})  # the type has both kinds; the count tells
    return shape if agrees(shape, card) else None


def encoder_shape(card: ModelCard) -> EncoderShape | None:
    """Return the shape of a BERT-like encoder, or None where the catalog does not say enough or does not agree."""
    architecture = card.architecture
    if architecture is not None and architecture.model_type == STATIC_EMBEDDINGS:
        return _static_shape(card)
    if architecture is None or architecture.model_type not in ENCODER_TOKEN_TYPES:
        return None
    if architecture.input_embedding_size not in (None, architecture.hidden_size):
        return None
    hidden, heads = architecture.hidden_size, architecture.num_attention_heads
    needed = (architecture.num_hidden_layers, architecture.intermediate_size, architecture.vocab_size)
    positions = architecture.max_position_embeddings
    if hidden is None or heads is None or positions is None or None in needed:
        return None
    shape = EncoderShape(
        num_layers=architecture.num_hidden_layers or 0,
        hidden_size=hidden,
        intermediate_size=architecture.intermediate_size or 0,
        num_heads=heads,
        head_size=hidden // heads,
        vocab_size=architecture.vocab_size or 0,
        num_learned_positions=positions,
        num_token_types=ENCODER_TOKEN_TYPES[architecture.model_type],
        position_offset=2 if architecture.model_type in _OFFSET_POSITIONS else 0,
        num_labels=2 if _classifies(card) else 0,
    )
    return shape if _agrees(shape.num_parameters(), card, _HEAD_MISMATCH_SHARE) else None


def _static_shape(card: ModelCard) -> EncoderShape | None:
    tables = inventory.of_card(card)
    if not tables:
        return None
    (table,) = tables
    return EncoderShape(
        num_layers=1,
        hidden_size=table.num_columns,
        intermediate_size=0,
        num_heads=0,
        head_size=0,
        vocab_size=table.num_rows,
        num_learned_positions=0,
        num_token_types=0,
        is_static=True,
    )


def decoder_sizes(architecture: Architecture) -> dict[str, Any] | None:
    """Return the sizes of a decoder as `DecoderShape` names them, or None where the catalog does not say enough."""
    hidden, heads = architecture.hidden_size, architecture.num_attention_heads
    num_layers, vocab = architecture.num_hidden_layers, architecture.vocab_size
    if hidden is None or heads is None or num_layers is None or vocab is None:
        return None
    extra = _LEARNED_POSITIONS.get(architecture.model_type)
    positions = architecture.max_position_embeddings or 0
    return {
        "num_layers": num_layers,
        "hidden_size": hidden,
        "intermediate_size": architecture.intermediate_size or 4 * hidden,  # GPT-2 and Falcon state none: it is 4 x
        "num_heads": heads,
        "num_kv_heads": architecture.num_key_value_heads or heads,
        "head_size": architecture.head_dim or hidden // heads,
        "vocab_size": vocab,
        "tied": bool(architecture.tie_word_embeddings),
        "num_positions": positions,
        **({} if extra is None else {"num_learned_positions": positions + extra, "positions": "none"}),
    }


def mixers(architecture: Architecture) -> tuple[layers.Mixer, ...]:
    """Return how each layer of a decoder without states looks at other tokens; nothing where all look at all."""
    num_layers = architecture.num_hidden_layers or 0
    if architecture.sliding_window is None or not num_layers:
        return ()
    num_full = (architecture.layer_pattern or {}).get("full_attention", 0)
    return layers.spread(num_layers, num_full, "attention", "window")


def agrees(shape: DecoderShape, card: ModelCard) -> bool:
    """Tell whether a decoder's parameter count, with or without an output head, is the catalog's."""
    counts = (shape.num_parameters(), shape.num_parameters(with_head=False))
    return any(_agrees(count, card, _MISMATCH_SHARE) for count in counts)


def _windows(architecture: Architecture) -> dict[str, Any]:
    found = mixers(architecture)
    return (
        {"window": architecture.sliding_window, "layers": tuple(Layer(mixer=mixer) for mixer in found)} if found else {}
    )


def _agrees(count: int, card: ModelCard, tolerance_share: float) -> bool:
    stated = card.num_parameters()
    return stated is None or abs(count - stated) <= tolerance_share * stated


def _classifies(card: ModelCard) -> bool:
    return bool({"text-classification", "zero-shot-classification", "text-ranking", "reranking"} & set(card.tasks))
