"""What is known of a machine. Each fact carries its source; what could not be read says why."""

from typing import Any, Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")
PROFILE_VERSION = 1
FactOrigin = Literal["read", "override", "profile", "unknown"]


class Fact(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One fact about the machine."""

    value: T | None = None
    """The fact, or null when it could not be read."""
    source: str
    """Where it was read: `/proc/meminfo`, `psutil`, `NVML`, `user`, ..."""
    why_unknown: str | None = None
    """One phrase: why there is no value."""
    origin: FactOrigin = "read"
    """`override`: the user said so; `profile`: it came from a saved profile of another machine."""


_NOT_STATED: Fact[Any] = Fact(source="profile", why_unknown="this profile does not state it", origin="unknown")


class OsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Operating system."""

    system: Fact[str]
    """`Linux`, `Windows`, `Darwin`."""
    release: Fact[str]
    """Distribution or product name with version."""
    kernel: Fact[str]
    """Kernel release."""
    machine: Fact[str]
    """Instruction set architecture: `x86_64`, `aarch64`, `arm64`."""


class CpuFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Processor."""

    vendor: Fact[str]
    model: Fact[str]
    num_physical_cores: Fact[int]
    num_logical_cores: Fact[int]
    num_usable_cpus: Fact[float]
    """CPUs this process may use: affinity mask and cgroup quota, a fraction under a quota."""
    l1d_bytes: Fact[int]
    """[B] First-level data cache of one core."""
    l2_bytes: Fact[int]
    """[B] Second-level cache of one core or cluster."""
    l3_bytes: Fact[int]
    """[B] Last-level cache visible to this machine, sum over its instances."""
    max_frequency_hz: Fact[float]
    instruction_sets: Fact[tuple[str, ...]]
    """Those that matter to ONNX Runtime, of `avx2 f16c fma avx512f avx512_vnni avx_vnni amx_int8 amx_bf16 avx512_bf16
    neon dotprod i8mm bf16 sve`."""
    virtualised: Fact[bool]
    hypervisor: Fact[str]
    container: Fact[str]
    """`docker`, `podman`, `lxc`, ... or `none`."""
    power_limit_w: Fact[float]
    """[W] Long-term package limit the machine itself states (RAPL constraint 0), summed over packages."""
    short_power_limit_w: Fact[float]
    """[W] Short-term package limit (RAPL constraint 1), summed over packages."""
    num_usable_cores: Fact[float] = _NOT_STATED
    """Physical cores this process may use, a fraction under a quota."""
    num_performance_cores: Fact[int] = _NOT_STATED
    """Physical cores of the fast kind; all of them where there is only one kind."""


class MemoryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Main memory."""

    total_bytes: Fact[int]
    available_bytes: Fact[int]
    """[B] What could be used without swapping, cgroup limit respected."""
    cgroup_limit_bytes: Fact[int]
    swap_total_bytes: Fact[int]
    swap_free_bytes: Fact[int]
    speed_bytes_per_s: Fact[float]
    """[B/s] Theoretical bandwidth of the modules, where the machine states type, speed and channels."""


class DiskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Disk where models would go."""

    folder: Fact[str]
    free_bytes: Fact[int]
    total_bytes: Fact[int]


class GpuFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One graphics processor."""

    vendor: Fact[str]
    name: Fact[str]
    total_bytes: Fact[int]
    """[B] Memory of its own, or the shared pool of a unified design."""
    free_bytes: Fact[int]
    unified_memory: Fact[bool]
    memory_bandwidth_bytes_per_s: Fact[float]
    power_limit_w: Fact[float]
    driver: Fact[str]


class NpuFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One neural processor."""

    name: Fact[str]
    driver: Fact[str]


class PowerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where electricity comes from."""

    source: Fact[Literal["mains", "battery"]]
    battery_share: Fact[float]
    """Charge of the battery, 0 to 1."""
    battery_capacity_wh: Fact[float]
    """[Wh] Full charge as the battery states it today."""


class RuntimeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """ONNX Runtime as a child process reported it."""

    version: Fact[str]
    providers: Fact[tuple[str, ...]]


class HardwareProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A machine. Saved as JSON, loaded to plan for another machine."""

    schema_version: int = PROFILE_VERSION
    name: str
    """Host name, or the name the user gave to a saved machine."""
    created: str
    """ISO 8601 time in UTC."""
    os: OsFacts
    cpu: CpuFacts
    memory: MemoryFacts
    disk: DiskFacts
    gpus: tuple[GpuFacts, ...]
    npus: tuple[NpuFacts, ...]
    power: PowerFacts
    runtime: RuntimeFacts
    notes: tuple[str, ...] = ()
    """What disagrees or was not looked for, one sentence each."""
    fingerprint: str
    """Hash of CPU model, core counts, memory size, GPUs and OS: the key of measurements made here, no serials."""
