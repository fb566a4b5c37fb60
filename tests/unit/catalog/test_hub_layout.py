"""Which files of a repository are taken: recorded layouts of those who publish ready-made ONNX."""

import pytest

from advisor.catalog.hub import layout
from advisor.catalog.hub.model import HubFile
from advisor.errors import AdvisorError

MIB = 2**20


def files(*names, **sizes):
    return tuple(HubFile(name=name, size_bytes=sizes.get(name, 1000)) for name in names)


TEXTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "README.md", "LICENSE", "special_tokens_map.json")
DECODER = files(
    ".gitattributes", *TEXTS, "generation_config.json", "onnx/model.onnx", "onnx/model.onnx_data",
    "onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data", "onnx/model_q4.onnx", "onnx/model_q4.onnx_data",
    "onnx/model_q4f16.onnx", "onnx/model_q4f16.onnx_data", "onnx/model_int8.onnx", "onnx/model_bnb4.onnx",
)  # fmt: skip
SEQ2SEQ = files(
    *TEXTS, "onnx/encoder_model.onnx", "onnx/decoder_model.onnx", "onnx/decoder_with_past_model.onnx",
    "onnx/decoder_model_merged.onnx", "onnx/encoder_model_quantized.onnx", "onnx/decoder_model_merged_quantized.onnx",
    "onnx/decoder_model_quantized.onnx", "onnx/decoder_with_past_model_quantized.onnx", "onnx/encoder_model_q4.onnx",
)  # fmt: skip
SENTENCES = files(
    *TEXTS, "modules.json", "1_Pooling/config.json", "model.safetensors", "pytorch_model.bin", "tf_model.h5",
    "rust_model.ot", "train_script.py", "onnx/model.onnx", "onnx/model_O3.onnx", "onnx/model_qint8_avx512_vnni.onnx",
    "openvino/openvino_model.bin",
)  # fmt: skip
GENAI = files(
    "README.md", "cuda/cuda-int4-rtn-block-32/genai_config.json", "cuda/cuda-int4-rtn-block-32/model.onnx",
    "cuda/cuda-int4-rtn-block-32/model.onnx.data",
    "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/genai_config.json",
    "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/phi3-mini.onnx",
    "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/phi3-mini.onnx.data",
    "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/tokenizer.json",
    "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/configuration_phi3.py",
)  # fmt: skip
GGUF = files("README.md", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "mmproj-m-F16.gguf", "m-F16-00001-of-00002.gguf",
             "m-F16-00002-of-00002.gguf", "m-Q2_K-00001-of-00002.gguf")  # fmt: skip


def names(chosen):
    return {file.name for file in chosen.files}


def test_a_decoder_of_onnx_community_is_taken_in_one_variant():
    chosen = layout.choose(DECODER)
    assert (chosen.kind, chosen.name, names(chosen)) == ("onnx", "int8", {"onnx/model_int8.onnx"})
    assert names(layout.choose(DECODER, variant="q4")) == {"onnx/model_q4.onnx", "onnx/model_q4.onnx_data"}
    assert names(layout.choose(DECODER, variant="fp32")) == {"onnx/model.onnx", "onnx/model.onnx_data"}
    assert {item.name for item in layout.variants(DECODER)} == {"fp32", "fp16", "q4", "q4f16", "int8", "bnb4"}


def test_texts_come_with_it_and_hidden_files_do_not():
    beside = {file.name for file in layout.beside(DECODER, layout.choose(DECODER))}
    assert beside == {*TEXTS, "generation_config.json"}


def test_a_folder_of_settings_alone_comes_with_it():
    for only in ("onnx", "safetensors"):
        beside = {file.name for file in layout.beside(SENTENCES, layout.choose(SENTENCES, only=only))}
        assert beside == {*TEXTS, "modules.json", "1_Pooling/config.json"}
    pipeline = files("model_index.json", "scheduler/config.json", "unet/config.json", "unet/model.safetensors")
    beside = {file.name for file in layout.beside(pipeline, layout.choose(pipeline))}
    assert beside == {"model_index.json", "scheduler/config.json", "unet/config.json"}


def test_an_encoder_decoder_is_an_encoder_and_a_merged_decoder():
    assert names(layout.choose(SEQ2SEQ)) == {
        "onnx/encoder_model_quantized.onnx", "onnx/decoder_model_merged_quantized.onnx",
    }  # fmt: skip
    # Only its encoder was compressed to 4 bits: the plain decoder stands in.
    assert names(layout.choose(SEQ2SEQ, variant="q4")) == {
        "onnx/encoder_model_q4.onnx", "onnx/decoder_model_merged.onnx",
    }  # fmt: skip


def test_a_sentence_embedder_with_all_formats():
    chosen = layout.choose(SENTENCES)
    assert (chosen.name, names(chosen)) == ("fp32", {"onnx/model.onnx"})
    chosen = layout.choose(SENTENCES, only="safetensors")
    assert names(chosen) == {"model.safetensors"}
    every = {file.name for item in layout.variants(SENTENCES) for file in item.files}
    assert not any(name.endswith((".bin", ".py", ".h5", ".ot")) for name in every)


def test_a_genai_build_for_this_kind_of_chip_is_taken_whole_without_code():
    chosen = layout.choose(GENAI)
    folder = "cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4"
    assert (chosen.kind, chosen.name) == ("genai", folder)
    assert names(chosen) == {
        f"{folder}/{name}" for name in ("genai_config.json", "phi3-mini.onnx", "phi3-mini.onnx.data", "tokenizer.json")
    }
    assert layout.choose(GENAI, variant="cuda").name == "cuda/cuda-int4-rtn-block-32"
    assert layout.choose(GENAI, only="onnx").name == folder


def test_a_build_for_other_chips_gives_way_to_weights():
    found = [*files("config.json", "model.safetensors"), *(file for file in GENAI if "cuda" in file.name)]
    assert layout.choose(found).kind == "safetensors"


def test_one_gguf_of_many_with_all_its_parts():
    assert layout.choose(GGUF).name == "m-Q4_K_M.gguf"
    assert names(layout.choose(GGUF, variant="F16")) == {"m-F16-00001-of-00002.gguf", "m-F16-00002-of-00002.gguf"}
    assert not any("Q2_K" in item.name for item in layout.variants(GGUF))  # its second part is missing


@pytest.mark.parametrize(
    ("found", "options", "code"),
    [
        (files("config.json", "pytorch_model.bin"), {}, "pickled-weights"),
        (files("README.md"), {}, "no-weights"),
        (files("config.json", "tf_model.h5"), {}, "no-weights"),
        (GGUF, {"only": "onnx"}, "hub-kind-missing"),
        (DECODER, {"variant": "q3"}, "hub-variant-unknown"),
        (DECODER, {"variant": "16"}, "hub-variant-ambiguous"),
    ],
)  # fmt: skip
def test_what_is_not_there_says_what_is(found, options, code):
    with pytest.raises(AdvisorError) as caught:
        layout.choose(found, **options)
    assert caught.value.code == code
    assert caught.value.remedy
