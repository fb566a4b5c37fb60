"""Candidates on the same examples: which outputs are wrong, and whether a smaller candidate is enough. Pure."""

from collections.abc import Sequence

import msgspec

from advisor.errors import InvalidInputError
from advisor.evaluate.examples_plan import ExamplesResult, smallest_first
from advisor.examples import confidence, enough
from advisor.examples.enough import Verdict
from advisor.examples.model import ExampleSet
from advisor.examples.score import Miss

MOST_CANDIDATES = 6


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two candidates compared."""

    smaller: ExamplesResult
    larger: ExamplesResult
    verdict: Verdict


def compare(
    results: Sequence[ExamplesResult], *, margin_share: float = enough.MARGIN_SHARE
) -> tuple[Pair, ...]:  # fmt: skip
    """Compare each two candidates; the smaller one is the one that takes less time per query.

    Two ways of working of the same model in the same format are not compared: neither is smaller.
    With several pairs each is judged so strictly that all hold together with 95 % (Bonferroni).

    Args:
        results: of the same examples.
        margin_share: how much worse, 0 to 1, is still enough.

    Raises:
        InvalidInputError: `examples-differ`, `examples-margin`.
    """
    if len({item.examples_hash for item in results}) > 1:
        raise InvalidInputError(
            "examples-differ", "The candidates were run on different examples.", remedy="Run all on the same file."
        )
    ordered = [item for item in smallest_first(results) if item.score is not None]
    pairs = [
        (small, large)
        for at, small in enumerate(ordered)
        for large in ordered[at + 1 :]
        if (small.model, small.format, small.model_bytes) != (large.model, large.format, large.model_bytes)
    ]
    each = 1 - (1 - confidence.CONFIDENCE_SHARE) / max(1, len(pairs))
    return tuple(
        Pair(
            smaller=small, larger=large,
            verdict=enough.enough(
                small.score.right, large.score.right, margin_share=margin_share, confidence_share=each
            ),
        )
        for small, large in pairs
        if small.score is not None and large.score is not None
    )  # fmt: skip


def misses(examples: ExampleSet, result: ExamplesResult) -> tuple[Miss, ...]:
    """Return the outputs that are not what was expected, to read; the least alike first in a generation.

    None where the outputs were not kept.
    """
    found = [
        Miss(
            text=item.text, expected=item.answer() or "", given=output.text, line_id=item.line_id,
            similarity_share=output.similarity_share,
        )
        for item, output in zip(examples.examples, result.outputs, strict=False)
        if output.is_right is False
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda miss: miss.similarity_share or 0.0))
