"""What stands behind a candidate's figures, as rows: label, figure, how it is known. No Qt."""

import msgspec

from advisor import units
from advisor.evidence import Quantity
from advisor.recommend.model import CandidateRow
from advisor.report import wording
from advisor.ui.models.columns import quality_text, quality_tip


class BasisLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the details pane."""

    label: str
    text: str
    basis: str


def lines(row: CandidateRow) -> tuple[BasisLine, ...]:
    """Return the figures of a candidate with their basis, estimate and measurement side by side."""
    estimate = row.estimate
    figures = (
        ("Speed", estimate.rate), ("Time to first answer", estimate.time_to_first_token),
        ("Time per query", estimate.time_per_query), ("Energy per 1,000 queries", row.energy_per_1000_queries),
        ("CO2e per 1,000 queries", row.carbon_per_1000_queries), ("Download", estimate.download_bytes),
    )  # fmt: skip
    mark = ", estimated" if row.measured is not None else ""
    made = [_figure(f"{label}{mark}" if place < 2 else label, item) for place, (label, item) in enumerate(figures)]
    made.append(BasisLine(label="Quality", text=quality_text(row), basis=quality_tip(row)))
    if estimate.max_context_tokens is not None:
        tokens = f"{estimate.max_context_tokens:,} tokens"
        made.append(BasisLine(label="Largest context that fits", text=tokens, basis="with the memory that is free"))
    if estimate.num_parameters is not None:
        made.append(BasisLine(label="Parameters", text=units.count(estimate.num_parameters), basis="from the catalog"))
    made.append(BasisLine(label="Licence", text=row.licence or units.NO_DATA, basis="as its makers state it"))
    if estimate.not_modelled:
        made.append(BasisLine(label="Left out", text="", basis="; ".join(estimate.not_modelled)))
    return tuple(made)


def measured_lines(row: CandidateRow) -> tuple[BasisLine, ...]:
    """Return measurement beside estimate; empty when it was not measured here."""
    measured = row.measured
    if measured is None:
        return ()
    pairs = (
        ("Speed", measured.rate, row.estimate.rate),
        ("Time to first answer", measured.time_to_first_token, row.estimate.time_to_first_token),
        ("Memory", measured.memory, row.estimate.memory),
    )
    note = "" if measured.same_workload else " at other sizes"
    return tuple(
        BasisLine(
            label=f"{label}, measured",
            text=wording.figure(seen),
            basis=f"{wording.evidence_word(measured.evidence)}{note}. {wording.comparison_sentence(guessed, seen)}",
        )
        for label, seen, guessed in pairs
        if seen.value is not None
    )


def command_line(row: CandidateRow) -> str:
    """Return the command that measures the same candidate in a terminal."""
    return f"model-fit-advisor probe {row.model} --format {row.format}"


def _figure(label: str, quantity: Quantity) -> BasisLine:
    return BasisLine(
        label=label,
        text=wording.figure(quantity),
        basis=f"{wording.evidence_word(quantity.evidence)}: {quantity.basis}"
        if quantity.value is not None
        else quantity.basis,
    )
