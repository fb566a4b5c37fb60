"""Intel graphics, by what the i915 and xe drivers show in sysfs."""

from advisor.hardware import pci
from advisor.hardware.model import Fact, GpuFacts, MemoryFacts
from advisor.hardware.reading import attempt, find_int, find_text, folders, known, missing
from advisor.hardware.roots import Roots

_BUILT_IN_SLOT = "0000:00:02.0"
_NOT_STATED = "the driver does not state the memory of the card"


def collect(roots: Roots, memory: MemoryFacts) -> tuple[GpuFacts, ...]:
    """Return the Intel graphics processors; built-in ones share the main memory, whose facts are repeated."""
    return tuple(_facts(roots, card, memory) for card in pci.read_cards(roots) if card.vendor == pci.INTEL)


def read_unified(card: pci.Card) -> bool:
    """Return whether it is built in. Intel has built-in graphics at PCI slot 00:02.0 and nowhere else."""
    return card.folder.resolve().name == _BUILT_IN_SLOT


def read_total(card: pci.Card) -> int | None:
    """Return [B] the memory of a card, where the driver states it.

    The xe driver states it per tile, reserved pages included; of the i915 drivers only Intel's own package does.
    """
    stated = (find_int(place / "lmem_total_bytes") for place in (card.folder.parent, card.folder))
    tiles = (find_int(tile / "physical_vram_size_bytes") for tile in folders(card.folder, r"tile[0-9]+"))
    return next((size for size in stated if size), None) or sum(size for size in tiles if size) or None


def _shared(fact: Fact[int]) -> Fact[int]:
    if fact.value is None:
        return fact
    return known(fact.value, f"{fact.source}, shared with the processor")


def _limit(card: pci.Card) -> Fact[float]:
    driver = card.driver or "i915"
    return attempt(f"{driver}, sysfs", lambda: pci.read_power_limit(card.folder, driver, "power1_max"))


def _driver(roots: Roots, card: pci.Card) -> str | None:
    kernel = find_text(roots.proc / "sys/kernel/osrelease")
    return f"{card.driver}, Linux {kernel}" if card.driver and kernel else card.driver


def _facts(roots: Roots, card: pci.Card, memory: MemoryFacts) -> GpuFacts:
    unified = read_unified(card)
    source = f"{card.driver or 'no driver'}, sysfs"
    return GpuFacts(
        vendor=known("Intel", "PCI"),
        name=attempt("PCI names", lambda: pci.read_name(roots, card.vendor, card.device)),
        total_bytes=_shared(memory.total_bytes)
        if unified
        else attempt(source, lambda: read_total(card), why=_NOT_STATED),
        free_bytes=_shared(memory.available_bytes) if unified else missing(source, _NOT_STATED),
        unified_memory=known(unified, "PCI slot"),
        memory_bandwidth_bytes_per_s=memory.speed_bytes_per_s
        if unified
        else missing(source, "the driver states neither kind nor width of the memory"),
        power_limit_w=missing(source, "it is part of the processor's limit") if unified else _limit(card),
        driver=attempt(source, lambda: _driver(roots, card), why="no driver is in use"),
    )
