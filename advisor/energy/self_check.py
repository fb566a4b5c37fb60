"""Every meter that can be opened, read for some seconds while idle and under load: proof for the user. Does I/O."""

import itertools
import os
import statistics
from collections.abc import Iterable

import msgspec

from advisor.energy import bench, ladder
from advisor.energy.bench import Bench, Liveness
from advisor.energy.model import MeterInfo
from advisor.energy.watch import Watch
from advisor.hardware.roots import Roots


class MeterCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One meter that was read."""

    meter: str
    idle_w: float | None
    load_w: float | None
    alive: bool
    refresh_s: float | None
    """[s] Median time between two changes that were seen; null where it never changed. Not below the reading period."""
    num_readings: int
    num_gaps: int
    cpu_share: float
    """Of one core."""


class SelfCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of the meters found."""

    infos: tuple[MeterInfo, ...]
    """All, a frozen one refused."""
    checks: tuple[MeterCheck, ...]
    sentences: tuple[str, ...]


def run_check(roots: Roots | None = None, *, seconds: float = 2.0) -> SelfCheck:
    """Read all meters idle and under load of all processors.

    Args:
        roots: where to look; the running system by default.
        seconds: [s] For each of the two.
    """
    made = Bench(ladder.find(roots))
    made.start()
    try:
        idle = made.idle("idle", seconds)
        loads = made.spin(seconds, os.cpu_count() or 1)
        found = [
            (watch, bench.liveness(watch.info, idle.get(meter, ()), loads.get(meter)))
            for meter, watch in made.watches.items()
        ]
        checks = tuple(_check(watch, live) for watch, live in found)
        for watch, live in found:
            # A card does not rise when the processor works; a battery tells its power once a minute.
            if not live.alive and watch.info.component == "cpu":
                made.refuse(live.meter, live.text[:1].lower() + live.text[1:].rstrip("."))
    finally:
        made.stop()
    return SelfCheck(
        infos=made.infos(), checks=checks, sentences=tuple(_sentence(watch.info, live) for watch, live in found)
    )


def _sentence(info: MeterInfo, live: Liveness) -> str:
    """Say what was seen; a graphics card is not what this check loads."""
    if info.component != "gpu" or live.alive or live.idle_w is None or live.load_w is None:
        return live.text
    return (
        f"{info.name} can be read: {live.idle_w:.1f} W idle, {live.load_w:.1f} W while the processor worked. This "
        "check loads the processor alone."
    )


class PowerNow(msgspec.Struct, frozen=True, kw_only=True):
    """Mean power of the machine's meters over some seconds."""

    power_w: float | None
    """[W] Processor and graphics cards; null where none can be read."""
    boundary: str
    """What that covers."""


def power_now(roots: Roots | None = None, *, seconds: float = 2.0) -> PowerNow:
    """Read the meters that are used for some seconds, to set beside the user's wall meter.

    Args:
        roots: where to look; the running system by default.
        seconds: [s] Length of the mean.
    """
    found = ladder.find(roots)
    chosen = {info.id for info in ladder.choose(entry.info for entry in found).values()}
    used = [entry for entry in found if entry.info.id in chosen and entry.info.component in ("cpu", "gpu")]
    made = Bench(used)
    made.start()
    try:
        windows = made.idle("now", seconds)
    finally:
        made.stop()
    means = [statistics.fmean(values) for values in windows.values() if values]
    covered = " + ".join(entry.info.covers for entry in used if windows.get(entry.info.id))
    return PowerNow(power_w=sum(means) if means else None, boundary=covered)


def _check(watch: Watch, live: Liveness) -> MeterCheck:
    points = watch.points()
    changes = [now.t_s for before, now in itertools.pairwise(points) if now.energy_j != before.energy_j]
    return MeterCheck(
        meter=watch.info.id, idle_w=live.idle_w, load_w=live.load_w, alive=live.alive, refresh_s=_median_gap_s(changes),
        num_readings=len(points), num_gaps=sum(watch.gaps().values()), cpu_share=watch.cpu_share(),
    )  # fmt: skip


def _median_gap_s(times: Iterable[float]) -> float | None:
    every = list(times)
    gaps = [now - before for before, now in itertools.pairwise(every)]
    return statistics.median(gaps) if gaps else None
