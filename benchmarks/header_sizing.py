"""How long it takes to size a sharded checkpoint from its headers, and how much memory.

    python benchmarks/header_sizing.py [--repeats 5]

Writes checkpoints with headers of real size and bodies that are holes, so that they take no room on disk, and sizes
each in a fresh process: time inside it, and the highest resident set of the whole process, interpreter included. Prints
a table; asserts nothing. Linux only: it reads /proc.
"""

import argparse
import json
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from math import prod
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BITS = {"BF16": 16, "F8_E4M3": 8, "F32": 32}
MIB = 2**20
CHILD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
def highest():
    return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = highest()
started = time.perf_counter()
if sys.argv[3] == "headers":
    from advisor.catalog.headers import folder
    found = folder.read_path(Path(sys.argv[2]))
    count, size = found.num_elements(), found.weight_bytes()
else:
    from advisor.catalog import load, local_model
    found = local_model.load(Path(sys.argv[2]), load.catalog())
    count, size = found.checkpoint.num_elements(), found.checkpoint.weight_bytes()
took = time.perf_counter() - started
print(took, highest(), before, count, size)
"""
Tensor = tuple[str, str, tuple[int, ...]]


def llama_70b() -> Iterator[Tensor]:
    """Llama 3 70B: 80 layers, grouped queries."""
    yield "model.embed_tokens.weight", "BF16", (128256, 8192)
    for layer in range(80):
        stem = f"model.layers.{layer}"
        for name, shape in (
            ("self_attn.q_proj", (8192, 8192)), ("self_attn.k_proj", (1024, 8192)),
            ("self_attn.v_proj", (1024, 8192)), ("self_attn.o_proj", (8192, 8192)), ("mlp.gate_proj", (28672, 8192)),
            ("mlp.up_proj", (28672, 8192)), ("mlp.down_proj", (8192, 28672)), ("input_layernorm", (8192,)),
            ("post_attention_layernorm", (8192,)),
        ):  # fmt: skip
            yield f"{stem}.{name}.weight", "BF16", shape
    yield "model.norm.weight", "BF16", (8192,)
    yield "lm_head.weight", "BF16", (128256, 8192)


def deepseek_v3() -> Iterator[Tensor]:
    """DeepSeek-V3: 256 experts in each of 58 layers, fp8 with scales; attention left out."""
    yield "model.embed_tokens.weight", "BF16", (129280, 7168)
    for layer in range(3, 61):
        for expert in range(256):
            for name, shape in (("gate", (2048, 7168)), ("up", (2048, 7168)), ("down", (7168, 2048))):
                stem = f"model.layers.{layer}.mlp.experts.{expert}.{name}_proj.weight"
                yield stem, "F8_E4M3", shape
                yield f"{stem}_scale_inv", "F32", tuple(size // 128 for size in shape)


LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "num_hidden_layers": 80, "hidden_size": 8192,
         "intermediate_size": 28672, "num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 128256,
         "max_position_embeddings": 8192, "tie_word_embeddings": False}  # fmt: skip
DEEPSEEK = {"model_type": "deepseek_v3", "quantization_config": {"quant_method": "fp8", "fmt": "e4m3"}}


def write(folder: Path, config: dict, tensors: list[Tensor], num_files: int) -> None:
    """Write shards of about the same number of tensors, and their index."""
    weight_map, each = {}, -(-len(tensors) // num_files)
    for number in range(num_files):
        name = f"model-{number + 1:05d}-of-{num_files:05d}.safetensors"
        header, at = {"__metadata__": {"format": "pt"}}, 0
        for tensor, dtype, shape in tensors[number * each : (number + 1) * each]:
            size = prod(shape) * BITS[dtype] // 8
            header[tensor] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
            weight_map[tensor], at = name, at + size
        raw = json.dumps(header, separators=(",", ":")).encode()
        raw += b" " * (-len(raw) % 8)
        with (folder / name).open("wb") as file:
            file.write(struct.pack("<Q", len(raw)) + raw)
            file.truncate(8 + len(raw) + at)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), "utf-8")


def sized(folder: Path, what: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(ROOT), str(folder), what], capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"{platform.machine()}, Python {platform.python_version()}; medians of {repeats} fresh processes")
    titles = f"{'checkpoint':28} {'what':8} {'files':>5} {'tensors':>8} {'weights':>11}"
    print(f"{titles} {'time':>8} {'peak':>9} {'before':>9}")
    models = (("Llama 3 70B, bf16", LLAMA, llama_70b, 30), ("DeepSeek-V3, fp8", DEEPSEEK, deepseek_v3, 163))
    for label, config, tensors, num_files in models:
        rows = list(tensors())
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            write(folder, config, rows, num_files)
            for what in ("headers", "card"):
                runs = [sized(folder, what) for _ in range(repeats)]
                took, peak, before = (statistics.median(run[column] for run in runs) for column in range(3))
                print(
                    f"{label:28} {what:8} {num_files:5} {len(rows):8,} {runs[0][4] / 2**30:7.1f} GiB {took:6.2f} s "
                    f"{peak / MIB:5.1f} MiB {before / MIB:5.1f} MiB"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
