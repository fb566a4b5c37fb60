"""The energy model of Apple's chips: through the real calls of a stand-in, and as zeus-apple-silicon gives it."""

import ctypes
import shutil
import subprocess
import types
from functools import partial
from pathlib import Path

import fakes_energy as fake
import pytest

from advisor.energy import ioreport
from advisor.energy.core_foundation import ReportChannel, Subscription
from advisor.energy.ioreport import ReportSource, ZeusSource
from advisor.energy.meter import MeterError
from advisor.hardware.roots import Roots, under

MAC = Roots(system="Darwin")
ARM = {"machine": lambda: "arm64"}
M1_ULTRA = {
    "DIE_0_EACC_CPU0": ("mJ", 700), "DIE_0_EACC_CPU": ("mJ", 900), "DIE_0_CPU Energy": ("mJ", 23_296),
    "DIE_1_CPU Energy": ("mJ", 2_033), "DIE_0_PACC0_CPU0_SRAM": ("mJ", 5), "PCPU1DTL2b": ("mJ", 3),
    "GPU0_0": ("mJ", 554), "GPU SRAM0_0": ("mJ", 40), "ANE0_0": ("mJ", 281), "DRAM0_0": ("mJ", 3_392),
    "DRAM0_1": ("mJ", 3_341), "AMCC0_0": ("mJ", 11), "apciec2 Energy": ("uJ", 12), "GPU Energy": ("nJ", 31_385_200),
}  # fmt: skip
"""Names and units as an M1 Ultra has them (lablup/all-smi, pull request 424)."""
M5_MAX = {
    "CPU Energy": ("mJ", 5_000), "PACC_0": ("mJ", 900), "MCPU0_1": ("mJ", 80), "PCPU": ("mJ", 1_900),
    "GPU0": ("mJ", 70), "GPU Energy": ("nJ", 71_000_000), "ANE0": ("mJ", 1), "DRAM0": ("mJ", 800),
}  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    target = tmp_path_factory.mktemp("ioreport") / "libIOReport.so"
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "the tests need a C compiler (Debian: gcc)"
    source = Path(__file__).parent / "fake_ioreport.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", target, source], check=True)
    return target


class Chip:
    """Counters of a chip in the stand-in, and the way to them."""

    def __init__(self, library, file, counters):
        self.library, self.file, self.counters = library, file, dict(counters)
        self.open = partial(ReportSource, subscribe=partial(Subscription, core=str(library), report=str(library)))
        self.write()

    def write(self):
        lines = [f"{name}\t{unit}\t{count}\n" for name, (unit, count) in self.counters.items()]
        self.file.write_text("".join(lines))

    def add(self, **counts):
        for name, count in counts.items():
            full = name.replace("_Energy", " Energy")
            unit, before = self.counters[full]
            self.counters[full] = (unit, before + count)
        self.write()

    @property
    def num_objects(self):
        return ctypes.CDLL(str(self.library)).fake_num_objects()

    def find(self, clock=None):
        found = ioreport.find(MAC, ways=(self.open,), clock=clock or fake.Clock(), **ARM)
        return {entry.info.component: entry for entry in found}


@pytest.fixture
def chip(library, tmp_path, monkeypatch):
    def made(counters):
        monkeypatch.setenv("FAKE_IOREPORT", str(tmp_path / "counters"))
        return Chip(library, tmp_path / "counters", counters)

    before = ctypes.CDLL(str(library)).fake_num_objects()
    yield made
    assert ctypes.CDLL(str(library)).fake_num_objects() == before, "all that was created must be released"


def channels(counters):
    return [ReportChannel(name=name, unit=unit, num_units=count) for name, (unit, count) in counters.items()]


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        (M1_ULTRA, {"cpu": 25_329_000_000, "gpu": 31_385_200, "ram": 6_733_000_000}),
        (M5_MAX, {"cpu": 5_000_000_000, "gpu": 71_000_000, "ram": 800_000_000}),
        (M5_MAX | {"DIE_0_CPU Energy": ("mJ", 3_000)}, {"cpu": 5_000_000_000, "gpu": 71_000_000, "ram": 800_000_000}),
        ({"CPU Energy": ("mJ", 5), "GPU0": ("mJ", 7), "DRAM": ("mJ", 2), "DRAM0": ("mJ", 2)},
         {"cpu": 5_000_000, "gpu": 7_000_000, "ram": 2_000_000}),
        ({"DIE0 CPU Energy": ("uJ", 5), "GPU SRAM": ("mJ", 7), "DRAM_SRAM": ("mJ", 2)}, {"cpu": 5_000}),
        ({}, {}),
    ],
)  # fmt: skip
def test_the_whole_is_counted_and_never_its_parts_beside_it(counters, expected):
    assert ioreport.add_up(channels(counters)) == expected


def test_an_unknown_unit_is_no_energy():
    with pytest.raises(MeterError, match="CPU Energy counts in `kWh`"):
        ioreport.add_up(channels({"CPU Energy": ("kWh", 1)}))
    assert ioreport.add_up(channels({"CPU Energy": ("mJ", 1), "Other": ("kWh", 1)})) == {"cpu": 1_000_000}


def test_three_parts_are_measured_through_the_real_calls(chip):
    ultra, clock = chip(M1_ULTRA), fake.Clock()
    found = ultra.find(clock)
    assert [(entry.info.id, entry.info.state) for entry in found.values()] == [
        ("ioreport", "open"), ("ioreport-gpu", "open"), ("ioreport-dram", "open"),
    ]  # fmt: skip
    assert {entry.info.method for entry in found.values()} == {"os-model"}
    meters = {part: entry.open() for part, entry in found.items()}
    assert {part: meter.read().energy_j for part, meter in meters.items()} == {"cpu": 0, "gpu": 0, "ram": 0}
    clock.step(2)
    ultra.add(DIE_0_CPU_Energy=40_000, DIE_1_CPU_Energy=2_000, GPU_Energy=5_000_000_000, DRAM0_1=6_000, GPU0_0=9_999)
    assert {part: meter.read().energy_j for part, meter in meters.items()} == pytest.approx(
        {"cpu": 42.0, "gpu": 5.0, "ram": 6.0}
    )
    held = ultra.num_objects
    for _ in range(20):
        meters["cpu"].read()
    assert ultra.num_objects == held, "a reading releases what it made"
    for meter in meters.values():
        meter.close()
        meter.close()
    assert meters["cpu"].read().gap == "the meter is closed"


def test_only_what_is_wanted_is_asked_for(chip, library):
    chip(M1_ULTRA)
    wanted = Subscription("Energy Model", lambda name: name.startswith("DRAM"), core=str(library), report=str(library))
    assert [channel.name for channel in wanted.read()] == ["DRAM0_0", "DRAM0_1"]
    wanted.close()
    with pytest.raises(MeterError, match="closed"):
        wanted.read()


def test_a_part_that_is_not_stated_is_absent(chip):
    found = chip({"CPU Energy": ("mJ", 5)}).find()
    assert found["cpu"].info.state == "open"
    assert {part: found[part].info.state for part in ("gpu", "ram")} == {"gpu": "absent", "ram": "absent"}
    assert found["gpu"].info.why == "the energy model of this chip does not state it"


def test_a_part_that_vanishes_or_goes_back_is_never_energy(chip):
    small, clock = chip(M5_MAX), fake.Clock()
    meter = small.find(clock)["cpu"].open()
    meter.read()
    kept = small.counters.pop("CPU Energy")
    small.write()
    clock.step(1)
    assert meter.read().gap == "the energy model no longer states it"
    small.counters["CPU Energy"] = (kept[0], kept[1] + 3_000)
    small.write()
    clock.step(1)
    assert meter.read().energy_j == pytest.approx(3)
    small.add(CPU_Energy=-4_000)
    clock.step(1)
    assert meter.read().broken == "the counter went back"
    meter.close()


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        ("group", "IOReport gives no group `Energy Model`"),
        ("subscription", "IOReport gives no subscription"),
        ("sample", "IOReport gives no sample"),
    ],
)
def test_what_fails_is_said_and_nothing_is_left(chip, monkeypatch, fails, why):
    ultra = chip(M1_ULTRA)
    monkeypatch.setenv("FAKE_IOREPORT_FAILS", fails)
    assert {(entry.info.state, entry.info.why, entry.open) for entry in ultra.find().values()} == {
        ("absent", why, None)
    }  # fmt: skip


def test_a_sample_that_fails_is_a_gap(chip, monkeypatch):
    meter = chip(M1_ULTRA).find()["cpu"].open()
    meter.read()
    monkeypatch.setenv("FAKE_IOREPORT_FAILS", "sample")
    assert meter.read().gap == "IOReport gives no sample"
    monkeypatch.delenv("FAKE_IOREPORT_FAILS")
    assert meter.read().gap is None
    meter.close()


def test_names_of_another_kind_are_no_energy_model(chip):
    assert chip({"EACC0": ("mJ", 5)}).find()["cpu"].info.why == "it has no counter that this app knows"


# --- zeus-apple-silicon ---


class Monitor:
    """What `AppleEnergyMonitor` answers: whole millijoules, None where the chip has no such counter."""

    def __init__(self, **energy):
        self.energy = {"cpu_total_mj": None, "gpu_mj": None, "gpu_sram_mj": 9, "dram_mj": None, "ane_mj": 4} | energy
        self.failure = None

    def get_cumulative_energy(self):
        if self.failure:
            raise RuntimeError(self.failure)
        return types.SimpleNamespace(**self.energy)


def zeus(monitor):
    return partial(ZeusSource, monitor=lambda: monitor)


def test_zeus_is_used_where_it_is_installed():
    monitor, clock = Monitor(cpu_total_mj=2**40, gpu_mj=70, dram_mj=0), fake.Clock()
    found = {entry.info.component: entry for entry in ioreport.find(MAC, ways=(zeus(monitor),), clock=clock, **ARM)}
    meters = {part: entry.open() for part, entry in found.items()}
    for meter in meters.values():
        meter.read()
    monitor.energy |= {"cpu_total_mj": 2**40 + 1_500, "gpu_mj": 71, "dram_mj": 250}
    clock.step(1)
    assert {part: meter.read().energy_j for part, meter in meters.items()} == pytest.approx(
        {"cpu": 1.5, "gpu": 0.001, "ram": 0.25}
    )
    monitor.failure = "no sample"
    assert meters["cpu"].read().gap == "the energy model does not answer: no sample"


def test_none_is_absent_and_never_zero():
    found = {entry.info.component: entry for entry in ioreport.find(MAC, ways=(zeus(Monitor(gpu_mj=1)),), **ARM)}
    assert {part: entry.info.state for part, entry in found.items()} == {
        "cpu": "absent", "gpu": "open", "ram": "absent",
    }  # fmt: skip


def test_the_systems_own_library_helps_where_zeus_does_not(chip):
    small = chip(M5_MAX)
    for first in (zeus(Monitor(gpu_mj=5)), ZeusSource):  # knows no name of this chip; is not installed here
        found = ioreport.find(MAC, ways=(first, small.open), **ARM)
        assert [entry.info.state for entry in found] == ["open"] * 3
        meter = found[0].open()
        assert meter.read().gap is None
        meter.close()
    (cpu, *_) = ioreport.find(MAC, ways=(ZeusSource,), **ARM)
    assert cpu.info.why.startswith("zeus-apple-silicon cannot be used: ")


def test_without_either_there_is_none():
    for entry in ioreport.find(MAC, **ARM):
        assert entry.info.state == "absent"
        assert entry.info.why.endswith("; this system has no IOReport")


def test_other_machines_have_none(tmp_path):
    (only,) = ioreport.find(under(tmp_path))
    assert (only.info.state, only.info.why) == ("absent", "only macOS has it")
    (only,) = ioreport.find(MAC, machine=lambda: "x86_64")
    assert (only.info.state, only.info.why) == (
        "absent", "only Macs with a chip of Apple's own have it, and programs made for them",
    )  # fmt: skip
