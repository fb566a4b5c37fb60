"""Write tests/data/headers/families.json: names and shapes of the tensors that transformers saves for small models.

Run it in an environment with torch and transformers: python packaging/headers/record_families.py

Each model is made on PyTorch's meta device with small sizes, so nothing is downloaded or computed. Tensors that are the
same memory are saved once, as `save_pretrained` does.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForCTC,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSpeechSeq2Seq,
)

FILE = Path(__file__).resolve().parents[2] / "tests" / "data" / "headers" / "families.json"
SIZES = {
    "hidden_size": 64, "d_model": 64, "n_embd": 64, "num_hidden_layers": 2, "n_layer": 2, "num_layers": 2,
    "encoder_layers": 2, "decoder_layers": 2, "num_decoder_layers": 2, "num_attention_heads": 4, "n_head": 4,
    "num_heads": 4, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "intermediate_size": 128, "d_ff": 128,
    "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "ffn_dim": 128, "d_kv": 16, "head_dim": 16, "vocab_size": 320,
    "max_position_embeddings": 96, "n_positions": 96, "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4,
    "num_experts_per_tok": 2, "moe_intermediate_size": 32, "moe_num_experts": 4, "moe_k": 2, "n_group": 1,
    "topk_group": 1, "kv_lora_rank": 16, "q_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
    "v_head_dim": 8, "n_shared_experts": 1, "shared_expert_intermediate_size": 48, "first_k_dense_replace": 1,
    "embedding_size": 64, "word_embed_proj_dim": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    "decoder_start_token_id": 0, "dim": 64, "hidden_dim": 128, "n_heads": 4, "n_layers": 2, "max_seq_len": 96,
    "max_window_layers": 2,
}  # fmt: skip
CAUSAL = (
    "llama", "mistral", "mixtral", "granite", "granitemoe", "smollm3", "ernie4_5", "gemma", "gemma2", "gemma3_text",
    "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "phi", "phi3", "phimoe", "glm4", "olmo2", "olmo3", "olmoe", "cohere",
    "cohere2", "stablelm", "starcoder2", "gpt2", "gpt_neox", "opt", "bloom", "falcon", "gpt_oss", "deepseek_v3",
    "apertus", "arcee", "exaone4", "hunyuan_v1_dense", "seed_oss", "mamba", "rwkv", "helium", "nemotron", "glm4_moe",
)  # fmt: skip
MASKED = ("bert", "roberta", "xlm-roberta", "distilbert", "electra", "albert", "mpnet", "deberta-v2", "modernbert")
PAIRS = ("t5", "bart", "mbart", "marian", "m2m_100", "pegasus")
SOUND = ("whisper",)
LETTERS = ("wav2vec2", "hubert")
IMAGES = ("vit", "dinov2")
OTHERS = ("bert", "vit", "dinov2", "convbert")


def config_of(kind: str) -> transformers.PretrainedConfig:
    config = AutoConfig.for_model(kind)
    for name, value in SIZES.items():
        if getattr(config, name, None) is not None and isinstance(getattr(config, name), int):
            try:
                setattr(config, name, value)
            except (AttributeError, NotImplementedError):
                continue
    if getattr(config, "num_key_value_heads", None) and "num_key_value_heads" not in config.attribute_map:
        config.num_key_value_heads = 2
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:2]
    return config


def saved(model: torch.nn.Module) -> dict[str, list[int]]:
    """What save_pretrained would write: of names for the same memory, the first."""
    owners: dict[int, str] = {}
    for name, value in model.named_parameters(remove_duplicate=False):
        owners.setdefault(id(value), name)
    again = {name for name, value in model.named_parameters(remove_duplicate=False) if owners[id(value)] != name}
    return {name: list(value.shape) for name, value in model.state_dict().items() if name not in again}


def main() -> None:
    rows = []
    wanted = [(AutoModelForCausalLM, kind) for kind in CAUSAL] + [(AutoModelForMaskedLM, kind) for kind in MASKED]
    wanted += [(AutoModelForSeq2SeqLM, kind) for kind in PAIRS] + [(AutoModel, kind) for kind in OTHERS]
    wanted += [(AutoModelForSpeechSeq2Seq, kind) for kind in SOUND] + [(AutoModelForCTC, kind) for kind in LETTERS]
    wanted += [(AutoModelForImageClassification, kind) for kind in IMAGES]
    for auto, kind in wanted:
        try:
            config = config_of(kind)
            with torch.device("meta"):
                model = auto.from_config(config)
        except Exception as error:  # noqa: BLE001 - a family that cannot be made small is left out, and said
            print(f"{kind}: {type(error).__name__}: {str(error)[:200]}")
            continue
        facts = json.loads(json.dumps(config.to_diff_dict(), default=str))
        facts["architectures"] = [type(model).__name__]
        counted = {id(p): p.numel() for p in model.parameters()}
        rows.append({"config": facts, "num_parameters": sum(counted.values()), "tensors": saved(model)})
    table = {"transformers": transformers.__version__, "torch": torch.__version__, "models": rows}
    lines = json.dumps(table, sort_keys=True, separators=(",", ":")).replace('{"config"', '\n{"config"')
    FILE.write_text(lines + "\n", "utf-8")
    print(f"{len(rows)} models, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
