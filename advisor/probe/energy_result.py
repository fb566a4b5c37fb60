"""From what the meters said at one depth to the energy of a query of the whole model. Pure."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from advisor.energy import blocks, ladder, ranges
from advisor.energy.blocks import Baseline, Block
from advisor.energy.model import (
    ComponentEnergy,
    EnergyCheck,
    EnergyResult,
    ExcludedPart,
    MeterInfo,
    PhaseEnergy,
    PhaseName,
)  # fmt: skip
from advisor.evidence import Evidence, Quantity, unknown
from advisor.probe.energy import EnergyReport, MeterReport

LOAD_SHARE = 0.05
"""[1] Other programs above it disturb an idle baseline."""
CROSS_LOW, CROSS_HIGH = 0.8, 1.25
RESOLUTION_SHARE = 0.01
SAMPLER_SHARE = 0.01
GAP_SHARE = 0.01
"""[1] Of the readings: a counter makes up for what a few of them missed."""
SPEED_SHARE = 0.10
CLOCK_S = 1.0
_COUNTED = ("cpu", "gpu")
"""Components of the total; memory is shown apart and never ranked, the whole machine holds the others."""


class WholeTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Times of the whole model, from the speed measurement."""

    load: Quantity
    """[s]"""
    prefill: Quantity
    """[s] One prompt, or one query of a model that answers in one run."""
    decode: Quantity
    """[s] One further token."""
    depth_unit_s: Mapping[str, float]
    """[s] By phase: one unit at the depth whose energy was measured."""
    extrapolated: bool
    """The energy was measured on a slice, or on a shorter prompt."""
    is_query: bool
    num_input_tokens: int
    num_output_tokens: int
    num_runs: float
    num_batch: int


def measured(report: EnergyReport, times: WholeTimes, *, on_card: bool, mode: str, evidence: Evidence) -> (
    EnergyResult | None
):  # fmt: skip
    """Return the energy of a query; None where no meter of the part that worked gave a sound block.

    Args:
        report: of the energy child.
        times: of the whole model.
        on_card: the model ran on a graphics card.
        mode: `quick` or `standard`.
        evidence: `measured` for real weights, `measured-synthetic` for made-up ones.
    """
    infos = _cross_checked(report)
    chosen = ladder.choose(infos)
    by_meter = {entry.info.id: entry for entry in report.reports}
    parts = [
        part
        for component, info in chosen.items()
        if (component != "gpu" or on_card)
        and (part := _component(by_meter.get(info.id), info, times, evidence)) is not None
    ]
    counted = [part for part in parts if part.component in _COUNTED]
    if not any(part.component == ("gpu" if on_card else "cpu") for part in parts) and not any(
        part.component == "platform" for part in parts
    ):
        return None
    summed = counted or [part for part in parts if part.component == "platform"]
    boundary, excluded = _boundary(parts, summed, infos, on_card=on_card)
    return EnergyResult(
        boundary=boundary, mode="standard" if mode == "standard" else "quick", components=tuple(parts),
        excluded=excluded,
        per_query_gross_j=ranges.total([part.per_query_gross_j for part in summed], "J", boundary),
        per_query_net_j=ranges.total(
            [part.per_query_net_j for part in summed], "J", f"above idle with the model loaded; {boundary}"
        ),
        per_output_token_j=_per_token(summed, "decode", times, "this task generates no tokens"),
        per_input_token_j=_per_token(summed, "prefill", times, "no prompt of tokens was read"),
        checks=checks(report, parts, times), meters=infos, chosen=tuple(part.meter.id for part in parts),
        trace=report.trace,
    )  # fmt: skip


def _cross_checked(report: EnergyReport) -> tuple[MeterInfo, ...]:
    """Return the meters; one that disagrees with its device's own power gets a scale error as wide as that."""
    ratios = {entry.info.id: entry.cross_ratio for entry in report.reports}

    def widened(info: MeterInfo) -> MeterInfo:
        ratio = ratios.get(info.id)
        if ratio is None or ratio <= 0 or CROSS_LOW <= ratio <= CROSS_HIGH:
            return info
        return msgspec.structs.replace(info, k_scale=max(info.k_scale, ratio, 1 / ratio))

    return tuple(map(widened, report.meters))


def _component(
    entry: MeterReport | None, info: MeterInfo, times: WholeTimes, evidence: Evidence
) -> ComponentEnergy | None:
    if entry is None:
        return None
    idle = blocks.baseline(entry.idle_w) if entry.idle_w else None
    loaded = blocks.baseline(entry.before_w, entry.after_w) if entry.before_w else idle
    if loaded is None:
        return None
    found = [
        phase
        for part in entry.phases
        if (phase := _phase(part.phase, part.blocks, loaded, info, times, evidence)) is not None
    ]
    if not found:
        return None
    if entry.load is not None and idle is not None:
        load = _phase("load", (entry.load,), idle, info, times, evidence)
        found = [load, *found] if load is not None else found
    return ComponentEnergy(
        component=info.component, meter=info,
        idle_w=blocks.idle_power(idle, info, evidence="measured", what="no model in memory"),
        loaded_idle_w=blocks.idle_power(
            loaded, info, evidence=evidence, what="model loaded, nothing asked of it"
        ),
        phases=tuple(found), per_query_gross_j=_per_query(found, times, net=False),
        per_query_net_j=_per_query(found, times, net=True),
    )  # fmt: skip


def _phase(
    name: PhaseName, found: Sequence[Block], idle: Baseline, info: MeterInfo, times: WholeTimes, evidence: Evidence
) -> PhaseEnergy | None:
    """Return the energy of a phase of the whole model."""
    part = blocks.phase(name, found, idle, info, evidence=evidence, how=_HOW[name])
    if part is None or not times.extrapolated:
        return part
    whole = {"load": times.load, "decode": times.decode}.get(name, times.prefill)
    if whole.value is None:
        return None
    basis = f"{part.power_w.basis}; power x time of the whole model ({whole.basis})"
    time = ranges.scaled(whole, 1 / part.unit_s, "1", basis)
    return msgspec.structs.replace(
        part, gross_j=ranges.times((part.gross_j, time), "J", basis),
        net_j=ranges.times((part.net_j, time), "J", basis), unit_s=whole.value,
    )  # fmt: skip


_HOW: dict[str, str] = {
    "load": "session made from a file in the system's cache", "prefill": "prompts", "decode": "tokens",
    "query": "queries",
}  # fmt: skip


def _per_query(found: Sequence[PhaseEnergy], times: WholeTimes, *, net: bool) -> Quantity:
    """Return the energy of one query of one of the batch."""
    parts = []
    for phase in found:
        count = max(0, times.num_output_tokens - 1) if phase.phase == "decode" else float(phase.phase != "load")
        if count:
            number = count * times.num_runs / times.num_batch
            parts.append(ranges.scaled(phase.net_j if net else phase.gross_j, number, "J"))
    basis = "; ".join(dict.fromkeys(part.basis for part in parts))
    return ranges.total(parts, "J", basis)


def _per_token(found: Sequence[ComponentEnergy], name: str, times: WholeTimes, why: str) -> Quantity:
    tokens = times.num_batch * (max(1, times.num_input_tokens) if name == "prefill" else 1)
    if name == "prefill" and not times.num_input_tokens:
        return unknown("J", why)
    parts = [
        ranges.scaled(phase.gross_j, 1 / tokens, "J") for part in found for phase in part.phases if phase.phase == name
    ]
    return ranges.total(parts, "J", "; ".join(part.basis for part in parts)) if parts else unknown("J", why)


def _boundary(
    parts: Sequence[ComponentEnergy], summed: Sequence[ComponentEnergy], infos: Sequence[MeterInfo], *, on_card: bool
) -> tuple[str, tuple[ExcludedPart, ...]]:
    """Return the sentence of what is counted, and what is not with the reason."""
    inside = " + ".join(part.meter.covers for part in summed)
    excluded = []
    for component in ladder.COMPONENTS:
        if component == "platform" or any(part.component == component for part in summed):
            continue
        if component == "gpu" and not on_card:
            if any(info.component == "gpu" and info.state != "absent" for info in infos):
                excluded.append(ExcludedPart(component="gpu", why="the model did not run on the graphics card"))
            continue
        if any(part.component == component for part in parts):
            excluded.append(ExcludedPart(component=component, why="measured, shown apart and not in the total"))
        else:
            excluded.append(ExcludedPart(component=component, why=ladder.reason(infos, component)))
    whole = any(part.component == "platform" for part in summed)
    out = "nothing else" if whole else "not memory, drives, screen or losses of the power supply"
    return f"{inside}; {out}", () if whole else tuple(excluded)


def checks(report: EnergyReport, parts: Sequence[ComponentEnergy], times: WholeTimes) -> tuple[EnergyCheck, ...]:
    """Return the proofs that the user can see, those of the meters that were used."""
    used = {part.meter.id for part in parts}
    mine = [entry for entry in report.reports if entry.info.id in used]
    found = [
        EnergyCheck(code="liveness", passed=item.alive, text=item.text) for item in report.liveness
    ]  # fmt: skip
    for entry in mine:
        found += _of_meter(entry)
    found += _of_machine(report, times)
    return tuple(found)


def _of_meter(entry: MeterReport) -> list[EnergyCheck]:
    name, found = entry.info.name, []
    if entry.cross_ratio is not None:
        fine = CROSS_LOW <= entry.cross_ratio <= CROSS_HIGH
        more = "" if fine else "; the range is widened to that"
        text = f"{name}: the energy counter gives {entry.cross_ratio:.2f} times the integral of the power{more}."
        found.append(EnergyCheck(code="cross", passed=fine, text=text))
    if entry.before_w and entry.after_w:
        idle = blocks.baseline(entry.before_w, entry.after_w)
        text = f"{name}: idle power with the model loaded changed by {idle.drift_w:+.1f} W from before to after."
        found.append(EnergyCheck(code="drift", passed=not blocks.drifted(idle), text=text))
    windows = [block.window_s for phase in entry.phases for block in phase.blocks if block.rejected is None]
    if windows:
        share = entry.info.refresh_s / statistics.fmean(windows)
        text = f"{name}: a block lasts {statistics.fmean(windows):.1f} s, the meter's step is {share:.1%} of it."
        found.append(EnergyCheck(code="resolution", passed=share <= RESOLUTION_SHARE, text=text))
    rejected = [block.rejected for phase in entry.phases for block in phase.blocks if block.rejected]
    if rejected:
        reasons = "; ".join(dict.fromkeys(rejected))
        text = f"{name}: {len(rejected)} blocks were left out ({reasons})."
        found.append(EnergyCheck(code="vanished" if not windows else "gaps", passed=False, text=text))
    elif entry.num_gaps:
        every = entry.num_readings + entry.num_gaps
        text = f"{name}: {entry.num_gaps} of {every} readings failed ({'; '.join(entry.gap_reasons)})."
        found.append(EnergyCheck(code="gaps", passed=entry.num_gaps <= GAP_SHARE * every, text=text))
    text = f"{name}: reading it took {entry.cpu_share:.2%} of one processor."
    found.append(EnergyCheck(code="sampler", passed=entry.cpu_share <= SAMPLER_SHARE, text=text))
    return found


def _of_machine(report: EnergyReport, times: WholeTimes) -> list[EnergyCheck]:
    found = []
    other = report.other_load_share
    if other is not None:
        text = f"Other programs used {other:.1%} of the processor while energy was measured."
        found.append(EnergyCheck(code="load", passed=other <= LOAD_SHARE, text=text))
    for work in report.work:
        expected = times.depth_unit_s.get(work.phase)
        if expected and work.num_units:
            ratio = work.work_s / work.num_units / expected
            text = f"In these blocks one {_UNIT[work.phase]} took {ratio:.2f} times the time of the speed measurement."
            found.append(EnergyCheck(code="speed", passed=abs(ratio - 1) <= SPEED_SHARE, text=text))
    if abs(report.clock_jump_s) > CLOCK_S:
        text = (
            f"The system's clock was set by {report.clock_jump_s:+.0f} s meanwhile; times are taken from another clock."
        )
        found.append(EnergyCheck(code="clock", passed=True, text=text))
    return found


_UNIT = {"load": "load", "prefill": "prompt", "decode": "token", "query": "query"}


def vanished(report: EnergyReport) -> str:
    """Return why no meter that was open gave a sound figure, as one phrase; empty where none was open."""
    reasons: list[str] = []
    for entry in report.reports:
        rejected = [block.rejected for phase in entry.phases for block in phase.blocks if block.rejected]
        reasons += [f"{entry.info.name}: {why}" for why in dict.fromkeys([*rejected, *entry.gap_reasons])]
    reasons += [f"{info.name}: {info.why}" for info in report.meters if info.state == "refused"]
    return "; ".join(reasons)
