"""Checkpoints in several files."""

import json

import pytest
from header_files import write_gguf, write_safetensors

from advisor.catalog.headers import index
from advisor.catalog.headers.source import LocalFolder
from advisor.errors import AdvisorError, InvalidModelError

NAME = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def sharded(folder, shards, weight_map=None):
    found = {}
    for name, tensors in shards.items():
        write_safetensors(folder / name, tensors)
        found |= dict.fromkeys(tensors, name)
    (folder / NAME).write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map or found}), "utf-8")
    return LocalFolder(folder)


def two(folder, weight_map=None):
    shards = {FIRST: {"a": ("F32", (2,)), "b": ("F16", (3,))}, SECOND: {"c": ("F32", (5,))}}
    return sharded(folder, shards, weight_map)


def refused(files, name=NAME):
    with pytest.raises(AdvisorError) as caught:
        index.read_index(files, name)
    assert caught.value.remedy
    return caught.value


def test_all_shards_are_read(tmp_path):
    found = index.read_index(two(tmp_path), NAME)
    assert [file.name for file in found] == [FIRST, SECOND]
    assert sum(file.weight_bytes() for file in found) == 8 + 6 + 20


def test_shards_in_a_folder_of_the_model_are_found_beside_their_index(tmp_path):
    two(tmp_path / "unet")
    found = index.read_index(LocalFolder(tmp_path), f"unet/{NAME}")
    assert [file.name for file in found] == [f"unet/{FIRST}", f"unet/{SECOND}"]


def test_a_missing_shard_is_named(tmp_path):
    files = two(tmp_path)
    (tmp_path / SECOND).unlink()
    error = refused(files)
    assert (error.code, error.facts["missing"]) == ("shard-missing", (SECOND,))
    assert SECOND in error.message
    (tmp_path / FIRST).unlink()
    assert "2 of 2 files are" in refused(LocalFolder(tmp_path)).message


def test_a_tensor_in_two_shards_is_refused(tmp_path):
    shards = {FIRST: {"a": ("F32", (2,))}, SECOND: {"a": ("F32", (2,)), "b": ("F32", (1,))}}
    error = refused(sharded(tmp_path, shards, {"a": FIRST, "b": SECOND}))
    assert error.code == "tensor-in-two-shards"
    assert all(name in error.message for name in ("'a'", FIRST, SECOND))


def test_a_tensor_that_its_shard_does_not_hold_is_refused(tmp_path):
    assert refused(two(tmp_path, {"a": FIRST, "c": FIRST})).code == "tensor-not-in-shard"
    assert refused(two(tmp_path, {"a": FIRST, "none": SECOND})).code == "tensor-not-in-shard"


@pytest.mark.parametrize(
    "path", ["../other.safetensors", "/etc/passwd", "a/../../b", "C:\\x", "\\\\host\\x", "", "a\0b"]
)
def test_a_path_that_leads_out_is_refused(tmp_path, path):
    write_safetensors(tmp_path / "other.safetensors", {"a": ("F32", (2,))})
    assert refused(two(tmp_path / "model", {"a": path})).code == "path-refused"


def test_a_link_that_leads_out_is_refused_and_one_inside_a_download_cache_is_not(tmp_path):
    write_safetensors(tmp_path / "elsewhere.safetensors", {"c": ("F32", (5,))})
    files = two(tmp_path / "model")
    (tmp_path / "model" / SECOND).unlink()
    (tmp_path / "model" / SECOND).symlink_to(tmp_path / "elsewhere.safetensors")
    assert refused(files).code == "path-refused"

    cache = tmp_path / "models--owner--name"
    snapshot = cache / "snapshots" / "abc"
    two(snapshot)
    (cache / "blobs").mkdir()
    (snapshot / SECOND).rename(cache / "blobs" / "hash")
    (snapshot / SECOND).symlink_to(cache / "blobs" / "hash")
    files = LocalFolder(snapshot)
    assert files.name == "owner/name"
    assert len(index.read_index(files, NAME)) == 2


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{}", b'{"weight_map": []}', b'{"weight_map": {}}', b'{"weight_map": {"a": 1}}', b'{"weight_map"',
     b"[" * 100_000, b"\xff", b'{"weight_map": {"a": "b"}, "metadata": 5}'],
)  # fmt: skip
def test_a_damaged_index_is_refused(tmp_path, raw):
    files = two(tmp_path)
    (tmp_path / NAME).write_bytes(raw)
    assert refused(files).code == "index-damaged"


def test_an_index_of_too_many_files_is_refused(tmp_path):
    names = {str(number): f"{number}.safetensors" for number in range(index.MOST_SHARDS + 1)}
    assert refused(two(tmp_path, names)).code == "index-damaged"


def test_parts_without_an_index_are_all_taken_or_none():
    assert index.loose_shards([FIRST, SECOND, "other.json"]) == (FIRST, SECOND)
    assert index.loose_shards(["model.safetensors"]) == ()
    with pytest.raises(InvalidModelError) as caught:
        index.loose_shards([SECOND])
    assert caught.value.code == "shard-missing"


def split(folder, counts=(2, 1), *, number=None, total=3, stated=None):
    for place, count in enumerate(counts):
        notes = {"split.no": place if number is None else number, "split.count": len(counts)}
        notes |= {"split.tensors.count": ("int32", total if stated is None else stated)} if place == 0 else {}
        tensors = {f"t{place}.{item}": ("F32", (8,)) for item in range(count)}
        write_gguf(folder / f"m-{place + 1:05d}-of-{len(counts):05d}.gguf", notes, tensors)
    return LocalFolder(folder)


@pytest.mark.parametrize("part", [1, 2])
def test_a_split_gguf_is_read_whole_whichever_part_is_named(tmp_path, part):
    found = index.read_gguf(split(tmp_path), f"m-{part:05d}-of-00002.gguf")
    assert [len(file.tensors) for file in found] == [2, 1]


def test_parts_of_a_split_gguf_must_be_there_and_fit(tmp_path):
    files = split(tmp_path / "a")
    (tmp_path / "a" / "m-00001-of-00002.gguf").unlink()
    cases = [(files, "shard-missing"), (split(tmp_path / "b", number=5), "shard-mismatch"),
             (split(tmp_path / "c", stated=7), "shard-mismatch")]  # fmt: skip
    for found, code in cases:
        with pytest.raises(InvalidModelError) as caught:
            index.read_gguf(found, "m-00002-of-00002.gguf")
        assert caught.value.code == code


def test_one_part_under_another_name_is_refused(tmp_path):
    split(tmp_path)
    (tmp_path / "m-00001-of-00002.gguf").rename(tmp_path / "whole.gguf")
    with pytest.raises(InvalidModelError) as caught:
        index.read_gguf(LocalFolder(tmp_path), "whole.gguf")
    assert caught.value.code == "shard-mismatch"


def test_a_name_that_promises_a_million_parts_is_refused(tmp_path):
    write_gguf(tmp_path / "m-00001-of-99999.gguf", {}, {})
    with pytest.raises(InvalidModelError) as caught:
        index.read_gguf(LocalFolder(tmp_path), "m-00001-of-99999.gguf")
    assert caught.value.code == "index-damaged"
