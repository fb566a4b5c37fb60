"""Estimates for many candidates in one go, as columns of numbers. The same code serves one candidate.

Imported after the first frame only: it needs numpy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.estimate import fit, memory, quantities, speed, work
from advisor.estimate.memory import Memory, Ranged
from advisor.estimate.model import VERDICTS, Estimate, PowerModel, RateUnit, Roofs
from advisor.estimate.speed import Speed
from advisor.estimate.table import CandidateTable, Floats
from advisor.evidence import EVIDENCE_ORDER
from advisor.task.model import Workload
from advisor.units import J_PER_WH

QUERIES_PER_FIGURE = 1000.0
"""[1] Energy is given for this many queries, as AI Energy Score does."""
CALIBRATED = EVIDENCE_ORDER.index("calibrated")
ESTIMATED = EVIDENCE_ORDER.index("estimated")
ASSUMED = EVIDENCE_ORDER.index("assumed")
EXCLUDED = EVIDENCE_ORDER.index("excluded")
Codes = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class EstimateBatch:
    """Estimates of all candidates of a table, column by column; NaN where a figure is not known."""

    table: CandidateTable
    workload: Workload
    roofs: Roofs
    power: PowerModel | None
    memory: Memory
    """[B]"""
    speed: Speed
    rate: Ranged
    rate_unit: RateUnit
    energy: Ranged
    """[Wh] Per 1,000 queries."""
    verdict: Codes
    """Index into `VERDICTS`."""
    headroom_share: Floats
    max_context_tokens: Floats
    memory_evidence: Codes
    """Index into `EVIDENCE_ORDER`, as the next two."""
    speed_evidence: Codes
    energy_evidence: Codes

    def __len__(self) -> int:
        return len(self.table)

    def at(self, index: int) -> Estimate:
        """Return the estimate of one candidate, with its ranges, evidence and basis in words."""
        return quantities.build(self._row(index))

    def _row(self, index: int) -> quantities.Row:
        def of(ranged: Ranged) -> tuple[float, float, float]:
            return float(ranged.value[index]), float(ranged.low[index]), float(ranged.high[index])

        return quantities.Row(
            candidate=self.table.candidates[index],
            workload=self.workload,
            roofs=self.roofs,
            power=self.power,
            costs={name: float(self.table.column(name)[index]) for name in quantities.COSTS_TOLD},
            not_modelled=self.table.not_modelled[index],
            verdict=VERDICTS[int(self.verdict[index])],
            headroom_share=float(self.headroom_share[index]),
            max_context_tokens=float(self.max_context_tokens[index]),
            memory=of(self.memory.total),
            weights=of(self.memory.weights),
            cache=of(self.memory.cache),
            activations=of(self.memory.activations),
            runtime=of(self.memory.runtime),
            first_token=of(self.speed.first_token),
            per_token=of(self.speed.per_token),
            query=of(self.speed.query),
            rate=of(self.rate),
            rate_unit=self.rate_unit,
            energy=of(self.energy),
            flops=float(self.speed.flops[index]),
            moved_bytes=float(self.speed.moved_bytes[index]),
            calibrated=bool(self.speed.calibrated[index]),
            memory_evidence=EVIDENCE_ORDER[int(self.memory_evidence[index])],
            speed_evidence=EVIDENCE_ORDER[int(self.speed_evidence[index])],
            energy_evidence=EVIDENCE_ORDER[int(self.energy_evidence[index])],
        )


def estimate_batch(table: CandidateTable, workload: Workload, roofs: Roofs, power: PowerModel | None) -> EstimateBatch:
    """Estimate memory, time and energy of every candidate of a table for one workload on one device.

    Args:
        table: candidates, from `table.build`.
        workload: sizes of one query.
        roofs: rates and free memory of the device.
        power: power while it works, or null when there is no honest figure: energy is then excluded.
    """
    at = work.positions(table, workload)
    need = memory.memory(table, workload, at, roofs)
    times = speed.speed(table, workload, at, roofs)
    energy = _energy(times.query, workload, power)
    free = float(roofs.memory_free_bytes) if roofs.memory_free_bytes is not None else np.nan
    rate, unit = _rate(times, workload)
    speed_evidence = _speed_evidence(table, times, roofs)
    return EstimateBatch(
        table=table,
        workload=workload,
        roofs=roofs,
        power=power,
        memory=need,
        speed=times,
        rate=rate,
        rate_unit=unit,
        energy=energy,
        verdict=_verdicts(need.total, free),
        headroom_share=_headroom(need.total.value, free),
        max_context_tokens=memory.max_context(table, need, workload, at, free),
        memory_evidence=_memory_evidence(table, need),
        speed_evidence=speed_evidence,
        energy_evidence=_energy_evidence(energy, speed_evidence, power),
    )


def _headroom(need: Floats, free: float) -> Floats:
    left: Floats = (free - need) / free if free > 0 else np.where(np.isnan(need * free), np.nan, -1.0)
    return left


def _verdicts(need: Ranged, free: float) -> Codes:
    left = _headroom(need.value, free)
    fits, tight, unknown, too_large = (VERDICTS.index(v) for v in ("fits", "tight", "unknown", "does-not-fit"))
    codes = np.full(len(need.value), unknown, dtype=np.int8)
    codes[left >= fit.TIGHT_BELOW_SHARE] = fits
    codes[(left >= 0) & (left < fit.TIGHT_BELOW_SHARE)] = tight
    codes[left < 0] = too_large
    codes[np.isnan(left) & (need.low > free)] = too_large
    return codes


def _rate(times: Speed, workload: Workload) -> tuple[Ranged, RateUnit]:
    """Return the main rate of the task; the batch counts, since its queries are answered together."""
    batch = float(workload.num_batch)
    if workload.audio_s > 0:
        return _inverse(times.query, batch * workload.audio_s), "x real time"
    if workload.num_output_tokens > 0:
        return _inverse(times.per_token, batch), "tokens/s"
    if workload.num_images > 0:
        return _inverse(times.query, batch * workload.num_images), "images/s"
    return _inverse(times.query, batch), "queries/s"


def _inverse(duration: Ranged, amount: float) -> Ranged:
    return Ranged(value=amount / duration.value, low=amount / duration.high, high=amount / duration.low)


def _energy(query: Ranged, workload: Workload, power: PowerModel | None) -> Ranged:
    """Time times power; independent factors, so their logarithms add in squares (energy.md 6.3)."""
    watts = power.active_power_w if power is not None else None
    if watts is None or watts.value is None:
        nothing = np.full(len(query.value), np.nan)
        return Ranged(value=nothing, low=nothing, high=nothing)
    value = query.value * watts.value * QUERIES_PER_FIGURE / J_PER_WH / workload.num_batch
    low_w = watts.low or watts.value
    high_w = watts.high or watts.value
    down = np.hypot(np.log(query.value / query.low), np.log(watts.value / low_w))
    up = np.hypot(np.log(query.high / query.value), np.log(high_w / watts.value))
    return Ranged(value=value, low=value * np.exp(-down), high=value * np.exp(up))


def _memory_evidence(table: CandidateTable, need: Memory) -> Codes:
    codes = np.where(table.column("assumed") > 0, ASSUMED, ESTIMATED).astype(np.int8)
    codes[np.isnan(need.total.value)] = EXCLUDED
    return codes


def _speed_evidence(table: CandidateTable, times: Speed, roofs: Roofs) -> Codes:
    weakest_roof = speed.roof_evidence(roofs)
    own = np.where(times.calibrated, CALIBRATED, weakest_roof)
    codes = np.where(table.column("assumed") > 0, np.maximum(ASSUMED, own), own).astype(np.int8)
    codes[np.isnan(times.query.value)] = EXCLUDED
    return codes


def _energy_evidence(energy: Ranged, speed_evidence: Codes, power: PowerModel | None) -> Codes:
    own = EVIDENCE_ORDER.index(power.active_power_w.evidence) if power is not None else EXCLUDED
    codes = np.maximum(speed_evidence, own).astype(np.int8)
    codes[np.isnan(energy.value)] = EXCLUDED
    return codes
