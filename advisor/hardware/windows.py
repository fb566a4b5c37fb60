"""All readers of Windows, written against its documented CIM classes and not yet run on a real machine."""

import ctypes
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from advisor.hardware import dmi, nvidia, reference
from advisor.hardware.machine import Machine
from advisor.hardware.model import CpuFacts, Fact, GpuFacts, MemoryFacts, NpuFacts, OsFacts, PowerFacts
from advisor.hardware.reading import MAX_INT, attempt, guarded, guarded_list, known, missing
from advisor.hardware.roots import Roots

NOTE = "The readers for Windows are written from its documentation and not yet run on a real machine."
_CLASSES = (
    "Win32_Processor", "Win32_OperatingSystem", "Win32_ComputerSystem", "Win32_PhysicalMemory", "Win32_PageFileUsage",
    "Win32_VideoController", "Win32_Battery",
)  # fmt: skip
_NPU_QUERY = "Get-CimInstance Win32_PnPEntity -Filter \"PNPClass='ComputeAccelerator'\""
_SCRIPT = (
    "$ErrorActionPreference='SilentlyContinue';[Console]::OutputEncoding=[Text.Encoding]::UTF8;$r=@{};"
    + "".join(f"$r['{name}']=@(Get-CimInstance {name}|Select-Object -ExcludeProperty Cim* *);" for name in _CLASSES)
    + f"$r['NPU']=@({_NPU_QUERY}|Select-Object Name,Service);$r|ConvertTo-Json -Depth 3 -Compress"
)
COMMAND = ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", _SCRIPT)
_NOT_STATED = "Windows does not state it"
_KIB, _MIB = 1024, 1024**2
_UINT32_LIMIT = 4 * 1024**3
# Source: Microsoft, IsProcessorFeaturePresent. Windows lists no VNNI, F16C or FMA.
_FEATURES = (
    (40, "avx2"), (41, "avx512f"), (19, "neon"), (43, "dotprod"), (46, "sve"),
)  # fmt: skip
# Source: Microsoft, Win32_Processor, property Architecture.
_ARCHITECTURES = {0: "x86", 5: "arm", 9: "x86_64", 12: "arm64"}
# Source: Microsoft, Win32_Battery, property BatteryStatus: 1 is discharging, 4 and 5 low and critical;
# 2 has access to mains, 3 is full, 6 to 9 are kinds of charging.
_ON_BATTERY, _ON_MAINS = (1, 4, 5), (2, 3, 6, 7, 8, 9)

Row = Mapping[str, Any]
Rows = Mapping[str, tuple[Row, ...]]


def read_cim(roots: Roots) -> str:
    """Return all queried classes as one JSON; raises `UnreadableError`."""
    return roots.run(COMMAND)


def parse_cim(text: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """Return class name -> objects. PowerShell writes a list of one as the object itself; both are read."""
    try:
        content = msgspec.json.decode(text.strip().lstrip("\ufeff"))
    except (msgspec.DecodeError, UnicodeError):
        return {}
    if not isinstance(content, dict):
        return {}
    lists = {name: value if isinstance(value, list) else [value] for name, value in content.items()}
    return {name: tuple(row for row in rows if isinstance(row, dict)) for name, rows in lists.items()}


def collect(roots: Roots) -> Machine:
    """Return the machine as Windows shows it. Never raises."""
    rows: Rows = attempt("PowerShell", lambda: parse_cim(read_cim(roots))).value or {}
    nvidia_gpus = guarded_list("NVML", lambda: nvidia.read_nvml()[0] if roots.nvml else ())
    others = guarded_list("Win32_VideoController", lambda: _gpus(rows, with_nvidia=not nvidia_gpus))
    name = _text(_first(rows, "Win32_ComputerSystem"), "Name")
    return Machine(
        name=name or "this computer",
        os=guarded(OsFacts, "Win32_OperatingSystem", lambda: _os(rows)),
        cpu=guarded(CpuFacts, "Win32_Processor", lambda: _cpu(roots, rows)),
        memory=guarded(MemoryFacts, "Win32_OperatingSystem", lambda: _memory(rows)),
        gpus=(*nvidia_gpus, *others),
        npus=guarded_list("Win32_PnPEntity", lambda: _npus(rows)),
        power=guarded(PowerFacts, "Win32_Battery", lambda: _power(rows)),
        notes=(NOTE,),
    )


def _first(rows: Rows, name: str) -> Row:
    found = rows.get(name, ())
    return found[0] if found else {}


def _text(row: Row, field: str) -> str | None:
    value = row.get(field)
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _count(row: Row, field: str) -> int | None:
    value = row.get(field)
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        value = int(value)  # 64-bit values arrive as text from some versions of PowerShell
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INT else None


def _sum(rows: tuple[Row, ...], field: str, factor: int = 1) -> int | None:
    counts = [count for row in rows if (count := _count(row, field))]
    return sum(counts) * factor if counts else None


def _feature(roots: Roots, number: int) -> bool:
    if roots.processor_feature is not None:
        return roots.processor_feature(number)
    kernel = getattr(ctypes, "windll", None)
    return kernel is not None and bool(kernel.kernel32.IsProcessorFeaturePresent(number))


def _cpu(roots: Roots, rows: Rows) -> CpuFacts:
    source = "Win32_Processor"
    packages = rows.get(source, ())
    first = _first(rows, source)
    maker = _text(first, "Manufacturer")
    physical = attempt(source, lambda: _sum(packages, "NumberOfCores"))
    logical = attempt(source, lambda: _sum(packages, "NumberOfLogicalProcessors"))
    guest = _first(rows, "Win32_ComputerSystem").get("HypervisorPresent")
    no_limit = missing("Windows", _NOT_STATED)
    return CpuFacts(
        vendor=attempt(source, lambda: {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}.get(maker or "", maker)),
        model=attempt(source, lambda: _text(first, "Name")),
        num_physical_cores=physical,
        num_logical_cores=logical,
        num_usable_cpus=_as_float(logical),
        num_usable_cores=_as_float(physical),
        num_performance_cores=missing(source, _NOT_STATED),
        l1d_bytes=missing(source, _NOT_STATED),
        l2_bytes=missing(source, "Windows states the sum over all cores only"),
        l3_bytes=attempt(source, lambda: _sum(packages, "L3CacheSize", _KIB)),
        max_frequency_hz=attempt(source, lambda: (_count(first, "MaxClockSpeed") or 0) * 1e6 or None),
        instruction_sets=attempt(
            "IsProcessorFeaturePresent",
            lambda: tuple(name for number, name in _FEATURES if _feature(roots, number)) or None,
            why=_NOT_STATED,
        ),
        virtualised=_virtualised(rows, guest),
        hypervisor=missing("Win32_ComputerSystem", _NOT_STATED),
        container=known("none", "Windows"),
        power_limit_w=no_limit,
        short_power_limit_w=no_limit,
    )


def _virtualised(rows: Rows, guest: object) -> Fact[bool]:
    # HypervisorPresent is also true on a real machine that runs Hyper-V or memory integrity.
    if guest is False:
        return known(False, "Win32_ComputerSystem")
    row = _first(rows, "Win32_ComputerSystem")
    described = f"{_text(row, 'Manufacturer')} {_text(row, 'Model')}".lower()
    marks = ("virtual machine", "vmware", "virtualbox", "kvm", "qemu", "amazon ec2", "google compute engine", "xen")
    return attempt("Win32_ComputerSystem", lambda: any(mark in described for mark in marks) if row else None)


def _as_float(fact: Fact[int]) -> Fact[float]:
    return missing(fact.source, fact.why_unknown or "") if fact.value is None else known(float(fact.value), fact.source)


def _memory(rows: Rows) -> MemoryFacts:
    source = "Win32_OperatingSystem"
    system = _first(rows, source)
    files = rows.get("Win32_PageFileUsage", ())
    total = _sum(files, "AllocatedBaseSize", _MIB) or 0
    used = _sum(files, "CurrentUsage", _MIB) or 0
    return MemoryFacts(
        total_bytes=attempt(source, lambda: (_count(system, "TotalVisibleMemorySize") or 0) * _KIB or None),
        available_bytes=attempt(source, lambda: (_count(system, "FreePhysicalMemory") or 0) * _KIB or None),
        cgroup_limit_bytes=missing("Windows", "Windows has no such limit"),
        swap_total_bytes=attempt("Win32_PageFileUsage", lambda: total if rows else None),
        swap_free_bytes=attempt("Win32_PageFileUsage", lambda: max(total - used, 0) if rows else None),
        speed_bytes_per_s=attempt("Win32_PhysicalMemory", lambda: _speed(rows)),
    )


def _speed(rows: Rows) -> float | None:
    modules = [
        dmi.MemoryModule(width_bits=width, rate_mt_per_s=rate)
        for row in rows.get("Win32_PhysicalMemory", ())
        if (width := _count(row, "DataWidth")) and (rate := _count(row, "ConfiguredClockSpeed") or _count(row, "Speed"))
    ]
    found = reference.cpu_reference(_text(_first(rows, "Win32_Processor"), "Name") or "")
    return dmi.bandwidth(tuple(modules), num_channels=found.num_memory_channels if found else None)


def _os(rows: Rows) -> OsFacts:
    source = "Win32_OperatingSystem"
    system = _first(rows, source)
    number = _count(_first(rows, "Win32_Processor"), "Architecture")
    architecture = _ARCHITECTURES.get(number) if number is not None else None
    return OsFacts(
        system=known("Windows", "platform"),
        release=attempt(source, lambda: _text(system, "Caption")),
        kernel=attempt(source, lambda: _text(system, "Version")),
        machine=attempt("Win32_Processor", lambda: architecture),
    )


def _gpus(rows: Rows, *, with_nvidia: bool) -> tuple[GpuFacts, ...]:
    found = []
    for row in rows.get("Win32_VideoController", ()):
        name = _text(row, "Name") or ""
        is_nvidia = "nvidia" in name.lower()
        software = "basic display" in name.lower() or "basic render" in name.lower() or "remote display" in name.lower()
        if not software and (with_nvidia or not is_nvidia):
            found.append(_gpu(row))
    return tuple(found)


def _gpu(row: Row) -> GpuFacts:
    source = "Win32_VideoController"
    ram = _count(row, "AdapterRAM")
    # AdapterRAM has 32 bits: cards of 4 GiB and more all show about 4 GiB.
    exact = ram is not None and 0 < ram < _UINT32_LIMIT - 2 * _MIB
    return GpuFacts(
        vendor=attempt(source, lambda: _text(row, "AdapterCompatibility")),
        name=attempt(source, lambda: _text(row, "Name")),
        total_bytes=attempt(source, lambda: ram if exact else None, why="Windows states at most 4 GiB here"),
        free_bytes=missing(source, _NOT_STATED),
        unified_memory=missing(source, _NOT_STATED),
        memory_bandwidth_bytes_per_s=missing(source, _NOT_STATED),
        power_limit_w=missing(source, _NOT_STATED),
        driver=attempt(source, lambda: _text(row, "DriverVersion")),
    )


def _npus(rows: Rows) -> tuple[NpuFacts, ...]:
    return tuple(_npu(row) for row in rows.get("NPU", ()))


def _npu(row: Row) -> NpuFacts:
    source = "Win32_PnPEntity"
    return NpuFacts(
        name=attempt(source, lambda: _text(row, "Name")), driver=attempt(source, lambda: _text(row, "Service"))
    )


def _power(rows: Rows) -> PowerFacts:
    source = "Win32_Battery"
    battery = _first(rows, source)
    if not battery:
        none = missing(source, "no battery is visible")
        plugged = missing(source, "no battery and no plug is visible")
        return PowerFacts(source=plugged, battery_share=none, battery_capacity_wh=none)
    charge = _count(battery, "EstimatedChargeRemaining")
    return PowerFacts(
        source=attempt(source, lambda: _battery_source(_count(battery, "BatteryStatus"))),
        battery_share=attempt(source, lambda: min(charge / 100, 1.0) if charge is not None else None),
        battery_capacity_wh=missing(source, _NOT_STATED),
    )


def _battery_source(status: int | None) -> Literal["mains", "battery"] | None:
    if status in _ON_BATTERY:
        return "battery"
    return "mains" if status in _ON_MAINS else None
