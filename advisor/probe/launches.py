"""How often and in which order the depths of a model are launched. Pure.

A launch is a process with a session of its own. The same graph in two launches may run at speeds that no block within
one of them shows: memory lies elsewhere, threads sit on other cores. So each depth is launched at least twice where
time allows, the second time in reverse order, which cancels a steady drift between the depths.
"""

import statistics
from collections.abc import Sequence

import msgspec

from advisor.probe.depth import ContextTime, DepthReport
from advisor.probe.schedule import Count

NUM_PASSES = 2
MAX_PASSES = 3
DISAGREE_SHARE = 0.05
"""[1] Two launches further apart than this call for a third one."""
_LEAST_MEASURE_S = 1.5
"""[s] A launch that could measure no longer than this is left out."""
_LEAST_COUNT = 3
"""Prompts and blocks of a later launch, however few its pilot left."""


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """All launches of one depth, in order."""

    reports: tuple[DepthReport, ...]

    @property
    def num_layers(self) -> int:
        """Layers that were built."""
        return self.reports[0].measurement.num_layers

    @property
    def last(self) -> DepthReport:
        """The newest launch."""
        return self.reports[-1]

    def decode_s(self) -> tuple[tuple[float, ...], ...]:
        """Return the medians of the blocks of tokens, one tuple a launch, in seconds."""
        return tuple(report.decode_block_s for report in self.reports if report.decode_block_s)

    def query_s(self) -> tuple[tuple[float, ...], ...]:
        """Return the medians of the blocks of queries, one tuple a launch, in seconds."""
        return tuple(report.query_block_s for report in self.reports if report.query_block_s)

    def prefill_s(self) -> tuple[tuple[float, ...], ...]:
        """Return the times of prompts, one tuple a launch, in seconds."""
        return tuple(report.measurement.prefill_s for report in self.reports if report.measurement.prefill_s)

    def main_s(self) -> tuple[tuple[float, ...], ...]:
        """Return the times of what most of a query consists of: tokens, queries or prompts, in seconds."""
        return self.decode_s() or self.query_s() or self.prefill_s()

    def contexts(self) -> tuple[ContextTime, ...]:
        """Return the time of a token by context, the median over the launches."""
        found: dict[int, list[float]] = {}
        for report in self.reports:
            for context in report.contexts:
                found.setdefault(context.num_context_tokens, []).append(context.token_s)
        return tuple(
            ContextTime(num_context_tokens=tokens, token_s=statistics.median(times))
            for tokens, times in sorted(found.items())
        )


def order(layers: Sequence[int], number: int) -> tuple[int, ...]:
    """Return the depths in the order of that pass, counted from 0: to and fro."""
    return tuple(layers) if number % 2 == 0 else tuple(reversed(layers))


def left(first: DepthReport) -> Count:
    """Return what the pilot in the first launch left to the second one."""
    done_prompts, done_blocks = len(first.measurement.prefill_s), len(first.decode_block_s or first.query_block_s)
    return Count(
        num_prompts=max(_LEAST_COUNT, first.wanted.num_prompts - done_prompts),
        num_blocks=max(_LEAST_COUNT, first.wanted.num_blocks - done_blocks),
    )


def worth_it(earlier_wall_s: float, earlier_measured_s: float, left_s: float) -> bool:
    """Tell whether another launch of a depth would still measure something in the time that is left.

    Args:
        earlier_wall_s: [s] What an earlier launch of it took in all.
        earlier_measured_s: [s] What of that was measurement.
        left_s: [s] Until the time box ends.
    """
    return left_s >= earlier_wall_s - earlier_measured_s + _LEAST_MEASURE_S


def apart(launches: Sequence[Sequence[float]]) -> float:
    """Return how far the slowest launch is above the quickest, 0 for fewer than two. [1].

    Args:
        launches: times of each, all positive.
    """
    middles = [statistics.median(times) for times in launches]
    return max(middles) / min(middles) - 1 if len(middles) > 1 else 0.0


def disagree(depths: Sequence[Depth]) -> bool:
    """Tell whether the launches of some depth are further apart than chance should have them."""
    return any(apart(depth.main_s()) > DISAGREE_SHARE for depth in depths)
