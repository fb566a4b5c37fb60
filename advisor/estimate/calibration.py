"""From measured kernels to rates, and when they no longer hold. Pure; the constants of calibrated estimates live here.

The raw times are kept, not the rates: a better fit serves an old calibration too.
"""

import dataclasses
import functools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from advisor.errors import InvalidInputError
from advisor.estimate import least_squares
from advisor.estimate.families import KernelFamily
from advisor.estimate.least_squares import Fit, Observation
from advisor.estimate.model import AttentionRoof, CalibratedRoofs, MatrixRoof
from advisor.evidence import Quantity
from advisor.graphs.kernel_case import LENGTHS, ROWS, STORAGES, Calibration, KernelTime, KernelWork
from advisor.graphs.storage import FLOAT_BYTES
from advisor.hardware.model import HardwareProfile

if TYPE_CHECKING:
    from advisor.estimate.table import Floats

Amount = TypeVar("Amount", float, "Floats")
"""A number, or a column of them with one entry a candidate."""
__all__ = ["MATRIX_SHARE", "MODEL_ERROR_K", "Calibration", "fitted", "stale"]
MODEL_ERROR_K = 1.22
"""[1] The true time lies within x/÷ this of a calibrated estimate nine times in ten, before any probe: what a sum of
kernels does not show, as a runtime's memory traffic between them."""
TOKEN_ERROR_K = 1.28
"""[1] The same of a further token: it waits for memory, which other programs and guests share."""
_DISTURBED_K: dict[str, float] = {"A": 1.0, "B": 1.15, "C": 1.6}
"""[1] Added to it by what disturbed the calibration: the same computer gave rates 1.1 and up to 2 times apart."""
MATRIX_SHARE = 5.0 / 12.0
"""[1] Matrix products among the operators of a layer: packed queries, keys and values, output, gate, up, down."""
ATTENTION_SHARE = 1.0 / 12.0
ELEMENTS_SHARE = 4.0 / 12.0
"""[1] The same of norms, sums and activations whose work is spread over the threads."""
OPERATORS = 12.0
"""Operators of a layer that these are shares of."""
FASTEST_PER_S = 1e16
"""[1/s] Rate given where a cost was found to be nothing: faster than any processor."""
_NEAR_SHARE = 0.5
"""[1] Least cost of a byte from the second-level cache, over that from the next level."""
_LEVELS = ("l2", "l3", "memory")
_RUN_K = 1.5
"""[1] Range of the cost of a run: handing over inputs and outputs hangs on their number."""


def stale(
    calibration: Calibration,
    profile: HardwareProfile,
    runtime_version: str | None,
    power_source: str | None,
) -> tuple[str, ...]:
    """Return why a calibration no longer holds, one phrase each; empty when it holds.

    Args:
        calibration: what was measured.
        profile: the machine to estimate for.
        runtime_version: of ONNX Runtime now; null: not known, not compared.
        power_source: `mains` or `battery` now; null: not known, not compared.
    """
    found = []
    if calibration.fingerprint != profile.fingerprint:
        found.append("it was made on another machine or with other memory or processors")
    if runtime_version is not None and calibration.runtime_version != runtime_version:
        found.append(f"ONNX Runtime was {calibration.runtime_version} and is {runtime_version}")
    before = calibration.power_source
    if power_source is not None and before is not None and before != power_source:
        found.append(f"it was made on {before} and the computer runs on {power_source}")
    return tuple(found)


@functools.lru_cache(maxsize=8)
def fitted(calibration: Calibration) -> CalibratedRoofs:
    """Fit rates to the measured kernels: each time is a sum of bytes, operations, elements and calls at their cost.

    Raises:
        InvalidInputError: `calibration-incomplete`; a kind of kernel is missing.
    """
    maker = _Maker(calibration)
    nothing = maker.times("nothing")
    maker.run_s = min(time.median_s for time in nothing)
    step = maker.fit(maker.times("step-attention"), _step_amounts)
    convolution = maker.fit(maker.times("convolution", "depthwise"), _convolution_amounts)
    between = maker.times("norm-elements", "rms-elements", "gelu-elements", "silu-elements")
    elements = maker.fit([time for time in between if time.work.num_rows > 1], _element_amounts)
    operator = maker.fit(maker.times("operators"), _call_amounts)
    families: tuple[KernelFamily, ...] = tuple(family for family in STORAGES if maker.measured(family))
    found = CalibratedRoofs(
        created=calibration.created, num_threads=calibration.num_threads, grade=calibration.grade,
        runtime_version=calibration.runtime_version,
        cache_bytes=(calibration.num_threads * (calibration.l2_bytes or 0), calibration.last_level_cache_bytes),
        matrices=tuple(_matrices(maker, family) for family in families),
        reader_attention=_attention(maker, "reader-attention"),
        prompt_attention=_attention(maker, "prompt-attention"),
        step_bytes_per_s=maker.rate(step, "bytes", "B/s"), step_flops_per_s=maker.rate(step, "flops", "FLOP/s"),
        step_call_s=maker.cost(step, "call"), step_residual_share=step.residual_share,
        convolution_flops_per_s=maker.rate(convolution, "convolution", "FLOP/s"),
        depthwise_flops_per_s=maker.rate(convolution, "depthwise", "FLOP/s"),
        convolution_call_s=maker.cost(convolution, "call"), convolution_residual_share=convolution.residual_share,
        norm_bytes_per_s=maker.rate(elements, "norm-elements", "B/s"),
        rms_bytes_per_s=maker.rate(elements, "rms-elements", "B/s"), copy_bytes_per_s=_copied(calibration),
        gelu_bytes_per_s=maker.rate(elements, "gelu-elements", "B/s"),
        silu_bytes_per_s=maker.rate(elements, "silu-elements", "B/s"),
        element_call_s=maker.cost(elements, "call"), elements_residual_share=elements.residual_share,
        single_call_s=maker.quantity(_single_call_s(between, operator.costs["call"]), "s", elements.k),
        operator_s=maker.cost(operator, "call"), run_s=maker.quantity(maker.run_s, "s", _RUN_K),
        token_layer_s=maker.quantity(0.0, "s", _RUN_K),
    )  # fmt: skip
    whole = maker.known("token-layers")
    return msgspec.structs.replace(found, token_layer_s=maker.quantity(_layer_s(whole, found), "s", _RUN_K))


def _copied(calibration: Calibration) -> Quantity:
    return Quantity(
        value=calibration.copy_bytes_per_s,
        low=calibration.copy_low_bytes_per_s,
        high=calibration.copy_high_bytes_per_s,
        unit="B/s",
        evidence="measured",
        basis="memory copied by all threads, read and written",
    )


class _Maker:
    """What all fits of one calibration share."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self.basis = f"kernels of ONNX Runtime {calibration.runtime_version} measured on {calibration.created[:10]}"
        self.run_s = 0.0

    @property
    def last_cache_bytes(self) -> int:
        """Size of the last cache before memory, in bytes."""
        return self._calibration.last_level_cache_bytes

    def known(self, *kinds: str) -> list[KernelTime]:
        """Return the times of some kinds of kernel; none where an older calibration has not measured them."""
        return [time for time in self._calibration.times if time.work.kind in kinds]

    def measured(self, family: KernelFamily) -> bool:
        """Tell whether a family's rates can be fitted; long blocks were not measured by older calibrations."""
        return family != "int4-b128" or any(time.work.family == family for time in self.known("matrices"))

    def times(self, *kinds: str, family: str = "") -> list[KernelTime]:
        """Return the times of some kinds of kernel, of matrices those of one family."""
        found = [time for time in self.known(*kinds) if time.work.family == family]
        if not found:
            raise InvalidInputError(
                "calibration-incomplete",
                f"This calibration lacks the kernels {kinds[0]} {family}".rstrip() + ".",
                remedy="Calibrate again.",
            )
        return found

    def fit(self, times: Iterable[KernelTime], amounts: Callable[[KernelTime], dict[str, float]]) -> Fit:
        """Fit times, less what it costs to start a run at all."""
        return least_squares.fit(
            [
                Observation(time_s=max(time.median_s - self.run_s, 0.1 * time.median_s), amounts=amounts(time))
                for time in times
            ]
        )

    def rate(self, found: Fit, name: str, unit: str) -> Quantity:
        """Return one over a cost."""
        cost = found.costs.get(name, 0.0)
        return self.quantity(1.0 / max(cost, 1.0 / FASTEST_PER_S), unit, found.k)

    def cost(self, found: Fit, name: str) -> Quantity:
        """Return a cost."""
        return self.quantity(found.costs.get(name, 0.0), "s", found.k)

    def quantity(self, value: float, unit: str, k: float) -> Quantity:
        """Return a fitted figure with the range of its fit."""
        return Quantity(value=value, low=value / k, high=value * k, unit=unit, evidence="calibrated", basis=self.basis)


def estimate_k(roofs: CalibratedRoofs, family: KernelFamily, *, of_token: bool = False) -> float:
    """Return the factor within which a calibrated time of a family lies nine times in ten, before any probe. [1].

    Args:
        roofs: measured rates.
        family: of the candidate's products.
        of_token: of a further token: it waits for memory, which is shared with others and less steady.
    """
    own = [roof.residual_share for roof in roofs.matrices if roof.family == family]
    residual_share = own[0] if own else roofs.convolution_residual_share
    disturbed = math.log(_DISTURBED_K[roofs.grade])
    known = math.log(TOKEN_ERROR_K if of_token else MODEL_ERROR_K)
    return math.exp(math.hypot(known + disturbed, least_squares.RANGE_SIGMAS * residual_share))


def _matrices(maker: _Maker, family: KernelFamily) -> MatrixRoof:
    times = maker.times("matrices", family=family)
    nearest = "l3" if any(time.work.level == "l3" and time.work.num_rows == 1 for time in times) else "l2"
    found = maker.fit(times, functools.partial(_matrix_amounts, maker.last_cache_bytes, nearest))
    # A larger working set is never faster, whatever noise says: costs rise from level to level. Nor is a small one
    # free: what few bytes cost is hard to tell from what starting a product costs.
    found = dataclasses.replace(found, costs={**found.costs, "l2": max(found.costs["l2"], _floor(found))})
    costs: list[float] = []
    for level in _LEVELS:
        costs.append(max([found.costs.get(level, 0.0), *costs]))
    storage = STORAGES[family]  # type: ignore[index]
    weight_bytes = storage.linear_bytes(1024, 1024) / 1024**2
    # Nor do more rows take less time in all.
    at_rows = [costs[1] * weight_bytes]
    for rows in ROWS[1:]:
        at_rows.append(max(at_rows[-1], 2 * rows * found.costs.get(f"rows-{rows}", 0.0)))
    return MatrixRoof(
        family=family,
        stream_bytes_per_s=tuple(maker.quantity(1 / _least(cost), "B/s", found.k) for cost in costs),
        compute_flops_per_s=tuple(
            maker.quantity(2 * rows / _least(cost), "FLOP/s", found.k)
            for rows, cost in zip(ROWS, at_rows, strict=True)
        ),
        element_s=maker.cost(found, "elements"), call_s=maker.cost(found, "call"),
        memory_call_s=maker.cost(found, "memory-call"), residual_share=found.residual_share,
    )  # fmt: skip


def _floor(found: Fit) -> float:
    return _NEAR_SHARE * found.costs.get("l3", found.costs.get("memory", 0.0))


def _least(cost: float) -> float:
    return max(cost, 1.0 / FASTEST_PER_S)


def outside_share(size_bytes: float, last_cache_bytes: float) -> float:
    """Return the share of weights read again and again that comes from memory: a cache keeps what it has room for. [1].

    Measured with 34 to 400 MB of weights beside a cache of 34 MB: bytes a second within 10 % of this.
    """
    return max(0.0, 1.0 - last_cache_bytes / max(size_bytes, 1.0))


def _matrix_amounts(last_cache_bytes: int, nearest: str, time: KernelTime) -> dict[str, float]:
    work = time.work
    if work.num_rows == 1 and work.level == "memory":
        outside = outside_share(work.moved_bytes, last_cache_bytes)
        return {
            nearest: (1.0 - outside) * work.moved_bytes, "memory": outside * work.moved_bytes,
            "call": work.num_calls, "memory-call": outside * work.num_calls,
        }  # fmt: skip
    if work.num_rows == 1:
        return {work.level: work.moved_bytes, "call": work.num_calls}
    return {f"rows-{work.num_rows}": work.num_flops, "elements": work.num_elements, "call": work.num_calls}


def _layer_s(times: Sequence[KernelTime], known: CalibratedRoofs) -> float:
    """Return what a layer takes for one token beside its kernels; nothing where no whole layers were measured."""
    found = [(time.median_s - _kernels_s(time.work, known)) / time.work.num_calls for time in times]
    return max(0.0, statistics.median(found)) if found else 0.0


def _kernels_s(work: KernelWork, known: CalibratedRoofs) -> float:
    """Return what the kernels of whole int4 layers take for one token one by one, as `calibrated_speed` adds them."""
    roof = next(roof for roof in known.matrices if roof.family == "int4")
    outside = outside_share(work.moved_bytes + FLOAT_BYTES * work.num_elements, known.cache_bytes[-1])
    near, far = (_known(rate) for rate in roof.stream_bytes_per_s[1:])
    operators = work.num_calls * OPERATORS
    return (
        work.moved_bytes * ((1.0 - outside) / near + outside / far)
        + operators * MATRIX_SHARE * (_known(roof.call_s) + outside * _known(roof.memory_call_s))
        + step_attention_s(known, work.num_flops, FLOAT_BYTES * work.num_elements, work.num_calls, outside)
        + operators * ELEMENTS_SHARE * _known(known.single_call_s)
        + operators * (1.0 - MATRIX_SHARE - ELEMENTS_SHARE) * _known(known.operator_s)
        + _known(known.run_s)
    )  # fmt: skip


def step_attention_s(
    known: CalibratedRoofs, flops: Amount, cache_bytes: Amount, calls: Amount, outside: Amount
) -> Amount:
    """Return the time of one token's attention, in seconds; numbers or columns of them alike.

    Args:
        known: measured rates.
        flops: [FLOP]
        cache_bytes: [B] Keys and values it reads.
        calls: attention operators.
        outside: [1] Share of what a token reads that comes from memory, keys and values like weights.
    """
    memory = next(roof for roof in known.matrices if roof.family == "fp32").stream_bytes_per_s[-1]
    running = cache_bytes / _known(known.step_bytes_per_s) + flops / _known(known.step_flops_per_s)
    waiting = outside * cache_bytes / _known(memory)
    longer = (running + waiting + abs(running - waiting)) / 2.0  # one reads while the other multiplies
    return longer + calls * _known(known.step_call_s)


def _known(quantity: Quantity) -> float:
    return quantity.value if quantity.value is not None else math.nan


def _step_amounts(time: KernelTime) -> dict[str, float]:
    work = time.work
    return {"bytes": work.moved_bytes, "flops": work.num_flops, "call": work.num_calls}


def _convolution_amounts(time: KernelTime) -> dict[str, float]:
    return {time.work.kind: time.work.num_flops, "call": time.work.num_calls}


def _element_amounts(time: KernelTime) -> dict[str, float]:
    return {time.work.kind: time.work.moved_bytes, "call": time.work.num_calls}


def _single_call_s(times: Sequence[KernelTime], operator_s: float) -> float:
    """Return what a norm or an activation of one row takes; an older calibration has only the start of an operator."""
    single = [time.median_s / time.work.num_calls for time in times if time.work.num_rows == 1]
    return statistics.median(single) if single else operator_s


def _call_amounts(time: KernelTime) -> dict[str, float]:
    return {"call": time.work.num_calls}


def _attention(maker: _Maker, kind: str) -> AttentionRoof:
    """Fit each length by itself: short texts pay for starting threads, long ones for scores that leave the caches."""
    times = maker.times(kind)
    lengths = sorted({time.work.num_rows for time in times})
    fits = [maker.fit([t for t in times if t.work.num_rows == length], _pair_amounts) for length in lengths]
    by_length = dict(zip(lengths, fits, strict=True))
    wanted = [by_length[_nearest(length, lengths)] for length in LENGTHS]
    return AttentionRoof(
        flops_per_s=tuple(maker.rate(found, "flops", "FLOP/s") for found in wanted),
        score_s=tuple(maker.cost(found, "scores") for found in wanted),
        residual_share=math.sqrt(statistics.fmean(found.residual_share**2 for found in fits)),
    )


def _nearest(wanted: int, known: Sequence[int]) -> int:
    return min(known, key=lambda length: abs(length - wanted))


def _pair_amounts(time: KernelTime) -> dict[str, float]:
    return {"flops": time.work.num_flops, "scores": time.work.num_elements}


def best(
    calibrations: Sequence[Calibration], profile: HardwareProfile, runtime_version: str | None
) -> Calibration | None:
    """Return the newest calibration that holds; without one the newest at all, whose roofs then say why it does not.

    Args:
        calibrations: newest first.
        profile: the machine to estimate for.
        runtime_version: of ONNX Runtime now; null: not known.
    """
    power = profile.power.source.value
    held = (item for item in calibrations if not stale(item, profile, runtime_version, power))
    return next(held, calibrations[0] if calibrations else None)


def not_used(calibration: Calibration, reasons: Sequence[str]) -> str:
    """Return one sentence that says why a calibration is not used."""
    return f"The calibration of {calibration.created[:10]} is not used: {'; '.join(reasons)}."
