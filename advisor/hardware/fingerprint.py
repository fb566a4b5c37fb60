"""The key of measurements: equal on the same machine at every start, with nothing that names its owner."""

import hashlib

import msgspec

from advisor.hardware.model import CpuFacts, GpuFacts, MemoryFacts, OsFacts
from advisor.units import GIB


def fingerprint(os: OsFacts, cpu: CpuFacts, memory: MemoryFacts, gpus: tuple[GpuFacts, ...]) -> str:
    """Return 16 hexadecimal digits of a SHA-256 over what decides speed; no serial number, no name of host or user.

    Memory counts in whole GiB, rounded up: the kernel keeps a part that differs from version to version, and so the
    total is always a little below the size of the modules.
    """
    total_bytes = memory.total_bytes.value
    parts = [
        cpu.model.value,
        cpu.num_physical_cores.value,
        cpu.num_logical_cores.value,
        -(-total_bytes // GIB) if total_bytes is not None else None,
        sorted(gpu.name.value or "" for gpu in gpus),
        os.system.value,
        os.machine.value,
    ]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
