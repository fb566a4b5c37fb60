"""What the user says instead of what was read: plan for 16 GiB, for eight cores, for a card not bought yet."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from advisor import units
from advisor.errors import InvalidInputError
from advisor.hardware import value_text
from advisor.hardware.consequence import consequences
from advisor.hardware.fingerprint import fingerprint
from advisor.hardware.model import Fact, GpuFacts, HardwareProfile
from advisor.hardware.reading import blank
from advisor.hardware.value_text import Parser

MAX_GPUS = 16
SOURCE = "user"
_GPU_FIELD = re.compile(r"gpus\.([0-9]{1,3})\.([a-z_]+)", re.ASCII)


class OverrideField(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that may be overridden."""

    path: str
    """Place in the profile, the key of `apply`; `gpus.0` stands for any graphics processor."""
    label: str
    unit: str | None
    """Unit a value needs, or null for names, counts and choices."""
    example: str


class _Rule(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    unit: str | None
    example: str
    parse: Parser


def _rule(label: str, unit: str | None, example: str, parse: Parser) -> _Rule:
    return _Rule(label=label, unit=unit, example=example, parse=parse)


_RULES: dict[str, _Rule] = {
    "memory.total_bytes": _rule("Memory", "GiB", "16 GiB", value_text.positive_size_bytes),
    "memory.available_bytes": _rule("Free memory", "GiB", "12 GiB", value_text.size_bytes),
    "memory.speed_bytes_per_s": _rule("Memory bandwidth", "GB/s", "50 GB/s", value_text.rate_bytes_per_s),
    "memory.swap_total_bytes": _rule("Swap space", "GiB", "2 GiB", value_text.size_bytes),
    "memory.swap_free_bytes": _rule("Free swap space", "GiB", "2 GiB", value_text.size_bytes),
    "disk.free_bytes": _rule("Free disk space", "GiB", "100 GiB", value_text.size_bytes),
    "disk.total_bytes": _rule("Disk size", "GiB", "500 GiB", value_text.positive_size_bytes),
    "cpu.model": _rule("Processor", None, "AMD Ryzen 7 7700", value_text.name),
    "cpu.vendor": _rule("Processor maker", None, "AMD", value_text.name),
    "cpu.num_physical_cores": _rule("Physical cores", None, "8", value_text.count),
    "cpu.num_logical_cores": _rule("Hardware threads", None, "16", value_text.count),
    "cpu.num_performance_cores": _rule("Fast cores", None, "6", value_text.count),
    "cpu.num_usable_cpus": _rule("Processors this app may use", None, "4", value_text.number_of_cpus),
    "cpu.num_usable_cores": _rule("Physical cores this app may use", None, "2", value_text.number_of_cpus),
    "cpu.max_frequency_hz": _rule("Highest clock", "GHz", "4.5 GHz", value_text.frequency_hz),
    "cpu.l1d_bytes": _rule("First-level cache of a core", "KiB", "32 KiB", value_text.positive_size_bytes),
    "cpu.l2_bytes": _rule("Second-level cache of a core", "MiB", "1 MiB", value_text.positive_size_bytes),
    "cpu.l3_bytes": _rule("Last-level cache", "MiB", "32 MiB", value_text.positive_size_bytes),
    "cpu.instruction_sets": _rule("Instruction sets", None, "avx2 fma", value_text.instruction_sets),
    "cpu.power_limit_w": _rule("Power limit", "W", "65 W", value_text.power_w),
    "cpu.short_power_limit_w": _rule("Power limit for a short time", "W", "90 W", value_text.power_w),
    "power.source": _rule("Power source", None, "battery", value_text.power_source),
    "power.battery_share": _rule("Battery charge", "%", "80 %", value_text.share),
    "power.battery_capacity_wh": _rule("Battery capacity", "Wh", "56 Wh", value_text.energy_wh),
    "gpus.none": _rule("Plan without a graphics processor", None, "yes", value_text.yes),
}
_GPU_RULES: dict[str, _Rule] = {
    "vendor": _rule("Graphics maker", None, "NVIDIA", value_text.name),
    "name": _rule("Graphics processor", None, "NVIDIA GeForce RTX 4060", value_text.name),
    "total_bytes": _rule("Graphics memory", "GiB", "8 GiB", value_text.positive_size_bytes),
    "free_bytes": _rule("Free graphics memory", "GiB", "7 GiB", value_text.size_bytes),
    "unified_memory": _rule("Shares the main memory", None, "no", value_text.yes),
    "memory_bandwidth_bytes_per_s": _rule("Graphics memory bandwidth", "GB/s", "272 GB/s", value_text.rate_bytes_per_s),
    "power_limit_w": _rule("Graphics power limit", "W", "115 W", value_text.power_w),
}


def fields() -> tuple[OverrideField, ...]:
    """Return what may be overridden, in the order to show it."""
    rules = [*_RULES.items(), *((f"gpus.0.{name}", rule) for name, rule in _GPU_RULES.items())]
    return tuple(
        OverrideField(path=path, label=rule.label, unit=rule.unit, example=rule.example) for path, rule in rules
    )


def apply(profile: HardwareProfile, overrides: Mapping[str, str]) -> HardwareProfile:
    """Return the profile as the user wants it; the order of the overrides does not matter.

    What follows from an override follows here: memory that others leave free, threads of the planned cores, facts of a
    processor that is replaced. A graphics processor of the next free number is added.

    Args:
        profile: read, loaded or already overridden.
        overrides: path of `fields()` -> text such as `16 GiB`.

    Raises:
        InvalidInputError: `override-unknown`, `override-invalid`, `override-contradicts`; names the field and gives an
            example.
    """
    if not overrides:
        return profile
    values = {path: _parse(path, text) for path, text in overrides.items()}
    said = {path: _fact(value) for path, value in values.items()}
    cpu = msgspec.structs.replace(profile.cpu, **_part(said, "cpu"))
    memory = msgspec.structs.replace(profile.memory, **_part(said, "memory"))
    planned = msgspec.structs.replace(
        profile,
        cpu=cpu,
        memory=memory,
        disk=msgspec.structs.replace(profile.disk, **_part(said, "disk")),
        power=msgspec.structs.replace(profile.power, **_part(said, "power")),
        gpus=_gpus(profile.gpus, said),
    )
    planned = consequences(profile, planned, frozenset(said))
    _check(planned, said)
    return msgspec.structs.replace(
        planned, fingerprint=fingerprint(planned.os, planned.cpu, planned.memory, planned.gpus)
    )


def parse_size(text: str, *, field: str) -> int:
    """Return [B] of a size with its unit, such as `16 GiB`.

    Args:
        text: as the user typed it.
        field: named in the error.

    Raises:
        InvalidInputError: `size-invalid`.
    """
    try:
        return value_text.size_bytes(text)
    except ValueError as error:
        raise InvalidInputError(
            "size-invalid",
            f"{text[:40]!r} cannot be used for {field}: {error}.",
            remedy=f"Example: {field}=16 GiB.",
            field=field,
            example="16 GiB",
        ) from error


def _fact(value: object) -> Fact[Any]:
    return Fact(value=value, source=SOURCE, origin="override")


def _rule_of(path: str) -> _Rule:
    match = _GPU_FIELD.fullmatch(path)
    rule = _GPU_RULES.get(match[2]) if match else _RULES.get(path)
    if rule is None:
        raise InvalidInputError(
            "override-unknown",
            f"{path[:80]!r} is not a fact that can be planned for.",
            remedy=f"Use one of: {', '.join(field.path for field in fields())}. Example: memory.total_bytes=16 GiB.",
            field=path,
        )
    return rule


def _parse(path: str, text: str) -> object:
    rule = _rule_of(path)
    try:
        return rule.parse(text)
    except ValueError as error:
        raise InvalidInputError(
            "override-invalid",
            f"{text[:40]!r} cannot be used for {path} ({rule.label.lower()}): {error}.",
            remedy=f"Example: {path}={rule.example}.",
            field=path,
            example=rule.example,
        ) from error


def _part(said: Mapping[str, Fact[Any]], group: str) -> dict[str, Fact[Any]]:
    prefix = f"{group}."
    return {path.removeprefix(prefix): fact for path, fact in said.items() if path.startswith(prefix)}


def _gpus(gpus: tuple[GpuFacts, ...], said: Mapping[str, Fact[Any]]) -> tuple[GpuFacts, ...]:
    without = said.get("gpus.none")
    changes: dict[int, dict[str, Fact[Any]]] = {}
    for path, fact in said.items():
        match = _GPU_FIELD.fullmatch(path)
        if match:
            changes.setdefault(int(match[1]), {})[match[2]] = fact
    if without is not None and without.value:
        if changes:
            raise _contradiction("gpus.none", "a graphics processor is described as well", "gpus.none=no")
        return ()
    found = list(gpus)
    for index in sorted(changes):
        if index > len(found) or index >= MAX_GPUS:
            path = f"gpus.{index}"
            raise _contradiction(path, f"the next graphics processor is number {len(found)}", f"gpus.{len(found)}.name")
        if index == len(found):
            found.append(_planned_gpu())
        found[index] = _changed(found[index], changes[index])
    return tuple(found)


def _planned_gpu() -> GpuFacts:
    facts = blank(GpuFacts, SOURCE, "the plan does not state it")
    return msgspec.structs.replace(facts, name=_fact("planned graphics processor"), unified_memory=_fact(False))


def _changed(gpu: GpuFacts, changes: dict[str, Fact[Any]]) -> GpuFacts:
    if "name" in changes and gpu.name.origin != "override":  # another card: what was read does not describe it
        gpu = _planned_gpu()
    if "total_bytes" in changes and "free_bytes" not in changes:
        planned = Fact(value=changes["total_bytes"].value, source="plan: nothing else on the card", origin="override")
        changes = {**changes, "free_bytes": planned}
    return msgspec.structs.replace(gpu, **changes)


def _contradiction(field: str, why: str, example: str) -> InvalidInputError:
    return InvalidInputError(
        "override-contradicts", f"{field} cannot be used: {why}.", remedy=f"Example: {example}.", field=field
    )


def _check(profile: HardwareProfile, said: Mapping[str, Fact[Any]]) -> None:
    """Refuse parts that are larger than their whole."""
    pairs: list[tuple[str, Fact[Any], Fact[Any]]] = [
        ("memory.available_bytes", profile.memory.available_bytes, profile.memory.total_bytes),
        ("memory.swap_free_bytes", profile.memory.swap_free_bytes, profile.memory.swap_total_bytes),
        ("disk.free_bytes", profile.disk.free_bytes, profile.disk.total_bytes),
        ("cpu.num_physical_cores", profile.cpu.num_physical_cores, profile.cpu.num_logical_cores),
        ("cpu.num_usable_cpus", profile.cpu.num_usable_cpus, profile.cpu.num_logical_cores),
        ("cpu.num_usable_cores", profile.cpu.num_usable_cores, profile.cpu.num_physical_cores),
    ]
    pairs += [(f"gpus.{i}.free_bytes", gpu.free_bytes, gpu.total_bytes) for i, gpu in enumerate(profile.gpus)]
    for path, part, whole in pairs:
        if path in said and part.value is not None and whole.value is not None and part.value > whole.value:
            amounts = [_shown(path, fact) for fact in (part, whole)]
            raise _contradiction(path, f"{amounts[0]} is more than the whole, {amounts[1]}", f"{path}={amounts[1]}")


def _shown(path: str, fact: Fact[Any]) -> str:
    return units.size(fact.value or 0) if path.endswith("_bytes") else f"{fact.value:g}"
