"""The report as Markdown with tables, for wikis and issue trackers. Foreign text can neither format nor link."""

import re
from collections.abc import Iterable, Sequence

from advisor.evidence import Quantity
from advisor.report import beside, compression_blocks, energy_tables, examples_section, wording
from advisor.report.energy_tables import Block
from advisor.report.html import day
from advisor.report.language import _
from advisor.report.model import CandidateView, FigureRow, MeasuredRow, ProbeView, ReportDocument

_SPECIAL = re.compile(r"([\\`*_\[\]{}|#~$!])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))")
_LINK = re.compile(r"(?i)(https?|ftp|mailto):|www\.")


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: one line, no markup, no HTML, no link, no table border."""
    line = " ".join(text.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _SPECIAL.sub(r"\\\1", line)
    line = _LINK.sub(lambda match: match.group()[:-1] + ("&#58;" if match.group().endswith(":") else "&#46;"), line)
    found = _LINE_START.match(line)
    if found is None:
        return line
    if found.group(2).isdigit():
        return f"{line[: found.end()]}\\{line[found.end() :]}"
    return f"{found.group(1)}\\{line[found.end(1) :]}"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [_line(titles), _line(["---"] * len(titles), raw=True)]
    return [*lines, *(_line(row) for row in rows), ""]


def _line(cells: Sequence[str], *, raw: bool = False) -> str:
    return "| " + " | ".join(cell if raw else escape(cell) for cell in cells) + " |"


def render(document: ReportDocument) -> str:
    """Return the whole report as GitHub-flavoured Markdown."""
    head = [f"# {escape(document.title)}", "", f"{day(document.created)} · {escape(document.machine_name)}", ""]
    blocks = (
        head, _answer(document), _task(document), _candidates(document), _energy(document),
        _compression(document), _examples(document),
        _probes(document),
        _details(document), _machine(document), _method(document), _versions(document),
    )  # fmt: skip
    return "\n".join(line for block in blocks for line in block).rstrip() + "\n"


def _answer(document: ReportDocument) -> list[str]:
    answer = document.answer
    if answer is None:
        return [f"## {_('No candidate meets every need')}", "", escape(document.why_no_answer), ""]
    lines = [f"## {_('The smallest model that is enough')}", ""]
    lines += [f"**{escape(answer.model)}**, {escape(answer.format_label)}, {escape(answer.approach_label)}", ""]
    lines += [f"{wording.verdict_glyph(answer.verdict)} {escape(answer.sentence)}", ""]
    lines += _table(
        (_("Figure"), _("Value"), _("Evidence")),
        [(row.label, wording.figure(row.quantity), wording.evidence_word(row.quantity.evidence))
         for row in answer.key_figures],
    )  # fmt: skip
    lines += [escape(answer.reason), ""]
    if answer.smaller:
        lines.append(f"- {_('Why not smaller')}: {escape(answer.smaller)}")
    if answer.larger:
        lines.append(f"- {_('Why not larger')}: {escape(answer.larger)}")
    lines += [f"- {_('Keep in mind')}: {escape(text)}" for text in answer.caveats]
    return [*lines, ""]


def _task(document: ReportDocument) -> list[str]:
    lines = [f"## {_('The task as understood')}", ""]
    if document.task_text:
        lines += [f"> {escape(part)}" for part in document.task_text.splitlines() if part.strip()] + [""]
    note = _("usual size, not given with the task")
    lines += _table(
        (_("What"), _("Value")),
        [(row.label, f"{row.text} ({note})" if row.assumed else row.text) for row in document.task],
    )
    lines += [f"### {_('Ways to do it')}", ""]
    return lines + _table(
        (_("Approach"), _("What it needs from you"), _("Limits"), ""),
        [(row.label, row.needs, row.limits, _("chosen") if row.chosen else row.why_not) for row in document.approaches],
    )


def _candidates(document: ReportDocument) -> list[str]:
    titles = (_("Model"), _("Format"), _("Verdict"), _("Memory needed"), _("Speed"), _("First answer after"),
              _("Energy per 1,000 queries"), _("CO2e per 1,000 queries"), _("Quality"), _("Evidence"))  # fmt: skip
    lines = [
        f"## {_('Candidates, best first')}",
        "",
        escape(f"{document.counts} {_('Each model stands once, in its best format.')} {wording.energy_note()}"),
        "",
    ]
    lines += _table(titles, [_candidate_cells(view) for view in document.candidates])
    if document.formats:
        lines += [f"### {_('The picked model in other formats')}", ""]
        lines += _table(titles, [_candidate_cells(view) for view in document.formats])
    return lines


def _candidate_cells(view: CandidateView) -> list[str]:
    keys = ("memory", "rate", "time_to_first_token", "energy_per_1000_queries", "carbon_per_1000_queries")
    figures = [wording.figure(item) for key in keys if (item := view.quantity(key)) is not None]
    return [
        wording.marked(view.model, yours=view.yours), view.format_label, wording.verdict_label(view.verdict), *figures,
        view.quality_text, wording.evidence_word(view.evidence),
    ]  # fmt: skip


def _figure_table(rows: Iterable[FigureRow]) -> list[str]:
    return _table(
        (_("Figure"), _("Value and range"), _("Evidence"), _("Basis")),
        [
            (row.label, wording.figure(row.quantity), wording.evidence_word(row.quantity.evidence), row.quantity.basis)
            for row in rows
        ],
    )


def _comparison_table(rows: Iterable[MeasuredRow]) -> list[str]:
    return _table(
        (_("Figure"), _("Estimate"), _("Measured"), _("The estimate was")),
        [
            (
                row.label,
                wording.figure(row.estimate),
                wording.figure(row.measured),
                row.difference or _("not comparable"),
            )
            for row in rows
        ],
    )


def _probes(document: ReportDocument) -> list[str]:
    if not document.probes:
        return []
    lines = [f"## {_('Measured on this computer')}", ""]
    for probe in document.probes:
        lines += _probe(probe)
    return lines


def _probe(probe: ProbeView) -> list[str]:
    lines = [f"### {escape(probe.model)}, {escape(probe.format_label)}", "", escape(probe.sentence), ""]
    graded = f"{day(probe.created)} · {_('grade')} {probe.grade}: {probe.grade_text}"
    lines += [escape(" · ".join((graded, *probe.reasons))), ""]
    if probe.comparison:
        lines += _comparison_table(probe.comparison)
    if probe.beside:
        lines += _table(
            tuple(map(_, beside.TITLES[:-1])),
            [
                (row.label, _known(row.estimate), _known(row.made_up), wording.figure(row.weights), row.over_made_up)
                for row in probe.beside
            ],
        )
    lines += _figure_table(probe.figures)
    if probe.samples:
        lines += _table(
            (_("Reading"), _("Count"), _("Lowest"), _("Middle"), _("Highest")),
            [
                (row.label, str(row.num_samples), *map(wording.amount, (row.lowest, row.median, row.highest)))
                for row in probe.samples
            ],
        )
    return lines + _table((_("Condition"), _("Value")), [(row.label, row.text) for row in probe.conditions])


def _known(item: Quantity | None) -> str:
    return "" if item is None else wording.figure(item)


def _details(document: ReportDocument) -> list[str]:
    lines = [f"## {_('Every figure with range, evidence and basis')}", ""]
    for view in (*document.candidates, *document.formats):
        lines += [f"### {escape(view.model)}, {escape(view.format_label)}", "", escape(f"{view.sentence}."), ""]
        licence = view.licence or _("not known")
        source = f" ({view.quality.source})" if view.quality.source else ""
        lines += [escape(f"{_('Licence')}: {licence}. {_('Quality')}: {view.quality_text}{source}"), ""]
        lines += [f"- {escape(text)}" for text in view.rejections]
        lines += [""] if view.rejections else []
        lines += _figure_table(view.figures)
        if view.comparison:
            lines += [escape(view.comparison_note), "", *_comparison_table(view.comparison)]
        if view.not_modelled:
            lines += [escape(f"{_('Not in these estimates')}: {'; '.join(view.not_modelled)}."), ""]
    return lines


def _energy(document: ReportDocument) -> list[str]:
    found = energy_tables.blocks(document)
    lines = [f"## {_('Energy and carbon')}", ""] if found else []
    for block in found:
        lines += _block(block)
    return lines


def _compression(document: ReportDocument) -> list[str]:
    found = compression_blocks.blocks(document)
    lines = [f"## {compression_blocks.TITLE}", ""] if found else []
    for block in found:
        lines += _block(block)
    return lines


def _examples(document: ReportDocument) -> list[str]:
    found = examples_section.blocks(document)
    lines = [f"## {examples_section.TITLE}", ""] if found else []
    for block in found:
        lines += _block(block)
    return lines


def _block(block: Block) -> list[str]:
    lines = [f"### {escape(block.title)}", ""] if block.title else []
    for sentence in block.sentences:
        lines += [escape(sentence), ""]
    for table in block.tables:
        lines += [escape(table.caption), ""] if table.caption else []
        lines += _table(table.titles, [(*row, *[""] * (len(table.titles) - len(row))) for row in table.rows])
    lines += [f"- {escape(point)}" for point in block.points]
    lines += [""] if block.points else []
    return [*lines, f"{escape(block.link_text)} <{block.link}>", ""] if block.link else lines


def _machine(document: ReportDocument) -> list[str]:
    lines = [f"## {_('The computer')}", ""]
    lines += _table(
        (_("Fact"), _("Value"), _("Source")), [(row.label, row.text, row.source) for row in document.machine]
    )
    return [*lines, *(f"- {escape(note)}" for note in document.machine_notes), ""]


def _method(document: ReportDocument) -> list[str]:
    lines = [f"## {_('How the figures were made')}", ""]
    for note in document.methods:
        formula = f" {_('In short')}: {note.formula}." if note.formula else ""
        lines += [f"**{escape(note.title)}.** {escape(note.text + formula)}", ""]
    carbon = document.carbon
    if carbon is not None:
        lines += [escape(wording.grid_sentence(carbon.country, carbon.intensity, carbon.year, carbon.source)), ""]
    lines += _table((_("Evidence"), _("Meaning")), [(row.label, row.text) for row in document.evidence])
    return [*lines, *(f"- {escape(line)}" for line in document.sources), ""]


def _versions(document: ReportDocument) -> list[str]:
    return [escape(" · ".join(f"{name} {version}" for name, version in document.versions.items())), ""]
