"""A CodeCarbon file beside our own measurements: the same units, and in plain words what each of them counts."""

from collections.abc import Sequence

import msgspec

from advisor import units
from advisor.energy import ranges
from advisor.evidence import Quantity
from advisor.report.interchange import canonical
from advisor.report.interchange.codecarbon_read import CodeCarbonSums
from advisor.report.language import _
from advisor.report.public_parts import Document, figure, head
from advisor.units import J_PER_WH

TITLES = (
    "Measured by", "Of", "Time", "Energy", "Power", "Processor", "Graphics card", "Memory", "g/kWh", "Counts",
)  # fmt: skip


def rows(theirs: CodeCarbonSums, ours: Sequence[Document]) -> list[tuple[str, ...]]:
    """Return one row for the file and one for each of our measurements.

    Args:
        theirs: sums of the file.
        ours: `fit-energy/1` documents.
    """
    return [_their_row(theirs), *map(_our_row, ours)]


def _their_row(theirs: CodeCarbonSums) -> tuple[str, ...]:
    version = f" {theirs.versions[0]}" if theirs.versions else ""
    return (
        f"CodeCarbon{version}",
        _("runs: {number}").format(number=f"{theirs.num_runs:,}"),
        units.amount(theirs.duration_s, "s"), units.amount(theirs.energy_wh, "Wh"), units.amount(theirs.power_w, "W"),
        units.amount(theirs.cpu_wh, "Wh"), units.amount(theirs.gpu_wh, "Wh"), units.amount(theirs.ram_wh, "Wh"),
        units.amount(theirs.implied_g_per_kwh, "g/kWh"), _("processor + graphics card + memory"),
    )  # fmt: skip


def _our_row(ours: Document) -> tuple[str, ...]:
    energy, carbon = ours["energy"], ours["carbon"]
    number, name = ours["workload"]["n_queries"], ours["model"]["name"]
    return (
        f"{canonical.maker()} {ours['tool']['version']}",
        _("{number} queries of {model}").format(number=f"{number:,}", model=name),
        units.quantity(_value(energy["duration_s"])), units.quantity(_wh(energy["total"]["gross_j"])),
        units.quantity(power(ours)), *(_component(ours, part) for part in ("cpu", "gpu", "ram")),
        units.NO_DATA if carbon is None else units.quantity(_value(carbon["g_per_kwh"])), energy["boundary"],
    )  # fmt: skip


def power(ours: Document) -> Quantity:
    """Return the mean power of a measurement of ours, in watts."""
    energy = ours["energy"]
    gross, time = _value(energy["total"]["gross_j"]), _value(energy["duration_s"])
    return ranges.over(gross, time, "W", f"energy over time; {gross.basis}")


def _value(item: Document) -> Quantity:
    return msgspec.convert(item, Quantity)


def _wh(item: Document) -> Quantity:
    return ranges.scaled(_value(item), 1 / J_PER_WH, "Wh")


def _component(ours: Document, part: str) -> str:
    found = ours["energy"]["components"][part]
    return units.NO_DATA if found is None else units.quantity(_wh(found["gross_j"]))


def sentences(theirs: CodeCarbonSums, ours: Sequence[Document]) -> list[str]:
    """Return what the two count and what therefore compares, in plain words."""
    share = "" if theirs.ram_share is None else _(" ({share} of the energy in this file)").format(
        share=f"{theirs.ram_share:.0%}"
    )  # fmt: skip
    lines = [
        _(
            "CodeCarbon adds memory by a constant{share}, counts all of a run, idle power included, and takes "
            "a processor without a meter by a share of its rated power."
        ).format(share=share)
    ]
    if ours:
        lines.append(
            _("This app counts: {boundary}; compare watts before energies, and only what both count.").format(
                boundary="; ".join(dict.fromkeys(document["energy"]["boundary"].rstrip(".") for document in ours))
            )
        )
    if theirs.num_rows > theirs.num_runs:
        lines.append(
            _("Rows that are earlier states of a run and not counted twice: {number}.").format(
                number=f"{theirs.num_rows - theirs.num_runs:,}"
            )
        )
    if theirs.num_short:
        lines.append(
            _("Rows that CodeCarbon wrote without their empty cells, read up to their energy: {number}.").format(
                number=f"{theirs.num_short:,}"
            )
        )
    if theirs.num_without_energy:
        lines.append(
            _("Runs that state no energy and are in no sum: {number}.").format(number=f"{theirs.num_without_energy:,}")
        )
    return lines


def compare_json(theirs: CodeCarbonSums, ours: Sequence[Document]) -> Document:
    """Return the comparison as the public document `compare-codecarbon`."""
    return {
        **head("compare-codecarbon"),
        "codecarbon": msgspec.to_builtins(theirs),
        "ours": [
            {
                "id": document["id"], "created": document["created"], "model": document["model"]["name"],
                "format": document["model"]["format"], "n_queries": document["workload"]["n_queries"],
                "boundary": document["energy"]["boundary"], "duration_s": document["energy"]["duration_s"],
                "gross_j": document["energy"]["total"]["gross_j"], "power": figure(power(document)),
                "g_per_kwh": None if document["carbon"] is None else document["carbon"]["g_per_kwh"],
            }
            for document in ours
        ],
        "sentences": sentences(theirs, ours),
    }  # fmt: skip
