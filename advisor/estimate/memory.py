"""Peak memory of all candidates of a table at once: weights, cache, activations, runtime."""

from dataclasses import dataclass

import numpy as np

from advisor.estimate.model import Roofs
from advisor.estimate.runtime_facts import SCORES_ARENA_FACTOR
from advisor.estimate.table import CandidateTable, Floats
from advisor.estimate.work import Positions
from advisor.task.model import Workload

PACKED_LOW_SHARE = 0.8
PACKED_HIGH_SHARE = 1.25
"""[1] Range of what is held beside the weights: originals are let go early or late, depending on version and system."""
EXTRA_RUNTIME_LOW_SHARE = 0.6


@dataclass(frozen=True, kw_only=True)
class Ranged:
    """Values of a quantity with their ranges, one number a candidate; NaN where not known."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Peak memory in parts, which add up to the total. All in bytes."""

    weights: Ranged
    cache: Ranged
    activations: Ranged
    """While running, or what loading holds for a moment where that is more."""
    running: Ranged
    """The same while running only."""
    runtime: Ranged
    total: Ranged
    """Value NaN when a part is not known; its low end still holds for the parts that are."""


def memory(table: CandidateTable, workload: Workload, at: Positions, roofs: Roofs) -> Memory:
    """Compute the peak memory of one process that answers the workload."""
    on_cpu, cache = roofs.device == "cpu", _cache(table, workload, at)
    working = _activations(table, workload, at)
    parts = (
        _weights(table, on_cpu=on_cpu),
        cache,
        _at_least_loading(table, cache, working) if on_cpu else working,
        _runtime(table, roofs),
    )
    weights, cache, activations, runtime = parts
    return Memory(
        weights=weights,
        cache=cache,
        activations=activations,
        running=working,
        runtime=runtime,
        total=_total(parts),
    )


def _total(parts: tuple[Ranged, ...]) -> Ranged:
    """Add parts up; their doubts are independent, so these add up in squares. Without a value the low ends still count.

    All of 22 measured peaks lay inside plain sums of the ends, which promise less than is known.
    """
    value = np.sum([part.value for part in parts], axis=0)
    lowest = np.sum([np.nan_to_num(part.low) for part in parts], axis=0)
    below = np.sqrt(np.sum([(part.value - part.low) ** 2 for part in parts], axis=0))
    above = np.sqrt(np.sum([(part.high - part.value) ** 2 for part in parts], axis=0))
    return Ranged(value=value, low=np.where(np.isnan(value - below), lowest, value - below), high=value + above)


def _weights(table: CandidateTable, *, on_cpu: bool) -> Ranged:
    weight, k = table.column("weight_bytes"), table.column("weight_k")
    packed = table.column("packed_bytes") if on_cpu else np.zeros(len(table))
    packed_k = table.column("packed_k")
    return Ranged(
        value=weight + packed,
        low=weight / k + np.minimum(packed / packed_k, packed),
        high=weight * k + np.maximum(packed * packed_k, packed),
    )


def cache_bytes(table: CandidateTable, context: Floats, batch: float, reader: Floats) -> Floats:
    """Return the bytes kept between tokens for `context` tokens of each of `batch` sequences."""
    column = table.column
    windowed = np.minimum(context, column("window")) * column("windowed_cache_bytes")
    known = np.where(column("cache_known") > 0, 1.0, np.nan)
    kept: Floats = (
        batch
        * known
        * (context * column("cache_bytes") + windowed + column("state_bytes") + reader * column("cross_cache_bytes"))
    )
    return kept


def _cache(table: CandidateTable, workload: Workload, at: Positions) -> Ranged:
    """Set aside for the whole context; only what a query fills is touched, so that is the lower end."""
    batch = float(workload.num_batch)
    context = np.where(table.column("cache_grows") > 0, at.touched, at.context)
    whole = cache_bytes(table, context, batch, at.reader_window)
    return Ranged(value=whole, low=cache_bytes(table, at.touched, batch, at.reader_window), high=whole)


def _activations(table: CandidateTable, workload: Workload, at: Positions) -> Ranged:
    column, batch = table.column, float(workload.num_batch)
    seen_at_once = at.reader_window
    reading = seen_at_once * column("reader_live_bytes") + seen_at_once**2 * column("reader_score_bytes")
    piece = np.minimum(at.prompt, column("prefill_chunk"))
    scored = np.where(column("all_logits") > 0, at.prompt, np.minimum(at.prompt, 1.0))
    prompting = (
        piece * column("decoder_live_bytes")
        + piece * at.prompt * column("decoder_score_bytes")
        + scored * column("logit_bytes") * np.where(column("in_onnxruntime") > 0, SCORES_ARENA_FACTOR, 1.0)
    )
    value = batch * (np.maximum(reading, prompting) + column("fixed_activation_bytes"))
    return Ranged(value=value, low=value * column("activation_low_share"), high=value * column("activation_high_share"))


def _at_least_loading(table: CandidateTable, cache: Ranged, working: Ranged) -> Ranged:
    """The peak is while loading or while running: what loading holds for a moment is gone before the cache is there."""
    moment = table.column("moment_bytes")
    at_value, at_low, at_high = (np.nan_to_num(end) for end in (cache.value, cache.low, cache.high))
    return Ranged(
        value=np.maximum(working.value, moment - at_value),
        low=np.maximum(working.low, PACKED_LOW_SHARE * moment - at_high),
        high=np.maximum(working.high, PACKED_HIGH_SHARE * moment - at_low),
    )


def _runtime(table: CandidateTable, roofs: Roofs) -> Ranged:
    base, extra = roofs.runtime_bytes, table.column("runtime_bytes")
    value = base.value if base.value is not None else np.nan
    return Ranged(
        value=value + extra,
        low=(base.low if base.low is not None else value) + EXTRA_RUNTIME_LOW_SHARE * extra,
        high=(base.high if base.high is not None else value) + table.column("runtime_high_bytes"),
    )


def max_context(table: CandidateTable, need: Memory, workload: Workload, at: Positions, free_bytes: float) -> Floats:
    """Return the largest context whose need still fits, in tokens; NaN when it does not apply or is not known.

    Need grows by `u + w` a token up to the window and by `u` beyond it, so the limit is solved, not searched. It is
    never more than the model's own limit; a model without growth and without limit has no largest context.
    """
    batch, column = float(workload.num_batch), table.column
    endless, windowed = batch * column("cache_bytes"), batch * column("windowed_cache_bytes")
    window = np.where(np.isfinite(column("window")), column("window"), 0.0)
    held = need.weights.value + need.runtime.value
    fixed = held + need.running.value + cache_bytes(table, np.zeros(len(table)), batch, at.reader_window)
    too_large = held + table.column("moment_bytes") > free_bytes  # to be loaded: no context at all fits
    left = np.where(too_large, -1.0, free_bytes - fixed)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = left / (endless + windowed)
        beyond = (left - windowed * window) / endless
    limit = np.where((inside <= window) & (windowed > 0), inside, beyond)
    limit = np.where(left < 0, 0.0, limit)
    limit = np.fmin(np.where(np.isinf(limit), np.inf, np.floor(limit)), column("context_limit"))
    applies = (column("decodes") > 0) & np.isfinite(limit) & np.isfinite(left)
    answer: Floats = np.where(applies, limit, np.nan)
    return answer
