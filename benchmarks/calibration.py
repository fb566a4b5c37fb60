"""How long a calibration takes, what it needs, how far two agree, and how far its estimates are from probes made next.

Prints tables; asserts nothing. Figures count only where the grades are A: other programs slow kernels down several
times, one more than the other.

Run: python benchmarks/calibration.py [--repeats 2] [--probes] [--quiet-for 60]
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import msgspec
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.estimate import calibration, estimator, roofs
from advisor.hardware import detect
from advisor.probe import calibration_plan, planner
from advisor.probe.plan import ProbeResult
from advisor.report import calibration as told
from advisor.task.model import Workload
from advisor.units import MIB

CHAT = Workload(num_input_tokens=512, num_output_tokens=128, num_context_tokens=4096)
EMBED = Workload(num_input_tokens=128)
PROBES = (
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", EMBED),
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic", EMBED),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32", CHAT),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int8", CHAT),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-fp32", CHAT),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", CHAT),
)
FIGURES = ("time_to_first_token", "time_per_token")
QUIET_SHARE = 0.08


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--repeats", type=int, default=2)
    words.add_argument("--probes", action="store_true", help="probe some candidates and compare")
    words.add_argument("--quiet-for", type=float, default=0.0, help="wait at most this many seconds for a quiet moment")
    asked = words.parse_args()
    profile = detect.detect()
    found = [calibrate(profile, asked.quiet_for) for _ in range(asked.repeats)]
    show(found)
    if asked.probes:
        compare(found[-1], profile, asked.quiet_for)


def wait_for_quiet(longest_s):
    """Wait until other programs leave the processor alone."""
    end_s = time.monotonic() + longest_s
    while time.monotonic() < end_s and psutil.cpu_percent(1.0) > 100 * QUIET_SHARE:
        pass


def calibrate(profile, quiet_s):
    wait_for_quiet(quiet_s)
    outcome = runner.run("calibrate", msgspec.json.encode(calibration_plan.request(profile)), timeout_s=300)
    if outcome.result is None:
        raise SystemExit(outcome.message)
    return msgspec.json.decode(outcome.result, type=calibration.Calibration)


def show(found):
    print("| calibration | wall s | peak MiB | grade | why |\n| --- | ---: | ---: | --- | --- |")
    for number, item in enumerate(found, start=1):
        peak = item.peak_rss_bytes / MIB
        print(f"| {number} | {item.wall_s:.1f} | {peak:.0f} | {item.grade} | {' '.join(item.reasons)} |")
    rows = [told.rows(item) for item in found]
    print("\n| rate | median | largest over smallest | fit misses by |\n| --- | ---: | ---: | ---: |")
    for name, figures in ((same[0][0], [row[1] for row in same]) for same in zip(*rows, strict=True)):
        values = [figure.value for figure in figures]
        missed = next(row[2] for row in rows[-1] if row[0] == name)
        spread = max(values) / min(values) if min(values) > 0 else float("nan")
        shown = "" if missed is None else f"{missed:.1%}"
        print(f"| {name} | {statistics.median(values):.4g} {figures[0].unit} | {spread:.2f} | {shown} |")


def compare(measured, profile, quiet_s):
    limits, plain = roofs.from_profile(profile, calibration=measured), roofs.from_profile(profile)
    print("\n| candidate | figure | measured ms | calibrated | specification | grade |")
    print("| --- | --- | ---: | ---: | ---: | --- |")
    errors = []
    for model, format_id, workload in PROBES:
        candidate = Candidate(model=load.catalog().by_id(model), format=formats.by_id(format_id))
        wait_for_quiet(quiet_s)
        plan = planner.plan(candidate, workload, profile)
        outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=300)
        if outcome.result is None:
            print(f"| {model} {format_id} | {outcome.message} | | | | |")
            continue
        probe = msgspec.json.decode(outcome.result, type=ProbeResult)
        guesses = [estimator.estimate(candidate, workload, using, None) for using in (limits, plain)]
        for figure in FIGURES:
            seen = getattr(probe, figure).value
            if seen is None:
                continue
            off = [getattr(guess, figure).value / seen - 1 for guess in guesses]
            errors.append(abs(off[0]))
            shown = " | ".join(f"{value:+.0%}" for value in off)
            print(f"| {model} {format_id} | {figure} | {seen * 1e3:.2f} | {shown} | {probe.grade} |", flush=True)
    if errors:
        print(f"\nCalibrated: median error {statistics.median(errors):.0%}, largest {max(errors):.0%}.")


if __name__ == "__main__":
    main()
