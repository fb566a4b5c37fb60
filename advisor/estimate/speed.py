"""Time of one query for all candidates of a table at once: work over roofs, kernel class by kernel class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.estimate import calibrated_speed, work
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.estimate.memory import Ranged
from advisor.estimate.model import Roofs
from advisor.estimate.table import CandidateTable, Floats
from advisor.evidence import EVIDENCE_ORDER, Quantity, weakest
from advisor.task.model import Workload

PLAIN_SHARE = 0.25
"""[1] Start of a small operator over that of a usual one."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rates of one device, one number a candidate, at one end of their ranges or in the middle."""

    stream: Floats
    """[B/s]"""
    compute: Floats
    """[FLOP/s]"""
    attention_bytes: float
    """[B/s]"""
    attention_compute: float
    """[FLOP/s]"""
    overhead: float
    """[s]"""
    elements: float
    """[B/s] Norms, sums and activations; infinite where they are not counted."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Times and amounts of one query."""

    first_token: Ranged
    """[s]"""
    per_token: Ranged
    """[s] NaN for models that generate none."""
    query: Ranged
    """[s]"""
    flops: Floats
    """[FLOP] One query of the batch."""
    moved_bytes: Floats
    """[B] One query of the batch."""
    calibrated: NDArray[np.bool_]
    """Whether the times come from measured kernels."""


def rates(table: CandidateTable, roofs: Roofs, end: str) -> Rates:
    """Return the rates at the `value`, `low` or `high` end of a device's roofs; NaN where one is not known.

    `high` means the fastest: the overhead then is its lowest.
    """
    opposite = {"value": "value", "low": "high", "high": "low"}[end]
    by_family = {roof.family: roof for roof in roofs.roofs}
    stream = np.full(len(KERNEL_FAMILIES), np.nan)
    compute = np.full(len(KERNEL_FAMILIES), np.nan)
    for number, family in enumerate(KERNEL_FAMILIES):
        roof = next((known for name, known in by_family.items() if name == family), None)
        if roof is not None:
            stream[number] = _end(roof.stream_bytes_per_s, end)
            compute[number] = _end(roof.compute_flops_per_s, end)
    return Rates(
        stream=stream[table.family],
        compute=compute[table.family],
        attention_bytes=_end(roofs.attention_bytes_per_s, end),
        attention_compute=float(compute[KERNEL_FAMILIES.index("fp32")]),
        overhead=_end(roofs.operator_overhead_s, opposite),
        elements=np.inf if roofs.elements_bytes_per_s is None else _end(roofs.elements_bytes_per_s, end),
    )


def _end(quantity: Quantity, end: str) -> float:
    value: float | None = getattr(quantity, end)
    if value is None:
        value = quantity.value
    return np.nan if value is None else value


def roof_evidence(roofs: Roofs) -> int:
    """Return the weakest evidence behind the roofs, as an index into `EVIDENCE_ORDER`."""
    parts = [roofs.attention_bytes_per_s, roofs.operator_overhead_s]
    for roof in roofs.roofs:
        parts += [roof.stream_bytes_per_s, roof.compute_flops_per_s]
    return EVIDENCE_ORDER.index(weakest(part.evidence for part in parts))


def duration_s(amount: work.Work, at: Rates) -> Floats:
    """Return the time of some work: each kernel class waits for memory or for arithmetic, whichever is slower."""
    products = amount.flops + amount.conv_flops + amount.depthwise_flops
    matrices = np.maximum(amount.stream_bytes / at.stream, products / at.compute)
    attention = np.maximum(amount.cache_bytes / at.attention_bytes, amount.attention_flops / at.attention_compute)
    elements = (amount.norm_bytes + amount.stored_bytes + amount.gelu_bytes + amount.silu_bytes) / at.elements
    total: Floats = (
        matrices + attention + elements + (amount.operators + PLAIN_SHARE * amount.plain_operators) * at.overhead
    )
    return total


def speed(table: CandidateTable, workload: Workload, at: work.Positions, roofs: Roofs) -> Speed:
    """Compute the times of one query at the middle and at both ends of the roofs."""
    reading = work.reader(table, workload, at)
    prompting = work.prefill(table, workload, at)
    stepping = work.decode(table, workload, at)
    generates = (table.column("decodes") > 0) & (workload.num_output_tokens > 0)
    steps = np.where(
        generates, np.maximum(0.0, workload.num_output_tokens - at.reader_windows) * workload.num_passes, 0.0
    )
    known = np.where((table.column("speed_known") > 0) & (at.reader + at.prompt > 0), 1.0, np.nan)
    measured = calibrated_speed.applies(table, roofs)
    spans = _Spans(table, roofs, measured)
    whole: dict[str, Floats] = {}
    first: dict[str, Floats] = {}
    token: dict[str, Floats] = {}
    for end in ("value", "low", "high"):
        whole[end] = known * (spans.duration_s(reading, "reader", end) + spans.duration_s(prompting, "prompt", end))
        first[end] = whole[end] / at.reader_windows  # the first piece of a recording is answered before the next
        token[end] = known * np.where(generates, spans.duration_s(stepping, "token", end), np.nan)
    query = {end: whole[end] + np.where(generates, steps * np.nan_to_num(token[end]), 0.0) for end in whole}
    batch = float(workload.num_batch)
    return Speed(
        first_token=Ranged(**first),
        per_token=Ranged(**token),
        query=Ranged(**query),
        flops=known * (_flops(reading) + _flops(prompting) + steps * _flops(stepping)) / batch,
        moved_bytes=known * (_bytes(reading) + _bytes(prompting) + steps * _bytes(stepping)) / batch,
        calibrated=measured,
    )


class _Spans:
    """Times at the middle and both ends: of measured kernels where they hold, by specification elsewhere."""

    def __init__(self, table: CandidateTable, roofs: Roofs, measured: NDArray[np.bool_]) -> None:
        self._table, self._roofs, self._measured = table, roofs, measured
        ends = {"value": "value", "low": "high", "high": "low"}  # the shortest time comes from the fastest roofs
        self._rates = {end: rates(table, roofs, rate_end) for end, rate_end in ends.items()}

    def duration_s(self, amount: work.Work, phase: calibrated_speed.Phase, end: str) -> Floats:
        """Return the time of some work at one end."""
        plain = duration_s(amount, self._rates[end])
        if not self._measured.any():
            return plain
        found = calibrated_speed.duration(amount, self._table, self._roofs, phase)
        times = {"value": found.value, "low": found.value / found.k, "high": found.value * found.k}
        return np.where(self._measured, times[end], plain)


def _flops(amount: work.Work) -> Floats:
    return amount.flops + amount.conv_flops + amount.depthwise_flops + amount.attention_flops


def _bytes(amount: work.Work) -> Floats:
    return amount.stream_bytes + amount.cache_bytes
