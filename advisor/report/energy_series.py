"""The series behind plots and bars of energy: power over time, parts of a query. No Qt, no drawing."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from advisor import units
from advisor.child.protocol import Sample
from advisor.energy import load_model, ranges
from advisor.energy.model import ComponentEnergy, EnergyResult, PhaseName, PowerBand, PowerPoint
from advisor.estimate.energy import working_load_share
from advisor.evidence import Quantity
from advisor.hardware.model import CpuFacts
from advisor.recommend.model import CandidateRow
from advisor.report import energy_words, wording
from advisor.report.language import _
from advisor.task.model import Workload

_LOAD_STEPS = 50
"""Loads are rounded to this many steps: finer ones cannot be seen in a band."""
PARTS: tuple[PhaseName, ...] = ("load", "prefill", "decode", "query")


class PowerCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Power by one meter, or by the sum of all."""

    label: str
    t_s: tuple[float, ...]
    power_w: tuple[float, ...]


class TraceSpan(msgspec.Struct, frozen=True, kw_only=True):
    """When something ran."""

    label: str
    begin_s: float
    end_s: float


class PowerSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Power over time: metered curves, or a band where there is no meter."""

    source: Literal["meter", "band", "none"]
    curves: tuple[PowerCurve, ...] = ()
    idle_w: float | None = None
    """[W] The line of doing nothing; null until it is known."""
    idle_label: str = ""
    spans: tuple[TraceSpan, ...] = ()
    band_t_s: tuple[float, ...] = ()
    band_low_w: tuple[float, ...] = ()
    band_high_w: tuple[float, ...] = ()
    caption: str
    """What is drawn, for those who see it."""
    summary: str
    """The same with its figures, for those who do not."""


class EnergyPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a stacked bar of energy."""

    phase: PhaseName
    label: str
    energy: Quantity
    """[J] Gross."""


def power_series(
    samples: Sequence[Sample], *, energy: EnergyResult | None = None, cpu: CpuFacts | None = None,
    num_threads: int | None = None, idle_w: float | None = None,
) -> PowerSeries:  # fmt: skip
    """Return what a probe's power plot shows.

    A finished probe with a meter shows the trace, with what ran when. While it runs, the live samples are shown. Where
    no sample has power, the typical range for the measured load is: never a line that looks measured.

    Args:
        samples: of the probe, so far.
        energy: its result, once there is one.
        cpu: what is known of the processor, for the band; null where the model runs elsewhere.
        num_threads: of the runtime; null: one for each physical core.
        idle_w: [W] idle power, seen live.
    """
    if energy is not None and energy.trace:
        return _traced(energy)
    metered = [sample for sample in samples if sample.power_w is not None]
    if metered:
        curve = PowerCurve(
            label=_("All meters"), t_s=tuple(sample.t_s for sample in metered),
            power_w=tuple(sample.power_w or 0.0 for sample in metered),
        )  # fmt: skip
        label = "" if idle_w is None else _("idle: {power}").format(power=units.amount(idle_w, "W"))
        return _of_meters((curve,), idle_w, label, (), _("Line: power of the parts that have a meter."))
    return _band(samples, cpu, num_threads)


def _traced(energy: EnergyResult) -> PowerSeries:
    curves = []
    for component in dict.fromkeys(point.component for point in energy.trace):
        mine = [point for point in energy.trace if point.component == component]
        curves.append(
            PowerCurve(
                label=energy_words.component(component), t_s=tuple(point.t_s for point in mine),
                power_w=tuple(point.power_w for point in mine),
            )
        )  # fmt: skip
    main = _main(energy.components)
    loaded = [part.loaded_idle_w.value for part in main if part.loaded_idle_w.value is not None]
    names = wording.listed(tuple(f"{curve.label.lower()}" for curve in curves))
    idle_w = loaded[0] if len(loaded) == 1 else None
    label = "" if idle_w is None else _("idle, model loaded: {power}").format(power=units.amount(idle_w, "W"))
    caption = _("Line: power of the {parts}, measured.").format(parts=names)
    return _of_meters(tuple(curves), idle_w, label, spans(energy.trace), caption)


def spans(trace: Sequence[PowerPoint]) -> tuple[TraceSpan, ...]:
    """Return what ran when: neighbours of the same kind are one."""
    first = trace[0].component if trace else None
    points = [point for point in trace if point.component == first]
    found: list[TraceSpan] = []
    before: PowerPoint | None = None
    for point in points:
        label = energy_words.trace_phase(point.phase)
        if before is not None and found and before.phase == point.phase:
            found[-1] = msgspec.structs.replace(found[-1], end_s=point.t_s)
        elif label:
            found.append(TraceSpan(label=label, begin_s=point.t_s, end_s=point.t_s))
        before = point if label else None
    return tuple(found)


def _of_meters(
    curves: tuple[PowerCurve, ...], idle_w: float | None, label: str, found: tuple[TraceSpan, ...], caption: str
) -> PowerSeries:
    told = [caption]
    if label:
        told.append(_("Dashed: {idle}.").format(idle=label))
    if found:
        told.append(_("Shaded: what ran."))
    figures = [
        _("{label}: {number} readings, {low} to {high}.").format(
            label=curve.label, number=len(curve.power_w), low=units.amount(min(curve.power_w), "W"),
            high=units.amount(max(curve.power_w), "W"),
        )
        for curve in curves
        if curve.power_w
    ]  # fmt: skip
    caption = " ".join(told)
    return PowerSeries(
        source="meter", curves=curves, idle_w=idle_w, idle_label=label, spans=found, caption=caption,
        summary=" ".join((caption, *figures)),
    )  # fmt: skip


@lru_cache(maxsize=256)
def _band_at(cpu: CpuFacts, step: int) -> PowerBand | None:
    return load_model.cpu_band(cpu, load_share=step / _LOAD_STEPS)


def _band(samples: Sequence[Sample], cpu: CpuFacts | None, num_threads: int | None) -> PowerSeries:
    read = [sample for sample in samples if sample.cpu_share is not None]
    if cpu is None or _band_at(cpu, 0) is None or not read:
        why = (
            _("No power yet: nothing has been read.")
            if cpu is not None and not read
            else _("No power is shown: there is no meter, and no power limit of what works is known.")
        )
        return PowerSeries(source="none", caption=why, summary=why)
    logical = cpu.num_logical_cores.value
    share = min(1.0, num_threads / logical) if num_threads and logical else working_load_share(cpu)
    times, lows, highs, basis = [], [], [], ""
    for sample in read:
        load = min(1.0, (sample.cpu_share or 0.0) * share + (sample.other_cpu_share or 0.0))
        band = _band_at(cpu, round(load * _LOAD_STEPS))
        if band is None or band.power_w.low is None or band.power_w.high is None:
            continue
        times.append(sample.t_s)
        lows.append(band.power_w.low)
        highs.append(band.power_w.high)
        basis = band.limit_basis
    caption = _("Shaded: typical range of the processor's power for the load that was measured. {what}: {basis}.")
    caption = caption.format(what=_(energy_words.ESTIMATED_NO_METER).capitalize(), basis=basis)
    last = _("Now {low} to {high} W.").format(low=units.number(lows[-1]), high=units.number(highs[-1]))
    return PowerSeries(
        source="band", band_t_s=tuple(times), band_low_w=tuple(lows), band_high_w=tuple(highs), caption=caption,
        summary=f"{caption} {last}",
    )  # fmt: skip


def _main(components: Sequence[ComponentEnergy]) -> tuple[ComponentEnergy, ...]:
    """Return the parts that make up the total: all but memory and the whole machine; else the whole machine alone."""
    parts = tuple(part for part in components if part.component in ("cpu", "gpu"))
    return parts or tuple(part for part in components if part.component == "platform")


def query_parts(energy: EnergyResult, workload: Workload) -> tuple[EnergyPart, ...]:
    """Return the gross energy of one query by kind of work, in joules; loading is not part of a query.

    Args:
        energy: of a probe.
        workload: it was measured at.
    """
    found: dict[PhaseName, list[Quantity]] = {}
    for part in _main(energy.components):
        weights = {
            phase.phase: (phase.gross_j, max(0, workload.num_output_tokens - 1) if phase.phase == "decode" else 1)
            for phase in part.phases
            if phase.phase != "load"
        }
        whole = sum((item.value or 0.0) * count for item, count in weights.values())
        total = part.per_query_gross_j.value
        if not whole or total is None:
            continue
        for name, (item, count) in weights.items():
            if count and item.value is not None:
                found.setdefault(name, []).append(ranges.scaled(item, count * total / whole, "J"))
    return tuple(_part(name, ranges.total(found[name], "J", found[name][0].basis)) for name in PARTS if name in found)


def _part(name: PhaseName, energy: Quantity) -> EnergyPart:
    return EnergyPart(phase=name, label=energy_words.phase(name), energy=energy)


def load_energy(energy: EnergyResult) -> EnergyPart | None:
    """Return the gross energy of loading the model once, in joules; null where it was not seen."""
    found = [phase.gross_j for part in _main(energy.components) for phase in part.phases if phase.phase == "load"]
    if not found:
        return None
    total = ranges.total(found, "J", found[0].basis)
    return _part("load", total)


def load_sentence(energy: EnergyResult) -> str:
    """Return what loading costs against queries, one sentence; empty where either is not known."""
    load, query = load_energy(energy), energy.per_query_gross_j.value
    if load is None or load.energy.value is None or not query:
        return ""
    number = load.energy.value / query
    amount = wording.figure(load.energy)
    if number < 1:
        return _("Loading the model once takes {amount}, less than one query.").format(amount=amount)
    words = units.number(number)
    if words == "1":
        return _("Loading the model once takes {amount}, as much as about one query.").format(amount=amount)
    return _("Loading the model once takes {amount}, as much as about {number} queries.").format(
        amount=amount, number=words
    )


def estimated_parts(row: CandidateRow) -> tuple[EnergyPart, ...]:
    """Return the energy of one query split by the estimate's times, in joules; empty where nothing is written.

    The power is taken to be the same in both parts, so shares of time are shares of energy.
    """
    per_1000, estimate = row.energy_per_1000_queries, row.estimate
    whole_s, first_s = estimate.time_per_query.value, estimate.time_to_first_token.value
    if per_1000.value is None or not whole_s or first_s is None:
        return ()
    query = ranges.scaled(per_1000, units.J_PER_WH / 1000, "J")
    if estimate.time_per_token.value is None or first_s >= whole_s:
        return (_part("query", query),)
    share = first_s / whole_s
    basis = f"{query.basis}; {_('energy of a query, shared out by the predicted times')}"
    return (
        _part("prefill", ranges.scaled(query, share, "J", basis)),
        _part("decode", ranges.scaled(query, 1 - share, "J", basis)),
    )
