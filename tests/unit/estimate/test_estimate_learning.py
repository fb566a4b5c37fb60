"""What probes teach: shrunk towards 1, family by family, with ranges that tighten and do not lie."""

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.estimate import learning
from advisor.estimate.learning import Lesson


def lessons(*ratios, family="int4", phase="token"):
    return [Lesson(family=family, phase=phase, log_ratio=math.log(ratio)) for ratio in ratios]


def ratio(found, family="int4", phase="token"):
    return learning.of(found, family, phase)[0]


def test_nothing_learned_changes_nothing():
    found = learning.learn([], num_probes=0)
    assert ratio(found) == 1.0
    assert found.typical_error_share is None


def test_one_probe_moves_half_way_or_so_and_ten_nearly_all_the_way():
    one, ten = (ratio(learning.learn(lessons(*count * [1.5]), num_probes=count)) for count in (1, 10))
    assert 1.2 < one < 1.45
    assert 1.45 < ten < 1.5


def test_another_family_learns_a_part():
    found = learning.learn(lessons(1.5, 1.5, 1.5), num_probes=3)
    assert 1.0 < ratio(found, "fp32", "reader") < ratio(found)


def test_families_are_told_apart():
    found = learning.learn([*lessons(*5 * [1.3]), *lessons(*5 * [0.8], family="fp32", phase="reader")], num_probes=10)
    assert ratio(found) > 1.2
    assert ratio(found, "fp32", "reader") < 0.87


def test_probes_that_agree_tighten_the_range_and_probes_that_do_not_widen_it():
    before = learning.of(learning.learn([], num_probes=0), "int4", "token")[1]
    agreeing = learning.of(learning.learn(lessons(*6 * [1.1]), num_probes=6), "int4", "token")[1]
    scattered = learning.of(learning.learn(lessons(0.6, 1.7, 0.55, 1.8), num_probes=4), "int4", "token")[1]
    assert agreeing < before < scattered


def test_the_typical_error_is_of_estimates_made_without_the_probe_they_are_held_against():
    found = learning.learn(lessons(2.0, 2.0), num_probes=2)
    assert found.typical_error_share > 0.15  # one probe alone predicts the other with a shrunk factor
    assert learning.learn(lessons(2.0), num_probes=1).typical_error_share is None


@given(st.lists(st.floats(0.2, 5.0), min_size=1, max_size=12))
def test_a_correction_lies_between_one_and_what_was_seen(ratios):
    found = ratio(learning.learn(lessons(*ratios), num_probes=len(ratios)))
    middle = math.exp(statistics.fmean(map(math.log, ratios)))
    assert min(1.0, middle) - 1e-9 <= found <= max(1.0, middle) + 1e-9


@pytest.mark.parametrize("count", [1, 3, 8])
def test_ranges_hold_nine_in_ten_of_what_comes_next(count):
    generator, held, trials = random.Random(count), 0, 3000
    for _ in range(trials):
        common = generator.gauss(0, math.sqrt(0.5) * learning.PRIOR_SPREAD)
        own = common + generator.gauss(0, math.sqrt(0.5) * learning.PRIOR_SPREAD)
        seen = [Lesson(family="int4", phase="token", log_ratio=generator.gauss(own, learning.LESSON_SPREAD))
                for _ in range(count)]  # fmt: skip
        factor, k = learning.of(learning.learn(seen, num_probes=count), "int4", "token")
        held += abs(generator.gauss(own, learning.LESSON_SPREAD) - math.log(factor)) <= math.log(k)
    assert 0.85 < held / trials < 0.98
