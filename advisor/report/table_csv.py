"""The candidates as a table for spreadsheets: one row a candidate, plain numbers, units and evidence beside them."""

import csv
import io
import re

from advisor.evidence import Quantity
from advisor.report.model import CandidateView, ReportDocument

FIGURES = (
    "memory", "weights", "cache", "activations", "runtime", "memory_free", "rate", "time_to_first_token",
    "time_per_token", "time_per_query", "energy_per_1000_queries", "carbon_per_1000_queries", "download", "parameters",
    "max_context",
)  # fmt: skip
MEASURED = ("memory", "rate", "time_to_first_token", "time_per_token")
_FIELDS = ("value", "low", "high", "unit", "evidence", "basis")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def render(document: ReportDocument) -> str:
    """Return the table as CSV with a header line; no data is an empty cell, never 0."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_header())
    for view in (*document.candidates, *document.formats):
        writer.writerow([safe_cell(cell) for cell in _cells(view)])
    return buffer.getvalue()


def safe_cell(value: str | float | None) -> str:
    """Return a cell that a spreadsheet takes as text or number and never as a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    text = " ".join(value.split()) if "\n" in value or "\r" in value or "\t" in value else value
    if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _names(key: str) -> list[str]:
    return [key if field == "value" else f"{key}_{field}" for field in _FIELDS]


def _header() -> list[str]:
    start = ["rank", "model", "format", "approach", "verdict", "evidence", "licence", "pareto"]
    quality = ["quality", "quality_benchmark", "quality_metric", "quality_source"]
    figures = [name for key in FIGURES for name in _names(key)]
    measured = [name for key in MEASURED for name in _names(f"measured_{key}")]
    return [*start, *figures, *quality, *measured, "rejections"]


def _cells(view: CandidateView) -> list[str | float | None]:
    start: list[str | float | None] = [
        view.rank, view.model, view.format, view.approach, view.verdict, view.evidence, view.licence,
        "yes" if view.pareto else "no",
    ]  # fmt: skip
    figures = [cell for key in FIGURES for cell in _quantity_cells(view.quantity(key))]
    measured_by_key = {row.key: row.measured for row in view.comparison}
    measured = [cell for key in MEASURED for cell in _quantity_cells(measured_by_key.get(key))]
    quality = [view.quality.value, view.quality.benchmark, view.quality.metric, view.quality.source]
    return [*start, *figures, *quality, *measured, " ".join(view.rejections)]


def _quantity_cells(item: Quantity | None) -> list[str | float | None]:
    return [None] * len(_FIELDS) if item is None else [getattr(item, field) for field in _FIELDS]
