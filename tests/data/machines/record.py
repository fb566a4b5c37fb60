"""Write the kernel files that the hardware readers look at, as one text. Only files that any user may read."""

import sys
from pathlib import Path

PATTERNS = (
    "etc/os-release", "proc/cpuinfo", "proc/meminfo", "proc/self/status", "proc/self/cgroup", "proc/self/mountinfo",
    "proc/sys/kernel/arch", "proc/sys/kernel/osrelease", "sys/devices/system/cpu/online", "sys/devices/cpu_*/cpus",
    "sys/devices/system/cpu/cpu[0-9]*/cpu_capacity", "sys/devices/system/cpu/cpu[0-9]*/topology/core_cpus_list",
    "sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq",
    "sys/devices/system/cpu/cpu[0-9]*/cache/index*/level", "sys/devices/system/cpu/cpu[0-9]*/cache/index*/type",
    "sys/devices/system/cpu/cpu[0-9]*/cache/index*/size",
    "sys/devices/system/cpu/cpu[0-9]*/cache/index*/shared_cpu_list",
    "sys/devices/system/clocksource/clocksource0/available_clocksource", "sys/hypervisor/type",
    "sys/class/dmi/id/sys_vendor", "sys/class/dmi/id/product_name", "sys/class/dmi/id/bios_vendor",
    "sys/class/dmi/id/chassis_type", "sys/class/powercap/intel-rapl*:*/name",
    "sys/class/powercap/intel-rapl*:*/constraint_*_*", "sys/class/power_supply/*/[tospcev]*",
    "sys/class/drm/card[0-9]*/device/*", "sys/class/drm/card[0-9]*/device/hwmon/hwmon*/*",
    "sys/class/accel/accel*/device/*",
)  # fmt: skip
KEEP = {"proc/self/mountinfo": " - cgroup", "proc/self/status": "Cpus_allowed"}
"""Of these files only the lines with that text: the others name this machine's disks and programs."""
LEFT_OUT = ("serial", "unique_id", "uuid", "mac")


def lines(root: Path):
    """Yield the text line by line; unreadable and binary files are left out."""
    seen = set()
    for pattern in PATTERNS:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            if name in seen or any(word in path.name for word in LEFT_OUT):
                continue
            seen.add(name)
            if path.is_symlink() and path.name in ("driver", "device"):
                yield f"--- {name} -> {path.readlink().as_posix()}"
            elif path.is_file() and (not path.is_symlink() or name == "etc/os-release"):
                try:
                    text = path.read_bytes().decode("utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
                if "\0" not in text and len(text) < 1_000_000:
                    yield f"--- {name}"
                    yield from (line for line in text.rstrip("\n").split("\n") if KEEP.get(name, "") in line)


if __name__ == "__main__":
    print("\n".join(lines(Path(sys.argv[1] if len(sys.argv) > 1 else "/"))))
