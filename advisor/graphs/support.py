"""Which candidates have a synthetic graph, and why the others have none. Pure, no onnx."""

from typing import Literal

from advisor.catalog.model import Architecture, Format, ModelCard
from advisor.graphs import traits
from advisor.graphs.storage import BY_FORMAT

TextFamily = Literal["decoder", "encoder"]
_PARTS: tuple[tuple[str, str], ...] = (
    ("moe", "mixture-of-experts models"),
    ("mla", "models with latent attention"),
    ("ssm", "state-space and hybrid models"),
    ("encoder_decoder", "encoder-decoder models"),
    ("vision", "models that read images"),
    ("audio", "speech models"),
    ("detector", "object detectors"),
)
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
        return _stored("decoder", format, _DECODER_FORMATS)
    if traits.encoder_shape(card) is not None:
        return _stored("encoder", format, _ENCODER_FORMATS)
    return None, ""


def no_format(format: Format) -> str:
    """Return why no graph is made for a format; nothing where one can be."""
    if format.id in BY_FORMAT:
        return ""
    if format.runtime == "onnxruntime":
        return f"Test models in {format.label} are not made: this computer's processor would compute in 32 bits."
    return f"{format.label} is run by {format.runtime}; the probe runs ONNX Runtime only."


def no_family(architecture: Architecture) -> str:
    """Return why no graph is made for a model whose kind no package knows."""
    for field, words in _PARTS:
        if getattr(architecture, field) is not None:
            return f"Test models for {words} are not made yet."
    known = architecture.model_type in traits.DECODER_TRAITS or architecture.model_type in traits.ENCODER_TOKEN_TYPES
    if known:
        return "The published sizes of this model do not agree with its parameter count, so no test model is made."
    return f"Test models of the type {architecture.model_type!r} are not made yet."


def _stored(found: TextFamily, format: Format, possible: tuple[str, ...]) -> tuple[TextFamily | None, str]:
    if format.id in possible:
        return found, ""
    return None, f"Test models of this kind in {format.label} are not made yet."
