"""Which small models are exported: one configuration in the words of transformers and in the words of our catalog."""

from subjects_image import IMAGE_SUBJECTS
from subjects_text import TEXT_SUBJECTS
from subjects_written import WRITTEN_SUBJECTS

DECODER = {
    "hidden_size": 64, "intermediate_size": 160, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "vocab_size": 320, "max_position_embeddings": 128, "tie_word_embeddings": True,
}  # fmt: skip
ENCODER = {
    "hidden_size": 64, "intermediate_size": 160, "num_attention_heads": 4, "vocab_size": 320,
    "max_position_embeddings": 128,
}  # fmt: skip
WIDE = {"hidden_size": 128, "intermediate_size": 256}
EXPERTS_WIDE = {"intermediate_size": 96}
EXPERTS = {"num_experts_per_tok": 2, **EXPERTS_WIDE}
EXPERT_FACTS = {"num_experts": 4, "num_experts_per_token": 2, "expert_intermediate_size": 96}
HYBRID = {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3}
STATES = {"kind": "short_conv", "conv_kernel": 3, "num_ssm_layers": 2, "num_attention_layers": 2}
FORMATS = {"int4": "onnx-int4-b32", "fp32": "onnx-fp32", "int8": "onnx-int8"}


def _genai(name, model_type, config_class, precision, config=None, **architecture):
    return {
        "name": f"genai-{name}-{precision}", "tool": "genai", "precision": precision, "config_class": config_class,
        "config": {**DECODER, **(config or {})}, "format": FORMATS[precision], "tasks": ["text-generation"],
        "architecture": {"model_type": model_type, "num_hidden_layers": 2, **DECODER, **architecture},
    }  # fmt: skip


def _encoder(name, model_type, config_class, model_class, config=None, **architecture):
    ids = ["ones", 1, 16]
    return {
        "name": f"torch-{name}-fp32", "tool": "torch", "config_class": config_class, "model_class": model_class,
        "config": {**ENCODER, **(config or {})}, "format": "onnx-fp32", "tasks": ["sentence-similarity"],
        "inputs": {"input_ids": ids, "attention_mask": ids},
        "architecture": {"model_type": model_type, "num_hidden_layers": 2, **ENCODER, **architecture},
    }  # fmt: skip


SUBJECTS = [
    _genai("llama", "llama", "LlamaConfig", "int4"),
    _genai("llama", "llama", "LlamaConfig", "fp32"),
    _genai("qwen2", "qwen2", "Qwen2Config", "int4"),
    _genai("qwen3", "qwen3", "Qwen3Config", "int4"),
    _genai("gemma2", "gemma2", "Gemma2Config", "int4", {"sliding_window": 32, "query_pre_attn_scalar": 16}),
    _genai("phi3", "phi3", "Phi3Config", "int4", {"pad_token_id": 0, "original_max_position_embeddings": 128}),
    _genai("granite", "granite", "GraniteConfig", "int4"),
    _genai("mistral", "mistral", "MistralConfig", "int4", {"sliding_window": None}),
    _genai("smollm3", "smollm3", "SmolLM3Config", "int4", {"pad_token_id": 0, "eos_token_id": 2, "bos_token_id": 1}),
    _genai("ernie", "ernie4_5", "Ernie4_5Config", "int4"),
    _genai("hunyuan", "hunyuan_v1_dense", "HunYuanDenseV1Config", "int4"),
    _genai(
        "phi",
        "phi",
        "PhiConfig",
        "int4",
        {"num_key_value_heads": 4, "tie_word_embeddings": False},
        num_key_value_heads=4,
        tie_word_embeddings=False,
    ),
    _encoder("bert", "bert", "BertConfig", "BertModel"),
    _genai("llama", "llama", "LlamaConfig", "int8"),
    _genai("llama", "llama", "LlamaConfig", "int4", WIDE, **WIDE)
    | {"name": "genai-llama-int4-b128", "format": "onnx-int4-b128", "options": ["block_size=128"]},
    # In fp32: for int4 the builder wants the published checkpoint's own blocks.
    _genai(
        "gpt-oss",
        "gpt_oss",
        "GptOssConfig",
        "fp32",
        {**EXPERTS, "num_local_experts": 4, "sliding_window": 32, "tie_word_embeddings": False},
        moe=EXPERT_FACTS,
        tie_word_embeddings=False,
        sliding_window=32,
        layer_pattern={"sliding_attention": 2, "full_attention": 2},
        num_hidden_layers=4,
        **EXPERTS_WIDE,
    )
    | {"depths": [2, 4]},
    _genai(
        "lfm2",
        "lfm2",
        "Lfm2Config",
        "int4",
        {**HYBRID, "block_auto_adjust_ff_dim": False},
        ssm=STATES,
        num_hidden_layers=4,
    )
    | {"depths": [2, 4]},
    _genai(
        "lfm2-moe",
        "lfm2_moe",
        "Lfm2MoeConfig",
        "int4",
        {**HYBRID, **EXPERTS, "num_experts": 4, "moe_intermediate_size": 96, "num_dense_layers": 0},
        ssm=STATES,
        moe=EXPERT_FACTS,
        num_hidden_layers=4,
    )
    | {"depths": [2, 4]},
    *IMAGE_SUBJECTS,
    *TEXT_SUBJECTS,
    *WRITTEN_SUBJECTS,
]
