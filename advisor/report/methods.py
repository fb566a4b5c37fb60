"""How the figures were made, in a few paragraphs; the long form with sources is docs/METHODS.md."""

from collections.abc import Sequence

from advisor.evidence import EVIDENCE_ORDER
from advisor.report import wording
from advisor.report.language import _
from advisor.report.model import CarbonNote, MethodNote, Published, TaskRow

SCORE = "AI Energy Score"
_NOTES: tuple[tuple[str, str, str], ...] = (
    (
        "Memory",
        (
            "Each part is computed from the model's own shape: the weights in the chosen format, the cache for the "
            "context, the working memory of the largest step, and the runtime. A verdict compares the sum with the "
            "memory that is free: it fits when at least 20 % stays free."
        ),
        "need = weights + cache + working memory + runtime",
    ),
    (
        "Speed",
        (
            "A step takes as long as its slower half: the calculations, or reading the weights and the cache from "
            "memory. Reading a text is limited by calculations, writing one token after the other by memory."
        ),
        "time = max(calculations / rate, bytes / bandwidth) + start of the operators",
    ),
    (
        "Energy",
        (
            "Power while working, times the time of one query, for the parts named beside the figure. Without a meter "
            "the power is a typical range for this processor and load, so the range is wide."
        ),
        "energy per 1,000 queries = power x time per query x 1,000 / 3,600",
    ),
    (
        "Carbon",
        (
            "Energy times the yearly average of the country's electricity. The making of the computer is never added "
            "to it; its share stands apart where it is switched on."
        ),
        "CO2e = energy x grid intensity",
    ),
    (
        "Quality",
        (
            "Figures published by others for the original weights, shown with their source. Figures of different "
            "benchmarks are never mixed into one number, and a missing figure is never guessed."
        ),
        "",
    ),
    (
        "Choice",
        (
            "Candidates that miss a hard need are left out. Of the rest, the smallest that is good enough is picked: "
            "quality against the need first, then energy, time and memory. A candidate is on the front when no other "
            "is at least as good on every axis and better on one."
        ),
        "",
    ),
    (
        "Measurement",
        (
            "A probe runs the model's exact shape in ONNX Runtime on this computer, with made-up weights: the values "
            "of the weights change neither time nor memory. When the whole model is too large for the probe, two "
            "depths are measured and the rest is extended from them. The middle value is shown with its spread and "
            "the number of runs."
        ),
        "time(layers) = start + layers x time per layer",
    ),
    (
        "Ranges",
        (
            "Each range is meant to hold nine of ten measurements. A sum or product is only as well known as its "
            "weakest part."
        ),
        "",
    ),
)


def method_notes() -> tuple[MethodNote, ...]:
    """Return the short method section."""
    return tuple(
        MethodNote(title=_(title), text=_(text), formula=_(formula) if formula else "")
        for title, text, formula in _NOTES
    )


def evidence_rows() -> tuple[TaskRow, ...]:
    """Return what the evidence words mean, strongest first."""
    return tuple(
        TaskRow(label=wording.evidence_word(code), text=wording.evidence_help(code)) for code in EVIDENCE_ORDER
    )


def source_lines(
    catalog_version: str, carbon: CarbonNote | None, benchmarks: tuple[str, ...], published: Sequence[Published]
) -> tuple[str, ...]:
    """Return where the figures that were not made here come from.

    Args:
        catalog_version: version of the bundled catalog.
        carbon: the grid behind the carbon figures, when a country was chosen.
        benchmarks: `benchmark (source)` of the quality figures shown.
        published: energy figures of others that are shown.
    """
    lines = [_("Models and their shapes: bundled catalog, version {version}.").format(version=catalog_version)]
    lines += [_("Quality: {benchmark}.").format(benchmark=item) for item in benchmarks]
    if carbon is not None:
        lines.append(
            _("Carbon: a value of your own, {figure}.").format(figure=wording.figure(carbon.intensity))
            if carbon.year is None
            else _("Carbon: {source}; {country}, yearly average of {year}.").format(
                source=carbon.source, country=carbon.country, year=carbon.year
            )
        )
    scores = [item for item in published if item.test_date.startswith(SCORE)]
    if scores:
        lines.append(_("Published energy: AI Energy Score, huggingface.co/AIEnergyScore; NVIDIA H100 cards, batch 1."))
    means = dict.fromkeys(item.test_date for item in published if item not in scores)
    return (*lines, *(_("Published energy: {source}.").format(source=source) for source in means))
