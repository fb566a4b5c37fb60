"""Whatever a stranger's small files hold, a folder is opened or refused in words: never a crash, never a wrong type."""

import contextlib

import msgspec
import pytest
import tiny_models
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import AdvisorError
from advisor.runnable import chat, memory
from advisor.runnable.chat import Message
from advisor.runnable.find import open_model
from advisor.runnable.model import RunnableModel

KEYS = {
    "config.json": ("architectures", "model_type", "id2label", "eos_token_id", "pad_token_id", "bos_token_id",
                    "max_position_embeddings", "text_config", "hidden_size", "num_attention_heads", "vocab_size"),
    "generation_config.json": ("eos_token_id", "bos_token_id", "pad_token_id"),
    "tokenizer_config.json": ("chat_template", "bos_token", "eos_token", "pad_token", "model_max_length", "auto_map"),
    "special_tokens_map.json": ("eos_token", "mask_token"),
    "genai_config.json": ("model", "search"),
    "modules.json": ("type", "path"),
    "1_Pooling/config.json": ("pooling_mode_mean_tokens", "pooling_mode", "pooling_mode_cls_token"),
    "sentence_bert_config.json": ("max_seq_length",),
    "config_sentence_transformers.json": ("prompts",),
    "chat_template.json": ("chat_template",),
}  # fmt: skip
INNER = ("name", "template", "content", "decoder", "filename", "context_length", "eos_token_id", "inputs", "0", "1",
         "query", "past_present_share_buffer", "type", "path")  # fmt: skip
PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=True) | st.text(max_size=8)
    | st.sampled_from(("model.onnx", "../model.onnx", "LlamaForCausalLM", "roberta", "x.Pooling", "1_Pooling"))
)  # fmt: skip
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
OBJECTS = {name: st.dictionaries(st.sampled_from(keys), VALUES, max_size=len(keys)) for name, keys in KEYS.items()}
FILES = st.fixed_dictionaries(
    {}, optional={**OBJECTS, "modules.json": st.lists(OBJECTS["modules.json"] | VALUES, max_size=3)}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("strange")
    tiny_models.decoder(path / "model.onnx")
    tiny_models.tokenizer(path)
    return path


@given(files=FILES, odd=st.none() | st.tuples(st.sampled_from(list(KEYS)), VALUES))
@settings(max_examples=200, deadline=None)
def test_any_small_files_are_read_or_refused(folder, files, odd):
    for name in KEYS:
        (folder / name).unlink(missing_ok=True)
    for name, value in {**files, **({odd[0]: odd[1]} if odd else {})}.items():
        tiny_models.write_json(folder / name, value)
    with contextlib.suppress(AdvisorError):
        model = open_model(folder)
        raw = msgspec.json.encode(msgspec.structs.replace(model, config={}, runtime_config={}))
        assert msgspec.json.decode(raw, type=RunnableModel).tokenizer == model.tokenizer, "types are as declared"
        assert memory.needed(model, num_tokens=100).value > 0
        with contextlib.suppress(AdvisorError):
            assert isinstance(chat.render(model.tokenizer, [Message(role="user", content="Hi")]), str)
