"""One candidate and one probe as the report shows them."""

import statistics
from collections.abc import Callable, Sequence

import msgspec

from advisor import units
from advisor.child.protocol import Sample
from advisor.estimate.model import Estimate
from advisor.evidence import Evidence, Quantity, weakest
from advisor.probe.plan import ProbeResult
from advisor.recommend.model import CandidateRow, MeasuredView
from advisor.report import beside, wording
from advisor.report.language import _
from advisor.report.model import (
    Answer,
    BesideRow,
    CandidateView,
    FigureRow,
    MeasuredRow,
    ProbeView,
    SampleSummary,
    TaskRow,
)
from advisor.task.model import Workload


def figure_row(key: str, quantity: Quantity) -> FigureRow:
    """Return a figure with its name."""
    return FigureRow(key=key, label=wording.figure_label(key), quantity=quantity)


def _count(value: int | None, unit: str, basis: str) -> Quantity:
    return Quantity(value=value, unit=unit, evidence="excluded" if value is None else "estimated", basis=basis)


def candidate_view(row: CandidateRow, *, num_context_tokens: int | None = None) -> CandidateView:
    """Return a candidate with every figure.

    Args:
        row: the candidate.
        num_context_tokens: context its memory was computed for.
    """
    return CandidateView(
        index=row.index,
        rank=row.rank,
        model=row.model,
        family=row.family,
        format=row.format,
        format_label=wording.format_label(row.format),
        approach=row.approach,
        approach_label=wording.marked(wording.approach_label(row.approach), yours=row.yours),
        licence=row.licence,
        verdict=row.verdict,
        sentence=wording.verdict_sentence(_judged(row), num_context_tokens=num_context_tokens),
        evidence=_evidence(row),
        pareto=row.pareto,
        figures=_figures(row),
        quality=row.quality,
        quality_text=wording.quality_sentence(row.quality),
        comparison=_measured_rows(row),
        comparison_note=_measured_note(row.measured),
        rejections=tuple(item.text for item in row.rejections),
        not_modelled=row.estimate.not_modelled,
        yours=row.yours,
    )


def _judged(row: CandidateRow) -> Estimate:
    """Return the estimate with the memory that the verdict was judged by: measured where it was."""
    used = row.measured
    if used is None or not used.same_workload or used.memory.value is None:
        return row.estimate
    return msgspec.structs.replace(row.estimate, verdict=row.verdict, memory=used.memory)


def _evidence(row: CandidateRow) -> Evidence:
    """Return the weakest evidence of what stands in the candidate's own line: estimates, even where it was measured."""
    if row.measured is None:
        return row.evidence
    shown = (row.estimate.memory, row.estimate.rate, row.energy_per_1000_queries)
    return weakest(item.evidence for item in shown if item.value is not None)


def _figures(row: CandidateRow) -> tuple[FigureRow, ...]:
    estimate = row.estimate
    parts = estimate.memory_parts
    named = {
        "memory": estimate.memory,
        "weights": parts.weights,
        "cache": parts.cache,
        "activations": parts.activations,
        "runtime": parts.runtime,
        "memory_free": _count(
            estimate.memory_free_bytes, "B", _("memory a model may use on {device}").format(device=estimate.device)
        ),
        "rate": estimate.rate,
        "time_to_first_token": estimate.time_to_first_token,
        "time_per_token": estimate.time_per_token,
        "time_per_query": estimate.time_per_query,
        "energy_per_1000_queries": row.energy_per_1000_queries,
        "carbon_per_1000_queries": row.carbon_per_1000_queries,
        "download": estimate.download_bytes,
        "parameters": _count(estimate.num_parameters, "parameters", _("catalog")),
        "max_context": _count(estimate.max_context_tokens, "tokens", _("largest whose memory need still fits")),
        "flops_per_query": estimate.flops_per_query,
        "bytes_per_query": estimate.bytes_per_query,
    }
    return tuple(figure_row(key, quantity) for key, quantity in named.items())


def _compared(key: str, estimate: Quantity, measured: Quantity) -> MeasuredRow:
    both = estimate.value is not None and measured.value and estimate.unit == measured.unit
    return MeasuredRow(
        key=key,
        label=wording.figure_label(key),
        estimate=estimate,
        measured=measured,
        difference=wording.difference((estimate.value or 0.0) / (measured.value or 1.0)) if both else "",
    )


def _measured_rows(row: CandidateRow) -> tuple[MeasuredRow, ...]:
    measured, estimate = row.measured, row.estimate
    if measured is None:
        return ()
    return (
        _compared("memory", estimate.memory, measured.memory),
        _compared("rate", estimate.rate, measured.rate),
        _compared("time_to_first_token", estimate.time_to_first_token, measured.time_to_first_token),
        _compared("time_per_token", estimate.time_per_token, measured.time_per_token),
    )


def _measured_note(measured: MeasuredView | None) -> str:
    if measured is None:
        return ""
    when = _("Measured {created}, {grade}.").format(
        created=measured.created, grade=wording.grade_help(measured.grade).lower()
    )
    return (
        when
        if measured.same_workload
        else f"{when} {_('At other sizes than this task: shown, not used for the order.')}"
    )


def answer_of(row: CandidateRow, view: CandidateView, reason: Sequence[str], caveats: tuple[str, ...]) -> Answer:
    """Return the answer at a glance.

    Args:
        row: the picked row.
        view: the same row as shown.
        reason: why it, why not smaller, why not larger.
        caveats: what to keep in mind.
    """
    used = row.measured if row.measured is not None and row.measured.same_workload else None
    speed = used.rate if used is not None and used.rate.value is not None else row.estimate.rate
    memory = used.memory if used is not None and used.memory.value is not None else row.estimate.memory
    last = (
        figure_row("carbon_per_1000_queries", row.carbon_per_1000_queries)
        if row.carbon_per_1000_queries.value is not None
        else figure_row("time_per_query", row.estimate.time_per_query)
    )
    return Answer(
        model=row.model,
        format_label=view.format_label,
        approach_label=view.approach_label,
        verdict=row.verdict,
        sentence=view.sentence,
        reason=reason[0],
        smaller=reason[1].removeprefix("Next smaller: "),
        larger=reason[2].removeprefix("Next larger: "),
        caveats=caveats,
        key_figures=(
            figure_row("memory", memory),
            figure_row("rate", speed),
            figure_row("energy_per_1000_queries", row.energy_per_1000_queries),
            last,
        ),
    )


def probe_view(
    result: ProbeResult, row: CandidateRow | None, workload: Workload | None, made_up: ProbeResult | None = None
) -> ProbeView:
    """Return a measurement beside the prediction for the same candidate and sizes.

    Args:
        result: the probe.
        row: the candidate it measured, when the recommendation has it.
        workload: the sizes the recommendation is about.
        made_up: of a probe with real weights: the one with made-up weights, when there is one.
    """
    same = row is not None and workload is not None and _same_sizes(result.workload, workload)
    estimate = row.estimate if row is not None and same else None
    shown = {
        "memory": result.peak_memory,
        "rate": result.rate,
        "time_to_first_token": result.time_to_first_token,
        "time_per_token": result.time_per_token,
        "time_per_query": result.time_per_query,
        "energy_per_1000_queries": result.energy_per_1000_queries,
        "load_time": result.load_time,
    }
    compared = tuple(
        _compared(key, getattr(estimate, key), shown[key])
        for key in ("memory", "rate", "time_to_first_token", "time_per_token", "time_per_query")
        if estimate is not None and shown[key].value is not None and result.kind == "synthetic"
    )
    return ProbeView(
        id=result.id,
        created=result.created,
        model=result.model,
        format_label=wording.format_label(result.format),
        outcome=result.outcome,
        sentence=wording.probe_sentence(result, estimate),
        kind=result.kind,
        conditions=_conditions(result, made_up, same=same),
        comparison=compared,
        beside=_beside(result, made_up, estimate),
        figures=tuple(figure_row(key, quantity) for key, quantity in shown.items()),
        grade=result.grade,
        grade_text=wording.grade_help(result.grade),
        reasons=result.reasons,
        samples=sample_summaries(result.samples),
    )


def _same_sizes(one: Workload, other: Workload) -> bool:
    names = ("num_input_tokens", "num_output_tokens", "num_context_tokens", "num_batch", "num_passes", "audio_s")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _beside(result: ProbeResult, made_up: ProbeResult | None, estimate: Estimate | None) -> tuple[BesideRow, ...]:
    if result.kind != "weights":
        return ()
    return tuple(
        BesideRow(
            key=line.key, label=line.label, estimate=line.estimate, made_up=line.made_up, weights=line.weights,
            over_made_up=beside.ratio_words(line.over_made_up),
        )
        for line in beside.lines(result, made_up, estimate)
    )  # fmt: skip


def _conditions(result: ProbeResult, made_up: ProbeResult | None, *, same: bool) -> tuple[TaskRow, ...]:
    depths = wording.listed(tuple(str(depth) for depth in result.depths_measured))
    layers = (
        _("{depths} of {layers}, the rest extended from them").format(depths=depths, layers=result.num_layers)
        if result.extrapolated
        else _("all {layers}").format(layers=result.num_layers)
    )
    rows = [
        (_("Layers measured"), layers),
        (_("Threads"), str(result.num_threads)),
        (_("Ran on"), result.provider),
        (_("Whole probe"), units.duration(result.wall_s)),
    ]
    rows += [(_("Real weights"), note) for note in beside.notes(result, made_up)]
    if result.power_source is not None:
        rows.append((_("Power"), wording.power_source(result.power_source)))
    if not same:
        rows.append((_("Sizes"), _("not those of this task, so no estimate stands beside it")))
    rows += [(name, version) for name, version in sorted(result.versions.items())]
    return tuple(TaskRow(label=label, text=text) for label, text in rows)


def sample_summaries(samples: Sequence[Sample]) -> tuple[SampleSummary, ...]:
    """Return lowest, middle and highest of each kind of reading; kinds that were never read are left out."""
    kinds: tuple[tuple[str, str, Callable[[Sample], float | None]], ...] = (
        (_("Time of one step"), "s", lambda item: item.latency_s if item.kind in {"token", "query"} else None),
        (_("Memory of the probe"), "B", lambda item: item.rss_bytes),
        (_("Processor use of the probe"), "1", lambda item: item.cpu_share),
        (_("Processor use of other programs"), "1", lambda item: item.other_cpu_share),
        (_("Power"), "W", lambda item: item.power_w),
    )
    made = []
    for label, unit, read in kinds:
        values = [float(value) for value in map(read, samples) if value is not None]
        if values:
            made.append(_summary(label, unit, values))
    return tuple(made)


def _summary(label: str, unit: str, values: list[float]) -> SampleSummary:
    def reading(value: float) -> Quantity:
        return Quantity(value=value, unit=unit, evidence="measured", basis=_("live reading"))

    return SampleSummary(
        label=label,
        num_samples=len(values),
        lowest=reading(min(values)),
        median=reading(statistics.median(values)),
        highest=reading(max(values)),
    )
