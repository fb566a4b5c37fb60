"""Two depths against the whole model: each candidate is probed whole and within a smaller box by turns, in one run.

Prints how far what is extrapolated from two or three depths lies off what the whole model measured; asserts nothing.

Run: python benchmarks/depths.py [--rounds 2] [--only TEXT]
"""

import argparse
import statistics

import msgspec

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.hardware import detect
from advisor.probe import footprint, planner
from advisor.probe.plan import ProbeResult
from advisor.task.model import Workload
from advisor.units import MIB

CHAT = Workload(num_input_tokens=128, num_output_tokens=64, num_context_tokens=512)
TEXT = Workload(num_input_tokens=128)
IMAGE = Workload(num_images=1)
CASES = (
    ("HuggingFaceTB/SmolLM2-360M-Instruct", "onnx-int4-b32", CHAT, 12),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", CHAT, 10),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-fp32", CHAT, 8),
    ("google/gemma-3-270m-it", "onnx-int8", CHAT, 12),
    ("Qwen/Qwen2.5-1.5B-Instruct", "onnx-int4-b32", CHAT, 8),
    ("FacebookAI/xlm-roberta-base", "onnx-fp32", TEXT, 6),
    ("google-bert/bert-base-uncased", "onnx-int8-dynamic", TEXT, 6),
    ("google/vit-base-patch16-224", "onnx-fp32", IMAGE, 5),
)
"""Model, format, sizes, and the most layers that the box shall hold."""
FIGURES = ("peak_memory", "time_to_first_token", "time_per_token", "time_per_query")


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=2)
    words.add_argument("--only", default="")
    asked = words.parse_args()
    profile = detect.detect()
    print("| model | format | depths | memory | first token or query | token | query | grades |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | --- |")
    errors = {figure: [] for figure in FIGURES}
    for case in CASES:
        if asked.only in case[0]:
            print(compare(*case, profile, asked.rounds, errors), flush=True)
    print()
    for figure, found in errors.items():
        if found:
            print(f"{figure}: median {statistics.median(found):.1%}, worst {max(found):.1%} of {len(found)}")


def compare(model, format_id, workload, most_layers, profile, num_rounds, errors):
    candidate = Candidate(model=load.catalog().by_id(model), format=formats.by_id(format_id))
    recipe = footprint.recipe(candidate, workload)
    box = int(footprint.peak_bytes(recipe, most_layers) / 0.95) + MIB
    plans = {
        "whole": msgspec.structs.replace(planner.plan(candidate, workload, profile), depths=(recipe.num_layers,)),
        "slices": planner.plan(candidate, workload, profile, memory_box_bytes=box),
    }
    found = {name: [] for name in plans}
    for number in range(num_rounds):
        for name in list(plans) if number % 2 else reversed(plans):
            found[name].append(probe(plans[name]))
    cells = []
    for figure in FIGURES:
        whole, slices = (middle(found[name], figure) for name in ("whole", "slices"))
        if whole is None or slices is None:
            cells.append("-")
            continue
        errors[figure].append(abs(slices / whole - 1))
        cells.append(f"{slices / whole - 1:+.1%}")
    depths = f"{', '.join(map(str, found['slices'][0].depths_measured))} of {recipe.num_layers}"
    grades = "".join(one.grade for kind in found.values() for one in kind)
    return f"| {model.split('/')[1]} | {format_id} | {depths} | {' | '.join(cells)} | {grades} |"


def probe(plan):
    outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=400)
    if outcome.result is None:
        raise SystemExit(f"{outcome.code}: {outcome.message}")
    return msgspec.json.decode(outcome.result, type=ProbeResult)


def middle(results, figure):
    values = [getattr(result, figure).value for result in results]
    return None if None in values else statistics.median(values)


if __name__ == "__main__":
    main()
