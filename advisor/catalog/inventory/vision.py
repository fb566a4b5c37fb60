"""Vision transformers: image models of their own, and the towers of models that read images and text."""

from collections.abc import Callable, Mapping
from math import prod

import msgspec

from advisor.catalog.inventory.parts import embedding, linear, need, norm, table, vector
from advisor.catalog.model import Architecture, Part, TensorGroup, VisionFacts

_COLOURS = 3
_FRAMES = 2
"""Qwen towers take two frames at a time; a still image is doubled."""
_QWEN2_WIDTH = 1280
_QWEN_GRID_POSITIONS = 2304
_QWEN_DEEPSTACK = 3
_GEMMA4_POSITIONS = 10240
_YOLOS_TOKENS = 100
_YOLOS_MID_POSITIONS_FROM = 384
"""Hidden size from which YOLOS adds positions before every layer but the first (small and base, not tiny)."""
_SAM_WINDOW, _SAM_NECK = 14, 256
_SAM_GLOBAL_LAYERS = 4


class Tower(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of tower has. Source: the family's modeling file in transformers 5."""

    patch_bias: bool = True
    bias: bool = True
    norm_bias: bool = True
    gated: bool = False
    extra_tokens: int = 0
    """Learned tokens beside the patches, each with a position of its own."""
    spare_vectors: int = 0
    """Further vectors of the hidden size: mask token and the like."""
    positions: bool = True
    first_norm: bool = False
    last_norm: bool = True
    layer_scale: bool = False
    pooling_head: bool = False
    num_norms: int = 2
    head_norms: bool = False
    frames: int = 1


CLIP = Tower(patch_bias=False, extra_tokens=1, first_norm=True)
SIGLIP = Tower()
VIT = Tower(extra_tokens=1)
PIXTRAL = Tower(
    patch_bias=False, bias=False, norm_bias=False, gated=True, positions=False, first_norm=True, last_norm=False
)
TOWERS: dict[str, Tower] = {
    "clip_vision_model": CLIP,
    "siglip_vision_model": SIGLIP,
    "idefics3_vision": SIGLIP,
    "smolvlm_vision": SIGLIP,
    "blip_vision_model": VIT,
    "vit": VIT,
    "dinov2": Tower(extra_tokens=1, spare_vectors=1, layer_scale=True),
    "pixtral": PIXTRAL,
    "gemma4_vision": msgspec.structs.replace(PIXTRAL, first_norm=False, num_norms=4, head_norms=True),
    "qwen2_vl_vision": Tower(patch_bias=False, positions=False, last_norm=False, frames=_FRAMES),
    "qwen2_5_vl_vision": Tower(
        patch_bias=False, positions=False, last_norm=False, frames=_FRAMES, gated=True, norm_bias=False
    ),
    "qwen3_vl_vision": Tower(positions=False, last_norm=False, frames=_FRAMES),
}
_QWEN3_TOWERS = frozenset({"qwen3_vl_vision", "qwen3_5_vision", "qwen3_5_moe_vision"})


def grid(facts: VisionFacts) -> int:
    """Return the number of patches of an image."""
    patch, sides = need(facts.patch_size_px), need(facts.image_size_px)
    return prod(side // patch for side in (sides * 2)[:2])


def layers(facts: VisionFacts, tower: Tower, part: Part) -> list[TensorGroup]:
    """Return the transformer layers of a tower.

    Raises:
        ShapeNotSourced: a field is null.
    """
    hidden, count = need(facts.hidden_size), need(facts.num_hidden_layers)
    inner = facts.intermediate_size or 4 * hidden
    groups: list[TensorGroup] = []
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        groups += linear(name, hidden, hidden, count, bias=tower.bias, part=part)
    for name in ("ffn_up", "ffn_gate") if tower.gated else ("ffn_up",):
        groups += linear(name, inner, hidden, count, bias=tower.bias, part=part)
    groups += linear("ffn_down", hidden, inner, count, bias=tower.bias, part=part)
    groups += norm(hidden, count, per_layer=tower.num_norms, bias=tower.norm_bias, part=part)
    if tower.head_norms:
        groups += norm(hidden // need(facts.num_attention_heads), count, per_layer=2, part=part)
    return groups + (vector("layer_scale", hidden, count, per_layer=2, part=part) if tower.layer_scale else [])


def patches(facts: VisionFacts, tower: Tower, part: Part) -> list[TensorGroup]:
    """Return the projection of a patch to the hidden size."""
    columns = _COLOURS * tower.frames * need(facts.patch_size_px) ** 2
    return linear("patch_embd", need(facts.hidden_size), columns, bias=tower.patch_bias, part=part, role="conv")


def transformer(facts: VisionFacts, tower: Tower, part: Part) -> list[TensorGroup]:
    """Return a whole tower without any head."""
    hidden = need(facts.hidden_size)
    groups = patches(facts, tower, part) + layers(facts, tower, part)
    if tower.positions:
        groups += table("position_embd", grid(facts) + tower.extra_tokens, hidden, part=part)
    spare = tower.extra_tokens + tower.spare_vectors
    groups += vector("token", hidden, 1, per_layer=spare, part=part, role="position")
    return groups + norm(hidden, tower.first_norm + tower.last_norm, bias=tower.norm_bias, part=part)


def pooling_head(facts: VisionFacts, part: Part = "vision") -> list[TensorGroup]:
    """Return SigLIP's head: one learned query attends to all patches."""
    hidden, inner = need(facts.hidden_size), need(facts.intermediate_size)
    groups = vector("probe", hidden, part=part) + norm(hidden, bias=True, part=part)
    groups += linear("attn_qkv", 3 * hidden, hidden, bias=True, part=part)
    groups += linear("attn_output", hidden, hidden, bias=True, part=part)
    groups += linear("ffn_up", inner, hidden, bias=True, part=part)
    return groups + linear("ffn_down", hidden, inner, bias=True, part=part)


def qwen_tower(facts: VisionFacts, out_size: int) -> list[TensorGroup]:
    """Return a tower of the Qwen line with its merger to the width of the text model.

    Args:
        facts: the tower. Qwen2-VL gives the width of the text model as its hidden size; its own is 1280.
        out_size: width of the text model.
    """
    kind = "qwen3_vl_vision" if facts.model_type in _QWEN3_TOWERS else facts.model_type
    if kind == "qwen2_vl_vision":
        facts = msgspec.structs.replace(facts, hidden_size=_QWEN2_WIDTH)
    hidden, tower = need(facts.hidden_size), TOWERS[kind]
    wide = hidden * need(facts.spatial_merge_size) ** 2
    groups = patches(facts, tower, "vision") + layers(facts, tower, "vision")
    merger = linear("merger", wide, wide, bias=True, part="projector")
    merger += linear("merger", out_size, wide, bias=True, part="projector")
    groups += merger + norm(hidden, bias=tower.norm_bias, part="projector")
    if kind == "qwen3_vl_vision":
        groups += table("position_embd", _QWEN_GRID_POSITIONS, hidden, part="vision")
    if facts.model_type == "qwen3_vl_vision":
        groups += norm(wide, _QWEN_DEEPSTACK, bias=True, part="projector")
        groups += merger * _QWEN_DEEPSTACK
    return groups


def gemma4_tower(facts: VisionFacts) -> list[TensorGroup]:
    """Return the tower of Gemma 4: positions are two tables, one for each axis."""
    hidden = need(facts.hidden_size)
    rows = table("position_embd", 2 * _GEMMA4_POSITIONS, hidden, part="vision")
    return transformer(facts, msgspec.structs.replace(TOWERS["gemma4_vision"], last_norm=False), "vision") + rows


def _classifier(count: int, width: int) -> list[TensorGroup]:
    labels = count // (width + 1)
    return linear("cls.output", labels, width, bias=True, part="head") if labels else []


def image_classifier(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return a vision transformer with the classifier its components name.

    Raises:
        ShapeNotSourced: a field is null.
    """
    facts = need(shape.vision)
    groups = transformer(facts, TOWERS[shape.model_type], "backbone")
    return groups + _classifier(components.get("classifier", 0), need(facts.hidden_size))


def clip(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return CLIP: an image tower, a text tower, and a projection of each to one space."""
    facts, hidden = need(shape.vision), need(shape.hidden_size)
    groups = transformer(facts, CLIP, "vision") + _text_tower(shape)
    groups += linear("projection", hidden, need(facts.hidden_size), part="projector")
    return groups + linear("projection", hidden, hidden, part="projector") + vector("logit_scale", 1, part="head")


def siglip(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return SigLIP: an image tower with a pooling head and a text tower with a dense head."""
    facts, hidden = need(shape.vision), need(shape.hidden_size)
    groups = transformer(facts, SIGLIP, "vision") + pooling_head(facts) + _text_tower(shape)
    return groups + linear("dense", hidden, hidden, bias=True, part="text") + vector("logit_scale", 1, 2, part="head")


def _text_tower(shape: Architecture) -> list[TensorGroup]:
    hidden = need(shape.hidden_size)
    facts = VisionFacts(
        model_type="text", hidden_size=hidden, intermediate_size=shape.intermediate_size,
        num_hidden_layers=shape.num_hidden_layers, num_attention_heads=shape.num_attention_heads,
    )  # fmt: skip
    groups = embedding(need(shape.vocab_size), hidden)
    groups += table("position_embd", need(shape.max_position_embeddings), hidden)
    return groups + layers(facts, VIT, "text") + norm(hidden, bias=True)


def yolos(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return YOLOS: a vision transformer with 100 detection tokens and two small heads."""
    facts = need(shape.vision)
    hidden = need(facts.hidden_size)
    tower = msgspec.structs.replace(VIT, extra_tokens=1 + _YOLOS_TOKENS)
    groups = transformer(facts, tower, "backbone")
    if hidden >= _YOLOS_MID_POSITIONS_FROM:
        rows = grid(facts) + tower.extra_tokens
        groups += table("mid_position_embd", rows * (need(facts.num_hidden_layers) - 1), hidden, part="backbone")
    for name, count in components.items():
        if name in ("class_labels_classifier", "bbox_predictor"):
            groups += linear("cls", hidden, hidden, 2, bias=True, part="head")
            groups += _classifier(count - 2 * hidden * (hidden + 1), hidden)
    return groups


def sam(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Segment Anything: the image encoder from its shape, prompt encoder and mask decoder from their counts."""
    facts = need(shape.vision)
    hidden, count = need(facts.hidden_size), need(facts.num_hidden_layers)
    width, side = hidden // need(facts.num_attention_heads), grid(facts)
    groups = patches(facts, VIT, "backbone") + layers(facts, VIT, "backbone")
    groups += table("position_embd", side, hidden, part="backbone")
    edge = 2 * int(side**0.5) - 1
    groups += vector("rel_pos", 2 * edge * width, _SAM_GLOBAL_LAYERS, part="backbone", role="position")
    window = 2 * (2 * _SAM_WINDOW - 1) * width
    groups += vector("rel_pos", window, count - _SAM_GLOBAL_LAYERS, part="backbone", role="position")
    groups += linear("neck", _SAM_NECK, hidden, part="backbone", role="conv")
    groups += linear("neck", _SAM_NECK, 9 * _SAM_NECK, part="backbone", role="conv")
    groups += norm(_SAM_NECK, per_layer=2, bias=True, part="backbone")
    for name, size in components.items():
        if name != "vision_encoder":
            groups += vector(name, size, part="head", role="other")
    return groups


RULES: dict[str, Callable[[Architecture, Mapping[str, int]], list[TensorGroup]]] = {
    "vit": image_classifier,
    "dinov2": image_classifier,
    "clip": clip,
    "siglip": siglip,
    "yolos": yolos,
    "sam": sam,
}
