"""Whether this is a virtual machine or a container, and whose."""

import re

import msgspec

from advisor.hardware.cpuinfo import CpuInfo
from advisor.hardware.model import Fact
from advisor.hardware.reading import attempt, find_text, folders, known, missing
from advisor.hardware.roots import Roots

# What firmware of virtual machines writes into the DMI fields sys_vendor, product_name and bios_vendor.
_FIRMWARE = (
    ("amazon ec2", "Amazon EC2"), ("google compute engine", "Google Compute Engine"), ("vmware", "VMware"),
    ("virtualbox", "VirtualBox"), ("innotek", "VirtualBox"), ("parallels", "Parallels"), ("bhyve", "bhyve"),
    ("apple virtualization", "Apple Virtualization"), ("xen", "Xen"), ("hyper-v", "Hyper-V"),
    ("microsoft corporation virtual machine", "Hyper-V"), ("alibaba cloud", "Alibaba Cloud"), ("qemu", "KVM or QEMU"),
    ("kvm", "KVM or QEMU"), ("bochs", "KVM or QEMU"), ("openstack", "OpenStack"), ("seabios", "KVM or QEMU"),
)  # fmt: skip
_BARE_METAL = re.compile(r"\.metal\b|bare ?metal", re.IGNORECASE)
_CLOCKS = (("kvm-clock", "KVM"), ("hyperv", "Hyper-V"), ("xen", "Xen"))
_GROUPS = (
    ("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc"),
    ("containerd", "containerd"),
)  # fmt: skip


class VirtualFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between this process and the machine."""

    virtualised: Fact[bool]
    hypervisor: Fact[str]
    container: Fact[str]


def collect(roots: Roots, info: CpuInfo) -> VirtualFacts:
    """Return the facts; `hypervisor` and `container` are `none` where there is none."""
    hypervisor = attempt("DMI, clock sources and devices", lambda: read_hypervisor(roots))
    virtualised = _virtualised(roots, info, hypervisor)
    if virtualised.value is False:
        hypervisor = known("none", virtualised.source)
    elif hypervisor.value is None and virtualised.value is True:
        hypervisor = missing(hypervisor.source, "it does not show its name")
    container = attempt("marks of containers", lambda: read_container(roots) or "none")
    return VirtualFacts(virtualised=virtualised, hypervisor=hypervisor, container=container)


def _virtualised(roots: Roots, info: CpuInfo, hypervisor: Fact[str]) -> Fact[bool]:
    if not info.is_arm and info.flags:
        return known("hypervisor" in info.flags, "/proc/cpuinfo, flag hypervisor")
    if hypervisor.value is not None:
        return known(True, hypervisor.source)
    if _firmware_text(roots):
        return known(False, "/sys/class/dmi/id")
    if find_text(roots.proc / "device-tree/model"):
        return known(False, "/proc/device-tree")
    return missing("DMI and device tree", "neither is visible here")


def read_hypervisor(roots: Roots) -> str | None:
    """Return the hypervisor's or cloud's name, or null where nothing points to one."""
    if "microsoft" in (find_text(roots.proc / "sys/kernel/osrelease") or "").lower():
        return "WSL (Hyper-V)"
    kind = find_text(roots.sys / "hypervisor/type")
    firmware = parse_firmware(_firmware_text(roots))
    if firmware:
        return firmware
    tree = (find_text(roots.proc / "device-tree/hypervisor/compatible") or "").lower()
    if tree:
        return "KVM" if "kvm" in tree else "Xen" if "xen" in tree else tree
    if kind:
        return kind.capitalize()
    clocks = find_text(roots.sys / "devices/system/clocksource/clocksource0/available_clocksource") or ""
    for mark, name in _CLOCKS:
        if mark in clocks:
            return name
    return "KVM" if folders(roots.sys / "bus/virtio/devices", r"virtio[0-9]+") else None


def _firmware_text(roots: Roots) -> str:
    dmi = roots.sys / "class/dmi/id"
    parts = (find_text(dmi / name) for name in ("sys_vendor", "product_name", "bios_vendor"))
    return " ".join(part for part in parts if part)


def parse_firmware(text: str) -> str | None:
    """Return the hypervisor that firmware names, or null for real machines."""
    lower = text.lower()
    if _BARE_METAL.search(text):
        return None
    return next((name for mark, name in _FIRMWARE if mark in lower), None)


def read_container(roots: Roots) -> str | None:
    """Return the container's kind, or null where nothing points to one."""
    if (roots.top / "run/.containerenv").exists():
        return "podman"
    if (roots.top / ".dockerenv").exists():
        return "docker"
    systemd = find_text(roots.top / "run/systemd/container")
    if systemd:
        return systemd.split()[0][:40]
    match = re.search(r"(?:^|\s)container=(\S+)", find_text(roots.proc / "1/environ") or "")
    if match:
        return match[1][:40]
    groups = find_text(roots.proc / "self/cgroup") or ""
    if any(line.endswith("/init.scope") or ":/user.slice" in line for line in groups.splitlines()):
        return None
    return next((name for mark, name in _GROUPS if mark in groups), None)
