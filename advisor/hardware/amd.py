"""AMD graphics, by what the amdgpu driver shows in sysfs."""

from advisor.hardware import pci
from advisor.hardware.model import Fact, GpuFacts
from advisor.hardware.reading import attempt, find_int, find_text, known, missing
from advisor.hardware.roots import Roots

_SYSFS = "amdgpu, sysfs"


def collect(roots: Roots) -> tuple[GpuFacts, ...]:
    """Return the AMD graphics processors."""
    return tuple(_facts(roots, card) for card in pci.read_cards(roots) if card.vendor == pci.AMD)


def read_unified(card: pci.Card) -> bool | None:
    """Return whether a graphics processor shares the main memory; null if the driver does not tell.

    Source: Linux, drivers/gpu/drm/amd/pm/amdgpu_pm.c: only processors with built-in graphics show the north bridge
    voltage `vddnb`, only cards of their own a power cap (Van Gogh shows both; MI300A shows the
    cap only and is taken for a card of its own).
    """
    sensors = pci.hwmon(card.folder, "amdgpu")
    if sensors is None:
        return None
    labels = {find_text(sensors / f"in{index}_label") for index in range(4)}
    if "vddnb" in labels:
        return True
    return False if find_int(sensors / "power1_cap") else None


def read_memory(card: pci.Card, *, unified: bool) -> tuple[int, int] | None:
    """Return [B] total and free graphics memory; for a shared one, with the part of main memory it may take."""
    kinds = ("vram", "gtt") if unified else ("vram",)
    totals = [find_int(card.folder / f"mem_info_{kind}_total") for kind in kinds]
    used = [find_int(card.folder / f"mem_info_{kind}_used") for kind in kinds]
    if not totals[0]:
        return None
    total = sum(value or 0 for value in totals)
    return total, max(total - sum(value or 0 for value in used), 0)


def _driver(roots: Roots, card: pci.Card) -> str | None:
    if card.driver is None:
        return None
    kernel = find_text(roots.proc / "sys/kernel/osrelease")
    return f"{card.driver}, Linux {kernel}" if kernel else card.driver


def _name(roots: Roots, card: pci.Card) -> Fact[str]:
    stated = attempt(_SYSFS, lambda: find_text(card.folder / "product_name"))
    return stated if stated.value else attempt("PCI names", lambda: pci.read_name(roots, card.vendor, card.device))


def _facts(roots: Roots, card: pci.Card) -> GpuFacts:
    unified = attempt(_SYSFS, lambda: read_unified(card), why="the driver does not tell")
    why = "the amdgpu driver is not in use" if card.driver != "amdgpu" else "the driver does not state it"
    memory = attempt(_SYSFS, lambda: read_memory(card, unified=unified.value is True), why=why)
    return GpuFacts(
        vendor=known("AMD", "PCI"),
        name=_name(roots, card),
        total_bytes=attempt(_SYSFS, lambda: memory.value[0] if memory.value else None, why=why),
        free_bytes=attempt(_SYSFS, lambda: memory.value[1] if memory.value else None, why=why),
        unified_memory=unified,
        memory_bandwidth_bytes_per_s=missing(_SYSFS, "the driver states neither kind nor width of the memory"),
        power_limit_w=attempt(_SYSFS, lambda: pci.read_power_limit(card.folder, "amdgpu", "power1_cap")),
        driver=attempt(_SYSFS, lambda: _driver(roots, card), why="no driver is in use"),
    )
