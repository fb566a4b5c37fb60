"""Write tests/data/headers/gguf_zeros.json: random blocks of each GGUF type, and which numbers gguf unpacks as zero.

python packaging/headers/record_gguf_zeros.py, in an environment with gguf.
"""

import base64
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants

FILE = Path(__file__).resolve().parents[2] / "tests" / "data" / "headers" / "gguf_zeros.json"
SIZES = {"Q8_0": 34, "Q4_0": 18, "Q4_1": 20, "Q5_0": 22, "Q5_1": 24, "Q2_K": 84, "Q3_K": 110, "Q4_K": 144,
         "Q5_K": 176, "Q6_K": 210, "IQ4_NL": 18, "MXFP4": 17, "TQ2_0": 66}  # fmt: skip
SCALES = {"Q4_1": (0, 2), "Q5_1": (0, 2), "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2),
          "Q6_K": (208,), "TQ2_0": (64,), "MXFP4": ()}  # fmt: skip
"""Where a block keeps its float16 scales; at its beginning where nothing else is said."""
HALVES = np.array([0, -0.0, 1, -1, 0.5, 2, -2, 3, -8, 0.25], np.float16)
NUM_BLOCKS = 24


def blocks(name, random):
    """Random blocks with many zero bytes and scales that are numbers."""
    raw = random.integers(0, 256, (NUM_BLOCKS, SIZES[name]), dtype=np.uint8)
    raw[random.random(raw.shape) < 0.4] = 0
    for at in SCALES.get(name, (0,)):
        raw[:, at : at + 2] = random.choice(HALVES, NUM_BLOCKS).view(np.uint8).reshape(-1, 2)
    if name == "MXFP4":
        raw[:, 0] = random.integers(100, 140, NUM_BLOCKS)
    return raw


def main():
    random = np.random.default_rng(5)
    found = {}
    for name in SIZES:
        raw = blocks(name, random)
        values = quants.dequantize(raw.reshape(1, -1), GGMLQuantizationType[name]).reshape(-1)
        is_zero = np.packbits(values == 0, bitorder="little")
        found[name] = {
            "blocks": base64.b64encode(raw.tobytes()).decode(),
            "zeros": base64.b64encode(is_zero.tobytes()).decode(),
            "num_elements": len(values),
        }
    FILE.write_text(json.dumps({"gguf": version("gguf"), "types": found}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
