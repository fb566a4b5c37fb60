"""How many threads the runtime gets, and whether each stays on a processor: by a short sweep. Pure."""

import math
from typing import Literal

import msgspec

from advisor.hardware.model import HardwareProfile

Choice = Literal["asked", "usual", "sweep"]
"""By the user; as many as usable physical cores, nothing else being likely to be better; the quickest of a sweep."""
CLEARLY_SHARE = 0.05
"""[1] Another setting must be this much quicker than the usual one: less is the scatter of a short run."""
_MANY_CORES = 8
"""From here on half of the cores may already use up the memory's bandwidth, so they are tried too."""


class ThreadTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a sweep."""

    num_threads: int
    pinned: bool = False
    """Each thread stays on a processor of its own."""
    query_s: float
    """[s] One query at the sizes of the probe, from a run of about a second."""


class ThreadChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The setting that was used, and why."""

    num_threads: int
    pinned: bool = False
    how: Choice = "usual"
    trials: tuple[ThreadTrial, ...] = ()
    """Of the sweep, the usual setting first; those of an earlier probe where the choice was kept from it."""
    created: str = ""
    """ISO 8601, UTC: when the sweep was made; empty without one."""


def usual(profile: HardwareProfile) -> int:
    """Return as many threads as physical cores this process may use: a second thread on a core only gets in the way."""
    physical = profile.cpu.num_physical_cores.value or profile.cpu.num_logical_cores.value or 1
    usable = profile.cpu.num_usable_cpus.value
    return max(1, min(physical, math.floor(usable) if usable is not None else physical))


def counts(profile: HardwareProfile) -> tuple[int, ...]:
    """Return the numbers of threads worth trying, the usual one first.

    Args:
        profile: of the machine: all logical processors are tried where there are more of them than cores, half of the
            cores where there are many.
    """
    first = usual(profile)
    logical = profile.cpu.num_logical_cores.value or first
    usable = profile.cpu.num_usable_cpus.value
    most = max(first, min(logical, math.floor(usable)) if usable is not None else logical)
    tried = [first, most]
    if first >= _MANY_CORES:
        tried.append(first // 2)
    return tuple(dict.fromkeys(tried))


def quickest(trials: tuple[ThreadTrial, ...]) -> ThreadTrial:
    """Return the quickest setting, or the first one unless another is clearly quicker.

    Args:
        trials: the usual setting first, at least one.
    """
    best = min(trials, key=lambda trial: trial.query_s)
    return best if best.query_s < (1 - CLEARLY_SHARE) * trials[0].query_s else trials[0]
