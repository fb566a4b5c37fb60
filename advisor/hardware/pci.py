"""Names and parts of PCI devices, from sysfs and the list of PCI names where the system has one."""

import re
from pathlib import Path

import msgspec

from advisor.hardware.reading import UnreadableError, find_int, find_text, folders, link_name, read_text
from advisor.hardware.roots import Roots

_LISTS = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids")
AMD, INTEL, NVIDIA = "1002", "8086", "10de"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One graphics device of the kernel."""

    folder: Path
    """The device's folder, `/sys/class/drm/cardN/device`."""
    vendor: str
    """Four hexadecimal digits in small letters."""
    device: str
    """Four hexadecimal digits in small letters."""
    driver: str | None


def read_cards(roots: Roots) -> tuple[Card, ...]:
    """Return the graphics devices, without their connectors."""
    cards = []
    for entry in folders(roots.sys / "class/drm", r"card[0-9]+"):
        vendor, device = read_id(entry / "device/vendor"), read_id(entry / "device/device")
        if vendor is not None and device is not None:
            driver = link_name(entry / "device/driver")
            cards.append(Card(folder=entry / "device", vendor=vendor, device=device, driver=driver))
    return tuple(cards)


def read_id(path: Path) -> str | None:
    """Return the four hexadecimal digits of a PCI number in a file such as `0x10de`, or null."""
    match = re.fullmatch(r"0x([0-9a-fA-F]{4})", find_text(path) or "")
    return match[1].lower() if match else None


def read_name(roots: Roots, vendor: str, device: str) -> str:
    """Return a device's name.

    Raises:
        UnreadableError: there is no list of names here or the device is not in it.
    """
    for name in _LISTS:
        try:
            found = parse_name(read_text(roots.top / name), vendor, device)
        except UnreadableError:
            continue
        if found is not None:
            return found
    raise UnreadableError(f"no name is known for PCI device {vendor}:{device}")


def parse_name(text: str, vendor: str, device: str) -> str | None:
    """Return a device's name in the text of `pci.ids`: vendors at the margin, devices behind one tab."""
    start = re.search(rf"^{vendor}  .*$", text, re.MULTILINE)
    if start is None:
        return None
    rest = text[start.end() :]
    end = re.search(r"^[0-9a-fA-F]{4}  ", rest, re.MULTILINE)
    match = re.search(rf"^\t{device}  (.+)$", rest[: end.start()] if end else rest, re.MULTILINE)
    if match is None:
        return None
    product = re.search(r"\[(.+)\]", match[1])  # the product in brackets, the chip before it
    return (product[1] if product else match[1]).strip() or None


def hwmon(folder: Path, name: str) -> Path | None:
    """Return the sensor folder of that driver name under a device; numbers change at each start."""
    for entry in folders(folder / "hwmon", r"hwmon[0-9]+"):
        if find_text(entry / "name") == name:
            return entry
    return None


def read_power_limit(folder: Path, driver: str, name: str) -> float:
    """Return [W] a limit in a device's sensor folder.

    Raises:
        UnreadableError: the driver states none, or it is off (0).
    """
    sensors = hwmon(folder, driver)
    limit_uw = find_int(sensors / name) if sensors is not None else None
    if not limit_uw:
        raise UnreadableError("the driver states no limit")
    return limit_uw / 1e6
