"""Graphs of encoder-decoders: bytes as computed, a past that changes nothing, padding that nobody looks at."""

import cards
import numpy as np
import onnxruntime as ort
import pytest
import writers

from advisor.graphs import build, recipes
from advisor.task.model import Workload

WORK = Workload(num_input_tokens=12, num_output_tokens=9, audio_s=1.0)


def made(kind, format_id="onnx-fp32", **changes):
    recipe, why = recipes.recipe(cards.candidate(writers.card(kind, **changes), format_id), WORK)
    assert recipe is not None, why
    return recipe


class Pair:
    """Both sessions and what they are given."""

    def __init__(self, recipe, folder, num_layers=None):
        paths = build.build(recipe, folder, num_layers or recipe.num_layers)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.encoder, self.decoder = (
            ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]) for path in paths
        )
        self.recipe = recipe
        self.names = [entry.name for entry in self.decoder.get_inputs()]

    def read(self, feeds):
        names = [entry.name for entry in self.encoder.get_outputs()]
        return dict(zip(names, self.encoder.run(names, feeds), strict=True))

    def write(self, ids, cross, past=None, mask=None):
        feeds = {"input_ids": ids}
        for name in self.names:
            present = name.replace("past_key_values", "present")
            if name == "encoder_attention_mask":
                feeds[name] = mask
            elif ".encoder." in name:
                feeds[name] = cross[present]
            elif name.startswith("past"):
                shape = self.recipe.shape
                empty = np.zeros((len(ids), shape.num_heads, 0, shape.head_size), np.float32)
                feeds[name] = past[present] if past else empty
        names = [entry.name for entry in self.decoder.get_outputs()]
        return dict(zip(names, self.decoder.run(names, feeds), strict=True))


def inputs_of(recipe):
    generator, feeds = np.random.default_rng(3), {}
    for feed in recipe.feeds():
        if feed.fill == "ids":
            feeds[feed.name] = generator.integers(0, feed.limit, feed.shape).astype(np.int64)
        elif feed.fill == "ones":
            feeds[feed.name] = np.ones(feed.shape, np.int64)
        else:
            feeds[feed.name] = generator.standard_normal(feed.shape).astype(np.float32)
    feeds.pop("decoder_input_ids")
    return feeds


@pytest.mark.parametrize("kind", sorted(writers.KINDS))
def test_writing_token_by_token_is_writing_at_once(kind, tmp_path):
    recipe = made(kind)
    pair, feeds = Pair(recipe, tmp_path), inputs_of(recipe)
    cross, mask = pair.read(feeds), feeds.get("attention_mask")
    ids = np.random.default_rng(4).integers(0, 320, (1, 7)).astype(np.int64)
    at_once = pair.write(ids, cross, mask=mask)["logits"]
    found = pair.write(ids[:, :4], cross, mask=mask)
    steps = [found["logits"]]
    for place in range(4, 7):
        found = pair.write(ids[:, place : place + 1], cross, found, mask)
        steps.append(found["logits"])
    assert np.isfinite(at_once).all()
    np.testing.assert_allclose(np.concatenate(steps, axis=1), at_once, rtol=1e-3, atol=1e-4)
    # Were the past not read, or its places not told apart, the last token would not depend on the first one.
    other = ids.copy()
    other[0, 0] = (other[0, 0] + 1) % 320
    assert np.abs(pair.write(other, cross, mask=mask)["logits"][0, -1] - at_once[0, -1]).max() > 1e-5


@pytest.mark.parametrize("kind", sorted(set(writers.KINDS) - {"whisper", "moonshine"}))
def test_padding_is_looked_at_by_nobody(kind, tmp_path):
    recipe = made(kind)
    pair, feeds = Pair(recipe, tmp_path), inputs_of(recipe)
    mask = feeds["attention_mask"].copy()
    mask[0, 8:] = 0
    short = pair.read({"input_ids": feeds["input_ids"][:, :8], "attention_mask": mask[:, :8]})
    padded = pair.read({"input_ids": feeds["input_ids"], "attention_mask": mask})
    ids = np.full((1, 3), 5, np.int64)
    one = pair.write(ids, short, mask=mask[:, :8])["logits"]
    other = pair.write(ids, padded, mask=mask)["logits"]
    np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-4)
    unread = pair.write(ids, padded, mask=np.ones_like(mask))["logits"]
    assert np.abs(unread - one).max() > 1e-4


@pytest.mark.parametrize(
    "format_id", ["onnx-fp32", "onnx-int8-dynamic", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128"]
)
@pytest.mark.parametrize("kind", ["t5 plain", "t5 gated", "marian", "whisper", "moonshine"])
def test_files_are_as_large_as_computed_and_run_in_every_format(kind, format_id, tmp_path):
    recipe = made(kind, format_id)
    for num_layers in (1, 2):
        folder = tmp_path / str(num_layers)
        folder.mkdir()
        pair, feeds = Pair(recipe, folder, num_layers), inputs_of(recipe)
        graphs = tuple(path.stat().st_size for path in (folder / "encoder.onnx", folder / "graph.onnx"))
        assert sum(weights_of(folder)) == recipe.weight_bytes(num_layers)
        assert weights_of(folder) == recipe.file_bytes(num_layers)
        assert all(size > count for size, count in zip(graphs, recipe.file_bytes(num_layers), strict=True))
        scores = pair.write(np.array([[1, 2]]), pair.read(feeds), mask=feeds.get("attention_mask"))["logits"]
        assert scores.shape == (1, 2, 320)
        assert np.isfinite(scores).all()


def weights_of(folder):
    import onnx

    found = []
    for name in ("encoder.onnx", "graph.onnx"):
        graph = onnx.load(str(folder / name)).graph
        weights = [entry for entry in graph.initializer if not entry.name.startswith("constant/")]
        found.append(sum(len(entry.raw_data) for entry in weights))
    return tuple(found)


def test_tokens_of_a_batch_are_apart(tmp_path):
    recipe, why = recipes.recipe(
        cards.candidate(writers.card("marian"), "onnx-fp32"),
        Workload(num_input_tokens=6, num_output_tokens=4, num_batch=2),
    )
    assert recipe is not None, why
    pair, feeds = Pair(recipe, tmp_path), inputs_of(recipe)
    both = pair.write(np.array([[1], [2]]), pair.read(feeds), mask=feeds["attention_mask"])["logits"]
    alone = {name: value[1:] for name, value in feeds.items()}
    second = pair.write(np.array([[2]]), pair.read(alone), mask=alone["attention_mask"])["logits"]
    np.testing.assert_allclose(both[1:], second, rtol=1e-3, atol=1e-4)
