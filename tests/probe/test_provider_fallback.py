"""A provider that was asked for and did not come is noticed in a real probe of a made-up model."""

import cards
import msgspec

from advisor import paths
from advisor.child import runner
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.probe.providers import ProviderUse, processor
from advisor.task.model import Workload
from advisor.units import GIB


def test_a_probe_that_fell_back_to_the_processor_says_so_and_counts_as_the_processors():
    asked = (ProviderUse(name="CUDAExecutionProvider", options={"device_id": "0"}, device="gpu:0"), processor())
    plan = ProbePlan(
        candidate=cards.candidate(cards.tiny_encoder(), "onnx-fp32"), workload=Workload(num_input_tokens=16),
        num_threads=1, memory_box_bytes=GIB, time_box_s=2.0, graph_folder=str(paths.cache_folder() / "graphs"),
        providers=asked,
    )  # fmt: skip
    outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=120)
    assert outcome.code == "finished", outcome.message
    found = msgspec.json.decode(outcome.result, type=ProbeResult)
    assert (found.device, found.provider) == ("cpu", "CPUExecutionProvider")
    assert any("CUDA was asked for, but ONNX Runtime started without it" in reason for reason in found.reasons)
    assert found.grade != "A"
