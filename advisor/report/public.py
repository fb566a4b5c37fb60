"""The public JSON interface: plain dicts, one function a document. Schemas are in `resources/schema/`.

Every figure is an object of value, low, high, unit, evidence and basis. Fields are added, never renamed, inside one
version. Nothing here is rounded.
"""

from collections.abc import Iterable

import msgspec

from advisor.catalog import formats
from advisor.catalog.model import ModelCard
from advisor.child.protocol import Outcome
from advisor.estimate.model import Estimate, MemoryParts
from advisor.evidence import Quantity, unknown
from advisor.hardware.model import HardwareProfile
from advisor.probe.agreement import Agreement
from advisor.probe.plan import ProbeKind, ProbeResult
from advisor.recommend.model import Approach, CandidateRow, MeasuredView, Pick, QualityView
from advisor.report import beside_document, calibration, energy_document, wording
from advisor.report.public_parts import (
    Document,
    chip_json,
    encode,
    fields,
    figure,
    head,
    machine_json,
    plain_figure,
    task_json,
    workload_json,
)
from advisor.report.source import RankedCandidates, top_rows
from advisor.task.model import Description, TaskSpec, Workload
from advisor.task.presets import workload as preset_workload

__all__ = [
    "candidate_json",
    "catalog_json",
    "describe_json",
    "encode",
    "estimate_json",
    "hardware_json",
    "probe_failure_json",
    "probe_json",
    "recommend_json",
]

_PROBE_FIGURES = {
    "time_to_first_token": "s",
    "time_per_token": "s",
    "time_per_query": "s",
    "rate": "1",
    "peak_memory": "B",
    "load_time": "s",
    "energy_per_1000_queries": "Wh",
    "wall": "s",
}
_NOT_KNOWN_AFTER_FAILURE = (
    "id", "created", "workload", "num_layers", "grade", "num_threads", "threads", "precision",
    "agreement", "build_s", "energy", "provider", "fingerprint", "power_source",
)  # fmt: skip


def hardware_json(profile: HardwareProfile) -> Document:
    """Return what is known of a computer; each fact carries its source."""
    return {**head("hardware"), **machine_json(profile)}


def describe_json(description: Description) -> Document:
    """Return what was understood of a description, and what was not."""
    task = description.task
    return {
        **head("describe"),
        "task": task_json(task),
        "sizes": workload_json(preset_workload(task)),
        "languages": [{"code": code, "name": wording.language_name(code)} for code in task.languages],
        "chips": [chip_json(chip) for chip in description.chips],
        "not_understood": list(description.not_understood),
        "notes": list(description.notes),
        "kind_certain": description.kind_certain,
    }


def catalog_json(cards: Iterable[ModelCard], *, catalog_version: str | None = None) -> Document:
    """Return models with the formats that apply to them."""
    models = [_card(card) for card in cards]
    return {**head("catalog"), "catalog_version": catalog_version, "num_models": len(models), "models": models}


def _card(card: ModelCard) -> Document:
    return {
        "model": card.id,
        "family": card.family,
        "tasks": list(card.tasks),
        "licence": card.licence,
        "released": card.released,
        "parameters": plain_figure(
            card.num_parameters(), "parameters", "estimated", card.parameters.source or card.parameters.verification
        ),
        "verification": card.parameters.verification,
        "max_context": plain_figure(card.num_context_tokens, "tokens", "assumed", "published with the model"),
        "languages": None if card.languages is None else list(card.languages),
        "quality": [
            {
                "benchmark": item.benchmark,
                "metric": item.metric,
                **plain_figure(item.value, item.metric, "assumed", f"published: {item.source}"),
                "source": item.source,
                "note": item.note,
            }
            for item in card.quality
        ],
        "formats": [item.id for item in formats.applicable(card)],
        "notes": card.notes,
        "gaps": list(card.gaps),
    }


def estimate_json(
    estimate: Estimate,
    made_for: TaskSpec | Workload | None = None,
    *,
    carbon: Quantity | None = None,
    measured: MeasuredView | None = None,
    use: Document | None = None,
) -> Document:
    """Return one prediction, and beside it what was measured of the same candidate on this machine.

    Args:
        estimate: what was predicted.
        made_for: the task it was made for, or only the sizes of one query.
        carbon: [g] CO2e per 1,000 queries, when a region was chosen.
        measured: a probe made here before.
        use: the same in standard units.
    """
    task = made_for if isinstance(made_for, TaskSpec) else None
    workload = preset_workload(made_for) if isinstance(made_for, TaskSpec) else made_for
    return {
        **head("estimate"),
        "task": None if task is None else task_json(task),
        "workload": None if workload is None else workload_json(workload),
        **estimate_part(estimate, num_context_tokens=None if workload is None else workload.num_context_tokens),
        "carbon_per_1000_queries": figure(carbon) if carbon is not None else _no_carbon(),
        "measured": None if measured is None else _measured(measured),
        "use": use,
    }


def _no_carbon() -> Document:
    return plain_figure(None, "g", "excluded", "no country of the electricity grid is chosen")


def estimate_part(estimate: Estimate, *, num_context_tokens: int | None = None) -> Document:
    """Return a prediction as a part of another document."""
    device = f"device {estimate.device}"
    return {
        "model": estimate.model,
        "format": estimate.format,
        "device": estimate.device,
        "verdict": estimate.verdict,
        "sentence": wording.verdict_sentence(estimate, num_context_tokens=num_context_tokens),
        "memory": figure(estimate.memory),
        "memory_parts": _memory_parts(estimate.memory_parts),
        "memory_free": plain_figure(estimate.memory_free_bytes, "B", "estimated", f"free memory of {device}"),
        "headroom": plain_figure(estimate.headroom_share, "1", "estimated", "(free - need) / free"),
        "parameters": plain_figure(estimate.num_parameters, "parameters", "estimated", "catalog"),
        "download": figure(estimate.download_bytes),
        "flops_per_query": figure(estimate.flops_per_query),
        "bytes_per_query": figure(estimate.bytes_per_query),
        "time_to_first_token": figure(estimate.time_to_first_token),
        "time_per_token": figure(estimate.time_per_token),
        "time_per_query": figure(estimate.time_per_query),
        "rate": figure(estimate.rate),
        "energy_per_1000_queries": figure(estimate.energy_per_1000_queries),
        "max_context": plain_figure(
            estimate.max_context_tokens, "tokens", "estimated", "largest context whose memory need still fits"
        ),
        "not_modelled": list(estimate.not_modelled),
        "formulas": list(estimate.formulas),
    }


def _memory_parts(parts: MemoryParts) -> Document:
    return {name: figure(value) for name, value in fields(parts)}


def recommend_json(recommendation: RankedCandidates, limit: int | None = None, use: Document | None = None) -> Document:
    """Return a recommendation.

    Args:
        recommendation: the ranked candidates.
        limit: how many candidates to write; null writes all.
        use: the pick in standard units.
    """
    summary = recommendation.summary
    rows = top_rows(recommendation, limit)
    return {
        **head("recommend"),
        "created": summary.created,
        "catalog_version": summary.catalog_version,
        "task": task_json(summary.task),
        "machine": machine_json(summary.machine),
        "approaches": [_approach(approach) for approach in summary.approaches],
        "pick": _pick(recommendation),
        "use": use,
        "why_no_pick": summary.why_no_pick,
        "num_candidates": summary.num_candidates,
        "num_rejected": dict(summary.num_rejected),
        "learned": calibration.lessons(summary.learned),
        "candidates": [candidate_json(row) for row in rows],
    }


def _approach(approach: Approach) -> Document:
    return {
        "id": approach.id,
        "label": approach.label,
        "needs": approach.needs,
        "limits": approach.limits,
        "possible": approach.possible,
        "why_not": approach.why_not,
        "workload": workload_json(approach.workload),
    }


def _pick(recommendation: RankedCandidates) -> Document | None:
    pick: Pick | None = recommendation.pick
    if pick is None:
        return None
    row = recommendation.row(pick.index)
    reason = pick.reason
    return {
        **candidate_json(row),
        "reason": reason.pick,
        "why_not_smaller": reason.smaller,
        "why_not_larger": reason.larger,
        "caveats": list(reason.caveats),
    }


def candidate_json(row: CandidateRow) -> Document:
    """Return one candidate: estimate, measurement, quality and what speaks against it."""
    document = estimate_part(row.estimate)
    document.update(
        {
            "rank": row.rank,
            "family": row.family,
            "approach": row.approach,
            "licence": row.licence,
            "languages": None if row.languages is None else list(row.languages),
            "verdict": row.verdict,
            "energy_per_1000_queries": figure(row.energy_per_1000_queries),
            "carbon_per_1000_queries": figure(row.carbon_per_1000_queries),
            "quality": quality_json(row.quality),
            "measured": None if row.measured is None else _measured(row.measured),
            "rejections": [{"code": item.code, "text": item.text} for item in row.rejections],
            "pareto": row.pareto,
            "evidence": row.evidence,
            "can_probe": row.can_probe,
            "why_no_probe": row.why_no_probe,
            "yours": row.yours,
        }
    )
    return document


def quality_json(quality: QualityView) -> Document:
    """Return the published figure a candidate is judged by; its value is null when none is known."""
    known = quality.value is not None
    return {
        **plain_figure(
            quality.value,
            quality.metric or "1",
            "assumed",
            f"published: {quality.source or quality.benchmark}" if known else "no published figure is known",
        ),
        "benchmark": quality.benchmark,
        "metric": quality.metric,
        "source": quality.source,
        "rank_share": quality.rank_share,
        "num_compared": quality.num_compared,
        "higher_is_better": quality.higher_is_better,
        "meets_need": quality.meets_need,
        "format_note": quality.format_note,
    }


def _measured(view: MeasuredView) -> Document:
    return {
        "probe_id": view.probe_id,
        "created": view.created,
        "evidence": view.evidence,
        "same_workload": view.same_workload,
        "memory": figure(view.memory),
        "time_to_first_token": figure(view.time_to_first_token),
        "time_per_token": figure(view.time_per_token),
        "rate": figure(view.rate),
        "grade": view.grade,
    }


def probe_json(
    result: ProbeResult, estimate: Estimate | None = None, agreement: Agreement | None = None,
    made_up: ProbeResult | None = None,
) -> Document:  # fmt: skip
    """Return a measurement and the prediction made before it.

    Args:
        result: what was measured.
        estimate: the prediction for the same candidate and sizes, when there is one.
        agreement: with the probe before it, when there was one.
        made_up: of a probe with real weights: the one with made-up weights, when there is one.
    """
    context = result.workload.num_context_tokens
    return {
        **head("probe"),
        "id": result.id,
        "created": result.created,
        "outcome": result.outcome,
        "message": result.message,
        "sentence": wording.probe_sentence(result, estimate),
        "kind": result.kind,
        "model": result.model,
        "format": result.format,
        "device": result.device,
        "workload": workload_json(result.workload),
        "depths_measured": list(result.depths_measured),
        "num_layers": result.num_layers,
        "extrapolated": result.extrapolated,
        "time_to_first_token": figure(result.time_to_first_token),
        "time_per_token": figure(result.time_per_token),
        "time_per_query": figure(result.time_per_query),
        "rate": figure(result.rate),
        "peak_memory": figure(result.peak_memory),
        "load_time": figure(result.load_time),
        "energy_per_1000_queries": figure(result.energy_per_1000_queries),
        "energy": energy_document.energy_json(result.energy),
        "num_measurements": wording.num_measurements(result),
        "depths": [msgspec.to_builtins(depth) for depth in result.depths],
        "samples": [msgspec.to_builtins(sample) for sample in result.samples],
        "grade": result.grade,
        "reasons": list(result.reasons),
        "estimate": None if estimate is None else estimate_part(estimate, num_context_tokens=context),
        "num_threads": result.num_threads,
        "threads": msgspec.to_builtins(result.threads),
        "precision": msgspec.to_builtins(result.precision),
        "contexts": [
            {"num_context_tokens": entry.num_context_tokens, "time_per_token": figure(entry.time_per_token)}
            for entry in result.contexts
        ],
        "provider": result.provider,
        "versions": dict(result.versions),
        "fingerprint": result.fingerprint,
        "power_source": result.power_source,
        "agreement": beside_document.agreement_json(agreement),
        "build_s": result.build_s,
        "wall": plain_figure(result.wall_s, "s", "measured", "the whole probe"),
        **beside_document.parts(result, made_up, estimate),
    }


def probe_failure_json(
    outcome: Outcome, estimate: Estimate | None = None, *, kind: ProbeKind = "synthetic"
) -> Document:
    """Return a probe that measured nothing, in the shape of one that did: what is not known is null or empty.

    Args:
        outcome: how the child ended.
        estimate: the prediction made before it.
        kind: what was to be measured.
    """
    why = wording.outcome_sentence(outcome.code)
    none = {name: figure(unknown(unit, why)) for name, unit in _PROBE_FIGURES.items()}
    return {
        **head("probe"),
        **dict.fromkeys(_NOT_KNOWN_AFTER_FAILURE),
        "outcome": outcome.code,
        "message": outcome.message,
        "sentence": wording.outcome_sentence(outcome.code, outcome.message, outcome.remedy),
        "kind": kind,
        "model": estimate.model if estimate is not None else None,
        "format": estimate.format if estimate is not None else None,
        "device": estimate.device if estimate is not None else None,
        **{name: [] for name in ("depths_measured", "depths", "contexts", "samples", "reasons")},
        **none,
        "extrapolated": False,
        "num_measurements": 0,
        "estimate": None if estimate is None else estimate_part(estimate),
        "versions": {},
        "weights": None,
        "beside": [],
    }
