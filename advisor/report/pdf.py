"""The report as a tagged PDF (PDF/UA-1) by typst. Texts reach it as data and are never read as markup."""

import datetime
import unicodedata
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from advisor import units
from advisor.errors import OutputError
from advisor.evidence import Quantity
from advisor.report import compression_blocks, energy_tables, examples_section, wording
from advisor.report.energy_tables import Block
from advisor.report.html import day
from advisor.report.language import _
from advisor.report.model import CandidateView, FigureRow, MeasuredRow, ProbeView, ReportDocument
from advisor.resources import read

TEMPLATE = "templates/report.typ"
STANDARD: Literal["ua-1"] = "ua-1"
_FONT_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
_SIGNS = "✓✕·…\u2013—\u2018\u2019“”€→\u00d7"
_UNSHOWN = "\N{REPLACEMENT CHARACTER}"
Data = dict[str, Any]
_COLUMNS = ("memory", "rate", "time_to_first_token", "energy_per_1000_queries", "carbon_per_1000_queries")


def render(document: ReportDocument) -> bytes:
    """Return the report as PDF/UA-1.

    A character that no font on this computer can show is replaced, since the standard allows no missing glyph.

    Raises:
        OutputError: `pdf-failed`; another kind of report can be written instead.
    """
    import typst

    data = _each_text(pdf_data(document), _printable)
    try:
        return _compile(data, document.created)
    except typst.TypstError as first:
        try:
            return _compile(_each_text(data, _plain), document.created)
        except typst.TypstError as error:
            raise OutputError(
                "pdf-failed",
                f"The PDF could not be set: {error.message}.",
                remedy="Save the report as HTML and print it.",
            ) from first


def _compile(data: Data, created: str) -> bytes:
    import tempfile

    import typst

    with tempfile.TemporaryDirectory() as folder:
        compiler = typst.Compiler(
            read(TEMPLATE), font_paths=_fonts(folder), sys_inputs={"data": msgspec.json.encode(data).decode("utf-8")}
        )
        made = compiler.compile(format="pdf", pdf_standards=[STANDARD], timestamp=_timestamp(created))
    if not isinstance(made, bytes):
        raise TypeError("typst returned no single PDF")
    return made


def _fonts(folder: str) -> Any:  # noqa: ANN401 - untyped library
    """Return typst's own fonts, the sans serif of the drawing library, and the system's for other scripts.

    Only whole folders can be named, and the drawing library's folder also has a font of boxes for any character, which
    would stand in for the system's real ones: so the two files are copied into `folder`.
    """
    import shutil

    import matplotlib as mpl
    import typst

    for name in _FONT_FILES:
        shutil.copy(f"{mpl.get_data_path()}/fonts/ttf/{name}", folder)
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=[folder])


def _timestamp(created: str) -> int:
    """Return the report's own time in UNIX seconds, so that the same report gives the same file."""
    try:
        moment = datetime.datetime.fromisoformat(created)
    except ValueError:
        return 0
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)).timestamp())


def _each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON
    """Return the data with each text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return value


def _printable(text: str) -> str:
    """Replace what no font has: control characters and halves of characters."""
    return "".join(
        _UNSHOWN if unicodedata.category(item) in {"Cc", "Cs"} and item not in "\n\t" else item for item in text
    )


def _plain(text: str) -> str:
    """Replace what may be missing in the fonts at hand: all but Latin, Greek, Cyrillic and the app's own signs."""
    return "".join(item if _is_common(item) else _UNSHOWN for item in text)


def _is_common(character: str) -> bool:
    return character in _SIGNS or (character < "\u0530" and unicodedata.category(character) not in {"Cn", "Co"})


def pdf_data(document: ReportDocument) -> Data:
    """Return the report as texts in the order in which they are set."""
    from advisor.report import font_list

    font_list.keep_in_cache()
    from advisor.report.compression_figures import compression_drawings
    from advisor.report.energy_figures import energy_drawings
    from advisor.report.figures import drawings

    figures = [{"id": item.id, "title": item.title, "alt": item.alt, "caption": item.caption, "svg": item.svg}
               for item in drawings(document, themed=False)]  # fmt: skip
    data: Data = {
        "title": document.title,
        "language": document.language,
        "subtitle": " · ".join((day(document.created), document.machine_name)),
        "answer": _answer(document),
        "why_no_answer": document.why_no_answer,
        "task_text": document.task_text,
        "task": [
            [row.label, row.text, _("usual size, not given with the task") if row.assumed else ""]
            for row in document.task
        ],
        "approaches": [
            [row.label, row.needs, row.limits, _("chosen") if row.chosen else row.why_not]
            for row in document.approaches
        ],
        "counts": f"{document.counts} {_('Each model stands once, in its best format.')} {wording.energy_note()}",
        "candidates": [_candidate(view) for view in document.candidates],
        "formats": [_candidate(view) for view in document.formats],
        "figures": [item for item in figures if not item["id"].startswith("probe")],
        "probe_figures": [item for item in figures if item["id"].startswith("probe")],
        "probes": [_probe(item) for item in document.probes],
        "energy": [_block(item) for item in energy_tables.blocks(document)],
        "compression": [_block(item) for item in compression_blocks.blocks(document)],
        "compression_title": compression_blocks.TITLE,
        "examples": [_block(item) for item in examples_section.blocks(document)],
        "examples_title": examples_section.TITLE,
        "energy_figures": {
            name: {"id": item.id, "title": item.title, "alt": item.alt, "caption": item.caption, "svg": item.svg}
            for name, item in {
                **energy_drawings(document, themed=False),
                **compression_drawings(document, themed=False),
            }.items()
        },
        "machine": [[row.label, row.text, row.source] for row in document.machine],
        "machine_notes": list(document.machine_notes),
        "methods": [[note.title, note.text, note.formula] for note in document.methods],
        "carbon": _carbon(document),
        "evidence": [[row.label, row.text] for row in document.evidence],
        "sources": list(document.sources),
        "versions": " · ".join(f"{name} {version}" for name, version in document.versions.items()),
    }
    return data


def _block(item: Block) -> Data:
    return {
        "title": item.title,
        "sentences": list(item.sentences),
        "figure": item.figure,
        "tables": [
            {"titles": list(table.titles), "rows": [list(row) for row in table.rows], "caption": table.caption,
             "widths": list(table.width_ratio)}
            for table in item.tables
        ],
        "points": list(item.points),
        "link": item.link,
        "link_text": item.link_text,
    }  # fmt: skip


def _answer(document: ReportDocument) -> Data | None:
    answer = document.answer
    if answer is None:
        return None
    return {
        "model": answer.model,
        "how": f"{answer.format_label} · {answer.approach_label}",
        "verdict": f"{wording.verdict_glyph(answer.verdict)} {answer.sentence}",
        "colour": wording.verdict_colour(answer.verdict),
        "keys": [
            [row.label, wording.amount(row.quantity), wording.value_range(row.quantity),
             wording.evidence_word(row.quantity.evidence)]
            for row in answer.key_figures
        ],
        "reason": answer.reason,
        "why": [
            *([[_("Why not smaller"), answer.smaller]] if answer.smaller else []),
            *([[_("Why not larger"), answer.larger]] if answer.larger else []),
        ],
        "caveats": list(answer.caveats),
    }  # fmt: skip


def _candidate(view: CandidateView) -> Data:
    quality = view.quality
    licence = view.licence or _("not known")
    source = f" ({quality.source})" if quality.source else ""
    shown = [item for key in _COLUMNS if (item := view.quantity(key)) is not None]
    return {
        "model": view.model,
        "how": f"{view.format_label} · {view.approach_label}",
        "verdict": wording.verdict_label(view.verdict),
        "colour": wording.verdict_colour(view.verdict),
        "evidence": wording.evidence_word(view.evidence),
        "cells": [
            [wording.amount(item), wording.short_range(item) if item.value is not None else ""] for item in shown
        ],
        "quality": [units.NO_DATA, ""] if quality.value is None else [f"{quality.value:g}", _benchmark(view)],
        "sentence": f"{view.sentence}. {_('Licence')}: {licence}. {_('Quality')}: {view.quality_text}{source}",
        "rejections": list(view.rejections),
        "figures": _figure_rows(view.figures),
        "comparison": _comparison_rows(view.comparison),
        "comparison_note": view.comparison_note,
        "not_modelled": f"{_('Not in these estimates')}: {'; '.join(view.not_modelled)}." if view.not_modelled else "",
    }


def _benchmark(view: CandidateView) -> str:
    return ", ".join(part for part in (view.quality.benchmark, view.quality.metric) if part)


def _figure_rows(rows: tuple[FigureRow, ...]) -> list[list[str]]:
    return [
        [row.label, wording.figure(row.quantity), wording.evidence_word(row.quantity.evidence), row.quantity.basis]
        for row in rows
    ]


def _known(item: Quantity | None) -> str:
    return "" if item is None else wording.figure(item)


def _comparison_rows(rows: tuple[MeasuredRow, ...]) -> list[list[str]]:
    return [
        [row.label, wording.figure(row.estimate), wording.figure(row.measured), row.difference or _("not comparable")]
        for row in rows
    ]


def _probe(item: ProbeView) -> Data:
    graded = f"{day(item.created)} · {_('grade')} {item.grade}: {item.grade_text}"
    return {
        "title": f"{item.model}, {item.format_label}",
        "sentence": item.sentence,
        "graded": " · ".join((graded, *item.reasons)),
        "comparison": _comparison_rows(item.comparison),
        "beside": [
            [row.label, _known(row.estimate), _known(row.made_up), wording.figure(row.weights), row.over_made_up]
            for row in item.beside
        ],
        "figures": _figure_rows(item.figures),
        "samples": [
            [row.label, str(row.num_samples), *map(wording.amount, (row.lowest, row.median, row.highest))]
            for row in item.samples
        ],
        "conditions": [[row.label, row.text] for row in item.conditions],
    }


def _carbon(document: ReportDocument) -> str:
    carbon = document.carbon
    if carbon is None:
        return ""
    told = wording.grid_sentence(carbon.country, carbon.intensity, carbon.year, carbon.source)
    return f"{told} {carbon.note}".strip()
