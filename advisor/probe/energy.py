"""What an energy child is asked and what it answers. Pure values."""

from typing import Literal

import msgspec

from advisor.energy.bench import Liveness
from advisor.energy.blocks import Block
from advisor.energy.model import MeterInfo, PhaseName, PowerPoint
from advisor.probe.depth import DepthRequest
from advisor.probe.file_feed import FileFeed


class EnergyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One energy child."""

    depth: DepthRequest
    mode: Literal["quick", "standard"]
    sys_root: str = "/sys"
    time_share: float = 1.0
    """[1] Of the protocol's times."""
    feeds: tuple[FileFeed, ...] = ()
    """Inputs of an ONNX file of the user's; empty: the depth's own."""
    num_prompt_tokens: int
    """Length of the prompt, as the launches before measured it."""
    only: tuple[PhaseName, ...] = ()
    """Phases to measure; empty: all there are."""
    num_blocks: int | None = None
    """Blocks of each phase; null: as many as the pilot asks for."""
    with_idle: bool = True
    """Idle power is measured before and after; a comparison by turns does it in its first and last turn only."""


class PhaseBlocks(msgspec.Struct, frozen=True, kw_only=True):
    """The blocks of one phase under one meter."""

    phase: PhaseName
    blocks: tuple[Block, ...]


class MeterReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one meter said."""

    info: MeterInfo
    idle_w: tuple[float, ...] = ()
    """[W] Windows before the model was loaded."""
    before_w: tuple[float, ...] = ()
    """[W] Windows with the model loaded, before the work."""
    after_w: tuple[float, ...] = ()
    """[W] The same after it."""
    load: Block | None = None
    phases: tuple[PhaseBlocks, ...] = ()
    num_readings: int = 0
    """That gave a value."""
    num_gaps: int = 0
    """That failed."""
    gap_reasons: tuple[str, ...] = ()
    cpu_share: float = 0.0
    """Of one core, for reading it."""
    cross_ratio: float | None = None
    """[1] Energy of the counter over the integral of the same device's power."""


class WorkTime(msgspec.Struct, frozen=True, kw_only=True):
    """Units and time of one phase, whatever the meters said."""

    phase: PhaseName
    num_units: int
    work_s: float
    num_blocks: int


class EnergyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an energy child found."""

    meters: tuple[MeterInfo, ...]
    """All that were looked for, with their state at the end."""
    reports: tuple[MeterReport, ...]
    """Of those that were read and passed."""
    liveness: tuple[Liveness, ...] = ()
    work: tuple[WorkTime, ...] = ()
    trace: tuple[PowerPoint, ...] = ()
    load_share: float | None = None
    """Busy processor time of the whole machine while the model worked, 0 to 1."""
    idle_load_share: float | None = None
    """The same while nothing was asked of it."""
    other_load_share: float | None = None
    """Of other programs, while the model worked."""
    clock_jump_s: float = 0.0
    """[s] The system's clock was set by that much meanwhile."""
    baseline_repeated: bool = False
    measured_s: float = 0.0
