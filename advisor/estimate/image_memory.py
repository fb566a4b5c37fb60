"""Working memory of image networks: what is alive at once in their drawings. Generated from `advisor.graphs`.

A table, since drawing all of them takes longer than recommending; `tests/contract/test_image_memory.py` holds it
against the drawings.
"""

from advisor.catalog.model import Format
from advisor.units import MIB

LIVE_ELEMENTS: dict[str, int] = {
    "PekingU/rtdetr_r18vd": 13_107_200,
    "PekingU/rtdetr_r50vd": 19_660_800,
    "PekingU/rtdetr_v2_r50vd": 19_660_800,
    "depth-anything/Depth-Anything-V2-Small-hf": 25_153_200,
    "facebook/convnext-base-224": 3_612_672,
    "facebook/convnext-tiny-224": 2_709_504,
    "facebook/convnextv2-tiny-1k-224": 3_913_728,
    "facebook/deit-base-patch16-224": 1_361_664,
    "facebook/deit-small-patch16-224": 680_832,
    "facebook/deit-tiny-patch16-224": 340_416,
    "facebook/detr-resnet-50": 41_011_200,
    "facebook/dinov2-base": 47_149_920,
    "facebook/dinov2-large": 62_866_560,
    "facebook/dinov2-small": 23_574_960,
    "facebook/sam-vit-base": 610_271_236,
    "facebook/sam-vit-huge": 815_792_132,
    "facebook/sam-vit-large": 813_694_980,
    "google/owlv2-base-patch16-ensemble": 131_057_176,
    "google/siglip-base-patch16-224": 1_354_752,
    "google/siglip-so400m-patch14-384": 18_685_728,
    "google/siglip2-base-patch16-224": 1_354_752,
    "google/siglip2-so400m-patch14-384": 18_685_728,
    "google/vit-base-patch16-224": 1_361_664,
    "hustvl/yolos-small": 41_547_564,
    "hustvl/yolos-tiny": 110_058_390,
    "laion/CLIP-ViT-B-32-laion2B-s34B-b79K": 345_600,
    "microsoft/resnet-50": 2_408_448,
    "nvidia/segformer-b0-finetuned-ade-512-512": 33_554_432,
    "nvidia/segformer-b2-finetuned-ade-512-512": 100_663_296,
    "nvidia/segformer-b5-finetuned-ade-640-640": 157_286_400,
    "openai/clip-vit-base-patch16": 1_966_848,
    "openai/clip-vit-base-patch32": 499_200,
    "openai/clip-vit-large-patch14": 3_421_184,
    "timm/efficientnet_b0.ra_in1k": 3_612_672,
    "timm/fastvit_t8.apple_dist_in1k": 1_572_864,
    "timm/mobilenetv2_100.ra_in1k": 2_408_448,
    "timm/mobilenetv3_large_100.ra_in1k": 1_605_632,
    "timm/mobilenetv3_small_100.lamb_in1k": 451_584,
    "timm/mobilenetv4_conv_medium.e500_r256_in1k": 1_572_864,
    "timm/mobilenetv4_conv_small.e2400_r224_in1k": 802_816,
    "timm/mobilevit_s.cvnets_in1k": 6_291_456,
    "timm/resnet18.a1_in1k": 1_605_632,
    "timm/swin_tiny_patch4_window7_224.ms_in1k": 2_709_504,
}
"""[elements] Largest sum of tensors alive between two operators, one image at the size the model was trained for."""
UNEVEN = frozenset({
    "PekingU/rtdetr_r18vd",
    "PekingU/rtdetr_r50vd",
    "PekingU/rtdetr_v2_r50vd",
    "depth-anything/Depth-Anything-V2-Small-hf",
    "facebook/convnext-base-224",
    "facebook/convnext-tiny-224",
    "facebook/convnextv2-tiny-1k-224",
    "facebook/detr-resnet-50",
    "facebook/sam-vit-base",
    "facebook/sam-vit-huge",
    "facebook/sam-vit-large",
    "microsoft/resnet-50",
    "nvidia/segformer-b0-finetuned-ade-512-512",
    "nvidia/segformer-b2-finetuned-ade-512-512",
    "nvidia/segformer-b5-finetuned-ade-640-640",
    "timm/efficientnet_b0.ra_in1k",
    "timm/fastvit_t8.apple_dist_in1k",
    "timm/mobilenetv2_100.ra_in1k",
    "timm/mobilenetv3_large_100.ra_in1k",
    "timm/mobilenetv3_small_100.lamb_in1k",
    "timm/mobilenetv4_conv_medium.e500_r256_in1k",
    "timm/mobilenetv4_conv_small.e2400_r224_in1k",
    "timm/mobilevit_s.cvnets_in1k",
    "timm/resnet18.a1_in1k",
    "timm/swin_tiny_patch4_window7_224.ms_in1k",
})  # fmt: skip
"""Networks whose layers differ in size: their arena reuses less."""
EVEN_FACTOR, UNEVEN_FACTOR = 1.6, 3.0
"""[1] Working memory over what is alive at once. Measured with ONNX Runtime 1.32: 1.4 and 1.9 (YOLOS, DINOv2), 1.8 to
3.6 (ResNet, MobileNet, EfficientNet, RT-DETR, SegFormer)."""
_OWN_FACTORS = {"facebook/detr-resnet-50": 1.4}
"""[1] The same of networks that follow neither: measured one by one."""
CONVOLUTION_COPY_SHARE = 0.8
MATRIX_COPY_SHARE = 0.5
CONVNEXT_COPY_SHARE = 0.3
"""[1] Copies beside the file: convolutions are kept in another order of channels; originals are let go one by one."""
TOWER_COPY_SHARE, TWO_TOWERS_COPY_SHARE = 0.05, 0.36
"""[1] The same of vision transformers in 32-bit floats. Measured: 0.05 (ViT and DeiT, DINOv2, YOLOS), 0.24 to 0.44
(CLIP, SigLIP). How much of the freed room is used again hangs on the order of the tensors in the file: ViT base
took 430 MiB, and 630 as another tool writes the same graph."""
TOWER_BYTES = 28 * MIB
"""[B] What the arena of such a tower takes besides, whatever its size: 20 to 31 MiB measured."""
_TWO_TOWERS = ("clip", "siglip", "owlv2", "CLIP")


def working_bytes(model_id: str) -> float | None:
    """Return the working memory of one image, in bytes, or null where the network is not drawn."""
    live = LIVE_ELEMENTS.get(model_id)
    if live is None:
        return None
    usual = UNEVEN_FACTOR if model_id in UNEVEN else EVEN_FACTOR
    return 4.0 * live * _OWN_FACTORS.get(model_id, usual)


def float_copy(model_id: str, how: Format) -> tuple[float, float] | None:
    """Return copies over the weights, and bytes besides, of networks of matrices in 32-bit floats; null for others."""
    name = model_id.partition("/")[2]
    if model_id not in LIVE_ELEMENTS or how.id != "onnx-fp32":
        return None
    if model_id in UNEVEN:
        return (CONVNEXT_COPY_SHARE, 0) if name.startswith("convnext") else None
    two = name.startswith(_TWO_TOWERS)
    return (TWO_TOWERS_COPY_SHARE if two else TOWER_COPY_SHARE), TOWER_BYTES


def copy_share(model_id: str) -> float:
    """Return the copies held beside the weights of a network of convolutions, as a share of them. [1]."""
    name = model_id.partition("/")[2]
    if name.startswith("convnext"):
        return CONVNEXT_COPY_SHARE
    return MATRIX_COPY_SHARE if "swin" in name else CONVOLUTION_COPY_SHARE
