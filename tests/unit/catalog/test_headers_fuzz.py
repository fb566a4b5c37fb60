"""Header readers against anything: only our own failures, no hang, bounded memory.

The corpus is real headers (as published models and transformers state them), damaged in every way a byte can be.
"""

import contextlib
import json
import struct
import tracemalloc
from pathlib import Path

import pytest
from header_files import InMemory, gguf_bytes, gguf_text, safetensors_bytes, safetensors_header, write_safetensors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.catalog import local_model
from advisor.catalog.headers import gguf_file, index, known, safetensors
from advisor.catalog.headers.checkpoint import Checkpoint, Component
from advisor.catalog.headers.source import LocalFolder
from advisor.errors import AdvisorError
from advisor.estimate import table

DATA = Path(__file__).parents[2] / "data" / "headers"
REAL = json.loads((DATA / "real.json").read_text("utf-8"))
MIB = 2**20
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def _safetensors_corpus():
    real = dict(list(REAL["all-MiniLM-L6-v2"]["tensors"].items())[7:20])
    small = {
        "a.weight": ("F32", (3, 4)),
        "b": ("F4", (8,)),
        "c": ("I64", ()),
        "d": ("U8", (0,)),
        "e": ("F8_E4M3", (5,)),
    }
    for tensors in ({name: (dtype, [min(size, 9) for size in shape]) for name, (dtype, shape) in real.items()}, small):
        entries, size = safetensors_header(tensors, {"format": "pt", "note": '{"a": "}"}'})
        yield safetensors_bytes(entries, size)
        yield safetensors_bytes(json.dumps(entries, indent=1).encode() + b"   ", size)


def _gguf_corpus():
    real = REAL["SmolLM2-135M-Instruct.Q4_1"]
    notes = {key: value for key, value in real["metadata"].items() if not isinstance(value, list)}
    tensors = {
        name: ("F32", [min(size, 9) for size in shape]) for name, (_, shape) in list(real["tensors"].items())[:12]
    }
    yield gguf_bytes({**notes, "tokenizer.ggml.tokens": ["a", "bc", ""] * 200}, tensors)
    yield gguf_bytes({"general.alignment": 64, "x": ("int32", [1, 2])}, {"q": ("Q4_K", (2, 256))}, alignment=64)


SAFETENSORS, GGUF = list(_safetensors_corpus()), list(_gguf_corpus())
_SIZES = st.sampled_from([0, 1, 7, 8, 255, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1])


@st.composite
def damaged(draw, corpus):
    """A file of the corpus with bytes changed, cut out, put in, or numbers made large."""
    raw = bytearray(draw(st.sampled_from(corpus)))
    for _ in range(draw(st.integers(0, 4))):
        if not raw:
            break
        at = draw(st.integers(0, len(raw) - 1))
        how = draw(st.sampled_from(["byte", "number", "cut", "put", "end", "swap"]))
        if how == "byte":
            raw[at] = draw(st.integers(0, 255))
        elif how == "number":
            raw[at : at + 8] = struct.pack("<Q", draw(_SIZES))
        elif how == "cut":
            del raw[at : at + draw(st.integers(1, 64))]
        elif how == "put":
            raw[at:at] = draw(st.binary(max_size=40) | st.sampled_from([b'"a":{},', b"{" * 50, b"[" * 500, b"9" * 50]))
        elif how == "end":
            del raw[at:]
        else:
            raw[at : at + 16] = raw[at : at + 16][::-1]
    return bytes(raw)


def outcome(read, raw):
    try:
        found = read(InMemory(raw, "m"))
    except AdvisorError as error:
        said = error
    else:
        return checked(found, len(raw))
    assert said.code
    assert said.remedy
    assert len(said.message) < 1500
    return None


def checked(found, num_bytes):
    assert found.file_bytes == num_bytes
    assert all(0 <= item.offset_bytes <= item.offset_bytes + item.size_bytes <= num_bytes for item in found.tensors)
    assert found.weight_bytes() <= num_bytes
    return found


def estimated(found):
    """What was accepted can be described and estimated, whatever it says."""
    checkpoint = Checkpoint(name="m", container=found.container, components=(Component(name="", files=(found,)),))
    card = known.recognise(checkpoint)
    assert card.num_parameters >= 0
    table.build(local_model.candidates(local_model.describe(checkpoint)))


@FUZZ
@given(damaged(SAFETENSORS))
def test_damaged_safetensors(raw):
    found = outcome(safetensors.read, raw)
    if found is not None:
        estimated(found)


@FUZZ
@given(damaged(GGUF))
def test_damaged_gguf(raw):
    found = outcome(gguf_file.read, raw)
    if found is not None:
        estimated(found)


@FUZZ
@given(st.binary(max_size=200))
def test_bytes_of_no_kind(raw):
    outcome(safetensors.read, raw)
    outcome(gguf_file.read, b"GGUF" + raw)
    outcome(safetensors.read, struct.pack("<Q", len(raw)) + raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries(
    {"dtype": st.sampled_from(["F32", "Q", ""]) | JSON, "shape": st.lists(st.integers(-1, 2**65), max_size=3) | JSON,
     "data_offsets": st.lists(st.integers(-1, 2**65), max_size=3) | JSON}
)  # fmt: skip


@FUZZ
@given(st.dictionaries(st.text(max_size=12), ENTRY | JSON, max_size=5), st.integers(0, 64))
def test_headers_of_any_json(header, num_bytes):
    outcome(safetensors.read, safetensors_bytes(json.dumps(header).encode(), num_bytes))


@FUZZ
@given(weight_map=st.dictionaries(st.text(max_size=12), st.text(max_size=12) | st.just("a.safetensors"), max_size=4))
def test_indexes_of_any_names(tmp_path, weight_map):
    write_safetensors(tmp_path / "a.safetensors", {"x": ("F32", (1,))})
    (tmp_path / "i.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}), "utf-8")
    with contextlib.suppress(AdvisorError):
        index.read_index(LocalFolder(tmp_path), "i.safetensors.index.json")


KEYS = (
    "model_type", "architectures", "num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads",
    "intermediate_size", "vocab_size", "head_dim", "max_position_embeddings", "sliding_window", "layer_types",
    "num_local_experts", "num_experts_per_tok", "text_config", "quantization_config", "is_encoder_decoder", "d_ff",
    "encoder_layers", "kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "multi_query", "auto_map",
    "sliding_window_pattern", "tie_word_embeddings", "embedding_size", "quantization",
)  # fmt: skip
VALUES = (
    JSON | st.sampled_from(["llama", "bert", "t5", "deepseek_v3", "gpt_oss", "gemma3_text", "whisper", "vit", "albert"])
    | st.integers(-2, 2**66) | st.integers(1, 9)
)  # fmt: skip


@FUZZ
@given(config=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=14))
def test_configs_of_any_values(tmp_path, config):
    tensors = {
        "model.embed_tokens.weight": ("F32", (8, 4)),
        "model.layers.0.mlp.experts.0.up_proj.weight": ("F32", (4, 4)),
    }
    write_safetensors(tmp_path / "model.safetensors", tensors)
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    model = local_model.load(tmp_path)
    assert model.checkpoint.weight_bytes() == 192
    table.build(local_model.candidates(model))


def _gguf_start(num_tensors, num_notes):
    return b"GGUF" + struct.pack("<IQQ", 3, num_tensors, num_notes)


class Endless:
    """A file of terabytes that says the same bytes over and over: nothing may walk through it."""

    name = "m"
    size_bytes = 2**42

    def __init__(self, start, again=b"\0"):
        self._start, self._again = start, again

    def read(self, offset, length):
        assert length <= 200 * MIB, "asked for a large part of the file"
        raw = self._start[offset : offset + length]
        return raw + (self._again * (length // len(self._again) + 1))[: length - len(raw)]


@pytest.mark.parametrize(
    ("read", "source"),
    [
        (gguf_file.read, Endless(_gguf_start(400_000, 0))),
        (gguf_file.read, Endless(_gguf_start(0, 100_000))),
        (gguf_file.read, Endless(_gguf_start(0, 1) + gguf_text("a") + struct.pack("<IIQ", 9, 8, 2**32))),
        (gguf_file.read, Endless(_gguf_start(0, 1) + gguf_text("a") + struct.pack("<IIQ", 9, 4, 2**39))),
        (gguf_file.read,
         Endless(_gguf_start(0, 1) + gguf_text("a") + struct.pack("<IIQ", 9, 9, 2**20), struct.pack("<IQ", 9, 9))),
        (gguf_file.read,
         Endless(_gguf_start(0, 1) + gguf_text("a") + struct.pack("<IIQ", 9, 8, 2**20) + struct.pack("<Q", 190_000_000),
                 b"\xff")),
        (safetensors.read, Endless(struct.pack("<Q", 2**41))),
        (safetensors.read, Endless(struct.pack("<Q", 30_000_000) + b'{"', b"x")),
        (safetensors.read, Endless(struct.pack("<Q", 30_000_000) + b'{"a":', b"[")),
        (safetensors.read, Endless(struct.pack("<Q", 30_000_000) + b'{"a":{"shape":[', b"1,")),
        (safetensors.read, Endless(struct.pack("<Q", 30_000_000) + b'{"a":{"b":"', b"\\\\")),
        (safetensors.read, Endless(struct.pack("<Q", 30_000_000) + b'{"__metadata__":{"b":"', b"\\\\")),
        (safetensors.read, Endless(struct.pack("<Q", 30_000_000) + b"{", b"\n")),
    ],
)  # fmt: skip
def test_memory_stays_within_what_is_read(read, source):
    tracemalloc.start()
    try:
        with pytest.raises(AdvisorError):
            read(source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 120 * MIB
