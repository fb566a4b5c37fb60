"""What lies beside the weights: config.json, tokenizer, adapter, requests to run code. Read as data, never run."""

import json
from collections.abc import Mapping
from typing import Any

from advisor.catalog.headers.checkpoint import Adapter, Quantization, Refusal, Tokenizer
from advisor.catalog.headers.model import ArrayNote, MetadataValue
from advisor.catalog.headers.source import FileSet, read_text, shown
from advisor.errors import InvalidModelError

CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
MODULES = "modules.json"
MODEL_INDEX = "model_index.json"
SENTENCE_CONFIG = "sentence_bert_config.json"
SMALL_FILES = (
    CONFIG, ADAPTER_CONFIG, TOKENIZER_CONFIG, MODULES, MODEL_INDEX, SENTENCE_CONFIG, "tokenizer.json",
    "tokenizer.model", "sentencepiece.bpe.model", "spiece.model", "vocab.txt", "vocab.json", "merges.txt",
    "chat_template.jinja",
)  # fmt: skip
_MOST_BYTES = 5_000_000
_MOST_SIZE = 2**40
_MOST_WORDS = 200
_TOKENIZERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("tokenizers", ("tokenizer.json",)),
    ("sentencepiece", ("tokenizer.model",)),
    ("sentencepiece", ("sentencepiece.bpe.model",)),
    ("sentencepiece", ("spiece.model",)),
    ("vocabulary", ("vocab.json", "merges.txt")),
    ("vocabulary", ("vocab.txt",)),
)
_LABELS = {
    "gptq": "GPTQ", "awq": "AWQ", "bitsandbytes": "bitsandbytes", "fp8": "fp8 in blocks", "mxfp4": "MXFP4",
    "compressed-tensors": "compressed-tensors", "mlx": "MLX", "fbgemm_fp8": "fp8 (FBGEMM)",
    "modelopt": "NVIDIA ModelOpt", "hqq": "HQQ", "aqlm": "AQLM", "bitnet": "BitNet", "torchao": "torchao",
    "quanto": "quanto", "eetq": "EETQ",
}  # fmt: skip
_METHOD_BITS = {"fp8": 8.0, "fbgemm_fp8": 8.0, "mxfp4": 4.25, "eetq": 8.0}


def read_object(files: FileSet, name: str) -> dict[str, Any]:
    """Return a JSON file of the model as a dictionary; empty when it is not there.

    Raises:
        InvalidModelError: `config-damaged`; names the file.
    """
    value = read_json(files, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _damaged(name, "it must be a JSON object.")
    return value


def read_json(files: FileSet, name: str) -> object:
    """Return what a JSON file of the model holds; null when it is not there.

    Raises:
        InvalidModelError: `config-damaged`; names the file.
    """
    size = files.sizes().get(name)
    if size is None:
        return None
    if size > _MOST_BYTES:
        raise _damaged(name, f"it has {size:,} bytes.")
    with files.open(name) as source:
        raw = read_text(source)
    try:
        # The standard reader: published files hold `Infinity`, which is no JSON.
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _damaged(name, f"it is not complete JSON: {error}.") from error


def dense_modules(files: FileSet) -> tuple[str, ...]:
    """Return the folders of dense layers that a sentence embedder puts on its network."""
    modules = read_json(files, MODULES)
    if not isinstance(modules, list):
        return ()
    found = []
    for module in modules[:_MOST_WORDS]:
        facts = module if isinstance(module, dict) else {}
        kind, path = facts.get("type"), facts.get("path")
        if isinstance(kind, str) and isinstance(path, str) and path and kind.rpartition(".")[2] == "Dense":
            found.append(path.strip("/"))
    return tuple(found)


def parts_of_pipeline(index: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders a diffusers `model_index.json` names."""
    return tuple(name for name, value in index.items() if isinstance(value, list) and len(value) == 2 and value[0])


def quantization(config: Mapping[str, Any]) -> Quantization | None:
    """Return how the weights were compressed, from `quantization_config`, or `quantization` of MLX."""
    inside = config.get("text_config")
    facts = config.get("quantization_config")
    if not facts and isinstance(inside, dict):
        facts = inside.get("quantization_config")
    method = facts.get("quant_method") if isinstance(facts, dict) else None
    if facts is None and isinstance(config.get("quantization"), dict):
        facts, method = config["quantization"], "mlx"
    if not isinstance(facts, dict):
        return None
    if not isinstance(method, str):
        method = "bitsandbytes" if "load_in_4bit" in facts or "load_in_8bit" in facts else "unknown"
    bits = _bits(facts, method)
    label = _LABELS.get(method, method[:40])
    kind = facts.get("bnb_4bit_quant_type") if facts.get("load_in_4bit") else facts.get("format", facts.get("fmt"))
    details = [f"{bits:g} bits" if bits is not None else "", kind if isinstance(kind, str) else ""]
    words = ", ".join(word[:40] for word in details if word)
    return Quantization(method=method[:40], label=f"{label} ({words})" if words else label, linear_bits=bits)


def packing(config: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the facts about packing that `packed.parameters` asks for."""
    for owner in (config, config.get("text_config")):
        for key in ("quantization_config", "quantization"):
            facts = owner.get(key) if isinstance(owner, Mapping) else None
            if isinstance(facts, Mapping):
                return facts
    return {}


def _bits(facts: Mapping[str, Any], method: str) -> float | None:
    if facts.get("load_in_4bit"):
        return 4.0
    if facts.get("load_in_8bit"):
        return 8.0
    stated = next((bits for key in ("bits", "w_bit", "num_bits") if (bits := number(facts.get(key)))), None)
    if stated is not None:
        return float(stated)
    groups = facts.get("config_groups")
    for group in groups.values() if isinstance(groups, dict) else ():
        weights = group.get("weights") if isinstance(group, dict) else None
        bits = number(weights.get("num_bits")) if isinstance(weights, dict) else None
        if bits is not None:
            return float(bits)
    return _METHOD_BITS.get(method)


def number(value: object) -> int | None:
    """Return a count or size from a stranger's JSON if it is one."""
    return value if type(value) is int and 0 < value < _MOST_SIZE else None


def tokenizer(files: FileSet, config: Mapping[str, Any]) -> Tokenizer:
    """Return the tokenizer that lies beside the weights.

    Raises:
        InvalidModelError: `config-damaged`.
    """
    sizes = files.sizes()
    facts = read_object(files, TOKENIZER_CONFIG)
    has_template = "chat_template" in facts or "chat_template.jinja" in sizes
    vocabulary = number(_text_part(config).get("vocab_size"))
    for kind, names in _TOKENIZERS:
        if all(sizes.get(name) for name in names):
            return Tokenizer(files=names, kind=kind, num_tokens=vocabulary, has_chat_template=has_template)
    return Tokenizer(num_tokens=vocabulary, has_chat_template=has_template)


def gguf_tokenizer(notes: Mapping[str, MetadataValue]) -> Tokenizer:
    """Return the tokenizer inside a GGUF file."""
    tokens = notes.get("tokenizer.ggml.tokens")
    kind = "gguf" if isinstance(notes.get("tokenizer.ggml.model"), str) and isinstance(tokens, ArrayNote) else None
    return Tokenizer(
        kind=kind,
        num_tokens=tokens.num_items if isinstance(tokens, ArrayNote) else None,
        has_chat_template="tokenizer.chat_template" in notes,
    )


def adapter(facts: Mapping[str, Any]) -> Adapter | None:
    """Return what an `adapter_config.json` of PEFT says; null without one.

    Raises:
        InvalidModelError: `config-damaged`.
    """
    if not facts:
        return None
    method, base, rank = facts.get("peft_type"), facts.get("base_model_name_or_path"), number(facts.get("r"))
    if not isinstance(method, str):
        raise _damaged(ADAPTER_CONFIG, "the field peft_type must be a text.")
    alpha, targets = facts.get("lora_alpha"), facts.get("target_modules")
    ratio = None
    if isinstance(alpha, int | float) and rank and abs(alpha) < _MOST_SIZE:
        ratio = alpha / rank
    words = [targets] if isinstance(targets, str) else targets if isinstance(targets, list) else []
    return Adapter(
        method=method[:40],
        base_model=base[:300] if isinstance(base, str) and base else None,
        rank=rank,
        alpha_ratio=ratio,
        targets=tuple(sorted(word[:100] for word in words[:_MOST_WORDS] if isinstance(word, str))),
    )


def code_refusal(owner: str, facts: Mapping[str, Any]) -> Refusal | None:
    """Return why a model that brings its own program code is not run; null when it brings none."""
    wanted = facts.get("auto_map")
    if not wanted:
        return None
    named = next((value for value in wanted.values() if value), "") if isinstance(wanted, dict) else wanted
    named = named[0] if isinstance(named, list) and named else named
    return Refusal(
        code="remote-code",
        message=f"{owner} asks for program code that comes with the model (auto_map: {shown(str(named))}). "
        "This app never runs code that comes with a model.",
        remedy="It can be sized, not run. Take a model that transformers or llama.cpp know by themselves.",
    )


def _text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    inside = config.get("text_config")
    return inside if isinstance(inside, dict) and "vocab_size" not in config else config


def _damaged(name: str, what: str) -> InvalidModelError:
    return InvalidModelError("config-damaged", f"{name}: {what}", remedy="Download it again.", file=name)
