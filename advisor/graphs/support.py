"""Which candidates have a synthetic graph, and why the others have none. Pure, no onnx."""

from typing import Literal

from advisor.catalog.model import Architecture, Format, ModelCard
from advisor.graphs import traits
from advisor.graphs.storage import BY_FORMAT

GraphFamily = Literal["decoder", "encoder"]
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


def family(card: ModelCard, format: Format) -> tuple[GraphFamily | None, str]:
    """Return the graph family of a candidate, or None and one sentence that says why there is none.

    Args:
        card: the model.
        format: how its weights are stored.
    """
    if format.id not in BY_FORMAT:
        return None, _no_format(format)
    if card.architecture is None:
        return None, "The shape of this model is not known, so no test model can be made for it."
    for field, words in _PARTS:
        if getattr(card.architecture, field) is not None:
            return None, f"Test models for {words} are not made yet."
    if traits.decoder_shape(card) is not None:
        return _stored("decoder", format, _DECODER_FORMATS)
    if traits.encoder_shape(card) is not None:
        return _stored("encoder", format, _ENCODER_FORMATS)
    return None, _no_shape(card.architecture)


def _stored(found: GraphFamily, format: Format, possible: tuple[str, ...]) -> tuple[GraphFamily | None, str]:
    if format.id in possible:
        return found, ""
    return None, f"Test models of this kind in {format.label} are not made yet."


def _no_format(format: Format) -> str:
    if format.runtime == "onnxruntime":
        return f"Test models in {format.label} are not made: this computer's processor would compute in 32 bits."
    return f"{format.label} is run by {format.runtime}; the probe runs ONNX Runtime only."


def _no_shape(architecture: Architecture) -> str:
    known = architecture.model_type in traits.DECODER_TRAITS or architecture.model_type in traits.ENCODER_TOKEN_TYPES
    if known:
        return "The published sizes of this model do not agree with its parameter count, so no test model is made."
    return f"Test models of the type {architecture.model_type!r} are not made yet."
