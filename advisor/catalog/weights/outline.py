"""What headers and config.json alone tell of what was taken out of a model. Reads no weights; imports no numpy."""

import re
from collections.abc import Mapping
from typing import Any

from advisor.catalog.headers import companions
from advisor.catalog.headers.model import TensorInfo
from advisor.catalog.model import Architecture
from advisor.catalog.weights.model import StatedSparsity, UnevenShape

_MOST_UNEVEN = 50
_MOST_MISSING = 1000
_NUMBER = re.compile(r"(?<=\.)(\d+)(?=\.)")
_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?|blk)\.(\d{1,5})\.")


def stated(config: Mapping[str, Any]) -> StatedSparsity | None:
    """Return what the `sparsity_config` of compressed-tensors says; null without one."""
    facts = companions.packing(config).get("sparsity_config")
    if not isinstance(facts, Mapping) or not facts:
        return None
    kind, structure, share = facts.get("format"), facts.get("sparsity_structure"), facts.get("global_sparsity")
    return StatedSparsity(
        format=kind[:40] if isinstance(kind, str) else "not named",
        structure=structure[:40] if isinstance(structure, str) else None,
        zero_share=float(share) if isinstance(share, int | float) and 0 <= share <= 1 else None,
    )


def missing_layers(tensors: tuple[TensorInfo, ...], num_stated: int | None) -> tuple[int, ...]:
    """Return the numbers of layers that are not there, though config.json or the numbers of the others call for them.

    Only where all numbered blocks are one list: an encoder beside a decoder counts twice.
    """
    lists: dict[str, set[int]] = {}
    for tensor in tensors:
        found = _LAYER.search(tensor.name)
        if found is not None:
            lists.setdefault(tensor.name[: found.start(1)], set()).add(int(found[1]))
    if len(lists) != 1:
        return ()
    present = next(iter(lists.values()))
    wanted = max(max(present) + 1, num_stated or 0)
    return tuple(layer for layer in range(wanted) if layer not in present)[:_MOST_MISSING]


def uneven_shapes(tensors: tuple[TensorInfo, ...]) -> tuple[UnevenShape, ...]:
    """Return the matrices whose shape differs from layer to layer."""
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for tensor in tensors:
        if len(tensor.shape) == 2 and _LAYER.search(tensor.name):
            shapes.setdefault(_NUMBER.sub("N", tensor.name), set()).add(tensor.shape)
    return tuple(
        UnevenShape(name=name, num_shapes=len(found), smallest_sizes=min(found), largest_sizes=max(found))
        for name, found in shapes.items()
        if len(found) > 1
    )[:_MOST_UNEVEN]


def stated_layers(shape: Architecture | None) -> int | None:
    """Return the layers that a model states; null for two stacks."""
    return shape.num_hidden_layers if shape is not None and shape.encoder_decoder is None else None


def pruned_heads(config: Mapping[str, Any]) -> int:
    """Return how many heads the field `pruned_heads` of transformers lists."""
    facts = config.get("pruned_heads")
    lists = facts.values() if isinstance(facts, dict) else ()
    return sum(len(heads) for heads in lists if isinstance(heads, list))
