"""Graphics of a Mac, by `system_profiler`."""

import re
from typing import Any

import msgspec

from advisor.hardware.model import Fact, GpuFacts, MemoryFacts
from advisor.hardware.reading import UnreadableError, attempt, known, missing
from advisor.hardware.roots import Roots

COMMAND = ("/usr/sbin/system_profiler", "-json", "SPDisplaysDataType")
_SOURCE = "system_profiler"
_UNITS = {"MB": 1024**2, "GB": 1024**3}
_NOT_STATED = "macOS does not state it"


def read_displays(roots: Roots) -> str:
    """Return the description of graphics as JSON; raises `UnreadableError`."""
    return roots.run(COMMAND)


def parse_displays(text: str) -> tuple[dict[str, Any], ...]:
    """Return the graphics processors in the JSON of `system_profiler`.

    Raises:
        UnreadableError: it is no such JSON.
    """
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UnreadableError("system_profiler says something this app does not understand") from error
    entries = content.get("SPDisplaysDataType") if isinstance(content, dict) else None
    return tuple(entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def parse_size(text: object) -> int | None:
    """Return [B] of a size such as `8 GB` or `1536 MB`, which macOS counts in powers of two."""
    match = re.fullmatch(r"([0-9]{1,6}) (MB|GB)", text, re.ASCII) if isinstance(text, str) else None
    return int(match[1]) * _UNITS[match[2]] or None if match else None


def collect(roots: Roots, memory: MemoryFacts) -> tuple[GpuFacts, ...]:
    """Return the graphics processors; those of Apple chips share the main memory."""
    return tuple(_facts(entry, memory) for entry in parse_displays(read_displays(roots)))


def _vendor(entry: dict[str, Any]) -> str | None:
    text = str(entry.get("spdisplays_vendor", "")).lower()
    for mark, name in (("apple", "Apple"), ("amd", "AMD"), ("ati", "AMD"), ("intel", "Intel"), ("nvidia", "NVIDIA")):
        if mark in text:
            return name
    return None


def _shared(fact: Fact[int]) -> Fact[int]:
    return fact if fact.value is None else known(fact.value, f"{fact.source}, shared with the processor")


def _facts(entry: dict[str, Any], memory: MemoryFacts) -> GpuFacts:
    vendor = _vendor(entry)
    name = entry.get("sppci_model") or entry.get("_name")
    built_in = vendor == "Apple" or "spdisplays_vram_shared" in entry
    cores = entry.get("sppci_cores")
    label = f"{name}, {cores} GPU cores" if isinstance(cores, str) and cores.isdecimal() else name
    return GpuFacts(
        vendor=attempt(_SOURCE, lambda: vendor, why=_NOT_STATED),
        name=attempt(_SOURCE, lambda: label if isinstance(name, str) else None, why=_NOT_STATED),
        total_bytes=_shared(memory.total_bytes)
        if built_in
        else attempt(_SOURCE, lambda: parse_size(entry.get("spdisplays_vram")), why=_NOT_STATED),
        free_bytes=_shared(memory.available_bytes) if built_in else missing(_SOURCE, _NOT_STATED),
        unified_memory=known(built_in, _SOURCE),
        memory_bandwidth_bytes_per_s=missing(_SOURCE, _NOT_STATED),
        power_limit_w=missing(_SOURCE, _NOT_STATED),
        driver=missing(_SOURCE, "it is part of macOS"),
    )
