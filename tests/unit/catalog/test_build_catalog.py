"""The build script: facts in, catalog out, the same bytes every time."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.catalog import load

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "packaging" / "catalog" / "build_catalog.py"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_catalog", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def facts(model_id="owner/model", **changes):
    shape = dict.fromkeys(
        (
            "num_hidden_layers", "hidden_size", "layer_pattern", "sliding_window", "moe", "mla", "ssm",
            "encoder_decoder", "vision", "audio", "detector", "input_embedding_dim",
        )
    )  # fmt: skip
    row = {
        "id": model_id,
        "family": "Model",
        "tasks": ["text-generation"],
        "license": {"id": "mit", "source": "llmfit 1.1.17 (hub card metadata)"},
        "released": {"year_month": "2025-04", "basis": "hub", "source": "hub"},
        "params": {
            "published_total": 100, "computed_total": None, "read_per_token_computed": None, "expert_params": None,
            "verification": "published_only", "verification_note": None, "components": None, "published_source": "card",
        },
        "architecture": shape | {"model_type": "llama", "num_hidden_layers": 2},
        "derived_cache": {"kv_elements_per_token_unbounded": 64, "recurrent_state_elements": None, "note": "x"},
        "context_length": {"tokens": 2048, "source": "card"},
        "languages": {"codes": ["deu-Latn", "en", "eng", "tf", "lg-ai"], "count": 2, "source": "card"},
        "embedding_dim": [64, 128, 32],
        "quality": [],
        "notes": None,
        "gaps": ["languages"],
    }  # fmt: skip
    return row | changes


def run(tmp_path, rows, name="models.json"):
    source, target = tmp_path / "facts.json", tmp_path / name
    source.write_text(json.dumps(rows))
    done = subprocess.run(
        [sys.executable, SCRIPT, "--facts", source, "--as-of", "2026-11-23", "--output", target],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done, target


def test_unknown_facts_are_left_out_and_known_ones_renamed(build):
    card = build.card(facts())
    assert card["parameters"] == {"num_published": 100, "verification": "published_only", "source": "card"}
    assert card["architecture"] == {"model_type": "llama", "num_hidden_layers": 2}
    assert card["cache"] == {"num_elements_per_token": 64}
    assert card["languages"] == ["de", "en"]
    assert card["num_languages"] == 2
    assert card["embedding_size"] == 128
    assert "notes" not in card
    assert "quality" not in card


def test_every_part_gets_our_names(build):
    parts = {
        "moe": {"num_experts": 8, "experts_per_tok": 2, "moe_intermediate_size": 64, "shared_experts": 1},
        "vision": {"model_type": "vit", "image_size": 224, "patch_size": 16},
        "audio": {"encoder_layers": 2, "encoder_hidden": 64, "encoder_heads": None},
        "detector": {"backbone": "dinov2", "backbone_hidden": 384, "backbone_layers": 12},
    }
    shape = build.card(facts(architecture=facts()["architecture"] | parts))["architecture"]
    assert shape["moe"] == {
        "num_experts": 8, "num_experts_per_token": 2, "expert_intermediate_size": 64, "num_shared_experts": 1,
    }  # fmt: skip
    assert shape["vision"]["image_size_px"] == [224]
    assert shape["audio"] == {"num_encoder_layers": 2, "encoder_hidden_size": 64}
    assert shape["detector"]["backbone_hidden_sizes"] == [384]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("card citing (find_string id 70217422962)", "card citing"),
        ('note in repositories (find_string "<id> (<licence>")', "note in repositories"),
        ("63 MB (READMEs, find_string ids 553 and 540); VITS", "63 MB (READMEs); VITS"),
        ("plain", "plain"),
        ("", None),
        (None, None),
    ],
)
def test_search_numbers_do_not_reach_the_catalog(build, text, cleaned):
    assert build.clean(text) == cleaned


def test_a_licence_per_voice_is_not_one_licence(build):
    mixed = facts(license={"id": "mit (repository); each voice has its own data licence", "source": "x"})
    assert build.card(mixed)["licence"] == "other"


def test_same_facts_same_bytes_in_any_order(tmp_path):
    rows = [facts("b/two"), facts("A/one")]
    first, one = run(tmp_path, rows, "one.json")
    second, two = run(tmp_path, rows[::-1], "two.json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert one.read_bytes() == two.read_bytes()
    catalog = load.parse(one.read_bytes(), "one.json")
    assert [card.id for card in catalog.models] == ["A/one", "b/two"]
    assert catalog.version.startswith("2026-11-23-")
    assert len(one.read_text().splitlines()) == 4


def test_facts_that_make_no_valid_catalog_write_nothing(tmp_path):
    wrong = facts()
    wrong["params"]["published_total"] = -5
    done, target = run(tmp_path, [wrong])
    assert done.returncode != 0
    assert "parameters.num_published" in done.stderr
    assert not target.exists()


def test_the_shipped_catalog_carries_no_search_numbers():
    assert b"find_string" not in (ROOT / "resources" / "catalog" / "models.json").read_bytes()
