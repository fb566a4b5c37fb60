"""How fast is a recommendation? Prints tables, asserts nothing.

Run: python benchmarks/recommend_speed.py [--repeats 20]

Two runs, both in one process and on this machine: the whole catalog in every format that applies, at one workload (the
bare estimator); and the recommendation for one task of every kind, from task to ranked rows, pick and reasons.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from advisor.catalog.load import catalog
from advisor.estimate import energy, roofs
from advisor.estimate.batch import estimate_batch
from advisor.hardware.detect import detect
from advisor.recommend.advise import advise
from advisor.recommend.prepared import prepared
from advisor.task import presets
from advisor.task.model import TASK_KINDS, TaskSpec


def timed(work, repeats):
    """Return the times of `repeats` runs after one that warms up, in seconds."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def line(name, number, times):
    """Print one row: candidates, median, worst, candidates a second."""
    middle = statistics.median(times)
    print(f"| {name} | {number:,} | {middle * 1e3:.1f} | {max(times) * 1e3:.1f} | {number / middle:,.0f} |")


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    repeats = parser.parse_args().repeats
    profile = detect()
    start = time.perf_counter()
    whole = prepared(catalog())
    once = time.perf_counter() - start
    print(
        f"Once per start: {len(whole.cards)} models, {len(whole.table):,} candidates prepared in {once * 1e3:.0f} ms.\n"
    )
    print("| what | candidates | median ms | worst ms | candidates/s |")
    print("| --- | --- | --- | --- | --- |")
    workload = presets.preset("generation")
    device, power = roofs.from_profile(profile), energy.power_model(profile, "cpu")
    line(
        "estimate, all models x all formats",
        len(whole.table),
        timed(lambda: estimate_batch(whole.table, workload, device, power), repeats),
    )
    total, slowest = 0, []
    for kind in TASK_KINDS:
        task = TaskSpec(kind=kind, languages=("en",), num_labels=6, max_latency_s=60.0)
        number = len(advise(task, profile))
        times = timed(lambda task=task: advise(task, profile), repeats)
        line(f"recommend, {kind}", number, times)
        total += number
        slowest.append(statistics.median(times))
    print(
        f"| recommend, one task of every kind | {total:,} | {sum(slowest) * 1e3:.1f} | | {total / sum(slowest):,.0f} |"
    )


if __name__ == "__main__":
    main()
