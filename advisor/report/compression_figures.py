"""The drawing of what compression costs: a line a language, a mark a format, with intervals and the average."""

from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from advisor import units
from advisor.report.canvas import ACCENT, GROUND, INK, MUTED, WIDTH_INCHES, Drawing, plain_label, style, svg
from advisor.report.compression_view import CompressionSeries, FormatLosses, LossPoint
from advisor.report.language import _
from advisor.report.model import ReportDocument

SHAPES = ("o", "s", "^", "D")
"""A format is told by the shape of its mark, not by its colour alone."""
COLOURS = (ACCENT, "#9a6700", "#8e1b5a", MUTED)
_SPREAD = 0.5
"""[lines] Marks of the formats of one language stand this far apart, first to last."""


def figure_id(number: int) -> str:
    """Return the id of a model's drawing."""
    return f"compression-{number}"


def compression_drawings(document: ReportDocument, *, themed: bool) -> dict[str, Drawing]:
    """Return a drawing for each measured model by its id.

    Args:
        document: the report.
        themed: as for the other drawings.
    """
    with mpl.rc_context(style(themed=themed)):  # type: ignore[arg-type] # a dict of its own literal keys
        return {
            figure_id(number): _drawing(item.series, figure_id(number), themed=themed)
            for number, item in enumerate(document.compression, 1)
        }


def _drawing(series: CompressionSeries, name: str, *, themed: bool) -> Drawing:
    figure = Figure(figsize=(WIDTH_INCHES, 1.3 + 0.2 * len(series.codes)), layout="constrained")
    axes = figure.subplots()
    for number, form in enumerate(series.formats):
        _marks(axes, series, form, number)
    axes.set_yticks(range(len(series.codes)), [plain_label(name) for name in series.names], fontsize=7.5)
    for label, code in zip(axes.get_yticklabels(), series.codes, strict=True):
        label.set_fontweight("bold" if code in series.yours else "normal")
    axes.set_ylim(len(series.codes) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: units.number(value)))
    axes.set_xlabel(series.axis)
    axes.grid(axis="both")
    axes.tick_params(axis="y", length=0)
    handles: list[Any] = [
        Line2D([], [], color=COLOURS[number], marker=SHAPES[number], linestyle="", label=plain_label(form.label))
        for number, form in enumerate(series.formats)
    ]
    handles.append(Line2D([], [], color=INK, linestyle=(0, (4, 2)), label=_("average of the languages")))
    figure.legend(handles=handles, loc="outside lower left", ncols=3, handlelength=1.6, columnspacing=1.6)
    return Drawing(
        id=name,
        title=_("What compression costs {model} in each language").format(model=series.model),
        alt=series.summary,
        caption=_(
            "Less is better. A line is the 95 % interval over the sentences; a filled mark surely loses more than the "
            "average; your languages are bold."
        ),
        svg=svg(figure, name, themed=themed),
    )


def _marks(axes: Any, series: CompressionSeries, form: FormatLosses, number: int) -> None:  # noqa: ANN401 - untyped
    place = {code: line for line, code in enumerate(series.codes)}
    shift = 0.0 if len(series.formats) == 1 else _SPREAD * (number / (len(series.formats) - 1) - 0.5)
    for point in form.points:
        _mark(axes, point, place[point.code] + shift, number)
    if form.average.value is not None:
        axes.axvline(form.average.value, color=COLOURS[number], linewidth=1.1, linestyle=(0, (4, 2)))


def _mark(axes: Any, point: LossPoint, line: float, number: int) -> None:  # noqa: ANN401 - untyped library
    loss, colour = point.loss, COLOURS[number]
    if loss.low is not None and loss.high is not None:
        axes.plot([loss.low, loss.high], [line, line], color=colour, linewidth=1.2)
    axes.scatter(
        loss.value, line, s=26, marker=SHAPES[number], zorder=3, linewidths=1.2, edgecolors=colour,
        color=colour if point.loses_more else GROUND,
    )  # fmt: skip
