"""Denoisers as they were published. The catalog has their parameter counts; a shape is believed if its count agrees.

Source of shapes, picture sizes, text lengths, steps and guidance unless said otherwise: the `config.json` of each
model's denoiser and the defaults of its pipeline in diffusers 0.42 (Apache-2.0): `num_inference_steps`,
`guidance_scale`, `max_sequence_length`, `sample_size`.
"""

import msgspec

from advisor.catalog.model import ModelCard
from advisor.graphs.diffusion.flux import FluxShape
from advisor.graphs.diffusion.joint import JointShape
from advisor.graphs.diffusion.networks import Shape
from advisor.graphs.diffusion.pixart import PixArtShape
from advisor.graphs.diffusion.unet import UNetShape

_CLIP_TOKENS = 77
_T5_TOKENS_SD3 = 256


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A denoiser and how it is meant to be run."""

    shape: Shape
    num_steps: int
    """Denoising steps for one picture."""
    is_guided: bool
    """Classifier-free guidance: each step is worked out with and without the text, as one batch of two."""


_SD1 = UNetShape(
    widths=(320, 640, 1280, 1280), depths=(1, 1, 1, 0), num_heads=(8, 8, 8, 8), linear_projections=False,
    text_width=768, num_text_tokens=_CLIP_TOKENS, latent_px=64,
)  # fmt: skip
_SD2 = UNetShape(
    widths=(320, 640, 1280, 1280), depths=(1, 1, 1, 0), num_heads=(5, 10, 20, 20), linear_projections=True,
    text_width=1024, num_text_tokens=_CLIP_TOKENS, latent_px=96,
)  # fmt: skip
_SDXL = UNetShape(
    widths=(320, 640, 1280), depths=(0, 2, 10), num_heads=(5, 10, 20), linear_projections=True, text_width=2048,
    num_text_tokens=_CLIP_TOKENS, latent_px=128, pooled_width=1280,
)  # fmt: skip
_PIXART = PixArtShape(
    num_layers=28, hidden_size=1152, num_heads=16, text_width=4096, num_text_tokens=300, latent_px=128
)
_SD3 = JointShape(
    num_layers=24, hidden_size=1536, num_heads=24, text_width=4096, pooled_width=2048,
    num_text_tokens=_CLIP_TOKENS + _T5_TOKENS_SD3, latent_px=128,
)  # fmt: skip
_FLUX = FluxShape(
    num_layers=19, hidden_size=3072, num_heads=24, text_width=4096, pooled_width=768, num_text_tokens=512,
    latent_px=128, guided=True,
)  # fmt: skip
_replace = msgspec.structs.replace
_SD2_TURBO, _SDXL_TURBO = _replace(_SD2, latent_px=64), _replace(_SDXL, latent_px=64)
_PIXART_ALPHA = _replace(_PIXART, num_text_tokens=120, reads_sizes=True)
_SD35_MEDIUM = _replace(_SD3, num_dual_layers=13, normed_heads=True)
_FLUX_SCHNELL = _replace(_FLUX, num_text_tokens=256, guided=False)

PUBLISHED: dict[str, Published] = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": Published(shape=_SD1, num_steps=50, is_guided=True),
    "stabilityai/stable-diffusion-2-1": Published(shape=_SD2, num_steps=50, is_guided=True),
    "stabilityai/sd-turbo": Published(shape=_SD2_TURBO, num_steps=1, is_guided=False),
    "stabilityai/stable-diffusion-xl-base-1.0": Published(shape=_SDXL, num_steps=50, is_guided=True),
    "stabilityai/sdxl-turbo": Published(shape=_SDXL_TURBO, num_steps=1, is_guided=False),
    "PixArt-alpha/PixArt-XL-2-1024-MS": Published(shape=_PIXART_ALPHA, num_steps=20, is_guided=True),
    "PixArt-alpha/PixArt-Sigma-XL-2-1024-MS": Published(shape=_PIXART, num_steps=20, is_guided=True),
    "stabilityai/stable-diffusion-3-medium-diffusers": Published(shape=_SD3, num_steps=28, is_guided=True),
    "stabilityai/stable-diffusion-3.5-medium": Published(shape=_SD35_MEDIUM, num_steps=40, is_guided=True),
    "black-forest-labs/FLUX.1-dev": Published(shape=_FLUX, num_steps=28, is_guided=False),
    "black-forest-labs/FLUX.1-schnell": Published(shape=_FLUX_SCHNELL, num_steps=4, is_guided=False),
}
"""Turbo models: one step without guidance, 512 pixels (arXiv 2311.17042 and their model cards). SD 3.5 medium: 40
steps, FLUX.1 schnell: 4 steps and 256 words, as their model cards run them. FLUX.1 dev reads how strong its guidance
is and needs no second pass."""
COMPONENTS = ("unet", "transformer")
"""Names under which the catalog keeps the parameters of denoisers."""


def published(card: ModelCard) -> Published | None:
    """Return what was published of a model's denoiser, or null."""
    return PUBLISHED.get(card.id)
