"""Two models that answer a query together: the costs of both are one cost."""

import msgspec

from advisor.estimate import fit
from advisor.estimate.model import Estimate, MemoryParts
from advisor.evidence import Quantity, weakest


def combined(main: Estimate, helper: Estimate) -> Estimate:
    """Return the estimate of a model with the model that runs before it, both held in memory by one process.

    The ranges add end to end: the errors of both are taken to point the same way.

    Args:
        main: the model of the row, a reranker.
        helper: the model that finds what it ranks, an embedder.
    """
    parts = MemoryParts(
        weights=_sum(main.memory_parts.weights, helper.memory_parts.weights),
        cache=_sum(main.memory_parts.cache, helper.memory_parts.cache),
        activations=_sum(main.memory_parts.activations, helper.memory_parts.activations),
        runtime=main.memory_parts.runtime,
    )
    memory = main.memory
    for added in (helper.memory_parts.weights, helper.memory_parts.cache, helper.memory_parts.activations):
        memory = _sum(memory, added)
    query = _sum(main.time_per_query, helper.time_per_query)
    free = main.memory_free_bytes
    return msgspec.structs.replace(
        main,
        verdict=fit.verdict(memory, free),
        memory=memory,
        memory_parts=parts,
        headroom_share=None if free is None or memory.value is None else fit.headroom_share(memory.value, free),
        download_bytes=_sum(main.download_bytes, helper.download_bytes),
        flops_per_query=_sum(main.flops_per_query, helper.flops_per_query),
        bytes_per_query=_sum(main.bytes_per_query, helper.bytes_per_query),
        time_to_first_token=_sum(main.time_to_first_token, helper.time_to_first_token),
        time_per_query=query,
        rate=_rate(main.rate, query),
        energy_per_1000_queries=_sum(main.energy_per_1000_queries, helper.energy_per_1000_queries),
        not_modelled=(*main.not_modelled, f"the search among vectors; {helper.model} embeds the query"),
    )


def extra_memory(helper: Estimate) -> float | None:
    """Return what a second model adds to one process: all but the runtime; null when a part is not known.

    Returns:
        [B]
    """
    parts = helper.memory_parts
    values = [part.value for part in (parts.weights, parts.cache, parts.activations)]
    return None if None in values else sum(value for value in values if value is not None)


def _sum(a: Quantity, b: Quantity) -> Quantity:
    if a.value is None or b.value is None:
        missing = a if a.value is None else b
        return Quantity(value=None, unit=a.unit, evidence="excluded", basis=missing.basis)
    return Quantity(
        value=a.value + b.value,
        low=_end(a.low, a.value) + _end(b.low, b.value),
        high=_end(a.high, a.value) + _end(b.high, b.value),
        unit=a.unit,
        evidence=weakest((a.evidence, b.evidence)),
        basis=f"both models added up: {a.basis}",
    )


def _end(end: float | None, value: float) -> float:
    return value if end is None else end


def _rate(rate: Quantity, query: Quantity) -> Quantity:
    if rate.value is None or not query.value:
        return msgspec.structs.replace(rate, value=None, low=None, high=None, evidence="excluded", basis=query.basis)
    return Quantity(
        value=1 / query.value,
        low=1 / query.high if query.high else None,
        high=1 / query.low if query.low else None,
        unit=rate.unit,
        evidence=query.evidence,
        basis="one over the time of both models",
    )
