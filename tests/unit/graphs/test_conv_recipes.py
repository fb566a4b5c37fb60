"""Convolutional networks of the catalog: parameters, bytes against the catalog's, operators against exported graphs."""

import math
from collections import Counter

import cards
import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from advisor.catalog import formats, load
from advisor.catalog.inventory.dispatch import has_rule
from advisor.catalog.model import Candidate
from advisor.graphs import build, recipes
from advisor.graphs.conv import shapes
from advisor.graphs.conv.convnext import ConvNextShape
from advisor.graphs.conv.fastvit import FastVitShape
from advisor.graphs.conv.mobile import MobileShape, Stage
from advisor.graphs.conv.parts import divisible
from advisor.graphs.conv.recipe import ConvolutionRecipe
from advisor.graphs.conv.resnet import ResNetShape
from advisor.graphs.storage import BY_FORMAT
from advisor.probe import footprint
from advisor.task.model import Workload

FOLDED = {
    "facebook/convnext-base-224": 0, "facebook/convnext-tiny-224": 0, "facebook/convnextv2-tiny-1k-224": 0,
    "microsoft/resnet-50": 26_560, "timm/efficientnet_b0.ra_in1k": 21_008, "timm/mobilenetv2_100.ra_in1k": 17_056,
    "timm/mobilenetv3_large_100.ra_in1k": 12_200, "timm/mobilenetv3_small_100.lamb_in1k": 6_056,
    "timm/mobilenetv4_conv_medium.e500_r256_in1k": 33_952, "timm/mobilenetv4_conv_small.e2400_r224_in1k": 12_544,
    "timm/resnet18.a1_in1k": 4_800, "timm/fastvit_t8.apple_dist_in1k": 32_016,
}  # fmt: skip
"""Parameters that exported graphs do not hold: one for each channel of a batch norm (sums of `num_features` in timm
1.0.31 and transformers 5.24); of FastViT, the branches merged by `reparameterize_model` too."""
EXPORTED = {
    "timm/resnet18.a1_in1k": {"Conv": 20, "Relu": 17, "Add": 8, "MaxPool": 1, "ReduceMean": 1},
    "microsoft/resnet-50": {"Conv": 53, "Relu": 49, "Add": 16, "MaxPool": 1, "ReduceMean": 1},
    "timm/mobilenetv2_100.ra_in1k": {"Conv": 52, "Clip": 35, "Add": 10, "ReduceMean": 1},
    "timm/mobilenetv3_small_100.lamb_in1k": {
        "Conv": 53, "HardSwish": 19, "Relu": 14, "ReduceMean": 10, "HardSigmoid": 9, "Mul": 9, "Add": 6,
    },
    "timm/mobilenetv3_large_100.ra_in1k": {
        "Conv": 63, "HardSwish": 21, "Relu": 19, "ReduceMean": 9, "HardSigmoid": 8, "Mul": 8, "Add": 10,
    },
    "timm/mobilenetv4_conv_small.e2400_r224_in1k": {"Conv": 46, "Relu": 30, "Add": 10, "ReduceMean": 1},
    "timm/mobilenetv4_conv_medium.e500_r256_in1k": {"Conv": 77, "Relu": 38, "Add": 18, "ReduceMean": 1},
    "timm/efficientnet_b0.ra_in1k": {"Conv": 81, "Sigmoid": 65, "Mul": 65, "ReduceMean": 17, "Add": 9},
    "timm/fastvit_t8.apple_dist_in1k": {
        "Conv": 52, "Gelu": 17, "Mul": 11, "Add": 10, "ReduceMean": 2, "Relu": 1, "Sigmoid": 1,
    },
    "facebook/convnext-tiny-224": {
        "Conv": 22, "MatMul": 36, "Add": 54, "Transpose": 44, "LayerNormalization": 23, "Gelu": 18, "Mul": 18,
        "ReduceMean": 1,
    },
    "facebook/convnextv2-tiny-1k-224": {
        "Conv": 22, "MatMul": 36, "Add": 108, "Transpose": 44, "LayerNormalization": 23, "Gelu": 18, "Mul": 36,
        "ReduceMean": 19, "ReduceL2": 18, "Div": 18,
    },
}  # fmt: skip
"""Operators of torch.onnx.export (torch 2.13, opset 21) of the same networks, without the classifier's."""
CLASSIFIER = Counter({"MatMul": 1, "Add": 1})
"""What ONNX Runtime makes the same Gemm of."""
SMALL = {"side_px": 64, "num_labels": 7}
SHAPES = {
    "plain": ResNetShape(depths=(1, 2), widths=(8, 16), stem_size=8, **SMALL),
    "bottleneck": ResNetShape(depths=(2, 1), widths=(32, 64), stem_size=8, **SMALL),
    "convnext": ConvNextShape(depths=(1, 2), widths=(16, 24), normalizes_responses=False, **SMALL),
    "convnextv2": ConvNextShape(depths=(1, 2), widths=(16, 24), normalizes_responses=True, **SMALL),
    "fastvit": FastVitShape(depths=(1, 1), widths=(16, 32), expand=3, **SMALL),
    "mobile, gated": MobileShape(
        stem_size=8, activation="hard-swish", head="after-pool", head_size=32, **SMALL,
        stages=(
            Stage(kind="separable", size=8, gate_share=0.25),
            Stage(kind="inverted", size=16, repeats=2, kernel=5, stride=2, expand=3, gate_share=0.25),
        ),
    ),
    "mobile, universal": MobileShape(
        stem_size=8, activation="relu", head="after-pool-normed", head_size=32, **SMALL,
        stages=(
            Stage(kind="fused", size=16, stride=2, expand=4),
            Stage(kind="universal", size=24, first_kernel=3, kernel=5, stride=2, expand=2),
            Stage(kind="universal", size=24, first_kernel=3, kernel=0, expand=2, repeats=2),
            Stage(kind="universal", size=24, kernel=0, expand=2),
        ),
    ),
    "mobile, silu": MobileShape(
        stem_size=8, activation="silu", head="before-pool", head_size=32, gate_of="before", gate_activation="silu",
        gate_last="sigmoid", stages=(Stage(kind="inverted", size=8, expand=6, gate_share=0.25),), **SMALL,
    ),
}  # fmt: skip


def rows():
    return [card for card in load.catalog().models if card.architecture is not None and shapes.knows(card.architecture)]


def recipe_of(card, format_id="onnx-fp32", **sizes):
    return recipes.recipe(Candidate(model=card, format=formats.by_id(format_id)), Workload(**sizes))


def of_id(model_id):
    return next(card for card in load.catalog().models if card.id == model_id)


def small(name, format_id="onnx-fp32", num_batch=2):
    return ConvolutionRecipe(shape=SHAPES[name], storage=BY_FORMAT[format_id], num_batch=num_batch, num_runs=1.0)


def written(recipe, folder):
    (path,) = build.build(recipe, folder, recipe.num_layers)
    return path


def test_every_row_has_exactly_the_parameters_published():
    apart = {}
    for card in rows():
        recipe, why = recipe_of(card)
        assert recipe is not None, why
        apart[card.id] = recipe.num_parameters() - card.num_parameters()
    assert apart == dict.fromkeys(FOLDED, 0)


def test_floats_take_the_parameters_bytes_less_what_is_folded():
    found = {card.id: 4 * card.num_parameters() - recipe_of(card)[0].weight_bytes(0) for card in rows()}
    assert found == {model_id: 4 * count for model_id, count in FOLDED.items()}


@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8-dynamic"])
def test_bytes_are_the_catalogs_where_it_has_rules(format_id):
    seen = 0
    for card in rows():
        if not has_rule(card.architecture):
            continue
        seen += 1
        stated, _ = formats.file_bytes(formats.by_id(format_id), card)
        ours = recipe_of(card, format_id)[0].weight_bytes(0) + 4 * FOLDED[card.id]
        assert ours == stated
    assert seen == 5


@pytest.mark.parametrize("model_id", sorted(EXPORTED))
def test_operators_are_those_of_an_exported_graph(model_id):
    sheet = recipe_of(of_id(model_id))[0].sheet(0)
    found = Counter()
    for node in sheet.nodes:
        if node.operator == "Linear":
            found.update(MatMul=1, Add=1)
        else:
            found[node.operator] += node.operator != "Reshape"
    assert dict(+(found - CLASSIFIER)) == EXPORTED[model_id]


@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8-dynamic"])
def test_every_network_runs_as_drawn(name, format_id, tmp_path):
    recipe = small(name, format_id)
    path = written(recipe, tmp_path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(1).standard_normal((2, 3, 64, 64), dtype=np.float32)
    (scores,) = session.run(None, {"pixel_values": pixels})
    assert scores.shape == (2, 7)
    assert np.isfinite(scores).all()
    assert scores.std() > 1e-4
    initializers = onnx.load(str(path), load_external_data=False).graph.initializer
    stored = sum(len(tensor.raw_data) for tensor in initializers)
    assert stored == recipe.weight_bytes(0)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_shape_drawn_is_what_the_operators_give(name, tmp_path):
    recipe = small(name)
    model = onnx.load(str(written(recipe, tmp_path)), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    found = {value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim) for value in inferred}
    drawn = {output.name: output.shape for node in recipe.sheet(0).nodes for output in node.outputs}
    both = found.keys() & drawn.keys()
    assert len(both) > 0.6 * len(drawn)
    assert {key: found[key] for key in both} == {key: drawn[key] for key in both}


def test_convolutions_stay_floats_in_eight_bits(tmp_path):
    graph = onnx.load(str(written(small("convnext", "onnx-int8-dynamic"), tmp_path)), load_external_data=False).graph
    found = Counter(node.op_type for node in graph.node)
    assert found["Conv"] == 5
    assert found["MatMulInteger"] == 7
    assert found["MatMul"] == 0


MEASURED_PEAKS = {
    ("microsoft/resnet-50", "onnx-fp32"): 326_828_032, ("microsoft/resnet-50", "onnx-int8-dynamic"): 328_503_296,
    ("facebook/convnext-base-224", "onnx-fp32"): 499_830_784,
    ("facebook/convnext-base-224", "onnx-int8-dynamic"): 272_400_384,
    ("timm/mobilenetv2_100.ra_in1k", "onnx-fp32"): 118_620_160,
    ("timm/efficientnet_b0.ra_in1k", "onnx-fp32"): 144_109_568,
}  # fmt: skip
"""[B] Peaks of this project's own probes, ONNX Runtime 1.32, 2 threads."""


@pytest.mark.parametrize(("model_id", "format_id"), sorted(MEASURED_PEAKS))
def test_what_is_reckoned_with_is_not_less_than_was_measured(model_id, format_id):
    recipe, _ = recipe_of(of_id(model_id), format_id)
    reckoned = footprint.peak_bytes(recipe, recipe.num_layers)
    assert 1.0 <= reckoned / MEASURED_PEAKS[model_id, format_id] < 1.4


def test_working_memory_grows_with_the_batch():
    one, four, seven = (small("plain", num_batch=count).working_bytes(0) for count in (1, 4, 7))
    assert four - one == pytest.approx(seven - four, abs=4)
    assert four - one > 3 * 4 * 8 * 32 * 32  # the stem's results of three images


def test_images_have_the_size_each_network_was_published_at():
    found = {card.id: recipe_of(card, num_batch=2)[0].feeds()[0].shape for card in rows()}
    large = ("timm/mobilenetv4_conv_medium.e500_r256_in1k", "timm/fastvit_t8.apple_dist_in1k")
    assert found == {model_id: (2, 3, *(2 * [256 if model_id in large else 224])) for model_id in FOLDED}


def test_runs_are_images_and_passes():
    card = of_id("timm/resnet18.a1_in1k")
    sizes = ({}, {"num_images": 3}, {"num_images": 3, "num_passes": 2})
    assert [recipe_of(card, **each)[0].num_runs for each in sizes] == [1, 3, 6]


def test_stages_differ_so_nothing_is_built_in_part():
    recipe = recipe_of(of_id("microsoft/resnet-50"))[0]
    assert not recipe.divisible
    assert recipe.family == "convolution"
    assert recipe.weight_bytes(1) == recipe.weight_bytes(16)


def test_a_shape_that_disagrees_with_the_parameter_count_is_not_believed():
    card = of_id("microsoft/resnet-50")
    facts = msgspec.structs.replace(card.parameters, num_computed=2 * card.num_parameters())
    recipe, why = recipe_of(msgspec.structs.replace(card, parameters=facts))
    assert recipe is None
    assert "parameter count" in why


def test_missing_fields_are_said():
    card = of_id("facebook/convnext-tiny-224")
    bare = msgspec.structs.replace(card, architecture=msgspec.structs.replace(card.architecture, vision=None))
    recipe, why = recipe_of(bare)
    assert recipe is None
    assert "not fully known" in why


@pytest.mark.parametrize("format_id", ["onnx-int4-b32", "onnx-fp16", "safetensors-bf16"])
def test_other_formats_are_refused_with_a_sentence(format_id):
    recipe, why = recipe_of(of_id("microsoft/resnet-50"), format_id)
    assert recipe is None
    assert why.endswith(".")


def test_other_kinds_are_left_to_others():
    assert not isinstance(recipe_of(cards.tiny_decoder())[0], ConvolutionRecipe)


def test_channels_are_rounded_to_eight_and_lose_a_tenth_at_most():
    assert [divisible(width) for width in (88.08, 72, 4, 11, 12)] == [88, 72, 8, 16, 16]
    assert all(divisible(width) >= 0.9 * width for width in range(1, 500))
    assert math.isclose(divisible(500), 504)
