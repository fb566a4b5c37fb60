"""One estimator: a whole catalog and a single candidate get the same numbers, verdicts and words."""

import sys

import fakes_estimate as made
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.estimate import batch, estimator, fit, quantities, table
from advisor.estimate.model import VERDICTS
from advisor.evidence import EVIDENCE_ORDER, Quantity, unknown
from advisor.task.model import Workload

WORKLOADS = (
    made.CHAT,
    made.READ,
    Workload(num_input_tokens=0, audio_s=45.0, num_output_tokens=60, num_context_tokens=448),
    Workload(num_input_tokens=20, num_images=2, num_output_tokens=30, num_batch=3),
    Workload(num_input_tokens=64, num_passes=8),
)
MODELS = load.catalog().models[::9]
CANDIDATES = tuple(Candidate(model=model, format=how) for model in MODELS for how in formats.applicable(model))
TABLE = table.build(CANDIDATES)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(WORKLOADS), st.integers(0, len(CANDIDATES) - 1), st.sampled_from((None, 10**9, 64 * 10**9)))
def test_one_candidate_is_estimated_as_in_the_whole_catalog(workload, index, free):
    roofs, power = made.roofs(k=2.0, free=free), made.power(k=1.5)
    together = batch.estimate_batch(TABLE, workload, roofs, power).at(index)
    assert estimator.estimate(CANDIDATES[index], workload, roofs, power) == together


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_candidate_gets_an_estimate_that_can_be_written(workload):
    told = batch.estimate_batch(TABLE, workload, made.roofs(k=2.0), made.power())
    for index in range(len(told)):
        estimate = told.at(index)
        assert b"NaN" not in msgspec.json.encode(estimate)
        assert estimate.formulas
        for quantity in (estimate.memory, estimate.time_per_query, estimate.energy_per_1000_queries):
            assert quantity.basis
            assert (quantity.value is None) == (quantity.evidence == "excluded")


@pytest.mark.parametrize("workload", WORKLOADS)
def test_columns_say_what_the_rows_say(workload):
    told = batch.estimate_batch(TABLE, workload, made.roofs(), made.power())
    for index in range(0, len(told), 7):
        estimate = told.at(index)
        assert estimate.verdict == VERDICTS[told.verdict[index]]
        assert estimate.verdict == fit.verdict(estimate.memory, estimate.memory_free_bytes)
        assert estimate.energy_per_1000_queries.evidence == EVIDENCE_ORDER[told.energy_evidence[index]]
        assert estimate.time_per_query.evidence == EVIDENCE_ORDER[told.speed_evidence[index]]
        assert estimate.memory.evidence == EVIDENCE_ORDER[told.memory_evidence[index]]


def test_a_table_of_some_gives_the_same_as_the_table_of_all():
    some = TABLE.take([40, 3, 3, 17])
    whole = batch.estimate_batch(TABLE, made.CHAT, made.roofs(), None)
    part = batch.estimate_batch(some, made.CHAT, made.roofs(), None)
    assert [part.at(row) for row in range(4)] == [whole.at(row) for row in (40, 3, 3, 17)]
    assert part.at(0).model == CANDIDATES[40].model.id


def test_without_power_there_is_no_energy_and_never_zero():
    told = estimator.estimate(made.candidate(made.llama()), made.CHAT, made.roofs(), None)
    assert told.energy_per_1000_queries == unknown("Wh", "no meter, and no power limit of this device is known")
    assert "energy-band" not in told.formulas
    nothing = msgspec.structs.replace(made.power(), active_power_w=unknown("W", "no meter"))
    assert estimator.estimate(
        made.candidate(made.llama()), made.CHAT, made.roofs(), nothing
    ).energy_per_1000_queries == unknown("Wh", "no meter, and no power limit of this device is known")


def test_energy_is_only_as_good_as_time_and_power():
    def evidence(roofs, power):
        told = estimator.estimate(made.candidate(made.llama()), made.CHAT, roofs, power)
        return told.energy_per_1000_queries.evidence

    assert evidence(made.roofs(), made.power()) == "estimated"
    assert evidence(made.roofs(), made.power(evidence="assumed")) == "assumed"
    assert evidence(made.roofs(evidence="assumed"), made.power()) == "assumed"
    assert evidence(made.roofs(evidence="calibrated"), made.power(evidence="measured")) == "calibrated"


def test_a_specification_is_said_to_be_one():
    told = estimator.estimate(made.candidate(made.llama()), made.CHAT, made.roofs(), None)
    assert told.time_per_query.basis == "work over the speed of a machine, by specification and not measured"


def test_power_without_a_range_adds_none():
    bare = Quantity(value=36.0, unit="W", evidence="estimated", basis="made by hand")
    power = msgspec.structs.replace(made.power(), active_power_w=bare)
    told = estimator.estimate(made.candidate(made.llama()), made.CHAT, made.roofs(k=1.0), power)
    energy = told.energy_per_1000_queries
    assert energy.low == pytest.approx(energy.value)
    assert energy.high == pytest.approx(energy.value)


def test_free_memory_decides():
    need = estimator.estimate(made.candidate(made.llama()), made.CHAT, made.roofs(), None).memory.value

    def verdict(free):
        told = estimator.estimate(made.candidate(made.llama()), made.CHAT, made.roofs(free=free), None)
        return told.verdict, told.headroom_share

    assert verdict(round(need / 0.79))[0] == "fits"
    assert verdict(round(need / 0.81))[0] == "tight"
    assert verdict(round(need * 0.99))[0] == "does-not-fit"
    assert verdict(0) == ("does-not-fit", -1.0)
    assert verdict(None) == ("unknown", None)
    assert verdict(round(need * 2))[1] == pytest.approx(0.5, rel=1e-6)


def test_images_without_words_are_counted_a_second():
    told = estimator.estimate(
        made.candidate(load.catalog().by_id("google/vit-base-patch16-224"), "onnx-fp32"),
        Workload(num_input_tokens=0, num_images=4),
        made.roofs(),
        None,
    )
    assert told.rate.unit == "images/s"
    assert told.rate.value == pytest.approx(4 / told.time_per_query.value)


def test_the_formulas_named_are_sections_of_the_methods():
    anchors = (made.REPOSITORY / "docs" / "METHODS.md").read_text("utf-8")
    for workload in WORKLOADS:
        told = batch.estimate_batch(TABLE, workload, made.roofs(), made.power())
        used = {anchor for index in range(len(told)) for anchor in told.at(index).formulas}
        assert used
        for anchor in used:
            assert f'<a id="{anchor}"></a>' in anchors


def test_costs_told_are_columns():
    assert [name for name in quantities.COSTS_TOLD if np.isnan(TABLE.column(name)).all()] == []


def test_numpy_is_not_needed_to_import_the_estimator():
    import subprocess

    code = (
        "import sys; import advisor.estimate.estimator, advisor.estimate.roofs, advisor.estimate.energy, "
        "advisor.estimate.fit, advisor.estimate.model, advisor.energy.carbon; sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=made.REPOSITORY, check=False, timeout=60).returncode == 0
