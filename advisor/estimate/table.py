"""Candidates as columns of numbers, built once per catalog. Holds nothing that depends on a task or a machine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.catalog.model import Candidate
from advisor.estimate.profile_cost import FIELDS, profile_cost
from advisor.estimate.shape import ModelShape
from advisor.estimate.shape import shape as model_shape

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
_ROW = {name: row for row, name in enumerate(FIELDS)}


class CandidateTable:
    """Candidates and their costs, one column a candidate."""

    def __init__(
        self, candidates: tuple[Candidate, ...], numbers: Floats, not_modelled: tuple[tuple[str, ...], ...]
    ) -> None:
        """Keep candidates and numbers side by side.

        Args:
            candidates: models in formats.
            numbers: shape (len(FIELDS), len(candidates)), rows as in `profile_cost.FIELDS`.
            not_modelled: per candidate, what an estimate of it leaves out; the last may say why no speed is known.
        """
        self.candidates = candidates
        self.numbers = numbers
        self.not_modelled = not_modelled
        self.family: Indexes = self.column("family").astype(np.intp)

    def __len__(self) -> int:
        return len(self.candidates)

    def column(self, name: str) -> Floats:
        """Return one number of every candidate, by its name in `CostProfile`."""
        column: Floats = self.numbers[_ROW[name]]
        return column

    def take(self, indexes: Sequence[int] | Indexes) -> "CandidateTable":
        """Return the table of some candidates, in the order of `indexes`."""
        chosen = np.asarray(indexes, dtype=np.intp)
        return CandidateTable(
            tuple(self.candidates[i] for i in chosen.tolist()),
            np.ascontiguousarray(self.numbers[:, chosen]),
            tuple(self.not_modelled[i] for i in chosen.tolist()),
        )


def build(candidates: Sequence[Candidate]) -> CandidateTable:
    """Compute the costs of candidates; the shape of a model is worked out once for all its formats."""
    shapes: dict[str, ModelShape] = {}
    rows: list[tuple[float, ...]] = []
    missing: list[tuple[str, ...]] = []
    for candidate in candidates:
        shape = shapes.get(candidate.model.id)
        if shape is None:
            shape = shapes[candidate.model.id] = model_shape(candidate.model)
        cost = profile_cost(candidate, shape)
        rows.append(tuple(getattr(cost, name) for name in FIELDS))
        missing.append(shape.not_modelled + ((shape.why_no_speed,) if shape.why_no_speed else ()))
    numbers = np.array(rows, dtype=np.float64).reshape(len(rows), len(FIELDS)).T
    return CandidateTable(tuple(candidates), np.ascontiguousarray(numbers), tuple(missing))
