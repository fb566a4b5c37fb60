"""From files to cards: families as transformers saves them, any other by its tensors."""

import json
from math import prod
from pathlib import Path

import pytest
from header_files import write_gguf, write_safetensors

from advisor.catalog import formats, inventory, load, local_model, query
from advisor.catalog.headers import groups, shapes
from advisor.catalog.headers.model import TensorInfo
from advisor.catalog.headers.packed import parameters
from advisor.catalog.headers.safetensors import BITS
from advisor.catalog.model import Candidate
from advisor.estimate import table
from advisor.report import local_model as words

DATA = Path(__file__).parents[2] / "data" / "headers"
FAMILIES = json.loads((DATA / "families.json").read_text("utf-8"))["models"]
REAL = json.loads((DATA / "real.json").read_text("utf-8"))
NOT_AS_PUBLISHED = {
    # Small configurations differ from published models in what no field of theirs tells, or have another head.
    "phimoe", "glm4", "apertus", "roberta", "xlm-roberta", "electra", "albert", "deberta-v2", "t5",
    "ViTModel", "Dinov2ForImageClassification",
}  # fmt: skip


def kind(row):
    return row["config"]["model_type"]


def is_as_published(row):
    return NOT_AS_PUBLISHED.isdisjoint((kind(row), row["config"]["architectures"][0]))


def load_row(row, folder, dtype="F32"):
    (folder / "config.json").write_text(json.dumps(row["config"]), "utf-8")
    write_safetensors(folder / "model.safetensors", {name: (dtype, shape) for name, shape in row["tensors"].items()})
    return local_model.load(folder)


@pytest.mark.parametrize("row", FAMILIES, ids=kind)
def test_parameters_are_those_of_pytorch_and_estimates_work(row, tmp_path):
    model = load_row(row, tmp_path)
    assert model.known.num_parameters == row["num_parameters"]
    made = local_model.candidates(model)
    assert made
    assert len(table.build(made)) == len(made)
    full = next(item for item in formats.FORMATS if item.id == "onnx-fp32")
    stored = sum(formats.group_bytes(full, group) for group in model.known.card.read.groups)
    assert stored == 4 * row["num_parameters"]


@pytest.mark.parametrize("row", FAMILIES, ids=kind)
def test_families_are_recognised_by_exactly_their_tensors(row, tmp_path):
    known = load_row(row, tmp_path).known
    assert not known.num_layers_guessed
    if known.family_known:
        assert known.agrees is is_as_published(row)


@pytest.mark.parametrize("row", [row for row in FAMILIES if is_as_published(row)], ids=kind)
def test_roles_from_names_give_the_work_that_the_shapes_of_the_family_give(row, tmp_path):
    known = load_row(row, tmp_path).known
    if not known.agrees:
        return  # a kind without shapes of its own: nothing to hold its tensors against

    def work(found):
        roles = ("linear", "expert", "router", "lm_head")
        return sum(
            group.num_rows * group.num_columns * group.num_tensors * group.active_share
            for group in found
            if group.role in roles
        )

    facts = known.card.architecture.moe
    found = parameters(_infos(row))
    read = groups.grouped(
        found,
        num_experts=facts.num_experts if facts else 0,
        num_experts_per_token=facts.num_experts_per_token if facts else 0,
    )
    if any(group.role == "lm_head" for group in known.card.read.groups):
        read = groups.with_tied_head(read)
    assert work(read) == pytest.approx(work(known.card.read.groups), rel=1e-9)


def _infos(row):
    return [_info(name, "F32", tuple(shape)) for name, shape in row["tensors"].items()]


def test_the_published_files_are_the_models_of_the_catalog(tmp_path):
    mini, smol = REAL["all-MiniLM-L6-v2"], REAL["SmolLM2-135M-Instruct.Q4_1"]
    config = {"architectures": ["BertModel"], "hidden_size": 384, "intermediate_size": 1536, "model_type": "bert",
              "max_position_embeddings": 512, "num_attention_heads": 12, "num_hidden_layers": 6,
              "vocab_size": 30522}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    write_safetensors(tmp_path / "model.safetensors", mini["tensors"], mini["metadata"])
    found = local_model.load(tmp_path, load.catalog())
    card = load.catalog().by_id("sentence-transformers/all-MiniLM-L6-v2")
    assert card.id in found.related
    assert found.known.agrees
    assert found.known.num_parameters == card.num_parameters()
    assert (found.stored_as, found.stored_format) == ("F32", "onnx-fp32")
    assert query.structure(found.known.card) == "encoder"

    notes = {key: value for key, value in smol["metadata"].items() if not isinstance(value, list)}
    path = write_gguf(tmp_path / "smol.gguf", {**notes, "tokenizer.ggml.tokens": ["t"] * 49152}, smol["tensors"])
    found = local_model.load(path, load.catalog())
    card = load.catalog().by_id("HuggingFaceTB/SmolLM2-135M-Instruct")
    assert card.id in found.related
    assert found.known.agrees
    assert found.stored_as == "Q4_1"
    assert {group.name for group in found.known.card.read.groups} >= {"attn_q", "ffn_down", "token_embd_shared"}
    for format in formats.applicable(card):
        assert formats.file_bytes(format, found.known.card) == formats.file_bytes(format, card)


def test_a_download_of_a_catalog_model_has_its_public_facts_and_the_same_estimate(tmp_path):
    smol = REAL["SmolLM2-135M-Instruct.Q4_1"]
    card = load.catalog().by_id("HuggingFaceTB/SmolLM2-135M-Instruct")
    place = tmp_path / "models--HuggingFaceTB--SmolLM2-135M-Instruct" / "snapshots" / "abc"
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "attn_norm": "input_layernorm"}
    tensors = {}
    for name, (_dtype, shape) in smol["tensors"].items():
        stem = name.removesuffix(".weight").replace("blk.", "model.layers.")
        tensors[f"{names.get(stem, stem)}.weight"] = ("BF16", shape)
    write_safetensors(place / "model.safetensors", tensors)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 576, "vocab_size": 49152,
              "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536,
              "max_position_embeddings": 8192}  # fmt: skip
    (place / "config.json").write_text(json.dumps(config), "utf-8")
    found = local_model.load(place, load.catalog())
    mine = found.known.card
    assert found.catalog_id == card.id
    assert (mine.quality, mine.licence, mine.languages) == (card.quality, card.licence, card.languages)
    ours, theirs = (table.build(_candidates(each)) for each in (mine, card))
    assert ours.numbers.tolist() == theirs.numbers.tolist()
    assert ours.not_modelled == theirs.not_modelled
    assert local_model.load(place / "model.safetensors", load.catalog()).catalog_id is None


@pytest.mark.parametrize(
    ("model_id", "config"),
    [
        ("openai/whisper-tiny",
         {"model_type": "whisper", "d_model": 384, "encoder_layers": 4, "decoder_layers": 4, "encoder_ffn_dim": 1536,
          "encoder_attention_heads": 6, "decoder_attention_heads": 6, "decoder_ffn_dim": 1536, "vocab_size": 51865,
          "num_mel_bins": 80, "max_source_positions": 1500, "is_encoder_decoder": True, "tie_word_embeddings": True}),
        ("google/vit-base-patch16-224",
         {"model_type": "vit", "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
          "num_hidden_layers": 12, "image_size": 224, "patch_size": 16}),
        ("facebook/wav2vec2-base-960h",
         {"model_type": "wav2vec2", "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
          "num_hidden_layers": 12, "vocab_size": 32}),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1",
         {"model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
          "num_key_value_heads": 8, "num_hidden_layers": 32, "num_local_experts": 8, "num_experts_per_tok": 2,
          "vocab_size": 32000, "max_position_embeddings": 32768, "tie_word_embeddings": False}),
    ],
)  # fmt: skip
def test_a_config_gives_the_tensors_of_the_catalog(model_id, config):
    card = load.catalog().by_id(model_id)
    shape = shapes.of_config(config)
    found = inventory.inventory(shape, card.tasks, card.parameters.components)
    assert sum(group.num_parameters() for group in found) == card.num_parameters()
    assert found == inventory.of_card(card)


def test_a_gguf_file_tells_its_licence_and_languages(tmp_path):
    notes = {"general.architecture": "llama", "general.license": "mit", "general.languages": ["eng", "de", "not one"]}
    card = local_model.load(write_gguf(tmp_path / "m.gguf", notes, {"a": ("F32", (1,))})).known.card
    assert (card.licence, card.languages) == ("mit", ("de", "en"))


def test_a_sentence_embedder_reads_as_far_as_its_publisher_says(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert", "max_position_embeddings": 512}', "utf-8")
    (tmp_path / "modules.json").write_text("[]", "utf-8")
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 256}', "utf-8")
    write_safetensors(tmp_path / "model.safetensors", {"embeddings.word_embeddings.weight": ("F32", (9, 4))})
    card = local_model.load(tmp_path).known.card
    assert (card.num_context_tokens, card.embedding_size) == (256, 4)
    assert "sentence-similarity" in card.tasks


def _candidates(card):
    return [Candidate(model=card, format=item) for item in formats.applicable(card)]


UNKNOWN = {
    "model.embed_tokens.weight": ("BF16", (1000, 64)),
    **{
        f"model.layers.{layer}.{name}.weight": ("BF16", shape)
        for layer in range(5)
        for name, shape in (
            ("strange.q_proj", (64, 64)), ("strange.k_proj", (32, 64)), ("strange.v_proj", (32, 64)),
            ("strange.o_proj", (64, 64)), ("mlp.up_proj", (256, 64)), ("mlp.down_proj", (64, 256)), ("norm", (64,)),
        )
    },
}  # fmt: skip


def test_an_unknown_type_gets_a_card_of_its_tensors_labelled_so(tmp_path):
    write_safetensors(tmp_path / "model.safetensors", UNKNOWN)
    config = {"model_type": "strange", "architectures": ["StrangeForCausalLM"], "num_attention_heads": 4}
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    model = local_model.load(tmp_path)
    known = model.known
    assert (known.family_known, known.agrees) == (False, None)
    assert (known.num_layers, known.num_layers_guessed) == (5, True)
    assert words.layers(model).evidence == "assumed"
    assert "guessed" in words.layers(model).basis
    assert "not among the families" in words.recognised(model)
    shape = known.card.architecture
    assert (shape.vocab_size, shape.hidden_size, shape.tie_word_embeddings) == (1000, 64, True)
    assert query.structure(known.card) == "decoder"
    assert known.card.tasks == ("text-generation",)
    roles = {group.name: (group.role, group.num_tensors) for group in known.card.read.groups}
    assert roles["attn_k"] == ("linear", 5)
    assert roles["norm"] == ("norm", 5)
    assert roles["output"] == ("lm_head", 1)
    built = table.build(local_model.candidates(model))
    assert len(built) > 0
    assert all("guessed" in text for (text,) in built.not_modelled)


def test_weights_without_any_config_are_sized_too(tmp_path):
    write_safetensors(
        tmp_path / "x.safetensors", {"a": ("F32", (3, 3)), "b.0.c": ("I64", (1,)), "b.1.c": ("F32", (2,))}
    )
    model = local_model.load(tmp_path / "x.safetensors")
    assert model.known.num_parameters == 11
    assert model.checkpoint.num_elements() == 12
    assert "unknown" in words.sentence(model)
    json.dumps(words.document(model), allow_nan=False)


def test_an_unknown_gguf_architecture_gets_an_estimate(tmp_path):
    notes = {"general.architecture": "strange", "strange.block_count": 2, "strange.embedding_length": 64,
             "strange.attention.head_count": 4, "strange.attention.head_count_kv": ("uint32", [2, 1]),
             "general.file_type": 15}  # fmt: skip
    tensors = {"token_embd.weight": ("Q6_K", (100, 256)), "blk.0.attn_q.weight": ("Q4_K", (64, 256)),
               "blk.1.attn_q.weight": ("Q4_K", (64, 256)), "rope_freqs.weight": ("F32", (8,))}  # fmt: skip
    model = local_model.load(write_gguf(tmp_path / "m.gguf", notes, tensors))
    assert model.known.num_parameters == 256 * (100 + 64 + 64)
    assert (model.stored_as, model.stored_format) == ("Q4_K_M", "gguf-q4_k_m")
    assert model.known.card.architecture.num_key_value_heads == 2
    assert table.build(local_model.candidates(model))


@pytest.mark.parametrize(
    ("facts", "tensors", "count"),
    [
        ({"quant_method": "gptq", "bits": 4},
         {"a.qweight": ("I32", (16, 64)), "a.qzeros": ("I32", (1, 8)), "a.scales": ("F16", (1, 64)),
          "a.g_idx": ("I32", (128,))},
         128 * 64),
        ({"quant_method": "gptq", "bits": 3}, {"a.qweight": ("I32", (12, 64)), "a.scales": ("F16", (1, 64))}, 128 * 64),
        ({"quant_method": "awq", "bits": 4},
         {"a.qweight": ("I32", (128, 8)), "a.qzeros": ("I32", (1, 8)), "a.scales": ("F16", (1, 64))}, 128 * 64),
        ({"load_in_4bit": True},
         {"a.weight": ("U8", (4096, 1)), "a.weight.absmax": ("U8", (128,)), "a.weight.quant_map": ("F32", (16,)),
          "a.weight.nested_absmax": ("F32", (1,)), "a.weight.nested_quant_map": ("F32", (256,)),
          "a.weight.quant_state.bitsandbytes__nf4": ("U8", (70,))}, 8192),
        ({"load_in_8bit": True},
         {"a.weight": ("I8", (64, 128)), "a.SCB": ("F32", (64,)), "a.weight_format": ("U8", ())}, 8192),
        ({"quant_method": "mxfp4"},
         {"e.gate_up_proj_blocks": ("U8", (4, 32, 2, 16)), "e.gate_up_proj_scales": ("U8", (4, 32, 2)),
          "e.gate_up_proj_bias": ("BF16", (4, 32))}, 4 * 32 * 64 + 128),
        ({"quant_method": "fp8"}, {"a.weight": ("F8_E4M3", (256, 256)), "a.weight_scale_inv": ("F32", (2, 2))}, 65536),
        ({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {"num_bits": 4}}}},
         {"a.weight_packed": ("I32", (64, 16)), "a.weight_scale": ("BF16", (64, 1)), "a.weight_shape": ("I64", (2,))},
         8192),
        ({"quant_method": "compressed-tensors"},
         {"a.weight_packed": ("U8", (64, 64)), "a.weight_scale": ("F8_E4M3", (64, 8)),
          "a.weight_global_scale": ("F32", (1,))}, 8192),
        ({"quant_method": "modelopt"},
         {"a.weight": ("U8", (64, 64)), "a.weight_scale": ("F8_E4M3", (64, 8)), "a.weight_scale_2": ("F32", ()),
          "a.input_scale": ("F32", ())}, 8192),
        ({}, {"a.weight": ("F32", (64, 128)), "b.scales": ("F32", (5,)), "c.scale_scales": ("F32", (7,))}, 8204),
        ({}, {"a.weight": ("F16", (4, 4)), "a.position_ids": ("I64", (1, 9)), "mask": ("BOOL", (5,))}, 16),
    ],
)  # fmt: skip
def test_packed_weights_are_unpacked_and_their_scales_left_out(tmp_path, facts, tensors, count):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "m", "quantization_config": facts}), "utf-8")
    write_safetensors(tmp_path / "model.safetensors", tensors)
    assert local_model.load(tmp_path).known.num_parameters == count


def test_mlx_weights_are_unpacked(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "m", "quantization": {"bits": 4, "group_size": 64}}', "utf-8")
    tensors = {"a.weight": ("U32", (64, 16)), "a.scales": ("F16", (64, 2)), "a.biases": ("F16", (64, 2))}
    write_safetensors(tmp_path / "model.safetensors", tensors)
    model = local_model.load(tmp_path)
    assert model.known.num_parameters == 8192
    assert model.stored_as == "MLX (4 bits)"


def test_gpt_oss_in_mxfp4_has_the_parameters_of_the_catalog():
    card = load.catalog().by_id("openai/gpt-oss-20b")
    found = []
    for number, group in enumerate(inventory.of_card(card)):
        stem, shape = f"layers.{number}.experts.{group.name}", (group.num_rows, group.num_columns)
        if group.role == "expert" and group.num_columns > 1:
            blocks = (group.num_tensors, group.num_rows, group.num_columns // 32, 16)
            found += [_info(f"{stem}_blocks", "U8", blocks), _info(f"{stem}_scales", "U8", blocks[:-1])]
        elif not group.tied:
            found.append(_info(stem, "BF16", (group.num_tensors, *shape)))
    assert sum(item.num_elements() for item in parameters(found)) == card.num_parameters()


def _info(name, dtype, shape):
    return TensorInfo(name=name, dtype=dtype, shape=shape, offset_bytes=0, size_bytes=prod(shape) * BITS[dtype] // 8)


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "llama", "num_hidden_layers": 2**39, "hidden_size": "8", "num_attention_heads": -1},
        {"model_type": "llama", "num_hidden_layers": True, "num_key_value_heads": 0, "vocab_size": 2**70},
        {"model_type": "gemma3_text", "sliding_window": 4, "sliding_window_pattern": 0, "layer_types": [1, None]},
        {"model_type": "t5", "is_encoder_decoder": True, "num_layers": 2**39, "d_ff": 1, "num_heads": 1},
        {"model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 9, "intermediate_size": 3},
        {"model_type": "qwen2", "text_config": 5, "architectures": 5, "layer_types": "x"},
        {"model_type": "llama", "num_attention_heads": 3, "hidden_size": 2, "num_key_value_heads": 7},
        {"model_type": ["llama"]},
        {},
    ],
)
def test_a_config_that_says_nonsense_never_stops_the_sizing(tmp_path, config):
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    write_safetensors(tmp_path / "model.safetensors", UNKNOWN)
    model = local_model.load(tmp_path, load.catalog())
    assert model.known.num_parameters == sum(prod(shape) for _dtype, shape in UNKNOWN.values())
    assert len(table.build(local_model.candidates(model))) >= 0
    json.dumps(words.document(model), allow_nan=False)


def test_more_layers_than_any_model_has_are_not_believed():
    for count, told in ((shapes.MOST_LAYERS, shapes.MOST_LAYERS), (shapes.MOST_LAYERS + 1, None)):
        assert shapes.of_config({"model_type": "llama", "num_hidden_layers": count}).num_hidden_layers == told
        notes = {"general.architecture": "llama", "llama.block_count": count}
        assert shapes.of_gguf(notes).num_hidden_layers == told
        both = {"model_type": "t5", "is_encoder_decoder": True, "num_layers": count, "d_ff": 1, "num_heads": 1}
        assert (shapes.of_config(both).encoder_decoder is None) is (told is None)


def test_a_sliding_window_is_taken_only_where_it_is_used():
    base = {"model_type": "qwen2", "num_hidden_layers": 12, "sliding_window": 64, "max_position_embeddings": 1024}
    assert shapes.of_config(base).sliding_window == 64
    assert shapes.of_config({**base, "use_sliding_window": False}).sliding_window is None
    assert shapes.of_config({**base, "sliding_window": 1024}).sliding_window is None
    pattern = shapes.of_config({**base, "sliding_window_pattern": 6}).layer_pattern
    assert pattern == {"sliding_attention": 10, "full_attention": 2}


def test_the_sentence_of_an_adapter_names_its_base(tmp_path):
    (tmp_path / "adapter_config.json").write_text(
        '{"peft_type": "LORA", "base_model_name_or_path": "o/b", "r": 4}', "utf-8"
    )
    write_safetensors(tmp_path / "adapter_model.safetensors", {"x.lora_A.weight": ("F32", (4, 8))})
    model = local_model.load(tmp_path)
    assert "LORA adapter of 32 parameters (128 B) for o/b" in words.sentence(model)
    assert "not counted here" in words.recognised(model)
