"""Power, energy and carbon values: what a meter is, what it said, what came out of it. Pure."""

from typing import Literal

import msgspec

from advisor.evidence import Quantity

Component = Literal["cpu", "gpu", "ram", "platform"]
"""`platform`: the whole machine; a row of its own, never added to the parts."""
Method = Literal["counter", "integral", "os-model", "band", "constant"]
"""`counter`: end less start of an energy counter; `integral`: of power samples; `os-model`: an estimate of firmware or
operating system; `band`: typical range by load; `constant`: from a table."""
MeterState = Literal["open", "locked", "absent", "refused"]
"""`locked`: it is there and may not be read; `refused`: it was read and is not plausible."""
MeterGrade = Literal["A", "B", "C"]
"""A: about 5-10 % of its domain, B: 10-30 %, C: a factor of 2."""
PhaseName = Literal["load", "prefill", "decode", "query"]


class MeterInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One meter of this machine, whether it can be read or not."""

    id: str
    """`rapl`, `perf`, `nvml:0`, `nvml-power:0`, `amdgpu:0`, `battery`, ..."""
    name: str
    """For people: `RAPL of the processor, by powercap`."""
    component: Component
    covers: str
    """The boundary, one phrase: `processor package`."""
    method: Method
    native_unit: str
    """Unit the meter itself counts in: `µJ`, `mJ`, `mW`, ..."""
    resolution_j: float | None = None
    """[J] Smallest step of a counter; null for a power sensor or where it is not known."""
    refresh_s: float
    """[s] The meter has a new value about this often."""
    permission: str
    """Who may read it: `any user`, `root, or a group the user sets up`, ..."""
    grade: MeterGrade
    k_scale: float
    """[1] Scale error as a factor: the true value lies within x/k to x*k in 95 % of cases."""
    limit_w: float | None = None
    """[W] What it measures can draw no more than this for long; readings above 1.5 times are implausible."""
    state: MeterState = "open"
    why: str = ""
    """One phrase: why it is not open."""
    remedy: str = ""
    """The exact rule or command that opens it; the app itself never asks for root."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a meter."""

    before_s: float
    """[s] `time.perf_counter()` before the read."""
    after_s: float
    """[s] After it; the value is taken to be of the middle."""
    energy_j: float | None = None
    """[J] Since the meter was opened, wraps undone; null for a gap."""
    power_w: float | None = None
    """[W] Where the meter states power itself."""
    epoch: int = 0
    """Grows at each break that hides energy (reset, two wraps, an implausible step): only readings of one epoch are
    subtracted from each other."""
    gap: str | None = None
    """Why there is no value: a failed read is a gap, never 0."""
    broken: str | None = None
    """Why the epoch grew with this reading, where it did."""

    @property
    def t_s(self) -> float:
        """Time of the value, in seconds of `time.perf_counter()`."""
        return (self.before_s + self.after_s) / 2


class GridIntensity(msgspec.Struct, frozen=True, kw_only=True):
    """Carbon intensity of electricity: a country's location-based yearly average, or a value of the user's own."""

    iso3: str | None
    iso2: str | None
    name: str
    g_per_kwh: Quantity
    """[g/kWh] CO2e, with the range that other sources span."""
    year: int | None
    """Null for a value of the user's own."""
    source: str
    note: str | None = None


class PowerBand(msgspec.Struct, frozen=True, kw_only=True):
    """Power of a processor at a known load, without a meter: a range first, its middle second."""

    power_w: Quantity
    """[W]"""
    idle_power_w: Quantity
    """[W]"""
    limit_w: float
    """[W] The limit the band hangs on."""
    limit_basis: str
    boundary: str


class PhaseEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of one kind of work, gross and net."""

    phase: PhaseName
    num_units: int
    """Loads, prompts, tokens or queries measured, of all accepted blocks together."""
    gross_j: Quantity
    """[J] Of one unit: what the meter counted while it ran."""
    net_j: Quantity
    """[J] Of one unit: above idle with the model loaded; for loading, above idle without it."""
    power_w: Quantity
    """[W] Mean while it ran, gross."""
    unit_s: float
    """[s] One unit, in these same blocks."""
    num_blocks: int
    block_gross_j: tuple[float, ...] = ()
    """[J] One unit, one value a sound block; at the depth that was measured. Empty without a meter."""
    num_rejected: int = 0
    below_detection_limit: bool = False
    """Net energy is less than three times its own standard uncertainty: it is shown as `less than`, and not ranked."""


class ComponentEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """What one meter, or the band where there is none, says of the probe."""

    component: Component
    meter: MeterInfo
    idle_w: Quantity
    """[W] No model in memory."""
    loaded_idle_w: Quantity
    """[W] Model loaded, nothing asked of it; the difference to `idle_w` is the holding cost."""
    phases: tuple[PhaseEnergy, ...]
    per_query_gross_j: Quantity
    """[J] One query of the workload, whole model."""
    per_query_net_j: Quantity
    """[J] The same, above idle with the model loaded."""


class ExcludedPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the machine that no meter covers: null, never 0."""

    component: Component
    why: str


class EnergyCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One proof the user can see."""

    code: Literal["liveness", "cross", "drift", "load", "gaps", "resolution", "sampler", "clock", "vanished", "speed"]
    passed: bool
    text: str
    """One sentence with its numbers."""


class PowerPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the power trace."""

    t_s: float
    """[s] Since the probe's start."""
    component: Component
    power_w: float
    phase: str
    """What ran: `idle`, `spin`, `load`, `loaded idle`, `prefill`, `decode`, `query`."""


class LoadBasis(msgspec.Struct, frozen=True, kw_only=True):
    """What a typical range without a meter rests on, part by part."""

    limit_w: float
    """[W] The processor's power limit, or the middle of what it may be."""
    limit_basis: str
    idle_w: Quantity
    """[W] The range at no load."""
    full_w: Quantity
    """[W] The range with all processors busy."""
    load_share: float
    """Busy share of all processors while the model worked, 0 to 1."""
    idle_load_share: float
    """The same by other programs alone."""
    num_logical_cores: int | None
    num_active_cores: float | None
    """Processors that were busy, on the mean: the load times their number."""
    core_busy_share: tuple[float, ...] = ()
    """Busy share of each processor while the model worked, 0 to 1; empty where the system does not tell."""
    plug_per_query_j: Quantity
    """[J] The processor's part of a query at the plug, for a usual power supply; in no total."""
    supply_share: tuple[float, float] = (1.0, 1.0)
    """What the power supply passes on, lowest and highest, in all other figures: 1, its losses are not included."""
    overhead_ratio: float = 1.0
    """[1] Other energy of the place, such as cooling, over that of the machine, in all figures: 1, not included."""


class EnergyResult(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of a probe: measured where a meter exists, a range where none does."""

    boundary: str
    """Mandatory sentence: what is in the total and what is not."""
    mode: Literal["quick", "standard", "band"]
    """`band`: no meter, power by the load that was measured."""
    components: tuple[ComponentEnergy, ...]
    excluded: tuple[ExcludedPart, ...] = ()
    per_query_gross_j: Quantity
    """[J] Sum over components but `platform`."""
    per_query_net_j: Quantity
    per_output_token_j: Quantity
    """[J] Gross, decode."""
    per_input_token_j: Quantity
    """[J] Gross, prefill."""
    checks: tuple[EnergyCheck, ...] = ()
    meters: tuple[MeterInfo, ...] = ()
    """All that were looked for, with their state: the ladder."""
    chosen: tuple[str, ...] = ()
    """Ids of the meters that were used."""
    trace: tuple[PowerPoint, ...] = ()
    """Thinned to at most 2,000 points."""
    ram_w: Quantity | None = None
    """[W] Memory by assumption, shown apart and never ranked."""
    load_basis: LoadBasis | None = None
    """What the range rests on where `mode` is `band`."""
