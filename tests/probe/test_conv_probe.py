"""A convolutional network from end to end: the app's plan, a real child, real images made of noise."""

import msgspec
import pytest

from advisor import paths
from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.task.model import Workload
from advisor.units import GIB

MODEL = "timm/mobilenetv3_small_100.lamb_in1k"


def test_an_image_classifier_of_convolutions_is_measured_whole():
    card = next(card for card in load.catalog().models if card.id == MODEL)
    plan = ProbePlan(
        candidate=Candidate(model=card, format=formats.by_id("onnx-fp32")), workload=Workload(num_images=3),
        num_threads=1, memory_box_bytes=GIB, time_box_s=3.0, graph_folder=str(paths.cache_folder() / "graphs"),
    )  # fmt: skip
    outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=120)
    assert outcome.code == "finished", outcome.message
    found = msgspec.json.decode(outcome.result, type=ProbeResult)
    assert found.depths_measured == (12,)
    assert not found.extrapolated
    assert found.time_per_token.value is None
    assert found.time_per_query.value == pytest.approx(3 * found.time_to_first_token.value)  # three images a query
    assert not any("overflowed" in reason for reason in found.reasons)
    assert found.depths[0].weights_file_bytes >= 4 * (card.num_parameters() - 6_056)  # norms are folded
    assert found.peak_memory.value > found.depths[0].baseline_rss_bytes
