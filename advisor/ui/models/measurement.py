"""A probe's result beside the estimate, and its readings as a table."""

import math

import msgspec

from advisor import units
from advisor.child.protocol import Sample
from advisor.estimate.model import Estimate
from advisor.evidence import Quantity
from advisor.probe.agreement import Agreement
from advisor.probe.plan import ProbeResult
from advisor.report import probe_notes, wording
from advisor.ui.models.simple_table import Cell

_KINDS = {"system": "reading", "token": "token", "prefill": "text read", "query": "query"}


class MeasuredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what was expected, what came out."""

    label: str
    estimate: str
    measured: str
    difference: str


def lines(result: ProbeResult, estimate: Estimate | None) -> tuple[MeasuredLine, ...]:
    """Return the figures that were measured, with what was predicted before."""
    pairs: tuple[tuple[str, Quantity, Quantity | None], ...] = (
        ("Speed", result.rate, estimate.rate if estimate else None),
        ("Time to first answer", result.time_to_first_token, estimate.time_to_first_token if estimate else None),
        ("Time per further token", result.time_per_token, estimate.time_per_token if estimate else None),
        ("Time per query", result.time_per_query, estimate.time_per_query if estimate else None),
        ("Peak memory", result.peak_memory, estimate.memory if estimate else None),
        ("Time to load", result.load_time, None),
        ("Energy per 1,000 queries", result.energy_per_1000_queries, None),
    )
    return tuple(
        MeasuredLine(
            label=label,
            estimate=wording.figure(guess) if guess is not None else "no estimate is made",
            measured=wording.figure(seen),
            difference=_difference(guess, seen),
        )
        for label, seen, guess in pairs
        if seen.value is not None
    )


def _difference(guess: Quantity | None, seen: Quantity) -> str:
    if guess is None or guess.value is None or not seen.value or guess.unit != seen.unit:
        return ""
    inside = guess.low is not None and guess.high is not None and guess.low <= seen.value <= guess.high
    words = f"estimate {wording.difference(guess.value / seen.value)}"
    return f"{words}, within its range" if inside else words


def grade_lines(result: ProbeResult, agreement: Agreement | None = None) -> tuple[str, ...]:
    """Return how steady the run was, then each reason and condition, one a line."""
    parts = [f"Grade {result.grade}: {wording.grade_help(result.grade)}.", *result.reasons]
    return (*parts, *probe_notes.notes(result, agreement))


def table(samples: tuple[Sample, ...]) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    """Return headings and rows of the readings."""
    headers = ("Time (s)", "What", "Took", "Memory", "Use of its CPUs", "Other programs", "Power")
    return headers, tuple(
        (
            _cell(sample.t_s, f"{sample.t_s:.2f}"), Cell(text=_KINDS[sample.kind]),
            _amount(sample.latency_s, "s"), _amount(sample.rss_bytes, "B"), _share(sample.cpu_share),
            _share(sample.other_cpu_share), _amount(sample.power_w, "W"),
        )
        for sample in samples
    )  # fmt: skip


def _cell(key: float, text: str) -> Cell:
    return Cell(text=text, key=float(key), number=True)


def _amount(value: float | None, unit: str) -> Cell:
    return _cell(math.nan, "") if value is None else _cell(value, units.amount(value, unit))


def _share(value: float | None) -> Cell:
    return _cell(math.nan, "") if value is None else _cell(value, f"{100 * value:.0f} %")
