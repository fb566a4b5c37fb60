"""safetensors headers: what is read, and what is refused."""

import json
import struct
from pathlib import Path

import pytest
from header_files import InMemory, safetensors_bytes, safetensors_header, write_safetensors

from advisor.catalog.headers import safetensors
from advisor.catalog.headers.model import by_type
from advisor.catalog.headers.source import LocalFile
from advisor.errors import AdvisorError, InvalidModelError

REAL = json.loads((Path(__file__).parents[2] / "data" / "headers" / "real.json").read_text("utf-8"))
PAIR = {"b": ("F32", (2, 3)), "a": ("BF16", (4,))}


def read(raw):
    return safetensors.read(InMemory(raw))


def refused(raw):
    with pytest.raises(InvalidModelError) as caught:
        read(raw)
    assert "model.safetensors" in caught.value.message
    assert caught.value.remedy
    return caught.value


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_tensors_are_read_in_the_order_of_the_header_with_places_in_the_file():
    entries, size = safetensors_header(PAIR, {"format": "pt"})
    raw = safetensors_bytes(entries, size)
    found = read(raw)
    assert [(item.name, item.dtype, item.shape, item.size_bytes) for item in found.tensors] == [
        ("b", "F32", (2, 3), 24),
        ("a", "BF16", (4,), 8),
    ]
    assert found.tensors[0].offset_bytes == found.header_bytes == len(raw) - size
    assert found.tensors[1].offset_bytes == found.header_bytes + 24
    assert found.metadata == {"format": "pt"}
    assert (found.weight_bytes(), found.num_elements(), found.unknown_types) == (32, 10, ())


def test_only_the_header_is_read():
    entries, size = safetensors_header({"w": ("F32", (1000, 1000))})
    source = InMemory(safetensors_bytes(entries, size))
    safetensors.read(source)
    assert source.num_read < 200


def test_a_scalar_an_empty_tensor_and_an_empty_file_of_tensors_are_fine():
    entries, size = safetensors_header({"none": ("F32", (0, 5)), "one": ("F64", ()), "also": ("I8", (0,))})
    found = read(safetensors_bytes(entries, size))
    assert [item.num_elements() for item in found.tensors] == [0, 1, 0]
    assert read(safetensors_bytes({})).tensors == ()
    assert read(safetensors_bytes({"__metadata__": {}})).tensors == ()


@pytest.mark.parametrize("dtype", sorted(safetensors.BITS))
def test_every_type_of_the_format_has_its_size(dtype):
    entries, size = safetensors_header({"w": (dtype, (4, 8))})
    assert size == 32 * safetensors.BITS[dtype] // 8
    assert by_type(read(safetensors_bytes(entries, size)).tensors)[0].size_bytes == size


def test_names_with_escapes_and_other_scripts_are_read():
    raw = b'{"\\u00e9\\n\\"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\xe0\xa4\x95":{"shape":[1],'
    raw += b'"data_offsets":[1,2],"dtype":"U8"}}  '
    assert [item.name for item in read(safetensors_bytes(raw, 2)).tensors] == ['é\n"x', "क"]


def test_a_type_that_is_not_known_is_reported_and_its_bytes_are_counted():
    found = read(safetensors_bytes({"w": entry("F3_E1M1", (3,), (0, 9))}, 9))
    assert found.unknown_types == ("F3_E1M1",)
    assert found.weight_bytes() == 9


@pytest.mark.parametrize(
    ("entries", "num_bytes", "code"),
    [
        ({"w": entry(offsets=(0, 16))}, 8, "tensor-place-invalid"),  # past the end
        ({"w": entry(offsets=(0, 2**63))}, 8, "tensor-place-invalid"),
        ({"w": entry(offsets=(8, 0))}, 8, "tensor-place-invalid"),  # reversed
        ({"w": entry(offsets=(-8, 0))}, 8, "tensor-place-invalid"),
        ({"a": entry(), "b": entry(offsets=(4, 12))}, 12, "tensor-place-invalid"),  # overlapping
        ({"a": entry(), "b": entry()}, 8, "tensor-place-invalid"),  # the same place
        ({"a": entry(), "b": entry(offsets=(12, 20))}, 20, "tensor-place-invalid"),  # gap
        ({"a": entry(offsets=(4, 12))}, 12, "tensor-place-invalid"),  # gap before the first
        ({"a": entry()}, 9, "weights-trailing"),
        ({}, 1, "weights-trailing"),
        ({"a": entry(shape=(3,))}, 8, "tensor-invalid"),  # shape x type != bytes
        ({"a": entry("F4", (3,), (0, 2))}, 2, "tensor-invalid"),  # half a byte is left
        ({"a": entry(shape=(2**40, 2**40), offsets=(0, 8))}, 8, "tensor-invalid"),
        ({"a": entry("STRANGE", shape=(2**40, 2**40), offsets=(0, 8))}, 8, "tensor-invalid"),
        ({"a": entry(shape=(-2,))}, 8, "tensor-invalid"),
        ({"a": entry(shape=[1] * 65, offsets=(0, 4))}, 4, "tensor-invalid"),
        ({"a": entry(shape=[2.5])}, 8, "tensor-invalid"),
        ({"a": entry(shape=["2"])}, 8, "tensor-invalid"),
        ({"a": entry(shape=[True])}, 4, "tensor-invalid"),
        ({"a": entry(offsets=(0, 4, 8))}, 8, "tensor-invalid"),
        ({"a": {"dtype": "F32", "shape": [2]}}, 8, "tensor-invalid"),
        ({"a": {**entry(), "more": 1}}, 8, "tensor-invalid"),
        ({"a": {**entry(), "dtype": "x" * 10_000}}, 8, "tensor-invalid"),
        ({"__metadata__": {"format": 1}}, 0, "header-damaged"),
        ({"a": 5}, 0, "header-damaged"),
        ({"a": []}, 0, "header-damaged"),
    ],
)
def test_headers_that_lie_are_refused(entries, num_bytes, code):
    assert refused(safetensors_bytes(entries, num_bytes)).code == code


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}',
        b'{"__metadata__":{},"__metadata__":{}}',
    ],
)
def test_a_name_that_occurs_twice_is_refused_however_it_is_written(raw):
    assert refused(safetensors_bytes(raw, 16)).code == "tensor-twice"


@pytest.mark.parametrize(
    "raw",
    [b"[]", b"nul", b'{"a"}', b'{"a":}', b"{,}", b'{"a":{}', b"{} x", b"{}{}", b'{"a":{"dtype":"F32"}}}',
     b'{"\xff":{}}', b'{"a":{"b":{"c":1}}}', b"{" + b'"a":{' * 50, b"{" * 100_000, b'{"' + b"\\" * 99_999],
)  # fmt: skip
def test_headers_that_are_no_json_objects_of_entries_are_refused(raw):
    assert refused(safetensors_bytes(raw)).code in ("header-damaged", "tensor-invalid")


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, safetensors.MOST_HEADER_BYTES + 1])
def test_a_header_longer_than_the_format_allows_is_refused_before_it_is_read(length):
    source = InMemory(struct.pack("<Q", length) + b"{}")
    with pytest.raises(InvalidModelError) as caught:
        safetensors.read(source)
    assert caught.value.code == "header-too-large"
    assert source.num_read == 8


def test_a_file_that_ends_early_says_how_much_is_missing():
    entries, size = safetensors_header(PAIR)
    whole = safetensors_bytes(entries, size)
    for length in range(1, len(whole)):
        error = refused(whole[:length])
        assert error.code in ("weights-cut-off", "tensor-place-invalid"), length
    assert "1,000,000" in refused(struct.pack("<Q", 999_992) + b"{}").message
    assert refused(b"").code == "weights-empty"


def test_more_tensors_than_any_model_has_are_refused(monkeypatch):
    monkeypatch.setattr(safetensors, "MOST_TENSORS", 3)
    entries, size = safetensors_header({str(number): ("U8", (1,)) for number in range(4)})
    assert refused(safetensors_bytes(entries, size)).code == "header-too-large"


def test_long_names_are_cut_and_escaped_in_messages():
    error = refused(safetensors_bytes({"\x1b[31m" + "x" * 5000: entry(shape=(3,))}, 8))
    assert len(error.message) < 400
    assert "\x1b" not in error.message


def test_counts_equal_those_of_hf_mem_on_a_published_file(tmp_path):
    real = REAL["all-MiniLM-L6-v2"]
    path = write_safetensors(tmp_path / "model.safetensors", dict(real["tensors"].items()), real["metadata"])
    with LocalFile(path) as source:
        found = safetensors.read(source)
    assert found.file_bytes == real["file_bytes"]
    assert found.header_bytes == real["header_bytes"]
    assert (found.num_elements(), found.weight_bytes()) == (
        real["hf_mem"]["num_elements"],
        real["hf_mem"]["weight_bytes"],
    )
    assert {row.dtype: [row.num_elements, row.size_bytes] for row in by_type(found.tensors)} == real["hf_mem"]["types"]


def test_a_folder_a_missing_file_and_a_device_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.safetensors", Path("/dev/zero")):
        with pytest.raises(AdvisorError), LocalFile(path):
            pass


def test_a_file_cut_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(bytes(100))
    with LocalFile(path) as source:
        path.write_bytes(bytes(10))
        with pytest.raises(InvalidModelError) as caught:
            source.read(0, 50)
    assert caught.value.code == "weights-cut-off"
