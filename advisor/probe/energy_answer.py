"""The energy of a probe: what meters said, or the typical range for the measured load where none was read. Pure."""

import statistics
from collections.abc import Sequence

import msgspec

from advisor.energy import ladder, load_energy, ranges
from advisor.energy.load_energy import PhaseTime
from advisor.energy.model import ComponentEnergy, EnergyCheck, EnergyResult, ExcludedPart
from advisor.evidence import Evidence, Quantity, unknown
from advisor.graphs.recipe import Recipe
from advisor.hardware.model import CpuFacts, GpuFacts
from advisor.probe import energy_result
from advisor.probe.depth import DepthReport
from advisor.probe.energy_result import WholeTimes
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.energy_stage import EnergyOutcome
from advisor.probe.launches import Depth

QUERIES_PER_FIGURE = 1000.0
_J_PER_WH = 3600.0


def answer(
    settings: EnergySettings | None, outcome: EnergyOutcome | None, times: WholeTimes, depths: Sequence[Depth], *,
    num_threads: int, device: str, evidence: Evidence,
) -> EnergyResult | None:  # fmt: skip
    """Return the energy of a query; None where energy is not wanted or nothing honest can be said.

    Args:
        settings: of the probe.
        outcome: of its energy part.
        times: of the whole model.
        depths: with their launches, for the load of the machine.
        num_threads: of the runtime.
        device: the model ran on, `cpu` or `gpu:0`.
        evidence: of a measurement in this probe.
    """
    if settings is None or settings.mode == "off" or outcome is None:
        return None
    ram = None if settings.memory is None else load_energy.memory_power(settings.memory)
    why, on_card = outcome.why_not, device != "cpu"
    if outcome.report is not None:
        found = energy_result.measured(outcome.report, times, on_card=on_card, mode=settings.mode, evidence=evidence)
        if found is not None:
            return msgspec.structs.replace(found, ram_w=ram)
        why = energy_result.vanished(outcome.report) or "no block under the meter was sound"
    card = _card(settings, device)
    if settings.cpu is None or (on_card and card is None):
        return None
    load = _load_share(depths, settings.cpu, num_threads)
    return None if load is None else _banded(settings.cpu, outcome, times, depths, load, why, ram, card)


def _card(settings: EnergySettings, device: str) -> GpuFacts | None:
    kind, _, number = device.partition(":")
    known = kind == "gpu" and number.isdigit() and int(number) < len(settings.gpus)
    return settings.gpus[int(number)] if known else None


def whole_times(
    recipe: Recipe, depths: Sequence[Depth], *, load: Quantity, prefill: Quantity, decode: Quantity
) -> WholeTimes:
    """Return the times that energy is scaled to.

    Args:
        recipe: of the model.
        depths: with their launches, the fewest layers first.
        load: [s] to make the session.
        prefill: [s] the first token, or one query.
        decode: [s] each further token.
    """
    last = depths[-1]
    cut = any(report.num_prompt_tokens < recipe.num_input_tokens for report in last.reports)
    is_query = recipe.runner == "query"
    units = {"query" if is_query else "prefill": _middle(last.query_s() if is_query else last.prefill_s())}
    units["decode"] = _middle(last.decode_s())
    return WholeTimes(
        load=load, prefill=prefill, decode=decode, depth_unit_s={name: value for name, value in units.items() if value},
        extrapolated=len(depths) > 1 or cut, is_query=is_query, num_input_tokens=recipe.num_input_tokens,
        num_output_tokens=recipe.num_output_tokens, num_runs=recipe.num_runs, num_batch=recipe.num_batch,
    )  # fmt: skip


def per_1000_queries(energy: EnergyResult | None, why: str) -> Quantity:
    """Return the gross energy of 1,000 queries, in watt hours.

    Args:
        energy: of the probe.
        why: phrase for the missing figure.
    """
    if energy is None or energy.per_query_gross_j.value is None:
        return unknown("Wh", why)
    return ranges.scaled(energy.per_query_gross_j, QUERIES_PER_FIGURE / _J_PER_WH, "Wh")


def _middle(launch_times: Sequence[Sequence[float]]) -> float:
    return statistics.fmean(map(statistics.median, launch_times)) if launch_times else 0.0


def _banded(
    cpu: CpuFacts, outcome: EnergyOutcome, times: WholeTimes, depths: Sequence[Depth], load: tuple[float, float],
    why: str, ram: Quantity | None, card: GpuFacts | None = None,
) -> EnergyResult | None:  # fmt: skip
    """Return the typical range of the processor's power at the measured load, and a card's, times the measured time."""
    query_s = _query_s(times)
    if query_s.value is None:
        return None
    phases = _phase_times(times, depths)
    part = load_energy.band_component(cpu, phases, query_s=query_s, load_share=load[0], idle_load_share=load[1])
    second = None if card is None else load_energy.card_component(card, phases, query_s=query_s)
    if part is None or (card is not None and second is None):
        return None
    parts = (part,) if second is None else (part, second)
    covered = " + ".join(one.meter.covers for one in parts)
    boundary = f"{covered}; not memory, drives, screen or losses of the power supply"
    checks = (EnergyCheck(code="vanished", passed=False, text=f"No meter gave a figure: {why}."),)
    left_out = [
        name for name in ladder.COMPONENTS if name != "platform" and name not in {one.component for one in parts}
    ]
    others = tuple(
        ExcludedPart(component=name, why=ladder.reason(outcome.meters, name))
        for name in left_out
        if any(info.component == name and info.state != "absent" for info in outcome.meters)
    )
    return EnergyResult(
        boundary=boundary, mode="band", components=parts, excluded=others,
        per_query_gross_j=_sum([one.per_query_gross_j for one in parts]),
        per_query_net_j=_sum([one.per_query_net_j for one in parts]),
        per_output_token_j=_token(parts, "decode", 1),
        per_input_token_j=_token(parts, "prefill", times.num_input_tokens),
        checks=checks if why else (), meters=outcome.meters, chosen=tuple(one.meter.id for one in parts), ram_w=ram,
        load_basis=load_energy.load_basis(
            cpu, per_query_j=part.per_query_gross_j, load_share=load[0], idle_load_share=load[1],
            core_busy_share=_core_busy_share(depths),
        ),
    )  # fmt: skip


def _sum(items: Sequence[Quantity]) -> Quantity:
    """Return the sum over the parts of the machine; one without a figure leaves the sum without one."""
    return items[0] if len(items) == 1 else ranges.total(items, "J", " + ".join(item.basis for item in items))


def _core_busy_share(depths: Sequence[Depth]) -> tuple[float, ...]:
    """Return the busy share of each processor, mean over the launches; none where one launch was not told of all."""
    found = [report.system.core_busy_share for depth in depths for report in depth.reports]
    if len({len(shares) for shares in found}) != 1:
        return ()
    return tuple(statistics.fmean(shares) for shares in zip(*found, strict=True))


def _token(parts: Sequence[ComponentEnergy], name: str, num_tokens: int) -> Quantity:
    found = [phase.gross_j for part in parts for phase in part.phases if phase.phase == name]
    if not found or not num_tokens:
        return unknown("J", "this task has no such tokens")
    return ranges.scaled(_sum(found), 1 / num_tokens, "J")


def _query_s(times: WholeTimes) -> Quantity:
    """Return the time of one query of one of the batch, in seconds."""
    number = times.num_runs / times.num_batch
    parts = [ranges.scaled(times.prefill, number, "s")]
    if times.num_output_tokens > 1:
        parts.append(ranges.scaled(times.decode, number * (times.num_output_tokens - 1), "s"))
    return ranges.total(parts, "s", times.prefill.basis)


def _phase_times(times: WholeTimes, depths: Sequence[Depth]) -> tuple[PhaseTime, ...]:
    reports = [report for depth in depths for report in depth.reports]
    first = "query" if times.is_query else "prefill"
    wanted = [("load", times.load, len(reports)), (first, times.prefill, _blocks(reports, first))]
    if times.num_output_tokens:
        wanted.append(("decode", times.decode, _blocks(reports, "decode")))
    return tuple(
        PhaseTime(phase=name, num_units=blocks, unit_s=time, num_blocks=blocks)  # type: ignore[arg-type]
        for name, time, blocks in wanted
        if time.value is not None
    )


def _blocks(reports: Sequence[DepthReport], name: str) -> int:
    counts = {
        "query": sum(len(report.query_block_s) for report in reports),
        "prefill": sum(len(report.measurement.prefill_s) for report in reports),
        "decode": sum(len(report.decode_block_s) for report in reports),
    }
    return max(1, counts[name])


def _load_share(depths: Sequence[Depth], cpu: CpuFacts, num_threads: int) -> tuple[float, float] | None:
    """Return the busy share of all processors while the model worked, and that of other programs alone."""
    systems = [report.system for depth in depths for report in depth.reports]
    own = [item.own_cpu_share for item in systems if item.own_cpu_share is not None]
    if not own:
        return None
    other = min(1.0, statistics.fmean(item.other_cpu_share or 0.0 for item in systems))
    busy = statistics.fmean(own) * num_threads / (cpu.num_logical_cores.value or num_threads)
    return min(1.0, busy + other), other
