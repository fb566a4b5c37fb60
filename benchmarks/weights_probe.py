"""What the app says of a model three times: the estimate, a probe with made-up weights, a probe with the real ones.

Whole probes as the window runs them, by turns, on SmolLM2-135M-Instruct and all-MiniLM-L6-v2 as the app converts them
(`python tests/real_models.py` makes them). `real_weights.py` compares made-up and real graphs start by start instead.
Prints a table; asserts nothing.

Run: python benchmarks/weights_probe.py [--models FOLDER] [--case smollm2-int4] [--time-box 20]
"""

import argparse
import os
import tempfile
from pathlib import Path

import msgspec

from advisor import paths
from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.estimate import estimator, roofs
from advisor.hardware import detect
from advisor.probe import planner
from advisor.probe.plan import ProbeResult
from advisor.probe.weights import planner as weights_planner
from advisor.report import beside
from advisor.runnable import find
from advisor.task.model import Workload

SMOLLM, MINILM = "HuggingFaceTB/SmolLM2-135M-Instruct", "sentence-transformers/all-MiniLM-L6-v2"
CHAT = Workload(num_input_tokens=256, num_output_tokens=64, num_context_tokens=1024)
TEXT = Workload(num_input_tokens=128)
CASES = {
    "smollm2-int4": (SMOLLM, "onnx-int4-b32", CHAT), "smollm2-fp32": (SMOLLM, "onnx-fp32", CHAT),
    "minilm-fp32": (MINILM, "onnx-fp32", TEXT), "minilm-int8": (MINILM, "onnx-int8-dynamic", TEXT),
}  # fmt: skip
CONVERTED = Path(__file__).resolve().parents[1] / ".cache" / "converted"


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--models", type=Path)
    words.add_argument("--case", choices=CASES, action="append")
    words.add_argument("--time-box", type=float, default=20.0)
    asked = words.parse_args()
    folder = asked.models or max(CONVERTED.iterdir(), key=lambda path: path.stat().st_mtime)
    with tempfile.TemporaryDirectory() as home:
        os.environ[paths.HOME_VARIABLE] = home
        profile = detect.detect()
        print(f"| model | {' | '.join(beside.TITLES)} |")
        print(f"| --- | --- |{' ---: |' * (len(beside.TITLES) - 1)}")
        for name in asked.case or CASES:
            compare(name, folder, profile, asked.time_box)


def compare(name, folder, profile, time_box_s):
    model_id, format_id, workload = CASES[name]
    candidate = Candidate(model=load.catalog().by_id(model_id), format=formats.by_id(format_id))
    estimate = estimator.estimate(candidate, workload, roofs.from_profile(profile), None)
    options = {"time_box_s": time_box_s, "energy_mode": "off"}
    made_up = run("probe", planner.plan(candidate, workload, profile, **options))
    model = find.open_model(folder / name, model_id=model_id)
    kind = weights_planner.default_kind(model)
    real = run("probe-weights", weights_planner.plan(
        model, workload, profile, task_kind=kind, format_id=format_id, **options
    ))  # fmt: skip
    for line in beside.lines(real, made_up, estimate):
        print(f"| {name} | {' | '.join(beside.cells(line))} |", flush=True)
    print(f"<!-- {name}: grades made-up {made_up.grade}, real {real.grade}; {real.weights.load_time_cold.basis} -->")


def run(job, plan):
    ended = runner.run(job, msgspec.json.encode(plan), timeout_s=300, memory_limit_bytes=plan.memory_box_bytes)
    if ended.result is None:
        raise SystemExit(f"{ended.code}: {ended.message}")
    return msgspec.json.decode(ended.result, type=ProbeResult)


if __name__ == "__main__":
    main()
