"""Build resources/grid/intensity.json from the facts table.

    python packaging/grid/build_grid.py --facts FACTS.csv

The facts: columns iso3, name, gco2e_per_kwh, year, source, note (see resources/grid/SOURCES.md). Values, years and
notes are kept as they are; two-letter codes are added from iso3166.csv beside this script.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "resources" / "grid" / "intensity.json"
AS_OF = "2025-08-03"
REGION_PREFIX = "REGION:"


def two_letter_codes() -> dict[str, str]:
    with (HERE / "iso3166.csv").open(encoding="utf-8", newline="") as file:
        return {row["iso3"]: row["iso2"] for row in csv.DictReader(file)}


def build(facts: Path) -> dict[str, object]:
    codes, sources, rows = two_letter_codes(), [], []
    with facts.open(encoding="utf-8", newline="") as file:
        for line, fact in enumerate(csv.DictReader(file), start=2):
            iso3 = fact["iso3"] or None
            if iso3 is not None and iso3 not in codes:
                raise SystemExit(f"{facts}, line {line}: no two-letter code for {iso3}; add it to iso3166.csv")
            if fact["source"] not in sources:
                sources.append(fact["source"])
            rows.append(
                {
                    "iso3": iso3,
                    "iso2": codes[iso3] if iso3 is not None else None,
                    "name": fact["name"].removeprefix(REGION_PREFIX),
                    "g_per_kwh": float(fact["gco2e_per_kwh"]),
                    "year": int(fact["year"]),
                    "source": sources.index(fact["source"]),
                    "note": fact["note"] or None,
                }
            )
    return {"schema": 1, "as_of": AS_OF, "sources": sources, "rows": rows}


def text(table: dict[str, object]) -> str:
    """One row a line, so that a change of one value is a change of one line."""
    head = {key: value for key, value in table.items() if key != "rows"}
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in table["rows"])
    return json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": [\n' + lines + "\n ]\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--facts", type=Path, required=True, help="grid_intensity.csv of the facts")
    parser.add_argument("--output", type=Path, default=TARGET)
    given = parser.parse_args()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(text(build(given.facts)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
