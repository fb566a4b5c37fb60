"""LoRA adapters: sized, held against their base model, and counted by the same estimator."""

import json
from math import prod

import pytest
from header_files import write_gguf, write_safetensors

from advisor.catalog import adapters, formats, load, local_model
from advisor.catalog.model import Candidate
from advisor.errors import InvalidModelError
from advisor.estimate import table
from advisor.report import adapters as words

SMOL = "HuggingFaceTB/SmolLM2-135M-Instruct"
HIDDEN, KV, INNER, LAYERS, RANK = 576, 192, 1536, 30, 8
SIZES = {"self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.v_proj": (KV, HIDDEN), "mlp.down_proj": (HIDDEN, INNER)}


def lora(
    modules=("self_attn.q_proj", "self_attn.v_proj"), *, rank=RANK, layers=LAYERS, prefix="base_model.model.model."
):
    tensors = {}
    for layer in range(layers):
        for module in modules:
            rows, columns = SIZES[module]
            tensors[f"{prefix}layers.{layer}.{module}.lora_A.weight"] = ("F32", (rank, columns))
            tensors[f"{prefix}layers.{layer}.{module}.lora_B.weight"] = ("F32", (rows, rank))
    return tensors


def write(folder, tensors, **facts):
    stated = {"peft_type": "LORA", "r": RANK, "lora_alpha": 16, "base_model_name_or_path": SMOL, **facts}
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    (folder / "adapter_config.json").write_text(json.dumps(stated), "utf-8")
    return folder


def base(folder, prefix="model.", dtype="BF16", **changes):
    tensors = {f"{prefix}embed_tokens.weight": (dtype, (100, HIDDEN))}
    for layer in range(LAYERS):
        for module, shape in SIZES.items():
            tensors[f"{prefix}layers.{layer}.{module}.weight"] = (dtype, changes.get(module, shape))
    write_safetensors(folder / "model.safetensors", tensors)
    config = {"model_type": "strange", "architectures": ["StrangeForCausalLM"], "vocab_size": 100,
              "num_attention_heads": 9, "num_key_value_heads": 3, "num_hidden_layers": LAYERS}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return local_model.load(folder)


def test_an_adapter_is_sized_and_said(tmp_path):
    found = adapters.load(write(tmp_path / "mails", lora()))
    count = LAYERS * RANK * (2 * HIDDEN + KV + HIDDEN)
    assert (found.num_parameters, found.weight_bytes) == (count, 4 * count)
    assert (found.variant, found.each_rank, found.alpha_ratio) == ("LoRA", (RANK,), 2.0)
    assert found.targets == ("q_proj", "v_proj")
    assert len(found.pairs) == 2 * LAYERS
    said = words.sentence(found)
    for text in ("LoRA of rank 8, strength 2", "60 matrices (q_proj, v_proj)", "460,800 parameters", SMOL):
        assert text in said, said


def test_rslora_dora_ranks_of_their_own_and_whole_modules_are_recognised(tmp_path):
    found = adapters.load(write(tmp_path / "rs", lora(), use_rslora=True, r=16, lora_alpha=16))
    assert (found.variant, found.alpha_ratio) == ("rsLoRA", 4.0)
    tensors = lora() | {"base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector": ("F32", (HIDDEN,))}
    found = adapters.load(write(tmp_path / "dora", tensors))
    assert (found.variant, found.num_magnitudes, found.whole_sizes) == ("DoRA", HIDDEN, ())
    assert "worked out again" in " ".join(words.remarks([found], SMOL))
    tensors = (
        lora()
        | lora(("mlp.down_proj",), rank=4)
        | {"base_model.model.lm_head.modules_to_save.weight": ("F32", (10, 4))}
    )
    found = adapters.load(write(tmp_path / "whole", tensors))
    assert found.each_rank == (4, 8)
    assert found.whole_sizes == (("base_model.model.lm_head.weight", (10, 4)),)
    assert "1 whole tensors (40 parameters)" in " ".join(words.remarks([found], SMOL))


def test_it_fits_its_base_model_however_that_was_saved(tmp_path):
    found = adapters.load(write(tmp_path / "lora", lora((*SIZES,))))
    adapters.check(base(tmp_path / "a"), found)
    adapters.check(base(tmp_path / "b", prefix=""), found)
    notes = {"general.architecture": "llama"}
    gguf = {"token_embd.weight": ("F16", (100, HIDDEN))}
    for layer in range(LAYERS):
        gguf[f"blk.{layer}.attn_q.weight"] = ("Q4_1", SIZES["self_attn.q_proj"])
        gguf[f"blk.{layer}.attn_v.weight"] = ("Q4_1", SIZES["self_attn.v_proj"])
        gguf[f"blk.{layer}.ffn_down.weight"] = ("Q4_1", SIZES["mlp.down_proj"])
    adapters.check(local_model.load(write_gguf(tmp_path / "m.gguf", notes, gguf)), found)


def test_the_first_tensor_that_does_not_fit_is_named(tmp_path):
    found = adapters.load(write(tmp_path / "lora", lora()))
    error = refused(adapters.check, base(tmp_path / "a", **{"self_attn.v_proj": (HIDDEN, HIDDEN)}), found)
    assert error.code == "adapter-does-not-fit"
    assert "'model.layers.0.self_attn.v_proj' is made for 192 x 576" in error.message.replace(
        "'layers", "'model.layers"
    )
    assert "has 576 x 576" in error.message
    assert SMOL in error.message
    deeper = adapters.load(write(tmp_path / "deep", lora(layers=LAYERS + 1)))
    assert (
        f"layers.{LAYERS}.self_attn.q_proj' is not in" in refused(adapters.check, base(tmp_path / "b"), deeper).message
    )


@pytest.mark.parametrize(
    ("tensors", "facts", "code"),
    [
        (lora(layers=1), {"peft_type": "IA3"}, "adapter-not-lora"),
        ({"x.lora_A.weight": ("F32", (8, 4))}, {}, "adapter-damaged"),
        ({"x.lora_A.weight": ("F32", (8, 4)), "x.lora_B.weight": ("F32", (4, 9))}, {}, "adapter-damaged"),
        ({"x.lora_A.weight": ("F32", (8,)), "x.lora_B.weight": ("F32", (4, 8))}, {}, "adapter-damaged"),
        ({"x.weight": ("F32", (8, 4))}, {}, "adapter-damaged"),
    ],
)
def test_what_is_no_usable_adapter_is_refused(tmp_path, tensors, facts, code):
    assert refused(adapters.load, write(tmp_path, tensors, **facts)).code == code


def test_a_model_is_no_adapter(tmp_path):
    base(tmp_path)
    assert refused(adapters.load, tmp_path).code == "adapter-none"


def test_the_estimator_counts_its_bytes_and_its_work(tmp_path):
    card = load.catalog().by_id(SMOL)
    found = adapters.load(write(tmp_path / "lora", lora((*SIZES,))))
    on_top = adapters.combined_card(card, [found])
    plain, with_it = (
        table.build([Candidate(model=item, format=formats.by_id("onnx-int4-b32"))]) for item in (card, on_top)
    )
    count = found.num_parameters

    def more(name):
        return with_it.column(name)[0] - plain.column(name)[0]

    assert more("num_parameters") == count
    assert more("weight_bytes") == 4 * count  # kept whole beside packed matrices
    assert more("decoder_flops") == 2 * count
    assert more("decoder_bytes") == 4 * count
    assert more("decoder_operators") == 2 * 2 * 3 * LAYERS
    merged = adapters.combined_card(card, [found], merged=True)
    again = table.build([Candidate(model=merged, format=formats.by_id("onnx-int4-b32"))])
    assert (again.numbers == plain.numbers).sum() == (plain.numbers == plain.numbers).sum()


def test_two_adapters_and_a_changed_table(tmp_path):
    tensors = {"base_model.model.model.embed_tokens.lora_embedding_A": ("F32", (4, 49152)),
               "base_model.model.model.embed_tokens.lora_embedding_B": ("F32", (HIDDEN, 4))}  # fmt: skip
    first, second = adapters.load(write(tmp_path / "a", lora())), adapters.load(write(tmp_path / "b", tensors))
    assert second.pairs[0].is_table
    card = load.catalog().by_id(SMOL)
    on_top = adapters.combined_card(card, [first, second])
    assert on_top.id == f"{SMOL} + a + b"
    added = [group for group in on_top.read.groups if group.name == "adapter"]
    assert sum(group.num_parameters() for group in added) == first.num_parameters + second.num_parameters
    assert {group.part for group in added} == {"text"}
    assert words.added_products([second]) == 4 * HIDDEN
    assert "active together" in " ".join(words.remarks([first, second], SMOL))


def test_a_model_with_an_adapter_is_one_candidate_in_every_format(tmp_path):
    model, found = base(tmp_path / "a"), adapters.load(write(tmp_path / "lora", lora()))
    both = adapters.combined(model, [found])
    assert both.known.num_parameters == model.known.num_parameters + found.num_parameters
    candidates = local_model.candidates(both)
    assert {item.format.id for item in candidates} == {item.format.id for item in local_model.candidates(model)}
    assert candidates[0].model.id == "a + lora"
    sizes = table.build(candidates).column("weight_bytes") - table.build(local_model.candidates(model)).column(
        "weight_bytes"
    )
    assert all(size in (2 * found.num_parameters, 4 * found.num_parameters) for size in sizes.tolist())


def test_a_catalog_model_of_other_sizes_is_refused(tmp_path):
    found = adapters.load(write(tmp_path, lora()))
    error = refused(adapters.combined_card, load.catalog().by_id("Qwen/Qwen2.5-0.5B-Instruct"), [found])
    assert error.code == "adapter-does-not-fit"
    assert "896 x 896" in error.message


def test_sizes_add_up_to_those_of_the_tensors(tmp_path):
    tensors = lora((*SIZES,)) | {"base_model.model.model.norm.weight": ("F32", (HIDDEN,))}
    found = adapters.load(write(tmp_path, tensors))
    total = sum(prod(shape) for _, shape in tensors.values())
    groups = adapters.added_groups(found, ())
    assert sum(group.num_parameters() for group in groups) == found.num_parameters == total


def refused(call, *args):
    with pytest.raises(InvalidModelError) as caught:
        call(*args)
    return caught.value
