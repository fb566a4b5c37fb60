"""How a probe measures energy. Pure values."""

from typing import Literal

import msgspec

from advisor.hardware.model import CpuFacts, GpuFacts, MemoryFacts

EnergyMode = Literal["off", "quick", "standard"]


class EnergySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a probe measures energy, and what it falls back to."""

    mode: EnergyMode = "quick"
    time_share: float = 1.0
    """[1] Of the protocol's times; tests make it shorter."""
    sys_root: str = "/sys"
    """Where the kernel shows its meters; tests put another folder in its place."""
    cpu: CpuFacts | None = None
    """For the typical range where no meter can be read; null: energy is then excluded."""
    memory: MemoryFacts | None = None
    gpus: tuple[GpuFacts, ...] = ()
    """For the range by a card's limit where it cannot be read; in the machine's order."""
