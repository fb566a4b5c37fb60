"""RAPL by performance events: a fake PMU, and pipes in place of the kernel's descriptors."""

import errno
import os

import fakes_energy as fake
import pytest

from advisor.energy import perf

EVENTS = {"energy-pkg": 2, "energy-ram": 3, "energy-psys": 5}
PER_J = 2**32


class Kernel:
    """Opens events as pipes; what is put in is what the next read gives."""

    def __init__(self):
        self.opened, self.refusal, self.pipes = [], {}, {}

    def __call__(self, event, cpu):
        if (event.name, cpu) in self.refusal or event.name in self.refusal:
            code = self.refusal.get((event.name, cpu)) or self.refusal[event.name]
            raise OSError(code, os.strerror(code))
        end, start = os.pipe()
        os.set_blocking(end, False)
        self.pipes[event.name, cpu] = start
        self.opened.append((event, cpu, end))
        return end

    def put(self, name, cpu, joules):
        os.write(self.pipes[name, cpu], int(joules * PER_J).to_bytes(8, "little"))

    def num_open(self):
        num = 0
        for _, _, end in self.opened:
            try:
                os.fstat(end)
            except OSError:
                continue
            num += 1
        return num

    def close(self):
        for start in self.pipes.values():
            os.close(start)


@pytest.fixture
def kernel():
    made = Kernel()
    yield made
    made.close()


def find(roots, kernel, clock=None):
    return {entry.info.id: entry for entry in perf.find(roots, opener=kernel, clock=clock or fake.Clock())}


def close_probes(kernel):
    """Forget what `find` opened and closed again."""
    kernel.close()
    kernel.opened, kernel.pipes = [], {}


def test_the_events_are_meters_of_their_own(tmp_path, kernel):
    found = find(fake.power_pmu(tmp_path, EVENTS), kernel)
    assert {id: (entry.info.component, entry.info.state) for id, entry in found.items()} == {
        "perf": ("cpu", "open"), "perf-dram": ("ram", "open"), "perf-psys": ("platform", "open"),
    }  # fmt: skip
    assert found["perf"].info.resolution_j == 2**-32
    assert [(event.id, event.index, cpu) for event, cpu, _ in kernel.opened] == [
        (27, 2, 0),
        (27, 3, 0),
        (27, 5, 0),
    ]
    assert kernel.num_open() == 0


def test_energy_is_counts_times_scale(tmp_path, kernel):
    clock = fake.Clock()
    found = find(fake.power_pmu(tmp_path, EVENTS), kernel, clock)
    close_probes(kernel)
    meter = found["perf"].open()
    for joules in (10, 10.5, 25):
        kernel.put("energy-pkg", 0, joules)
        reading = meter.read()
        clock.step(1)
    assert reading.energy_j == pytest.approx(15.0)
    meter.close()
    assert kernel.num_open() == 0


@pytest.mark.parametrize("cpumask", ["0-7", "0,4", "0-3,4,6"])
def test_one_processor_of_each_package_however_many_are_listed(tmp_path, kernel, cpumask):
    clock = fake.Clock()
    packages = {cpu: cpu // 4 for cpu in range(8)}
    found = find(fake.power_pmu(tmp_path, EVENTS, cpumask=cpumask, packages=packages), kernel, clock)
    assert found["perf"].info.covers == "2 processor packages"
    close_probes(kernel)
    meter = found["perf"].open()
    assert [cpu for _, cpu, _ in kernel.opened] == [0, 4]
    for step in range(2):
        kernel.put("energy-pkg", 0, 100 + 5 * step)
        kernel.put("energy-pkg", 4, 100 + 7 * step)
        reading = meter.read()
        clock.step(1)
    assert reading.energy_j == pytest.approx(12.0)
    meter.close()


def test_the_platform_is_counted_once_on_a_machine_with_two_packages(tmp_path, kernel):
    find(fake.power_pmu(tmp_path, EVENTS, cpumask="0,4", packages={0: 0, 4: 1}), kernel)
    assert [cpu for event, cpu, _ in kernel.opened if event.name == "energy-psys"] == [0]


def test_without_packages_a_list_of_processors_is_not_guessed_at(tmp_path, kernel):
    roots = fake.power_pmu(tmp_path, EVENTS, cpumask="0-7", packages={0: 0})
    entry = find(roots, kernel)["perf"]
    assert (entry.info.state, kernel.opened) == ("absent", [])
    assert "which package" in entry.info.why


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_a_missing_right_is_locked_and_the_paranoid_level_stays(tmp_path, kernel, code):
    roots = fake.power_pmu(tmp_path, EVENTS)
    fake.write(tmp_path / "proc/sys/kernel/perf_event_paranoid", 2)
    kernel.refusal = dict.fromkeys(EVENTS, code)
    info = find(roots, kernel)["perf"].info
    assert info.state == "locked"
    assert "perf_event_paranoid is 2" in info.why
    assert "--ambient-caps=+perfmon" in info.remedy
    assert "sysctl" not in info.remedy


def test_a_package_that_fails_refuses_the_event_and_leaves_nothing_open(tmp_path, kernel):
    roots = fake.power_pmu(tmp_path, {"energy-pkg": 2}, cpumask="0,4", packages={0: 0, 4: 1})
    kernel.refusal = {("energy-pkg", 4): errno.ENODEV}
    entry = find(roots, kernel)["perf"]
    assert (entry.info.state, entry.open, kernel.num_open()) == ("refused", None, 0)
    assert "no such device" in entry.info.why


def test_a_right_that_goes_between_finding_and_opening_is_a_plain_error(tmp_path, kernel):
    found = find(fake.power_pmu(tmp_path, EVENTS), kernel)
    kernel.refusal = {"energy-pkg": errno.EACCES}
    with pytest.raises(perf.MeterError, match="permission denied"):
        found["perf"].open()


def test_a_failed_or_short_read_is_a_gap(tmp_path, kernel):
    clock = fake.Clock()
    found = find(fake.power_pmu(tmp_path, EVENTS), kernel, clock)
    close_probes(kernel)
    meter = found["perf"].open()
    assert meter.read().gap
    os.write(kernel.pipes["energy-pkg", 0], b"abc")
    reading = meter.read()
    assert (reading.energy_j, reading.gap) == (None, "the event was stopped by the kernel")
    meter.close()


@pytest.mark.parametrize(
    ("file", "text"), [("energy-pkg", "config=7,x"), ("energy-pkg.scale", "0"), ("energy-pkg.unit", "Watts")]
)
def test_an_event_that_is_stated_in_another_way_is_absent(tmp_path, kernel, file, text):
    roots = fake.power_pmu(tmp_path, EVENTS)
    fake.write(tmp_path / f"sys/devices/power/events/{file}", text)
    found = find(roots, kernel)
    assert (found["perf"].info.state, found["perf-dram"].info.state) == ("absent", "open")


def test_a_machine_without_the_pmu_says_so(tmp_path, kernel):
    (entry,) = perf.find(fake.roots(tmp_path), opener=kernel)
    assert (entry.info.id, entry.info.state) == ("perf", "absent")


def test_the_kernel_of_this_machine_refuses_a_pmu_that_does_not_exist():
    """Whatever this machine allows, the call reaches the kernel and its answer comes back as an error number."""
    nonsense = perf.Event(name="none", id=2**31 - 1, index=0, unit_j=1.0)
    with pytest.raises(OSError, match=r"\S") as caught:
        perf.open_event(nonsense, 0)
    assert caught.value.errno in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)


def test_a_platform_event_without_one_of_the_processor_is_no_meter(tmp_path, kernel):
    found = find(fake.power_pmu(tmp_path, {"energy-psys": 5}), kernel)
    assert {entry.info.state for entry in found.values()} == {"absent"}
    assert "virtual machine" in found["perf-psys"].info.why
    assert not kernel.opened
