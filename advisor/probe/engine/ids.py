"""Where token numbers come from: drawn below the vocabulary's size, or those of real texts."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from advisor.probe.real_inputs import RealInputs

_NUM_IDS = 4096
Ids = NDArray[np.int64]


class IdSource(Protocol):
    """Gives other token numbers each time."""

    def take(self, num_rows: int, num_tokens: int) -> Ids:
        """Return token numbers. Shape (rows, tokens)."""


class DrawnIds:
    """Drawn once, used round and round."""

    def __init__(self, vocab_size: int) -> None:
        self._ids = np.random.default_rng(0).integers(0, vocab_size, _NUM_IDS, dtype=np.int64)
        self._next = 0

    def take(self, num_rows: int, num_tokens: int) -> Ids:
        """Return token numbers. Shape (rows, tokens)."""
        count = num_rows * num_tokens
        # The remainder is taken here: `np.take(mode="wrap")` subtracts turn by turn, ever slower as the count grows.
        taken = self._ids[np.arange(self._next, self._next + count) % _NUM_IDS]
        self._next = (self._next + count) % _NUM_IDS
        return taken.reshape(num_rows, num_tokens)


class TextIds:
    """Of real texts: prompts from their beginning by turns, single tokens from a text of their own, in order."""

    def __init__(self, real: RealInputs) -> None:
        self._prompts = [np.asarray(ids, np.int64) for ids in real.prompt_ids]
        self._written = np.asarray(real.written_ids or real.prompt_ids[0], np.int64)
        self._turn = self._next = 0

    def take(self, num_rows: int, num_tokens: int) -> Ids:
        """Return token numbers. Shape (rows, tokens)."""
        if num_tokens == 1:
            token = self._written[self._next]
            self._next = (self._next + 1) % len(self._written)
            return np.full((num_rows, 1), token, np.int64)
        rows = [self._prompts[(self._turn + row) % len(self._prompts)][:num_tokens] for row in range(num_rows)]
        self._turn = (self._turn + num_rows) % len(self._prompts)
        return np.stack(rows)
