"""Intel graphics cards by the energy counters of their drivers."""

import errno

import fakes_energy as fake
import pytest

from advisor.energy import intel_gpu

ARC = {"vendor": "0x8086", "device": "0x56a0"}


def find(root, **changes):
    return intel_gpu.find(fake.roots(root), **({"clock": fake.Clock()} | changes))


def test_energy_of_a_card_is_counted(tmp_path):
    values = {"energy1_input": 5_000_000_000, "power1_max": 190_000_000}
    sensors = fake.hwmon_tree(tmp_path, driver="i915", values=values, **ARC)
    clock = fake.Clock()
    (entry,) = find(tmp_path, clock=clock)
    assert (entry.info.id, entry.info.component, entry.info.limit_w) == ("intel-gpu:0", "gpu", 190.0)
    assert "package" in entry.info.covers
    meter = entry.open()
    meter.read()
    fake.write(sensors / "energy1_input", 5_180_000_000)
    clock.step(1)
    assert meter.read().energy_j == pytest.approx(180.0)
    fake.write(sensors / "energy1_input", 0)
    clock.step(1)
    assert meter.read().broken == "the counter went back"
    meter.close()


def test_a_silence_in_which_the_register_behind_may_wrap_twice_is_a_break(tmp_path):
    """The register has 32 bits of 2^-14 J: 262,144 J, 23 minutes at 190 W."""
    values = {"energy1_input": 0, "power1_max": 190_000_000}
    fake.hwmon_tree(tmp_path, driver="i915", values=values, **ARC)
    clock = fake.Clock()
    meter = find(tmp_path, clock=clock)[0].open()
    meter.read()
    clock.step(680)
    assert meter.read().broken is None
    clock.step(700)
    assert "wrapped twice" in meter.read().broken


def test_xe_shows_the_card_first_and_the_package_second(tmp_path):
    values = {"energy1_input": 11_000_000, "energy2_input": 7_000_000, "power2_max": 0, "power1_rated_max": 225_000_000}
    fake.hwmon_tree(tmp_path, driver="xe", values=values, **ARC)
    (entry,) = find(tmp_path)
    assert (entry.info.covers, entry.info.limit_w) == ("graphics card", 225.0)


def test_xe_with_the_package_only_says_so(tmp_path):
    sensors = fake.hwmon_tree(tmp_path, driver="xe", values={"energy2_input": 7_000_000, "power2_max": 0}, **ARC)
    clock = fake.Clock()
    (entry,) = find(tmp_path, clock=clock)
    assert (entry.info.covers, entry.info.limit_w) == ("graphics package; not the rest of the card", None)
    meter = entry.open()
    meter.read()
    fake.write(sensors / "energy2_input", 57_000_000)
    clock.step(1)
    assert meter.read().energy_j == pytest.approx(50.0)


def test_built_in_graphics_is_inside_the_processor(tmp_path):
    fake.hwmon_tree(tmp_path, driver="i915", values={}, slot="0000:00:02.0", vendor="0x8086", device="0x46a6")
    (entry,) = find(tmp_path)
    assert (entry.info.state, entry.open) == ("absent", None)
    assert "inside the processor package" in entry.info.why


def test_the_sensors_of_one_tile_are_not_those_of_the_card(tmp_path):
    fake.hwmon_tree(tmp_path, driver="i915", values={"energy1_input": 1}, hwmon=2, name="i915_gt0", **ARC)
    assert find(tmp_path)[0].info.state == "absent"
    fake.hwmon_tree(tmp_path, driver="i915", values={"energy1_input": 2}, hwmon=4, **ARC)
    assert find(tmp_path)[0].info.state == "open"


@pytest.mark.parametrize("driver", ["nouveau", "vfio-pci"])
def test_another_driver_is_no_meter(tmp_path, driver):
    fake.hwmon_tree(tmp_path, driver=driver, values={"energy1_input": 1}, **ARC)
    assert find(tmp_path)[0].info.state == "absent"


def test_a_locked_counter_comes_with_its_rule(tmp_path):
    fake.hwmon_tree(tmp_path, driver="xe", values={"energy1_input": 1}, **ARC)
    files = fake.FailingFiles()
    files.on_open["energy1_input"] = errno.EACCES
    info = find(tmp_path, files=files)[0].info
    assert info.state == "locked"
    assert 'ATTR{name}=="xe"' in info.remedy


def test_a_failed_read_is_a_gap(tmp_path):
    fake.hwmon_tree(tmp_path, driver="xe", values={"energy1_input": 1}, **ARC)
    files = fake.FailingFiles()
    meter = find(tmp_path, files=files)[0].open()
    meter.read()
    files.on_read["energy1_input"] = errno.ENODEV
    assert meter.read().energy_j is None


def test_what_is_missing_is_said(tmp_path):
    assert find(tmp_path)[0].info.why == "no Intel graphics is visible"
    fake.hwmon_tree(tmp_path, driver="xe", values={"power1_max": 5}, **ARC)
    assert find(tmp_path)[0].info.why == "the driver states no energy"
