"""Prediction against measurement: each candidate is predicted, then measured by the app's own probe, then compared.

Three predictions are made of each before it is measured: by specification, calibrated, and calibrated with what three
probes have taught. The computer is calibrated anew before each candidate, and the medians of the last three
calibrations count, since the memory of a shared host is up to twice as fast in one second as in the next. Both are the
app's own. The public formulas of other tools are computed beside them (benchmarks/README.md). Results are kept in a
JSON file as they come, so a run that was cut off goes on where it was. Prints tables; asserts nothing.

Run: python benchmarks/accuracy.py [--tuning] [--file FILE] [--only TEXT] [--again] [--plot FILE.svg] [--publish FILE]
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import msgspec
from accuracy_cases import LEARNED_FROM, PUBLISHED, TUNING
from accuracy_formulas import (
    bandwidth_token_s,
    constant_token_s,
    parameters_with_overhead_bytes,
    weights_and_cache_bytes,
)

from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.child import runner
from advisor.estimate import energy, estimator, learning, roofs
from advisor.estimate.calibration import Calibration
from advisor.hardware import detect
from advisor.probe import calibration_plan, planner
from advisor.probe.plan import ProbeResult
from advisor.recommend import learned
from advisor.task.model import Workload
from advisor.units import MIB

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ("peak_memory", "time_to_first_token", "time_per_token", "time_per_query")
ESTIMATED = {"peak_memory": "memory"}
"""Name of a figure in an estimate, where it is another than in a probe's result."""
STAGES = ("specification", "calibrated", "after 3 probes")
CALIBRATIONS = 3
"""The newest ones, of whose kernel times the medians are taken."""
SPEED_BAR, MEMORY_BAR = 0.25, 0.15


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tuning", action="store_true", help="the candidates that constants may be tuned on")
    words.add_argument("--file", type=Path, default=ROOT / "build" / "accuracy.json")
    words.add_argument("--only", default="", help="models with this in their name")
    words.add_argument("--again", action="store_true", help="predict again what was measured before")
    words.add_argument("--plot", type=Path)
    words.add_argument("--publish", type=Path, help="predictions and measurements alone, without raw times")
    asked = words.parse_args()
    cases = TUNING if asked.tuning else PUBLISHED
    kept = json.loads(asked.file.read_text()) if asked.file.exists() else {"rows": {}}
    if asked.again:
        predict_again(kept)
    else:
        measure_all(kept, [case for case in cases if asked.only in case[0]], asked)
    show(kept)
    if asked.plot:
        plot(kept, asked.plot)
    if asked.publish:
        publish(kept, asked.publish)


def name_of(case):
    model, format_id, workload = case
    sizes = {key: value for key, value in msgspec.to_builtins(workload).items() if value}
    return f"{model} {format_id} {json.dumps(sizes, sort_keys=True)}"


def measure_all(kept, cases, asked):
    profile = detect.detect()
    first = [] if asked.tuning else [PUBLISHED[place] for place in LEARNED_FROM]
    made = [calibrate(profile) for _ in range(CALIBRATIONS - 1)]
    for case in [*(case for case in first if case in cases), *(case for case in cases if case not in first)]:
        if kept["rows"].get(name_of(case), {}).get("measured"):
            continue
        possible, why = planner.can_probe(candidate_of(*case[:2]))
        row = {"case": case_json(case), "teaches": case in first}
        if possible:
            made = [*made, calibrate(profile)][-CALIBRATIONS:]
            calibration = together(made)
            taught = [kept["rows"][name_of(one)] for one in first if name_of(one) in kept["rows"]]
            row["calibration"] = msgspec.to_builtins(calibration)
            row["predicted"] = predict(case, profile, calibration, lessons(taught, profile))
            row.update(measure(case, profile))
        else:
            row["refused"] = why
        kept["rows"][name_of(case)] = row
        save(kept, asked)
        print(line(row), file=sys.stderr, flush=True)


def lessons(rows, profile):
    """Return what probes have taught, each held against the calibration that was made just before it."""
    found = []
    for row in rows:
        if row.get("measured"):
            limits = roofs.from_profile(profile, calibration=msgspec.convert(row["calibration"], Calibration))
            probe = msgspec.convert(row["measured"], ProbeResult)
            found += [lesson for _, lesson in learned.lessons(limits, [probe], load.catalog())]
    return found


def case_json(case):
    return {"model": case[0], "format": case[1], "workload": msgspec.to_builtins(case[2])}


def save(kept, asked):
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    asked.file.write_text(json.dumps(kept))


def publish(kept, path):
    """Write what was predicted and what was measured, a line each; raw times and calibrations are left out."""
    rows = []
    for row in kept["rows"].values():
        found = {**row["case"], "refused": row.get("refused"), "predicted": row.get("predicted")}
        if row.get("measured"):
            measured = row["measured"]
            found["measured"] = {figure: ends_of(measured[figure]) for figure in FIGURES}
            found |= {key: measured[key] for key in ("created", "grade", "reasons", "depths_measured", "num_layers")}
            found["calibration"] = {"created": row["calibration"]["created"], "grade": row["calibration"]["grade"]}
        rows.append(json.dumps(found))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(rows) + "\n]\n")


def ends_of(quantity):
    return [quantity.get(end) for end in ("value", "low", "high")]


def calibrate(profile):
    outcome = runner.run("calibrate", msgspec.json.encode(calibration_plan.request(profile)), timeout_s=300)
    if outcome.result is None:
        raise SystemExit(f"calibration: {outcome.message}")
    return msgspec.json.decode(outcome.result, type=Calibration)


def together(made):
    """Return the newest calibration with the median of the times of each kernel in the last ones."""
    times = []
    for same in zip(*(one.times for one in made), strict=True):
        middle = statistics.median(time.median_s for time in same)
        times.append(msgspec.structs.replace(same[-1], median_s=middle))
    return msgspec.structs.replace(made[-1], times=tuple(times))


def candidate_of(model, format_id):
    return Candidate(model=load.catalog().by_id(model), format=formats.by_id(format_id))


def predict(case, profile, calibration, taught):
    candidate, workload = candidate_of(*case[:2]), case[2]
    power = energy.power_model(profile, "cpu")
    plain = roofs.from_profile(profile, calibration=calibration)
    stages = {
        "specification": roofs.from_profile(profile),
        "calibrated": plain,
        "after 3 probes": msgspec.structs.replace(
            plain, learned=learning.learn(taught, num_probes=len(LEARNED_FROM)) if taught else None
        ),
    }
    found = {}
    for stage, limits in stages.items():
        estimate = estimator.estimate(candidate, workload, limits, power)
        found[stage] = {figure: ends(getattr(estimate, ESTIMATED.get(figure, figure))) for figure in FIGURES}
    found["others"] = others(candidate, workload, calibration)
    return found


def others(candidate, workload, calibration):
    decodes = workload.num_output_tokens > 0 and candidate.model.cache is not None
    return {
        "parameters x bits / 8 x 1.2": {"peak_memory": parameters_with_overhead_bytes(candidate, workload)},
        "parameters x bytes + 16-bit cache": {"peak_memory": weights_and_cache_bytes(candidate, workload)},
        "bandwidth / model size": {
            "time_per_token": bandwidth_token_s(candidate, calibration.copy_bytes_per_s) if decodes else None
        },
        "constant / parameters": {"time_per_token": constant_token_s(candidate) if decodes else None},
    }


def ends(quantity):
    return [quantity.value, quantity.low, quantity.high]


def measure(case, profile):
    plan = planner.plan(candidate_of(*case[:2]), case[2], profile)
    outcome = runner.run("probe", msgspec.json.encode(plan), timeout_s=400)
    if outcome.result is None:
        return {"refused": f"{outcome.code}: {outcome.message}"}
    found = msgspec.json.decode(outcome.result, type=ProbeResult)
    return {"measured": msgspec.to_builtins(msgspec.structs.replace(found, samples=()))}


def predict_again(kept):
    """Predict with the estimator as it is now; what was measured stays. For tuning, never for what is published."""
    profile = detect.detect()
    taught = lessons([row for row in kept["rows"].values() if row.get("teaches")], profile)
    for row in kept["rows"].values():
        if row.get("calibration"):
            case = (row["case"]["model"], row["case"]["format"], msgspec.convert(row["case"]["workload"], Workload))
            calibration = msgspec.convert(row["calibration"], Calibration)
            row["predicted"] = predict(case, profile, calibration, [] if row.get("teaches") else taught)


def measured_value(row, figure):
    return row["measured"][figure]["value"] if row.get("measured") else None


def error(row, stage, figure):
    """Return estimate over measurement - 1, or None where one of them is not known."""
    truth, guess = measured_value(row, figure), row["predicted"][stage][figure][0]
    return None if not truth or not guess else guess / truth - 1


def line(row):
    if not row.get("measured"):
        return f"{row['case']['model']} {row['case']['format']}: {row['refused']}"
    errors = [error(row, "calibrated", figure) for figure in FIGURES]
    told = " ".join("-" if value is None else f"{value:+.0%}" for value in errors)
    return f"{row['case']['model']} {row['case']['format']}: {told} {row['measured']['grade']}"


def show(kept):
    rows = list(kept["rows"].values())
    done = [row for row in rows if row.get("measured")]
    print(f"{len(done)} candidates measured, {len(rows) - len(done)} refused.\n")
    print("| figure | stage | candidates | median error | within 25 % | worst | inside the range |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for figure in FIGURES:
        for stage in STAGES:
            scored = [row for row in done if not (stage == STAGES[2] and row.get("teaches"))]
            print(summary(figure, stage, scored))
    print("\n| formula of another tool | figure | candidates | median error | within 25 % | worst |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for name in done[0]["predicted"]["others"] if done else ():
        print(other_summary(name, done))
    print("\n| candidate | sizes | memory [MiB] | error | first [ms] | error | token [ms] | error | grade |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for row in done:
        print(detail(row))
    for row in rows:
        if not row.get("measured"):
            print(f"\nNot measured: {row['case']['model']} {row['case']['format']}: {row['refused']}")


def summary(figure, stage, rows):
    errors = [abs(value) for row in rows if (value := error(row, stage, figure)) is not None]
    if not errors:
        return f"| {figure} | {stage} | 0 | - | - | - | - |"
    inside = [held for row in rows if (held := holds(row, stage, figure)) is not None]
    within = sum(value <= SPEED_BAR for value in errors) / len(errors)
    return (
        f"| {figure} | {stage} | {len(errors)} | {statistics.median(errors):.1%} | {within:.0%} | {max(errors):.0%} | "
        f"{sum(inside) / len(inside):.0%} |"
    )


def holds(row, stage, figure):
    truth, (value, low, high) = measured_value(row, figure), row["predicted"][stage][figure]
    return None if not truth or not value or low is None or high is None else low <= truth <= high


def other_summary(name, rows):
    figure = next(iter(rows[0]["predicted"]["others"][name]))
    errors = []
    for row in rows:
        truth, guess = measured_value(row, figure), row["predicted"]["others"][name][figure]
        if truth and guess:
            errors.append(abs(guess / truth - 1))
    if not errors:
        return f"| {name} | {figure} | 0 | - | - | - |"
    within = sum(value <= SPEED_BAR for value in errors) / len(errors)
    return f"| {name} | {figure} | {len(errors)} | {statistics.median(errors):.0%} | {within:.0%} | {max(errors):.0%} |"


def detail(row):
    def cell(figure, scale, digits):
        truth, off = measured_value(row, figure), error(row, "calibrated", figure)
        return f"{truth / scale:.{digits}f} | {off:+.0%}" if truth and off is not None else "- | -"

    sizes = ", ".join(f"{key.removeprefix('num_')} {value}" for key, value in row["case"]["workload"].items() if value)
    return (
        f"| {row['case']['model'].split('/')[1]} {row['case']['format']} | {sizes} | {cell('peak_memory', MIB, 0)} | "
        f"{cell('time_to_first_token', 1e-3, 1)} | {cell('time_per_token', 1e-3, 2)} | {row['measured']['grade']} |"
    )


def plot(kept, path):
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    done = [row for row in kept["rows"].values() if row.get("measured")]
    figure, panes = pyplot.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
    wanted = (
        ("peak_memory", "Peak memory [MiB]", MIB),
        ("time_to_first_token", "First token or query [ms]", 1e-3),
        ("time_per_token", "Each further token [ms]", 1e-3),
    )
    for pane, (name, title, scale) in zip(panes, wanted, strict=True):
        draw(pane, done, name, title, scale)
    with tempfile.TemporaryDirectory():
        figure.savefig(path, format="svg", metadata={"Date": None})


def draw(pane, rows, name, title, scale):
    marks = {"specification": ("#9A6700", "o"), "calibrated": ("#0072B2", "s")}
    seen = []
    for stage, (colour, mark) in marks.items():
        points = [
            (measured_value(row, name) / scale, row["predicted"][stage][name][0] / scale)
            for row in rows
            if error(row, stage, name) is not None
        ]
        seen += [value for point in points for value in point]
        if points:
            pane.scatter(*zip(*points, strict=True), s=22, c=colour, marker=mark, label=stage, alpha=0.8, linewidths=0)
    low, high = min(seen) / 1.5, max(seen) * 1.5
    pane.plot([low, high], [low, high], color="#555555", linewidth=1)
    pane.fill_between([low, high], [low / 1.25, high / 1.25], [low * 1.25, high * 1.25], color="#555555", alpha=0.12,
                      linewidth=0, label="x/÷ 1.25")  # fmt: skip
    pane.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), title=title)
    pane.set_xlabel("measured")
    pane.set_ylabel("predicted")
    pane.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    main()
