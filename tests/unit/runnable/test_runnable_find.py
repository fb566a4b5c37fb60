"""Folders in every layout are understood; damaged, foreign and hostile ones are refused and the file is named."""

import contextlib
import os
import shutil

import msgspec
import numpy as np
import onnx
import pytest
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError, InvalidFileError, InvalidModelError, NotFoundError
from advisor.runnable import onnx_header, provenance
from advisor.runnable.find import open_model
from advisor.runnable.provenance import Provenance

ORIGIN = Provenance(
    model_id="someone/tiny", source_kind="safetensors", sources=(), format_id="onnx-int4-b128", options={},
    method="by hand", versions={}, created="2026-01-01T00:00:00+00:00", wall_s=1.0, peak_memory_bytes=1,
    predicted_memory_bytes=1, check=None, files=(),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """An embedder with its weights in a file beside it."""
    tiny_models.encoder(tmp_path / "tiny" / "model.onnx", location="model.onnx.data")
    tiny_models.tokenizer(tmp_path / "tiny")
    return tmp_path / "tiny"


def refused(path, *words, kind=AdvisorError, code=None):
    with pytest.raises(kind) as failure:
        open_model(path)
    told = failure.value.sentence()
    assert all(word in told for word in words), told
    assert code is None or failure.value.code == code
    return told


def test_a_folder_says_what_it_holds(folder):
    model = open_model(folder)
    data_bytes = (folder / "model.onnx.data").stat().st_size
    assert model.size_bytes() == (folder / "model.onnx").stat().st_size + data_bytes
    assert (model.model_id, model.format_id, model.layout) == ("tiny", "onnx-fp32", "optimum")
    assert (model.structure, model.head, model.pooling, model.normalize) == ("encoder", "embedding", "mean", False)
    assert open_model(folder, model_id="me/mine").model_id == "me/mine"
    assert open_model(folder / "model.onnx") == model
    assert model.path() == folder / "model.onnx"
    with pytest.raises(KeyError):
        model.path("decoder")


def test_the_origin_of_a_converted_model_names_it_and_its_format(folder):
    provenance.write(folder, ORIGIN)
    model = open_model(folder)
    assert (model.model_id, model.format_id, model.provenance) == ("someone/tiny", "onnx-int4-b128", ORIGIN)
    (folder / provenance.FILE_NAME).write_text("{}")
    refused(folder, "cannot be read", code="provenance-invalid")


def test_a_folder_of_hub_downloads_is_called_by_its_hub_id(tmp_path, folder):
    snapshot = tmp_path / "models--someone--tiny" / "snapshots" / "abc"
    blobs = tmp_path / "models--someone--tiny" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(folder.iterdir()):
        shutil.copy(file, blobs / f"blob{number}")
        (snapshot / file.name).symlink_to(blobs / f"blob{number}")
    assert open_model(snapshot).model_id == "someone/tiny"


def test_settings_of_transformers_are_read(folder):
    tiny_models.write_json(folder / "config.json", {"eos_token_id": 3, "max_position_embeddings": 514,
                                                    "model_type": "roberta", "pad_token_id": 1})  # fmt: skip
    tiny_models.write_json(folder / "generation_config.json", {"eos_token_id": [3, 4], "bos_token_id": 2})
    tiny_models.write_json(folder / "tokenizer_config.json", {
        "chat_template": [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}],
        "bos_token": {"content": "<s>", "lstrip": False}, "eos_token": "</s>", "model_max_length": 1e30,
        "auto_map": {"AutoTokenizer": ["own.Tokenizer", None]},
    })  # fmt: skip
    tiny_models.write_json(folder / "special_tokens_map.json", {"mask_token": "<mask>", "eos_token": "other"})
    model = open_model(folder)
    facts = model.tokenizer
    assert (facts.eos_token_ids, facts.bos_token_id, facts.pad_token_id) == ((3, 4), 2, 1)
    assert facts.special_tokens == {"bos_token": "<s>", "eos_token": "</s>", "mask_token": "<mask>"}
    assert (facts.chat_template, facts.max_tokens, model.num_context_tokens) == ("b", 512, 512)
    (folder / "chat_template.jinja").write_text("c")
    tiny_models.write_json(folder / "sentence_bert_config.json", {"max_seq_length": 128})
    facts = open_model(folder).tokenizer
    assert (facts.chat_template, facts.max_tokens) == ("c", 128)
    (folder / "chat_template.jinja").write_text("x" * 500_001)
    refused(folder, "chat_template.jinja", "longer", kind=InvalidFileError)


@pytest.mark.parametrize(
    ("pooling", "normalize", "facts"),
    [
        ("cls", True, {"pooling_mode_cls_token": True}),
        ("last", False, {"pooling_mode_lasttoken": True}),
        ("max", False, {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": False}),
        ("cls", False, {"pooling_mode": "cls"}),
    ],
)
def test_the_way_to_one_vector_is_read(folder, pooling, normalize, facts):
    kinds = ["Transformer", "Pooling", *(["Normalize"] if normalize else [])]
    modules = [{"type": f"sentence_transformers.models.{kind}", "path": f"part/{kind}"} for kind in kinds]
    tiny_models.write_json(folder / "modules.json", modules)
    tiny_models.write_json(folder / "part" / "Pooling" / "config.json", facts)
    model = open_model(folder)
    assert (model.pooling, model.normalize) == (pooling, normalize)


def test_variants_are_chosen_by_name(tmp_path):
    for name in ("model", "model_fp16", "model_q4"):
        tiny_models.encoder(tmp_path / "onnx" / f"{name}.onnx")
    tiny_models.write_json(tmp_path / "config.json", {})
    tiny_models.tokenizer(tmp_path)
    assert open_model(tmp_path).graphs[0].name == "onnx/model.onnx"
    chosen = open_model(tmp_path / "onnx" / "model_q4.onnx")
    assert (chosen.graphs[0].name, chosen.folder, chosen.layout) == ("onnx/model_q4.onnx", str(tmp_path), "optimum")
    assert chosen.tokenizer is not None
    (tmp_path / "onnx" / "model.onnx").unlink()
    refused(tmp_path, "several", "onnx/model_fp16.onnx", "Give the path", code="onnx-ambiguous")
    (tmp_path / "onnx" / "model_q4.onnx").unlink()
    assert open_model(tmp_path).graphs[0].name == "onnx/model_fp16.onnx"


def test_halves_are_found_together(tmp_path):
    tiny_models.seq2seq(tmp_path, suffix="_quantized")
    tiny_models.seq2seq(tmp_path, cache="two files")
    names = [graph.name for graph in open_model(tmp_path).graphs]
    assert names == ["encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"]
    half = open_model(tmp_path / "encoder_model_quantized.onnx")
    assert [graph.part for graph in half.graphs] == ["encoder", "decoder"]
    assert half.graphs[1].name == "decoder_model_merged_quantized.onnx"
    (tmp_path / "encoder_model_quantized.onnx").unlink()
    (tmp_path / "encoder_model.onnx").rename(tmp_path / "encoder_model_bnb4.onnx")
    refused(tmp_path / "encoder_model_bnb4.onnx", "one half", code="onnx-part-missing")


GENAI = {
    "model": {
        "context_length": 64, "eos_token_id": [2, 7], "bos_token_id": 1, "pad_token_id": 0,
        "decoder": {"filename": "text.onnx", "head_size": tiny_models.WIDTH, "num_key_value_heads": 1},
    },
    "search": {"past_present_share_buffer": True},
}  # fmt: skip


def test_a_folder_of_onnxruntime_genai_is_read_by_its_settings(tmp_path):
    inner = tmp_path / "cpu" / "int4"
    tiny_models.decoder(inner / "text.onnx")
    tiny_models.tokenizer(inner)
    tiny_models.write_json(inner / "genai_config.json", GENAI)
    model = open_model(tmp_path)
    assert (model.layout, model.structure, model.folder) == ("genai", "decoder", str(inner))
    assert (model.num_context_tokens, model.tokenizer.eos_token_ids) == (64, (2, 7))
    assert model == open_model(inner / "text.onnx") == open_model(inner)
    tiny_models.write_json(tmp_path / "gpu" / "genai_config.json", GENAI)
    refused(tmp_path, "cpu/int4, gpu", code="onnx-ambiguous")
    for change, code in (
        ({"filename": "../text.onnx"}, "path-refused"),
        ({"filename": "/etc/passwd"}, "path-refused"),
        ({"filename": "none.onnx"}, "model-file-missing"),
        ({"filename": 5}, "config-damaged"),
    ):
        tiny_models.write_json(inner / "genai_config.json", {"model": {"decoder": change}})
        refused(inner, code=code)
    tiny_models.write_json(inner / "genai_config.json", {"model": {**GENAI["model"], "vision": {}}})
    refused(inner, "reads more than text", code="layout-unknown")


def test_a_lone_file_needs_nothing_beside_it(tmp_path):
    tiny_models.encoder(tmp_path / "mine.onnx")
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    model = open_model(tmp_path / "mine.onnx")
    assert (model.layout, model.tokenizer, model.config) == ("file", None, {})
    assert open_model(tmp_path).graphs == model.graphs
    tiny_models.encoder(tmp_path / "other.onnx")
    refused(tmp_path, "mine.onnx, other.onnx", code="onnx-ambiguous")


def nbits(path, bits, block_size):
    node = onnx.helper.make_node("MatMulNBits", ["a", "b", "c"], ["logits"], domain="com.microsoft", bits=bits,
                                 block_size=block_size, K=4, N=4)  # fmt: skip
    weights = [("b", np.zeros((4, 1, 2), np.uint8)), ("c", np.zeros(4, np.float32))]
    tiny_models.save(path, [node], [("a", 1, ["n", 4])], [("logits", 1, ["n", 4])], weights=weights)


def test_the_format_is_read_from_the_network(tmp_path):
    for number, (bits, block_size, wanted) in enumerate(
        [(4, 32, "onnx-int4-b32"), (4, 128, "onnx-int4-b128"), (8, 32, "onnx-int8"), (4, 64, None)]
    ):
        nbits(tmp_path / str(number) / "model.onnx", bits, block_size)
        assert open_model(tmp_path / str(number)).format_id == wanted
    half = np.zeros((4, 4), np.float16)
    tiny_models.save(tmp_path / "half.onnx", [onnx.helper.make_node("MatMul", ["a", "w"], ["logits"])],
                     [("a", 10, ["n", 4])], [("logits", 10, ["n", 4])], weights=[("w", half)])  # fmt: skip
    assert open_model(tmp_path / "half.onnx").format_id == "onnx-fp16"


def test_what_is_missing_is_named(tmp_path, folder):
    refused(tmp_path / "nowhere", "nowhere", kind=NotFoundError)
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "no ONNX file", "Convert", code="onnx-missing")
    (tmp_path / "empty" / "weights.bin").write_bytes(b"x")
    refused(tmp_path / "empty" / "weights.bin", "no ONNX file", code="onnx-file-unreadable")
    (folder / "model.onnx.data").unlink()
    refused(folder, "model.onnx.data", "not beside it", code="onnx-weights-missing")


def test_what_is_damaged_is_named(folder):
    (folder / "model.onnx.data").write_bytes(b"short")
    refused(folder, "model.onnx.data is cut off", code="weights-cut-off")
    (folder / "config.json").write_text('{"architectures": ["Tiny')
    refused(folder, "config.json", "not complete JSON", code="config-damaged")
    (folder / "config.json").unlink()
    (folder / "model.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    refused(folder, "note of Git LFS", code="onnx-file-unreadable")
    (folder / "model.onnx").write_bytes(b"")
    refused(folder, "model.onnx is empty", code="onnx-file-unreadable")
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")
    refused(folder)


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "C:\\secret", "..\\secret", "link/secret", "linked"])
def test_weights_outside_the_folder_are_refused(tmp_path, folder, location):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"x" * 10_000)
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "linked").symlink_to(tmp_path / "outside" / "secret")
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for tensor in model.graph.initializer:
        next(entry for entry in tensor.external_data if entry.key == "location").value = location
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    refused(folder, "outside", kind=InvalidModelError, code="path-refused")


def test_weights_of_inner_networks_are_checked_too(tmp_path):
    tiny_models.decoder(tmp_path / "decoder_model_merged.onnx", cache="merged")
    model = onnx.load(tmp_path / "decoder_model_merged.onnx")
    inner = next(item.g for item in model.graph.node[0].attribute if item.name == "else_branch")
    hidden = inner.initializer.add(name="hidden", data_type=1, dims=[4], data_location=1)
    hidden.external_data.add(key="location", value="/etc/passwd")
    (tmp_path / "decoder_model_merged.onnx").write_bytes(model.SerializeToString())
    refused(tmp_path, code="path-refused")


def test_compiled_parts_are_refused(tmp_path):
    node = onnx.helper.make_node("EPContext", ["a"], ["b"], domain="com.microsoft", ep_cache_context="/etc/passwd")
    tiny_models.save(tmp_path / "model.onnx", [node], [("a", 1, ["n"])], [("b", 1, ["n"])])
    refused(tmp_path, "compiled parts", code="onnx-file-unreadable")


def test_a_header_holds_what_onnx_reads(tmp_path):
    tiny_models.decoder(tmp_path / "model.onnx", cache="merged", conv=True)
    told, model = onnx_header.read(tmp_path / "model.onnx"), onnx.load(tmp_path / "model.onnx")
    assert [value.name for value in told.inputs] == [value.name for value in model.graph.input]
    assert told.inputs[3].shape == ("b", 1, "past", tiny_models.WIDTH)
    assert told.inputs[0].data_type == "int64"
    branches = [item.g.node for item in model.graph.node[0].attribute]
    assert sum(told.num_by_operator.values()) == 1 + sum(map(len, branches))
    assert told.num_by_type["float32"] == sum(
        tiny_models.np.prod(tensor.dims, dtype=int) for tensor in model.graph.initializer if tensor.data_type == 1
    )


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    path = tmp_path_factory.mktemp("changed") / "model.onnx"
    tiny_models.decoder(path, cache="merged")
    return path, path.read_bytes()


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_header_is_read_or_refused(header, data):
    path, whole = header
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
    with contextlib.suppress(InvalidModelError):
        msgspec.json.encode(onnx_header.read(path))
