"""GGUF headers: what is read, and what is refused."""

import json
import struct
from pathlib import Path

import pytest
from header_files import InMemory, gguf_bytes, gguf_text, write_gguf

from advisor.catalog.gguf import BLOCKS
from advisor.catalog.headers import gguf_file, gguf_metadata
from advisor.catalog.headers.model import ArrayNote, by_type
from advisor.catalog.headers.source import LocalFile
from advisor.errors import InvalidModelError

REAL = json.loads((Path(__file__).parents[2] / "data" / "headers" / "real.json").read_text("utf-8"))
NOTES = {"general.architecture": "llama", "llama.block_count": 2, "general.tags": ["a", "b"]}
TENSORS = {"token_embd.weight": ("Q4_K", (10, 256)), "blk.0.attn_q.weight": ("F32", (3, 5)), "scalar": ("F16", ())}


def read(raw):
    return gguf_file.read(InMemory(raw, "model.gguf"))


def refused(raw):
    with pytest.raises(InvalidModelError) as caught:
        read(raw)
    assert "model.gguf" in caught.value.message
    assert caught.value.remedy
    return caught.value


def start(version=3, num_tensors=0, num_notes=0, magic=b"GGUF"):
    return magic + struct.pack("<IQQ", version, num_tensors, num_notes)


def tensor_line(name=b"w", shape=(4,), kind=0, offset=0, num_dimensions=None):
    sizes = struct.pack(f"<{len(shape)}Q", *shape)
    count = len(shape) if num_dimensions is None else num_dimensions
    return gguf_text(name) + struct.pack("<I", count) + sizes + struct.pack("<IQ", kind, offset)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("alignment", [None, 8, 4096])
def test_notes_and_tensors_are_read(version, alignment):
    notes = NOTES if alignment is None else {**NOTES, "general.alignment": alignment}
    found = read(gguf_bytes(notes, TENSORS, version=version, alignment=alignment or 32))
    assert found.metadata["general.architecture"] == "llama"
    assert found.metadata["general.tags"] == ArrayNote(kind="string", num_items=2, items=("a", "b"))
    assert [(item.name, item.dtype, item.shape, item.size_bytes) for item in found.tensors] == [
        ("token_embd.weight", "Q4_K", (10, 256), 1440),
        ("blk.0.attn_q.weight", "F32", (3, 5), 60),
        ("scalar", "F16", (), 2),
    ]
    assert found.header_bytes % (alignment or 32) == 0
    assert found.tensors[0].offset_bytes == found.header_bytes
    assert found.trailing_bytes == 0


def test_every_kind_of_note_is_read():
    notes = {
        "u8": ("uint8", 7), "i8": ("int8", -7), "i32": ("int32", -70_000), "f": 0.5, "flag": True,
        "u64": ("uint64", 2**40), "list": ("int32", [1, -2, 3]), "flags": ("bool", [True, False]), "empty": [],
    }  # fmt: skip
    found = read(gguf_bytes(notes, {})).metadata
    assert [found[key] for key in ("u8", "i8", "i32", "f", "flag", "u64")] == [7, -7, -70_000, 0.5, True, 2**40]
    assert found["flag"] is True
    assert found["list"] == ArrayNote(kind="int32", num_items=3, items=(1, -2, 3))
    assert found["flags"].items == (True, False)
    assert found["empty"].num_items == 0


def test_vocabularies_are_counted_and_not_kept():
    notes = {"tokens": [f"word {number}" for number in range(5000)], "scores": ("float32", [0.5] * 5000), "last": 3}
    found = read(gguf_bytes(notes, TENSORS)).metadata
    assert found["tokens"] == ArrayNote(kind="string", num_items=5000)
    assert found["scores"] == ArrayNote(kind="float32", num_items=5000)
    assert found["last"] == 3


def test_a_long_text_is_cut_and_what_follows_is_still_read():
    found = read(gguf_bytes({"long": "x" * 1_000_000, "last": 3}, TENSORS)).metadata
    assert len(found["long"]) == 65_536
    assert found["last"] == 3


@pytest.mark.parametrize("dtype", sorted(gguf_file.TYPES.values()))
def test_every_type_of_block_has_its_size(dtype):
    weights, size = BLOCKS[dtype]
    found = read(gguf_bytes({}, {"w": (dtype, (3, 2 * weights))}))
    assert found.tensors[0].size_bytes == 6 * size
    assert found.unknown_types == ()


def test_a_type_that_is_not_known_is_reported_with_the_room_it_has():
    raw = start(num_tensors=2) + tensor_line(b"a", (4,), 77, 0) + tensor_line(b"b", (4,), 0, 64)
    raw += bytes(-len(raw) % 32)
    found = read(raw + bytes(64 + 16))
    assert found.unknown_types == ("type 77",)
    assert [item.size_bytes for item in found.tensors] == [64, 16]


def test_bytes_after_the_last_tensor_are_said():
    assert read(gguf_bytes(NOTES, TENSORS) + bytes(100)).trailing_bytes == 100


def test_the_padding_after_the_last_tensor_may_be_missing():
    raw = gguf_bytes({}, {"w": ("F32", (3,))})
    assert read(raw[: len(raw) - 20]).weight_bytes() == 12


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "weights-empty"),
        (b"GGUF", "weights-cut-off"),
        (start(magic=b"GGML"), "header-damaged"),
        (start(version=1), "gguf-version"),
        (start(version=4), "gguf-version"),
        (start(version=0), "gguf-version"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "gguf-big-endian"),
        (start(num_tensors=2**63), "header-too-large"),
        (start(num_notes=2**63), "header-too-large"),
        (start(num_tensors=1000), "weights-cut-off"),
        (start(num_notes=1000), "weights-cut-off"),
        (start(num_notes=1) + struct.pack("<Q", 2**63) + bytes(99), "header-damaged"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<I", 99) + bytes(99), "header-damaged"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<IQ", 8, 2**63) + bytes(99), "header-damaged"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<IQ", 8, 1000) + bytes(99), "weights-cut-off"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<IIQ", 9, 8, 2**63) + bytes(99), "header-too-large"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<IIQ", 9, 8, 1000) + bytes(99), "weights-cut-off"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<IIQ", 9, 4, 2**62) + bytes(99), "weights-cut-off"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<IIQ", 9, 99, 1) + bytes(99), "header-damaged"),
        (start(num_notes=1) + gguf_text("a") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9, "header-damaged"),
        (start(num_notes=1) + gguf_text(b"\xff") + struct.pack("<IB", 0, 1), "header-damaged"),
        (start(num_notes=2) + (gguf_text("a") + struct.pack("<IB", 0, 1)) * 2, "header-damaged"),
        (start(num_tensors=1) + tensor_line(num_dimensions=5) + bytes(99), "tensor-invalid"),
        (start(num_tensors=1) + tensor_line(num_dimensions=2**32 - 1) + bytes(99), "tensor-invalid"),
        (start(num_tensors=1) + tensor_line(shape=(2**40, 2**40)) + bytes(99), "tensor-invalid"),
        (start(num_tensors=1) + tensor_line(shape=(33,), kind=2) + bytes(99), "tensor-invalid"),  # no whole blocks
        (start(num_tensors=1) + tensor_line(name=b"n" * 2000) + bytes(99), "header-damaged"),
        (start(num_tensors=2) + tensor_line() * 2 + bytes(99), "tensor-twice"),
        (start(num_tensors=1) + tensor_line(offset=1) + bytes(99), "tensor-place-invalid"),
        (start(num_tensors=1) + tensor_line(offset=32) + bytes(99), "tensor-place-invalid"),  # a gap
        (start(num_tensors=1) + tensor_line(offset=2**63) + bytes(99), "tensor-place-invalid"),
        (start(num_tensors=1) + tensor_line(shape=(2**20,)) + bytes(99), "tensor-place-invalid"),
        (start(num_tensors=2) + tensor_line(b"a", (16,)) + tensor_line(b"b") + bytes(199), "tensor-place-invalid"),
    ],
)
def test_headers_that_lie_are_refused(raw, code):
    assert refused(raw).code == code


@pytest.mark.parametrize("alignment", [0, 3, 24, 2**30, ("int32", -32), "32"])
def test_an_alignment_that_is_no_power_of_two_is_refused(alignment):
    assert refused(gguf_bytes({"general.alignment": alignment}, {})).code == "header-damaged"


def test_a_file_that_ends_early_is_refused_wherever_it_ends():
    whole = gguf_bytes(NOTES, TENSORS)
    for length in range(1, len(whole) - 30):
        assert refused(whole[:length]).code in ("weights-cut-off", "tensor-place-invalid"), length


def test_lists_longer_than_any_vocabulary_are_refused_before_they_are_walked(monkeypatch):
    monkeypatch.setattr(gguf_metadata, "_MOST_ITEMS", 10)
    assert refused(gguf_bytes({"a": ["x"] * 6, "b": ["x"] * 6}, {})).code == "header-too-large"


def test_a_header_longer_than_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(gguf_metadata, "MOST_HEADER_BYTES", 300_000)
    assert refused(gguf_bytes({"a": "x" * 400_000, "b": 1}, {})).code == "header-too-large"


def test_counts_equal_those_of_gguf_and_hf_mem_on_a_published_file(tmp_path):
    real = REAL["SmolLM2-135M-Instruct.Q4_1"]
    notes = {key: value for key, value in real["metadata"].items() if not isinstance(value, list)}
    notes["tokenizer.ggml.tokens"] = ["token"] * real["num_tokens"]
    path = write_gguf(tmp_path / "model.gguf", notes, dict(real["tensors"].items()))
    with LocalFile(path) as source:
        found = gguf_file.read(source)
    assert found.file_bytes - found.header_bytes == real["file_bytes"] - real["header_bytes"]
    types = {row.dtype: [row.num_elements, row.size_bytes] for row in by_type(found.tensors)}
    for tool in ("gguf", "hf_mem"):
        assert (found.num_elements(), found.weight_bytes()) == (real[tool]["num_elements"], real[tool]["weight_bytes"])
        assert types == real[tool]["types"]
    assert found.metadata["llama.embedding_length"] == 576
    assert found.metadata["tokenizer.ggml.tokens"].num_items == 49_152


def test_blocks_are_those_of_the_gguf_tool():
    numbers = {name: number for number, name in gguf_file.TYPES.items()}
    assert {name: [numbers[name], *size] for name, size in BLOCKS.items()} == REAL["blocks"]
