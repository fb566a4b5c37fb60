"""How many candidates a second the estimator does, beside a one-line formula in the same run.

    python benchmarks/estimate_speed.py [--repeats 30]

Prints a table; asserts nothing.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.estimate import batch, energy, estimator, roofs, table
from advisor.hardware import detect
from advisor.task.model import Workload

CHAT = Workload(num_input_tokens=128, num_output_tokens=128, num_context_tokens=4096)
BANDWIDTH_BYTES_PER_S = 20e9


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of `repeats` runs after one that is not counted."""
    work()
    durations = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return statistics.median(durations)


def one_line_formula(candidates: tuple[Candidate, ...]) -> list[float]:
    """Parameters x bits over bandwidth: what a one-term tool computes, and nothing else."""
    return [(c.model.num_parameters() or 0) * c.format.linear_bits / 8 / BANDWIDTH_BYTES_PER_S for c in candidates]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    models = load.catalog().models
    candidates = tuple(Candidate(model=model, format=how) for model in models for how in formats.applicable(model))
    profile = detect.detect()
    limits, power = roofs.from_profile(profile), energy.power_model(profile, "cpu")
    started = time.perf_counter()
    columns = table.build(candidates)
    built = time.perf_counter() - started
    told = batch.estimate_batch(columns, CHAT, limits, power)
    number = len(candidates)
    some = range(0, number, 10)
    rows = (
        ("table of costs, once a session", built, number),
        (
            "all figures of all candidates, columns",
            seconds(lambda: batch.estimate_batch(columns, CHAT, limits, power), repeats),
            number,
        ),
        ("the same as full results with ranges and words", seconds(lambda: [told.at(i) for i in some], 3), len(some)),
        (
            "one candidate from scratch",
            seconds(lambda: estimator.estimate(candidates[0], CHAT, limits, power), repeats),
            1,
        ),
        (
            "one-line formula: parameters x bits / bandwidth",
            seconds(lambda: one_line_formula(candidates), repeats),
            number,
        ),
    )
    print(f"{number:,} candidates of {len(models)} models; {limits.label}; Python {platform.python_version()}\n")
    print("| what | time [ms] | candidates/s |\n| --- | ---: | ---: |")
    for name, duration, count in rows:
        print(f"| {name} | {duration * 1e3:,.2f} | {count / duration:,.0f} |")
    ratio = (rows[1][2] / rows[1][1]) / (rows[4][2] / rows[4][1])
    print(f"\nColumns over one-line formula: {ratio:.2f}x the candidates a second.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
