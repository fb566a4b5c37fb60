"""Vision networks: every kind runs and stays finite, shapes and bytes are those drawn, layers as exporters write."""

from collections import Counter

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import vision_shapes

from advisor.graphs import build, storage
from advisor.graphs.vision import networks
from advisor.graphs.vision.recipe import ASK_TEXT, VisionRecipe
from advisor.units import MIB

FORMATS = ("onnx-fp32", "onnx-int8-dynamic")
NAMES = sorted(vision_shapes.SHAPES)


def recipe_of(name, format_id="onnx-fp32", num_batch=1):
    return VisionRecipe(
        shape=vision_shapes.SHAPES[name], storage=storage.BY_FORMAT[format_id], num_batch=num_batch, num_runs=1.0
    )


def written(recipe, folder, num_layers=None):
    (path,) = build.build(recipe, folder, recipe.num_layers if num_layers is None else num_layers)
    return path


def feeds_of(recipe, **changed):
    generator = np.random.default_rng(1)
    feeds = {
        feed.name: generator.standard_normal(feed.shape, dtype=np.float32)
        if feed.fill == "normal"
        else np.zeros(feed.shape, feed.data_type)
        for feed in recipe.feeds()
    }
    return feeds | changed


def run(path, feeds):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def operators(path):
    return Counter(node.op_type for node in onnx.load(str(path), load_external_data=False).graph.node)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("format_id", "num_batch"), [("onnx-fp32", 2), ("onnx-int8-dynamic", 1)])
def test_every_network_runs_as_drawn(name, format_id, num_batch, tmp_path):
    recipe = recipe_of(name, format_id, num_batch)
    path = written(recipe, tmp_path)
    outputs = run(path, feeds_of(recipe))
    sheet = networks.drawing(recipe.shape, recipe.num_layers, num_batch)
    for output, drawn in zip(outputs, sheet.outputs, strict=False):
        assert output.shape == drawn.shape
        assert np.isfinite(output).all()
        assert output.std() > 0.005
    initializers = onnx.load(str(path), load_external_data=False).graph.initializer
    stored = sum(len(tensor.raw_data) for tensor in initializers if tensor.data_type != onnx.TensorProto.INT64)
    assert stored == recipe.weight_bytes(recipe.num_layers)


@pytest.mark.parametrize("name", NAMES)
def test_every_shape_drawn_is_what_the_operators_give(name, tmp_path):
    recipe = recipe_of(name, num_batch=2)
    model = onnx.load(str(written(recipe, tmp_path)), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    found = {value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim) for value in inferred}
    sheet = networks.drawing(recipe.shape, recipe.num_layers, 2)
    drawn = {output.name: output.shape for node in sheet.nodes for output in node.outputs if not node.idle}
    both = found.keys() & drawn.keys()
    assert len(both) > 0.6 * len(drawn)
    assert {key: found[key] for key in both} == {key: drawn[key] for key in both}


def test_operators_of_a_layer_are_those_that_torch_writes(tmp_path):
    def per_layer(name, format_id="onnx-fp32"):
        recipe = recipe_of(name, format_id)
        counts = []
        for layers in (1, 2):
            folder = tmp_path / f"{name}-{format_id}-{layers}"
            folder.mkdir()
            counts.append(operators(written(recipe, folder, layers)))
        return dict(counts[1] - counts[0])

    plain = {
        "MatMul": 8, "Add": 8, "LayerNormalization": 2, "Softmax": 1, "Gelu": 1, "Mul": 2, "Reshape": 6, "Transpose": 5,
    }  # fmt: skip
    assert per_layer("vit") == plain
    assert per_layer("dinov2") == {**plain, "Mul": 4}
    quick = {key: count for key, count in plain.items() if key != "Gelu"} | {"Sigmoid": 1, "Mul": 4}
    assert per_layer("clip") == quick
    assert per_layer("yolos") == {**plain, "Add": 9}
    dynamic = per_layer("vit", "onnx-int8-dynamic")
    assert (dynamic["MatMulInteger"], dynamic["DynamicQuantizeLinear"], dynamic["MatMul"]) == (6, 4, 2)


def test_convolutions_stay_floats_in_eight_bits(tmp_path):
    path = written(recipe_of("rt_detr", "onnx-int8-dynamic"), tmp_path)
    found = operators(path)
    assert found["Conv"] == 64
    assert found["ConvInteger"] == 0
    assert found["MatMulInteger"] > 0


def test_the_text_tower_is_there_and_at_rest(tmp_path):
    recipe = recipe_of("clip")
    path = written(recipe, tmp_path)
    image, text = run(path, feeds_of(recipe))
    same, asked = run(path, feeds_of(recipe, **{ASK_TEXT: np.array(True)}))
    assert not text.any()
    assert asked.any()
    np.testing.assert_array_equal(image, same)
    without = vision_shapes.SHAPES["clip"].__class__(**{**vision_shapes.TOWER, **vision_shapes.CLIP, "text": None,
                                                        "head": "projection"})  # fmt: skip
    alone = networks.drawing(without, 2, 1)
    whole = networks.drawing(recipe.shape, 2, 1)
    assert whole.peak_elements() == alone.peak_elements()
    assert whole.num_parameters() > alone.num_parameters()


def test_a_window_keeps_patches_apart(tmp_path):
    """A pixel reaches its own window in the first layer of Swin, and beyond it only after the shifted second one."""
    recipe = recipe_of("swin")
    path = written(recipe, tmp_path)
    model = onnx.load(str(path))
    sums = [node.output[0] for node in model.graph.node if node.op_type == "Add"]
    shape = networks.drawing(recipe.shape, recipe.num_layers, 1)
    grids = [
        output.name for node in shape.nodes for output in node.outputs
        if node.operator == "Add" and output.shape == (1, 14, 14, 32)
    ]  # fmt: skip
    assert set(grids) <= set(sums)
    for name in (grids[1], grids[3]):  # after the first and after the second layer
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 14, 14, 32]))
    onnx.save(model, str(tmp_path / "more.onnx"))
    pixels = feeds_of(recipe)["pixel_values"]
    changed = pixels.copy()
    changed[..., 0, 0] += 1
    before, after = (run(tmp_path / "more.onnx", {"pixel_values": values})[1:] for values in (pixels, changed))
    reached = [np.abs(new - old).max(axis=(0, 3)) > 1e-7 for old, new in zip(before, after, strict=True)]
    assert reached[0][:7, :7].all()
    assert not reached[0][7:].any()
    assert not reached[0][:, 7:].any()
    assert reached[1][7:].any()


@pytest.mark.parametrize("name", ["rt_detr", "rt_detr, plain blocks"])
def test_rt_detr_averages_before_its_shortcuts_and_samples_three_scales_a_layer(name, tmp_path):
    found = operators(written(recipe_of(name), tmp_path))
    assert (found["MaxPool"], found["AveragePool"]) == (1, 3)
    assert found["GridSample"] == 2 * 3
    assert found["TopK"] == 1


@pytest.mark.parametrize("name", ["vit", "clip", "yolos"])
def test_towers_can_be_built_in_part_and_the_whole_follows(name):
    recipe = recipe_of(name)
    assert recipe.divisible
    sizes = [recipe.weight_bytes(layers) for layers in (1, 2, 3)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


def test_words_are_padded_to_blocks_along_their_width():
    """No image format has blocks; a table of words would still be counted as `GraphBuilder` writes it."""
    (words,) = (weight for weight in networks.drawing(vision_shapes.SHAPES["clip"], 2, 1).weights
                if weight.kind == "embedding")  # fmt: skip
    assert words.shape == (99, 32)
    assert words.size_bytes(storage.BY_FORMAT["onnx-int4-b128"]) == 99 * (64 + 4)


def test_uneven_networks_are_built_whole_only():
    assert not recipe_of("swin").divisible
    assert not recipe_of("sam").divisible


def test_working_memory_grows_with_the_batch_and_holds_the_scores():
    least, more = (recipe_of("vit", num_batch=count).working_bytes(0) for count in (100, 400))
    assert least > 32 * MIB
    assert 3.9 < (more - 32 * MIB) / (least - 32 * MIB) < 4.1
    sheet = networks.drawing(vision_shapes.SHAPES["sam"], 2, 1)
    assert sheet.peak_elements() > 2 * 4 * 256 * 256  # scores and positions of the layer that sees all
