"""Graphs with experts, latent attention and states: operators, bytes, finite results, prompts equal to tokens."""

from collections import Counter
from itertools import pairwise

import cards
import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from advisor.catalog.model import MoeFacts
from advisor.graphs import build, recipes, storage, text
from advisor.graphs.hybrid import traits as hybrid_traits
from advisor.graphs.moe import traits as moe_traits
from advisor.task.model import Workload

CAPACITY = 16
WORK = Workload(num_input_tokens=8, num_output_tokens=4, num_context_tokens=CAPACITY)
FORMATS = ("onnx-fp32", "onnx-int8", "onnx-int4-b32")
SHARED = MoeFacts(num_experts=8, num_experts_per_token=2, expert_intermediate_size=32, num_shared_experts=2)
LED = msgspec.structs.replace(SHARED, num_first_dense_layers=1)


def recipe_of(model, format_id="onnx-int4-b32", workload=WORK):
    found, why = recipes.recipe(cards.candidate(model, format_id), workload)
    assert found is not None, why
    return found


def built(recipe, folder, num_layers=None):
    (path,) = build.build(recipe, folder, recipe.num_layers if num_layers is None else num_layers)
    return path


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def kept(recipe, num_layers=None):
    entries = recipe.bound(recipe.num_layers if num_layers is None else num_layers)
    return {entry.input_name: np.zeros(entry.shape, np.float32) for entry in entries}, entries


def step(found, ids, past, state, entries):
    """Run some tokens; returns the scores and what the next run reads."""
    feeds = {"input_ids": ids, "attention_mask": np.ones((1, past + ids.shape[1]), np.int64), **state}
    names = [entry.name for entry in found.get_outputs()]
    outputs = dict(zip(names, found.run(names, feeds), strict=True))
    return outputs["logits"], {entry.input_name: outputs[entry.output_name] for entry in entries}


def some_ids(recipe, count):
    return np.random.default_rng(1).integers(0, recipe.vocab_size, (1, count)).astype(np.int64)


def operators(path):
    return Counter(node.op_type for node in onnx.load(str(path), load_external_data=False).graph.node)


def added(recipe, tmp_path, fewer=1, more=2):
    """Return the operators that further layers add."""
    counts = [operators(built(recipe, made(tmp_path / str(number)), number)) for number in (fewer, more)]
    return counts[1] - counts[0]


def made(folder):
    folder.mkdir()
    return folder


def of_type(model_type):
    if model_type in hybrid_traits.LAYER_TRAITS:
        return cards.tiny_states(model_type)
    return cards.tiny_experts(model_type, moe=LED)


@pytest.mark.parametrize("model_type", sorted({*moe_traits.LAYER_TRAITS, *hybrid_traits.LAYER_TRAITS}))
def test_every_type_runs_in_the_bytes_computed_and_tokens_follow_the_prompt(model_type, tmp_path):
    recipe = recipe_of(of_type(model_type), "onnx-fp32")
    path = built(recipe, tmp_path)
    turned = recipe.shape.latent.rotary_size if recipe.shape.latent else recipe.shape.head_size
    rotary = 2 * CAPACITY * turned // 2 * 4 if recipe.shape.positions == "rotary" else 0
    written = sum(tensor_bytes(tensor) for tensor in onnx.load(str(path), load_external_data=False).graph.initializer)
    assert written == recipe.weight_bytes(recipe.num_layers) + rotary
    found, ids = session(path), some_ids(recipe, 6)
    state, entries = kept(recipe)
    whole, _ = step(found, ids, 0, state, entries)
    assert np.isfinite(whole).all()
    assert 0.05 < whole.std() < 20
    for position in range(6):
        scores, state = step(found, ids[:, position : position + 1], position, state, entries)
        np.testing.assert_allclose(scores[:, 0], whole[:, position], rtol=2e-3, atol=2e-3)


def tensor_bytes(tensor):
    """Bytes of a weight; constants of the graph lie inside it and are none."""
    external = {entry.key: entry.value for entry in tensor.external_data}
    return int(external["length"]) if external else 0


@pytest.mark.parametrize("model_type", ["qwen2_moe", "deepseek_v3", "qwen3_next", "granitemoehybrid", "lfm2_moe"])
@pytest.mark.parametrize("format_id", ["onnx-int8", "onnx-int4-b32"])
def test_quantized_graphs_run_in_the_bytes_computed(model_type, format_id, tmp_path):
    recipe = recipe_of(of_type(model_type), format_id)
    path = built(recipe, tmp_path)
    written = sum(tensor_bytes(tensor) for tensor in onnx.load(str(path), load_external_data=False).graph.initializer)
    turned = recipe.shape.latent.rotary_size if recipe.shape.latent else recipe.shape.head_size
    rotary = 2 * CAPACITY * turned // 2 * 4 if recipe.shape.positions == "rotary" else 0
    assert written == recipe.weight_bytes(recipe.num_layers) + rotary
    state, entries = kept(recipe)
    scores, _ = step(session(path), some_ids(recipe, 6), 0, state, entries)
    assert np.isfinite(scores).all()
    assert scores.std() > 0.01


def test_a_mixture_is_one_operator_and_a_router_of_floats(tmp_path):
    found = added(recipe_of(cards.tiny_experts("mixtral")), tmp_path)
    assert (found["QMoE"], found["MatMul"], found["MatMulNBits"], found["TopK"]) == (1, 1, 2, 0)
    plain = added(recipe_of(cards.tiny_experts("mixtral"), "onnx-fp32"), made(tmp_path / "floats"))
    assert (plain["MoE"], plain["MatMul"]) == (1, 3)


def test_a_shared_expert_with_a_gate_of_its_own(tmp_path):
    found = added(recipe_of(cards.tiny_experts("qwen2_moe", moe=SHARED)), tmp_path)
    assert (found["QMoE"], found["GatedAdd"], found["MatMulNBits"], found["MatMul"]) == (1, 1, 5, 2)


def test_corrected_scores_are_chosen_in_the_graph(tmp_path):
    found = added(recipe_of(cards.tiny_experts("deepseek_v3", moe=LED)), tmp_path)
    assert (found["QMoE"], found["TopK"], found["ScatterElements"], found["GatherElements"]) == (1, 1, 1, 1)


def test_latent_attention_widens_keys_and_values_and_pads_only_narrow_values(tmp_path):
    narrow = added(recipe_of(cards.tiny_experts("deepseek_v2")), tmp_path)
    assert (narrow["MatMulNBits"], narrow["GroupQueryAttention"], narrow["Pad"], narrow["Slice"]) == (4, 1, 1, 1)
    equal = added(recipe_of(cards.tiny_experts("glm4_moe_lite")), made(tmp_path / "equal"))
    assert (equal["MatMulNBits"], equal["Pad"], equal["Slice"]) == (5, 0, 0)


def test_the_cache_of_latent_attention_is_as_wide_as_the_keys():
    recipe = recipe_of(cards.tiny_experts("deepseek_v2"))
    assert recipe.cache_bytes(2) == 2 * 2 * 4 * (16 + 16) * CAPACITY * 4


@pytest.mark.parametrize("model_type", ["deepseek_v3", "qwen3_moe"])
def test_dense_layers_before_the_experts_are_in_every_part(model_type):
    recipe = recipe_of(cards.tiny_experts(model_type, num_hidden_layers=12, moe=LED))
    sizes = [recipe.weight_bytes(layers) for layers in range(1, 13)]
    steps = {after - before for before, after in pairwise(sizes)}
    assert len(steps) == 1  # so the straight line through two depths ends at the whole


def test_a_short_convolution(tmp_path):
    recipe = recipe_of(cards.tiny_states("lfm2"))
    assert [layer.mixer for layer in recipe.shape.kinds()] == ["recurrent", "recurrent", "attention"]
    found = added(recipe, tmp_path, 2, 3)  # the second layer kept is the one that attends
    assert (found["CausalConvWithState"], found["MatMulNBits"], found["GroupQueryAttention"]) == (1, 5, 0)


def test_a_gated_delta_layer_and_a_state_space_layer(tmp_path):
    for name, model_type, products, gates in (("delta", "qwen3_next", 3, 1), ("space", "granitemoehybrid", 5, 0)):
        found = added(recipe_of(cards.tiny_states(model_type)), made(tmp_path / name), 2, 3)
        assert (found["LinearAttention"], found["CausalConvWithState"]) == (1, 1)
        assert (found["MatMulNBits"], found["LinearAttentionGate"], found["GatedRMSNorm"]) == (products, gates, gates)


def test_states_have_two_buffers_and_caches_one():
    recipe = recipe_of(cards.tiny_states("falcon_h1"))
    shared = {entry.input_name.rpartition(".")[2]: entry.shared for entry in recipe.bound(1)}
    assert shared == {"key": True, "value": True, "conv_state": False, "recurrent_state": False}


def test_distance_lowers_the_scores_of_bloom(tmp_path):
    recipe = recipe_of(cards.tiny_decoder("bloom"), "onnx-fp32")
    path = built(recipe, tmp_path)
    assert operators(path)["CumSum"] == 1
    state, entries = kept(recipe)
    ids = np.full((1, 6), 7, np.int64)  # the same token everywhere: only positions could tell them apart
    scores, _ = step(session(path), ids, 0, state, entries)
    assert np.isfinite(scores).all()


def test_sinks_windows_and_biases_of_gpt_oss(tmp_path):
    pattern = {"sliding_attention": 1, "full_attention": 1}
    recipe = recipe_of(cards.tiny_experts("gpt_oss", sliding_window=4, layer_pattern=pattern))
    graph = onnx.load(str(built(recipe, tmp_path)), load_external_data=False).graph
    attention = [node for node in graph.node if node.op_type == "GroupQueryAttention"]
    windows = [next(a.i for a in node.attribute if a.name == "local_window_size") for node in attention]
    assert windows == [4, -1]
    assert all(node.input[11].endswith("sinks") for node in attention)


def test_block_quantized_experts_compute_what_their_weights_say(tmp_path):
    """One token through QMoE against numpy, with the experts that its own router chooses."""
    from advisor.graphs.builder import GraphBuilder
    from advisor.graphs.expert_shape import Experts
    from advisor.graphs.moe import experts

    facts = Experts(num_experts=4, num_per_token=2, intermediate_size=32)
    graph = GraphBuilder(storage.BY_FORMAT["onnx-int4-b32"])
    graph.input("x", onnx.TensorProto.FLOAT, ["batch", "tokens", 64])
    graph.output(experts.routed(graph, facts, "layer", "x", 64), onnx.TensorProto.FLOAT, ["batch", "tokens", 64])
    graph.save(tmp_path / "graph.onnx")
    loaded = onnx.load(str(tmp_path / "graph.onnx")).graph.initializer
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in loaded}
    x = np.random.default_rng(3).standard_normal(64).astype(np.float32)
    found = session(tmp_path / "graph.onnx").run(None, {"x": x[None, None]})[0][0, 0]
    logits = x @ weights["layer/router/weight"]
    chosen = np.argsort(-logits)[:2]
    mixed = np.exp(logits[chosen] - logits[chosen].max())
    expected = sum(
        share * one_expert(weights, index, x) for share, index in zip(mixed / mixed.sum(), chosen, strict=True)
    )
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02 * np.abs(expected).max())


def one_expert(weights, index, x):
    wide = opened(weights, "gate_up", index) @ x
    gate, up = wide[0::2], wide[1::2]
    return opened(weights, "down", index) @ (gate / (1 + np.exp(-gate)) * up)


def opened(weights, part, index):
    packed = weights[f"layer/experts/{part}/packed"][index]
    scales = weights[f"layer/experts/{part}/scales"][index]
    values = np.stack([packed & 15, packed >> 4], axis=-1).reshape(packed.shape[0], -1).astype(np.float32) - 8
    return values * np.repeat(scales, 32, axis=1)


def test_a_state_space_layer_computes_what_the_recurrence_says(tmp_path):
    """Mamba 2's recurrence in numpy: S = exp(A dt) S + B (x) (dt x), y = C S + D x, gated, token by token."""
    from advisor.graphs.builder import GraphBuilder
    from advisor.graphs.hybrid import mixers
    from advisor.graphs.state_shape import StateSpace

    facts = StateSpace(
        hidden_size=32, num_heads=4, head_size=8, num_groups=2, state_size=6, kernel_size=3, inner_norm=False
    )
    graph = GraphBuilder(storage.BY_FORMAT["onnx-fp32"])
    graph.input("x", onnx.TensorProto.FLOAT, ["batch", "tokens", 32])
    y = mixers.recurrent(graph, facts, "layer", 0, "x")
    graph.output(y, onnx.TensorProto.FLOAT, ["batch", "tokens", 32])
    graph.save(tmp_path / "graph.onnx")
    loaded = onnx.load(str(tmp_path / "graph.onnx")).graph.initializer
    weights = {tensor.name.removeprefix("layer/states/"): onnx.numpy_helper.to_array(tensor) for tensor in loaded}
    generator = np.random.default_rng(4)
    x = generator.standard_normal((5, 32)).astype(np.float32)
    states = {name: generator.standard_normal((1, *dims)).astype(np.float32) for name, dims in facts.states()}
    feeds = {"x": x[None], **{text.past_name(0, name): value for name, value in states.items()}}
    found, kernel_state, heads_state = session(tmp_path / "graph.onnx").run(
        [y, text.present_name(0, "conv_state"), text.present_name(0, "recurrent_state")], feeds
    )
    expected, tail, final = state_space(facts, weights, x, states)
    np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(kernel_state[0], tail, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(heads_state[0], final, rtol=1e-3, atol=1e-4)


def state_space(facts, weights, x, states):
    wide = x @ weights["in/weight"]
    gate, mixed, steps = np.split(wide, [facts.inner_size, facts.inner_size + facts.mixed_size], axis=1)
    window, stored = states["conv_state"][0], states["recurrent_state"][0]
    outputs = []
    for token in range(len(x)):
        window = np.concatenate([window, mixed[token][:, None]], axis=1)
        summed = (window * weights["kernel"][:, 0]).sum(axis=1) + weights["bias"]
        window = window[:, 1:]
        active = summed / (1 + np.exp(-summed))
        group = facts.num_groups * facts.state_size
        values = active[: facts.inner_size].reshape(facts.num_heads, facts.head_size)
        written, read = (
            np.repeat(part.reshape(facts.num_groups, -1), facts.num_heads // facts.num_groups, axis=0)
            for part in (active[facts.inner_size : facts.inner_size + group], active[facts.inner_size + group :])
        )
        step = np.log1p(np.exp(steps[token] + weights["step_bias"]))
        stored = np.exp(step * weights["fall"])[:, None, None] * stored
        stored = stored + written[:, :, None] * (step[:, None] * values)[:, None, :]
        y = np.einsum("hs,hsv->hv", read, stored) + weights["passed"] * values
        opened = gate[token] / (1 + np.exp(-gate[token]))
        outputs.append((y.reshape(-1) * opened) @ weights["out/weight"])
    return np.stack(outputs), window, stored


def test_names_of_states_are_those_of_the_cache():
    assert text.past_name(2, "conv_state") == "past_key_values.2.conv_state"
