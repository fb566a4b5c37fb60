"""Text encoders beyond BERT, and speech encoders: exported layer by layer."""

SIZES = {
    "hidden_size": 64, "intermediate_size": 160, "num_attention_heads": 4, "vocab_size": 320,
    "max_position_embeddings": 128,
}  # fmt: skip
NARROW = 32
LOCAL = {"local_attention": 8, "global_attn_every_n_layers": 3}
SPECIAL = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"), 1)
WIDE = {"hidden_size": 512, "intermediate_size": 256, "num_attention_heads": 8, "max_position_embeddings": 512}
"""Products of the same matrix share it in exports of real sizes; tiny matrices are folded into one copy for each."""
DISENTANGLED = {
    "relative_attention": True, "position_buckets": 256, "max_relative_positions": -1, "norm_rel_ebd": "layer_norm",
    "share_att_key": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "type_vocab_size": 0,
}  # fmt: skip
"""What the released configurations of DeBERTa v3 say."""


def _text(name, model_type, class_name, config=None, depths=(2, 3), **architecture):
    ids = ["ones", 1, 16]
    fields = {"num_hidden_layers": depths[-1], **SIZES}
    return {
        "name": f"torch-{name}-fp32", "tool": "torch", "config_class": f"{class_name}Config",
        "model_class": f"{class_name}Model", "config": {**fields, **(config or {})}, "format": "onnx-fp32",
        "tasks": ["sentence-similarity"], "inputs": {"input_ids": ids, "attention_mask": ids}, "depths": list(depths),
        "architecture": {"model_type": model_type, **fields, **architecture},
    }  # fmt: skip


def _wave(name, model_type, class_name, config=None, depths=(2, 3)):
    sizes = {
        "num_hidden_layers": depths[-1],
        **{key: count for key, count in SIZES.items() if key != "max_position_embeddings"},
    }
    return {
        "name": f"torch-{name}-fp32", "tool": "torch", "config_class": f"{class_name}Config",
        "model_class": f"{class_name}ForCTC", "config": {**sizes, **(config or {})}, "format": "onnx-fp32",
        "tasks": ["automatic-speech-recognition"], "inputs": {"input_values": ["normal", 1, 16000]}, "unmasked": True,
        "depths": list(depths), "architecture": {"model_type": model_type, **sizes},
    }  # fmt: skip


STABLE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
TEXT_SUBJECTS = [
    _text(
        "modernbert", "modernbert", "ModernBert", {**LOCAL, **SPECIAL}, (4, 7), sliding_window=8,
        layer_pattern={"full_attention": 3, "sliding_attention": 4},
    ),
    _text("deberta-v2", "deberta-v2", "DebertaV2", {**DISENTANGLED, **WIDE}, **WIDE),
    _text("mpnet", "mpnet", "MPNet"),
    _text("electra", "electra", "Electra", {"embedding_size": NARROW}, input_embedding_size=NARROW),
    _text("nomic-bert", "nomic_bert", "NomicBert"),
    _text("gte", "gte", "Gte"),
    _text("jina-v3", "jina_embeddings_v3", "JinaEmbeddingsV3"),
    _wave("wav2vec2", "wav2vec2", "Wav2Vec2"),
    _wave("hubert-large", "hubert", "Hubert", STABLE, (13, 14)),
]  # fmt: skip
