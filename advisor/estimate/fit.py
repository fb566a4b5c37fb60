"""Does it fit: the one place that turns need and free memory into a verdict."""

from advisor import units
from advisor.estimate.model import Verdict
from advisor.evidence import Quantity

TIGHT_BELOW_SHARE = 0.20
"""[1] With less of the free memory left over than this, a candidate is tight: other programs breathe too."""


def headroom_share(need_bytes: float, free_bytes: float) -> float:
    """Return what is left of the free memory, as a share of it; negative when the need is larger.

    Args:
        need_bytes: [B] peak need.
        free_bytes: [B] memory a candidate may use; 0 leaves no headroom at all.
    """
    return (free_bytes - need_bytes) / free_bytes if free_bytes > 0 else -1.0


def verdict(memory: Quantity, free_bytes: int | None) -> Verdict:
    """Judge a memory need.

    Without a best value the lower end alone can still say that it does not fit; it can never say that it fits.

    Args:
        memory: [B] need with its range.
        free_bytes: [B] memory a candidate may use, or null when it is not known.
    """
    if free_bytes is None:
        return "unknown"
    if memory.value is None:
        return "does-not-fit" if memory.low is not None and memory.low > free_bytes else "unknown"
    left = headroom_share(memory.value, free_bytes)
    if left < 0:
        return "does-not-fit"
    return "tight" if left < TIGHT_BELOW_SHARE else "fits"


def border_crossed(memory: Quantity, free_bytes: int | None) -> str:
    """Return one sentence when the range of the need crosses the limit, else an empty text.

    Args:
        memory: [B] need with its range.
        free_bytes: [B] memory a candidate may use, or null when it is not known.
    """
    if free_bytes is None or memory.low is None or memory.high is None or not memory.low <= free_bytes < memory.high:
        return ""
    return (
        f"It needs {units.size(memory.low)} to {units.size(memory.high)} and {units.size(free_bytes)} may be used: "
        "it is not certain that it fits."
    )
