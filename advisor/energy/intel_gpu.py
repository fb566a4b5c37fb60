"""Energy counters of Intel graphics cards by the sensors of the i915 and xe drivers."""

import time
from functools import partial
from pathlib import Path

import msgspec

from advisor.energy.card import first_readable, read_name, remedy
from advisor.energy.count_file import SYSTEM, CountFile, Files
from advisor.energy.counter import Counter
from advisor.energy.meter import Channel, Clock, CounterMeter, Found, Meter, MeterError, absent, locked, reason
from advisor.energy.model import MeterInfo
from advisor.hardware import intel, pci
from advisor.hardware.reading import find_int
from advisor.hardware.roots import Roots

DRIVERS = ("i915", "xe")
UNIT_J = 1e-6
HIDDEN_RANGE_J = 2.0**32 * 2.0**-14
"""[J] The register behind the count has 32 bits of usually 2^-14 J; the driver undoes one wrap between two reads.
Source: Linux, drivers/gpu/drm/i915/i915_hwmon.c, `hwm_energy`."""
LOOSE_LIMIT_W = 1000.0
"""[W] Where the driver states no limit: no card draws this for long."""
_FILES = ("energy1_input", "energy2_input")
"""Of xe: the card, the package; i915 has the first only, and it is the package's."""
_LIMITS = ("power1_max", "power1_rated_max", "power2_max", "power2_rated_max")

CARD = MeterInfo(
    id="intel-gpu",
    name="Intel graphics, by its driver",
    component="gpu",
    covers="graphics card",
    method="counter",
    native_unit="µJ",
    resolution_j=2.0**-14,
    refresh_s=0.01,
    permission="any user",
    grade="A",
    k_scale=1.1,
)
"""Refresh and scale are assumed: no source states them."""


def find(roots: Roots, *, files: Files = SYSTEM, clock: Clock = time.perf_counter) -> tuple[Found, ...]:
    """Return one meter for each Intel graphics processor; built-in ones are counted with the processor.

    Args:
        roots: where to look.
        files: the door to files.
        clock: now, in seconds.
    """
    cards = [card for card in pci.read_cards(roots) if card.vendor == pci.INTEL]
    if not cards:
        return (absent(CARD, "no Intel graphics is visible"),)
    return tuple(_found(roots, card, index, files, clock) for index, card in enumerate(cards))


def _found(roots: Roots, card: pci.Card, index: int, files: Files, clock: Clock) -> Found:
    name = read_name(roots, card, "Intel graphics")
    info = msgspec.structs.replace(CARD, id=f"intel-gpu:{index}", name=f"{name}, by its driver")
    if intel.read_unified(card):
        return absent(info, "built-in graphics is inside the processor package and counted there")
    driver = card.driver or ""
    sensors = pci.hwmon(card.folder, driver) if driver in DRIVERS else None
    if sensors is None:
        return absent(info, "the driver shows no sensors; i915 does so since Linux 6.2, xe since 6.5")
    info = msgspec.structs.replace(info, limit_w=_limit_w(sensors))
    try:
        path = first_readable(tuple(sensors / file for file in _FILES), files)
    except PermissionError:
        return locked(info, "only the administrator may read it", remedy(driver, _FILES))
    if path is None:
        return absent(info, "the driver states no energy")
    if driver == "i915" or path.name != _FILES[0]:
        info = msgspec.structs.replace(info, covers="graphics package; not the rest of the card")
    return Found(info=info, open=partial(_open, info, path, files, clock))


def _limit_w(sensors: Path) -> float | None:
    """Highest limit the driver states; 0 is one that is off."""
    stated = [limit_uw / 1e6 for name in _LIMITS if (limit_uw := find_int(sensors / name))]
    return max(stated) if stated and max(stated) <= LOOSE_LIMIT_W else None


def _open(info: MeterInfo, path: Path, files: Files, clock: Clock) -> Meter:
    try:
        file = CountFile(path, files)
    except OSError as error:
        raise MeterError(reason(error)) from error
    counter = Counter(
        unit_j=UNIT_J, limit_w=info.limit_w or LOOSE_LIMIT_W, refresh_s=info.refresh_s, hidden_range_j=HIDDEN_RANGE_J
    )
    return CounterMeter(info, (Channel(read=file.read, counter=counter),), close=file.close, clock=clock)
