"""The report as one HTML file: drawings inside, no script, light and dark, ready to print."""

from collections.abc import Callable
from typing import Any

from advisor import units
from advisor.report import wording
from advisor.report.language import _
from advisor.report.model import ReportDocument
from advisor.resources import read

TEMPLATE = "templates/report.html.j2"


def render(document: ReportDocument) -> str:
    """Return the whole page. Every text from the outside is escaped."""
    import jinja2
    import markupsafe

    from advisor.report import compression_blocks, energy_tables, examples_section, font_list

    font_list.keep_in_cache()
    from advisor.report.compression_figures import compression_drawings
    from advisor.report.energy_figures import energy_drawings
    from advisor.report.figures import drawings

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(template_words())
    environment.globals["safe_svg"] = markupsafe.Markup  # our own drawing, escaped by its maker
    template = environment.from_string(read(TEMPLATE).decode("utf-8"))
    figures = drawings(document, themed=True)
    return template.render(
        d=document,
        figures=[item for item in figures if not item.id.startswith("probe")],
        probe_figures=[item for item in figures if item.id.startswith("probe")],
        energy_blocks=energy_tables.blocks(document),
        energy_figures={**energy_drawings(document, themed=True), **compression_drawings(document, themed=True)},
        compression_blocks=compression_blocks.blocks(document),
        compression_title=compression_blocks.TITLE,
        examples_blocks=examples_section.blocks(document),
        examples_title=examples_section.TITLE,
    )


def template_words() -> dict[str, Callable[..., Any]]:
    """Return the functions of the wording that templates use."""
    return {
        "_": _,
        "amount": wording.amount,
        "figure": wording.figure,
        "grid_sentence": wording.grid_sentence,
        "value_range": wording.value_range,
        "short_range": wording.short_range,
        "evidence_word": wording.evidence_word,
        "verdict_word": wording.verdict_word,
        "verdict_glyph": wording.verdict_glyph,
        "energy_note": wording.energy_note,
        "day": day,
        "unit_amount": units.amount,
    }


def day(created: str) -> str:
    """Return an ISO 8601 time as `2026-11-23, 12:00 UTC`; any other text as it is."""
    date, separator, time = created.partition("T")
    if not separator or len(date) != 10 or len(time) < 5:
        return created
    return f"{date}, {time[:5]} UTC"
