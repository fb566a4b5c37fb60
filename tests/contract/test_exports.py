"""Synthetic graphs hold what the tools that people export with put into theirs, layer for layer.

The exports are recorded in tests/data/exports by packaging/exports/record_exports.py, which needs torch and others that
the tests do without.
"""

import json
import sys
from pathlib import Path

import pytest

from advisor.catalog import formats
from advisor.catalog.model import Architecture, Candidate, ModelCard, ParameterFacts
from advisor.graphs import build, recipes
from advisor.task.model import Workload

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = sorted((ROOT / "tests" / "data" / "exports").glob("*.json"))
WORKLOAD = Workload(num_input_tokens=16, num_output_tokens=8, num_context_tokens=64)
LEAST_FAMILIES = 8


@pytest.fixture(scope="module")
def graph_facts():
    sys.path.insert(0, str(ROOT / "packaging" / "exports"))
    try:
        import graph_facts
    finally:
        sys.path.pop(0)
    return graph_facts


def ours(recorded, folder, graph_facts, num_layers):
    fields = {**recorded["architecture"], "num_hidden_layers": num_layers}
    card = ModelCard(
        id="maker/model", family="Model", tasks=tuple(recorded["tasks"]), architecture=Architecture(**fields),
        parameters=ParameterFacts(verification="exact"),
    )  # fmt: skip
    recipe, why = recipes.recipe(Candidate(model=card, format=formats.by_id(recorded["format"])), WORKLOAD)
    assert recipe is not None, why
    target = folder / str(num_layers)
    target.mkdir()
    return graph_facts.facts(build.build(recipe, target, recipe.num_layers)[-1])


@pytest.mark.parametrize("path", EXPORTS, ids=[path.stem for path in EXPORTS])
def test_one_layer_holds_what_an_export_holds(path, tmp_path, graph_facts):
    recorded = json.loads(path.read_text())
    whole = recorded["compared"] == "every operator"
    two, three = (ours(recorded, tmp_path, graph_facts, layers) for layers in (2, 3))
    assert graph_facts.per_layer(two, three, whole=whole) == recorded["per_layer"]


def test_enough_families_are_held_against_exports():
    families = {json.loads(path.read_text())["architecture"]["model_type"] for path in EXPORTS}
    assert len(families) >= LEAST_FAMILIES
