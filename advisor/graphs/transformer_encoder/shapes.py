"""From a catalog row to the shape of a text encoder. Pure.

Source: the classes of Hugging Face transformers that carry these model types, and their released configurations. A
shape is used only when its parameter count agrees with the catalog's.
"""

import math
from typing import Any

from advisor.catalog.model import Architecture, ModelCard
from advisor.graphs.transformer_encoder.shape import TextShape

_BERT: dict[str, Any] = {"body": "post-norm", "places": "learned", "num_token_types": 2}
_ROTARY: dict[str, Any] = {**_BERT, "places": "rotary"}
_NO_BIAS: dict[str, Any] = {"qkv_bias": False, "up_bias": False, "down_bias": False}
_DEBERTA_BUCKETS = 256
"""Rows for each direction. Source: `position_buckets` of every DeBERTa v3."""
TRAITS: dict[str, dict[str, Any]] = {
    "modernbert": {"body": "modern", "places": "rotary", "gated": True, **_NO_BIAS},
    "deberta-v2": {"body": "disentangled", "places": "none", "num_buckets": _DEBERTA_BUCKETS},
    "mpnet": {"body": "post-norm", "places": "counted", "first_place": 2, "relative_bias": True},
    "albert": {**_BERT, "activation": "gelu-parts", "shared_layers": True},
    "electra": _BERT,
    "nomic_bert": {**_ROTARY, **_NO_BIAS, "gated": True, "activation": "silu"},
    "gte": {**_ROTARY, "num_token_types": 1, "up_bias": False, "gated": True},
    "jina_embeddings_v3": {**_ROTARY, "num_token_types": 1, "first_place": 2},
    "bert (JinaBERT/ALiBi)": {
        **_BERT, "places": "distance", "up_bias": False, "gated": True, "gate_packed": True, "pooler": True,
    },
}  # fmt: skip
"""Model type -> what its configuration does not say."""
_NEEDED = (
    "num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size",
    "max_position_embeddings",
)  # fmt: skip
_NUM_SPAN_ENDS = 2


def knows(architecture: Architecture) -> bool:
    """Tell whether this package answers for a type."""
    return architecture.model_type in TRAITS


def shape(card: ModelCard) -> TextShape | None:
    """Return the shape of a model of a type this package answers for, or null where the catalog does not say enough."""
    found = card.architecture
    if found is None or any(getattr(found, field) is None for field in _NEEDED):
        return None
    hidden = found.hidden_size or 0
    fields: dict[str, Any] = {
        "num_layers": found.num_hidden_layers, "hidden_size": hidden, "intermediate_size": found.intermediate_size,
        "num_heads": found.num_attention_heads, "vocab_size": found.vocab_size,
        "num_positions": found.max_position_embeddings, "embedding_size": found.input_embedding_size or hidden,
        **TRAITS[found.model_type], **_head(card, hidden),
    }  # fmt: skip
    if found.model_type == "modernbert":
        views = _views(found)
        if views is None:
            return None
        fields |= views
    return TextShape(**fields)


def _views(found: Architecture) -> dict[str, int] | None:
    """Return how far local layers see and how often a global one comes, or null where the pattern is another."""
    num_layers, pattern = found.num_hidden_layers or 0, found.layer_pattern or {}
    num_global = pattern.get("full_attention", num_layers)
    if found.sliding_window is None or num_global == num_layers:
        return {}
    every = math.ceil(num_layers / num_global) if num_global else 0
    if not every or math.ceil(num_layers / every) != num_global:
        return None
    return {"local_reach": found.sliding_window // 2, "global_every": every}


def _head(card: ModelCard, hidden: int) -> dict[str, Any]:
    """Return what comes after the layers. Heads that guess masked words are left out: no task asks for them."""
    counts = {name.rpartition(".")[2]: count for name, count in card.parameters.components.items()}
    if "classifier" in counts:
        return {"head": "classifier", "num_labels": max(1, counts["classifier"] // (hidden + 1))}
    if "qa_outputs" in counts:
        return {"head": "spans", "num_labels": _NUM_SPAN_ENDS}
    return {"pooler": True} if "pooler" in counts else {}
