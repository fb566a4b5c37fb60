"""From the report of a denoising step to the result: steps are counted, and what was left out is said."""

import pytest

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.probe import combine, footprint
from advisor.probe.depth import DepthReport, SystemReadings
from advisor.probe.launches import Depth
from advisor.probe.plan import DepthMeasurement, ProbePlan
from advisor.probe.threads import ThreadChoice
from advisor.task.model import Workload
from advisor.units import GIB


def result_of(model_id, workload, *depths):
    card = next(card for card in load.catalog().models if card.id == model_id)
    candidate = Candidate(model=card, format=formats.by_id("onnx-fp32"))
    reports = [
        DepthReport(
            measurement=DepthMeasurement(
                num_layers=layers, prefill_s=(), decode_s=(), query_s=(step_s,) * 5, load_s=1.0,
                peak_rss_bytes=peak_bytes, baseline_rss_bytes=50, weights_file_bytes=100,
            ),
            query_block_s=(step_s,) * 5, num_prompt_tokens=0, peak_memory_source="VmHWM", provider="cpu",
            runtime_version="1", outputs_finite=True, measured_s=9.0,
            system=SystemReadings(other_cpu_share=0.0, own_cpu_share=1.0, num_readings=9),
        )
        for layers, step_s, peak_bytes in depths
    ]  # fmt: skip
    account = combine.Account(
        id="x", created="x", wall_s=1.0, samples=(), versions={}, threads=ThreadChoice(num_threads=2)
    )
    plan = ProbePlan(candidate=candidate, workload=workload, memory_box_bytes=1, time_box_s=1, graph_folder="x")
    return combine.result(
        plan, footprint.recipe(candidate, workload), [Depth(reports=(one,)) for one in reports], account
    )


def test_a_picture_is_its_steps_and_the_memory_the_denoisers():
    found = result_of("stabilityai/stable-diffusion-2-1", Workload(num_images=2), (22, 3.0, 10**9))
    assert found.time_per_query.value == pytest.approx(2 * 50 * 3.0)
    assert found.time_per_query.basis.startswith("100 runs of it")
    assert "median of 5 runs of 1 at a time, denoiser alone" in found.time_per_query.basis
    assert found.rate.value == pytest.approx(1 / 300)
    assert "denoiser alone" in found.peak_memory.basis
    assert "text encoders" in found.message


def test_a_transformer_at_two_depths_says_which_part_it_is():
    found = result_of("PixArt-alpha/PixArt-Sigma-XL-2-1024-MS", Workload(), (4, 5.0, 300), (8, 9.0, 400))
    assert found.time_to_first_token.value == pytest.approx(29.0)
    assert found.peak_memory.value == pytest.approx(900)
    assert "4, 8 of 28 layers, denoiser alone" in found.peak_memory.basis


def test_a_slice_has_two_layers_at_least_since_one_alone_holds_less_memory():
    card = next(card for card in load.catalog().models if card.id == "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS")
    recipe = footprint.recipe(Candidate(model=card, format=formats.by_id("onnx-fp32")), Workload())
    for time_box_s, expected in ((9.0, (2, 3)), (16.0, (2, 6)), (200.0, (28,))):
        found = footprint.depths(recipe, memory_box_bytes=16 * GIB, time_box_s=time_box_s, cache_bytes=None)
        assert found == expected
