"""Makes the report of a recommendation. What it says is decided here; the formats only set it."""

from collections.abc import Mapping, Sequence

import msgspec

from advisor import __version__
from advisor.energy.carbon import grid as grid_of
from advisor.energy.model import GridIntensity
from advisor.energy.standard import Conditions
from advisor.errors import NotFoundError
from advisor.evaluate.examples_plan import ExamplesResult
from advisor.evidence import Quantity
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import Approach, CandidateRow, Summary
from advisor.report import beside, examples_section, row_use, wording
from advisor.report.candidates import answer_of, candidate_view, probe_view
from advisor.report.compression_series import views as compression_views
from advisor.report.compression_view import CompressionView
from advisor.report.energy_section import energy_section
from advisor.report.language import _
from advisor.report.machine import machine_rows, task_rows
from advisor.report.methods import evidence_rows, method_notes, source_lines
from advisor.report.model import Answer, ApproachRow, CandidateView, CarbonNote, FigureData, ReportDocument
from advisor.report.published import published_for
from advisor.report.redact import redacted
from advisor.report.series import memory_parts_series, pareto_series, probe_series
from advisor.report.source import RankedCandidates, top_rows
from advisor.settings import Settings
from advisor.task.model import Workload

MAX_PROBES = 8
MAX_BARS = 8
MAX_FORMATS = 12
MAX_COMPRESSIONS = 3
MAX_OURS = 3
"""How many candidates stand beside published figures."""
SEARCHED_ROWS = 400
"""How many of the best rows are searched for what a probe measured and for other formats of the pick."""


def build(
    recommendation: RankedCandidates,
    *,
    probes: Sequence[ProbeResult] = (),
    redact: bool = True,
    top: int = 20,
    versions: Mapping[str, str] | None = None,
    grid: GridIntensity | None = None,
    chosen: Conditions | None = None,
    examples: Sequence[ExamplesResult] = (),
) -> ReportDocument:
    """Return the report of a recommendation.

    Args:
        recommendation: the ranked candidates.
        probes: measurements made on this computer, newest first; the first of them are shown.
        redact: leave out host name, user name, home folders and serial numbers.
        top: how many models are listed with all figures, each in its best format.
        versions: names and versions to print; read from the recommendation when null.
        grid: electricity behind the carbon figures; looked up by the task's region when null.
        chosen: price, volume and making of the computer; when null no price is set and the making is left out.
        examples: results on the user's own examples that are to be in it, of the same examples; no text is.
    """
    summary = recommendation.summary
    rows = _best_of_each_model(recommendation, top)
    approach = _chosen_approach(recommendation)
    electricity = grid or _grid_of(recommendation) or _grid(summary.task.region)
    carbon = _carbon_note(electricity)
    uses = row_use.Uses(summary, Settings(), tuple(probes), _conditions(summary, chosen, electricity))
    views = tuple(_view(row, summary) for row in rows)
    compared = row_use.compared(rows[:MAX_OURS], uses)
    published = published_for((row.model for row in rows), compared)
    shown_probes = _probes_of(recommendation, probes)
    document = ReportDocument(
        title=_("Model advice: {kind}").format(kind=wording.kind_label(summary.task.kind).lower()),
        created=summary.created,
        redacted=False,
        versions=dict(versions) if versions is not None else _versions(summary),
        machine_name=summary.machine.name,
        machine=machine_rows(summary.machine),
        machine_notes=summary.machine.notes,
        task_text=_whole_characters(summary.task.text),
        task=task_rows(summary.task, approach.workload if approach is not None else Workload()),
        approaches=tuple(_approach_row(item, approach) for item in summary.approaches),
        answer=_answer(recommendation, summary),
        why_no_answer=summary.why_no_pick,
        counts=wording.count_sentence(summary.num_candidates, summary.num_rejected),
        candidates=views,
        formats=tuple(_view(row, summary) for row in _other_formats(recommendation)),
        probes=tuple(
            probe_view(item, row, _workload_of(summary, row), beside.twin(item, probes) if item.weights else None)
            for item, row in shown_probes
        ),
        published=published,
        energy=energy_section(recommendation, rows, uses, compared),
        compression=_compression(recommendation, summary, views),
        examples=examples_section.view(examples),
        carbon=carbon,
        evidence=evidence_rows(),
        methods=method_notes(),
        sources=source_lines(summary.catalog_version, carbon, _benchmarks(views), published),
        drawings=FigureData(
            memory=tuple(memory_parts_series(row.estimate) for row in rows[:MAX_BARS]),
            pareto=pareto_series(recommendation, limit=None, one_a_model=True),
            probes=tuple(
                probe_series(item.samples, label=f"{item.model}, {wording.format_label(item.format)}")
                for item, _row in shown_probes
                if item.samples
            ),
        ),
    )
    folder = summary.machine.disk.folder.value
    return redacted(document, hints=(folder,) if folder else ()) if redact else document


def _whole_characters(text: str) -> str:
    """Replace halves of characters, which a terminal can hand over and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _best_of_each_model(recommendation: RankedCandidates, top: int) -> tuple[CandidateRow, ...]:
    """Return the best models, each once in its best format; the pick is first even when the order was changed."""
    pick = recommendation.pick
    found: dict[str, CandidateRow] = {}
    if pick is not None:
        row = recommendation.row(pick.index)
        found[row.model] = row
    for index in recommendation.order:
        if len(found) >= max(top, 1):
            break
        row = recommendation.row(int(index))
        found.setdefault(row.model, row)
    return tuple(found.values())


def _other_formats(recommendation: RankedCandidates) -> tuple[CandidateRow, ...]:
    """Return the pick's model in its other formats, in the order of the recommendation."""
    pick = recommendation.pick
    if pick is None:
        return ()
    picked = recommendation.row(pick.index)
    same = [
        row
        for row in top_rows(recommendation, SEARCHED_ROWS)
        if row.model == picked.model and row.approach == picked.approach and row.index != picked.index
    ]
    return tuple(same[:MAX_FORMATS])


def _view(row: CandidateRow, summary: Summary) -> CandidateView:
    workload = _workload_of(summary, row)
    context = workload.num_context_tokens if workload is not None and row.estimate.time_per_token.value else None
    return candidate_view(row, num_context_tokens=context)


def _workload_of(summary: Summary, row: CandidateRow | None) -> Workload | None:
    return next((item.workload for item in summary.approaches if row is not None and item.id == row.approach), None)


def _chosen_approach(recommendation: RankedCandidates) -> Approach | None:
    approaches = recommendation.summary.approaches
    pick = recommendation.pick
    wanted = recommendation.row(pick.index).approach if pick is not None else None
    return next((item for item in approaches if item.id == wanted), approaches[0] if approaches else None)


def _approach_row(item: Approach, chosen: Approach | None) -> ApproachRow:
    return ApproachRow(
        id=item.id,
        label=item.label,
        needs=item.needs,
        limits=item.limits,
        possible=item.possible,
        why_not=item.why_not,
        chosen=chosen is not None and item.id == chosen.id,
    )


def _answer(recommendation: RankedCandidates, summary: Summary) -> Answer | None:
    pick = recommendation.pick
    if pick is None:
        return None
    row = recommendation.row(pick.index)
    reason = pick.reason
    return answer_of(row, _view(row, summary), (reason.pick, reason.smaller, reason.larger), reason.caveats)


def _versions(summary: Summary) -> dict[str, str]:
    runtime = summary.machine.runtime.version
    return {
        "model-fit-advisor": __version__,
        "catalog": summary.catalog_version,
        "onnxruntime": runtime.value or wording.NO_DATA,
    }


def _conditions(summary: Summary, chosen: Conditions | None, electricity: GridIntensity | None) -> Conditions:
    """Return what figures of use depend on, with the electricity that the rows' own carbon was made with."""
    found = chosen if chosen is not None else row_use.conditions(summary, Settings())
    return msgspec.structs.replace(found, intensity=electricity)


def _carbon_note(found: GridIntensity | None) -> CarbonNote | None:
    if found is None:
        return None
    intensity: Quantity = found.g_per_kwh
    return CarbonNote(
        country=found.name, intensity=intensity, year=found.year, source=found.source, note=found.note or ""
    )


def _grid_of(recommendation: RankedCandidates) -> GridIntensity | None:
    """Return the grid a recommendation was made with; it may come from the settings and not from the task."""
    found = getattr(getattr(recommendation, "data", None), "intensity", None)
    return found if isinstance(found, GridIntensity) else None


def _compression(
    recommendation: RankedCandidates, summary: Summary, shown: Sequence[CandidateView]
) -> tuple[CompressionView, ...]:
    """Return what compression was measured here to cost the models that the report shows."""
    found = getattr(getattr(recommendation, "data", None), "compressions", ())
    task = summary.task
    models = tuple(dict.fromkeys(item.model for item in shown))
    return compression_views(found, models, yours=(*task.languages, *task.target_languages))[:MAX_COMPRESSIONS]


def _grid(region: str | None) -> GridIntensity | None:
    if region is None:
        return None
    try:
        return grid_of(region)
    except NotFoundError:
        return None


def _benchmarks(views: Sequence[CandidateView]) -> tuple[str, ...]:
    told = dict.fromkeys(
        f"{view.quality.benchmark} ({view.quality.source})" for view in views if view.quality.value is not None
    )
    return tuple(told)


def _probes_of(
    recommendation: RankedCandidates, probes: Sequence[ProbeResult]
) -> tuple[tuple[ProbeResult, CandidateRow | None], ...]:
    """Return the probes of this machine with the candidate each measured, those of shown candidates first."""
    if not probes:
        return ()
    rows = {(row.model, row.format): row for row in reversed(top_rows(recommendation, SEARCHED_ROWS))}
    paired = [(item, rows.get((item.model, item.format))) for item in probes]
    paired.sort(key=lambda pair: pair[1] is None)  # stable: newest first inside both groups
    return tuple(paired[:MAX_PROBES])
