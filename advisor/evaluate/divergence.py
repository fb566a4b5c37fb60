"""How far a compressed model's answers are from those of the original on the same text. Pure numpy, no model.

All logarithms are natural: divergences are in nats. Averages over texts and their intervals are in `interval`.
"""

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROWS_BYTES = 32 * 1024**2
"""[B] Of probabilities held at once: the rows of a long text are compared in parts."""


class TokenLosses(msgspec.Struct, frozen=True, kw_only=True):
    """Two models on one text, a value for each place where a token is predicted."""

    divergence_nats: Floats
    """KL(reference || compressed) of the distributions of the next token."""
    agrees: NDArray[np.bool_]
    """The most likely token is the same."""
    reference_loss_nats: Floats
    """Minus the logarithm of the probability that the reference gave to the token that came; empty without tokens."""
    loss_nats: Floats


def log_softmax(scores: NDArray[Any]) -> Floats:
    """Return natural logarithms of the probabilities of scores, along the last axis."""
    wide = np.asarray(scores, np.float64)
    shifted = wide - wide.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def compare(
    reference: NDArray[Any], compressed: NDArray[Any], targets: NDArray[np.int64] | None = None
) -> TokenLosses:  # fmt: skip
    """Return how far the compressed model's distributions are from the reference's.

    Args:
        reference: scores or logarithms of probabilities, shape (places, vocabulary).
        compressed: the same of the other model.
        targets: the token that came at each place, shape (places,); none where nothing is predicted.

    Returns:
        KL(P || Q) = sum over the vocabulary of p (log p - log q), at each place.

    Raises:
        ValueError: the shapes differ.

    Source:
        Kullback and Leibler, 1951, "On information and sufficiency", Ann. Math. Stat. 22. Of a quantized language
        model against itself, with the share of equal first choices: llama.cpp, tools/perplexity, `--kl-divergence`.
    """
    if reference.shape != compressed.shape or reference.ndim != 2:
        raise ValueError(f"scores of {reference.shape} and {compressed.shape} cannot be compared")
    step = max(1, _ROWS_BYTES // (4 * max(1, reference.shape[1])))
    parts = []
    for at in range(0, len(reference), step):
        came = None if targets is None else targets[at : at + step]
        parts.append(_compare(reference[at : at + step], compressed[at : at + step], came))
    empty = np.empty(0)
    return TokenLosses(
        divergence_nats=np.concatenate([part.divergence_nats for part in parts] or [empty]),
        agrees=np.concatenate([part.agrees for part in parts] or [empty.astype(np.bool_)]),
        reference_loss_nats=np.concatenate([part.reference_loss_nats for part in parts] or [empty]),
        loss_nats=np.concatenate([part.loss_nats for part in parts] or [empty]),
    )


def _compare(reference: NDArray[Any], compressed: NDArray[Any], targets: NDArray[np.int64] | None) -> TokenLosses:
    """Compare some rows. Probabilities are float32, sums are float64: twice as quick, and exact to about 1e-6 nats."""
    first, second = _shifted(reference), _shifted(compressed)
    agrees = first.argmax(axis=1) == second.argmax(axis=1)
    probabilities, others = np.exp(first), np.exp(second)
    sums = [np.sum(item, axis=1, dtype=np.float64) for item in (probabilities, others)]
    # sum p (log p - log q) = sum p (a - b) / sum of exp a - (log sum exp a - log sum exp b), a and b being the scores.
    # What the reference rules out (a = -inf) costs nothing, whatever the other thinks of it.
    with np.errstate(invalid="ignore"):
        terms = np.where(probabilities > 0, probabilities * (first - second), 0.0)
    logs = [np.log(item) for item in sums]
    divergence = np.sum(terms, axis=1, dtype=np.float64) / sums[0] - (logs[0] - logs[1])
    places = np.arange(len(first))
    losses = [
        np.empty(0) if targets is None else np.asarray(log - side[places, targets], np.float64)
        for side, log in zip((first, second), logs, strict=True)
    ]
    return TokenLosses(
        # Never negative but for rounding (Gibbs' inequality).
        divergence_nats=np.maximum(divergence, 0.0), agrees=agrees,
        reference_loss_nats=losses[0], loss_nats=losses[1],
    )  # fmt: skip


def _shifted(scores: NDArray[Any]) -> NDArray[np.float32]:
    narrow = np.asarray(scores, np.float32)
    return np.asarray(narrow - narrow.max(axis=1, keepdims=True))


def perplexity_ratio(mean_loss_nats: float, reference_mean_loss_nats: float) -> float:
    """Return the compressed model's perplexity over the reference's: exp of the difference of mean losses per token.

    1 is no loss; 1.1: the compressed model is as unsure as among 1.1 times as many tokens.

    Source:
        Jelinek, Mercer, Bahl, Baker, 1977, "Perplexity: a measure of the difficulty of speech recognition tasks".
    """
    return math.exp(mean_loss_nats - reference_mean_loss_nats)


def bits(nats: float) -> float:
    """Return bits of nats. Bits per byte or per character of text do not depend on how it is cut into tokens."""
    return nats / math.log(2)


def cosines(reference: NDArray[Any], compressed: NDArray[Any]) -> Floats:
    """Return the cosine between the two models' vectors of each text; 0 where one of them is 0.

    Args:
        reference: shape (texts, d).
        compressed: the same of the other model.
    """
    first, second = _unit(reference), _unit(compressed)
    return np.asarray(np.clip((first * second).sum(axis=1), -1.0, 1.0))


def nearest(vectors: NDArray[Any], among: NDArray[Any], *, not_itself: bool = False) -> NDArray[np.int64]:
    """Return for each vector the place of the one that is most alike by cosine.

    Args:
        vectors: shape (texts, d).
        among: shape (others, d).
        not_itself: vector i must not find the other i: they are the same texts.
    """
    likeness = _unit(vectors) @ _unit(among).T
    if not_itself:
        np.fill_diagonal(likeness, -np.inf)
    return np.asarray(likeness.argmax(axis=1), np.int64)


def translation_ranks(vectors: NDArray[Any], among: NDArray[Any]) -> NDArray[np.int64]:
    """Return the place, from 1, at which each text's translation is found when all are ordered by likeness.

    Args:
        vectors: of the texts, shape (texts, d).
        among: of their translations in the same order.
    """
    likeness = _unit(vectors) @ _unit(among).T
    own = np.diag(likeness)[:, None]
    return np.asarray((likeness > own).sum(axis=1) + 1, np.int64)


def _unit(vectors: NDArray[Any]) -> Floats:
    wide = np.asarray(vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0))
