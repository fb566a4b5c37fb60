"""What the report reads of a recommendation: the part of `recommend.advise.Recommendation` that is shown."""

from collections.abc import Iterable
from typing import Any, Protocol

from advisor.recommend.model import CandidateRow, Pick, Summary


class RankedCandidates(Protocol):
    """A ranked table of candidates whose rows are made when asked for."""

    @property
    def summary(self) -> Summary:
        """What the recommendation is about."""

    @property
    def pick(self) -> Pick | None:
        """The recommendation, or null when nothing meets the needs."""

    @property
    def order(self) -> Iterable[Any]:
        """Row indexes in the default order, best first."""

    def __len__(self) -> int:
        """Return the number of candidates."""

    def row(self, index: int, /) -> CandidateRow:
        """Return the candidate with that stable index."""


def top_rows(ranked: RankedCandidates, limit: int | None = None) -> tuple[CandidateRow, ...]:
    """Return the best rows in order.

    Args:
        ranked: the candidates.
        limit: how many at most; null means all.
    """
    indexes = [int(index) for index in ranked.order]
    return tuple(ranked.row(index) for index in (indexes if limit is None else indexes[:limit]))
