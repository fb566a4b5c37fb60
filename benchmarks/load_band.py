"""How often the power of a processor lies within the typical range that is shown where there is no meter.

Published measurements (CodeCarbon's `cpu_load_profiling`, MIT: four machines, power by RAPL at set loads) against our
band, against what load adds to idle, and against the points that other tools state. The range was drawn on these same
data: it says how well the lines fit, not how well they do on another computer. Prints tables, asserts nothing.

.venv/bin/python benchmarks/load_band.py
"""

import csv
import itertools
import math
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import fakes_estimate as made

from advisor.energy import load_model

TABLE = Path(__file__).parents[1] / "tests" / "data" / "cpu_load_power.csv"
POINTS = {
    "CodeCarbon's load mode: limit x (0.1 + 0.9 L^3)": lambda load: 0.1 + 0.9 * load**3,
    "Green Algorithms: limit x L": lambda load: load,
    "limit x (0.1 + 0.9 L)": lambda load: 0.1 + 0.9 * load,
}


def rows():
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    for row in csv.DictReader(lines):
        yield row["machine"], row["kind"], float(row["limit_w"]), float(row["load_share"]), float(row["power_w"])


def held(points, band):
    return sum(band(limit, load).low <= power <= band(limit, load).high for _, _, limit, load, power in points)


def main():
    points = list(rows())

    def band(limit, load):
        return load_model.cpu_band(made.cpu(power_limit_w=limit), load_share=load).power_w

    print("gross power within the band")
    for machine, group in itertools.groupby(points, key=lambda point: point[0]):
        found = list(group)
        print(f"  {machine:32} {held(found, band)} of {len(found)}")
    spread = statistics.median(band(limit, load).high / band(limit, load).low for _, _, limit, load, _ in points)
    print(f"  {'all':32} {held(points, band)} of {len(points)}; median high / low {spread:.2f}, x/÷ {spread**0.5:.2f}")
    steps = inside = ends = 0
    for _, group in itertools.groupby(points, key=lambda point: point[:2]):
        (_, _, _, idle, idle_w), *busy = group
        for _, _, limit, load, power in busy:
            net = load_model.net_band(made.cpu(power_limit_w=limit), load_share=load, idle_load_share=idle)
            at_load, at_idle = band(limit, load), band(limit, idle)
            pair = sorted((at_load.low - at_idle.low, at_load.high - at_idle.high))
            steps += 1
            inside += net.low <= power - idle_w <= net.high
            ends += pair[0] <= power - idle_w <= pair[1]
    print(f"what load adds to idle: {inside} of {steps}; as the difference of the band's own ends only {ends}")
    print("points of other tools against the same measurements (limit as stated by the vendor)")
    for name, rule in POINTS.items():
        ratios = [limit * rule(load) / power for _, _, limit, load, power in points]
        error = statistics.fmean(abs(ratio - 1) for ratio in ratios)
        print(f"  {name:50} mean error {error:.0%}, median {statistics.median(ratios):.2f} of the measured power")
    middle = [band(limit, load).value / power for _, _, limit, load, power in points]
    off = math.exp(statistics.median(abs(math.log(ratio)) for ratio in middle))
    print(f"  {'middle of our band':50} median factor {off:.2f} off; it is never shown without its range")


if __name__ == "__main__":
    main()
