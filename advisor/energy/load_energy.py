"""Energy by the measured load where no meter can be read: a typical range times a measured time. Pure."""

import math
from collections.abc import Sequence

import msgspec

from advisor.energy import load_model, ranges
from advisor.energy.model import ComponentEnergy, MeterInfo, PhaseEnergy, PhaseName, PowerBand
from advisor.evidence import Evidence, Quantity, unknown, weakest
from advisor.hardware.model import CpuFacts, MemoryFacts
from advisor.units import GIB

BAND_K = 2.15
"""[1] The true power lies within x/k to x*k of the band's middle; in-sample, 4 machines."""
LEAST_MEMORY_W_PER_GIB, MOST_MEMORY_W_PER_GIB = 0.16, 0.63
"""[W/GiB] Spread of three published rules for 32 GB: Boavizta 5.4 W idle, Green Algorithms 11.9 W, CodeCarbon 20 W."""


class PhaseTime(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work and its measured time."""

    phase: PhaseName
    num_units: int
    unit_s: Quantity
    """[s] One unit of the whole model."""
    num_blocks: int


def band_component(
    cpu: CpuFacts, phases: Sequence[PhaseTime], *, query_s: Quantity, load_share: float, idle_load_share: float
) -> ComponentEnergy | None:
    """Return the processor's energy by its typical power at the measured load, or null without any power limit.

    Args:
        cpu: what is known of the processor.
        phases: kinds of work with their times.
        query_s: [s] one query.
        load_share: busy share of all processors while the model worked, 0 to 1.
        idle_load_share: the same while nothing was asked of it, 0 to 1.
    """
    busy = load_model.cpu_band(cpu, load_share=load_share)
    idle = load_model.cpu_band(cpu, load_share=min(idle_load_share, load_share))
    if busy is None or idle is None:
        return None
    above = _above(busy, idle)
    return ComponentEnergy(
        component="cpu", meter=_meter(busy), idle_w=idle.power_w, loaded_idle_w=idle.power_w,
        phases=tuple(_phase(part, busy, above) for part in phases),
        per_query_gross_j=_energy(busy.power_w, query_s), per_query_net_j=_energy(above, query_s),
    )  # fmt: skip


def _meter(band: PowerBand) -> MeterInfo:
    return MeterInfo(
        id="load-band", name="Typical range by processor load", component="cpu", covers="processor package",
        method="band", native_unit="W", refresh_s=0.0, permission="any user", grade="C", k_scale=BAND_K,
        limit_w=band.limit_w,
    )  # fmt: skip


def _above(busy: PowerBand, idle: PowerBand) -> Quantity:
    """Return what the load adds: the same line holds for both, so their ends are subtracted one from the other."""
    high = (busy.power_w.high or 0.0) - (idle.power_w.high or 0.0)
    low = (busy.power_w.low or 0.0) - (idle.power_w.low or 0.0)
    low, high = max(0.0, min(low, high)), max(0.0, low, high)
    basis = f"{busy.power_w.basis}, less that of idle"
    if low <= 0:
        return Quantity(value=None, low=0.0, high=high, unit="W", evidence=_weak(busy), basis=basis)
    return Quantity(value=math.sqrt(low * high), low=low, high=high, unit="W", evidence=_weak(busy), basis=basis)


def _weak(band: PowerBand) -> Evidence:
    return weakest((band.power_w.evidence, "estimated"))


def _energy(power_w: Quantity, time_s: Quantity) -> Quantity:
    return ranges.times((power_w, time_s), "J", f"{power_w.basis}; x {time_s.basis}", at_best="estimated")


def _phase(part: PhaseTime, busy: PowerBand, above: Quantity) -> PhaseEnergy:
    return PhaseEnergy(
        phase=part.phase, num_units=part.num_units, gross_j=_energy(busy.power_w, part.unit_s),
        net_j=_energy(above, part.unit_s), power_w=busy.power_w, unit_s=part.unit_s.value or 0.0,
        num_blocks=part.num_blocks,
    )  # fmt: skip


def memory_power(memory: MemoryFacts) -> Quantity:
    """Return the power of the memory modules by published rules: shown apart, never ranked.

    Source:
        Boavizta, Green Algorithms (0.3725 W/GB) and CodeCarbon for 32 GB in two modules.
    """
    size = memory.total_bytes.value
    if not size:
        return unknown("W", "the size of the memory is not known")
    low, high = (size / GIB * rate for rate in (LEAST_MEMORY_W_PER_GIB, MOST_MEMORY_W_PER_GIB))
    basis = "size of the memory x published watts per GB, three rules that differ by a factor of 4"
    return Quantity(value=math.sqrt(low * high), low=low, high=high, unit="W", evidence="assumed", basis=basis)
