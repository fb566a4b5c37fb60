"""Windows' Energy Meter Interface, from the bytes its devices answer with, in both versions of its layout."""

import errno
import struct

import fakes_energy as fake
import pytest

from advisor.energy import emi
from advisor.energy.meter import MeterError
from advisor.energy.windows_device import SystemDevices
from advisor.hardware.roots import Roots, under

WINDOWS = Roots(system="Windows")
PWH_PER_J = 1 / 3.6e-9
AMD_CORES = [[f"RAPL_Package0_Core{core}_CORE"] for core in range(1, 16)]


def wide(text, size):
    return text.encode("utf-16-le").ljust(size, b"\0")


def metadata_v2(*names, unit=0, padded=True):
    raw = wide("Microsoft", 32) + wide("RAPL", 32) + struct.pack("<HH", 1, len(names))
    for name in names:
        coded = wide(name, 64) if padded else (name + "\0").encode("utf-16-le")
        raw += struct.pack("<iH", unit, len(coded)) + coded
    return raw


def metadata_v1(name, unit=0):
    coded = (name + "\0").encode("utf-16-le")
    return struct.pack("<i", unit) + wide("OEM", 32) + wide("Meter", 32) + struct.pack("<HH", 3, len(coded)) + coded


class Device:
    """One energy meter: names, and what its counters show as joules and seconds of its own clock."""

    def __init__(self, *names, version=2, unit=0):
        self.version = version
        self.metadata = metadata_v1(*names, unit=unit) if version == 1 else metadata_v2(*names, unit=unit)
        self.joules = dict.fromkeys(names, 1000.0)
        self.t_s = 77.0
        self.failure = None
        self.refused = False

    def answer(self, code):
        if code == 0x224000:
            return struct.pack("<H", self.version)
        if code == 0x224004:
            return struct.pack("<I", len(self.metadata))
        if code == 0x224008:
            return self.metadata
        assert code == 0x22400C
        return b"".join(
            struct.pack("<QQ", round(joules * PWH_PER_J), round(self.t_s * 1e7)) for joules in self.joules.values()
        )


class Devices:
    def __init__(self, *devices):
        self.devices = {f"\\\\?\\root#emi#{index}": device for index, device in enumerate(devices)}
        self.handles = {}
        self.next = 40

    def interfaces(self, kind):
        assert kind.bytes_le.hex() == "4483bd45d67ecf49a440c276c933b053"
        return tuple(self.devices)

    def open(self, path):
        if self.devices[path].refused:
            raise OSError(errno.EACCES, "Windows refuses to open the device (Windows error 5)")
        self.next += 1
        self.handles[self.next] = self.devices[path]
        return self.next

    def control(self, handle, code, data, num_bytes):
        device = self.handles[handle]
        assert data == b""
        if device.failure is not None:
            raise OSError(device.failure, "the device does not answer (Windows error 31)")
        return device.answer(code)[:num_bytes]

    def close(self, handle):
        del self.handles[handle]


class Machine:
    """Devices, the clock of this process, and the meters that are found."""

    def __init__(self, *devices):
        self.devices = Devices(*devices)
        self.clock = fake.Clock()
        found = emi.find(WINDOWS, connect=lambda: self.devices, clock=self.clock, sleep=self.run)
        self.found = {entry.info.id: entry for entry in found}
        assert not self.devices.handles, "looking for meters leaves no handle open"

    def run(self, seconds, **watts):
        """Let time go by; `watts` by name of a counter, all others draw 5 W."""
        self.clock.step(seconds)
        for device in self.devices.devices.values():
            device.t_s += seconds
            for name in device.joules:
                device.joules[name] += seconds * watts.get(name, 5.0)

    def open(self, name="emi"):
        return self.found[name].open()


def test_bytes_of_both_versions():
    (only,) = emi.parse_metadata(1, metadata_v1("CPU_PKG"))
    assert (only.name, only.in_picowatt_hours) == ("CPU_PKG", True)
    assert [c.name for c in emi.parse_metadata(2, metadata_v2("A_PKG", "B", "C  ", padded=False))] == [
        "A_PKG",
        "B",
        "C",
    ]
    assert [c.name for c in emi.parse_metadata(2, metadata_v2("A_PKG", "B"))] == ["A_PKG", "B"]
    first, second = emi.parse_measurement(struct.pack("<QQQQ", 2**63, 10_000_000, 5, 2), 2)
    assert (first.num_picowatt_hours, first.t_s, second.num_picowatt_hours, second.t_s) == (
        2**63,
        1.0,
        5,
        pytest.approx(2e-7),
    )


@pytest.mark.parametrize(
    ("version", "raw", "why"),
    [
        (1, metadata_v1("CPU_PKG")[:60], "a way this app does not understand"),
        (1, metadata_v1("CPU_PKG")[:-4], "ends in the middle of a name"),
        (2, metadata_v2("CPU_PKG", "B")[:-70], "a way this app does not understand"),
        (2, metadata_v2("CPU_PKG")[:-2], "ends in the middle of a name"),
        (2, metadata_v2()[:-2] + b"\xff\xff", "claims to have 65535 counters"),
        (2, b"", "a way this app does not understand"),
        (3, metadata_v2("CPU_PKG"), "speaks version 3"),
    ],
)
def test_bytes_that_are_no_description(version, raw, why):
    with pytest.raises(MeterError, match=why):
        emi.parse_metadata(version, raw)


def test_a_measurement_that_is_too_short():
    with pytest.raises(MeterError, match="too short"):
        emi.parse_measurement(bytes(31), 2)


def test_only_the_package_is_counted():
    """Sixteen devices, one for each core, as AMD's processors show them: the cores are inside the package."""
    machine = Machine(Device("RAPL_Package0_PKG", "RAPL_Package0_Core0_CORE"), *(Device(*names) for names in AMD_CORES))
    info = machine.found["emi"].info
    assert (info.component, info.state, info.covers) == ("cpu", "open", "processor package (RAPL_Package0_PKG)")
    assert (machine.found["emi-dram"].info.state, machine.found["emi-dram"].info.why) == (
        "absent", "this processor has none",
    )  # fmt: skip
    meter = machine.open()
    before = meter.read()
    machine.run(10, RAPL_Package0_PKG=42)
    after = meter.read()
    assert after.energy_j - before.energy_j == pytest.approx(420)
    assert after.t_s - before.t_s == pytest.approx(10)
    meter.close()
    assert not machine.devices.handles


def test_intels_parts_of_the_package_and_its_memory():
    names = ("RAPL_Package0_PKG", "RAPL_Package0_PP0", "RAPL_Package0_PP1", "RAPL_Package0_DRAM")
    machine = Machine(Device(*names))
    package, memory = machine.open(), machine.open("emi-dram")
    before = package.read(), memory.read()
    machine.run(1, RAPL_Package0_PKG=20, RAPL_Package0_PP0=18, RAPL_Package0_DRAM=3)
    assert package.read().energy_j - before[0].energy_j == pytest.approx(20)
    assert memory.read().energy_j - before[1].energy_j == pytest.approx(3)
    assert machine.found["emi-dram"].info.component == "ram"


def test_a_memory_counter_that_stands_at_zero_is_none():
    device = Device("RAPL_Package0_PKG", "RAPL_Package0_DRAM")
    device.joules["RAPL_Package0_DRAM"] = 0.0
    found = Machine(device).found["emi-dram"]
    assert (found.info.state, found.info.why, found.open) == ("absent", "its counter stands at 0", None)


def test_a_device_of_the_first_version():
    machine = Machine(Device("CPU_PKG", version=1))
    meter = machine.open()
    before = meter.read()
    machine.run(2, CPU_PKG=9)
    assert meter.read().energy_j - before.energy_j == pytest.approx(18)


def test_two_sockets_are_added_up_and_mirrored_dies_are_not():
    machine = Machine(Device("RAPL_Package0_PKG"), Device("RAPL_Package1_PKG"))
    next(iter(machine.devices.devices.values())).joules["RAPL_Package0_PKG"] = 90_000.0
    meter = machine.open()
    assert meter.info.covers == "2 processor packages (RAPL_Package0_PKG, RAPL_Package1_PKG)"
    before = meter.read()
    machine.run(1, RAPL_Package0_PKG=40, RAPL_Package1_PKG=70)
    assert meter.read().energy_j - before.energy_j == pytest.approx(110)

    machine = Machine(Device("RAPL_Package0_Die0_PKG"), Device("RAPL_Package0_Die1_PKG"))
    meter = machine.open()
    assert meter.info.covers.startswith("processor package (")
    before = meter.read()
    machine.run(1, RAPL_Package0_Die0_PKG=80, RAPL_Package0_Die1_PKG=80)
    assert meter.read().energy_j - before.energy_j == pytest.approx(80)


def test_the_meters_own_time_is_used():
    """The driver shows a value of its last look, here half a second old at first, then fresh, then old again."""
    device = Device("RAPL_Package0_PKG")
    machine = Machine(device)
    meter = machine.open()
    device.joules["RAPL_Package0_PKG"], device.t_s = 2000.0, 100.0
    assert meter.read().t_s == pytest.approx(machine.clock())
    fresh_s = machine.clock() + 1
    machine.clock.step(1)
    device.joules["RAPL_Package0_PKG"], device.t_s = 2030.0, 101.4
    fresh = meter.read()
    assert fresh.t_s == pytest.approx(fresh_s)
    machine.clock.step(1)
    device.joules["RAPL_Package0_PKG"], device.t_s = 2045.0, 101.9
    old = meter.read()
    assert old.t_s - fresh.t_s == pytest.approx(0.5)
    assert (old.energy_j - fresh.energy_j) / (old.t_s - fresh.t_s) == pytest.approx(30)
    assert old.epoch == fresh.epoch


def test_a_meter_whose_clock_was_set_starts_anew():
    device = Device("RAPL_Package0_PKG")
    machine = Machine(device)
    meter = machine.open()
    first = meter.read()
    device.t_s += 3600
    machine.run(1)
    second = meter.read()
    assert (second.epoch - first.epoch, second.broken) == (1, "the meter's clock was set")
    machine.run(1)
    third = meter.read()
    assert (third.epoch, third.broken, third.t_s - second.t_s) == (second.epoch, None, pytest.approx(1))


def test_a_meter_without_a_clock_is_read_by_ours():
    device = Device("RAPL_Package0_PKG")
    machine = Machine(device)
    meter = machine.open()
    first = meter.read()
    for _ in range(2):
        machine.run(1)
        device.t_s = 77.0
        reading = meter.read()
    assert reading.epoch == first.epoch + 1
    assert reading.t_s == machine.clock()


def test_a_counter_that_goes_back_or_jumps_is_a_break():
    device = Device("RAPL_Package0_PKG")
    machine = Machine(device)
    meter = machine.open()
    meter.read()
    device.joules["RAPL_Package0_PKG"] = 3.0
    machine.run(1)
    assert meter.read().broken == "the counter went back"
    machine.run(1, RAPL_Package0_PKG=60_000)
    assert "more than the limit" in meter.read().broken
    machine.run(120)
    assert "may have wrapped twice" in meter.read().broken


def test_a_device_that_is_gone_is_a_gap():
    device = Device("RAPL_Package0_PKG")
    machine = Machine(device)
    meter = machine.open()
    meter.read()
    device.failure = errno.EIO
    machine.run(1)
    gap = meter.read()
    assert (gap.energy_j, gap.gap) == (None, "the device does not answer (Windows error 31)")
    device.failure = None
    machine.run(1)
    assert meter.read().energy_j == pytest.approx(10)
    device.refused = True
    with pytest.raises(MeterError, match="cannot be opened: windows refuses"):
        machine.open()


def test_an_unknown_unit_is_refused():
    found = Machine(Device("RAPL_Package0_PKG", unit=1)).found["emi"]
    assert (found.info.state, found.info.why, found.open) == (
        "refused", "it counts in a unit that this app does not know", None,
    )  # fmt: skip


def test_without_a_package_there_is_no_meter():
    broken = Device("X")
    broken.failure = errno.EIO
    info = Machine(Device("CPU_CORES", "GPU"), broken).found["emi"].info
    assert info.state == "absent"
    assert info.why == (
        "no energy meter of Windows counts a processor package; they count CPU_CORES, GPU; one cannot be read: "
        "the device does not answer (Windows error 31)"
    )
    assert "unless it runs in a virtual machine" in Machine().found["emi"].info.why


def test_a_meter_that_cannot_be_described_hides_no_other():
    broken = Device("X")
    broken.metadata = broken.metadata[:70]
    assert Machine(broken, Device("RAPL_Package0_PKG")).found["emi"].info.state == "open"


def test_another_system_has_none(tmp_path):
    (only,) = emi.find(under(tmp_path))
    assert (only.info.state, only.info.why) == ("absent", "only Windows has it")


def test_without_windows_there_is_no_door_to_devices():
    (only,) = emi.find(WINDOWS)
    assert only.info.why == "Windows does not show its energy meters: this system has no Windows devices"
    with pytest.raises(MeterError):
        SystemDevices(writable=False)
