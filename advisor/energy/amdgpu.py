"""Power of AMD graphics by the sensors of the amdgpu driver: cards, and processors with built-in graphics."""

import time
from functools import partial
from pathlib import Path

import msgspec

from advisor.energy.card import first_readable, read_name, remedy
from advisor.energy.count_file import SYSTEM, CountFile, Files
from advisor.energy.meter import Clock, Found, Meter, MeterError, PowerMeter, absent, locked, reason
from advisor.energy.model import MeterInfo
from advisor.hardware import amd, pci
from advisor.hardware.reading import UnreadableError
from advisor.hardware.roots import Roots

DRIVER = "amdgpu"
_FILES = ("power1_input", "power1_average")
_REFRESH_S = {"power1_input": 0.1, "power1_average": 1.0}
"""[s] Assumed: the driver's manual states none; firmware averages over up to a second."""
_W_PER_COUNT = 1e-6

CARD = MeterInfo(
    id="amdgpu",
    name="AMD graphics, by the amdgpu driver",
    component="gpu",
    covers="graphics card",
    method="integral",
    native_unit="µW",
    refresh_s=_REFRESH_S["power1_average"],
    permission="any user",
    grade="B",
    k_scale=1.15,
)


def find(roots: Roots, *, files: Files = SYSTEM, clock: Clock = time.perf_counter) -> tuple[Found, ...]:
    """Return one meter for each AMD graphics processor.

    A processor with built-in graphics states the power of both together: its meter belongs to the processor, has an
    id that starts with `amdgpu-apu` and is never added to RAPL.

    Args:
        roots: where to look.
        files: the door to files.
        clock: now, in seconds.
    """
    cards = [card for card in pci.read_cards(roots) if card.vendor == pci.AMD]
    if not cards:
        return (absent(CARD, "no AMD graphics is visible"),)
    return tuple(_found(roots, card, index, files, clock) for index, card in enumerate(cards))


def _found(roots: Roots, card: pci.Card, index: int, files: Files, clock: Clock) -> Found:
    name = read_name(roots, card, "AMD graphics")
    info = msgspec.structs.replace(CARD, id=f"amdgpu:{index}", name=f"{name}, by the amdgpu driver")
    sensors = pci.hwmon(card.folder, DRIVER)
    if sensors is None:
        return absent(info, "the amdgpu driver is not in use or shows no sensors")
    unified = amd.read_unified(card)
    if unified:
        info = msgspec.structs.replace(
            info, id=f"amdgpu-apu:{index}", component="cpu", covers="processor and built-in graphics together"
        )
    try:
        path = first_readable(tuple(sensors / file for file in _FILES), files)
    except PermissionError:
        return locked(info, "only the administrator may read it", remedy(DRIVER, _FILES))
    if path is None:
        return absent(info, "the driver states no power")
    if unified is None:
        why = "the driver does not tell whether the figure includes the processor"
        return Found(info=msgspec.structs.replace(info, state="refused", why=why))
    info = msgspec.structs.replace(info, refresh_s=_REFRESH_S[path.name], limit_w=_limit_w(card))
    return Found(info=info, open=partial(_open, info, path, files, clock))


def _limit_w(card: pci.Card) -> float | None:
    try:
        return pci.read_power_limit(card.folder, DRIVER, "power1_cap")
    except UnreadableError:
        return None


def _open(info: MeterInfo, path: Path, files: Files, clock: Clock) -> Meter:
    try:
        file = CountFile(path, files)
    except OSError as error:
        raise MeterError(reason(error)) from error
    return PowerMeter(info, lambda: file.read() * _W_PER_COUNT, close=file.close, clock=clock)
