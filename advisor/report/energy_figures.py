"""The drawings of the section on energy: a query part by part, and our energy beside published figures."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from advisor import units
from advisor.report import energy_words, wording
from advisor.report.canvas import (
    ACCENT,
    GROUND,
    INK,
    MUTED,
    PHASE_COLOURS,
    WIDTH_INCHES,
    Drawing,
    plain_label,
    style,
    svg,
)
from advisor.report.energy_model import EnergySection, PartView, PublishedPoint, PublishedSeries
from advisor.report.energy_tables import PHASES_FIGURE, PUBLISHED_FIGURE
from advisor.report.language import _
from advisor.report.model import ReportDocument

PHASES_ID, PUBLISHED_ID = PHASES_FIGURE, PUBLISHED_FIGURE
SHAPES = {"ours": "s", "same-model": "^", "task-mean": "D", "other-model": "o"}
_FAR_RATIO = 30.0
"""[1] A load this many times a query would flatten the query's bar; it is told then instead of drawn."""
_ROOM = 2.6
"""[1] Factor beyond the axis for the words beside a point."""


def energy_drawings(document: ReportDocument, *, themed: bool) -> dict[str, Drawing]:
    """Return the section's figures by their ids; one without data is left out.

    Args:
        document: the report.
        themed: as for the other drawings.
    """
    section = document.energy
    made: dict[str, Drawing] = {}
    if section is None:
        return made
    with mpl.rc_context(style(themed=themed)):  # type: ignore[arg-type] # a dict of its own literal keys
        if any(part.energy.value for part in section.parts):
            made[PHASES_ID] = _phases(section, themed=themed)
        if section.published is not None and section.published.points:
            made[PUBLISHED_ID] = _published(section.published, themed=themed)
    return made


def _phases(section: EnergySection, *, themed: bool) -> Drawing:
    query = [part for part in section.parts if part.phase != "load" and part.energy.value]
    loads = [part for part in section.parts if part.phase == "load" and part.energy.value]
    whole = sum(part.energy.value or 0.0 for part in query)
    near = bool(loads) and (not whole or (loads[0].energy.value or 0.0) <= _FAR_RATIO * whole)
    bars = [(_("One query"), query)] if query else []
    if near:
        bars.append((_("Loading, once"), loads))
    figure = Figure(figsize=(WIDTH_INCHES, 1.05 + 0.5 * len(bars)), layout="constrained")
    axes = figure.subplots()
    for place, (_name, parts) in enumerate(bars):
        _stack(axes, place, parts)
    axes.set_yticks(range(len(bars)), [name for name, _parts in bars])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: units.number(value)))
    axes.set_xlabel(_("Energy, gross (J)"))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    drawn = [part for _name, parts in bars for part in parts]
    handles = [Patch(color=PHASE_COLOURS[part.phase], label=part.label) for part in drawn]
    figure.legend(handles=handles, loc="outside lower left", ncols=4, handlelength=1.0, columnspacing=1.6)
    text = _told(section.parts)
    told = f"{text} {_caption(section, loads_drawn=near or not loads)}"
    return Drawing(
        id=PHASES_ID, title=_("Energy of one query, part by part"), alt=told, caption=told,
        svg=svg(figure, PHASES_ID, themed=themed),
    )  # fmt: skip


def _stack(axes: Any, place: int, parts: Sequence[PartView]) -> None:  # noqa: ANN401 - untyped library
    left = 0.0
    for part in parts:
        value = part.energy.value or 0.0
        axes.barh(
            place, value, left=left, height=0.56, color=PHASE_COLOURS[part.phase], edgecolor=GROUND, linewidth=0.8
        )
        left += value
    lows, highs = [part.energy.low for part in parts], [part.energy.high for part in parts]
    if None not in lows and None not in highs:
        low, high = sum(item or 0.0 for item in lows), sum(item or 0.0 for item in highs)
        spread = [[max(left - low, 0.0)], [max(high - left, 0.0)]]
        axes.errorbar(left, place, xerr=spread, color=INK, elinewidth=1.0, capsize=3, capthick=1.0, fmt="none")


def _told(parts: Sequence[PartView]) -> str:
    told = "; ".join(f"{part.label}: {wording.figure(part.energy)}" for part in parts)
    return f"{told}."


def _caption(section: EnergySection, *, loads_drawn: bool) -> str:
    kind = _("Measured.") if section.measured else f"{_(energy_words.ESTIMATED_NO_METER).capitalize()}."
    text = _("The line at the end of a bar is the range of the sum.")
    far = "" if loads_drawn else f" {_('Loading takes far more than one query and is not drawn.')}"
    return f"{kind} {text}{far}"


def _published(series: PublishedSeries, *, themed: bool) -> Drawing:
    points = series.points
    figure = Figure(figsize=(WIDTH_INCHES, 1.1 + 0.29 * len(points)), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    for place, point in enumerate(points):
        _mark(axes, place, point)
    axes.set_yticks(range(len(points)), [_name(point) for point in points], fontsize=7.5)
    axes.set_ylim(len(points) - 0.4, -0.6)
    axes.set_xlim(series.axis_low_wh, series.axis_high_wh * _ROOM)
    axes.xaxis.set_major_locator(LogLocator(base=10, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: units.number(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(_("Energy per 1,000 queries (Wh, logarithmic)"))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    return Drawing(
        id=PUBLISHED_ID,
        title=_("This computer beside published figures"),
        alt=_published_alt(points),
        caption=_(
            "Filled squares with ranges: this computer. Triangles: the same model elsewhere. Diamonds: means over "
            "models. Circles: other models elsewhere. Stars are official and hold inside their cohort only."
        ),
        svg=svg(figure, PUBLISHED_ID, themed=themed),
    )


def _name(point: PublishedPoint) -> str:
    """Return what stands on the axis; a candidate of this computer has its format on a second line."""
    if point.kind != "ours":
        return plain_label(point.label)
    name, _comma, form = point.label.partition(", ")
    return f"{plain_label(name)}\n{plain_label(form)}"


def _mark(axes: Any, place: int, point: PublishedPoint) -> None:  # noqa: ANN401 - untyped library
    energy, ours = point.energy, point.kind == "ours"
    colour = ACCENT if ours else MUTED
    if energy.low and energy.high:
        axes.plot([energy.low, energy.high], [place, place], color=colour, linewidth=1.4)
    axes.scatter(
        energy.value, place, s=38, marker=SHAPES[point.kind], zorder=3, linewidths=1.2, edgecolors=colour,
        color=colour if ours or point.kind == "same-model" else GROUND,
    )  # fmt: skip
    words = wording.amount(energy)
    if point.stars is not None:
        words += _(", {number} of 5 stars").format(number=point.stars)
    axes.annotate(
        words, (max(energy.high or 0.0, energy.value or 0.0), place), xytext=(7, 0), textcoords="offset points",
        ha="left", va="center", color=INK if ours else MUTED, fontsize=7.5,
    )  # fmt: skip


def _published_alt(points: Sequence[PublishedPoint]) -> str:
    ours = [f"{point.label} {wording.figure(point.energy)}" for point in points if point.kind == "ours"]
    others = sorted(point.energy.value or 0.0 for point in points if point.kind != "ours")
    text = _("Per 1,000 queries on this computer: {ours}.").format(ours="; ".join(ours))
    if not others:
        return text
    ends = units.amount(others[0], "Wh"), units.amount(others[-1], "Wh")
    if len(others) == 1:
        return f"{text} {_('One published figure: {amount}.').format(amount=ends[0])}"
    told = _("{number} published figures on other hardware lie between {low} and {high}.")
    return f"{text} {told.format(number=len(others), low=ends[0], high=ends[1])}"
