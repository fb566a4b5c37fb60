"""How long an image, a recording or a text is once a model has cut it into positions."""

import msgspec

from advisor.catalog.model import Architecture, ModelCard, VisionFacts
from advisor.estimate import image_work
from advisor.estimate.drawn_work import DRAWN

WHISPER_WINDOW_S = 30.0
"""[s] Whisper pads every window to this length. Source: openai/whisper, `audio.py`, `CHUNK_LENGTH`."""
FRAMES_PER_S = 100.0
"""[1/s] Mel frames at a hop of 10 ms, before subsampling. Source: openai/whisper, `audio.py`, `HOP_LENGTH` 160."""
WAVEFORM_FRAMES_PER_S = 50.0
"""[1/s] wav2vec 2.0 and HuBERT: strides 5, 2, 2, 2, 2, 2, 2 over 16 kHz. Source: arXiv 2006.11477, section 2."""
MOONSHINE_FRAMES_PER_S = 16000.0 / 384.0
"""[1/s] Strides 64, 3, 2 over 16 kHz. Source: Moonshine, arXiv 2410.15608, section 3.1."""
WHISPER_START_TOKENS = 4.0
"""[tokens] Start, language, task, no timestamps. Source: openai/whisper, `tokenizer.py`, `sot_sequence`."""
CLASSIFIER_DECODERS = frozenset({"bart", "mbart"})
"""Model types whose classifier runs the decoder over the whole text. Source: transformers, `modeling_bart.py`,
`BartForSequenceClassification`."""
ASSUMED_IMAGE_SIDE_PX = 448
"""[px] Taken where a model reads images of any size and the user's size is not known."""
ASSUMED_PATCH_PX = 16
_CONV_REUSE = {f"conv{layer}": 64.0 / 2.0**layer for layer in range(7)}
"""wav2vec 2.0: layer 0 gives 3,200 values a second, each further one half of it, down to 50 positions."""
_WAVEFORM_TYPES = frozenset({"wav2vec2", "hubert", "wavlm", "data2vec-audio"})
_PLAIN_TRANSFORMERS = frozenset(
    {
        "vit",
        "yolos",
        "owlv2_vision_model",
        "deit",
        "beit",
        "dinov2",
        "dinov3_vit",
        "clip_vision_model",
        "siglip_vision_model",
        "siglip2_vision_model",
        "smolvlm_vision",
        "idefics3_vision",
        "qwen2_vl_vision",
        "qwen2_5_vl_vision",
        "qwen3_vl_vision",
        "pixtral",
        "gemma4_vision",
        "qwen3_5_vision",
        "qwen3_5_moe_vision",
        "mllama_vision_model",
        "paligemma_vision",
    }
)


class InputSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Positions that reach the reader and the decoder for each unit of input."""

    per_token: float = 0.0
    """Reader positions for one token of text."""
    per_image: float = 0.0
    """Reader positions for one image."""
    per_audio_s: float = 0.0
    """[1/s] Reader positions for one second of sound."""
    audio_window_s: float = 0.0
    """[s] Sound is padded to whole windows of this length; 0: not padded."""
    prompt_per_token: float = 0.0
    """Decoder positions for one token of text."""
    prompt_per_image: float = 0.0
    prompt_per_audio_s: float = 0.0
    prompt_fixed: float = 0.0
    """Decoder positions that every query starts with."""
    assumed: bool = False
    """True when a size in here is a guess of ours."""
    not_modelled: tuple[str, ...] = ()


def input_sizes(card: ModelCard, structure: str | None) -> InputSizes:
    """Work out the positions of a model's inputs, from its sourced shapes and the published strides."""
    architecture = card.architecture
    if structure == "diffusion":
        return _picture_sizes(card.id)
    if structure == "encoder" or architecture is None:
        return InputSizes(per_token=1.0) if structure == "encoder" else InputSizes(prompt_per_token=1.0)
    if structure == "speech":
        return _audio_sizes(architecture)
    if structure == "encoder-decoder":
        classifies = architecture.model_type in CLASSIFIER_DECODERS and "zero-shot-classification" in card.tasks
        return InputSizes(
            per_token=1.0,
            prompt_per_token=1.0 if classifies else 0.0,
            prompt_fixed=0.0 if classifies else 1.0,
        )
    if structure == "vision":
        return _vision_sizes(card.id, architecture)
    if architecture.vision is not None:
        return _image_text_sizes(architecture.vision)
    return InputSizes(prompt_per_token=1.0)


def _audio_sizes(architecture: Architecture) -> InputSizes:
    audio = architecture.audio
    if audio is None:
        return InputSizes()
    speaks_text = architecture.encoder_decoder is None and architecture.num_hidden_layers is not None
    if architecture.model_type in _WAVEFORM_TYPES:
        return InputSizes(per_audio_s=WAVEFORM_FRAMES_PER_S)
    if architecture.model_type == "moonshine":
        return InputSizes(per_audio_s=MOONSHINE_FRAMES_PER_S, prompt_fixed=1.0)
    if audio.subsampling_factor:
        return InputSizes(
            per_audio_s=FRAMES_PER_S / audio.subsampling_factor,
            not_modelled=("the small text decoder of transducers",) if "tdt" in architecture.model_type else (),
        )
    if audio.num_max_source_positions and not speaks_text:
        per_s = audio.num_max_source_positions / WHISPER_WINDOW_S
        return InputSizes(per_audio_s=per_s, audio_window_s=WHISPER_WINDOW_S, prompt_fixed=WHISPER_START_TOKENS)
    return InputSizes(
        per_audio_s=WAVEFORM_FRAMES_PER_S,
        prompt_per_token=1.0 if speaks_text else 0.0,
        prompt_per_audio_s=WAVEFORM_FRAMES_PER_S / 4.0 if speaks_text else 0.0,
        prompt_fixed=1.0,
        assumed=True,
        not_modelled=("the recording is taken as 50 positions a second: this model's own rate is not sourced",),
    )


def reuse(architecture: Architecture, sizes: InputSizes) -> dict[str, float]:
    """Return how often tensors run for one reader position, by name or part, where that is not once.

    Convolutions of a sound front run many times; what joins several patches into one token runs less than once.
    """
    if architecture.model_type in _WAVEFORM_TYPES:
        return _CONV_REUSE
    if sizes.per_image and sizes.prompt_per_image:
        return {"projector": sizes.prompt_per_image / sizes.per_image}
    return {}


def num_patches(vision: VisionFacts) -> float | None:
    """Return the patches of one image, or null for models that are not cut into patches or not sourced."""
    if vision.patch_size_px is None or vision.hidden_size is None or vision.num_hidden_layers is None:
        return None
    sides = vision.image_size_px or (ASSUMED_IMAGE_SIDE_PX,)
    height, width = sides[0], sides[-1]
    return float((height // vision.patch_size_px) * (width // vision.patch_size_px))


def _vision_sizes(model_id: str, architecture: Architecture) -> InputSizes:
    drawn = DRAWN.get(model_id)
    if drawn is not None:
        return InputSizes(per_image=float(drawn.num_runs))
    if image_work.image_flops(model_id) is not None:
        return InputSizes(per_image=1.0, assumed=True)
    vision = architecture.vision
    patches = num_patches(vision) if vision is not None else None
    if vision is None or patches is None or vision.model_type not in _PLAIN_TRANSFORMERS:
        return InputSizes()
    known = vision.image_size_px is not None
    return InputSizes(per_image=patches + 1.0, assumed=not known, not_modelled=() if known else (_assumed_side(),))


def _picture_sizes(model_id: str) -> InputSizes:
    """One position is one denoising step of one picture."""
    drawn = DRAWN.get(model_id)
    if drawn is None:
        return InputSizes()
    return InputSizes(
        per_image=float(drawn.num_runs),
        not_modelled=(f"text encoders and decoder of the picture; {drawn.num_runs} steps are taken, as published",),
    )


def _image_text_sizes(vision: VisionFacts) -> InputSizes:
    patches = num_patches(vision)
    if patches is None:
        tokens = float(vision.num_tokens_per_image or 0)
        missing = ("the image tower: its shape is not sourced",)
        return InputSizes(prompt_per_token=1.0, prompt_per_image=tokens, assumed=True, not_modelled=missing)
    merge = (vision.spatial_merge_size or vision.scale_factor or 1) ** 2
    tokens = float(vision.num_tokens_per_image or patches / merge)
    known = vision.image_size_px is not None
    return InputSizes(
        per_image=patches,
        prompt_per_token=1.0,
        prompt_per_image=tokens,
        assumed=not known,
        not_modelled=() if known else (_assumed_side(),),
    )


def _assumed_side() -> str:
    return f"the size of your images: {ASSUMED_IMAGE_SIDE_PX} x {ASSUMED_IMAGE_SIDE_PX} pixels are assumed"


def why_no_speed(structure: str | None) -> str:
    """Return why the work of a query is not known, for a model without sourced shapes; empty when it can be."""
    if structure == "diffusion":
        return "the work of one denoising step is not sourced"
    if structure in {"decoder", "encoder"}:
        return ""
    return "the shape of this model is not sourced"


def why_no_positions(structure: str, sizes: InputSizes) -> str:
    """Return why the work of a query is not known, for a model whose input cannot be counted; else empty."""
    if structure == "vision" and not sizes.per_image:
        return "the work for one image is not sourced for this kind of network"
    if structure == "speech" and not sizes.per_audio_s:
        return "the work for one second of sound is not sourced"
    return ""
