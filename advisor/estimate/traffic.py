"""What moves between the matrices of one stack for one position: norms, sums, activations. From its tensors alone."""

from collections.abc import Mapping
from typing import Literal

from advisor.catalog.model import Format
from advisor.estimate.shape import ATTENTION_PRODUCTS, FLOPS_PER_MULTIPLY, Stack
from advisor.units import MIB

_PRODUCT_ROLES = frozenset({"linear", "expert", "router"})
_ONCE_PER_INPUT = frozenset({"cross_attn_k", "cross_attn_v"})
_GATES = ("ffn_gate", "ffn_gate_exps", "ffn_gate_shexp")
_UPS = ("ffn_up", "ffn_up_exps", "ffn_up_shexp")
_NORM_ELEMENTS = {"reader": 1.5, "decoder": 4.0}
"""[1] Elements read and written for each weight of a norm: encoders read two and write one and have a weight and a bias
for each, decoders read two, write two and have a weight only."""
_BIAS_ELEMENTS = 2.0
"""[1] Added in passing: as quick as the sums and products of a gate."""
_GELU_ELEMENTS = 2.0
_SILU_ELEMENTS = 4.0
"""[1] Of gate and of values alike: the gate is read three times and written twice, the values once each."""
_LOOKED_UP_ELEMENTS = 2.0
_AVERAGED_ELEMENTS = 4.0
"""[1] A row that is looked up is read and written; a model that is nothing but a table weighs and adds it as well."""
_LARGE_TABLE_BYTES = 16 * MIB
_HEAD_SIZE = 64
"""[elements] Taken where the heads are not known."""


def elements(
    kind: Literal["reader", "decoder"], stack: Stack, how: Format, reuse: dict[str, float]
) -> dict[str, float]:
    """Return the bytes and elements of one position, by name of the cost.

    Args:
        kind: of the stack; prefix of the names.
        stack: its tensors.
        how: for the size of an element.
        reuse: how often tensors run for one position, by name or part.
    """
    gated = any(group.name in _GATES for group in stack.groups)
    looked_up = _LOOKED_UP_ELEMENTS + (
        0.0 if any(g.role in _PRODUCT_ROLES for g in stack.groups) else _AVERAGED_ELEMENTS
    )
    norm = gelu = silu = products = 0.0
    for group in stack.groups:
        times = group.num_tensors * group.active_share * reuse.get(group.name, reuse.get(group.part, 1.0))
        if group.role == "norm":
            norm += _NORM_ELEMENTS[kind] * group.num_rows * times
        elif group.role in {"embedding", "position"}:
            silu += looked_up * group.num_columns
        elif group.role == "bias":
            silu += _BIAS_ELEMENTS * group.num_rows * times
        elif group.role in _PRODUCT_ROLES and group.name not in _ONCE_PER_INPUT:
            products += (group.num_rows + group.num_columns) * times
            if group.name in _GATES or (gated and group.name in _UPS):
                silu += _SILU_ELEMENTS * group.num_rows * times
            elif group.name in _UPS:
                gelu += _GELU_ELEMENTS * group.num_rows * times
    size = float(how.activation_element_bytes)
    return {
        f"{kind}_norm_bytes": size * norm, f"{kind}_gelu_bytes": size * gelu, f"{kind}_silu_bytes": size * silu,
        f"{kind}_product_elements": products, f"{kind}_flops_per_score": _flops_per_score(stack),
    }  # fmt: skip


def lookups(stack: Stack, sizes: Mapping[int, float]) -> float:
    """Return the rows that one position fetches from tables too large for any cache.

    Args:
        stack: its tensors.
        sizes: [B] Of each group, by its identity.
    """
    return float(sum(group.role == "embedding" and sizes[id(group)] > _LARGE_TABLE_BYTES for group in stack.groups))


def _flops_per_score(stack: Stack) -> float:
    return FLOPS_PER_MULTIPLY * ATTENTION_PRODUCTS * (stack.attention.head_size or _HEAD_SIZE)
