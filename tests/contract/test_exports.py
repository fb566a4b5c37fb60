"""Synthetic graphs hold what the tools that people export with put into theirs: layer for layer, or as a whole.

The exports are recorded in tests/data/exports by packaging/exports/record_exports.py, which needs torch and others that
the tests do without.
"""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from advisor.catalog import formats
from advisor.catalog.model import Architecture, Candidate, ModelCard, ParameterFacts
from advisor.graphs import build, recipes
from advisor.graphs.diffusion.networks import FluxShape, JointShape, PixArtShape, UNetShape
from advisor.graphs.diffusion.recipe import DiffusionRecipe
from advisor.graphs.storage import BY_FORMAT
from advisor.task.model import Workload

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "tests" / "data" / "exports").glob("*.json"))
EXPORTS = {path.stem: json.loads(path.read_text()) for path in FILES}
WORKLOAD = Workload(num_input_tokens=16, num_output_tokens=8, num_context_tokens=64)
LEAST_FAMILIES = 8
"""Kinds of graph, not model types: decoders, encoders, mixtures of experts, image networks, detectors, denoisers."""
DENOISERS = {shape.__name__: shape for shape in (UNetShape, PixArtShape, JointShape, FluxShape)}


@pytest.fixture(scope="module")
def graph_facts():
    sys.path.insert(0, str(ROOT / "packaging" / "exports"))
    try:
        import graph_facts
    finally:
        sys.path.pop(0)
    return graph_facts


def recipe_of(recorded, num_layers=None):
    """Return the recipe of an exported configuration: by a catalog row, or by a shape where rows only name models."""
    if "shape" in recorded:
        return _denoiser(recorded, num_layers)
    fields = _deeper(recorded["architecture"], num_layers)
    for part in {"vision", "encoder_decoder"} & set(fields):
        fields[part] = _deeper(fields[part], num_layers)
    card = ModelCard(
        id=recorded.get("id", "maker/model"), family="Model", tasks=tuple(recorded["tasks"]),
        architecture=msgspec.convert(fields, Architecture),
        parameters=ParameterFacts(verification="exact", components=recorded.get("components", {})),
    )  # fmt: skip
    recipe, why = recipes.recipe(Candidate(model=card, format=formats.by_id(recorded["format"])), WORKLOAD)
    assert recipe is not None, why
    return recipe


def _denoiser(recorded, num_layers):
    fields = _deeper(recorded["shape"], num_layers)
    shape = msgspec.convert(fields, DENOISERS[fields.pop("kind")])
    return DiffusionRecipe(
        shape=shape, storage=BY_FORMAT[recorded["format"]], num_batch=1, num_runs=1.0, is_guided=False, num_steps=1
    )


def _deeper(fields, num_layers):
    names = ("num_hidden_layers", "num_layers", "num_encoder_layers", "num_decoder_layers")
    depths = {key: num_layers for key in names if key in fields and num_layers}
    return {**fields, **depths}


def facts_of(recipe, folder, graph_facts, num_layers, *, simplified=False):
    target = folder / str(num_layers)
    target.mkdir()
    paths = build.build(recipe, target, num_layers)
    return graph_facts.together([graph_facts.facts(path, simplified=simplified) for path in paths])


@pytest.mark.parametrize("name", [name for name, recorded in EXPORTS.items() if "per_layer" in recorded])
def test_one_layer_holds_what_an_export_holds(name, tmp_path, graph_facts):
    recorded = EXPORTS[name]
    depths = recorded.get("depths", (2, 3))
    recipe = recipe_of(recorded, depths[-1])
    fewer, more = (facts_of(recipe, tmp_path, graph_facts, layers) for layers in depths)
    every = "operators" in recorded["per_layer"]
    assert graph_facts.per_layer(fewer, more, whole=every) == recorded["per_layer"]


@pytest.mark.parametrize("name", [name for name, recorded in EXPORTS.items() if "whole_graph" in recorded])
def test_a_whole_network_holds_what_its_export_holds(name, tmp_path, graph_facts):
    recorded = EXPORTS[name]
    recipe = recipe_of(recorded)
    simplified = recorded.get("simplified", False)
    found = facts_of(recipe, tmp_path, graph_facts, recipe.num_layers, simplified=simplified)
    every = "operators" in recorded["whole_graph"]
    assert graph_facts.whole_graph(found, whole=every) == recorded["whole_graph"]
    assert recipe.num_parameters() + recorded.get("undrawn", 0) == recorded["num_parameters"]


def test_enough_families_are_held_against_exports():
    recorded = EXPORTS.values()
    families = {recipe_of(export).family for export in recorded}
    parts = {part for part in ("moe", "ssm") for export in recorded if export.get("architecture", {}).get(part)}
    assert len(families | parts) >= LEAST_FAMILIES, families | parts
