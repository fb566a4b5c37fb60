"""From parameters by name to groups by shape and role, for any model: what an estimate needs of its tensors.

Roles follow from the names that transformers and llama.cpp give. A name that is not understood becomes an ordinary
matrix when it has two dimensions, and something that is never quantized otherwise: sizes stay exact either way.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import prod
from typing import NamedTuple

from advisor.catalog.headers.packed import Parameter
from advisor.catalog.model import Part, TensorGroup, TensorRole

_CACHE_SIZE = 4096
_MOST_KERNEL = 64
"""[1] A third dimension beyond it is no kernel of a convolution."""
_NUMBER = re.compile(r"(?:^|\.)(\d+)(?=\.|$)")
_EXPERT_NUMBER = re.compile(r"experts\.\d+\.")
_HINTS = (
    ("ffn_gate_inp", r"(mlp|moe|feed_forward|block_sparse_moe|mixer)\.(gate|router)\b|router|ffn_gate_inp"),
    ("ffn_gate_up_exps", r"experts?\..*gate_up|gate_up_exps"),
    ("ffn_gate_exps", r"experts?\..*(gate_proj|\.w1\b|gate)|gate_exps"),
    ("ffn_up_exps", r"experts?\..*(up_proj|\.w3\b|up\b|fc1|input_linear)|up_exps"),
    ("ffn_down_exps", r"experts?\..*(down_proj|\.w2\b|down\b|fc2|output_linear)|down_exps"),
    ("attn_qkv", r"qkv|query_key_value|c_attn|Wqkv|in_proj_weight"),
    ("attn_q", r"q_proj|attn_q\b|attention\.self\.query|q_lin|\bquery\b|SelfAttention\.q\b|\bwq\b"),
    ("attn_k", r"k_proj|attn_k\b|attention\.self\.key|k_lin|\bkey\b|SelfAttention\.k\b|\bwk\b"),
    ("attn_v", r"v_proj|attn_v\b|attention\.self\.value|v_lin|\bvalue\b|SelfAttention\.v\b|\bwv\b"),
    ("attn_output", r"o_proj|out_proj|attn_output|attention\.output\.dense|out_lin|attn\.c_proj|SelfAttention\.o\b"),
    ("ffn_gate", r"gate_proj|ffn_gate|gate_up_proj|\bw1\b|wi_0"),
    ("ffn_up", r"up_proj|ffn_up|intermediate\.dense|fc1|c_fc|lin1|\bw3\b|\bwi\b|wi_1|dense_h_to_4h"),
    ("ffn_down", r"down_proj|ffn_down|output\.dense|fc2|mlp\.c_proj|lin2|\bw2\b|\bwo\b|dense_4h_to_h"),
)
"""Name of a group as the catalog's inventory uses it -> names that mean it; the first that fits counts."""
_SHARED_EXPERT = re.compile(r"shared_expert|shexp")
"""Experts that every token visits; `shared_expert_gate.weight` weighs them."""
_HINT_PATTERNS = tuple((re.compile(pattern), hint) for hint, pattern in _HINTS)
_TABLE = re.compile(
    r"embed_tokens|word_embeddings|\bwte\b|token_embd|tok_embeddings|embed_in\b|^shared\.|tok_embed|word_embedding\b"
    r"|(^|\.)embeddings?\.weight$|per_layer_token_embd|(^|\.)embedding$"
)
_HEAD = re.compile(
    r"lm_head(\.(weight|decoder|linear)\b|$)|^output\.weight$|embed_out|predictions\.decoder|vocab_projector|^head\.weight$|lm_output"
)
_POSITION = re.compile(
    r"position|token_type|(cls|mask|dist|register)_tokens?$|\bwpe\b|pos_embed|rel_pos|relative_attention_bias"
    r"|rel_embeddings"
)
_NORM = re.compile(r"norm|\bln_|\bln\d?\b|layer_norm|LayerNorm|ln_f")
_STATE = re.compile(r"A_log|\bD$|dt_bias|ssm_a\b|ssm_d\b|time_")
_PARTS: tuple[tuple[re.Pattern[str], Part], ...] = (
    (re.compile(r"multi_modal_projector|mm_projector|connector|visual\.merger|^mm\.|image_newline"), "projector"),
    (re.compile(r"(^|\.)(vision|visual|image_encoder|vpm|v\.)"), "vision"),
    (re.compile(r"(^|\.)(audio|speech|sound)"), "audio"),
    (re.compile(r"^classifier|^score\.|pooler|qa_outputs|^dense\.|^cls\."), "head"),
)
_COMPONENTS: Mapping[str, Part] = {
    "unet": "denoiser", "transformer": "denoiser", "prior": "denoiser", "vae": "vae", "text_encoder": "text",
    "text_encoder_2": "text", "text_encoder_3": "text", "image_encoder": "vision", "safety_checker": "vision",
}  # fmt: skip


class Kept(NamedTuple):
    """What makes tensors of one group alike."""

    name: str
    role: TensorRole
    part: Part
    num_rows: int
    num_columns: int


def part_of_component(name: str) -> Part | None:
    """Return what a folder of an image generator holds."""
    return _COMPONENTS.get(name)


def grouped(
    found: Iterable[Parameter],
    *,
    plain_part: Part = "text",
    num_experts: int = 0,
    num_experts_per_token: int = 0,
    num_queries_per_kv: int = 1,
    two_stacks: bool = False,
) -> tuple[TensorGroup, ...]:
    """Return parameters as groups.

    Args:
        found: parameters, packed ones unpacked.
        plain_part: where tensors sit whose name tells no other place.
        num_experts: routed experts in a layer, 0 for none.
        num_experts_per_token: of them, how many one token visits.
        num_queries_per_kv: query heads per key-value head.
        two_stacks: it has an encoder and a decoder.
    """
    share = num_experts_per_token / num_experts if num_experts and num_experts_per_token else 1.0
    counts: dict[Kept, int] = {}
    layers: dict[Kept, set[str]] = {}
    for item in found:
        if item.num_elements() == 0:
            continue
        kept, count = _kept(item, plain_part, two_stacks=two_stacks)
        counts[kept] = counts.get(kept, 0) + count
        numbers = _NUMBER.findall(_EXPERT_NUMBER.sub("experts.", item.name))
        layers.setdefault(kept, set()).add(numbers[0] if numbers else "")
    groups = [
        TensorGroup(
            name=kept.name, role=kept.role, part=kept.part, num_rows=kept.num_rows, num_columns=kept.num_columns,
            num_tensors=count, num_layers=len(layers[kept]), active_share=share if kept.role == "expert" else 1.0,
            num_queries_per_kv=num_queries_per_kv if kept.name in ("attn_k", "attn_v", "attn_qkv") else 1,
            num_experts=num_experts if kept.role == "expert" or kept.name.startswith("attn_") else 0,
        )
        for kept, count in counts.items()
    ]  # fmt: skip
    return tuple(groups)


def named(item: Parameter) -> tuple[str, TensorRole]:
    """Return the name of the group that a parameter belongs to, and what it is for."""
    kept = _kept(item, "text", two_stacks=False)[0]
    return kept.name, kept.role


def with_tied_head(groups: tuple[TensorGroup, ...]) -> tuple[TensorGroup, ...]:
    """Return the groups of a model that ends in words, with the token table as output matrix where it has none."""
    if any(group.role == "lm_head" for group in groups):
        return groups
    tables = [group for group in groups if group.role == "embedding"]
    if not tables:
        return groups
    largest = max(tables, key=lambda group: group.num_rows * group.num_columns)
    head = TensorGroup(
        name="output", role="lm_head", part=largest.part, num_rows=largest.num_rows, num_columns=largest.num_columns,
        tied=True,
    )  # fmt: skip
    shared = [_renamed(group, largest) for group in groups]
    return (*shared, head)


def num_layers(found: Iterable[Parameter]) -> int | None:
    """Guess the layers from the numbers in names: the longest run of one list of blocks; null without numbers."""
    lists: dict[str, set[int]] = {}
    for item in found:
        first = _NUMBER.search(item.name)
        if first is not None and len(first[1]) < 6:
            lists.setdefault(item.name[: first.start()], set()).add(int(first[1]))
    return max((len(numbers) for numbers in lists.values()), default=0) or None


def _renamed(group: TensorGroup, table: TensorGroup) -> TensorGroup:
    if group is not table or group.name != "token_embd":
        return group
    return TensorGroup(
        name="token_embd_shared", role="embedding", part=group.part, num_rows=group.num_rows,
        num_columns=group.num_columns, num_tensors=group.num_tensors,
    )  # fmt: skip


def _kept(item: Parameter, plain_part: Part, *, two_stacks: bool) -> tuple[Kept, int]:
    """Return the kind of group a parameter belongs to, and how many matrices it holds."""
    name, shape = _NUMBER.sub(".0", item.name), item.shape
    part = _part(name, plain_part, two_stacks=two_stacks)
    role = _role(name, len(shape), max(shape[2:], default=0) <= _MOST_KERNEL)
    if role == "expert" and len(shape) == 3:
        return Kept(_hint(name), role, part, shape[1], shape[2]), shape[0]
    if role in ("linear", "expert", "router", "embedding", "lm_head", "position") and len(shape) == 2:
        return Kept(_plain_name(name, role), role, part, shape[0], shape[1]), 1
    if role == "conv":
        return Kept("conv", role, part, shape[0], prod(shape[1:])), 1
    return Kept(role if role in ("norm", "bias") else "other", role, part, prod(shape), 1), 1


@lru_cache(maxsize=_CACHE_SIZE)
def _part(name: str, plain_part: Part, *, two_stacks: bool) -> Part:
    for pattern, part in _PARTS:
        if pattern.search(name):
            return part
    if two_stacks:
        if re.search(r"(^|\.)(encoder|enc)\.", name):
            return "encoder"
        if re.search(r"(^|\.)(decoder|dec)\.", name):
            return "decoder"
    return plain_part


@lru_cache(maxsize=_CACHE_SIZE)
def _role(name: str, num_dimensions: int, has_small_kernel: bool) -> TensorRole:
    if num_dimensions < 2:
        return _role_of_vector(name)
    if name.endswith("bias"):
        return "bias"
    if _SHARED_EXPERT.search(name):
        return "router" if name.endswith("gate.weight") else "linear"
    if "expert" in name or "_exps" in name:
        return "router" if "gate_inp" in name else "expert" if num_dimensions in (2, 3) else "other"
    if num_dimensions > 2:
        return "conv" if has_small_kernel else "other"
    if _POSITION.search(name):
        return "position"
    if _HEAD.search(name):
        return "lm_head"
    if _TABLE.search(name):
        return "embedding"
    return "router" if _hint(name) == "ffn_gate_inp" else "linear"


def _role_of_vector(name: str) -> TensorRole:
    if _NORM.search(name):
        return "norm"
    if name.endswith("bias"):
        return "bias"
    return "state" if _STATE.search(name) else "other"


def _plain_name(name: str, role: TensorRole) -> str:
    if role == "embedding":
        return "per_layer_token_embd" if "per_layer" in name else "token_embd"
    if role == "lm_head":
        return "output"
    return "position_embd" if role == "position" else _hint(name)


@lru_cache(maxsize=_CACHE_SIZE)
def _hint(name: str) -> str:
    return next((hint for pattern, hint in _HINT_PATTERNS if pattern.search(name)), "linear")
