"""Energy results as a probe makes them: reports of meters by hand, put through the real functions."""

import fakes_report
import msgspec

from advisor.energy.bench import Liveness
from advisor.energy.blocks import Block
from advisor.energy.model import MeterInfo, PowerPoint
from advisor.evidence import Quantity
from advisor.probe import energy_answer, energy_result
from advisor.probe.energy import EnergyReport, MeterReport, PhaseBlocks, WorkTime
from advisor.probe.energy_result import WholeTimes
from advisor.probe.energy_stage import EnergyOutcome
from advisor.recommend.model import MeasuredView
from advisor.report.build import build
from advisor.task.model import Workload

IDLE_W, LOADED_W, BUSY_W = 10.0, 11.0, 35.0
WRITER = Workload(num_input_tokens=300, num_output_tokens=20, num_context_tokens=4096, num_queries_per_day=500.0)
RULE = 'SUBSYSTEM=="powercap", KERNEL=="intel-rapl*", RUN+="/usr/bin/chgrp power /sys/%p/energy_uj"'


def meter(meter_id="rapl", **changes):
    made = MeterInfo(
        id=meter_id, name="RAPL of the processor, by powercap", component="cpu", covers="processor package",
        method="counter", native_unit="µJ", resolution_j=1e-6, refresh_s=0.001,
        permission="root, or a group the user sets up", grade="A", k_scale=1.07, limit_w=60.0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def locked():
    return meter("perf", name="RAPL by performance events", state="locked", why="root only", remedy=RULE)


def battery():
    return meter(
        "battery", name="Battery", component="platform", covers="whole machine", method="integral", native_unit="µW",
        resolution_j=None, refresh_s=1.0, grade="B", k_scale=1.2, state="absent", why="no battery is visible",
        permission="any user", limit_w=None,
    )  # fmt: skip


def dram():
    return meter("rapl-dram", name="RAPL of the memory", component="ram", covers="memory", state="absent",
                 why="this processor has no such counter")  # fmt: skip


def block(power_w, seconds, units):
    return Block(energy_j=power_w * seconds, window_s=seconds, work_s=seconds, num_units=units)


def seconds(value):
    return Quantity(value=value, low=value / 1.05, high=value * 1.05, unit="s", evidence="measured-synthetic",
                    basis="median of the blocks")  # fmt: skip


def report(*, busy_w=BUSY_W, meters=None, after_w=LOADED_W, trace=True):
    """Return what an energy child says of a small writer: 40 inputs of 0.1 s, 400 tokens of 0.02 s."""
    info = meter()
    wobble = (-0.4, 0.1, 0.3)
    mine = MeterReport(
        info=info, idle_w=tuple(IDLE_W + w / 10 for w in wobble), before_w=tuple(LOADED_W + w / 10 for w in wobble),
        after_w=tuple(after_w + w / 10 for w in wobble), load=block(20.0, 0.5, 1),
        phases=(
            PhaseBlocks(phase="prefill", blocks=tuple(block(busy_w + w, 4.0, 40) for w in wobble)),
            PhaseBlocks(phase="decode", blocks=tuple(block(busy_w - 5 + w, 8.0, 400) for w in wobble)),
        ),
        cpu_share=0.002, cross_ratio=1.02,
    )  # fmt: skip
    text = f"{info.name} rises from 10.0 W idle to 42.0 W under load."
    return EnergyReport(
        meters=meters or (info, locked(), dram(), battery()), reports=(mine,),
        liveness=(Liveness(meter="rapl", alive=True, idle_w=10.0, load_w=42.0, text=text),),
        work=(WorkTime(phase="prefill", num_units=120, work_s=12.0, num_blocks=3),
              WorkTime(phase="decode", num_units=1200, work_s=24.0, num_blocks=3)),
        trace=_trace() if trace else (), load_share=0.5, idle_load_share=0.02, other_load_share=0.09, measured_s=40.0,
    )  # fmt: skip


def _trace():
    steps = (("idle", IDLE_W, 30), ("spin", 42.0, 10), ("load", 20.0, 5), ("loaded idle", LOADED_W, 30),
             ("prefill", 35.0, 40), ("decode", 30.0, 80), ("loaded idle", LOADED_W, 30))  # fmt: skip
    points, t_s = [], 0.0
    for phase, power_w, number in steps:
        for step in range(number):
            points.append(PowerPoint(t_s=t_s, component="cpu", power_w=power_w + 0.3 * (step % 3), phase=phase))
            t_s += 0.2
    return tuple(points)


def times():
    return WholeTimes(
        load=seconds(0.5), prefill=seconds(0.1), decode=seconds(0.02), depth_unit_s={"prefill": 0.1, "decode": 0.02},
        extrapolated=False, is_query=False, num_input_tokens=300, num_output_tokens=20, num_runs=1.0, num_batch=1,
    )  # fmt: skip


def measured(**given):
    """Return the energy of a probe whose meter could be read."""
    found = energy_result.measured(report(**given), times(), on_card=False, mode="quick", evidence="measured-synthetic")
    assert found is not None
    return found


def banded():
    """Return the energy of a probe without a meter: the typical range for a load of 60 %."""
    absent = tuple(
        msgspec.structs.replace(info, state="absent", why="this system has none") for info in report().meters
    )
    outcome = EnergyOutcome(meters=absent, why_not="no meter of this part is known")
    found = energy_answer._banded(
        fakes_report.profile().cpu, outcome, times(), (), (0.6, 0.02), "no meter of this part is known", None
    )
    assert found is not None
    return found


def banded_probe():
    """Return a finished probe of a writer on a machine without a meter."""
    energy = banded()
    samples = tuple(msgspec.structs.replace(sample, power_w=None) for sample in fakes_report.samples())
    return msgspec.structs.replace(
        probe(), energy=energy, samples=samples, energy_per_1000_queries=energy_answer.per_1000_queries(energy, "")
    )


def probe(workload=WRITER, **given):
    """Return a finished probe of a writer with its energy."""
    energy = measured(**given)
    return fakes_report.probe(
        workload=workload, energy=energy, time_to_first_token=seconds(0.1), time_per_token=seconds(0.02),
        time_per_query=seconds(0.48), energy_per_1000_queries=energy_answer.per_1000_queries(energy, ""),
    )  # fmt: skip


def metered(made=None):
    """Return a recommendation whose pick was measured under a meter, and the probe."""
    found = made or probe(fakes_report.WORKLOAD)
    rows = list(fakes_report.recommendation().rows.values())
    view = MeasuredView(
        probe_id=found.id, created=found.created, evidence="measured-synthetic", same_workload=True,
        memory=found.peak_memory, time_to_first_token=found.time_to_first_token, time_per_token=found.time_per_token,
        rate=found.rate, grade="B",
    )  # fmt: skip
    rows[0] = msgspec.structs.replace(
        rows[0], measured=view, energy_per_1000_queries=found.energy_per_1000_queries, evidence="measured-synthetic"
    )
    return fakes_report.recommendation(rows=rows), found


def metered_report(made=None, **options):
    """Return the report of it."""
    recommendation, found = metered(made)
    options = {"grid": fakes_report.GRID, "versions": fakes_report.VERSIONS, "redact": False, **options}
    return build(recommendation, probes=[found], **options)
