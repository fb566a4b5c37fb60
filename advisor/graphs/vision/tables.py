"""Constants that exporters work out from the length of the text: masks, places, distances. By name, see `KINDS`."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def truth(*shape: int) -> NDArray[np.bool_]:
    """Return all true: tokens may look everywhere before padding is taken out."""
    return np.ones(shape, np.bool_)


def band(num_tokens: int, reach: int) -> NDArray[np.bool_]:
    """Return which tokens a local layer lets each token see. Shape (1, 1, tokens, tokens).

    Args:
        num_tokens: length of the text.
        reach: [tokens] Farthest distance that is seen, on both sides.
    """
    near = np.tri(num_tokens, num_tokens, reach, dtype=np.bool_)
    near &= ~np.tri(num_tokens, num_tokens, -reach - 1, dtype=np.bool_)
    return near[None, None]


def places(num_batch: int, num_tokens: int) -> NDArray[np.int64]:
    """Return text and place of every entry of a mask of tokens. Shape (batch, 1, 1, tokens, 2)."""
    rows, columns = np.meshgrid(np.arange(num_batch), np.arange(num_tokens), indexing="ij")
    return np.stack([rows, columns], axis=-1).astype(np.int64)[:, None, None]


def buckets(num_tokens: int, num_buckets: int, num_positions: int, sign: int) -> NDArray[np.int64]:
    """Return which row of the table of distances each pair of tokens reads. Shape (1, tokens, tokens).

    Near distances have a row each; of far ones the logarithm decides.

    Args:
        num_tokens: length of the text.
        num_buckets: rows for each direction.
        num_positions: [tokens] Distance that falls into the last row.
        sign: 1 for what a token asks of others, -1 for what others ask of it.

    Source:
        transformers, `make_log_bucket_position` and `disentangled_attention_bias` of `modeling_deberta_v2.py`.
    """
    steps = np.arange(num_tokens)
    apart, middle = steps[:, None] - steps[None, :], num_buckets // 2
    size = np.where(np.abs(apart) < middle, middle - 1, np.abs(apart))
    spread = np.log((num_positions - 1) / middle)
    far = np.ceil(np.log(size / middle) / spread * (middle - 1)) + middle
    row = np.where(size <= middle, apart, far * np.sign(apart))
    found: NDArray[np.int64] = np.clip(sign * row + num_buckets, 0, 2 * num_buckets - 1).astype(np.int64)[None]
    return found


def distances(num_tokens: int) -> NDArray[np.float32]:
    """Return minus how far tokens are apart. Shape (1, 1, tokens, tokens)."""
    steps = np.arange(num_tokens, dtype=np.float32)
    found: NDArray[np.float32] = -np.abs(steps[:, None] - steps[None, :])[None, None]
    return found


KINDS: dict[str, Callable[..., NDArray[Any]]] = {
    "truth": truth,
    "band": band,
    "places": places,
    "buckets": buckets,
    "distances": distances,
}
"""The word before the colon of a constant's name -> what makes it from the whole numbers after it."""
