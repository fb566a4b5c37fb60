"""Standard units as sentences and as JSON: what 1,000 queries and a year take, cost and mean."""

from typing import Any

from advisor import units
from advisor.energy import daily
from advisor.energy.standard import Conditions, Sci, StandardFigures
from advisor.evidence import Quantity
from advisor.report import wording
from advisor.report.language import _
from advisor.report.public_parts import figure

Document = dict[str, Any]
ROWS = (
    ("energy_per_1000_queries", "Energy of 1,000 queries"),
    ("per_input_token", "Energy of a token read"),
    ("per_output_token", "Energy of a token written"),
    ("energy_per_day", "Energy of a day"),
    ("energy_per_year", "Energy of a year"),
    ("carbon_per_1000_queries", "CO2e of 1,000 queries"),
    ("carbon_per_year", "CO2e of a year"),
    ("embodied_per_1000_queries", "Making of the computer, 1,000 queries"),
    ("embodied_per_year", "Making of the computer, a year"),
    ("cost_per_1000_queries", "Cost of 1,000 queries"),
    ("cost_per_year", "Cost of a year"),
)


def rows(item: StandardFigures) -> list[tuple[str, Quantity]]:
    """Return name and figure of each unit that has a value."""
    return [(label, quantity) for label, quantity in all_rows(item) if quantity.value is not None]


def all_rows(item: StandardFigures, *, with_sci: bool = True) -> list[tuple[str, Quantity]]:
    """Return name and figure of each unit; what has no value says why in its basis.

    Args:
        item: of one candidate.
        with_sci: false where SCI stands in a table of its own.
    """
    found = [(_(label), getattr(item, name)) for name, label in ROWS]
    found += [
        (_("Battery, 1,000 queries"), item.battery.minutes),
        (_("Queries on a full battery"), item.battery.queries_per_charge),
    ]
    if not with_sci:
        return found
    found.append((_("SCI of one query"), item.sci_per_query.score))
    if item.sci_per_1000_tokens is not None:
        found.append((_("SCI of 1,000 tokens written"), item.sci_per_1000_tokens.score))
    return found


def sentences(item: StandardFigures, chosen: Conditions) -> list[str]:
    """Return what 1,000 queries and a year take, one sentence each, and what that means in daily terms."""
    told = []
    parts = [item.energy_per_1000_queries, item.carbon_per_1000_queries, item.cost_per_1000_queries]
    if item.energy_per_1000_queries.value is not None:
        told.append(_("1,000 queries: {figures}.").format(figures=_listed(parts)))
    if item.battery.share.value is not None:
        told.append(
            _("On battery: {share} % of a full charge, or {minutes} of doing nothing.").format(
                share=units.number(100 * item.battery.share.value), minutes=wording.figure(item.battery.minutes)
            )
        )
    if item.energy_per_year.value is not None and chosen.num_queries_per_day is not None:
        parts = [item.energy_per_year, item.carbon_per_year, item.cost_per_year]
        number = units.number(chosen.num_queries_per_day)
        told.append(_("A year at {number} queries a day: {figures}.").format(number=number, figures=_listed(parts)))
    told += _meaning(item)
    making = item.embodied_per_year if item.embodied_per_year.value is not None else item.embodied_per_1000_queries
    if making.value is not None and chosen.embodied is not None:
        of = _("a year") if making is item.embodied_per_year else _("1,000 queries")
        told.append(
            _("Making of the computer, {of}: {figure} CO2e, shown apart. {assumptions}").format(
                of=of, figure=wording.figure(making), assumptions=" ".join(chosen.embodied.assumptions)
            )
        )
    return told


def _listed(parts: list[Quantity]) -> str:
    return ", ".join(
        wording.figure(part) + (" CO2e" if part.unit == "g" else "") for part in parts if part.value is not None
    )


def _meaning(item: StandardFigures) -> list[str]:
    year = item.energy_per_year.value is not None
    found = daily.meanings(item.energy_per_year if year else item.energy_per_1000_queries, most=1)
    text = _("A year is like {sentence}: {arithmetic}.") if year else _("That is like {sentence}: {arithmetic}.")
    return [text.format(sentence=one.sentence, arithmetic=one.arithmetic) for one in found]


def use_json(item: StandardFigures, chosen: Conditions) -> Document:
    """Return standard units as a part of a public document; what was not chosen has no value and says why."""
    energy = item.energy_per_year if item.energy_per_year.value is not None else item.energy_per_1000_queries
    grid, making = chosen.intensity, chosen.embodied
    return {
        **{name: figure(getattr(item, name)) for name, _label in ROWS},
        "battery": {
            "share": figure(item.battery.share),
            "minutes": figure(item.battery.minutes),
            "queries_per_charge": figure(item.battery.queries_per_charge),
        },
        "sci_per_query": _sci(item.sci_per_query),
        "sci_per_1000_tokens": None if item.sci_per_1000_tokens is None else _sci(item.sci_per_1000_tokens),
        "grid": None
        if grid is None
        else {"name": grid.name, "intensity": figure(grid.g_per_kwh), "year": grid.year, "source": grid.source},
        "embodied_assumptions": [] if making is None else list(making.assumptions),
        "meanings": [
            {"sentence": one.sentence, "arithmetic": one.arithmetic, "source": one.term.source}
            for one in daily.meanings(energy)
        ],
        "boundary": item.boundary,
    }


def _sci(item: Sci) -> Document:
    return {
        "score": figure(item.score),
        "energy": figure(item.energy),
        "intensity": figure(item.intensity),
        "embodied": figure(item.embodied),
        "functional_unit": item.functional_unit,
        "boundary": item.boundary,
        "method": item.method,
    }
