"""Lay measurements made on this machine beside the estimates, and say which of the two ranks a candidate."""

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from advisor.estimate import fit
from advisor.estimate.model import VERDICTS, Estimate
from advisor.evidence import EVIDENCE_ORDER, Evidence, Quantity, weakest
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import MeasuredView
from advisor.recommend.rank import Axes
from advisor.task.model import Workload

_LAUNCH_DOUBT = 1.96 * 0.02
"""Two launches of the same graph differ by about 2 % (standard deviation), see `probe.stats`."""
Probes = Mapping[tuple[str, str], Sequence[ProbeResult]]
"""Model and format -> what was measured here."""
_SIZES = (
    "num_input_tokens", "num_output_tokens", "num_context_tokens", "num_batch", "num_passes", "audio_s", "num_images",
)  # fmt: skip


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """The probe that stands beside one candidate."""

    view: MeasuredView
    time_per_query: Quantity
    energy_per_1000_queries: Quantity
    energy_doubt: float | None = None
    """Half of the 95 % interval of its logarithm, without what it has in common with other probes here."""


def measured_here(probes: Iterable[ProbeResult], fingerprint: str, device: str) -> Probes:
    """Return the finished probes of this machine and device, by model and format.

    Args:
        probes: from the history, of any machine.
        fingerprint: of this machine.
        device: `cpu` or `gpu:0`.
    """
    found: dict[tuple[str, str], list[ProbeResult]] = {}
    for probe in probes:
        if probe.outcome == "finished" and probe.fingerprint == fingerprint and probe.device == device:
            found.setdefault((probe.model, probe.format), []).append(probe)
    return found


def same_sizes(a: Workload, b: Workload) -> bool:
    """Return whether two workloads ask for the same work per query."""
    return all(getattr(a, name) == getattr(b, name) for name in _SIZES)


def measurement(probes: Sequence[ProbeResult], workload: Workload) -> Measurement | None:
    """Return the most telling probe: of the same sizes, then of real weights, then of the best grade, then the newest.

    Args:
        probes: of one candidate on this machine.
        workload: the sizes that matter.
    """
    if not probes:
        return None
    newest_first = sorted(probes, key=lambda item: item.created, reverse=True)
    best = min(
        newest_first,
        key=lambda item: (not same_sizes(item.workload, workload), item.kind != "weights", item.grade),
    )
    return Measurement(
        view=MeasuredView(
            probe_id=best.id,
            created=best.created,
            evidence=_evidence((best.peak_memory, best.rate)),
            same_workload=same_sizes(best.workload, workload),
            memory=best.peak_memory,
            time_to_first_token=best.time_to_first_token,
            time_per_token=best.time_per_token,
            rate=best.rate,
            grade=best.grade,
        ),
        time_per_query=best.time_per_query,
        energy_per_1000_queries=best.energy_per_1000_queries,
        energy_doubt=energy_doubt(best),
    )


def energy_doubt(probe: ProbeResult) -> float | None:
    """Return half of the 95 % interval of the logarithm of a probe's energy, for ratios between probes of one machine.

    The meter's scale error is in both and cancels; so does the typical range of the power where there is no meter,
    which leaves the time. What one launch differs from the next is added.

    Args:
        probe: measured here.
    """
    energy, figure = probe.energy, probe.energy_per_1000_queries
    if energy is None or not figure.value:
        return None
    if energy.mode == "band":
        own = _log(probe.time_per_query.high, probe.time_per_query)
    else:
        scale = max((part.meter.k_scale for part in energy.components), default=1.0)
        own = math.sqrt(max(0.0, _log(figure.high, figure) ** 2 - math.log(scale) ** 2))
    return math.hypot(own, _LAUNCH_DOUBT)


def apply(axes: Axes, index: int, measured: Measurement, memory_free_bytes: int | None) -> None:
    """Put measured numbers in place of the estimated ones, where they are known and of the same sizes.

    Args:
        axes: changed in place.
        index: of the candidate.
        measured: what was measured.
        memory_free_bytes: [B] what the verdict is judged by.
    """
    view = measured.view
    if not view.same_workload:
        return
    if measured.energy_per_1000_queries.value is None and measured.time_per_query.value is not None:
        axes.energy_wh[index] *= measured.time_per_query.value / axes.time_s[index]  # power as estimated
    for column, quantity in (
        (axes.memory_bytes, view.memory),
        (axes.time_s, measured.time_per_query),
        (axes.first_token_s, view.time_to_first_token),
        (axes.rate, view.rate),
        (axes.energy_wh, measured.energy_per_1000_queries),
    ):
        if quantity.value is not None:
            column[index] = quantity.value
    if measured.energy_doubt is not None:
        axes.energy_doubt[index] = measured.energy_doubt
    if view.memory.value is not None:
        axes.verdict[index] = VERDICTS.index(fit.verdict(view.memory, memory_free_bytes))
    axes.evidence[index] = EVIDENCE_ORDER.index(view.evidence)


def energy(estimate: Estimate, measured: Measurement | None) -> Quantity:
    """Return the energy of 1,000 queries, the best that is known: measured, or measured time x estimated power.

    Independent factors: what the estimated time adds to the range is taken off again and the measured time's own
    scatter put in its place, as squares of logarithms.

    Args:
        estimate: made before the measurement.
        measured: null where there is no probe; one of other sizes changes nothing.
    """
    guess, before = estimate.energy_per_1000_queries, estimate.time_per_query
    if measured is None or not measured.view.same_workload:
        return guess
    if measured.energy_per_1000_queries.value is not None:
        return measured.energy_per_1000_queries
    now = measured.time_per_query
    if not guess.value or not before.value or not now.value:
        return guess
    value = guess.value * now.value / before.value
    down, up = (
        math.sqrt(max(0.0, _log(energy_end, guess) ** 2 - _log(old_end, before) ** 2) + _log(new_end, now) ** 2)
        for energy_end, old_end, new_end in ((guess.low, before.low, now.low), (guess.high, before.high, now.high))
    )
    return Quantity(
        value=value,
        low=value * math.exp(-down),
        high=value * math.exp(up),
        unit=guess.unit,
        evidence=guess.evidence,
        basis=guess.basis.replace("estimated time", "time measured here", 1),
    )


def _log(end: float | None, item: Quantity) -> float:
    return abs(math.log(end / item.value)) if end and item.value else 0.0


def _evidence(quantities: Iterable[Quantity]) -> Evidence:
    """Return the weakest evidence of what is known; `excluded` when nothing is."""
    known = [quantity.evidence for quantity in quantities if quantity.value is not None]
    return weakest(known) if known else "excluded"
