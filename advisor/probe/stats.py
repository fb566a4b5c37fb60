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
_LAUNCH_SHARE = 0.02
"""[1] Scatter of launches of the same graph to reckon with before any is seen: standard deviation of their medians, as
the launches of `benchmarks/probe_repeat.py` have it on a quiet computer."""
_LAUNCH_WEIGHT = 4
"""Launches that this knowledge counts as: the scale of a scaled inverse chi-squared prior."""
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
_CPU_STALL_SHARE = 0.15
_CPU_STALL_SEVERE_SHARE = 0.50
_PUSHED_ASIDE_PER_S = 100.0
"""[1/s] Of all threads together; a quiet computer has a few."""
_LAUNCHES_APART_SHARE = 0.05
_LAUNCHES_APART_SEVERE_SHARE = 0.20
_WIDE_INTERVAL_SHARE = 0.05
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


def pooled(launches: Sequence[Sequence[float]]) -> Spread:
    """Return the middle of several launches and the range that should hold 90 % of further measurements.

    Args:
        launches: values of each, all positive; at least one launch with at least one value.

    Source:
        Random effects: the variance of a block within a launch, and that of the launches, for which two or three say
        little, so that it is shrunk towards what launches usually scatter (scaled inverse chi-squared prior).
    """
    every = spread([value for values in launches for value in values])
    if every.num_values == 1:
        return every
    middles = [statistics.median(values) for values in launches]
    value = statistics.fmean(middles)
    freedom = _LAUNCH_WEIGHT + len(middles) - 1
    squares = sum((middle - value) ** 2 for middle in middles)
    scatter = math.sqrt((_LAUNCH_WEIGHT * (_LAUNCH_SHARE * value) ** 2 + squares) / freedom)
    between = _T_95[freedom - 1] * scatter * math.sqrt(1 + 1 / len(middles))
    half = math.hypot(every.high - every.value, between)
    low = min(max(value - half, min(middles) / 2), value)
    return Spread(value=value, low=low, high=value + half, iqr=every.iqr, num_values=every.num_values)


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


def off_the_line(small: float, middle: float, large: float, *, layers: tuple[int, int, int]) -> float:
    """Return how far a depth lies off the straight line through two others, over its value on it. [1].

    Args:
        small: value at the first of the layers.
        middle: at the second.
        large: at the third.
        layers: numbers of layers, rising.
    """
    share = (layers[1] - layers[0]) / (layers[2] - layers[0])
    line = small + share * (large - small)
    return middle / line - 1


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
    return found or _queue_reasons(system)


def _queue_reasons(system: SystemReadings) -> list[Reason]:
    """Return signs of other programs that their processor time did not show: many short ones, or one pinned here."""
    stall, aside, seconds = system.cpu_stall_share, system.num_pushed_aside, system.measured_s
    if stall is not None and stall > _CPU_STALL_SHARE:
        text = f"Programs waited for a processor in {_percent(stall)} of the time."
        return [Reason(code="cpu-stall", text=text, severe=stall > _CPU_STALL_SEVERE_SHARE)]
    if aside is not None and seconds and aside / seconds > _PUSHED_ASIDE_PER_S:
        text = f"Other programs pushed the measurement off its processor {aside / seconds:.0f} times a second."
        return [Reason(code="pushed-aside", text=text)]
    return []


def _clock_reasons(system: SystemReadings) -> list[Reason]:
    found: list[Reason] = []
    start, end = system.frequency_start_hz, system.frequency_end_hz
    if start and end and abs(end / start - 1) > _FREQUENCY_DRIFT_SHARE:
        change = "fell" if end < start else "rose"
        text = f"The processor's clock {change} from {start / 1e9:.2f} GHz to {end / 1e9:.2f} GHz."
        found.append(Reason(code="clock", text=text))
    if system.num_throttles:
        text = f"The processor slowed itself down {system.num_throttles:,} times, for heat or power."
        found.append(Reason(code="throttled", text=text, severe=True))
    if system.on_battery:
        found.append(Reason(code="battery", text="The computer ran on its battery, which may slow the processor."))
    return found


def _memory_reasons(system: SystemReadings) -> list[Reason]:
    found: list[Reason] = []
    stall, faults, swapped = system.memory_stall_share, system.num_major_faults, system.num_swapped_pages
    if stall is not None and stall > _MEMORY_STALL_SHARE:
        found.append(
            Reason(
                code="memory-stall", text=f"Programs waited for memory in {_percent(stall)} of the time.", severe=True
            )
        )
    if faults is not None and faults > _MANY_MAJOR_FAULTS:
        found.append(Reason(code="page-faults", text=f"Memory was read back from disk {faults:,} times.", severe=True))
    if swapped is not None and swapped > _MANY_MAJOR_FAULTS:
        found.append(Reason(code="swap", text=f"The system read {swapped:,} pages back from swap.", severe=True))
    return found


def launch_reasons(apart_share: float, num_launches: int, interval_share: float | None) -> tuple[Reason, ...]:
    """Return why launches that differ, or too few blocks, make a figure unstable.

    Args:
        apart_share: [1] The slowest launch over the quickest, less one.
        num_launches: of the depth that differs most.
        interval_share: [1] Half of the 95 % interval of the mean of the blocks; null without a pilot.
    """
    found = []
    if apart_share > _LAUNCHES_APART_SHARE:
        text = f"The model was started {num_launches} times and ran at speeds {_percent(apart_share)} apart."
        found.append(Reason(code="launches", text=text, severe=apart_share > _LAUNCHES_APART_SEVERE_SHARE))
    if interval_share is not None and interval_share > _WIDE_INTERVAL_SHARE:
        text = f"There was no time for the blocks it takes to know the mean better than ±{_percent(interval_share)}."
        found.append(Reason(code="wide-interval", text=text))
    return tuple(found)


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
