"""`fit-energy/1`: one measurement with its energy, from which all other forms are made.

All energies, times and masses cover `workload.n_queries` queries one after the other, scaled from one query; null is
what no meter covers, never 0.
"""

import hashlib
import statistics
from collections.abc import Sequence

import msgspec

from advisor import units
from advisor.energy import embodied, ranges, standard
from advisor.energy.model import ComponentEnergy, EnergyResult, MeterInfo, PhaseEnergy
from advisor.energy.standard import Conditions
from advisor.errors import InvalidInputError
from advisor.hardware.model import HardwareProfile
from advisor.report.interchange.run import Run
from advisor.report.public_parts import TOOL_NAME, Document, figure, head
from advisor.units import J_PER_WH

SCHEMA = "fit-energy/1"
QUERIES = 1000
HIGHEST_QUERIES = 10**9
COMPONENTS = ("cpu", "gpu", "ram", "platform")
PARTS = ("cpu", "gpu")
"""Components that make the total, where one of them was measured; else the whole machine does."""
UNMETERED = ("band", "constant")
"""Methods that read no meter."""
NOT_COMPARABLE = (
    "Hardware, data, formats and boundary are not AI Energy Score's: sizes may agree, figures do not compare."
)


def build(run: Run, profile: HardwareProfile, chosen: Conditions, *, num_queries: int = QUERIES) -> Document:
    """Return the document.

    Args:
        run: the measurement.
        profile: the machine it was made on.
        chosen: electricity and embodied; without an intensity there is no carbon.
        num_queries: all totals are of so many.

    Raises:
        InvalidInputError: `queries-invalid`.
    """
    if not 1 <= num_queries <= HIGHEST_QUERIES:
        raise InvalidInputError(
            "queries-invalid",
            f"--queries {num_queries} cannot be used.",
            remedy=f"Give a number from 1 to {HIGHEST_QUERIES:,}; 1,000 is what AI Energy Score counts by.",
        )
    return {
        "schema": SCHEMA,
        "id": run.id,
        "created": run.created,
        "tool": {**head("x")["tool"], "versions": dict(sorted(run.versions.items()))},
        "host": _host(profile, run),
        "model": {
            "name": run.model, "source": run.source, "sha256": run.sha256, "params": run.num_parameters,
            "layers": run.num_layers, "format": run.format, "runtime": "onnxruntime", "ep": run.provider,
            "threads": run.num_threads,
        },
        "workload": _workload(run, num_queries),
        "performance": {
            "latency_s": {"p50": _share_below(run.query_s, 0.5), "p95": _share_below(run.query_s, 0.95)},
            "query_s": figure(run.time_per_query), "ttft_s": figure(run.time_to_first_token),
            "rate": figure(run.rate), "peak_rss_bytes": figure(run.peak_memory),
        },
        "energy": _energy(run, num_queries),
        "checks": _checks(run.energy),
        "carbon": _carbon(run, chosen, num_queries),
        "comparability": {"aies": False, "reason": NOT_COMPARABLE},
        "trace": _trace(run.energy),
    }  # fmt: skip


def _host(profile: HardwareProfile, run: Run) -> Document:
    """Return the machine without its name and folders."""
    return {
        "os": _joined(profile.os.system.value, profile.os.release.value),
        "system": profile.os.system.value,
        "cpu": profile.cpu.model.value,
        "logical_cores": profile.cpu.num_logical_cores.value,
        "gpu": [{"name": gpu.name.value, "memory_bytes": gpu.total_bytes.value} for gpu in profile.gpus],
        "ram_bytes": profile.memory.total_bytes.value,
        "virtualised": profile.cpu.virtualised.value,
        "power_source": run.power_source,
    }


def _joined(*words: str | None) -> str | None:
    return " ".join(word for word in words if word) or None


def _workload(run: Run, num_queries: int) -> Document:
    sizes = run.workload
    writes = sizes is not None and sizes.num_output_tokens > 0
    return {
        "id": None,
        "task": run.task,
        "prompts_sha256": None,
        "n_queries": num_queries,
        "scope": f"one query, times {num_queries:,}",
        "tokens_in": None if sizes is None else sizes.num_input_tokens,
        "tokens_out": None if sizes is None else sizes.num_output_tokens,
        "batch": run.num_batch,
        "decoding": "greedy, fixed length" if writes else None,
    }


def _share_below(values: Sequence[float], share: float) -> float | None:
    """Return the value that a share of all lies at or below; null without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _energy(run: Run, num_queries: int) -> Document:
    result = run.energy
    summed = in_total(result)
    one = ranges.scaled(result.per_query_gross_j, 1 / J_PER_WH, "Wh")
    blocks = [phase for part in summed for phase in part.phases if phase.phase != "load"]
    return {
        "boundary": result.boundary,
        "mode": result.mode,
        "duration_s": figure(ranges.scaled(run.time_per_query, num_queries, "s")),
        "window_s": None if run.is_extrapolated or not summed else _window_s(summed[0]),
        "n_blocks": sum(phase.num_blocks for phase in blocks),
        "n_rejected": sum(phase.num_rejected for phase in blocks),
        "extrapolated": run.is_extrapolated,
        "components": {name: _component(name, result, run, num_queries) for name in COMPONENTS},
        "excluded": [{"component": part.component, "why": part.why} for part in result.excluded],
        "ram_assumed_w": None if result.ram_w is None else figure(result.ram_w),
        "total": {
            "gross_j": figure(ranges.scaled(result.per_query_gross_j, num_queries, "J")),
            "net_j": figure(ranges.scaled(result.per_query_net_j, num_queries, "J")),
            "evidence": result.per_query_gross_j.evidence,
            "parts": [part.component for part in summed],
        },
        "per_query_wh": figure(one),
        "wh_per_1000_queries": figure(ranges.scaled(one, 1000.0, "Wh")),
        "j_per_output_token": figure(result.per_output_token_j),
    }


def in_total(result: EnergyResult) -> list[ComponentEnergy]:
    """Return the components whose sum is the total."""
    parts = [part for part in result.components if part.component in PARTS]
    return parts or [part for part in result.components if part.component == "platform"]


def _window_s(part: ComponentEnergy) -> float:
    """Return the time under the meter in which the model worked, in seconds."""
    return sum(phase.num_units * phase.unit_s for phase in part.phases if phase.phase != "load")


def _component(name: str, result: EnergyResult, run: Run, num_queries: int) -> Document | None:
    part = next((part for part in result.components if part.component == name), None)
    if part is None or (part.per_query_gross_j.value is None and part.per_query_gross_j.high is None):
        return None
    return {
        "gross_j": figure(ranges.scaled(part.per_query_gross_j, num_queries, "J")),
        "net_j": figure(ranges.scaled(part.per_query_net_j, num_queries, "J")),
        "evidence": part.per_query_gross_j.evidence,
        "in_total": part in in_total(result),
        **_meter(part.meter),
        "cv": _scatter(part),
        "loaded_idle_w": figure(part.loaded_idle_w),
        "phases": _phases(part, run, num_queries),
    }


def _shares(values: Sequence[float]) -> list[float]:
    """Return each block over the mean of all of its phase; nothing where there were none."""
    mean = statistics.fmean(values) if values else 0.0
    return [value / mean for value in values] if mean > 0 else []


def _scatter(part: ComponentEnergy) -> float | None:
    """Return the coefficient of variation over the blocks of the work that takes most; null for fewer than two."""
    work = [phase for phase in part.phases if phase.phase != "load" and len(phase.block_gross_j) > 1]
    if not work:
        return None
    most = max(work, key=lambda phase: phase.num_units * (phase.gross_j.value or 0.0))
    return statistics.stdev(_shares(most.block_gross_j))


def _meter(meter: MeterInfo) -> Document:
    return {
        "method": meter.method, "meter": meter.name, "meter_id": meter.id, "covers": meter.covers,
        "refresh_s": meter.refresh_s, "k_scale": meter.k_scale,
    }  # fmt: skip


def _phases(part: ComponentEnergy, run: Run, num_queries: int) -> Document:
    """Return energy and time of each kind of work in all queries; they add up to the component."""
    counts = [(phase, _units(phase, run)) for phase in part.phases if phase.phase != "load"]
    whole = sum(count * (phase.gross_j.value or 0.0) for phase, count in counts)
    gross = part.per_query_gross_j.value
    if gross is None or whole <= 0:
        return {}
    runs = gross / whole  # passes a query over queries a pass: what the probe multiplied its phases by
    return {
        phase.phase: {
            "gross_j": figure(ranges.scaled(phase.gross_j, count * runs * num_queries, "J")),
            "net_j": figure(ranges.scaled(phase.net_j, count * runs * num_queries, "J")),
            "duration_s": phase.unit_s * count * runs * num_queries,
            "n_blocks": phase.num_blocks,
            "block_shares": _shares(phase.block_gross_j),
        }
        for phase, count in counts
        if count
    }


def _units(phase: PhaseEnergy, run: Run) -> float:
    if phase.phase != "decode":
        return 1.0
    return float(max(0, run.workload.num_output_tokens - 1)) if run.workload is not None else 0.0


def _checks(result: EnergyResult) -> Document:
    named: Document = dict.fromkeys(("liveness", "cross", "drift", "sampler", "gaps"))
    for check in result.checks:
        named.setdefault(check.code, None)
        named[check.code] = [*(named[check.code] or []), {"passed": check.passed, "text": check.text}]
    return named


def _carbon(run: Run, chosen: Conditions, num_queries: int) -> Document | None:
    grid = chosen.intensity
    if grid is None:
        return None
    subject = standard.of_result(
        run.energy, query_time=run.time_per_query,
        num_output_tokens=run.workload.num_output_tokens if run.workload is not None else 0,
    )  # fmt: skip
    told = standard.figures(subject, chosen)
    making = None
    if chosen.embodied is not None:
        making = embodied.share(chosen.embodied, ranges.scaled(run.time_per_query, num_queries, "s"))
    return {
        "g_per_kwh": figure(grid.g_per_kwh),
        "name": grid.name,
        "iso3": grid.iso3,
        "year": grid.year,
        "source": grid.source,
        "operational_g": figure(ranges.scaled(told.carbon_per_1000_queries, num_queries / 1000.0, "g")),
        "embodied_g": None if making is None else figure(making),
        "embodied_assumptions": [] if chosen.embodied is None else list(chosen.embodied.assumptions),
        "sci": _sci(told.sci_per_query),
        "sci_per_1000_tokens": None if told.sci_per_1000_tokens is None else _sci(told.sci_per_1000_tokens),
    }


def _sci(item: standard.Sci) -> Document:
    return {
        "value": figure(item.score), "r": item.functional_unit, "boundary": item.boundary, "method": item.method,
        "e_kwh": figure(item.energy), "i_g_per_kwh": figure(item.intensity),
        "m_g": None if item.embodied.value is None else figure(item.embodied),
    }  # fmt: skip


def _trace(result: EnergyResult) -> Document:
    raw = msgspec.json.encode(result.trace)
    return {
        "file": None,
        "n_points": len(result.trace),
        "sha256": hashlib.sha256(raw).hexdigest() if result.trace else None,
    }


def known_total_j(document: Document) -> float:
    """Return the gross energy of all queries, in joules.

    Raises:
        InvalidInputError: `energy-has-no-value`; only a limit is known.
    """
    total = document["energy"]["total"]["gross_j"]
    if total["value"] is None:
        raise InvalidInputError(
            "energy-has-no-value",
            f"The energy of the measurement {document['id']} has no value: {total['basis']}.",
            remedy="The canonical format holds what is known of it: --format canonical.",
        )
    return float(total["value"])


def is_metered(document: Document) -> bool:
    """Tell whether meters stand behind the total; the middle of a typical range is no measurement."""
    parts = [document["energy"]["components"][name] for name in document["energy"]["total"]["parts"]]
    return all(part is not None and part["method"] not in UNMETERED for part in parts)


def unmetered_sentence(document: Document) -> str:
    """Return what is known where no meter was read."""
    item = document["energy"]["total"]["gross_j"]
    if item["low"] is None or item["high"] is None:
        return f"No meter was read: {item['basis']}"
    low, high = (units.energy(item[end] / J_PER_WH) for end in ("low", "high"))
    return f"No meter was read: {low} to {high} is a typical range, and this form has no place for one"


def maker() -> str:
    """Return our name, as other formats carry it."""
    return TOOL_NAME
