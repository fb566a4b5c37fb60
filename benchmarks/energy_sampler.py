"""What it costs to read the power meters: opening them all, reading them 20 times a second, and ending with one that
hangs.

The processor's meter is simulated where this computer has none (a counter in a file that follows the load, in the
kernel's layout), the rest is the app's own code. Prints tables, asserts nothing.

.venv/bin/python benchmarks/energy_sampler.py [--seconds 20]
"""

import argparse
import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes_energy import powercap_tree
from simulated_rapl import running

from advisor.energy import ladder
from advisor.energy.bench import Bench
from advisor.energy.meter import Found
from advisor.energy.model import MeterInfo, Reading
from advisor.hardware.roots import Roots

MIB = 1024**2
OPENINGS = 20


class Hanging:
    """A driver that never answers."""

    def __init__(self, info):
        self.info, self.released = info, threading.Event()

    def read(self):
        self.released.wait()
        return Reading(before_s=0.0, after_s=0.0, gap="it hung")

    def close(self):
        self.released.set()


def rss_bytes():
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def openings(roots):
    """Seconds to look for all meters and to open those that can be opened."""
    looked, opened = [], []
    for _ in range(OPENINGS):
        begin_s = time.perf_counter()
        found = ladder.find(roots)
        looked.append(time.perf_counter() - begin_s)
        begin_s = time.perf_counter()
        meters = [entry.open() for entry in found if entry.open is not None]
        opened.append(time.perf_counter() - begin_s)
        for meter in meters:
            meter.close()
    return looked, opened


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        powercap_tree(Path(folder), {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 65}})
        roots = Roots(sys=Path(folder) / "sys")
        with running(folder, period_s=0.002):
            before = rss_bytes()
            first_s = time.perf_counter()
            ladder.find(roots)
            first_s = time.perf_counter() - first_s
            looked, opened = openings(roots)
            print(
                f"looking for all meters: first time {1e3 * first_s:.1f} ms (modules are loaded), "
                f"then median {1e3 * statistics.median(looked):.1f} ms, worst {1e3 * max(looked):.1f} ms"
            )
            print(
                f"opening those that can be: median {1e3 * statistics.median(opened):.1f} ms, "
                f"worst {1e3 * max(opened):.1f} ms"
            )
            loaded = rss_bytes()
            bench = Bench(ladder.find(roots))
            bench.start()
            own_s, wall_s = time.process_time(), time.perf_counter()
            time.sleep(seconds)
            own_s, wall_s = time.process_time() - own_s, time.perf_counter() - wall_s
            for name, watch in bench.watches.items():
                rate = len(watch.points()) / wall_s
                print(f"{name}: {rate:.1f} readings/s, {watch.cpu_share():.2%} of one core by its thread's clock")
            print(
                f"whole process meanwhile: {own_s / wall_s:.2%} of one core, "
                f"{(rss_bytes() - loaded) / MIB:.1f} MiB more, {(rss_bytes() - before) / MIB:.1f} MiB with the modules"
            )
            begin_s = time.perf_counter()
            bench.stop()
            print(f"ending all threads: {1e3 * (time.perf_counter() - begin_s):.1f} ms")
        info = MeterInfo(id="hang", name="a driver that hangs", component="cpu", covers="", method="counter",
                         native_unit="J", refresh_s=0.001, permission="", grade="C", k_scale=1.0)  # fmt: skip
        hanging = Bench([Found(info=info, open=lambda: Hanging(info))])
        hanging.start()
        begin_s = time.perf_counter()
        hanging.stop()
        print(f"ending with a meter that hangs: {1e3 * (time.perf_counter() - begin_s):.0f} ms")


if __name__ == "__main__":
    main()
