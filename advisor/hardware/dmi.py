"""Memory modules as the firmware's SMBIOS table describes them. On Linux only the administrator may read it."""

import struct

import msgspec

from advisor.hardware.reading import UnreadableError, read_bytes
from advisor.hardware.roots import Roots

SOURCE = "/sys/firmware/dmi/tables/DMI"
_MEMORY_DEVICE = 17
_END_OF_TABLE = 127


class MemoryModule(msgspec.Struct, frozen=True, kw_only=True):
    """One populated memory slot."""

    width_bits: int
    """Data lines, without those for error correction."""
    rate_mt_per_s: int
    """[MT/s] Transfers per second and line at the speed it runs at."""


def read_modules(roots: Roots) -> tuple[MemoryModule, ...]:
    """Return the populated modules that state width and speed.

    Raises:
        UnreadableError: the table is missing or may not be read.
    """
    return parse_modules(read_bytes(roots.sys / "firmware/dmi/tables/DMI"))


def parse_modules(table: bytes) -> tuple[MemoryModule, ...]:
    """Return the modules in an SMBIOS structure table; a table cut short gives those before the cut.

    Source: DMTF DSP0134, SMBIOS 3, 7.18 Memory Device (type 17).
    """
    modules: list[MemoryModule] = []
    offset = 0
    while offset + 4 <= len(table):
        kind, length = table[offset], table[offset + 1]
        if length < 4 or kind == _END_OF_TABLE:
            break
        if kind == _MEMORY_DEVICE:
            module = _parse_module(table[offset : offset + length])
            if module is not None:
                modules.append(module)
        end = table.find(b"\0\0", offset + length)
        if end < 0:
            break
        offset = end + 2
    return tuple(modules)


def _word(structure: bytes, offset: int, form: str) -> int:
    size = struct.calcsize(form)
    return int(struct.unpack_from(form, structure, offset)[0]) if offset + size <= len(structure) else 0


def _parse_module(structure: bytes) -> MemoryModule | None:
    width_bits, size = _word(structure, 0x0A, "<H"), _word(structure, 0x0C, "<H")
    speed = _word(structure, 0x20, "<H") or _word(structure, 0x15, "<H")
    if speed == 0xFFFF:  # "see the extended field"
        speed = _word(structure, 0x58, "<I") or _word(structure, 0x54, "<I")
    if size in (0, 0xFFFF) or width_bits not in (8, 16, 32, 64, 128) or not 0 < speed < 100_000:
        return None
    return MemoryModule(width_bits=width_bits, rate_mt_per_s=speed)


def bandwidth(modules: tuple[MemoryModule, ...], *, num_channels: int | None) -> float:
    """Return [B/s] the theoretical bandwidth: transfers per second x width of the channels in use.

    Args:
        modules: populated modules.
        num_channels: channels of 64 bits the processor has; null if not known.

    Raises:
        UnreadableError: no module states its speed, or the channels are not known although it matters.
    """
    if not modules:
        raise UnreadableError("the modules do not state their speed")
    rate = min(module.rate_mt_per_s for module in modules)
    width_bits = sum(module.width_bits for module in modules)
    if num_channels is not None:
        width_bits = min(width_bits, num_channels * 64)
    elif len(modules) > 1:
        raise UnreadableError(
            f"{len(modules)} modules at {rate} MT/s, but how many channels the processor has is not known"
        )
    return rate * 1e6 * width_bits / 8
