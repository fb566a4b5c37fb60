"""Published arithmetic of image networks that are no plain transformers: it does not follow from their tensors."""

_GMAC = 2e9
"""[FLOP] A thousand million multiply-adds."""

IMAGE_FLOPS: dict[str, float] = {
    "timm/mobilenetv3_small_100.lamb_in1k": 0.06 * _GMAC,
    "timm/mobilenetv4_conv_small.e2400_r224_in1k": 0.19 * _GMAC,
    "timm/mobilenetv3_large_100.ra_in1k": 0.23 * _GMAC,
    "timm/mobilenetv2_100.ra_in1k": 0.31 * _GMAC,
    "timm/efficientnet_b0.ra_in1k": 0.40 * _GMAC,
    "timm/fastvit_t8.apple_dist_in1k": 0.70 * _GMAC,
    "timm/mobilenetv4_conv_medium.e500_r256_in1k": 1.10 * _GMAC,
    "timm/resnet18.a1_in1k": 1.82 * _GMAC,
    "timm/mobilevit_s.cvnets_in1k": 2.03 * _GMAC,
    "microsoft/resnet-50": 4.11 * _GMAC,
    "facebook/convnext-tiny-224": 4.47 * _GMAC,
    "facebook/convnextv2-tiny-1k-224": 4.47 * _GMAC,
    "timm/swin_tiny_patch4_window7_224.ms_in1k": 4.51 * _GMAC,
    "facebook/convnext-base-224": 15.4 * _GMAC,
    "facebook/detr-resnet-50": 86.0 * _GMAC,
    "PekingU/rtdetr_r18vd": 60e9,
    "PekingU/rtdetr_r50vd": 136e9,
    "PekingU/rtdetr_v2_r50vd": 136e9,
    "ustc-community/dfine-large-coco": 91e9,
}
"""[FLOP] One image at the size each model was trained for. Source: classifiers up to 4.51 GMAC: column `infer_gmacs` of
huggingface/pytorch-image-models, `results/benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv` (Apache-2.0);
ConvNeXt-B: arXiv 2201.03545, table 1; DETR: arXiv 2005.12872, table 1 (multiply-adds at 800 pixels); RT-DETR and
D-FINE: the tables of their READMEs at 640 x 640 pixels, which count two operations for a multiply-add."""
_DEPTHWISE_SHARES = {"mobilenet": 0.1, "efficientnet": 0.1, "fastvit": 0.05, "mobilevit": 0.05, "convnext": 0.03}
"""[1] Operations of convolutions that do not mix channels over all, by the first letters of the name. ConvNeXt: 49 C
against 8 C^2 multiplications a position and block, 6 % at 96 and 1 % at 768 channels. The others: assumed; MobileNet's
first version states 3 % (arXiv 1704.04861, table 2), later networks widen before it and use larger kernels."""
OPERATORS = 120.0
"""[1] Operators of one pass: 50 to 250 in exported graphs of these networks, assumed."""


def image_flops(model_id: str) -> float | None:
    """Return the published operations of one image [FLOP], or null when none is known."""
    return IMAGE_FLOPS.get(model_id)


def depthwise_share(model_id: str) -> float:
    """Return the share of operations in convolutions that do not mix channels. [1]."""
    name = model_id.partition("/")[2]
    return next((share for family, share in _DEPTHWISE_SHARES.items() if name.startswith(family)), 0.0)
