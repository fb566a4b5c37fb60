"""What this computer is. Reads only; never raises; what could not be read says why."""

import datetime
import logging
import platform
from collections.abc import Callable
from pathlib import Path

import msgspec

from advisor.hardware import disk, fallback, linux, macos, windows
from advisor.hardware.fingerprint import fingerprint
from advisor.hardware.machine import Machine
from advisor.hardware.model import (
    CpuFacts,
    DiskFacts,
    HardwareProfile,
    MemoryFacts,
    OsFacts,
    PowerFacts,
    RuntimeFacts,
)
from advisor.hardware.reading import blank, guarded, known, missing
from advisor.hardware.roots import Roots, under

__all__ = ["Roots", "detect", "under", "with_runtime"]

_COLLECTORS: dict[str, Callable[[Roots], Machine]] = {
    "Linux": linux.collect,
    "Windows": windows.collect,
    "Darwin": macos.collect,
}
_log = logging.getLogger(__name__)


def detect(*, model_folder: Path | None = None, roots: Roots | None = None) -> HardwareProfile:
    """Return what this computer is. Never raises.

    Takes some 10 ms on Linux, longer where a driver or PowerShell has to wake up: call it outside the GUI thread.
    ONNX Runtime is not asked here; see `with_runtime`.

    Args:
        model_folder: where models would be stored; null: the data folder.
        roots: where to look; null: the running system.
    """
    found = roots or Roots()
    system = found.system or platform.system()
    machine = _machine(found, system)
    if found.live:
        machine = fallback.fill(machine)
    return HardwareProfile(
        name=machine.name[:200],
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        os=machine.os,
        cpu=machine.cpu,
        memory=machine.memory,
        disk=guarded(DiskFacts, "file system", lambda: disk.collect(model_folder)),
        gpus=machine.gpus,
        npus=machine.npus,
        power=machine.power,
        runtime=blank(RuntimeFacts, "ONNX Runtime", "it has not been asked yet"),
        notes=(*machine.notes, *_contradictions(machine)),
        fingerprint=fingerprint(machine.os, machine.cpu, machine.memory, machine.gpus),
    )


def with_runtime(profile: HardwareProfile, version: str | None, providers: tuple[str, ...] | None) -> HardwareProfile:
    """Return the profile with what a child process found out about ONNX Runtime.

    Args:
        profile: as `detect` returned it.
        version: version of ONNX Runtime; null if it could not be loaded.
        providers: names of its execution providers, best first; null if it could not be loaded.
    """
    source, why = "ONNX Runtime, in a child process", "it could not be loaded"
    runtime = RuntimeFacts(
        version=known(version, source) if version else missing(source, why),
        providers=known(tuple(providers), source) if providers is not None else missing(source, why),
    )
    return msgspec.structs.replace(profile, runtime=runtime)


def _machine(roots: Roots, system: str) -> Machine:
    collect = _COLLECTORS.get(system)
    why = f"this app has no readers for {system or 'this system'}"
    if collect is not None:
        try:
            return collect(roots)
        except Exception:  # noqa: BLE001 - the promise of this module; each reader is guarded already
            _log.debug("the readers of %s failed", system, exc_info=True)
            why = "the readers of this app failed"
    return Machine(
        name="this computer",
        os=blank(OsFacts, "platform", why),
        cpu=blank(CpuFacts, "platform", why),
        memory=blank(MemoryFacts, "platform", why),
        gpus=(),
        npus=(),
        power=blank(PowerFacts, "platform", why),
        notes=(f"{why[0].upper()}{why[1:]}.",),
    )


def _contradictions(machine: Machine) -> tuple[str, ...]:
    notes = []
    cpu, memory = machine.cpu, machine.memory
    limit, total = memory.cgroup_limit_bytes.value, memory.total_bytes.value
    if limit is not None and total is not None:
        notes.append("This process is limited to a part of the machine's memory; the limit is what counts.")
    usable, logical = cpu.num_usable_cpus.value, cpu.num_logical_cores.value
    if usable is not None and logical is not None and usable < logical:
        notes.append("This process may use only a part of the machine's processors.")
    if cpu.virtualised.value:
        notes.append("This is a virtual machine: other machines on the same host can slow it down.")
    physical = cpu.num_physical_cores.value
    if physical is not None and logical is not None and physical > logical:
        notes.append("The system names more physical cores than processors; one of the two is wrong.")
    return tuple(notes)
