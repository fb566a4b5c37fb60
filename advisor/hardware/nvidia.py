"""NVIDIA graphics, by NVML (`pynvml`), and by sysfs where the driver does not answer."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from advisor.hardware import pci
from advisor.hardware.model import Fact, GpuFacts
from advisor.hardware.reading import attempt, blank, known, missing
from advisor.hardware.roots import Roots

T = TypeVar("T")
_NVML = "NVML"
_NO_DRIVER = "the NVIDIA driver does not answer"
_log = logging.getLogger(__name__)


def collect(roots: Roots) -> tuple[tuple[GpuFacts, ...], str | None]:
    """Return the NVIDIA graphics processors and a note where the driver does not answer."""
    if roots.nvml:
        found, why = read_nvml()
        if found:
            return found, None
    else:
        why = None
    cards = tuple(card for card in pci.read_cards(roots) if card.vendor == pci.NVIDIA)
    facts = tuple(_without_driver(roots, card) for card in cards)
    return facts, (f"An NVIDIA card is there, but {why or _NO_DRIVER}." if facts else None)


def _without_driver(roots: Roots, card: pci.Card) -> GpuFacts:
    return msgspec.structs.replace(
        blank(GpuFacts, _NVML, _NO_DRIVER),
        vendor=known("NVIDIA", "PCI"),
        name=attempt("PCI names", lambda: pci.read_name(roots, card.vendor, card.device)),
        driver=attempt("PCI", lambda: card.driver, why="no driver is in use"),
    )


def read_nvml() -> tuple[tuple[GpuFacts, ...], str | None]:
    """Return what NVML says of each device, or nothing and the reason. Never raises."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception as error:  # noqa: BLE001 - no library, no driver, another version: all the same to the user
        _log.debug("NVML cannot be used", exc_info=True)
        return (), f"the driver does not answer: {error}"
    try:
        driver = _ask(pynvml.nvmlSystemGetDriverVersion)
        return tuple(_device(pynvml, index, driver) for index in range(_count(pynvml))), None
    finally:
        attempt(_NVML, pynvml.nvmlShutdown)


def _count(nvml: Any) -> int:  # noqa: ANN401 - an untyped library
    return attempt(_NVML, lambda: int(nvml.nvmlDeviceGetCount())).value or 0


def _ask(read: Callable[[], T | None]) -> Fact[T]:
    """Return one answer of NVML; `not supported` and the like become the reason."""
    reasons: list[str] = []

    def guarded() -> T | None:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - NVML has one exception class per status
            reasons.append(f"the driver answers: {error}")
            return None

    fact = attempt(_NVML, guarded)
    return missing(_NVML, reasons[0]) if reasons else fact


def bandwidth(clock_mhz: int, width_bits: int) -> float | None:
    """Return [B/s] theoretical memory bandwidth: two transfers per cycle of the clock NVML states x bus width.

    Source: nvml.h gives the memory clock in MHz; a GeForce RTX 4090 states 10,501 MHz and 384 bits, and is sold with
    1,008 GB/s.
    """
    return clock_mhz * 1e6 * 2 * width_bits / 8 or None


def _sizes(memory: Any) -> tuple[int, int]:  # noqa: ANN401 - an untyped library
    return int(memory.total), int(memory.free)


def _own() -> Fact[bool]:
    return known(False, f"{_NVML}, memory of its own")


def _device(nvml: Any, index: int, driver: Fact[str]) -> GpuFacts:  # noqa: ANN401 - an untyped library
    handle = _ask(lambda: nvml.nvmlDeviceGetHandleByIndex(index))
    if handle.value is None:
        return msgspec.structs.replace(
            blank(GpuFacts, _NVML, handle.why_unknown or _NO_DRIVER), vendor=known("NVIDIA", _NVML), driver=driver
        )
    device = handle.value
    memory = _ask(lambda: _sizes(nvml.nvmlDeviceGetMemoryInfo(device)))
    sizes, why = memory.value, memory.why_unknown or ""
    return GpuFacts(
        vendor=known("NVIDIA", _NVML),
        name=_ask(lambda: nvml.nvmlDeviceGetName(device) or None),
        total_bytes=missing(_NVML, why) if sizes is None else known(sizes[0], _NVML),
        free_bytes=missing(_NVML, why) if sizes is None else known(sizes[1], _NVML),
        # Chips that share the main memory (Jetson, GB10) answer `not supported` here.
        unified_memory=missing(_NVML, "the driver states no memory of its own") if sizes is None else _own(),
        memory_bandwidth_bytes_per_s=_ask(
            lambda: bandwidth(
                nvml.nvmlDeviceGetMaxClockInfo(device, nvml.NVML_CLOCK_MEM), nvml.nvmlDeviceGetMemoryBusWidth(device)
            )
        ),
        power_limit_w=_ask(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(device) / 1000 or None),
        driver=driver,
    )
