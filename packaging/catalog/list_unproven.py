"""Write `resources/catalog/unproven.json`: models whose shapes our rules do not prove, each with the reason.

Run: python packaging/catalog/list_unproven.py

tests/contract/test_parameter_counts.py holds the list: it can only get shorter.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from advisor.catalog import load, proof

OUTPUT = Path(__file__).resolve().parents[2] / "resources" / "catalog" / "unproven.json"


def main() -> None:
    """Write the list, sorted by id as the catalog is."""
    cards = load.catalog().models
    rows = {card.id: reason for card in cards if (reason := proof.why_unproven(card)) is not None}
    partly = {card.id: parts for card in cards if card.id not in rows and (parts := proof.lumps(card))}
    found = {
        "about": "Models whose tensor shapes are not proven by a parameter count, with the reason; and proven models "
        "of which some parts have a count but no shapes.",
        "num_unproven": len(rows),
        "unproven": rows,
        "parts_without_shapes": partly,
    }
    OUTPUT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{OUTPUT}: {len(rows)} of {len(cards)} models unproven, {len(partly)} partly without shapes")


if __name__ == "__main__":
    main()
