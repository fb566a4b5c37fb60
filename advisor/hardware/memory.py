"""Main memory, on Linux."""

import re

from advisor.hardware import dmi, reference
from advisor.hardware.cgroup import Limits
from advisor.hardware.model import Fact, MemoryFacts
from advisor.hardware.reading import MAX_INT, attempt, known, missing, read_text
from advisor.hardware.roots import Roots

_INFO = "/proc/meminfo"


def read_meminfo(roots: Roots) -> dict[str, int]:
    """Return [B] the sizes in `/proc/meminfo`; raises `UnreadableError`."""
    return parse_meminfo(read_text(roots.proc / "meminfo"))


def parse_meminfo(text: str) -> dict[str, int]:
    """Return [B] the sizes in the text of `/proc/meminfo` by their names; lines without `kB` are left out."""
    found = re.findall(r"^(\S+):\s+([0-9]{1,18}) kB\s*$", text, re.MULTILINE)
    return {name: int(size) * 1024 for name, size in found if int(size) * 1024 <= MAX_INT}


def collect(roots: Roots, limits: Limits, cpu_model: str | None) -> MemoryFacts:
    """Return the facts about main memory.

    Args:
        roots: where to look.
        limits: control group limits of this process.
        cpu_model: tells how many memory channels there are.
    """
    info = attempt(_INFO, lambda: read_meminfo(roots)).value or {}
    total = attempt(_INFO, lambda: info.get("MemTotal") or None)
    return MemoryFacts(
        total_bytes=total,
        available_bytes=_available(info, limits),
        cgroup_limit_bytes=_limit(total, limits),
        swap_total_bytes=attempt(_INFO, lambda: info.get("SwapTotal")),
        swap_free_bytes=attempt(_INFO, lambda: info.get("SwapFree")),
        speed_bytes_per_s=attempt(dmi.SOURCE, lambda: _speed(roots, cpu_model)),
    )


def _limit(total: Fact[int], limits: Limits) -> Fact[int]:
    if limits.memory_bytes is None or (total.value is not None and limits.memory_bytes >= total.value):
        return missing(limits.memory_source, "no limit is set")
    return known(limits.memory_bytes, limits.memory_source)


def available(info: dict[str, int]) -> int | None:
    """Return [B] what programs could use without swapping, before any limit.

    Kernels before 3.14 do not state it; there, free memory and half of the file cache are counted.
    """
    stated = info.get("MemAvailable")
    if stated is not None:
        return stated
    free = info.get("MemFree")
    return None if free is None else free + (info.get("Buffers", 0) + info.get("Cached", 0)) // 2


def _available(info: dict[str, int], limits: Limits) -> Fact[int]:
    stated = attempt(_INFO, lambda: available(info))
    free = limits.memory_free_bytes
    if free is not None and (stated.value is None or free < stated.value):
        return known(free, limits.memory_source)
    return stated


def _speed(roots: Roots, cpu_model: str | None) -> float:
    modules = dmi.read_modules(roots)
    found = reference.cpu_reference(cpu_model) if cpu_model else None
    return dmi.bandwidth(modules, num_channels=found.num_memory_channels if found else None)
