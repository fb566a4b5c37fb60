"""The processor, on Linux."""

from advisor.hardware import powercap, topology, virtual
from advisor.hardware.cgroup import Limits
from advisor.hardware.cpuinfo import CpuInfo, instruction_sets, parse_cpuinfo
from advisor.hardware.model import CpuFacts, Fact
from advisor.hardware.reading import attempt, find_text, known, missing, read_text
from advisor.hardware.roots import Roots

_INFO = "/proc/cpuinfo"
_TOPOLOGY = "/sys/devices/system/cpu, topology"
_CACHE = "/sys/devices/system/cpu, cache"
# Amazon states one ARM core design per generation of its own processors.
_GRAVITON = {"Neoverse-N1": "AWS Graviton2", "Neoverse-V1": "AWS Graviton3", "Neoverse-V2": "AWS Graviton4"}


def read_info(roots: Roots) -> CpuInfo:
    """Return what `/proc/cpuinfo` says; raises `UnreadableError`."""
    return parse_cpuinfo(read_text(roots.proc / "cpuinfo"))


def collect(roots: Roots, limits: Limits) -> CpuFacts:
    """Return the facts about the processor.

    Args:
        roots: where to look.
        limits: control group limits of this process.
    """
    info = attempt(_INFO, lambda: read_info(roots)).value or CpuInfo()
    online = topology.read_online(roots) or tuple(range(info.num_processors))
    cores = topology.read_cores(roots, online)
    allowed = tuple(cpu for cpu in topology.read_allowed(roots) if not online or cpu in set(online))
    surroundings = virtual.collect(roots, info)
    return CpuFacts(
        vendor=attempt(_INFO, lambda: info.vendor),
        model=_model(roots, info),
        num_physical_cores=_physical(info, cores),
        num_logical_cores=attempt("/sys/devices/system/cpu/online", lambda: len(online) or None),
        num_usable_cpus=_usable(float(len(allowed)), limits),
        num_usable_cores=_usable(float(_groups(cores, allowed)), limits),
        num_performance_cores=attempt(
            _TOPOLOGY, lambda: _groups(cores, topology.read_performance_cpus(roots, online)) or None
        ),
        l1d_bytes=attempt(_CACHE, lambda: topology.read_first_cache(roots, online, 1)),
        l2_bytes=attempt(_CACHE, lambda: topology.read_first_cache(roots, online, 2)),
        l3_bytes=attempt(_CACHE, lambda: topology.read_cache_sum(roots, online, 3)),
        max_frequency_hz=_frequency(roots, info, online),
        instruction_sets=_sets(info),
        virtualised=surroundings.virtualised,
        hypervisor=surroundings.hypervisor,
        container=surroundings.container,
        power_limit_w=attempt(powercap.SOURCE, lambda: powercap.read_limit(roots, "long_term")),
        short_power_limit_w=attempt(powercap.SOURCE, lambda: powercap.read_limit(roots, "short_term")),
    )


def _model(roots: Roots, info: CpuInfo) -> Fact[str]:
    if info.is_arm and "amazon ec2" in (find_text(roots.sys / "class/dmi/id/sys_vendor") or "").lower():
        graviton = _GRAVITON.get(info.model or "")
        if graviton:
            return known(f"{graviton} ({info.model})", f"{_INFO} and DMI")
    return attempt(_INFO, lambda: info.model)


def _physical(info: CpuInfo, cores: tuple[tuple[int, ...], ...]) -> Fact[int]:
    if cores:
        return known(len(cores), _TOPOLOGY)
    return attempt(_INFO, lambda: info.num_cores)


def _groups(cores: tuple[tuple[int, ...], ...], cpus: tuple[int, ...]) -> int:
    wanted = set(cpus)
    return sum(1 for core in cores if wanted.intersection(core))


def _usable(num_cpus: float, limits: Limits) -> Fact[float]:
    if num_cpus <= 0:
        if limits.num_cpus is None:
            return missing("/proc/self/status", "this system does not state it")
        return known(limits.num_cpus, limits.cpu_source)
    if limits.num_cpus is not None and limits.num_cpus < num_cpus:
        return known(limits.num_cpus, limits.cpu_source)
    return known(num_cpus, "/proc/self/status, Cpus_allowed_list")


def _frequency(roots: Roots, info: CpuInfo, online: tuple[int, ...]) -> Fact[float]:
    stated = attempt("/sys/devices/system/cpu, cpufreq", lambda: topology.read_max_frequency(roots, online))
    if stated.value is None and info.frequency_hz is not None:
        return known(info.frequency_hz, f"{_INFO}, clock now; the highest is not stated")
    return stated


def _sets(info: CpuInfo) -> Fact[tuple[str, ...]]:
    if not info.flags:
        return missing(_INFO, "this system does not state it")
    return known(instruction_sets(info.flags, is_arm=info.is_arm), _INFO)
