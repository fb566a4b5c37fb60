"""Made-up weights on disk."""

import cards
import numpy as np
import onnx
import pytest
from onnx.external_data_helper import load_external_data_for_tensor

from advisor.errors import OutputError
from advisor.graphs import encoder, storage, traits, weights
from advisor.graphs.weights import TensorSpec

FLOAT = onnx.TensorProto.FLOAT


def spec(name, shape, fill, data_type=FLOAT, scale=1.0):
    return TensorSpec(name=name, shape=shape, data_type=data_type, fill=fill, scale=scale)


def arrays(specs, folder):
    tensors = weights.write(specs, folder / "graph.onnx.data")
    for tensor in tensors:
        load_external_data_for_tensor(tensor, str(folder))
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in tensors}


def test_values_are_finite_of_the_size_asked_for_and_never_denormal(tmp_path):
    found = arrays([spec("w", (700, 900), "normal", scale=0.03)], tmp_path)["w"]
    assert np.isfinite(found).all()
    assert found.std() == pytest.approx(0.03, rel=0.02)
    assert np.abs(found.mean()) < 0.001
    assert np.abs(found).min() > 0.01  # float32 is denormal below 1.2e-38


def test_bytes_take_all_values(tmp_path):
    found = arrays([spec("q", (300, 1000), "bytes", onnx.TensorProto.UINT8)], tmp_path)["q"]
    counts = np.bincount(found.ravel(), minlength=256)
    assert counts.min() > 0.8 * found.size / 256


def test_no_two_tensors_are_alike_and_no_row_repeats(tmp_path):
    found = arrays([spec("a", (64, 512), "normal"), spec("b", (64, 512), "normal")], tmp_path)
    assert not np.array_equal(found["a"], found["b"])
    assert len({row.tobytes() for row in found["a"]}) == 64


def test_a_tensor_larger_than_the_pool_is_whole(tmp_path):
    found = arrays([spec("w", (3000, 1000), "normal")], tmp_path)["w"]
    assert found.nbytes > 2 * weights._POOL_BYTES
    assert np.abs(found).min() > 0.3


def test_constants_ones_and_angles(tmp_path):
    found = arrays(
        [spec("c", (7,), "constant", scale=0.25), spec("o", (5,), "ones"), spec("cos", (9, 4), "cosine"),
         spec("sin", (9, 4), "sine")], tmp_path,
    )  # fmt: skip
    assert (found["c"] == 0.25).all()
    assert (found["o"] == 1).all()
    np.testing.assert_allclose(found["cos"] ** 2 + found["sin"] ** 2, 1, rtol=1e-6)
    np.testing.assert_allclose(found["sin"][1], np.sin(10000.0 ** (-np.arange(4) / 4)), rtol=1e-6)


def test_large_tensors_begin_on_a_page(tmp_path):
    specs = [spec("small", (3,), "ones"), spec("large", (2000,), "normal")]
    tensors = weights.write(specs, tmp_path / "x.data")
    offsets = [int(next(e.value for e in tensor.external_data if e.key == "offset")) for tensor in tensors]
    assert offsets[1] % 4096 == 0
    assert weights.total_bytes(specs) == 12 + 8000


def test_the_same_seed_gives_the_same_file(tmp_path):
    specs = [spec("w", (100, 100), "normal")]
    for name in ("a", "b"):
        weights.write(specs, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_full_disk_is_found_before_anything_is_written(tmp_path):
    with pytest.raises(OutputError, match="are free") as caught:
        weights.write([spec("w", (1 << 30, 1 << 20), "normal")], tmp_path / "x.data")
    assert caught.value.code == "disk-full"
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_no_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "_fill", full)
    with pytest.raises(OutputError, match="No space left"):
        weights.write([spec("w", (10,), "normal")], tmp_path / "x.data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8-dynamic"])
def test_weights_inside_the_graph_are_the_same_as_beside_it(tmp_path, format_id):
    import onnxruntime as ort

    shape, kind = traits.encoder_shape(cards.tiny_encoder()), storage.BY_FORMAT[format_id]
    found, ids = [], np.arange(12, dtype=np.int64).reshape(1, 12)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    for inside in (False, True):
        path = tmp_path / f"{inside}.onnx"
        encoder.build(shape, kind, path, inside=inside)
        found.append(ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feeds)[0])
    assert np.array_equal(*found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["False.onnx", "False.onnx.data", "True.onnx"]
    onnx.checker.check_model(onnx.load(str(tmp_path / "True.onnx")))


def test_a_model_beyond_the_limit_of_one_message_keeps_its_weights_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "INSIDE_LIMIT_BYTES", 1000)
    encoder.build(traits.encoder_shape(cards.tiny_encoder()), storage.FLOAT32, tmp_path / "a.onnx", inside=True)
    assert (tmp_path / "a.onnx.data").exists()
