"""How long synthetic probes take, what they need, and what they find. Prints a table; asserts nothing.

Run: python benchmarks/probe_speed.py [--quick]
"""

import sys
import time

import msgspec

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.estimate import estimator, roofs
from advisor.hardware import detect
from advisor.probe import planner
from advisor.probe.plan import ProbeResult
from advisor.task.model import Workload
from advisor.units import MIB

CHAT = Workload(num_input_tokens=512, num_output_tokens=128, num_context_tokens=4096)
EMBED = Workload(num_input_tokens=128)
QUARTER = 0.25
"""[1] In place of a box: this share of the memory that the whole model is predicted to take."""
CASES = (
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", EMBED, None),
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic", EMBED, None),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32", CHAT, None),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-fp32", CHAT, None),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", CHAT, None),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", CHAT, 800 * MIB),
    ("meta-llama/Llama-3.2-1B-Instruct", "onnx-int4-b32", CHAT, None),
    ("Qwen/Qwen2.5-3B-Instruct", "onnx-int4-b32", CHAT, None),
    ("Qwen/Qwen2.5-3B-Instruct", "onnx-int4-b32", CHAT, 2500 * MIB),
    ("meta-llama/Llama-3.1-8B-Instruct", "onnx-int4-b32", CHAT, QUARTER),
)
"""Model, format, sizes, memory box; the boxes that are given force two depths."""
NUM_QUICK = 3
_HEADER = (
    "model",
    "format",
    "layers",
    "wall s",
    "build share",
    "peak MiB",
    "box MiB",
    "first token ms",
    "token ms",
    "per s",
    "grade",
)


def measure(model, format_id, workload, box_bytes, profile):
    candidate = Candidate(model=load.catalog().by_id(model), format=formats.by_id(format_id))
    if box_bytes == QUARTER:
        estimate = estimator.estimate(candidate, workload, roofs.from_profile(profile), None)
        box_bytes = int(QUARTER * estimate.memory.value)
    plan = planner.plan(candidate, workload, profile, memory_box_bytes=box_bytes)
    begin_s = time.perf_counter()
    outcome = runner.run("probe", msgspec.json.encode(plan))
    wall_s = time.perf_counter() - begin_s
    if outcome.code != "finished":
        return (model, format_id, "", f"{wall_s:.1f}", "", outcome.code, outcome.message)
    found = msgspec.json.decode(outcome.result, type=ProbeResult)
    token = found.time_per_token.value
    layers = f"{','.join(map(str, found.depths_measured))}/{found.num_layers}"
    highest = max(depth.peak_rss_bytes for depth in found.depths)
    return (
        model.split("/")[1], format_id, layers, f"{wall_s:.1f}", f"{(found.build_s or 0.0) / wall_s:.0%}",
        f"{highest / MIB:.0f} -> {found.peak_memory.value / MIB:.0f}", f"{plan.memory_box_bytes / MIB:.0f}",
        f"{1000 * found.time_to_first_token.value:.1f}", "-" if token is None else f"{1000 * token:.2f}",
        f"{found.rate.value:.1f}", f"{found.grade} {' '.join(found.reasons)}",
    )  # fmt: skip


def main():
    profile = detect.detect()
    cases = CASES[:NUM_QUICK] if "--quick" in sys.argv else CASES
    print("| " + " | ".join(_HEADER) + " |")
    print("|" + " --- |" * len(_HEADER))
    for case in cases:
        print("| " + " | ".join(measure(*case, profile)) + " |", flush=True)


if __name__ == "__main__":
    main()
