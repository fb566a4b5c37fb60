"""The battery of a Windows computer, from the bytes its devices answer with."""

import errno
import struct

import fakes_energy as fake
import pytest

from advisor.energy import battery, battery_windows
from advisor.energy.meter import MeterError
from advisor.energy.windows_device import SystemDevices
from advisor.hardware.roots import Roots

WINDOWS = Roots(system="Windows")
# BATTERY_INFORMATION of a lithium battery of 57 Wh: capabilities, technology, chemistry, capacities, alerts, cycles.
INFORMATION = bytes.fromhex(
    "00000080 01 000000 4c696f6e a8de0000 a8de0000 a40b0000 a40b0000 00000000 2a000000".replace(" ", "")
)
OURS, RELATIVE, SHORT = 0x80000000, 0x40000000, 0x20000000


def information(capabilities):
    return struct.pack("<I", capabilities) + INFORMATION[4:]


def status(flags=2, rate_mw=-9600):
    return struct.pack("<IIIi", flags, 45_000, 11_700, rate_mw)


class Bay:
    def __init__(self, *, capabilities=OURS, tag=7, **changes):
        self.capabilities, self.tag, self.failure = capabilities, tag, None
        self.status = status(**changes)


class Devices:
    """Devices that answer control codes with bytes, and check what they are asked."""

    def __init__(self, *bays):
        self.bays = {f"\\\\?\\acpi#pnp0c0a#{index}": bay for index, bay in enumerate(bays)}
        self.handles = {}

    def interfaces(self, kind):
        assert kind.bytes_le.hex() == "541e6372a478d011bcf700aa00b7b32a"
        return tuple(self.bays)

    def open(self, path):
        handle = 100 + len(self.handles)
        while handle in self.handles:
            handle += 1
        self.handles[handle] = self.bays[path]
        return handle

    def close(self, handle):
        del self.handles[handle]

    def control(self, handle, code, data, num_bytes):
        bay = self.handles[handle]
        if bay.failure is not None:
            raise OSError(bay.failure, "the device does not answer (Windows error 2)")
        if code == 0x294040:
            assert (data, num_bytes) == (bytes(4), 4)
            return struct.pack("<I", bay.tag)
        assert data[:4] == struct.pack("<I", bay.tag)
        if code == 0x294044:
            assert data[4:] == bytes(8)
            return information(bay.capabilities)
        assert (code, len(data)) == (0x29404C, 20)
        return bay.status[:num_bytes]


def find(*bays, clock=None):
    devices = Devices(*bays)
    (entry,) = battery_windows.find(WINDOWS, connect=lambda: devices, clock=clock or fake.Clock())
    assert devices.handles == {}
    return entry, devices


def test_the_whole_computer_is_measured():
    clock = fake.Clock()
    entry, devices = find(Bay(), clock=clock)
    assert (entry.info.id, entry.info.native_unit, entry.info.state) == ("battery", "mW", "open")
    meter = entry.open()
    meter.read()
    clock.step(10)
    reading = meter.read()
    assert (reading.power_w, reading.energy_j) == (9.6, pytest.approx(96.0))
    meter.close()
    assert devices.handles == {}


def test_recorded_bytes_are_understood():
    assert battery_windows.parse_information(INFORMATION) == battery_windows.Information(ours=True, relative=False)
    cell = battery_windows.parse_status(bytes.fromhex("02000000c8af0000b42d000080daffff"))
    assert (cell.state, cell.power_w) == ("discharging", 9.6)


@pytest.mark.parametrize("rate_mw", [-9600, 9600])
def test_the_sign_is_no_signal(rate_mw):
    assert find(Bay(rate_mw=rate_mw))[0].open().read().power_w == 9.6


def test_batteries_are_added_up_but_not_a_mouses_a_ups_or_an_empty_bay():
    bays = (Bay(), Bay(rate_mw=-400), Bay(capabilities=0), Bay(capabilities=OURS | SHORT), Bay(tag=0))
    assert find(*bays)[0].open().read().power_w == 10.0


@pytest.mark.parametrize("flags", [1, 1 | 4, 4, 1 | 2])
def test_on_mains_it_says_what_to_do(flags):
    entry, _ = find(Bay(flags=flags))
    assert (entry.info.state, entry.info.why, bool(entry.info.remedy)) == ("absent", battery.ON_MAINS, True)


def test_a_rate_that_is_not_known_is_no_meter():
    assert find(Bay(rate_mw=-(2**31)))[0].info.why == battery.NO_POWER
    assert "shares" in find(Bay(capabilities=OURS | RELATIVE))[0].info.why


def test_a_battery_that_is_taken_out_and_put_in_again_is_asked_anew():
    entry, devices = find(Bay())
    meter = entry.open()
    meter.read()
    (bay,) = devices.bays.values()
    bay.failure = errno.ENOENT
    reading = meter.read()
    assert reading.energy_j is None
    assert "does not answer" in reading.gap
    assert devices.handles == {}
    bay.failure, bay.tag = None, 8
    assert meter.read().power_w == 9.6
    meter.close()


def test_plugging_in_during_a_run_is_a_break():
    entry, devices = find(Bay())
    meter = entry.open()
    meter.read()
    next(iter(devices.bays.values())).status = status(flags=1, rate_mw=0)
    assert meter.read().epoch == 1


@pytest.mark.parametrize("parse", [battery_windows.parse_information, battery_windows.parse_status])
def test_an_answer_that_is_too_short_is_said(parse):
    with pytest.raises(MeterError, match="too short"):
        parse(b"\x02\0\0\0")


def test_a_computer_without_battery_says_so():
    assert find()[0].info.why == battery.NO_BATTERY


def test_a_system_that_refuses_says_so():
    def connect():
        raise MeterError("this system has no Windows devices")

    (entry,) = battery_windows.find(WINDOWS, connect=connect)
    assert (entry.info.state, entry.open) == ("absent", None)
    assert "no Windows devices" in entry.info.why


def test_this_system_has_no_such_devices_unless_it_is_windows():
    import ctypes

    if not hasattr(ctypes, "WinDLL"):
        with pytest.raises(MeterError, match="no Windows devices"):
            SystemDevices()
    assert battery_windows.find(Roots(system="Linux")) == ()
