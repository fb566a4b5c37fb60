"""Which of two takes less energy: only where the interval of the paired ratio says so."""

import random

import pytest

from advisor.energy import compare


def test_turns_go_to_and_fro():
    assert compare.order("AB", 4) == tuple("ABBAABBA")
    assert compare.order("ABC", 2) == tuple("ABCCBA")


def test_a_clear_difference_is_ranked():
    found = compare.paired([2.0, 2.1, 1.9, 2.0], [3.0, 3.1, 2.9, 3.0], "measured-synthetic")
    assert found.finding == "less"
    assert found.ratio.value == pytest.approx(2 / 3, abs=0.01)
    assert found.ratio.low < found.ratio.value < found.ratio.high < 1
    assert compare.paired([3.0, 3.1, 2.9, 3.0], [2.0, 2.1, 1.9, 2.0], "measured").finding == "more"


def test_what_the_scatter_hides_is_no_measurable_difference():
    found = compare.paired([2.0, 3.0, 2.5, 2.9], [2.4, 2.6, 2.7, 2.2], "measured-synthetic")
    assert found.finding == "no-difference"
    assert found.ratio.low < 1 < found.ratio.high


def test_a_scale_error_of_the_meter_changes_nothing():
    first, second = [2.0, 2.1, 1.9], [3.0, 3.1, 2.9]
    plain = compare.paired(first, second, "measured")
    scaled = compare.paired([1.3 * a for a in first], [1.3 * b for b in second], "measured")
    assert scaled.ratio.low == pytest.approx(plain.ratio.low)


def test_pairs_with_a_lost_side_are_left_out_and_too_few_say_nothing():
    found = compare.paired([2.0, None, 2.0, 2.1], [3.0, 3.0, None, 3.1], "measured")
    assert (found.num_pairs, found.num_left_out, found.finding) == (2, 2, "too-few")
    assert compare.paired([None], [1.0], "measured").ratio.value is None
    with pytest.raises(ValueError, match="both sides"):
        compare.paired([1.0], [1.0, 2.0], "measured")


def test_equal_candidates_are_told_apart_by_chance_once_in_twenty():
    random.seed(7)
    wrong = sum(
        compare.paired([random.gauss(3, 0.15) for _ in range(5)], [random.gauss(3, 0.15) for _ in range(5)], "measured")
        .finding != "no-difference"
        for _ in range(2000)
    )  # fmt: skip
    assert 0.03 <= wrong / 2000 <= 0.07
