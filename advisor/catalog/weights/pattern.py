"""Counts the zeros of one matrix as its rows come by, and says what they have in common.

A pattern is looked for only while it can still hold: most tensors have no zeros, and cost one count.
"""

from collections.abc import Iterator

import numpy as np
from typing_extensions import override

from advisor.catalog.weights.model import Pattern
from advisor.catalog.weights.zeros import Bytes, Mask

BLOCK_ROWS = 16
"""[1] Rows come in multiples of it, so that no block of zeros is cut in two."""
_EXPLAINED_SHARE = 0.99
"""[1] Of all zeros: a pattern that holds so many is the reason for them."""
_LEAST_SHARE = 0.01
"""[1] Of zeros in a piece, below which blocks are not looked for: chance alone makes none."""
_FOUR_ZEROS = 0x01010101
_ADD_FOUR = 0x01010101
_TOP_BYTE = 24


class Tally:
    """The zeros of one matrix."""

    def __init__(self, num_rows: int, num_columns: int) -> None:
        """Begin at the first row.

        Args:
            num_rows: outputs.
            num_columns: inputs.
        """
        self._num_rows, self._num_columns = num_rows, num_columns
        self._at = 0
        self.num_zeros = 0
        self._zero_rows = np.zeros(num_rows, dtype=np.bool_)
        self._zero_columns = np.ones(num_columns, dtype=np.bool_)
        self._in_blocks = dict.fromkeys(("1x4", "4x4", "16x16"), 0)
        fours = num_columns % 4 == 0 and num_columns > 0
        self._is_two_of_four = fours
        self._is_two_of_four_down = num_rows % 4 == 0 and num_rows > 0
        self._has_blocks = fours

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self._num_rows, self._num_columns

    def steps(self, most_elements: int, multiple: int) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield the pieces to be added: the first number, rows and columns.

        Args:
            most_elements: in a piece, if sixteen rows are not more.
            multiple: a piece of a row begins at a multiple of it.
        """
        del multiple  # whole rows are whole blocks
        step = max(BLOCK_ROWS, most_elements // max(1, self._num_columns) // BLOCK_ROWS * BLOCK_ROWS)
        for first in range(0, self._num_rows, step):
            yield first * self._num_columns, (min(step, self._num_rows - first), self._num_columns)

    def add(self, mask: Mask) -> None:
        """Take the next rows.

        Args:
            mask: (rows, columns), true where a number is zero; a multiple of 16 rows but for the last.
        """
        rows = mask.shape[0]
        count = int(np.count_nonzero(mask))
        at, self._at = self._at, self._at + rows
        self.num_zeros += count
        if not count:
            self._zero_columns[:] = False
            self._is_two_of_four = self._is_two_of_four_down = False
            return
        if count == mask.size:
            self._zero_rows[at : at + rows] = True
        else:
            self._zero_rows[at : at + rows] = mask.all(axis=1)
            self._zero_columns &= mask.all(axis=0)
        self._look_for_two_of_four(mask, count)
        if self._has_blocks and count >= _LEAST_SHARE * mask.size:
            self._count_blocks(mask)

    def pattern(self, num_heads: int = 0) -> Pattern:
        """Return what the zeros have in common.

        Args:
            num_heads: attention heads in the rows, 0 for none.
        """
        if not self.num_zeros:
            return "none"
        if self.num_zeros == self._num_rows * self._num_columns:
            return "all"
        enough = _EXPLAINED_SHARE * self.num_zeros
        found: list[tuple[Pattern, bool]] = [
            ("heads", self.num_zero_heads(num_heads) * self._head_size(num_heads) * self._num_columns >= enough),
            ("rows", self.num_zero_rows() * self._num_columns >= enough),
            ("columns", self.num_zero_columns() * self._num_rows >= enough),
            ("rows", self.num_removable() >= enough),
            ("16x16", self._in_blocks["16x16"] >= enough),
            ("4x4", self._in_blocks["4x4"] >= enough),
            ("1x4", self._in_blocks["1x4"] >= enough),
            ("2:4", self._is_two_of_four or self._is_two_of_four_down),
        ]
        return next((name for name, holds in found if holds), "scattered")

    def num_zero_rows(self) -> int:
        """Return the rows without another number than zero."""
        return int(np.count_nonzero(self._zero_rows))

    def num_zero_columns(self) -> int:
        """Return the columns without another number than zero."""
        return int(np.count_nonzero(self._zero_columns))

    def num_zero_heads(self, num_heads: int) -> int:
        """Return the attention heads of which all rows are zero."""
        size = self._head_size(num_heads)
        return int(np.count_nonzero(self._zero_rows.reshape(num_heads, size).all(axis=1))) if size else 0

    def num_removable(self) -> int:
        """Return the numbers in whole zero rows and columns."""
        rows, columns = self.num_zero_rows(), self.num_zero_columns()
        return rows * self._num_columns + columns * (self._num_rows - rows)

    def _head_size(self, num_heads: int) -> int:
        return self._num_rows // num_heads if num_heads and self._num_rows % num_heads == 0 else 0

    def _look_for_two_of_four(self, mask: Mask, count: int) -> None:
        if 2 * count < mask.size:
            self._is_two_of_four = self._is_two_of_four_down = False
        if self._is_two_of_four:
            sums = _fours(mask) * np.uint32(_ADD_FOUR) >> np.uint32(_TOP_BYTE)
            self._is_two_of_four = bool((sums >= 2).all())
        if self._is_two_of_four_down:
            sums_down = mask.reshape(-1, 4, mask.shape[1]).sum(axis=1, dtype=np.uint8)
            self._is_two_of_four_down = bool((sums_down >= 2).all())

    def _count_blocks(self, mask: Mask) -> None:
        fours = _fours(mask) == _FOUR_ZEROS
        self._in_blocks["1x4"] += 4 * int(np.count_nonzero(fours))
        rows, columns = fours.shape
        squares = fours[: rows // 4 * 4].reshape(rows // 4, 4, columns).all(axis=1)
        self._in_blocks["4x4"] += 16 * int(np.count_nonzero(squares))
        rows, columns = squares.shape
        large = squares[: rows // 4 * 4, : columns // 4 * 4].reshape(rows // 4, 4, columns // 4, 4).all(axis=(1, 3))
        self._in_blocks["16x16"] += 256 * int(np.count_nonzero(large))


class Loose(Tally):
    """Zeros that are only counted: of a vector, or of rows too long to be held sixteen at a time."""

    def __init__(self, num_rows: int, num_columns: int) -> None:
        """Begin at the first number."""
        super().__init__(0, 0)
        self._num_rows, self._num_columns = num_rows, num_columns

    @override
    def steps(self, most_elements: int, multiple: int) -> Iterator[tuple[int, tuple[int, int]]]:
        total = self._num_rows * self._num_columns
        step = max(multiple, most_elements // multiple * multiple)
        for first in range(0, total, step):
            yield first, (1, min(step, total - first))

    @override
    def add(self, mask: Mask) -> None:
        self.num_zeros += int(np.count_nonzero(mask))

    @override
    def pattern(self, num_heads: int = 0) -> Pattern:
        if not self.num_zeros:
            return "none"
        return "all" if self.num_zeros == self._num_rows * self._num_columns else "scattered"

    @override
    def num_zero_rows(self) -> int:
        return 0

    @override
    def num_zero_columns(self) -> int:
        return 0

    @override
    def num_zero_heads(self, num_heads: int) -> int:
        return 0


def _fours(mask: Mask) -> "np.ndarray[tuple[int, int], np.dtype[np.uint32]]":
    """Return four neighbours of a row as one number of four bytes."""
    raw: Bytes = np.ascontiguousarray(mask).view(np.uint8)
    return raw.view(np.uint32)
