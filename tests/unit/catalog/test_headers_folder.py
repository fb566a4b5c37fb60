"""Folders of models: what is found, what is said, what is refused."""

import json

import pytest
from header_files import write_gguf, write_safetensors

from advisor.catalog.headers import folder
from advisor.catalog.headers.source import LocalFolder
from advisor.errors import AdvisorError

ONE = {"w": ("F32", (4, 4))}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")


def refused(path):
    with pytest.raises(AdvisorError) as caught:
        folder.read_path(path)
    assert caught.value.remedy
    return caught.value


@pytest.fixture
def model(tmp_path):
    write(tmp_path / "config.json", {"model_type": "llama", "vocab_size": 8})
    write_safetensors(tmp_path / "model.safetensors", ONE)
    return tmp_path


def test_a_folder_and_its_file_are_the_same_model(model):
    whole, file = folder.read_path(model), folder.read_path(model / "model.safetensors")
    assert whole.tensors() == file.tensors()
    assert whole.config == file.config
    assert (whole.weight_bytes(), whole.num_elements()) == (64, 16)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("tokenizer.json",), "tokenizers"),
        (("tokenizer.model",), "sentencepiece"),
        (("vocab.json", "merges.txt"), "vocabulary"),
        (("vocab.json",), None),
        ((), None),
    ],
)
def test_the_tokenizer_is_found_or_said_to_be_missing(model, names, kind):
    for name in names:
        write(model / name, "x")
    found = folder.read_path(model).tokenizer
    assert (found.kind, found.files) == (kind, names if kind else ())
    assert found.num_tokens == 8


def test_an_empty_tokenizer_file_is_no_tokenizer(model):
    write(model / "tokenizer.json", "")
    assert folder.read_path(model).tokenizer.kind is None


def test_pickled_weights_are_passed_over_beside_others_and_refused_alone(model):
    write(model / "pytorch_model.bin", "x")
    write(model / "training_args.bin", "x")
    found = folder.read_path(model)
    assert any("pytorch_model.bin" in note and "training_args" not in note for note in found.notes)
    (model / "model.safetensors").unlink()
    error = refused(model)
    assert error.code == "pickled-weights"
    assert "run any program" in error.message
    assert refused(model / "pytorch_model.bin").code == "pickled-weights"


@pytest.mark.parametrize("name", ["a.pt", "a.pth", "a.ckpt", "A.BIN", "a.pkl"])
def test_every_ending_of_a_pickle_is_refused(tmp_path, name):
    write(tmp_path / name, "x")
    assert refused(tmp_path).code == "pickled-weights"
    assert refused(tmp_path / name).code == "pickled-weights"


@pytest.mark.parametrize(
    ("name", "words"),
    [("export/m.onnx", "one ONNX file"), ("m.h5", "Keras"), ("m.msgpack", "Flax"), ("README.md", "safetensors")],
)
def test_a_folder_without_weights_says_what_to_do(tmp_path, name, words):
    write(tmp_path / name, "x")
    error = refused(tmp_path)
    assert error.code == "no-weights"
    assert words in error.remedy


def test_code_that_comes_with_a_model_is_refused_unless_it_is_not_needed(model):
    code = {"AutoModelForCausalLM": "modeling_strange.Strange"}
    write(model / "config.json", {"model_type": "strange", "auto_map": code})
    (found,) = folder.read_path(model).refusals
    assert found.code == "remote-code"
    assert "modeling_strange.Strange" in found.message
    write(model / "config.json", {"model_type": "llama", "auto_map": code})
    known = folder.read_path(model)
    assert known.refusals == ()
    assert any("not needed" in note for note in known.notes)


def test_code_of_a_tokenizer_is_refused_unless_tokenizer_json_is_there(model):
    write(model / "tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["tok.Strange", None]}})
    (found,) = folder.read_path(model).refusals
    assert "tok.Strange" in found.message
    write(model / "tokenizer.json", "{}")
    assert folder.read_path(model).refusals == ()


def test_an_adapter_is_recognised_with_its_base_model(tmp_path):
    facts = {"peft_type": "LORA", "base_model_name_or_path": "owner/base", "r": 8, "lora_alpha": 16,
             "target_modules": ["v_proj", "q_proj"]}  # fmt: skip
    write(tmp_path / "adapter_config.json", facts)
    shape = {"base_model.model.layers.0.q_proj.lora_A.weight": ("F32", (8, 64))}
    write_safetensors(tmp_path / "adapter_model.safetensors", shape)
    found = folder.read_path(tmp_path)
    assert (found.adapter.method, found.adapter.base_model, found.adapter.rank) == ("LORA", "owner/base", 8)
    assert (found.adapter.alpha_ratio, found.adapter.targets) == (2.0, ("q_proj", "v_proj"))
    assert found.weight_bytes() == 2048
    write(tmp_path / "adapter_config.json", {**facts, "r": "8", "lora_alpha": True, "target_modules": "all-linear"})
    assert folder.read_path(tmp_path).adapter.targets == ("all-linear",)
    write(tmp_path / "adapter_config.json", {"r": 8})
    assert refused(tmp_path).code == "config-damaged"


@pytest.mark.parametrize(
    ("facts", "method", "bits"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "gptq", 4.0),
        ({"quant_method": "awq", "bits": 4}, "awq", 4.0),
        ({"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "bitsandbytes", 4.0),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "bitsandbytes", 8.0),
        ({"quant_method": "fp8", "fmt": "e4m3"}, "fp8", 8.0),
        ({"quant_method": "mxfp4"}, "mxfp4", 4.25),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 4}}}},
         "compressed-tensors", 4.0),
        ({"quant_method": "another"}, "another", None),
        ({"quant_method": 5}, "unknown", None),
    ],
)  # fmt: skip
def test_quantization_is_read(model, facts, method, bits):
    write(model / "config.json", {"model_type": "llama", "quantization_config": facts})
    found = folder.read_path(model).quantization
    assert (found.method, found.linear_bits) == (method, bits)
    write(model / "config.json", {"text_config": {"quantization_config": facts}})
    assert folder.read_path(model).quantization == found


def test_a_pipeline_of_several_networks_is_sized_as_a_whole(tmp_path):
    write(tmp_path / "model_index.json", {"_class_name": "P", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"],
                                          "safety_checker": [None, None], "scheduler": ["diffusers", "S"]})  # fmt: skip
    for name in ("unet", "vae", "extra"):
        write_safetensors(tmp_path / name / "diffusion_pytorch_model.safetensors", ONE)
    write_safetensors(tmp_path / "all-in-one.safetensors", ONE)
    found = folder.read_path(tmp_path)
    assert [component.name for component in found.components] == ["unet", "vae"]
    assert found.weight_bytes() == 128


def test_dense_layers_of_a_sentence_embedder_are_counted(model):
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"},
               {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]  # fmt: skip
    write(model / "modules.json", modules)
    write_safetensors(model / "2_Dense" / "model.safetensors", ONE)
    found = folder.read_path(model)
    assert found.is_sentence_embedder
    assert found.weight_bytes() == 128


def test_names_in_companions_cannot_lead_out(tmp_path):
    write_safetensors(tmp_path / "out" / "model.safetensors", ONE)
    write_safetensors(tmp_path / "in" / "model.safetensors", ONE)
    write(tmp_path / "in" / "modules.json", [{"path": "../out", "type": "x.Dense"}])
    write(tmp_path / "in" / "model_index.json", {"../out": ["a", "b"], "/etc": ["a", "b"]})
    assert refused(tmp_path / "in").code == "no-weights"


def test_the_usual_file_wins_and_anything_else_must_be_one(tmp_path):
    write_safetensors(tmp_path / "consolidated.safetensors", ONE)
    assert folder.read_path(tmp_path).weight_bytes() == 64
    write_safetensors(tmp_path / "other.safetensors", ONE)
    error = refused(tmp_path)
    assert error.code == "weights-ambiguous"
    assert "consolidated.safetensors" in error.message
    write_safetensors(tmp_path / "model.safetensors", {"x": ("F32", (1,))})
    assert folder.read_path(tmp_path).weight_bytes() == 4


def test_ggufs_of_a_folder(tmp_path):
    write_gguf(tmp_path / "m.gguf", {"general.architecture": "llama"}, {"a": ("F32", (4,))})
    write_gguf(tmp_path / "mmproj-m.gguf", {}, {"b": ("F32", (4,))})
    assert folder.read_path(tmp_path).weight_bytes() == 16
    assert folder.read_path(tmp_path / "mmproj-m.gguf").container == "gguf"
    write_gguf(tmp_path / "n.gguf", {}, {})
    assert refused(tmp_path).code == "weights-ambiguous"


def test_a_gguf_is_known_by_its_first_bytes(tmp_path):
    write_gguf(tmp_path / "blob", {}, {"a": ("F32", (4,))})
    assert folder.read_path(tmp_path / "blob").container == "gguf"
    write(tmp_path / "text", "hello")
    assert refused(tmp_path / "text").code == "model-kind-unknown"


@pytest.mark.parametrize("text", ["", "[]", "{", "5", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_a_damaged_config_is_refused(model, text):
    write(model / "config.json", text)
    error = refused(model)
    assert error.code == "config-damaged"
    assert "config.json" in error.message


def test_infinity_and_a_mark_of_order_in_config_are_read(model):
    (model / "config.json").write_bytes(b'\xef\xbb\xbf{"model_type": "mamba2", "time_step_limit": [0.0, Infinity]}')
    assert folder.read_path(model).config["model_type"] == "mamba2"


def test_a_config_larger_than_any_is_refused_unread(model):
    with (model / "config.json").open("wb") as file:
        file.truncate(2**40)
    assert refused(model).code == "config-damaged"


def test_a_missing_path_and_a_folder_of_too_many_files(tmp_path, monkeypatch):
    assert refused(tmp_path / "none").code == "model-file-missing"
    monkeypatch.setattr("advisor.catalog.headers.source.MOST_FILES", 3)
    for number in range(5):
        write(tmp_path / str(number), "")
    assert refused(tmp_path).code == "model-folder-too-large"


def test_a_file_among_a_thousand_others_does_not_look_at_them(tmp_path, monkeypatch):
    monkeypatch.setattr("advisor.catalog.headers.source.MOST_FILES", 3)
    for number in range(5):
        write(tmp_path / str(number), "")
    write_safetensors(tmp_path / "m.safetensors", ONE)
    assert folder.read_path(tmp_path / "m.safetensors").weight_bytes() == 64


def test_a_link_the_user_names_is_followed_and_one_in_a_folder_is_not(tmp_path):
    write_safetensors(tmp_path / "real.safetensors", ONE)
    (tmp_path / "model").mkdir()
    link = tmp_path / "model" / "model.safetensors"
    link.symlink_to(tmp_path / "real.safetensors")
    assert folder.read_path(link).weight_bytes() == 64
    assert refused(tmp_path / "model").code == "path-refused"


def test_a_loop_of_links_and_a_pipe_are_no_files(tmp_path):
    import os

    (tmp_path / "model.safetensors").symlink_to(tmp_path / "model.safetensors")
    os.mkfifo(tmp_path / "pipe.gguf")
    assert LocalFolder(tmp_path).sizes() == {}
    assert refused(tmp_path).code == "no-weights"
    assert refused(tmp_path / "pipe.gguf").code == "model-file-unreadable"
