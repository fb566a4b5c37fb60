"""The section on energy and carbon as blocks of sentences and tables: every format sets the same ones."""

from collections.abc import Sequence

import msgspec

from advisor.evidence import Quantity
from advisor.recommend.comparison import WARNING
from advisor.report import published, wording
from advisor.report.energy_model import EnergyFigure, EnergySection, SciView
from advisor.report.language import _
from advisor.report.model import ReportDocument

PHASES_FIGURE, PUBLISHED_FIGURE = "energy-phases", "energy-published"
LEADERBOARD_URL = "https://huggingface.co/spaces/AIEnergyScore/Leaderboard"
Row = tuple[str, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Texts in rows; the first cell of a row names it, the last of a short row reaches to the right edge."""

    titles: Row
    rows: tuple[Row, ...]
    caption: str = ""
    width_ratio: tuple[float, ...] = ()
    """Shares of the columns on paper."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the section, in the order in which it is read: sentences, figure, tables, points."""

    title: str = ""
    sentences: tuple[str, ...] = ()
    figure: str = ""
    """Id of a drawing; empty for none."""
    tables: tuple[Table, ...] = ()
    points: tuple[str, ...] = ()
    link: str = ""
    """Address that is shown and can be followed."""
    link_text: str = ""
    """What stands before it."""


def blocks(document: ReportDocument) -> tuple[Block, ...]:
    """Return the section's parts; empty where there is neither energy of a pick nor a published figure."""
    section = document.energy
    found = [] if section is None else [_units(section), _meaning(section), _sci(section), _obtained(section)]
    if section is not None and section.others:
        found.append(_others(section))
    if document.published:
        found.append(_published(document))
    return tuple(found)


def _units(section: EnergySection) -> Block:
    return Block(
        sentences=(f"{section.model}, {section.format_label}. {section.how}", section.boundary),
        tables=(figure_table(section.figures, _("In standard units")),),
        points=section.settings,
    )


def figure_table(figures: Sequence[EnergyFigure], caption: str) -> Table:
    """Return figures with range, evidence and basis; a missing one says why in place of its value."""
    first = figures[0].quantity.basis if figures else ""
    rows = [_figure_row(item, first if place else "") for place, item in enumerate(figures)]
    return Table(
        titles=(_("Figure"), _("Value and range"), _("Evidence"), _("Basis")),
        rows=tuple(rows), caption=caption, width_ratio=(1.25, 1.5, 0.95, 2.3),
    )  # fmt: skip


def _figure_row(item: EnergyFigure, first: str) -> Row:
    quantity = item.quantity
    if quantity.value is None:
        limit = "" if quantity.high is None else f" ({wording.figure(quantity)})"
        return (item.label, f"{_no_data(quantity)}{limit}")
    return (
        item.label,
        wording.figure(quantity),
        wording.evidence_word(quantity.evidence),
        _as_above(quantity.basis, first),
    )


def _as_above(basis: str, first: str) -> str:
    """Return a basis without what the first row says already."""
    return _("as above") + basis.removeprefix(first) if first and basis.startswith(first) else basis


def _no_data(item: Quantity) -> str:
    return _("No data: {why}").format(why=item.basis.rstrip(".")) if item.basis else _("No data")


def _told(item: Quantity) -> str:
    return wording.figure(item) if item.value is not None else _no_data(item)


def _meaning(section: EnergySection) -> Block:
    rows = tuple((row.sentence, row.arithmetic, row.basis) for row in section.meanings)
    titles = (_("It is like"), _("Arithmetic"), _("Basis"))
    told = _("No data: no training energy is published for this model.")
    return Block(
        title=section.meaning_title or _("What this means"),
        sentences=() if rows else (_("No data: the energy is not known, or fits no daily term."),),
        tables=(Table(titles=titles, rows=rows, width_ratio=(1.6, 1.2, 2.2)),) if rows else (),
        points=(_("Training against use: {sentence}").format(sentence=section.training or told),),
    )


def _sci(section: EnergySection) -> Block:
    scores = section.sci
    lines = (
        (_("Score, CO2e"), _score),
        (_("E, energy"), lambda item: _told(item.energy)),
        (_("I, electricity"), lambda item: _told(item.intensity)),
        (_("M, making of the computer"), lambda item: _told(item.embodied)),
        (_("Evidence of the score"), lambda item: wording.evidence_word(item.score.evidence)),
    )
    rows = tuple((label, *(read(item) for item in scores)) for label, read in lines)
    titles = (_("Software Carbon Intensity"), *(_("R = {unit}").format(unit=item.functional_unit) for item in scores))
    text = _("Method: {method}. Boundary: {boundary}.")
    told = dict.fromkeys(text.format(method=item.method, boundary=item.boundary.rstrip(".")) for item in scores)
    return Block(
        title=_("Software Carbon Intensity (SCI)"), sentences=tuple(told),
        tables=(Table(titles=titles, rows=rows, width_ratio=(1.1, *(1.6 for _item in scores))),),
    )  # fmt: skip


def _score(item: SciView) -> str:
    return _told(item.score)


def _obtained(section: EnergySection) -> Block:
    tables = []
    if section.ranges:
        tables.append(figure_table(section.ranges, _("One query: all energy, and what is above idle")))
    if section.phases:
        tables.append(_phases(section))
    if section.checks:
        rows = tuple((check.title, check.verdict, check.text) for check in section.checks)
        tables.append(
            Table(titles=(_("Check"), _("Result"), _("Finding")), rows=rows, caption=_("Checks of the measurement"),
                  width_ratio=(1.4, 0.8, 2.6))
        )  # fmt: skip
    if section.meters:
        tables.append(_meters(section))
    told = [] if section.phases else [_("No probe with energy stands behind this candidate, so no parts are shown.")]
    told += [] if section.meters else [_("Meters: no data, {note}.").format(note=section.meters_note)]
    return Block(
        title=_("How the energy was obtained"),
        sentences=tuple(told),
        figure=PHASES_FIGURE if section.parts else "",
        tables=tuple(tables),
        points=(*section.excluded, *section.holding),
    )


def _phases(section: EnergySection) -> Table:
    return Table(
        titles=(_("Kind of work"), _("One unit"), _("Gross"), _("Net"), _("Power, gross"), _("Evidence"), _("Blocks")),
        rows=tuple(
            (
                f"{row.part}: {row.phase.lower()}", row.unit, _told(row.gross), row.net_text, _told(row.power),
                wording.evidence_word(row.gross.evidence), _blocks(row.num_blocks, row.num_rejected),
            )
            for row in section.phases
        ),
        caption=_("Part by part; net is above idle with the model loaded"),
        width_ratio=(1.7, 0.7, 1.4, 1.4, 1.2, 1.1, 0.8),
    )  # fmt: skip


def _blocks(number: int, rejected: int) -> str:
    return _("{number}, {rejected} left out").format(number=number, rejected=rejected) if rejected else str(number)


def _meters(section: EnergySection) -> Table:
    used = _(", used")
    return Table(
        titles=(_("Meter"), _("Covers"), _("Way"), _("State"), _("Why")),
        rows=tuple(
            (row.name, row.covers, row.way, f"{row.state}{used if row.used else ''}", row.why)
            for row in section.meters
        ),
        caption=_("Meters, {note}").format(note=section.meters_note),
        width_ratio=(1.4, 1.0, 1.5, 0.8, 1.5),
    )  # fmt: skip


def _others(section: EnergySection) -> Block:
    rows = tuple(
        (f"{row.model}, {row.format_label}", wording.figure(row.energy), wording.evidence_word(row.energy.evidence),
         row.against)
        for row in section.others
    )  # fmt: skip
    titles = (_("Candidate"), _("Energy per 1,000 queries"), _("Evidence"), _("Against the pick"))
    return Block(
        title=_("Energy of the other candidates"),
        sentences=(
            _(
                "Two candidates are called different only where they can be told apart: measured ones by the interval "
                "of their ratio, estimated ones by the range of their times, since the power they share cancels."
            ),
        ),
        tables=(Table(titles=titles, rows=rows, width_ratio=(2.0, 1.2, 0.9, 1.5)),),
    )


def _published(document: ReportDocument) -> Block:
    section = document.energy
    rows = _sources_once((*published.own_rows(section), *map(published.cells, document.published)))
    has_stars = any(item.stars is not None for item in document.published)
    return Block(
        title=_("Beside published figures"),
        sentences=(WARNING,),
        figure=PUBLISHED_FIGURE if section is not None and section.published is not None else "",
        tables=(Table(titles=tuple(map(_, published.TITLES)), rows=rows, width_ratio=(1.5, 1.0, 0.8, 1.0, 1.5, 1.5)),),
        points=(
            _(
                "Stars are AI Energy Score's own: five equal steps inside one cohort of models tested on the same "
                "cards. They do not carry over to this computer, so nothing here is given any."
            ),
        )
        if has_stars
        else (),
        link=LEADERBOARD_URL if has_stars else "",
        link_text=_("Official leaderboard:") if has_stars else "",
    )


def _sources_once(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return rows whose source, the last cell, is told once where it stays the same."""
    made, before = [], ""
    for row in rows:
        made.append((*row[:-1], _("as above") if row[-1] and row[-1] == before else row[-1]))
        before = row[-1]
    return tuple(made)
