"""Small shapes of every vision network."""

from advisor.graphs.vision.backbone import ResNetShape
from advisor.graphs.vision.dense import DepthShape, SegformerShape
from advisor.graphs.vision.detr import DetrShape
from advisor.graphs.vision.mobile import MobileVitShape
from advisor.graphs.vision.plain import PlainShape, TextTower
from advisor.graphs.vision.rt_detr import RtDetrShape
from advisor.graphs.vision.segment import SamShape
from advisor.graphs.vision.windows import SwinShape

TEXT = TextTower(
    num_layers=2, hidden_size=32, intermediate_size=64, num_heads=2, vocab_size=99, num_positions=8,
    activation="quick-gelu", with_bias_head=False,
)  # fmt: skip
TOWER = {
    "num_layers": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 4, "height_px": 32, "width_px": 48,
    "patch_px": 16,
}  # fmt: skip
CLIP = {"activation": "quick-gelu", "patch_bias": False, "first_norm": True, "text": TEXT, "num_labels": 32}
SMALL_RESNET = ResNetShape(depths=(1, 2, 1, 1), widths=(64, 96, 128, 160), deep_stem=True)
BOTTLENECKS = ResNetShape(depths=(1, 2, 1, 1), widths=(128, 160, 192, 256), deep_stem=True)
SHAPES = {
    "vit": PlainShape(**TOWER, head="classifier", num_labels=7),
    "dinov2": PlainShape(**TOWER, head="features", layer_scale=True),
    "clip": PlainShape(**TOWER, **CLIP, head="projection"),
    "siglip": PlainShape(
        **TOWER, head="pooling", activation="gelu-tanh", class_token=False, num_labels=64, text=TEXT
    ),
    "yolos": PlainShape(
        **TOWER, head="detection-tokens", num_detection_tokens=5, mid_positions=True, num_labels=7
    ),
    "owlv2": PlainShape(**TOWER, **CLIP, head="patches-and-labels"),
    "depth_anything": DepthShape(
        backbone=PlainShape(**{**TOWER, "num_layers": 4, "width_px": 32}, head="features", layer_scale=True),
        read_layers=(1, 2, 3, 4), neck_sizes=(16, 24, 32, 48), fusion_size=16, head_size=8,
    ),
    "segformer": SegformerShape(
        depths=(1, 1, 1, 1), hidden_sizes=(16, 32, 40, 64), decoder_size=24, num_labels=7, side_px=64
    ),
    "swin": SwinShape(
        depths=(2, 2), num_heads=(2, 4), hidden_size=32, side_px=56, patch_px=4, window=7, num_labels=7
    ),
    "sam": SamShape(num_layers=2, hidden_size=64, num_heads=4, side_px=256, patch_px=16, global_layers=(1,)),
    "mobilevit": MobileVitShape(
        stem_size=8, sizes=(8, 16, 16, 24, 24), hidden_sizes=(16, 24, 32), depths=(1, 1, 1), last_size=32, side_px=64,
        num_labels=7,
    ),
    "detr": DetrShape(
        backbone=ResNetShape(depths=(1, 2, 1, 1), widths=(128, 160, 192, 256), deep_stem=False),
        num_encoder_layers=1, num_decoder_layers=1, size=64, num_queries=5, num_labels=7, height_px=64, width_px=96,
    ),
    "rt_detr, plain blocks": RtDetrShape(
        backbone=SMALL_RESNET, num_decoder_layers=2, num_queries=5, num_labels=7, side_px=64, narrow_size=128
    ),
    "rt_detr": RtDetrShape(
        backbone=BOTTLENECKS, num_decoder_layers=2, num_queries=5, num_labels=7, side_px=64, narrow_size=256
    ),
}  # fmt: skip
