"""Divergence, agreement, perplexity, cosine, neighbours: against values worked by hand and against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from advisor.evaluate import divergence, interval

SCORES = arrays.arrays(np.float32, (3, 5), elements=st.floats(-30, 30, width=32))


def brute_force(first, second):
    found = []
    for one, two in zip(first.astype(np.float64), second.astype(np.float64), strict=True):
        p = [math.exp(x - max(one)) for x in one]
        q = [math.exp(x - max(two)) for x in two]
        p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
        found.append(sum(x * (math.log(x) - math.log(y)) for x, y in zip(p, q, strict=True) if x > 0 and y > 0))
    return found


def test_a_divergence_worked_by_hand():
    # P = (1/2, 1/2), Q = (1/4, 3/4): KL = 1/2 ln 2 + 1/2 ln 2/3 = ln 2 - 1/2 ln 3.
    p, q = np.log([[0.5, 0.5]]), np.log([[0.25, 0.75]])
    found = divergence.compare(p, q, np.array([0]))
    assert found.divergence_nats == pytest.approx([math.log(2) - 0.5 * math.log(3)], abs=1e-7)
    assert found.reference_loss_nats == pytest.approx([math.log(2)], abs=1e-7)
    assert found.loss_nats == pytest.approx([math.log(4)], abs=1e-7)
    # The other way round it is another number: 1/4 ln 1/2 + 3/4 ln 3/2.
    back = divergence.compare(q, p).divergence_nats
    assert back == pytest.approx([0.25 * math.log(0.5) + 0.75 * math.log(1.5)], abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(SCORES, SCORES)
def test_a_divergence_equals_brute_force_and_is_never_negative(first, second):
    found = divergence.compare(first, second).divergence_nats
    assert found == pytest.approx(brute_force(first, second), abs=2e-5, rel=2e-6)
    assert (found >= 0).all()


@settings(max_examples=30, deadline=None)
@given(SCORES, st.floats(-50, 50))
def test_a_model_against_itself_loses_nothing_whatever_is_added_to_all_scores(scores, constant):
    same = divergence.compare(scores, scores)
    assert (same.divergence_nats == 0).all()
    assert same.agrees.all()
    assert divergence.compare(scores, scores.astype(np.float64) + constant).divergence_nats == pytest.approx(
        0, abs=1e-4
    )


def test_a_long_text_is_compared_in_parts_with_the_same_result(monkeypatch):
    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, 50, 40)).astype(np.float32)
    targets = random.integers(0, 40, 50)
    whole = divergence.compare(first, second, targets)
    monkeypatch.setattr(divergence, "_ROWS_BYTES", 4 * 40 * 7)
    parts = divergence.compare(first, second, targets)
    assert np.array_equal(whole.divergence_nats, parts.divergence_nats)
    assert np.array_equal(whole.agrees, parts.agrees)
    assert np.array_equal(whole.loss_nats, parts.loss_nats)
    assert len(parts.loss_nats) == 50


def test_what_the_reference_rules_out_costs_nothing():
    reference, other = np.array([[0.0, -np.inf]]), np.array([[0.0, 0.0]])
    assert divergence.compare(reference, other).divergence_nats == pytest.approx([math.log(2)], abs=1e-7)


def test_answers_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        divergence.compare(np.zeros((2, 3)), np.zeros((2, 4)))


def test_perplexity_and_bits_worked_by_hand():
    assert divergence.perplexity_ratio(math.log(6), math.log(3)) == pytest.approx(2)
    assert divergence.bits(math.log(8)) == pytest.approx(3)


def test_cosines_and_neighbours_worked_by_hand():
    one, two = np.array([[1.0, 0], [3, 4], [0, 0]]), np.array([[0.0, 2], [6, 8], [1, 0]])
    assert divergence.cosines(one, two) == pytest.approx([0, 1, 0])
    vectors = np.array([[1.0, 0.1], [0.1, 1], [1, 0]])
    assert divergence.nearest(vectors, vectors).tolist() == [0, 1, 2]
    assert divergence.nearest(vectors, vectors, not_itself=True).tolist() == [2, 0, 0]
    assert divergence.translation_ranks(vectors, vectors[::-1]).tolist() == [2, 1, 2]


@pytest.mark.parametrize(
    ("confidence", "freedom", "published"),
    [(0.95, 1, 12.706), (0.95, 9, 2.262), (0.9, 4, 2.132), (0.99, 9, 3.250), (0.999, 20, 3.850), (0.95, 120, 1.980)],
)
def test_students_t_equals_published_tables(confidence, freedom, published):
    assert interval.student_t(confidence, freedom) == pytest.approx(published, abs=6e-4)


def test_a_mean_per_text_has_the_textbook_interval():
    found = interval.ratio(np.array([1.0, 2, 3, 4]), np.ones(4))
    half = 3.182 * math.sqrt(5 / 3) / 2
    assert (found.value, found.low, found.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half), abs=1e-3)


def test_a_ratio_weighs_texts_by_their_length_and_two_texts_have_no_interval():
    found = interval.ratio(np.array([2.0, 30]), np.array([1.0, 9]))
    assert found.value == pytest.approx(3.2)
    assert found.low is found.high is None


def test_intervals_of_ratios_hold_as_often_as_they_say():
    random = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        lengths = random.integers(10, 30, 10).astype(float)
        found = interval.ratio(random.gamma(4, 0.05, 10) * lengths, lengths)
        held += found.low <= 0.2 <= found.high
    assert 0.91 <= held / 1000 <= 0.97  # 0.95, less what a skewed loss takes off with ten texts


def test_a_language_is_held_against_the_average_text_by_text():
    lengths = np.array([1.0, 2, 3, 4, 8])  # what is long is long in every language
    ratios = interval.against_average(np.outer([1.0, 1, 1, 1, 2], lengths))
    assert [item.value for item in ratios] == pytest.approx([5 / 6] * 4 + [10 / 6])
    assert ratios[4].low == pytest.approx(10 / 6)  # nothing is left to chance
    assert interval.against_average(np.zeros((5, 4))) is None


def test_intervals_against_the_average_are_made_for_their_part_of_the_doubt():
    losses = np.random.default_rng(2).gamma(3, 1, size=(5, 6))
    whole = interval.against_average(losses)[0]
    alone = interval.ratio(losses[0], losses.mean(axis=0))
    wider = interval.student_t(1 - 0.05 / 5, 5) / interval.student_t(0.95, 5)
    assert (whole.high - whole.value) / (alone.high - alone.value) == pytest.approx(wider)
    assert wider > 1.5
