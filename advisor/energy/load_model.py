"""Power of a processor without a meter: a band between two lines in its load. A typical range, no more."""

import math

import msgspec

from advisor.energy.model import PowerBand
from advisor.evidence import Evidence, Quantity
from advisor.hardware import reference
from advisor.hardware.model import CpuFacts, GpuFacts

LOW_AT_IDLE_SHARE = 0.06
LOW_PER_LOAD_SHARE = 0.25
HIGH_AT_IDLE_SHARE = 0.25
HIGH_PER_LOAD_SHARE = 1.5
"""[1] Power over the limit: `0.06 + 0.25 L` to `min(1, 0.25 + 1.5 L)` at CPU load L. Source: fitted to CodeCarbon's
`cpu_load_profiling` (MIT), 86 points on 4 server and desktop machines; it holds 84 of them. No laptop, no processor
with two kinds of core, no boost above the limit is among them."""
NET_LOW_PER_LOAD_SHARE = 0.18
NET_HIGH_AT_ONCE_SHARE = 0.15
"""[1] What load adds to idle, over the limit: at least `0.18 dL`, at most `0.15 + 1.5 dL`, for a load that grows by dL;
the 0.15 is what the first busy core wakes. Same source: holds 78 of 78 steps from idle. The difference of the two
lines' own ends would hold only 62, as a processor that idles near one line need not work near the same one."""
CARD_LOW_SHARE, CARD_HIGH_SHARE = 0.3, 1.0
"""[1] Power of a busy graphics processor over its limit. Source: our choice, k = 1.8; no public data of inference at
batch 1 over many cards was found. Hence `assumed`."""
_SERVER_WORDS = frozenset({"EPYC", "Xeon", "Graviton", "Graviton2", "Graviton3", "Graviton4", "Altra"})
_LEAST_ROWS = 5
_MOST, _ALL = (0.05, 0.95), (0.0, 1.0)
CPU_BOUNDARY = "processor package; not memory, screen, drives or power supply"
CARD_COVERS = "graphics card"


class _Limit(msgspec.Struct, frozen=True, kw_only=True):
    low_w: float
    """[W] Lowest the long-term limit may be; the lower line hangs on it."""
    high_w: float
    edge_w: float
    """[W] What the upper line hangs on: the short-term limit where one is known."""
    evidence: Evidence
    basis: str


def cpu_band(cpu: CpuFacts, *, load_share: float) -> PowerBand | None:
    """Return the typical range of a processor's power at a load, or null when no power limit is known.

    The upper edge hangs on the short-term limit where one is known, as laptops and recent desktops run above their
    long-term limit for a while. In a virtual machine a table value is shared out by the threads it was given.

    The limit is, in this order: stated by the machine (`estimated`), published by the vendor for this model, or spread
    over the vendor's models per thread, or over all listed ones where the vendor is not among them (`assumed`).

    Args:
        cpu: what is known of the processor.
        load_share: load of the whole processor, 0 to 1.

    Raises:
        ValueError: `load_share` is outside 0 to 1.
    """
    if not 0.0 <= load_share <= 1.0:
        raise ValueError(f"a load share lies between 0 and 1, got {load_share}")
    limit = _limit(cpu)
    if limit is None:
        return None
    return PowerBand(
        power_w=_middle(limit, load_share),
        idle_power_w=_middle(limit, 0.0),
        limit_w=math.sqrt(limit.low_w * limit.high_w),
        limit_basis=limit.basis,
        boundary=CPU_BOUNDARY,
    )


def net_band(cpu: CpuFacts, *, load_share: float, idle_load_share: float) -> Quantity | None:
    """Return the typical range of what load adds to a processor's idle power, or null when no power limit is known.

    Args:
        cpu: what is known of the processor.
        load_share: load of the whole processor while it works, 0 to 1.
        idle_load_share: the same before; where it is not lower, nothing is known to be added.

    Raises:
        ValueError: a share is outside 0 to 1.
    """
    busy, idle = (cpu_band(cpu, load_share=share) for share in (load_share, min(load_share, idle_load_share)))
    limit = _limit(cpu)
    if busy is None or idle is None or limit is None:
        return None
    more = max(0.0, load_share - idle_load_share)
    most = (busy.power_w.high or 0.0) - (idle.power_w.low or 0.0)
    low = limit.low_w * NET_LOW_PER_LOAD_SHARE * more
    high = max(low, min(most, limit.edge_w * (NET_HIGH_AT_ONCE_SHARE + HIGH_PER_LOAD_SHARE * more)))
    return Quantity(
        value=math.sqrt(low * high) if low > 0 else None,
        low=low,
        high=high,
        unit="W",
        evidence=limit.evidence,
        basis=f"typical range of what a load of {load_share:.0%} adds to one of {idle_load_share:.0%}, no meter; "
        f"{limit.basis}",
    )


def card_band(gpu: GpuFacts) -> Quantity | None:
    """Return the range of a busy graphics card's power, or null when no power limit is known."""
    limit_w = gpu.power_limit_w.value
    if limit_w is None or limit_w <= 0:
        return None
    low, high = CARD_LOW_SHARE * limit_w, CARD_HIGH_SHARE * limit_w
    basis = f"{CARD_LOW_SHARE:.0%} to {CARD_HIGH_SHARE:.0%} of the card's limit of {limit_w:.0f} W, no meter"
    return Quantity(value=math.sqrt(low * high), low=low, high=high, unit="W", evidence="assumed", basis=basis)


def _limit(cpu: CpuFacts) -> _Limit | None:
    return _stated(cpu) or _published(cpu) or _typical(cpu)


def _middle(limit: _Limit, load: float) -> Quantity:
    low = limit.low_w * (LOW_AT_IDLE_SHARE + LOW_PER_LOAD_SHARE * load)
    high = limit.edge_w * min(1.0, HIGH_AT_IDLE_SHARE + HIGH_PER_LOAD_SHARE * load)
    return Quantity(
        value=math.sqrt(low * high),
        low=low,
        high=high,
        unit="W",
        evidence=limit.evidence,
        basis=f"typical range for a load of {load:.0%}, no meter; {limit.basis}",
    )


def _stated(cpu: CpuFacts) -> _Limit | None:
    """The limit the machine itself states."""
    limit_w, short_w = cpu.power_limit_w.value, cpu.short_power_limit_w.value
    if limit_w is None or limit_w <= 0:
        return None
    return _Limit(
        low_w=limit_w,
        high_w=limit_w,
        edge_w=max(limit_w, short_w or 0.0),
        evidence="estimated",
        basis=f"power limit of {limit_w:.0f} W stated by the machine",
    )


def _published(cpu: CpuFacts) -> _Limit | None:
    """The design power its vendor publishes; a virtual machine gets its share of it by threads."""
    known = reference.cpu_reference(cpu.model.value) if cpu.model.value else None
    if known is None or known.tdp_w is None:
        return None
    if not cpu.virtualised.value:
        return _Limit(
            low_w=known.tdp_w,
            high_w=known.tdp_w,
            edge_w=max(known.tdp_w, known.short_power_w or 0.0),
            evidence="assumed",
            basis=f"design power of {known.tdp_w:.0f} W published for {known.name}",
        )
    given = cpu.num_logical_cores.value
    if not given or not known.num_threads:
        return None
    share_w = known.tdp_w * min(1.0, given / known.num_threads)
    return _Limit(
        low_w=share_w,
        high_w=share_w,
        edge_w=share_w,
        evidence="assumed",
        basis=f"virtual machine: {given} of {known.num_threads} threads of {known.name} ({known.tdp_w:.0f} W)",
    )


def _typical(cpu: CpuFacts) -> _Limit | None:
    """The spread of design power per thread over listed processors, for one whose model is not told or listed.

    Of its vendor's processors the middle nine tenths; where too few of the vendor are listed, the whole spread of all.
    """
    given = cpu.num_logical_cores.value
    if not given:
        return None
    vendor = (cpu.vendor.value or "").lower()
    rows = [row for row in reference.processors() if row.tdp_w and row.num_threads]
    if cpu.virtualised.value:
        rows = [row for row in rows if _SERVER_WORDS.intersection(row.name.split())]
    own = [row for row in rows if row.vendor.lower() in vendor]
    few = len(own) < _LEAST_ROWS
    per_thread = sorted((row.tdp_w or 0.0) / (row.num_threads or 1) for row in (rows if few else own))
    low_w, high_w = (given * per_thread[round(share * (len(per_thread) - 1))] for share in (_ALL if few else _MOST))
    who = f"all {len(per_thread)} listed processors" if few else f"{len(own)} {own[0].vendor} processors"
    why = "its vendor states none of enough models: a wide range" if few else "the exact model is not known"
    return _Limit(
        low_w=low_w,
        high_w=high_w,
        edge_w=high_w,
        evidence="assumed",
        basis=f"{given} threads at the design power per thread of {who}; {why}",
    )
