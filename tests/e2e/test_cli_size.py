"""`size` as a user meets it: real processes on real small files, documents against their schema."""

import json
import subprocess
import sys

import jsonschema
import pytest
from header_files import write_gguf, write_safetensors

from advisor import resources

TENSORS = {
    "model.embed_tokens.weight": ("BF16", (100, 32)),
    **{f"model.layers.{layer}.self_attn.q_proj.weight": ("BF16", (32, 32)) for layer in range(2)},
    "model.norm.weight": ("F32", (32,)),
}


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "size", *map(str, words)], capture_output=True, text=True, timeout=60
    )


def document(*words):
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/size.schema.json")))
    return value


@pytest.fixture
def model(tmp_path):
    write_safetensors(tmp_path / "model.safetensors", TENSORS)
    config = {"model_type": "strange", "architectures": ["StrangeForCausalLM"], "auto_map": {"AutoConfig": "c.C"}}
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    return tmp_path


def test_a_folder_is_sized_and_refusals_are_said(model):
    done = run(model)
    assert done.returncode == 0, done.stderr
    for words in ("BF16", "5,248", "10,496", "model.safetensors", "Tokenizer: missing", "never runs code", "guessed"):
        assert words in done.stdout, words


def test_the_document_of_a_folder(model):
    value = document(model)
    assert value["parameters"]["value"] == 100 * 32 + 2 * 32 * 32 + 32
    assert value["weights"]["value"] == 2 * 5248 + 4 * 32
    assert [(row["type"], row["size"]["value"]) for row in value["types"]] == [("BF16", 10496), ("F32", 128)]
    assert value["layers"]["evidence"] == "assumed"
    assert value["structure"] == "decoder"
    assert [item["code"] for item in value["refusals"]] == ["remote-code"]
    assert "onnx-int4-b32" in value["formats"]


def test_the_documents_of_a_gguf_and_an_adapter(tmp_path):
    notes = {"general.architecture": "llama", "general.file_type": 7, "tokenizer.ggml.model": "gpt2",
             "tokenizer.ggml.tokens": ["a", "b"]}  # fmt: skip
    value = document(write_gguf(tmp_path / "m.gguf", notes, {"token_embd.weight": ("Q8_0", (2, 32))}))
    assert (value["container"], value["format"], value["weights"]["value"]) == ("gguf", "gguf-q8_0", 68)
    assert value["tokenizer"]["kind"] == "gguf"
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 2}', "utf-8")
    write_safetensors(tmp_path / "lora" / "adapter_model.safetensors", {"x.lora_A.weight": ("F32", (2, 8))})
    value = document(tmp_path / "lora")
    assert value["adapter"] == {"method": "LORA", "base_model": None, "rank": 2, "alpha_ratio": None, "targets": []}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("pytorch_model.bin", b"\x80\x04", "pickled-weights"),
        ("model.safetensors", b"", "weights-empty"),
        ("model.safetensors", b"\xff" * 8 + b"{}", "header-too-large"),
        ("model.gguf", b"GGUF", "weights-cut-off"),
        ("model.onnx", b"x", "header-damaged"),
        ("model.txt", b"x", "model-kind-unknown"),
    ],
)
def test_what_cannot_be_sized_says_why(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    done = run(tmp_path / name, "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == code
    assert name in error["message"]
    assert error["remedy"]
    assert "Traceback" not in done.stderr


def test_a_model_with_an_adapter(model, tmp_path):
    folder = tmp_path / "lora"
    folder.mkdir()
    facts = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "base_model_name_or_path": "ours/base"}
    (folder / "adapter_config.json").write_text(json.dumps(facts), "utf-8")
    stem = "base_model.model.model.layers.1.self_attn.q_proj"
    thin = {f"{stem}.lora_A.weight": ("F32", (4, 32)), f"{stem}.lora_B.weight": ("F32", (32, 4))}
    write_safetensors(folder / "adapter_model.safetensors", thin)
    value = document(model, "--adapter", folder)
    (found,) = value["adapters"]
    assert (found["variant"], found["ranks"], found["parameters"]["value"]) == ("LoRA", [4], 256)
    assert value["combined"]["parameters"]["value"] == value["parameters"]["value"] + 256
    assert value["combined"]["weights"]["value"] == value["weights"]["value"] + 1024
    assert value["combined"]["added_work"]["value"] == 512
    done = run(model, "--adapter", folder)
    assert "With it kept apart: 5,536 parameters" in done.stdout
    assert "names ours/base as its base model" in done.stdout
    thin = {f"{stem}.lora_A.weight": ("F32", (4, 16)), f"{stem}.lora_B.weight": ("F32", (32, 4))}
    write_safetensors(folder / "adapter_model.safetensors", thin)
    done = run(model, "--adapter", folder, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "adapter-does-not-fit"


def test_an_estimate_with_an_adapter_is_larger_and_slower_and_merged_it_is_neither(tmp_path):
    stem = "base_model.model.model.layers.{}.self_attn.q_proj"
    thin = {}
    for layer in range(30):
        thin[f"{stem.format(layer)}.lora_A.weight"] = ("F32", (64, 576))
        thin[f"{stem.format(layer)}.lora_B.weight"] = ("F32", (576, 64))
    write_safetensors(tmp_path / "adapter_model.safetensors", thin)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 64}', "utf-8")

    def estimate(*words):
        words = ("estimate", "SmolLM2-135M-Instruct", "--json", *map(str, words))
        done = subprocess.run([sys.executable, "-m", "advisor", *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    plain, apart, merged = estimate(), estimate("--adapter", tmp_path), estimate("--adapter", tmp_path, "--merged")
    for name in ("memory", "download", "time_per_token"):
        assert apart[name]["value"] > plain[name]["value"] == merged[name]["value"]
    assert apart["download"]["value"] - plain["download"]["value"] == 4 * 30 * 2 * 64 * 576
    assert apart["model"].endswith(f" + {tmp_path.name}")
