"""Speech encoders: they run as drawn, letters follow the sound, recordings are cut into pieces; parameters, bytes."""

from collections import Counter

import cards
import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.graphs import build, recipes, storage
from advisor.graphs.speech import conformer, wave
from advisor.graphs.speech import shape as shapes
from advisor.graphs.speech.recipe import SpeechRecipe, pieces
from advisor.graphs.speech.shape import ConformerShape, WaveShape
from advisor.graphs.vision import build as writer
from advisor.graphs.vision.pen import Pen
from advisor.task.model import Workload

SIZES = {"num_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 4, "num_letters": 32}
SHAPES = {
    "base": WaveShape(**SIZES, normed_first=False),
    "conformer": ConformerShape(
        num_layers=2, hidden_size=64, intermediate_size=160, num_heads=4, num_mel_bins=16, num_halvings=3, vocab_size=32
    ),
    "large": WaveShape(**SIZES, normed_first=True),
}
NAMES = sorted(SHAPES)
FORMATS = ("onnx-fp32", "onnx-int8-dynamic", "onnx-int8", "onnx-int4-b32")
SAMPLES = 8_000


def recipe_of(name, format_id="onnx-fp32", num_batch=1):
    return SpeechRecipe(
        shape=SHAPES[name], storage=storage.BY_FORMAT[format_id], num_batch=num_batch, num_runs=1.0,
        num_samples=SAMPLES,
    )  # fmt: skip


def of_card(model_id, format_id="onnx-fp32", **sizes):
    card = next(card for card in load.catalog().models if card.id == model_id)
    return card, *recipes.recipe(Candidate(model=card, format=formats.by_id(format_id)), Workload(**sizes))


def written(recipe, folder, num_layers=None):
    folder.mkdir(exist_ok=True)
    (path,) = build.build(recipe, folder, recipe.num_layers if num_layers is None else num_layers)
    return path


def run(path, sound):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: sound})[0]


def num_positions(recipe):
    if isinstance(recipe.shape, WaveShape):
        return wave.num_frames(recipe.num_samples)
    return conformer.num_positions(recipe.shape, recipe.num_frames)


def sound_of(recipe):
    return np.random.default_rng(1).standard_normal(recipe.feeds()[0].shape, dtype=np.float32)


@pytest.mark.parametrize("format_id", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_every_encoder_runs_as_drawn(name, format_id, tmp_path):
    recipe = recipe_of(name, format_id, num_batch=2)
    path = written(recipe, tmp_path)
    letters = run(path, sound_of(recipe))
    assert letters.shape == (2, num_positions(recipe), 32) == recipe.sheet(2).outputs[0].shape
    assert np.isfinite(letters).all()
    assert letters.std(axis=1).min() > 0.005  # other letters at other times
    assert np.abs(letters[0] - letters[1]).max() > 0.01
    initializers = onnx.load(str(path), load_external_data=False).graph.initializer
    stored = sum(len(tensor.raw_data) for tensor in initializers if not tensor.name.startswith("constant"))
    assert stored == recipe.weight_bytes(2)


@pytest.mark.parametrize("name", NAMES)
def test_every_shape_drawn_is_what_the_operators_give(name, tmp_path):
    recipe = recipe_of(name)
    model = onnx.load(str(written(recipe, tmp_path)), load_external_data=False)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    found = {value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim) for value in inferred}
    drawn = {output.name: output.shape for node in recipe.sheet(2).nodes for output in node.outputs}
    both = found.keys() & drawn.keys()
    assert len(both) > 0.6 * len(drawn)
    assert {key: found[key] for key in both} == {key: drawn[key] for key in both}


def test_places_come_from_a_second_of_sound_and_layers_hear_all_of_it(tmp_path):
    """The wide convolution reaches 64 frames to each side. Of the large kind: the base one has a norm over all time."""
    recipe = msgspec.structs.replace(recipe_of("large"), num_samples=48_000)
    path, deeper = written(recipe, tmp_path / "flat", 0), written(recipe, tmp_path / "deep")
    one = sound_of(recipe)
    two = one.copy()
    two[0, :400] *= -1
    near, all_of_it = (np.abs(run(graph, one) - run(graph, two)).max(axis=(0, 2)) > 1e-6 for graph in (path, deeper))
    assert len(near) == 149
    assert near[:63].all()
    assert not near[68:].any()
    assert all_of_it.all()


def test_parameters_and_bytes_are_the_catalogs_but_for_the_mask_of_training():
    for model_id, mask in (
        ("facebook/wav2vec2-base-960h", 768),
        ("facebook/wav2vec2-large-960h-lv60-self", 1024),
        ("facebook/hubert-large-ls960-ft", 1024),
    ):
        for format_id in FORMATS:
            card, recipe, why = of_card(model_id, format_id, audio_s=2.0)
            assert isinstance(recipe, SpeechRecipe), why
            assert card.num_parameters() - recipe.num_parameters() == mask
            stated, _ = formats.file_bytes(formats.by_id(format_id), card)
            assert recipe.weight_bytes(recipe.num_layers) == pytest.approx(stated, rel=0.005)
            assert recipe.shape.normed_first == ("large" in model_id)


def test_parakeet_is_the_catalogs_and_reads_spectra():
    for model_id in ("nvidia/parakeet-ctc-0.6b", "nvidia/parakeet-ctc-1.1b"):
        for format_id in FORMATS:
            card, recipe, why = of_card(model_id, format_id, audio_s=20.0)
            assert isinstance(recipe, SpeechRecipe), why
            assert recipe.num_parameters() == card.num_parameters()
            stated, _ = formats.file_bytes(formats.by_id(format_id), card)
            assert recipe.weight_bytes(recipe.num_layers) == pytest.approx(stated, rel=0.005)
        (spectra,) = recipe.feeds()
        assert spectra.shape == (1, 2000, 80)
        assert num_positions(recipe) == 250


def test_a_transducer_is_refused_with_a_sentence():
    _, recipe, why = of_card("nvidia/parakeet-tdt-0.6b-v3")
    assert recipe is None
    assert "token by token" in why


def test_distances_are_shifted_to_positions(tmp_path):
    tokens = 5
    pen = Pen()
    pen.output(conformer.shifted(pen, pen.input("distances", (1, 1, tokens, 2 * tokens - 1)), tokens))
    path = tmp_path / "shift.onnx"
    writer.write(pen.drawing(), storage.FLOAT32, path, inside=True)
    apart = np.broadcast_to(np.arange(tokens - 1, -tokens, -1, dtype=np.float32), (1, 1, tokens, 2 * tokens - 1))
    found = run(path, np.ascontiguousarray(apart))[0, 0]
    rows, columns = np.indices((tokens, tokens))
    np.testing.assert_array_equal(found, rows - columns)


def test_convolutions_over_one_position_are_products_where_they_are_quantized(tmp_path):
    found = {
        format_id: Counter(
            node.op_type
            for node in onnx.load(str(written(recipe_of("conformer", format_id), tmp_path / format_id))).graph.node
        )
        for format_id in ("onnx-fp32", "onnx-int8-dynamic")
    }
    per_layer = 3
    assert found["onnx-fp32"]["Conv"] == 5 + 1 + 2 * per_layer
    assert found["onnx-int8-dynamic"]["Conv"] == 5 + 2 * 1
    assert found["onnx-int8-dynamic"]["MatMulInteger"] == 2 + 2 * 11


def test_recordings_are_cut_into_equal_pieces_of_at_most_half_a_minute():
    assert pieces(10.0) == (1, 160_000)
    assert pieces(30.0) == (1, 480_000)
    assert pieces(45.0) == (2, 360_000)
    assert pieces(0.0) == (1, 480_000)
    assert pieces(0.001) == (1, 400)
    assert wave.num_frames(400) == 1
    _, recipe, _ = of_card("facebook/wav2vec2-base-960h", audio_s=3600.0, num_passes=2, num_batch=3)
    assert recipe.num_runs == 2 * 120
    assert recipe.feeds()[0].shape == (3, 480_000)


def test_the_whole_follows_from_two_depths():
    for name in NAMES:
        recipe = recipe_of(name)
        assert recipe.divisible
        sizes = [recipe.weight_bytes(layers) for layers in (0, 1, 2)]
        assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 0


def test_missing_sizes_are_said():
    card = cards.card({"model_type": "wav2vec2", "num_hidden_layers": 12})
    recipe, why = recipes.recipe(Candidate(model=card, format=formats.by_id("onnx-fp32")), Workload())
    assert recipe is None
    assert "not fully known" in why
    assert shapes.shape(card) is None
