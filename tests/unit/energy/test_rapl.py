"""RAPL by powercap, in fake trees of the real layout."""

import errno
import os
import tempfile
from pathlib import Path

import fakes_energy as fake
import pytest

from advisor.energy import rapl

LAPTOP = {
    "intel-rapl:0": {"name": "package-0", "long_w": 15, "short_w": 60},
    "intel-rapl:0:0": "core",
    "intel-rapl:0:1": "uncore",
    "intel-rapl:0:2": "dram",
    "intel-rapl:1": "psys",
    "intel-rapl-mmio:0": {"name": "package-0", "uj": 777, "long_w": 20},
}
SERVER = {
    "intel-rapl:0": {"name": "package-0", "uj": 90_000_000_000},
    "intel-rapl:0:0": {"name": "dram", "uj": 4_000_000_000},
    "intel-rapl:1": {"name": "package-1", "uj": 90_500_000_000},
    "intel-rapl:1:0": {"name": "dram", "uj": 5_000_000_000},
}
DIES = {
    "intel-rapl:0": {"name": "package-0-die-0", "uj": 90_000_000_000},
    "intel-rapl:1": {"name": "package-0-die-1", "uj": 90_000_000_000},
}


class Machine:
    """A fake tree whose counters move with a clock that tests move."""

    def __init__(self, root, zones):
        self.root, self.zones = root, zones
        self.roots = fake.powercap_tree(root, zones)
        self.clock, self.files = fake.Clock(), fake.FailingFiles()
        self.counts = {zone: facts.get("uj", 1_000_000) for zone, facts in zones.items() if isinstance(facts, dict)}
        self.counts |= dict.fromkeys((zone for zone, facts in zones.items() if isinstance(facts, str)), 1_000_000)
        self.watts = {}

    def run(self, seconds):
        self.clock.step(seconds)
        for zone, watts in self.watts.items():
            self.counts[zone] = (self.counts[zone] + int(watts * seconds * 1e6)) % (fake.RANGE_UJ + 1)
            fake.set_count(self.root, zone, self.counts[zone])

    def find(self):
        found = rapl.find(self.roots, files=self.files, clock=self.clock, sleep=self.run)
        return {entry.info.id: entry for entry in found}


@pytest.fixture
def laptop(tmp_path):
    return Machine(tmp_path, LAPTOP)


def test_packages_memory_and_platform_are_meters_of_their_own(laptop):
    found = laptop.find()
    assert {id: (entry.info.state, entry.info.component) for id, entry in found.items()} == {
        "rapl": ("open", "cpu"),
        "rapl-dram": ("open", "ram"),
        "rapl-psys": ("open", "platform"),
    }
    laptop.watts = {
        "intel-rapl:0": 12, "intel-rapl:0:0": 9, "intel-rapl:0:1": 1, "intel-rapl:0:2": 3, "intel-rapl:1": 25,
        "intel-rapl-mmio:0": 12,
    }  # fmt: skip
    meters = {id: entry.open() for id, entry in found.items()}
    energies = {}
    for _ in range(2):
        energies = {id: meter.read().energy_j for id, meter in meters.items()}
        laptop.run(10 if energies["rapl"] == 0 else 0)
    assert energies == pytest.approx({"rapl": 120.0, "rapl-dram": 30.0, "rapl-psys": 250.0})
    for meter in meters.values():
        meter.close()
    assert laptop.files.num_open == 0


def test_the_msr_driver_wins_over_the_mmio_driver(laptop):
    (zone,) = [zone for zone in rapl.read_zones(laptop.roots) if zone.name == "package-0"]
    assert (zone.folder.name, zone.mmio) == ("intel-rapl:0", False)


def test_parts_of_a_package_are_no_zones_of_their_own(laptop):
    assert sorted(zone.name for zone in rapl.read_zones(laptop.roots)) == ["dram", "package-0", "psys"]


def test_the_mmio_driver_alone_is_used(tmp_path):
    machine = Machine(tmp_path, {"intel-rapl-mmio:0": {"name": "package-0"}})
    machine.watts = {"intel-rapl-mmio:0": 7}
    meter = machine.find()["rapl"].open()
    meter.read()
    machine.run(2)
    assert meter.read().energy_j == pytest.approx(14.0)


def test_zones_are_known_by_name_not_by_number(tmp_path):
    machine = Machine(tmp_path, {"intel-rapl:0": "psys", "intel-rapl:1": "package-0", "intel-rapl:1:0": "dram"})
    names = {zone.folder.name: (zone.name, zone.package) for zone in rapl.read_zones(machine.roots)}
    assert names == {
        "intel-rapl:0": ("psys", "psys"),
        "intel-rapl:1": ("package-0", "package-0"),
        "intel-rapl:1:0": ("dram", "package-0"),
    }


def test_two_sockets_are_added_up_with_their_memory(tmp_path):
    machine = Machine(tmp_path, SERVER)
    machine.watts = {"intel-rapl:0": 68, "intel-rapl:1": 68, "intel-rapl:0:0": 10, "intel-rapl:1:0": 12}
    found = machine.find()
    assert found["rapl"].info.covers == "2 processor packages"
    package, memory = found["rapl"].open(), found["rapl-dram"].open()
    first = package.read().energy_j, memory.read().energy_j
    machine.run(5)
    assert package.read().energy_j - first[0] == pytest.approx(680.0)
    assert memory.read().energy_j - first[1] == pytest.approx(110.0)


def test_mirrored_dies_are_counted_once(tmp_path):
    machine = Machine(tmp_path, DIES)
    machine.watts = {"intel-rapl:0": 180, "intel-rapl:1": 180}
    found = machine.find()["rapl"]
    assert found.info.covers == "processor package"
    before_s = machine.clock()
    meter = found.open()
    assert 0.004 < machine.clock() - before_s < 0.02
    first = meter.read()
    machine.run(5)
    last = meter.read()
    assert last.energy_j - first.energy_j == pytest.approx(900.0)
    assert first.epoch == last.epoch == 0


def test_dies_with_counters_of_their_own_are_added_up(tmp_path):
    machine = Machine(tmp_path, DIES | {"intel-rapl:1": {"name": "package-0-die-1", "uj": 70_000_000_000}})
    machine.watts = {"intel-rapl:0": 90, "intel-rapl:1": 90}
    meter = machine.find()["rapl"].open()
    first = meter.read()
    machine.run(5)
    assert meter.read().energy_j - first.energy_j == pytest.approx(900.0)


def test_dies_that_stand_still_at_first_are_not_summed_twice_later(tmp_path):
    machine = Machine(tmp_path, DIES)
    before_s = machine.clock()
    meter = machine.find()["rapl"].open()
    assert machine.clock() - before_s < 0.02  # opening does not wait for what never moves
    machine.watts = {"intel-rapl:0": 180, "intel-rapl:1": 180}
    for _ in range(5):
        machine.run(1)
        reading = meter.read()
    assert (reading.energy_j, reading.epoch) == (pytest.approx(900.0), 0)


def test_a_wrap_in_the_middle_of_a_run(tmp_path):
    machine = Machine(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": fake.RANGE_UJ - 100, "long_w": 100}})
    machine.watts = {"intel-rapl:0": 80}
    meter = machine.find()["rapl"].open()
    meter.read()
    machine.run(1)
    reading = meter.read()
    assert (reading.energy_j, reading.broken) == (pytest.approx(80.0), None)


def test_the_range_is_read_from_the_file(tmp_path):
    machine = Machine(
        tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 65_532_600_000, "range_uj": 65_532_610_987}}
    )
    meter = machine.find()["rapl"].open()
    meter.read()
    machine.clock.step(0.1)
    fake.set_count(tmp_path, "intel-rapl:0", 989_012)
    assert meter.read().energy_j == pytest.approx(1.0)


def test_the_limit_is_the_short_one_and_makes_the_implausible_a_break(laptop):
    found = laptop.find()["rapl"]
    assert found.info.limit_w == 60.0
    meter = found.open()
    meter.read()
    laptop.watts = {"intel-rapl:0": 80}
    laptop.run(1)
    assert meter.read().broken is None
    laptop.watts = {"intel-rapl:0": 100}
    laptop.run(1)
    assert "more than the limit of 60 W" in meter.read().broken


@pytest.mark.parametrize(
    "facts", [{}, {"long_w": 4096}, {"long_w": 15, "enabled": 0}], ids=["AMD states none", "off", "not enforced"]
)
def test_without_a_limit_in_force_a_loose_one_guards_the_wrap(tmp_path, facts):
    machine = Machine(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": fake.RANGE_UJ - 10} | facts})
    found = machine.find()["rapl"]
    assert found.info.limit_w is None
    meter = found.open()
    meter.read()
    machine.watts = {"intel-rapl:0": 400}
    machine.run(1)
    assert meter.read().energy_j == pytest.approx(400.0)
    machine.watts = {"intel-rapl:0": 2000}
    machine.run(1)
    assert meter.read().epoch == 1


@pytest.mark.parametrize("code", [errno.EIO, errno.ENODATA, errno.ENODEV])
def test_a_read_that_fails_is_a_gap_also_at_the_start(laptop, code):
    laptop.files.on_read["energy_uj"] = code
    meter = laptop.find()["rapl"].open()
    reading = meter.read()
    assert (reading.energy_j, reading.gap.lower()) == (None, os.strerror(code).lower())
    laptop.files.on_read.clear()
    assert meter.read().energy_j == 0


def test_an_empty_file_is_a_gap(laptop):
    meter = laptop.find()["rapl"].open()
    meter.read()
    fake.set_count(laptop.root, "intel-rapl:0", "")
    assert meter.read().energy_j is None


def test_one_locked_package_locks_the_whole_back_end(tmp_path):
    machine = Machine(tmp_path, SERVER)
    machine.files.on_open["intel-rapl:1/energy_uj"] = errno.EACCES
    found = machine.find()
    assert {id: entry.info.state for id, entry in found.items()} == {
        "rapl": "locked", "rapl-dram": "locked", "rapl-psys": "absent",
    }  # fmt: skip
    assert found["rapl"].open is None
    assert machine.files.num_open == 0


def test_a_file_that_opens_but_may_not_be_read_is_locked(laptop):
    laptop.files.on_read["energy_uj"] = errno.EPERM
    assert laptop.find()["rapl"].info.state == "locked"
    assert laptop.files.num_open == 0


def test_a_package_without_counter_refuses_the_whole_back_end(tmp_path):
    machine = Machine(tmp_path, SERVER)
    (fake.zone_folder(tmp_path, "intel-rapl:1") / "energy_uj").unlink()
    found = machine.find()
    assert (found["rapl"].info.state, found["rapl"].open) == ("refused", None)
    assert found["rapl"].info.why == "package-1 cannot be read: no such file or directory"


def test_a_real_refusal_of_the_kernel_is_locked_with_the_exact_rule():
    """The administrator may read everything, so the test reads as nobody."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        roots = fake.powercap_tree(root, LAPTOP)
        for file in root.rglob("energy_uj"):
            file.chmod(0o000)
        am_root = os.geteuid() == 0
        if am_root:
            os.seteuid(65534)
        try:
            info = rapl.find(roots)[0].info
        finally:
            if am_root:
                os.seteuid(0)
    assert (info.state, info.limit_w) == ("locked", 60.0)
    assert "5.10" in info.why
    for line in ("groupadd", 'usermod --append --groups energy "$USER"', rapl.RULE, rapl.RULE_FILE, "udevadm trigger"):
        assert line in info.remedy
    assert "log out" in info.remedy


def test_a_counter_that_locks_between_finding_and_opening_is_a_plain_error(laptop):
    found = laptop.find()["rapl"]
    laptop.files.on_open["energy_uj"] = errno.EACCES
    with pytest.raises(rapl.MeterError, match="permission denied"):
        found.open()


def test_nothing_there_is_said(tmp_path):
    (entry,) = rapl.find(fake.roots(tmp_path))
    assert (entry.info.id, entry.info.state, entry.info.why) == ("rapl", "absent", "this system has no powercap")
    (tmp_path / "sys/class/powercap/intel-rapl").mkdir(parents=True)
    assert rapl.find(fake.roots(tmp_path))[0].info.why == "powercap shows no processor package"


def test_a_machine_without_memory_counter_says_so(tmp_path):
    found = Machine(tmp_path, {"intel-rapl:0": {"name": "package-0"}, "intel-rapl:0:0": {"name": "core"}}).find()
    assert found["rapl-dram"].info.state == found["rapl-psys"].info.state == "absent"
