"""Encoder-decoders from end to end: the app's plan, a real child, two sessions that share their threads."""

import sys
from pathlib import Path

import msgspec
import pytest

from advisor import paths
from advisor.catalog import formats
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.task.model import Workload
from advisor.units import GIB

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "graphs"))
import writers

sys.path.pop(0)


def result_of(card, workload, **changes):
    fields = {
        "candidate": Candidate(model=card, format=formats.by_id("onnx-fp32")), "workload": workload, "num_threads": 2,
        "memory_box_bytes": GIB, "time_box_s": 3.0, "graph_folder": str(paths.cache_folder() / "graphs"), **changes,
    }  # fmt: skip
    outcome = runner.run("probe", msgspec.json.encode(ProbePlan(**fields)), timeout_s=120)
    assert outcome.code == "finished", outcome.message
    return msgspec.json.decode(outcome.result, type=ProbeResult)


@pytest.mark.parametrize("pinned", [False, True])
def test_a_translator_reads_a_text_and_writes_tokens(pinned):
    work = Workload(num_input_tokens=24, num_output_tokens=300)
    card = writers.card("marian", max_position_embeddings=512)
    found = result_of(card, work, depths=(2,), pinned=pinned)
    first, token = found.time_to_first_token, found.time_per_token
    assert "a text of 24 tokens read and a first token written" in first.basis
    assert "at 0 to 300 tokens of context" in token.basis
    assert found.time_per_query.value == pytest.approx(first.value + 299 * token.value)
    assert found.rate.unit == "tokens/s"
    pasts = [entry.num_context_tokens for entry in found.contexts]
    assert len(pasts) >= 2
    assert pasts[0] >= 1
    assert pasts[-1] < 300
    assert not any("overflowed" in reason for reason in found.reasons)
    assert found.provider == "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("kind", "heard"), [("whisper", "a piece of 30 s of sound"), ("moonshine", "a piece of 26.7 s")]
)
def test_a_recording_is_transcribed_piece_by_piece(kind, heard):
    work = Workload(audio_s=80.0, num_output_tokens=30)
    found = result_of(writers.card(kind), work, depths=(2,))
    first, token, query = found.time_to_first_token, found.time_per_token, found.time_per_query
    assert heard in first.basis
    assert query.value == pytest.approx(3 * (first.value + 9 * token.value))  # three pieces of ten tokens
    assert query.basis.startswith("3 runs of it")
    assert found.rate.unit == "x real time"
    assert found.rate.value == pytest.approx(80.0 / query.value)


def test_two_depths_keep_both_halves_and_lead_to_the_whole():
    work = Workload(num_input_tokens=24, num_output_tokens=16)
    card = writers.card("t5 gated", encoder_decoder={"num_encoder_layers": 12, "num_decoder_layers": 6})
    found = result_of(card, work, depths=(2, 4))
    assert found.extrapolated
    assert (found.depths_measured, found.num_layers) == ((2, 4), 6)
    assert all(depth.decode_s and depth.prefill_s for depth in found.depths)
    sizes = [depth.weights_file_bytes for depth in found.depths]
    assert sizes[1] > sizes[0]
