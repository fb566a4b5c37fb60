"""One row of numbers turned into an estimate with units, evidence and a basis in words. Computes nothing."""

import math

import msgspec

from advisor.catalog.model import Candidate
from advisor.estimate.model import Estimate, MemoryParts, PowerModel, RateUnit, Roofs, Verdict
from advisor.evidence import Evidence, Quantity, unknown
from advisor.task.model import Workload

Triple = tuple[float, float, float]
"""Value, low, high; NaN where not known."""
COSTS_TOLD = (
    "num_parameters",
    "weight_k",
    "packed_bytes",
    "download_bytes",
    "decodes",
    "cache_known",
    "speed_known",
    "assumed",
    "fixed_activation_bytes",
    "expert_share",
    "windowed_cache_bytes",
    "window",
    "cache_bytes",
    "state_bytes",
    "cross_cache_bytes",
)
"""Costs of a candidate that its basis mentions."""
_ALWAYS_LEFT_OUT = (
    "reading the model from disk before the first query",
    "preparing the input: splitting text into tokens, decoding pictures or audio",
    "other programs running at the same time",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of one candidate."""

    candidate: Candidate
    workload: Workload
    roofs: Roofs
    power: PowerModel | None
    costs: dict[str, float]
    not_modelled: tuple[str, ...]
    verdict: Verdict
    headroom_share: float
    max_context_tokens: float
    memory: Triple
    weights: Triple
    cache: Triple
    activations: Triple
    runtime: Triple
    first_token: Triple
    per_token: Triple
    query: Triple
    rate: Triple
    rate_unit: RateUnit
    energy: Triple
    flops: float
    moved_bytes: float
    calibrated: bool
    """Whether the times come from kernels measured on this computer."""
    memory_evidence: Evidence
    speed_evidence: Evidence
    energy_evidence: Evidence


def build(row: Row) -> Estimate:
    """Build the estimate of one candidate."""
    number = row.costs["num_parameters"]
    return Estimate(
        model=row.candidate.model.id,
        format=row.candidate.format.id,
        device=row.roofs.device,
        verdict=row.verdict,
        memory=_memory(row),
        memory_parts=_parts(row),
        memory_free_bytes=row.roofs.memory_free_bytes,
        headroom_share=None if math.isnan(row.headroom_share) else row.headroom_share,
        num_parameters=None if math.isnan(number) else int(number),
        download_bytes=_download(row),
        flops_per_query=_amount(
            row.flops, "FLOP", row, "two for each weight used and position, and the attention pairs"
        ),
        bytes_per_query=_amount(row.moved_bytes, "B", row, "weights read for each token and the cache so far"),
        time_to_first_token=_time(row, row.first_token),
        time_per_token=_per_token(row),
        time_per_query=_time(row, row.query),
        rate=_rate(row),
        energy_per_1000_queries=_energy(row),
        max_context_tokens=None if math.isnan(row.max_context_tokens) else int(row.max_context_tokens),
        not_modelled=_left_out(row),
        formulas=formulas(row),
    )


def _quantity(triple: Triple, unit: str, evidence: Evidence, basis: str, why_not: str) -> Quantity:
    value, low, high = triple
    if math.isnan(value):
        return unknown(unit, why_not)
    return Quantity(
        value=value,
        low=None if math.isnan(low) else low,
        high=None if math.isnan(high) else high,
        unit=unit,
        evidence=evidence,
        basis=basis,
    )


def _memory(row: Row) -> Quantity:
    value, low, _ = row.memory
    if not math.isnan(value):
        return _quantity(row.memory, "B", row.memory_evidence, "weights, cache, activations and runtime added up", "")
    why = _why_no_memory(row)
    return Quantity(value=None, low=low if low > 0 else None, unit="B", evidence="excluded", basis=why)


def _why_no_memory(row: Row) -> str:
    if math.isnan(row.weights[0]):
        return "the size of this model is not known"
    if row.costs["cache_known"] == 0:
        return "at least the weights: what the model keeps for each token of context is not sourced"
    if math.isnan(row.activations[0]):
        return "at least the weights: the working memory of this kind of network is not sourced"
    return "the memory of the runtime on this device is not known"


def _parts(row: Row) -> MemoryParts:
    counted = row.costs["weight_k"] < 1.1
    weights = "every tensor in this format" if counted else "number of parameters times nominal bits"
    if row.costs["packed_bytes"] > 0 and row.roofs.device == "cpu":
        weights += ", with the packed copy the runtime makes while loading"
    working = (
        "an assumption: the shapes are not sourced"
        if row.costs["fixed_activation_bytes"] > 0
        else "widest layer and output scores for the positions read at once"
    )
    guessed: Evidence = "assumed" if row.costs["fixed_activation_bytes"] > 0 else "estimated"
    return MemoryParts(
        weights=_quantity(
            row.weights, "B", "estimated" if counted else "assumed", weights, "the size of this model is not known"
        ),
        cache=_quantity(row.cache, "B", "estimated", _cache_basis(row), "the size of its cache is not sourced"),
        activations=_quantity(row.activations, "B", guessed, working, "not sourced for this kind of network"),
        runtime=_quantity(
            row.runtime,
            "B",
            row.roofs.runtime_bytes.evidence,
            row.roofs.runtime_bytes.basis,
            "not known on this device",
        ),
    )


def _cache_basis(row: Row) -> str:
    costs = row.costs
    if costs["decodes"] == 0:
        return "this model keeps nothing between tokens"
    told = [f"{max(row.workload.num_context_tokens, row.workload.num_input_tokens):,} tokens of context"]
    if row.workload.num_output_tokens == 0:
        told = ["the prompt only, nothing is generated"]
    if costs["windowed_cache_bytes"] > 0 and math.isfinite(costs["window"]):
        told.append(f"some layers only the last {int(costs['window']):,}")
    if costs["state_bytes"] > 0:
        told.append("a state of constant size")
    if costs["cross_cache_bytes"] > 0:
        told.append("the encoder's output")
    return ", ".join(told)


def _download(row: Row) -> Quantity:
    size, k = row.costs["download_bytes"], row.costs["weight_k"]
    counted = k < 1.1
    basis = "every tensor in this format" if counted else "number of parameters times nominal bits"
    triple = (size, size / k, size * k)
    why = "the size of this model is not known"
    return _quantity(triple, "B", "estimated" if counted else "assumed", basis, why)


def _amount(value: float, unit: str, row: Row, basis: str) -> Quantity:
    evidence: Evidence = "assumed" if row.costs["assumed"] > 0 else "estimated"
    return _quantity((value, math.nan, math.nan), unit, evidence, basis, _why_no_speed(row))


def _why_no_speed(row: Row) -> str:
    if row.costs["speed_known"] == 0:
        return row.not_modelled[-1] if row.not_modelled else "the size of this model is not known"
    if math.isnan(row.flops):
        return "this model cannot read this kind of input"
    return f"the speed of {row.roofs.label} is not known"


def _time(row: Row, triple: Triple) -> Quantity:
    basis = _speed_basis(row)
    return _quantity(triple, "s", row.speed_evidence, basis, _why_no_speed(row))


def _speed_basis(row: Row) -> str:
    roofs = row.roofs
    if not row.calibrated or roofs.calibrated is None:
        told = f"work over the speed of {roofs.label}, by specification and not measured"
        return f"{told}. {roofs.why_not_calibrated}" if roofs.why_not_calibrated else told
    told = f"speeds measured on this computer on {roofs.calibrated.created[:10]}"
    number = roofs.learned.num_probes if roofs.learned is not None else 0
    if not number:
        return told
    return f"{told}, corrected by {number} {'probe' if number == 1 else 'probes'} made here"


def _per_token(row: Row) -> Quantity:
    if row.workload.num_output_tokens == 0 or row.costs["decodes"] == 0:
        return unknown("s", "nothing is generated token by token")
    return _time(row, row.per_token)


def _rate(row: Row) -> Quantity:
    return _quantity(row.rate, row.rate_unit, row.speed_evidence, "one over the estimated time", _why_no_speed(row))


def _energy(row: Row) -> Quantity:
    if row.power is None or row.power.active_power_w.value is None:
        return unknown("Wh", "no meter, and no power limit of this device is known")
    basis = f"estimated time x power: {row.power.active_power_w.basis}; covers {row.power.boundary}"
    return _quantity(row.energy, "Wh", row.energy_evidence, basis, _why_no_speed(row))


def _left_out(row: Row) -> tuple[str, ...]:
    told = [phrase for phrase in row.not_modelled if row.costs["speed_known"] > 0 or phrase != row.not_modelled[-1]]
    if row.costs["windowed_cache_bytes"] > 0:
        told.append("programs that ignore the attention window and keep the whole context")
    return (*told, *_ALWAYS_LEFT_OUT)


def formulas(row: Row) -> tuple[str, ...]:
    """Return the anchors of docs/METHODS.md behind an estimate."""
    costs = row.costs
    used = ["memory-weights", "memory-activations", "memory-runtime"]
    if costs["decodes"] > 0:
        used.append("memory-cache")
    if not math.isnan(row.query[0]):
        used += ["work-reader", "speed-roofs"] if costs["decodes"] == 0 else ["work-decoder", "speed-roofs"]
    if costs["expert_share"] > 0:
        used.append("work-experts")
    if not math.isnan(row.energy[0]):
        used.append("energy-band")
    return tuple(used)
