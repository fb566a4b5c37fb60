"""Decoders that also read images: a text decoder, an image tower and the projector between them."""

from collections.abc import Callable, Mapping

import msgspec

from advisor.catalog.inventory import decoder, gemma, recurrent, vision
from advisor.catalog.inventory.parts import embedding, linear, lump, need, norm, table, vector
from advisor.catalog.model import Architecture, TensorGroup, VisionFacts

_MLLAMA_CROSS_EVERY = 5
"""Every fifth layer of Llama 3.2 Vision attends to the image instead of the text."""
_MLLAMA_EXTRA_TOKENS = 8
_AYA_PROJECTOR_SIZE = 28672
_AYA_MERGE = 2

Rule = Callable[[Architecture, Mapping[str, int]], list[TensorGroup]]


def _text(shape: Architecture, family: str) -> list[TensorGroup]:
    """Return the text decoder of a multimodal model, by the rule of its text family."""
    return decoder.dense(msgspec.structs.replace(shape, model_type=family))


def _facts(shape: Architecture) -> tuple[VisionFacts, int, int]:
    facts = need(shape.vision)
    return facts, need(facts.hidden_size), need(shape.hidden_size)


def _project(num_out: int, num_in: int, *, bias: bool = False) -> list[TensorGroup]:
    return linear("projector", num_out, num_in, bias=bias, part="projector")


def mistral3(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Mistral 3: a Pixtral tower whose patches are merged two by two."""
    facts, width, hidden = _facts(shape)
    groups = _text(shape, "mistral") + vision.transformer(facts, vision.PIXTRAL, "vision")
    groups += norm(width, part="projector") + _project(width, width * need(facts.spatial_merge_size) ** 2)
    return groups + _project(hidden, width) + _project(hidden, hidden)


def idefics3(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Idefics 3 or SmolVLM: a SigLIP tower, blocks of patches folded into one token."""
    facts, width, hidden = _facts(shape)
    groups = _text(shape, "llama") + vision.transformer(facts, vision.SIGLIP, "vision")
    return groups + _project(hidden, width * need(facts.scale_factor) ** 2)


def llava(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return LLaVA 1.5: a CLIP tower and a projector of two layers."""
    facts, width, hidden = _facts(shape)
    groups = _text(shape, "llama") + vision.transformer(facts, vision.CLIP, "vision")
    return groups + _project(hidden, width, bias=True) + _project(hidden, hidden, bias=True)


def gemma3(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Gemma 3 with its SigLIP tower."""
    facts, width, hidden = _facts(shape)
    groups = _text(shape, "gemma3_text") + vision.transformer(facts, vision.SIGLIP, "vision")
    return groups + norm(width, part="projector") + _project(hidden, width)


def paligemma(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return PaliGemma: a SigLIP tower and a Gemma decoder."""
    facts, width, hidden = _facts(shape)
    groups = _text(shape, "gemma") + vision.transformer(facts, vision.SIGLIP, "vision")
    return groups + _project(hidden, width, bias=True)


def aya_vision(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Aya Vision: a SigLIP tower, merged patches and a gated projector."""
    facts, width, hidden = _facts(shape)
    wide = width * _AYA_MERGE**2
    groups = _text(shape, "cohere2") + vision.transformer(facts, vision.SIGLIP, "vision")
    groups += norm(wide, bias=True, part="projector") + _project(_AYA_PROJECTOR_SIZE, wide, bias=True)
    return groups + _project(hidden, _AYA_PROJECTOR_SIZE // 2, bias=True)


def qwen2_vl(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Qwen2-VL or Qwen2.5-VL."""
    return _text(shape, "qwen2") + vision.qwen_tower(need(shape.vision), need(shape.hidden_size))


def qwen3_vl(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Qwen3-VL, whose tower feeds three more mergers into early layers."""
    return _text(shape, "qwen3") + vision.qwen_tower(need(shape.vision), need(shape.hidden_size))


def qwen3_5(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Qwen3.5 or 3.6: gated delta layers, and an image tower where it is sourced."""
    groups = recurrent.qwen_next(shape)
    return groups + (vision.qwen_tower(shape.vision, need(shape.hidden_size)) if shape.vision is not None else [])


def mllama(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Llama 3.2 Vision; the image tower from its count.

    Every fifth layer has queries for the text and keys and values for the image, and two gates of one number.
    """
    hidden, layers, inner = need(shape.hidden_size), need(shape.num_hidden_layers), need(shape.intermediate_size)
    num_cross = layers // _MLLAMA_CROSS_EVERY
    sizes, traits, crossed = decoder.attention_shape(shape), decoder.FAMILIES["llama"], decoder.FAMILIES["qwen3"]
    groups = embedding(need(shape.vocab_size), hidden, tied=need(shape.tie_word_embeddings)) + norm(hidden)
    groups += table("image_tokens", _MLLAMA_EXTRA_TOKENS, hidden)
    groups += decoder.attention(sizes, traits, layers - num_cross) + decoder.attention(sizes, crossed, num_cross)
    groups += decoder.mlp(traits, hidden, inner, layers) + norm(hidden, layers, per_layer=2)
    groups += vector("gate", 1, num_cross, per_layer=2, role="state")
    groups += lump("vision_model", components.get("model.vision_model", 0), "vision")
    return groups + lump("projector", components.get("model.multi_modal_projector", 0), "projector")


def blip(shape: Architecture, _components: Mapping[str, int]) -> list[TensorGroup]:
    """Return BLIP: a vision transformer and a BERT-like decoder that attends to it."""
    facts, width, hidden = _facts(shape)
    layers, inner = need(shape.num_hidden_layers), need(shape.intermediate_size)
    groups = vision.transformer(facts, vision.VIT, "vision")
    groups += embedding(need(shape.vocab_size), hidden, tied=True, head_bias=True)
    groups += table("position_embd", need(shape.max_position_embeddings), hidden) + norm(hidden, bias=True)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "cross_attn_q", "cross_attn_output"):
        groups += linear(name, hidden, hidden, layers, bias=True)
    groups += linear("cross_attn_k", hidden, width, layers, bias=True)
    groups += linear("cross_attn_v", hidden, width, layers, bias=True)
    groups += linear("ffn_up", inner, hidden, layers, bias=True) + linear("ffn_down", hidden, inner, layers, bias=True)
    groups += norm(hidden, layers, per_layer=3, bias=True)
    return groups + linear("dense", hidden, hidden, bias=True, part="head") + norm(hidden, bias=True, part="head")


def qwen3_asr(shape: Architecture, components: Mapping[str, int]) -> list[TensorGroup]:
    """Return Qwen3-ASR: the text decoder from its shape, audio tower and projector from their counts."""
    groups = _text(shape, "qwen3") + lump("audio_tower", components.get("model.audio_tower", 0), "audio")
    return groups + lump("projector", components.get("model.multi_modal_projector", 0), "projector")


RULES: dict[str, Rule] = {
    "mistral3": mistral3,
    "idefics3": idefics3,
    "smolvlm": idefics3,
    "llava": llava,
    "gemma3": gemma3,
    "paligemma": paligemma,
    "aya_vision": aya_vision,
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_vl,
    "qwen3_vl": qwen3_vl,
    "qwen3_5": qwen3_5,
    "qwen3_5_moe": qwen3_5,
    "mllama": mllama,
    "blip": blip,
    "qwen3_asr": qwen3_asr,
    "gemma3n": gemma.gemma3n,
    "gemma4": gemma.gemma4,
    "gemma4_unified": gemma.gemma4,
}
