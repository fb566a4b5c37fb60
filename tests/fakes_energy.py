"""Fake sysfs trees of meters, in the real layout: folders below `devices`, links to them from `class`."""

import os

from advisor.energy.count_file import SystemFiles
from advisor.hardware.roots import under

RANGE_UJ = 262_143_328_850
"""What Intel's client processors state."""
ENERGY_UNIT_J = 2**-32


def write(path, text):
    """Write in place: a descriptor that is open sees it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", "ascii")
    return path


def link(target, at):
    at.parent.mkdir(parents=True, exist_ok=True)
    if not at.is_symlink():
        at.symlink_to(os.path.relpath(target, at.parent), target_is_directory=True)


def roots(root):
    """Roots of a fake machine in `root`, whose sysfs is `root/sys`."""
    return under(root)


# --- powercap ---


def zone_folder(root, zone):
    """Return the device folder of a zone such as `intel-rapl:0:1`."""
    control, *numbers = zone.split(":")
    folder = root / "sys/devices/virtual/powercap" / control
    for depth in range(1, len(numbers) + 1):
        folder /= ":".join([control, *numbers[:depth]])
    return folder


def powercap_tree(root, zones):
    """Build zones: `{"intel-rapl:0": {"name": "package-0", "uj": 10, "range_uj": ..., "long_w": 15, "short_w": 60}}`.

    A text in place of the dictionary is the name. Without `long_w` and `short_w` no limit is stated, as on AMD.
    """
    for zone, given in zones.items():
        facts = {"name": given} if isinstance(given, str) else given
        folder = zone_folder(root, zone)
        write(folder / "name", facts["name"])
        write(folder / "energy_uj", facts.get("uj", 1_000_000))
        write(folder / "max_energy_range_uj", facts.get("range_uj", RANGE_UJ))
        write(folder / "enabled", facts.get("enabled", 1))
        limits = [
            (kind, facts[key]) for kind, key in (("long_term", "long_w"), ("short_term", "short_w")) if key in facts
        ]
        for index, (kind, watts) in enumerate(limits):
            write(folder / f"constraint_{index}_name", kind)
            write(folder / f"constraint_{index}_power_limit_uw", int(watts * 1e6))
        control = zone.split(":")[0]
        link(folder, root / "sys/class/powercap" / zone)
        link(root / "sys/devices/virtual/powercap" / control, root / "sys/class/powercap" / control)
    return roots(root)


def set_count(root, zone, uj):
    """Set a zone's counter; a text that is no number is written as it is."""
    (zone_folder(root, zone) / "energy_uj").write_text(f"{uj}\n" if uj != "" else "", "ascii")


# --- graphics ---


def hwmon_tree(
    root, *, driver, values, card=0, slot="0000:03:00.0", vendor="0x1002", device="0x744c", hwmon=3, name=None
):
    """Build a graphics card with a sensor folder; `values`: file name to content. Returns the sensor folder.

    Args:
        root: folder of the machine.
        driver: `amdgpu`, `i915` or `xe`.
        values: of the sensor folder; none: the driver made none.
        card: number of the card.
        slot: PCI slot.
        vendor: PCI number.
        device: PCI number.
        hwmon: number of the sensor folder.
        name: of the sensors, if it is not the driver's.
    """
    place = root / f"sys/devices/pci0000:00/{slot}"
    write(place / "vendor", vendor)
    write(place / "device", device)
    (root / f"sys/bus/pci/drivers/{driver}").mkdir(parents=True, exist_ok=True)
    link(root / f"sys/bus/pci/drivers/{driver}", place / "driver")
    entry = place / f"drm/card{card}"
    entry.mkdir(parents=True, exist_ok=True)
    link(place, entry / "device")
    link(entry, root / f"sys/class/drm/card{card}")
    sensors = place / f"hwmon/hwmon{hwmon}"
    if values:
        write(sensors / "name", name or driver)
        link(sensors, root / f"sys/class/hwmon/hwmon{hwmon}")
    for file, value in values.items():
        write(sensors / file, value)
    return sensors


# --- batteries and plugs ---


def supply_tree(root, supplies):
    """Build power supplies: `{"BAT0": {"type": "Battery", "status": "Discharging", "power_now": 9_000_000}}`."""
    for name, values in supplies.items():
        folder = root / f"sys/devices/LNXSYSTM:00/PNP0C0A:00/power_supply/{name}"
        folder.mkdir(parents=True, exist_ok=True)
        for file, value in values.items():
            write(folder / file, value)
        link(folder, root / f"sys/class/power_supply/{name}")
    return roots(root)


# --- performance events ---


def power_pmu(root, events, *, cpumask="0", packages=None, kind=27):
    """Build the PMU `power`: `events` such as `{"energy-pkg": 2}`; `packages`: processor number to package number."""
    pmu = root / "sys/devices/power"
    write(pmu / "type", kind)
    write(pmu / "cpumask", cpumask)
    write(pmu / "format/event", "config:0-7")
    for name, number in events.items():
        write(pmu / f"events/{name}", f"event=0x{number:02x}")
        write(pmu / f"events/{name}.scale", "2.3283064365386962890625e-10")
        write(pmu / f"events/{name}.unit", "Joules")
    link(pmu, root / "sys/bus/event_source/devices/power")
    for cpu, package in (packages or {0: 0}).items():
        write(root / f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", package)
    return roots(root)


# --- time and failures ---


class Clock:
    """Time stands still until it is moved."""

    def __init__(self, now_s=1000.0):
        self.now_s = now_s

    def __call__(self):
        return self.now_s

    def step(self, seconds):
        self.now_s += seconds


class FailingFiles(SystemFiles):
    """Real files; those named here answer as a kernel that refuses.

    `on_open` and `on_read`: part of the path to the error's number.
    """

    def __init__(self):
        self.on_open = {}
        self.on_read = {}
        self.paths = {}
        self.num_open = 0

    def open(self, path):
        self._fail(self.on_open, path)
        descriptor = super().open(path)
        self.paths[descriptor] = path
        self.num_open += 1
        return descriptor

    def read(self, descriptor, num_bytes):
        self._fail(self.on_read, self.paths[descriptor])
        return super().read(descriptor, num_bytes)

    def close(self, descriptor):
        super().close(descriptor)
        self.num_open -= 1

    @staticmethod
    def _fail(rules, path):
        for part, number in rules.items():
            if part in str(path):
                raise OSError(number, os.strerror(number), str(path))
