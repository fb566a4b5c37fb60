"""Counters that wrap, stop, go back and lie: energy never comes out of an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.energy.counter import IMPLAUSIBLE_FACTOR, Counter

RANGE = 262_143_328_850
UNIT_J = 1e-6
LIMIT_W = 100.0


def counter(**changes):
    return Counter(**({"unit_j": UNIT_J, "range_counts": RANGE, "limit_w": LIMIT_W, "refresh_s": 0.001} | changes))


def feed(subject, *reads):
    return [subject.add(t_s, count) for t_s, count in reads]


# Steps of an honest machine: seconds between reads and watts up to the limit.
honest = st.lists(st.tuples(st.floats(0.001, 60), st.floats(0, LIMIT_W)), min_size=1, max_size=40)
ranges = st.sampled_from([RANGE, 2**32 - 1, 65_532_610_987, None])
anything = st.lists(st.tuples(st.floats(-5, 5_000), st.integers(0, RANGE)), min_size=1, max_size=40)


def is_long(gap_s, range_counts):
    return range_counts is not None and gap_s > 0.5 * (range_counts + 1) * UNIT_J / LIMIT_W


@given(honest, ranges, st.floats(0, 1))
def test_an_honest_counter_loses_nothing_at_any_number_of_wraps(steps, range_counts, start_share):
    steps = [step for step in steps if not is_long(step[0], range_counts)]
    subject = counter(range_counts=range_counts)
    modulus = range_counts + 1 if range_counts is not None else 2**64
    total = first = int(start_share * (range_counts or 10**12))
    t_s = 0.0
    step = subject.add(t_s, total % modulus)
    for gap_s, power_w in steps:
        t_s += gap_s
        total += int(gap_s * power_w / UNIT_J)
        step = subject.add(t_s, total % modulus)
        assert step.broken is None
    assert step.energy_j == pytest.approx((total - first) * UNIT_J, abs=1e-9)
    assert (step.epoch, subject.num_breaks) == (0, 0)
    assert subject.num_wraps == total // modulus - first // modulus


@given(anything, ranges)
def test_whatever_a_counter_says_energy_is_monotonic_and_a_break_adds_none(reads, range_counts):
    subject = counter(range_counts=range_counts)
    t_s, last, last_t_s = 0.0, None, 0.0
    for gap_s, count in reads:
        t_s += gap_s
        step = subject.add(t_s, count)
        if last is None:
            assert step.energy_j == 0
        elif step.broken:
            assert step.energy_j == last.energy_j
            assert step.epoch == last.epoch + 1
        else:
            added_j = step.energy_j - last.energy_j
            assert 0 <= added_j <= IMPLAUSIBLE_FACTOR * LIMIT_W * (t_s - last_t_s + 0.01) + 1e-6
            assert step.epoch == last.epoch
        last, last_t_s = step, t_s


def test_a_wrap_at_the_power_limit_is_undone():
    _, step = feed(counter(), (0.0, RANGE - 60_000_000), (1.0, 40_000_000 - 1))
    assert step.energy_j == pytest.approx(100.0)
    assert (step.wrapped, step.broken) == (True, None)


def test_a_wrap_of_32_bits_is_undone():
    _, step = feed(counter(range_counts=2**32 - 1, limit_w=250.0), (0.0, 2**32 - 100_000_000), (1.0, 100_000_000))
    assert step.energy_j == pytest.approx(200.0)


def test_a_silence_that_may_hide_a_second_wrap_is_refused():
    half_s = 0.5 * RANGE * UNIT_J / LIMIT_W
    _, step = feed(counter(), (0.0, 5), (half_s * 0.99, 6_000_000))
    assert step.broken is None
    _, step = feed(counter(), (0.0, 5), (half_s * 1.01, 6_000_000))
    assert "wrapped twice" in step.broken
    assert step.energy_j == 0


def test_a_register_behind_the_counter_may_wrap_unseen():
    def read(gap_s):
        return feed(counter(range_counts=None, hidden_range_j=1000.0), (0.0, 0), (gap_s, 5))[1]

    assert read(4.9).broken is None
    assert "wrapped twice" in read(5.1).broken


@pytest.mark.parametrize("after", [0, 1_000])
def test_a_reset_is_no_wrap(after):
    """A failed read that came out as 0 would be 62 kJ in a second."""
    steps = feed(counter(), (0.0, 200_000_000_000), (1.0, after), (2.0, after + 50_000_000))
    assert "more than the limit" in steps[1].broken
    assert [step.energy_j for step in steps] == [0, 0, pytest.approx(50.0)]
    assert [step.epoch for step in steps] == [0, 1, 1]


@pytest.mark.parametrize("changes", [{"range_counts": None}, {"limit_w": None}])
def test_without_range_or_limit_nothing_tells_a_wrap_from_a_reset(changes):
    step = feed(counter(**changes), (0.0, RANGE - 10), (1.0, 10))[1]
    assert (step.energy_j, step.broken) == (0, "the counter went back")


def test_a_count_beyond_its_range_adds_nothing():
    steps = feed(counter(), (0.0, RANGE), (1.0, RANGE + 10**15), (2.0, 5))
    assert steps[2].energy_j == 0
    assert steps[2].epoch == 2


def test_a_frozen_counter_stands_still():
    steps = feed(counter(), *[(t_s, 77) for t_s in range(20)])
    assert {(step.energy_j, step.epoch) for step in steps} == {(0.0, 0)}


def test_a_frozen_counter_that_wakes_cannot_add_more_than_the_time_allows():
    step = feed(counter(), (0.0, 0), (10.0, 0), (10.02, 900_000_000))[2]
    assert (step.energy_j, step.epoch) == (0, 1)


def test_a_clock_that_goes_back_is_a_break():
    steps = feed(counter(), (5.0, 0), (4.0, 10), (5.0, 1_000_010))
    assert steps[1].broken == "the clock went back"
    assert steps[2].energy_j == pytest.approx(1.0)


def test_updates_that_come_in_bursts_are_believed():
    step = feed(counter(refresh_s=0.1), (0.0, 0), (0.001, 10_000_000))[1]
    assert step.energy_j == pytest.approx(10.0)
