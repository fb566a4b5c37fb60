"""RAPL counters of the processor by Linux powercap, for Intel and AMD: packages, memory, platform."""

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from advisor.energy.count_file import SYSTEM, CountFile, Files, open_all
from advisor.energy.counter import Counter
from advisor.energy.meter import Channel, Clock, CounterMeter, Found, Meter, MeterError, absent, locked, reason
from advisor.energy.mirror import Mirrors
from advisor.energy.model import MeterInfo
from advisor.hardware.powercap import package_limit
from advisor.hardware.reading import find_int, find_text, folders
from advisor.hardware.roots import Roots

FILE_NAME = "energy_uj"
UNIT_J = 1e-6
REFRESH_S = 0.001
"""[s] Source: Intel SDM volume 3, 16.10.3, about 1 ms."""
LOOSE_LIMIT_W = 1000.0
"""[W] Where no limit is stated or it is not enforced: no package draws this for long."""
_MIRROR_ROUNDS = 8
_MIRROR_PAUSE_S = 0.002
RULE_FILE = "/etc/udev/rules.d/70-energy-meter.rules"
RULE = (
    'SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", RUN+="/usr/bin/chgrp energy /sys/%p/energy_uj", '
    'RUN+="/usr/bin/chmod g+r /sys/%p/energy_uj"'
)
"""Form of the rule of benchexec (Apache-2.0) for its own group."""
REMEDY = f"""Give a group of trusted people the right to read it. Run once, as administrator:
sudo groupadd --system --force energy
sudo usermod --append --groups energy "$USER"
echo '{RULE}' | sudo tee {RULE_FILE}
sudo udevadm control --reload
sudo udevadm trigger --subsystem-match=powercap --action=add
Then log out and in again. To undo it: sudo rm {RULE_FILE}, and start the computer again."""
WHY_LOCKED = (
    "only the administrator may read it: since Linux 5.10, as its steps can betray secrets of other programs "
    "(PLATYPUS, CVE-2020-8694)"
)

PACKAGE = MeterInfo(
    id="rapl",
    name="RAPL of the processor, by powercap",
    component="cpu",
    covers="processor package",
    method="counter",
    native_unit="µJ",
    resolution_j=UNIT_J,
    refresh_s=REFRESH_S,
    permission="root, or a group the user sets up",
    grade="A",
    k_scale=1.1,
)
MEMORY = msgspec.structs.replace(
    PACKAGE, id="rapl-dram", name="RAPL of the memory, by powercap", component="ram", covers="memory modules"
)
PLATFORM = msgspec.structs.replace(
    PACKAGE,
    id="rapl-psys",
    name="RAPL of the platform, by powercap",
    component="platform",
    covers="what the board's maker wired to it, processor package included",
)


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One zone of powercap that is measured."""

    folder: Path
    name: str
    """`package-0`, `package-0-die-1`, `dram`, `psys`."""
    package: str
    """Name of the top zone."""
    mmio: bool

    @property
    def limit_w(self) -> float | None:
        """[W] What it draws at most for seconds; null where it is not stated or not enforced."""
        if find_int(self.folder / "enabled") == 0:
            return None
        stated = [package_limit(self.folder, kind) for kind in ("long_term", "short_term")]
        known = [limit_w for limit_w in stated if limit_w is not None]
        return max(known) if known and max(known) <= LOOSE_LIMIT_W else None


def read_zones(roots: Roots) -> tuple[Zone, ...]:
    """Return packages, their memory and the platform, by name.

    Core and uncore are parts of a package and no zones of their own. What both the MSR and the MMIO driver show is
    taken from the MSR driver.
    """
    found: list[Zone] = []
    top: dict[str, str] = {}
    for folder in folders(roots.sys / "class/powercap", r"intel-rapl(-mmio)?:[0-9]+(:[0-9]+)?"):
        name = find_text(folder / "name") or ""
        parent = folder.name.rpartition(":")[0]
        if ":" not in parent:
            top[folder.name] = name
        if _measured(name, is_part=":" in parent):
            package = top.get(parent, name) if ":" in parent else name
            found.append(Zone(folder=folder, name=name, package=package, mmio="-mmio" in folder.name))
    msr = {(zone.package, zone.name) for zone in found if not zone.mmio}
    return tuple(zone for zone in found if not zone.mmio or (zone.package, zone.name) not in msr)


def _measured(name: str, *, is_part: bool) -> bool:
    return name == "dram" if is_part else name == "psys" or name.startswith("package")


def find(
    roots: Roots, *, files: Files = SYSTEM, clock: Clock = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Found, ...]:  # fmt: skip
    """Return the meters of packages, memory and platform.

    Args:
        roots: where to look.
        files: the door to files.
        clock: now, in seconds.
        sleep: waits between the reads that tell mirrored dies.
    """
    zones = read_zones(roots)
    packages = tuple(zone for zone in zones if zone.name.startswith("package"))
    if not packages:
        shown = (roots.sys / "class/powercap").is_dir()
        return (absent(PACKAGE, "powercap shows no processor package" if shown else "this system has no powercap"),)
    way = _Way(files=files, clock=clock, sleep=sleep)
    refused = next((zone for zone in packages if way.problem(zone) is not None), None)
    return (
        way.found(msgspec.structs.replace(PACKAGE, covers=_covers(packages)), packages, refused),
        way.found(MEMORY, tuple(zone for zone in zones if zone.name == "dram"), refused),
        way.found(PLATFORM, tuple(zone for zone in zones if zone.name == "psys")[:1], refused),
    )


def _covers(packages: tuple[Zone, ...]) -> str:
    sockets = {re.match(r"package-[0-9]+|", zone.name)[0] for zone in packages}  # type: ignore[index]
    return "processor package" if len(sockets) == 1 else f"{len(sockets)} processor packages"


class _Way:
    """How zones are opened."""

    def __init__(self, *, files: Files, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._files = files
        self._clock = clock
        self._sleep = sleep

    def problem(self, zone: Zone) -> OSError | None:
        """Return why a zone's counter cannot be opened; a read that fails is no reason, it may succeed next time."""
        try:
            file = CountFile(zone.folder / FILE_NAME, self._files)
        except OSError as error:
            return error
        try:
            file.read()
        except PermissionError as error:
            return error
        except (OSError, MeterError):
            return None
        finally:
            file.close()
        return None

    def found(self, info: MeterInfo, zones: tuple[Zone, ...], refused: Zone | None) -> Found:
        """Return one meter over zones; `refused`: a package that cannot be read, so that nothing is."""
        if not zones:
            return absent(info, "this processor has none")
        limits_w = [zone.limit_w for zone in zones]
        known = [limit_w for limit_w in limits_w if limit_w is not None]
        info = msgspec.structs.replace(info, limit_w=sum(known) if len(known) == len(zones) else None)
        bad = refused or next((zone for zone in zones if self.problem(zone) is not None), None)
        problem = self.problem(bad) if bad is not None else None
        if bad is None or problem is None:
            return Found(info=info, open=partial(self._open, info, zones, limits_w))
        if isinstance(problem, PermissionError):
            return locked(info, WHY_LOCKED, REMEDY)
        why = f"{bad.name} cannot be read: {reason(problem)}"
        return Found(info=msgspec.structs.replace(info, state="refused", why=why))

    def _open(self, info: MeterInfo, zones: tuple[Zone, ...], limits_w: list[float | None]) -> Meter:
        try:
            opened = open_all(tuple(zone.folder / FILE_NAME for zone in zones), self._files)
        except OSError as error:
            raise MeterError(reason(error)) from error
        ranges = [find_int(zone.folder / "max_energy_range_uj") for zone in zones]
        channels = tuple(
            Channel(read=file.read, counter=_counter(range_counts, limit_w))
            for file, range_counts, limit_w in zip(opened, ranges, limits_w, strict=True)
        )

        def close() -> None:
            for file in opened:
                file.close()

        if len(zones) == 1:
            return CounterMeter(info, channels, close=close, clock=self._clock)
        mirrors = Mirrors(
            ranges_j=[size * UNIT_J if size is not None else None for size in ranges],
            limit_w=max(limit_w or LOOSE_LIMIT_W for limit_w in limits_w),
            refresh_s=REFRESH_S,
        )
        meter = CounterMeter(info, channels, close=close, clock=self._clock, mirrors=mirrors)
        for _ in range(_MIRROR_ROUNDS):
            meter.read()
            if mirrors.decided:
                break
            self._sleep(_MIRROR_PAUSE_S)
        return meter


def _counter(range_counts: int | None, limit_w: float | None) -> Counter:
    return Counter(
        unit_j=UNIT_J, range_counts=range_counts, limit_w=limit_w or LOOSE_LIMIT_W, refresh_s=REFRESH_S
    )  # fmt: skip
