"""What vendors publish of a processor: design power, threads, memory channels. Assumed facts, the last rung."""

import re
from functools import cache
from typing import Annotated, TypeVar

import msgspec

from advisor import resources
from advisor.errors import InvalidFileError

_POWER_FILE = "hardware/cpu_power.json"
_MEMORY_FILE = "hardware/memory_bandwidth.json"
_SCHEMA = 1
_NOISE = re.compile(r"\((?:r|tm|c)\)|\bcpu\b|\bprocessor\b|@.*$|[(),]")
# "Apple M1" must not stand for "Apple M1 Pro", which has another memory.
_VARIANTS = frozenset(("pro", "max", "ultra"))

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(gt=0)]
Table = TypeVar("Table", "_CpuTable", "_MemoryTable")


class CpuReference(msgspec.Struct, frozen=True, kw_only=True):
    """One processor package as its vendor describes it; what the vendor does not state is null."""

    name: str
    vendor: str
    tdp_w: float | None
    """[W] Thermal design power, or Intel's processor base power."""
    short_power_w: float | None
    """[W] Highest power for a short time (Intel: maximum turbo power)."""
    num_cores: int | None
    num_threads: int | None
    memory_kind: str | None
    """`DDR4`, `LPDDR5`, ..."""
    memory_transfer_mt_per_s: int | None
    """[MT/s] Highest supported transfers per second and line."""
    num_memory_channels: int | None
    """Channels of 64 bits."""
    source: str
    """Vendor page the row was copied from."""
    as_of: str
    """ISO 8601 date of the table."""

    @property
    def memory_bandwidth_bytes_per_s(self) -> float | None:
        """[B/s] Transfers x 8 bytes x channels, a ceiling; null where the board decides the kind of memory."""
        if self.memory_transfer_mt_per_s is None or self.num_memory_channels is None:
            return None
        return self.memory_transfer_mt_per_s * 1e6 * 8 * self.num_memory_channels


class _MemoryRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    kind: str | None
    transfer_mt_per_s: Count | None
    num_channels: Count
    source: str
    note: str | None = None


class _MemoryTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    transfer_bytes: Count
    sources: dict[str, str]
    kinds: tuple[_MemoryRow, ...]


class _CpuRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    vendor: str
    num_cores: Count | None
    num_threads: Count | None
    tdp_w: Positive | None
    memory: str
    source: str
    short_power_w: Positive | None = None


class _CpuTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    as_of: str
    sources: dict[str, str]
    processors: tuple[_CpuRow, ...]


def parse(power: bytes, memory: bytes) -> tuple[CpuReference, ...]:
    """Return the processors of the two tables.

    Args:
        power: content of `cpu_power.json`.
        memory: content of `memory_bandwidth.json`.

    Raises:
        InvalidFileError: `resource-invalid`; names file and field.
    """
    cpus = _decode(power, _CpuTable, _POWER_FILE)
    kinds = {row.id: row for row in _decode(memory, _MemoryTable, _MEMORY_FILE).kinds}
    rows = []
    for index, row in enumerate(cpus.processors):
        kind = kinds.get(row.memory)
        if kind is None or row.source not in cpus.sources:
            field = "memory" if kind is None else "source"
            raise _invalid(_POWER_FILE, f"$.processors[{index}].{field} names what is not in the tables")
        rows.append(
            CpuReference(
                name=row.name,
                vendor=row.vendor,
                tdp_w=row.tdp_w,
                short_power_w=row.short_power_w,
                num_cores=row.num_cores,
                num_threads=row.num_threads,
                memory_kind=kind.kind,
                memory_transfer_mt_per_s=kind.transfer_mt_per_s,
                num_memory_channels=kind.num_channels,
                source=cpus.sources[row.source],
                as_of=cpus.as_of,
            )
        )
    return tuple(rows)


def _decode(raw: bytes, kind: type[Table], name: str) -> Table:
    try:
        table = msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise _invalid(name, str(error)) from error
    if table.schema_version != _SCHEMA:
        raise _invalid(name, f"$.schema_version is {table.schema_version}, this version reads {_SCHEMA}")
    return table


def _invalid(name: str, what: str) -> InvalidFileError:
    return InvalidFileError(
        "resource-invalid", f"The shipped file {name} is damaged: {what}.", remedy="Install the app again.", file=name
    )


@cache
def processors() -> tuple[CpuReference, ...]:
    """Return all processors of the shipped tables; errors as `parse` and `resources.read`."""
    return parse(resources.read(_POWER_FILE), resources.read(_MEMORY_FILE))


def words(model_name: str) -> tuple[str, ...]:
    """Return the words of a processor's name without marks, clock and filling words, in small letters."""
    return tuple(_NOISE.sub(" ", model_name.lower()).split())


@cache
def _index() -> dict[tuple[str, ...], CpuReference]:
    return {words(row.name): row for row in processors()}


def cpu_reference(model_name: str) -> CpuReference | None:
    """Return what the vendor publishes of a processor, or null if the table does not have it.

    Args:
        model_name: as the system gives it, for example `AMD EPYC 7763 64-Core Processor`.
    """
    name = words(model_name[:200])
    index = _index()
    for length in range(min(len(name), max(map(len, index))), 0, -1):
        for start in range(len(name) - length + 1):
            found = index.get(name[start : start + length])
            if found is not None and not _VARIANTS.intersection(name[start + length : start + length + 1]):
                return found
    return None
