"""What the small files beside a model say: end of text, longest input, chat template, pooling. Nothing is run."""

import math
from collections.abc import Mapping
from typing import Any

from advisor.catalog.headers.companions import read_json, read_object
from advisor.catalog.headers.source import FileSet, read_text
from advisor.errors import InvalidFileError
from advisor.runnable.model import Pooling, TokenizerFacts

CONFIG, GENAI_CONFIG, TOKENIZER = "config.json", "genai_config.json", "tokenizer.json"
GENERATION, TOKENIZER_CONFIG, SPECIAL_TOKENS = (
    "generation_config.json", "tokenizer_config.json", "special_tokens_map.json",
)  # fmt: skip
TEMPLATE, TEMPLATE_JSON = "chat_template.jinja", "chat_template.json"
MODULES, POOLING, SENTENCE, PROMPTS = (
    "modules.json", "1_Pooling/config.json", "sentence_bert_config.json", "config_sentence_transformers.json",
)  # fmt: skip
_MOST_TEMPLATE_BYTES = 500_000
_MOST_TOKENS = 100_000_000
_MOST_LABELS = 100_000
_SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_POOLINGS: tuple[tuple[str, Pooling], ...] = (
    ("pooling_mode_mean_tokens", "mean"), ("pooling_mode_cls_token", "cls"), ("pooling_mode_lasttoken", "last"),
    ("pooling_mode_max_tokens", "max"),
)  # fmt: skip
"""Source: sentence-transformers, `models/Pooling.py`."""
_OFFSET_FAMILIES = frozenset(
    {"roberta", "xlm-roberta", "camembert", "mpnet", "longformer", "xlm-roberta-xl", "data2vec-text"}
)
"""Their positions begin behind the number of the padding token, so that two are never used."""


def tokenizer(files: FileSet, config: Mapping[str, Any], runtime: Mapping[str, Any]) -> TokenizerFacts | None:
    """Return where the tokenizer is and how its tokens are meant; null without a tokenizer.json.

    Raises:
        InvalidModelError: `config-damaged`.
        InvalidFileError: `model-text-too-large`.
    """
    if not files.sizes().get(TOKENIZER):
        return None
    facts, generation = read_object(files, TOKENIZER_CONFIG), read_object(files, GENERATION)
    own = runtime.get("model")
    # The first that names a token: what generation is told comes before what the network was trained with.
    sources = [item for item in (generation, own, config, config.get("text_config")) if isinstance(item, Mapping)]
    return TokenizerFacts(
        name=TOKENIZER, chat_template=_template(files, facts),
        bos_token_id=next(iter(_token_ids(sources, "bos_token_id")), None),
        eos_token_ids=_token_ids(sources, "eos_token_id"),
        pad_token_id=next(iter(_token_ids(sources, "pad_token_id")), None),
        special_tokens=_special(facts, read_object(files, SPECIAL_TOKENS)),
        max_tokens=_longest(facts, read_object(files, SENTENCE), config),
    )  # fmt: skip


def pooling(files: FileSet) -> tuple[Pooling, bool] | None:
    """Return how sentence-transformers makes one vector of those of the tokens, and whether it is normalised.

    Null where nothing says so.

    Raises:
        InvalidModelError: `config-damaged`.
    """
    modules = read_json(files, MODULES)
    listed = [item for item in modules if isinstance(item, dict)] if isinstance(modules, list) else []
    kinds = {str(item.get("type", "")).rpartition(".")[2]: str(item.get("path", "")).strip("/") for item in listed}
    facts = read_object(files, f"{kinds['Pooling']}/config.json" if kinds.get("Pooling") else POOLING)
    named = facts.get("pooling_mode")
    found = next((mode for key, mode in _POOLINGS if facts.get(key) is True or key == f"pooling_mode_{named}"), None)
    if found is None:
        found = next((mode for _, mode in _POOLINGS if named in (mode, f"{mode}token", f"{mode}_token")), None)
    return None if found is None else (found, "Normalize" in kinds)


def prompts(files: FileSet) -> dict[str, str]:
    """Return what an embedder wants before a text, by its use.

    Raises:
        InvalidModelError: `config-damaged`.
    """
    found = read_object(files, PROMPTS).get("prompts")
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(name): text for name, text in pairs if isinstance(text, str) and len(text) < _MOST_TEMPLATE_BYTES}


def labels(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a classifier's scores in their order; none where they are not numbered from 0 on."""
    named = config.get("id2label")
    if not isinstance(named, dict) or not 0 < len(named) <= _MOST_LABELS:
        return ()
    found = [named.get(str(number)) for number in range(len(named))]
    return tuple(str(label) for label in found) if all(label is not None for label in found) else ()


def num_context_tokens(config: Mapping[str, Any], runtime: Mapping[str, Any]) -> int | None:
    """Return the longest input of the network with its answer, where it is stated."""
    own = runtime.get("model")
    text = config.get("text_config")
    stated = (
        own.get("context_length") if isinstance(own, Mapping) else None,
        *(item.get("max_position_embeddings") for item in (config, text) if isinstance(item, Mapping)),
        config.get("n_positions"), config.get("n_ctx"), config.get("max_target_positions"),
    )  # fmt: skip
    found = next((value for value in map(_count, stated) if value is not None), None)
    return found - 2 if found is not None and config.get("model_type") in _OFFSET_FAMILIES and found > 2 else found


def _token_ids(sources: list[Mapping[str, Any]], key: str) -> tuple[int, ...]:
    for facts in sources:
        value = facts.get(key)
        found = [item for item in (value if isinstance(value, list) else [value]) if type(item) is int and item >= 0]
        if found:
            return tuple(found)
    return ()


def _special(facts: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for key in _SPECIAL:
        value = facts.get(key) or old.get(key)
        value = value.get("content") if isinstance(value, dict) else value
        if isinstance(value, str):
            found[key] = value
    return found


def _longest(facts: Mapping[str, Any], sentence: Mapping[str, Any], config: Mapping[str, Any]) -> int | None:
    """Return the longest input; an embedder's own limit counts, as it was trained and judged with it."""
    own = _count(sentence.get("max_seq_length"))
    return own or _count(facts.get("model_max_length")) or num_context_tokens(config, {})


def _count(value: object) -> int | None:
    """Return a believable count; published files hold 1e30 for "no limit"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 1 <= value < _MOST_TOKENS else None


def _template(files: FileSet, facts: Mapping[str, Any]) -> str | None:
    """Return the chat template: its own file before the tokenizer's settings, the one called `default` of several."""
    if TEMPLATE in files.sizes():
        with files.open(TEMPLATE) as source:
            if source.size_bytes > _MOST_TEMPLATE_BYTES:
                raise _too_large(TEMPLATE)
            return read_text(source).decode("utf-8", "replace")
    found = read_object(files, TEMPLATE_JSON).get("chat_template") or facts.get("chat_template")
    if isinstance(found, list):
        named = {item.get("name"): item.get("template") for item in found if isinstance(item, dict)}
        found = named.get("default")
    if isinstance(found, str) and len(found) > _MOST_TEMPLATE_BYTES:
        raise _too_large(TOKENIZER_CONFIG)
    return found if isinstance(found, str) and found else None


def _too_large(name: str) -> InvalidFileError:
    return InvalidFileError(
        "model-text-too-large", f"{name}: its chat template is longer than any published one.",
        remedy="Download it again.", file=name,
    )  # fmt: skip
