"""Which image networks, detectors and denoisers are exported, in the words of their library and of our catalog.

All are compared as a whole. Where a row of our catalog fixes the size, the published configuration is written out;
where it names a model only (denoisers), a reduced `shape` of our own is drawn.
"""

IMAGE = {"hidden_size": 64, "intermediate_size": 256, "num_attention_heads": 4, "num_hidden_layers": 2}
TOWER = {**IMAGE, "image_size": 32, "patch_size": 8}
TOWER_FACTS = {**IMAGE, "image_size_px": [32], "patch_size_px": 8}
TEXT = {
    "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 320,
    "max_position_embeddings": 16,
}  # fmt: skip
WORDS = {"input_ids": ["ones", 1, 16]}
LABELS = {"num_labels": 10}
KINDS, EVERY = "kinds of operators", "every operator"


UNMASKED = {"unmasked": True, "remark": "; exported without the mask that hides nothing, as transformers 4 did"}


def _network(name, model_class, config, side, architecture=None, **more):
    return {
        "name": f"torch-{name}-fp32", "tool": "torch", "library": "transformers",
        "model_class": model_class, "config_class": f"{model_class.partition('For')[0].removesuffix('Model')}Config",
        "config": config, "format": "onnx-fp32", "tasks": ["image-classification"], "compared": EVERY,
        "inputs": {"pixel_values": ["normal", 1, 3, *side]}, "architecture": architecture, **more,
    }  # fmt: skip


def _tower(name, model_class, config, components=None, **more):
    """Return a tower of equal layers: compared as a whole and by what one layer adds."""
    facts = {"model_type": name, "vision": {"model_type": name, **TOWER_FACTS}}
    config = {key: value for key, value in {**TOWER, **config}.items() if value is not None}
    return _network(
        name, model_class, config, (32, 32), facts, components=components or {}, layer_too=True, **UNMASKED, **more
    )


def _convolutional(name, model_class, depths, sizes, config, **more):
    facts = {"model_type": name, "depths": depths, "hidden_sizes": sizes, "num_classes": 1000, "num_channels": 3}
    return _network(
        name, model_class, {"depths": depths, "hidden_sizes": sizes, "num_labels": 1000, **config}, (224, 224),
        {"model_type": name, "vision": facts}, **more,
    )  # fmt: skip


def _timm(name, model_type, **facts):
    architecture = {"model_type": f"timm/{model_type}", "vision": {"model_type": f"timm/{model_type}", **facts}}
    side = facts["image_size_px"][0]
    return {
        "name": f"timm-{name}-fp32", "tool": "torch", "library": "timm", "model_class": model_type, "config": {},
        "format": "onnx-fp32", "tasks": ["image-classification"], "compared": EVERY, "architecture": architecture,
        "inputs": {"x": ["normal", 1, 3, side, side]},
    }  # fmt: skip


def _denoiser(name, model_class, config, inputs, shape, **more):
    return {
        "name": f"diffusers-{name}-fp32", "tool": "torch", "library": "diffusers", "model_class": model_class,
        "config": config, "format": "onnx-fp32", "tasks": ["text-to-image"], "compared": EVERY, "inputs": inputs,
        "shape": shape, **more,
    }  # fmt: skip


TOWERS = [
    _tower("vit", "ViTForImageClassification", LABELS, {"classifier": 650}),
    _tower("dinov2", "Dinov2Model", {"intermediate_size": None}),
    _tower(
        "yolos", "YolosForObjectDetection", {**LABELS, "image_size": [32, 32], "use_mid_position_embeddings": False},
        {"class_labels_classifier": 2 * 64 * 65 + 11 * 65},
    ),
]  # fmt: skip
"""The count of a classifier's parameters is how our catalog says how many labels it has."""


def _two_towers(name, model_class, vision, text, projection, **more):
    facts = {"model_type": name, **TEXT, "vision": {"model_type": f"{name}_vision_model", **TOWER_FACTS}}
    config = {
        "vision_config": {**TOWER, **vision}, "text_config": {**TEXT, **text}, **projection,
    }  # fmt: skip
    more = {"tasks": ["zero-shot-image-classification"], "compared": KINDS, **more}
    return _network(name, model_class, config, (32, 32), facts, **more)


PAIRS = [
    _two_towers(
        "clip", "CLIPModel", {"hidden_act": "quick_gelu"}, {"hidden_act": "quick_gelu", "eos_token_id": 2},
        {"projection_dim": 64}, undrawn=1,
    ),
    _two_towers("siglip", "SiglipModel", {}, {}, {}, undrawn=2, **UNMASKED),
]  # fmt: skip
for _pair in PAIRS:
    _pair["inputs"] |= WORDS

CONVOLUTIONS = [
    _convolutional("resnet", "ResNetForImageClassification", [3, 4, 6, 3], [256, 512, 1024, 2048], {}),
    _convolutional("convnext", "ConvNextForImageClassification", [3, 3, 9, 3], [96, 192, 384, 768], {}),
    _convolutional("convnextv2", "ConvNextV2ForImageClassification", [3, 3, 9, 3], [96, 192, 384, 768], {}),
    _timm("mobilenetv2", "mobilenetv2_100", image_size_px=[224]),
    _timm("mobilenetv3-small", "mobilenetv3_small_100", image_size_px=[224]),
    _timm("mobilenetv3-large", "mobilenetv3_large_100", image_size_px=[224]),
    _timm("mobilenetv4-small", "mobilenetv4_conv_small", image_size_px=[224]),
    _timm("mobilenetv4-medium", "mobilenetv4_conv_medium", image_size_px=[224]),
    _timm("efficientnet", "efficientnet_b0", image_size_px=[224]),
]
OTHERS = [
    _network(
        "segformer", "SegformerForSemanticSegmentation",
        {
            "depths": [2, 2, 2, 2], "hidden_sizes": [32, 64, 160, 256], "decoder_hidden_size": 256, "num_labels": 150,
        },
        (64, 64),
        {
            "model_type": "segformer",
            "vision": {
                "model_type": "segformer", "depths": [2, 2, 2, 2], "hidden_sizes": [32, 64, 160, 256],
                "decoder_hidden_size": 256,
            },
        },
        id="maker/model-64-64", components={"decode_head": 433302},
    ),
    _timm("swin", "swin_tiny_patch4_window7_224", image_size_px=[224]),
    _timm("mobilevit", "mobilevit_s", image_size_px=[256]),
]  # fmt: skip
# `undrawn`: parameters that no export of an answer holds or computes with: how CLIP and SigLIP scale and shift
# similarities, what RT-DETR learns from in training.
SIMPLIFIED = {"simplified": True, "remark": ", after ONNX Runtime's basic steps: frozen norms and places worked out"}
RESNET50 = {"depths": [3, 4, 6, 3], "hidden_sizes": [256, 512, 1024, 2048]}
DETECTORS = [
    _network(
        "detr", "DetrForObjectDetection",
        {
            "use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None, "num_labels": 91,
            "backbone_config": {"model_type": "resnet", **RESNET50, "out_features": ["stage4"]},
        },
        (800, 1066),
        {
            "model_type": "detr", "hidden_size": 256,
            "detector": {
                "backbone": "resnet", "num_encoder_layers": 6, "num_decoder_layers": 6, "d_model": 256,
                "num_queries": 100,
            },
        },
        components={"class_labels_classifier": 23644}, **SIMPLIFIED,
    ),
    _network(
        "rt-detr", "RTDetrForObjectDetection",
        {
            "num_labels": 80, "decoder_layers": 3, "hidden_expansion": 0.5, "encoder_in_channels": [128, 256, 512],
            "backbone_config": {
                "model_type": "rt_detr_resnet", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512],
                "layer_type": "basic", "out_features": ["stage2", "stage3", "stage4"],
            },
        },
        (640, 640),
        {
            "model_type": "rt_detr", "hidden_size": 256,
            "detector": {
                "backbone": "rt_detr_resnet", "backbone_depths": [2, 2, 2, 2],
                "backbone_hidden_sizes": [64, 128, 256, 512], "num_encoder_layers": 1, "num_decoder_layers": 3,
                "d_model": 256, "num_queries": 300,
            },
        },
        components={"model.enc_score_head": 20560}, undrawn=81 * 256, **SIMPLIFIED,
    ),
]  # fmt: skip

UNET = {"widths": [32, 64], "linear_projections": False, "text_width": 48, "num_text_tokens": 7, "latent_px": 16}
UNET_INPUTS = {
    "sample": ["normal", 1, 4, 16, 16], "timestep": ["ones", 1], "encoder_hidden_states": ["normal", 1, 7, 48],
}  # fmt: skip
DENOISERS = [
    _denoiser(
        "unet", "UNet2DConditionModel",
        {
            "sample_size": 16, "block_out_channels": [32, 64], "cross_attention_dim": 48, "attention_head_dim": 4,
            "norm_num_groups": 8, "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        },
        UNET_INPUTS,
        {"kind": "UNetShape", **UNET, "depths": [1, 0], "num_heads": [4, 4], "num_groups": 8},
    ),
    _denoiser(
        "unet-xl", "UNet2DConditionModel",
        {
            "sample_size": 16, "block_out_channels": [32, 64], "cross_attention_dim": 48, "attention_head_dim": [2, 4],
            "norm_num_groups": 8, "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
            "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "transformer_layers_per_block": [1, 2],
            "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 6 * 8 + 24,
        },
        {**UNET_INPUTS, "added_cond_kwargs": {"text_embeds": ["normal", 1, 24], "time_ids": ["normal", 1, 6]}},
        {
            "kind": "UNetShape", **UNET, "linear_projections": True, "depths": [0, 2], "num_heads": [2, 4],
            "num_groups": 8, "pooled_width": 24, "size_width": 8,
        },
    ),
    _denoiser(
        "pixart", "PixArtTransformer2DModel",
        {
            "sample_size": 16, "num_layers": 2, "num_attention_heads": 4, "attention_head_dim": 24,
            "cross_attention_dim": 96, "caption_channels": 40, "use_additional_conditions": True,
        },
        {
            "hidden_states": ["normal", 1, 4, 16, 16], "timestep": ["ones", 1],
            "encoder_hidden_states": ["normal", 1, 7, 40], "encoder_attention_mask": ["ones", 1, 7],
            "added_cond_kwargs": {"resolution": ["normal", 1, 2], "aspect_ratio": ["normal", 1, 1]},
        },
        {
            "kind": "PixArtShape", "num_layers": 2, "hidden_size": 96, "num_heads": 4, "text_width": 40,
            "num_text_tokens": 7, "latent_px": 16, "reads_sizes": True,
        },
        layer_too=True,
    ),
    _denoiser(
        "sd3", "SD3Transformer2DModel",
        {
            "sample_size": 16, "num_layers": 2, "num_attention_heads": 4, "attention_head_dim": 16,
            "joint_attention_dim": 40, "caption_projection_dim": 64, "pooled_projection_dim": 24,
            "pos_embed_max_size": 8,
        },
        {
            "hidden_states": ["normal", 1, 16, 16, 16], "timestep": ["ones", 1],
            "encoder_hidden_states": ["normal", 1, 7, 40], "pooled_projections": ["normal", 1, 24],
        },
        {
            "kind": "JointShape", "num_layers": 2, "hidden_size": 64, "num_heads": 4, "text_width": 40,
            "pooled_width": 24, "num_text_tokens": 7, "latent_px": 16,
        },
        layer_too=True,
    ),
    _denoiser(
        "flux", "FluxTransformer2DModel",
        {
            "num_layers": 2, "num_single_layers": 4, "num_attention_heads": 4, "attention_head_dim": 16,
            "joint_attention_dim": 40, "pooled_projection_dim": 24, "guidance_embeds": True,
            "axes_dims_rope": [4, 6, 6],
        },
        {
            "hidden_states": ["normal", 1, 64, 64], "timestep": ["ones", 1],
            "encoder_hidden_states": ["normal", 1, 7, 40], "pooled_projections": ["normal", 1, 24],
            "img_ids": ["normal", 64, 3], "txt_ids": ["normal", 7, 3], "guidance": ["normal", 1],
        },
        {
            "kind": "FluxShape", "num_layers": 2, "hidden_size": 64, "num_heads": 4, "text_width": 40,
            "pooled_width": 24, "num_text_tokens": 7, "latent_px": 16, "guided": True,
        },
    ),
]  # fmt: skip
IMAGE_SUBJECTS = [*TOWERS, *PAIRS, *CONVOLUTIONS, *OTHERS, *DETECTORS, *DENOISERS]
