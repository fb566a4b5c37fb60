"""From raw times to a figure with a range, and the reasons why a run may be unstable. Pure."""

import math
import statistics
from collections.abc import Sequence

import msgspec

from advisor import units
from advisor.probe.depth import SystemReadings
from advisor.probe.plan import Grade

_T_95 = (6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81)
"""[1] Student's t at 95 % for 1 to 10 degrees of freedom: a two-sided range of 90 %."""
_T_MANY = 1.7
_IQR_PER_SIGMA = 1.349
"""[1] Interquartile range of a normal distribution over its standard deviation."""
_LEAST_HALF_SHARE = 0.02
"""[1] No range is narrower than this: the clock, the scheduler and other days are not in the blocks."""
_SINGLE_HALF_SHARE = 0.15
"""[1] Range around a value that was measured once."""
MODEL_HALF_SHARE = 0.05
"""[1] Added to the range of a value extrapolated from two depths: the method's own error, 1 to 5 % where the whole
model was measured as well."""

_LOAD_SHARE = 0.10
_LOAD_SEVERE_SHARE = 0.30
_STEAL_SHARE = 0.02
_STEAL_SEVERE_SHARE = 0.10
_OWN_SHARE = 0.90
_OWN_SEVERE_SHARE = 0.70
_FREQUENCY_DRIFT_SHARE = 0.05
_BLOCK_DRIFT_SHARE = 0.10
_BLOCK_DRIFT_SEVERE_SHARE = 0.25
_SPREAD_SHARE = 0.15
_MEMORY_STALL_SHARE = 0.05
_MANY_MAJOR_FAULTS = 100
_FEW_BLOCKS = 3
_MANY_REASONS = 3


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A median with its range. In the unit of the values it was made from."""

    value: float
    low: float
    high: float
    iqr: float
    num_values: int


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run may be unstable."""

    code: str
    """Kind of the reason; a probe gives at most one of a kind."""
    text: str
    """One sentence with the number behind it."""
    severe: bool = False


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the range that should hold 90 % of further measurements.

    Args:
        values: one a repeat or one a block, at least one, all positive.

    Source:
        Prediction interval of a normal distribution, with the interquartile range for the scale so that one odd block
        does not set it.
    """
    middle = statistics.median(values)
    if len(values) == 1:
        half = _SINGLE_HALF_SHARE * middle
        return Spread(value=middle, low=middle - half, high=middle + half, iqr=0.0, num_values=1)
    iqr = interquartile(values)
    factor = _T_95[len(values) - 2] if len(values) - 2 < len(_T_95) else _T_MANY
    half = factor * iqr / _IQR_PER_SIGMA * math.sqrt(1 + 1 / len(values))
    half = max(half, _LEAST_HALF_SHARE * middle)
    low = min(max(middle - half, min(values) / 2), middle)  # a time is never negative, however odd the blocks
    return Spread(value=middle, low=low, high=middle + half, iqr=iqr, num_values=len(values))


def interquartile(values: Sequence[float]) -> float:
    """Return the distance between the quartiles of what the values were drawn from, 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    lower, _, upper = statistics.quantiles(values, n=4)
    return upper - lower


def extrapolate(near: Spread, far: Spread, *, near_layers: int, far_layers: int, num_layers: int) -> Spread:
    """Return a linear function of the layers, known at two depths, at a third; its range grows with the distance.

    Args:
        near: at the smaller depth.
        far: at the larger depth.
        near_layers: the smaller depth.
        far_layers: the larger depth.
        num_layers: depth wanted.
    """
    weight = (num_layers - near_layers) / (far_layers - near_layers)
    if far.value <= near.value:
        return _unresolved(far, far_layers=far_layers, num_layers=num_layers)
    value = (1 - weight) * near.value + weight * far.value
    noise = math.hypot((1 - weight) * (near.high - near.low) / 2, weight * (far.high - far.low) / 2)
    half = noise + MODEL_HALF_SHARE * value
    return Spread(
        value=value, low=max(value - half, far.low), high=value + half,
        iqr=max(near.iqr, far.iqr), num_values=min(near.num_values, far.num_values),
    )  # fmt: skip


def _unresolved(far: Spread, *, far_layers: int, num_layers: int) -> Spread:
    """Return what is left to say when a disturbance hid the cost of the layers between two depths.

    The whole is at least what the larger depth took and at most that in proportion to its layers.
    """
    most = far.high * num_layers / far_layers
    return Spread(
        value=math.sqrt(far.low * most), low=far.low, high=most, iqr=far.iqr, num_values=far.num_values
    )  # fmt: skip


def lengthen(full: Spread, short_s: float, *, num_measured: int, num_wanted: int) -> Spread:
    """Return the time of a longer prompt from two shorter ones: a linear and a quadratic part, as attention has.

    Args:
        full: [s] at `num_measured` tokens.
        short_s: [s] at half of them.
        num_measured: tokens.
        num_wanted: tokens.
    """
    quadratic = max(0.0, (full.value - 2 * short_s) / (num_measured**2 / 2))
    linear = (full.value - quadratic * num_measured**2) / num_measured
    value = linear * num_wanted + quadratic * num_wanted**2
    half = value * ((full.high - full.low) / 2 / full.value + MODEL_HALF_SHARE * math.log2(num_wanted / num_measured))
    low = max(value - half, min(full.low, value))  # a longer prompt never takes less
    return Spread(value=value, low=low, high=value + half, iqr=full.iqr, num_values=full.num_values)


def drift_share(blocks: Sequence[float]) -> float:
    """Return how much the last third of the blocks is slower (above 0) or faster than the first third. [1]."""
    if len(blocks) < _FEW_BLOCKS:
        return 0.0
    third = max(1, len(blocks) // 3)
    return statistics.median(blocks[-third:]) / statistics.median(blocks[:third]) - 1


def reasons(system: SystemReadings, blocks: Sequence[float], *, num_threads: int) -> tuple[Reason, ...]:
    """Return why a run may be unstable, one sentence with its number each.

    Args:
        system: what the computer did meanwhile.
        blocks: [s] medians of the blocks, in order.
        num_threads: threads the runtime was given.
    """
    found = (*_load_reasons(system, num_threads), *_clock_reasons(system), *_memory_reasons(system))
    return (*found, *_block_reasons(blocks))


def grade(found: Sequence[Reason]) -> Grade:
    """Return A for a clean run, C for one with a severe reason or many reasons, else B."""
    if not found:
        return "A"
    return "C" if any(reason.severe for reason in found) or len(found) >= _MANY_REASONS else "B"


def _load_reasons(system: SystemReadings, num_threads: int) -> list[Reason]:
    found: list[Reason] = []
    other, steal, own = system.other_cpu_share, system.steal_share, system.own_cpu_share
    if other is not None and other > _LOAD_SHARE:
        text = f"Other programs used {_percent(other)} of the processor while this was measured."
        found.append(Reason(code="other-load", text=text, severe=other > _LOAD_SEVERE_SHARE))
    if steal is not None and steal > _STEAL_SHARE:
        text = f"The host of this virtual machine took {_percent(steal)} of the processor time for others."
        found.append(Reason(code="steal", text=text, severe=steal > _STEAL_SEVERE_SHARE))
    if own is not None and own < _OWN_SHARE:
        text = f"The measurement got {_percent(own)} of the time of its {num_threads} processor threads."
        found.append(Reason(code="cpu-time", text=text, severe=own < _OWN_SEVERE_SHARE))
    return found


def _clock_reasons(system: SystemReadings) -> list[Reason]:
    found: list[Reason] = []
    start, end = system.frequency_start_hz, system.frequency_end_hz
    if start and end and abs(end / start - 1) > _FREQUENCY_DRIFT_SHARE:
        change = "fell" if end < start else "rose"
        text = f"The processor's clock {change} from {start / 1e9:.2f} GHz to {end / 1e9:.2f} GHz."
        found.append(Reason(code="clock", text=text))
    if system.on_battery:
        found.append(Reason(code="battery", text="The computer ran on its battery, which may slow the processor."))
    return found


def _memory_reasons(system: SystemReadings) -> list[Reason]:
    found: list[Reason] = []
    stall, faults = system.memory_stall_share, system.num_major_faults
    if stall is not None and stall > _MEMORY_STALL_SHARE:
        found.append(
            Reason(
                code="memory-stall", text=f"Programs waited for memory in {_percent(stall)} of the time.", severe=True
            )
        )
    if faults is not None and faults > _MANY_MAJOR_FAULTS:
        found.append(Reason(code="page-faults", text=f"Memory was read back from disk {faults:,} times.", severe=True))
    return found


def _block_reasons(blocks: Sequence[float]) -> list[Reason]:
    found: list[Reason] = []
    if len(blocks) < _FEW_BLOCKS:
        times = "once" if len(blocks) == 1 else f"only {len(blocks)} times"
        return [Reason(code="few-blocks", text=f"There was time to measure {times}.")] if blocks else []
    drift = drift_share(blocks)
    if abs(drift) > _BLOCK_DRIFT_SHARE:
        change = "slower" if drift > 0 else "faster"
        text = f"The runs became {_percent(abs(drift))} {change} from beginning to end."
        found.append(Reason(code="drift", text=text, severe=abs(drift) > _BLOCK_DRIFT_SEVERE_SHARE))
    middle = statistics.median(blocks)
    scatter = interquartile(blocks) / middle
    if scatter > _SPREAD_SHARE:
        low, high = units.duration(min(blocks)), units.duration(max(blocks))
        text = f"The runs scatter: half of them differ by more than {_percent(scatter)} ({low} to {high})."
        found.append(Reason(code="scatter", text=text))
    return found


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}"
