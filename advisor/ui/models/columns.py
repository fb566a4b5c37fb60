"""The columns of the results table: what each shows of a candidate, on two lines. No Qt."""

from collections.abc import Callable
from typing import Any

import msgspec

from advisor import units
from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.report.row_use import RowUse
from advisor.ui.store import Rows

_RUNTIMES = {
    "onnx": wording.runtime_label("onnxruntime"), "gguf": wording.runtime_label("llama.cpp"),
    "safetensors": wording.runtime_label("transformers"),
}  # fmt: skip


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column."""

    key: str
    """Name of the sort key."""
    title: str
    text: Callable[[CandidateRow], str]
    """First line."""
    second: Callable[[CandidateRow], str] = lambda _row: ""
    """Second line: range, or more words."""
    tip: Callable[[CandidateRow], str] = lambda _row: ""
    number: bool = False
    hidden: bool = False
    width_chars: int = 20
    """Widest it gets by itself."""
    use: Callable[[RowUse], Quantity] | None = None
    """Figure in standard units, in place of `text`: it needs what the user chose besides the row."""
    sort_keys: Callable[[Rows], Any] | None = None
    """Keys of all rows where no sort key has the column's name."""


def rate_of(row: CandidateRow) -> Quantity:
    """Return the speed shown for a row: the measurement of the same sizes where there is one, else the estimate."""
    return row.measured.rate if row.measured is not None and row.measured.same_workload else row.estimate.rate


def memory_of(row: CandidateRow) -> Quantity:
    """Return the memory shown for a row."""
    return row.measured.memory if row.measured is not None and row.measured.same_workload else row.estimate.memory


def first_token_of(row: CandidateRow) -> Quantity:
    """Return the time to the first token shown for a row."""
    measured = row.measured
    return measured.time_to_first_token if measured and measured.same_workload else row.estimate.time_to_first_token


def quality_text(row: CandidateRow) -> str:
    """Return a published figure; percentages as they were published."""
    value = row.quality.value
    return units.NO_DATA if value is None else f"{units.number(value, 3)}"


def quality_tip(row: CandidateRow) -> str:
    """Return what the quality figure is, and where it is from."""
    quality = row.quality
    if quality.value is None:
        return wording.UNKNOWN_QUALITY
    place = ""
    if quality.rank_share is not None and quality.num_compared:
        place = f" Better than {100 * quality.rank_share:.0f} % of {quality.num_compared} models with this figure."
    better = "higher" if quality.higher_is_better else "lower"
    return f"{quality.benchmark}, {quality.metric} ({better} is better).{place} {quality.format_note}".strip()


def short_range(item: Quantity) -> str:
    """Return a figure's range without the unit that stands above it: `23 to 98`; empty when there is none."""
    _, opening, rest = wording.figure(item).partition(" (")
    return rest.removesuffix(")") if opening and item.value is not None else ""


def figure_column(key: str, title: str, read: Callable[[CandidateRow], Quantity], *, hidden: bool = False) -> Column:
    """Return a column of figures: value on the first line, range on the second."""
    return Column(
        key=key,
        title=title,
        text=lambda row: wording.amount(read(row)),
        second=lambda row: short_range(read(row)),
        tip=lambda row: f"{wording.figure(read(row))}, {wording.evidence_word(read(row).evidence)}. {read(row).basis}",
        number=True,
        hidden=hidden,
        width_chars=24,
    )


def use_column(key: str, title: str, read: Callable[[RowUse], Quantity], sort_keys: Callable[[Rows], Any]) -> Column:
    """Return a column of standard units, hidden at first."""
    return Column(
        key=key, title=title, text=lambda _row: units.NO_DATA, number=True, hidden=True, width_chars=24, use=read,
        sort_keys=sort_keys,
    )  # fmt: skip


def _by_energy(rows: Rows) -> Any:  # noqa: ANN401
    """Days, costs and minutes of battery are energies times the same number for all."""
    return rows.column("energy")


def _by_token(rows: Rows) -> Any:  # noqa: ANN401
    """The power is the same for all, so the energy of a token goes with its time; others write none."""
    import numpy as np

    writers = [approach.id for approach in rows.summary.approaches if approach.workload.num_output_tokens]
    writes = np.isin(np.asarray(rows.column("approach")).astype(str), writers)
    rates = np.asarray(rows.column("rate"), dtype=float)
    return np.where(writes & (rates > 0), 1.0 / np.where(rates > 0, rates, 1.0), np.nan)


def _parameters(row: CandidateRow) -> str:
    number = row.estimate.num_parameters
    return units.NO_DATA if number is None else units.count(number)


def _context(row: CandidateRow) -> str:
    tokens = row.estimate.max_context_tokens
    return units.NO_DATA if tokens is None else f"{tokens:,} tokens"


COLUMNS: tuple[Column, ...] = (
    Column(
        key="verdict",
        title="Verdict",
        text=lambda row: wording.verdict_label(row.verdict),
        second=lambda row: wording.rejection_word(row.rejections[0].code) if row.rejections else "",
        tip=lambda row: " ".join(item.text for item in row.rejections) or wording.verdict_help(row.verdict),
        width_chars=16,
    ),
    Column(
        key="model",
        title="Model",
        text=lambda row: row.model.partition("/")[2] or row.model,
        second=lambda row: wording.marked(wording.approach_label(row.approach), yours=row.yours),
        tip=lambda row: f"{row.model}: {wording.marked(wording.approach_label(row.approach), yours=row.yours)}",
        width_chars=44,
    ),
    Column(
        key="format",
        title="Format",
        text=lambda row: wording.format_label(row.format),
        second=lambda row: _RUNTIMES.get(row.format.partition("-")[0], ""),
        width_chars=30,
    ),
    figure_column("memory", "Memory", memory_of),
    figure_column("rate", "Speed", rate_of),
    figure_column("time_to_first_token", "First answer", first_token_of),
    figure_column("energy", "Energy per\n1,000 queries", lambda row: row.energy_per_1000_queries),
    Column(
        key="quality",
        title="Quality",
        text=quality_text,
        second=lambda row: row.quality.benchmark or "",
        tip=quality_tip,
        number=True,
        width_chars=22,
    ),
    Column(
        key="evidence",
        title="Evidence",
        text=lambda row: wording.evidence_word(row.evidence).partition(" ")[0],
        second=lambda row: wording.evidence_word(row.evidence).partition(" ")[2].removeprefix("with "),
        tip=lambda row: wording.evidence_help(row.evidence),
        width_chars=16,
    ),
    figure_column("carbon", "CO2e per\n1,000 queries", lambda row: row.carbon_per_1000_queries, hidden=True),
    use_column("token_energy", "Energy of a\ntoken", lambda use: use.figures.per_output_token, _by_token),
    use_column("day_energy", "Energy\nper day", lambda use: use.figures.energy_per_day, _by_energy),
    use_column("year_cost", "Cost\nper year", lambda use: use.figures.cost_per_year, _by_energy),
    use_column("battery", "Battery per\n1,000 queries", lambda use: use.figures.battery.minutes, _by_energy),
    Column(key="parameters", title="Parameters", text=_parameters, number=True, hidden=True, width_chars=11),
    figure_column("download", "Download", lambda row: row.estimate.download_bytes, hidden=True),
    Column(
        key="licence",
        title="Licence",
        text=lambda row: row.licence or units.NO_DATA,
        hidden=True,
        width_chars=14,
    ),
    Column(key="max_context", title="Largest context", text=_context, number=True, hidden=True, width_chars=16),
)
