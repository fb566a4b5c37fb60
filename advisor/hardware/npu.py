"""Neural processors, by the kernel's class of accelerators."""

from pathlib import Path

from advisor.hardware import pci
from advisor.hardware.model import NpuFacts
from advisor.hardware.reading import UnreadableError, attempt, folders, known, link_name
from advisor.hardware.roots import Roots

# Drivers of drivers/accel in Linux and what they drive.
_DRIVERS = {
    "intel_vpu": "Intel NPU", "amdxdna": "AMD XDNA NPU", "qaic": "Qualcomm Cloud AI 100",
    "habanalabs": "Intel Gaudi", "rocket": "Rockchip NPU", "ethosu": "Arm Ethos-U NPU",
}  # fmt: skip
_SOURCE = "/sys/class/accel"


def collect(roots: Roots) -> tuple[NpuFacts, ...]:
    """Return the neural processors the kernel has a driver for."""
    found = [_accelerator(roots, entry) for entry in folders(roots.sys / "class/accel", r"accel[0-9]+")]
    # Vendor kernels for Rockchip boards have no accelerator class, only a clock device of that name.
    found += [_rockchip(entry) for entry in folders(roots.sys / "class/devfreq", r"[0-9a-f]+\.npu")]
    return tuple(found)


def _accelerator(roots: Roots, entry: Path) -> NpuFacts:
    driver = link_name(entry / "device/driver")
    return NpuFacts(
        name=attempt(_SOURCE, lambda: _name(roots, entry, driver)),
        driver=attempt(_SOURCE, lambda: driver, why="no driver is in use"),
    )


def _rockchip(entry: Path) -> NpuFacts:
    source = "/sys/class/devfreq"
    return NpuFacts(
        name=known("Rockchip NPU", source),
        driver=attempt(source, lambda: link_name(entry / "device/driver"), why="no driver is in use"),
    )


def _name(roots: Roots, entry: Path, driver: str | None) -> str | None:
    if driver in _DRIVERS:
        return _DRIVERS[driver]
    vendor, device = pci.read_id(entry / "device/vendor"), pci.read_id(entry / "device/device")
    if vendor and device:
        try:
            return pci.read_name(roots, vendor, device)
        except UnreadableError:
            return f"accelerator {vendor}:{device}"
    return None
