"""Roofs of a device from its facts, before it is calibrated: wide ranges, and words for what was read and taken."""

import math

import msgspec

from advisor.errors import NotFoundError
from advisor.estimate import calibration as calibrations
from advisor.estimate.families import KernelFamily
from advisor.estimate.model import Roof, Roofs
from advisor.evidence import Evidence, Quantity, unknown
from advisor.graphs.kernel_case import Calibration
from advisor.hardware import reference
from advisor.hardware.model import CpuFacts, GpuFacts, HardwareProfile
from advisor.units import MIB

RANGE_K = 2.0
"""[1] Specification against measurement: published rates are off by this much on common processors (methods.md)."""
SCALED_K = 1.5
"""[1] Range of rates of families that were not measured, scaled from memory copied and products measured here."""
ASSUMED_FREQUENCY_HZ = 2.8e9
"""[Hz] Taken where the machine does not tell: base to boost of server processors spans 2.2 to 3.7 GHz."""
GEMM_EFFICIENCY = 0.7
"""[1] fp32 matrix product over the arithmetic peak. Measured with ONNX Runtime 1.32 on two Zen 5 cores: 0.82 of the
peak at an assumed 2.8 GHz, 0.57 at 4 GHz."""
CORE_BYTES_PER_S = 12e9
"""[B/s] What one core draws from memory. Measured: 9 to 10 GB/s (AVX2 virtual machine, 2 cores) and 18 GB/s (Zen 5)."""
MEMORY_EFFICIENCY = 0.75
"""[1] Streamed over theoretical bandwidth. Source: STREAM results of desktop and server processors, 0.7 to 0.85."""
ASSUMED_MEMORY_BYTES_PER_S = 40e9
"""[B/s] Taken where neither the machine nor its model tells: two channels of DDR4-2666."""
OPERATOR_OVERHEAD_S = 9e-6
"""[s] One operator with its threads woken and gathered. Measured: 8 us (ONNX Runtime 1.32, 2 threads, decoder of 30
layers), 9 us (llama.cpp on an AVX2 virtual machine: 0.24 ms a layer of 25 nodes)."""
OVERHEAD_K = 3.0
RUNTIME_BYTES = 65.0 * MIB
"""[B] Child process with interpreter, numpy and ONNX Runtime. Measured: 45 MiB bare, 60 to 70 MiB with our modules."""
RUNTIME_LOW_BYTES = 45.0 * MIB
RUNTIME_HIGH_BYTES = 110.0 * MIB
GPU_RUNTIME_BYTES = 400.0 * MIB
"""[B] Context and kernels of a runtime on a graphics card: assumed, 250 to 700 MiB."""
GPU_BANDWIDTH_EFFICIENCY = 0.65
GPU_FLOPS_PER_BYTE = 60.0
"""[FLOP/B] 16-bit arithmetic a card really does for each byte it can read: assumed, 20 (integrated) to 180 (data
centre); cards do not state their arithmetic rate to programs."""
GPU_FLOPS_K = 3.0
GPU_OVERHEAD_S = 8e-6
_FMA_UNITS_LANES = (
    # Instruction set, fp32 operations per cycle and core. Source: vendors' optimisation manuals; two FMA units.
    ("avx512f", 64.0),
    ("fma", 32.0),
    ("avx2", 32.0),
    ("sve", 32.0),
    ("bf16", 32.0),  # on arm64 a mark of the wider cores, which have four units
    ("neon", 16.0),
)
_PLAIN_LANES = 8.0
_DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "dotprod", "i8mm"})
_STREAM_SHARES: dict[KernelFamily, float] = {
    # Share of the memory bandwidth a matrix-vector product of the family reaches. Measured on two Zen 5 cores against
    # 45 GB/s: fp32 0.8, 8 bits 0.9, 4 bits 0.7; llama.cpp on AVX2 0.75 to 1.0. ONNX Runtime widens fp16 weights when it
    # loads them, so each of their bytes costs two. bf16 and fp8 in PyTorch: assumed.
    "fp32": 0.9,
    "fp16": 0.45,
    "bf16": 0.6,
    "fp8": 0.2,
    "int8": 0.9,
    "int4": 0.75,
    "int4-b128": 0.75,
    "k-quant": 0.8,
    "int8-dynamic": 0.9,
    "conv": 0.9,
}
_COMPUTE_SHARES: dict[KernelFamily, tuple[float, float]] = {
    # Matrix product over fp32's, without and with 8-bit dot products. Measured with: 4 bits 0.9 to 1.25, 8 bits 1.1.
    "fp32": (1.0, 1.0),
    "fp16": (1.0, 1.0),
    "bf16": (0.5, 0.7),
    "fp8": (0.3, 0.3),
    "int8": (0.8, 1.3),
    "int4": (0.7, 1.1),
    "int4-b128": (0.8, 1.4),
    "k-quant": (0.65, 0.9),
    # One scale for a whole matrix, so activations are 8 bits too: 2.4 times as fast as in blocks with dot products
    # (BERT base, ONNX Runtime 1.32), about 2 without.
    "int8-dynamic": (1.6, 2.6),
    # Networks of convolutions on an i7-12700H: small depth-wise networks 75 to 95 GFLOP/s, ResNet-50 250, against about
    # 400 of its matrix products (pytorch-image-models, benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv).
    "conv": (0.4, 0.4),
}
_NATIVE_BF16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
_SLOW_FLOATS: frozenset[KernelFamily] = frozenset({"bf16", "fp8"})


class _Rate(msgspec.Struct, frozen=True, kw_only=True):
    value: float
    k: float
    evidence: Evidence
    basis: str

    def times(self, share: float, unit: str, *, k: float = 1.0, evidence: Evidence | None = None) -> Quantity:
        spread = math.exp(math.hypot(math.log(self.k), math.log(k)))
        value = self.value * share
        return Quantity(
            value=value,
            low=value / spread,
            high=value * spread,
            unit=unit,
            evidence=evidence or self.evidence,
            basis=self.basis,
        )


def devices(profile: HardwareProfile) -> tuple[str, ...]:
    """Return the devices an estimate can be made for: the processor, then each graphics processor."""
    return ("cpu", *(f"gpu:{number}" for number in range(len(profile.gpus))))


def from_profile(
    profile: HardwareProfile,
    *,
    device: str = "cpu",
    reserve_bytes: int = 0,
    calibration: Calibration | None = None,
    runtime_version: str | None = None,
) -> Roofs:
    """Return the roofs of a device: by specification, and of the processor measured ones where a calibration holds.

    Args:
        profile: the machine.
        device: one of `devices(profile)`.
        reserve_bytes: [B] kept free for other programs.
        calibration: what was measured on this machine; one that no longer holds is not used, and the roofs say why.
        runtime_version: of ONNX Runtime now; null: that of the profile, where it was asked.

    Raises:
        NotFoundError: `device-unknown`.
        InvalidInputError: `calibration-incomplete`.
    """
    if device == "cpu":
        version = runtime_version or profile.runtime.version.value
        return _calibrated_cpu(profile, reserve_bytes, calibration, version)
    number = device.removeprefix("gpu:")
    if not device.startswith("gpu:") or not number.isdigit() or int(number) >= len(profile.gpus):
        raise NotFoundError(
            "device-unknown",
            f"This computer has no device {device[:40]!r}.",
            remedy=f"Choose one of {', '.join(devices(profile))}.",
            device=device[:40],
        )
    return _gpu_roofs(profile, profile.gpus[int(number)], device, reserve_bytes)


def _calibrated_cpu(
    profile: HardwareProfile, reserve_bytes: int, measured: Calibration | None, runtime_version: str | None
) -> Roofs:
    """Return the roofs of the processor; families that were not measured are scaled from what was, and say so."""
    stream, compute = memory_bytes_per_s(profile), fp32_flops_per_s(profile.cpu)
    if measured is None:
        return _cpu_roofs(profile, reserve_bytes, stream, compute)
    reasons = calibrations.stale(measured, profile, runtime_version, profile.power.source.value)
    if reasons:
        plain = _cpu_roofs(profile, reserve_bytes, stream, compute)
        return msgspec.structs.replace(plain, why_not_calibrated=calibrations.not_used(measured, reasons))
    fitted = calibrations.fitted(measured)
    day = measured.created[:10]
    stream = _Rate(
        value=measured.copy_bytes_per_s, k=SCALED_K, evidence="estimated", basis=f"memory copied here on {day}"
    )
    fp32 = next(roof for roof in fitted.matrices if roof.family == "fp32").compute_flops_per_s[-1].value
    if fp32 is not None:
        compute = _Rate(value=fp32, k=SCALED_K, evidence="estimated", basis=f"fp32 products measured here on {day}")
    return msgspec.structs.replace(_cpu_roofs(profile, reserve_bytes, stream, compute), calibrated=fitted)


def num_cores(cpu: CpuFacts) -> tuple[float, Evidence]:
    """Return the cores that work at once: physical ones, as far as this process may use them."""
    usable, physical = cpu.num_usable_cpus.value, cpu.num_physical_cores.value
    if usable is None and physical is None:
        return 2.0, "assumed"
    return max(0.1, min(usable or math.inf, physical or math.inf)), "estimated"


def fp32_flops_per_s(cpu: CpuFacts) -> _Rate:
    """Return the rate of fp32 matrix products: cores x clock x operations per cycle x efficiency."""
    cores, evidence = num_cores(cpu)
    sets = cpu.instruction_sets.value
    lanes = next((lanes for name, lanes in _FMA_UNITS_LANES if name in (sets or ())), _PLAIN_LANES)
    frequency = cpu.max_frequency_hz.value
    told = f"{cores:g} cores at {(frequency or ASSUMED_FREQUENCY_HZ) / 1e9:.1f} GHz, {lanes:.0f} operations a cycle"
    if frequency is None or sets is None or evidence == "assumed":
        evidence = "assumed"
        told += ", clock assumed" if frequency is None else ""
    value = cores * (frequency or ASSUMED_FREQUENCY_HZ) * lanes * GEMM_EFFICIENCY
    return _Rate(value=value, k=RANGE_K, evidence=evidence, basis=f"specification: {told}")


def memory_bytes_per_s(profile: HardwareProfile) -> _Rate:
    """Return the rate at which the usable cores stream from memory: what the modules give or the cores draw."""
    cpu = profile.cpu
    cores, evidence = num_cores(cpu)
    drawn = cores * CORE_BYTES_PER_S
    stated = profile.memory.speed_bytes_per_s.value
    known = reference.cpu_reference(cpu.model.value) if cpu.model.value else None
    if stated is not None:
        modules, told = stated, f"memory modules of {stated / 1e9:.0f} GB/s"
    elif known is not None and known.memory_bandwidth_bytes_per_s is not None:
        modules, told = known.memory_bandwidth_bytes_per_s, f"memory channels published for {known.name}"
        evidence = "assumed"
    else:
        modules, told, evidence = ASSUMED_MEMORY_BYTES_PER_S / MEMORY_EFFICIENCY, "memory speed not told", "assumed"
        if drawn > ASSUMED_MEMORY_BYTES_PER_S:
            return _Rate(value=ASSUMED_MEMORY_BYTES_PER_S, k=RANGE_K, evidence=evidence, basis=told)
    value = min(modules * MEMORY_EFFICIENCY, drawn)
    limit = "limited by the cores" if drawn < modules * MEMORY_EFFICIENCY else "limited by the memory"
    return _Rate(value=value, k=RANGE_K, evidence=evidence, basis=f"specification: {told}, {limit}")


def _cpu_roofs(profile: HardwareProfile, reserve_bytes: int, stream: _Rate, compute: _Rate) -> Roofs:
    cpu = profile.cpu
    sets = frozenset(cpu.instruction_sets.value or ())
    free, basis = _cpu_memory(profile, reserve_bytes)
    return Roofs(
        device="cpu",
        label=_cpu_label(cpu),
        roofs=tuple(_cpu_roof(family, stream, compute, sets) for family in _STREAM_SHARES),
        attention_bytes_per_s=stream.times(0.7, "B/s"),
        operator_overhead_s=_Rate(
            value=OPERATOR_OVERHEAD_S, k=OVERHEAD_K, evidence="assumed", basis="constant seen on two machines"
        ).times(1.0, "s"),
        runtime_bytes=Quantity(
            value=RUNTIME_BYTES,
            low=RUNTIME_LOW_BYTES,
            high=RUNTIME_HIGH_BYTES,
            unit="B",
            evidence="estimated",
            basis="ONNX Runtime in a child process, as measured on Linux; others counted alike, torch with more",
        ),
        memory_free_bytes=free,
        memory_basis=basis,
        elements_bytes_per_s=stream.times(1.0, "B/s"),
    )


def _cpu_roof(family: KernelFamily, stream: _Rate, compute: _Rate, sets: frozenset[str]) -> Roof:
    plain, with_dots = _COMPUTE_SHARES[family]
    fast = bool(sets & (_NATIVE_BF16 if family == "bf16" else _DOT_PRODUCTS))
    slow = family in _SLOW_FLOATS
    evidence: Evidence | None = "assumed" if slow else None
    return Roof(
        family=family,
        stream_bytes_per_s=stream.times(_STREAM_SHARES[family], "B/s", k=2.0 if slow else 1.0, evidence=evidence),
        compute_flops_per_s=compute.times(
            with_dots if fast else plain, "FLOP/s", k=2.0 if slow else 1.0, evidence=evidence
        ),
    )


def _cpu_label(cpu: CpuFacts) -> str:
    cores = cpu.num_usable_cpus.value
    name = cpu.model.value or "this processor"
    return name if cores is None else f"{name}, {cores:g} {'CPU' if cores == 1 else 'CPUs'}"


def _cpu_memory(profile: HardwareProfile, reserve_bytes: int) -> tuple[int | None, str]:
    memory = profile.memory
    limits = [
        (fact.value, fact.source)
        for fact in (memory.available_bytes, memory.cgroup_limit_bytes, memory.total_bytes)
        if fact.value is not None
    ]
    if not limits:
        why = memory.available_bytes.why_unknown or "it could not be read"
        return None, f"free memory is not known: {why}"
    size, source = min(limits)
    overridden = memory.available_bytes.origin == "override" or memory.total_bytes.origin == "override"
    told = "planned by you" if overridden else f"available memory, {source}"
    return max(0, size - reserve_bytes), told + (", less what you keep free" if reserve_bytes else "")


def _gpu_roofs(profile: HardwareProfile, gpu: GpuFacts, device: str, reserve_bytes: int) -> Roofs:
    bandwidth = gpu.memory_bandwidth_bytes_per_s.value
    free = gpu.free_bytes.value if gpu.free_bytes.value is not None else gpu.total_bytes.value
    told = "free memory" if gpu.free_bytes.value is not None else "total memory, how much is in use is not known"
    if gpu.unified_memory.value:
        shared, told = _cpu_memory(profile, 0)
        free = (
            min(size for size in (free, shared) if size is not None) if free is not None or shared is not None else None
        )
    return Roofs(
        device=device,
        label=gpu.name.value or "graphics processor",
        roofs=tuple(_gpu_roof(family, bandwidth) for family in _STREAM_SHARES),
        attention_bytes_per_s=_gpu_rate(bandwidth, GPU_BANDWIDTH_EFFICIENCY, "B/s"),
        operator_overhead_s=_Rate(
            value=GPU_OVERHEAD_S, k=OVERHEAD_K, evidence="assumed", basis="constant for starting a kernel"
        ).times(1.0, "s"),
        runtime_bytes=Quantity(
            value=GPU_RUNTIME_BYTES,
            low=250.0 * MIB,
            high=700.0 * MIB,
            unit="B",
            evidence="assumed",
            basis="context and kernels of a runtime on a graphics card",
        ),
        memory_free_bytes=None if free is None else max(0, free - reserve_bytes),
        memory_basis="free memory of this device is not known" if free is None else told,
        elements_bytes_per_s=_gpu_rate(bandwidth, GPU_BANDWIDTH_EFFICIENCY, "B/s"),
    )


def _gpu_roof(family: KernelFamily, bandwidth: float | None) -> Roof:
    half = 0.5 if family == "fp32" else 1.0
    return Roof(
        family=family,
        stream_bytes_per_s=_gpu_rate(bandwidth, GPU_BANDWIDTH_EFFICIENCY, "B/s"),
        compute_flops_per_s=_gpu_rate(bandwidth, GPU_FLOPS_PER_BYTE * half, "FLOP/s", k=GPU_FLOPS_K),
    )


def _gpu_rate(bandwidth: float | None, share: float, unit: str, *, k: float = RANGE_K) -> Quantity:
    if bandwidth is None:
        return unknown(unit, "the memory bandwidth of this graphics processor is not known")
    basis = f"specification: memory bandwidth of {bandwidth / 1e9:.0f} GB/s"
    evidence: Evidence = "estimated" if unit == "B/s" else "assumed"
    return _Rate(value=bandwidth, k=k, evidence=evidence, basis=basis).times(share, unit)
