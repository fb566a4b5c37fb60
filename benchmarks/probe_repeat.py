"""How far two probes of the same candidate are apart, one after the other, and what the app says of it.

Prints a line for each pair: both figures, how far apart they are, the grades, and the app's own sentence; then how many
pairs at grade A agree within 5 %, or were explained. Asserts nothing.

Run: python benchmarks/probe_repeat.py [--pairs 3] [--only TEXT]
"""

import argparse
import statistics

import msgspec

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.hardware import detect
from advisor.probe import agreement, planner
from advisor.probe.plan import ProbeResult
from advisor.report import probe_notes
from advisor.task.model import Workload

CASES = (
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32",
     Workload(num_input_tokens=128, num_output_tokens=64, num_context_tokens=512)),
    ("HuggingFaceTB/SmolLM2-360M-Instruct", "onnx-int8",
     Workload(num_input_tokens=128, num_output_tokens=64, num_context_tokens=512)),
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", Workload(num_input_tokens=128)),
    ("google/vit-base-patch16-224", "onnx-fp32", Workload(num_images=1)),
)  # fmt: skip


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--pairs", type=int, default=3)
    words.add_argument("--only", default="")
    asked = words.parse_args()
    profile = detect.detect()
    pairs = []
    print("| model | format | query [ms] | again [ms] | apart | starts apart | grades | what the app says |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- | --- |")
    for case in CASES:
        for _ in range(asked.pairs if asked.only in case[0] else 0):
            pairs.append(pair(case, profile))
            print(pairs[-1][1], flush=True)
    both_a = [apart for apart, _, grades in pairs if grades == "AA"]
    print(f"\n{len(pairs)} pairs, {len(both_a)} of them with grade A twice.")
    if both_a:
        within = sum(apart <= agreement.AGREE_SHARE for apart in both_a)
        print(f"Of those {within} agree within 5 %; median {statistics.median(both_a):.1%}, most {max(both_a):.1%}.")


def pair(case, profile):
    model, format_id, workload = case
    candidate = Candidate(model=load.catalog().by_id(model), format=formats.by_id(format_id))
    first, second = (probe(planner.plan(candidate, workload, profile)) for _ in range(2))
    times = [one.time_per_query.value for one in (first, second)]
    apart = max(times) / min(times) - 1
    told = probe_notes.agreement_sentence(agreement.compare(second, [first]))
    starts = max(one.precision.launches_apart_share or 0.0 for one in (first, second))
    cells = (
        model.split("/")[1], format_id, *(f"{1e3 * value:.2f}" for value in times), f"{apart:.1%}", f"{starts:.1%}",
        first.grade + second.grade, told,
    )  # fmt: skip
    return apart, "| " + " | ".join(map(str, cells)) + " |", first.grade + second.grade


def probe(plan):
    outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=400)
    if outcome.result is None:
        raise SystemExit(f"{outcome.code}: {outcome.message}")
    return msgspec.json.decode(outcome.result, type=ProbeResult)


if __name__ == "__main__":
    main()
