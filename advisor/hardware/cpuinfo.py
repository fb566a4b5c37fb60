"""What `/proc/cpuinfo` says of the processor, on x86 and ARM."""

import re

import msgspec

from advisor.hardware.reading import parse_float

_X86_SETS = {
    "avx2": "avx2", "f16c": "f16c", "fma": "fma", "avx512f": "avx512f", "avx512_vnni": "avx512_vnni",
    "avx_vnni": "avx_vnni", "amx_int8": "amx_int8", "amx_bf16": "amx_bf16", "avx512_bf16": "avx512_bf16",
}  # fmt: skip
_ARM_SETS = {
    "asimd": "neon", "neon": "neon", "asimddp": "dotprod", "i8mm": "i8mm", "bf16": "bf16", "sve": "sve",
}  # fmt: skip
_ORDER = (*_X86_SETS.values(), "neon", "dotprod", "i8mm", "bf16", "sve")

_VENDORS = {
    "GenuineIntel": "Intel", "AuthenticAMD": "AMD", "HygonGenuine": "Hygon", "CentaurHauls": "Zhaoxin",
    "Shanghai": "Zhaoxin",
}  # fmt: skip

# Source: main ID register codes as Linux lists them in arch/arm64/include/asm/cputype.h.
_IMPLEMENTERS = {
    0x41: "ARM", 0x42: "Broadcom", 0x43: "Cavium", 0x46: "Fujitsu", 0x48: "HiSilicon", 0x4E: "NVIDIA",
    0x50: "Applied Micro", 0x51: "Qualcomm", 0x61: "Apple", 0xC0: "Ampere",
}  # fmt: skip
_PARTS = {
    (0x41, 0xD03): "Cortex-A53", (0x41, 0xD04): "Cortex-A35", (0x41, 0xD05): "Cortex-A55", (0x41, 0xD07): "Cortex-A57",
    (0x41, 0xD08): "Cortex-A72", (0x41, 0xD09): "Cortex-A73", (0x41, 0xD0A): "Cortex-A75", (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse-N1", (0x41, 0xD0D): "Cortex-A77", (0x41, 0xD40): "Neoverse-V1",
    (0x41, 0xD41): "Cortex-A78", (0x41, 0xD44): "Cortex-X1", (0x41, 0xD46): "Cortex-A510", (0x41, 0xD47): "Cortex-A710",
    (0x41, 0xD48): "Cortex-X2", (0x41, 0xD49): "Neoverse-N2", (0x41, 0xD4B): "Cortex-A78C",
    (0x41, 0xD4D): "Cortex-A715", (0x41, 0xD4E): "Cortex-X3", (0x41, 0xD4F): "Neoverse-V2",
    (0x46, 0x001): "A64FX", (0xC0, 0xAC3): "Ampere-1", (0xC0, 0xAC4): "Ampere-1a",
}  # fmt: skip


class CpuInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What one `/proc/cpuinfo` says."""

    vendor: str | None = None
    model: str | None = None
    num_processors: int = 0
    flags: frozenset[str] = frozenset()
    frequency_hz: float | None = None
    """[Hz] Clock at the moment of reading, not the highest."""
    num_cores: int | None = None
    """Distinct pairs of socket and core, where stated."""
    is_arm: bool = False


def parse_cpuinfo(text: str) -> CpuInfo:
    """Return what the text of `/proc/cpuinfo` says; what it does not say stays unknown."""
    blocks = [_block(part) for part in re.split(r"\n\s*\n", text)]
    processors = [block for block in blocks if "processor" in block]
    if not processors:
        return CpuInfo()
    first = processors[0]
    is_arm = "cpu implementer" in first
    places = [(block.get("physical id"), block.get("core id")) for block in processors]
    cores = {place for place in places if None not in place}
    clocks = [hz for block in processors if (hz := parse_float(block.get("cpu mhz", ""))) is not None]
    vendor, model = _arm_names(processors, blocks) if is_arm else _x86_names(first)
    return CpuInfo(
        vendor=vendor,
        model=model,
        num_processors=len(processors),
        flags=frozenset((first.get("flags") or first.get("features") or "").split()),
        frequency_hz=max(clocks) * 1e6 if clocks else None,
        num_cores=len(cores) or None,
        is_arm=is_arm,
    )


def _block(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _x86_names(block: dict[str, str]) -> tuple[str | None, str | None]:
    vendor = block.get("vendor_id", "")
    return _VENDORS.get(vendor, vendor) or None, " ".join(block.get("model name", "").split()) or None


def _arm_names(processors: list[dict[str, str]], blocks: list[dict[str, str]]) -> tuple[str | None, str | None]:
    kinds: list[str] = []
    vendor = None
    for block in processors:
        implementer, part = _hex(block.get("cpu implementer")), _hex(block.get("cpu part"))
        if implementer is None or part is None:
            continue
        maker = _IMPLEMENTERS.get(implementer)
        vendor = vendor or maker
        kind = _PARTS.get((implementer, part)) or f"{maker or f'maker {implementer:#x}'} part {part:#x}"
        if kind not in kinds:
            kinds.append(kind)
    board = next((block["model"] for block in blocks if "processor" not in block and block.get("model")), None)
    model = " + ".join(kinds[:4]) or None
    if model and board:
        model = f"{model} ({board})"
    return vendor, model or board


def _hex(text: str | None) -> int | None:
    if text is None or not re.fullmatch(r"0x[0-9a-fA-F]{1,4}", text):
        return None
    return int(text, 16)


def instruction_sets(flags: frozenset[str], *, is_arm: bool) -> tuple[str, ...]:
    """Return the instruction sets that matter to ONNX Runtime, in the order of the field's documentation."""
    names = _ARM_SETS if is_arm else _X86_SETS
    found = {names[flag] for flag in flags if flag in names}
    return tuple(name for name in _ORDER if name in found)
