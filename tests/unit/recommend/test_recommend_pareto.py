"""The Pareto front against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.recommend.pareto import front, fronts

value = st.one_of(st.integers(0, 4).map(float), st.floats(0, 10, allow_nan=False), st.just(float("nan")))
table = st.integers(1, 4).flatmap(lambda axes: st.lists(st.lists(value, min_size=axes, max_size=axes), max_size=25))


def brute_force(rows):
    def beats(a, b):
        return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))

    known = [row for row in rows if not any(np.isnan(row))]
    return [not any(np.isnan(row)) and not any(beats(other, row) for other in known) for row in rows]


@given(table)
def test_the_front_is_that_of_brute_force(rows):
    costs = np.array(rows, dtype=float).reshape(len(rows), len(rows[0]) if rows else 2)
    assert front(costs).tolist() == brute_force(rows)


def test_equal_rows_are_on_the_front_together():
    assert front(np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 2.0]])).tolist() == [True, True, False]


def test_scales_are_never_compared():
    quality = np.array([0.9, 0.1, 0.5, 0.4])
    costs = np.array([[1.0], [2.0], [3.0], [4.0]])
    scale = np.array([0, 0, 1, 1])
    assert fronts(quality, costs, scale, np.ones(4, bool)).tolist() == [True, False, True, False]
    together = fronts(quality, costs, np.zeros(4, int), np.ones(4, bool)).tolist()
    assert together == [True, False, False, False]


def test_rejected_rows_neither_join_nor_beat():
    quality = np.array([0.9, 0.5])
    costs = np.array([[1.0], [2.0]])
    assert fronts(quality, costs, np.zeros(2, int), np.array([False, True])).tolist() == [False, True]


def test_a_negative_scale_is_left_out():
    assert fronts(np.array([np.nan]), np.array([[1.0]]), np.array([-1]), np.ones(1, bool)).tolist() == [False]


def test_an_axis_nobody_knows_does_not_empty_the_front():
    quality = np.array([0.5, 0.5])
    costs = np.array([[np.nan, 1.0], [np.nan, 2.0]])
    assert fronts(quality, costs, np.zeros(2, int), np.ones(2, bool)).tolist() == [True, False]


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_tables(count):
    assert front(np.ones((count, 3))).tolist() == [True] * count
