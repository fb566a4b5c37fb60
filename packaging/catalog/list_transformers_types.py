"""Write resources/catalog/transformers_types.json: the model types that transformers has code for.

Run it in an environment with transformers, after an upgrade: python packaging/catalog/list_transformers_types.py
"""

import json
from pathlib import Path

import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

FILE = Path(__file__).resolve().parents[2] / "resources" / "catalog" / "transformers_types.json"


def main() -> None:
    types = sorted(CONFIG_MAPPING_NAMES)
    table = {"schema_version": 1, "version": transformers.__version__, "types": types}
    FILE.write_text(json.dumps(table, indent=0) + "\n", "utf-8")
    print(f"{len(types)} types of transformers {transformers.__version__}")


if __name__ == "__main__":
    main()
