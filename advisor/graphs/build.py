"""Writes the graphs of a recipe. Imports onnx: for the building child only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.graphs import decoder, encoder
from advisor.graphs.conv.recipe import ConvolutionRecipe
from advisor.graphs.diffusion.recipe import DiffusionRecipe
from advisor.graphs.drawn import DrawnRecipe
from advisor.graphs.recipe import Recipe
from advisor.graphs.seq2seq import build as seq2seq
from advisor.graphs.seq2seq.recipe import Seq2SeqRecipe
from advisor.graphs.speech.recipe import SpeechRecipe
from advisor.graphs.text import DecoderRecipe, EncoderRecipe
from advisor.graphs.transformer_encoder.recipe import TextEncoderRecipe
from advisor.graphs.vision import build as vision
from advisor.graphs.vision.recipe import VisionRecipe
from advisor.graphs.weights_limit import INSIDE_LIMIT_BYTES

_GRAPH_NAME = "graph.onnx"


def _decoder(recipe: DecoderRecipe, folder: Path, num_layers: int) -> tuple[Path, ...]:
    path = folder / _GRAPH_NAME
    decoder.build(
        recipe.shape, recipe.storage, path, num_layers=num_layers, num_positions=recipe.num_capacity_tokens,
        with_head=recipe.with_head,
    )  # fmt: skip
    return (path,)


def _encoder(recipe: EncoderRecipe, folder: Path, num_layers: int) -> tuple[Path, ...]:
    path = folder / _GRAPH_NAME
    encoder.build(recipe.shape, recipe.storage, path, num_layers=num_layers, inside=is_inside(recipe))
    return (path,)


def _drawn(recipe: DrawnRecipe, folder: Path, num_layers: int) -> tuple[Path, ...]:
    path = folder / _GRAPH_NAME
    vision.write(recipe.sheet(num_layers), recipe.storage, path, inside=is_inside(recipe))
    return (path,)


def is_inside(recipe: Recipe) -> bool:
    """Tell whether exports of the whole model keep its weights inside the graph's file; parts of it do as it does."""
    return recipe.weight_bytes(recipe.num_layers) < INSIDE_LIMIT_BYTES


_BUILDERS: dict[type, Callable[[Any, Path, int], tuple[Path, ...]]] = {
    DecoderRecipe: _decoder,
    EncoderRecipe: _encoder,
    VisionRecipe: vision.build,
    ConvolutionRecipe: _drawn,
    DiffusionRecipe: _drawn,
    TextEncoderRecipe: _drawn,
    SpeechRecipe: _drawn,
    Seq2SeqRecipe: seq2seq.build,
}


def build(recipe: Recipe, folder: Path, num_layers: int) -> tuple[Path, ...]:
    """Write the graphs of a synthetic model.

    Args:
        recipe: the whole model.
        folder: where graphs and weights go; exists.
        num_layers: layers to keep; all of them where the recipe cannot be divided.

    Returns:
        One graph, or the encoder's and the decoder's; weights lie beside each, with `.data` added to its name.

    Raises:
        OutputError: `disk-full`.
    """
    return _BUILDERS[type(recipe)](recipe, folder, num_layers)
