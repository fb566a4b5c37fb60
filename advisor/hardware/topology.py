"""Which CPUs share a core and a cache, from `/sys/devices/system/cpu`."""

import re
from pathlib import Path

from advisor.hardware.reading import find_int, find_text, folders, parse_cpu_list
from advisor.hardware.roots import Roots

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def cpu_folder(roots: Roots, cpu: int) -> Path:
    """Return the folder of one CPU."""
    return roots.sys / "devices/system/cpu" / f"cpu{cpu}"


def read_online(roots: Roots) -> tuple[int, ...]:
    """Return the numbers of the CPUs that are on."""
    base = roots.sys / "devices/system/cpu"
    online = parse_cpu_list(find_text(base / "online") or "")
    return online or tuple(int(entry.name[3:]) for entry in folders(base, r"cpu[0-9]{1,6}"))


def read_allowed(roots: Roots) -> tuple[int, ...]:
    """Return the CPUs this process may run on: affinity mask and cpuset."""
    text = find_text(roots.proc / "self/status") or ""
    match = re.search(r"^Cpus_allowed_list:\s*(\S+)", text, re.MULTILINE)
    return parse_cpu_list(match[1]) if match else ()


def read_cores(roots: Roots, cpus: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the physical cores as groups of CPUs that share one; empty where the system does not say."""
    cores: set[tuple[int, ...]] = set()
    seen: set[int] = set()
    for cpu in cpus:
        if cpu in seen:
            continue
        topology = cpu_folder(roots, cpu) / "topology"
        # core_cpus_list is the name since 5.3; on some ARM kernels thread_siblings_list is the only one.
        text = find_text(topology / "core_cpus_list") or find_text(topology / "thread_siblings_list")
        if text is None:
            continue
        siblings = parse_cpu_list(text) or (cpu,)
        seen.update(siblings)
        cores.add(siblings)
    return tuple(sorted(cores))


def parse_cache_size(text: str) -> int | None:
    """Return [B] of a cache size such as `48K` or `32M`."""
    match = re.fullmatch(r"([0-9]{1,9})([KMG]?)", text.strip(), re.ASCII)
    size_bytes = int(match[1]) * _UNITS[match[2]] if match else 0
    return size_bytes or None


def read_cache(roots: Roots, cpu: int, level: int) -> tuple[int, tuple[int, ...]] | None:
    """Return [B] size of the data or unified cache of one level and the CPUs that share it."""
    for index in folders(cpu_folder(roots, cpu) / "cache", r"index[0-9]{1,2}"):
        if find_int(index / "level") != level or find_text(index / "type") not in ("Data", "Unified"):
            continue
        size_bytes = parse_cache_size(find_text(index / "size") or "")
        if size_bytes is not None:
            return size_bytes, parse_cpu_list(find_text(index / "shared_cpu_list") or "") or (cpu,)
    return None


def read_first_cache(roots: Roots, cpus: tuple[int, ...], level: int) -> int | None:
    """Return [B] size of one cache of that level, as the first CPU has it."""
    found = read_cache(roots, cpus[0], level) if cpus else None
    return found[0] if found else None


def read_cache_sum(roots: Roots, cpus: tuple[int, ...], level: int) -> int | None:
    """Return [B] the sum over all caches of that level, each counted once."""
    total_bytes = 0
    seen: set[int] = set()
    for cpu in cpus:
        if cpu in seen:
            continue
        found = read_cache(roots, cpu, level)
        if found is None:
            continue
        total_bytes += found[0]
        seen.update(found[1])
    return total_bytes or None


def read_max_frequency(roots: Roots, cpus: tuple[int, ...]) -> float | None:
    """Return [Hz] the highest clock any CPU states."""
    stated = [find_int(cpu_folder(roots, cpu) / "cpufreq/cpuinfo_max_freq") for cpu in cpus]
    return max((khz * 1e3 for khz in stated if khz), default=None)


def read_performance_cpus(roots: Roots, cpus: tuple[int, ...]) -> tuple[int, ...]:
    """Return the CPUs of the fast kind; all of them where there is only one kind.

    Source: Linux lists the kinds of Intel hybrid processors as PMUs `cpu_core` and `cpu_atom`; ARM states
    `cpu_capacity` per CPU.
    """
    fast = parse_cpu_list(find_text(roots.sys / "devices/cpu_core/cpus") or "")
    if fast:
        return tuple(cpu for cpu in cpus if cpu in set(fast))
    capacity = {cpu: find_int(cpu_folder(roots, cpu) / "cpu_capacity") for cpu in cpus}
    stated = [value for value in capacity.values() if value]
    if len(stated) < len(cpus):
        return cpus
    return tuple(cpu for cpu in cpus if capacity[cpu] == max(stated))
