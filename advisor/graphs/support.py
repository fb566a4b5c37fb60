"""Which candidates have a synthetic graph, and why the others have none. Pure, no onnx."""

from typing import Literal

from advisor.catalog.model import Architecture, Format, ModelCard
from advisor.graphs import traits
from advisor.graphs.shape import DecoderShape
from advisor.graphs.storage import BY_FORMAT

TextFamily = Literal["decoder", "encoder"]
_PARTS: tuple[tuple[str, str], ...] = (
    ("encoder_decoder", "encoder-decoders of this type"),
    ("vision", "models that read images"),
    ("audio", "speech models of this type"),
    ("detector", "object detectors"),
    ("moe", "mixture-of-experts models"),
    ("mla", "models with latent attention"),
    ("ssm", "state-space and hybrid models"),
)
_WITHOUT_EXPORT = frozenset({"nemotron_h", "rwkv7"})
"""Recurrent types, beside those of which the catalog has the state's sizes, for which no exporter is known."""
NO_EXPORT = (
    "No tool is known to us that turns this model's state-space layers into operators of ONNX Runtime, so it is "
    "estimated and not measured."
)
_OTHER_INPUTS = ("vision", "audio", "detector", "encoder_decoder")
SHAPE_UNKNOWN = "The shape of this model is not fully known, so no test model is made."
DISAGREES = "The published sizes of this model do not agree with its parameter count, so no test model is made."
_MOST_LAYERS, _MOST_ELEMENTS = 4096, 1 << 24
"""Beyond any published model: a row that states more is a mistake, and would be walked through layer by layer."""
_HEAD_STEP = 8
"""[elements] GroupQueryAttention wants heads of a multiple of it, and of twice that where it turns them."""
_ENCODER_FORMATS = ("onnx-fp32", "onnx-int8-dynamic", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128")
_DECODER_FORMATS = ("onnx-fp32", "onnx-int8", "onnx-int4-b32", "onnx-int4-b128")


def family(card: ModelCard, format: Format) -> tuple[TextFamily | None, str]:
    """Return whether a candidate is a dense decoder or a plain encoder, or None and why its format does not serve.

    Args:
        card: the model.
        format: how its weights are stored.

    Returns:
        None and nothing for models of other kinds.
    """
    if card.architecture is None or any(getattr(card.architecture, field) is not None for field, _ in _PARTS):
        return None, ""
    if traits.decoder_shape(card) is not None:
        return "decoder", ""
    if traits.encoder_shape(card) is not None:
        if format.id in _ENCODER_FORMATS:
            return "encoder", ""
        return None, f"Test models of this kind in {format.label} are not made yet."
    return None, ""


def is_text_decoder(architecture: Architecture) -> bool:
    """Tell whether a model reads text alone and writes it."""
    return all(getattr(architecture, field) is None for field in _OTHER_INPUTS)


def impossible(architecture: Architecture) -> str:
    """Return why an architecture can be of no model at all; nothing where it can."""
    for field, most in (
        ("num_hidden_layers", _MOST_LAYERS), ("hidden_size", _MOST_ELEMENTS), ("intermediate_size", _MOST_ELEMENTS),
        ("num_attention_heads", _MOST_ELEMENTS), ("num_key_value_heads", _MOST_ELEMENTS), ("head_dim", _MOST_ELEMENTS),
        ("vocab_size", _MOST_ELEMENTS), ("max_position_embeddings", 1 << 40), ("sliding_window", 1 << 40),
    ):  # fmt: skip
        count = getattr(architecture, field)
        if count is not None and not 1 <= count <= most:
            return f"This model states {count} as {field}, which no model can have, so no test model is made."
    heads, groups = architecture.num_attention_heads, architecture.num_key_value_heads
    if heads and groups and heads % groups:
        return f"This model states {heads} attention heads for {groups} key-value heads, which do not divide them."
    return _impossible_experts(architecture)


def no_decoder(shape: DecoderShape, format: Format) -> str:
    """Return why ONNX Runtime's processor kernels cannot run a decoder in a format; nothing where they can.

    Args:
        shape: of the whole model.
        format: how its weights are stored.
    """
    if format.id not in _DECODER_FORMATS:
        return f"Test models of this kind in {format.label} are not made yet."
    step = _head_step(shape)
    if shape.head_size % step:
        heads = f"this model's have {shape.head_size}"
        return f"ONNX Runtime's attention wants heads of a multiple of {step} elements; {heads}."
    if shape.latent is not None and shape.latent.rotary_size % step:
        return f"ONNX Runtime's attention turns a multiple of {step} elements; this model {shape.latent.rotary_size}."
    if shape.latent is not None and shape.latent.value_size > shape.head_size:
        return "This model's values are wider than its keys, which ONNX Runtime's attention cannot hold."
    storage = BY_FORMAT[format.id]
    if shape.experts is not None and storage.kind == "blocks":
        widths = (shape.hidden_size, shape.experts.intermediate_size)
        if any(width % storage.block_size for width in widths):
            return (
                f"ONNX Runtime's experts want widths of a multiple of {storage.block_size} in {format.label}; this "
                f"model's are {widths[0]} and {widths[1]}."
            )
    return ""


def no_format(format: Format) -> str:
    """Return why no graph is made for a format; nothing where one can be."""
    if format.id in BY_FORMAT:
        return ""
    if format.runtime == "onnxruntime":
        return f"Test models in {format.label} are not made: this computer's processor would compute in 32 bits."
    return f"{format.label} is run by {format.runtime}; the probe runs ONNX Runtime only."


def no_family(architecture: Architecture) -> str:
    """Return why no graph is made for a model whose kind no package knows."""
    if architecture.model_type in _WITHOUT_EXPORT:
        return NO_EXPORT
    for field, words in _PARTS:
        if getattr(architecture, field) is not None:
            return f"Test models for {words} are not made yet."
    known = architecture.model_type in traits.DECODER_TRAITS or architecture.model_type in traits.ENCODER_TOKEN_TYPES
    if known:
        return DISAGREES
    return f"Test models of the type {architecture.model_type!r} are not made yet."


def _impossible_experts(architecture: Architecture) -> str:
    facts = architecture.moe
    if facts is None:
        return ""
    sizes = (facts.num_experts, facts.num_experts_per_token, facts.expert_intermediate_size)
    if any(not 1 <= size <= _MOST_ELEMENTS for size in sizes):
        return f"This model states {sizes[0]} experts of width {sizes[2]}, {sizes[1]} a token, which no model can have."
    if facts.num_experts_per_token > facts.num_experts:
        return f"This model states that each token visits {sizes[1]} of {sizes[0]} experts."
    return ""


def _head_step(shape: DecoderShape) -> int:
    return 2 * _HEAD_STEP if shape.positions == "rotary" else _HEAD_STEP
