"""The battery as a meter of the whole computer, on Linux: only while it discharges, whatever sign drivers use."""

import fakes_energy as fake
import pytest

from advisor.energy import battery
from advisor.energy.battery import Cell

AC = {"type": "Mains", "online": 0}
BATTERY = {"type": "Battery", "status": "Discharging", "present": 1, "power_now": 9_000_000, "voltage_now": 11_400_000}


def find(root, supplies, clock=None):
    (entry,) = battery.find(fake.supply_tree(root, supplies), clock=clock or fake.Clock())
    return entry


def test_the_whole_computer_is_measured(tmp_path):
    clock = fake.Clock()
    entry = find(tmp_path, {"AC": AC, "BAT0": BATTERY}, clock)
    assert (entry.info.id, entry.info.component, entry.info.state) == ("battery", "platform", "open")
    meter = entry.open()
    assert meter.read().power_w == 9.0
    fake.supply_tree(tmp_path, {"BAT0": {"power_now": 11_000_000}})
    clock.step(10)
    assert meter.read().energy_j == pytest.approx(100.0)
    meter.close()


@pytest.mark.parametrize(
    "values",
    [
        {"power_now": 9_000_000},
        {"power_now": -9_000_000},
        {"current_now": 750_000, "voltage_now": 12_000_000},
        {"current_now": -750_000, "voltage_now": 12_000_000},
        {"power_now": 9_000_000, "current_now": -1, "voltage_now": 12_000_000},
        {"power_now": 0, "current_now": 750_000, "voltage_now": 12_000_000},
        {"power_now": "", "current_now": -750_000, "voltage_now": 12_000_000},
    ],
)
def test_the_sign_is_no_signal(tmp_path, values):
    entry = find(tmp_path, {"BAT0": {"type": "Battery", "status": "Discharging"} | values})
    assert entry.open().read().power_w == pytest.approx(9.0)


def test_several_batteries_are_added_up_and_those_of_a_mouse_are_not(tmp_path):
    mouse = {"type": "Battery", "scope": "Device", "status": "Discharging", "power_now": 50_000_000}
    second = BATTERY | {"power_now": 4_000_000}
    idle = {"type": "Battery", "status": "Not charging", "power_now": 0}
    supplies = {"BAT0": BATTERY, "BAT1": second, "BAT2": idle, "hidpp_battery_0": mouse}
    assert find(tmp_path, supplies).open().read().power_w == pytest.approx(13.0)


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging", "Unknown"])
def test_on_mains_it_says_what_to_do(tmp_path, status):
    entry = find(tmp_path, {"AC": AC | {"online": 1}, "BAT0": BATTERY | {"status": status}})
    assert (entry.info.state, entry.open) == ("absent", None)
    assert entry.info.why == "the computer runs on mains; unplug it to measure by battery"
    assert entry.info.remedy


def test_a_battery_that_helps_a_weak_charger_does_not_see_the_whole_computer(tmp_path):
    entry = find(tmp_path, {"AC": AC | {"online": 1}, "BAT0": BATTERY})
    assert entry.info.why == battery.ON_MAINS


def test_without_a_plug_that_tells_a_full_battery_is_not_discharging(tmp_path):
    assert find(tmp_path, {"BAT0": BATTERY | {"status": "Full"}}).info.why == "no battery says that it is discharging"


def test_plugging_in_during_a_run_is_a_break_that_adds_nothing(tmp_path):
    clock = fake.Clock()
    supplies = {"AC": AC, "BAT0": BATTERY}
    meter = find(tmp_path, supplies, clock).open()
    meter.read()
    clock.step(10)
    assert meter.read().energy_j == pytest.approx(90.0)
    fake.supply_tree(tmp_path, {"BAT0": {"status": "Charging"}})
    clock.step(10)
    gap = meter.read()
    assert (gap.energy_j, gap.gap, gap.epoch) == (None, battery.ON_MAINS, 1)
    fake.supply_tree(tmp_path, {"BAT0": {"status": "Discharging"}})
    clock.step(10)
    assert meter.read().energy_j == pytest.approx(90.0)


def test_a_battery_that_vanishes_during_a_run_is_a_break(tmp_path):
    meter = find(tmp_path, {"BAT0": BATTERY}).open()
    meter.read()
    (tmp_path / "sys/class/power_supply/BAT0").unlink()
    reading = meter.read()
    assert (reading.energy_j, reading.gap, reading.epoch) == (None, "no battery is visible", 1)


def test_zero_watts_while_discharging_are_a_gap(tmp_path):
    clock = fake.Clock()
    meter = find(tmp_path, {"BAT0": BATTERY}, clock).open()
    meter.read()
    fake.supply_tree(tmp_path, {"BAT0": {"power_now": 0}})
    reading = meter.read()
    assert (reading.energy_j, reading.power_w) == (None, None)
    assert "0 W" in reading.gap


def test_a_battery_without_power_and_current_is_no_meter(tmp_path):
    entry = find(tmp_path, {"BAT0": {"type": "Battery", "status": "Discharging", "voltage_now": 12_000_000}})
    assert (entry.info.state, entry.info.why) == ("absent", battery.NO_POWER)


def test_a_computer_without_battery_says_so(tmp_path):
    entry = find(tmp_path, {"AC": AC | {"online": 1}})
    assert (entry.info.state, entry.info.why, entry.info.remedy) == ("absent", "no battery is visible", "")


def test_one_battery_of_two_that_does_not_say_how_fast_makes_no_sum():
    cells = (Cell(state="discharging", power_w=5.0), Cell(state="discharging", power_w=None))
    with pytest.raises(battery.MeterError, match="neither"):
        battery.total_w(cells)


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_other_systems_have_a_reader_of_their_own(tmp_path, system):
    from advisor.hardware.roots import under

    assert battery.find(under(tmp_path, system=system)) == ()
