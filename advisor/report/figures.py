"""The report's drawings as SVG, from the same series that the window plots. Imported only when a report is made."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from advisor import units
from advisor.evidence import Evidence
from advisor.report import wording
from advisor.report.canvas import (
    ACCENT,
    GROUND,
    INK,
    MAX_LABEL,
    PART_COLOURS,
    WIDTH_INCHES,
    Drawing,
    plain_label,
    style,
    svg,
)
from advisor.report.language import _
from advisor.report.model import ReportDocument
from advisor.report.series import MemoryBar, ParetoPoint, ParetoSeries, ProbeSeries

MARKERS: dict[Evidence, str] = {
    "measured": "o",
    "measured-synthetic": "o",
    "calibrated": "s",
    "estimated": "^",
    "assumed": "D",
    "excluded": "x",
}
"""Evidence is told by the shape of a point, not by its colour alone."""
_MAX_POINT_LABEL = 30
_MAX_NAMED = 6
_LOG_FROM_RATIO = 8.0
_FAR_FACTOR = 3.0


def drawings(document: ReportDocument, *, themed: bool) -> tuple[Drawing, ...]:
    """Return the report's figures; one without data is left out.

    Args:
        document: the report.
        themed: for HTML: text stays text and colours follow the page's style; else text is drawn and colours are fixed.
    """
    data = document.drawings
    made: list[Drawing] = []
    with mpl.rc_context(style(themed=themed)):  # type: ignore[arg-type] # a dict of its own literal keys
        if any(bar.segments for bar in data.memory):
            made.append(_memory(data.memory, themed=themed))
        if len(data.pareto.points) > 1:
            made.append(_pareto(data.pareto, themed=themed))
        made += [
            _probe(series, f"probe-{number}", themed=themed)
            for number, series in enumerate(data.probes, 1)
            if series.latency_s or series.memory_bytes
        ]
    return tuple(made)


def _memory(bars: Sequence[MemoryBar], *, themed: bool) -> Drawing:
    shown = [bar for bar in bars if bar.segments]
    figure = Figure(figsize=(WIDTH_INCHES, 1.15 + 0.5 * len(shown)), layout="constrained")
    axes = figure.subplots()
    named: set[str] = set()
    for row, bar in enumerate(shown):
        _stack(axes, row, bar, named)
        _whisker(axes, row, bar)
    free = next((bar.free_bytes for bar in shown if bar.free_bytes is not None), None)
    right, free_is_near = _right_edge(shown, free)
    if free is not None and free_is_near:
        axes.axvline(free / units.GIB, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
        axes.annotate(
            _("{size} free").format(size=units.size(free)), (free / units.GIB, 1.0), xycoords=("data", "axes fraction"),
            xytext=(0, 3), textcoords="offset points", ha="center", va="bottom", color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [_bar_label(bar.label) for bar in shown])
    axes.invert_yaxis()
    axes.set_xlim(left=0, right=right)
    axes.set_xlabel(_("Memory (GiB)"))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    handles = [
        Patch(color=colour, label=wording.part_word(part)) for part, colour in PART_COLOURS.items() if part in named
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=4, handlelength=1.0, columnspacing=1.6)
    return Drawing(
        id="memory",
        title=_("Memory needed, part by part"),
        alt=_memory_alt(shown, free),
        caption=_memory_caption(free, free_is_near=free_is_near),
        svg=svg(figure, "memory", themed=themed),
    )


def _bar_label(label: str) -> str:
    """Return model and format on two lines; a long name goes without its owner rather than without its end."""
    model, _comma, form = label.partition(", ")
    name = model if len(model) <= MAX_LABEL else model.rpartition("/")[2]
    return f"{plain_label(name)}\n{plain_label(form)}"


def _stack(axes: Any, row: int, bar: MemoryBar, named: set[str]) -> None:  # noqa: ANN401 - untyped library
    """Draw one bar; note the parts it has for the legend."""
    for segment in bar.segments:
        if not segment.quantity.value:
            continue
        axes.barh(
            row,
            segment.quantity.value / units.GIB,
            left=segment.start_bytes / units.GIB,
            height=0.58,
            color=PART_COLOURS[segment.part],
            edgecolor=GROUND,
            linewidth=0.8,
        )
        named.add(segment.part)


def _right_edge(bars: Sequence[MemoryBar], free: float | None) -> tuple[float, bool]:
    """Return the end of the axis in GiB, and whether the free memory is on it: far away it would flatten the bars."""
    longest = max((bar.total.high or bar.total.value or 0.0) for bar in bars)
    near = free is not None and free <= _FAR_FACTOR * longest
    return 1.08 * max((max(longest, free or 0.0) if near else longest) / units.GIB, 0.01), near


def _memory_caption(free: float | None, *, free_is_near: bool) -> str:
    text = _("The line at the end of a bar is the range of the sum.")
    if free is None:
        return text
    if free_is_near:
        return text + " " + _("The dashed line is the memory that is free.")
    return text + " " + _("{size} are free, far beyond the right edge.").format(size=units.size(free))


def _whisker(axes: Any, row: int, bar: MemoryBar) -> None:  # noqa: ANN401 - untyped library
    total = bar.total
    if total.value is None or total.low is None or total.high is None:
        return
    value = total.value / units.GIB
    spread = [[value - total.low / units.GIB], [total.high / units.GIB - value]]
    axes.errorbar(value, row, xerr=spread, color=INK, elinewidth=1.0, capsize=3, capthick=1.0, fmt="none")


def _memory_alt(bars: Sequence[MemoryBar], free: float | None) -> str:
    parts = [_("{label} needs {need}").format(label=bar.label, need=wording.figure(bar.total)) for bar in bars]
    text = _("Bars of the memory each candidate needs. {parts}.").format(parts="; ".join(parts))
    return text if free is None else text + " " + _("{size} are free.").format(size=units.size(free))


def _pareto(series: ParetoSeries, *, themed: bool) -> Drawing:
    figure = Figure(figsize=(WIDTH_INCHES, 4.0), layout="constrained")
    axes = figure.subplots()
    points = series.points
    biggest = max((point.memory_bytes or 0.0) for point in points) or 1.0
    for point in sorted(points, key=lambda item: (item.picked, item.pareto, -(item.memory_bytes or 0.0))):
        _draw_point(axes, point, biggest)
    values = [point.energy.value or 0.0 for point in points]
    if max(values) / min(values) >= _LOG_FROM_RATIO:
        axes.set_xscale("log")
        axes.set_xlabel(_("Energy per 1,000 queries (Wh, logarithmic)"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_ignored: ""))
    else:
        axes.set_xlim(left=0)
        axes.set_xlabel(_("Energy per 1,000 queries (Wh)"))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: units.number(value)))
    better = _("higher is better") if series.higher_is_better else _("lower is better")
    axes.set_ylabel(f"{plain_label(series.benchmark or '')}\n({better})")
    axes.grid()
    axes.margins(0.12)
    _label_points(figure, axes, points)
    return Drawing(
        id="pareto",
        title=_("Quality against energy"),
        alt=series.summary,
        caption=f"{series.summary} {_pareto_key(series)}",
        svg=svg(figure, "pareto", themed=themed),
    )


def _pareto_key(series: ParetoSeries) -> str:
    """Explain the marks, and say what is not drawn."""
    shapes = {"o": _("circles"), "s": _("squares"), "^": _("triangles"), "D": _("diamonds"), "x": _("crosses")}
    used = dict.fromkeys(point.evidence for point in series.points)
    told = ", ".join(f"{shapes[MARKERS[evidence]]}: {wording.evidence_word(evidence)}" for evidence in used)
    text = _("A larger mark needs more memory; {shapes}; filled marks are those, with their ranges as lines.").format(
        shapes=told
    )
    left_out = series.num_other_benchmark + series.num_without_quality
    if not left_out:
        return text
    return text + " " + _("{number} models without a figure of this benchmark are not drawn.").format(number=left_out)


def _draw_point(axes: Any, point: ParetoPoint, biggest: float) -> None:  # noqa: ANN401 - untyped library
    energy = point.energy
    colour = wording.verdict_colour(point.verdict).lower()
    if (point.pareto or point.picked) and energy.low is not None and energy.high is not None:
        axes.plot([max(energy.low, 1e-9), energy.high], [point.quality] * 2, color=colour, alpha=0.28, linewidth=1.0)
    axes.scatter(
        energy.value,
        point.quality,
        s=24 + 240 * (point.memory_bytes or 0.0) / biggest,
        marker=MARKERS[point.evidence],
        color=colour if point.pareto or point.picked else GROUND,
        edgecolors=INK if point.picked else colour,
        linewidths=2.0 if point.picked else 1.1,
        alpha=1.0 if point.pareto or point.picked else 0.8,
        zorder=3,
    )


def _label_points(figure: Figure, axes: Any, points: Sequence[ParetoPoint]) -> None:  # noqa: ANN401 - untyped library
    """Name the pick and those of the front for which there is room."""
    figure.draw_without_rendering()  # the places are known only after the layout
    named = sorted((point for point in points if point.pareto or point.picked), key=lambda item: not item.picked)
    taken: list[tuple[float, float, float]] = []
    for point in named:
        name = plain_label(point.model.rpartition("/")[2], _MAX_POINT_LABEL)
        text = _("{model} (pick)").format(model=name) if point.picked else name
        x, y = axes.transData.transform((point.energy.value, point.quality))
        half = 3.4 * len(text)
        if any(abs(y - other_y) < 18 and abs(x - other_x) < half + other for other_x, other_y, other in taken):
            continue
        taken.append((x, y, half))
        inside = axes.get_window_extent()
        side = "left" if x - half < inside.x0 else "right" if x + half > inside.x1 else "center"
        axes.annotate(
            text, (point.energy.value, point.quality), xytext=(0, 11), textcoords="offset points", ha=side,
            color=INK, fontweight="bold" if point.picked else "normal", zorder=4,
        )  # fmt: skip
        if len(taken) == _MAX_NAMED:
            return


def _probe(series: ProbeSeries, name: str, *, themed: bool) -> Drawing:
    figure = Figure(figsize=(WIDTH_INCHES, 3.4), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    milliseconds = [1000 * value for value in series.latency_s]
    panels[0].plot(series.latency_t_s, milliseconds, "o", color=ACCENT, markersize=3.2)
    panels[0].set_ylabel(_("One step (ms)"))
    gibibytes = [value / units.GIB for value in series.memory_bytes]
    panels[1].plot(series.memory_t_s, gibibytes, color=ACCENT, linewidth=1.6)
    panels[1].fill_between(series.memory_t_s, gibibytes, color=ACCENT, alpha=0.14, linewidth=0)
    panels[1].set_ylabel(_("Memory (GiB)"))
    panels[1].set_xlabel(_("Time since the start of the probe (s)"))
    for axes, values in zip(panels, (milliseconds, gibibytes), strict=True):
        axes.set_ylim(bottom=0, top=1.15 * max(values) if values and max(values) > 0 else 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.grid()
    figure.align_ylabels(panels)
    return Drawing(
        id=name,
        title=_("Probe of {label}").format(label=series.label),
        alt=_probe_alt(series),
        caption=_probe_alt(series),
        svg=svg(figure, name, themed=themed),
    )


def _probe_alt(series: ProbeSeries) -> str:
    texts = [_("Readings of the probe of {label} over time.").format(label=series.label)]
    if series.latency_s:
        texts.append(
            _("{number} steps took between {low} and {high}.").format(
                number=len(series.latency_s),
                low=units.duration(min(series.latency_s)),
                high=units.duration(max(series.latency_s)),
            )
        )
    if series.memory_bytes:
        texts.append(_("Memory reached {size}.").format(size=units.size(max(series.memory_bytes))))
    return " ".join(texts)
