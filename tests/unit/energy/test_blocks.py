"""Blocks under a meter to energy: gross, net, interval, detection limit, number of blocks."""

import math
import random
import statistics

import msgspec
import pytest

from advisor.energy import blocks
from advisor.energy.blocks import Baseline, Block
from advisor.energy.model import MeterInfo

METER = MeterInfo(
    id="rapl", name="RAPL", component="cpu", covers="processor package", method="counter", native_unit="µJ",
    resolution_j=1e-6, refresh_s=0.001, permission="any user", grade="A", k_scale=1.05, limit_w=65.0,
)  # fmt: skip
IDLE = Baseline(power_w=10.0, uncertainty_w=0.05, num_windows=10)


def block(power_w, *, seconds=5.0, num_units=50, rejected=None):
    return Block(
        energy_j=power_w * seconds, window_s=seconds, work_s=seconds, num_units=num_units, rejected=rejected
    )  # fmt: skip


def phase(found, idle=IDLE, meter=METER):
    return blocks.phase("decode", found, idle, meter, evidence="measured-synthetic", how="tokens")


def test_gross_and_net_are_energy_of_one_unit():
    found = phase([block(30.0), block(31.0), block(29.0)])
    assert found.gross_j.value == pytest.approx(3.0)
    assert found.net_j.value == pytest.approx(2.0)
    assert found.power_w.value == pytest.approx(30.0)
    assert (found.unit_s, found.num_units, found.num_blocks, found.num_rejected) == (0.1, 150, 3, 0)


def test_work_that_runs_once_is_freed_of_the_idle_moments_around_it():
    once = Block(energy_j=0.5 * 40.0 + 0.1 * 10.0, window_s=0.6, work_s=0.5, num_units=1, whole=True)
    found = phase([once])
    assert found.gross_j.value == pytest.approx(20.0)
    assert found.net_j.value == pytest.approx(15.0)
    assert found.power_w.value == pytest.approx(40.0)


def test_the_range_holds_the_meters_scale_and_the_scatter_of_the_blocks():
    steady, scattered = (
        phase([block(30.0)] * 5),
        phase([block(20.0), block(40.0), block(30.0), block(25.0), block(35.0)]),
    )
    assert steady.gross_j.high / steady.gross_j.value == pytest.approx(1.05, abs=0.001)
    assert scattered.gross_j.high / scattered.gross_j.value > 1.2


def test_an_interval_of_95_percent_holds_the_truth_95_times_of_100():
    random.seed(4)
    exact = msgspec.structs.replace(METER, k_scale=1.0)
    held = 0
    for _ in range(2000):
        found = phase([block(random.gauss(30.0, 1.5)) for _ in range(5)], meter=exact)
        held += found.gross_j.low <= 3.0 <= found.gross_j.high
    assert 0.93 <= held / 2000 <= 0.97


def test_a_rejected_block_is_counted_and_left_out():
    found = phase([block(30.0), block(500.0, rejected="too much"), block(30.0)])
    assert (found.num_blocks, found.num_rejected) == (2, 1)
    assert found.gross_j.value == pytest.approx(3.0)
    assert phase([block(30.0, rejected="frozen")]) is None


def test_net_energy_that_drowns_in_the_doubt_of_idle_is_less_than_a_limit_and_no_number():
    found = phase([block(10.3)] * 4, Baseline(power_w=10.0, uncertainty_w=0.5, num_windows=4))
    assert found.below_detection_limit
    assert found.net_j.value is None
    assert found.net_j.low == 0.0
    assert found.net_j.high == pytest.approx(3 * 0.5 * 0.1, rel=0.05)
    assert found.gross_j.value == pytest.approx(1.03)


def test_idle_power_has_the_drift_in_its_doubt():
    quiet = blocks.baseline([10.0, 10.1, 9.9], [10.0, 10.1, 9.9])
    drifting = blocks.baseline([10.0, 10.1, 9.9], [13.0, 13.1, 12.9])
    assert quiet.power_w == pytest.approx(10.0)
    assert drifting.power_w == pytest.approx(11.5)
    assert drifting.drift_w == pytest.approx(3.0)
    assert drifting.uncertainty_w == pytest.approx(math.hypot(quiet.uncertainty_w, 3.0 / math.sqrt(12)))
    assert blocks.drifted(drifting)
    assert not blocks.drifted(quiet)


@pytest.mark.parametrize(("refresh_s", "mode", "seconds"), [
    (0.001, "quick", 2.0), (0.001, "standard", 10.0), (0.1, "quick", 10.0), (5.0, "quick", 20.0),
])  # fmt: skip
def test_a_block_is_long_enough_for_its_meter(refresh_s, mode, seconds):
    assert blocks.block_s(msgspec.structs.replace(METER, refresh_s=refresh_s), mode) == seconds


def test_the_pilots_scatter_says_how_many_blocks():
    assert blocks.needed([30.0, 30.1, 29.9, 30.0, 30.0], "standard") == 5
    powers = [28.0, 32.0, 30.0, 29.0, 31.0]
    expected = math.ceil((2.78 * statistics.stdev(powers) / (0.05 * 30.0)) ** 2)
    assert blocks.needed(powers, "standard") == expected == 9
    assert blocks.needed([10.0, 50.0, 30.0, 20.0, 40.0], "standard") == 20


@pytest.mark.parametrize(("given", "more", "word"), [
    (block(30.0), {"epochs_differ": True}, "reset"),
    (block(30.0), {"asleep_s": 12.0}, "slept"),
    (block(0.0), {}, "stood still"),
    (block(-3.0), {}, "went back"),
    (block(98.0), {}, "limit of 65 W"),
    (Block(energy_j=1.0, window_s=0.0, work_s=1.0, num_units=1), {}, "no two readings"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_its_reason(given, more, word):
    assert word in blocks.refused(given, METER, **{"epochs_differ": False, "asleep_s": 0.0, **more})


def test_a_sound_block_is_not_refused():
    assert blocks.refused(block(97.0), METER, epochs_differ=False, asleep_s=0.0) is None
