"""Builds the report's section on energy and carbon, from the same functions as window and command line."""

import math
from collections.abc import Sequence

from advisor.energy.model import EnergyResult, GridIntensity
from advisor.energy.standard import Conditions, Sci
from advisor.evidence import Quantity
from advisor.probe.plan import ProbeResult
from advisor.recommend.comparison import Comparison
from advisor.recommend.model import CandidateRow
from advisor.recommend.rank import Axes, same_energy
from advisor.recommend.wording import share_of
from advisor.report import energy_document, energy_series, energy_words, load_words, row_use, standard_units, wording
from advisor.report.energy_model import (
    CheckRow,
    EnergyFigure,
    EnergySection,
    MeaningRow,
    MeterRow,
    OtherEnergy,
    PartView,
    PhaseRow,
    PublishedPoint,
    PublishedSeries,
    SciView,
)
from advisor.report.language import _
from advisor.report.row_use import Uses
from advisor.report.source import RankedCandidates

MAX_OTHERS = 8
_MEASURED = frozenset({"measured", "measured-synthetic"})


def energy_section(
    recommendation: RankedCandidates, rows: Sequence[CandidateRow], uses: Uses, compared: Comparison | None
) -> EnergySection | None:
    """Return energy and carbon of the pick, or null without one.

    Args:
        recommendation: the ranked candidates.
        rows: those the report lists, the pick first.
        uses: of the recommendation, with its probes.
        compared: ours beside published figures; null where there is nothing beside them.
    """
    if recommendation.pick is None:
        return None
    row = recommendation.row(recommendation.pick.index)
    found, probe = uses.of(row).figures, uses.probe(row)
    energy = probe.energy if probe is not None else None
    meters, note = _meters(row, uses)
    scores = [found.sci_per_query] + ([found.sci_per_1000_tokens] if found.sci_per_1000_tokens is not None else [])
    return EnergySection(
        model=row.model,
        format_label=wording.format_label(row.format),
        how=_how(row, probe),
        measured=energy is not None and energy.mode != "band",
        boundary=_("Counted: {boundary}.").format(boundary=found.boundary.rstrip(".")),
        figures=tuple(
            EnergyFigure(label=label, quantity=item) for label, item in standard_units.all_rows(found, with_sci=False)
        ),
        settings=_settings(uses.chosen),
        sci=tuple(_sci(score) for score in scores),
        excluded=energy_words.excluded_sentences(energy) if energy is not None else (),
        holding=_holding(energy) if energy is not None else (),
        ranges=_ranges(energy) if energy is not None else (),
        phases=_phases(energy) if energy is not None else (),
        parts=_parts(energy, uses, row) if energy is not None else (),
        checks=_checks(energy) if energy is not None else (),
        meters=meters,
        meters_note=note,
        meaning_title=row_use.meaning_title(uses, row),
        meanings=tuple(
            MeaningRow(sentence=line.label, arithmetic=line.text, basis=line.basis)
            for line in row_use.meanings(row, uses)
        ),
        training=row_use.training_sentence(row, uses),
        others=_others(recommendation, row, rows),
        published=None if compared is None else _series(compared),
    )


def _how(row: CandidateRow, probe: ProbeResult | None) -> str:
    """Return whether the figures were measured, one or two sentences."""
    if probe is not None and probe.energy is not None:
        how, day = energy_words.how_sentence(probe.energy), _("Probe of {day}.").format(day=probe.created[:10])
        if probe.energy.mode == "band":
            return f"{how} {day}"
        made_up = probe.kind == "synthetic"
        weights = _(" The weights were made up; their values change neither time nor energy.") if made_up else ""
        return f"{energy_document.heading(probe.energy)}. {how}{weights} {day}"
    item = row.energy_per_1000_queries
    if item.value is None:
        return _("Energy of this candidate is not known: {why}.").format(why=item.basis.rstrip("."))
    if item.evidence in _MEASURED:
        return _("Measured in a probe: {basis}.").format(basis=item.basis.rstrip("."))
    if item.evidence == "calibrated":
        return _("Not measured for this candidate: power that a meter told here for others, times its predicted time.")
    return _(
        "Not measured: a typical range of power without a meter, times the predicted time of a query. A probe under a "
        "meter would make it narrower."
    )


def _settings(chosen: Conditions) -> tuple[str, ...]:
    """Return what the user chose, one sentence each; what was not chosen is said too."""
    volume, making = chosen.num_queries_per_day, chosen.embodied
    return (
        _electricity(chosen.intensity),
        _("No price is set: no cost is shown.")
        if chosen.price is None
        else _("Price: {price}, as you set it.").format(price=wording.amount(chosen.price)),
        _("How many queries a day is not said: no day and no year is shown.")
        if volume is None
        else _("Volume: {number} queries a day.").format(number=f"{volume:,.0f}"),
        _("The making of the computer is switched off: SCI shows its operational part.")
        if making is None
        else _("Making of the computer, shown apart from the CO2e of its electricity: {assumptions}").format(
            assumptions=" ".join(making.assumptions)
        ),
    )


def _electricity(grid: GridIntensity | None) -> str:
    if grid is None:
        return _("No country chosen: energy only, no CO2e.")
    told = wording.grid_sentence(grid.name, grid.g_per_kwh, grid.year, grid.source)
    return _("Electricity: {sentence}").format(sentence=f"{told} {grid.note or ''}".strip())


def _sci(item: Sci) -> SciView:
    return SciView(
        functional_unit=item.functional_unit, score=item.score, energy=item.energy, intensity=item.intensity,
        embodied=item.embodied, boundary=item.boundary, method=item.method,
    )  # fmt: skip


def _holding(energy: EnergyResult) -> tuple[str, ...]:
    idle = () if energy.mode == "band" else map(energy_words.holding_sentence, energy.components)
    told = [*idle, energy_series.load_sentence(energy), *load_words.sentences(energy)]
    return tuple(sentence for sentence in told if sentence)


def _ranges(energy: EnergyResult) -> tuple[EnergyFigure, ...]:
    """Return gross and net of a query, and the part that is only assumed."""
    found = [
        EnergyFigure(label=_("One query, gross: all that is counted while it runs"), quantity=energy.per_query_gross_j),
        EnergyFigure(label=_("One query, net: above idle with the model loaded"), quantity=energy.per_query_net_j),
    ]
    if energy.ram_w is not None:
        found.append(EnergyFigure(label=_("Memory, by assumption, not in the total"), quantity=energy.ram_w))
    return tuple(found)


def _phases(energy: EnergyResult) -> tuple[PhaseRow, ...]:
    return tuple(
        PhaseRow(
            part=energy_words.component(part.component), phase=energy_words.phase(phase.phase),
            unit=energy_words.phase_unit(phase.phase), gross=phase.gross_j, net=phase.net_j,
            net_text=energy_words.net_words(phase), power=phase.power_w, num_blocks=phase.num_blocks,
            num_rejected=phase.num_rejected,
        )
        for part in energy.components
        for phase in part.phases
    )  # fmt: skip


def _parts(energy: EnergyResult, uses: Uses, row: CandidateRow) -> tuple[PartView, ...]:
    load = energy_series.load_energy(energy)
    found = (*([load] if load is not None else []), *uses.of(row).parts)
    return tuple(PartView(phase=part.phase, label=part.label, energy=part.energy) for part in found)


def _checks(energy: EnergyResult) -> tuple[CheckRow, ...]:
    return tuple(
        CheckRow(
            title=energy_words.check_title(check), passed=check.passed, verdict=energy_words.check_verdict(check),
            text=check.text,
        )
        for check in energy.checks
    )  # fmt: skip


def _meters(row: CandidateRow, uses: Uses) -> tuple[tuple[MeterRow, ...], str]:
    """Return the meters that were looked for: by the probe of the pick, else by the newest of this computer."""
    own = uses.probe(row)
    told = own if own is not None else uses.newest()
    if told is None or told.energy is None or not told.energy.meters:
        return (), _("no probe has looked for any yet")
    infos = told.energy.meters
    note = _("looked for by the probe of {model} on {day}").format(model=told.model, day=told.created[:10])
    rows = zip(infos, energy_document.meter_rows(infos), strict=True)
    return tuple(
        MeterRow(
            name=cells[0], covers=cells[1], way=f"{cells[2]}, {cells[3]}", state=energy_words.meter_state(info),
            used=info.id in told.energy.chosen, why=info.why,
        )
        for info, cells in rows
    ), note  # fmt: skip


def _others(
    recommendation: RankedCandidates, picked: CandidateRow, rows: Sequence[CandidateRow]
) -> tuple[OtherEnergy, ...]:
    listed = [row for row in rows if row.index != picked.index and not row.rejections]
    found = [row for row in listed if row.energy_per_1000_queries.value is not None]
    return tuple(
        OtherEnergy(
            model=row.model, format_label=wording.format_label(row.format), energy=row.energy_per_1000_queries,
            against=_against(recommendation, picked, row),
        )
        for row in found[:MAX_OTHERS]
    )  # fmt: skip


def _against(recommendation: RankedCandidates, picked: CandidateRow, row: CandidateRow) -> str:
    """Return another candidate's energy against the pick's: called different only where the two can be told apart."""
    axes = getattr(getattr(recommendation, "data", None), "axes", None)
    if isinstance(axes, Axes) and same_energy(axes, picked.index, row.index):
        return _("no measurable difference")
    mine, theirs = picked.energy_per_1000_queries, row.energy_per_1000_queries
    if not mine.value or not theirs.value:
        return _("not known")
    ratio = theirs.value / mine.value
    words = share_of(ratio, "energy")
    if mine.evidence in _MEASURED and theirs.evidence in _MEASURED:
        return _("{share}, measured").format(share=words)
    alike = mine.evidence == theirs.evidence and picked.estimate.device == row.estimate.device
    pair = (picked.estimate.time_per_query, row.estimate.time_per_query) if alike else (mine, theirs)
    if abs(math.log(ratio)) <= math.hypot(*map(_doubt, pair)):
        return _("by the estimate {share}, less than it can tell apart").format(share=words)
    return _("{share}, by the estimate").format(share=words)


def _doubt(item: Quantity) -> float:
    """Return half of the interval of a figure's logarithm; infinite where it is not known."""
    if not item.value or not item.low or not item.high:
        return math.inf
    return max(math.log(item.high / item.value), math.log(item.value / item.low))


def _series(compared: Comparison) -> PublishedSeries:
    return PublishedSeries(
        points=tuple(
            PublishedPoint(
                kind=point.kind, label=point.label, energy=point.energy, stars=point.stars, hardware=point.hardware,
                sizes=point.sizes,
            )
            for point in compared.points
        ),
        axis_low_wh=compared.axis_low_wh,
        axis_high_wh=compared.axis_high_wh,
    )  # fmt: skip
