"""From config.json, or the notes of a GGUF file, to the catalog's words for a model's shape.

Only what is stated is taken over: a field that is not there, or no count, stays null. Names of fields: the
configuration classes of transformers; keys of GGUF: docs/gguf.md and llama.cpp's `llama-arch.cpp`, as of 2026.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from advisor.catalog.headers.companions import number
from advisor.catalog.headers.model import ArrayNote, MetadataValue
from advisor.catalog.model import Architecture, AudioFacts, EncoderDecoderFacts, MlaFacts, MoeFacts, VisionFacts

MOST_LAYERS = 10_000
_IMAGE_TYPES = frozenset({"vit", "dinov2"})
_SOUND_TYPES = frozenset({"whisper", "wav2vec2", "hubert"})
_FIELDS: dict[str, tuple[str, ...]] = {
    "num_hidden_layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "hidden_size": ("hidden_size", "n_embd", "d_model", "dim", "n_embed"),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim", "d_ff", "hidden_dim", "ffn_hidden_size"),
    "num_attention_heads": ("num_attention_heads", "n_head", "num_heads", "n_heads"),
    "num_key_value_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"),
    "head_dim": ("head_dim", "d_kv"),
    "vocab_size": ("vocab_size",),
    "max_position_embeddings": (
        "max_position_embeddings",
        "n_positions",
        "n_ctx",
        "max_seq_len",
        "max_sequence_length",
    ),
    "input_embedding_size": ("embedding_size",),
}
_GGUF_FIELDS = {
    "num_hidden_layers": "block_count",
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "max_position_embeddings": "context_length",
    "sliding_window": "attention.sliding_window",
}
_GGUF_TYPES = {
    "gemma3": "gemma3_text", "gptneox": "gpt_neox", "gpt-oss": "gpt_oss", "qwen2moe": "qwen2_moe",
    "qwen3moe": "qwen3_moe", "deepseek2": "deepseek_v2", "command-r": "cohere", "starcoder": "gpt_bigcode",
    "nomic-bert": "nomic_bert", "phi2": "phi", "ernie4_5-moe": "ernie4_5_moe", "hunyuan-dense": "hunyuan_v1_dense",
    "modern-bert": "modernbert", "olmo": "olmo", "granite": "granite", "jina-bert-v2": "bert (JinaBERT/ALiBi)",
}  # fmt: skip
"""Architecture of a GGUF file -> model type of transformers, where the names differ."""


def of_config(config: Mapping[str, Any]) -> Architecture | None:
    """Return the shape that a config.json states; null when it names no type."""
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or not model_type:
        return None
    inside = config.get("text_config")
    text: Mapping[str, Any] = {**config, **inside} if isinstance(inside, dict) else config
    sizes: dict[str, Any] = {field: _first(text, names) for field, names in _FIELDS.items()}
    sizes = _believable(sizes)
    both = _encoder_decoder(config)
    if both is not None:
        sizes["num_hidden_layers"] = None
        sizes["num_attention_heads"] = both.num_decoder_heads
        sizes["intermediate_size"] = both.decoder_intermediate_size
    window, pattern = _window(text, sizes)
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    return Architecture(
        model_type=model_type[:100],
        **_kept(sizes, text),
        tie_word_embeddings=tied if isinstance(tied, bool) else None,
        sliding_window=window,
        layer_pattern=pattern,
        moe=_moe(text),
        mla=_mla(text),
        encoder_decoder=both,
        vision=_vision(config) if model_type in _IMAGE_TYPES else None,
        audio=_audio(config, both) if model_type in _SOUND_TYPES else None,
    )


def of_gguf(notes: Mapping[str, MetadataValue]) -> Architecture | None:
    """Return the shape that the notes of a GGUF file state; null when it names no architecture."""
    name = notes.get("general.architecture")
    if not isinstance(name, str) or not name:
        return None
    sizes: dict[str, Any] = {field: _largest(notes.get(f"{name}.{key}")) for field, key in _GGUF_FIELDS.items()}
    sizes = _believable(sizes)
    tokens = notes.get("tokenizer.ggml.tokens")
    vocabulary = tokens.num_items if isinstance(tokens, ArrayNote) else None
    window, context = sizes.pop("sliding_window"), sizes["max_position_embeddings"]
    experts, used = number(notes.get(f"{name}.expert_count")), number(notes.get(f"{name}.expert_used_count"))
    inner = number(notes.get(f"{name}.expert_feed_forward_length")) or sizes["intermediate_size"]
    moe = None
    if experts and used and inner:
        moe = MoeFacts(num_experts=experts, num_experts_per_token=used, expert_intermediate_size=inner)
    return Architecture(
        model_type=_GGUF_TYPES.get(name, name)[:100],
        **sizes,
        vocab_size=number(notes.get(f"{name}.vocab_size")) or vocabulary or None,
        sliding_window=window if window is not None and (context is None or window < context) else None,
        moe=moe,
    )


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((value for name in names if (value := number(config.get(name))) is not None), None)


def _believable(sizes: dict[str, Any]) -> dict[str, Any]:
    """Leave out layers that no model has: what follows goes through them one by one."""
    layers = sizes["num_hidden_layers"]
    return {**sizes, "num_hidden_layers": None} if layers is not None and layers > MOST_LAYERS else sizes


def _kept(sizes: dict[str, Any], text: Mapping[str, Any]) -> dict[str, Any]:
    """Return sizes as the catalog has them: heads that share keys, no width of a table that is the hidden size."""
    if text.get("multi_query") is True and not text.get("new_decoder_architecture"):
        sizes["num_key_value_heads"] = 1
    if sizes["num_key_value_heads"] is None:
        sizes["num_key_value_heads"] = sizes["num_attention_heads"]
    if sizes["input_embedding_size"] == sizes["hidden_size"]:
        sizes["input_embedding_size"] = None
    return sizes


def _window(text: Mapping[str, Any], sizes: Mapping[str, int | None]) -> tuple[int | None, dict[str, int] | None]:
    """Return the window of local layers and how many layers there are of each kind."""
    window, context = number(text.get("sliding_window")), sizes["max_position_embeddings"]
    if text.get("use_sliding_window") is False or (window and context and window >= context):
        window = None
    kinds, layers = text.get("layer_types"), sizes["num_hidden_layers"]
    if isinstance(kinds, list) and kinds and all(isinstance(kind, str) for kind in kinds):
        return window, dict(Counter(kind[:40] for kind in kinds))
    every = number(text.get("sliding_window_pattern"))
    if window and every and layers and every > 1:
        full = layers // every
        return window, {
            kind: count for kind, count in (("sliding_attention", layers - full), ("full_attention", full)) if count
        }
    return window, None


def _moe(text: Mapping[str, Any]) -> MoeFacts | None:
    count = _first(text, ("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts"))
    used = _first(text, ("num_experts_per_tok", "num_experts_per_token", "moe_k", "top_k_experts", "moe_topk"))
    inner = _first(text, ("moe_intermediate_size", "expert_intermediate_size", "intermediate_size"))
    if count is None or used is None or inner is None:
        return None
    return MoeFacts(
        num_experts=count,
        num_experts_per_token=min(used, count),
        expert_intermediate_size=inner,
        num_shared_experts=_first(text, ("n_shared_experts", "num_shared_experts", "moe_num_shared_experts")) or 0,
        shared_expert_intermediate_size=_first(text, ("shared_expert_intermediate_size",)),
        num_first_dense_layers=_first(text, ("first_k_dense_replace",)) or 0,
    )


def _mla(text: Mapping[str, Any]) -> MlaFacts | None:
    names = ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
    sizes = {name: number(text.get(name)) for name in names}
    if any(size is None for size in sizes.values()):
        return None
    return MlaFacts(
        **{name: size for name, size in sizes.items() if size is not None}, q_lora_rank=number(text.get("q_lora_rank"))
    )


def _encoder_decoder(config: Mapping[str, Any]) -> EncoderDecoderFacts | None:
    """Return the two stacks of a T5 or a member of the BART line."""
    if config.get("is_encoder_decoder") is not True:
        return None
    inner = _first(config, ("d_ff", "ffn_dim", "intermediate_size"))
    facts = {
        "num_encoder_layers": _first(config, ("encoder_layers", "num_layers", "num_encoder_layers")),
        "num_decoder_layers": _first(config, ("decoder_layers", "num_decoder_layers", "num_layers")),
        "num_encoder_heads": _first(config, ("encoder_attention_heads", "num_heads", "num_attention_heads")),
        "num_decoder_heads": _first(config, ("decoder_attention_heads", "num_heads", "num_attention_heads")),
        "encoder_intermediate_size": _first(config, ("encoder_ffn_dim",)) or inner,
        "decoder_intermediate_size": _first(config, ("decoder_ffn_dim",)) or inner,
    }
    if any(value is None for value in facts.values()):
        return None
    if max(facts["num_encoder_layers"] or 0, facts["num_decoder_layers"] or 0) > MOST_LAYERS:
        return None
    return EncoderDecoderFacts(**{name: value for name, value in facts.items() if value is not None})


def _vision(config: Mapping[str, Any]) -> VisionFacts:
    """Return the facts of a network that is one image tower."""
    stated = config.get("image_size")
    sides = tuple(map(number, stated if isinstance(stated, list) else [stated]))
    known = tuple(side for side in sides[:2] if side is not None)
    return VisionFacts(
        model_type=str(config["model_type"]),
        hidden_size=_first(config, ("hidden_size",)),
        intermediate_size=_first(config, ("intermediate_size",)),
        num_hidden_layers=_first(_believable_config(config), ("num_hidden_layers",)),
        num_attention_heads=_first(config, ("num_attention_heads",)),
        image_size_px=known or None,
        patch_size_px=_first(config, ("patch_size",)),
    )


def _audio(config: Mapping[str, Any], both: EncoderDecoderFacts | None) -> AudioFacts | None:
    """Return the facts of a network that hears."""
    layers = both.num_encoder_layers if both else _first(_believable_config(config), ("num_hidden_layers",))
    width = _first(config, ("d_model", "hidden_size"))
    if layers is None or width is None:
        return None
    return AudioFacts(
        num_encoder_layers=layers,
        encoder_hidden_size=width,
        num_mel_bins=_first(config, ("num_mel_bins",)),
        num_max_source_positions=_first(config, ("max_source_positions",)),
    )


def _believable_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    layers = number(config.get("num_hidden_layers"))
    return {**config, "num_hidden_layers": None} if layers is not None and layers > MOST_LAYERS else config


def _largest(value: object) -> int | None:
    """Return a size that a GGUF file gives for all layers at once or for each (the largest then)."""
    if isinstance(value, ArrayNote):
        return max((size for size in map(number, value.items) if size is not None), default=None)
    return number(value)
