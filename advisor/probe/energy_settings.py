"""How a probe measures energy. Pure values."""

from typing import Literal

import msgspec

from advisor.energy.model import Component
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
    gpu: GpuFacts | None = None
    """The card the model runs on; null for the processor."""

    @property
    def component(self) -> Component:
        """The part of the machine that works."""
        return "cpu" if self.gpu is None else "gpu"
