"""What fine-tuning multiplies and keeps, counted from a model's tensors. Numbers only; `finetune` gives them ranges."""

from collections.abc import Sequence

import msgspec

from advisor.catalog.model import Architecture, TensorGroup

FORWARD_FLOPS = 2.0
"""[FLOP] A weight and a token: one product, one sum."""
LORA_QUERY_VALUE = ("attn_q", "attn_v", "attn_qkv", "cross_attn_q", "cross_attn_v")
"""Where adapters go by default: queries and values, or the fused matrix. Source: LoRA, arXiv 2106.09685, section 4.2;
PEFT, `utils/constants.py`."""
LORA_ALL_LINEAR = (
    "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "cross_attn_q", "cross_attn_k", "cross_attn_v",
    "cross_attn_output", "ffn_gate", "ffn_up", "ffn_down",
)  # fmt: skip
"""Every linear layer of the blocks, as QLoRA does. Source: QLoRA, arXiv 2305.14314, section 4."""
_BLOCK_ROLES = frozenset({"linear", "expert", "router"})
_STORED_BYTES = 2.0
"""[B] One activation kept for the way back, in 16 bits."""
_LOGIT_BYTES = 8.0
"""[B] One score of a word in 32 bits and its gradient."""
_WRITERS = frozenset(
    {"text-generation", "chat", "summarization", "translation", "text2text-generation", "image-text-to-text"}
)


class FinetuneWork(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a model, for one token and one layer."""

    num_parameters: int
    num_matrix_parameters: int
    """Read for each token: matrices of the blocks, experts by their share, and the output matrix."""
    num_quantizable: int
    """In matrices of the blocks: those that QLoRA stores in 4 bits."""
    num_lora: int
    """In adapters of the rank asked for."""
    num_layers: int
    activation_bytes: float
    """[B] Of one token, all layers, kept for the way back."""
    layer_input_bytes: float
    """[B] Of one token: what checkpointing keeps of all layers together."""
    logit_bytes: float
    """[B] Of one token; 0 where no words are written."""
    attention_flops: float
    """[FLOP] Of one token for each token of its text, forward, all layers."""


def work(
    groups: Sequence[TensorGroup],
    architecture: Architecture,
    *,
    rank: int,
    targets: Sequence[str],
    tasks: Sequence[str] = (),
) -> FinetuneWork:
    """Count a model for fine-tuning.

    Args:
        groups: its tensors.
        architecture: its shape, for the width of attention.
        rank: r of the adapters.
        targets: names of the tensors that get one.
        tasks: tags of the hub; a model that writes pays for a score of every word.
    """
    blocks = [group for group in groups if group.role in _BLOCK_ROLES and group.part != "head"]
    outputs = [group for group in groups if group.role == "lm_head"] if _WRITERS & set(tasks) else []
    matrices = [*blocks, *outputs]
    return FinetuneWork(
        num_parameters=sum(group.num_parameters() for group in groups),
        num_matrix_parameters=round(sum(_visited(group) for group in matrices)),
        num_quantizable=sum(group.num_parameters() for group in blocks),
        num_lora=sum(lora_parameters(group, rank) for group in blocks if group.name in targets),
        num_layers=_num_layers(blocks),
        activation_bytes=sum(_kept(group) for group in blocks) * _STORED_BYTES,
        layer_input_bytes=_STORED_BYTES * _num_layers(blocks) * _width(blocks),
        logit_bytes=_LOGIT_BYTES * max((group.num_rows for group in outputs), default=0),
        attention_flops=_attention(blocks, architecture),
    )


def lora_parameters(group: TensorGroup, rank: int) -> int:
    """Return the parameters of adapters on a tensor: r x (in + out), once for each copy."""
    return rank * (group.num_rows + group.num_columns) * group.num_tensors


def smallest_side(groups: Sequence[TensorGroup], targets: Sequence[str]) -> int:
    """Return the smallest side of the targeted matrices: a rank above it adapts nothing more; 0 without a target."""
    return min((min(g.num_rows, g.num_columns) for g in groups if g.name in targets and g.part != "head"), default=0)


def _visited(group: TensorGroup) -> float:
    """Return the weights one token is multiplied with; a tied output matrix is read though it is not stored twice."""
    return group.num_rows * group.num_columns * group.num_tensors * group.active_share


def _num_layers(blocks: Sequence[TensorGroup]) -> int:
    """Return the layers of all stacks: an encoder's and a decoder's add up."""
    by_part: dict[str, int] = {}
    for group in blocks:
        by_part[group.part] = max(by_part.get(group.part, 0), group.num_layers)
    return sum(by_part.values())


def _width(blocks: Sequence[TensorGroup]) -> int:
    """Return the width of the stream between layers."""
    return max((group.num_columns for group in blocks if group.name in {"attn_q", "attn_qkv", "attn_k"}), default=0)


def _kept(group: TensorGroup) -> float:
    """Return the values kept of one token because of one group.

    Attention keeps the stream, the same normed, what comes out of queries, keys and values, and what goes into and
    comes out of its last matrix. The feed-forward part keeps its normed input, what comes out of each wide matrix, and
    what goes into and comes out of the last. For a width h with 4 h in between that is 17 h values, 34 h bytes.

    Source:
        Korthikanti et al., Reducing Activation Recomputation, arXiv 2205.05198, section 4.1; scores of attention are
        not kept, as in every fused kernel.
    """
    times = group.num_tensors * group.active_share
    if group.name.endswith(("attn_q", "attn_qkv")):
        return times * (2 * group.num_columns + group.num_rows)
    if group.name.endswith(("attn_k", "attn_v")):
        return times * group.num_rows
    if group.name.endswith(("attn_output", "ffn_down", "ffn_down_exps")):
        return times * (group.num_columns + group.num_rows)
    if group.name.endswith(("ffn_up", "ffn_gate", "ffn_up_exps", "ffn_gate_exps")):
        return times * (group.num_rows + (group.num_columns if "up" in group.name else 0))
    return times * group.num_rows


def _attention(blocks: Sequence[TensorGroup], architecture: Architecture) -> float:
    """Return the products of queries with keys and of scores with values: 2 x 2 x width, halved where causal."""
    width = sum(group.num_columns * group.num_tensors for group in blocks if group.name.endswith("attn_output"))
    causal = architecture.encoder_decoder is None and all(group.part == "text" for group in blocks)
    return 2.0 * FORWARD_FLOPS * width * (0.5 if causal else 1.0)
