"""Turn the facts table into `resources/catalog/models.json`, one model per line.

Run: python packaging/catalog/build_catalog.py --facts PATH/models.json --as-of 2026-11-23

The same facts give the same bytes. Nothing is guessed: what the facts leave null is left out.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from advisor.catalog import cache, languages, load
from advisor.catalog.model import Architecture

OUTPUT = Path(__file__).resolve().parents[2] / "resources" / "catalog" / "models.json"
SCHEMA_VERSION = 1

ARCHITECTURE = {"input_embedding_dim": "input_embedding_size"}
MOE = {
    "experts_per_tok": "num_experts_per_token",
    "moe_intermediate_size": "expert_intermediate_size",
    "shared_experts": "num_shared_experts",
    "first_dense_layers": "num_first_dense_layers",
}
SSM = {
    "n_ssm_layers": "num_ssm_layers",
    "n_attention_layers": "num_attention_layers",
    "n_heads": "num_heads",
    "n_groups": "num_groups",
    "d_ssm": "inner_size",
    "key_heads": "num_key_heads",
    "value_heads": "num_value_heads",
}
ENCODER_DECODER = {
    "encoder_layers": "num_encoder_layers",
    "decoder_layers": "num_decoder_layers",
    "encoder_heads": "num_encoder_heads",
    "decoder_heads": "num_decoder_heads",
    "encoder_ffn": "encoder_intermediate_size",
    "decoder_ffn": "decoder_intermediate_size",
}
VISION = {"image_size": "image_size_px", "patch_size": "patch_size_px", "mm_tokens_per_image": "num_tokens_per_image"}
AUDIO = {
    "encoder_layers": "num_encoder_layers",
    "encoder_hidden": "encoder_hidden_size",
    "encoder_heads": "num_encoder_heads",
    "max_source_positions": "num_max_source_positions",
}
DETECTOR = {
    "encoder_layers": "num_encoder_layers",
    "decoder_layers": "num_decoder_layers",
    "backbone_hidden": "backbone_hidden_sizes",
    "backbone_layers": "num_backbone_layers",
    "backbone_image_size": "backbone_image_size_px",
    "backbone_patch_size": "backbone_patch_size_px",
}
CACHE = {
    "kv_elements_per_token_unbounded": "num_elements_per_token",
    "kv_elements_per_token_windowed": "num_elements_per_token_windowed",
    "recurrent_state_elements": "num_state_elements",
}
PARTS = {
    "moe": MOE, "ssm": SSM, "mla": {}, "encoder_decoder": ENCODER_DECODER, "vision": VISION, "audio": AUDIO,
    "detector": DETECTOR,
}  # fmt: skip
TUPLES = {"image_size_px", "depths", "hidden_sizes", "backbone_depths", "backbone_hidden_sizes"}
DROPPED = {"per_layer_embedding_params", "note"}
GLOBAL_HEAD_DIM = 512
GLOBAL_KEY_VALUE_HEADS = {
    "google/gemma-4-E2B-it": 1,
    "google/gemma-4-E4B-it": 2,
    "google/gemma-4-12B-it": 1,
    "google/gemma-4-26B-A4B-it": 2,
    "google/gemma-4-31B-it": 4,
}
"""Not in the facts; the only values with which the parameters of all five models come out to the last one."""
LICENCES = {"mit (repository); each voice has its own data licence": "other"}


def renamed(facts: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the facts that are known, under our names."""
    found = {}
    for name, value in facts.items():
        if value is None or name in DROPPED:
            continue
        ours = names.get(name, name)
        found[ours] = [value] if ours in TUPLES and not isinstance(value, list) else value
    return found


def architecture(facts: dict[str, Any]) -> dict[str, Any] | None:
    """Return the architecture, or null where nothing of it is sourced."""
    if facts["model_type"] is None:
        return None
    found = renamed(facts, ARCHITECTURE)
    for part, names in PARTS.items():
        if part in found:
            found[part] = renamed(found[part], names)
    return found


def parameters(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the counts and what they were compared with."""
    return renamed(
        {
            "num_published": facts["published_total"],
            "num_computed": facts["computed_total"],
            "num_read_per_token": facts["read_per_token_computed"],
            "num_experts_parameters": facts["expert_params"],
            "verification": facts["verification"],
            "components": facts["components"],
            "source": clean(facts["published_source"]),
        },
        {},
    ) | ({"note": clean(facts["verification_note"])} if facts["verification_note"] else {})


NOT_LANGUAGES = {"lg-ai"}
"""A firm's name among the language tags of its models; it would read as Ganda."""
SEARCH_IDS = (
    r"\s*\(find_string \"[^\"]*\"\)",
    r",? ?find_string (?:\"[^\"]*\" )?(?:ids? )?[\d, ]+(?:and \d+)?",
    r"\s*\(\s*\)",
)


def clean(text: str | None) -> str | None:
    """Return a source without the search ids of whoever gathered it."""
    if not text:
        return None
    for pattern in SEARCH_IDS:
        text = re.sub(pattern, "", text)
    return text.replace("(, ", "(").strip()


def spoken(facts: dict[str, Any] | None) -> dict[str, Any]:
    """Return languages in our codes, sorted; tags that are no language codes are left out."""
    if facts is None:
        return {}
    found = {"num_languages": facts["count"]}
    tagged = set(facts["codes"] or ())
    codes = sorted({code for code in map(languages.normalise, tagged - NOT_LANGUAGES) if code})
    return found | ({"languages": codes} if codes else {})


def figure(facts: dict[str, Any]) -> dict[str, Any]:
    """Return one quality figure."""
    return renamed({**facts, "source": clean(facts["source"]), "note": None}, {}) | (
        {"note": clean(facts["note"])} if facts["note"] else {}
    )


def card(facts: dict[str, Any]) -> dict[str, Any]:
    """Return one model in the lean schema."""
    licence, sizes = facts["license"]["id"], facts["embedding_dim"]
    quality = sorted(
        (figure(item) for item in facts["quality"]),
        key=lambda f: (f["benchmark"], f["metric"], f["source"], f["value"]),
    )
    shape = architecture(facts["architecture"])
    kept = renamed(facts["derived_cache"], CACHE) if facts["derived_cache"] else None
    if shape is not None and facts["id"] in GLOBAL_KEY_VALUE_HEADS:
        shape |= {"global_head_dim": GLOBAL_HEAD_DIM}
        shape |= {"num_global_key_value_heads": GLOBAL_KEY_VALUE_HEADS[facts["id"]]}
        kept = msgspec.to_builtins(cache.cache_of(msgspec.convert(shape, Architecture)))
    row = {
        "id": facts["id"],
        "family": facts["family"],
        "tasks": facts["tasks"],
        "licence": LICENCES.get(licence, licence),
        "licence_source": clean(facts["license"]["source"]),
        "released": facts["released"]["year_month"],
        "parameters": parameters(facts["params"]),
        "architecture": shape,
        "cache": kept,
        "num_context_tokens": (facts["context_length"] or {}).get("tokens"),
        **spoken(facts["languages"]),
        "embedding_size": max(sizes) if isinstance(sizes, list) else sizes,
        "quality": quality,
        "notes": clean(facts["notes"]),
        "gaps": facts["gaps"],
    }
    return {name: value for name, value in row.items() if value not in (None, [], {})}


def compact(value: Any) -> str:
    """Return JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Build, check by loading it the way the app does, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, required=True, help="facts table, JSON")
    parser.add_argument("--as-of", required=True, help="day the facts were gathered, YYYY-MM-DD")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    rows = [card(facts) for facts in json.loads(options.facts.read_bytes())]
    lines = ",\n".join(compact(row) for row in sorted(rows, key=lambda row: row["id"].casefold()))
    version = f"{options.as_of}-{hashlib.sha256(lines.encode()).hexdigest()[:8]}"
    head = f'{{"schema_version":{SCHEMA_VERSION},"version":"{version}","as_of":"{options.as_of}","models":[\n'
    raw = f"{head}{lines}\n]}}\n".encode()
    catalog = load.parse(raw, options.output.name)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(raw)
    print(f"{options.output}: {len(catalog.models)} models, {len(raw):,} bytes, version {catalog.version}")


if __name__ == "__main__":
    main()
