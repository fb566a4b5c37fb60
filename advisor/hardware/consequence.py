"""What follows from what the user said of a machine, so that no fact of the old one stays beside it."""

from typing import Any

import msgspec

from advisor import units
from advisor.hardware import reference
from advisor.hardware.model import CpuFacts, DiskFacts, Fact, GpuFacts, HardwareProfile, MemoryFacts

RESERVE_BYTES = 2 * units.GIB
"""[B] Kept for the system and other programs on a planned machine: assumed, a desktop with a browser."""
RESERVE_SHARE = 0.25
"""Largest share of a small machine's memory that the reserve takes."""
_REPLACED = (
    "vendor", "num_physical_cores", "num_logical_cores", "num_usable_cpus", "num_usable_cores",
    "num_performance_cores", "l1d_bytes", "l2_bytes", "l3_bytes", "max_frequency_hz", "instruction_sets",
    "power_limit_w", "short_power_limit_w", "virtualised", "hypervisor", "container",
)  # fmt: skip


def consequences(before: HardwareProfile, planned: HardwareProfile, said: frozenset[str]) -> HardwareProfile:
    """Return the planned machine with the facts that follow from those the user said.

    Args:
        before: the machine as it was.
        planned: the same with the user's facts in place.
        said: their paths.
    """
    memory = _memory(planned.memory, said)
    gpus, npus = planned.gpus, planned.npus
    if "cpu.model" in said:
        if "memory.speed_bytes_per_s" not in said:
            memory = msgspec.structs.replace(memory, speed_bytes_per_s=_gone("the processor is a planned one"))
        # Built-in graphics and neural processors go with the processor they are part of.
        gpus = tuple(gpu for gpu in gpus if gpu.unified_memory.value is not True or gpu.name.origin == "override")
        npus = ()
    if "memory.total_bytes" in said:
        gpus = tuple(_shared(gpu, before.memory, memory) for gpu in gpus)
    return msgspec.structs.replace(
        planned,
        memory=memory,
        cpu=_cpu(before.cpu, planned.cpu, said),
        disk=_disk(planned.disk, said),
        gpus=gpus,
        npus=npus,
    )


def _shared(gpu: GpuFacts, before: MemoryFacts, planned: MemoryFacts) -> GpuFacts:
    """Make graphics that share the main memory follow its planned size."""
    if gpu.unified_memory.value is not True or gpu.total_bytes.origin == "override":
        return gpu
    if gpu.total_bytes.value != before.total_bytes.value:  # a part of it that only the driver decides
        gone = _gone("the plan does not state how much of the memory graphics may use")
        return msgspec.structs.replace(gpu, total_bytes=gone, free_bytes=gone)
    return msgspec.structs.replace(
        gpu,
        total_bytes=_planned(planned.total_bytes.value, "shared with the processor"),
        free_bytes=_planned(planned.available_bytes.value, "shared with the processor"),
    )


def reserve_bytes(total_bytes: int) -> int:
    """Return [B] what a planned machine keeps for its system and other programs: 2 GiB, at most a quarter."""
    return min(RESERVE_BYTES, round(total_bytes * RESERVE_SHARE))


def _planned(value: object, how: str) -> Fact[Any]:
    return Fact(value=value, source=f"plan: {how}", origin="override")


def _gone(why: str) -> Fact[Any]:
    return Fact(value=None, source="plan", why_unknown=why, origin="unknown")


def _memory(memory: MemoryFacts, said: frozenset[str]) -> MemoryFacts:
    total_bytes = memory.total_bytes.value
    if "memory.total_bytes" not in said or total_bytes is None:
        return memory
    # A limit of this process says nothing of a planned machine.
    memory = msgspec.structs.replace(memory, cgroup_limit_bytes=_gone("the plan has no limit"))
    if "memory.available_bytes" in said:
        return memory
    kept = reserve_bytes(total_bytes)
    free = _planned(total_bytes - kept, f"memory less {units.size(kept)} for the system and other programs")
    return msgspec.structs.replace(memory, available_bytes=free)


def _disk(disk: DiskFacts, said: frozenset[str]) -> DiskFacts:
    free, total = disk.free_bytes.value, disk.total_bytes.value
    if "disk.total_bytes" in said and "disk.free_bytes" not in said:
        return msgspec.structs.replace(disk, free_bytes=_gone("the plan states the size of the disk only"))
    if "disk.free_bytes" in said and "disk.total_bytes" not in said and (free or 0) > (total or 0):
        return msgspec.structs.replace(disk, total_bytes=_gone("the plan states the free space only"))
    return disk


def _cpu(before: CpuFacts, planned: CpuFacts, said: frozenset[str]) -> CpuFacts:
    if "cpu.model" in said:
        return _replaced(planned, said)
    cores, threads = before.num_physical_cores.value, before.num_logical_cores.value
    return _counts(planned, said, num_threads_per_core=threads / cores if threads and cores else None)


def _replaced(cpu: CpuFacts, said: frozenset[str]) -> CpuFacts:
    """Drop the old processor's facts; what its vendor publishes of the new one takes their place."""
    changes = {
        name: _gone("the plan names another processor and does not state it")
        for name in _REPLACED
        if f"cpu.{name}" not in said
    }
    found = reference.cpu_reference(cpu.model.value or "")
    published = {} if found is None else _published(found)
    changes |= {name: fact for name, fact in published.items() if f"cpu.{name}" not in said}
    ratio = None
    if found is not None and found.num_cores and found.num_threads:
        ratio = found.num_threads / found.num_cores
    return _counts(msgspec.structs.replace(cpu, **changes), said, num_threads_per_core=ratio)


def _published(found: reference.CpuReference) -> dict[str, Fact[Any]]:
    values = {
        "vendor": found.vendor,
        "num_physical_cores": found.num_cores,
        "num_logical_cores": found.num_threads,
        "num_usable_cpus": float(found.num_threads) if found.num_threads else None,
        "num_usable_cores": float(found.num_cores) if found.num_cores else None,
    }
    return {name: _planned(value, f"as published, {found.source}") for name, value in values.items() if value}


def _counts(cpu: CpuFacts, said: frozenset[str], *, num_threads_per_core: float | None) -> CpuFacts:
    """Make threads and usable processors follow the cores that the user said."""
    if not said & {"cpu.num_physical_cores", "cpu.num_logical_cores"}:
        return cpu
    cores, threads = cpu.num_physical_cores.value, cpu.num_logical_cores.value
    changes: dict[str, Fact[Any]] = {}
    if "cpu.num_logical_cores" not in said and cores is not None:
        threads = round(cores * (num_threads_per_core or 1))
        changes["num_logical_cores"] = _planned(
            threads, "threads per core as before" if num_threads_per_core else "one thread per core"
        )
    if "cpu.num_physical_cores" not in said and threads is not None and (cores is None or cores > threads):
        cores = threads
        changes["num_physical_cores"] = _planned(cores, "one thread per core")
    if threads is not None:
        changes["num_usable_cpus"] = _planned(float(threads), "all hardware threads")
    if cores is not None:
        changes["num_usable_cores"] = _planned(float(cores), "all physical cores")
    fast = cpu.num_performance_cores.value
    if fast is not None and cores is not None and fast > cores:
        changes["num_performance_cores"] = _planned(cores, "all physical cores")
    changes = {name: fact for name, fact in changes.items() if f"cpu.{name}" not in said}
    return msgspec.structs.replace(cpu, **changes)
