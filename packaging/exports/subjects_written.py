"""Encoder-decoders that are exported: both halves in one graph, as one call of the model runs them, without a past."""

_IDS, _WRITTEN = ["ones", 1, 16], ["ones", 1, 4]
_TEXT = {"input_ids": _IDS, "attention_mask": _IDS, "decoder_input_ids": _WRITTEN}
_SOUND = {"input_features": ["normal", 1, 20, 100], "decoder_input_ids": _WRITTEN}
_BART = {
    "vocab_size": 320, "d_model": 64, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 160, "decoder_ffn_dim": 192, "use_cache": False, "pad_token_id": 1,
}  # fmt: skip
_LEARNED = {"max_position_embeddings": 128}
_T5 = {
    "vocab_size": 320, "d_model": 64, "d_kv": 16, "num_heads": 4, "use_cache": False,
    "attn_implementation": "eager",
}  # fmt: skip
_WHISPER = {"num_mel_bins": 20, "max_source_positions": 50, "bos_token_id": 1, "eos_token_id": 2}
_MOONSHINE = {
    "vocab_size": 320, "hidden_size": 64, "intermediate_size": 160, "encoder_num_attention_heads": 4,
    "decoder_num_attention_heads": 4, "encoder_num_key_value_heads": 4, "decoder_num_key_value_heads": 4,
    "use_cache": False,
}  # fmt: skip
_BART_DEPTHS = ("encoder_layers", "decoder_layers")


def _subject(name, model_type, config_class, model_class, config, inner, **changes):
    halves = {
        "num_encoder_layers": 2, "num_decoder_layers": 2, "num_encoder_heads": 4, "num_decoder_heads": 4,
        "encoder_intermediate_size": inner[0], "decoder_intermediate_size": inner[1],
    }  # fmt: skip
    return {
        "name": f"torch-{name}-fp32", "tool": "torch", "config_class": config_class, "model_class": model_class,
        "config": config, "format": "onnx-fp32", "tasks": ["translation"], "inputs": changes.pop("inputs", _TEXT),
        "depth_fields": changes.pop("depth_fields", _BART_DEPTHS), "every": True,
        "architecture": {
            "model_type": model_type, "hidden_size": 64, "head_dim": 16, "num_attention_heads": 4, "vocab_size": 320,
            "encoder_decoder": halves, **changes,
        },
    }  # fmt: skip


def _t5(name, config, inner):
    return _subject(
        name, "t5", "T5Config", "T5ForConditionalGeneration", {**_T5, **config, "d_ff": inner}, (inner, inner),
        depth_fields=("num_layers", "num_decoder_layers"),
    )  # fmt: skip


def _bart(name, model_type, kind, model, config=None, **changes):
    fields = {**_BART, **_LEARNED, **(config or {})}
    return _subject(name, model_type, f"{kind}Config", f"{kind}{model}", fields, (160, 192), **_LEARNED, **changes)


WRITTEN_SUBJECTS = [
    _t5("t5", {}, 256),
    _t5("flan-t5", {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}, 160),
    _bart("bart", "bart", "Bart", "ForConditionalGeneration"),
    _bart("mbart", "mbart", "MBart", "ForConditionalGeneration", {"activation_function": "relu"}),
    _bart("pegasus", "pegasus", "Pegasus", "ForConditionalGeneration", {"activation_function": "relu"}),
    _bart("marian", "marian", "Marian", "MTModel", {"activation_function": "swish", "scale_embedding": True}),
    _bart("m2m100", "m2m_100", "M2M100", "ForConditionalGeneration", {"activation_function": "relu"}),
    _subject(
        "whisper", "whisper", "WhisperConfig", "WhisperForConditionalGeneration", {**_BART, **_WHISPER}, (160, 192),
        inputs=_SOUND,
        audio={"num_encoder_layers": 2, "encoder_hidden_size": 64, "num_mel_bins": 20, "num_max_source_positions": 50},
    ),
    _subject(
        "moonshine", "moonshine", "MoonshineConfig", "MoonshineForConditionalGeneration",
        {**_MOONSHINE, "max_position_embeddings": 64}, (160, 160),
        inputs={"input_values": ["normal", 1, 8000], "decoder_input_ids": _WRITTEN},
        depth_fields=("encoder_num_hidden_layers", "decoder_num_hidden_layers"), max_position_embeddings=64,
        audio={"num_encoder_layers": 2, "encoder_hidden_size": 64},
    )
    | {"unmasked": True},
]  # fmt: skip
