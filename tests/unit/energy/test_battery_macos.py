"""The battery of a Mac, from property lists in the form that `ioreg -r -c AppleSmartBattery -a` writes."""

import fakes_energy as fake
import pytest

from advisor.energy import battery, battery_macos
from advisor.energy.battery import Cell
from advisor.hardware.reading import UnreadableError
from advisor.hardware.roots import Roots

TEXT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<array>
\t<dict>
\t\t<key>Amperage</key>
\t\t<integer>{amperage}</integer>
\t\t<key>BatteryData</key>
\t\t<dict>
\t\t\t<key>Voltage</key>
\t\t\t<integer>1</integer>
\t\t</dict>
\t\t<key>BatteryInstalled</key>
\t\t<true/>
\t\t<key>ExternalConnected</key>
\t\t<{plugged}/>
\t\t<key>IORegistryEntryName</key>
\t\t<string>AppleSmartBattery</string>
\t\t<key>InstantAmperage</key>
\t\t<integer>{instant}</integer>
\t\t<key>IsCharging</key>
\t\t<{charging}/>
\t\t<key>Voltage</key>
\t\t<integer>12000</integer>
\t</dict>
</array>
</plist>
"""


def text(**changes):
    return TEXT.format(**({"amperage": -700, "instant": -800, "plugged": "false", "charging": "false"} | changes))


class Mac:
    """Answers the command with what it is told, and counts how often it was asked."""

    def __init__(self, answer):
        self.answer, self.asked, self.clock = answer, [], fake.Clock()
        self.roots = Roots(system="Darwin", run=self.run)

    def run(self, arguments):
        self.asked.append(tuple(arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def find(self):
        (entry,) = battery_macos.find(self.roots, clock=self.clock)
        return entry


@pytest.mark.parametrize(
    ("changes", "power_w"),
    [
        ({}, 9.6),
        ({"instant": 2**64 - 800}, 9.6),
        ({"instant": 2**16 - 800}, 9.6),
        ({"instant": 0}, 8.4),
        ({"instant": 0, "amperage": 2**64 - 700}, 8.4),
        ({"instant": 800}, 9.6),
    ],
)
def test_power_is_current_times_voltage_in_either_way_of_writing_it(changes, power_w):
    (cell,) = battery_macos.parse(text(**changes))
    assert (cell.state, cell.power_w) == ("discharging", pytest.approx(power_w))


def test_states():
    assert battery_macos.parse(text(plugged="true"))[0].state == "idle"
    assert battery_macos.parse(text(plugged="true", charging="true"))[0].state == "charging"
    assert battery_macos.parse("") == battery_macos.parse("\n") == ()
    assert battery_macos.parse(text().replace("<true/>", "<false/>", 1)) == ()


def test_a_number_of_another_kind_is_no_power():
    odd = text().replace("<integer>12000</integer>", "<string>12 V</string>")
    assert battery_macos.parse(odd) == (Cell(state="discharging", power_w=None),)


@pytest.mark.parametrize("odd", ["+-o AppleSmartBattery", "<plist>", text()[:300], "<plist><dict/></plist>", "[1]"])
def test_text_that_is_no_list_is_said(odd):
    with pytest.raises(battery.MeterError, match="does not understand"):
        battery_macos.parse(odd)


def test_the_whole_computer_is_measured_and_the_command_runs_seldom():
    mac = Mac(text())
    entry = mac.find()
    assert (entry.info.id, entry.info.component, entry.info.native_unit) == ("battery", "platform", "mA x mV")
    meter = entry.open()
    for _ in range(21):
        reading = meter.read()
        mac.clock.step(1)
    assert reading.energy_j == pytest.approx(20 * 9.6)
    assert mac.asked[0] == ("/usr/sbin/ioreg", "-r", "-c", "AppleSmartBattery", "-a")
    assert len(mac.asked) == 5


def test_plugging_in_during_a_run_is_a_break():
    mac = Mac(text())
    meter = mac.find().open()
    meter.read()
    mac.answer = text(plugged="true")
    mac.clock.step(6)
    reading = meter.read()
    assert (reading.energy_j, reading.epoch) == (None, 1)


@pytest.mark.parametrize("changes", [{"plugged": "true"}, {"plugged": "true", "charging": "true"}])
def test_on_mains_it_says_what_to_do(changes):
    info = Mac(text(**changes)).find().info
    assert (info.state, info.why, bool(info.remedy)) == ("absent", battery.ON_MAINS, True)


def test_a_mac_without_battery_says_so():
    assert Mac("").find().info.why == battery.NO_BATTERY


def test_a_command_that_fails_during_a_run_is_a_gap():
    mac = Mac(text())
    meter = mac.find().open()
    meter.read()
    mac.answer = UnreadableError("ioreg did not answer in 20 s")
    mac.clock.step(6)
    assert meter.read().gap == "ioreg did not answer in 20 s"


def test_another_system_is_not_asked():
    assert battery_macos.find(Roots(system="Linux", run=Mac(text()).run)) == ()
