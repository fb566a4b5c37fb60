"""Text encoders beyond BERT: every kind runs as drawn and stays finite, padding is unseen, local layers see near."""

from collections import Counter

import cards
import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from advisor.graphs import build, storage
from advisor.graphs.transformer_encoder import shapes
from advisor.graphs.transformer_encoder.recipe import TextEncoderRecipe
from advisor.graphs.vision import tables

TOKENS = 24
LOCAL = {"sliding_window": 8, "layer_pattern": {"full_attention": 2, "sliding_attention": 2}, "num_hidden_layers": 4}
CHANGES = {
    "modernbert": LOCAL,
    "albert": {"input_embedding_size": 32},
    "electra": {"input_embedding_size": 32},
}
NAMES = sorted(shapes.TRAITS)
FORMATS = ("onnx-fp32", "onnx-int8-dynamic", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128")


def shape_of(name, **changes):
    found = shapes.shape(cards.tiny_encoder(name, **{**CHANGES.get(name, {}), **changes}))
    assert found is not None
    return found


def recipe_of(name, format_id="onnx-fp32", num_batch=1, num_tokens=TOKENS, **changes):
    return TextEncoderRecipe(
        shape=shape_of(name, **changes), storage=storage.BY_FORMAT[format_id], num_batch=num_batch, num_runs=1.0,
        num_tokens=num_tokens,
    )  # fmt: skip


def written(recipe, folder, num_layers=None):
    folder.mkdir(exist_ok=True)
    (path,) = build.build(recipe, folder, recipe.num_layers if num_layers is None else num_layers)
    return path


def feeds_of(recipe, **changed):
    ids = np.random.default_rng(1).integers(3, recipe.vocab_size, (recipe.num_batch, recipe.num_tokens))
    feeds = {feed.name: np.zeros(feed.shape, feed.data_type) for feed in recipe.feeds()}
    feeds["input_ids"] = ids
    feeds["attention_mask"] += 1
    return feeds | changed


def run(path, feeds, names=None):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(names, feeds)


@pytest.mark.parametrize("format_id", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_every_encoder_runs_as_drawn(name, format_id, tmp_path):
    recipe = recipe_of(name, format_id, num_batch=2 if format_id == "onnx-fp32" else 1)
    path = written(recipe, tmp_path)
    outputs = run(path, feeds_of(recipe))
    for output, drawn in zip(outputs, recipe.sheet(recipe.num_layers).outputs, strict=True):
        assert output.shape == drawn.shape
        assert np.isfinite(output).all()
        assert output.std() > 0.005
    initializers = onnx.load(str(path), load_external_data=False).graph.initializer
    made = {"truth", "band", "places", "buckets", "distances", "constant"}
    stored = sum(len(tensor.raw_data) for tensor in initializers if tensor.name.split(":")[0] not in made)
    assert stored == recipe.weight_bytes(recipe.num_layers)


@pytest.mark.parametrize("name", NAMES)
def test_every_shape_drawn_is_what_the_operators_give(name, tmp_path):
    recipe = recipe_of(name, num_batch=2)
    model = onnx.load(str(written(recipe, tmp_path)), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    found = {value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim) for value in inferred}
    drawn = {output.name: output.shape for node in recipe.sheet(recipe.num_layers).nodes for output in node.outputs}
    both = found.keys() & drawn.keys()
    assert len(both) > 0.6 * len(drawn)
    assert {key: found[key] for key in both} == {key: drawn[key] for key in both}


@pytest.mark.parametrize("name", NAMES)
def test_words_are_told_apart_and_padding_is_not_seen(name, tmp_path):
    recipe = recipe_of(name)
    path = written(recipe, tmp_path)
    mask = np.ones((1, TOKENS), np.int64)
    mask[0, TOKENS // 2 :] = 0
    padded = feeds_of(recipe, attention_mask=mask)
    other = {**padded, "input_ids": padded["input_ids"].copy()}
    other["input_ids"][0, TOKENS // 2 :] = 7
    hidden, same, whole = (run(path, feeds)[0] for feeds in (padded, other, feeds_of(recipe)))
    np.testing.assert_allclose(hidden, same, atol=1e-5)
    assert np.abs(hidden - whole).max() > 1e-3
    other["input_ids"][0, 0] = (padded["input_ids"][0, 0] + 1) % recipe.vocab_size
    assert np.abs(run(path, other)[0] - hidden).max() > 1e-3


def test_the_order_of_words_matters(tmp_path):
    for name in NAMES:
        recipe = recipe_of(name)
        path = written(recipe, tmp_path / name.partition(" ")[0])
        feeds = feeds_of(recipe)
        turned = {**feeds, "input_ids": feeds["input_ids"][:, ::-1].copy()}
        turned["input_ids"][0, [1, 2]] = turned["input_ids"][0, [2, 1]]
        assert np.abs(run(path, feeds)[0] - run(path, turned)[0]).max() > 1e-4, name


def test_local_layers_of_modernbert_see_near_tokens_only(tmp_path):
    """A changed word reaches four tokens to each side in a local layer, and everything in a global one."""
    for every, reached in ((1, range(TOKENS)), (2, range(8, 17))):
        recipe = recipe_of("modernbert")
        recipe = msgspec.structs.replace(recipe, shape=msgspec.structs.replace(recipe.shape, global_every=every))
        folder = tmp_path / str(every)
        model = onnx.load(str(written(recipe, folder)))
        sums = [node.output[0] for node in model.graph.node if node.op_type == "Add"]
        wide = {
            output.name for node in recipe.sheet(4).nodes for output in node.outputs if output.shape == (1, TOKENS, 64)
        }
        kept = [name for name in sums if name in wide]
        assert len(kept) == 2 * 4
        for name in kept:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        # The second layer reads what the first one gave: cut there, so that it is the only one that mixes words.
        start = kept[1]
        model.graph.input.append(onnx.helper.make_tensor_value_info(start, onnx.TensorProto.FLOAT, [1, TOKENS, 64]))
        for node in model.graph.node:
            if start in node.output:
                node.output[list(node.output).index(start)] = "before"
        onnx.save(model, str(folder / "cut.onnx"))
        x = np.random.default_rng(2).standard_normal((1, TOKENS, 64), dtype=np.float32)
        y = x.copy()
        y[0, 12, 0] += 1
        mask = np.ones((1, TOKENS), np.int64)
        ids = feeds_of(recipe)["input_ids"]
        one, two = (
            run(folder / "cut.onnx", {"input_ids": ids, "attention_mask": mask, start: values}, [kept[3]])[0]
            for values in (x, y)
        )
        changed = np.flatnonzero(np.abs(one - two).max(axis=(0, 2)) > 1e-6)
        assert changed.tolist() == list(reached)


def test_far_distances_of_deberta_share_rows():
    rows = tables.buckets(512, 256, 512, 1)[0]
    assert rows.min() == 1
    assert rows.max() == 511
    assert (rows[:100, 0] == 256 + np.arange(100)).all()
    assert rows[400, 0] == rows[401, 0]
    np.testing.assert_array_equal(tables.buckets(64, 256, 512, -1)[0], tables.buckets(64, 256, 512, 1)[0].T)


def test_albert_writes_its_layer_once(tmp_path):
    two, three = (recipe_of("albert", num_hidden_layers=layers) for layers in (2, 3))
    assert two.num_parameters() == three.num_parameters()
    products = [
        Counter(node.op_type for node in onnx.load(str(written(recipe, tmp_path / str(index)))).graph.node)["MatMul"]
        for index, recipe in enumerate((two, three))
    ]
    assert products[1] - products[0] == 8


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_follows_from_depths_of_the_same_mix(name):
    recipe = recipe_of(name, num_hidden_layers=10, **(
        {"layer_pattern": {"full_attention": 4, "sliding_attention": 6}} if name == "modernbert" else {}
    ))  # fmt: skip
    first, step = recipe.depth_period
    assert (first, step) == ((4, 3) if name == "modernbert" else (0, 1))
    depths = [layers for layers in range(first, 11, step) if layers > 0]
    assert depths[-1] == recipe.num_layers
    sizes = [recipe.weight_bytes(layers) for layers in depths]
    assert len(set(np.diff(sizes))) == 1
    if name == "modernbert":
        assert [sum(recipe.shape.is_global(layer) for layer in range(depth)) for depth in depths] == [2, 3, 4]
