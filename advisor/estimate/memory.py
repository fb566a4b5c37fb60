"""Peak memory of all candidates of a table at once: weights, cache, activations, runtime."""

from dataclasses import dataclass

import numpy as np

from advisor.estimate.model import Roofs
from advisor.estimate.table import CandidateTable, Floats
from advisor.estimate.work import Positions
from advisor.task.model import Workload

PACKED_LOW_SHARE = 0.6
PACKED_HIGH_SHARE = 1.3
"""[1] Range of the packed copy: the original is unmapped early or late, depending on version and system."""
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
    runtime: Ranged
    total: Ranged
    """Value NaN when a part is not known; its low end still holds for the parts that are."""


def memory(table: CandidateTable, workload: Workload, at: Positions, roofs: Roofs) -> Memory:
    """Compute the peak memory of one process that answers the workload."""
    parts = (
        _weights(table, on_cpu=roofs.device == "cpu"),
        _cache(table, workload, at),
        _activations(table, workload, at),
        _runtime(table, roofs),
    )
    weights, cache, activations, runtime = parts
    return Memory(
        weights=weights,
        cache=cache,
        activations=activations,
        runtime=runtime,
        total=Ranged(
            value=sum((part.value for part in parts), np.zeros(len(table))),
            low=sum((np.nan_to_num(part.low) for part in parts), np.zeros(len(table))),
            high=sum((part.high for part in parts), np.zeros(len(table))),
        ),
    )


def _weights(table: CandidateTable, *, on_cpu: bool) -> Ranged:
    weight, k = table.column("weight_bytes"), table.column("weight_k")
    packed = table.column("packed_bytes") if on_cpu else np.zeros(len(table))
    return Ranged(
        value=weight + packed,
        low=weight / k + PACKED_LOW_SHARE * packed,
        high=weight * k + PACKED_HIGH_SHARE * packed,
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
    whole = cache_bytes(table, at.context, batch, at.reader_window)
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
        + scored * column("logit_bytes")
    )
    value = batch * (np.maximum(reading, prompting) + column("fixed_activation_bytes"))
    return Ranged(value=value, low=value * column("activation_low_share"), high=value * column("activation_high_share"))


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
    fixed = need.total.value - need.cache.value + cache_bytes(table, np.zeros(len(table)), batch, at.reader_window)
    left = free_bytes - fixed
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = left / (endless + windowed)
        beyond = (left - windowed * window) / endless
    limit = np.where((inside <= window) & (windowed > 0), inside, beyond)
    limit = np.where(left < 0, 0.0, limit)
    limit = np.fmin(np.where(np.isinf(limit), np.inf, np.floor(limit)), column("context_limit"))
    applies = (column("decodes") > 0) & np.isfinite(limit) & np.isfinite(left)
    answer: Floats = np.where(applies, limit, np.nan)
    return answer
