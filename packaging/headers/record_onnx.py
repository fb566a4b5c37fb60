"""Write tests/data/headers/real_onnx.json: the beginnings of real ONNX graphs, without weights.

python packaging/headers/record_onnx.py NAME=FOLDER ..., in an environment with onnx. The folders are conversions of
SmolLM2-135M-Instruct and all-MiniLM-L6-v2 as the app makes them.
"""

import base64
import json
import sys
from pathlib import Path

import onnx

FILE = Path(__file__).resolve().parents[2] / "tests" / "data" / "headers" / "real_onnx.json"
NUM_NODES = 24
NUM_BYTES = 64


def beginning(folder: Path) -> bytes:
    """The first nodes of a graph, and the weights they take with the places of their numbers."""
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    del model.graph.node[NUM_NODES:]
    wanted = {name for node in model.graph.node for name in node.input}
    kept = [item for item in model.graph.initializer if item.name in wanted]
    for item in kept:
        if len(item.raw_data) > NUM_BYTES:
            item.ClearField("raw_data")
            item.data_location = 1
            item.external_data.add(key="location", value="model.onnx.data")
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    for field in (model.graph.value_info, model.metadata_props, model.graph.metadata_props):
        del field[:]
    for node in model.graph.node:
        del node.metadata_props[:]
    return model.SerializeToString()


def main() -> None:
    found = {name: beginning(Path(folder)) for name, folder in (word.split("=", 1) for word in sys.argv[1:])}
    text = {name: base64.b64encode(raw).decode() for name, raw in found.items()}
    FILE.write_text(json.dumps({"onnx": onnx.__version__, "graphs": text}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
