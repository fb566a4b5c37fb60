"""A text encoder and a speech encoder from end to end: the app's plan, a real child, ids and sound that are made up."""

import msgspec
import pytest

from advisor import paths
from advisor.catalog import formats, load
from advisor.catalog.model import Architecture, Candidate
from advisor.child import runner
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.task.model import Workload
from advisor.units import GIB

SIZES = {
    "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16,
    "vocab_size": 320, "tie_word_embeddings": True, "max_position_embeddings": 128,
}  # fmt: skip


def tiny(model_id, **changes):
    """A card of the catalog with the same kind of architecture, made small."""
    card = next(card for card in load.catalog().models if card.id == model_id)
    facts = msgspec.structs.replace(card.parameters, num_computed=None, num_published=None, components={})
    architecture = Architecture(model_type=card.architecture.model_type, **{**SIZES, **changes})
    return msgspec.structs.replace(card, architecture=architecture, parameters=facts)


def result_of(card, workload, format_id="onnx-fp32", depths=()):
    plan = ProbePlan(
        candidate=Candidate(model=card, format=formats.by_id(format_id)), workload=workload, num_threads=1,
        memory_box_bytes=GIB, time_box_s=2.0, graph_folder=str(paths.cache_folder() / "graphs"), depths=depths,
    )  # fmt: skip
    outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=120)
    assert outcome.code == "finished", outcome.message
    return msgspec.json.decode(outcome.result, type=ProbeResult)


def test_a_modernbert_is_measured_at_depths_of_the_same_mix():
    card = tiny(
        "answerdotai/ModernBERT-base", num_hidden_layers=10, sliding_window=16,
        layer_pattern={"full_attention": 4, "sliding_attention": 6},
    )  # fmt: skip
    found = result_of(card, Workload(num_input_tokens=500, num_passes=2), "onnx-int8-dynamic", (4, 7))
    assert found.extrapolated
    assert (found.depths_measured, found.num_layers) == ((4, 7), 10)
    assert found.time_per_token.value is None
    assert found.time_per_query.value == pytest.approx(2 * found.time_to_first_token.value)
    assert not any("overflowed" in reason for reason in found.reasons)


def test_a_wav2vec_is_measured_piece_by_piece():
    card = tiny("facebook/wav2vec2-base-960h", num_hidden_layers=2, vocab_size=32)
    found = result_of(card, Workload(audio_s=31.0), depths=(2,))
    assert not found.extrapolated
    assert found.time_per_query.value == pytest.approx(2 * found.time_to_first_token.value)  # two pieces of 15.5 s
    assert not any("overflowed" in reason for reason in found.reasons)
