"""All facts of a machine as rows, for window and terminal: label, value, source, or why there is no value."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from advisor import units
from advisor.hardware.model import Fact, HardwareProfile
from advisor.report import wording

Render = Callable[[Any], str]


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as it is shown."""

    path: str
    """`memory.total_bytes`, `gpus.0.name`: what an override names."""
    label: str
    text: str
    source: str
    """`from /proc/meminfo`, `set by you`, or why it is not known."""
    known: bool
    planned: bool
    """The user set it."""


def _frequency(value: float) -> str:
    return f"{units.number(value / 1e9, 2)} GHz"


def _bandwidth(value: float) -> str:
    return f"{units.number(value / 1e9, 3)} GB/s"


def _list(value: tuple[str, ...]) -> str:
    return ", ".join(value) if value else "none"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _count(value: float) -> str:
    return f"{value:g}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _watts(value: float) -> str:
    return units.amount(value, "W")


GROUPS: tuple[tuple[str, str, tuple[tuple[str, str, Render], ...]], ...] = (
    ("Processor", "cpu", (
        ("model", "Model", str), ("vendor", "Maker", str), ("num_physical_cores", "Cores", _count),
        ("num_logical_cores", "Threads", _count), ("num_usable_cpus", "CPUs this app may use", _count),
        ("max_frequency_hz", "Highest clock rate", _frequency), ("l1d_bytes", "Cache of a core (L1)", units.size),
        ("l2_bytes", "Cache of a core (L2)", units.size),
        ("l3_bytes", "Shared cache (L3)", units.size), ("instruction_sets", "Fast instructions", _list),
        ("power_limit_w", "Power limit", _watts), ("virtualised", "Virtual machine", _yes),
        ("container", "Container", str),
    )),
    ("Memory", "memory", (
        ("available_bytes", "Free now", units.size), ("total_bytes", "Total", units.size),
        ("cgroup_limit_bytes", "Limit of the container", units.size),
        ("swap_total_bytes", "Swap", units.size), ("swap_free_bytes", "Free swap", units.size),
        ("speed_bytes_per_s", "Speed", _bandwidth),
    )),
    ("Disk for models", "disk", (
        ("free_bytes", "Free", units.size), ("total_bytes", "Total", units.size), ("folder", "Folder", str),
    )),
    ("Power", "power", (
        ("source", "Source", wording.power_source), ("battery_share", "Battery charge", _percent),
        ("battery_capacity_wh", "Battery size", units.energy),
    )),
    ("System", "os", (
        ("release", "System", str), ("machine", "Processor family", str),
    )),
    ("ONNX Runtime", "runtime", (("version", "Version", str), ("providers", "Can run on", _list))),
)  # fmt: skip
_GPU: tuple[tuple[str, str, Render], ...] = (
    ("name", "Model", str), ("vendor", "Maker", str), ("total_bytes", "Memory", units.size),
    ("free_bytes", "Free memory", units.size),
    ("memory_bandwidth_bytes_per_s", "Memory speed", _bandwidth), ("power_limit_w", "Power limit", _watts),
    ("driver", "Driver", str),
)  # fmt: skip
_NPU: tuple[tuple[str, str, Render], ...] = (("name", "Model", str), ("driver", "Driver", str))


def empty_groups() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return headings with paths and labels, as they stand before anything is known."""
    return tuple((title, tuple((f"{part}.{name}", label) for name, label, _ in rows)) for title, part, rows in GROUPS)


def groups(profile: HardwareProfile) -> Iterator[tuple[str, tuple[FactLine, ...]]]:
    """Yield the headings and their facts, in the order in which they are shown."""
    for title, part, fields in GROUPS:
        lines = (_line(f"{part}.{name}", label, getattr(getattr(profile, part), name), r) for name, label, r in fields)
        yield title, tuple(lines)
        if part == "cpu":
            yield from _devices(profile)


def _devices(profile: HardwareProfile) -> Iterator[tuple[str, tuple[FactLine, ...]]]:
    for kind, part, devices, fields in (
        ("Graphics processor", "gpus", profile.gpus, _GPU), ("Neural processor", "npus", profile.npus, _NPU),
    ):  # fmt: skip
        for number, device in enumerate(devices):
            title = kind if len(devices) == 1 else f"{kind} {number + 1}"
            yield (
                title,
                tuple(_line(f"{part}.{number}.{name}", label, getattr(device, name), r) for name, label, r in fields),
            )


def summary(profile: HardwareProfile) -> str:
    """Return the machine in one line: `AMD EPYC 7B13, 2 CPUs, 7.1 GiB of 8 GiB free, no graphics processor`."""
    cpu, memory = profile.cpu, profile.memory
    parts = [cpu.model.value or "unknown processor"]
    if cpu.num_usable_cpus.value is not None:
        parts.append(f"{cpu.num_usable_cpus.value:g} CPUs")
    if memory.available_bytes.value is not None and memory.total_bytes.value is not None:
        parts.append(
            f"{units.size(memory.available_bytes.value)} of {units.size(memory.total_bytes.value)} memory free"
        )
    names = [gpu.name.value for gpu in profile.gpus if gpu.name.value]
    parts.append(", ".join(names) if names else "no graphics processor found")
    return ", ".join(parts)


def _line(path: str, label: str, fact: Fact[Any], render: Render) -> FactLine:
    planned = fact.origin == "override"
    if fact.value is None:
        why = fact.why_unknown or fact.source
        return FactLine(path=path, label=label, text="Not detected", source=why, known=False, planned=planned)
    source = "set by you" if planned else fact.source
    return FactLine(path=path, label=label, text=render(fact.value), source=source, known=True, planned=planned)
