"""A comparison by turns: what is asked and what comes out. Pure values; the job is `energy_pair`."""

import statistics

import msgspec

from advisor.energy.compare import PairedRatio
from advisor.energy.model import MeterInfo
from advisor.evidence import Quantity
from advisor.probe.plan import ProbePlan

ROUNDS = {"quick": 3, "standard": 5}
PAUSE_S = 3.0
"""[s] Between turns, so that one candidate's warmth is not the other's."""


class PairPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates to compare, the first is what the others are held against."""

    plans: tuple[ProbePlan, ...]
    """Of the same workload; their energy settings say where the meters are."""
    num_rounds: int = ROUNDS["quick"]
    pause_s: float = PAUSE_S


class PairSide(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate's turns."""

    model: str
    format: str
    energy_j: tuple[float | None, ...]
    """[J] Of one query, gross, one value a turn; null: the block was not usable."""
    query_s: tuple[float, ...]
    """[s] Of one query in the same blocks."""
    ratio: PairedRatio | None = None
    """Against the first candidate; null for the first."""


class PairResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison by turns found."""

    created: str
    """ISO 8601, UTC."""
    meter: MeterInfo
    sides: tuple[PairSide, ...]
    order: tuple[int, ...]
    """Which candidate each turn measured."""
    wall_s: float


def query_energy(side: PairSide) -> Quantity:
    """Return a candidate's energy of one query: the median of its turns with their extremes."""
    good = sorted(value for value in side.energy_j if value is not None)
    basis = f"{len(good)} turns, measured by turns with the others"
    if not good:
        return Quantity(value=None, unit="J", evidence="excluded", basis="no turn gave a sound block")
    return Quantity(
        value=statistics.median(good), low=good[0], high=good[-1], unit="J", evidence="measured-synthetic", basis=basis
    )
