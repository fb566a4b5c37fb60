"""What a conversion takes and why it is refused, from headers alone."""

import json

import msgspec
import pytest
from header_files import write_gguf, write_safetensors

from advisor.convert import cost, place, plan
from advisor.convert.plan import ConvertRequest
from advisor.errors import InvalidInputError, InvalidModelError, OutputError
from advisor.report import conversion as words

LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
    "tie_word_embeddings": True, "max_position_embeddings": 128,
}  # fmt: skip


def llama(folder, *, dtype="F32", tokenizer=True, **config):
    """A small Llama of zeros with its settings."""
    tensors = {"model.embed_tokens.weight": (dtype, (512, 64)), "model.norm.weight": (dtype, (64,))}
    for layer in range(2):
        at = f"model.layers.{layer}"
        tensors |= {f"{at}.{name}.weight": (dtype, shape) for name, shape in {
            "self_attn.q_proj": (64, 64), "self_attn.k_proj": (32, 64), "self_attn.v_proj": (32, 64),
            "self_attn.o_proj": (64, 64), "mlp.gate_proj": (128, 64), "mlp.up_proj": (128, 64),
            "mlp.down_proj": (64, 128), "input_layernorm": (64,), "post_attention_layernorm": (64,),
        }.items()}  # fmt: skip
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(LLAMA | config))
    if tokenizer:
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordLevel"}}))
    return folder


def planned(folder, format_id="onnx-int4-b32", **options):
    return plan.plan(ConvertRequest(source=str(folder), format_id=format_id, **options))


def codes(found):
    return [refusal.code for refusal in found.refusals]


def test_a_plan_says_route_place_size_and_what_it_takes(tmp_path):
    found = planned(llama(tmp_path / "small"), model_id="owner/small")
    assert (found.route, found.structure, found.source_kind, found.stored_as) == (
        "builder", "decoder", "safetensors", "F32",
    )  # fmt: skip
    assert found.folder == str(place.home() / "owner--small" / "onnx-int4-b32")
    assert not found.refusals
    assert not found.exists
    # 106,816 numbers in matrices at 4 bits and a 4-byte scale for 32, 320 of norms at 32 bits.
    matrices = 512 * 64 + 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64)
    assert found.size.value == matrices * (0.5 + 4 / 32) + 4 * (5 * 64)
    assert found.memory.low < found.memory.value < found.memory.high
    assert found.disk_needed_bytes == int(found.size.value)
    sentence = words.plan_sentence(found)
    assert "owner/small" in sentence
    assert "memory" in sentence


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}, "convert-unsupported"),
        (
            {"architectures": ["OwnForCausalLM"], "model_type": "own", "auto_map": {"AutoModel": "own.Own"}},
            "remote-code",
        ),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "already-compressed"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_reason(tmp_path, config, code):
    found = planned(llama(tmp_path / "small", **config))
    assert code in codes(found)
    with pytest.raises(InvalidModelError) as caught:
        plan.check(found)
    assert caught.value.code == found.refusals[0].code
    assert words.refusal_lines(found)


@pytest.mark.parametrize("content", ["{}", '{"model": 1}', '{"model": {', "\x00"])
def test_a_damaged_tokenizer_is_refused_before_the_tools_are_loaded(tmp_path, content):
    folder = llama(tmp_path / "small")
    (folder / "tokenizer.json").write_text(content)
    found = planned(folder)
    assert codes(found) == ["tokenizer-invalid"]
    assert "tokenizer.json" in found.refusals[0].message


@pytest.mark.parametrize("kind", [dict, list])
def test_the_tokenizer_of_another_model_is_refused(tmp_path, kind):
    for num, expected in ((520, []), (1024, ["tokenizer-foreign"])):
        folder, words = llama(tmp_path / str(num)), {f"t{place}": place for place in range(num)}
        vocab = words if kind is dict else [[word, -1.5] for word in words]
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "x", "vocab": vocab}}))
        assert codes(planned(folder)) == expected


def test_a_model_without_tokenizer_is_refused(tmp_path):
    assert codes(planned(llama(tmp_path / "small", tokenizer=False))) == ["tokenizer-missing"]


def test_pickles_and_onnx_files_are_no_sources(tmp_path):
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"\x80\x02")
    with pytest.raises(InvalidModelError) as caught:
        planned(tmp_path / "pickled")
    assert caught.value.code == "pickled-weights"


def test_an_adapter_alone_is_refused(tmp_path):
    folder = llama(tmp_path / "adapter")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 8, "lora_alpha": 16}))
    assert codes(planned(folder))[0] == "adapter-alone"


def test_a_four_bit_gguf_is_said_to_stay_as_it_is(tmp_path):
    path = write_gguf(
        tmp_path / "small.Q4_0.gguf",
        {"general.architecture": "llama", "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["a", "b"],
         "general.file_type": ("uint32", 2)},
        {"token_embd.weight": ("Q4_0", (512, 64)), "output_norm.weight": ("F32", (64,))},
    )  # fmt: skip
    found = planned(path)
    assert found.source_kind == "gguf"
    assert found.model_id == "small.Q4_0"
    assert any("cannot be better than that file" in note for note in found.notes)
    assert found.disk_needed_bytes > int(found.size.value)  # its plain copy lies beside it meanwhile


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"format_id": "gguf-q4_0"}, "format-not-made"),
        ({"format_id": "../x"}, "format-not-made"),
        ({"format_id": "onnx-fp32", "method": "k-quant"}, "method-not-used"),
    ],
)
def test_formats_and_methods_that_do_not_exist(tmp_path, options, code):
    with pytest.raises(InvalidInputError) as caught:
        planned(llama(tmp_path / "small"), **options)
    assert caught.value.code == code


def test_memory_disk_and_a_model_that_is_there(tmp_path):
    found = planned(llama(tmp_path / "small"))
    with pytest.raises(InvalidInputError) as caught:
        plan.check(found, memory_bytes=100_000_000)
    assert caught.value.code == "memory-too-small"
    with pytest.raises(OutputError) as caught:
        plan.check(msgspec.structs.replace(found, disk_free_bytes=found.disk_needed_bytes))
    assert caught.value.code == "disk-too-small"
    there = msgspec.structs.replace(found, exists=True)
    with pytest.raises(OutputError) as caught:
        plan.check(there)
    assert caught.value.code == "already-converted"
    plan.check(there, replace=True, memory_bytes=2**40)


def work(**changes):
    facts = {
        "route": "builder", "format_id": "onnx-int4-b32", "method": "rtn", "num_parameters": 134_515_008,
        "largest_matrix_bytes": 113_246_208, "shared_bytes": 113_246_208, "vocab_size": 49152,
        "source_bytes": 538_060_032, "result_bytes": 84_000_000, "copies_source": False, "checked": True,
    }  # fmt: skip
    return cost.Work(**(facts | changes))


# Measured with benchmarks/conversion.py: SmolLM2-135M, a made-up Llama of 362 million (fp32 and bf16), BERT.
@pytest.mark.parametrize(
    ("changes", "measured_mb"),
    [
        ({}, 1987), ({"format_id": "onnx-fp32"}, 1399), ({"format_id": "onnx-int8"}, 2211),
        ({"format_id": "onnx-int8-dynamic"}, 2724), ({"method": "k-quant"}, 2951),
        ({"num_parameters": 361_900_000, "source_bytes": 1_447_600_000, "largest_matrix_bytes": 188_743_680,
          "shared_bytes": 188_743_680}, 4180),
        ({"num_parameters": 361_900_000, "source_bytes": 723_800_000, "largest_matrix_bytes": 188_743_680,
          "shared_bytes": 188_743_680}, 3357),
        ({"route": "torch-onnx", "format_id": "onnx-fp32", "num_parameters": 109_482_240, "vocab_size": 30522}, 1412),
        ({"route": "torch-onnx", "num_parameters": 109_482_240, "vocab_size": 30522}, 1818),
    ],
)  # fmt: skip
def test_the_memory_said_before_is_within_a_fifth_of_what_was_measured(changes, measured_mb):
    assert cost.memory(work(**changes)).value / 1e6 == pytest.approx(measured_mb, rel=cost.MEMORY_DOUBT)


def test_more_work_takes_more():
    assert cost.seconds(work(method="k-quant")).value > cost.seconds(work()).value
    assert cost.disk_bytes(work(copies_source=True)) > cost.disk_bytes(work())
    assert cost.disk_bytes(work(format_id="onnx-int8-dynamic")) > cost.disk_bytes(work())


def test_an_embedder_with_layers_of_its_own_behind_the_network_is_refused(tmp_path):
    folder = tmp_path / "dense"
    write_safetensors(folder / "model.safetensors", {"embeddings.word_embeddings.weight": ("F32", (64, 32))})
    write_safetensors(folder / "2_Dense" / "model.safetensors", {"linear.weight": ("F32", (16, 32))})
    (folder / "config.json").write_text(json.dumps({"architectures": ["BertModel"], "model_type": "bert"}))
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordLevel"}}))
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"},
               {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    assert "convert-unsupported" in codes(planned(folder, "onnx-fp32"))
