"""Time of some work by measured rates, for all candidates of a table at once.

Each kind of kernel costs what its bytes, operations, elements and starts were measured to cost; kinds add up, as a
runtime runs one operator after the other.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from advisor.estimate import calibration, learning
from advisor.estimate.families import KERNEL_FAMILIES
from advisor.estimate.model import AttentionRoof, CalibratedRoofs, MatrixRoof, Roofs
from advisor.estimate.table import CandidateTable, Floats
from advisor.estimate.work import Work
from advisor.evidence import Quantity
from advisor.graphs.kernel_case import LENGTHS, ROWS

Phase = Literal["reader", "prompt", "token"]
_EDGE = 0.6
"""[1] Share of the second-level caches up to which weights surely live in them; above its inverse they do not."""
_LOOKUP_S = 0.15e-6
"""[s] One row from memory at a place nobody foresaw: 0.15 us measured on a table of 500 MB in fp32, 0.22 in int8."""
_LEAST_DOUBT_S = 5e-6
"""[s] No time is known better: what hands inputs and outputs over is not modelled."""
_SPREAD_ROWS = 8.0
"""Rows from which on norms and activations are spread over the threads."""
_CONVOLUTION = KERNEL_FAMILIES.index("conv")


@dataclass(frozen=True, kw_only=True)
class CalibratedTime:
    """Time of some work and the factor within which it lies nine times in ten."""

    value: Floats
    """[s]"""
    k: Floats
    """[1]"""


def applies(table: CandidateTable, roofs: Roofs) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Tell which candidates measured kernels hold for: those of ONNX Runtime on the processor, of measured families."""
    measured = np.zeros(len(KERNEL_FAMILIES), dtype=bool)
    if roofs.calibrated is not None and roofs.device == "cpu":
        measured[[KERNEL_FAMILIES.index(roof.family) for roof in roofs.calibrated.matrices]] = True
        measured[_CONVOLUTION] = True
    known: np.ndarray[tuple[int], np.dtype[np.bool_]] = measured[table.family] & (table.column("in_onnxruntime") > 0)
    return known


def duration(amount: Work, table: CandidateTable, roofs: Roofs, phase: Phase) -> CalibratedTime:
    """Return the time of some work; where no measured rate holds, NaN.

    Args:
        amount: what is done.
        table: the candidates.
        roofs: with measured rates.
        phase: which part of a query it is.
    """
    measured = roofs.calibrated
    if measured is None:
        nothing = np.full(len(table), np.nan)
        return CalibratedTime(value=nothing, k=nothing)
    value = (
        _products(amount, table, measured)
        + _attention(amount, measured, phase)
        + _elements(amount, measured, phase)
        + _runs(amount, table, phase) * _value(measured.run_s)
    )
    ratio, k = _trust(table, roofs, phase)
    found = value * ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        doubt = np.log1p(_LEAST_DOUBT_S / np.where(found > 0, found, np.nan))
    return CalibratedTime(value=found, k=np.exp(np.hypot(np.log(k), np.nan_to_num(doubt))))


def _runs(amount: Work, table: CandidateTable, phase: Phase) -> Floats:
    """Return how often a graph is started: operators in all over those of one pass."""
    each = table.column("reader_operators" if phase == "reader" else "decoder_operators")
    runs: Floats = amount.operators / np.maximum(each, 1.0)
    return runs


def _products(amount: Work, table: CandidateTable, measured: CalibratedRoofs) -> Floats:
    total = np.full(len(table), np.nan)
    starts = amount.operators * calibration.MATRIX_SHARE
    family = table.column("matrix_family")
    outside = _outside(amount, measured)
    for roof in measured.matrices:
        own = family == KERNEL_FAMILIES.index(roof.family)
        streamed = amount.stream_bytes[own] * _byte_s(amount.resident_bytes[own], outside[own], roof, measured)
        # Products of many rows were measured with weights from a cache: what memory takes longer comes on top.
        cached = amount.stream_bytes[own] / _value(roof.stream_bytes_per_s[1])
        multiplied = amount.flops[own] / _between(amount.rows[own], ROWS, roof.compute_flops_per_s)
        total[own] = (
            np.maximum(streamed, multiplied + np.maximum(0.0, streamed - cached))
            + np.where(amount.rows[own] > 1, amount.product_elements[own], 0.0) * _value(roof.element_s)
            + starts[own] * (_value(roof.call_s) + outside[own] * _value(roof.memory_call_s))
        )
    convolved = amount.conv_flops / _value(measured.convolution_flops_per_s)
    convolved += amount.depthwise_flops / _value(measured.depthwise_flops_per_s)
    starts = np.where(table.family == _CONVOLUTION, amount.operators * _value(measured.convolution_call_s), 0.0)
    found: Floats = total + convolved + starts
    return found


def _outside(amount: Work, measured: CalibratedRoofs) -> Floats:
    """Return the share of weights and caches that comes from memory, not from the processor's last cache. [1]."""
    size = np.maximum(amount.resident_bytes + amount.cache_bytes, 1.0)
    share: Floats = np.maximum(0.0, 1.0 - measured.cache_bytes[-1] / size)
    return share


def _byte_s(size: Floats, outside: Floats, roof: MatrixRoof, measured: CalibratedRoofs) -> Floats:
    """Return the time of a byte of weights of that size in all, in seconds: from level to level in logarithms."""
    inner, last = (max(1.0, float(size)) for size in measured.cache_bytes)
    near, middle, far = (_value(rate) for rate in roof.stream_bytes_per_s)
    edges = np.log(np.minimum([_EDGE * inner, inner / _EDGE], last))
    cached = np.exp(np.interp(np.log(np.maximum(size, 1.0)), edges, np.log([near, middle])))
    each: Floats = (1.0 - outside) / cached + outside / far
    return each


def _between(at: Floats, grid: tuple[int, ...], rates: tuple[Quantity, ...]) -> Floats:
    """Return the rate at a number of rows or tokens, from those measured, in a straight line of logarithms."""
    logs = np.log([_value(rate) for rate in rates])
    rate: Floats = np.exp(np.interp(np.log(np.maximum(at, 1.0)), np.log(grid), logs))
    return rate


def _attention(amount: Work, measured: CalibratedRoofs, phase: Phase) -> Floats:
    starts = amount.operators * calibration.ATTENTION_SHARE
    if phase == "token":
        step: Floats = calibration.step_attention_s(
            measured, amount.attention_flops, amount.cache_bytes, starts, _outside(amount, measured)
        )
        return step + amount.operators / calibration.OPERATORS * _value(measured.token_layer_s)
    roof = measured.reader_attention if phase == "reader" else measured.prompt_attention
    return _of_text(amount, roof)


def _of_text(amount: Work, roof: AttentionRoof) -> Floats:
    scores = amount.attention_flops / amount.flops_per_score
    each = np.interp(np.log(np.maximum(amount.attended, 1.0)), np.log(LENGTHS), [_value(cost) for cost in roof.score_s])
    found: Floats = amount.attention_flops / _between(amount.attended, LENGTHS, roof.flops_per_s) + scores * each
    return found


def _elements(amount: Work, measured: CalibratedRoofs, phase: Phase) -> Floats:
    spread = amount.operators * calibration.ELEMENTS_SHARE * _value(measured.element_call_s)
    alone = amount.operators * (
        calibration.ELEMENTS_SHARE * _value(measured.single_call_s)
        + (1.0 - calibration.MATRIX_SHARE - calibration.ELEMENTS_SHARE) * _value(measured.operator_s)
    )
    found: Floats = (
        amount.norm_bytes / _value(measured.norm_bytes_per_s if phase == "reader" else measured.rms_bytes_per_s)
        + amount.stored_bytes / _value(measured.copy_bytes_per_s)
        + amount.gelu_bytes / _value(measured.gelu_bytes_per_s)
        + amount.silu_bytes / _value(measured.silu_bytes_per_s)
        + np.where(amount.rows >= _SPREAD_ROWS, spread, alone)
        + amount.plain_operators * _value(measured.single_call_s)
        + amount.lookups * _LOOKUP_S
    )
    return found


def _trust(table: CandidateTable, roofs: Roofs, phase: Phase) -> tuple[Floats, Floats]:
    """Return the factor that probes have taught and the factor k of the range, for each candidate."""
    ratios, ks = np.ones(len(KERNEL_FAMILIES)), np.full(len(KERNEL_FAMILIES), calibration.MODEL_ERROR_K)
    for place, family in enumerate(KERNEL_FAMILIES):
        if roofs.learned is not None:
            ratios[place], ks[place] = learning.of(roofs.learned, family, phase)
        elif roofs.calibrated is not None:
            ks[place] = calibration.estimate_k(roofs.calibrated, family, of_token=phase == "token")
    return ratios[table.family], ks[table.family]


def _value(quantity: Quantity) -> float:
    return quantity.value if quantity.value is not None else np.nan
