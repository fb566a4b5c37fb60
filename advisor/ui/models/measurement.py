"""A probe's result beside the estimate, its readings as a table, and the measurements of the history."""

import math
from pathlib import PurePath

import msgspec

from advisor import units
from advisor.child.protocol import Sample
from advisor.estimate.model import Estimate
from advisor.evidence import Quantity
from advisor.probe.agreement import Agreement
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult
from advisor.report import beside, probe_notes, wording
from advisor.ui.models import report_sheet
from advisor.ui.models.simple_table import Cell

_KINDS = {"system": "reading", "token": "token", "prefill": "text read", "query": "query"}


class MeasuredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what was expected, what came out."""

    label: str
    estimate: str
    measured: str
    difference: str
    made_up: str = ""
    """With made-up weights, beside real ones."""


TITLES = ("", "Estimate before", "Measured now", "Difference")
REAL_TITLES = ("", "Estimate before", "Made-up weights", "Real weights", "Real over made-up")


def real_lines(result: ProbeResult, estimate: Estimate | None, made_up: ProbeResult | None) -> tuple[MeasuredLine, ...]:
    """Return the figures of real weights beside those of made-up ones and the estimate.

    Args:
        result: with real weights.
        estimate: made before.
        made_up: the probe with made-up weights that stands beside it.
    """
    return tuple(
        MeasuredLine(
            label=line.label, estimate="" if line.estimate is None else wording.figure(line.estimate),
            made_up="" if line.made_up is None else wording.figure(line.made_up), measured=_seen(line.weights),
            difference=beside.ratio_words(line.over_made_up),
        )
        for line in beside.lines(result, made_up, estimate)
    )  # fmt: skip


def cells(line: MeasuredLine, *, is_real: bool) -> tuple[str, ...]:
    """Return a figure as the cells under `TITLES`, or under `REAL_TITLES`."""
    if is_real:
        return (line.label, line.estimate, line.made_up, line.measured, line.difference)
    return (line.label, line.estimate, line.measured, line.difference)


def lines(result: ProbeResult, estimate: Estimate | None) -> tuple[MeasuredLine, ...]:
    """Return the figures that were measured, with what was predicted before."""
    pairs: tuple[tuple[str, Quantity, Quantity | None], ...] = (
        ("Speed", result.rate, estimate.rate if estimate else None),
        ("Time to first answer", result.time_to_first_token, estimate.time_to_first_token if estimate else None),
        ("Time per further token", result.time_per_token, estimate.time_per_token if estimate else None),
        ("Time per query", result.time_per_query, estimate.time_per_query if estimate else None),
        ("Peak memory", result.peak_memory, estimate.memory if estimate else None),
        ("Time to load", result.load_time, None),
        (
            "Energy per 1,000 queries",
            result.energy_per_1000_queries,
            estimate.energy_per_1000_queries if estimate else None,
        ),
    )
    return tuple(
        MeasuredLine(
            label=label,
            estimate=wording.figure(guess) if guess is not None else "no estimate is made",
            measured=_seen(seen),
            difference=_difference(guess, seen),
        )
        for label, seen, guess in pairs
        if seen.value is not None
    )


def _seen(item: Quantity) -> str:
    """Return a figure of a probe; one that no meter gave says so."""
    if item.evidence in {"measured", "measured-synthetic"}:
        return wording.figure(item)
    return f"{wording.figure(item)}, {wording.evidence_word(item.evidence)}"


def _difference(guess: Quantity | None, seen: Quantity) -> str:
    if guess is None or guess.value is None or not seen.value or guess.unit != seen.unit:
        return ""
    inside = guess.low is not None and guess.high is not None and guess.low <= seen.value <= guess.high
    words = f"estimate {wording.difference(guess.value / seen.value)}"
    return f"{words}, within its range" if inside else words


def grade_lines(
    result: ProbeResult, agreement: Agreement | None = None, made_up: ProbeResult | None = None
) -> tuple[str, ...]:
    """Return how steady the run was, then each reason and condition, one a line."""
    parts = [f"Grade {result.grade}: {wording.grade_help(result.grade)}.", *result.reasons]
    parts += beside.notes(result, made_up)
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


def kept(probes: tuple[ProbeResult, ...], files: tuple[OnnxFileResult, ...]) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each measurement of the history, newest first: models of the catalog, and files."""
    rows = [(result.created, _probe_row(result)) for result in probes]
    rows += [(result.created, _file_row(result)) for result in files]
    return tuple(cells for _, cells in sorted(rows, key=lambda row: row[0], reverse=True))


def _probe_row(result: ProbeResult) -> tuple[Cell, ...]:
    finished = result.outcome == "finished"
    tip = " ".join(result.reasons) if finished else wording.outcome_sentence(result.outcome, result.message)
    return (
        Cell(text=report_sheet.when(result.created), key=result.created),
        Cell(text=result.model.partition("/")[2] or result.model, tip=result.model),
        Cell(text=_format(result)), _figure(result.rate), _figure(result.peak_memory),
        Cell(text=result.grade if finished else "not measured", tip=tip or wording.grade_help(result.grade)),
    )  # fmt: skip


def _format(result: ProbeResult) -> str:
    label = wording.format_label(result.format)
    return f"{label}, {wording.probe_kind(result.kind)}" if result.kind == "weights" else label


def _file_row(result: OnnxFileResult) -> tuple[Cell, ...]:
    sizes = ", ".join(f"{item.name} {item.value}" for item in result.inputs.free)
    return (
        Cell(text=report_sheet.when(result.created), key=result.created),
        Cell(text=PurePath(result.file).name, tip=result.file),
        Cell(text="ONNX file", tip=f"Sizes that were chosen: {sizes}." if sizes else ""),
        _figure(result.rate), _figure(result.peak_memory),
        Cell(text=result.grade, tip=" ".join(result.reasons) or wording.grade_help(result.grade)),
    )  # fmt: skip


def _figure(item: Quantity) -> Cell:
    return Cell(text=wording.figure(item), key=item.value if item.value is not None else math.nan, number=True)


def _cell(key: float, text: str) -> Cell:
    return Cell(text=text, key=float(key), number=True)


def _amount(value: float | None, unit: str) -> Cell:
    return _cell(math.nan, "") if value is None else _cell(value, units.amount(value, unit))


def _share(value: float | None) -> Cell:
    return _cell(math.nan, "") if value is None else _cell(value, f"{100 * value:.0f} %")
