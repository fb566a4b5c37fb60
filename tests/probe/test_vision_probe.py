"""A vision model from end to end: the app's plan, a real child, real images made of noise."""

import msgspec
import pytest

from advisor import paths
from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.task.model import Workload
from advisor.units import GIB

MODEL = "facebook/deit-tiny-patch16-224"


def result_of(**changes):
    card = next(card for card in load.catalog().models if card.id == MODEL)
    fields = {
        "candidate": Candidate(model=card, format=formats.by_id("onnx-fp32")), "workload": Workload(num_images=2),
        "num_threads": 1, "memory_box_bytes": GIB, "time_box_s": 3.0,
        "graph_folder": str(paths.cache_folder() / "graphs"), "depths": (12,), **changes,
    }  # fmt: skip
    outcome = runner.run("probe", msgspec.json.encode(ProbePlan(**fields)), timeout_s=120)
    assert outcome.code == "finished", outcome.message
    return msgspec.json.decode(outcome.result, type=ProbeResult)


def test_an_image_classifier_is_measured_whole():
    found = result_of()
    assert found.depths_measured == (12,)
    assert found.num_layers == 12
    assert not found.extrapolated
    assert found.time_per_token.value is None
    assert found.time_per_query.value == pytest.approx(2 * found.time_to_first_token.value)  # two images a query
    assert not any("overflowed" in reason for reason in found.reasons)
    weights = 4 * 5_717_416
    assert found.peak_memory.value - found.depths[0].baseline_rss_bytes > 0.9 * weights


def test_an_image_classifier_is_measured_at_two_depths():
    found = result_of(depths=(3, 8), candidate=Candidate(
        model=next(card for card in load.catalog().models if card.id == MODEL),
        format=formats.by_id("onnx-int8-dynamic"),
    ))  # fmt: skip
    assert found.extrapolated
    assert found.depths_measured == (3, 8)
    assert all(len(depth.query_s) >= 2 for depth in found.depths)
