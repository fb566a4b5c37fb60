"""Sizes of real files, files out of the system's cache, what a measurement was of. Nothing is run."""

import os

import msgspec
import pytest

from advisor.errors import InvalidModelError
from advisor.hardware import detect
from advisor.hardware.model import Fact
from advisor.probe.weights import cold, files, planner
from advisor.runnable import find
from advisor.task.model import Workload
from advisor.units import MIB


def test_a_decoder_is_run_at_the_sizes_of_the_task(smollm2_int4):
    model = find.open_model(smollm2_int4)
    found = planner.recipe_of(model, Workload(num_input_tokens=256, num_output_tokens=64, num_context_tokens=1024))
    assert (found.runner, found.num_layers, found.storage_name) == ("decoder", 30, "blocks4")
    assert (found.num_input_tokens, found.num_output_tokens, found.num_capacity_tokens) == (256, 64, 1024)
    assert found.vocab_size == 49152
    assert found.cache_bytes(30) == 4 * 2 * 30 * 3 * 64 * 1024
    assert found.weight_bytes(30) == model.size_bytes() > 80 * MIB


def test_an_embedder_reads_no_more_than_it_was_trained_with(minilm_fp32):
    model = find.open_model(minilm_fp32)
    found = planner.recipe_of(model, Workload(num_input_tokens=2000, num_batch=3))
    assert (found.runner, found.num_layers, found.num_input_tokens) == ("query", 6, 256)
    shapes = {feed.name: (feed.shape, feed.fill) for feed in found.feeds()}
    assert shapes == {
        "input_ids": ((3, 256), "ids"), "attention_mask": ((3, 256), "ones"), "token_type_ids": ((3, 256), "zeros"),
    }  # fmt: skip


def test_a_model_larger_than_what_is_free_is_refused_with_both_sizes(smollm2_int4):
    profile = detect.detect()
    free = Fact(value=200 * MIB, origin="override", source="test")
    tight = msgspec.structs.replace(profile, memory=msgspec.structs.replace(profile.memory, available_bytes=free))
    with pytest.raises(InvalidModelError, match=r"needs about \d+ MiB, more than the") as refused:
        planner.plan(find.open_model(smollm2_int4), Workload(num_output_tokens=8), tight, task_kind="generation")
    assert refused.value.code == "larger-than-memory"


def test_every_file_of_a_model_is_named_with_its_hash(minilm_fp32):
    found = files.described(find.open_model(minilm_fp32))
    assert {item.name for item in found} >= {"model.onnx", "tokenizer.json"}
    assert all(item.sha256 and item.size_bytes == (minilm_fp32 / item.name).stat().st_size for item in found)


def test_a_file_too_large_to_read_again_is_known_by_size_and_date(minilm_fp32, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_HASHED_BYTES", 1000)
    assert all(item.sha256 is None and item.modified for item in files.described(find.open_model(minilm_fp32)))


def test_a_file_is_out_of_the_cache_after_it_was_dropped(minilm_fp32):
    path = minilm_fp32.parent / f"dropped-{os.getpid()}.data"  # on a disk: a folder for passing files may be memory
    try:
        path.write_bytes(os.urandom(4 * MIB))
        with path.open("rb") as file:
            file.read()
            assert cold.cached_share(file.fileno()) == 1.0
        assert cold.drop([path]) == ""
        with path.open("rb") as file:
            assert cold.cached_share(file.fileno()) == 0.0
    finally:
        path.unlink(missing_ok=True)


def test_a_file_that_is_gone_says_so(tmp_path):
    assert cold.drop([tmp_path / "missing.onnx"]).startswith("missing.onnx cannot be opened")


def test_a_system_without_such_a_call_says_so(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    assert cold.drop([tmp_path]) == cold.NOT_HERE
