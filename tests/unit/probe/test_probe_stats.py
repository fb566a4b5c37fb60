"""Figures with ranges, and reasons why a run may be unstable."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.probe import stats
from advisor.probe.depth import SystemReadings
from advisor.probe.stats import Reason, Spread

CLEAN = SystemReadings(
    other_cpu_share=0.02, steal_share=0.0, own_cpu_share=0.97, frequency_start_hz=3.0e9, frequency_end_hz=3.0e9,
    memory_stall_share=0.0, num_major_faults=0, on_battery=False, num_readings=50,
)  # fmt: skip
STEADY = (1.0, 1.01, 0.99, 1.0, 1.0)
times = st.floats(1e-6, 1e3)


@given(st.lists(times, min_size=1, max_size=30))
def test_a_range_holds_its_value_and_is_positive(values):
    found = stats.spread(values)
    assert 0 < found.low <= found.value <= found.high
    assert found.num_values == len(values)


def test_a_single_value_has_a_wide_range():
    found = stats.spread([2.0])
    assert (found.low, found.high) == pytest.approx((1.7, 2.3))


def test_equal_values_keep_a_least_range():
    found = stats.spread([1.0] * 6)
    assert (found.low, found.high) == pytest.approx((0.98, 1.02))


def test_the_range_is_the_prediction_interval_of_the_quartiles():
    found = stats.spread([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.value, found.iqr) == (3.0, 3.0)
    assert found.high - 3.0 == pytest.approx(2.13 * 3.0 / 1.349 * (1 + 1 / 5) ** 0.5)


def test_the_range_holds_nine_tenths_of_further_measurements():
    import random

    generator = random.Random(3)
    inside = 0
    for _ in range(2000):
        blocks = [generator.gauss(10, 1) for _ in range(10)]
        found = stats.spread(blocks)
        inside += found.low <= generator.gauss(10, 1) <= found.high
    assert 0.85 < inside / 2000 < 0.95


def spread_of(value, half):
    return Spread(value=value, low=value - half, high=value + half, iqr=half, num_values=5)


def test_extrapolation_is_linear_in_the_layers():
    found = stats.extrapolate(spread_of(2.0, 0), spread_of(3.0, 0), near_layers=4, far_layers=8, num_layers=24)
    assert found.value == pytest.approx(7.0)
    assert (found.low, found.high) == pytest.approx((7.0 * 0.95, 7.0 * 1.05))


def test_a_further_extrapolation_is_less_sure():
    near, far = spread_of(2.0, 0.02), spread_of(3.0, 0.03)
    close = stats.extrapolate(near, far, near_layers=4, far_layers=8, num_layers=12)
    distant = stats.extrapolate(near, far, near_layers=4, far_layers=8, num_layers=60)
    assert (distant.high - distant.value) / distant.value > (close.high - close.value) / close.value


def test_depths_that_noise_made_alike_give_a_wide_range_and_not_a_small_number():
    found = stats.extrapolate(spread_of(3.0, 0.1), spread_of(2.0, 0.1), near_layers=2, far_layers=4, num_layers=40)
    assert (found.low, found.high) == pytest.approx((1.9, 21.0))
    assert found.low < found.value < found.high


@pytest.mark.parametrize(("linear", "quadratic"), [(1e-3, 0.0), (1e-3, 1e-6), (5e-4, 3e-6)])
def test_a_longer_prompt_follows_its_linear_and_quadratic_part(linear, quadratic):
    def time_s(tokens):
        return linear * tokens + quadratic * tokens**2

    found = stats.lengthen(spread_of(time_s(400), 0.0), time_s(200), num_measured=400, num_wanted=1600)
    assert found.value == pytest.approx(time_s(1600))
    assert found.low < found.value < found.high


def test_a_prompt_that_grows_less_than_linearly_is_taken_as_linear():
    assert stats.lengthen(spread_of(1.0, 0.0), 0.6, num_measured=100, num_wanted=200).value == pytest.approx(2.0)


def test_a_clean_run_has_no_reasons():
    assert stats.reasons(CLEAN, STEADY, num_threads=2) == ()
    assert stats.grade(()) == "A"


@pytest.mark.parametrize(
    ("change", "code", "words", "severe"),
    [
        ({"other_cpu_share": 0.12}, "other-load", "12%", False),
        ({"other_cpu_share": 0.4}, "other-load", "40%", True),
        ({"steal_share": 0.05}, "steal", "5.0%", False),
        ({"steal_share": 0.2}, "steal", "20%", True),
        ({"own_cpu_share": 0.85}, "cpu-time", "85% of the time of its 2", False),
        ({"own_cpu_share": 0.5}, "cpu-time", "50%", True),
        ({"frequency_end_hz": 2.4e9}, "clock", "fell from 3.00 GHz to 2.40 GHz", False),
        ({"frequency_end_hz": 3.6e9}, "clock", "rose", False),
        ({"on_battery": True}, "battery", "battery", False),
        ({"memory_stall_share": 0.2}, "memory-stall", "20%", True),
        ({"num_major_faults": 5000}, "page-faults", "5,000", True),
    ],
)
def test_each_disturbance_is_named_with_its_number(change, code, words, severe):
    found = stats.reasons(msgspec.structs.replace(CLEAN, **change), STEADY, num_threads=2)
    assert [(reason.code, reason.severe) for reason in found] == [(code, severe)]
    assert words in found[0].text
    assert stats.grade(found) == ("C" if severe else "B")


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ((1.0,), "few-blocks"),
        ((1.0, 1.0), "few-blocks"),
        ((1.0, 1.0, 1.05, 1.15, 1.15, 1.15), "drift"),
        ((1.3, 1.3, 1.0, 1.0, 1.0, 1.0), "drift"),
        ((1.0, 1.4, 1.0, 1.4, 1.0, 1.4, 1.2, 1.0, 1.4), "scatter"),
    ],
)
def test_unsteady_blocks_are_named(blocks, code):
    assert code in {reason.code for reason in stats.reasons(CLEAN, blocks, num_threads=2)}


def test_nothing_measured_gives_no_reason_of_its_own():
    assert stats.reasons(CLEAN, (), num_threads=2) == ()


def test_what_could_not_be_read_is_no_reason():
    assert stats.reasons(SystemReadings(), STEADY, num_threads=2) == ()


def test_many_small_reasons_make_the_worst_grade():
    assert stats.grade([Reason(code=str(index), text="x") for index in range(3)]) == "C"


@pytest.mark.parametrize(("slower", "expected"), [(1.2, 0.2), (0.8, -0.2), (1.0, 0.0)])
def test_drift_compares_the_ends(slower, expected):
    assert stats.drift_share([1.0, 1.0, 1.1, slower, slower, slower]) == pytest.approx(expected)
