"""From a catalog row to the shape of its network, or the sentence why not. Pure."""

from collections.abc import Callable

from advisor.catalog.model import Architecture, ModelCard, VisionFacts
from advisor.graphs import support
from advisor.graphs.vision.backbone import ResNetShape
from advisor.graphs.vision.dense import DepthShape, SegformerShape
from advisor.graphs.vision.detr import DetrShape
from advisor.graphs.vision.mobile import MobileVitShape
from advisor.graphs.vision.networks import Shape
from advisor.graphs.vision.plain import YOLOS_TOKENS, PlainShape, TextTower
from advisor.graphs.vision.rt_detr import RtDetrShape
from advisor.graphs.vision.segment import SamShape
from advisor.graphs.vision.windows import SwinShape

_GELU_CLIP = "laion/"
"""Makers whose CLIP has plain GELU; OpenAI's has the quick one. Source: `hidden_act` of their configurations."""
_YOLOS_MID_POSITIONS_FROM = 384
"""[elements] Hidden size from which positions are added after each layer. Source: YOLOS, arXiv 2106.00666, appendix."""
_DEPTH_NECKS = {384: ((48, 96, 192, 384), 64, (3, 6, 9, 12))}
"""Width of the backbone -> channels of the neck, of its fusion, layers it reads. Source: Depth Anything V2,
arXiv 2406.09414, and its released configuration of the small model."""
_DEPTH_HEAD = 32
_DINO_HEAD_SIZE = 64
"""[elements] Of one head in every DINOv2. Source: arXiv 2304.07193, table 17."""
_IMAGENET_LABELS = 1000
_SAM_GLOBAL_LAYERS = {12: (2, 5, 8, 11), 24: (5, 11, 17, 23), 32: (7, 15, 23, 31)}
"""Layers -> those that see the whole image. Source: segment-anything, `build_sam.py`, `encoder_global_attn_indexes`."""
_RESNET50 = ((3, 4, 6, 3), (256, 512, 1024, 2048))
_DETR_SIDES_PX = (800, 1066)
"""[px] A picture of 4 to 3 whose shorter side is made 800. Source: DETR, arXiv 2005.12872, section 4."""
_RT_DETR_SIDE_PX = 640
_RT_DETR_NARROW = 128
"""[channels] Half the width where the backbone has plain blocks. Source: RT-DETR, arXiv 2304.08069, table 3;
`hidden_expansion` 0.5 of the released configuration."""
_PLAIN_FIELDS = ("hidden_size", "num_hidden_layers", "num_attention_heads", "image_size_px", "patch_size_px")


def _plain(card: ModelCard, **changes: object) -> PlainShape | None:
    """Return what every tower of equal layers has."""
    facts = _vision(card)
    if facts is None or any(getattr(facts, field) is None for field in _PLAIN_FIELDS):
        return None
    sides = facts.image_size_px or ()
    hidden = facts.hidden_size or 0
    fields = {
        "num_layers": facts.num_hidden_layers, "hidden_size": hidden,
        "intermediate_size": facts.intermediate_size or 4 * hidden, "num_heads": facts.num_attention_heads,
        "height_px": sides[0], "width_px": sides[-1], "patch_px": facts.patch_size_px,
        "num_labels": labels(card, "classifier", hidden), **changes,
    }  # fmt: skip
    return PlainShape(**fields)  # type: ignore[arg-type]


def labels(card: ModelCard, component: str, width: int) -> int:
    """Return the outputs of a classifier, of which the catalog has the number of parameters."""
    return card.parameters.components.get(component, 0) // (width + 1)


def _vit(card: ModelCard) -> PlainShape | None:
    return _plain(card, head="classifier")


def _dinov2(card: ModelCard) -> PlainShape | None:
    return _plain(card, head="features", layer_scale=True, mask_token=True, num_labels=0)


def _yolos(card: ModelCard) -> PlainShape | None:
    facts = _vision(card)
    hidden = (facts.hidden_size if facts is not None else None) or 0
    count = card.parameters.components.get("class_labels_classifier", 0) - 2 * hidden * (hidden + 1)
    return _plain(
        card, head="detection-tokens", num_detection_tokens=YOLOS_TOKENS, num_labels=max(0, count) // (hidden + 1),
        mid_positions=hidden >= _YOLOS_MID_POSITIONS_FROM,
    )  # fmt: skip


def _clip(card: ModelCard) -> PlainShape | None:
    activation = "gelu" if card.id.startswith(_GELU_CLIP) else "quick-gelu"
    text = _text(card, activation=activation, with_bias_head=False)
    return None if text is None else _plain(
        card, head="projection", activation=activation, patch_bias=False, first_norm=True, text=text,
        num_labels=text.hidden_size,
    )  # fmt: skip


def _siglip(card: ModelCard) -> PlainShape | None:
    text = _text(card, activation="gelu-tanh", with_bias_head=True, causal=False)
    return (
        None
        if text is None
        else _plain(
            card, head="pooling", activation="gelu-tanh", class_token=False, text=text, num_labels=text.hidden_size
        )
    )


def _owlv2(card: ModelCard) -> PlainShape | None:
    text = _text(card, activation="quick-gelu", with_bias_head=False)
    return None if text is None else _plain(
        card, head="patches-and-labels", activation="quick-gelu", patch_bias=False, first_norm=True, text=text,
        num_labels=text.hidden_size,
    )  # fmt: skip


def _text(card: ModelCard, **changes: object) -> TextTower | None:
    """Return the text tower, which the catalog keeps in the outer fields of a model of two towers."""
    found = card.architecture
    names = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size")
    if found is None or found.max_position_embeddings is None or any(getattr(found, name) is None for name in names):
        return None
    fields = {
        "num_layers": found.num_hidden_layers, "hidden_size": found.hidden_size,
        "intermediate_size": found.intermediate_size, "num_heads": found.num_attention_heads,
        "vocab_size": found.vocab_size, "num_positions": found.max_position_embeddings, **changes,
    }  # fmt: skip
    return TextTower(**fields)  # type: ignore[arg-type]


def _vision(card: ModelCard) -> VisionFacts | None:
    return card.architecture.vision if card.architecture is not None else None


def _depth(card: ModelCard) -> Shape | None:
    facts = card.architecture.detector if card.architecture is not None else None
    hidden = (facts.backbone_hidden_sizes or (0,))[0] if facts is not None else 0
    if facts is None or hidden not in _DEPTH_NECKS or not facts.num_backbone_layers:
        return None
    side, patch = facts.backbone_image_size_px, facts.backbone_patch_size_px
    if side is None or patch is None:
        return None
    necks, fusion, read = _DEPTH_NECKS[hidden]
    body = PlainShape(
        num_layers=facts.num_backbone_layers, hidden_size=hidden, intermediate_size=4 * hidden,
        num_heads=hidden // _DINO_HEAD_SIZE, height_px=side, width_px=side, patch_px=patch, head="features",
        layer_scale=True, mask_token=True,
    )  # fmt: skip
    return DepthShape(backbone=body, read_layers=read, neck_sizes=necks, fusion_size=fusion, head_size=_DEPTH_HEAD)


def _segformer(card: ModelCard) -> Shape | None:
    facts, side = _vision(card), _side_in_name(card.id)
    if facts is None or facts.depths is None or facts.hidden_sizes is None or side is None:
        return None
    size = facts.decoder_hidden_size or 0
    used = size * (sum(facts.hidden_sizes) + 4) + 4 * size * size + 2 * size
    rest = card.parameters.components.get("decode_head", used) - used
    return SegformerShape(
        depths=facts.depths, hidden_sizes=facts.hidden_sizes, decoder_size=size, num_labels=rest // (size + 1),
        side_px=side,
    )  # fmt: skip


def _side_in_name(model_id: str) -> int | None:
    """Return the side that a model's name ends in, as SegFormer's do: `...-512-512`."""
    last = model_id.rpartition("-")[2]
    return int(last) if last.isdecimal() and model_id.endswith(f"-{last}-{last}") else None


def _swin(_card: ModelCard) -> Shape:
    return SwinShape(
        depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24), hidden_size=96, side_px=224, patch_px=4, window=7,
        num_labels=_IMAGENET_LABELS,
    )  # fmt: skip


def _mobilevit(_card: ModelCard) -> Shape:
    return MobileVitShape(
        stem_size=16, sizes=(32, 64, 96, 128, 160), hidden_sizes=(144, 192, 240), depths=(2, 4, 3), last_size=640,
        side_px=256, num_labels=_IMAGENET_LABELS,
    )  # fmt: skip


def _sam(card: ModelCard) -> Shape | None:
    facts = _vision(card)
    layers = facts.num_hidden_layers if facts is not None else None
    if facts is None or layers not in _SAM_GLOBAL_LAYERS or any(getattr(facts, name) is None for name in _PLAIN_FIELDS):
        return None
    return SamShape(
        num_layers=layers, hidden_size=facts.hidden_size or 0, num_heads=facts.num_attention_heads or 0,
        side_px=(facts.image_size_px or (0,))[0], patch_px=facts.patch_size_px or 0,
        global_layers=_SAM_GLOBAL_LAYERS[layers],
    )  # fmt: skip


def _detr(card: ModelCard) -> Shape | None:
    facts = card.architecture.detector if card.architecture is not None else None
    if facts is None or None in (facts.num_encoder_layers, facts.num_decoder_layers, facts.d_model, facts.num_queries):
        return None
    size = facts.d_model or 0
    return DetrShape(
        backbone=ResNetShape(depths=_RESNET50[0], widths=_RESNET50[1], deep_stem=False),
        num_encoder_layers=facts.num_encoder_layers or 0, num_decoder_layers=facts.num_decoder_layers or 0, size=size,
        num_queries=facts.num_queries or 0, num_labels=labels(card, "class_labels_classifier", size),
        height_px=_DETR_SIDES_PX[0], width_px=_DETR_SIDES_PX[1],
    )  # fmt: skip


def _rt_detr(card: ModelCard) -> Shape | None:
    facts = card.architecture.detector if card.architecture is not None else None
    if facts is None or facts.backbone_depths is None or facts.backbone_hidden_sizes is None:
        return None
    body = ResNetShape(depths=facts.backbone_depths, widths=facts.backbone_hidden_sizes, deep_stem=True)
    return RtDetrShape(
        backbone=body, num_decoder_layers=facts.num_decoder_layers or 0, num_queries=facts.num_queries or 0,
        num_labels=labels(card, "model.enc_score_head", facts.d_model or 0), side_px=_RT_DETR_SIDE_PX,
        narrow_size=_RT_DETR_NARROW if body.is_plain else facts.d_model or 0,
    )  # fmt: skip


_SHAPES: dict[str, Callable[[ModelCard], Shape | None]] = {
    "vit": _vit,
    "dinov2": _dinov2,
    "yolos": _yolos,
    "clip": _clip,
    "siglip": _siglip,
    "owlv2": _owlv2,
    "depth_anything": _depth,
    "segformer": _segformer,
    "timm/swin_tiny_patch4_window7_224": _swin,
    "timm/mobilevit_s": _mobilevit,
    "sam": _sam,
    "detr": _detr,
    "rt_detr": _rt_detr,
    "rt_detr_v2": _rt_detr,
}
_TOO_IRREGULAR = {
    "sam2": "No exact test model is made for SAM 2: its stages differ in size, windows and pooling, which the catalog"
    " does not hold.",
    "grounding-dino": "No exact test model is made for Grounding DINO: its layers mix text and image in ways of their"
    " own.",
    "d_fine": "No exact test model is made for D-FINE: its backbone and its box heads are built in ways of their own.",
    "rf_detr": "No exact test model is made for RF-DETR: its backbone has windows and a projector of its own.",
}
"""Model type -> why there is no shape for it."""


def knows(architecture: Architecture) -> bool:
    """Tell whether this package answers for a type."""
    return architecture.model_type in _SHAPES or architecture.model_type in _TOO_IRREGULAR


def shape(card: ModelCard) -> tuple[Shape | None, str]:
    """Return the shape of a model of a type this package answers for, or null and one sentence why not."""
    model_type = card.architecture.model_type if card.architecture is not None else ""
    if model_type in _TOO_IRREGULAR:
        return None, _TOO_IRREGULAR[model_type]
    found = _SHAPES[model_type](card)
    return found, "" if found is not None else support.SHAPE_UNKNOWN
