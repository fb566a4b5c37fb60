"""How fast zeros are counted in weights, and how long ONNX headers take to be sized.

    python benchmarks/weights_reading.py [--mib 256] [--repeats 3]

Writes files of known content, reads each in a fresh process and prints a table: time inside it, bytes of weights a
second, and the highest resident set of the whole process, interpreter included. Files were just written, so they come
from the system's cache: a disk may be slower. Prints; asserts nothing. Linux only: it reads /proc.
"""

import argparse
import json
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
MIB = 2**20
COLUMNS = 4096
SIZES = {"F32": 4, "BF16": 2, "F8_E4M3": 1}
BLOCKS = {"Q8_0": (32, 34, 8), "Q4_0": (32, 18, 2), "Q4_1": (32, 20, 3), "Q4_K": (256, 144, 12), "Q6_K": (256, 210, 14)}
CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
def highest():
    return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
what, path = sys.argv[2], Path(sys.argv[3])
if what == "zeros":
    from advisor.catalog.weights import scan
else:
    from advisor.catalog import load, local_model
    load.catalog()
before = highest()
started = time.perf_counter()
if what == "zeros":
    found = scan.scan(path)
    count, size, more = found.num_zeros, found.read_bytes, "/".join(row.pattern for row in found.patterns)
else:
    found = local_model.load(path)
    count, size = found.known.num_parameters, found.checkpoint.weight_bytes()
    more = f"{len(found.checkpoint.tensors())} tensors"
took = time.perf_counter() - started
print(took, highest(), before, count, size, more.replace(" ", "_") or "-")
"""


def write_safetensors(path: Path, dtype: str, mib: int, pattern: str) -> None:
    """One matrix of random numbers, with zeros as asked."""
    random = np.random.default_rng(1)
    rows = mib * MIB // (COLUMNS * SIZES[dtype])
    entry = {"dtype": dtype, "shape": [rows, COLUMNS], "data_offsets": [0, rows * COLUMNS * SIZES[dtype]]}
    raw = json.dumps({"model.layers.0.mlp.up_proj.weight": entry}).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        for first in range(0, rows, 256):
            piece = random.integers(1, 127, (min(256, rows - first), COLUMNS * SIZES[dtype]), dtype=np.uint8)
            numbers = piece.view(f"<u{SIZES[dtype]}")
            if pattern == "scattered":
                numbers[random.random(numbers.shape) < 0.5] = 0
            elif pattern == "2:4":
                for first_row, columns in ((0, (0, 3)), (1, (1, 2))):
                    for column in columns:
                        numbers[first_row::2, column::4] = 0
            file.write(piece.tobytes())


def write_gguf(path: Path, dtype: str, mib: int) -> None:
    """One matrix of random blocks."""
    weights, size, number = BLOCKS[dtype]
    rows = mib * MIB * weights // (COLUMNS * size)
    name = b"blk.0.ffn_up.weight"
    raw = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", len(name)) + name
    raw += struct.pack("<IQQIQ", 2, COLUMNS, rows, number, 0)
    with path.open("wb") as file:
        file.write(raw + bytes(-len(raw) % 32))
        random = np.random.default_rng(2)
        for first in range(0, rows, 256):
            count = min(256, rows - first) * COLUMNS // weights * size
            file.write(random.integers(0, 256, count, dtype=np.uint8).tobytes())


def write_onnx(path: Path, num_layers: int) -> None:
    """A decoder as onnxruntime-genai packs it in 4 bits, its weights in a file beside it that is a hole."""
    hidden, inner, at = 8192, 28672, 0
    nodes, weights = [], []
    for layer in range(num_layers):
        for module, (rows, columns) in {
            "attn.q_proj": (hidden, hidden), "attn.k_proj": (1024, hidden), "attn.v_proj": (1024, hidden),
            "attn.o_proj": (hidden, hidden), "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden),
            "mlp.down_proj": (hidden, inner),
        }.items():  # fmt: skip
            stem = f"model.layers.{layer}.{module}.MatMul"
            for ending, kind, shape, size in (
                ("weight_Q4", 2, (rows, columns // 32, 16), rows * columns // 2),
                ("weight_scales", 1, (rows, columns // 32), rows * columns // 8),
            ):
                item = TensorProto(name=f"{stem}.{ending}", dims=shape, data_type=kind, data_location=1)
                for key, value in (("location", "model.onnx.data"), ("offset", at), ("length", size)):
                    item.external_data.add(key=key, value=str(value))
                weights.append(item)
                at += size
            names = [f"{stem}.x", f"{stem}.weight_Q4", f"{stem}.weight_scales"]
            facts = {"domain": "com.microsoft", "K": columns, "N": rows, "bits": 4, "block_size": 32}
            nodes.append(helper.make_node("MatMulNBits", names, [f"{stem}.y"], name=f"/{stem}", **facts))
            nodes += [helper.make_node("Mul", [f"{stem}.y", f"{stem}.y"], [f"{stem}.z{place}"]) for place in range(4)]
    path.mkdir()
    graph = helper.make_graph(nodes, "g", [], [], weights)
    (path / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    with (path / "model.onnx.data").open("wb") as file:
        file.truncate(at)


def run(what: str, path: Path, repeats: int) -> list[str]:
    """Return the cells of a row: median time, rate, memory, what was found."""
    took, highest, before, count, size, more = [], 0.0, 0.0, "", 0.0, ""
    for _ in range(repeats):
        words = [sys.executable, "-c", CHILD, str(ROOT), what, str(path)]
        out = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        took.append(float(out[0]))
        highest, before, count, size, more = max(highest, float(out[1])), float(out[2]), out[3], float(out[4]), out[5]
    middle = statistics.median(took)
    rate = f"{size / middle / 1e9:.2f}" if what == "zeros" else "-"
    return [f"{middle:.3f}", rate, f"{highest / MIB:.0f}", f"{(highest - before) / MIB:.0f}", f"{int(count):,}", more]


def over_hub(path: Path) -> list[str]:
    """Size the same ONNX model over a hub on this computer."""
    import time

    from fakes_hub import Claimed, FakeHub, FakeModel

    from advisor.catalog.hub.client import Hub
    from advisor.catalog.hub.sizing import size

    hole = Claimed(b"", (path / "model.onnx.data").stat().st_size)
    files = {"model.onnx": path / "model.onnx", "model.onnx.data": hole}
    with FakeHub({"ours/big": FakeModel(files)}) as fake:
        hub = Hub(fake.address)
        started = time.perf_counter()
        found = size("ours/big", hub=hub)
        took = time.perf_counter() - started
    made = f"{found.transferred_bytes / MIB:.1f} MiB in {found.num_requests} requests"
    return [f"{took:.3f}", "-", "-", "-", "", made]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {asked.mib} MiB a file")
    print("| what | s | GB/s | highest MiB | of it for this | found | |\n| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for dtype, pattern in (("F32", "dense"), ("BF16", "dense"), ("F8_E4M3", "dense"), ("BF16", "scattered"),
                               ("BF16", "2:4")):  # fmt: skip
            path = folder / "model.safetensors"
            write_safetensors(path, dtype, asked.mib, pattern)
            print(f"| zeros, {dtype} {pattern} | {' | '.join(run('zeros', path, asked.repeats))} |")
            path.unlink()
        for dtype in BLOCKS:
            path = folder / "model.gguf"
            write_gguf(path, dtype, asked.mib // 4)
            print(f"| zeros, {dtype} | {' | '.join(run('zeros', path, asked.repeats))} |")
            path.unlink()
        path = folder / "onnx"
        write_onnx(path, 80)
        print(f"| ONNX header, 70B in 4 bits | {' | '.join(run('onnx', path, asked.repeats))} |")
        print(f"| the same over a hub on this computer | {' | '.join(over_hub(path))} |")


if __name__ == "__main__":
    main()
