"""All readers of macOS, written against its documented commands and not yet run on a real Mac."""

import re
from collections.abc import Callable
from typing import Literal

from advisor.hardware import apple
from advisor.hardware.machine import Machine
from advisor.hardware.model import CpuFacts, Fact, MemoryFacts, NpuFacts, OsFacts, PowerFacts
from advisor.hardware.reading import (
    UnreadableError,
    attempt,
    guarded,
    guarded_list,
    known,
    missing,
    parse_int,
    parse_pairs,
)
from advisor.hardware.roots import Roots

NOTE = "The readers for macOS are written from its documentation and not yet run on a real machine."
SYSCTL = ("/usr/sbin/sysctl", "hw", "machdep.cpu", "kern", "vm.swapusage")
VM_STAT = ("/usr/bin/vm_stat",)
BATTERY = ("/usr/bin/pmset", "-g", "batt")
VERSION = ("/usr/bin/sw_vers",)
_NOT_STATED = "macOS does not state it"
# Source: sysctl(3) on macOS and Apple, "Determining instruction set characteristics".
_SETS = (
    ("hw.optional.avx2_0", "avx2"), ("hw.optional.f16c", "f16c"), ("hw.optional.fma", "fma"),
    ("hw.optional.avx512f", "avx512f"), ("hw.optional.avx512vnni", "avx512_vnni"),
    ("hw.optional.neon", "neon"), ("hw.optional.arm.FEAT_DotProd", "dotprod"), ("hw.optional.arm.FEAT_I8MM", "i8mm"),
    ("hw.optional.arm.FEAT_BF16", "bf16"),
)  # fmt: skip


def read_sysctl(roots: Roots) -> dict[str, str]:
    """Return the kernel's values by name; empty if the command fails."""
    # One call per name: one that a Mac does not know must not take the others with it.
    values: dict[str, str] = {}
    for name in SYSCTL[1:]:
        try:
            values |= parse_sysctl(roots.run((SYSCTL[0], name)))
        except UnreadableError:
            continue
    return values


def parse_sysctl(text: str) -> dict[str, str]:
    """Return `name: value` lines as a dictionary."""
    return parse_pairs(text)


def parse_vm_stat(text: str) -> int | None:
    """Return [B] memory that could be used without swapping: free, speculative and inactive pages.

    Source: vm_stat(1). The first line states the page size; speculative pages are counted apart from free ones.
    """
    page = re.search(r"page size of ([0-9]{1,7}) bytes", text)
    counts = {name: parse_int(value.rstrip(".")) for name, value in parse_pairs(text).items()}
    parts = [counts.get(f"Pages {name}") for name in ("free", "speculative", "inactive")]
    if page is None or parts[0] is None:
        return None
    return sum(part or 0 for part in parts) * int(page[1])


def parse_swap(text: str) -> tuple[int, int] | None:
    """Return [B] total and free of `total = 2048.00M  used = 1.00M  free = 2047.00M`."""
    match = re.search(r"total = ([0-9]{1,9}(?:\.[0-9]+)?)M .*free = ([0-9]{1,9}(?:\.[0-9]+)?)M", text)
    return (int(float(match[1]) * 1024**2), int(float(match[2]) * 1024**2)) if match else None


def parse_battery(text: str) -> tuple[Literal["mains", "battery"] | None, float | None]:
    """Return power source and charge (0 to 1) of `pmset -g batt`."""
    source: Literal["mains", "battery"] | None = None
    if "'AC Power'" in text:
        source = "mains"
    elif "'Battery Power'" in text:
        source = "battery"
    charge = re.search(r"InternalBattery[^\n]*?\t([0-9]{1,3})%", text)
    return source, min(int(charge[1]) / 100, 1.0) if charge else None


def collect(roots: Roots) -> Machine:
    """Return the machine as macOS shows it. Never raises."""
    values = read_sysctl(roots)
    memory = guarded(MemoryFacts, "sysctl", lambda: _memory(roots, values))
    return Machine(
        name=values.get("kern.hostname") or "this computer",
        os=guarded(OsFacts, "sw_vers", lambda: _os(roots, values)),
        cpu=guarded(CpuFacts, "sysctl", lambda: _cpu(values)),
        memory=memory,
        gpus=guarded_list("system_profiler", lambda: apple.collect(roots, memory)),
        npus=guarded_list("sysctl", lambda: _npus(values)),
        power=guarded(PowerFacts, "pmset", lambda: _power(roots)),
        notes=(NOTE,),
    )


def _number(values: dict[str, str], *names: str) -> Callable[[], int | None]:
    def read() -> int | None:
        return next((number for name in names if (number := parse_int(values.get(name, "")))), None)

    return read


def _cpu(values: dict[str, str]) -> CpuFacts:
    model = values.get("machdep.cpu.brand_string")
    vendor = "Apple" if (model or "").startswith("Apple") else "Intel" if "Intel" in (model or "") else None
    logical = attempt("sysctl hw.logicalcpu", _number(values, "hw.logicalcpu", "hw.ncpu"))
    physical = attempt("sysctl hw.physicalcpu", _number(values, "hw.physicalcpu"))
    fast = attempt("sysctl hw.perflevel0", _number(values, "hw.perflevel0.physicalcpu"))
    guest = values.get("kern.hv_vmm_present")
    no_limit = missing("macOS", _NOT_STATED)
    return CpuFacts(
        vendor=attempt("sysctl machdep.cpu", lambda: vendor, why=_NOT_STATED),
        model=attempt("sysctl machdep.cpu.brand_string", lambda: model or None, why=_NOT_STATED),
        num_physical_cores=physical,
        num_logical_cores=logical,
        num_usable_cpus=_as_float(logical),
        num_usable_cores=_as_float(physical),
        num_performance_cores=fast if fast.value is not None else physical,
        l1d_bytes=attempt("sysctl", _number(values, "hw.perflevel0.l1dcachesize", "hw.l1dcachesize")),
        l2_bytes=attempt("sysctl", _number(values, "hw.perflevel0.l2cachesize", "hw.l2cachesize")),
        l3_bytes=attempt("sysctl", _number(values, "hw.l3cachesize"), why=_NOT_STATED),
        max_frequency_hz=attempt("sysctl", lambda: _hertz(values), why="Apple chips do not state it"),
        instruction_sets=_sets(values),
        virtualised=attempt("sysctl kern.hv_vmm_present", lambda: {"0": False, "1": True}.get(guest or "")),
        hypervisor=known("none", "sysctl kern.hv_vmm_present")
        if guest == "0"
        else missing("sysctl", "it does not show its name"),
        container=known("none", "macOS"),
        power_limit_w=no_limit,
        short_power_limit_w=no_limit,
    )


def _as_float(fact: Fact[int]) -> Fact[float]:
    return missing(fact.source, fact.why_unknown or "") if fact.value is None else known(float(fact.value), fact.source)


def _hertz(values: dict[str, str]) -> float | None:
    number = _number(values, "hw.cpufrequency_max", "hw.cpufrequency")()
    return float(number) if number else None


def _sets(values: dict[str, str]) -> Fact[tuple[str, ...]]:
    if not any(name.startswith("hw.optional") for name in values):
        return missing("sysctl hw.optional", _NOT_STATED)
    found = tuple(label for name, label in _SETS if values.get(name) == "1")
    if values.get("hw.optional.arm64") == "1" and "neon" not in found:
        found = ("neon", *found)  # part of every 64-bit ARM processor; newer systems no longer list it
    return known(found, "sysctl hw.optional")


def _memory(roots: Roots, values: dict[str, str]) -> MemoryFacts:
    swap = parse_swap(values.get("vm.swapusage", ""))
    return MemoryFacts(
        total_bytes=attempt("sysctl hw.memsize", _number(values, "hw.memsize")),
        available_bytes=attempt("vm_stat", lambda: parse_vm_stat(roots.run(VM_STAT))),
        cgroup_limit_bytes=missing("macOS", "macOS has no such limit"),
        swap_total_bytes=attempt("sysctl vm.swapusage", lambda: swap[0] if swap else None),
        swap_free_bytes=attempt("sysctl vm.swapusage", lambda: swap[1] if swap else None),
        speed_bytes_per_s=missing("macOS", _NOT_STATED),
    )


def _os(roots: Roots, values: dict[str, str]) -> OsFacts:
    version = attempt("sw_vers", lambda: parse_pairs(roots.run(VERSION))).value or {}
    release = f"{version.get('ProductName', 'macOS')} {version.get('ProductVersion', '')}".strip()
    machine = "arm64" if values.get("hw.optional.arm64") == "1" else "x86_64"
    return OsFacts(
        system=known("Darwin", "platform"),
        release=attempt("sw_vers", lambda: release if version else None),
        kernel=attempt("sysctl kern.osrelease", lambda: values.get("kern.osrelease") or None),
        machine=attempt("sysctl hw.optional.arm64", lambda: machine if values else None),
    )


def _npus(values: dict[str, str]) -> tuple[NpuFacts, ...]:
    if not re.match(r"Apple M[0-9]", values.get("machdep.cpu.brand_string", "")):
        return ()
    name = known("Apple Neural Engine", "part of every Apple M chip")
    return (NpuFacts(name=name, driver=missing("macOS", "it is part of macOS")),)


def _power(roots: Roots) -> PowerFacts:
    source, charge = parse_battery(roots.run(BATTERY))
    return PowerFacts(
        source=attempt("pmset", lambda: source),
        battery_share=attempt("pmset", lambda: charge, why="no battery is visible"),
        battery_capacity_wh=missing("pmset", _NOT_STATED if charge is not None else "no battery is visible"),
    )
