"""Sizes of a decoder's caches that its graph may leave free, from its settings."""

from collections.abc import Mapping
from typing import Any

from advisor.runnable.model import RunnableModel


def decoder_facts(model: RunnableModel) -> Mapping[str, Any]:
    """Return what genai_config.json says of the decoder; nothing in other layouts."""
    own = model.runtime_config.get("model")
    facts = own.get("decoder") if isinstance(own, Mapping) else None
    return facts if isinstance(facts, Mapping) else {}


def num_heads(model: RunnableModel) -> int | None:
    """Return the heads of keys and values of one layer, where it is stated."""
    names = ("num_key_value_heads", "decoder_attention_heads", "num_attention_heads", "num_heads", "n_head")
    return first(decoder_facts(model).get(names[0]), *(model.config.get(name) for name in names))


def head_size(model: RunnableModel) -> int | None:
    """Return the numbers a head keeps of a token, where it is stated."""
    config = model.config
    stated = first(decoder_facts(model).get("head_size"), config.get("head_dim"), config.get("d_kv"))
    if stated is not None:
        return stated
    width = first(config.get("hidden_size"), config.get("d_model"), config.get("n_embd"))
    heads = first(config.get("num_attention_heads"), config.get("decoder_attention_heads"), config.get("n_head"))
    return width // heads if width is not None and heads is not None else None


def first(*values: object) -> int | None:
    """Return the first that is a count."""
    return next((value for value in values if type(value) is int and value > 0), None)
