"""Graphs of every family: operators as designed, bytes as computed, results as a reference says, finite everywhere."""

from collections import Counter

import cards
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from advisor.graphs import decoder, encoder, storage, text, traits
from advisor.graphs.builder import GraphBuilder

INT4, INT8, FLOAT = (storage.BY_FORMAT[name] for name in ("onnx-int4-b32", "onnx-int8", "onnx-fp32"))
CAPACITY = 16


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feeds_of(shape, layers, num_tokens, past=0):
    generator = np.random.default_rng(1)
    feeds = {
        "input_ids": generator.integers(0, shape.vocab_size, (1, num_tokens)).astype(np.int64),
        "attention_mask": np.ones((1, past + num_tokens), np.int64),
    }
    if shape.num_learned_positions or shape.rotary_apart:
        feeds["position_ids"] = np.arange(past, past + num_tokens, dtype=np.int64)[None]
    for layer in range(layers):
        for part in ("key", "value"):
            cache = np.full((1, shape.num_kv_heads, CAPACITY, shape.head_size), 0.1, np.float32)
            feeds[text.past_name(layer, part)] = cache
    return feeds


def operators(path):
    return Counter(node.op_type for node in onnx.load(str(path), load_external_data=False).graph.node)


def per_layer(build, tmp_path):
    """Return the operators that one more layer adds."""
    build(tmp_path / "one.onnx", 1)
    build(tmp_path / "two.onnx", 2)
    return dict(operators(tmp_path / "two.onnx") - operators(tmp_path / "one.onnx"))


@pytest.mark.parametrize("model_type", sorted(traits.DECODER_TRAITS))
def test_every_decoder_type_runs_and_stays_finite(model_type, tmp_path):
    window = {"sliding_window": 4, "layer_pattern": {"sliding_attention": 1, "full_attention": 1}}
    shape = cards.tiny_shape(model_type, **(window if model_type in ("gemma2", "olmo3", "cohere2") else {}))
    path = tmp_path / "graph.onnx"
    written = decoder.build(shape, INT4, path, num_positions=CAPACITY)
    rotary = 2 * CAPACITY * shape.head_size // 2 * 4 if shape.positions == "rotary" else 0
    slopes = shape.num_heads * 4 if shape.positions == "linear-bias" else 0
    assert written == storage.decoder_bytes(shape, INT4) + rotary + slopes
    found = session(path)
    for tokens, past in ((8, 0), (1, 8)):
        scores = found.run([decoder.LOGITS], feeds_of(shape, shape.num_layers, tokens, past))[0]
        assert scores.shape == (1, tokens, shape.vocab_size)
        assert np.isfinite(scores).all()
        assert 0.05 < scores.std() < 20


@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128"])
@pytest.mark.parametrize("tied", [True, False])
def test_every_storage_runs_in_the_bytes_computed(format_id, tied, tmp_path):
    shape = cards.tiny_shape(tie_word_embeddings=tied)
    path = tmp_path / "graph.onnx"
    written = decoder.build(shape, storage.BY_FORMAT[format_id], path, num_positions=CAPACITY)
    computed = storage.decoder_bytes(shape, storage.BY_FORMAT[format_id])
    assert written - computed == 2 * CAPACITY * shape.head_size // 2 * 4
    scores = session(path).run([decoder.LOGITS], feeds_of(shape, 2, 8))[0]
    assert np.isfinite(scores).all()


def test_operators_of_a_layer_are_those_of_the_runtimes_builder(tmp_path):
    shape = cards.tiny_shape("llama")
    found = per_layer(lambda path, layers: decoder.build(shape, INT4, path, num_layers=layers), tmp_path)
    assert found == {
        "MatMulNBits": 5, "GroupQueryAttention": 1, "SkipSimplifiedLayerNormalization": 2, "Sigmoid": 1, "Mul": 2,
    }  # fmt: skip


def test_operators_of_a_layer_with_biases_and_with_normed_queries(tmp_path):
    shape = cards.tiny_shape("qwen2")
    assert per_layer(lambda path, n: decoder.build(shape, INT4, path, num_layers=n), tmp_path)["Add"] == 1
    shape = cards.tiny_shape("qwen3")
    found = per_layer(lambda path, n: decoder.build(shape, INT4, path, num_layers=n), tmp_path)
    assert (found["MatMulNBits"], found["SimplifiedLayerNormalization"], found["Reshape"]) == (5, 2, 4)


def test_operators_around_the_layers(tmp_path):
    shape = cards.tiny_shape("llama")
    decoder.build(shape, INT4, tmp_path / "graph.onnx", num_layers=1)
    found = operators(tmp_path / "graph.onnx")
    assert (found["GatherBlockQuantized"], found["MatMulNBits"], found["SimplifiedLayerNormalization"]) == (1, 6, 1)


def test_a_window_changes_what_far_tokens_see(tmp_path):
    plain = cards.tiny_shape("mistral")
    windowed = cards.tiny_shape("mistral", sliding_window=2, layer_pattern={"sliding_attention": 2})
    found = []
    for name, shape in (("plain", plain), ("windowed", windowed)):
        decoder.build(shape, INT4, tmp_path / name, num_positions=CAPACITY)
        found.append(session(tmp_path / name).run([decoder.LOGITS], feeds_of(shape, 2, 8))[0])
    np.testing.assert_allclose(found[0][:, :2], found[1][:, :2], rtol=1e-3, atol=1e-3)
    assert not np.allclose(found[0][:, 7], found[1][:, 7], atol=1e-3)


def test_the_last_token_alone_gets_the_scores_it_would_get_among_all(tmp_path):
    shape = cards.tiny_shape("llama", tie_word_embeddings=False)
    scores = []
    for name, last in (("all", False), ("last", True)):
        decoder.build(shape, FLOAT, tmp_path / name, num_positions=CAPACITY, last_logits_only=last)
        scores.append(session(tmp_path / name).run([decoder.LOGITS], feeds_of(shape, 2, 8))[0])
    assert scores[1].shape == (1, 1, shape.vocab_size)
    np.testing.assert_allclose(scores[0][:, -1:], scores[1], rtol=1e-4, atol=1e-4)


def test_without_a_head_hidden_states_come_out(tmp_path):
    shape = cards.tiny_shape("qwen3")
    written = decoder.build(shape, INT4, tmp_path / "graph.onnx", num_positions=CAPACITY, with_head=False)
    assert written < storage.decoder_bytes(shape, INT4, with_head=True) + 2 * CAPACITY * 8 * 4 + 1
    found = session(tmp_path / "graph.onnx").run([decoder.HIDDEN_STATES], feeds_of(shape, 2, 8))[0]
    assert found.shape == (1, 8, shape.hidden_size)


def test_a_prompt_in_one_go_equals_a_prompt_token_by_token(tmp_path):
    shape = cards.tiny_shape("llama")
    decoder.build(shape, FLOAT, tmp_path / "graph.onnx", num_positions=CAPACITY)
    found = session(tmp_path / "graph.onnx")
    whole = feeds_of(shape, 2, 6)
    expected = found.run([decoder.LOGITS], whole)[0][:, -1]
    names = [entry.name for entry in found.get_outputs()]
    feeds = feeds_of(shape, 2, 6)
    for position in range(6):
        feeds["input_ids"] = whole["input_ids"][:, position : position + 1]
        feeds["attention_mask"] = np.ones((1, position + 1), np.int64)
        outputs = dict(zip(names, found.run(names, feeds), strict=True))
        feeds |= {
            name.replace("present", "past_key_values"): value for name, value in outputs.items() if "present" in name
        }
    np.testing.assert_allclose(outputs[decoder.LOGITS][:, -1], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("kind", "zero", "tolerance"), [(INT4, 8, 0.02), (INT8, 128, 0.02)])
def test_one_block_quantized_product_against_numpy(kind, zero, tolerance, tmp_path):
    num_in, num_out = 96, 40
    graph = GraphBuilder(kind)
    graph.input("x", TensorProto.FLOAT, ["rows", num_in])
    y = graph.linear("layer", "x", num_in, num_out)
    graph.output(y, TensorProto.FLOAT, ["rows", num_out])
    graph.save(tmp_path / "graph.onnx")
    tensors = {t.name: t for t in onnx.load(str(tmp_path / "graph.onnx")).graph.initializer}
    packed = onnx.numpy_helper.to_array(tensors["layer/weight/packed"])
    scales = onnx.numpy_helper.to_array(tensors["layer/weight/scales"])
    whole = packed if kind is INT8 else np.stack([packed & 15, packed >> 4], axis=-1).reshape(num_out, 3, 32)
    dense = ((whole.astype(np.float32) - zero) * scales[..., None]).reshape(num_out, num_in)
    x = np.random.default_rng(2).standard_normal((5, num_in), dtype=np.float32)
    found = session(tmp_path / "graph.onnx").run(None, {"x": x})[0]
    assert np.abs(found - x @ dense.T).max() < tolerance * np.abs(found).max()


@pytest.mark.parametrize("model_type", ["bert", "roberta", "xlm-roberta", "distilbert"])
@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8-dynamic", "onnx-int8", "onnx-int4-b32"])
@pytest.mark.parametrize("tasks", [("sentence-similarity",), ("text-classification",)])
def test_every_encoder_runs_in_the_bytes_computed(model_type, format_id, tasks, tmp_path):
    shape = traits.encoder_shape(cards.tiny_encoder(model_type, tasks=tasks))
    kind = storage.BY_FORMAT[format_id]
    path = tmp_path / "graph.onnx"
    assert encoder.build(shape, kind, path) == storage.encoder_bytes(shape, kind)
    feeds = {"input_ids": np.arange(20).reshape(2, 10), "attention_mask": np.ones((2, 10), np.int64)}
    if shape.num_token_types:
        feeds["token_type_ids"] = np.zeros((2, 10), np.int64)
    found = session(path).run(None, feeds)[0]
    assert found.shape == (2, shape.num_labels or shape.hidden_size)
    assert np.isfinite(found).all()
    assert found.std() > 0.01


def test_padding_does_not_change_an_embedding(tmp_path):
    shape = traits.encoder_shape(cards.tiny_encoder())
    encoder.build(shape, FLOAT, tmp_path / "graph.onnx")
    found = session(tmp_path / "graph.onnx")

    def embed(length):
        ids = np.zeros((1, length), np.int64)
        ids[0, :5] = [5, 6, 7, 8, 9]
        mask = (np.arange(length) < 5).astype(np.int64)[None]
        return found.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)})[0]

    np.testing.assert_allclose(embed(5), embed(12), rtol=1e-3, atol=1e-4)


def test_operators_of_an_encoder_layer(tmp_path):
    shape = traits.encoder_shape(cards.tiny_encoder())
    assert per_layer(lambda path, n: encoder.build(shape, FLOAT, path, num_layers=n), tmp_path) == {
        "MatMul": 6, "Add": 5, "MultiHeadAttention": 1, "SkipLayerNormalization": 2, "BiasGelu": 1,
    }  # fmt: skip
    dynamic = storage.BY_FORMAT["onnx-int8-dynamic"]
    found = per_layer(lambda path, n: encoder.build(shape, dynamic, path, num_layers=n), tmp_path)
    assert (found["MatMulInteger"], found["DynamicQuantizeLinear"]) == (6, 4)
