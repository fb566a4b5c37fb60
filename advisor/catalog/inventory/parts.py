"""Bricks of an inventory: linear layers, norms, tables, heads."""

from typing import TypeVar

from advisor.catalog.model import Part, TensorGroup, TensorRole

T = TypeVar("T")


class ShapeNotSourced(Exception):  # noqa: N818
    """A field that a rule needs is null. Never leaves the package: the model then has no inventory."""


def need(value: T | None) -> T:
    """Return a field that a rule cannot do without.

    Raises:
        ShapeNotSourced: it is null.
    """
    if value is None:
        raise ShapeNotSourced
    return value


def linear(
    name: str,
    num_rows: int,
    num_columns: int,
    num_layers: int = 1,
    *,
    bias: bool = False,
    per_layer: int = 1,
    part: Part = "text",
    role: TensorRole = "linear",
    active_share: float = 1.0,
    queries_per_kv: int = 1,
    num_experts: int = 0,
) -> list[TensorGroup]:
    """Return matrices of one shape and their biases.

    Args:
        name: GGUF-style hint.
        num_rows: output features.
        num_columns: input features.
        num_layers: layers that have it; none gives no groups.
        bias: each has a vector of output size too.
        per_layer: matrices of this shape in one layer.
        part: where it sits.
        role: how formats treat it.
        active_share: share of the matrices one token visits.
        queries_per_kv: query heads per key-value head.
        num_experts: routed experts of the model.
    """
    if num_layers * per_layer == 0:
        return []
    groups = [
        TensorGroup(
            name=name, role=role, part=part, num_rows=num_rows, num_columns=num_columns,
            num_tensors=num_layers * per_layer, num_layers=num_layers, active_share=active_share,
            num_queries_per_kv=queries_per_kv, num_experts=num_experts,
        )
    ]  # fmt: skip
    if bias:
        groups += vector("bias", num_rows, num_layers, per_layer=per_layer, part=part, active_share=active_share)
    return groups


def vector(
    name: str,
    size: int,
    num_layers: int = 1,
    *,
    per_layer: int = 1,
    part: Part = "text",
    role: TensorRole = "bias",
    active_share: float = 1.0,
) -> list[TensorGroup]:
    """Return vectors of one length, `per_layer` in each of `num_layers` layers."""
    if num_layers * per_layer == 0:
        return []
    return [
        TensorGroup(
            name=name, role=role, part=part, num_rows=size, num_tensors=num_layers * per_layer, num_layers=num_layers,
            active_share=active_share,
        )
    ]  # fmt: skip


def norm(
    size: int, num_layers: int = 1, *, per_layer: int = 1, bias: bool = False, part: Part = "text"
) -> list[TensorGroup]:
    """Return normalisation weights, with biases for LayerNorm as most models have it."""
    return vector("norm", size, num_layers, per_layer=per_layer * (2 if bias else 1), part=part, role="norm")


def table(name: str, num_rows: int, num_columns: int, *, part: Part = "text") -> list[TensorGroup]:
    """Return a table of positions or token types: looked up, never quantized."""
    return [TensorGroup(name=name, role="position", part=part, num_rows=num_rows, num_columns=num_columns)]


def embedding(
    vocab_size: int, width: int, *, tied: bool | None = None, part: Part = "text", head_bias: bool = False
) -> list[TensorGroup]:
    """Return the token table and the output matrix, which may be the same.

    Args:
        vocab_size: tokens.
        width: features of a token.
        tied: output is the table again; null for a model without output matrix.
        part: where the table sits.
        head_bias: the output matrix has a bias.
    """
    # llama.cpp gives the table the type of the output matrix wherever there is no matrix of its own.
    name = "token_embd" if tied is False else "token_embd_shared"
    groups = [TensorGroup(name=name, role="embedding", part=part, num_rows=vocab_size, num_columns=width)]
    if tied is not None:
        groups.append(
            TensorGroup(
                name="output", role="lm_head", part=part, num_rows=vocab_size, num_columns=width, tied=tied
            )
        )  # fmt: skip
    return groups + (vector("bias", vocab_size, part=part) if head_bias else [])


def lump(name: str, num_parameters: int, part: Part, role: TensorRole = "other") -> list[TensorGroup]:
    """Return a component of which only the number of parameters is known, as one vector."""
    return [TensorGroup(name=name, role=role, part=part, num_rows=num_parameters)] if num_parameters > 0 else []
