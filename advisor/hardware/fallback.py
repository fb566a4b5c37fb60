"""The second opinion of `psutil`, for what the readers of a running system could not find."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from advisor.hardware.machine import Machine
from advisor.hardware.model import Fact
from advisor.hardware.reading import attempt

S = TypeVar("S", bound=msgspec.Struct)
_SOURCE = "psutil"


def fill(machine: Machine) -> Machine:
    """Return the machine with sizes and counts that were missing, where psutil knows them. Never raises."""
    import psutil

    memory: dict[str, Callable[[], Any]] = {
        "total_bytes": lambda: psutil.virtual_memory().total,
        "available_bytes": lambda: psutil.virtual_memory().available,
        "swap_total_bytes": lambda: psutil.swap_memory().total,
        "swap_free_bytes": lambda: psutil.swap_memory().free,
    }
    cpu: dict[str, Callable[[], Any]] = {
        "num_physical_cores": lambda: psutil.cpu_count(logical=False),
        "num_logical_cores": lambda: psutil.cpu_count(logical=True),
        "num_usable_cpus": lambda: float(psutil.cpu_count(logical=True)),
    }
    return msgspec.structs.replace(machine, memory=_filled(machine.memory, memory), cpu=_filled(machine.cpu, cpu))


def _filled(part: S, readers: dict[str, Callable[[], Any]]) -> S:
    changes: dict[str, Fact[Any]] = {}
    for name, read in readers.items():
        if getattr(part, name).value is None:
            found = attempt(_SOURCE, read)
            if found.value is not None:
                changes[name] = found
    return msgspec.structs.replace(part, **changes)
