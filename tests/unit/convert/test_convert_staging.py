"""What conversion tools get to see of a model: its weights and cleaned settings, no program and no pickle."""

import json

import pytest
from header_files import write_safetensors

from advisor.catalog.headers import folder as headers
from advisor.convert import adapter, staging
from advisor.convert.plan import ConvertRequest
from advisor.errors import InvalidModelError

CONFIG = {"model_type": "llama", "auto_map": {"AutoModel": "own.Own"}, "hidden_size": 8, "quantization_config": {}}


def staged(folder, work):
    work.mkdir()
    request = ConvertRequest(source=str(folder), format_id="onnx-fp32")
    return staging.stage(request, headers.read_path(folder).files(), work)


def test_programs_pickles_and_requests_for_code_stay_outside(tmp_path):
    source = tmp_path / "model"
    write_safetensors(source / "odd name.safetensors", {"a.weight": ("F32", (2, 2))})
    for name, text in (("config.json", json.dumps(CONFIG)), ("own.py", "raise SystemExit"), ("tokenizer.json", "{}"),
                       ("pytorch_model.bin", "x"), ("tokenizer_config.json", json.dumps({"auto_map": {"a": "b"}})),
                       ("1_Pooling/config.json", "{}"), ("secrets.txt", "x")):  # fmt: skip
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(text)
    found = staged(source, tmp_path / "work")
    names = {path.relative_to(found).as_posix() for path in found.rglob("*") if path.is_file()}
    assert names == {
        "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json",
    }  # fmt: skip
    assert json.loads((found / "config.json").read_text()) == {"model_type": "llama", "hidden_size": 8}
    assert "auto_map" not in (found / "tokenizer_config.json").read_text()
    assert (found / "model.safetensors").resolve() == source / "odd name.safetensors"


def test_shards_get_usual_names_and_an_index_from_their_headers(tmp_path):
    source = tmp_path / "model"
    write_safetensors(source / "x-00001-of-00002.safetensors", {"a.weight": ("F32", (2, 2))})
    write_safetensors(source / "x-00002-of-00002.safetensors", {"b.weight": ("BF16", (4,))})
    index = {"a.weight": "x-00001-of-00002.safetensors", "b.weight": "x-00002-of-00002.safetensors"}
    (source / "x.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (source / "config.json").write_text("{}")
    found = staged(source, tmp_path / "work")
    places = json.loads((found / "model.safetensors.index.json").read_text())["weight_map"]
    assert places == {
        "a.weight": "model-00001-of-00002.safetensors", "b.weight": "model-00002-of-00002.safetensors",
    }  # fmt: skip
    assert all((found / name).is_file() for name in places.values())


def test_settings_that_lead_out_of_the_model_are_not_followed(tmp_path):
    (tmp_path / "private.json").write_text("private")
    source = tmp_path / "model"
    write_safetensors(source / "model.safetensors", {"a.weight": ("F32", (2, 2))})
    (source / "config.json").write_text("{}")
    (source / "tokenizer.json").symlink_to(tmp_path / "private.json")
    with pytest.raises(InvalidModelError) as caught:
        staged(source, tmp_path / "work")
    assert caught.value.code == "path-refused"


def test_weights_that_pytorch_would_make_up_are_refused():
    staging.require_whole({"missing_keys": {"pooler.dense.weight"}}, but="pooler.")
    with pytest.raises(InvalidModelError) as caught:
        staging.require_whole({"missing_keys": {"classifier.weight", "classifier.bias"}})
    assert caught.value.code == "weights-missing"
    assert "2 weights" in caught.value.message


@pytest.mark.parametrize(
    ("facts", "scale"),
    [
        ({"r": 8, "lora_alpha": 16}, 2.0), ({"r": 4, "lora_alpha": 8, "use_rslora": True}, 4.0),
        ({"r": 8, "lora_alpha": 16, "use_dora": True}, None), ({"r": 8, "bias": "all"}, None),
        ({"r": 8, "modules_to_save": ["lm_head"]}, None), ({"peft_type": "IA3"}, None),
    ],
)  # fmt: skip
def test_only_plain_lora_is_laid_into_a_model(tmp_path, facts, scale):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"} | facts))
    if scale is not None:
        assert adapter.plain_settings(tmp_path) == {"scale": scale}
        return
    with pytest.raises(InvalidModelError) as caught:
        adapter.plain_settings(tmp_path)
    assert caught.value.code == "adapter-not-plain"
