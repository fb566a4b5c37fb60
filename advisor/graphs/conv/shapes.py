"""From a catalog row to the shape of its convolutional network, or the sentence why not. Pure."""

from collections.abc import Callable

import msgspec

from advisor.catalog.model import Architecture, ModelCard, VisionFacts
from advisor.graphs import support
from advisor.graphs.conv.convnext import ConvNextShape
from advisor.graphs.conv.fastvit import FastVitShape
from advisor.graphs.conv.mobile import MobileShape, Stage
from advisor.graphs.conv.networks import Shape
from advisor.graphs.conv.resnet import ResNetShape

_SIDE_PX = 224
"""[px] What a ResNet is trained and published at where the catalog has no size. Source: arXiv 1512.03385."""
_RESNET_STEM = 64
_IMAGENET_LABELS = 1000


def _inverted(size: int, repeats: int, kernel: int, stride: int, expand: float) -> Stage:
    return Stage(kind="inverted", size=size, repeats=repeats, kernel=kernel, stride=stride, expand=expand)


def _gated(size: int, repeats: int, kernel: int, stride: int, expand: float) -> Stage:
    return Stage(
        kind="inverted", size=size, repeats=repeats, kernel=kernel, stride=stride, expand=expand, gate_share=0.25
    )


def _relu(size: int, repeats: int, kernel: int, stride: int, expand: float, gate_share: float = 0.0) -> Stage:
    return Stage(
        kind="inverted", size=size, repeats=repeats, kernel=kernel, stride=stride, expand=expand,
        gate_share=gate_share, activation="relu",
    )  # fmt: skip


def _universal(size: int, first: int, kernel: int, expand: float, *, stride: int = 1, repeats: int = 1) -> Stage:
    return Stage(
        kind="universal", size=size, first_kernel=first, kernel=kernel, expand=expand, stride=stride, repeats=repeats
    )


def _plain(size: int, kernel: int, stride: int) -> Stage:
    return Stage(kind="plain", size=size, kernel=kernel, stride=stride)


_MOBILENET_V2 = MobileShape(
    stem_size=32,
    stages=(
        Stage(kind="separable", size=16),
        _inverted(24, 2, 3, 2, 6), _inverted(32, 3, 3, 2, 6), _inverted(64, 4, 3, 2, 6), _inverted(96, 3, 3, 1, 6),
        _inverted(160, 3, 3, 2, 6), _inverted(320, 1, 3, 1, 6),
    ),
    head="before-pool", head_size=1280, activation="relu6", side_px=_SIDE_PX, num_labels=_IMAGENET_LABELS,
)  # fmt: skip
"""Source: arXiv 1801.04381, table 2."""
_MOBILENET_V3_SMALL = MobileShape(
    stem_size=16,
    stages=(
        Stage(kind="separable", size=16, stride=2, gate_share=0.25, activation="relu"),
        _relu(24, 1, 3, 2, 4.5), _relu(24, 1, 3, 1, 3.67), _gated(40, 1, 5, 2, 4), _gated(40, 2, 5, 1, 6),
        _gated(48, 2, 5, 1, 3), _gated(96, 3, 5, 2, 6), _plain(576, 1, 1),
    ),
    head="after-pool", head_size=1024, activation="hard-swish", side_px=_SIDE_PX, num_labels=_IMAGENET_LABELS,
)  # fmt: skip
"""Source: arXiv 1905.02244, table 2; widening as timm has it, 88 channels in the third block."""
_MOBILENET_V3_LARGE = MobileShape(
    stem_size=16,
    stages=(
        Stage(kind="separable", size=16, activation="relu"),
        _relu(24, 1, 3, 2, 4), _relu(24, 1, 3, 1, 3), _relu(40, 3, 5, 2, 3, 0.25), _inverted(80, 1, 3, 2, 6),
        _inverted(80, 1, 3, 1, 2.5), _inverted(80, 2, 3, 1, 2.3), _gated(112, 2, 3, 1, 6), _gated(160, 3, 5, 2, 6),
        _plain(960, 1, 1),
    ),
    head="after-pool", head_size=1280, activation="hard-swish", side_px=_SIDE_PX, num_labels=_IMAGENET_LABELS,
)  # fmt: skip
"""Source: arXiv 1905.02244, table 1."""
_MOBILENET_V4_SMALL = MobileShape(
    stem_size=32,
    stages=(
        _plain(32, 3, 2), _plain(32, 1, 1), _plain(96, 3, 2), _plain(64, 1, 1),
        _universal(96, 5, 5, 3, stride=2), _universal(96, 0, 3, 2, repeats=4), _universal(96, 3, 0, 4),
        _universal(128, 3, 3, 6, stride=2), _universal(128, 5, 5, 4), _universal(128, 0, 5, 4),
        _universal(128, 0, 5, 3), _universal(128, 0, 3, 4, repeats=2), _plain(960, 1, 1),
    ),
    head="after-pool-normed", head_size=1280, activation="relu", side_px=_SIDE_PX, num_labels=_IMAGENET_LABELS,
)  # fmt: skip
"""Source: arXiv 2404.10518, table 11."""
_MOBILENET_V4_MEDIUM = MobileShape(
    stem_size=32,
    stages=(
        Stage(kind="fused", size=48, stride=2, expand=4),
        _universal(80, 3, 5, 4, stride=2), _universal(80, 3, 3, 2),
        _universal(160, 3, 5, 6, stride=2), _universal(160, 3, 3, 4, repeats=2), _universal(160, 3, 5, 4),
        _universal(160, 3, 3, 4), _universal(160, 3, 0, 4), _universal(160, 0, 0, 2), _universal(160, 3, 0, 4),
        _universal(256, 5, 5, 6, stride=2), _universal(256, 5, 5, 4), _universal(256, 3, 5, 4, repeats=2),
        _universal(256, 0, 0, 4), _universal(256, 3, 0, 4), _universal(256, 3, 5, 2), _universal(256, 5, 5, 4),
        _universal(256, 0, 0, 4, repeats=2), _universal(256, 5, 0, 2), _plain(960, 1, 1),
    ),
    head="after-pool-normed", head_size=1280, activation="relu", side_px=_SIDE_PX, num_labels=_IMAGENET_LABELS,
)  # fmt: skip
"""Source: arXiv 2404.10518, table 12."""
_EFFICIENTNET_B0 = MobileShape(
    stem_size=32,
    stages=(
        Stage(kind="separable", size=16, gate_share=0.25),
        _gated(24, 2, 3, 2, 6), _gated(40, 2, 5, 2, 6), _gated(80, 3, 3, 2, 6), _gated(112, 3, 5, 1, 6),
        _gated(192, 4, 5, 2, 6), _gated(320, 1, 3, 1, 6),
    ),
    head="before-pool", head_size=1280, activation="silu", gate_of="before", gate_activation="silu",
    gate_last="sigmoid", side_px=_SIDE_PX, num_labels=_IMAGENET_LABELS,
)  # fmt: skip
"""Source: arXiv 1905.11946, table 1."""
_FASTVIT_T8 = FastVitShape(
    depths=(2, 2, 4, 2), widths=(48, 96, 192, 384), expand=3, side_px=256, num_labels=_IMAGENET_LABELS
)
"""Source: arXiv 2303.14189, table 1."""
_FIXED: dict[str, Shape] = {
    "timm/mobilenetv2_100": _MOBILENET_V2,
    "timm/mobilenetv3_small_100": _MOBILENET_V3_SMALL,
    "timm/mobilenetv3_large_100": _MOBILENET_V3_LARGE,
    "timm/mobilenetv4_conv_small": _MOBILENET_V4_SMALL,
    "timm/mobilenetv4_conv_medium": _MOBILENET_V4_MEDIUM,
    "timm/efficientnet_b0": _EFFICIENTNET_B0,
    "timm/fastvit_t8": _FASTVIT_T8,
}
"""Of these the catalog has the type, the size of the image and the labels; the stages are the papers'."""


def _resnet(card: ModelCard) -> Shape | None:
    facts = _vision(card)
    if facts is None or facts.depths is None or facts.hidden_sizes is None:
        return None
    stem = card.architecture.input_embedding_size if card.architecture is not None else None
    return ResNetShape(
        depths=facts.depths, widths=facts.hidden_sizes, stem_size=stem or _RESNET_STEM, side_px=_side_px(facts),
        num_labels=_num_labels(card, facts),
    )  # fmt: skip


def _convnext(card: ModelCard) -> Shape | None:
    facts = _vision(card)
    if facts is None or facts.depths is None or facts.hidden_sizes is None:
        return None
    return ConvNextShape(
        depths=facts.depths, widths=facts.hidden_sizes, normalizes_responses=facts.model_type == "convnextv2",
        side_px=_side_px(facts), num_labels=_num_labels(card, facts),
    )  # fmt: skip


def _vision(card: ModelCard) -> VisionFacts | None:
    return card.architecture.vision if card.architecture is not None else None


def _side_px(facts: VisionFacts | None) -> int:
    return (facts.image_size_px or (_SIDE_PX,))[0] if facts is not None else _SIDE_PX


def _num_labels(card: ModelCard, facts: VisionFacts) -> int:
    """Return the outputs of the classifier, of which the catalog may have the number of parameters only."""
    width = (facts.hidden_sizes or (0,))[-1]
    return facts.num_classes or card.parameters.components.get("classifier", 0) // (width + 1) or _IMAGENET_LABELS


_FROM_FACTS: dict[str, Callable[[ModelCard], Shape | None]] = {
    "resnet": _resnet,
    "convnext": _convnext,
    "convnextv2": _convnext,
}


def knows(architecture: Architecture) -> bool:
    """Tell whether this package answers for a type."""
    return architecture.model_type in _FIXED or architecture.model_type in _FROM_FACTS


def shape(card: ModelCard) -> tuple[Shape | None, str]:
    """Return the shape of a model of a type this package answers for, or null and one sentence why not."""
    model_type = card.architecture.model_type if card.architecture is not None else ""
    found = _sized(card, _FIXED[model_type]) if model_type in _FIXED else _FROM_FACTS[model_type](card)
    return found, "" if found is not None else support.SHAPE_UNKNOWN


def _sized(card: ModelCard, found: Shape) -> Shape:
    """Return a published network at the catalog's image size and number of labels."""
    facts = _vision(card)
    sides, labels = (facts.image_size_px, facts.num_classes) if facts is not None else (None, None)
    return msgspec.structs.replace(
        found, side_px=sides[0] if sides else found.side_px, num_labels=labels or found.num_labels
    )
