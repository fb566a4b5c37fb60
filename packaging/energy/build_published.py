"""Turn the table of published AI Energy Score results into `resources/energy/published.json`, one result per line.

Run: python packaging/energy/build_published.py --facts PATH/ai_energy_score_published.csv --as-of 2026-11-23

The same facts give the same bytes. A row that cannot be right stops the build.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).resolve().parents[2] / "resources" / "energy" / "published.json"
SCHEMA_VERSION = 1
TASKS = {
    "text_generation": "text-generation",
    "reasoning": "reasoning",
    "image_generation": "image-generation",
    "image_classification": "image-classification",
}
ORIGINS = (
    ("official leaderboard", "official"),
    ("official image_generation", "official"),
    ("DERIVED", "derived"),
    ("SECONDARY", "secondary"),
    ("VALIDATION DOC", "validation"),
)
PLAUSIBLE_WH = (0.1, 20_000.0)
"""[Wh] Per 1,000 queries; outside, somebody mixed up kWh and Wh."""


def origin(source):
    """Return how far a row is official, from the first words of its source."""
    for start, word in ORIGINS:
        if source.startswith(start):
            return word
    raise ValueError(f"source {source!r} starts with none of {[start for start, _ in ORIGINS]}")


def result(row, number):
    """Return one row of the shipped table.

    Raises:
        ValueError: a field cannot be right; the row and the field are named.
    """
    energy_wh = float(row["gpu_wh_per_1000_queries"])
    if not PLAUSIBLE_WH[0] <= energy_wh <= PLAUSIBLE_WH[1]:
        raise ValueError(f"row {number}: gpu_wh_per_1000_queries is {energy_wh}, outside {PLAUSIBLE_WH}")
    stars = int(row["stars"]) if row["stars"] else None
    if stars is not None and not 1 <= stars <= 5:
        raise ValueError(f"row {number}: stars is {stars}")
    return {
        "model": row["model"],
        "task": TASKS[row["task"]],
        "size_class": row["class"] or None,
        "test_date": row["test_date"] or None,
        "reasoning": row["reasoning"] or None,
        "gpu_energy_wh": energy_wh,
        "stars": stars,
        "origin": origin(row["source"]),
        "source": row["source"],
    }


def build(facts, as_of):
    """Return the text of the shipped table."""
    with facts.open(newline="", encoding="utf-8") as file:
        rows = [result(row, number) for number, row in enumerate(csv.DictReader(file), start=2)]
    rows.sort(key=lambda row: (row["task"], row["test_date"] or "", row["size_class"] or "", row["gpu_energy_wh"]))
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'{{"schema_version": {SCHEMA_VERSION}, "as_of": "{as_of}", "results": [\n{lines}\n]}}\n'


def main():
    """Build the table and say how many results it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, required=True)
    parser.add_argument("--as-of", default="2026-11-23")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    text = build(options.facts, options.as_of)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{options.output}: {len(json.loads(text)['results'])} results\n")


if __name__ == "__main__":
    main()
