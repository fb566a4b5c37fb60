"""Energy by the measured load where no meter can be read: a typical range times a measured time. Pure."""

import math
from collections.abc import Sequence

import msgspec

from advisor.energy import load_model, ranges
from advisor.energy.model import ComponentEnergy, LoadBasis, MeterInfo, PhaseEnergy, PhaseName, PowerBand
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import CpuFacts, GpuFacts, MemoryFacts

BAND_K = 2.15
"""[1] The true power lies within x/k to x*k of the band's middle; in-sample, 4 machines."""
CARD_K = 1.8
GREEN_ALGORITHMS_W_PER_GB = 0.3725
BOAVIZTA_MODULE_W, BOAVIZTA_W_PER_GB, BOAVIZTA_IDLE_SHARE = 3.0, 0.055, 0.7
CODECARBON_MODULE_W = 5.0
_LARGE_MODULE_GB, _SMALL_MODULE_GB, _LEAST_MODULES, _MOST_MODULES = 64.0, 8.0, 2, 32
_GB = 1e9
SUPPLY_SHARE = (0.80, 0.94)
"""[1] What a power supply passes on: the certificates 80 PLUS (20 to 100 % of its load) and 80 PLUS Titanium (half)."""


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
    net = load_model.net_band(cpu, load_share=load_share, idle_load_share=idle_load_share)
    above = unknown("W", "no power limit is known") if net is None else net
    return ComponentEnergy(
        component="cpu", meter=_meter(busy), idle_w=idle.power_w, loaded_idle_w=idle.power_w,
        phases=tuple(_phase(part, busy.power_w, above) for part in phases),
        per_query_gross_j=_energy(busy.power_w, query_s), per_query_net_j=_energy(above, query_s),
    )  # fmt: skip


def _meter(band: PowerBand) -> MeterInfo:
    return MeterInfo(
        id="load-band", name="Typical range by processor load", component="cpu", covers="processor package",
        method="band", native_unit="W", refresh_s=0.0, permission="any user", grade="C", k_scale=BAND_K,
        limit_w=band.limit_w,
    )  # fmt: skip


def _energy(power_w: Quantity, time_s: Quantity) -> Quantity:
    return ranges.times((power_w, time_s), "J", f"{power_w.basis}; x {time_s.basis}", at_best="estimated")


def _phase(part: PhaseTime, power_w: Quantity, above_w: Quantity) -> PhaseEnergy:
    return PhaseEnergy(
        phase=part.phase, num_units=part.num_units, gross_j=_energy(power_w, part.unit_s),
        net_j=_energy(above_w, part.unit_s), power_w=power_w, unit_s=part.unit_s.value or 0.0,
        num_blocks=part.num_blocks,
    )  # fmt: skip


def card_component(gpu: GpuFacts, phases: Sequence[PhaseTime], *, query_s: Quantity) -> ComponentEnergy | None:
    """Return a graphics card's energy by its limit, gross; null where the card states none.

    What it draws while idle is not known, so there is no net energy.

    Args:
        gpu: what is known of the card.
        phases: kinds of work with their times.
        query_s: [s] one query.
    """
    power = load_model.card_band(gpu)
    if power is None:
        return None
    net_w = unknown("W", "the idle power of this card is not known")
    meter = MeterInfo(
        id="limit-band", name="Range by the graphics card's limit", component="gpu", covers=load_model.CARD_COVERS,
        method="band", native_unit="W", refresh_s=0.0, permission="any user", grade="C", k_scale=CARD_K,
        limit_w=gpu.power_limit_w.value,
    )  # fmt: skip
    return ComponentEnergy(
        component="gpu", meter=meter, idle_w=net_w, loaded_idle_w=net_w,
        phases=tuple(_phase(part, _card_power(power, part), net_w) for part in phases),
        per_query_gross_j=_energy(power, query_s), per_query_net_j=_energy(net_w, query_s),
    )  # fmt: skip


def _card_power(busy_w: Quantity, part: PhaseTime) -> Quantity:
    return busy_w if part.phase != "load" else unknown("W", "what a card draws while a model is loaded is not known")


def load_basis(
    cpu: CpuFacts, *, per_query_j: Quantity, load_share: float, idle_load_share: float, core_busy_share: Sequence[float]
) -> LoadBasis | None:
    """Return what the range rests on, part by part; null without any power limit.

    Args:
        cpu: what is known of the processor.
        per_query_j: [J] gross energy of one query by the band.
        load_share: as `band_component`.
        idle_load_share: as `band_component`.
        core_busy_share: busy share of each processor meanwhile; empty where the system does not tell.
    """
    idle, full = (load_model.cpu_band(cpu, load_share=share) for share in (0.0, 1.0))
    if idle is None or full is None:
        return None
    number = cpu.num_logical_cores.value
    return LoadBasis(
        limit_w=full.limit_w, limit_basis=full.limit_basis, idle_w=idle.power_w, full_w=full.power_w,
        load_share=load_share, idle_load_share=idle_load_share, num_logical_cores=number,
        num_active_cores=sum(core_busy_share) if core_busy_share else load_share * number if number else None,
        core_busy_share=tuple(core_busy_share), plug_per_query_j=at_plug(per_query_j),
    )  # fmt: skip


def at_plug(item: Quantity, supply_share: tuple[float, float] = SUPPLY_SHARE) -> Quantity:
    """Return what a figure comes to before the power supply.

    Args:
        item: power or energy behind it.
        supply_share: what it passes on, lowest and highest.
    """
    lowest, highest = supply_share
    middle = math.sqrt(lowest * highest)
    passed = Quantity(
        value=1 / middle, low=1 / highest, high=1 / lowest, unit="1", evidence="assumed", basis="power supply"
    )
    basis = f"{item.basis}; through a power supply that passes on {lowest:.0%} to {highest:.0%}"
    return ranges.times((item, passed), item.unit, basis)


def memory_power(memory: MemoryFacts) -> Quantity:
    """Return the power of the memory modules by published rules: shown apart, never ranked.

    The least and the most that three rules say, over the numbers of modules of 8 to 64 GB that make up this size (2
    to 32 where they are small). For 32 GB in two modules they say 5.4 (idle) to 7.8, 11.9 and 10 W.

    Source:
        Boavizta: 3.0 W + 0.055 W/GB a module, 0.7 of it idle; Green Algorithms: 0.3725 W/GB; CodeCarbon: 5 W a module.
    """
    size = memory.total_bytes.value
    if not size:
        return unknown("W", "the size of the memory is not known")
    size_gb = size / _GB
    fewest = math.ceil(size_gb / _LARGE_MODULE_GB)
    most = max(fewest, min(_MOST_MODULES, max(_LEAST_MODULES, math.ceil(size_gb / _SMALL_MODULE_GB))))
    per_size_w = GREEN_ALGORITHMS_W_PER_GB * size_gb
    low = min(per_size_w, BOAVIZTA_IDLE_SHARE * (BOAVIZTA_MODULE_W * fewest + BOAVIZTA_W_PER_GB * size_gb))
    high = max(
        per_size_w, CODECARBON_MODULE_W * most, BOAVIZTA_MODULE_W * most + BOAVIZTA_W_PER_GB * size_gb
    )  # fmt: skip
    modules = f"{fewest} to {most} modules" if fewest != most else f"{fewest} modules"
    basis = f"{size_gb:.0f} GB in {modules} by three published rules: Boavizta, Green Algorithms, CodeCarbon"
    return Quantity(value=math.sqrt(low * high), low=low, high=high, unit="W", evidence="assumed", basis=basis)
