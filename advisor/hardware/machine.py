"""What the collector of one operating system returns."""

import msgspec

from advisor.hardware.model import CpuFacts, GpuFacts, MemoryFacts, NpuFacts, OsFacts, PowerFacts


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a machine that depends on its operating system."""

    name: str
    os: OsFacts
    cpu: CpuFacts
    memory: MemoryFacts
    gpus: tuple[GpuFacts, ...]
    npus: tuple[NpuFacts, ...]
    power: PowerFacts
    notes: tuple[str, ...] = ()
