"""How far a converted model's answers are from the original's, and whether that is near enough to accept it.

The limits tell a broken conversion from a working one; what compression costs in quality is measured elsewhere, on more
text. A wrong weight matrix brings a cosine near 0 or a divergence of several nats.
"""

import math
from typing import Any, Literal

import msgspec

from advisor.errors import InvalidModelError
from advisor.runnable.provenance import NumericCheck

Meaning = Literal["scores", "vector"]
"""`scores`: logits over words or labels. `vector`: states or embeddings."""
Array = Any
"""Of numpy, which is imported in the child alone."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a format."""

    max_error_ratio: float | None = None
    """[1] Largest error over the root mean square of PyTorch's values."""
    least_cosine_ratio: float
    """[1] Mean cosine of the outputs."""
    max_divergence_ratio: float | None = None
    """[nat] Mean KL divergence of the scores."""

    def words(self) -> str:
        """Return the limit as a sentence's part."""
        parts = [f"mean cosine at least {self.least_cosine_ratio:g}"]
        if self.max_error_ratio is not None:
            parts.insert(0, f"largest error at most {self.max_error_ratio:g} of the outputs' root mean square")
        if self.max_divergence_ratio is not None:
            parts.append(f"mean divergence at most {self.max_divergence_ratio:g} nats")
        return ", ".join(parts)


LIMITS = {
    "onnx-fp32": Limit(max_error_ratio=0.02, least_cosine_ratio=0.9999, max_divergence_ratio=0.001),
    "onnx-int8": Limit(least_cosine_ratio=0.98, max_divergence_ratio=0.1),
    "onnx-int8-dynamic": Limit(least_cosine_ratio=0.8, max_divergence_ratio=2.0),
    "onnx-int4-b32": Limit(least_cosine_ratio=0.85, max_divergence_ratio=1.5),
    "onnx-int4-b128": Limit(least_cosine_ratio=0.8, max_divergence_ratio=2.0),
}
"""By format. On the test models fp32 errs by about 1e-5 of the outputs, int4 in blocks of 32 by 0.1 to 0.3 nats."""


class Comparison:
    """Collects pairs of outputs, one input after the other, and keeps sums only."""

    def __init__(self, meaning: Meaning) -> None:
        """Start with nothing."""
        self.meaning = meaning
        self._num_inputs = self._num_values = self._num_rows = 0
        self._max = self._sum_error = self._sum_square = 0.0
        self._sum_cosine = self._sum_kl = 0.0
        self._num_same = 0

    def add(self, expected: Array, found: Array) -> None:
        """Take the outputs for one input.

        Args:
            expected: PyTorch's, (..., n).
            found: the converted model's.

        Raises:
            InvalidModelError: `conversion-wrong`; another shape, or numbers that are none.
        """
        import numpy as np

        if expected.shape != found.shape:
            raise _wrong(f"its output has the shape {tuple(found.shape)}, the original's {tuple(expected.shape)}")
        if not np.isfinite(found).all():
            raise _wrong("its output holds infinite numbers or none at all")
        right = expected.reshape(-1, expected.shape[-1]).astype(np.float64)
        got = found.reshape(right.shape).astype(np.float64)
        errors = np.abs(got - right)
        self._num_inputs += 1
        self._num_rows += len(right)
        self._num_values += right.size
        self._max = max(self._max, float(errors.max()))
        self._sum_error += float(errors.sum())
        self._sum_square += float((right**2).sum())
        self._sum_cosine += float(_cosines(right, got, centred=self.meaning == "scores").sum())
        if self.meaning == "scores":
            self._num_same += int((right.argmax(-1) == got.argmax(-1)).sum())
            self._sum_kl += float(_divergences(right, got).sum())

    def result(self, limit: Limit) -> NumericCheck:
        """Return the figures and whether they keep the limit.

        Raises:
            ValueError: nothing was compared.
        """
        scores = self.meaning == "scores"
        scale = math.sqrt(self._sum_square / self._num_values)
        cosine = self._sum_cosine / self._num_rows
        divergence = self._sum_kl / self._num_rows
        good = cosine >= limit.least_cosine_ratio
        if limit.max_error_ratio is not None:
            good = good and self._max <= limit.max_error_ratio * scale
        if scores and limit.max_divergence_ratio is not None:
            good = good and divergence <= limit.max_divergence_ratio
        asked = limit if scores else msgspec.structs.replace(limit, max_divergence_ratio=None)
        return NumericCheck(
            num_inputs=self._num_inputs, num_values=self._num_values, max_error=self._max,
            mean_error=self._sum_error / self._num_values, scale=scale, cosine=cosine,
            top1_agreement_share=self._num_same / self._num_rows if scores else None,
            mean_kl_nats=divergence if scores else None, limit=asked.words(), accepted=good,
        )  # fmt: skip


def require(found: NumericCheck) -> None:
    """Refuse a model whose check failed.

    Raises:
        InvalidModelError: `conversion-differs`; with the figures.
    """
    if found.accepted:
        return
    more = "" if found.mean_kl_nats is None else (
        f", mean divergence {found.mean_kl_nats:.3g} nats, the same first choice in {found.top1_agreement_share:.0%}"
    )  # fmt: skip
    raise InvalidModelError(
        "conversion-differs",
        f"The converted model does not answer as the original does: largest error {found.max_error:.3g} where the "
        f"outputs' root mean square is {found.scale:.3g}, mean cosine {found.cosine:.4f}{more}. Asked for: "
        f"{found.limit}. It was not kept.",
        remedy="Convert to a format with more bits; if that fails too, the conversion tool does not know this model.",
        max_error=found.max_error, scale=found.scale, cosine=found.cosine,
    )  # fmt: skip


def _cosines(right: Array, got: Array, *, centred: bool) -> Array:
    """Return the cosine of each row. Scores count from their mean: a constant on all of them changes nothing."""
    import numpy as np

    if centred and right.shape[-1] > 2:
        right = right - right.mean(-1, keepdims=True)
        got = got - got.mean(-1, keepdims=True)
    lengths = np.linalg.norm(right, axis=-1) * np.linalg.norm(got, axis=-1)
    return np.where(lengths > 0, (right * got).sum(-1) / np.maximum(lengths, 1e-300), 1.0 * (lengths == 0))


def _divergences(right: Array, got: Array) -> Array:
    """Return the Kullback-Leibler divergence [nat] of each row of scores."""
    import numpy as np

    def log_shares(scores: Array) -> Array:
        moved = scores - scores.max(-1, keepdims=True)
        return moved - np.log(np.exp(moved).sum(-1, keepdims=True))

    p, q = log_shares(right), log_shares(got)
    return (np.exp(p) * (p - q)).sum(-1)


def _wrong(why: str) -> InvalidModelError:
    return InvalidModelError(
        "conversion-wrong", f"The converted model cannot be used: {why}. It was not kept.",
        remedy="Convert to another format; if that fails too, the conversion tool does not know this model.",
    )  # fmt: skip
