"""CodeCarbon and our meters around the same ONNX Runtime work, in one run, over the same moments.

The work is all-MiniLM-L6-v2 in 32-bit floats on a text of 128 tokens, again and again on all processors.
CodeCarbon is no part of this app. Make it an environment of its own, with the runtime that this project uses, and name
its Python:

    python3 -m venv /tmp/codecarbon
    /tmp/codecarbon/bin/pip install codecarbon==3.3.2 onnxruntime==1.32.0 numpy
    .venv/bin/python benchmarks/energy_crosscheck.py /tmp/codecarbon/bin/python [--seconds 30] [--simulated]

Same meter (RAPL or NVIDIA's counter can be read): both figures and their ratio; they should agree within 3 %. Our meter
is read 20 times a second and cut at the moments at which CodeCarbon says it began and made its last measurement.
No meter: what CodeCarbon makes of the processor's load and of the memory, beside our range, and why they differ.
`--simulated`: for a computer without a meter, a simulated RAPL (a counter in the kernel's layout in memory that follows
the processor time of this very run) is read by both: it shows that both read the same counter alike, not what this
computer really draws. The case without a meter follows in the same run. Prints tables, asserts nothing.
`--cuda`: the work is matrix products on an NVIDIA card in place of the encoder (CodeCarbon's environment needs torch).
"""

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes_energy import powercap_tree
from simulated_rapl import running

from advisor import units
from advisor.catalog import formats, load
from advisor.catalog.model import Candidate
from advisor.energy import ladder, load_energy
from advisor.energy.bench import Bench
from advisor.energy.load_energy import PhaseTime
from advisor.evidence import Quantity
from advisor.graphs import build, recipes
from advisor.hardware import detect
from advisor.hardware.roots import Roots
from advisor.probe.sampling import System
from advisor.task.model import Workload

J_PER_KWH = 3.6e6
IDLE_S = 2.0
MARGIN_S = 0.5
MODEL, FORMAT, NUM_TOKENS = "sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", 128
CUDA_WORK = "16 products of 8192 x 8192 bfloat16 matrices"
WITHIN_SHARE = 0.03
CHILD = Path(__file__).with_name("energy_crosscheck_child.py")
PARTS = (("cpu", "cpu_energy"), ("gpu", "gpu_energy"))


def work(folder):
    """Write the work: a whole encoder of the catalog as this app builds it, and a text for it."""
    import numpy as np

    candidate = Candidate(model=load.catalog().by_id(MODEL), format=formats.by_id(FORMAT))
    recipe, why = recipes.recipe(candidate, Workload(num_input_tokens=NUM_TOKENS))
    if recipe is None:
        sys.exit(why)
    (graph,) = build.build(recipe, folder, recipe.num_layers)
    random, feeds = np.random.default_rng(0), folder / "feeds.npz"
    made = {
        feed.name: random.integers(0, feed.limit, feed.shape) if feed.fill == "ids"
        else np.full(feed.shape, int(feed.fill == "ones"), feed.data_type)
        for feed in recipe.feeds()
    }  # fmt: skip
    np.savez(feeds, **made)
    return graph, feeds


def load_share(begin, end):
    """Busy share of all processors between two readings of the counters; None where the system does not tell."""
    if begin.total_cpu_s is None or end.total_cpu_s is None or end.total_cpu_s <= begin.total_cpu_s:
        return None
    return (end.busy_cpu_s - begin.busy_cpu_s) / (end.total_cpu_s - begin.total_cpu_s)


def events(process):
    for line in process.stdout:
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)


def together(python, files, roots, *, seconds, threads, every, rapl=None, cuda=False):
    """Run CodeCarbon around the work while our meters are read: its answer, our watches, load while busy and idle."""
    system = System()
    command = [
        python, str(CHILD), *map(str, files), "--seconds", str(seconds), "--threads", str(threads),
        "--every", str(every), *([] if rapl is None else ["--rapl", str(rapl)]), *(["--cuda"] if cuda else []),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    answers, ticks = {}, {}
    bench = Bench(ladder.find(roots))
    bench.start()
    try:
        for answer in events(process):
            answers[answer["event"]] = answer
            ticks[answer["event"]] = system.ticks()
            if answer["event"] == "ready":
                time.sleep(IDLE_S)
                ticks["idle"] = system.ticks()
                process.stdin.write("go\n")
                process.stdin.flush()
        if process.wait(60) or "done" not in answers:
            sys.exit("CodeCarbon's side did not come to an end; its message is above.")
        time.sleep(MARGIN_S)
        watches = {name: watch.points() for name, watch in bench.watches.items()}
    finally:
        bench.stop()
        process.stdin.close()
    return {
        "theirs": {**answers["ready"], **answers["done"], "work": CUDA_WORK if cuda else MODEL.rpartition("/")[2]},
        "infos": bench.infos(), "points": watches,
        "load": load_share(ticks["started"], ticks["stopping"]), "idle": load_share(ticks["ready"], ticks["idle"]),
    }  # fmt: skip


def at(points, t_s):
    """The counter at a moment, between the readings on both sides; None outside of them or across a break."""
    for before, after in itertools.pairwise(points):
        if before.t_s <= t_s <= after.t_s and before.epoch == after.epoch:
            share = (t_s - before.t_s) / max(1e-9, after.t_s - before.t_s)
            return before.energy_j + share * (after.energy_j - before.energy_j), before.epoch
    return None


def between(points, begin_s, end_s):
    """Energy of a meter between two moments, in joules; None where a break or a gap hides it."""
    first, last = at(points, begin_s), at(points, end_s)
    return None if first is None or last is None or first[1] != last[1] else last[0] - first[0]


def heading(theirs, simulated):
    print(
        f"CodeCarbon {theirs['codecarbon']}, ONNX Runtime {theirs['onnxruntime']}, {theirs['num_runs']} runs of "
        f"{theirs['work']} in {theirs['end_s'] - theirs['begin_s']:.1f} s"
        + (". The meter is SIMULATED: it follows this run's own processor time" if simulated else "")
    )


def same_meter(run, *, simulated):
    """Print what both say of the meters that both read; True when there was one."""
    theirs, chosen, any_part = run["theirs"], ladder.choose(run["infos"]), False
    for part, field in PARTS:
        info = chosen.get(part)
        if info is None or info.id not in run["points"] or not theirs[field]:
            continue
        ours_j = between(run["points"][info.id], theirs["begin_s"], theirs["end_s"])
        if ours_j is None:
            print(f"{info.name}: our readings have a gap at one of the two ends")
            continue
        if not any_part:
            print("\nSAME METER")
            heading(theirs, simulated)
            print(f"{'meter':44} {'ours':>12} {'CodeCarbon':>12} {'ratio':>7}")
        any_part = True
        theirs_j = theirs[field] * J_PER_KWH
        ratio = ours_j / theirs_j
        print(
            f"{info.name[:44]:44} {ours_j:10.2f} J {theirs_j:10.2f} J {ratio:7.4f}  "
            f"{'within' if abs(ratio - 1) <= WITHIN_SHARE else 'NOT within'} {WITHIN_SHARE:.0%}"
        )
    return any_part


def no_meter(run):
    """Print what both make of the same load without a meter, and why they differ."""
    theirs, profile = run["theirs"], detect.detect()
    seconds = theirs["end_s"] - theirs["begin_s"]
    print("\nNO METER")
    heading(theirs, simulated=False)
    if run["load"] is None:
        print("this system does not tell the load of its processors: no range")
        return
    time_s = Quantity(value=seconds, low=None, high=None, unit="s", evidence="measured", basis="this run")
    part = load_energy.band_component(
        profile.cpu, [PhaseTime(phase="query", num_units=1, unit_s=time_s, num_blocks=1)], query_s=time_s,
        load_share=run["load"], idle_load_share=run["idle"] or 0.0,
    )  # fmt: skip
    memory = load_energy.memory_power(profile.memory)
    print(f"load of the processors {run['load']:.0%} while it ran, {run['idle'] or 0:.0%} before")
    print(f"{'part':12} {'CodeCarbon':>12} {'ours: low':>12} {'middle':>12} {'high':>12}")
    if part is None:
        print(
            f"{'processor':12} {theirs['cpu_energy'] * J_PER_KWH:10.1f} J   no power limit of this processor is known"
        )
    else:
        gross, net = part.per_query_gross_j, part.per_query_net_j
        print(row("processor", theirs["cpu_energy"], gross.low, gross.value, gross.high))
        print(row("  above idle", None, net.low, net.value, net.high))
    ram = [None if watts is None else watts * seconds for watts in (memory.low, memory.value, memory.high)]
    print(row("memory", theirs["ram_energy"], *ram))
    print(row("graphics", theirs["gpu_energy"] or None, None, None, None))
    print(row("its total", theirs["energy_consumed"], None, None, None))
    explain(theirs, part, memory)


def row(name, kwh, *joules):
    cells = [None if kwh is None else kwh * J_PER_KWH, *joules]
    return f"{name:12} " + " ".join("           -" if cell is None else f"{cell:10.1f} J" for cell in cells)


def explain(theirs, part, memory):
    share = theirs["ram_energy"] / (theirs["energy_consumed"] or 1.0)
    print("\nwhere the difference comes from")
    seconds = theirs["end_s"] - theirs["begin_s"]
    cpu_w = theirs["cpu_energy"] * J_PER_KWH / seconds
    print(f"- processor, CodeCarbon: way `{theirs['cpu_way']}`, {cpu_w:.1f} W on the whole for {theirs['cpu_model']}.")
    print("  Its load mode is a constant x (0.1 + 0.9 L^3), its constant mode half of it; a single figure, no range.")
    if part is not None:
        power = part.phases[0].power_w
        where = "inside" if power.low <= cpu_w <= power.high else "outside"
        print(
            f"- processor, ours: {units.amount(power.low, 'W')} to {units.amount(power.high, 'W')}, {power.evidence}:"
        )
        print(f"  {power.basis}. CodeCarbon's {cpu_w:.1f} W is {where} this range.")
    print(
        f"- memory: {theirs['ram_energy'] * J_PER_KWH / seconds:.1f} W by its number of modules is {share:.0%} of "
        f"CodeCarbon's total; ours, {units.amount(memory.low or 0, 'W')} to {units.amount(memory.high or 0, 'W')}, is "
        "shown apart and never added or ranked."
    )
    print("- what no meter covers is 0 in its total; here it is left out by name.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", help="Python of the environment that has CodeCarbon")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--every", type=float, default=15.0, help="CodeCarbon's own period; 15 s is its default")
    parser.add_argument("--simulated", action="store_true", help="a simulated RAPL for the case of the same meter")
    parser.add_argument("--cuda", action="store_true", help="matrix products on an NVIDIA card")
    given = parser.parse_args()
    shape = {"seconds": given.seconds, "threads": given.threads, "every": given.every}
    with tempfile.TemporaryDirectory() as folder:
        files = work(Path(folder))
        if given.simulated:
            with tempfile.TemporaryDirectory(dir="/dev/shm") as root:
                powercap_tree(Path(root), {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 65}})
                where = Path(root) / "sys/class/powercap/intel-rapl"
                with running(root, period_s=0.002):
                    roots = Roots(sys=Path(root) / "sys")
                    same_meter(together(given.python, files, roots, rapl=where, **shape), simulated=True)
        run = together(given.python, files, Roots(), cuda=given.cuda, **shape)
        if not same_meter(run, simulated=False):
            no_meter(run)


if __name__ == "__main__":
    main()
