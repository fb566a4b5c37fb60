"""From blocks of work under a meter to energy with its interval: gross, net, detection limit, how many blocks. Pure."""

import math
import statistics
from collections.abc import Sequence

import msgspec

from advisor.energy.model import MeterInfo, PhaseEnergy, PhaseName
from advisor.evidence import Evidence, Quantity, unknown

REFRESHES_PER_BLOCK = 100.0
"""[1] A block that long knows its energy to 1 %: the error is one refresh over the block's length."""
LEAST_BLOCK_S = {"quick": 2.0, "standard": 10.0}
MOST_BLOCK_S = 20.0
BASELINE_S = {"quick": 4.0, "standard": 30.0}
PILOT_BLOCKS = {"quick": 3, "standard": 5}
MOST_BLOCKS = {"quick": 6, "standard": 20}
HALF_SHARE = {"quick": 0.10, "standard": 0.05}
"""[1] Half of the 95 % interval of the mean that the pilot asks for."""
MIN_UNITS = 20
"""Queries in a block of the standard protocol."""
DRIFT_W, DRIFT_SHARE = 1.0, 0.05
"""[W], [1] Idle power before and after may differ by the larger of the two."""
DETECTION_FACTOR = 3.0
"""[1] Net energy below this many standard uncertainties is not told apart from none."""
_FROZEN_REFRESHES = 10.0
_Z_95 = 1.96
_T_95 = (
    12.71,
    4.30,
    3.18,
    2.78,
    2.57,
    2.45,
    2.36,
    2.31,
    2.26,
    2.23,
    2.20,
    2.18,
    2.16,
    2.14,
    2.13,
    2.12,
    2.11,
    2.10,
    2.09,
)
"""[1] Student's t, two-sided 95 %, for 1 to 19 degrees of freedom."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block of work under one meter."""

    energy_j: float
    """[J] Between two changes of the counter while the work ran."""
    window_s: float
    """[s] Between these changes."""
    work_s: float
    """[s] The work, by the measuring thread's clock."""
    num_units: int
    """Prompts, tokens, queries or loads."""
    rejected: str | None = None
    """Why it is not used."""
    whole: bool = False
    """The window holds all of the work and a moment of idle, as for work that runs once; else the work went on before
    and after it."""

    @property
    def power_w(self) -> float:
        """Mean power, in watts."""
        return self.energy_j / self.window_s

    @property
    def unit_s(self) -> float:
        """Time of one unit, in seconds."""
        return self.work_s / self.num_units


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Idle power: its mean and the standard uncertainty of the mean."""

    power_w: float
    uncertainty_w: float
    num_windows: int
    drift_w: float = 0.0
    """[W] After the work less before it."""


def t_95(freedom: int) -> float:
    """Return Student's t for a two-sided interval of 95 %. [1].

    Args:
        freedom: degrees of freedom, at least 1.
    """
    return _T_95[freedom - 1] if freedom <= len(_T_95) else 2.0


def block_s(info: MeterInfo, mode: str) -> float:
    """Return the length of a block, in seconds: long enough for the meter, short enough for the user.

    Args:
        info: the slowest of the meters that are used.
        mode: `quick` or `standard`.
    """
    return min(MOST_BLOCK_S, max(LEAST_BLOCK_S[mode], REFRESHES_PER_BLOCK * info.refresh_s))


def needed(powers: Sequence[float], mode: str) -> int:
    """Return how many blocks in all the pilot asks for.

    Args:
        powers: figures of the pilot's blocks, at least two, all positive.
        mode: `quick` or `standard`.

    Source:
        Stein (1945), two stages: the number is fixed once, by the pilot's scatter.
    """
    mean = statistics.fmean(powers)
    if mean <= 0:
        return len(powers)
    wanted = math.ceil((t_95(len(powers) - 1) * statistics.stdev(powers) / (HALF_SHARE[mode] * mean)) ** 2)
    return min(MOST_BLOCKS[mode], max(len(powers), wanted))


def refused(block: Block, info: MeterInfo, *, epochs_differ: bool, asleep_s: float) -> str | None:
    """Return why a block cannot be used; None for a sound one.

    Args:
        block: what the meter said.
        info: the meter.
        epochs_differ: the counter broke inside the block.
        asleep_s: [s] The computer slept that long inside the block.
    """
    if asleep_s > 0.1:
        return f"the computer slept for {asleep_s:.0f} s"
    if epochs_differ:
        return "the counter was reset or missed a wrap"
    if block.window_s <= 0:
        return "the meter gave no two readings"
    if block.energy_j < 0:
        return "the counter went back"
    if block.energy_j == 0 and block.window_s >= _FROZEN_REFRESHES * info.refresh_s:
        return "the counter stood still under load"
    if info.limit_w is not None and block.power_w > 1.5 * info.limit_w:
        return f"{block.power_w:.0f} W are more than the limit of {info.limit_w:.0f} W allows"
    return None


def baseline(before: Sequence[float], after: Sequence[float] = ()) -> Baseline:
    """Return idle power from the means of short windows before and after the work.

    The uncertainty holds the scatter of the windows and the drift between the two idle times, taken as the ends of an
    even distribution.

    Args:
        before: [W] One value a window, at least one.
        after: [W] The same behind the work; empty where it was not measured.
    """
    every = [*before, *after]
    mean = statistics.fmean(before) if not after else (statistics.fmean(before) + statistics.fmean(after)) / 2
    drift = statistics.fmean(after) - statistics.fmean(before) if after else 0.0
    within = [
        statistics.variance(values) / len(values) for values in (before, after) if len(values) > 1
    ]  # fmt: skip
    uncertainty = math.sqrt(sum(within) / max(1, len(within)) ** 2 + drift**2 / 12)
    return Baseline(power_w=mean, uncertainty_w=uncertainty, num_windows=len(every), drift_w=drift)


def drifted(idle: Baseline) -> bool:
    """Tell whether idle power changed so much that net energy is in doubt."""
    return abs(idle.drift_w) > max(DRIFT_W, DRIFT_SHARE * idle.power_w)


def phase(
    name: PhaseName, blocks: Sequence[Block], idle: Baseline, info: MeterInfo, *, evidence: Evidence, how: str
) -> PhaseEnergy | None:
    """Return the energy of one kind of work; None where no block is sound.

    Args:
        name: kind of work.
        blocks: all, with the rejected ones.
        idle: what is taken off for the net figure.
        info: the meter.
        evidence: `measured` or `measured-synthetic`.
        how: phrase for the basis: what ran.

    Source:
        net = dE - P_idle T per block; u(net)^2 = u(dE)^2 + T^2 u(P_idle)^2; ../docs/METHODS.md, Energy.
    """
    good = [block for block in blocks if block.rejected is None]
    if not good:
        return None
    unit_s = sum(block.work_s for block in good) / sum(block.num_units for block in good)
    gross = [_gross_j(block, idle) for block in good]
    doubt = _mean_doubt(gross, info, good)
    mean = statistics.fmean(gross)
    basis = f"{info.name}, {_count(len(good), 'block')}, {how}"
    net_j = mean - idle.power_w * unit_s
    net_doubt = math.hypot(doubt, idle.uncertainty_w * unit_s)
    hidden = net_j < DETECTION_FACTOR * net_doubt
    powers = [_gross_j(block, idle) / block.unit_s for block in good]
    return PhaseEnergy(
        phase=name, num_units=sum(block.num_units for block in good),
        gross_j=_quantity(mean, doubt, info, "J", evidence, basis),
        net_j=_below(DETECTION_FACTOR * net_doubt, evidence, basis) if hidden
        else _quantity(net_j, net_doubt, info, "J", evidence, f"{basis}, less {idle.power_w:.1f} W of idle"),
        power_w=_quantity(statistics.fmean(powers), _mean_doubt(powers, info, good), info, "W", evidence, basis),
        unit_s=unit_s, num_blocks=len(good), block_gross_j=tuple(gross),
        num_rejected=len(blocks) - len(good), below_detection_limit=hidden,
    )  # fmt: skip


def _gross_j(block: Block, idle: Baseline) -> float:
    """Return the energy of one unit, in joules, without the idle moments of the window."""
    if not block.whole:
        return block.power_w * block.unit_s
    return (block.energy_j - idle.power_w * (block.window_s - block.work_s)) / block.num_units


def idle_power(idle: Baseline | None, info: MeterInfo, *, evidence: Evidence, what: str) -> Quantity:
    """Return idle power as a quantity.

    Args:
        idle: what was measured; None: nothing.
        info: the meter.
        evidence: of the measurement.
        what: `no model in memory` or `model loaded, nothing asked of it`.
    """
    if idle is None:
        return unknown("W", f"{info.name} gave no reading while idle")
    basis = f"{info.name}, {_count(idle.num_windows, 'window')}, {what}"
    return _quantity(idle.power_w, idle.uncertainty_w, info, "W", evidence, basis)


def _mean_doubt(values: Sequence[float], info: MeterInfo, blocks: Sequence[Block]) -> float:
    """Return the standard uncertainty of a mean: scatter of the blocks, and the meter's refresh over their length."""
    mean = statistics.fmean(values)
    window = statistics.fmean(block.window_s for block in blocks)
    # A refresh at each end, even distribution over its length.
    edge = mean * info.refresh_s / window / math.sqrt(6) / math.sqrt(len(values)) if window > 0 else 0.0
    if len(values) == 1:
        return math.hypot(edge, 0.1 * mean)
    factor = t_95(len(values) - 1) / _Z_95  # so that 1.96 of these make the t interval
    return math.hypot(edge, factor * statistics.stdev(values) / math.sqrt(len(values)))


def _quantity(
    value: float, doubt: float, info: MeterInfo, unit: str, evidence: Evidence, basis: str
) -> Quantity:  # fmt: skip
    """Return a figure whose range holds its repeatability (95 %) and the meter's scale, as factors in squares."""
    if value <= 0:
        return Quantity(value=value, low=min(value, value - _Z_95 * doubt), high=_Z_95 * doubt, unit=unit,
                        evidence=evidence, basis=basis)  # fmt: skip
    k = math.exp(math.hypot(math.log(info.k_scale), math.log1p(_Z_95 * doubt / value)))
    return Quantity(value=value, low=value / k, high=value * k, unit=unit, evidence=evidence, basis=basis)


def _below(limit_j: float, evidence: Evidence, basis: str) -> Quantity:
    return Quantity(
        value=None, low=0.0, high=limit_j, unit="J", evidence=evidence,
        basis=f"below the detection limit; {basis}",
    )  # fmt: skip


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number} {word}s"
