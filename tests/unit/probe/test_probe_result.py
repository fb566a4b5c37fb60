"""From reports of depths to a result."""

from itertools import pairwise

import cards
import pytest

from advisor import evidence
from advisor.child.protocol import Sample
from advisor.probe import combine, footprint
from advisor.probe.depth import DepthReport, SystemReadings
from advisor.probe.launches import Depth
from advisor.probe.plan import DepthMeasurement, ProbePlan
from advisor.probe.threads import ThreadChoice
from advisor.task.model import Workload

CLEAN = SystemReadings(other_cpu_share=0.0, own_cpu_share=1.0, num_readings=9)


def report(layers, *, first_s=(), blocks_s=(), query=False, peak_bytes=10**9, prompt=512, **changes):
    measured = DepthMeasurement(
        num_layers=layers, prefill_s=tuple(first_s), decode_s=() if query else tuple(blocks_s),
        query_s=tuple(blocks_s) if query else (), load_s=1.0 + layers, peak_rss_bytes=peak_bytes,
        baseline_rss_bytes=50, weights_file_bytes=100,
    )  # fmt: skip
    fields = {
        "measurement": measured, "decode_block_s": () if query else tuple(blocks_s),
        "query_block_s": tuple(blocks_s) if query else (), "num_prompt_tokens": prompt,
        "peak_memory_source": "VmHWM of /proc/self/status", "provider": "CPUExecutionProvider",
        "runtime_version": "1.0", "outputs_finite": True, "system": CLEAN, "measured_s": 5.0, **changes,
    }  # fmt: skip
    return DepthReport(**fields)


def account(samples=()):
    return combine.Account(
        id="x",
        created="2026-01-01T00:00:00+00:00",
        wall_s=9.0,
        samples=tuple(samples),
        versions={"a": "1"},
        threads=ThreadChoice(num_threads=2),
        build_s=1.0,
    )


def result(candidate, workload, *reports):
    plan = ProbePlan(
        candidate=candidate, workload=workload, memory_box_bytes=1, time_box_s=1, graph_folder="x", fingerprint="f"
    )
    depths = [entry if isinstance(entry, Depth) else Depth(reports=(entry,)) for entry in reports]
    return combine.result(plan, footprint.recipe(candidate, workload), depths, account())


QWEN = cards.candidate(cards.card(cards.QWEN))
CHAT = Workload(num_input_tokens=512, num_output_tokens=101, num_context_tokens=4096)


def test_a_whole_decoder():
    found = result(QWEN, CHAT, report(24, first_s=[1.5] * 5, blocks_s=[0.02] * 5, peak_bytes=700))
    assert found.time_to_first_token.value == 1.5
    assert found.time_per_token.value == 0.02
    assert found.time_per_query.value == pytest.approx(1.5 + 100 * 0.02)
    assert (found.rate.value, found.rate.unit) == (pytest.approx(50), "tokens/s")
    assert found.rate.low < 50 < found.rate.high
    assert found.peak_memory.value == 700
    assert found.energy_per_1000_queries.value is None
    assert found.energy_per_1000_queries.evidence == "excluded"
    assert not found.extrapolated
    assert (found.num_layers, found.depths_measured, found.grade) == (24, (24,), "A")
    measured = (found.time_to_first_token, found.time_per_token, found.rate, found.peak_memory, found.load_time)
    assert {quantity.evidence for quantity in measured} == {"measured-synthetic"}
    assert evidence.EVIDENCE_ORDER.index("measured-synthetic") == 1


def test_two_depths_are_extrapolated_and_say_so():
    reports = [
        report(4, first_s=[0.5] * 5, blocks_s=[0.01] * 5, peak_bytes=300),
        report(8, first_s=[0.7] * 5, blocks_s=[0.014] * 5, peak_bytes=400),
    ]
    found = result(QWEN, CHAT, *reports)
    assert found.extrapolated
    assert found.time_to_first_token.value == pytest.approx(1.5)
    assert found.time_per_token.value == pytest.approx(0.03)
    assert found.peak_memory.value == pytest.approx(800)
    assert found.load_time.value == pytest.approx(25)
    assert "4, 8 of 24 layers" in found.time_per_token.basis
    whole = result(QWEN, CHAT, report(24, first_s=[1.5] * 5, blocks_s=[0.03] * 5))
    assert found.time_per_token.high > whole.time_per_token.high


def test_two_depths_that_cannot_be_told_apart_are_said_to_be_a_guess():
    reports = [
        report(4, first_s=[0.5] * 5, blocks_s=[0.02] * 5),
        report(8, first_s=[0.7] * 5, blocks_s=[0.014] * 5),
    ]
    found = result(QWEN, CHAT, *reports)
    assert found.grade == "C"
    assert any("wide guess" in text for text in found.reasons)
    assert found.time_per_token.high > 2 * found.time_per_token.low


def test_a_cut_prompt_is_lengthened_and_its_memory_added():
    cut = report(24, first_s=[1.0] * 3, blocks_s=[0.02] * 5, prompt=256, short_prefill_s=0.5, peak_bytes=10**9)
    found = result(QWEN, CHAT, cut)
    assert found.time_to_first_token.value == pytest.approx(2.0)
    assert "measured up to 256 tokens" in found.time_to_first_token.basis
    assert found.peak_memory.value > 10**9 + 256 * 151936 * 4
    assert "by formula" in found.peak_memory.basis


def test_an_encoder_counts_queries():
    candidate = cards.candidate(cards.card(cards.MINILM), "onnx-fp32")
    workload = Workload(num_input_tokens=128, num_batch=4, num_passes=3)
    found = result(candidate, workload, report(6, blocks_s=[0.02] * 6, query=True, prompt=128))
    assert found.time_to_first_token.value == 0.02
    assert found.time_per_token.value is None
    assert found.time_per_query.value == pytest.approx(0.06)
    assert (found.rate.value, found.rate.unit) == (pytest.approx(4 / 0.06), "queries/s")


def test_a_text_longer_than_the_model_reads_is_said():
    candidate = cards.candidate(cards.card(cards.MINILM), "onnx-fp32")
    found = result(candidate, Workload(num_input_tokens=900), report(6, blocks_s=[0.02] * 6, query=True, prompt=512))
    assert "at most 512 tokens" in found.message
    assert "900" in found.message


def test_a_decoder_that_writes_nothing_is_timed_by_its_prompt():
    found = result(QWEN, Workload(num_input_tokens=512), report(24, first_s=[1.0] * 5))
    assert found.time_per_token.value is None
    assert found.time_per_query.value == 1.0
    assert found.rate.unit == "queries/s"
    assert found.grade == "A"


def test_reasons_of_both_depths_come_once():
    noisy = SystemReadings(other_cpu_share=0.5, own_cpu_share=1.0)
    reports = [
        report(4, first_s=[0.5] * 5, blocks_s=[0.01] * 5, system=noisy),
        report(8, first_s=[0.7], blocks_s=[0.014] * 5, system=noisy, outputs_finite=False),
    ]
    found = result(QWEN, CHAT, *reports)
    assert found.grade == "C"
    assert sum("Other programs" in text for text in found.reasons) == 1
    assert any("overflowed" in text for text in found.reasons)
    assert any("once only" in text for text in found.reasons)


def test_samples_are_thinned_evenly_with_the_last_one_kept():
    samples = [Sample(t_s=float(index), kind="system") for index in range(7001)]
    found = combine.thin(samples)
    assert len(found) == combine.MAX_SAMPLES
    assert (found[0].t_s, found[-1].t_s) == (0.0, 7000.0)
    assert max(b.t_s - a.t_s for a, b in pairwise(found)) <= 4
    assert combine.thin(samples[:10]) == tuple(samples[:10])
