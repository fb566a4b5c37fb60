"""Zeros in weights: files of known zeros are counted exactly, and what the zeros have in common is named."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from header_files import gguf_bytes, safetensors_bytes, safetensors_header
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.catalog.weights import pattern, scan, zeros
from advisor.errors import InvalidModelError
from advisor.report import sparsity as words

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "headers" / "gguf_zeros.json").read_text("utf-8"))
KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I8": "i1", "I64": "<i8", "U8": "u1"}
Q, UP = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.up_proj.weight"


def stored(array, dtype):
    if dtype == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype(KINDS[dtype]).tobytes()


def write(folder, tensors, config=None, name="model.safetensors"):
    """A model whose tensors hold given numbers; name -> (dtype, array)."""
    entries, _ = safetensors_header({key: (dtype, array.shape) for key, (dtype, array) in tensors.items()})
    folder.mkdir(parents=True, exist_ok=True)
    body = b"".join(stored(array, dtype) for dtype, array in tensors.values())
    (folder / name).write_bytes(safetensors_bytes(entries) + body)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


def dense(rows, columns, seed=0):
    return np.random.default_rng(seed).uniform(1, 2, (rows, columns)).astype("<f4")


def found_in(folder, array, name=UP, dtype="F32", config=None):
    report = scan.scan(write(folder, {name: (dtype, array)}, config))
    assert report.num_elements == array.size
    assert report.num_zeros == np.count_nonzero(array == 0)
    return report.tensors[0] if report.tensors else None


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_zeros_of_both_signs_are_counted_and_the_smallest_numbers_are_not(tmp_path, dtype):
    array = dense(32, 24)
    array[3, 5], array[7, 1], array[8, 2] = 0.0, -0.0, 2**-126
    if dtype == "F16":
        array[8, 2] = 2**-24
    assert found_in(tmp_path, array, dtype=dtype).num_zeros == 2


@pytest.mark.parametrize("kind", sorted(zeros.GGUF.keys() - zeros.SAFETENSORS.keys()))
def test_gguf_blocks_have_the_zeros_that_the_gguf_tool_unpacks(kind):
    row, unpacker = RECORDED["types"][kind], zeros.GGUF[kind]
    raw = np.frombuffer(base64.b64decode(row["blocks"]), dtype=np.uint8)
    expected = np.unpackbits(np.frombuffer(base64.b64decode(row["zeros"]), np.uint8), bitorder="little")
    assert raw.size % unpacker.size_bytes == 0
    assert unpacker.zeros(raw).tolist() == expected[: row["num_elements"]].astype(bool).tolist()


def test_two_of_each_four(tmp_path):
    array = dense(64, 64).reshape(64, 16, 4)
    kept = np.random.default_rng(1).permuted(np.tile([True, True, False, False], (64, 16, 1)), axis=2)
    array = np.where(kept, array, 0).reshape(64, 64)
    assert found_in(tmp_path / "a", array).pattern == "2:4"
    assert found_in(tmp_path / "down", np.ascontiguousarray(array.T)).pattern == "2:4"
    array[0, :8] = 0  # more than half of all are zero, and yet
    array[63, 63] = array[63, 62] = array[63, 61] = 1.0  # one group of thousands is enough
    assert found_in(tmp_path / "b", array).pattern == "scattered"


@pytest.mark.parametrize(("side", "expected"), [((16, 16), "16x16"), ((4, 4), "4x4"), ((1, 4), "1x4")])
def test_blocks(tmp_path, side, expected):
    keep = np.random.default_rng(2).random((64 // side[0], 64 // side[1])) < 0.6
    keep[0, 0], keep[-1, -1] = False, True
    array = dense(64, 64) * np.kron(keep, np.ones(side))
    assert found_in(tmp_path, array).pattern == expected


def test_scattered_zeros_are_no_pattern(tmp_path):
    array = dense(256, 256) * (np.random.default_rng(3).random((256, 256)) < 0.4)
    report = scan.scan(write(tmp_path, {UP: ("F32", array)}))
    assert report.tensors[0].pattern == "scattered"
    assert report.num_removable_elements == 0
    assert words.DENSE in words.saving(report)


def test_rows_columns_and_what_could_be_cut_out(tmp_path):
    array = dense(48, 32)
    array[[1, 40]] = 0
    assert found_in(tmp_path / "rows", array).pattern == "rows"
    array[:, 7] = 0
    report = scan.scan(write(tmp_path / "both", {UP: ("F32", array)}))
    item = report.tensors[0]
    assert (item.num_zero_rows, item.num_zero_columns) == (2, 1)
    assert report.num_removable_elements == 2 * 32 + 46
    assert report.num_removable_bytes == 4 * (2 * 32 + 46)
    assert "110 numbers" in words.saving(report)[0]
    assert words.DENSE not in words.saving(report)
    assert found_in(tmp_path / "columns", dense(48, 32) * (np.arange(32) != 5)).pattern == "columns"
    assert found_in(tmp_path / "all", np.zeros((8, 8))).pattern == "all"


def test_attention_heads(tmp_path):
    config = {"model_type": "llama", "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 32,
              "num_hidden_layers": 1}  # fmt: skip
    array = dense(32, 32)
    array[8:16] = 0
    item = found_in(tmp_path / "q", array, name=Q, config=config)
    assert (item.pattern, item.num_zero_heads) == ("heads", 1)
    array = dense(32, 32)
    array[12:20] = 0  # two halves of heads are no head
    item = found_in(tmp_path / "halves", array, name=Q, config=config)
    assert (item.pattern, item.num_zero_heads) == ("rows", 0)


def test_a_matrix_of_several_pieces_is_seen_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "PIECE_BYTES", 16 * 64 * 4)
    array = dense(100, 64)
    array[:, 9] = 0
    array[99] = 0
    item = found_in(tmp_path, array)
    assert (item.num_zero_rows, item.num_zero_columns, item.pattern) == (1, 1, "rows")
    array[50, 9] = 1.0
    assert found_in(tmp_path, array).num_zero_columns == 0


def test_long_rows_and_vectors_are_counted_a_piece_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "PIECE_BYTES", 256)
    monkeypatch.setattr(scan, "_MOST_PIECE_BYTES", 16 * 100)
    array = dense(5, 1000) * (np.random.default_rng(4).random((5, 1000)) < 0.5)
    assert found_in(tmp_path / "long", array).pattern == "scattered"
    bias = np.zeros(1000, "<f4")
    report = scan.scan(write(tmp_path / "bias", {"model.layers.0.mlp.up_proj.bias": ("F32", bias)}))
    assert (report.num_zeros, report.matrix_share(), report.tensors) == (1000, None, ())


def test_stacked_experts_are_looked_at_one_by_one(tmp_path):
    array = np.stack([dense(16, 16, seed) for seed in range(3)])
    array[1] = 0
    config = {"model_type": "mixtral", "num_local_experts": 3, "num_experts_per_tok": 1, "intermediate_size": 16}
    report = scan.scan(write(tmp_path, {"model.layers.0.mlp.experts.gate_up_proj": ("F32", array)}, config))
    assert [(item.name[-3:], item.pattern, item.num_zeros) for item in report.tensors] == [("[1]", "all", 256)]


def test_masks_of_torch_prune_count_as_zeros(tmp_path):
    mask = np.random.default_rng(5).random((32, 16)) < 0.5
    weight = dense(32, 16)
    weight[0, 0] = 0
    mask[0, 0] = True
    tensors = {
        "model.layers.0.mlp.up_proj.weight_orig": ("F32", weight),
        "model.layers.0.mlp.up_proj.weight_mask": ("F32", mask),
    }
    report = scan.scan(write(tmp_path, tensors))
    assert (report.num_elements, report.num_zeros) == (512, 1 + np.count_nonzero(~mask))
    assert report.num_masks == 1
    assert any("masks" in text for text in words.remarks(report))


def test_matrices_stored_as_a_mask_and_their_other_numbers(tmp_path):
    present = np.random.default_rng(6).random((20, 30)) < 0.5
    stem = "model.layers.0.mlp.up_proj"
    tensors = {
        f"{stem}.compressed": ("F16", np.ones(np.count_nonzero(present))),
        f"{stem}.bitmask": ("U8", np.packbits(present, axis=1, bitorder="little")),
        f"{stem}.shape": ("I64", np.array([20, 30])),
    }
    config = {"model_type": "llama", "quantization_config": {"quant_method": "compressed-tensors", "sparsity_config": {
        "format": "sparse-bitmask", "sparsity_structure": "2:4", "global_sparsity": 0.5}}}  # fmt: skip
    report = scan.scan(write(tmp_path, tensors, config))
    assert (report.num_elements, report.num_zeros) == (600, np.count_nonzero(~present))
    assert (report.stated.format, report.stated.structure, report.stated.zero_share) == ("sparse-bitmask", "2:4", 0.5)
    tensors[f"{stem}.shape"] = ("I64", np.array([2**40, 30]))  # a lie is not followed
    report = scan.scan(write(tmp_path / "lie", tensors, config))
    assert report.num_elements == 0
    assert report.unknown_types == ("U8",)


def test_packed_weights_are_unknown_not_dense(tmp_path):
    stem = "model.layers.0.mlp.up_proj"
    tensors = {
        f"{stem}.qweight": ("I64", np.zeros((4, 32))), f"{stem}.scales": ("F16", np.ones((1, 32))),
        f"{stem}.qzeros": ("I64", np.ones((1, 4))), "model.norm.weight": ("F32", np.ones(8)),
    }  # fmt: skip
    config = {"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": 4}}
    report = scan.scan(write(tmp_path, tensors, config))
    assert (report.num_elements, report.num_unknown_elements) == (8, 4 * 8 * 32)
    assert "does not tell a zero" in " ".join(words.remarks(report))


def test_layers_that_are_gone_and_layers_that_differ(tmp_path):
    tensors = {f"model.layers.{layer}.mlp.up_proj.weight": ("F32", dense(16 - layer, 8)) for layer in (0, 1, 3)}
    config = {"model_type": "llama", "num_hidden_layers": 6}
    report = scan.scan(write(tmp_path, tensors, config))
    assert report.missing_layers == (2, 4, 5)
    assert (report.uneven[0].smallest_sizes, report.uneven[0].largest_sizes) == ((13, 8), (16, 8))
    said = " ".join(words.remarks(report))
    assert "3 layers are not there (counted from 0: 2, 4, 5)" in said
    assert "from 13 x 8 to 16 x 8" in said


def test_a_gguf_file(tmp_path):
    raw = gguf_bytes({"general.architecture": "llama"}, {"blk.0.ffn_up.weight": ("Q8_0", (16, 64))}, body=False)[0]
    blocks = np.random.default_rng(7).integers(1, 100, (32, 34)).astype(np.uint8)
    blocks[5, 2::2] = 0
    (tmp_path / "m.gguf").write_bytes(raw + blocks.tobytes())
    report = scan.scan(tmp_path / "m.gguf")
    assert (report.num_elements, report.num_zeros, report.is_quantized) == (1024, 16, True)
    assert "by rounding" in " ".join(words.saving(report))


def test_a_file_that_ends_too_early_is_said(tmp_path):
    file = write(tmp_path, {UP: ("F32", dense(64, 64))}) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InvalidModelError) as caught:
        scan.scan(file)
    assert caught.value.code in {"weights-cut-off", "tensor-place-invalid"}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_counts_of_any_matrix_in_any_pieces(rows, columns, seed, share):
    random = np.random.default_rng(seed)
    mask = random.random((rows, columns)) < share
    tally = pattern.Tally(rows, columns)
    for first, (height, width) in tally.steps(int(random.integers(1, 2000)), 1):
        tally.add(mask.reshape(-1)[first : first + height * width].reshape(height, width))
    assert tally.num_zeros == np.count_nonzero(mask)
    assert tally.num_zero_rows() == np.count_nonzero(mask.all(axis=1))
    assert tally.num_zero_columns() == np.count_nonzero(mask.all(axis=0))
    assert (tally.pattern() == "none") == (not mask.any())
    assert (tally.pattern() == "all") == bool(mask.all())
