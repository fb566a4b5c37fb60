"""Which candidates no other candidate beats on every axis at once."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def front(costs: FloatArray) -> BoolArray:
    """Return which rows are on the Pareto front.

    A row is off the front when another is at least as good on every axis and better on one. Equal rows are on it
    together. A row with an unknown cost (NaN) is never on it and beats no one.

    Args:
        costs: shape (rows, axes), less is better on each axis.

    Returns:
        Shape (rows,).
    """
    on_front = np.zeros(len(costs), dtype=np.bool_)
    known = np.flatnonzero(~np.isnan(costs).any(axis=1))
    # Rows with a small sum beat many others: taken first, they empty the field quickly.
    left = known[np.argsort(_ranks(costs[known]).sum(axis=1), kind="stable")]
    while left.size:
        best = costs[left[0]]
        rest = costs[left]
        on_front[left[(rest == best).all(axis=1)]] = True
        left = left[(rest < best).any(axis=1)]
    return on_front


def _ranks(costs: FloatArray) -> FloatArray:
    """Return each value's dense rank on its axis, so that axes of different size weigh alike in the sum."""
    columns = [np.unique(costs[:, axis], return_inverse=True)[1] for axis in range(costs.shape[1])]
    return np.column_stack(columns).astype(np.float64) if columns else np.zeros_like(costs)


def fronts(quality_share: FloatArray, costs: FloatArray, scale: IntArray, eligible: BoolArray) -> BoolArray:
    """Return which rows are on the front of their own quality scale.

    Places on different scales are never compared, so each scale has its own front. Rows without a place join a front
    only where no row on the same side has one; see `scale`.

    Args:
        quality_share: [1] place on the scale, more is better; NaN where unknown. Shape (rows,).
        costs: energy, time and memory, less is better; NaN where unknown. Shape (rows, axes).
        scale: number of the scale a row's place is on; rows without a place carry a number of their own group, or a
            negative one to be left out. Shape (rows,).
        eligible: rows that meet the hard needs. Shape (rows,).
    """
    on_front = np.zeros(len(scale), dtype=np.bool_)
    usable = eligible & (scale >= 0)
    filled = np.where(np.isnan(quality_share), 0.0, -quality_share)
    axes = np.column_stack([filled, costs])
    for number in np.unique(scale[usable]):
        rows = np.flatnonzero(usable & (scale == number))
        on_front[rows] = front(_without_blank_axes(axes[rows]))
    return on_front


def _without_blank_axes(axes: FloatArray) -> FloatArray:
    """Drop an axis that is unknown for every row: without a power model there is still time and memory."""
    blank = np.isnan(axes).all(axis=0)
    return axes[:, ~blank]
