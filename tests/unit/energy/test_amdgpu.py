"""AMD graphics by their sensors: cards, and processors with built-in graphics."""

import errno

import fakes_energy as fake
import pytest

from advisor.energy import amdgpu

CARD = {"power1_average": 150_000_000, "power1_cap": 300_000_000, "in0_label": "vddgfx"}
APU = {"power1_average": 18_000_000, "in0_label": "vddgfx", "in1_label": "vddnb"}


def find(root, **changes):
    return amdgpu.find(fake.roots(root), **({"clock": fake.Clock()} | changes))


def test_power_of_a_card_is_integrated(tmp_path):
    sensors = fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD)
    clock = fake.Clock()
    (entry,) = find(tmp_path, clock=clock)
    info = entry.info
    assert (info.id, info.component, info.covers) == ("amdgpu:0", "gpu", "graphics card")
    assert (info.state, info.limit_w, info.refresh_s) == ("open", 300.0, 1.0)
    meter = entry.open()
    assert meter.read().power_w == 150.0
    fake.write(sensors / "power1_average", 250_000_000)
    clock.step(2)
    assert meter.read().energy_j == pytest.approx(400.0)
    fake.write(sensors / "power1_average", 451_000_000)
    clock.step(1)
    assert meter.read().gap == "451 W cannot be"
    meter.close()


def test_the_instant_value_wins_over_the_average(tmp_path):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD | {"power1_input": 170_000_000})
    (entry,) = find(tmp_path)
    assert (entry.info.refresh_s, entry.open().read().power_w) == (0.1, 170.0)


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL])
def test_an_instant_value_the_firmware_does_not_know_falls_back_to_the_average(tmp_path, code):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD | {"power1_input": 0})
    files = fake.FailingFiles()
    files.on_read["power1_input"] = code
    (entry,) = find(tmp_path, files=files)
    assert entry.open().read().power_w == 150.0


def test_built_in_graphics_state_the_processor_too_and_are_told_apart(tmp_path):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=APU)
    (entry,) = find(tmp_path)
    assert (entry.info.id, entry.info.component, entry.info.state) == ("amdgpu-apu:0", "cpu", "open")
    assert entry.info.covers == "processor and built-in graphics together"
    assert entry.open().read().power_w == 18.0


def test_a_card_that_does_not_tell_which_it_is_is_not_used(tmp_path):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values={"power1_average": 18_000_000})
    (entry,) = find(tmp_path)
    assert (entry.info.state, entry.open) == ("refused", None)
    assert "includes the processor" in entry.info.why


def test_sensors_are_found_under_the_device_by_name_not_by_number(tmp_path):
    """A disk's sensor has the lower number, another card comes first."""
    other = tmp_path / "sys/devices/nvme/hwmon/hwmon0"
    fake.write(other / "name", "nvme")
    fake.write(other / "power1_average", 1)
    fake.link(other, tmp_path / "sys/class/hwmon/hwmon0")
    fake.hwmon_tree(tmp_path, driver="i915", values={}, card=0, slot="0000:00:02.0", vendor="0x8086", device="0x46a6")
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD, card=1, hwmon=7)
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=APU, card=2, slot="0000:05:00.0", hwmon=5)
    assert [entry.info.id for entry in find(tmp_path)] == ["amdgpu:0", "amdgpu-apu:1"]
    assert [entry.open().read().power_w for entry in find(tmp_path)] == [150.0, 18.0]


def test_a_sleeping_card_is_a_gap(tmp_path):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD)
    files = fake.FailingFiles()
    (entry,) = find(tmp_path, files=files)
    meter = entry.open()
    files.on_read["power1_average"] = errno.EPERM
    reading = meter.read()
    assert (reading.energy_j, reading.power_w, reading.gap) == (None, None, "operation not permitted")
    meter.close()
    assert files.num_open == 0


def test_a_locked_sensor_comes_with_its_rule(tmp_path):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD)
    files = fake.FailingFiles()
    files.on_open["power1_average"] = errno.EACCES
    info = find(tmp_path, files=files)[0].info
    assert info.state == "locked"
    assert 'ATTR{name}=="amdgpu"' in info.remedy
    assert "/sys/%p/power1_average" in info.remedy


def test_a_name_is_taken_from_where_there_is_one(tmp_path):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=CARD)
    assert find(tmp_path)[0].info.name == "AMD graphics, by the amdgpu driver"
    names = "1002  Advanced Micro Devices\n\t744c  Navi 31 [Radeon RX 7900 XT]\n"
    (tmp_path / "usr/share/misc").mkdir(parents=True)
    (tmp_path / "usr/share/misc/pci.ids").write_text(names)
    assert find(tmp_path)[0].info.name == "Radeon RX 7900 XT, by the amdgpu driver"


@pytest.mark.parametrize(
    ("values", "why"),
    [({}, "the amdgpu driver is not in use or shows no sensors"), ({"power1_cap": 5}, "the driver states no power")],
)
def test_what_is_missing_is_said(tmp_path, values, why):
    fake.hwmon_tree(tmp_path, driver="amdgpu", values=values)
    (entry,) = find(tmp_path)
    assert (entry.info.state, entry.info.why, entry.open) == ("absent", why, None)


def test_a_machine_without_amd_graphics_says_so(tmp_path):
    (entry,) = find(tmp_path)
    assert (entry.info.state, entry.info.why) == ("absent", "no AMD graphics is visible")
