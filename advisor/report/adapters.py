"""What is said and written of LoRA adapters laid over a model: sentences and the public JSON."""

from collections.abc import Sequence
from math import prod

from advisor import units
from advisor.catalog.adapters import AdapterFile
from advisor.catalog.local_model import LocalModel
from advisor.report.public_parts import Document, plain_figure

_MOST_SHOWN = 8
_STATED = "counted from the shapes in the headers"
_PAIR_FLOPS = 2


def sentence(adapter: AdapterFile) -> str:
    """Return what an adapter is."""
    ranks = adapter.each_rank
    rank = f"rank {ranks[0]}" if len(ranks) == 1 else f"ranks {ranks[0]} to {ranks[-1]}"
    strength = "" if adapter.alpha_ratio is None else f", strength {adapter.alpha_ratio:.3g}"
    targets = ", ".join(adapter.targets[:_MOST_SHOWN]) + (", ..." if len(adapter.targets) > _MOST_SHOWN else "")
    base = adapter.base_model or "a model it does not name"
    return (
        f"{adapter.name}: {adapter.variant} of {rank}{strength} on {len(adapter.pairs):,} matrices ({targets}): "
        f"{units.count(adapter.num_parameters)} parameters, {units.size(adapter.weight_bytes)} as "
        f"{', '.join(adapter.dtypes)}, for {base}."
    )


def together(model: LocalModel, adapters: Sequence[AdapterFile]) -> str:
    """Return what a model takes with adapters laid over it, kept apart or worked in."""
    base, added = model.known.num_parameters, sum(adapter.num_parameters for adapter in adapters)
    size = sum(adapter.weight_bytes for adapter in adapters)
    share = 100 * added_products(adapters) / base if base else 0.0
    it = "it" if len(adapters) == 1 else "them"
    return (
        f"With {it} kept apart: {units.count(base + added)} parameters, "
        f"{units.size(model.checkpoint.weight_bytes() + size)} of weights, about {share:.2g} % more products for each "
        f"token. Worked into the model's matrices: {units.count(base)} parameters and the same time as without {it}, "
        "with no way to switch it off."
    )


def added_products(adapters: Sequence[AdapterFile]) -> int:
    """Return the multiplications that adapters add for one token; of a changed table one row is looked up."""
    return sum(
        pair.rank * (pair.num_columns if pair.is_table else pair.num_rows + pair.num_columns)
        for adapter in adapters
        for pair in adapter.pairs
    )


def remarks(adapters: Sequence[AdapterFile], base_name: str) -> list[str]:
    """Return what else matters."""
    said = []
    for adapter in adapters:
        if adapter.whole_sizes:
            count = sum(prod(shape) for _, shape in adapter.whole_sizes)
            said.append(
                f"{adapter.name} brings {len(adapter.whole_sizes)} whole tensors ({units.count(count)} parameters) "
                "that take the place of the model's own; kept apart, both are in memory."
            )
        if adapter.variant == "DoRA":
            said.append(
                f"{adapter.name} is a DoRA: kept apart, the length of every changed column is worked out again at each "
                "call, which the estimate leaves out. Work it into the model before it is used much."
            )
        if adapter.base_model is not None and adapter.base_model.rpartition("/")[2] not in base_name:
            said.append(f"{adapter.name} names {adapter.base_model} as its base model; the shapes fit this one too.")
    if len(adapters) > 1:
        said.append("Several adapters are counted as active together; used one at a time, each adds its own work only.")
    return said


def documents(adapters: Sequence[AdapterFile]) -> list[Document]:
    """Return adapters for the public JSON."""
    return [
        {
            "name": adapter.name, "sentence": sentence(adapter), "variant": adapter.variant,
            "base_model": adapter.base_model, "ranks": list(adapter.each_rank), "strength": adapter.alpha_ratio,
            "targets": list(adapter.targets), "num_matrices": len(adapter.pairs), "types": list(adapter.dtypes),
            "parameters": plain_figure(adapter.num_parameters, "parameters", "measured", _STATED),
            "weights": plain_figure(adapter.weight_bytes, "B", "measured", "stated in the headers of the files"),
            "whole_tensors": [name for name, _ in adapter.whole_sizes],
        }
        for adapter in adapters
    ]  # fmt: skip


def combined_document(model: LocalModel, adapters: Sequence[AdapterFile]) -> Document | None:
    """Return a model with its adapters for the public JSON; null without adapters."""
    if not adapters:
        return None
    total = model.known.num_parameters + sum(adapter.num_parameters for adapter in adapters)
    size = model.checkpoint.weight_bytes() + sum(adapter.weight_bytes for adapter in adapters)
    return {
        "sentence": together(model, adapters),
        "parameters": plain_figure(total, "parameters", "measured", _STATED),
        "weights": plain_figure(size, "B", "measured", "base model and adapters, stated in the headers of the files"),
        "added_work": plain_figure(
            _PAIR_FLOPS * added_products(adapters), "FLOP/token", "estimated", "two thin products beside each matrix"
        ),
        "remarks": remarks(adapters, model.checkpoint.name),
    }
