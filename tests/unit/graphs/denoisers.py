"""Small denoisers of every kind."""

from advisor.graphs.diffusion.flux import FluxShape
from advisor.graphs.diffusion.joint import JointShape
from advisor.graphs.diffusion.pixart import PixArtShape
from advisor.graphs.diffusion.recipe import DiffusionRecipe
from advisor.graphs.diffusion.unet import UNetShape
from advisor.graphs.storage import FLOAT32

TEXT = {"text_width": 48, "num_text_tokens": 7, "latent_px": 16}
UNET = {**TEXT, "num_groups": 8}
FOUR_LEVELS = {**UNET, "widths": (32, 64, 64, 64), "depths": (1, 1, 1, 0)}
TRANSFORMER = {**TEXT, "hidden_size": 64, "num_heads": 4}
SHAPES = {
    "sd1": UNetShape(**FOUR_LEVELS, num_heads=(4, 4, 4, 4), linear_projections=False),
    "sd2": UNetShape(**FOUR_LEVELS, num_heads=(2, 4, 4, 4), linear_projections=True),
    "sdxl": UNetShape(
        **UNET, widths=(32, 64, 64), depths=(0, 2, 3), num_heads=(2, 4, 4), linear_projections=True, pooled_width=24,
        size_width=16,
    ),
    "pixart": PixArtShape(**TRANSFORMER, num_layers=2),
    "pixart, with sizes": PixArtShape(**{**TRANSFORMER, "hidden_size": 96}, num_layers=2, reads_sizes=True),
    "sd3": JointShape(**TRANSFORMER, num_layers=3, pooled_width=24),
    "sd3, dual": JointShape(**TRANSFORMER, num_layers=3, pooled_width=24, num_dual_layers=2, normed_heads=True),
    "flux": FluxShape(**TRANSFORMER, num_layers=2, pooled_width=24, num_channels=16, guided=True),
    "flux, schnell": FluxShape(**TRANSFORMER, num_layers=2, pooled_width=24, num_channels=16, guided=False),
}  # fmt: skip


def recipe_of(name, **changes):
    """A denoiser made without guidance, one picture, four steps."""
    fields = {"num_batch": 1, "num_runs": 4.0, "is_guided": False, "num_steps": 4, **changes}
    return DiffusionRecipe(shape=SHAPES[name], storage=FLOAT32, **fields)
